//! The outcomes of the shipped rule sets for samples: those beside the rules, as a table, and those of an external index, if
//! it is present.

use crate::arena;
use expect_test::expect_file;
use pointsman::evaluate::{EvaluationContext, SilentObserver};
use pointsman::event::{Outcome, OutcomeKind as Came};
use pointsman::json;
use pointsman::ruleset::{EntryPoint, RuleSet};
use pointsman::time::Timestamp;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Each shipped rule set, with its mappings in the order in which they are tried.
const SETS: [(&str, &[&str]); 5] = [
    ("alertmanager", &["alertmanager"]),
    ("arms", &["arms"]),
    ("cloudmonitor", &["cloudmonitor_metric", "cloudmonitor_event"]),
    ("prometheus", &["prometheus_alertmanager", "prometheus_event"]),
    ("standard", &["standard"]),
];

#[test]
fn every_shipped_sample_has_the_outcome_in_the_table() {
    let rules = shipped();
    let mut table = String::new();
    for (set, mappings) in SETS {
        let folder = root().join("rules").join(set).join("samples");
        let files = [files(&folder), files(&folder.join("refused"))].concat();
        for file in files {
            let name = format!("{set}/{}", file.strip_prefix(&folder).unwrap().display());
            for (mapping, line) in results(&rules, mappings, &file) {
                writeln!(table, "{name:44} {mapping:24} {line}").unwrap();
            }
        }
    }
    expect_file!["cases/rules/samples.txt"].assert_eq(&table);
}

#[test]
fn the_shipped_sets_have_no_findings() {
    let loaded = RuleSet::load(&[root().join("rules")], Timestamp::read("2026-11-20T12:00:00Z")).unwrap();
    let found: Vec<String> = loaded
        .diagnostics
        .iter()
        .map(|finding| {
            format!("{} {}: {}", loaded.sources.file_and_line(finding.span), finding.code.id, finding.message)
        })
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn each_shipped_set_stands_alone() {
    for (set, _) in SETS {
        let loaded = RuleSet::load(&[root().join("rules").join(set)], None).unwrap();
        assert!(loaded.diagnostics.is_empty(), "{set}: {:#?}", loaded.diagnostics);
    }
}

#[test]
fn every_sample_of_the_index_gets_the_severity_and_status_given_there() {
    let folder = root().join("../shared/samples");
    let Ok(index) = fs::read_to_string(folder.join("INDEX.json")) else { return };
    let rules = shipped();
    let entries: Vec<serde_json::Value> = serde_json::from_str(&index).unwrap();
    let mut problems = String::new();
    for entry in entries {
        let name = entry["file"].as_str().unwrap();
        let Some(mappings) = mappings(name) else { continue };
        let expected: Vec<String> =
            entry["expect"].as_array().unwrap().iter().map(|event| expected(name, event)).collect();
        let given: Vec<String> = results(&rules, mappings, &folder.join(name))
            .into_iter()
            .filter(|(_, line)| line.starts_with("is "))
            .map(|(_, line)| line.split(" (").next().unwrap_or_default().to_owned())
            .collect();
        let refused = NO_EVENT.contains(&name) && given.is_empty();
        if given != expected && !refused {
            writeln!(problems, "{name}: wants {expected:?}, gives {given:?}").unwrap();
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

/// Samples that are refused: a preset template without the values that an event needs, and a form, which is not JSON.
const NO_EVENT: [&str; 2] = ["arms_15_default_webhook_template.json", "cms1_01_form_alert_warn.txt"];

fn mappings(sample: &str) -> Option<&'static [&'static str]> {
    let set = match sample.split('_').next()? {
        "arms" => "arms",
        "cms1" => "cloudmonitor",
        "cms2" => "prometheus",
        "prom" | "grafana" => "alertmanager",
        _ => return None,
    };
    SETS.iter().find(|(name, _)| *name == set).map(|(_, mappings)| *mappings)
}

/// The outcome that the index demands, in the form of [`line`], or the documented outcome if the index demands none.
fn expected(sample: &str, event: &serde_json::Value) -> String {
    let severity = match event["severity"].as_str().unwrap() {
        "OK" => "Info",
        "DEFAULT?" if sample.contains("P5") => "Info",
        "DEFAULT?" => "Warning",
        given => given,
    };
    let status = if event["status"] == "resolved" { "Resolved" } else { "Firing" };
    format!("is {severity} {status}")
}

/// Each outcome of a sample in short form, with the first mapping that accepts the sample.
fn results(rules: &RuleSet, mappings: &[&'static str], file: &Path) -> Vec<(&'static str, String)> {
    let bytes = fs::read(file).unwrap();
    let document = match json::parse(&bytes, arena()) {
        Ok(document) => document,
        Err(invalid) => return vec![("-", format!("invalid: {}", invalid.message))],
    };
    let context = EvaluationContext::at(Timestamp::read("2026-11-20T12:00:00Z").unwrap());
    let mut last = Vec::new();
    for mapping in mappings {
        let outcomes =
            rules.evaluate(EntryPoint::Mapping(mapping, None), &document, &context, &mut SilentObserver).unwrap();
        last = outcomes.iter().map(|outcome| (*mapping, line(outcome))).collect();
        if !outcomes.iter().any(|outcome| matches!(outcome.kind, Came::Unaccepted(_))) {
            break;
        }
    }
    last
}

fn line(outcome: &Outcome<'_>) -> String {
    if let Some(event) = outcome.event() {
        let notes = if event.notes.is_empty() { String::new() } else { format!(" ({})", event.notes.join("; ")) };
        return format!("is {} {}{notes}", event.severity, event.status);
    }
    match &outcome.kind {
        Came::Unaccepted(refusals) => {
            let reasons: Vec<&str> = refusals.iter().map(|refusal| refusal.reason).collect();
            format!("unaccepted: {}", reasons.join("; "))
        }
        _ => outcome.name().to_owned(),
    }
}

/// The files of a folder, which may be missing.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

fn shipped() -> RuleSet {
    let loaded = RuleSet::load(&[root().join("rules")], None).unwrap();
    let found: Vec<String> = loaded.diagnostics.iter().map(|finding| finding.message.clone()).collect();
    loaded.rules.unwrap_or_else(|| panic!("the shipped rules do not load: {found:#?}"))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
