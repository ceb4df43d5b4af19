//! What a message says of its group: `group.` in templates and bodies.

use super::{AlertStatus, Event, Severity};
use crate::json::ToJson as _;
use crate::time::Timestamp;
use serde_json::{Map, Value};

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

/// The group of which a channel's parameters read: that of a message, or of one event that goes out as it comes.
#[derive(Debug, Clone, Copy)]
pub enum MessageGroup<'g> {
    /// A message tells of these.
    Message(&'g GroupFacts),
    /// The event goes out by itself.
    SingleEvent,
    /// The event goes out by itself, as an operator replays it.
    ReplayedEvent,
}

/// A field of [`GroupFacts`], as rules name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupField {
    /// `group.reason`
    Reason,
    /// `group.firing`
    Firing,
    /// `group.critical`
    Critical,
    /// `group.resolved`
    Resolved,
    /// `group.muted`
    Muted,
    /// `group.news`
    News,
    /// `group.changes`
    Changes,
    /// `group.since`
    Since,
    /// `group.alerts`
    Alerts,
}

impl GroupField {
    /// All fields, in the order of the reference.
    pub const ALL: [Self; 9] = [
        Self::Reason,
        Self::Firing,
        Self::Critical,
        Self::Resolved,
        Self::Muted,
        Self::News,
        Self::Changes,
        Self::Since,
        Self::Alerts,
    ];

    /// Its name, as rules write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reason => "reason",
            Self::Firing => "firing",
            Self::Critical => "critical",
            Self::Resolved => "resolved",
            Self::Muted => "muted",
            Self::News => "news",
            Self::Changes => "changes",
            Self::Since => "since",
            Self::Alerts => "alerts",
        }
    }
}

impl GroupFacts {
    /// The reasons of messages: the values of `group.reason`.
    pub const REASONS: [&'static str; 9] =
        ["new", "worse", "better", "resolved", "repeat", "unmuted", "fallback", "storm", "replay"];

    /// The facts of one event that goes out as it comes.
    #[must_use]
    pub fn of_event(event: &Event<'_>, reason: &'static str) -> Self {
        let is_firing = event.status == AlertStatus::Firing;
        let is_critical = is_firing && event.severity == Severity::Critical;
        Self {
            reason,
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

impl MessageGroup<'_> {
    /// The facts; `event` is what goes out.
    #[must_use]
    pub fn facts(self, event: &Event<'_>) -> GroupFacts {
        match self {
            Self::Message(facts) => facts.clone(),
            Self::SingleEvent => {
                let is_firing = event.status == AlertStatus::Firing;
                GroupFacts::of_event(event, if is_firing { "new" } else { "resolved" })
            }
            Self::ReplayedEvent => GroupFacts::of_event(event, "replay"),
        }
    }
}
