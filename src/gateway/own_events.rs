//! The events that the gateway makes itself: absences of senders, and ends of alerts of which nothing more is heard.
//!
//! One task asks the journal what is due, lets the intake evaluate it by the rules in force, and waits for the next moment. What
//! is due is in the journal, so a crash loses nothing, and a push that was stored is not made again. Where the rules watch nothing,
//! the task does nothing.

use super::Gateway;
use super::intake::{self, IntakeBackend as _, Refusal};
use super::journal::{Journal, JournalError, SenderScan, WatchTerms};
use super::own_events_handle::OwnEventsHandle;
use super::served_rules::ServedRules;
use crate::reload::RuleSetVersion;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How often it is noted how long the gateway listened. After a crash, timeouts are longer by so much at most.
const NOTE_INTERVAL: Duration = Duration::from_secs(5);

/// How long a journal that failed is left alone.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);

/// What the rules of a version watch.
fn watch_terms(version: &RuleSetVersion<ServedRules>) -> WatchTerms {
    let rules = &version.value.rules;
    let integrations = rules.program.integrations.iter();
    let timed = integrations.filter_map(|one| Some((one.name.to_string(), one.resolve_timeout?)));
    WatchTerms { heartbeats: rules.heartbeat_terms(), integrations: timed.collect() }
}

/// The task.
pub(super) struct OwnEvents {
    handle: OwnEventsHandle,
    journal: Journal,
    /// The generation by whose rules senders are watched.
    generation: Option<u64>,
    terms: WatchTerms,
    scan: SenderScan,
}

impl OwnEvents {
    pub(super) fn new(handle: OwnEventsHandle, journal: Journal) -> Self {
        Self { handle, journal, generation: None, terms: WatchTerms::default(), scan: SenderScan::All }
    }

    /// Makes events until the gateway is gone or is stopping.
    pub(super) async fn run(mut self, gateway: Weak<Gateway>) {
        loop {
            let Some(strong) = gateway.upgrade().filter(|gateway| !gateway.is_stopping()) else { return };
            let wait = match self.round(&strong).await {
                Ok(wait) => wait,
                Err(Refusal::NotDurable(JournalError::Closed)) => return,
                Err(refusal) => {
                    tracing::warn!("events of heartbeats cannot be stored now; trying again: {refusal}");
                    Some(FAILURE_PAUSE)
                }
            };
            drop(strong);
            let changed = self.handle.woken();
            match wait {
                Some(wait) => drop(tokio::time::timeout(wait, changed).await),
                None => changed.await,
            }
        }
    }

    /// Stores the events that are due; how long to wait for the next. Nothing where nothing is watched.
    ///
    /// # Errors
    /// Where they cannot be stored now.
    async fn round(&mut self, gateway: &Arc<Gateway>) -> Result<Option<Duration>, Refusal> {
        let version = gateway.rules.current();
        if self.generation != Some(version.generation) {
            self.terms = watch_terms(&version);
            self.scan = SenderScan::All;
            self.journal.load_watch(self.terms.clone()).await.map_err(Refusal::NotDurable)?;
            self.generation = Some(version.generation);
        }
        drop(version);
        loop {
            if self.terms.is_empty() && self.scan == SenderScan::Due {
                return Ok(None);
            }
            let work = self.journal.clock_work(self.terms.clone(), self.scan).await.map_err(Refusal::NotDurable)?;
            let Some(due) = work.due else {
                self.scan = SenderScan::Due;
                if self.terms.is_empty() {
                    return Ok(None);
                }
                self.journal.note_clock().await.map_err(Refusal::NotDurable)?;
                let next = work.next.map(|next| next.saturating_since(self.journal.listened()));
                return Ok(Some(next.map_or(NOTE_INTERVAL, |next| next.min(NOTE_INTERVAL))));
            };
            intake::accept_own(gateway, due).await?;
            // A load of rules is looked at before the next push.
            if self.generation != Some(gateway.rules.current().generation) {
                return Ok(Some(Duration::ZERO));
            }
        }
    }
}
