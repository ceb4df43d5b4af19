//! The mutes and silences of a timeline.

use super::stored_event::StoredEvent;
use crate::evaluate::{EvaluationContext, HoldBudget, SilentObserver};
use crate::event::Event;
use crate::json::Arena;
use crate::notification::holds::{
    AlertFacts, AlertReport, HoldCandidate, HoldEffect, HoldExplanation, HoldProgress, HoldReason, HoldStore as _,
    HoldTracker, MemoryHolds, SilenceEnd, SilenceId, SilenceRecord, SilenceState,
};
use crate::notification::{AlertId, HoldState};
use crate::ruleset::{RuleSet, SilenceCondition};
use crate::time::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

/// How many alerts are looked at in one step.
const STEP: usize = 1_000;

/// A silence that a timeline begins.
#[derive(Debug)]
pub struct TimelineSilence {
    /// The alerts that it holds.
    pub condition: SilenceCondition,
    /// For how long.
    pub lasts: Duration,
    /// The channels to which it is restricted; nothing where it counts in all.
    pub channels: Option<Vec<String>>,
    /// Why; its name.
    pub because: String,
}

/// What holds the alerts of a timeline.
#[derive(Debug)]
pub(super) struct TimelineHolds<'r> {
    rules: &'r RuleSet,
    store: MemoryHolds,
    silences: Vec<TimelineSilence>,
    /// When a schedule that a mute asks begins or ends next.
    next_schedule: Option<Timestamp>,
    /// The mutes that held an alert.
    held_by: BTreeSet<String>,
    /// The work since it was last asked.
    work: usize,
}

impl<'r> TimelineHolds<'r> {
    pub(super) fn new(rules: &'r RuleSet, begin: Timestamp) -> Self {
        Self {
            rules,
            store: MemoryHolds::default(),
            silences: Vec::new(),
            next_schedule: rules.program.next_hold_change(begin),
            held_by: BTreeSet::new(),
            work: 0,
        }
    }

    /// Whether nothing can hold an alert, so that nothing need be kept.
    pub(super) fn is_idle(&self) -> bool {
        self.rules.program.mutes.all.is_empty() && self.silences.is_empty()
    }

    /// How much work it is to say something of an event.
    pub(super) fn facts_work(&self) -> usize {
        1 + self.silences.len()
    }

    /// The work since this was last asked.
    pub(super) fn take_work(&mut self) -> usize {
        std::mem::take(&mut self.work)
    }

    /// The mutes that held an alert.
    pub(super) fn held_by(&self) -> impl Iterator<Item = &str> {
        self.held_by.iter().map(String::as_str)
    }

    /// The next moment after `now` at which something begins or ends by the clock.
    pub(super) fn next_moment(&mut self, now: Timestamp) -> Option<Timestamp> {
        let Ok(next) = HoldTracker::new(&mut self.store).next_moment();
        next.into_iter().chain(self.next_schedule).filter(|next| *next > now).min()
    }

    /// What the rules and the silences say of an event that fires.
    pub(super) fn facts(&self, event: &Event<'_>, now: Timestamp) -> AlertFacts {
        let mut facts =
            self.rules.alert_facts(event, &EvaluationContext::at(now), &mut HoldBudget::default(), &mut SilentObserver);
        for (number, silence) in self.silences.iter().enumerate() {
            let Ok(record) = self.store.silence(silence_id(number));
            let is_over = record.is_none_or(|record| matches!(record.state, SilenceState::Over { .. }));
            if !is_over && silence.condition.matches(event) {
                facts.candidates.push(HoldCandidate::Silence(silence_id(number)));
            }
        }
        facts
    }

    /// The events of a push arrive; the other alerts whose holds may have changed.
    pub(super) fn report(&mut self, now: Timestamp, reports: &[AlertReport]) -> Vec<AlertId> {
        self.track(|tracker| {
            let Ok(()) = tracker.report(now, reports);
        })
    }

    /// Alerts that fire were asked anew.
    pub(super) fn renew(&mut self, now: Timestamp, reports: &[AlertReport]) -> Vec<AlertId> {
        self.track(|tracker| {
            let Ok(()) = tracker.renew(now, reports);
        })
    }

    /// The next alerts to be asked anew; none once all were.
    pub(super) fn next_asked(&mut self) -> Vec<AlertId> {
        let Ok(page) = HoldTracker::new(&mut self.store).next_asked(STEP);
        page
    }

