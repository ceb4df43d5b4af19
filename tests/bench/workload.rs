//! The workload: many routes, and payloads to send through them.

use crate::baseline::{Condition, Test};
use pointsman::event::{Event, Labels, Severity, Status};
use pointsman::json::Arena;
use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where the workload comes from, in words.
pub(crate) fn origin() -> String {
    folder().map_or_else(
        || "made here; the generator `../shared/workload/gen.py` is not there, or python3 is not".to_owned(),
        |_| "made by ../shared/workload/gen.py, seed 42".to_owned(),
    )
}

/// A rule file with a routing `workload` of that many routes.
pub(crate) fn rules(routes: usize) -> String {
    let generated = folder().and_then(|folder| read_routes(&routes_file(folder, &routes.to_string())));
    written(&generated.unwrap_or_else(|| own(routes)))
}

/// The generator's routes in a file as a rule file with a routing `workload`, and how many they are.
pub(crate) fn rules_from(path: &Path) -> Option<(String, usize)> {
    let routes = read_routes(path)?;
    Some((written(&routes), routes.len()))
}

/// A rule file with a routing `workload` of some routes of our own.
pub(crate) fn small(routes: usize) -> String {
    written(&own(routes))
}

fn written(routes: &[Route]) -> String {
    let mut text = String::from("edition 1\n\n");
    let mut receivers: Vec<&str> = routes.iter().map(|route| route.receiver.as_str()).collect();
    receivers.sort_unstable();
    receivers.dedup();
    for receiver in receivers {
        let _ = writeln!(text, "channel {receiver} = discard()");
    }
    text.push_str("channel fallback = discard()\n\nrouting workload {\n");
    for (position, route) in routes.iter().enumerate() {
        let _ = writeln!(text, "  route r{position} when {} => {}", route.condition, route.receiver);
    }
    text.push_str("  else => fallback\n}\n");
    text
}

/// Labels, and the path of the route that the generator's reference chooses for them.
pub(crate) struct LabelSet {
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) expected: String,
}

/// Label sets and what they are called.
pub(crate) type NamedSets = (&'static str, Vec<LabelSet>);

/// The rules of a mix, and label sets that hit and that hit nothing; nothing where the generator is not there.
pub(crate) fn mixed(mix: &str, routes: usize) -> Option<(String, Vec<NamedSets>)> {
    let folder = folder()?;
    let (rules, _) = rules_from(&routes_file(folder, &format!("{mix}{routes}")))?;
    Some((rules, label_sets(&folder.join(format!("labelsets-{mix}{routes}.json")))?))
}

/// The generator's label sets in a file: those that hit, and those that hit nothing.
pub(crate) fn label_sets(path: &Path) -> Option<Vec<NamedSets>> {
    let document: Value = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    let sets = |name: &str| document[name].as_array()?.iter().map(label_set).collect::<Option<Vec<_>>>();
    Some(vec![("match", sets("match")?), ("no match", sets("nomatch")?)])
}

/// The routes of a mix as one would write them by hand; nothing where the generator is not there.
pub(crate) fn by_hand(mix: &str, routes: usize) -> Option<Vec<Vec<Condition>>> {
    let text = std::fs::read_to_string(routes_file(folder()?, &format!("{mix}{routes}"))).ok()?;
    let document: Value = serde_json::from_str(&text).ok()?;
    let conditions = |route: &Value| route["conds"].as_array()?.iter().map(test).collect::<Option<Vec<_>>>();
    document["routes"].as_array()?.iter().map(conditions).collect()
}

fn test(condition: &Value) -> Option<Condition> {
    let value = || Some(condition["value"].as_str()?.to_owned());
    let expected = match condition["op"].as_str()? {
        "eq" => Test::Is(value()?),
        "ne" => Test::IsNot(value()?),
        "re" => Test::Fits(regex::Regex::new(&format!("^(?:{})$", value()?)).ok()?),
        "in" => Test::In(serde_json::from_value(condition["values"].clone()).ok()?),
        "exists" => Test::Exists,
        "ge" => Test::AtLeast(condition["num"].as_f64()?),
        _ => return None,
    };
    Some(Condition { label: condition["label"].as_str()?.to_owned(), test: expected })
}

fn label_set(set: &Value) -> Option<LabelSet> {
    let labels = set["labels"].as_object()?.iter();
    let labels = labels.map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let expected = match set["expect"].as_i64()? {
        -1 => "workload.else".to_owned(),
        route => format!("workload.r{route}"),
    };
    Some(LabelSet { labels: labels.collect::<Option<_>>()?, expected })
}

/// An event with those labels.
pub(crate) fn event<'a>(labels: &'a [(String, String)], arena: &'a Arena) -> Event<'a> {
    let labels = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Event {
        severity: Severity::Warning,
        status: Status::Firing,
        title: "alert",
        key: "key",
        description: None,
        labels: Labels::of(labels, arena),
        starts_at: None,
        ends_at: None,
        link: None,
        source: "bench",
        integration: None,
        notes: &[],
    }
}

/// One alert and a batch of fifty.
pub(crate) fn payloads() -> Vec<(&'static str, String)> {
    let read = |name: &str| folder().and_then(|folder| std::fs::read_to_string(folder.join(name)).ok());
    vec![
        ("one alert", read("payload-1.json").unwrap_or_else(|| payload(1))),
        ("fifty alerts", read("payload-50.json").unwrap_or_else(|| payload(50))),
    ]
}

struct Route {
    condition: String,
    receiver: String,
}

/// Runs the generator once a process; nothing where it is not there.
fn folder() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let made = FOLDER.get_or_init(|| {
        let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/workload");
        let all_made = ["full", "hard"]
            .iter()
            .all(|mix| generate(&out, &["--sizes", "10,1000,10000,100000", "--ndjson", "0", "--mix", mix]));
        all_made.then_some(out)
    });
    made.as_deref()
}

