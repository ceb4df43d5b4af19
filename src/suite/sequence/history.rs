//! What happened in a sequence, one line for each thing, as failures show it.

use crate::event::AlertStatus;
use crate::notification::{AlertState, TimingReason};
use crate::suite::timeline::{DeliveredMessage, FiringState};
use crate::text::{plural, quoted, shorten};
use crate::time::{DurationText, Timestamp};
use std::collections::VecDeque;
use std::time::Duration;

/// How many lines a failure shows.
const SHOWN_LINES: usize = 20;
/// How many characters of a title are shown.
const MAX_TITLE: usize = 60;

/// The last things that happened.
#[derive(Debug, Default)]
pub(super) struct SequenceHistory {
    lines: VecDeque<String>,
    left_out: usize,
}

impl SequenceHistory {
    pub(super) fn note(&mut self, begin: Timestamp, at: Timestamp, text: &str) {
        if self.lines.len() == SHOWN_LINES {
            self.lines.pop_front();
            self.left_out += 1;
        }
        self.lines.push_back(format!("{}  {text}", moment_text(begin, at)));
    }

    pub(super) fn note_message(&mut self, begin: Timestamp, delivered: &DeliveredMessage) {
        self.note(begin, delivered.at, &format!("{} is notified: {}", delivered.channel, message_text(delivered)));
    }

    /// The lines, the oldest first.
    pub(super) fn lines(&self) -> Vec<String> {
        let before = (self.left_out > 0).then(|| format!("… {} before", plural(self.left_out, "line")));
        before.into_iter().chain(self.lines.iter().cloned()).collect()
    }
}

/// `+10m30s`: a moment of a sequence.
pub(super) fn moment_text(begin: Timestamp, at: Timestamp) -> String {
    let passed = at.saturating_duration_since(begin);
    let milliseconds = passed.subsec_millis();
    let seconds = DurationText(Duration::from_secs(passed.as_secs()));
    if milliseconds == 0 { format!("+{seconds}") } else { format!("+{seconds}{milliseconds}ms") }
}

/// `new, Critical "n7 is down", 1 firing`
pub(super) fn message_text(delivered: &DeliveredMessage) -> String {
    let message = &delivered.message;
    let group = &message.group;
    let status = match message.event.status {
        AlertStatus::Firing => message.event.severity.name(),
        AlertStatus::Resolved => message.event.status.name(),
    };
    let counts = [(group.firing, "firing"), (group.resolved, "resolved"), (group.muted, "muted")];
    let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!(", {count} {word}"));
    let title = quoted(&shorten(&message.event.title, MAX_TITLE));
    format!("{}, {status} {title}{}", group.reason, counts.collect::<String>())
}

/// Until when the news of an alert waits.
pub(super) fn waits_until(state: FiringState) -> Option<Timestamp> {
    match state.state {
        AlertState::Waits { until, .. } if !state.is_paused => Some(until),
        AlertState::Waits { .. }
        | AlertState::Unknown
        | AlertState::Told { .. }
        | AlertState::GoesAlong
        | AlertState::Held
        | AlertState::Elsewhere
        | AlertState::OverUntold => None,
    }
}

/// What a channel knows of an alert, in words.
pub(super) fn state_text(begin: Timestamp, state: FiringState) -> String {
    if state.is_paused {
        return "paused".to_owned();
    }
    match state.state {
        AlertState::Unknown => "knows nothing of it".to_owned(),
        AlertState::Told { repeat: None, .. } => "unchanged since its last message".to_owned(),
        AlertState::Told { repeat: Some(repeat), .. } => {
            format!("unchanged since its last message; told again at {}", moment_text(begin, repeat))
        }
        AlertState::Waits { until, timing } => {
            let why = timing.and_then(TimingReason::waiting).map(|why| format!(": {why}")).unwrap_or_default();
            format!("waits until {}{why}", moment_text(begin, until))
        }
        AlertState::GoesAlong => "goes along with the next message of its group".to_owned(),
        AlertState::Held => "held".to_owned(),
        AlertState::Elsewhere => "routed elsewhere".to_owned(),
        AlertState::OverUntold => "over before it was told".to_owned(),
    }
}
