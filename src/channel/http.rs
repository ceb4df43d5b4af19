//! Channels over HTTP: an event becomes a body, a body becomes a request, and an answer becomes a verdict.
//!
//! The body is rendered once, when the event is accepted, and is stored unsigned. The request is made again for every
//! attempt, because keys, URLs, signatures and times belong to the attempt. All three steps are pure.

use super::parameter::ParameterSpec;
use super::settings::{Secret, Settings};
use crate::event::Event;
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// The HTTP adapter of a kind.
#[derive(Debug)]
pub struct HttpAdapter {
    /// Renders the body for an event.
    pub render: fn(&RenderContext<'_>) -> RenderedBody,
    /// Reads the settings of one channel. They are read once, before the first request.
    pub open: fn(&Settings) -> Result<Box<dyn HttpChannel>, RequestBuildError>,
    /// What the receiver allows if the rules set no `rate`.
    pub limits: RateLimits,
}

/// One channel of a kind with an HTTP adapter, with its settings.
pub trait HttpChannel: Send + Sync {
    /// Makes the request that carries a stored body.
    ///
    /// # Errors
    /// If the stored body cannot be signed or completed.
    fn request(&self, attempt: &RequestContext<'_>) -> Result<HttpRequest, RequestBuildError>;

    /// What an answer means by the protocol of the kind.
    fn judge(&self, answer: &HttpResponse<'_>) -> DeliveryVerdict;

    /// What an answer means. A redirect is refused and never followed, unless the rules call its status a success.
    fn verdict(&self, answer: &HttpResponse<'_>) -> DeliveryVerdict {
        let (verdict, status) = (self.judge(answer), answer.status);
        match verdict {
            DeliveryVerdict::Retry { .. } | DeliveryVerdict::Refused { .. } if (300..400).contains(&status) => {
                let reason =
                    format!("status {status}: a redirect, which is never followed; name the final address in `url`");
                DeliveryVerdict::Refused { reason }
            }
            DeliveryVerdict::Delivered | DeliveryVerdict::Retry { .. } | DeliveryVerdict::Refused { .. } => verdict,
        }
    }
}

/// How often the receiver accepts requests. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests a minute.
    pub per_minute: Option<u32>,
    /// Requests a second, in addition to the other limit.
    pub per_second: Option<u32>,
}

impl RateLimits {
    /// No limit.
    pub const NONE: Self = Self { per_minute: None, per_second: None };
}

/// What a body is rendered from.
#[derive(Debug)]
pub struct RenderContext<'a> {
    /// The event.
    pub event: &'a Event<'a>,
    /// The value of the parameter `body`, if the rules give one.
    pub body: Option<serde_json::Value>,
    /// Literal and evaluated text parameters by name.
    pub texts: BTreeMap<&'a str, String>,
    /// The parts of the message that the rules write for a chat, if they evaluate one.
    pub message: Option<Vec<TextSegment>>,
}

/// A part of a text, and whose words it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSegment {
    /// The words.
    pub text: String,
    /// Whose they are.
    pub origin: TextOrigin,
}

/// Who wrote a part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextOrigin {
    /// The author of the rules, who may write markup.
    Rules,
    /// Whoever raised the alert.
    Payload,
}

impl RenderContext<'_> {
    /// The text of a parameter, if the rules give one.
    pub(super) fn text(&self, parameter: &ParameterSpec) -> Option<&str> {
        self.texts.get(parameter.name).map(String::as_str)
    }
}

/// A body, without keys and signatures.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderedBody {
    /// The JSON.
    pub body: serde_json::Value,
    /// What was cut to the receiver's limits, in words.
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
    /// Through how many deliveries of gateways it comes, this one included.
    pub hops: u32,
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

/// Why a request cannot be made. No retry can help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestBuildError {
    /// A parameter is missing.
    #[error("the channel has no `{0}`")]
    Missing(&'static str),
    /// The signing secret cannot be decoded.
    #[error("the text after `whsec_` in `hmac` is not Base64")]
    SigningKey,
    /// The path into the answer cannot be read.
    #[error("`success_path` is not a singular path")]
    SuccessPath,
    /// The stored body is not the JSON that the kind renders.
    #[error("the stored body is not JSON")]
    StoredBody,
}

/// The parts of an answer that matter.
#[derive(Clone, Copy)]
pub struct HttpResponse<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The value of a header, by its lower-case name.
    pub header: &'a dyn Fn(&str) -> Option<String>,
    /// The first 64 KiB of the body.
    pub body: &'a [u8],
    /// When it arrived, to compare with dates in headers.
    pub at: Timestamp,
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryVerdict {
    /// The receiver has it.
    Delivered,
    /// To be tried again, not before `after` has passed.
    Retry {
        /// Why, in words that may be shown and logged.
        reason: String,
        /// How long the receiver asks to wait, at most an hour.
        after: Option<Duration>,
    },
    /// No retry can help.
    Refused {
        /// Why, in words that may be shown and logged.
        reason: String,
    },
}
