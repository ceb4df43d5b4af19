//! What pushes say of who is heard, and the pushes that the gateway makes itself.

use super::host::{Running, keys, start, version};
use pointsman::gateway::config::ListenerLimits;
use pointsman::gateway::intake::accept_own;
use pointsman::gateway::journal::{ChangedSender, FiringTransition, OwnPush, Push, PushOrigin, SilentAlert};
use pointsman::notification::{
    AbsenceRecord, AlertId, BeatRecord, ListeningTime, NamedValue, PendingChange, Sender, SenderChange,
};
use pointsman::time::Timestamp;
use serde_json::{Value, json};

const RULES: &str = r#"edition 1
channel page = stdout()
routing main {
  route beats when labels.alertname == "Watchdog" => nothing because "a heartbeat, not an alert"
  else => page
}
heartbeat prometheus {
  when labels.alertname == "Watchdog"
  by labels.cluster
  timeout 5m
  title = "no beat of {labels.cluster}"
  => routing main
}
integration prometheus { keys = [env("D")]  resolve_timeout = 10m  alertmanager => routing main }
"#;

async fn listener() -> Running {
    let settings: [(&str, &[_]); 1] = [("prometheus", &[("keys", keys(&["key-of-prometheus"]))])];
    start(version(1, RULES, &settings), ListenerLimits::default()).await
}