    /// These alerts were asked; the alerts whose holds may have changed, once all were.
    pub(super) fn finish_page(&mut self, page: &[AlertId]) -> Vec<AlertId> {
        self.track(|tracker| {
            let Ok(()) = tracker.finish_page(page);
        })
    }

    /// What the clock brings; the alerts whose holds may have changed.
    pub(super) fn advance(&mut self, now: Timestamp) -> Vec<AlertId> {
        if self.next_schedule.is_some_and(|next| next <= now) {
            self.next_schedule = self.rules.program.next_hold_change(now);
            let Ok(()) = HoldTracker::new(&mut self.store).ask_everything();
        }
        self.track(|tracker| while let Ok(HoldProgress::More) = tracker.advance(now, STEP) {})
    }

    /// A silence begins.
    pub(super) fn begin_silence(&mut self, now: Timestamp, silence: TimelineSilence) -> Vec<AlertId> {
        let record = SilenceRecord {
            from: now,
            until: now.saturating_add(silence.lasts),
            channels: silence.channels.clone(),
            because: silence.because.clone(),
            end: SilenceEnd::Time,
            state: SilenceState::Scheduled,
            quiet_since: None,
        };
        let id = silence_id(self.silences.len());
        self.silences.push(silence);
        self.track(|tracker| {
            let Ok(()) = tracker.add_silence(now, id, record);
        })
    }

    /// Ends the active silences of that name; nothing where there is none.
    pub(super) fn end_silence(&mut self, now: Timestamp, because: &str) -> Option<Vec<AlertId>> {
        let active: Vec<SilenceId> = self
            .store
            .silences()
            .filter(|(_, silence)| silence.state == SilenceState::Active && silence.because == because)
            .map(|(id, _)| id)
            .collect();
        if active.is_empty() {
            return None;
        }
        Some(self.track(|tracker| {
            for id in active {
                let Ok(()) = tracker.end_silence(now, id);
            }
        }))
    }

    /// Whether a mute or silence holds an alert in a channel that does not get it as a copy.
    pub(super) fn hold_in(&mut self, id: AlertId, channel: &str) -> HoldState {
        let tracker = HoldTracker::new(&mut self.store);
        let Ok(hold) = tracker.hold_in(id, channel);
        self.work += 1 + tracker.looked_at();
        if hold == HoldState::Held && self.held_by.len() < self.rules.program.mutes.all.len() {
            let holding = self.explain(id, channel).into_iter().filter(|one| one.effect == HoldEffect::Holds);
            self.held_by.extend(holding.filter_map(|one| match one.reason {
                HoldReason::Mute { mute, .. } => Some(mute),
                HoldReason::Silence { .. } => None,
            }));
        }
        hold
    }

    /// The mutes and silences whose conditions hold of an alert, with what each does in a channel.
    pub(super) fn explain(&mut self, id: AlertId, channel: &str) -> Vec<HoldExplanation> {
        let Ok(explained) = HoldTracker::new(&mut self.store).explain(id, channel);
        explained
    }

    /// Forgets an alert that nothing may hold and that holds nothing.
    pub(super) fn forget(&mut self, id: AlertId) {
        let Ok(()) = self.store.set_firing(id, None);
    }

    /// Does something with the tracker; the alerts whose holds may have changed.
    fn track(&mut self, change: impl FnOnce(&mut HoldTracker<'_, MemoryHolds>)) -> Vec<AlertId> {
        let mut tracker = HoldTracker::new(&mut self.store);
        change(&mut tracker);
        let mut changed = Vec::new();
        loop {
            let Ok(page) = tracker.take_changed(STEP);
            if page.is_empty() {
                break;
            }
            changed.extend(page);
        }
        self.work += changed.len() + tracker.looked_at();
        changed
    }
}

/// An alert that fires, with what is said of its last event at that time.
pub(super) fn firing_report(
    holds: &TimelineHolds<'_>,
    alert: AlertId,
    stored: &StoredEvent,
    since: Timestamp,
    now: Timestamp,
) -> AlertReport {
    let arena = Arena::new();
    let facts = holds.facts(&stored.event.event(&arena), now);
    AlertReport::Firing { alert, key: stored.event.key.clone(), since, heard: stored.at, facts }
}

fn silence_id(number: usize) -> SilenceId {
    let mut id = [0; 16];
    let number = u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes();
    id.iter_mut().zip(number).for_each(|(byte, from)| *byte = from);
    SilenceId(id)
}
