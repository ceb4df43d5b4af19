//! What the clock of a timeline brings besides messages: senders that are absent, and alerts of which nothing more is heard.

use super::stored_event::StoredEvent;
use super::{OpenAlert, TimelineBudget, TimelineLimit};
use crate::evaluate::{EvaluationContext, SilentObserver};
use crate::event::{AlertStatus, Event, OutcomeKind, OwnedEvent};
use crate::json::Arena;
use crate::notification::{
    AlertId, BeatResult, ClockRecord, ListeningClock, ListeningTime, MemoryBeats, PendingChange, SenderChange,
    heartbeat, silent_alert,
};
use crate::notification::{HeartbeatTerms, Sender};
use crate::ruleset::{EvaluationTrace, RuleSet};
use crate::text::shorten;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many senders of a heartbeat, or alerts of an integration, change in one push.
const MOST_AT_ONCE: usize = 1_000;
/// How many characters of a value are shown.
const MAX_VALUE: usize = 60;

/// An event that the clock made.
#[derive(Debug)]
pub struct OwnEvent {
    /// When.
    pub at: Timestamp,
    /// What happened, in words.
    pub text: String,
    /// The heartbeat that was absent, if one was.
    pub absent: Option<String>,
    /// Which rules were asked.
    pub trace: EvaluationTrace,
}

/// Who was heard, and when.
#[derive(Debug)]
pub(super) struct HeardSenders {
    clock: ListeningClock,
    terms: Vec<HeartbeatTerms>,
    beats: MemoryBeats,
    /// Alerts that fire, of integrations that say when one is over of which nothing more is heard.
    alerts: BTreeMap<AlertId, WatchedAlert>,
    /// When each of them is over.
    ends: BTreeSet<(ListeningTime, AlertId)>,
    /// From here on nothing is absent or over by time.
    is_stopped: bool,
}

#[derive(Debug, Clone, Copy)]
struct WatchedAlert {
    end: ListeningTime,
}

/// An event of the clock on its way into the timeline.
pub(super) struct MadeEvent {
    pub(super) event: OwnedEvent,
    pub(super) channels: Vec<String>,
    pub(super) copies: Vec<String>,
    pub(super) own: OwnEvent,
}

impl HeardSenders {
    pub(super) fn new(rules: &RuleSet, begin: Timestamp) -> Self {
        let clock = ListeningClock::after(ClockRecord { steady: begin, ..ClockRecord::default() }, begin);
        let terms = rules.heartbeat_terms();
        let mut beats = MemoryBeats::default();
        let Ok(()) = heartbeat::load(&mut beats, &terms, clock.at(begin), begin);
        Self { clock, terms, beats, alerts: BTreeMap::new(), ends: BTreeSet::new(), is_stopped: false }
    }

    /// Nothing is heard for a while.
    pub(super) fn stop_listening(&mut self, from: Timestamp, until: Timestamp) {
        self.clock = ListeningClock::after(self.clock.record(from), until);
    }

    pub(super) fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// Notes what events of senders say; whether one of them ends an absence.
    pub(super) fn hear(
        &mut self,
        rules: &RuleSet,
        event: &Event<'_>,
        now: Timestamp,
        budget: &mut TimelineBudget,
    ) -> Result<bool, TimelineLimit> {
        let listened = self.clock.at(now);
        let mut has_returned = false;
        for sender in rules.beats(event, &EvaluationContext::at(now), &mut SilentObserver) {
            budget.keep(bytes(&sender))?;
            let Ok(result) = heartbeat::hear(&mut self.beats, &sender, listened, now);
            has_returned |= result == BeatResult::Returned;
        }
        let timeout = event.integration.and_then(|integration| rules.resolve_timeout(integration));
        if let Some(timeout) = timeout {
            self.hear_alert(event, listened, timeout);
        }
        Ok(has_returned)
    }

    fn hear_alert(&mut self, event: &Event<'_>, now: ListeningTime, timeout: Duration) {
        let alert = AlertId::of(event.integration, event.key);
        self.forget_alert(alert);
        if event.status == AlertStatus::Firing {
            let end = now.saturating_add(timeout);
            self.alerts.insert(alert, WatchedAlert { end });
            self.ends.insert((end, alert));
        }
    }

    fn forget_alert(&mut self, alert: AlertId) {
        if let Some(WatchedAlert { end }) = self.alerts.remove(&alert) {
            self.ends.remove(&(end, alert));
        }
    }

