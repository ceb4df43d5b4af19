//! The words of the domain: events, their severity and status, and their outcomes.
//!
//! An event is plain data that points into the payload, the rule set and the arena. Only `wire` writes the wire form of an
//! outcome, one JSON object a line.

mod labels;
mod outcome;
mod wire;

pub use labels::{Labels, LabelsBuilder};
pub use outcome::{MappingRejection, MatchedRoute, Outcome, OutcomeKind, RoutingDecision, RuleReason};

use crate::time::Timestamp;
use std::fmt;

/// How bad it is, as Flashduty names it (flashduty-docs, "Standard alert": `Critical`, `Warning`, `Info`).
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

/// Whether it goes on. A recovery is a status, never a severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlertStatus {
    /// The trouble is there.
    Firing,
    /// The trouble is over.
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

/// A normalised alert.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event<'a> {
    /// How bad it is.
    pub severity: Severity,
    /// Whether it goes on.
    pub status: AlertStatus,
    /// One line for people.
    pub title: &'a str,
    /// The deduplication key: the same for a firing and its recovery.
    pub key: &'a str,
    /// More words for people.
    pub description: Option<&'a str>,
    /// What the routes look at.
    pub labels: Labels<'a>,
    /// When it began.
    pub starts_at: Option<Timestamp>,
    /// When it ended.
    pub ends_at: Option<Timestamp>,
    /// Where to look.
    pub link: Option<&'a str>,
    /// The mapping's name, unless the mapping sets it.
    pub source: &'a str,
    /// The integration that received it.
    pub integration: Option<&'a str>,
    /// What the author of the rules should look at.
    pub notes: &'a [&'a str],
}

impl Event<'_> {
    /// What Flashduty calls `event_status`: the severity while firing, `Ok` when resolved.
    #[must_use]
    pub fn event_status(&self) -> &'static str {
        match self.status {
            AlertStatus::Firing => self.severity.name(),
            AlertStatus::Resolved => "Ok",
        }
    }
}
