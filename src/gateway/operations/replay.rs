//! Replays: of pushes, by today's rules or with their stored bodies, and of refused bodies once the rules are fixed.
//!
//! A replay is planned first, page by page; then its parts are carried out, the oldest first. A part is small enough for
//! one request at its rate. So the client sees the progress, and a broken connection ends the replay.

use super::api_types::{ReplayCandidate, ReplayRequest, ReplayResult};
use super::{ListingPage, OperationError, RecordId, RecordSelection, refused};
use crate::gateway::intake::{self, IntakeBackend, ReplayedPayload};
use crate::gateway::journal::{
    DeliveryStore as _, EventPage, Journal, JournalError, PushId, PushOrigin, RecordFilter, RefusedSummary,
};
use crate::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// How many records one part of a replay may name.
pub const MAX_AT_ONCE: usize = 500;
/// How many records a second by default.
const DEFAULT_RATE: u32 = 100;

/// A page of what a replay would repeat, the newest first.
///
/// # Errors
/// A selection that cannot be read; a journal that cannot.
pub fn plan(
    journal: &Journal,
    selection: &RecordSelection,
    now: Timestamp,
) -> Result<ListingPage<ReplayCandidate>, OperationError> {
    let mut items: Vec<ReplayCandidate> = Vec::new();
    let page = whole_pushes(journal, &selection.filter(now)?)?;
    // What the gateway made of what it did not hear is no payload that could be read again.
    for record in page.events.into_iter().filter(|record| record.origin != PushOrigin::Clock) {
        let id = record.id.push.to_string();
        match items.last_mut().filter(|last| last.id == id) {
            Some(last) => last.events.push(record.id.index),
            None => items.push(ReplayCandidate {
                id,
                integration: record.integration,
                received: record.received.to_string(),
                events: vec![record.id.index],
            }),
        }
    }
    for item in &mut items {
        item.events.sort_unstable();
    }
    Ok(ListingPage { items, next: page.next.map(|push| push.to_string()) })
}

/// A page of events that ends with a whole push, as a push is replayed once.
fn whole_pushes(journal: &Journal, filter: &RecordFilter) -> Result<EventPage, JournalError> {
    let mut page = journal.read()?.events_page(filter)?;
    while let (Some(push), Some(index)) = (page.next, page.next_index) {
        let (push, before_index) = (Some(push), Some(index));
        let rest = RecordFilter { push, before: push, before_index, limit: 0, ..filter.clone() };
        let rest = journal.read()?.events_page(&rest)?;
        page.events.extend(rest.events);
        page.next_index = rest.next_index;
    }
    Ok(page)
}

/// As [`plan`], of refused bodies.
///
/// # Errors
/// As there.
pub fn plan_quarantine(
    journal: &Journal,
    selection: &RecordSelection,
    now: Timestamp,
) -> Result<ListingPage<ReplayCandidate>, OperationError> {
    let planned = |item: RefusedSummary| ReplayCandidate {
        id: item.id.to_string(),
        integration: item.integration,
        received: item.received.to_string(),
        events: Vec::new(),
    };
    let filter = selection.filter(now)?;
    let items: Vec<ReplayCandidate> = journal.read()?.refused(&filter)?.into_iter().map(planned).collect();
    let next = items.last().filter(|_| items.len() >= filter.limit).map(|last| last.id.clone());
    Ok(ListingPage { items, next })
}

/// What one part of a replay names, and the pause after each record.
struct ReplayPart {
    ids: Vec<RecordId>,
    pause: Duration,
}

fn read_request(request: &ReplayRequest) -> Result<ReplayPart, OperationError> {
    if request.ids.len() > MAX_AT_ONCE {
        return Err(OperationError::InvalidRequest(format!("at most {MAX_AT_ONCE} ids at once")));
    }
    let ids = request.ids.iter().map(|id| RecordId::parse(id)).collect::<Result<_, _>>()?;
    Ok(ReplayPart { ids, pause: Duration::from_secs(1) / request.rate.unwrap_or(DEFAULT_RATE).max(1) })
}

