//! What a message tells: its alerts with their last events, and how its channel renders it.

use super::{EventId, MessageUlid};
use crate::event::{AlertStatus, Severity};
use crate::notification::{AlertId, MessageEnd, MessageNews, MessageRecord, NamedValue, NewsKind};
use crate::time::Timestamp;
use std::cmp::Reverse;

/// An alert of which a channel is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToldAlert {
    /// Which.
    pub alert: AlertId,
    /// The severity that it has, or, where it is over, that was told.
    pub severity: Severity,
    /// What is news of it; nothing where it fires as it was told.
    pub news: Option<NewsKind>,
}

impl ToldAlert {
    /// The alerts of a message's news, the worst and newest first, at most so many.
    #[must_use]
    pub fn of_message(message: &MessageRecord, most: usize) -> Vec<Self> {
        let rank = |news: &&MessageNews| (Reverse(news.now.or(news.before)), Reverse(news.since), news.alert);
        let mut news: Vec<&MessageNews> = message.news.iter().collect();
        if news.len() > most {
            news.select_nth_unstable_by_key(most, rank);
            news.truncate(most);
        }
        news.sort_unstable_by_key(rank);
        news.into_iter().filter_map(Self::of_news).collect()
    }

    fn of_news(news: &MessageNews) -> Option<Self> {
        Some(Self { alert: news.alert, severity: news.now.or(news.before)?, news: Some(news.kind) })
    }
}

/// The last event of an alert in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageAlert {
    /// The alert.
    pub alert: AlertId,
    /// What is news of it; nothing where it fires as it was told.
    pub news: Option<NewsKind>,
    /// The severity that it has, or, where it is over, that was told.
    pub severity: Severity,
    /// Its last event.
    pub event: EventId,
    /// When that came.
    pub at: Timestamp,
    /// The integration.
    pub integration: String,
    /// The outcome, in the JSON of `event::Outcome`.
    pub outcome: String,
}

/// What a message tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageContent {
    /// The id by which operators name it.
    pub id: MessageUlid,
    /// Its alerts by rising id, with their last events: those that are news, or where it tells nothing new, those that fire.
    pub alerts: Vec<MessageAlert>,
    /// The values that all its groups share.
    pub values: Vec<NamedValue>,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUpMessage {
    /// Why.
    pub end: MessageEnd,
    /// Firing while anything that it told fired.
    pub status: AlertStatus,
    /// The alerts that it told of.
    pub alerts: Vec<AlertId>,
}

/// A rendered message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedMessage {
    /// The channel's kind; no other kind sends it.
    pub kind: &'static str,
    /// The key that operators see and select by.
    pub key: String,
    /// Its title, as lists show it.
    pub title: String,
    /// The unsigned body; none where nothing is sent, and the message counts as delivered at once.
    pub body: Option<Vec<u8>>,
    /// Notes of the rendering.
    pub notes: Vec<String>,
}
