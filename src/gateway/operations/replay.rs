//! Replays: pushes once more, by today's rules or with the bodies of that time, and refused bodies once the rules are
//! mended.
//!
//! A replay is planned first, page by page; then its parts are carried out, the oldest first. A part is small enough for
//! one request at its rate, and so whoever asks for a replay sees how far it is, and a connection that breaks ends it.

use super::form::{Planned, Replay, Replayed, moment};
use super::{Page, Selection, Trouble, filter, refused, selection};
use crate::gateway::intake::{self, Host, Refusal};
use crate::gateway::journal::{Door, Filter, Journal};
use std::time::Duration;
use ulid::Ulid;

/// Why a push is not replayed whose integration was removed from the rules.
const NO_INTEGRATION: &str = "the rules in force hold no such integration any more";

/// How many records one part of a replay may name.
pub const MOST_AT_ONCE: usize = 500;
/// How many a second, where nothing is said.
const RATE: u32 = 100;

/// A page of what a replay would take, the newest first.
///
/// # Errors
/// A selection that cannot be read; a journal that cannot.
pub fn plan(journal: &Journal, selected: &Selection, now: i64) -> Result<Page<Planned>, Trouble> {
    let mut items: Vec<Planned> = Vec::new();
    let page = journal.events_page(&filter(selected, now)?)?;
    for record in page.found {
        let id = record.id.push.to_string();
        match items.last_mut().filter(|last| last.id == id) {
            Some(last) => last.events.push(record.id.index),
            None => items.push(Planned {
                id,
                integration: record.integration,
                received: moment(record.received),
                events: vec![record.id.index],
            }),
        }
    }
    for item in &mut items {
        item.events.sort_unstable();
    }
    Ok(Page { items, next: page.next.map(|push| push.to_string()) })
}

/// As [`plan`], of refused bodies.
///
/// # Errors
/// As there.
pub fn plan_quarantine(journal: &Journal, selected: &Selection, now: i64) -> Result<Page<Planned>, Trouble> {
    let planned = |item: crate::gateway::journal::Quarantined| Planned {
        id: item.refused.id.to_string(),
        integration: item.refused.integration,
        received: moment(item.refused.received),
        events: Vec::new(),
    };
    let asked = filter(selected, now)?;
    let items: Vec<Planned> = journal.quarantined(&asked)?.into_iter().map(planned).collect();
    let next = items.last().filter(|_| items.len() >= asked.limit).map(|last| last.id.clone());
    Ok(Page { items, next })
}

/// Pushes, or single events of them.
type Named = Vec<(Ulid, Option<u32>)>;

/// What a part names, and the pause after each.
fn part(request: &Replay) -> Result<(Named, Duration), Trouble> {
    if request.ids.len() > MOST_AT_ONCE {
        return Err(Trouble::Wrong(format!("at most {MOST_AT_ONCE} ids at once")));
    }
    let ids: Result<_, String> = request.ids.iter().map(|id| selection::id(id)).collect();
    let rate = request.rate.unwrap_or(RATE).max(1);
    Ok((ids.map_err(Trouble::Wrong)?, Duration::from_secs(1) / rate))
}

/// Replays pushes by today's rules.
///
/// # Errors
/// A part that is too large or names no ids; a journal that cannot be read.
pub async fn replay<H: Host<Store = Journal>>(host: &H, request: &Replay) -> Result<Page<Replayed>, Trouble> {
    let (ids, pause) = part(request)?;
    let mut items = Vec::new();
    for (id, _) in ids {
        let journal = host.store().clone();
        let stored = apart(move || journal.push(id)).await?;
        items.push(match stored {
            None => not_replayed(id, "the journal does not hold it any more".to_owned()),
            Some(stored) => {
                let accepted =
                    intake::accept(host, &stored.integration, Door::Replay, stored.payload, Some(id)).await;
                match accepted {
                    Ok(receipt) => replayed(id, receipt.id),
                    Err(
                        Refusal::Invalid(_, reason)
                        | Refusal::Unaccepted(_, reason)
                        | Refusal::TooMuch(_, reason),
                    ) => not_replayed(id, reason),
                    Err(Refusal::Unknown) => not_replayed(id, NO_INTEGRATION.to_owned()),
                    Err(Refusal::Fault(fault)) => not_replayed(id, fault.to_string()),
                }
            }
        });
        tokio::time::sleep(pause).await;
    }
    Ok(Page::whole(items))
}

