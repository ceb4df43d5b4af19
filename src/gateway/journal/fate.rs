//! What an event is for a channel that gathers messages, as it is known now: notified, waiting, unchanged, or over before.

use super::holds::StoredHoldReason;
use super::notification::{NewsEnd, StoredFate};
use super::{ChannelPause, MessageUlid, OperatorDrop};
use crate::notification::{AlertState, MessageEnd, MessageReason, NamedValue, TimingReason};
use crate::text::{plural, quoted};
use crate::time::{DurationText, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What an event is for a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelFate {
    /// The channel.
    pub channel: String,
    /// The values of its alert's group; none where it stands alone, or the group is forgotten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<GroupValueText>,
    /// The pause of the channel for which it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<ChannelPause>,
    /// What it is for it.
    #[serde(flatten)]
    pub fate: EventFate,
}

/// A value of a group, with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupValueText {
    /// The name of the label, the field or the define.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl From<NamedValue> for GroupValueText {
    fn from(NamedValue { name, value }: NamedValue) -> Self {
        Self { name, value }
    }
}

/// What an event is for a channel that gathers messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum EventFate {
    /// A message told it.
    Notified {
        /// The message; nothing where it is not kept any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessageUlid>,
        /// When it was made.
        at: Timestamp,
        /// Why.
        reason: String,
        /// Of how many alerts it is news.
        alerts: u32,
        /// Whether it was delivered.
        state: MessageState,
        /// Why it was made at that time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timing: Option<TimingReason>,
    },
    /// It is told then, as far as that is known.
    Waits {
        /// When.
        until: Timestamp,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timing: Option<TimingReason>,
    },
    /// It goes along with the next message of its group.
    WithNext,
    /// It agreed with what the channel was told.
    Unchanged {
        /// The last message that told of its alert until then; nothing where that was before messages were gathered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessageUlid>,
        /// When it is told again, if it fires still and nothing changes before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repeat: Option<Timestamp>,
    },
    /// A mute or silence holds it.
    Held {
        /// Which, and why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held_by: Option<StoredHoldReason>,
    },
    /// A mute or silence kept it from being sent as it came, in a channel that gets every event.
    KeptBack {
        /// Which, and why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held_by: Option<StoredHoldReason>,
    },
    /// A later firing was routed elsewhere before it was told.
    Elsewhere {
        /// When.
        at: Timestamp,
    },
    /// Its alert was over before it was told.
    OverUntold {
        /// For how many seconds it had been news, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after_seconds: Option<u64>,
        /// How many seconds it would have waited, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wait_seconds: Option<u64>,
        /// What kept it from being told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held_by: Option<StoredHoldReason>,
    },
    /// The fallback of the channel was told, as the channel could not be.
    ToldInstead {
        /// The fallback.
        by: String,
        /// When.
        at: Timestamp,
        /// For how many seconds it was due and undelivered; nothing where a message was given up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after_seconds: Option<u64>,
    },
    /// An operator dropped it.
    Dropped {
        /// Who, when and why, where that is known still.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dropped: Option<OperatorDrop>,
    },
    /// It ended what was not open in the channel.
    NothingOpen,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// It is on its way.
    Undelivered,
    /// It was delivered.
    Delivered,
    /// It was given up.
    GivenUp,
    /// An operator dropped it.
    Dropped,
}

impl MessageState {
    /// The state of a message that ended so, or that did not end.
    pub(super) fn of(end: Option<MessageEnd>) -> Self {
        match end {
            None => Self::Undelivered,
            Some(MessageEnd::Delivered) => Self::Delivered,
            Some(MessageEnd::Expired | MessageEnd::Refused | MessageEnd::Removed) => Self::GivenUp,
            Some(MessageEnd::Dropped) => Self::Dropped,
        }
    }
}

/// A message, as far as fates show it.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredMessage {
    pub(super) id: MessageUlid,
    pub(super) at: Timestamp,
    pub(super) reason: MessageReason,
    pub(super) alerts: u32,
    pub(super) end: Option<MessageEnd>,
    pub(super) timing: Option<TimingReason>,
}

