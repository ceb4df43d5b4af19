//! Who was heard, in a transaction: beats and alerts are noted when a push is accepted, and what nothing is heard of is found
//! for the clock, which makes pushes of it.
//!
//! A push of the clock holds what it was made of. Where a sender or an alert was heard meanwhile, nothing of the push is stored, and
//! the clock looks again. So each absence and each end is stored once, whatever fails in between.

use super::{EventId, Push, StoreError, StoreResult, Transaction};
use crate::notification::heartbeat::{self, BeatStore};
use crate::notification::silent_alert::{is_written, over_at, written_again_after};
use crate::notification::{AlertId, BeatRecord, ClockRecord, HeartbeatTerms, ListeningTime, PendingChange, Sender};
use crate::time::Timestamp;
use std::time::Duration;

/// How many senders of a heartbeat, or alerts of an integration, one push of the clock tells of at most.
const MOST_AT_ONCE: usize = 100;

/// An alert that an event of a push is about, of an integration that says when one is over of which nothing more is heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeardAlert {
    /// The alert.
    pub alert: AlertId,
    /// The position of the event's outcome.
    pub index: u32,
    /// Whether it fires; otherwise it is over.
    pub is_firing: bool,
    /// After which time it is over if nothing more is heard.
    pub timeout: Duration,
}

/// An alert of which nothing more is heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilentAlert {
    /// The alert.
    pub alert: AlertId,
    /// When it was heard, as it is written.
    pub heard: ListeningTime,
    /// The outcome of its last event, in the JSON of `event::Outcome`.
    pub outcome: String,
}

/// A change of a sender, with the outcome of the event that told its absence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedSender {
    /// The change.
    pub pending: PendingChange,
    /// The outcome in the JSON of `event::Outcome`, where the sender is absent.
    pub outcome: Option<String>,
}

/// Which senders are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderScan {
    /// All: rules were loaded, which may no longer have their heartbeats.
    All,
    /// Those of which something may be due.
    Due,
}

/// What the clock makes one push of: changes of senders of one heartbeat, or ends of alerts of one integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnPush {
    /// Senders of this heartbeat.
    Senders(String, Vec<ChangedSender>),
    /// Alerts of this integration.
    Alerts(String, Vec<SilentAlert>),
}

impl OwnPush {
    /// How many events it makes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Senders(_, senders) => senders.len(),
            Self::Alerts(_, alerts) => alerts.len(),
        }
    }

    /// Whether it makes none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same with the first events alone.
    pub fn truncate(&mut self, most: usize) {
        match self {
            Self::Senders(_, senders) => senders.truncate(most),
            Self::Alerts(_, alerts) => alerts.truncate(most),
        }
    }
}

/// What the rules in force watch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchTerms {
    /// The heartbeats.
    pub heartbeats: Vec<HeartbeatTerms>,
    /// Integrations that say after which time an alert is over of which nothing more is heard.
    pub integrations: Vec<(String, Duration)>,
}

impl WatchTerms {
    /// Whether nothing is watched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heartbeats.is_empty() && self.integrations.is_empty()
    }
}

/// What there is to do for the clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClockWork {
    /// What is due, in the order in which it is to be told.
    pub due: Option<OwnPush>,
    /// When something is due next, in listening time.
    pub next: Option<ListeningTime>,
}

/// What a transaction does with senders and alerts that are heard.
#[expect(clippy::missing_errors_doc, reason = "every method fails where the store does, and only then")]
pub trait HeardTransaction {
    /// The senders of heartbeats.
    fn beats(&mut self) -> Box<dyn BeatStore<Error = StoreError> + '_>;

    /// Notes the event that tells the absence of a sender.
    fn note_absence(&mut self, sender: &Sender, event: EventId) -> StoreResult<()>;

    /// The outcome of the event that told the absence of a sender, in the JSON of `event::Outcome`.
    fn absence_outcome(&mut self, sender: &Sender) -> StoreResult<Option<String>>;

    /// When it was written that an alert was heard.
    fn heard_alert(&self, alert: AlertId) -> StoreResult<Option<ListeningTime>>;

    /// Writes when an alert of an integration was heard, and in which event; a push that was not stored leaves the event as it is.
    fn hear_alert(
        &mut self,
        integration: &str,
        alert: AlertId,
        heard: ListeningTime,
        event: Option<EventId>,
    ) -> StoreResult<()>;

    /// Forgets an alert.
    fn forget_heard_alert(&mut self, alert: AlertId) -> StoreResult<()>;

    /// Alerts of an integration of which nothing is written after that time, with the outcomes of their last events, the longest
    /// silent first; at most so many. One whose event is gone is forgotten.
    fn silent_alerts(&mut self, integration: &str, until: ListeningTime, most: usize) -> StoreResult<Vec<SilentAlert>>;

    /// When the alert of an integration was heard that is silent for longest.
    fn longest_silent_alert(&mut self, integration: &str) -> StoreResult<Option<ListeningTime>>;

    /// Notes the time.
    fn note_clock(&mut self, clock: ClockRecord) -> StoreResult<()>;
}

