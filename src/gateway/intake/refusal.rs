//! Why a push is refused: one type from the decision about a payload to the answer of its sender.
//!
//! Nothing of a request is ever echoed: no path, no key, no header.

use crate::gateway::journal::{JournalError, PushId};
use crate::gateway::problem::Problem;
use crate::text::plural;
use axum::http::StatusCode;
use std::time::Duration;

/// Why a push is refused. Those with an `id` are about the payload, which is kept in the quarantine under that id. The
/// text of the error is for those who run the gateway; senders read that of `Refusal::problem`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The payload is not JSON: line, column and reason.
    #[error("{reason}")]
    NotJson {
        /// The id in the quarantine.
        id: PushId,
        /// The reason.
        reason: String,
    },
    /// Some of the posted alerts are not alerts; the others were accepted.
    #[error("{reason}")]
    NotAlerts {
        /// The id in the quarantine.
        id: PushId,
        /// The reason of each.
        reason: String,
    },
    /// No mapping accepts the payload.
    #[error("{reason}")]
    Unaccepted {
        /// The id in the quarantine.
        id: PushId,
        /// The reasons of each mapping.
        reason: String,
    },
    /// The push would become more than so many bytes of outcomes and deliveries.
    #[error("it becomes more than {} MiB of events and deliveries", .limit >> 20)]
    TooManyBytes {
        /// The id in the quarantine.
        id: PushId,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The rules in force have no such integration, or the key is not one of its keys.
    #[error("the rules in force have no such integration any more")]
    UnknownIntegration,
    /// There is a path behind the integration's name, and no mapping reads it.
    #[error("no mapping of the integration reads the path behind its name")]
    UnreadPathSuffix,
    /// The path behind the integration's name cannot be read.
    #[error("the path behind the integration's name {0}")]
    InvalidPathSuffix(&'static str),
    /// The key, which alone names the integration, opens none.
    #[error("the key opens no integration")]
    UnknownKey,
    /// The signature is not the one that the integration asks for.
    #[error("the push is not signed as its integration asks")]
    InvalidSignature,
    /// The integration accepts so many pushes a minute.
    #[error("the integration accepts {} a minute", plural(*.per_minute, "push"))]
    RateLimited {
        /// Its rate.
        per_minute: u64,
        /// When it accepts the next push.
        wait: Duration,
    },
    /// The body is larger than the integration accepts.
    #[error("the body has more than the {} KiB that the integration accepts", .limit / 1024)]
    BodyTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The body did not arrive in time.
    #[error("the body did not arrive in time")]
    BodyTimeout,
    /// The body ended early, or its framing is not that of HTTP.
    #[error("the body ended early, or its framing is not that of HTTP")]
    BrokenBody,
    /// Too many bytes of bodies are in memory.
    #[error("too many bytes of other pushes are being read")]
    BodyBudgetExhausted,
    /// Senders without a key take all the room that they may have.
    #[error("too many pushes without a key are being read")]
    KeylessBusy,
    /// Too much was decided and waits for the journal.
    #[error("too many bytes of other pushes wait for the journal")]
    Overloaded,
    /// The `Content-Encoding` is not one that is unpacked here.
    #[error("the `Content-Encoding` of the body is not one that is unpacked here")]
    UnknownEncoding,
    /// The body is not gzip, although its `Content-Encoding` says so.
    #[error("the body is not the gzip that its `Content-Encoding` says")]
    NotGzip,
    /// The `Content-Type` is not one that is read here.
    #[error("the `Content-Type` is not one that is read here")]
    UnknownContentType,
    /// The `Content-Type` says form, but the body looks like JSON.
    #[error("the body looks like JSON but its `Content-Type` says form")]
    JsonSentAsForm,
    /// The form cannot be read.
    #[error("{0}")]
    InvalidForm(String),
    /// The gateway is stopping.
    #[error("the gateway is stopping")]
    Stopping,
    /// The push cannot be made durable now.
    #[error("{0}")]
    NotDurable(JournalError),
}

impl Refusal {
    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotJson { .. }
            | Self::NotAlerts { .. }
            | Self::InvalidPathSuffix(_)
            | Self::BrokenBody
            | Self::NotGzip
            | Self::InvalidForm(_) => StatusCode::BAD_REQUEST,
            Self::UnknownKey | Self::InvalidSignature => StatusCode::UNAUTHORIZED,
            Self::UnknownIntegration | Self::UnreadPathSuffix => StatusCode::NOT_FOUND,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::TooManyBytes { .. } | Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnknownEncoding | Self::UnknownContentType | Self::JsonSentAsForm => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Self::Unaccepted { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited { .. }
            | Self::BodyBudgetExhausted
            | Self::KeylessBusy
            | Self::Overloaded
            | Self::Stopping
            | Self::NotDurable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The id under which the payload is kept; none where the refusal is not about the payload.
    #[must_use]
    pub fn quarantine_id(&self) -> Option<PushId> {
        if let Self::NotJson { id, .. }
        | Self::NotAlerts { id, .. }
        | Self::Unaccepted { id, .. }
        | Self::TooManyBytes { id, .. } = self
        {
            return Some(*id);
        }
        None
    }

    /// The answer to the sender.
    #[must_use]
    pub(super) fn problem(&self) -> Problem {
        let problem = Problem { quarantined: self.quarantine_id(), ..Problem::new(self.status(), self.to_string()) };
        let unavailable = |wait| Problem::unavailable(problem.detail.clone(), wait);
        match self {
            Self::NotJson { .. } => {
                problem.help("the body cannot be read as JSON; it is kept in the quarantine under `quarantined`")
            }
            Self::NotAlerts { .. } => problem.help("post what Prometheus posts: an array of alerts with labels"),
            Self::Unaccepted { reason, .. } => {
                Problem { detail: format!("no mapping accepts the payload: {reason}").into(), ..problem }
                    .help("fix the rules and run `pointsman quarantine replay --id ID`, or fix the sender's template")
            }
            Self::TooManyBytes { .. } => {
                problem.help("send fewer alerts at once, or change the rules so that they go to fewer channels")
            }
            Self::UnknownIntegration => {
                Problem { detail: "there is no integration with that name and key".into(), ..problem }.help(
                    "give the key as `?integration_key=…`, as `Authorization: Bearer …` or as `X-Integration-Key`; \
                 `pointsman status` lists the push URLs",
                )
            }
            Self::UnreadPathSuffix => {
                problem.help("push to `/push/{integration}`, or let a mapping read the path: `path_suffix()`")
            }
            Self::UnknownKey => problem.help("give the key as `?integration_key=…` or as `Authorization: Bearer …`"),
            Self::InvalidSignature => problem.help(
                "compare `signature`, `secret` and, where the scheme signs a time, the clocks of both sides; the bytes \
                 are verified as they were sent, before unpacking",
            ),
            Self::RateLimited { wait, .. } => unavailable(*wait),
            Self::BodyTooLarge { .. } => {
                problem.close().help("send fewer alerts at once, or raise `max_body` of the integration")
            }
            Self::BodyTimeout => problem.close(),
            Self::BodyBudgetExhausted => unavailable(Duration::from_secs(1)).close(),
            Self::KeylessBusy => unavailable(Duration::from_secs(1))
                .close()
                .help(
                    "send the key with the signature, such as `?integration_key=…` in the push URL: pushes with a key do not \
                     share this room; behind a proxy, the gateway's `--connections-of-one` can be raised; or try again \
                     after `Retry-After`",
                ),
            Self::Overloaded => unavailable(Duration::from_secs(2)),
            Self::InvalidPathSuffix(_) | Self::BrokenBody | Self::NotGzip | Self::InvalidForm(_) => problem,
            Self::UnknownEncoding => problem.help("send it plain, or with `Content-Encoding: gzip`"),
            Self::UnknownContentType => {
                problem.help("send JSON as `application/json`, or a form as `application/x-www-form-urlencoded`")
            }
            Self::JsonSentAsForm => problem.help("send `Content-Type: application/json`"),
            Self::Stopping => unavailable(Duration::from_secs(5)).close(),
            Self::NotDurable(error) => not_durable(error, &problem),
        }
    }
}

/// The answer where the journal did not take the push.
fn not_durable(error: &JournalError, problem: &Problem) -> Problem {
    match error {
        JournalError::Full => Problem::unavailable("too many deliveries are pending", Duration::from_secs(10)),
        JournalError::NoSpace => Problem::unavailable("there is no room to keep the push", Duration::from_mins(1)),
        JournalError::LowSpace(_) => Problem::unavailable(problem.detail.clone(), Duration::from_mins(1))
            .help("on the gateway's disk, make room, or start it with a lower `--least-free`; then send it again"),
        // The reason may name files of the gateway.
        JournalError::Failed(_) | JournalError::Closed => {
            Problem::unavailable("the push could not be made durable", Duration::from_secs(5))
        }
    }
}
