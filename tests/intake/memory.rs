//! What pushes may take of memory and of the threads that serve connections.

use super::host::{Running, WATCHDOG};
use super::{EVENT, listener};
use pointsman::gateway::config::ListenerLimits;
use serde_json::json;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

const URL: &str = "/push/plain?integration_key=key-of-plain";
const PROMETHEUS: [(&str, &str); 1] = [("Authorization", "Bearer key-of-prometheus")];

/// The runtime of a test has one thread: work on it would keep the answer away.
#[tokio::test]
async fn alerts_of_a_large_body_are_read_apart_from_the_connections() {
    let running = Arc::new(listener(ListenerLimits::default()).await);
    let (asked, is_asked) = mpsc::channel();
    let (answer, is_answered) = mpsc::channel();
    *running.parts.store.0.asking.lock().unwrap() = Some((asked, is_answered));
    let alert = json!([{"labels": {"alertname": "Down"}, "endsAt": "2020-01-01T00:00:00Z"}]);
    let body = format!("{alert}{}", " ".repeat(100_000));
    let pushing = tokio::spawn({
        let running = Arc::clone(&running);
        async move { running.post("/api/v2/alerts", &PROMETHEUS, body.as_bytes()).await.status }
    });
    tokio::task::spawn_blocking(move || is_asked.recv_timeout(WATCHDOG)).await.unwrap().expect("it is evaluated");
    assert_eq!(running.send("GET", "/-/healthy", &[], b"").await.status, 200);
    answer.send(()).unwrap();
    assert_eq!(pushing.await.unwrap(), 200);
}

#[tokio::test]
async fn too_many_alerts_in_one_request_are_refused_before_they_are_read() {
    let running = listener(ListenerLimits::default()).await;
    let body = format!("[{}1]", "1,".repeat(400_000));
    let answer = running.post("/api/v2/alerts", &PROMETHEUS, body.as_bytes()).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("400001 alerts") && answer.body.contains("at most 10000"), "{answer:?}");
    assert_eq!(running.refused().len(), 1);
}

#[tokio::test]
async fn what_waits_for_the_journal_has_a_budget() {
    // Room for one event with its two deliveries.
    let running = Arc::new(listener(ListenerLimits { decided_bytes: 3 << 10, ..ListenerLimits::default() }).await);
    let storing = Arc::new(Semaphore::new(0));
    *running.parts.store.0.storing.lock().unwrap() = Some(Arc::clone(&storing));
    let first = tokio::spawn({
        let running = Arc::clone(&running);
        async move { running.post(URL, &[], EVENT).await.status }
    });
    until_waiting(&running, 1).await;
    let answer = running.post(URL, &[], EVENT).await;
    assert_eq!((answer.status, answer.headers.contains("retry-after: ")), (503, true), "{answer:?}");
    assert!(answer.body.contains("wait for the journal"), "{answer:?}");
    storing.add_permits(1_000);
    assert_eq!(first.await.unwrap(), 202);
    assert_eq!(running.post(URL, &[], EVENT).await.status, 202);
}

/// Waits until so many pushes wait to be stored.
async fn until_waiting(running: &Running, count: usize) {
    while running.parts.store.0.waiting.load(Ordering::Relaxed) < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_large_batch_leaves_room_for_an_ordinary_alert() {
    // A quarter of a MiB is for small pushes.
    let running = Arc::new(listener(ListenerLimits { decided_bytes: 2 << 20, ..ListenerLimits::default() }).await);
    let storing = Arc::new(Semaphore::new(0));
    *running.parts.store.0.storing.lock().unwrap() = Some(Arc::clone(&storing));
    let push = |alerts: usize| {
        let alerts: Vec<_> = (0..alerts).map(|index| json!({"key": format!("k{index}")})).collect();
        let (running, body) = (Arc::clone(&running), json!({"title": "t", "alerts": alerts}).to_string());
        tokio::spawn(async move { running.post(URL, &[], body.as_bytes()).await.status })
    };
    let mut batch = push(2_000);
    assert!(is_waiting(&running, 1, &mut batch).await);
    let mut other = push(1_000);
    assert!(!is_waiting(&running, 2, &mut other).await, "the batch takes all the room that large pushes have");
    let mut ordinary = push(1);
    assert!(is_waiting(&running, 2, &mut ordinary).await, "it has room");
    let mut waiting = 2;
    while is_waiting(&running, waiting + 1, &mut push(20)).await {
        waiting += 1;
    }
    assert!((3..20).contains(&waiting), "{waiting} wait");
    assert_eq!(push(20).await.unwrap(), 503, "small pushes fill their part");
    storing.add_permits(1_000);
    assert_eq!((batch.await.unwrap(), ordinary.await.unwrap()), (202, 202));
}

/// Whether so many pushes wait to be stored, before this one is answered.
async fn is_waiting(running: &Running, count: usize, push: &mut JoinHandle<u16>) -> bool {
    tokio::select! {
        () = until_waiting(running, count) => true,
        status = push => { assert_eq!(status.unwrap(), 503); false }
    }
}

#[tokio::test]
async fn large_answers_without_room_leave_out_the_outcomes() {
    let running = listener(ListenerLimits { answer_bytes: 20 << 10, ..ListenerLimits::default() }).await;
    let alerts: Vec<_> = (0..500).map(|index| json!({"key": format!("k{index}")})).collect();
    let body = json!({"title": "t", "alerts": alerts}).to_string();
    let answer = running.post(URL, &[], body.as_bytes()).await;
    let push = running.pushes().remove(0);
    let expected = json!({"id": push.id.to_string(), "outcomes": [], "omitted": true});
    assert_eq!((answer.status, answer.json()), (202, expected));
    assert_eq!(running.post(URL, &[], EVENT).await.json()["outcomes"].as_array().unwrap().len(), 1);
}
