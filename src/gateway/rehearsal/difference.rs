//! What two rule sets would have told differently about the same pushes.

use super::report::{ChannelRehearsal, RehearsalReport};
use crate::notification::MessageReason;
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The difference between two rehearsals of the same pushes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RehearsalDifference {
    /// The channels of either, by name.
    pub channels: Vec<ChannelDifference>,
}

/// What differs for a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChannelDifference {
    /// The channel.
    pub channel: String,
    /// Messages by the rules that are compared with.
    pub before: u64,
    /// Messages by the rules that are rehearsed.
    pub after: u64,
    /// By how many the messages of each reason differ; equal ones are left out.
    pub reasons: BTreeMap<&'static str, i64>,
    /// The longest wait of a Critical by the first; nothing where none was told.
    #[serde(rename = "critical_seconds_before", serialize_with = "seconds")]
    pub critical_before: Option<Duration>,
    /// The longest wait of a Critical by the second.
    #[serde(rename = "critical_seconds_after", serialize_with = "seconds")]
    pub critical_after: Option<Duration>,
}

impl RehearsalDifference {
    /// What `after` tells differently than `before`.
    #[must_use]
    pub fn between(before: &RehearsalReport, after: &RehearsalReport) -> Self {
        let names: BTreeSet<&str> =
            before.channels.iter().chain(&after.channels).map(|channel| channel.channel.as_str()).collect();
        let channels = names.into_iter().map(|name| difference(name, before.channel(name), after.channel(name)));
        Self { channels: channels.collect() }
    }
}

fn difference(channel: &str, before: Option<&ChannelRehearsal>, after: Option<&ChannelRehearsal>) -> ChannelDifference {
    let messages = |side: Option<&ChannelRehearsal>| side.map_or(0, |side| side.messages);
    let critical = |side: Option<&ChannelRehearsal>| Some(side?.longest_critical.as_ref()?.waited);
    let count = |side: Option<&ChannelRehearsal>, reason| {
        i64::try_from(side.map_or(0, |side| side.reasons.of(reason))).unwrap_or(i64::MAX)
    };
    let reasons = MessageReason::ALL.into_iter();
    let reasons = reasons.map(|reason| (reason.name(), count(after, reason) - count(before, reason)));
    ChannelDifference {
        channel: channel.to_owned(),
        before: messages(before),
        after: messages(after),
        reasons: reasons.filter(|(_, difference)| *difference != 0).collect(),
        critical_before: critical(before),
        critical_after: critical(after),
    }
}

#[expect(clippy::ref_option, reason = "serde gives a reference to the field")]
fn seconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_secs_f64()).serialize(serializer)
}
