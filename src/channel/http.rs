//! What a kind that speaks HTTP knows: how an event becomes a body, a body a request, and an answer a verdict.
//!
//! The body is rendered once, when the event is accepted, and is stored unsigned; the request is made anew for every
//! attempt, as keys, URLs, signatures and times belong to the attempt. All three are pure.

use super::settings::{Secret, Settings};
use crate::event::Event;
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// A kind that speaks HTTP.
#[derive(Debug)]
pub struct HttpAdapter {
    /// The body for an event.
    pub render: fn(&RenderContext<'_>) -> RenderedBody,
    /// The request that carries a body.
    pub request: fn(&Settings, &RequestContext<'_>) -> Result<HttpRequest, RequestBuildError>,
    /// What an answer means.
    pub judge: fn(&Settings, &HttpResponse<'_>) -> DeliveryVerdict,
    /// What the far side allows where the rules set no `rate`.
    pub limits: RateLimits,
}

/// How often the far side may be asked; none: as often as one likes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests a minute.
    pub per_minute: Option<u32>,
    /// Requests a second, kept besides the other.
    pub per_second: Option<u32>,
}

/// What a body is rendered from.
#[derive(Debug)]
pub struct RenderContext<'a> {
    /// The event.
    pub event: &'a Event<'a>,
    /// The value of the parameter `body`, where the rules give one.
    pub body: Option<serde_json::Value>,
    /// Literal and evaluated text parameters by name: `text`, `title`, `description`, `mention`.
    pub texts: BTreeMap<&'a str, String>,
}

/// A body, without keys and signatures.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderedBody {
    /// The JSON.
    pub body: serde_json::Value,
    /// What was cut to the far side's limits, in words.
    pub notes: Vec<String>,
}

/// One attempt to deliver a body.
#[derive(Debug, Clone, Copy)]
pub struct RequestContext<'a> {
    /// The stored body.
    pub body: &'a [u8],
    /// Identifies (event, channel); the same for every attempt.
    pub idempotency_key: &'a str,
    /// The time of the attempt, for signatures.
    pub at: Timestamp,
    /// Whether an operator had the event delivered again.
    pub replay: bool,
}

/// A request that is ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// `POST`, `PUT` or `PATCH`.
    pub method: &'static str,
    /// Where to; may carry a key.
    pub url: Secret,
    /// Names and values.
    pub headers: Vec<(String, Secret)>,
    /// The bytes on the wire.
    pub body: Vec<u8>,
}

/// Why a request cannot be made: the settings are wrong, which no retry mends. In words, without the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RequestBuildError(pub String);

/// An answer, as far as it matters.
#[derive(Clone, Copy)]
pub struct HttpResponse<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The value of a header, by its lower-case name.
    pub header: &'a dyn Fn(&str) -> Option<String>,
    /// The first 64 KiB of the body.
    pub body: &'a [u8],
    /// When it came, for dates in headers.
    pub at: Timestamp,
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryVerdict {
    /// The far side has it.
    Delivered,
    /// To be tried again, not before that time has passed where the far side names one (at most an hour is kept).
    Retry {
        /// Why, in words that may be shown and logged.
        reason: String,
        /// How long the far side asks to wait.
        after: Option<Duration>,
    },
    /// No retry can help.
    Refused {
        /// Why, in words that may be shown and logged.
        reason: String,
    },
}
