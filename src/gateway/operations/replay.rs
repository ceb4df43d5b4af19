//! Replays: pushes once more, by today's rules or with the bodies of that time, and refused bodies once the rules are
//! mended.
//!
//! A replay is planned first, page by page; then its parts are carried out, the oldest first. A part is small enough for
//! one request at its rate, and so whoever asks for a replay sees how far it is, and a connection that breaks ends it.

use super::api_types::{ReplayCandidate, ReplayRequest, ReplayResult, format_timestamp};
use super::{ListingPage, OperationError, RecordSelection, filter, refused, selection};
use crate::gateway::intake::{self, IntakeBackend, PushRefusal};
use crate::gateway::journal::{Journal, PushOrigin, RecordFilter};
use std::time::Duration;
use ulid::Ulid;

/// Why a push is not replayed whose integration was removed from the rules.
const NO_INTEGRATION: &str = "the rules in force hold no such integration any more";

/// How many records one part of a replay may name.
pub const MOST_AT_ONCE: usize = 500;
/// How many a second, where nothing is said.
const DEFAULT_RATE: u32 = 100;

/// A page of what a replay would take, the newest first.
///
/// # Errors
/// A selection that cannot be read; a journal that cannot.
pub fn plan(
    journal: &Journal,
    selected: &RecordSelection,
    now: i64,
) -> Result<ListingPage<ReplayCandidate>, OperationError> {
    let mut items: Vec<ReplayCandidate> = Vec::new();
    let page = journal.events_page(&filter(selected, now)?)?;
    for record in page.events {
        let id = record.id.push.to_string();
        match items.last_mut().filter(|last| last.id == id) {
            Some(last) => last.events.push(record.id.index),
            None => items.push(ReplayCandidate {
                id,
                integration: record.integration,
                received: format_timestamp(record.received),
                events: vec![record.id.index],
            }),
        }
    }
    for item in &mut items {
        item.events.sort_unstable();
    }
    Ok(ListingPage { items, next: page.next.map(|push| push.to_string()) })
}

/// As [`plan`], of refused bodies.
///
/// # Errors
/// As there.
pub fn plan_quarantine(
    journal: &Journal,
    selected: &RecordSelection,
    now: i64,
) -> Result<ListingPage<ReplayCandidate>, OperationError> {
    let planned = |item: crate::gateway::journal::QuarantineRecord| ReplayCandidate {
        id: item.refused.id.to_string(),
        integration: item.refused.integration,
        received: format_timestamp(item.refused.received),
        events: Vec::new(),
    };
    let asked = filter(selected, now)?;
    let items: Vec<ReplayCandidate> = journal.quarantined(&asked)?.into_iter().map(planned).collect();
    let next = items.last().filter(|_| items.len() >= asked.limit).map(|last| last.id.clone());
    Ok(ListingPage { items, next })
}

/// Pushes, or single events of them.
type ReplayIds = Vec<(Ulid, Option<u32>)>;

/// What a part names, and the pause after each.
fn read_request(request: &ReplayRequest) -> Result<(ReplayIds, Duration), OperationError> {
    if request.ids.len() > MOST_AT_ONCE {
        return Err(OperationError::InvalidRequest(format!("at most {MOST_AT_ONCE} ids at once")));
    }
    let ids: Result<_, String> = request.ids.iter().map(|id| selection::parse_id(id)).collect();
    let rate = request.rate.unwrap_or(DEFAULT_RATE).max(1);
    Ok((ids.map_err(OperationError::InvalidRequest)?, Duration::from_secs(1) / rate))
}

/// Replays pushes by today's rules.
///
/// # Errors
/// A part that is too large or names no ids; a journal that cannot be read.
pub async fn replay<H: IntakeBackend<Store = Journal>>(
    host: &H,
    request: &ReplayRequest,
) -> Result<ListingPage<ReplayResult>, OperationError> {
    let (ids, pause) = read_request(request)?;
    let mut items = Vec::new();
    for (id, _) in ids {
        let journal = host.store().clone();
        let stored = run_blocking(move || journal.find_push(id)).await?;
        items.push(match stored {
            None => not_replayed(id, "the journal does not hold it any more".to_owned()),
            Some(stored) => {
                let accepted =
                    intake::accept(host, &stored.integration, PushOrigin::Replay, stored.payload, Some(id))
                        .await;
                match accepted {
                    Ok(receipt) => replayed(id, receipt.id),
                    Err(
                        PushRefusal::Invalid(_, reason)
                        | PushRefusal::Unaccepted(_, reason)
                        | PushRefusal::TooLarge(_, reason),
                    ) => not_replayed(id, reason),
                    Err(PushRefusal::UnknownIntegration) => not_replayed(id, NO_INTEGRATION.to_owned()),
                    Err(PushRefusal::NotDurable(fault)) => not_replayed(id, fault.to_string()),
                }
            }
        });
        tokio::time::sleep(pause).await;
    }
    Ok(ListingPage::complete(items))
}