/// How the news of an alert ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredNewsEnd {
    pub(super) end: NewsEnd,
    pub(super) at: Timestamp,
    pub(super) message: Option<StoredMessage>,
    /// Of what was over untold: for how long it had been news, and how long it would have waited.
    pub(super) after: Option<Duration>,
    pub(super) wait: Option<Duration>,
}

/// The channel that was told instead of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredPass {
    pub(super) channel: String,
    pub(super) at: Timestamp,
    /// For how long the news was due and undelivered; nothing where a message was given up.
    pub(super) after: Option<Duration>,
}

/// What is stored of an event in a channel.
#[derive(Debug, Clone)]
pub(super) struct StoredArrival {
    pub(super) fate: StoredFate,
    /// The last message that told of its alert when it came.
    pub(super) message: Option<MessageUlid>,
    /// For how long it had been news, where it ended that, and how long it would have waited.
    pub(super) after: Option<Duration>,
    pub(super) wait: Option<Duration>,
    /// How the news of its alert ended since.
    pub(super) end: Option<StoredNewsEnd>,
    /// The channel that was told instead.
    pub(super) passed_on: Option<StoredPass>,
    /// What the channel knows of the alert now, and the message that told of it last.
    pub(super) now: AlertState,
    pub(super) told_in: Option<MessageUlid>,
    /// What held it when it came, or until it was over.
    pub(super) hold: Option<StoredHoldReason>,
    /// What holds its alert now.
    pub(super) holding: Option<StoredHoldReason>,
}

impl StoredArrival {
    /// Whether the news of the event was not delivered, nor over or routed elsewhere, before the fallback was told.
    fn is_told_instead(&self) -> bool {
        let is_news = matches!(self.fate, StoredFate::News | StoredFate::Held);
        let passed = self.passed_on.as_ref().map(|passed| passed.at);
        is_news
            && match &self.end {
                None => true,
                Some(StoredNewsEnd { end: NewsEnd::Told, message, .. }) => {
                    message.is_none_or(|message| message.end != Some(MessageEnd::Delivered))
                }
                Some(StoredNewsEnd {
                    end: NewsEnd::OverUntold | NewsEnd::Elsewhere | NewsEnd::PassedOn | NewsEnd::Dropped,
                    at,
                    ..
                }) => passed.is_some_and(|passed| passed <= *at),
            }
    }
}

impl EventFate {
    pub(super) fn of(stored: &StoredArrival) -> Self {
        if let Some(StoredPass { channel, at, after }) = stored.passed_on.as_ref().filter(|_| stored.is_told_instead())
        {
            let after_seconds = after.map(|after| after.as_secs());
            return Self::ToldInstead { by: channel.clone(), at: *at, after_seconds };
        }
        match (stored.fate, stored.end) {
            (StoredFate::Unchanged, _) => Self::Unchanged { message: stored.message, repeat: stored.repeat() },
            (StoredFate::NothingOpen, _) => Self::NothingOpen,
            (StoredFate::Dropped, _) => Self::dropped(stored.hold.as_ref()),
            (StoredFate::OverUntold, _) => Self::over_untold(stored.after, stored.wait, stored.hold.clone()),
            (StoredFate::KeptBack, _) => match &stored.holding {
                Some(holding) => Self::Held { held_by: Some(holding.clone()) },
                None if stored.hold.as_ref().and_then(StoredHoldReason::operator).is_some() => {
                    Self::dropped(stored.hold.as_ref())
                }
                None => Self::KeptBack { held_by: stored.hold.clone() },
            },
            (StoredFate::News | StoredFate::Held, Some(ended)) => Self::ended(&ended, stored.hold.clone()),
            (StoredFate::News | StoredFate::Held, None) => match stored.now {
                AlertState::Waits { until, timing } => Self::Waits { until, timing },
                AlertState::Held => Self::Held { held_by: stored.holding.clone().or_else(|| stored.hold.clone()) },
                AlertState::GoesAlong | AlertState::Elsewhere => Self::WithNext,
                AlertState::Dropped => Self::dropped(None),
                AlertState::Told { repeat, .. } => Self::Unchanged { message: stored.told_in, repeat },
                AlertState::OverUntold | AlertState::Unknown => Self::over_untold(None, None, stored.hold.clone()),
            },
        }
    }