/// Runs the generator; whether it is there and did its work.
fn generate(out: &Path, arguments: &[&str]) -> bool {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/workload/gen.py");
    let made = Command::new("python3").arg(script).arg(out).args(arguments).output();
    made.is_ok_and(|made| made.status.success())
}

fn routes_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("routes-{name}.json"))
}

fn read_routes(path: &Path) -> Option<Vec<Route>> {
    let document: Value = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    document["routes"].as_array()?.iter().map(translated).collect()
}

fn translated(route: &Value) -> Option<Route> {
    let conditions = route["conds"].as_array()?.iter().map(condition).collect::<Option<Vec<_>>>()?;
    Some(Route { condition: conditions.join(" and "), receiver: route["receiver"].as_str()?.to_owned() })
}

fn condition(condition: &Value) -> Option<String> {
    let label = condition["label"].as_str()?;
    let value = &condition["value"];
    Some(match condition["op"].as_str()? {
        "eq" => format!("labels.{label} == {value}"),
        "ne" => format!("labels.{label} != {value}"),
        "re" => format!("labels.{label} matches /{}/", value.as_str()?.replace('/', "\\/")),
        "in" => format!("labels.{label} in {}", condition["values"]),
        "exists" => format!("labels.{label} is not missing"),
        "ge" => format!("number(labels.{label}) >= {}", condition["num"]),
        _ => return None,
    })
}

/// A small mix of the same kinds of conditions.
fn own(routes: usize) -> Vec<Route> {
    let condition = |position: usize| match position % 5 {
        0 => format!("labels.service == \"svc-{position}\""),
        1 => format!("labels.team == \"team-{position}\" and labels.env == \"prod\""),
        2 => format!("labels.pod matches /.*-node{position}-.*/"),
        3 => format!("labels.cluster in [\"clu-{position}\", \"clu-{position}-b\"]"),
        _ => format!("number(labels.tier) >= 3 and labels.namespace == \"ns-{position}\""),
    };
    let route =
        |position| Route { condition: condition(position), receiver: format!("ch-{}", position % 97) };
    (0..routes).map(route).collect()
}

fn payload(alerts: usize) -> String {
    let alerts: Vec<Value> = (0..alerts).map(alert).collect();
    serde_json::json!({ "version": "4", "status": "firing", "commonLabels": {}, "alerts": alerts })
        .to_string()
}

fn alert(position: usize) -> Value {
    serde_json::json!({
        "status": if position.is_multiple_of(3) { "resolved" } else { "firing" },
        "labels": {
            "alertname": "HighCPU", "severity": "P2", "service": format!("svc-{position}"), "team": "core",
            "namespace": "shop", "cluster": "eu-1", "env": "prod", "region": "eu-west-1",
            "instance": format!("10.0.0.{position}:9100"), "pod": format!("web-{position}"), "job": "node", "tier": "2",
        },
        "annotations": { "summary": "CPU is high", "description": "The processor has been busy for ten minutes." },
        "startsAt": "2026-11-20T08:00:00.000Z", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.com/graph?g0.expr=up", "fingerprint": format!("{position:016x}"),
    })
}

/// Ten routes, and a file of alerts, one a line; both are made once and kept.
pub(crate) fn stream(alerts: usize) -> (String, PathBuf) {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("target/workload").join(format!("stream-{alerts}"));
    let file = folder.join("alerts.ndjson");
    if !file.exists() {
        let partly = folder.with_extension("partly");
        let arguments = ["--sizes", "10", "--ndjson", &alerts.to_string()];
        if !generate(&partly, &arguments) {
            let mut lines = String::new();
            for position in 0..alerts {
                let _ = writeln!(lines, "{}", alert(position));
            }
            std::fs::create_dir_all(&partly).expect("a folder for the workload");
            std::fs::write(partly.join("alerts.ndjson"), lines).expect("room for the workload");
        }
        std::fs::rename(&partly, &folder).expect("the workload is kept");
    }
    let generated = rules_from(&routes_file(&folder, "10")).map(|(rules, _)| rules);
    (generated.unwrap_or_else(|| small(10)), file)
}
