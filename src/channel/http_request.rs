//! The request that carries a stored body: method, address, and the headers that every request has.

use super::http::{HttpRequest, RequestBuildError, RequestContext};
use super::settings::{Secret, Settings};

/// Identifies the program to the far side.
const USER_AGENT: &str = concat!("pointsman/", env!("CARGO_PKG_VERSION"));

/// A POST to the address in the parameter `url`.
///
/// # Errors
/// Where there is no address.
pub(super) fn post(
    settings: &Settings,
    attempt: &RequestContext<'_>,
) -> Result<HttpRequest, RequestBuildError> {
    let url = settings.text("url").ok_or_else(|| RequestBuildError("the channel has no `url`".to_owned()))?;
    Ok(post_to(url.to_owned(), settings, attempt))
}

/// A POST to an address. Headers of the rules stand in the place of ours of the same name.
pub(super) fn post_to(url: String, settings: &Settings, attempt: &RequestContext<'_>) -> HttpRequest {
    let given = settings.headers("headers");
    let mut headers: Vec<(String, Secret)> = Vec::with_capacity(given.len() + 4);
    let ours = [
        ("Content-Type", "application/json"),
        ("User-Agent", USER_AGENT),
        ("Idempotency-Key", attempt.idempotency_key),
    ];
    let replay = attempt.replay.then_some(("Pointsman-Replay", "true"));
    for (name, value) in ours.into_iter().chain(replay) {
        if !given.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            headers.push((name.to_owned(), Secret::new(value.to_owned())));
        }
    }
    headers.extend(given.iter().cloned());
    HttpRequest { method: "POST", url: Secret::new(url), headers, body: attempt.body.to_vec() }
}

/// Milliseconds since 1970 at the time of the attempt.
pub(super) fn milliseconds(attempt: &RequestContext<'_>) -> i64 {
    attempt.at.epoch_milliseconds()
}

/// Seconds since 1970 at the time of the attempt.
pub(super) fn seconds(attempt: &RequestContext<'_>) -> i64 {
    attempt.at.epoch_milliseconds().div_euclid(1_000)
}

/// A text as a value of a query, whether its reader takes `+` for a blank or not.
pub(super) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// An address with more in its query; what it had stays as it is.
pub(super) fn with_query(url: &str, query: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{query}")
}
