//! Heartbeats: events that must be heard.

use super::{Expression, GroupValue, RoutingId};
use crate::event::Severity;
use crate::source::Span;
use std::time::Duration;

/// A heartbeat.
#[derive(Debug)]
pub struct Heartbeat {
    /// Its name.
    pub name: Box<str>,
    /// The place of the name.
    pub span: Span,
    /// Whether an event is a beat.
    pub when: Expression,
    /// The values that tell senders apart, over the event; each was heard at least once. Without one there is one sender.
    pub by: Vec<GroupValue>,
    /// How long nothing may be heard.
    pub timeout: Duration,
    /// The severity of an absence.
    pub severity: Severity,
    /// The title of an absence, over the values of `by` alone.
    pub title: Expression,
    /// Labels of an absence besides the values of `by`, over these values alone.
    pub labels: Vec<(Box<str>, Expression)>,
    /// Where an absence goes.
    pub routing: RoutingId,
}

/// What the events of a heartbeat have as their integration and as their source. The name of an integration holds no blank.
#[must_use]
pub fn heartbeat_source(name: &str) -> String {
    format!("heartbeat {name}")
}
