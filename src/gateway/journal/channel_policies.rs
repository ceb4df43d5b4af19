//! How the channels of the rules in force gather messages.

use crate::channel::{NotificationPolicy, RecoveryPolicy, RepeatPolicy, WaitRange};
use std::collections::BTreeMap;
use std::time::Duration;

/// The channels that gather messages, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelPolicies(BTreeMap<String, NotificationPolicy>);

impl ChannelPolicies {
    /// The policy of a channel; nothing where it sends every event.
    #[must_use]
    pub fn get(&self, channel: &str) -> Option<NotificationPolicy> {
        self.0.get(channel).copied()
    }

    /// Whether every channel sends every event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and policies, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, NotificationPolicy)> {
        self.0.iter().map(|(name, policy)| (name.as_str(), *policy))
    }
}

impl FromIterator<(String, NotificationPolicy)> for ChannelPolicies {
    /// Channels that send every event are left out.
    fn from_iter<I: IntoIterator<Item = (String, NotificationPolicy)>>(channels: I) -> Self {
        Self(channels.into_iter().filter(|(_, policy)| policy.repeat != RepeatPolicy::EveryEvent).collect())
    }
}

/// What a channel does by the rules in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelUse {
    /// It gathers messages.
    Gathers(NotificationPolicy),
    /// It sends every event as it comes.
    SendsEvents,
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
