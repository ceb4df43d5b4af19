//! `expect held`: whether mutes and silences hold an event in its channels, and the words for why.

use super::timeline::AlertHold;
use crate::notification::HoldState;
use crate::notification::holds::{HoldEffect, HoldExplanation, HoldReason, HoldingSource};
use crate::text::quoted;
use crate::time::{DurationText, Timestamp};

/// Writes a moment of a test.
pub(super) type MomentText<'m> = dyn Fn(Timestamp) -> String + 'm;

/// What a line expects.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExpectedHold<'e> {
    /// Why it has to be held.
    pub(super) reason: Option<&'e str>,
    /// The only channel that the line is about.
    pub(super) channel: Option<&'e str>,
}

/// How it is not as expected.
pub(super) struct HoldMismatch {
    pub(super) message: String,
    pub(super) expected: String,
    pub(super) actual: String,
}

impl ExpectedHold<'_> {
    /// Compares it with what holds an event in each of its channels.
    pub(super) fn check(&self, holds: &[AlertHold], moment: &MomentText<'_>) -> Result<(), HoldMismatch> {
        let is_meant = |hold: &&AlertHold| self.channel.is_none_or(|channel| hold.channel == channel);
        let meant: Vec<&AlertHold> = holds.iter().filter(is_meant).collect();
        let message = if meant.is_empty() {
            match self.channel {
                Some(channel) => format!("`{channel}` does not get the event"),
                None => "no channel gets the event".to_owned(),
            }
        } else if meant.iter().any(|hold| hold.hold == HoldState::Free) {
            "the event is not held".to_owned()
        } else if meant.iter().any(|hold| !self.has_reason(hold)) {
            "the event is held for another reason".to_owned()
        } else {
            return Ok(());
        };
        let lines: Vec<String> = meant.iter().map(|hold| channel_text(hold, moment)).collect();
        let actual = if lines.is_empty() { "not held".to_owned() } else { lines.join("\n") };
        Err(HoldMismatch { message, expected: self.to_string(), actual })
    }

    fn has_reason(&self, hold: &AlertHold) -> bool {
        let is_meant = |reason: &str| holding(hold).any(|one| one.reason.because() == reason);
        self.reason.is_none_or(is_meant)
    }
}

/// Whether nothing holds an event in its channels, or in the one that is meant.
pub(super) fn check_free(
    channel: Option<&str>,
    holds: &[AlertHold],
    moment: &MomentText<'_>,
) -> Result<(), HoldMismatch> {
    let is_meant = |hold: &&AlertHold| channel.is_none_or(|channel| hold.channel == channel);
    let held: Vec<String> = holds
        .iter()
        .filter(is_meant)
        .filter(|hold| hold.hold == HoldState::Held)
        .map(|hold| channel_text(hold, moment))
        .collect();
    if held.is_empty() {
        return Ok(());
    }
    let place = channel.map_or_else(String::new, |channel| format!(" in {channel}"));
    let message = "the event is held".to_owned();
    Err(HoldMismatch { message, expected: format!("not held{place}"), actual: held.join("\n") })
}

impl std::fmt::Display for ExpectedHold<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("held")?;
        if let Some(reason) = self.reason {
            write!(f, " for {}", quoted(reason))?;
        }
        if let Some(channel) = self.channel {
            write!(f, " in {channel}")?;
        }
        Ok(())
    }
}

/// What holds it.
fn holding(hold: &AlertHold) -> impl Iterator<Item = &HoldExplanation> {
    hold.explanations.iter().filter(|one| hold.hold == HoldState::Held && one.effect == HoldEffect::Holds)
}

/// `chat: held by mute behind_node (calm.rules:9), because "its node n7 is down": "n7" fires since +20s`
pub(super) fn channel_text(hold: &AlertHold, moment: &MomentText<'_>) -> String {
    let parts: Vec<String> = match hold.hold {
        HoldState::Held => holding(hold).map(|one| reason_text(&one.reason, moment)).collect(),
        HoldState::Free => hold.explanations.iter().map(effect_text).collect(),
    };
    let head = match hold.hold {
        HoldState::Held => "held by ",
        HoldState::Free if hold.is_over => "not held: the alert is over, and mutes and silences hold no end",
        HoldState::Free if hold.is_copy => "not held: it is a copy, which nothing holds",
        HoldState::Free if parts.is_empty() => "not held: no mute and no silence holds it",
        HoldState::Free => "not held: ",
    };
    format!("{}: {head}{}", hold.channel, parts.join("; "))
}

/// What holds an alert, and why.
fn reason_text(reason: &HoldReason, moment: &MomentText<'_>) -> String {
    match reason {
        HoldReason::Mute { mute, place, because, source } => {
            let source = source.as_ref().map(|source| format!(": {}", source_text(source, moment)));
            format!("mute {mute} ({place}), because {}{}", quoted(because), source.unwrap_or_default())
        }
        HoldReason::Silence { because, until, .. } => {
            format!("a silence until {}, because {}", moment(*until), quoted(because))
        }
    }
}

fn source_text(source: &HoldingSource, moment: &MomentText<'_>) -> String {
    let key = quoted(&source.key);
    match source.ended {
        Some((at, until)) => format!("{key} fired until {}; until {}", moment(at), moment(until)),
        None if source.until_after.is_zero() => format!("{key} fires since {}", moment(source.since)),
        None => {
            let after = DurationText(source.until_after);
            format!("{key} fires since {}; until {after} after it ends", moment(source.since))
        }
    }
}

/// Why a mute or silence whose condition holds does not hold the alert.
fn effect_text(HoldExplanation { reason, effect }: &HoldExplanation) -> String {
    let what = match reason {
        HoldReason::Mute { mute, place, .. } => format!("mute {mute} ({place})"),
        HoldReason::Silence { because, .. } => format!("the silence {}", quoted(because)),
    };
    match effect {
        HoldEffect::Holds => format!("{what} holds it"),
        HoldEffect::NoSource => format!("{what} would, but no alert for its `while` fires with the same values"),
        HoldEffect::FirstOfCircle => format!("{what} would, but the alerts hold each other, and this one fired first"),
        HoldEffect::OtherChannel => format!("{what} is for other channels"),
        HoldEffect::NotBegun => format!("{what} has not begun"),
        HoldEffect::Over => format!("{what} is over"),
    }
}

/// What a passing `expect sent` says of an event that is held: the channels, and by what.
pub(super) fn note(holds: &[AlertHold], moment: &MomentText<'_>) -> Option<String> {
    let held = holds.iter().filter(|hold| hold.hold == HoldState::Held);
    let texts: Vec<String> = held.map(|hold| channel_text(hold, moment)).collect();
    (!texts.is_empty()).then(|| format!("the event is sent, and not told now: {}", texts.join("; ")))
}
