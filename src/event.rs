//! Events, with their severity and status, and the outcomes of payloads.
//!
//! An event is plain data that borrows from the payload, the rule set and the arena. Only `wire` writes the JSON of an
//! outcome, one object per line.

mod channel_name;
mod group_facts;
mod labels;
mod outcome;
mod owned_event;
mod wire;

pub use channel_name::{MAX_MEMBER_NAME, channel_name, command_line_name, is_member_name, member_name};
pub use group_facts::{GroupFacts, GroupField, MessageGroup};
pub use labels::{Labels, LabelsBuilder};
pub use outcome::{MappingRejection, MatchedRoute, Outcome, OutcomeKind, RoutingDecision, RuleReason};
pub use owned_event::OwnedEvent;

use crate::time::Timestamp;
use std::fmt;

/// The severity of an event, with the names of Flashduty (flashduty-docs, "Standard alert": `Critical`, `Warning`, `Info`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Needs attention.
    Warning,
    /// Needs attention now.
    Critical,
}

impl Severity {
    /// All severities, the worst first.
    pub const ALL: [Self; 3] = [Self::Critical, Self::Warning, Self::Info];

    /// The constant's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Critical => "Critical",
            Self::Warning => "Warning",
            Self::Info => "Info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether an alert is firing. A recovery is a status, never a severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlertStatus {
    /// The problem exists.
    Firing,
    /// The problem is over.
    Resolved,
}

impl AlertStatus {
    /// Both statuses.
    pub const ALL: [Self; 2] = [Self::Firing, Self::Resolved];

    /// The constant's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Firing => "Firing",
            Self::Resolved => "Resolved",
        }
    }
}

impl fmt::Display for AlertStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A normalised report about an alert.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event<'a> {
    /// The severity.
    pub severity: Severity,
    /// Whether the alert is firing.
    pub status: AlertStatus,
    /// A summary of one line.
    pub title: &'a str,
    /// The deduplication key, which a firing and its recovery share.
    pub key: &'a str,
    /// A longer text.
    pub description: Option<&'a str>,
    /// The labels, which routes test.
    pub labels: Labels<'a>,
    /// When the problem began.
    pub starts_at: Option<Timestamp>,
    /// When the problem ended.
    pub ends_at: Option<Timestamp>,
    /// A URL with more information.
    pub link: Option<&'a str>,
    /// The source that the mapping sets, or else the mapping's name.
    pub source: &'a str,
    /// The integration that received the payload.
    pub integration: Option<&'a str>,
    /// Problems of the mapping that the author of the rules should look at.
    pub notes: &'a [&'a str],
}

impl Event<'_> {
    /// Flashduty's `event_status`: the severity if firing, `Ok` if resolved.
    #[must_use]
    pub fn event_status(&self) -> &'static str {
        match self.status {
            AlertStatus::Firing => self.severity.name(),
            AlertStatus::Resolved => "Ok",
        }
    }
}
