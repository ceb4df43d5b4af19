//! Alerts that a Prometheus server no longer sends.

use super::host::{Running, WATCHDOG, keys, start, version};
use pointsman::gateway::config::ListenerLimits;
use pointsman::gateway::journal::FiringTransition;
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// So many channels get each event.
const CHANNELS: usize = 100;

async fn listener() -> Running {
    let names: Vec<String> = (0..CHANNELS).map(|index| format!("c{index}")).collect();
    let channels: Vec<String> = names.iter().map(|name| format!("channel {name} = stdout()\n")).collect();
    let channels = channels.concat();
    let rules = format!(
        "edition 1\n{channels}routing main {{\n  else => {}\n}}\n\
         integration prometheus {{ keys = [env(\"D\")]  alertmanager => routing main }}\n",
        names.join(", ")
    );
    let settings: [(&str, &[_]); 1] = [("prometheus", &[("keys", keys(&["key-of-prometheus"]))])];
    start(version(1, &rules, &settings), ListenerLimits::default()).await
}

/// One push may become 32 MiB of events and deliveries. The firings came a few at a time; their recoveries do not fit into
/// one push.
#[tokio::test]
async fn recoveries_that_are_too_large_together_are_sent_a_few_at_a_time() {
    const ALERTS: usize = 64;
    let running = listener().await;
    let alert = |index: usize| {
        let annotations = json!({"description": "x".repeat(6_000)});
        json!({"labels": {"alertname": format!("Down{index}"), "severity": "critical"}, "annotations": annotations})
    };
    for first in (0..ALERTS).step_by(8) {
        let alerts: Vec<_> = (first..first + 8).map(alert).collect();
        let (key, body) = ([("Authorization", "Bearer key-of-prometheus")], json!(alerts).to_string());
        let answer = running.post("/api/v2/alerts", &key, body.as_bytes()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let firings = running.pushes().len();
    let transitions = running.pushes().into_iter().flat_map(|push| push.transitions);
    let opened: Vec<_> = transitions
        .map(|transition| match transition {
            FiringTransition::Opened { key, channels, .. } => (key, channels),
            FiringTransition::Closed { .. } => panic!("nothing has ended: {transition:?}"),
        })
        .collect();
    assert_eq!(opened.len(), ALERTS);
    running.parts.store.0.open.lock().unwrap().extend(opened);

    running.parts.clock.0.store(10 * 60 * 1_000, Ordering::Relaxed);
    let began = Instant::now();
    let recovered = || running.pushes().iter().skip(firings).map(|push| push.transitions.len()).sum::<usize>();
    while recovered() < ALERTS {
        assert!(running.refused().is_empty(), "a recovery was refused: {}", running.refused()[0].reason);
        assert!(began.elapsed() < WATCHDOG, "{} of {ALERTS} alerts are resolved", recovered());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let recoveries = &running.pushes()[firings..];
    let bytes = recoveries.iter().flat_map(|push| &push.deliveries).filter_map(|one| one.body.as_ref()).map(Vec::len);
    assert!(bytes.sum::<usize>() > 32 << 20, "they fit into one push");
    assert_eq!(recoveries.iter().map(|push| push.deliveries.len()).sum::<usize>(), ALERTS * CHANNELS);
    assert!(running.refused().is_empty());
}
