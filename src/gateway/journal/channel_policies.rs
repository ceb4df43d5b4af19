//! How the channels of the rules in force gather messages.

use crate::channel::{NotificationPolicy, RecoveryPolicy, RepeatPolicy, WaitRange};
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// The channels that gather messages, and how; and those that get every event and have a fallback.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelPolicies {
    gather: BTreeMap<String, NotificationPolicy>,
    /// How long an event may be undelivered.
    send: BTreeMap<String, Duration>,
}

impl ChannelPolicies {
    /// The policy of a channel; nothing where it sends every event.
    #[must_use]
    pub fn get(&self, channel: &str) -> Option<NotificationPolicy> {
        self.gather.get(channel).copied()
    }

    /// Whether every channel sends every event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gather.is_empty()
    }

    /// Names and policies, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, NotificationPolicy)> {
        self.gather.iter().map(|(name, policy)| (name.as_str(), *policy))
    }

    /// How long an event of a channel that gets every event may be undelivered before its fallback is told, where it has one.
    #[must_use]
    pub fn fallback_after(&self, channel: &str) -> Option<Duration> {
        self.send.get(channel).copied()
    }

    /// The channels that get every event and have a fallback, by name.
    pub fn with_fallback(&self) -> impl Iterator<Item = &str> {
        self.send.keys().map(String::as_str)
    }
}

impl FromIterator<(String, NotificationPolicy)> for ChannelPolicies {
    /// Of channels that send every event, only the fallback counts.
    fn from_iter<I: IntoIterator<Item = (String, NotificationPolicy)>>(channels: I) -> Self {
        let mut policies = Self::default();
        for (name, policy) in channels {
            if policy.repeat != RepeatPolicy::EveryEvent {
                policies.gather.insert(name, policy);
            } else if let Some(after) = policy.fallback_after {
                policies.send.insert(name, after);
            }
        }
        policies
    }
}

/// What a channel does by the rules in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelUse {
    /// It gathers messages.
    Gathers(NotificationPolicy),
    /// It sends every event as it comes.
    SendsEvents {
        /// From when on its fallback is told of events that fell due before it had a chance to send them: some time after a start or
        /// a load of rules.
        fallback_from: Timestamp,
    },
    /// The rules no longer have it.
    Removed,
}

/// The policy by which a channel tells what it gathered although it gathers no more: at once, ends included.
pub const LAST_WORDS: NotificationPolicy = NotificationPolicy {
    repeat: RepeatPolicy::Never,
    wait: WaitRange::NONE,
    wait_critical: Duration::ZERO,
    recoveries: RecoveryPolicy::Each,
    rate: None,
    gathers_storms: true,
    fallback_after: None,
};
