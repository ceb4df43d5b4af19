//! What operators do with the journal: list, retry, drop, replay, explain. The admin API and the command line, where no
//! gateway runs, both end here, and speak in the forms of this module.
//!
//! Listings are bounded. Replays go from the oldest to the newest, so that a recovery never overtakes its firing; the
//! clock is handed in.

mod form;
mod offline;
mod replay;
mod selection;

pub use form::{
    Affected, Attempt, Bulk, Decision, Delivery, Detail, Event, Letter, Page, Planned, Refused,
    RefusedDetail, Replay, Replayed, moment,
};
pub use offline::Offline;
pub use replay::{MOST_AT_ONCE, plan, plan_quarantine, replay, replay_quarantined, replay_stored};
pub use selection::Selection;

use super::journal::{EventId, Fault, Filter, Journal, Stored};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ulid::Ulid;

/// Why an operation is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// There is nothing of that name.
    #[error("{0}")]
    Unknown(String),
    /// What was asked for makes no sense; the words name the mending.
    #[error("{0}")]
    Wrong(String),
    /// The journal does not take it.
    #[error("{0}")]
    Fault(Fault),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

fn filter(selection: &Selection, now: i64) -> Result<Filter, Trouble> {
    selection.filter(now).map_err(Trouble::Wrong)
}

/// A page of events, the newest first, with the rest of its last push.
///
/// # Errors
/// A selection that cannot be read; a journal that cannot.
pub fn events(journal: &Journal, selection: &Selection, now: i64) -> Result<Page<Event>, Trouble> {
    let page = journal.events_page(&filter(selection, now)?)?;
    Ok(Page {
        items: page.found.iter().map(Event::from).collect(),
        next: page.next.map(|push| push.to_string()),
    })
}

/// One event with its payload and every attempt to deliver it; `id` is an event's, or a push's for its first event.
///
/// # Errors
/// No such event; a journal that cannot be read.
pub fn event(journal: &Journal, id: &str) -> Result<Detail, Trouble> {
    let (push, index) = selection::id(id).map_err(Trouble::Wrong)?;
    let one = Filter { push: Some(push), index, ..Filter::default() };
    let records = journal.events(&one)?;
    let record = records.iter().min_by_key(|record| record.id.index).ok_or_else(|| unknown(id))?;
    let stored = journal.push(push)?.ok_or_else(|| unknown(id))?;
    let attempts = journal.attempts(record.id)?;
    Ok(Detail {
        event: Event::from(record),
        payload: String::from_utf8_lossy(&stored.payload).into_owned(),
        attempts: attempts.iter().map(Attempt::from).collect(),
    })
}

fn unknown(id: &str) -> Trouble {
    Trouble::Unknown(format!(
        "the journal holds no event `{id}`: it was never there, or its time to be kept is over"
    ))
}

/// All that decided an event: what came, what was open, and the rules of that time.
///
/// # Errors
/// No such event, rules that are gone, a journal that cannot be read.
pub fn decision(journal: &Journal, id: &str) -> Result<Decision, Trouble> {
    let (push, index) = selection::id(id).map_err(Trouble::Wrong)?;
    let stored = journal.push(push)?.ok_or_else(|| unknown(id))?;
    let known = u32::try_from(stored.outcomes.len()).unwrap_or(u32::MAX);
    if index.is_some_and(|index| index >= known) {
        return Err(unknown(id));
    }
    let archive = journal.rules(stored.rules)?;
    let archive = archive.ok_or_else(|| {
        Trouble::Unknown(format!("the rules that decided `{id}` are not in the journal any more"))
    })?;
    Ok(told(&stored, index, &archive))
}

/// A stored push and the archive of its rules in the form that is handed on.
fn told(stored: &Stored, index: Option<u32>, archive: &[u8]) -> Decision {
    Decision {
        push: stored.id.to_string(),
        index,
        integration: stored.integration.clone(),
        received: stored.received,
        generation: stored.generation,
        rules: stored.rules.to_string(),
        payload: STANDARD.encode(&stored.payload),
        outcomes: stored.outcomes.clone(),
        open: stored.open.clone(),
        archive: STANDARD.encode(archive),
    }
}

/// Dead letters, the newest first.
///
/// # Errors
/// A selection that cannot be read; a journal that cannot.
pub fn dead(journal: &Journal, selection: &Selection, now: i64) -> Result<Page<Letter>, Trouble> {
    let letters = journal.dead(&filter(selection, now)?)?;
    Ok(Page::whole(letters.iter().map(Letter::from).collect()))
}

/// Has dead letters delivered again.
///
/// # Errors
/// No selection where not all are meant; a change that is not durable.
pub fn retry_dead(journal: &Journal, bulk: &Bulk, now: i64) -> Result<Affected, Trouble> {
    let affected = journal.revive(&bulk_filter(bulk, now)?, now)?;
    Ok(Affected { affected })
}

/// Forgets dead letters.
///
/// # Errors
/// No selection where not all are meant; a change that is not durable.
pub fn drop_dead(journal: &Journal, bulk: &Bulk, now: i64) -> Result<Affected, Trouble> {
    let affected = journal.drop_dead(&bulk_filter(bulk, now)?)?;
    Ok(Affected { affected })
}

fn bulk_filter(bulk: &Bulk, now: i64) -> Result<Filter, Trouble> {
    if !bulk.all && bulk.selection.is_empty() {
        return Err(Trouble::Wrong(
            "nothing says which are meant: select some, or say that all are".to_owned(),
        ));
    }
    bulk.selection.whole_filter(now).map_err(Trouble::Wrong)
}

/// Refused bodies without their bytes, the newest first.
///
/// # Errors
/// A selection that cannot be read; a journal that cannot.
pub fn quarantined(journal: &Journal, selection: &Selection, now: i64) -> Result<Page<Refused>, Trouble> {
    let refused = journal.quarantined(&filter(selection, now)?)?;
    Ok(Page::whole(refused.iter().map(Refused::from).collect()))
}

/// A refused body.
///
/// # Errors
/// No such body; a journal that cannot be read.
pub fn quarantined_one(journal: &Journal, id: &str) -> Result<RefusedDetail, Trouble> {
    let (push, _) = selection::id(id).map_err(Trouble::Wrong)?;
    let found = refused(journal, push)?;
    let found = found.ok_or_else(|| {
        Trouble::Unknown(format!(
            "the quarantine holds no body `{id}`: it was replayed, or newer ones took its place"
        ))
    })?;
    Ok(RefusedDetail {
        refused: Refused::from(&found),
        payload: String::from_utf8_lossy(&found.refused.payload).into_owned(),
    })
}

fn refused(journal: &Journal, id: Ulid) -> Result<Option<super::journal::Quarantined>, Fault> {
    let one = Filter { push: Some(id), limit: 1, ..Filter::default() };
    Ok(journal.quarantined(&one)?.into_iter().find(|found| found.refused.id == id))
}

/// The name of an event in a decision: its id, or the push's.
#[must_use]
pub fn name(decision: &Decision) -> String {
    match (Ulid::from_string(&decision.push), decision.index) {
        (Ok(push), Some(index)) => EventId { push, index }.to_string(),
        (Ok(_) | Err(_), _) => decision.push.clone(),
    }
}