/// Has stored bodies delivered again. The journal alone is asked, and so it works without a gateway, too; how fast they
/// go out is then the business of the channels.
///
/// # Errors
/// A part that is too large or names no ids; a change that is not durable.
pub fn replay_stored(
    journal: &Journal,
    request: &Replay,
    now: i64,
    wait: &dyn Fn(Duration),
) -> Result<Page<Replayed>, Trouble> {
    let (ids, pause) = part(request)?;
    let mut items = Vec::new();
    for (push, index) in ids {
        let (channel, key) = (request.channel.clone(), request.key.clone());
        let one = Filter { push: Some(push), index, channel, key, ..Filter::default() };
        let deliveries = Some(journal.deliver_again(&one, now)?);
        items.push(Replayed { id: push.to_string(), push: None, deliveries, refused: None });
        wait(pause);
    }
    Ok(Page::whole(items))
}

/// Gives refused bodies to today's rules.
///
/// # Errors
/// A part that is too large or names no ids; a journal that cannot be read or changed.
pub async fn replay_quarantined<H: Host<Store = Journal>>(
    host: &H,
    request: &Replay,
) -> Result<Page<Replayed>, Trouble> {
    let (ids, pause) = part(request)?;
    let mut items = Vec::new();
    for (id, _) in ids {
        let journal = host.store().clone();
        let found = apart(move || refused(&journal, id)).await?;
        items.push(match found {
            None => not_replayed(id, "the quarantine does not hold it any more".to_owned()),
            Some(found) => quarantined(host, id, found.refused).await?,
        });
        tokio::time::sleep(pause).await;
    }
    Ok(Page::whole(items))
}

async fn quarantined<H: Host<Store = Journal>>(
    host: &H,
    id: Ulid,
    body: crate::gateway::journal::Refused,
) -> Result<Replayed, Trouble> {
    let accepted = intake::accept(host, &body.integration, Door::Replay, body.payload, Some(id)).await;
    let journal = host.store().clone();
    match accepted {
        Ok(receipt) => {
            apart(move || journal.release(id)).await?;
            Ok(replayed(id, receipt.id))
        }
        // It stays where it is.
        Err(Refusal::Invalid(_, reason) | Refusal::Unaccepted(_, reason) | Refusal::TooMuch(_, reason)) => {
            Ok(not_replayed(id, reason))
        }
        Err(Refusal::Unknown) => Ok(not_replayed(id, NO_INTEGRATION.to_owned())),
        Err(Refusal::Fault(fault)) => Ok(not_replayed(id, fault.to_string())),
    }
}

fn replayed(id: Ulid, push: Ulid) -> Replayed {
    Replayed { id: id.to_string(), push: Some(push.to_string()), deliveries: None, refused: None }
}

fn not_replayed(id: Ulid, reason: String) -> Replayed {
    Replayed { id: id.to_string(), push: None, deliveries: None, refused: Some(reason) }
}

/// Asks the journal on a thread that may wait.
async fn apart<T: Send + 'static>(
    task: impl FnOnce() -> Result<T, crate::gateway::journal::Fault> + Send + 'static,
) -> Result<T, Trouble> {
    let done = tokio::task::spawn_blocking(task).await;
    done.map_err(|_| Trouble::Fault(crate::gateway::journal::Fault::Closed))?.map_err(Trouble::Fault)
}
