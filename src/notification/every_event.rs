//! Channels that get every event as it comes (`repeat = "every_event"`): what mutes and silences keep back, and what goes out
//! when they end.

use super::message::MessageReason;
use super::record::HoldState;
use crate::event::Severity;

/// An alert as a channel knows it that gets every event. Only what is or was held need be kept: of any other alert that is open
/// in the channel, its last event was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EveryEventRecord {
    /// The severity of the last event that was sent; nothing where a mute or silence held all of them.
    pub told: Option<Severity>,
    /// The severity of the last event.
    pub firing: Severity,
    /// Whether a mute or silence holds the alert.
    pub hold: HoldState,
    /// The worst severity at which an operator dropped events of the alert: none is sent that is no worse.
    pub dropped: Option<Severity>,
}

/// What happens to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EveryEventResult {
    /// It is sent.
    Sent(MessageReason),
    /// A mute or silence holds it.
    Held,
    /// An operator dropped its alert, and it is no worse.
    Dropped,
    /// It is the end of what was held or dropped throughout: nobody hears of it.
    OverUntold,
}

impl EveryEventRecord {
    /// An alert that is open in the channel, whose last event was sent with that severity.
    #[must_use]
    pub fn sent(severity: Severity) -> Self {
        Self { told: Some(severity), firing: severity, hold: HoldState::Free, dropped: None }
    }

    /// Whether it says no more than that the last event was sent.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::sent(self.firing)
    }

    /// An event arrives: its severity, or nothing where it is a recovery, and whether a mute or silence holds its alert. What is
    /// known of the alert afterwards.
    #[must_use]
    pub fn arrive(before: Option<Self>, firing: Option<Severity>, hold: HoldState) -> (Option<Self>, EveryEventResult) {
        let told = before.and_then(|before| before.told);
        let dropped = before.and_then(|before| before.dropped);
        let Some(firing) = firing else {
            let was_kept_back = before.is_some() && told.is_none();
            let result = if was_kept_back {
                EveryEventResult::OverUntold
            } else {
                EveryEventResult::Sent(MessageReason::Resolved)
            };
            return (None, result);
        };
        if hold == HoldState::Held {
            return (Some(Self { told, firing, hold, dropped }), EveryEventResult::Held);
        }
        if dropped >= Some(firing) {
            return (Some(Self { told, firing, hold, dropped }), EveryEventResult::Dropped);
        }
        let reason = match told {
            None => MessageReason::New,
            Some(told) if firing > told => MessageReason::Worse,
            Some(told) if firing < told => MessageReason::Better,
            Some(_) => MessageReason::Repeat,
        };
        (Some(Self::sent(firing)), EveryEventResult::Sent(reason))
    }

    /// An operator drops queued events of the alert, the worst of which has that severity. What was delivered before, or is
    /// still to be, is what the channel is told.
    #[must_use]
    pub fn drop_events(before: Option<Self>, told: Option<Severity>, last: Severity, dropped: Severity) -> Self {
        let known = before.filter(|before| before.hold == HoldState::Held);
        Self {
            told,
            firing: known.map_or(last, |known| known.firing),
            hold: known.map_or(HoldState::Free, |known| known.hold),
            dropped: before.and_then(|before| before.dropped).max(Some(dropped)),
        }
    }

    /// A mute or silence begins to hold the alert, or holds it no more; whether its last event is sent now, because it is new
    /// or worse than what was sent.
    #[must_use]
    pub fn set_hold(self, hold: HoldState) -> (Self, Option<MessageReason>) {
        let is_released = self.hold == HoldState::Held && hold == HoldState::Free;
        let is_news = self.told.is_none_or(|told| self.firing > told) && self.dropped < Some(self.firing);
        if is_released && is_news {
            return (Self::sent(self.firing), Some(MessageReason::Unmuted));
        }
        (Self { hold, ..self }, None)
    }
}
