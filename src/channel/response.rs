//! What kinds share when they judge an answer: what its status says, how long to wait, and the far side's own words
//! without what is secret.

use super::http::{DeliveryVerdict, HttpResponse};
use super::settings::{Secret, Setting, Settings};
use crate::text::one_line;
use std::time::{Duration, UNIX_EPOCH};

/// The longest wait that a far side is granted.
pub(super) const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// How many characters of the far side's words are kept.
const LONGEST_MESSAGE: usize = 200;
/// A part of an address that is shorter than this is no key.
const SHORTEST_KEY: usize = 8;

/// What the status alone says; nothing where it says success. A redirect is a failure and never followed.
pub(super) fn by_status(settings: &Settings, answer: &HttpResponse<'_>) -> Option<DeliveryVerdict> {
    match answer.status {
        200..=299 => None,
        408 | 425 | 429 | 500..=599 => Some(DeliveryVerdict::Retry {
            reason: with_message(settings, answer, format!("status {}", answer.status)),
            after: retry_after(answer),
        }),
        300..=399 => Some(DeliveryVerdict::Refused {
            reason: format!("status {}: a redirect, which is never followed", answer.status),
        }),
        _ => Some(DeliveryVerdict::Refused {
            reason: with_message(settings, answer, format!("status {}", answer.status)),
        }),
    }
}

fn with_message(settings: &Settings, answer: &HttpResponse<'_>, status: String) -> String {
    let words = redacted_message(settings, &String::from_utf8_lossy(answer.body));
    if words.is_empty() { status } else { format!("{status}: {words}") }
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

/// The body as JSON.
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

/// An answer of status 200 that does not speak the protocol: a proxy's page, most likely.
pub(super) fn unexpected_body() -> DeliveryVerdict {
    DeliveryVerdict::Retry {
        reason: "status 200, but the answer is not what the protocol says; is something in between?"
            .to_owned(),
        after: None,
    }
}

/// Words of the far side in one line, without secrets: receivers echo addresses and keys.
pub(super) fn redacted_message(settings: &Settings, text: &str) -> String {
    let mut text = text.to_owned();
    for (_, setting) in &settings.entries {
        text = match setting {
            Setting::Secret(secret) => redact(&text, secret, 1),
            Setting::Secrets(secrets) => secrets.iter().fold(text, |text, secret| redact(&text, secret, 1)),
            Setting::Headers(headers) => {
                headers.iter().fold(text, |text, (_, value)| redact(&text, value, SHORTEST_KEY))
            }
            Setting::Text(_)
            | Setting::Number(_)
            | Setting::Numbers(_)
            | Setting::Boolean(_)
            | Setting::Duration(_) => text,
        };
    }
    let line = one_line(&text);
    let line: String = line.chars().filter(|letter| !letter.is_control()).collect();
    super::cut::characters(&line, LONGEST_MESSAGE).0
}

/// A text without a secret of at least `shortest` bytes, as it is and as an address writes it, and without those of its parts
/// that may be the key in an address.
fn redact(text: &str, secret: &Secret, shortest: usize) -> String {
    let secret = secret.expose();
    let whole = [secret.to_owned(), super::http_request::encoded(secret)];
    let whole = whole.iter().map(String::as_str).filter(|whole| whole.len() >= shortest);
    let parts = secret.split(['/', '?', '&', '=', ' ']).filter(|part| part.len() >= SHORTEST_KEY);
    whole.chain(parts).fold(text.to_owned(), |text, part| text.replace(part, "<secret>"))
}

#[cfg(test)]
mod tests {
    use super::{by_status, redacted_message, retry_after};
    use crate::channel::{DeliveryVerdict, HttpResponse, Secret, Setting, Settings};
    use crate::time::Timestamp;
    use std::time::Duration;

    fn answered(status: u16, header: Option<&str>) -> (Option<DeliveryVerdict>, Option<Duration>) {
        let look = |name: &str| header.filter(|_| name == "retry-after").map(str::to_owned);
        let at = Timestamp::read("2026-11-20T12:00:00Z").unwrap();
        let answer = HttpResponse { status, header: &look, body: b"", at };
        (by_status(&Settings::default(), &answer), retry_after(&answer))
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

    #[test]
    fn an_echoed_secret_is_not_shown() {
        let url = "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef";
        let settings =
            Settings { entries: vec![("url".into(), Setting::Secret(Secret::new(url.to_owned())))] };
        for echo in [url, "no such token 0123456789abcdef\r\n!", "/robot/send?access_token=0123456789abcdef"]
        {
            assert!(!redacted_message(&settings, echo).contains("0123456789abcdef"));
        }
        assert_eq!(redacted_message(&settings, "a\r\n b\u{7}"), "a b");
    }
}
