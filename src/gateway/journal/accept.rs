//! What happens to an accepted push in its transaction.

use super::{AcceptResult, FiringTransition, Push, StoreError, StoredFiring, Transaction};
use crate::time::Timestamp;
use std::time::Duration;

/// How old the time of an open firing may become before a repetition writes it again.
const REFRESH_AFTER: Duration = Duration::from_hours(1);

/// Stores a push, unless it repeats one, and changes the firings that it opens and closes.
///
/// # Errors
/// Where the store failed.
pub fn accept(transaction: &mut dyn Transaction, push: &Push) -> Result<AcceptResult, StoreError> {
    if let Some(first) = transaction.find_duplicate(push)?.filter(|first| *first != push.id) {
        return Ok(AcceptResult::Duplicate(first));
    }
    if !transaction.insert_push(push)? {
        return Ok(AcceptResult::Stored);
    }
    for transition in &push.transitions {
        match transition {
            FiringTransition::Opened { key, channels } => {
                let mut open = |known| opened(known, push.received, channels);
                transaction.update_firing(&push.integration, key, &mut open)?;
            }
            FiringTransition::Closed { key, .. } => {
                let closed = StoredFiring { since: push.received, channels: Vec::new() };
                transaction.set_firing(&push.integration, key, &closed)?;
            }
        }
    }
    Ok(AcceptResult::Stored)
}

/// The firing with these channels added. One that gains none is written again only when its time is old.
fn opened(known: Option<StoredFiring>, received: Timestamp, channels: &[String]) -> Option<StoredFiring> {
    let is_fresh = known.as_ref().is_some_and(|firing| received < firing.since.saturating_add(REFRESH_AFTER));
    let mut all = known.map(|firing| firing.channels).unwrap_or_default();
    let before = all.len();
    for channel in channels {
        if !all.contains(channel) {
            all.push(channel.clone());
        }
    }
    let is_kept = all.is_empty() || (all.len() == before && is_fresh);
    (!is_kept).then_some(StoredFiring { since: received, channels: all })
}
