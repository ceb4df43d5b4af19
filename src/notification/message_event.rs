//! What a message says: an event, as every kind of channel renders one, and the facts of its group.

use super::message::MessageReason;
use super::record::GroupId;
use crate::event::{Event, GroupFacts, Labels, OwnedEvent};
use crate::text::hex;
use serde_json::Value;

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
        Self { event: OwnedEvent::of(event), group: GroupFacts::of_event(event, reason.name()) }
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
