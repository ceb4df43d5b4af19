//! What a request says besides its body: headers and paths that mappings read, what is stored of them, and what senders and
//! logs never get.

use super::host::{Answer, Running, keys, secret, start, text, version};
use pointsman::channel::Setting;
use pointsman::evaluate::RequestMetadata;
use pointsman::gateway::config::ListenerLimits;
use pointsman::gateway::journal::JournalError;
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
    if let Some(suffix) = suffix {
        request.set_path_suffix(suffix.to_owned());
    }
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

const ANSWERING: &str = r#"edition 1
mapping plain {
  accept when $.id is number
  each $.alerts[*]
  severity = Warning
  status   = Firing
  title    = "t"
  key      = key("plain", $.id, @) ?? "k"
}
channel chat = stdout()
integration session {
  keys = [env("A")]  answer_status = 200  answer_body = { "sessionId": $.sessionId, "retCode": 0 }  plain => chat
}
integration word { keys = [env("B")]  answer_status = 201  answer_body = "success"  plain => chat }
integration quiet { keys = [env("C")]  answer_status = 204  plain => chat }
integration receipt { keys = [env("D")]  answer_status = 200  deduplicate_for = "1h"  plain => chat }
"#;

async fn answering() -> Running {
    let twice: [(&str, Setting); 2] =
        [("keys", keys(&["key-of-receipt"])), ("deduplicate_for", Setting::Duration(Duration::from_hours(1)))];
    let settings: [(&str, &[_]); 4] = [
        ("session", &[("keys", keys(&["key-of-session"]))]),
        ("word", &[("keys", keys(&["key-of-word"]))]),
        ("quiet", &[("keys", keys(&["key-of-quiet"]))]),
        ("receipt", &twice),
    ];
    start(version(1, ANSWERING, &settings), ListenerLimits::default()).await
}

#[tokio::test]
async fn an_accepted_push_is_answered_as_its_integration_says() {
    let running = answering().await;
    let post = async |name: &str, body: &[u8]| {
        let answer = running.post(&format!("/push/{name}?integration_key=key-of-{name}"), &[], body).await;
        assert!(answer.headers.contains("x-content-type-options: nosniff"), "{answer:?}");
        answer
    };
    let answer = post("session", br#"{"id": 1, "sessionId": "<b>s", "alerts": [1]}"#).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"sessionId":"<b>s","retCode":0}"#));
    assert!(answer.headers.contains("content-type: application/json"), "{answer:?}");
    // Nothing became of it, and it is accepted all the same.
    let answer = post("session", br#"{"id": 1, "alerts": []}"#).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"retCode":0}"#));
    let answer = post("word", br#"{"id": 1}"#).await;
    assert_eq!((answer.status, answer.body.as_str()), (201, "success"));
    assert!(answer.headers.contains("content-type: text/plain; charset=utf-8"), "{answer:?}");
    let answer = post("quiet", br#"{"id": 1}"#).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    for is_repeated in [false, true] {
        let answer = post("receipt", br#"{"id": 1, "alerts": [1]}"#).await;
        assert_eq!((answer.status, answer.json()["duplicate"] == true), (200, is_repeated));
    }
    let metrics = running.parts.metrics.render();
    assert!(metrics.contains(r#"pointsman_pushes_total{integration="session",status="200"} 2"#), "{metrics}");
}

#[tokio::test]
async fn an_answer_that_would_be_large_is_left_out() {
    let running = answering().await;
    for session in [
        serde_json::json!("x".repeat(4_096)),
        serde_json::json!(["\n".repeat(2_049)]),
        serde_json::json!(vec![0; 4_097]),
    ] {
        let body = serde_json::json!({ "id": 1, "sessionId": session, "alerts": [1] }).to_string();
        let answer = running.post("/push/session?integration_key=key-of-session", &[], body.as_bytes()).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    }
    assert_eq!(running.pushes().len(), 3);
}

#[tokio::test]
async fn errors_are_answered_as_ever() {
    let running = answering().await;
    let url = "/push/session?integration_key=key-of-session";
    for (body, status) in [(&br#"{"sessionId": "s"}"#[..], 422), (b"{", 400)] {
        let answer = running.post(url, &[], body).await;
        assert_eq!(answer.status, status);
        assert!(answer.headers.contains("content-type: application/problem+json"), "{answer:?}");
    }
    *running.parts.store.0.fault.lock().unwrap() = Some(JournalError::Full);
    let answer = running.post(url, &[], br#"{"id": 1, "sessionId": "canary", "alerts": [1]}"#).await;
    assert_eq!(answer.status, 503, "not durable, not answered");
    assert!(!answer.body.contains("canary"), "{answer:?}");
}
