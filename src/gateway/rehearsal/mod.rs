//! A rehearsal: stored pushes are played again, at their times, through mapping, routing and the state machine of messages,
//! to see what rules would have told.
//!
//! A [`Rehearsal`] plays pushes for one rule set, by the evaluator of the gateway and by the [`Timeline`] that tests of rules
//! use. It sends nothing and reads nothing: whoever runs it gives it the pushes, one by one, in their order. What it keeps is
//! bounded: the alerts that are open, and counts. [`RehearsalReport`] is the result, [`RehearsalDifference`] that of two.
//!
//! Silences are played as long as they lasted, and so are pauses that are in force, where [`Rehearsal::with_operators`] gives
//! them. Otherwise channels take every message at once: outages and refusals of then, and pauses that are over, are not played.

mod difference;
mod loudest;
mod operators;
mod report;
mod tally;

pub use difference::{ChannelDifference, RehearsalDifference};
pub use operators::OperatorActions;
pub use report::{
    BusiestDay, ChannelRehearsal, CriticalWait, EventCounts, LoudGroup, MuteRehearsal, ReasonCounts, RefusedPushes,
    RehearsalReport,
};

use super::journal::{AcceptedPush, PushOrigin};
use crate::evaluate::{EvaluationContext, SilentObserver};
use crate::event::{AlertStatus, Outcome, OutcomeKind};
use crate::json::Arena;
use crate::ruleset::{EntryPoint, RuleSet};
use crate::suite::timeline::{DeliveredMessage, RoutedEvent, Timeline, TimelineBudget, TimelineLimit};
use crate::time::Timestamp;
use operators::ActionQueue;
use std::time::Duration;
use tally::RehearsalTally;

/// How much memory the alerts of a rehearsal may take.
const MAX_BYTES: usize = 512 << 20;

/// How far the clock moves at once, so that few messages are in memory at a time.
const STEP: Duration = Duration::from_mins(1);

/// Sees every message of a rehearsal.
pub type MessageObserver<'o> = dyn FnMut(&DeliveredMessage) + 'o;

/// Why a rehearsal does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the alerts that are open at {at} take more than {} MiB", MAX_BYTES >> 20)]
pub struct RehearsalStopped {
    /// Where it is.
    pub at: Timestamp,
}

/// Plays pushes for one rule set.
pub struct Rehearsal<'r> {
    rules: &'r RuleSet,
    timeline: Timeline<'r>,
    arena: Arena,
    tally: RehearsalTally,
    actions: ActionQueue,
}

/// Why rules do not take a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PlayRefusal {
    /// They have no such integration.
    UnknownIntegration,
    /// The payload is not JSON.
    NotJson,
    /// None of the mappings accepts it.
    Unaccepted,
}

impl PlayRefusal {
    /// The reason in words.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::UnknownIntegration => "there is no such integration",
            Self::NotJson => "the payload is not JSON",
            Self::Unaccepted => "no mapping accepts the payload",
        }
    }
}

impl<'r> Rehearsal<'r> {
    /// A rehearsal that begins at that time. Nothing fired and nothing was told before.
    #[must_use]
    pub fn new(rules: &'r RuleSet, begin: Timestamp) -> Self {
        let mut timeline = Timeline::new(rules, begin, TimelineBudget::of_memory(MAX_BYTES));
        timeline.log_holds();
        let (arena, tally, actions) = (Arena::new(), RehearsalTally::new(begin), ActionQueue::default());
        Self { rules, timeline, arena, tally, actions }
    }

    /// Plays what operators did, too. To be called before anything is played.
    #[must_use]
    pub fn with_operators(self, actions: &OperatorActions) -> Self {
        Self { actions: ActionQueue::new(actions, self.timeline.now()), ..self }
    }

    /// Plays a push at its time; at the time of the last one, if the clock went back between them.
    ///
    /// # Errors
    /// If the alerts that are open take too much memory.
    pub fn play(&mut self, push: &AcceptedPush, observer: &mut MessageObserver<'_>) -> Result<(), RehearsalStopped> {
        self.advance(push.received, observer)?;
        // What the gateway made of what it did not hear, the timeline makes itself.
        if push.origin == PushOrigin::Clock {
            return Ok(());
        }
        let mut arena = std::mem::take(&mut self.arena);
        let played = self.evaluate(push, &arena);
        arena.clear();
        self.arena = arena;
        self.check(played)?;
        self.collect(observer);
        Ok(())
    }

