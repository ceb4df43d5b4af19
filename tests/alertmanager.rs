//! Compares the routing of Alertmanager with ours, on recorded trees and decisions in a folder beside the repository.
//!
//! A node with `continue: true` becomes `also route`, any other node becomes `route`. Its children become the block of the
//! route, and its receiver the block's `else`. Labels are compared with `?? ""`, because Alertmanager treats a missing label
//! as an empty string.
//!
//! The translation on the page `grammar/from-alertmanager.md` is compared with its original in the same way.

use pointsman::diagnostic::{DiagnosticFormat, render};
use pointsman::evaluate::{EvaluationContext, SilentObserver};
use pointsman::event::{AlertStatus, Event, Labels, Severity};
use pointsman::json::Arena;
use pointsman::prove::Reachability;
use pointsman::ruleset::RuleSet;
use pointsman::source::Sources;
use pointsman::time::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

#[test]
fn every_recorded_decision_is_ours() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/alertmanager-routes");
    let Ok(cases) = std::fs::read_to_string(folder.join("cases.jsonl")) else {
        eprintln!("SKIPPED: {} is not there", folder.display());
        return;
    };
    let mut trees: BTreeMap<String, Tree> = BTreeMap::new();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).expect("a case is JSON");
        let config = case["config"].as_str().expect("a case names its tree");
        let tree = trees.entry(config.to_owned()).or_insert_with(|| Tree::read(&folder.join("configs").join(config)));
        let decided = tree.decide(&case["labels"]);
        count += 1;
        if !expected(&case, &decided) {
            wrong.push(format!("{line}\n  decided: {decided:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 3_000, "only {count} cases were read");
}

/// The lines of the trees that no event reaches. All others are reachable.
#[test]
fn lines_of_recorded_trees_are_reachable_but_for_known_ones() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/alertmanager-routes/configs");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: {} is not there", folder.display());
        return;
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut report = String::new();
    for path in paths {
        let tree = Tree::read(&path);
        let (found, summary) = tree.rules.prove();
        let _ = writeln!(
            report,
            "== {}: {} reachable, {} undecided",
            path.file_name().unwrap().display(),
            summary.reachable,
            summary.undecided.len()
        );
        for finding in found.iter().filter(|finding| matches!(finding.code.id, "E0220" | "W0070")) {
            let _ = writeln!(report, "{}: {}", finding.code.id, finding.message);
        }
        // What is unreachable and not reported is an `else`.
        for (line, verdict) in tree.rules.prove_lines().lines() {
            let is_reported = found.iter().any(|finding| finding.message == format!("no event can reach `{line}`"));
            if matches!(verdict, Reachability::Unreachable(_)) && !is_reported {
                let _ = writeln!(report, "not reported: {line}");
            }
        }
    }
    expect_test::expect_file!["cases/prove/recorded-trees.txt"].assert_eq(&report);
}

/// Tests every combination of the label values in the tree on the page, a missing label, and another value.
#[test]
fn the_translation_on_the_page_decides_as_its_original() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammar/from-alertmanager.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let (original, rest) = block(&page, "yaml");
    let (translation, _) = block(rest, "rules");
    let tree = Tree::of("the page", original);
    let rules = load("the page", translation);
    let mut events = vec![serde_json::Map::new()];
    for (name, values) in values_of_labels(&serde_saphyr::from_str(original).expect("YAML")) {
        let with = |event: &serde_json::Map<String, Value>, value: &String| {
            let mut event = event.clone();
            event.insert(name.clone(), Value::from(value.as_str()));
            event
        };
        let more: Vec<_> = events.iter().flat_map(|event| values.iter().map(move |value| with(event, value))).collect();
        events.extend(more);
    }
    let mut decisions = BTreeSet::new();
    for labels in events.into_iter().map(Value::from) {
        let expected = tree.decide(&labels);
        assert_eq!(channels(&rules, &labels), expected, "{labels}");
        decisions.insert(expected);
    }
    assert!(decisions.len() > 6, "the tree on the page decides too little: {decisions:?}");
}

