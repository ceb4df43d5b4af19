//! The last event of an alert, which messages are made of later.

use crate::event::{Event, OwnedEvent};
use crate::time::Timestamp;

/// An event, and when it came.
#[derive(Debug)]
pub(super) struct StoredEvent {
    pub(super) event: OwnedEvent,
    pub(super) at: Timestamp,
}

impl StoredEvent {
    /// An event that came at that time.
    pub(super) fn of(event: &Event<'_>, at: Timestamp) -> Self {
        Self { event: OwnedEvent::of(event), at }
    }
}
