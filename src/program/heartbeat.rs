//! Compiled heartbeats.

use super::{GroupValue, NodeId};
use crate::event::Severity;
use std::time::Duration;

/// A compiled heartbeat.
#[derive(Debug)]
pub struct Heartbeat {
    /// Its name.
    pub name: Box<str>,
    /// What its events have as their integration and as their source.
    pub source: Box<str>,
    /// Whether an event is a beat.
    pub when: NodeId,
    /// The values that tell senders apart.
    pub by: Box<[GroupValue]>,
    /// How long nothing may be heard.
    pub timeout: Duration,
    /// The severity of an absence.
    pub severity: Severity,
    /// The title of an absence, over the values of `by`.
    pub title: NodeId,
    /// Labels of an absence besides the values of `by`, over these values.
    pub labels: Box<[(Box<str>, NodeId)]>,
    /// The routing that an absence goes to.
    pub routing: usize,
    /// Where it stands: `beats.rules:3`.
    pub location: Box<str>,
}
