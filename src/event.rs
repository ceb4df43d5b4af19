//! The words of the domain: events, their severity and status, and what became of them.
//!
//! An event borrows from the payload and the rule set wherever it can. The wire form of an outcome, one JSON object a
//! line, is the `Serialize` implementation in `outcome`, and nowhere else.

mod outcome;

pub use outcome::{Decided, Decision, Outcome, Reason, Refusal, Result};

use crate::time::Instant;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// How bad it is, as Flashduty names it (flashduty-docs, "Standard alert": `Critical`, `Warning`, `Info`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Status {
    /// The trouble is there.
    Firing,
    /// The trouble is over.
    Resolved,
}

impl Status {
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

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Labels in the order in which they were first set; names are unique.
///
/// The few labels of an ordinary alert are looked up by a scan; a payload that brings many gets an index, so that setting
/// them stays linear.
#[derive(Debug, Clone, Default)]
pub struct Labels<'a> {
    entries: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    #[expect(clippy::box_collection, reason = "few events have an index, and all would carry its size")]
    index: Option<Box<HashMap<Cow<'a, str>, usize>>>,
}

impl<'a> Labels<'a> {
    /// Up to this many labels are scanned.
    const SCANNED: usize = 32;

    /// The value of a label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.position(name).and_then(|position| self.entries.get(position)).map(|(_, value)| value.as_ref())
    }

    /// Sets a label; a later value takes the place of an earlier one.
    pub fn set(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) {
        match self.position(&name).and_then(|position| self.entries.get_mut(position)) {
            Some((_, old)) => *old = value,
            None => self.push(name, value),
        }
    }

    /// Makes room for so many more labels.
    pub fn reserve(&mut self, more: usize) {
        self.entries.reserve(more);
    }

    /// Adds a label whose name is not there yet.
    pub(crate) fn push(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) {
        if self.entries.len() >= Self::SCANNED {
            let entries = &self.entries;
            let all =
                || entries.iter().enumerate().map(|(position, (name, _))| (name.clone(), position)).collect();
            self.index.get_or_insert_with(|| Box::new(all())).insert(name.clone(), entries.len());
        }
        self.entries.push((name, value));
    }

    fn position(&self, name: &str) -> Option<usize> {
        match &self.index {
            None => self.entries.iter().position(|(key, _)| key == name),
            Some(index) => index.get(name).copied(),
        }
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// How many labels there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl PartialEq for Labels<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Serialize for Labels<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// A normalised alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    /// How bad it is.
    pub severity: Severity,
    /// Whether it goes on.
    pub status: Status,
    /// One line for people.
    pub title: Cow<'a, str>,
    /// The deduplication key: the same for a firing and its recovery.
    pub key: Cow<'a, str>,
    /// More words for people.
    pub description: Option<Cow<'a, str>>,
    /// What the routes look at.
    pub labels: Labels<'a>,
    /// When it began.
    pub starts_at: Option<Instant>,
    /// When it ended.
    pub ends_at: Option<Instant>,
    /// Where to look.
    pub link: Option<Cow<'a, str>>,
    /// The mapping's name, unless the mapping sets it.
    pub source: Cow<'a, str>,
    /// The integration that received it.
    pub integration: Option<Cow<'a, str>>,
    /// What the author of the rules should look at.
    pub notes: Vec<Cow<'a, str>>,
}

impl Event<'_> {
    /// What Flashduty calls `event_status`: the severity while firing, `Ok` when resolved.
    #[must_use]
    pub fn event_status(&self) -> &'static str {
        match self.status {
            Status::Firing => self.severity.name(),
            Status::Resolved => "Ok",
        }
    }
}
