//! What has happened to an event in all its channels, in one word, for listings.

use super::notification::{NewsEnd, StoredFate};
use serde::{Deserialize, Serialize};

/// What has happened to an event. Where it differs among channels, the last of these counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// It was over, routed elsewhere or dropped before it was told; or it ended what was not told.
    Untold,
    /// It agreed with what its channels were told.
    Unchanged,
    /// It was told, or has deliveries.
    Sent,
    /// It waits for the next message.
    Waiting,
    /// A mute or silence holds it.
    Held,
}

impl EventState {
    /// It as one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Untold => "untold",
            Self::Unchanged => "unchanged",
            Self::Sent => "sent",
            Self::Waiting => "waiting",
            Self::Held => "held",
        }
    }

    /// What it is in a channel, by what was noted when it came, how its news ended since, and what its alert is there now.
    #[must_use]
    pub fn of(fate: StoredFate, end: Option<NewsEnd>, now: AlertNow) -> Self {
        match fate {
            StoredFate::Unchanged => Self::Unchanged,
            StoredFate::KeptBack if now == AlertNow::Held => Self::Held,
            StoredFate::KeptBack | StoredFate::OverUntold | StoredFate::NothingOpen | StoredFate::Dropped => {
                Self::Untold
            }
            StoredFate::News | StoredFate::Held => Self::of_news(end, now),
        }
    }

    fn of_news(end: Option<NewsEnd>, now: AlertNow) -> Self {
        match (end, now) {
            (Some(NewsEnd::Told | NewsEnd::PassedOn), _) | (None, AlertNow::Told) => Self::Sent,
            (Some(NewsEnd::OverUntold | NewsEnd::Elsewhere | NewsEnd::Dropped), _) | (None, AlertNow::Unknown) => {
                Self::Untold
            }
            (None, AlertNow::Held) => Self::Held,
            (None, AlertNow::Waits) => Self::Waiting,
        }
    }
}

/// What an alert is in a channel now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertNow {
    /// A mute or silence holds it.
    Held,
    /// It has news for the next message.
    Waits,
    /// It was told.
    Told,
    /// None of these.
    Unknown,
}