/// The text of the first block of that kind, and the text after it.
fn block<'t>(page: &'t str, kind: &str) -> (&'t str, &'t str) {
    let (_, rest) = page.split_once(&format!("```{kind}\n")).expect("the block is there");
    rest.split_once("```").expect("the block ends")
}

/// The labels in the matchers of a tree, each with its values there and with one other value.
fn values_of_labels(tree: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut labels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut nodes = vec![&tree["route"]];
    while let Some(node) = nodes.pop() {
        nodes.extend(node["routes"].as_array().into_iter().flatten());
        for matcher in node["matchers"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let (name, value) = matcher.split_once(['=', '!']).expect("a matcher has an operator");
            let values = labels.entry(name.to_owned()).or_default();
            values.extend(["", "another"].map(str::to_owned));
            values.extend(value.trim_matches(['=', '~', '"']).split('|').map(|each| each.replace(".*", "x")));
        }
    }
    labels
}

/// Receivers are compared without repetitions, because our channels are a set.
fn expected(case: &Value, decided: &[String]) -> bool {
    let joined = decided.join(",");
    match (case["expect"].as_str(), case["value"].as_str()) {
        (Some("contains"), Some(value)) => joined.contains(value),
        (Some("not_equals"), Some(value)) => joined != value,
        (Some(_), Some(value)) => joined == value,
        _ => {
            let mut receivers: Vec<&str> = Vec::new();
            for receiver in case["receivers"].as_array().expect("receivers").iter().filter_map(Value::as_str) {
                if !receivers.contains(&receiver) {
                    receivers.push(receiver);
                }
            }
            receivers == decided
        }
    }
}

struct Tree {
    rules: RuleSet,
    receivers: Vec<String>,
}

impl Tree {
    fn read(path: &Path) -> Self {
        Self::of(&path.display().to_string(), &std::fs::read_to_string(path).expect("the tree is there"))
    }

    fn of(name: &str, text: &str) -> Self {
        let document: Value = serde_saphyr::from_str(text).expect("the tree is YAML");
        let mut writer = Writer::default();
        let root = &document["route"];
        let receiver = root["receiver"].as_str().unwrap_or_default();
        let mut routing = String::from("routing main {\n");
        writer.children(&mut routing, root, receiver, 1);
        routing.push_str("}\n");
        let mut rules = String::from("edition 1\n");
        for channel in 0..writer.receivers.len() {
            let _ = writeln!(rules, "channel c{channel} = discard()");
        }
        rules.push_str(&routing);
        let rules = load(name, &rules);
        Self { rules, receivers: writer.receivers }
    }

    fn decide(&self, labels: &Value) -> Vec<String> {
        let position = |channel: &String| channel[1..].parse::<usize>().expect("c and a number");
        let channels = channels(&self.rules, labels);
        channels.iter().map(|channel| self.receivers[position(channel)].clone()).collect()
    }
}

fn load(name: &str, text: &str) -> RuleSet {
    let mut sources = Sources::default();
    sources.add(name, text);
    let loaded = RuleSet::from_sources(sources, &|_| Err("no tables here".to_owned()), None);
    let problems = render(DiagnosticFormat::Short, &loaded.diagnostics, &loaded.sources);
    loaded.rules.unwrap_or_else(|| panic!("{name} does not load:\n{problems}\n{text}"))
}

/// The channels that the routing `main` gives a firing alert with these labels.
fn channels(rules: &RuleSet, labels: &Value) -> Vec<String> {
    let is_critical = labels["severity"] == "critical";
    let arena = Arena::new();
    let labels = labels.as_object().expect("labels are an object").iter();
    let labels = labels.map(|(name, value)| (name.as_str(), value.as_str().expect("labels are strings")));
    let event = Event {
        severity: if is_critical { Severity::Critical } else { Severity::Warning },
        status: AlertStatus::Firing,
        title: "alert",
        key: "key",
        description: None,
        labels: Labels::of(labels, &arena),
        starts_at: None,
        ends_at: None,
        link: None,
        source: "test",
        integration: None,
        notes: &[],
    };
    let now = Timestamp::read("2026-11-20T12:00:00Z").expect("a time");
    let outcome = rules
        .route("main", &event, &EvaluationContext::at(now), &arena, &mut SilentObserver)
        .expect("the routing is there");
    let channels = outcome.decision().expect("a routing decides").channels;
    channels.iter().map(ToString::to_string).collect()
}

