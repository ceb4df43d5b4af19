//! What a request says besides its body: headers and paths that mappings read, what is stored of them, and what senders and
//! logs never get.

use super::host::{Answer, Running, keys, secret, start, text, version};
use pointsman::channel::Setting;
use pointsman::evaluate::RequestMetadata;
use pointsman::gateway::config::ListenerLimits;
use std::time::Duration;

const RULES: &str = r#"edition 1
mapping events {
  accept when header("X-Kind") == "alert" because "not an alert"
  severity = Warning
  status   = match path_suffix() { "close" | "ä/close" => Resolved  else => Firing }
  title    = header("x-title") ?? "t"
  key      = key("events", $.id) ?? "k"
}
mapping plain {
  accept when $.id is number
  severity = Warning
  status   = Firing
  title    = header("x-title") ?? "t"
  key      = key("events", $.id) ?? "k"
}
channel chat = stdout()
integration events { keys = [env("A")]  events => chat }
integration plain { keys = [env("B")]  plain => chat }
integration signed { keys = [env("C")]  signature = "github"  secret = env("D")  plain => chat }
integration twice { keys = [env("E")]  deduplicate_for = "1h"  events => chat }
"#;

async fn listener() -> Running {
    let signed: [(&str, Setting); 3] =
        [("keys", keys(&["key-of-signed"])), ("signature", text("github")), ("secret", secret("s"))];
    let twice: [(&str, Setting); 2] =
        [("keys", keys(&["key-of-twice"])), ("deduplicate_for", Setting::Duration(Duration::from_hours(1)))];
    let settings: [(&str, &[_]); 4] = [
        ("events", &[("keys", keys(&["key-of-events"]))]),
        ("plain", &[("keys", keys(&["key-of-plain"]))]),
        ("signed", &signed),
        ("twice", &twice),
    ];
    start(version(1, RULES, &settings), ListenerLimits::default()).await
}

fn request(headers: &[(&str, &str)], suffix: Option<&str>) -> RequestMetadata {
    let mut request = RequestMetadata::default();
    for (name, value) in headers {
        request.set_header(name, Some((*value).to_owned()));
    }
    suffix.into_iter().for_each(|suffix| request.set_path_suffix(suffix.to_owned()));
    request
}

#[tokio::test]
async fn what_mappings_read_decides_and_is_stored_and_nothing_else_is() {
    let running = listener().await;
    let headers = [
        ("Authorization", "Bearer key-of-events"),
        ("x-kind", "alert"),
        ("X-Title", "disk full"),
        ("X-Other", "canary"),
    ];
    let answer = running.post("/push/events/%C3%A4/close?a=canary", &headers, br#"{"id": 1}"#).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let event = &answer.json()["outcomes"][0]["event"];
    assert_eq!((event["title"].as_str(), event["status"].as_str()), (Some("disk full"), Some("Resolved")));
    let push = running.pushes().remove(0);
    assert_eq!(push.request, request(&[("x-kind", "alert"), ("x-title", "disk full")], Some("ä/close")));

    let refused = running.post("/push/events/close", &[headers[0], ("x-kind", "canary")], br#"{"id": 1}"#).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.body.contains("not an alert") && !refused.body.contains("canary"), "{refused:?}");
    assert_eq!(running.refused()[0].request, request(&[("x-kind", "canary")], Some("close")));
}

#[tokio::test]
async fn a_path_that_no_mapping_reads_is_not_found_and_one_that_cannot_be_read_is_refused() {
    let running = listener().await;
    let post = async |path: &str| running.post(path, &[("X-Kind", "alert")], br#"{"id": 1}"#).await;
    let unread = post("/push/plain/canary?integration_key=key-of-plain").await;
    assert_eq!(unread.status, 404);
    assert!(unread.body.contains("no mapping of the integration reads the path behind its name"), "{unread:?}");
    for path in ["%ff", "%zz", "%2", &"a".repeat(257), &"%61".repeat(257)] {
        let answer = post(&format!("/push/events/{path}?integration_key=key-of-events")).await;
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
        assert!(!answer.body.contains(path), "{answer:?}");
    }
    assert_eq!(post(&format!("/push/events/{}?integration_key=key-of-events", "a".repeat(256))).await.status, 202);
    assert_eq!(running.send("GET", "/push/events/close", &[], b"").await.status, 405);
    assert!(running.refused().is_empty());
}

#[tokio::test]
async fn a_sender_without_a_key_cannot_tell_names_by_their_paths() {
    let running = listener().await;
    let without_date = |answer: &Answer| {
        let headers: Vec<_> = answer.headers.lines().filter(|line| !line.starts_with("date:")).collect();
        (headers.join("\n"), answer.body.clone())
    };
    let mut answers = Vec::new();
    for name in ["events", "plain", "signed", "unknown"] {
        for suffix in ["close", "%ff", &"a".repeat(300)] {
            for headers in [&[][..], &[("X-Hub-Signature-256", "sha256=00")], &[("X-Integration-Key", "wrong")]] {
                answers.push(running.post(&format!("/push/{name}/{suffix}"), headers, br#"{"id": 1}"#).await);
            }
        }
    }
    let first = without_date(&answers[0]);
    assert!(answers.iter().all(|answer| answer.status == 404 && without_date(answer) == first), "{answers:#?}");
    assert_eq!(first, without_date(&running.post("/push/unknown", &[], b"{}").await), "as without a path");
}

#[tokio::test]
async fn a_repetition_has_the_same_headers_and_the_same_path() {
    let running = listener().await;
    let post = async |suffix: &str, title: &str| {
        let headers = [("X-Kind", "alert"), ("X-Title", title), ("X-Other", title)];
        let path = format!("/push/twice{suffix}?integration_key=key-of-twice");
        let answer = running.post(&path, &headers, br#"{"id": 1}"#).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        answer.json()["duplicate"] == true
    };
    assert!(!post("", "a").await);
    assert!(post("", "a").await);
    assert!(!post("", "b").await, "another header");
    assert!(!post("/close", "a").await, "a path");
    assert!(!post("/open", "a").await, "another path");
    assert!(post("/%6fpen", "a").await, "the same path");
}

#[tokio::test]
async fn a_header_that_is_too_long_counts_as_missing_with_a_note() {
    let running = listener().await;
    let long = "x".repeat(1_025);
    let headers = [("X-Kind", "alert"), ("X-Title", long.as_str())];
    let answer = running.post("/push/events?integration_key=key-of-events", &headers, br#"{"id": 1}"#).await;
    let event = &answer.json()["outcomes"][0]["event"];
    assert_eq!(event["title"], "t");
    let note = event["notes"][0].as_str().unwrap();
    assert!(note.starts_with("the header `x-title` counts as missing"), "{note}");
}

#[tokio::test]
async fn metrics_hold_no_path() {
    let running = listener().await;
    for path in ["/push/events/canary?integration_key=key-of-events", "/push/canary/canary", "/push/plain/canary"] {
        running.post(path, &[], br#"{"id": 1}"#).await;
    }
    assert!(!running.parts.metrics.render().contains("canary"));
}
