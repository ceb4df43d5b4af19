//! Senders that show no key or a wrong one: what they may take, what they learn, and how they are seen.

use super::host::{Running, WATCHDOG, keys, secret, start, start_with, text, version};
use super::{EVENT, RULES, listener};
use pointsman::gateway::config::ListenerLimits;
use pointsman::gateway::intake::IntakeBackend as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// `plain` takes a signature in the place of a key, `other` does not.
async fn signed(limits: ListenerLimits) -> Running {
    let signed = [("keys", keys(&["k"])), ("signature", text("github")), ("secret", secret("s"))];
    start(version(1, RULES, &[("plain", &signed), ("other", &[("keys", keys(&["o"]))])]), limits).await
}

/// What a listener says to a part of a request, until it waits for more or closes the connection.
async fn said_to(running: &Running, request: &str) -> String {
    let mut stream = running.connect().await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut said = vec![0; 4096];
    let count = tokio::time::timeout(WATCHDOG, stream.read(&mut said)).await.expect("it says something").unwrap();
    let said = String::from_utf8_lossy(&said[..count]).into_owned();
    said.lines().filter(|line| !line.starts_with("date:")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn no_body_is_read_of_a_sender_without_a_key_where_nothing_could_verify_it() {
    let running = listener(ListenerLimits::default()).await;
    for name in ["plain", "nothing"] {
        let request = format!("POST /push/{name} HTTP/1.1\r\nHost: it\r\nContent-Length: 100\r\n\r\n");
        let said = said_to(&running, &request).await;
        assert!(said.starts_with("HTTP/1.1 404 "), "{said}");
    }
}

#[tokio::test]
async fn senders_without_a_key_take_no_room_from_those_who_have_one() {
    let running = signed(ListenerLimits { body_bytes: 4 << 20, ..ListenerLimits::default() }).await;
    let mut held: Vec<TcpStream> = Vec::new();
    for _ in 0..8 {
        let mut stream = running.connect().await;
        stream.write_all(b"POST /push/x HTTP/1.1\r\nHost: it\r\nContent-Length: 1048576\r\n\r\n").await.unwrap();
        // The listener may refuse it meanwhile.
        let _ = stream.write_all(&vec![b'a'; (1 << 20) - 1]).await;
        held.push(stream);
    }
    assert_eq!(running.post("/push/plain?integration_key=k", &[], &vec![b' '; 900 << 10]).await.status, 401);
    assert_eq!(running.post("/push/other?integration_key=o", &[], EVENT).await.status, 202);
    let answer = running.post("/push/x", &[], &vec![b' '; 900 << 10]).await;
    assert_eq!((answer.status, answer.body.contains("without a key")), (503, true), "{answer:?}");
    assert!(answer.body.contains("send the key") && answer.body.contains("--connections-of-one"), "{answer:?}");
}

/// Behind a proxy all senders have one address.
#[tokio::test]
async fn an_address_that_may_have_more_connections_may_have_more_bytes_without_a_key() {
    let running = signed(ListenerLimits { connections_of_one: 256, ..ListenerLimits::default() }).await;
    let request = b"POST /push/x HTTP/1.1\r\nHost: it\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n";
    let mut held: Vec<TcpStream> = Vec::new();
    for _ in 0..4 {
        let mut stream = running.connect().await;
        stream.write_all(request).await.unwrap();
        stream.read_exact(&mut [0; 25]).await.unwrap();
        stream.write_all(&vec![b'a'; 999_999]).await.unwrap();
        held.push(stream);
    }
    assert_eq!(running.post("/push/plain", &[], &vec![b' '; 900 << 10]).await.status, 404);
    for mut stream in held {
        let _ = stream.write_all(b"a").await;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 404");
    }
}

/// Sends bodies up to their last byte, until their integration gets no more room.
async fn take_room(running: &Running, name: &str) -> Vec<TcpStream> {
    let path = format!("/push/{name}?integration_key=key-of-{name}");
    let mut held = Vec::new();
    for _ in 0..8 {
        let mut stream = running.connect().await;
        let request = format!("POST {path} HTTP/1.1\r\nHost: it\r\nContent-Length: 1000000\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        // The listener may refuse it meanwhile.
        let _ = stream.write_all(&vec![b'a'; 999_999]).await;
        held.push(stream);
    }
    while running.post(&path, &[], &vec![b' '; 900_000]).await.status != 503 {}
    held
}

#[tokio::test]
async fn the_holders_of_a_few_keys_take_no_room_from_the_others() {
    let limits = ListenerLimits { body_bytes: 8 << 20, ..ListenerLimits::default() };
    let running = listener(limits).await;
    let _held = (take_room(&running, "plain").await, take_room(&running, "other").await);
    let prometheus = [("Authorization", "Bearer key-of-prometheus")];
    let body = format!("[]{}", " ".repeat(500_000));
    assert_eq!(running.post("/api/v2/alerts", &prometheus, body.as_bytes()).await.status, 200);
}

#[tokio::test]
async fn requests_without_a_key_are_few_at_once() {
    let running = signed(ListenerLimits { requests: 32, ..ListenerLimits::default() }).await;
    let head = "POST /push/x HTTP/1.1\r\nHost: it\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n";
    let mut waiting: Vec<TcpStream> = Vec::new();
    for _ in 0..2 {
        let mut stream = running.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut said = [0; 25];
        stream.read_exact(&mut said).await.unwrap();
        waiting.push(stream);
    }
    assert!(said_to(&running, head).await.starts_with("HTTP/1.1 503 "));
    assert_eq!(running.post("/push/other?integration_key=o", &[], EVENT).await.status, 202);
}

#[tokio::test]
async fn names_cannot_be_told_apart() {
    let running = signed(ListenerLimits::default()).await;
    let verified = |running: &Running| {
        let text = running.parts.metrics.render();
        let line = text.lines().find(|line| line.starts_with("pointsman_signatures_verified_total ")).unwrap();
        line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()
    };
    let requests = [
        ("", "Expect: 100-continue\r\nContent-Length: 9\r\n", ""),
        ("", "Expect: 100-continue\r\nContent-Length: 1048577\r\n", ""),
        ("", "Content-Length: 2\r\n", "{}"),
        ("", "Content-Length: 2\r\nX-Hub-Signature-256: sha256=00\r\n", "{}"),
        ("?integration_key=wrong", "Expect: 100-continue\r\nContent-Length: 9\r\n", ""),
        ("?integration_key=wrong", "Content-Length: 1048577\r\n", ""),
    ];
    for (query, headers, body) in requests {
        let mut seen = Vec::new();
        for name in ["plain", "other", "nothing"] {
            let before = verified(&running);
            let request = format!("POST /push/{name}{query} HTTP/1.1\r\nHost: it\r\n{headers}\r\n{body}");
            let said = said_to(&running, &request).await;
            seen.push((said, verified(&running) - before));
        }
        assert!(seen.iter().all(|one| *one == seen[0]), "{headers:?}: {seen:#?}");
        let expected = u64::from(query.is_empty() && !body.is_empty());
        assert_eq!(seen[0].1, expected, "{headers:?}");
    }
}

#[tokio::test]
async fn rejected_senders_are_counted_by_the_name_that_they_gave() {
    let running = signed(ListenerLimits::default()).await;
    let wrong = "/push/other?integration_key=wrong";
    for _ in 0..3 {
        assert_eq!(running.post(wrong, &[], EVENT).await.status, 404);
    }
    assert_eq!(running.post("/push/plain?integration_key=k", &[], EVENT).await.status, 401);
    assert_eq!(running.post("/push/plain", &[], EVENT).await.status, 404);
    assert_eq!(running.post("/push/oter?integration_key=o", &[], EVENT).await.status, 404);
    assert_eq!(running.post("/push/other?integration_key=o", &[], EVENT).await.status, 202);
    // Some senders put their key where the name belongs.
    assert_eq!(running.post("/push/k", &[], EVENT).await.status, 404);
    assert_eq!(running.post("/push/canary-0123456789-canary-0123456789", &[], EVENT).await.status, 404);
    assert_eq!(running.post("/api/v2/alerts?integration_key=wrong", &[], b"[]").await.status, 401);
    let mut rejected: Vec<_> = running.parts.intake().rejected_senders();
    rejected.sort_by(|one, other| one.integration.cmp(&other.integration));
    let seen: Vec<_> =
        rejected.iter().map(|one| (one.integration.as_str(), one.unknown_keys, one.bad_signatures)).collect();
    assert_eq!(seen, [("", 3, 0), ("oter", 1, 0), ("other", 3, 0), ("plain", 0, 2)]);
    assert!(rejected.iter().all(|one| one.peer.is_loopback()), "{rejected:?}");
    let metrics = running.parts.metrics.render();
    for line in [
        "pointsman_pushes_rejected_total{integration=\"other\",reason=\"unknown_key\"} 3",
        "pointsman_pushes_rejected_total{integration=\"plain\",reason=\"bad_signature\"} 2",
        "pointsman_pushes_rejected_total{integration=\"\",reason=\"unknown_key\"} 4",
    ] {
        assert!(metrics.lines().any(|each| each == line), "{line} is missing in\n{metrics}");
    }
}

#[tokio::test]
async fn few_names_are_counted_apart_and_those_of_the_rules_first() {
    let running = signed(ListenerLimits::default()).await;
    let names: Vec<String> = ('a'..='z')
        .flat_map(|letter| [format!("{letter}ther"), format!("othe{letter}"), format!("ot{letter}er")])
        .collect();
    for name in names.iter().filter(|name| *name != "other") {
        assert_eq!(running.post(&format!("/push/{name}?integration_key=x"), &[], EVENT).await.status, 404);
    }
    assert_eq!(running.post("/push/other?integration_key=x", &[], EVENT).await.status, 404);
    let rejected = running.parts.intake().rejected_senders();
    assert_eq!(rejected.len(), 64);
    assert!(rejected.iter().any(|one| one.integration == "other"), "{rejected:?}");
    assert_eq!(rejected.iter().map(|one| one.unknown_keys).sum::<u64>(), 76);
}

#[tokio::test]
async fn a_name_that_was_removed_is_still_shown() {
    let running = signed(ListenerLimits::default()).await;
    assert_eq!(running.post("/push/other?integration_key=o", &[], EVENT).await.status, 202);
    running.publish(version(2, RULES, &[("standard", &[("keys", keys(&["s"]))])]));
    assert_eq!(running.post("/push/other?integration_key=o", &[], EVENT).await.status, 404);
    assert_eq!(running.parts.intake().rejected_senders()[0].integration, "other");
    assert!(running.parts.metrics.render().contains(REMOVED), "{}", running.parts.metrics.render());
}

const REMOVED: &str = "pointsman_pushes_rejected_total{integration=\"\",reason=\"removed_integration\"} 1";

/// The journal has the names of integrations that had pushes.
#[tokio::test]
async fn a_name_that_was_removed_before_the_start_is_still_shown() {
    let without = version(1, RULES, &[("standard", &[("keys", keys(&["s"]))])]);
    let running = start_with(without, ListenerLimits::default(), None, &["other", "standard"]).await;
    for name in ["other", "zebra", "standard"] {
        assert_ne!(running.post(&format!("/push/{name}?integration_key=o"), &[], EVENT).await.status, 202);
    }
    let names: Vec<String> = running.parts.intake().rejected_senders().into_iter().map(|one| one.integration).collect();
    assert!(names.contains(&"other".to_owned()) && !names.contains(&"zebra".to_owned()), "{names:?}");
    assert!(running.parts.metrics.render().contains(REMOVED), "{}", running.parts.metrics.render());
}

#[tokio::test]
async fn what_the_rules_no_longer_have_leaves_the_metrics() {
    let running = listener(ListenerLimits::default()).await;
    assert_eq!(running.post("/push/plain?integration_key=key-of-plain", &[], EVENT).await.status, 202);
    let shows = |running: &Running, text: &str| running.parts.metrics.render().contains(text);
    assert!(shows(&running, "route=\"main.else\"") && shows(&running, "integration=\"plain\""));
    let rules = RULES.replace("  else => page, chat", "  route first when severity == Warning => page\n  else => chat");
    let rules = rules.replace(
        "integration plain { keys = [env(\"A\")]  plain, form =>",
        "integration new { keys = [env(\"A\")]  plain, form =>",
    );
    let rules = rules.replace("else => chat", "route last when true => chat\n  else => nothing because \"none\"");
    running.publish(version(2, &rules, &[("new", &[("keys", keys(&["k"]))])]));
    assert_eq!(running.post("/push/new?integration_key=k", &[], EVENT).await.status, 202);
    assert!(shows(&running, "route=\"main.first\"") && shows(&running, "integration=\"new\""));
    assert!(!shows(&running, "integration=\"plain\""), "{}", running.parts.metrics.render());
}