    fn ended(ended: &StoredNewsEnd, held_by: Option<StoredHoldReason>) -> Self {
        match (ended.end, ended.message) {
            (NewsEnd::Told, Some(message)) => Self::Notified {
                message: Some(message.id),
                at: message.at,
                reason: message.reason.name().to_owned(),
                alerts: message.alerts,
                state: MessageState::of(message.end),
                timing: message.timing,
            },
            (NewsEnd::Told, None) => Self::Notified {
                message: None,
                at: ended.at,
                reason: String::new(),
                alerts: 1,
                state: MessageState::Delivered,
                timing: None,
            },
            (NewsEnd::OverUntold, _) => Self::over_untold(ended.after, ended.wait, held_by),
            (NewsEnd::Dropped, _) => Self::dropped(held_by.as_ref()),
            (NewsEnd::Elsewhere | NewsEnd::PassedOn, _) => Self::Elsewhere { at: ended.at },
        }
    }

    fn dropped(reason: Option<&StoredHoldReason>) -> Self {
        Self::Dropped { dropped: reason.and_then(StoredHoldReason::operator) }
    }

    fn over_untold(after: Option<Duration>, wait: Option<Duration>, held_by: Option<StoredHoldReason>) -> Self {
        let [after_seconds, wait_seconds] = [after, wait].map(|each| each.map(|each| each.as_secs()));
        Self::OverUntold { after_seconds, wait_seconds, held_by }
    }
}

impl StoredArrival {
    /// When the alert is told again, if the last message that told of it is still the one of then.
    fn repeat(&self) -> Option<Timestamp> {
        match self.now {
            AlertState::Told { repeat, .. } if self.told_in == self.message => repeat,
            AlertState::Told { .. }
            | AlertState::Unknown
            | AlertState::Waits { .. }
            | AlertState::GoesAlong
            | AlertState::Held
            | AlertState::Dropped
            | AlertState::Elsewhere
            | AlertState::OverUntold => None,
        }
    }
}

impl EventFate {
    /// Whether the next message may tell it, so that a pause of the channel delays it.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self, Self::Waits { .. } | Self::WithNext | Self::Notified { state: MessageState::Undelivered, .. })
    }
}

impl ChannelFate {
    /// It in words, without the channel; `moment` writes a time.
    #[must_use]
    pub fn text(&self, moment: &dyn Fn(Timestamp) -> String) -> String {
        let values: Vec<String> =
            self.group.iter().map(|GroupValueText { name, value }| format!("{name} {}", quoted(value))).collect();
        let group = if values.is_empty() { String::new() } else { format!("; group {}", values.join(", ")) };
        if let Some(ChannelPause { since, until, because, by }) = &self.paused {
            let (since, until) = (moment(*since), moment(*until));
            return format!("waits: the channel is paused by {by} since {since}, until {until}: {because}{group}");
        }
        let EventFate::Notified { timing, state, .. } = &self.fate else {
            return format!("{}{group}", self.fate.text(moment));
        };
        let timing = timing.and_then(TimingReason::told).map(|why| format!("; {why}")).unwrap_or_default();
        let state = match state {
            MessageState::Delivered => "",
            MessageState::Undelivered => "; the message is not delivered yet",
            MessageState::GivenUp => "; the message was given up",
            MessageState::Dropped => "; the message was dropped",
        };
        format!("{}{group}{timing}{state}", self.fate.text(moment))
    }
}

