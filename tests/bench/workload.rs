//! The workload: many routes, and payloads to send through them.

use crate::baseline::{self, Condition, Test};
use crate::own;
use pointsman::event::{AlertStatus, Event, Labels, Severity};
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
    written(&read_routes(&routes_of("", routes)).expect("the workload is of the generator's form"))
}

/// The generator's routes in a file as a rule file with a routing `workload`, and how many they are.
pub(crate) fn rules_from(path: &Path) -> Option<(String, usize)> {
    let routes = read_routes(&read(path)?)?;
    Some((written(&routes), routes.len()))
}

/// A rule file with a routing `workload` of some routes of our own.
pub(crate) fn small(routes: usize) -> String {
    written(&read_routes(&own::routes("", routes)).expect("our own routes are of that form"))
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

/// A mix of routes: as rules, as one would write them by hand, and label sets that hit and that hit nothing.
pub(crate) struct Mix {
    pub(crate) rules: String,
    pub(crate) by_hand: Vec<Vec<Condition>>,
    pub(crate) sets: Vec<NamedSets>,
}

/// That many routes of a mix. What our own label sets hit is what a scan by hand says.
pub(crate) fn mix(mix: &str, routes: usize) -> Option<Mix> {
    let document = routes_of(mix, routes);
    let (rules, by_hand) = (written(&read_routes(&document)?), by_hand(&document)?);
    let generated = folder().and_then(|folder| label_sets(&folder.join(format!("labelsets-{mix}{routes}.json"))));
    let by_scan = |_: &Value, labels: &Pairs| Some(path(baseline::scan(&by_hand, labels)));
    let sets = generated.or_else(|| sets(&own::label_sets(routes), &by_scan))?;
    Some(Mix { rules, by_hand, sets })
}

/// The generator's label sets in a file: those that hit, and those that hit nothing.
pub(crate) fn label_sets(file: &Path) -> Option<Vec<NamedSets>> {
    sets(&read(file)?, &|set, _| Some(path(usize::try_from(set["expect"].as_i64()?).ok())))
}

/// Names and values of labels.
type Pairs = Vec<(String, String)>;

fn sets(document: &Value, expected: &dyn Fn(&Value, &Pairs) -> Option<String>) -> Option<Vec<NamedSets>> {
    let set = |set: &Value| {
        let labels = set["labels"].as_object()?.iter();
        let labels = labels.map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        let labels = labels.collect::<Option<Pairs>>()?;
        Some(LabelSet { expected: expected(set, &labels)?, labels })
    };
    let all = |name: &str| document[name].as_array()?.iter().map(set).collect::<Option<Vec<_>>>();
    Some(vec![("match", all("match")?), ("no match", all("nomatch")?)])
}

/// The path of the route that is chosen.
fn path(route: Option<usize>) -> String {
    route.map_or_else(|| "workload.else".to_owned(), |route| format!("workload.r{route}"))
}

fn by_hand(document: &Value) -> Option<Vec<Vec<Condition>>> {
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

/// An event with those labels.
pub(crate) fn event<'a>(labels: &'a [(String, String)], arena: &'a Arena) -> Event<'a> {
    let labels = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Event {
        severity: Severity::Warning,
        status: AlertStatus::Firing,
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
        ("one alert", read("payload-1.json").unwrap_or_else(|| own::payload(1))),
        ("fifty alerts", read("payload-50.json").unwrap_or_else(|| own::payload(50))),
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

/// The generator's routes of a mix, or our own.
fn routes_of(mix: &str, routes: usize) -> Value {
    let generated = folder().and_then(|folder| read(&routes_file(folder, &format!("{mix}{routes}"))));
    generated.unwrap_or_else(|| own::routes(mix, routes))
}

fn read(file: &Path) -> Option<Value> {
    serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()
}

fn read_routes(document: &Value) -> Option<Vec<Route>> {
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

/// Ten routes, and a file of alerts, one a line; both are made once and kept.
pub(crate) fn stream(alerts: usize) -> (String, PathBuf) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/workload").join(format!("stream-{alerts}"));
    let file = folder.join("alerts.ndjson");
    if !file.exists() {
        let partly = folder.with_extension("partly");
        let arguments = ["--sizes", "10", "--ndjson", &alerts.to_string()];
        if !generate(&partly, &arguments) {
            let mut lines = String::new();
            for position in 0..alerts {
                let _ = writeln!(lines, "{}", own::alert(position));
            }
            std::fs::create_dir_all(&partly).expect("a folder for the workload");
            std::fs::write(partly.join("alerts.ndjson"), lines).expect("room for the workload");
        }
        std::fs::rename(&partly, &folder).expect("the workload is kept");
    }
    let generated = rules_from(&routes_file(&folder, "10")).map(|(rules, _)| rules);
    (generated.unwrap_or_else(|| small(10)), file)
}
