//! The request that carries a stored body: method, address, and the headers that every request has.

use super::header;
use super::http::{HttpRequest, RequestBuildError, RequestContext};
use super::parameter::{ParameterKind, ParameterSpec, TypedParameter};
use super::settings::{Secret, Settings};
use super::validation;
use crate::mask::SecretMask;

/// Identifies the program to the receiver.
const USER_AGENT: &str = concat!("pointsman/", env!("CARGO_PKG_VERSION"));

/// The address that requests go to. As it stands here, it is that of a chat robot.
pub const URL: TypedParameter<Option<&str>> = ParameterSpec::required(
    "url",
    ParameterKind::Secret,
    "The webhook URL. Whoever knows it can post, so only a secret is taken.",
)
.with_check(validation::check_url)
.typed(None);

/// The address if it need not be secret.
pub(super) const fn plain_url(documentation: &'static str) -> ParameterSpec {
    ParameterSpec { takes: ParameterKind::SecretOrText, documentation, ..URL.spec }
}

/// Headers of the request.
pub const HEADERS: TypedParameter<&[(String, Secret)]> = ParameterSpec::optional(
    "headers",
    ParameterKind::Headers,
    "Headers of the request, each a string or a secret, at most 32; `Host`, `Content-Length` and what concerns the connection cannot be set.",
)
.with_check(header::check_headers)
.typed(&[]);

/// The secret of a chat robot that verifies signatures.
pub(super) const SIGNING_SECRET: TypedParameter<Option<&str>> = ParameterSpec::optional(
    "secret",
    ParameterKind::Secret,
    "The robot's signing secret, if signature verification is on.",
)
.typed(None);

/// Where a channel posts to.
pub(super) struct Endpoint {
    url: Secret,
    headers: Vec<(String, Secret)>,
    /// The secret of a chat robot.
    pub(super) signing_secret: Option<Secret>,
    /// The secrets of the channel.
    pub(super) mask: SecretMask,
}

impl Endpoint {
    /// The address that the rules give.
    pub(super) fn read(settings: &Settings) -> Result<Self, RequestBuildError> {
        let url = URL.read(settings).ok_or(RequestBuildError::Missing(URL.spec.name))?;
        Ok(Self::at(url.to_owned(), settings))
    }

    /// An address that the kind makes itself.
    pub(super) fn at(url: String, settings: &Settings) -> Self {
        Self {
            url: Secret::new(url),
            headers: HEADERS.read(settings).to_vec(),
            signing_secret: SIGNING_SECRET.read(settings).map(|secret| Secret::new(secret.to_owned())),
            mask: settings.mask(),
        }
    }

    /// A POST of the stored body. Headers of the rules replace ours of the same name.
    pub(super) fn post(&self, attempt: &RequestContext<'_>) -> HttpRequest {
        let hops = attempt.hops.to_string();
        let ours = [
            ("Content-Type", "application/json"),
            ("User-Agent", USER_AGENT),
            ("Idempotency-Key", attempt.idempotency_key),
            ("webhook-id", attempt.idempotency_key),
            ("Pointsman-Hops", &hops),
        ];
        let replay = attempt.replay.then_some(("Pointsman-Replay", "true"));
        let is_given = |name: &str| self.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        let ours = ours.into_iter().chain(replay).filter(|(name, _)| !is_given(name));
        let mut headers: Vec<(String, Secret)> =
            ours.map(|(name, value)| (name.to_owned(), Secret::new(value.to_owned()))).collect();
        headers.extend(self.headers.iter().cloned());
        HttpRequest { method: "POST", url: self.url.clone(), headers, body: attempt.body.to_vec() }
    }
}

/// Milliseconds since 1970 at the time of the attempt.
pub(super) fn milliseconds(attempt: &RequestContext<'_>) -> i64 {
    attempt.at.epoch_milliseconds()
}

/// Seconds since 1970 at the time of the attempt.
pub(super) fn seconds(attempt: &RequestContext<'_>) -> i64 {
    attempt.at.epoch_milliseconds().div_euclid(1_000)
}

/// A text as a value of a query. A blank is `%20`, which every reader understands.
pub(super) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// An address with more parameters in its query. The query that it had stays as it is.
pub(super) fn with_query(url: &str, query: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{query}")
}