/// Has stored bodies delivered again. The journal alone is asked, and so it works without a gateway, too; how fast they
/// go out is then the business of the channels.
///
/// # Errors
/// A part that is too large or names no ids; a change that is not durable.
pub fn replay_stored(
    journal: &Journal,
    request: &ReplayRequest,
    now: i64,
    wait: &dyn Fn(Duration),
) -> Result<ListingPage<ReplayResult>, OperationError> {
    let (ids, pause) = read_request(request)?;
    let mut items = Vec::new();
    for (push, index) in ids {
        let (channel, key) = (request.channel.clone(), request.key.clone());
        let one = RecordFilter { push: Some(push), index, channel, key, ..RecordFilter::default() };
        let deliveries = Some(journal.redeliver(&one, now)?);
        items.push(ReplayResult { id: push.to_string(), push: None, deliveries, refused: None });
        wait(pause);
    }
    Ok(ListingPage::complete(items))
}

/// Gives refused bodies to today's rules.
///
/// # Errors
/// A part that is too large or names no ids; a journal that cannot be read or changed.
pub async fn replay_quarantined<H: IntakeBackend<Store = Journal>>(
    host: &H,
    request: &ReplayRequest,
) -> Result<ListingPage<ReplayResult>, OperationError> {
    let (ids, pause) = read_request(request)?;
    let mut items = Vec::new();
    for (id, _) in ids {
        let journal = host.store().clone();
        let found = run_blocking(move || refused(&journal, id)).await?;
        items.push(match found {
            None => not_replayed(id, "the quarantine does not hold it any more".to_owned()),
            Some(found) => replay_quarantined_one(host, id, found.refused).await?,
        });
        tokio::time::sleep(pause).await;
    }
    Ok(ListingPage::complete(items))
}

async fn replay_quarantined_one<H: IntakeBackend<Store = Journal>>(
    host: &H,
    id: Ulid,
    body: crate::gateway::journal::RefusedPayload,
) -> Result<ReplayResult, OperationError> {
    let accepted = intake::accept(host, &body.integration, PushOrigin::Replay, body.payload, Some(id)).await;
    let journal = host.store().clone();
    match accepted {
        Ok(receipt) => {
            run_blocking(move || journal.release_quarantined(id)).await?;
            Ok(replayed(id, receipt.id))
        }
        // It stays where it is.
        Err(
            PushRefusal::Invalid(_, reason)
            | PushRefusal::Unaccepted(_, reason)
            | PushRefusal::TooLarge(_, reason),
        ) => Ok(not_replayed(id, reason)),
        Err(PushRefusal::UnknownIntegration) => Ok(not_replayed(id, NO_INTEGRATION.to_owned())),
        Err(PushRefusal::NotDurable(fault)) => Ok(not_replayed(id, fault.to_string())),
    }
}

fn replayed(id: Ulid, push: Ulid) -> ReplayResult {
    ReplayResult { id: id.to_string(), push: Some(push.to_string()), deliveries: None, refused: None }
}

fn not_replayed(id: Ulid, reason: String) -> ReplayResult {
    ReplayResult { id: id.to_string(), push: None, deliveries: None, refused: Some(reason) }
}

/// Asks the journal on a thread that may wait.
async fn run_blocking<T: Send + 'static>(
    task: impl FnOnce() -> Result<T, crate::gateway::journal::JournalError> + Send + 'static,
) -> Result<T, OperationError> {
    let done = tokio::task::spawn_blocking(task).await;
    done.map_err(|_| OperationError::Journal(crate::gateway::journal::JournalError::Closed))?
        .map_err(OperationError::Journal)
}
