//! What a message says: an event, as every kind of channel renders one, and the facts of its group.

use super::message::MessageReason;
use super::record::GroupId;
use crate::event::{AlertStatus, Event, Labels, OwnedEvent, Severity};
use crate::json::ToJson as _;
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
///
/// Of the event, the severity is the worst that fires, and of a recovery the worst that had been told. It is firing while
/// anything that was told fires. Title and description are those of the alert where it tells of one, otherwise a count and a
/// summary. The key is that of the group, or of the alert that stands alone. Labels, link, source and integration are those
/// that all alerts share, with the values of `group_by` among the labels. It starts when the first of the alerts began, and
/// ends when the last one ended.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageEvent {
    /// What every kind of channel renders.
    pub event: OwnedEvent,
    /// What it says of its group.
    pub group: GroupFacts,
}

impl MessageEvent {
    /// One event that goes out as it comes.
    #[must_use]
    pub fn of_event(event: &Event<'_>, reason: MessageReason) -> Self {
        Self { event: OwnedEvent::of(event), group: GroupFacts::of_event(event, reason) }
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<GroupFacts>() + self.event.bytes() + self.group.alerts.iter().map(json_bytes).sum::<usize>()
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
