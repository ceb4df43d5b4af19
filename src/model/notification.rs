//! When and how often a channel tells people about alerts, as its rules say.

use super::{Channel, Expression, Literal, ParameterValue};
use crate::channel::notification::{
    DEFAULT_FALLBACK_AFTER, EACH, FALLBACK, FALLBACK_AFTER, NEVER, RECOVERIES, REPEAT, WAIT, WAIT_CRITICAL,
};
use crate::channel::{
    Audience, ChannelKind, NotificationPolicy, RATE, RecoveryPolicy, RepeatPolicy, Transport, WaitRange,
};
use crate::json::Number;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// A value by which a channel groups alerts.
#[derive(Debug)]
pub struct GroupValue {
    /// The name of its label, field or define.
    pub name: Box<str>,
    /// The value, over the event.
    pub value: Expression,
}

impl Channel {
    /// When and how often it tells people about alerts.
    #[must_use]
    pub fn policy(&self) -> NotificationPolicy {
        NotificationParameters { kind: self.kind, given: &self.parameters }.policy()
    }

    /// The values by which it groups alerts; none where every alert stands alone.
    #[must_use]
    pub fn group_values(&self) -> Option<&Arc<[GroupValue]>> {
        self.parameters.iter().find_map(|(_, value)| match value {
            ParameterValue::GroupValues(values) => Some(values),
            ParameterValue::Literal(_)
            | ParameterValue::Duration(_)
            | ParameterValue::Wait(_)
            | ParameterValue::Secret(_)
            | ParameterValue::SecretText(_)
            | ParameterValue::List(_)
            | ParameterValue::Object(_)
            | ParameterValue::Expression(_)
            | ParameterValue::Channel => None,
        })
    }
}

/// The parameters of a channel that say when and how often it tells people.
#[derive(Debug, Clone, Copy)]
pub struct NotificationParameters<'m> {
    /// The kind, for the defaults.
    pub kind: &'static ChannelKind,
    /// The parameters that the rules give.
    pub given: &'m [(Box<str>, ParameterValue)],
}

impl NotificationParameters<'_> {
    /// What they say.
    #[must_use]
    pub fn policy(self) -> NotificationPolicy {
        let repeat = self.repeat();
        if repeat == RepeatPolicy::EveryEvent {
            return NotificationPolicy { fallback_after: self.fallback_after(), ..NotificationPolicy::EVERY_EVENT };
        }
        NotificationPolicy {
            repeat,
            wait: self.wait(),
            wait_critical: self.wait_critical(),
            recoveries: match self.word(RECOVERIES.name) {
                Some(EACH) => RecoveryPolicy::Each,
                Some(NEVER) => RecoveryPolicy::Never,
                Some(_) | None => RecoveryPolicy::Group,
            },
            rate: self.rate(),
            gathers_storms: self.kind.audience == Audience::People,
            fallback_after: self.fallback_after(),
        }
    }

    /// When what still fires is told again.
    #[must_use]
    pub fn repeat(self) -> RepeatPolicy {
        if let Some(ParameterValue::Duration(after)) = self.value(REPEAT.name) {
            return RepeatPolicy::After(*after);
        }
        match self.word(REPEAT.name) {
            Some(NEVER) => RepeatPolicy::Never,
            Some(_) => RepeatPolicy::EveryEvent,
            None => self.kind.default_repeat(),
        }
    }

    fn wait(self) -> WaitRange {
        if let Some(ParameterValue::Wait(wait)) = self.value(WAIT.name) { *wait } else { WaitRange::NONE }
    }

    fn wait_critical(self) -> Duration {
        if let Some(ParameterValue::Duration(wait)) = self.value(WAIT_CRITICAL.name) { *wait } else { Duration::ZERO }
    }

    /// How long news may be due and undelivered before the fallback is told, where there is one.
    fn fallback_after(self) -> Option<Duration> {
        self.value(FALLBACK.name)?;
        match self.value(FALLBACK_AFTER.name) {
            Some(ParameterValue::Duration(after)) => Some(*after),
            _ => Some(DEFAULT_FALLBACK_AFTER),
        }
    }

    /// The most messages in a minute: what the rules give, or else the limit of the kind.
    fn rate(self) -> Option<NonZeroU32> {
        if let Some(ParameterValue::Literal(Literal::Number(Number::Natural(rate)))) = self.value(RATE.spec.name) {
            return u32::try_from(*rate).ok().and_then(NonZeroU32::new);
        }
        match self.kind.transport {
            Transport::Http(http) => http.limits.per_minute.and_then(NonZeroU32::new),
            Transport::File | Transport::Stdout | Transport::Discard => None,
        }
    }

    fn value(&self, name: &str) -> Option<&ParameterValue> {
        self.given.iter().find(|(given, _)| **given == *name).map(|(_, value)| value)
    }

    fn word(&self, name: &str) -> Option<&str> {
        if let Some(ParameterValue::Literal(Literal::Text(word))) = self.value(name) { Some(word) } else { None }
    }
}
