//! The parameters that all kinds over HTTP share: how patiently, how often and how many requests at once. A limit means
//! the same in every kind.

use super::parameter::{ParameterDefault, ParameterKind, ParameterSpec, TypedParameter, ValueRange};
use super::settings::Settings;
use std::time::Duration;

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// The message of a chat, for kinds that render it themselves.
pub const MESSAGE: ParameterSpec = ParameterSpec::optional(
    "text",
    ParameterKind::Template,
    "The message. What the rules write is the chat's own Markdown; values of the alert are shown as text. Nothing in it mentions anybody.",
)
.with_default(ParameterDefault::Described("severity, title, description, the first ten labels and the link"));

/// Whom the message of a chat mentions, for kinds that render it themselves.
pub(super) const MENTION: ParameterSpec = ParameterSpec::optional(
    "mention",
    ParameterKind::Text,
    "Whom a firing Critical event mentions: user ids with commas between them.",
)
.with_default(ParameterDefault::Described("nobody"));

/// How long one attempt may take.
pub(super) const TIMEOUT: TypedParameter<Duration> = ParameterSpec::optional(
    "timeout",
    ParameterKind::Duration(ValueRange::new(1, 120)),
    "How long one attempt may take, from the connection to the end of the answer.",
)
.or_duration(Duration::from_secs(10));

/// How old an event may become before it is given up.
pub(super) const RETRY_FOR: TypedParameter<Duration> = ParameterSpec::optional(
    "retry_for",
    ParameterKind::Duration(ValueRange::new(0, 7 * DAY)),
    "How long an event is retried, counted from its receipt. Pauses grow up to ten minutes. Then it becomes a dead letter. `0s` means a single attempt.",
)
.or_duration(Duration::from_hours(24));

/// How many requests are under way.
pub const CONCURRENCY: TypedParameter<u64> = ParameterSpec::optional(
    "concurrency",
    ParameterKind::Integer(ValueRange::new(1, 256)),
    "How many requests may be under way at once. Events of one key are never under way together.",
)
.or_number(8);

/// How many requests a minute.
pub const RATE: TypedParameter<Option<u64>> = ParameterSpec::optional(
    "rate",
    ParameterKind::Integer(ValueRange::new(1, 60_000)),
    "The most requests a minute. What exceeds it waits.",
)
.with_default(ParameterDefault::Described("no limit"))
.typed(None);

/// How many requests a minute, where the receiver has a limit.
pub(super) const fn rate(limit: u32, documentation: &'static str) -> ParameterSpec {
    ParameterSpec { documentation, ..RATE.spec.with_default(ParameterDefault::Number(limit as u64)) }
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