#[derive(Default)]
struct Writer {
    receivers: Vec<String>,
    routes: usize,
}

impl Writer {
    fn channel(&mut self, receiver: &str) -> usize {
        self.receivers.iter().position(|known| known == receiver).unwrap_or_else(|| {
            self.receivers.push(receiver.to_owned());
            self.receivers.len() - 1
        })
    }

    fn children(&mut self, out: &mut String, node: &Value, receiver: &str, depth: usize) {
        let indent = "  ".repeat(depth);
        let mut unreachable = false;
        for child in node["routes"].as_array().into_iter().flatten() {
            if unreachable {
                break;
            }
            let also = child["continue"].as_bool().unwrap_or(false);
            let receiver = child["receiver"].as_str().unwrap_or(receiver);
            let condition = condition(child);
            unreachable = condition.is_empty() && !also;
            let when = if condition.is_empty() { String::new() } else { format!(" when {condition}") };
            self.routes += 1;
            let _ = write!(out, "{indent}{}route r{}{when}", if also { "also " } else { "" }, self.routes);
            if child["routes"].as_array().is_some_and(|routes| !routes.is_empty()) {
                out.push_str(" {\n");
                self.children(out, child, receiver, depth + 1);
                let _ = writeln!(out, "{indent}}}");
            } else {
                let _ = writeln!(out, " => c{}", self.channel(receiver));
            }
        }
        if !unreachable {
            let _ = writeln!(out, "{indent}else => c{}", self.channel(receiver));
        }
    }
}

/// All matchers of a node, and-ed.
fn condition(node: &Value) -> String {
    let mut parts = Vec::new();
    for (name, value) in node["match"].as_object().into_iter().flatten() {
        parts.push(comparison(name, "=", &plain(value)));
    }
    for (name, value) in node["match_re"].as_object().into_iter().flatten() {
        parts.push(comparison(name, "=~", &plain(value)));
    }
    for matchers in node["matchers"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        parts.extend(split(matchers.trim().trim_start_matches('{').trim_end_matches('}')).iter().map(|m| matcher(m)));
    }
    parts.join(" and ")
}

/// YAML reads an unquoted `2` as a number; Alertmanager reads every value as a string.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Splits at commas outside quotes.
fn split(matchers: &str) -> Vec<String> {
    let (mut parts, mut quoted, mut escaped) = (vec![String::new()], false, false);
    for letter in matchers.chars() {
        if letter == ',' && !quoted {
            parts.push(String::new());
            continue;
        }
        quoted ^= letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        parts.last_mut().expect("there is one").push(letter);
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn matcher(matcher: &str) -> String {
    let at = matcher.find(['=', '!']).expect("a matcher has an operator");
    let rest = &matcher[at..];
    let operator = ["=~", "!~", "!=", "="].into_iter().find(|each| rest.starts_with(each)).expect("an operator");
    let value = rest[operator.len()..].trim();
    let value = match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
        Some(_) => serde_json::from_str(value).unwrap_or_else(|_| value.trim_matches('"').to_owned()),
        None => value.to_owned(),
    };
    comparison(matcher[..at].trim().trim_matches('"'), operator, &value)
}

fn comparison(name: &str, operator: &str, value: &str) -> String {
    let label = format!("(labels[{}] ?? \"\")", Value::from(name));
    let regex = || format!("/{}/s", value.replace('/', "\\/"));
    match operator {
        "=" => format!("{label} == {}", literal(value)),
        "!=" => format!("{label} != {}", literal(value)),
        "=~" => format!("{label} matches {}", regex()),
        _ => format!("{label} not matches {}", regex()),
    }
}

fn literal(value: &str) -> String {
    Value::from(value).to_string().replace('{', "{{").replace('}', "}}")
}
