//! What the rules say of a channel: when and how often it tells people, and which alerts it tells together.

use crate::channel::NotificationPolicy;
use crate::evaluate::{EvaluationContext, SilentObserver};
use crate::event::Event;
use crate::notification::NamedValue;
use crate::ruleset::RuleSet;
use crate::time::Timestamp;

/// The policy of a channel.
pub(super) fn policy(rules: &RuleSet, channel: &str) -> NotificationPolicy {
    rules.policy(channel).unwrap_or(NotificationPolicy::EVERY_EVENT)
}

/// The values of `group_by` for an event; nothing where it stands alone.
pub(super) fn group_values(
    rules: &RuleSet,
    channel: &str,
    event: &Event<'_>,
    now: Timestamp,
) -> Option<Vec<NamedValue>> {
    let values = rules.group_values(channel, event, &EvaluationContext::at(now), &mut SilentObserver).ok()?;
    let named = values.into_iter().map(|(name, value)| Some(NamedValue { name: name.to_owned(), value: value? }));
    named.collect::<Option<Vec<_>>>().filter(|values| !values.is_empty())
}
