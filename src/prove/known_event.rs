//! Events that are known before a rule set is proved: those of its tests, and those that an earlier version of it needed.

use super::witness::Witness;

/// An event, and the routing that it enters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEvent {
    /// The name of the routing.
    pub routing: Box<str>,
    /// The event.
    pub event: Witness,
}
