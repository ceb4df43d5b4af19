//! An event that outlives what it was read from.

use super::{AlertStatus, Event, Labels, Severity};
use crate::json::Arena;
use crate::time::Timestamp;

/// An event that owns its texts. Notes are left out: they are for the authors of rules, and no message has them.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedEvent {
    /// The severity.
    pub severity: Severity,
    /// Whether the alert is firing.
    pub status: AlertStatus,
    /// A summary of one line.
    pub title: String,
    /// The deduplication key.
    pub key: String,
    /// A longer text.
    pub description: Option<String>,
    /// The labels.
    pub labels: Vec<(String, String)>,
    /// When the problem began.
    pub starts_at: Option<Timestamp>,
    /// When the problem ended.
    pub ends_at: Option<Timestamp>,
    /// A URL with more information.
    pub link: Option<String>,
    /// The source.
    pub source: String,
    /// The integration that received the payload.
    pub integration: Option<String>,
}

impl OwnedEvent {
    /// A copy of an event.
    #[must_use]
    pub fn of(event: &Event<'_>) -> Self {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Self {
            severity: event.severity,
            status: event.status,
            title: event.title.to_owned(),
            key: event.key.to_owned(),
            description: text(event.description),
            labels: event.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            starts_at: event.starts_at,
            ends_at: event.ends_at,
            link: text(event.link),
            source: event.source.to_owned(),
            integration: text(event.integration),
        }
    }

    /// The event.
    #[must_use]
    pub fn event<'a>(&'a self, arena: &'a Arena) -> Event<'a> {
        Event {
            severity: self.severity,
            status: self.status,
            title: &self.title,
            key: &self.key,
            description: self.description.as_deref(),
            labels: Labels::of(self.labels.iter().map(|(name, value)| (&**name, &**value)), arena),
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            link: self.link.as_deref(),
            source: &self.source,
            integration: self.integration.as_deref(),
            notes: &[],
        }
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let label = size_of::<(String, String)>();
        let labels: usize = self.labels.iter().map(|(name, value)| name.len() + value.len() + label).sum();
        let texts = self.title.len() + self.key.len() + self.source.len();
        let optional = optional(&self.description) + optional(&self.link) + optional(&self.integration);
        size_of::<Self>() + labels + texts + optional
    }
}
