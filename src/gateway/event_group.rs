//! The group of an event in a channel that gathers messages.

use crate::evaluate::{EvaluationContext, SilentObserver, group_values};
use crate::event::{AlertStatus, Event};
use crate::gateway::served_rules::ServedRules;
use crate::notification::{AlertId, GroupId, NamedValue};
use crate::time::Timestamp;

/// The group of an event, and its values.
pub(super) struct EventGroup {
    pub(super) group: GroupId,
    pub(super) values: Vec<NamedValue>,
}

/// The group by the values of `group_by`; that of the alert alone where there are none, or one is missing. A recovery ends its
/// alert in whatever group that is.
pub(super) fn event_group(
    rules: &ServedRules,
    channel: &str,
    event: &Event<'_>,
    alert: AlertId,
    now: Timestamp,
) -> EventGroup {
    let values = match event.status {
        AlertStatus::Firing => named_values(rules, channel, event, now).unwrap_or_default(),
        AlertStatus::Resolved => Vec::new(),
    };
    let group = if values.is_empty() { GroupId::of_alert(alert) } else { GroupId::of_values(&values) };
    EventGroup { group, values }
}

/// The values of `group_by`; nothing where one is missing.
fn named_values(rules: &ServedRules, channel: &str, event: &Event<'_>, now: Timestamp) -> Option<Vec<NamedValue>> {
    let program = &rules.rules.program;
    let position = *program.names.channels.get(channel)?;
    let values = group_values(program, position, event, &EvaluationContext::at(now), &mut SilentObserver);
    let named = |(name, value): (&str, Option<String>)| Some(NamedValue { name: name.to_owned(), value: value? });
    values.into_iter().map(named).collect()
}