async fn post(running: &Running, alerts: &Value) {
    let key = [("Authorization", "Bearer key-of-prometheus")];
    let answer = running.post("/api/v2/alerts", &key, alerts.to_string().as_bytes()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn alert(name: &str) -> Value {
    json!({ "labels": { "alertname": name, "cluster": "a", "severity": "critical" }, "startsAt": "2026-11-20T12:00:00Z" })
}

fn event(push: &Push) -> Value {
    let outcomes: Value = serde_json::from_str(&push.outcomes).unwrap();
    outcomes[0]["event"].clone()
}

fn sender() -> Sender {
    let values = vec![NamedValue { name: "cluster".to_owned(), value: "a".to_owned() }];
    Sender { heartbeat: "prometheus".to_owned(), values }
}

/// A change of the sender, which was heard at noon, and again an hour later if it returns.
fn changed(change: SenderChange, outcome: Option<String>) -> OwnPush {
    let noon = Timestamp::read("2026-11-20T12:00:00Z").unwrap();
    let mut record = BeatRecord::new(ListeningTime(1), noon);
    if change != SenderChange::Absent {
        record.absence = Some(AbsenceRecord { heard: ListeningTime(1), since: noon });
        record.heard_at = Timestamp::read("2026-11-20T13:00:00Z").unwrap();
    }
    let pending = PendingChange { sender: sender(), record, change };
    OwnPush::Senders("prometheus".to_owned(), vec![ChangedSender { pending, outcome }])
}

/// Prometheus posts every alert again each minute. A channel that sends every event gets it once, and each time it is heard.
#[tokio::test]
async fn a_repetition_is_heard_and_not_sent_again() {
    let running = listener().await;
    let alerts = json!([alert("Watchdog"), alert("DiskFull")]);
    post(&running, &alerts).await;
    post(&running, &alerts).await;
    let pushes = running.pushes();
    assert_eq!(pushes.len(), 2);
    assert_eq!(pushes.iter().map(|push| push.deliveries.len()).collect::<Vec<_>>(), [1, 0]);
    for push in &pushes {
        assert_eq!((push.beats.as_slice(), push.heard.len()), (&[sender()][..], 2));
        assert!(push.heard.iter().all(|heard| heard.is_firing));
    }
    // A recovery that is repeated says nothing new.
    let over = json!([{ "labels": alert("DiskFull")["labels"], "endsAt": "2026-11-20T12:30:00Z" }]);
    post(&running, &over).await;
    post(&running, &over).await;
    let pushes = running.pushes();
    assert_eq!(pushes.len(), 3);
    assert!(!pushes[2].heard[0].is_firing && pushes[2].beats.is_empty());
}

#[tokio::test]
async fn an_absence_is_a_push_of_the_clock() {
    let running = listener().await;
    accept_own(&running.parts, changed(SenderChange::Absent, None)).await.unwrap();
    let push = running.pushes().remove(0);
    assert_eq!((push.origin, push.integration.as_str()), (PushOrigin::Clock, "heartbeat prometheus"));
    assert!(push.own.is_some() && push.beats.is_empty() && push.heard.is_empty());
    assert_eq!(push.deliveries.len(), 1);
    let absent = event(&push);
    for (name, expected) in [
        ("severity", "Critical"),
        ("status", "Firing"),
        ("title", "no beat of a"),
        ("starts_at", "2026-11-20T12:00:00Z"),
        ("source", "heartbeat prometheus"),
        ("integration", "heartbeat prometheus"),
    ] {
        assert_eq!(absent[name], expected, "{absent:#}");
    }
    assert_eq!(absent["labels"], json!({ "cluster": "a" }));
    let [FiringTransition::Opened { key, channels, .. }] = push.transitions.as_slice() else { panic!("{push:?}") };
    running.parts.store.0.open.lock().unwrap().insert(key.clone(), channels.clone());

    accept_own(&running.parts, changed(SenderChange::Returned, None)).await.unwrap();
    let returned = running.pushes().remove(1);
    let over = event(&returned);
    assert_eq!((&over["status"], &over["key"]), (&json!("Resolved"), &absent["key"]));
    assert_eq!((&over["starts_at"], &over["ends_at"]), (&absent["starts_at"], &json!("2026-11-20T13:00:00Z")));
    assert!(matches!(returned.transitions.as_slice(), [FiringTransition::Closed { .. }]), "{returned:?}");

    // The event of its absence ends one that the rules no longer have.
    let outcomes: Vec<Box<serde_json::value::RawValue>> = serde_json::from_str(&push.outcomes).unwrap();
    let outcome = outcomes[0].get().replace("no beat of a", "what was told then");
    accept_own(&running.parts, changed(SenderChange::Left, Some(outcome))).await.unwrap();
    let left = running.pushes().remove(2);
    assert_eq!((&event(&left)["status"], &event(&left)["title"]), (&json!("Resolved"), &json!("what was told then")));
    assert_eq!(left.deliveries.len(), 1);
}

#[tokio::test]
async fn an_alert_of_which_nothing_more_is_heard_ends_with_a_note() {
    let running = listener().await;
    post(&running, &json!([alert("DiskFull")])).await;
    let push = running.pushes().remove(0);
    let outcomes: Vec<Box<serde_json::value::RawValue>> = serde_json::from_str(&push.outcomes).unwrap();
    let fired = event(&push);
    let key = fired["key"].as_str().unwrap();
    running.parts.store.0.open.lock().unwrap().insert(key.to_owned(), vec!["page".to_owned()]);
    let silent = SilentAlert {
        alert: AlertId::of(Some("prometheus"), key),
        heard: ListeningTime(1),
        outcome: outcomes[0].get().to_owned(),
    };
    accept_own(&running.parts, OwnPush::Alerts("prometheus".to_owned(), vec![silent])).await.unwrap();
    let over = running.pushes().remove(1);
    assert_eq!((over.origin, over.integration.as_str()), (PushOrigin::Clock, "prometheus"));
    let event = event(&over);
    assert_eq!(event["status"], "Resolved");
    assert_eq!(event["notes"], json!(["nothing more was heard of it"]));
    assert_eq!((&event["title"], &event["labels"]), (&fired["title"], &fired["labels"]));
    assert_eq!(over.deliveries.len(), 1);
    assert!(matches!(over.transitions.as_slice(), [FiringTransition::Closed { .. }]), "{over:?}");
}
