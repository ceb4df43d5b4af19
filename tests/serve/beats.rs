//! Heartbeats as operators see them.

use super::{Place, Running, request};
use serde_json::Value;

const PROBE_KEY: &str = "canary-probe-0123456789-canary";

fn place() -> Place {
    let place = Place::new();
    place.edit(
        "integration demo { keys = [env(\"POINTSMAN_DEMO_KEY\")]  arms => routing demo }",
        r#"
mapping probe {
  severity = Warning
  status   = match $.status { "resolved" => Resolved  else => Firing }
  title    = string($.title) ?? "untitled"
  key      = "watchdog"
  labels { alert = string($.alert)  cluster = string($.cluster) }
}
routing beats { route beat when labels.alert == "Watchdog" => nothing because "a heartbeat"  else => screen }
heartbeat prometheus {
  when labels.alert == "Watchdog"
  by labels.cluster
  timeout 5m
  title = "no beat of {labels.cluster}"
  => routing beats
}
heartbeat nightly {
  when labels.alert == "Nightly"
  timeout 25h
  title = "no nightly job"
  => routing beats
}
channel screen = file(path = "screen.ndjson")
integration demo { keys = [env("POINTSMAN_DEMO_KEY")]  arms => routing demo }
integration probe { keys = [env("PROBE_KEY")]  probe => routing beats }
"#,
    );
    place
}

fn heartbeats(gateway: &Running) -> Vec<Value> {
    let (code, answer) = gateway.ask("GET", "/api/v1/heartbeats");
    assert_eq!(code, 200, "{answer}");
    serde_json::from_str::<Value>(&answer).unwrap()["items"].as_array().unwrap().clone()
}

#[test]
fn senders_are_listed_and_forgotten() {
    let place = place();
    let gateway = Running::of(&place, place.serve(&[]).env("PROBE_KEY", PROBE_KEY));
    let path = format!("/push/probe?integration_key={PROBE_KEY}");
    for cluster in ["a", "old"] {
        let body = format!(r#"{{"alert": "Watchdog", "cluster": "{cluster}"}}"#);
        let json = "Content-Type: application/json\r\n";
        let (code, answer) = request(&gateway.listen(), "POST", &path, json, body.as_bytes());
        assert_eq!(code, 202, "{answer}");
    }
    let known = heartbeats(&gateway);
    let names: Vec<&str> = known.iter().map(|sender| sender["heartbeat"].as_str().unwrap()).collect();
    assert_eq!(names, ["nightly", "prometheus", "prometheus"], "{known:#?}");
    assert_eq!(known[1]["by"][0]["value"], "a");
    assert_eq!((&known[0]["timeout_seconds"], &known[1]["timeout_seconds"]), (&90_000.into(), &300.into()));

    let listed = place.pointsman(&["heartbeats", "--state", "state"]).run().stdout;
    assert!(listed.contains("cluster \"old\"") && listed.contains("ok"), "{listed}");
    let forgotten = place.pointsman(&["heartbeats", "forget", "prometheus", "old", "--state", "state"]).run();
    assert_eq!(forgotten.stdout, "forgotten\n");
    assert_eq!(heartbeats(&gateway).len(), 2);
    let unknown = place.pointsman(&["heartbeats", "forget", "prometheus", "old", "--state", "state"]).code(3).run();
    assert!(unknown.stderr.contains("knows no sender with these values"), "{}", unknown.stderr);
    // What the heartbeats are is in the journal.
    drop(gateway);
    let listed = place.pointsman(&["heartbeats", "--json", "--state", "state"]).run().stdout;
    assert_eq!(listed.lines().count(), 2, "{listed}");
}
