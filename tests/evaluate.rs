//! The meaning of rules: rule tests in `cases/evaluate`, and tests that are too large for that folder.

use crate::arena;
use pointsman::diagnostic::{DiagnosticFormat, render};
use pointsman::evaluate::{EvaluationContext, SilentObserver};
use pointsman::json;
use pointsman::ruleset::{EntryPoint, LoadedRules, RuleSet};
use pointsman::source::Sources;
use pointsman::suite::files::DiskFiles;
use pointsman::suite::{self, TestOptions, report};
use pointsman::time::Timestamp;
use std::fmt::Write;
use std::path::PathBuf;

fn sound(loaded: LoadedRules) -> RuleSet {
    let LoadedRules { sources, diagnostics, rules, .. } = loaded;
    rules.unwrap_or_else(|| panic!("{}", render(DiagnosticFormat::Human, &diagnostics, &sources)))
}

fn rules(text: &str) -> RuleSet {
    let mut sources = Sources::default();
    sources.add("it.rules", text);
    sound(RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None))
}

/// The outcomes of a payload as JSON, without open firings.
fn outcomes(text: &str, routing: Option<&str>, payload: &str) -> Vec<serde_json::Value> {
    outcomes_with(text, routing, payload, &|_| Vec::new())
}

fn outcomes_with(
    text: &str,
    routing: Option<&str>,
    payload: &str,
    open: &dyn Fn(&str) -> Vec<String>,
) -> Vec<serde_json::Value> {
    let document = json::parse(payload.as_bytes(), arena()).unwrap();
    let context =
        EvaluationContext { open, ..EvaluationContext::at(Timestamp::read("2026-03-07T02:00:00+08:00").unwrap()) };
    let rules = rules(text);
    let outcomes = rules.evaluate(EntryPoint::Mapping("m", routing), &document, &context, &mut SilentObserver);
    outcomes.unwrap().iter().map(pointsman::json::ToJson::to_value).collect()
}

#[test]
fn the_rule_tests_pass() {
    let loaded = RuleSet::load(&[PathBuf::from("tests/cases/evaluate")], None).unwrap();
    let report = suite::run(&sound(loaded), &TestOptions::default(), &mut DiskFiles);
    assert_eq!(report.failed(), 0, "{}", report::text::render(&report));
    assert!(!report.results.is_empty());
}

const MAPPING: &str = r#"edition 1
mapping m {
  severity = Warning
  status   = match $.status { "resolved" => Resolved  else => Firing }
  title    = "t"
  key      = key("m", $.a) ?? "k"
  labels { a = $.a }
  drop when $.drop == true because "told to"
}
channel ops = stdout()
"#;

/// A payload of alerts whose severities decide the channel.
const BATCH: &str = r#"edition 1
mapping m {
  each $[*]
  severity = match @.is { "bad" => Critical  else => Info }
  status   = match @.status { "resolved" => Resolved  else => Firing }
  title    = "t"
  key      = string(@.key) ?? "k"
}
channel page = stdout()
channel chat = stdout()
channel mail = stdout()
routing main {
  route bad when severity == Critical => page
  else => chat
}
"#;

#[test]
fn a_recovery_follows_a_firing_of_its_key_before_it_in_the_same_payload() {
    let payload = r#"[
        {"key": "a", "status": "resolved"},
        {"key": "a", "is": "bad"},
        {"key": "b"},
        {"key": "a", "status": "resolved"},
        {"key": "c", "status": "resolved"},
        {"key": "a", "status": "resolved"}
    ]"#;
    let sent = outcomes(BATCH, Some("main"), payload);
    let channels: Vec<_> = sent.iter().map(|outcome| outcome["channels"][0].as_str().unwrap()).collect();
    assert_eq!(channels, ["chat", "page", "chat", "page", "chat", "chat"]);
    let followed: Vec<_> = sent.iter().map(|outcome| outcome["followed"] == true).collect();
    assert_eq!(followed, [false, false, false, true, false, false]);
}

#[test]
fn firings_from_before_and_from_the_same_payload_are_closed() {
    let payload = r#"[{"key": "a", "is": "bad"}, {"key": "a", "status": "resolved"}]"#;
    let open = |key: &str| if key == "a" { vec!["mail".to_owned()] } else { Vec::new() };
    let sent = outcomes_with(BATCH, Some("main"), payload, &open);
    assert_eq!(sent[1]["channels"], serde_json::json!(["mail", "page"]));
}

