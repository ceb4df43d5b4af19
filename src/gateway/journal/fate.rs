//! What an event is for a channel that gathers messages, as it is known now: notified, waiting, unchanged, or over before.

use super::holds::StoredHoldReason;
use super::notification::{NewsEnd, StoredFate};
use crate::notification::{AlertState, MessageEnd, MessageReason};
use crate::text::plural;
use crate::time::{DurationText, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What an event is for a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelFate {
    /// The channel.
    pub channel: String,
    /// What it is for it.
    #[serde(flatten)]
    pub fate: EventFate,
}

/// What an event is for a channel that gathers messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum EventFate {
    /// A message told it.
    Notified {
        /// The message's number in its channel.
        message: u64,
        /// When it was made.
        at: Timestamp,
        /// Why.
        reason: String,
        /// Of how many alerts it is news.
        alerts: u32,
        /// Whether it was delivered.
        state: MessageState,
    },
    /// Its group is due then; it may be told later, with much else.
    Waits {
        /// When.
        until: Timestamp,
    },
    /// It goes along with the next message of its group.
    WithNext,
    /// It agreed with what the channel was told.
    Unchanged {
        /// The last message that told of its alert until then; nothing where that was before messages were gathered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<u64>,
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
        /// What kept it from being told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held_by: Option<StoredHoldReason>,
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
}

impl MessageState {
    /// The state of a message that ended so, or that did not end.
    pub(super) fn of(end: Option<MessageEnd>) -> Self {
        match end {
            None => Self::Undelivered,
            Some(MessageEnd::Delivered) => Self::Delivered,
            Some(MessageEnd::Expired | MessageEnd::Refused) => Self::GivenUp,
        }
    }
}

/// A message, as far as fates show it.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredMessage {
    pub(super) number: u64,
    pub(super) at: Timestamp,
    pub(super) reason: MessageReason,
    pub(super) alerts: u32,
    pub(super) end: Option<MessageEnd>,
}

/// What is stored of an event in a channel.
#[derive(Debug, Clone)]
pub(super) struct StoredArrival {
    pub(super) fate: StoredFate,
    /// The last message that told of its alert when it came.
    pub(super) message: Option<u64>,
    /// For how long it had been news, where it ended that.
    pub(super) after: Option<Duration>,
    /// How the news of its alert ended since, and when.
    pub(super) end: Option<(NewsEnd, Timestamp, Option<StoredMessage>)>,
    /// What the channel knows of the alert now.
    pub(super) now: AlertState,
    /// What held it when it came, or until it was over.
    pub(super) hold: Option<StoredHoldReason>,
    /// What holds its alert now.
    pub(super) holding: Option<StoredHoldReason>,
}

impl EventFate {
    pub(super) fn of(stored: &StoredArrival) -> Self {
        match (stored.fate, stored.end) {
            (StoredFate::Unchanged, _) => Self::Unchanged { message: stored.message },
            (StoredFate::NothingOpen, _) => Self::NothingOpen,
            (StoredFate::OverUntold, _) => Self::OverUntold {
                after_seconds: stored.after.map(|after| after.as_secs()),
                held_by: stored.hold.clone(),
            },
            (StoredFate::KeptBack, _) => match &stored.holding {
                Some(holding) => Self::Held { held_by: Some(holding.clone()) },
                None => Self::KeptBack { held_by: stored.hold.clone() },
            },
            (StoredFate::News | StoredFate::Held, Some((NewsEnd::Told, at, message))) => match message {
                Some(message) => Self::Notified {
                    message: message.number,
                    at: message.at,
                    reason: message.reason.name().to_owned(),
                    alerts: message.alerts,
                    state: MessageState::of(message.end),
                },
                None => {
                    Self::Notified { message: 0, at, reason: String::new(), alerts: 1, state: MessageState::Delivered }
                }
            },
            (StoredFate::News | StoredFate::Held, Some((NewsEnd::OverUntold, ..))) => {
                Self::OverUntold { after_seconds: None, held_by: stored.hold.clone() }
            }
            (StoredFate::News | StoredFate::Held, Some((NewsEnd::Elsewhere, at, _))) => Self::Elsewhere { at },
            (StoredFate::News | StoredFate::Held, None) => match stored.now {
                AlertState::Waits { until } => Self::Waits { until },
                AlertState::Held => Self::Held { held_by: stored.holding.clone().or_else(|| stored.hold.clone()) },
                AlertState::GoesAlong | AlertState::Elsewhere => Self::WithNext,
                AlertState::Told { message, .. } => Self::Unchanged { message: Some(message.0) },
                AlertState::OverUntold | AlertState::Unknown => {
                    Self::OverUntold { after_seconds: None, held_by: stored.hold.clone() }
                }
            },
        }
    }
}

impl EventFate {
    /// It in words; `moment` writes a time.
    #[must_use]
    pub fn text(&self, moment: &dyn Fn(Timestamp) -> String) -> String {
        match self {
            Self::Notified { message, at, reason, alerts, state } => {
                let among =
                    if *alerts > 1 { format!(", as one of {}", plural(*alerts, "alert")) } else { String::new() };
                let state = match state {
                    MessageState::Delivered => "",
                    MessageState::Undelivered => "; the message is not delivered yet",
                    MessageState::GivenUp => "; the message was given up",
                };
                format!("notified at {} in message {message} ({reason}){among}{state}", moment(*at))
            }
            Self::Waits { until } => format!("waits until {}", moment(*until)),
            Self::WithNext => "goes along with the next message of its group".to_owned(),
            Self::Unchanged { message: Some(message) } => format!("unchanged since message {message}"),
            Self::Unchanged { message: None } => "unchanged since it was notified".to_owned(),
            Self::Held { held_by } => held_by.as_ref().map_or_else(|| "held".to_owned(), |by| by.text(moment)),
            Self::KeptBack { held_by } => {
                let held = held_by.as_ref().map_or_else(|| "held".to_owned(), |by| by.text(moment));
                format!("not sent as it came: {held}")
            }
            Self::Elsewhere { at } => {
                format!("not notified: a later firing was routed elsewhere at {}", moment(*at))
            }
            Self::OverUntold { after_seconds, held_by } => {
                let over = match after_seconds {
                    Some(seconds) => {
                        format!("over after {}, before it was notified", DurationText(Duration::from_secs(*seconds)))
                    }
                    None => "over before it was notified".to_owned(),
                };
                held_by.as_ref().map_or_else(|| over.clone(), |by| format!("{over}: {}", by.text(moment)))
            }
            Self::NothingOpen => "nothing to tell: its alert did not fire in this channel".to_owned(),
        }
    }
}
