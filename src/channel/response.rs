//! What kinds share when they judge an answer: its status, how long to wait, and the receiver's message without
//! secrets.

use super::http::{DeliveryVerdict, HttpResponse, RequestBuildError, RequestContext};
use crate::mask::SecretMask;
use std::time::{Duration, UNIX_EPOCH};

/// The longest wait that a receiver is granted.
pub(super) const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// How many characters of the receiver's message are kept.
const LONGEST_MESSAGE: usize = 200;

/// What the status alone says; nothing if it says success.
pub(super) fn by_status(mask: &SecretMask, answer: &HttpResponse<'_>) -> Option<DeliveryVerdict> {
    let reason = || {
        let message = message(mask, &String::from_utf8_lossy(answer.body));
        let joint = if message.is_empty() { "" } else { ": " };
        format!("status {}{joint}{message}", answer.status)
    };
    match answer.status {
        200..=299 => None,
        408 | 425 | 429 | 500..=599 => Some(DeliveryVerdict::Retry { reason: reason(), after: retry_after(answer) }),
        _ => Some(DeliveryVerdict::Refused { reason: reason() }),
    }
}

/// A message of the receiver in one line, without secrets: receivers may repeat addresses and keys.
pub(super) fn message(mask: &SecretMask, text: &str) -> String {
    mask.line(text, LONGEST_MESSAGE)
}

/// The wait that `Retry-After` asks for, in seconds or as a date (RFC 9110, 10.2.3); at most an hour.
pub(super) fn retry_after(answer: &HttpResponse<'_>) -> Option<Duration> {
    let text = (answer.header)("retry-after")?;
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    let due = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    let now = Duration::from_millis(u64::try_from(answer.at.epoch_milliseconds()).ok()?);
    Some(due.saturating_sub(now).min(LONGEST_WAIT))
}

/// The stored body of an attempt.
pub(super) fn stored<B: serde::de::DeserializeOwned>(attempt: &RequestContext<'_>) -> Result<B, RequestBuildError> {
    serde_json::from_slice(attempt.body).map_err(|_| RequestBuildError::StoredBody)
}

/// The body of an answer as JSON.
pub(super) fn json(answer: &HttpResponse<'_>) -> Option<serde_json::Value> {
    serde_json::from_slice(answer.body).ok()
}

/// The whole number of that name in a JSON answer.
pub(super) fn integer_member(body: Option<&serde_json::Value>, name: &str) -> Option<i64> {
    body?.get(name)?.as_i64()
}

/// The text of that name in a JSON answer.
pub(super) fn text_member<'b>(body: Option<&'b serde_json::Value>, name: &str) -> Option<&'b str> {
    body?.get(name)?.as_str()
}

/// An answer of status 200 that does not follow the protocol. It is most likely the page of a proxy.
pub(super) fn unexpected_body() -> DeliveryVerdict {
    DeliveryVerdict::Retry {
        reason: "status 200, but the answer does not follow the protocol; is a proxy in between?".to_owned(),
        after: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{by_status, retry_after};
    use crate::channel::{DeliveryVerdict, HttpResponse};
    use crate::mask::SecretMask;
    use crate::time::Timestamp;
    use std::time::Duration;

    fn answered(status: u16, header: Option<&str>) -> (Option<DeliveryVerdict>, Option<Duration>) {
        let look = |name: &str| header.filter(|_| name == "retry-after").map(str::to_owned);
        let at = Timestamp::read("2026-11-20T12:00:00Z").unwrap();
        let answer = HttpResponse { status, header: &look, body: b"", at };
        (by_status(&SecretMask::default(), &answer), retry_after(&answer))
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_at_most_an_hour() {
        let after = |header| answered(429, Some(header)).1;
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after("86400"), Some(Duration::from_hours(1)));
        assert_eq!(after("Fri, 20 Nov 2026 12:01:30 GMT"), Some(Duration::from_secs(90)));
        assert_eq!(after("Fri, 20 Nov 2026 11:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(after("soon"), None);
        assert_eq!(after("-1"), None);
    }

    #[test]
    fn statuses_are_sorted_into_retries_and_refusals() {
        assert_eq!(answered(204, None).0, None);
        for status in [408, 425, 429, 500, 503, 599] {
            assert!(matches!(answered(status, None).0, Some(DeliveryVerdict::Retry { .. })), "{status}");
        }
        for status in [100, 301, 302, 307, 400, 401, 403, 404, 410, 413, 422, 600] {
            assert!(matches!(answered(status, None).0, Some(DeliveryVerdict::Refused { .. })), "{status}");
        }
    }
}
