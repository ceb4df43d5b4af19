//! What operators did in the time of a rehearsal, as far as the journal keeps it: silences, and pauses that are in force.

use crate::gateway::journal::{PausedChannel, Silence};
use crate::ruleset::SilenceCondition;
use crate::suite::timeline::{Timeline, TimelineLimit, TimelineSilence};
use crate::time::Timestamp;
use std::collections::VecDeque;

/// What operators did.
#[derive(Debug, Clone, Default)]
pub struct OperatorActions {
    /// Silences. Each lasts as long as it did.
    pub silences: Vec<Silence>,
    /// Pauses.
    pub pauses: Vec<PausedChannel>,
}

/// Something that an operator did, or that ends what he did.
#[derive(Debug)]
enum OperatorAction {
    Silence(Box<TimelineSilence>),
    Pause(String),
    Resume(String),
}

/// What is still to be played, in order.
#[derive(Debug, Default)]
pub(super) struct ActionQueue(VecDeque<(Timestamp, OperatorAction)>);

impl ActionQueue {
    /// What lasts after that time. What began before begins then.
    pub(super) fn new(actions: &OperatorActions, begin: Timestamp) -> Self {
        let mut all = Vec::with_capacity(actions.silences.len() + 2 * actions.pauses.len());
        for silence in &actions.silences {
            let from = silence.from.max(silence.created).max(begin);
            let until = silence.ended.as_ref().map_or(silence.until, |ended| ended.at);
            let lasts = until.saturating_duration_since(from);
            // A condition that cannot be read was written by another version of this program.
            let Ok(condition) = SilenceCondition::parse(&silence.condition) else { continue };
            if lasts.is_zero() {
                continue;
            }
            let channels = (!silence.channels.is_empty()).then(|| silence.channels.clone());
            let silence = TimelineSilence { condition, lasts, channels, because: silence.because.clone() };
            all.push((from, OperatorAction::Silence(Box::new(silence))));
        }
        for PausedChannel { channel, pause } in actions.pauses.iter().filter(|paused| paused.pause.until > begin) {
            all.push((pause.since.max(begin), OperatorAction::Pause(channel.clone())));
            all.push((pause.until, OperatorAction::Resume(channel.clone())));
        }
        all.sort_by_key(|(at, _)| *at);
        Self(all.into())
    }

    /// When the next one is played, if it is by that time.
    pub(super) fn next(&self, until: Timestamp) -> Option<Timestamp> {
        self.0.front().map(|(at, _)| *at).filter(|at| *at <= until)
    }

    /// Plays the next one; the timeline is at its time, or later.
    pub(super) fn play(&mut self, timeline: &mut Timeline<'_>) -> Result<(), TimelineLimit> {
        match self.0.pop_front().map(|(_, action)| action) {
            None => Ok(()),
            Some(OperatorAction::Silence(silence)) => timeline.begin_silence(*silence),
            Some(OperatorAction::Pause(channel)) => {
                timeline.pause(&channel);
                Ok(())
            }
            Some(OperatorAction::Resume(channel)) => timeline.resume(&channel),
        }
    }
}
