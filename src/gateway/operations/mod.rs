//! What operators do with the journal: list, retry, drop, replay, explain. The admin API uses these operations, and so does
//! the command line while no gateway runs.
//!
//! Listings are bounded. Replays go from the oldest to the newest, so that a recovery never overtakes its firing. The time
//! is handed in.

mod api_types;
mod count;
mod heartbeats;
mod messages;
mod names;
mod offline;
mod pauses;
mod pending;
mod replay;
mod selection;
mod silence_preview;
mod silence_types;
mod silences;
mod stored_pushes;

pub use api_types::{
    AffectedCount, BulkRequest, DecisionRecord, EventDetail, EventSummary, HeldChannel, ListingPage, MessageDetail,
    QuarantineDetail, QuarantineSummary, RecordCount, ReplayCandidate, ReplayRequest, ReplayResult, RulesRecord,
    StoredPush, StoredPushPage,
};
pub use count::{count_dead, count_events, count_quarantined};
pub use heartbeats::{ForgetRequest, SenderSummary, SenderValue, forget_sender, heartbeats};
pub use messages::{groups, message, messages};
pub use names::check_names;
pub use offline::OfflineReplayer;
pub use pauses::{PauseRequest, ResumeRequest, end_pauses, pause_channel, pauses, resume_channel};
pub use pending::{
    PendingDropRequest, PendingDropResult, PendingListing, PendingSelection, PendingSummary, drop_pending, pending,
};
pub use replay::{MAX_AT_ONCE, ReplaySource, plan, plan_quarantine, replay, replay_stored};
pub use selection::RecordSelection;
pub use silence_preview::{PreviewedAlert, PreviewedChannel, PreviewedTitle, SilencePreview, UnknownLabel};
pub use silence_types::{
    EndSilenceRequest, ExtendSilenceRequest, PreviewSilenceRequest, SilenceRequest, SilenceSelection, SilenceSummary,
};
pub use silences::{add_silence, end_silence, extend_silence, preview_silence, silence, silences};
pub use stored_pushes::{PushSelection, last_rules, stored_pushes};

use super::journal::{
    ChannelCounts, DeadLetterRecord, DeliveryRecord, DeliveryState, DeliveryStore as _, EventId, Journal, JournalError,
    PausedChannel, PushId, PushRecord, RecordFilter, StoredHold,
};
use crate::time::Timestamp;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use selection::RecordId;
use ulid::Ulid;

/// Why an operation is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// There is no such record.
    #[error("{0}")]
    NotFound(String),
    /// The request is wrong; the text says how to fix it.
    #[error("{0}")]
    InvalidRequest(String),
    /// It is hardly meant, or comes too late; the text says how to go on.
    #[error("{0}")]
    Refused(String),
    /// The journal cannot be read or changed.
    #[error("{0}")]
    Journal(JournalError),
}

