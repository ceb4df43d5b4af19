//! What happened in a sequence, one line for each thing, as failures show it.

use crate::event::AlertStatus;
use crate::notification::{AlertState, TimingReason};
use crate::suite::timeline::{DeliveredMessage, FiringProgress, FiringState};
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
        | AlertState::Dropped
        | AlertState::Elsewhere
        | AlertState::OverUntold => None,
    }
}

/// What a channel knows of an alert, in words.
pub(super) fn state_text(begin: Timestamp, state: FiringState) -> String {
    if state.is_paused {
        return "paused".to_owned();
    }
    match (state.state, state.progress) {
        (AlertState::Unknown, FiringProgress::Over) => "the alert is over, and nothing of it waits".to_owned(),
        (AlertState::Unknown, FiringProgress::Sent) => "sent as it came: the channel gets every event".to_owned(),
        (AlertState::Unknown, FiringProgress::Undelivered) => "made, and not delivered yet".to_owned(),
        (AlertState::Unknown, FiringProgress::Plain | FiringProgress::Lapsed) => "knows nothing of it".to_owned(),
        (AlertState::Told { .. }, FiringProgress::Undelivered) => {
            "told in a message that is not delivered yet".to_owned()
        }
        (AlertState::Told { repeat, .. }, progress) => {
            let since = match progress {
                FiringProgress::Lapsed => "as its last message said: what changed since was over before it was told",
                FiringProgress::Plain | FiringProgress::Undelivered | FiringProgress::Sent | FiringProgress::Over => {
                    "unchanged since its last message"
                }
            };
            let again = repeat.map(|repeat| format!("; told again at {}", moment_text(begin, repeat)));
            format!("{since}{}", again.unwrap_or_default())
        }
        (AlertState::Waits { until, timing }, _) => {
            let why = timing.and_then(TimingReason::waiting).map(|why| format!(": {why}")).unwrap_or_default();
            format!("waits until {}{why}", moment_text(begin, until))
        }
        (AlertState::GoesAlong, FiringProgress::Undelivered) => {
            "waits until the message that told of it is delivered".to_owned()
        }
        (AlertState::GoesAlong, _) => "goes along with the next message of its group".to_owned(),
        (AlertState::Held, _) => "held".to_owned(),
        (AlertState::Dropped, _) => "dropped".to_owned(),
        (AlertState::Elsewhere, _) => "routed elsewhere".to_owned(),
        (AlertState::OverUntold, _) => "over before it was told".to_owned(),
    }
}
