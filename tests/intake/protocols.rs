//! Bodies, keys and answers of each protocol.

use super::host::{Running, WATCHDOG, keys, start, text, version};
use super::{EVENT, RULES, listener};
use flate2::Compression;
use flate2::write::GzEncoder;
use pointsman::channel::Setting;
use pointsman::event::Severity;
use pointsman::gateway::config::ListenerLimits;
use pointsman::gateway::journal::{DiskShortage, FiringTransition, JournalError, OpenFiring, PushOrigin};
use serde_json::json;
use std::io::Write;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const URL: &str = "/push/plain?integration_key=key-of-plain";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn an_accepted_push_is_stored_with_all_that_was_decided() {
    let running = listener(ListenerLimits::default()).await;
    running.parts.store.0.open.lock().unwrap().insert("b".to_owned(), vec!["gone".to_owned(), "chat".to_owned()]);
    let body = br#"{"title": "t", "alerts": [{"key": "a"}, {"key": "b", "status": "resolved"}, {"key": "a", "status": "resolved"}]}"#;
    let answer = running.post(URL, &[], body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let push = running.pushes().remove(0);
    assert_eq!(answer.json()["id"], push.id.to_string());
    assert_eq!(answer.json()["outcomes"][0]["channels"], json!(["page", "chat"]));
    assert_eq!(answer.json()["outcomes"][1]["channels"], json!(["chat"]));
    assert_eq!((push.integration.as_str(), push.origin, push.generation), ("plain", PushOrigin::Push, 1));
    assert_eq!(push.payload, body);
    let deliveries: Vec<_> =
        push.deliveries.iter().map(|one| (one.index, one.channel.as_str(), one.kind, one.key.as_str())).collect();
    let expected = [
        (0, "page", "stdout", "a"),
        (0, "chat", "stdout", "a"),
        (1, "chat", "stdout", "b"),
        (2, "page", "stdout", "a"),
        (2, "chat", "stdout", "a"),
    ];
    assert_eq!(deliveries, expected);
    assert!(push.deliveries.iter().all(|one| one.body.is_some()));
    let channels = vec!["page".into(), "chat".into()];
    let opened = FiringTransition::Opened { key: "a".into(), channels, severity: Severity::Warning, index: 0 };
    let with_gone = FiringTransition::Closed { key: "b".into(), removed_channels: vec!["gone".into()], index: 1 };
    assert_eq!(
        push.transitions,
        [opened, with_gone, FiringTransition::Closed { key: "a".into(), removed_channels: vec![], index: 2 }]
    );
    let channels = vec!["gone".to_owned(), "chat".to_owned()];
    assert_eq!(push.open, [OpenFiring { key: "b".to_owned(), channels }]);
    assert_eq!(running.parts.store.0.rules.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_is_taken_from_the_query_and_from_two_headers() {
    let running = listener(ListenerLimits::default()).await;
    for (target, headers) in [
        ("/push/plain?integration_key=key-of-plain", [("X-A", "b")]),
        ("/push/plain?a=b&integration_key=old%2Bkey+of%20plain", [("X-A", "b")]),
        ("/push/plain", [("Authorization", "Bearer key-of-plain")]),
        ("/push/plain", [("authorization", "bearer key-of-plain")]),
        ("/push/plain", [("X-Integration-Key", "key-of-plain")]),
    ] {
        assert_eq!(running.post(target, &headers, EVENT).await.status, 202, "{target} {headers:?}");
    }
}

#[tokio::test]
async fn a_sender_without_a_key_learns_nothing() {
    let running = listener(ListenerLimits::default()).await;
    let without_date =
        |text: &str| text.lines().filter(|line| !line.starts_with("date:")).collect::<Vec<_>>().join("\n");
    let known = running.post("/push/unknown?integration_key=canary-secret", &[], EVENT).await;
    assert_eq!(known.status, 404);
    assert!(known.headers.contains("content-type: application/problem+json"), "{known:?}");
    for target in [
        "/push/plain?integration_key=canary-secret",
        "/push/plain?integration_key=key-of-other",
        "/push/plain?integration_key=",
        "/push/plain",
        "/push/unknown",
        "/push/plain%20?integration_key=key-of-plain",
    ] {
        let answer = running.post(target, &[], EVENT).await;
        assert_eq!((answer.status, &answer.body), (404, &known.body), "{target}");
        assert_eq!(without_date(&answer.headers), without_date(&known.headers), "{target}");
        assert!(!answer.body.contains("canary") && !answer.body.contains("key-of"));
    }
    assert!(running.pushes().is_empty() && running.refused().is_empty());
}

#[tokio::test]
async fn an_unreadable_body_is_kept_and_the_place_is_named() {
    let running = listener(ListenerLimits::default()).await;
    let answer = running.post(URL, &[], b"{\"title\": \"t\",\n  \"alerts\": [1,]}").await;
    assert_eq!(answer.status, 400);
    assert!(answer.json()["detail"].as_str().unwrap().starts_with("line 2, column "), "{answer:?}");
    let refused = running.refused().remove(0);
    assert_eq!(answer.json()["quarantined"], refused.id.to_string());
    assert_eq!((refused.status, refused.integration.as_str()), (400, "plain"));

    let answer = running.post(URL, &[], br#"{"subject": "t"}"#).await;
    assert_eq!(answer.status, 422);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("`plain`: there is no `title`") && detail.contains("`form`: "), "{detail}");
    assert_eq!(running.refused()[1].status, 422);
}

#[tokio::test]
async fn bodies_that_are_not_json_are_refused_without_harm() {
    let running = listener(ListenerLimits::default()).await;
    let deep = "[".repeat(100_000);
    let closed = format!("{}{}", "[".repeat(128), "]".repeat(128));
    let bodies: [&[u8]; 14] = [
        b"",
        b" ",
        b"nul",
        b"{",
        b"[1,]",
        b"{\"a\":1,}",
        b"\"\xff\"",
        b"\"\\ud800\"",
        b"1e999999",
        b"{}{}",
        b"\0",
        deep.as_bytes(),
        closed.as_bytes(),
        b"'a'",
    ];
    for body in bodies {
        let answer = running.post(URL, &[], body).await;
        assert_eq!(answer.status, 400, "{:?}", String::from_utf8_lossy(&body[..body.len().min(20)]));
    }
    let accepted: [&[u8]; 4] = [
        b"\xEF\xBB\xBF{\"title\": \"t\", \"alerts\": []}",
        br#"{"title": "a", "title": "b", "alerts": []}"#,
        br#"{"title": "\u0000", "alerts": [{"key": 18446744073709551616}]}"#,
        b" \n{\"title\": \"t\"}\r\n",
    ];
    for body in accepted {
        assert_eq!(running.post(URL, &[], body).await.status, 202, "{:?}", String::from_utf8_lossy(body));
    }
}

#[tokio::test]
async fn gzip_is_unpacked_within_the_limit() {
    let running = listener(ListenerLimits::default()).await;
    let gzipped = [("Content-Encoding", "gzip")];
    assert_eq!(running.post(URL, &gzipped, &gzip(EVENT)).await.status, 202);
    assert_eq!(running.pushes()[0].payload, EVENT);
    let bomb = gzip(&vec![b' '; 200 << 20]);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(running.post(URL, &gzipped, &bomb).await.status, 413);
    assert_eq!(running.post(URL, &gzipped, EVENT).await.status, 400);
    let cut = gzip(EVENT);
    assert_eq!(running.post(URL, &gzipped, &cut[..cut.len() - 9]).await.status, 400);
    for other in ["br", "zstd", "deflate", "gzip, gzip"] {
        assert_eq!(running.post(URL, &[("Content-Encoding", other)], EVENT).await.status, 415, "{other}");
    }
    assert_eq!(running.post(URL, &[("Content-Encoding", "identity")], EVENT).await.status, 202);
}

#[tokio::test]
async fn only_known_content_types_are_accepted() {
    let running = listener(ListenerLimits::default()).await;
    for (kind, status) in [
        ("application/json; charset=utf-8", 202),
        ("text/plain; charset=UTF-8", 202),
        ("application/cloudevents+json", 202),
        ("text/xml", 415),
        ("multipart/form-data; boundary=x", 415),
    ] {
        assert_eq!(running.post(URL, &[("Content-Type", kind)], EVENT).await.status, status, "{kind}");
    }
}

#[tokio::test]
async fn a_form_becomes_the_json_of_its_fields() {
    let running = listener(ListenerLimits::default()).await;
    let form = "alertName=cpu+high&ruleId=r%2D1&curValue=97&dimensions=%7BinstanceId%3Di-1%7D&tag=a&tag=b&empty=&name=%E7%A3%81";
    let kind = [("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")];
    assert_eq!(running.post(URL, &kind, form.as_bytes()).await.status, 202);
    let push = running.pushes().remove(0);
    assert_eq!(push.origin, PushOrigin::Form);
    let stored: serde_json::Value = serde_json::from_slice(&push.payload).unwrap();
    let expected = json!({
        "alertName": "cpu high", "ruleId": "r-1", "curValue": "97", "dimensions": "{instanceId=i-1}",
        "tag": ["a", "b"], "empty": "", "name": "磁"
    });
    assert_eq!(stored, expected);
    assert_eq!(running.post(URL, &kind, b"").await.status, 400);
    // `curl --data` says form if no header says otherwise.
    for json in [r#"{"alerts":[]}"#, " [1]\n", r#"{"a":"b=c&d"}"#, r#"{"cut":"#] {
        assert_eq!(running.post(URL, &kind, json.as_bytes()).await.status, 415, "{json}");
    }
    assert_ne!(running.post(URL, &kind, br#"{"name"=1"#).await.status, 415);
    assert_eq!(running.post(URL, &kind, "a&".repeat(5_000).as_bytes()).await.status, 400);
}

#[tokio::test]
async fn a_push_that_is_not_durable_is_answered_with_retry_after() {
    let running = listener(ListenerLimits::default()).await;
    for fault in [JournalError::Full, JournalError::NoSpace, JournalError::Failed("canary /path".to_owned())] {
        *running.parts.store.0.fault.lock().unwrap() = Some(fault.clone());
        let answer = running.post(URL, &[], EVENT).await;
        assert_eq!(answer.status, 503, "{fault:?}");
        assert!(answer.headers.contains("retry-after: ") && !answer.body.contains("canary"), "{answer:?}");
    }
    let shortage = DiskShortage { free: 930 << 20, least: 1 << 30 };
    *running.parts.store.0.fault.lock().unwrap() = Some(JournalError::LowSpace(shortage));
    let answer = running.post(URL, &[], EVENT).await;
    let told =
        [&answer.json()["detail"], &answer.json()["help"]].map(|text| text.as_str().unwrap().to_owned()).join("; ");
    assert_eq!(answer.status, 503);
    for part in ["930 MiB", "1024 MiB", "`--least-free`"] {
        assert!(told.contains(part), "{told}");
    }
    // A push that is not durable counts as an answer only.
    let counted = |running: &Running| -> Vec<String> {
        let text = running.parts.metrics.render();
        let prefixes = ["pointsman_outcomes_total{integration=\"plain\"", "pointsman_routes_total"];
        let lines = text.lines().filter(|line| prefixes.iter().any(|prefix| line.starts_with(prefix)));
        lines.filter(|line| !line.ends_with(" 0")).map(str::to_owned).collect()
    };
    assert_eq!(counted(&running), [""; 0]);
    *running.parts.store.0.fault.lock().unwrap() = None;
    assert_eq!(running.post(URL, &[], EVENT).await.status, 202);
    assert_eq!(running.post(URL, &[], b"{").await.status, 400);
    let mut lines = counted(&running);
    lines.sort();
    let expected = [
        "pointsman_outcomes_total{integration=\"plain\",outcome=\"invalid\"} 1",
        "pointsman_outcomes_total{integration=\"plain\",outcome=\"sent\"} 1",
        "pointsman_routes_total{route=\"main.else\"} 1",
    ];
    assert_eq!(lines, expected);
    running.parts.stopping.store(true, Ordering::Relaxed);
    let answer = running.post(URL, &[], EVENT).await;
    assert_eq!((answer.status, answer.headers.contains("retry-after: ")), (503, true));
    assert_eq!(running.send("GET", "/-/ready", &[], b"").await.status, 503);
    assert_eq!(running.send("GET", "/-/healthy", &[], b"").await.status, 200);
}

#[tokio::test]
async fn rate_repetition_and_size_are_limited_by_the_integration() {
    let plain = [
        ("keys", keys(&["k"])),
        ("rate", Setting::Number(2)),
        ("max_body", Setting::Number(1)),
        ("deduplicate_for", Setting::Duration(Duration::from_mins(1))),
    ];
    let first = version(1, RULES, &[("plain", &plain)]);
    let running = start(first, ListenerLimits::default()).await;
    let url = "/push/plain?integration_key=k";
    let one = running.post(url, &[], EVENT).await.json();
    // A reload does not refill the bucket.
    running.publish(version(2, RULES, &[("plain", &plain)]));
    let two = running.post(url, &[], EVENT).await.json();
    assert_eq!(two, json!({"id": one["id"], "duplicate": true, "outcomes": []}));
    let three = running.post(url, &[], EVENT).await;
    assert_eq!((three.status, three.headers.contains("retry-after: ")), (503, true));
    running.publish(version(3, RULES, &[("plain", &[("keys", keys(&["k"])), ("max_body", Setting::Number(1))])]));
    let body = |size: usize| format!("{{\"title\": \"{}\"}}", "t".repeat(size - 13)).into_bytes();
    assert_eq!(running.post(url, &[], &body(1024)).await.status, 202);
    assert_eq!(running.post(url, &[], &body(1025)).await.status, 413);
    assert_eq!(running.pushes().last().unwrap().generation, 3);
}

#[tokio::test]
async fn a_removed_key_opens_nothing_from_the_next_push_on() {
    let running =
        start(version(1, RULES, &[("plain", &[("keys", keys(&["old", "new"]))])]), ListenerLimits::default()).await;
    assert_eq!(running.post("/push/plain?integration_key=old", &[], EVENT).await.status, 202);
    running.publish(version(2, RULES, &[("plain", &[("keys", keys(&["new"])), ("header", text("x"))])]));
    assert_eq!(running.post("/push/plain?integration_key=old", &[], EVENT).await.status, 404);
    assert_eq!(running.post("/push/plain?integration_key=new", &[], EVENT).await.status, 202);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused() {
    let running = listener(ListenerLimits::default()).await;
    let answer = running.send("GET", URL, &[], b"").await;
    assert_eq!((answer.status, answer.headers.contains("allow: post")), (405, true), "{answer:?}");
    assert!(answer.headers.contains("content-type: application/problem+json"));
    let answer = running.post("/canary/path?integration_key=key-of-plain", &[], EVENT).await;
    assert_eq!((answer.status, answer.body.contains("canary")), (404, false));
    assert_eq!(running.send("GET", "/-/ready", &[], b"").await.body, "OK");
    assert_eq!(running.send("DELETE", "/-/ready", &[], b"").await.status, 405);
}

#[tokio::test]
async fn chunked_bodies_and_bodies_after_100_continue_arrive() {
    let running = listener(ListenerLimits::default()).await;
    let (start, end) = EVENT.split_at(10);
    let mut request =
        format!("POST {URL} HTTP/1.1\r\nHost: it\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
            .into_bytes();
    for part in [start, end] {
        request.extend(format!("{:x}\r\n", part.len()).bytes().chain(part.iter().copied()).chain(*b"\r\n"));
    }
    request.extend(b"0\r\n\r\n");
    assert!(running.raw(&request).await.starts_with("HTTP/1.1 202 "));

    let mut stream = running.connect().await;
    let head = format!(
        "POST {URL} HTTP/1.1\r\nHost: it\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        EVENT.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut said = [0; 25];
    tokio::time::timeout(WATCHDOG, stream.read_exact(&mut said)).await.unwrap().unwrap();
    assert_eq!(&said, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(EVENT).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
}

#[tokio::test]
async fn flashduty_senders_get_answers_of_their_protocol() {
    let running = listener(ListenerLimits::default()).await;
    let url = "/event/push/alert/standard?integration_key=key-of-standard";
    let push = br#"{"title_rule": "cpu", "event_status": "Warning", "alert_key": "k-1"}"#;
    let answer = running.post(url, &[], push).await;
    assert_eq!((answer.status, &answer.json()["data"]), (200, &json!({"alert_key": "k-1"})));
    assert!(answer.json()["request_id"].is_string());
    let answer = running.post(url, &[], br#"{"title_rule": "cpu", "event_status": "Info"}"#).await;
    let made = answer.json()["data"]["alert_key"].as_str().unwrap().to_owned();
    assert_eq!(running.pushes()[1].deliveries[0].key, made);
    assert_eq!(running.pushes()[1].origin, PushOrigin::Flashduty);
    for (target, method, kind, body, status, code) in [
        (url, "POST", "application/json", r#"{"event_status": "Info"}"#, 400, "InvalidParameter"),
        (url, "POST", "application/json", r#"{"title_rule": "a", "event_status": "info"}"#, 400, "InvalidParameter"),
        (url, "POST", "application/json", "{", 400, "InvalidParameter"),
        (url, "POST", "text/xml", "<a/>", 400, "InvalidContentType"),
        (url, "GET", "application/json", "", 400, "MethodNotAllowed"),
        ("/event/push/alert/standard?integration_key=x", "POST", "application/json", "{}", 401, "Unauthorized"),
        ("/event/push/alert/standard", "POST", "application/json", "{}", 401, "Unauthorized"),
    ] {
        let answer = running.send(method, target, &[("Content-Type", kind)], body.as_bytes()).await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (status, &json!(code)), "{body}");
        assert!(answer.json()["error"]["message"].is_string() && answer.json()["request_id"].is_string());
    }
}

fn alert(name: &str, ends_at: &str) -> serde_json::Value {
    json!({
        "labels": {"alertname": name, "severity": "critical", "empty": ""},
        "annotations": {"summary": "it is down"},
        "startsAt": "2026-11-20T10:00:00Z",
        "endsAt": ends_at,
        "generatorURL": "http://prometheus.example/graph"
    })
}

#[tokio::test]
async fn a_prometheus_server_can_push_as_to_an_alertmanager() {
    const KEY: [(&str, &str); 1] = [("Authorization", "Bearer key-of-prometheus")];
    let running = listener(ListenerLimits::default()).await;
    let send =
        async |alerts: serde_json::Value| running.post("/api/v2/alerts", &KEY, alerts.to_string().as_bytes()).await;
    let answer = send(json!([alert("Down", "2999-01-01T00:00:00Z"), alert("Slow", "2999-01-01T00:00:00Z")])).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    let push = running.pushes().remove(0);
    assert_eq!(push.origin, PushOrigin::Alertmanager);
    let stored: serde_json::Value = serde_json::from_slice(&push.payload).unwrap();
    assert_eq!(stored["version"], "4");
    assert_eq!(stored["alerts"][0]["status"], "firing");
    assert_eq!(stored["alerts"][0]["labels"], json!({"alertname": "Down", "severity": "critical"}));
    assert_eq!(push.deliveries.len(), 2);

    // A repetition is not new, whatever its end; a recovery is new once, and a firing after it is new again.
    assert_eq!(send(json!([alert("Down", "2999-01-01T00:04:00Z")])).await.status, 200);
    assert_eq!(running.pushes().len(), 1);
    for _ in 0..2 {
        assert_eq!(send(json!([alert("Down", "2026-11-20T11:00:00Z")])).await.status, 200);
    }
    assert_eq!(running.pushes().len(), 2);
    let recovery: serde_json::Value = serde_json::from_str(&running.pushes()[1].outcomes).unwrap();
    let recovery = &recovery[0];
    assert_eq!(recovery["event"]["status"], "Resolved");
    assert_eq!(recovery["event"]["key"], push.deliveries[0].key);
    assert_eq!(recovery["event"]["ends_at"], "2026-11-20T11:00:00Z");
    assert_eq!(send(json!([alert("Down", "2999-01-01T00:00:00Z")])).await.status, 200);
    assert_eq!(running.pushes().len(), 3);

    // An alert that is not durable is not cached.
    *running.parts.store.0.fault.lock().unwrap() = Some(JournalError::Full);
    assert_eq!(send(json!([alert("New", "2999-01-01T00:00:00Z")])).await.status, 503);
    *running.parts.store.0.fault.lock().unwrap() = None;
    assert_eq!(send(json!([alert("New", "2999-01-01T00:00:00Z")])).await.status, 200);
    assert_eq!(running.pushes().len(), 4);

    for wrong in [json!({}), json!([{"labels": {}}]), json!([{"labels": {"a": 1}}]), json!([1])] {
        let answer = send(wrong.clone()).await;
        assert_eq!((answer.status, answer.json().is_string()), (400, true), "{wrong}");
    }
    assert_eq!(running.post("/api/v2/alerts", &KEY, b"[{").await.status, 400);
    // A body with a wrong alert is kept whole, as senders do not resend what was refused.
    let kept: Vec<_> =
        running.refused().iter().map(|one| (one.status, String::from_utf8(one.payload.clone()).unwrap())).collect();
    let expected = ["{}", r#"[{"labels":{}}]"#, r#"[{"labels":{"a":1}}]"#, "[1]", "[{"];
    assert_eq!(kept, expected.map(|body| (400, body.to_owned())));
    let wrong = running.post("/api/v2/alerts", &[("Authorization", "Bearer x")], b"[]").await;
    assert_eq!((wrong.status, wrong.json().is_string()), (401, true));
    assert!(wrong.headers.contains("www-authenticate: bearer"), "{wrong:?}");
}

#[tokio::test]
async fn a_large_batch_is_evaluated_whole() {
    let running = listener(ListenerLimits::default()).await;
    let alerts: Vec<_> = (0..5_000).map(|index| json!({"key": format!("k{index}")})).collect();
    let body = json!({"title": "t", "alerts": alerts}).to_string();
    assert!(body.len() > 64 << 10);
    let answer = running.post(URL, &[], body.as_bytes()).await;
    assert_eq!((answer.status, answer.headers.contains("content-length: ")), (202, true));
    let push = running.pushes().remove(0);
    let outcomes: Vec<serde_json::Value> = serde_json::from_str(&push.outcomes).unwrap();
    assert_eq!(answer.json(), json!({"id": push.id.to_string(), "outcomes": outcomes}));
    assert_eq!((outcomes.len(), push.deliveries.len(), push.transitions.len()), (5_000, 10_000, 5_000));
    assert_eq!(push.deliveries[9_999].index, 4_999);
}

#[tokio::test]
async fn a_small_body_does_not_become_a_large_push() {
    let limits = ListenerLimits::default();
    let running = listener(limits).await;
    // Three bytes each: a body of the usual size may hold 349,000 of them.
    let many = |count: usize, title: usize| {
        let alerts = vec!["{}"; count].join(",");
        format!("{{\"title\": \"{}\", \"alerts\": [{alerts}]}}", "t".repeat(title)).into_bytes()
    };
    let answer = running.post(URL, &[], &many(10_001, 1)).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("10001 elements") && detail.contains("at most 10000"), "{detail}");
    // Each event carries the long title, to two channels.
    let answer = running.post(URL, &[], &many(9_000, 2_000)).await;
    assert_eq!(answer.status, 413, "{answer:?}");
    assert!(answer.json()["detail"].as_str().unwrap().contains("32 MiB"), "{answer:?}");
    assert!(running.pushes().is_empty());
    let refused: Vec<u16> = running.parts.store.0.refused.lock().unwrap().iter().map(|one| one.status).collect();
    assert_eq!(refused, [422, 413], "both are kept");
    assert_eq!(running.post(URL, &[], &many(10_000, 1)).await.status, 202);
}