/// Where payloads that are replayed come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplaySource {
    /// Accepted pushes.
    Pushes,
    /// The quarantine, which a payload leaves when it is accepted.
    Quarantine,
}

/// Replays payloads by today's rules.
///
/// # Errors
/// A part that is too large or names no ids; a journal that cannot be read or changed.
pub async fn replay<H: IntakeBackend<Store = Journal>>(
    backend: &Arc<H>,
    source: ReplaySource,
    request: &ReplayRequest,
) -> Result<ListingPage<ReplayResult>, OperationError> {
    let ReplayPart { ids, pause } = read_request(request)?;
    let mut items = Vec::new();
    for RecordId { push: id, .. } in ids {
        items.push(replay_one(backend, source, id).await?);
        tokio::time::sleep(pause).await;
    }
    Ok(ListingPage::complete(items))
}

async fn replay_one<H: IntakeBackend<Store = Journal>>(
    backend: &Arc<H>,
    source: ReplaySource,
    id: PushId,
) -> Result<ReplayResult, OperationError> {
    let journal = backend.store().clone();
    let (found, place) = match source {
        ReplaySource::Pushes => {
            let found = run_blocking(move || journal.read()?.find_push(id)).await?;
            if found.as_ref().is_some_and(|push| push.origin == PushOrigin::Clock) {
                return Ok(not_replayed(id, "the gateway made it itself, of what it did not hear".to_owned()));
            }
            (found.map(|push| (push.integration, push.payload, push.request)), "journal")
        }
        ReplaySource::Quarantine => {
            let found = run_blocking(move || refused(&journal, id)).await?;
            (found.map(|refused| (refused.integration, refused.payload, refused.request)), "quarantine")
        }
    };
    let Some((integration, payload, request)) = found else {
        return Ok(not_replayed(id, format!("it is no longer in the {place}")));
    };
    let replayed = match source {
        ReplaySource::Pushes => ReplayedPayload::Accepted(id),
        ReplaySource::Quarantine => ReplayedPayload::Refused(id),
    };
    match intake::accept_replay(backend, &integration, payload, request, replayed).await {
        Ok(receipt) => {
            if source == ReplaySource::Quarantine {
                let journal = backend.store().clone();
                run_blocking(move || journal.release_quarantined(id)).await?;
            }
            let push = Some(receipt.id.to_string());
            Ok(ReplayResult { id: id.to_string(), push, deliveries: None, refused: None })
        }
        Err(refusal) => Ok(not_replayed(id, refusal.to_string())),
    }
}

/// Queues stored bodies again. This needs the journal only, so it works without a gateway; the channels limit the rate of
/// the deliveries.
///
/// # Errors
/// A part that is too large or names no ids; a change that is not durable.
pub fn replay_stored(
    journal: &Journal,
    request: &ReplayRequest,
    now: Timestamp,
    sleep: &dyn Fn(Duration),
) -> Result<ListingPage<ReplayResult>, OperationError> {
    let ReplayPart { ids, pause } = read_request(request)?;
    let mut items = Vec::new();
    for RecordId { push, index } in ids {
        let (channel, key) = (request.channel.clone(), request.key.clone());
        let one = RecordFilter { push: Some(push), index, channel, key, ..RecordFilter::default() };
        let deliveries = Some(journal.redeliver(&one, now)?);
        items.push(ReplayResult { id: push.to_string(), push: None, deliveries, refused: None });
        sleep(pause);
    }
    Ok(ListingPage::complete(items))
}

fn not_replayed(id: PushId, reason: String) -> ReplayResult {
    ReplayResult { id: id.to_string(), push: None, deliveries: None, refused: Some(reason) }
}

/// Uses the journal on a thread that may wait.
async fn run_blocking<T: Send + 'static>(
    task: impl FnOnce() -> Result<T, JournalError> + Send + 'static,
) -> Result<T, OperationError> {
    tokio::task::spawn_blocking(task).await.unwrap_or(Err(JournalError::Closed)).map_err(OperationError::Journal)
}
