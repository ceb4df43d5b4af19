//! The group of an event in a channel that gathers messages.

use crate::event::Event;
use crate::gateway::served_rules::ServedRules;
use crate::notification::{AlertId, GroupId, NamedValue};
use crate::time::Timestamp;

/// The group of an event, and its values.
pub(super) struct EventGroup {
    pub(super) group: GroupId,
    pub(super) values: Vec<NamedValue>,
}

/// The group by the values of `group_by`; that of the alert alone where there are none, or one is missing.
pub(super) fn event_group(
    _rules: &ServedRules,
    _channel: &str,
    _event: &Event<'_>,
    alert: AlertId,
    _now: Timestamp,
) -> EventGroup {
    EventGroup { group: GroupId::of_alert(alert), values: Vec::new() }
}