impl EventFate {
    fn text(&self, moment: &dyn Fn(Timestamp) -> String) -> String {
        match self {
            Self::Notified { message, at, reason, alerts, .. } => {
                let message = message.map(|message| format!(" in message {message}")).unwrap_or_default();
                let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
                let among =
                    if *alerts > 1 { format!(", as one of {}", plural(*alerts, "alert")) } else { String::new() };
                format!("notified at {}{message}{reason}{among}", moment(*at))
            }
            Self::Waits { until, timing } => {
                let why = timing.and_then(TimingReason::waiting).map(|why| format!(": {why}")).unwrap_or_default();
                format!("waits until {}{why}", moment(*until))
            }
            Self::WithNext => "goes along with the next message of its group".to_owned(),
            Self::Unchanged { message, repeat } => {
                let since = message.map_or("it was notified".to_owned(), |message| format!("message {message}"));
                let again = repeat.map(|at| format!("; notified again at {} if it still fires", moment(at)));
                format!("unchanged since {since}{}", again.unwrap_or_default())
            }
            Self::Held { held_by } => held_by.as_ref().map_or_else(|| "held".to_owned(), |by| by.text(moment)),
            Self::KeptBack { held_by } => {
                let held = held_by.as_ref().map_or_else(|| "held".to_owned(), |by| by.text(moment));
                format!("not sent as it came: {held}")
            }
            Self::Elsewhere { at } => {
                format!("not notified: a later firing was routed elsewhere at {}", moment(*at))
            }
            Self::OverUntold { after_seconds, wait_seconds, held_by } => {
                let over = match after_seconds {
                    Some(seconds) => {
                        let after = DurationText(Duration::from_secs(*seconds));
                        match wait_seconds.filter(|wait| wait > seconds).map(Duration::from_secs) {
                            Some(wait) => {
                                format!("over after {after}, before its wait of {} ended", DurationText(wait))
                            }
                            None => format!("over after {after}, before it was notified"),
                        }
                    }
                    None => "over before it was notified".to_owned(),
                };
                held_by.as_ref().map_or_else(|| over.clone(), |by| format!("{over}: {}", by.text(moment)))
            }
            Self::ToldInstead { by, at, after_seconds } => {
                let why = match after_seconds {
                    Some(seconds) => {
                        format!("it was not delivered for {}", DurationText(Duration::from_secs(*seconds)))
                    }
                    None => "its message was given up".to_owned(),
                };
                format!("told in {by} instead at {}, because {why}", moment(*at))
            }
            Self::Dropped { dropped } => {
                dropped.as_ref().map_or_else(|| "dropped by an operator".to_owned(), |dropped| dropped.text(moment))
            }
            Self::NothingOpen => "nothing to tell: its alert did not fire in this channel".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ChannelFate, EventFate, StoredArrival, StoredFate, StoredNewsEnd, StoredPass};
    use crate::gateway::journal::NewsEnd;
    use crate::notification::AlertState;
    use crate::time::Timestamp;
    use std::time::Duration;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_epoch_milliseconds(seconds * 1_000)
    }

    fn text(arrival: &StoredArrival) -> String {
        let fate = EventFate::of(arrival);
        let fate = ChannelFate { channel: "page".to_owned(), group: Vec::new(), paused: None, fate };
        fate.text(&|at| format!("+{}s", at.epoch_milliseconds() / 1_000))
    }

    /// News that came, with what was passed on and how it ended.
    fn news(passed_on: Option<StoredPass>, end: Option<StoredNewsEnd>) -> StoredArrival {
        StoredArrival {
            fate: StoredFate::News,
            message: None,
            after: None,
            wait: None,
            end,
            passed_on,
            now: AlertState::GoesAlong,
            told_in: None,
            hold: None,
            holding: None,
        }
    }

    fn passed(after: Option<Duration>) -> StoredPass {
        StoredPass { channel: "chat".to_owned(), at: at(300), after }
    }

    fn over(seconds: i64) -> StoredNewsEnd {
        let after = Some(Duration::from_secs(seconds.unsigned_abs()));
        StoredNewsEnd { end: NewsEnd::OverUntold, at: at(seconds), message: None, after, wait: None }
    }

    #[test]
    fn the_fallback_that_was_told_is_named_and_why() {
        let overdue = passed(Some(Duration::from_mins(5)));
        let late = "told in chat instead at +300s, because it was not delivered for 5m";
        assert_eq!(text(&news(Some(overdue.clone()), None)), late);
        assert_eq!(text(&news(Some(overdue.clone()), Some(over(400)))), late, "it was over later");
        let refused = "told in chat instead at +300s, because its message was given up";
        assert_eq!(text(&news(Some(passed(None)), None)), refused);
        assert_eq!(text(&news(Some(overdue), Some(over(200)))), "over after 3m20s, before it was notified");
        assert_eq!(text(&news(None, None)), "goes along with the next message of its group");
    }
}