impl OperationError {
    fn invalid(message: impl Into<String>) -> Self {
        Self::InvalidRequest(message.into())
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::InvalidRequest(_) => StatusCode::BAD_REQUEST,
            Self::Refused(_) => StatusCode::CONFLICT,
            Self::Journal(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<JournalError> for OperationError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// A page of events, the newest first, bounded in bytes: long outcomes are cut to what tells events apart.
///
/// # Errors
/// A selection that cannot be read; a journal that cannot.
pub fn events(
    journal: &Journal,
    selection: &RecordSelection,
    now: Timestamp,
) -> Result<ListingPage<EventSummary>, OperationError> {
    let page = journal.read()?.events_page(&selection.filter(now)?)?;
    let next = page.next.map(|push| match page.next_index {
        Some(index) => EventId { push, index }.to_string(),
        None => push.to_string(),
    });
    Ok(ListingPage { items: page.events.iter().map(EventSummary::for_listing).collect(), next })
}

/// One event with its payload and every attempt to deliver it; `id` is an event's, or a push's for its first event. Of the
/// channels that are held, those to which it is still to be delivered are named.
///
/// # Errors
/// No such event; a journal that cannot be read.
pub fn event(journal: &Journal, id: &str, mut held: Vec<HeldChannel>) -> Result<EventDetail, OperationError> {
    held.extend(journal.read()?.pauses()?.into_iter().map(|PausedChannel { channel, pause }| {
        let reason = format!("paused by {}: {}", pause.by, pause.because);
        HeldChannel { channel, until: pause.until, reason }
    }));
    let RecordId { push, index } = RecordId::parse(id)?;
    let one = RecordFilter { push: Some(push), index: index.or(Some(0)), ..RecordFilter::default() };
    let records = journal.read()?.events(&one)?;
    let record = records.iter().min_by_key(|record| record.id.index).ok_or_else(|| unknown(id))?;
    let stored = journal.read()?.find_push(push)?.ok_or_else(|| unknown(id))?;
    let attempts = journal.read()?.attempts(record.id)?;
    let waits = |channel: &HeldChannel| {
        let is_it = |found: &DeliveryRecord| found.channel == channel.channel && found.state == DeliveryState::Pending;
        record.deliveries.iter().any(is_it)
    };
    Ok(EventDetail {
        held: held.into_iter().filter(waits).collect(),
        event: EventSummary::from(record),
        payload: String::from_utf8_lossy(&stored.payload).into_owned(),
        request: stored.request,
        attempts,
        fates: journal.read()?.fates(record.id, &journal.policies())?,
    })
}

/// The channels that are held as the journal says, where no gateway runs.
///
/// # Errors
/// A journal that cannot be read.
pub fn stored_holds(journal: &Journal, now: Timestamp) -> Result<Vec<HeldChannel>, OperationError> {
    let held = |counts: ChannelCounts| {
        let StoredHold { until, reason, .. } = counts.held.filter(|hold| hold.until > now)?;
        Some(HeldChannel { channel: counts.name, until, reason })
    };
    Ok(journal.read()?.channels()?.into_iter().filter_map(held).collect())
}

fn unknown(id: &str) -> OperationError {
    OperationError::NotFound(format!("the journal holds no event `{id}`: it never existed, or its retention is over"))
}

/// All that decided an event: the payload, the open firings, and the rules of that time.
///
/// # Errors
/// No such event, rules that are gone, a journal that cannot be read.
pub fn decision(journal: &Journal, id: &str) -> Result<DecisionRecord, OperationError> {
    let RecordId { push, index } = RecordId::parse(id)?;
    let stored = journal.read()?.find_push(push)?.ok_or_else(|| unknown(id))?;
    let known = u32::try_from(stored.outcomes.len()).unwrap_or(u32::MAX);
    if index.is_some_and(|index| index >= known) {
        return Err(unknown(id));
    }
    let archive = journal.read()?.rules(stored.rules)?;
    let archive = archive.ok_or_else(|| {
        OperationError::NotFound(format!("the rules that decided `{id}` are no longer in the journal"))
    })?;
    let event = EventId { push, index: index.unwrap_or(0) };
    let fates = journal.read()?.fates(event, &journal.policies())?;
    Ok(DecisionRecord { fates, ..decision_record(&stored, index, &archive) })
}

/// A stored push and the archive of its rules, in the form of the API.
fn decision_record(stored: &PushRecord, index: Option<u32>, archive: &[u8]) -> DecisionRecord {
    DecisionRecord {
        push: stored.id.to_string(),
        index,
        integration: stored.integration.clone(),
        origin: stored.origin,
        received: stored.received.epoch_milliseconds(),
        generation: stored.generation,
        rules: stored.rules.to_string(),
        payload: STANDARD.encode(&stored.payload),
        request: stored.request.clone(),
        outcomes: stored.outcomes.clone(),
        open: stored.open.iter().cloned().map(Into::into).collect(),
        archive: STANDARD.encode(archive),
        fates: Vec::new(),
    }
}

/// A page of dead letters, the newest first; it ends with a whole push.
///
/// # Errors
/// A selection that cannot be read; a journal that cannot.
pub fn dead(
    journal: &Journal,
    selection: &RecordSelection,
    now: Timestamp,
) -> Result<ListingPage<DeadLetterRecord>, OperationError> {
    let filter = selection.filter(now)?;
    let journal = journal.read()?;
    // One more than the page holds says whether there is another page.
    let mut items = journal.dead_letters(&RecordFilter { limit: filter.limit + 1, ..filter.clone() })?;
    let Some(beyond) = items.get(filter.limit).map(|letter| letter.event.push) else {
        return Ok(ListingPage::complete(items));
    };
    // The next page begins after a whole push.
    items.retain(|letter| letter.event.push != beyond);
    if let Some(last) = items.last().map(|letter| letter.event.push) {
        return Ok(ListingPage { items, next: Some(last.to_string()) });
    }
    let items = journal.dead_letters(&RecordFilter { push: Some(beyond), limit: 0, ..filter.clone() })?;
    let rest = journal.dead_letters(&RecordFilter { before: Some(beyond), limit: 1, ..filter })?;
    Ok(ListingPage { items, next: (!rest.is_empty()).then(|| beyond.to_string()) })
}

/// Queues dead letters again.
///
/// # Errors
/// No selection unless all are meant; a change that is not durable.
pub fn retry_dead(journal: &Journal, bulk: &BulkRequest, now: Timestamp) -> Result<AffectedCount, OperationError> {
    let affected = journal.requeue_dead_letters(&bulk_filter(bulk, now)?, now)?;
    Ok(AffectedCount { affected })
}

/// Drops dead letters: their bodies go, and their events show it.
///
/// # Errors
/// No selection unless all are meant; a change that is not durable.
pub fn drop_dead(journal: &Journal, bulk: &BulkRequest, now: Timestamp) -> Result<AffectedCount, OperationError> {
    let affected = journal.drop_dead_letters(&bulk_filter(bulk, now)?, now)?;
    Ok(AffectedCount { affected })
}

fn bulk_filter(bulk: &BulkRequest, now: Timestamp) -> Result<RecordFilter, OperationError> {
    if !bulk.all && bulk.selection.is_empty() {
        return Err(OperationError::invalid("nothing is selected: select some, or say that all are meant"));
    }
    bulk.selection.bulk_filter(now)
}

/// A page of refused bodies without their bytes, the newest first.
///
/// # Errors
/// A selection that cannot be read; a journal that cannot.
pub fn quarantined(
    journal: &Journal,
    selection: &RecordSelection,
    now: Timestamp,
) -> Result<ListingPage<QuarantineSummary>, OperationError> {
    let filter = selection.filter(now)?;
    let mut refused = journal.read()?.refused(&RecordFilter { limit: filter.limit + 1, ..filter.clone() })?;
    let is_cut = refused.len() > filter.limit;
    refused.truncate(filter.limit);
    let next = refused.last().filter(|_| is_cut).map(|last| last.id.to_string());
    Ok(ListingPage { items: refused.iter().map(QuarantineSummary::from).collect(), next })
}

/// A refused body.
///
/// # Errors
/// No such body; a journal that cannot be read.
pub fn quarantined_one(journal: &Journal, id: &str) -> Result<QuarantineDetail, OperationError> {
    let push = RecordId::parse(id)?.push;
    let found = refused(journal, push)?;
    let found = found.ok_or_else(|| {
        OperationError::NotFound(format!(
            "the quarantine holds no body `{id}`: it was replayed, or newer bodies replaced it"
        ))
    })?;
    Ok(QuarantineDetail {
        refused: QuarantineSummary::from(&found.summary()),
        payload: String::from_utf8_lossy(&found.payload).into_owned(),
        request: found.request,
    })
}

fn refused(journal: &Journal, id: PushId) -> Result<Option<super::journal::RefusedPayload>, JournalError> {
    let one = RecordFilter { push: Some(id), limit: 1, ..RecordFilter::default() };
    Ok(journal.read()?.quarantined(&one)?.into_iter().find(|found| found.id == id))
}

/// The name of an event in a decision: its id, or the push's.
#[must_use]
pub fn decision_id(decision: &DecisionRecord) -> String {
    match (Ulid::from_string(&decision.push), decision.index) {
        (Ok(push), Some(index)) => EventId { push: PushId(push), index }.to_string(),
        (Ok(_) | Err(_), _) => decision.push.clone(),
    }
}