    /// The next moment at which a sender is absent or an alert is over.
    pub(super) fn next_moment(&self) -> Option<Timestamp> {
        if self.is_stopped {
            return None;
        }
        let Ok(absence) = heartbeat::next_absence(&self.beats, &self.terms);
        let end = self.ends.first().map(|(end, _)| *end);
        absence.into_iter().chain(end).min().map(|next| self.clock.moment(next))
    }

    /// The events that are due, those of one push together. They have to arrive before this is asked again.
    pub(super) fn due(
        &mut self,
        rules: &RuleSet,
        now: Timestamp,
        open: &BTreeMap<AlertId, OpenAlert>,
    ) -> Vec<MadeEvent> {
        if self.is_stopped {
            return Vec::new();
        }
        let listened = self.clock.at(now);
        let Ok(pending) = heartbeat::pending(&self.beats, &self.terms, listened, MOST_AT_ONCE);
        if let Some(first) = pending.first() {
            let heartbeat = first.sender.heartbeat.clone();
            let own = pending.iter().filter(|pending| pending.sender.heartbeat == heartbeat);
            return own.filter_map(|pending| self.change(rules, now, pending, open)).collect();
        }
        let over: Vec<AlertId> =
            self.ends.iter().take_while(|(end, _)| *end <= listened).take(MOST_AT_ONCE).map(|(_, id)| *id).collect();
        let made = over.into_iter().filter_map(|alert| {
            self.forget_alert(alert);
            let OpenAlert { event, .. } = open.get(&alert)?;
            end(rules, event, now, open)
        });
        made.collect()
    }

    fn change(
        &mut self,
        rules: &RuleSet,
        now: Timestamp,
        pending: &PendingChange,
        open: &BTreeMap<AlertId, OpenAlert>,
    ) -> Option<MadeEvent> {
        let Ok(true) = heartbeat::apply(&mut self.beats, pending) else { return None };
        let arena = Arena::new();
        let mut trace = EvaluationTrace::with_limit(0);
        let ask = |key: &str| open_channels(open, &crate::model::heartbeat_source(&pending.sender.heartbeat), key);
        let context = EvaluationContext { open: &ask, ..EvaluationContext::at(now) };
        let outcome = rules.sender_outcome(pending, None, &context, &arena, &mut trace)?;
        let name = sender_text(&pending.sender);
        let (text, absent) = match pending.change {
            SenderChange::Absent => (format!("nothing is heard of {name}"), Some(pending.sender.heartbeat.clone())),
            SenderChange::Returned => (format!("{name} is heard again"), None),
            SenderChange::Left => return None,
        };
        made(&outcome.kind, OwnEvent { at: now, text, absent, trace })
    }
}

fn end(rules: &RuleSet, last: &StoredEvent, now: Timestamp, open: &BTreeMap<AlertId, OpenAlert>) -> Option<MadeEvent> {
    let arena = Arena::new();
    let mut trace = EvaluationTrace::with_limit(0);
    let event = arena.alloc(last.event.event(&arena));
    let ask = |key: &str| open_channels(open, event.integration.unwrap_or_default(), key);
    let context = EvaluationContext { open: &ask, ..EvaluationContext::at(now) };
    let outcome = rules.silent_outcome(event, &context, &arena, &mut trace)?;
    let title = crate::text::quoted(&shorten(&last.event.title, MAX_VALUE));
    let text = format!("{title} is over: {}", silent_alert::NOTHING_MORE);
    made(&outcome.kind, OwnEvent { at: now, text, absent: None, trace })
}

fn made(kind: &OutcomeKind<'_>, own: OwnEvent) -> Option<MadeEvent> {
    let OutcomeKind::Routed(event, decision) = kind else { return None };
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let (channels, copies) = (names(decision.channels), names(decision.copies));
    Some(MadeEvent { event: OwnedEvent::of(event), channels, copies, own })
}

fn open_channels(open: &BTreeMap<AlertId, OpenAlert>, integration: &str, key: &str) -> Vec<String> {
    open.get(&AlertId::of(Some(integration), key)).map(|alert| alert.open.clone()).unwrap_or_default()
}

/// `heartbeat prometheus, cluster "a"`
fn sender_text(sender: &Sender) -> String {
    let values = sender
        .values
        .iter()
        .map(|value| format!(", {} {}", value.name, crate::text::quoted(&shorten(&value.value, MAX_VALUE))));
    format!("heartbeat {}{}", sender.heartbeat, values.collect::<String>())
}

/// About how much memory a sender takes.
fn bytes(sender: &Sender) -> usize {
    let values = sender.values.iter().map(|value| value.name.len() + value.value.len() + size_of_val(value));
    sender.heartbeat.len() + size_of::<Sender>() + values.sum::<usize>()
}
