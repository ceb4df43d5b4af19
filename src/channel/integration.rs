//! The parameters of an integration: the keys of its push URL, and what verifies that a push comes from the right sender.

use super::header;
use super::parameter::{ParameterDefault, ParameterError, ParameterKind, ParameterSpec, TypedParameter, ValueRange};
use super::settings::{Secret, Setting, Settings};
use std::time::Duration;

/// The parameters, in the order of the reference.
pub const PARAMETERS: &[ParameterSpec] = &[
    KEYS.spec,
    SIGNATURE.spec,
    SECRET.spec,
    HEADER.spec,
    ALGORITHM.spec,
    ENCODING.spec,
    PREFIX.spec,
    TOLERANCE.spec,
    MAX_BODY.spec,
    RATE.spec,
    DEDUPLICATE_FOR.spec,
    RESOLVE_TIMEOUT.spec,
    ANSWER_STATUS.spec,
    ANSWER_BODY,
];

/// The keys that open the push URL.
pub const KEYS: TypedParameter<&[Secret]> = ParameterSpec::required(
    "keys",
    ParameterKind::Secrets,
    "The keys that open the push URL, one or two: two while one is rotated; each of at least 16 characters, and better of 128 random bits.",
)
.with_check(check_keys)
.typed(&[]);

/// The scheme by which pushes are signed.
pub const SIGNATURE: TypedParameter<Option<&str>> = ParameterSpec::optional(
    "signature",
    ParameterKind::OneOf(&["standard_webhooks", "github", "gitlab", "grafana", "stripe", "generic"]),
    "How pushes are signed, besides the key; an unsigned or wrongly signed one is refused with 401. A signed push to `/push/{integration}` may leave out the key; a wrong signature is then answered like an unknown integration, with 404. `generic` is an HMAC of the body in a header of your choice; `gitlab` compares a token.",
)
.with_default(ParameterDefault::Described("none"))
.with_check(check_signature)
.typed(None);

/// The secret that signatures are made with.
pub const SECRET: TypedParameter<Option<&str>> = ParameterSpec::optional(
    "secret",
    ParameterKind::Secret,
    "The secret that signatures are made with; required if `signature` is given.",
)
.typed(None);

/// The header that holds the signature, if it is not the scheme's own.
pub const HEADER: TypedParameter<Option<&str>> = ParameterSpec::optional(
    "header",
    ParameterKind::Text,
    "The header that holds the signature; required for `generic`.",
)
.with_default(ParameterDefault::Described("the scheme's own"))
.with_check(header::check_name)
.typed(None);

/// The hash of a `generic` signature.
pub const ALGORITHM: TypedParameter<&str> = ParameterSpec::optional(
    "algorithm",
    ParameterKind::OneOf(&["sha256", "sha512", "sha1"]),
    "The hash of a `generic` signature.",
)
.or_text("sha256");

/// How a `generic` signature is written.
pub const ENCODING: TypedParameter<&str> = ParameterSpec::optional(
    "encoding",
    ParameterKind::OneOf(&["hex", "base64"]),
    "How a `generic` signature is written.",
)
.or_text("hex");

/// The text before a `generic` signature.
pub const PREFIX: TypedParameter<&str> = ParameterSpec::optional(
    "prefix",
    ParameterKind::Text,
    "The text before a `generic` signature in its header, such as `\"sha256=\"`.",
)
.with_default(ParameterDefault::Described("nothing"))
.typed("");

/// How far a signed time may be from now.
pub const TOLERANCE: TypedParameter<Duration> = ParameterSpec::optional(
    "tolerance",
    ParameterKind::Duration(ValueRange::new(1, 60 * 60)),
    "How far the time in a signature may be from now, if the scheme signs a time.",
)
.or_duration(Duration::from_mins(5));

/// The largest body in KiB.
pub const MAX_BODY: TypedParameter<u64> = ParameterSpec::optional(
    "max_body",
    ParameterKind::Integer(ValueRange::new(1, 16_384)),
    "The largest body in KiB, unpacked. A larger one is refused with 413. While it is evaluated, a body may need 50 times its size in memory.",
)
.or_number(1_024);

/// How many pushes a minute are accepted.
pub const RATE: TypedParameter<Option<u64>> = ParameterSpec::optional(
    "rate",
    ParameterKind::Integer(ValueRange::new(1, 6_000_000)),
    "The most pushes a minute. A push that exceeds it is answered with 503 and a time to wait.",
)
.with_default(ParameterDefault::Described("no limit"))
.typed(None);