    /// Lets the clock run on to the end, and counts what was told.
    ///
    /// # Errors
    /// If the alerts that are open take too much memory.
    pub fn finish(
        mut self,
        until: Timestamp,
        observer: &mut MessageObserver<'_>,
    ) -> Result<RehearsalReport, RehearsalStopped> {
        self.advance(until, observer)?;
        let mutes = self.rules.program.mutes.all.iter().map(|mute| &*mute.name);
        Ok(self.tally.finish(until, mutes))
    }

    fn advance(&mut self, moment: Timestamp, observer: &mut MessageObserver<'_>) -> Result<(), RehearsalStopped> {
        while let Some(at) = self.actions.next(moment) {
            self.run_to(at, observer)?;
            let played = self.actions.play(&mut self.timeline);
            self.check(played)?;
            self.collect(observer);
        }
        self.run_to(moment, observer)
    }

    fn run_to(&mut self, moment: Timestamp, observer: &mut MessageObserver<'_>) -> Result<(), RehearsalStopped> {
        while self.timeline.now() < moment {
            let next = self.timeline.now().saturating_add(STEP).min(moment);
            let advanced = self.timeline.advance_to(next);
            self.check(advanced)?;
            self.collect(observer);
        }
        Ok(())
    }

    /// Maps and routes a payload, and lets its events arrive.
    fn evaluate(&mut self, push: &AcceptedPush, arena: &Arena) -> Result<(), TimelineLimit> {
        let Self { rules, timeline, tally, .. } = self;
        tally.note_push();
        let open = |key: &str| timeline.open_channels(Some(&push.integration), key);
        let context = EvaluationContext { now: push.received, open: &open, request: &push.request };
        let entry = EntryPoint::Integration(&push.integration);
        let Ok(document) = rules.read(entry, &push.payload, arena) else {
            tally.note_refusal(&push.integration, PlayRefusal::NotJson);
            return Ok(());
        };
        let Ok(outcomes) = rules.evaluate(entry, &document, &context, &mut SilentObserver) else {
            tally.note_refusal(&push.integration, PlayRefusal::UnknownIntegration);
            return Ok(());
        };
        if let [Outcome { kind: OutcomeKind::Unaccepted(_), .. }] = outcomes.as_slice() {
            tally.note_refusal(&push.integration, PlayRefusal::Unaccepted);
            return Ok(());
        }
        let mut routed = Vec::with_capacity(outcomes.len());
        for outcome in &outcomes {
            match &outcome.kind {
                OutcomeKind::Routed(event, decision) => {
                    tally.note_event(!decision.channels.is_empty());
                    if event.status == AlertStatus::Resolved && open(event.key).is_empty() {
                        tally.note_lone_recovery();
                    }
                    routed.push(RoutedEvent { event, channels: decision.channels, copies: decision.copies });
                }
                OutcomeKind::Dropped(_) => tally.note_drop(),
                OutcomeKind::Event(_)
                | OutcomeKind::Empty
                | OutcomeKind::Unaccepted(_)
                | OutcomeKind::Invalid { .. } => {}
            }
        }
        timeline.arrive(&routed)
    }

    /// Counts what was told and held since the last time.
    fn collect(&mut self, observer: &mut MessageObserver<'_>) {
        self.tally.note_clock_events(self.timeline.take_own_events().len());
        for change in self.timeline.take_hold_changes() {
            self.tally.note_hold(&change);
        }
        for message in self.timeline.take_delivered() {
            observer(&message);
            self.tally.note_message(&message);
        }
    }

    fn check(&self, played: Result<(), TimelineLimit>) -> Result<(), RehearsalStopped> {
        played.map_err(|limit| match limit {
            TimelineLimit::Work | TimelineLimit::Memory => RehearsalStopped { at: self.timeline.now() },
        })
    }
}
