//! Events that are told to fallbacks of channels.

use super::EventId;
use crate::event::Severity;
use crate::notification::{AlertId, GroupId, NamedValue};
use std::time::Duration;

/// An event as the fallback of a channel gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FallbackEvent {
    /// Its alert.
    pub alert: AlertId,
    /// The alert key.
    pub key: String,
    /// Its severity; nothing where it is a recovery.
    pub firing: Option<Severity>,
    /// What it is for the fallback.
    pub form: FallbackForm,
}

/// What an event is for a fallback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FallbackForm {
    /// It gathers messages.
    Gathered {
        /// The group of the event.
        group: GroupId,
        /// The values of the group; none where the alert stands alone.
        values: Vec<NamedValue>,
    },
    /// It gets every event.
    Sent {
        /// The channel's kind; no other kind sends it.
        kind: &'static str,
        /// The unsigned body; none where nothing is sent.
        body: Option<Vec<u8>>,
        /// Notes of the rendering.
        notes: Vec<String>,
    },
}

/// An event that is told to a fallback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassedOnEvent<'f> {
    /// Its alert.
    pub alert: AlertId,
    /// The event.
    pub event: EventId,
    /// The fallback.
    pub fallback: &'f str,
    /// For how long it was due and undelivered; nothing where a message was given up.
    pub after: Option<Duration>,
}
