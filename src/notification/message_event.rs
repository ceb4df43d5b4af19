//! What a message says: an event, as every kind of channel renders one, and the facts of its group.

use super::message::MessageReason;
use super::record::GroupId;
use crate::event::{AlertStatus, Event, Labels, Severity};
use crate::json::{Arena, ToJson as _};
use crate::text::hex;
use crate::time::Timestamp;
use serde_json::{Map, Value};

/// The key of a group that has values: the same from its first message to its end.
#[must_use]
pub fn group_key(group: GroupId) -> String {
    format!("group:{}", hex(&group.0))
}

/// One value of `group_by`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedValue {
    /// The name of the label, the field or the define.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What a message says of its group: `group.` in templates and bodies.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupFacts {
    /// Why it was made.
    pub reason: &'static str,
    /// Alerts that were notified and fire, after this message.
    pub firing: u32,
    /// Those of them that were told Critical.
    pub critical: u32,
    /// Alerts whose end it tells.
    pub resolved: u32,
    /// Alerts that fire, were not told, and are held by a mute or silence.
    pub muted: u32,
    /// Alerts of which it is news.
    pub news: u32,
    /// Changes since the last message.
    pub changes: u32,
    /// When the group began; nothing where the channel has no groups.
    pub since: Option<Timestamp>,
    /// The worst and newest of its alerts, as the JSON of their events with what is news of each.
    pub alerts: Vec<Value>,
}

impl GroupFacts {
    /// The facts of one event that goes out as it comes.
    #[must_use]
    pub fn of_event(event: &Event<'_>, reason: MessageReason) -> Self {
        let is_firing = event.status == AlertStatus::Firing;
        let is_critical = is_firing && event.severity == Severity::Critical;
        Self {
            reason: reason.name(),
            firing: u32::from(is_firing),
            critical: u32::from(is_critical),
            resolved: u32::from(!is_firing),
            muted: 0,
            news: 1,
            changes: 1,
            since: None,
            alerts: vec![event.to_value()],
        }
    }

    /// As JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut members = Map::new();
        members.insert("reason".to_owned(), self.reason.into());
        let counts = [
            ("firing", self.firing),
            ("critical", self.critical),
            ("resolved", self.resolved),
            ("muted", self.muted),
            ("news", self.news),
            ("changes", self.changes),
        ];
        members.extend(counts.into_iter().map(|(name, count)| (name.to_owned(), count.into())));
        members.extend(self.since.map(|since| ("since".to_owned(), since.to_string().into())));
        members.insert("alerts".to_owned(), self.alerts.clone().into());
        Value::Object(members)
    }
}

/// A message as an event. It owns its texts, so that it outlives the alerts that it tells of.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageEvent {
    /// The worst severity that fires; of a recovery, the worst that had been told.
    pub severity: Severity,
    /// Firing while anything that was told fires.
    pub status: AlertStatus,
    /// The title of the alert where it tells of one, otherwise a count with what all share.
    pub title: String,
    /// The key of the group, or of the alert that stands alone.
    pub key: String,
    /// The description of the alert where it tells of one, otherwise a summary.
    pub description: Option<String>,
    /// The labels that all alerts share, and the labels of `group_by`.
    pub labels: Vec<(String, String)>,
    /// When the first of the alerts began.
    pub starts_at: Option<Timestamp>,
    /// When the last of the alerts ended, where all are over.
    pub ends_at: Option<Timestamp>,
    /// The link that all alerts share.
    pub link: Option<String>,
    /// The source that all alerts share.
    pub source: String,
    /// The integration that all alerts share.
    pub integration: Option<String>,
    /// What it says of its group.
    pub group: GroupFacts,
}

impl MessageEvent {
    /// One event that goes out as it comes.
    #[must_use]
    pub fn of_event(event: &Event<'_>, reason: MessageReason) -> Self {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Self {
            severity: event.severity,
            status: event.status,
            title: event.title.to_owned(),
            key: event.key.to_owned(),
            description: text(event.description),
            labels: owned(event.labels),
            starts_at: event.starts_at,
            ends_at: event.ends_at,
            link: text(event.link),
            source: event.source.to_owned(),
            integration: text(event.integration),
            group: GroupFacts::of_event(event, reason),
        }
    }

    /// About how much memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let labels: usize =
            self.labels.iter().map(|(name, value)| name.len() + value.len() + size_of::<String>()).sum();
        let texts = self.title.len() + self.key.len() + self.source.len();
        let optional = optional(&self.description) + optional(&self.link) + optional(&self.integration);
        size_of::<Self>() + labels + texts + optional + self.group.alerts.iter().map(json_bytes).sum::<usize>()
    }

    /// The event, for rendering.
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
}

pub(super) fn owned(labels: Labels<'_>) -> Vec<(String, String)> {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// About how much memory JSON takes. Events nest three levels deep.
fn json_bytes(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(json_bytes).sum(),
            Value::Object(members) => members.iter().map(|(name, value)| name.len() + json_bytes(value)).sum(),
        }
}
