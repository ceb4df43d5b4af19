//! The parameters that all kinds over HTTP share: how patiently, how often and how many requests at once. A limit means
//! the same in every kind.

use super::http::RateLimits;
use super::parameter::{DefaultedParameter, ParameterDefault, ParameterKind, ParameterSpec, ValueRange};
use super::settings::Settings;
use std::time::Duration;

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// The message of a chat, for kinds that render it themselves.
pub(super) const MESSAGE: ParameterSpec = ParameterSpec::optional(
    "text",
    ParameterKind::Template,
    "The message. It is shown as the chat's own Markdown, but nothing in it mentions anybody.",
)
.with_default(ParameterDefault::Described("severity, title, description, the first ten labels and the link"));

/// How long one attempt may take.
pub(super) const TIMEOUT: DefaultedParameter<Duration> = DefaultedParameter::duration(
    "timeout",
    ValueRange::new(1, 120),
    Duration::from_secs(10),
    "How long one attempt may take, from the connection to the end of the answer.",
);

/// How old an event may become before it is given up.
pub(super) const RETRY_FOR: DefaultedParameter<Duration> = DefaultedParameter::duration(
    "retry_for",
    ValueRange::new(0, 7 * DAY),
    Duration::from_hours(24),
    "How long an event is retried, counted from its receipt. Pauses grow up to ten minutes. Then it becomes a dead letter. `\"0s\"` means a single attempt.",
);

/// How many requests are under way.
pub(super) const CONCURRENCY: DefaultedParameter<u64> = DefaultedParameter::number(
    "concurrency",
    ValueRange::new(1, 256),
    8,
    "How many requests may be under way at once. Events of one key are never under way together.",
);

/// How many requests a minute; `limits` are those of the receiver.
pub(super) const fn rate(limits: RateLimits, documentation: &'static str) -> ParameterSpec {
    let spec = ParameterSpec::optional("rate", ParameterKind::Integer(ValueRange::new(1, 60_000)), documentation);
    match limits.per_minute {
        Some(limit) => spec.with_default(ParameterDefault::Number(limit as u64)),
        None => spec.with_default(ParameterDefault::Described("no limit")),
    }
}

/// How a channel delivers.
#[derive(Debug, Clone, Copy)]
pub struct DeliverySettings {
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How long after its receipt an event is tried.
    pub retry_for: Duration,
    /// How many requests may be under way at once; at least one.
    pub concurrency: usize,
}

impl DeliverySettings {
    /// Reads the settings of a channel. Kinds that do not speak HTTP have the defaults.
    #[must_use]
    pub fn read(settings: &Settings) -> Self {
        Self {
            timeout: TIMEOUT.read(settings),
            retry_for: RETRY_FOR.read(settings),
            concurrency: usize::try_from(CONCURRENCY.read(settings)).unwrap_or(usize::MAX).max(1),
        }
    }
}
