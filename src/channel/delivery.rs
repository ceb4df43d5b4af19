//! What kinds that speak HTTP share: what a chat shows, how patiently, how often and how many at once. One list, so that
//! a limit means the same everywhere; defaults that the far side dictates are the kind's own.

use super::{ParameterKind, ParameterSpec};

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// What a chat shows, for kinds that render it themselves.
pub(super) const MESSAGE: ParameterSpec = ParameterSpec {
    name: "text",
    takes: ParameterKind::Template,
    required: false,
    documentation: "The message; by default severity, title, description, the first ten labels and the link. It is shown as the chat's own Markdown, but nothing in it mentions anybody.",
};

/// How long one attempt may take.
pub(super) const TIMEOUT: ParameterSpec = ParameterSpec {
    name: "timeout",
    takes: ParameterKind::Duration(1, 120),
    required: false,
    documentation: "How long one attempt may take, from the connection to the end of the answer; `\"10s\"` by default, at most two minutes.",
};

/// How old an event may become before it is given up.
pub(super) const RETRY_FOR: ParameterSpec = ParameterSpec {
    name: "retry_for",
    takes: ParameterKind::Duration(0, 7 * DAY),
    required: false,
    documentation: "How long after its receipt an event is still tried again, with growing pauses of at most ten minutes, before it becomes a dead letter; `\"24h\"` by default, at most seven days, `\"0s\"` for a single attempt.",
};

/// How many requests are under way.
pub(super) const CONCURRENCY: ParameterSpec = ParameterSpec {
    name: "concurrency",
    takes: ParameterKind::Integer(1, 256),
    required: false,
    documentation: "How many requests may be under way at once, from 1 to 256; 8 by default. Events of one key are never under way together.",
};

/// How many requests a minute, for kinds whose far side names no limit.
pub(super) const RATE: ParameterSpec = rate(
    "The most requests a minute, from 1 to 60,000; without it there is no limit. What exceeds it waits.",
);

/// How many requests a minute; `documentation` says the kind's default.
pub(super) const fn rate(documentation: &'static str) -> ParameterSpec {
    ParameterSpec { name: "rate", takes: ParameterKind::Integer(1, 60_000), required: false, documentation }
}
