//! The last event of an alert, which messages are made of later.

use crate::event::{AlertStatus, Event, Labels, Severity};
use crate::json::Arena;
use crate::time::Timestamp;

/// An event that owns its texts. Notes are left out: no message has them.
#[derive(Debug)]
pub(super) struct StoredEvent {
    severity: Severity,
    status: AlertStatus,
    title: Box<str>,
    key: Box<str>,
    description: Option<Box<str>>,
    labels: Box<[(Box<str>, Box<str>)]>,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    link: Option<Box<str>>,
    source: Box<str>,
    integration: Option<Box<str>>,
    /// When it came.
    pub(super) at: Timestamp,
}

impl StoredEvent {
    /// An event that came at that time.
    pub(super) fn of(event: &Event<'_>, at: Timestamp) -> Self {
        let text = |text: Option<&str>| text.map(Box::from);
        Self {
            severity: event.severity,
            status: event.status,
            title: event.title.into(),
            key: event.key.into(),
            description: text(event.description),
            labels: event.labels.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            starts_at: event.starts_at,
            ends_at: event.ends_at,
            link: text(event.link),
            source: event.source.into(),
            integration: text(event.integration),
            at,
        }
    }

    /// The event.
    pub(super) fn event<'a>(&'a self, arena: &'a Arena) -> Event<'a> {
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

    /// The key.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let optional = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        let labels: usize = self.labels.iter().map(|(name, value)| name.len() + value.len() + 32).sum();
        let texts = self.title.len() + self.key.len() + self.source.len();
        let optional = optional(&self.description) + optional(&self.link) + optional(&self.integration);
        size_of::<Self>() + labels + texts + optional
    }
}
