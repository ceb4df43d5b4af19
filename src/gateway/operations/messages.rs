//! Messages and groups of channels that gather them: lists, and one message with its alerts.

use super::api_types::{ListingPage, MessageDetail};
use super::{OperationError, RecordSelection};
use crate::gateway::journal::{
    DeliveryStore as _, GroupPlace, GroupSummary, Journal, MessageFilter, MessageSummary, MessageUlid,
};
use crate::notification::GroupId;
use crate::text::from_hex;
use crate::time::Timestamp;

/// How many records a page holds at most.
const MAX_RECORDS: usize = 1_000;

/// A page of messages, the newest first.
///
/// # Errors
/// A selection that cannot be read; a journal that cannot.
pub fn messages(
    journal: &Journal,
    selection: &RecordSelection,
    now: Timestamp,
) -> Result<ListingPage<MessageSummary>, OperationError> {
    refuse(selection, &["integration", "key"])?;
    let own = RecordSelection { id: None, before: None, ..selection.clone() }.filter(now)?;
    let id = |text: &Option<String>| text.as_deref().map(parse_id).transpose();
    let (since, until, limit) = (own.since, own.until, own.limit);
    let (one, before) = (id(&selection.id)?, id(&selection.before)?);
    let filter = MessageFilter { id: one, channel: own.channel, since, until, before, limit: limit + 1 };
    let mut items = journal.read()?.messages(&filter)?;
    let is_cut = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| is_cut).map(|last| last.id.to_string());
    Ok(ListingPage { items, next })
}

/// A message with a page of the alerts of which it was news; `after` is where the page before ended.
///
/// # Errors
/// No such message; a journal that cannot be read.
pub fn message(journal: &Journal, id: &str, after: Option<&str>) -> Result<MessageDetail, OperationError> {
    let after = after.map(str::parse).transpose();
    let after = after.map_err(|_| OperationError::invalid("`after` is the `next` of the page before"))?;
    let id = parse_id(id)?;
    let filter = MessageFilter { id: Some(id), limit: 1, ..MessageFilter::default() };
    let found = journal.read()?.messages(&filter)?.pop();
    let message = found.ok_or_else(|| {
        OperationError::NotFound(format!("the journal has no message `{id}`: it was never there, or is too old"))
    })?;
    let page = journal.read()?.told_alerts(id, after.unwrap_or(0), MAX_RECORDS)?;
    Ok(MessageDetail { message, alerts: page.alerts, next: page.next.map(|next| next.to_string()) })
}

/// A page of groups; those that changed last come first.
///
/// # Errors
/// As [`messages`].
pub fn groups(
    journal: &Journal,
    selection: &RecordSelection,
    _: Timestamp,
) -> Result<ListingPage<GroupSummary>, OperationError> {
    refuse(selection, &["integration", "key", "since", "until", "id"])?;
    let after = selection.before.as_deref().map(parse_place).transpose()?;
    let limit = selection.limit_or_default().clamp(1, MAX_RECORDS);
    let mut items = journal.read()?.group_page(selection.channel.as_deref(), after, limit + 1, &journal.policies())?;
    let is_cut = items.len() > limit;
    items.truncate(limit);
    let place = |last: &GroupSummary| format!("{}-{}", last.changed.epoch_milliseconds(), last.id);
    let next = items.last().filter(|_| is_cut).map(place);
    Ok(ListingPage { items, next })
}

/// Refuses what does not select records of this kind.
fn refuse(selection: &RecordSelection, names: &[&str]) -> Result<(), OperationError> {
    let given = [
        ("integration", selection.integration.is_some()),
        ("key", selection.key.is_some()),
        ("since", selection.since.is_some()),
        ("until", selection.until.is_some()),
        ("id", selection.id.is_some()),
    ];
    match given.iter().find(|(name, is_given)| *is_given && names.contains(name)) {
        Some((name, _)) => Err(OperationError::invalid(format!("`{name}` selects nothing here"))),
        None => Ok(()),
    }
}

fn parse_id(text: &str) -> Result<MessageUlid, OperationError> {
    text.parse().map_err(OperationError::InvalidRequest)
}

fn parse_place(text: &str) -> Result<GroupPlace, OperationError> {
    let place = text.rsplit_once('-').and_then(|(changed, id)| {
        let changed = Timestamp::from_epoch_milliseconds(changed.parse().ok()?);
        Some(GroupPlace { changed, id: GroupId(from_hex(id)?.try_into().ok()?) })
    });
    place.ok_or_else(|| OperationError::invalid("`before` is the `next` of the page before"))
}