/// A push is heard that is stored, or that repeats one that is.
pub(super) fn hear(
    transaction: &mut dyn Transaction,
    push: &Push,
    is_stored: bool,
    now: ListeningTime,
) -> Result<(), StoreError> {
    for sender in &push.beats {
        heartbeat::hear(&mut *transaction.beats(), sender, now, push.received)?;
    }
    for HeardAlert { alert, index, is_firing, timeout } in &push.heard {
        if !is_firing {
            transaction.forget_heard_alert(*alert)?;
        } else if is_written(transaction.heard_alert(*alert)?, now, *timeout) {
            let event = is_stored.then_some(EventId { push: push.id, index: *index });
            transaction.hear_alert(&push.integration, *alert, now, event)?;
        }
    }
    Ok(())
}

/// Whether what a push of the clock was made of is still so.
pub(super) fn is_due(transaction: &mut dyn Transaction, own: &OwnPush) -> Result<bool, StoreError> {
    match own {
        OwnPush::Senders(_, senders) => {
            let beats = transaction.beats();
            for ChangedSender { pending, .. } in senders {
                if !heartbeat::is_due(&*beats, pending)? {
                    return Ok(false);
                }
            }
        }
        OwnPush::Alerts(_, alerts) => {
            for alert in alerts {
                if transaction.heard_alert(alert.alert)? != Some(alert.heard) {
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}

/// Applies what a push of the clock was made of. Its events are in the order of the changes.
pub(super) fn apply(transaction: &mut dyn Transaction, push: &Push, own: &OwnPush) -> Result<(), StoreError> {
    match own {
        OwnPush::Senders(_, senders) => {
            for (index, ChangedSender { pending, .. }) in (0_u32..).zip(senders) {
                heartbeat::apply(&mut *transaction.beats(), pending)?;
                if pending.change == crate::notification::SenderChange::Absent {
                    transaction.note_absence(&pending.sender, EventId { push: push.id, index })?;
                }
            }
        }
        OwnPush::Alerts(_, alerts) => {
            for alert in alerts {
                transaction.forget_heard_alert(alert.alert)?;
            }
        }
    }
    Ok(())
}

/// Begins to watch by these rules.
///
/// # Errors
/// Where the store failed.
pub fn load_watch(
    transaction: &mut dyn Transaction,
    terms: &WatchTerms,
    now: ListeningTime,
    at: Timestamp,
) -> Result<(), StoreError> {
    heartbeat::load(&mut *transaction.beats(), &terms.heartbeats, now, at)
}

/// What is due, and when something is due next.
///
/// # Errors
/// Where the store failed.
pub fn clock_work(
    transaction: &mut dyn Transaction,
    terms: &WatchTerms,
    scan: SenderScan,
    now: ListeningTime,
) -> Result<ClockWork, StoreError> {
    if let Some(due) = due_senders(transaction, terms, scan, now)? {
        return Ok(ClockWork { due: Some(due), next: None });
    }
    let mut next = heartbeat::next_absence(&*transaction.beats(), &terms.heartbeats)?;
    for (integration, timeout) in &terms.integrations {
        let whole = timeout.saturating_add(written_again_after(*timeout));
        if now >= ListeningTime::default().saturating_add(whole) {
            let silent = transaction.silent_alerts(integration, now.saturating_sub(whole), MOST_AT_ONCE)?;
            if !silent.is_empty() {
                return Ok(ClockWork { due: Some(OwnPush::Alerts(integration.clone(), silent)), next: None });
            }
        }
        let heard = transaction.longest_silent_alert(integration)?;
        next = next.into_iter().chain(heard.map(|heard| over_at(heard, *timeout))).min();
    }
    Ok(ClockWork { due: None, next })
}

/// The changes of senders of one heartbeat that are due. Those without an event are applied at once.
fn due_senders(
    transaction: &mut dyn Transaction,
    terms: &WatchTerms,
    scan: SenderScan,
    now: ListeningTime,
) -> Result<Option<OwnPush>, StoreError> {
    let mut pending = match scan {
        SenderScan::All => heartbeat::left(&*transaction.beats(), &terms.heartbeats, MOST_AT_ONCE)?,
        SenderScan::Due => Vec::new(),
    };
    pending.extend(heartbeat::pending(&*transaction.beats(), &terms.heartbeats, now, MOST_AT_ONCE)?);
    let (told, silent): (Vec<_>, Vec<_>) = pending.into_iter().partition(PendingChange::has_event);
    for pending in &silent {
        heartbeat::apply(&mut *transaction.beats(), pending)?;
    }
    let Some(heartbeat) = told.first().map(|pending| pending.sender.heartbeat.clone()) else { return Ok(None) };
    let mut senders = Vec::new();
    for pending in told.into_iter().filter(|pending| pending.sender.heartbeat == heartbeat).take(MOST_AT_ONCE) {
        let outcome = match pending.record.absence {
            Some(_) => transaction.absence_outcome(&pending.sender)?,
            None => None,
        };
        senders.push(ChangedSender { pending, outcome });
    }
    Ok(Some(OwnPush::Senders(heartbeat, senders)))
}

/// A sender as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderStatus {
    /// The sender.
    pub sender: Sender,
    /// When it was heard.
    pub record: BeatRecord,
}
