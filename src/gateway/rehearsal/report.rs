//! What a rehearsal found, as data. Counts are totals; [`RehearsalReport::days`] makes numbers a day of them.

use crate::notification::MessageReason;
use crate::time::Timestamp;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use std::time::Duration;

/// The seconds of a day.
const DAY: f64 = 86_400.0;

/// What a rule set would have told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RehearsalReport {
    /// Where the rehearsal began.
    pub since: Timestamp,
    /// Where it ended.
    pub until: Timestamp,
    /// The pushes that were played.
    pub pushes: u64,
    /// Their events.
    pub events: EventCounts,
    /// Pushes that the rules do not take.
    pub refused: Vec<RefusedPushes>,
    /// The channels that were told something, by name.
    pub channels: Vec<ChannelRehearsal>,
    /// The groups that made the most messages, the loudest first.
    pub loudest: Vec<LoudGroup>,
    /// What each mute held, by mute and channel. A mute that held nothing has one entry without a channel.
    pub mutes: Vec<MuteRehearsal>,
}

/// What happened to the events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct EventCounts {
    /// Those that went to a channel.
    pub routed: u64,
    /// Those that went to none.
    pub nowhere: u64,
    /// Those that a mapping dropped.
    pub dropped: u64,
    /// Those that the gateway makes itself: of senders that are absent or return, and of alerts of which nothing more is heard.
    pub of_clock: u64,
    /// Recoveries of alerts that were not open: they began before, or were over already.
    pub lone_recoveries: u64,
}

/// Pushes of an integration that the rules do not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedPushes {
    /// The integration.
    pub integration: String,
    /// Why.
    pub reason: &'static str,
    /// How many.
    pub pushes: u64,
}

/// What a channel would have been told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChannelRehearsal {
    /// The channel.
    pub channel: String,
    /// How many messages.
    pub messages: u64,
    /// Why they were made.
    pub reasons: ReasonCounts,
    /// The 24 hours, counted from the begin, with the most messages.
    pub busiest_day: BusiestDay,
    /// How often an alert was told as Critical that was not before.
    pub criticals: u64,
    /// The Critical that waited longest.
    pub longest_critical: Option<CriticalWait>,
}

/// A day with many messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BusiestDay {
    /// When it begins.
    pub since: Timestamp,
    /// Its messages.
    pub messages: u64,
}

/// How long a Critical waited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CriticalWait {
    /// From the moment at which it was Critical, or unmuted, to its message.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub waited: Duration,
    /// When the message was made.
    pub at: Timestamp,
    /// The title of the message.
    pub title: String,
}

/// A group that made messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoudGroup {
    /// The channel.
    pub channel: String,
    /// Its values, or the title of an alert that stands alone.
    pub group: String,
    /// How many messages told of it alone.
    pub messages: u64,
    /// Why they were made.
    pub reasons: ReasonCounts,
}

/// What a mute held in a channel. An alert counts each time it began to be held, for each mute that held it then.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MuteRehearsal {
    /// The mute.
    pub mute: String,
    /// The channel.
    pub channel: Option<String>,
    /// How many alerts it held.
    pub held: u64,
    /// How many of them were over while they were held.
    pub over: u64,
    /// How many of them fired still when nothing held them any more.
    pub outlasted: u64,
}

/// How many messages were made for each reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReasonCounts([u64; MessageReason::ALL.len()]);

impl ReasonCounts {
    /// Counts a message.
    pub(super) fn note(&mut self, reason: MessageReason) {
        let places = MessageReason::ALL.into_iter().zip(&mut self.0);
        places.filter(|(known, _)| *known == reason).for_each(|(_, count)| *count += 1);
    }

    /// How many were made for a reason.
    #[must_use]
    pub fn of(&self, reason: MessageReason) -> u64 {
        self.iter().find(|(known, _)| *known == reason).map_or(0, |(_, count)| count)
    }

    /// The reasons for which messages were made, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (MessageReason, u64)> + '_ {
        MessageReason::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }
}

impl Serialize for ReasonCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (reason, count) in self.iter() {
            map.serialize_entry(reason.name(), &count)?;
        }
        map.end()
    }
}

impl RehearsalReport {
    /// How many days it covers.
    #[must_use]
    pub fn days(&self) -> f64 {
        self.until.saturating_duration_since(self.since).as_secs_f64() / DAY
    }

    /// The messages of all channels.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.channels.iter().map(|channel| channel.messages).sum()
    }

    /// What a channel would have been told.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&ChannelRehearsal> {
        self.channels.iter().find(|channel| channel.channel == name)
    }
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}