/// How long a repeated body is not read again; zero is never.
pub const DEDUPLICATE_FOR: TypedParameter<Duration> = ParameterSpec::optional(
    "deduplicate_for",
    ParameterKind::Duration(ValueRange::new(0, 7 * 24 * 60 * 60)),
    "How long the same body, with the same headers and path as far as mappings read them, is accepted as a repetition and not read again after it was accepted once; `0s` is never.",
)
.or_duration(Duration::ZERO);

/// After which time an alert is over of which nothing more is heard.
pub const RESOLVE_TIMEOUT: TypedParameter<Option<Duration>> = ParameterSpec::optional(
    "resolve_timeout",
    ParameterKind::Duration(ValueRange::new(60, LONGEST_RESOLVE_TIMEOUT.as_secs())),
    "After which time an alert is over of which nothing more is heard, while the gateway listens: at least twice the interval in which the sender repeats what fires. It is noticed at most a quarter of that time later, and an hour at most.",
)
.with_default(ParameterDefault::Described("`30d`; `1h` where no mapping of the integration can give Resolved"))
.typed(None);

/// The longest `resolve_timeout`, and the default.
pub const LONGEST_RESOLVE_TIMEOUT: Duration = Duration::from_hours(30 * 24);

/// The default of `resolve_timeout` where no mapping can give Resolved.
pub const ENDLESS_RESOLVE_TIMEOUT: Duration = Duration::from_hours(1);

/// The status of the answer to an accepted push.
pub const ANSWER_STATUS: TypedParameter<u64> = ParameterSpec::optional(
    "answer_status",
    ParameterKind::OneOfIntegers(&[200, 201, 202, 204]),
    "The status of the answer to an accepted push to `/push/{integration}`, for senders that take no other for success. 204 has no body.",
)
.or_number(202);

/// The body of the answer to an accepted push.
pub const ANSWER_BODY: ParameterSpec = ParameterSpec::optional(
    "answer_body",
    ParameterKind::Answer,
    "The body of the answer to an accepted push to `/push/{integration}`: a constant string as `text/plain`, or JSON over the payload as `application/json`, in which a missing value removes its key. At most 4 KiB; a larger one is left out.",
)
.with_default(ParameterDefault::Described("the id and the outcomes"));

/// The longest body of an answer that an integration gives, in bytes.
pub const LONGEST_ANSWER: usize = 4 << 10;

/// The most keys of an integration: two while one is rotated.
const MAX_KEYS: usize = 2;
/// The fewest characters of an integration's key.
const SHORTEST_KEY: usize = 16;

fn check_keys(value: &Setting, _: &Settings) -> Vec<ParameterError> {
    let Setting::Secrets(keys) = value else { return Vec::new() };
    if keys.len() > MAX_KEYS {
        let message = "there are more than two keys".to_owned();
        return vec![ParameterError { message, help: "remove the keys that nobody uses any more" }];
    }
    keys.iter().filter_map(key_error).collect()
}

fn key_error(key: &Secret) -> Option<ParameterError> {
    let text = key.expose();
    let message = if text.chars().count() < SHORTEST_KEY {
        format!("a key has fewer than {SHORTEST_KEY} characters")
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        "a key holds a blank or a character that a URL or a header must encode".to_owned()
    } else {
        return None;
    };
    Some(ParameterError { message, help: "make one with `pointsman keys new`" })
}

/// The headers besides the body that a scheme of signatures covers, in lower case.
#[must_use]
pub fn signed_headers(scheme: &str) -> &'static [&'static str] {
    match scheme {
        "standard_webhooks" => &["webhook-id", "webhook-timestamp"],
        "grafana" => &["x-grafana-alerting-timestamp"],
        _ => &[],
    }
}

/// What a scheme of signatures needs besides.
fn check_signature(scheme: &Setting, settings: &Settings) -> Vec<ParameterError> {
    let no_secret = SECRET.read(settings).is_none().then_some("there is no `secret` to verify it with");
    let no_header = scheme.text() == Some("generic") && HEADER.read(settings).is_none();
    let no_header = no_header.then_some("nothing says which header holds it");
    let mut errors = ParameterError::list(no_secret, "add `secret = env(\"…\")`");
    errors.extend(ParameterError::list(no_header, "add `header = \"X-Signature\"`"));
    errors
}