#[test]
fn routings_that_call_the_next_twice_are_run_once_each() {
    let mut text = MAPPING.to_owned();
    text.push_str("routing main { else => routing r1 }\nrouting r15 { else => ops }\n");
    for at in 1..15 {
        let next = at + 1;
        writeln!(
            text,
            "routing r{at} {{ also route a => routing r{next}\n always b => routing r{next}\n else => ops }}"
        )
        .unwrap();
    }
    let sent = outcomes(&text, Some("main"), r#"{"a": "x"}"#);
    assert_eq!(sent[0]["channels"], serde_json::json!(["ops"]));
    assert_eq!(sent[0]["routes"].as_array().unwrap().len(), 30);
}

/// The longest chains that `check` accepts, nested as deep as the parser allows, on the small stack of a test.
#[test]
fn the_longest_chains_fit_the_stack() {
    let mut text = MAPPING.to_owned();
    text.push_str("define d0 = trim(labels.a)\n");
    for at in 1..16 {
        let nested = (0..30).fold(format!("d{}", at - 1), |inner, level| {
            format!(r#"trim(match labels.q{level} {{ "zz" => "q"  else => {inner} }})"#)
        });
        writeln!(text, "define d{at} = {nested}").unwrap();
    }
    for at in 0..14 {
        let open = (0..60).fold(String::new(), |open, level| open + &format!("route b{level} {{ "));
        writeln!(text, "routing r{at} {{ {open} route z => routing r{} {} }}", at + 1, "} ".repeat(60)).unwrap();
    }
    text.push_str("routing r14 { route r when d15 == \"x\" => ops  else => nothing because \"no\" }\n");
    text.push_str("routing main { else => routing r0 }\n");
    assert_eq!(outcomes(&text, Some("main"), r#"{"a": "x"}"#)[0]["outcome"], "sent");
}

#[test]
fn a_storm_in_one_body_does_not_use_up_the_budget() {
    let text = r#"edition 1
mapping m {
  each $.alerts[*]
  severity = match (any @.labels.* == "critical") { true => Critical  else => Warning }
  status   = Firing
  title    = "{count(@.labels.*)}"
  key      = key("m", @.id) ?? "k"
}
"#;
    let alert = r#"{"id": 1, "labels": {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": "critical"}}"#;
    let payload = format!(r#"{{"alerts": [{}]}}"#, vec![alert; 5_000].join(","));
    let events = outcomes(text, None, &payload);
    assert!(events.iter().all(|outcome| outcome["event"]["severity"] == "Critical"));
}

#[test]
fn where_the_budget_runs_out_the_path_is_missing() {
    let text = r#"edition 1
mapping m {
  each $.alerts[*]
  severity = match count($..a) { 0 => Info  else => Warning }
  status   = Firing
  title    = "{count($..a)} of {join($..a, ",")}"
  key      = key("m", @.a) ?? "k"
}
"#;
    let payload = format!(r#"{{"alerts": [{}]}}"#, vec![r#"{"a": 1}"#; 2_000].join(","));
    let events = outcomes(text, None, &payload);
    let last = &events[1_999]["event"];
    assert_eq!((last["severity"].as_str(), last["title"].as_str()), (Some("Warning"), Some(" of ")));
    assert_eq!(last["notes"], serde_json::json!(["`$..a` chose too much of the payload; it counts as missing"]));
}

#[test]
fn a_dropped_recovery_follows_only_to_channels_that_exist() {
    let text = format!("{MAPPING}routing main {{ else => ops }}\n");
    let payload = r#"{"a": "x", "status": "resolved", "drop": true}"#;
    let outcome = |open: &[&str]| {
        let open: Vec<String> = open.iter().map(|name| (*name).to_owned()).collect();
        outcomes_with(&text, Some("main"), payload, &|_| open.clone()).remove(0)
    };
    assert_eq!(outcome(&["gone"])["outcome"], "dropped");
    let followed = outcome(&["gone", "ops"]);
    assert_eq!((&followed["outcome"], &followed["followed"]), (&"sent".into(), &true.into()));
    assert_eq!(followed["channels"], serde_json::json!(["ops"]));
}
