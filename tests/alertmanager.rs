//! Imported Alertmanager configurations. Recorded trees and decisions are in a folder beside the repository; own small
//! configurations, with the rules that they become or the errors that they have, are in `cases/import`.

use crate::common::Folder;
use expect_test::expect_file;
use pointsman::diagnostic::{DiagnosticFormat, render};
use pointsman::import::alertmanager::{AlertmanagerImport, import};
use pointsman::prove::Witness;
use pointsman::ruleset::RuleSet;
use pointsman::source::Sources;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The year for which tests write dates out.
const YEAR: i64 = 2026;

/// An imported configuration, loaded.
struct Imported {
    import: AlertmanagerImport,
    rules: RuleSet,
}

impl Imported {
    fn read(path: &Path) -> Self {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        Self::of(name, &fs::read_to_string(path).expect("the configuration is there"))
    }

    fn of(name: &str, text: &str) -> Self {
        let mut sources = Sources::default();
        let file = sources.add(name, text);
        let (import, found) = import(&sources, file, YEAR);
        let import = import.unwrap_or_else(|| panic!("{}", render(DiagnosticFormat::Short, &found, &sources)));
        assert!(import.differences.is_empty(), "{name}: {:?}", import.differences);
        let rules = load(name, &import.rules);
        Self { import, rules }
    }

    /// The receivers that an alert with these labels goes to by the rules.
    fn decide(&self, labels: &BTreeMap<String, String>) -> Vec<String> {
        channels(&self.rules, labels).iter().map(|channel| self.import.receivers[channel].clone()).collect()
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
fn channels(rules: &RuleSet, labels: &BTreeMap<String, String>) -> Vec<String> {
    let witness = Witness { labels: labels.clone(), ..Witness::default() };
    rules.outcome(&witness, rules.program.names.routings["main"]).channels.iter().map(ToString::to_string).collect()
}

/// The recorded trees; none where the folder is not there.
fn recorded() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/alertmanager-routes/configs");
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("SKIPPED: {} is not there", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_recorded_decision_is_ours() {
    let paths = recorded();
    let Some(folder) = paths.first().and_then(|path| path.parent()?.parent()) else { return };
    let trees: BTreeMap<_, _> =
        paths.iter().map(|path| (path.file_name().unwrap().to_str().unwrap(), Imported::read(path))).collect();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for line in fs::read_to_string(folder.join("cases.jsonl")).unwrap().lines() {
        let case: Value = serde_json::from_str(line).expect("a case is JSON");
        let labels = serde_json::from_value(case["labels"].clone()).expect("labels are texts");
        let decided = trees[case["config"].as_str().unwrap()].decide(&labels);
        count += 1;
        if !expected(&case, &decided) {
            wrong.push(format!("{line}\n  decided: {decided:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 3_000, "only {count} cases were read");
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

/// What the proofs find in the trees, and in the rules that they become: no line there that no alert reaches.
#[test]
fn recorded_trees_become_rules_without_unreachable_lines() {
    let mut report = String::new();
    for path in recorded() {
        let Imported { import, rules } = Imported::read(&path);
        let (found, summary) = rules.prove();
        let _ = writeln!(
            report,
            "== {}: {} routes, {} decide in {} cases; {} lines reachable, {} undecided",
            path.file_name().unwrap().display(),
            import.routes,
            import.paths,
            import.cases.len(),
            summary.reachable,
            summary.undecided.len()
        );
        for finding in &import.findings {
            let _ = writeln!(report, "{finding}");
        }
        for finding in found.iter().filter(|finding| matches!(finding.code.id, "E0220" | "W0070")) {
            let _ = writeln!(report, "{}: {}", finding.code.id, finding.message);
        }
    }
    if !report.is_empty() {
        expect_file!["cases/import/recorded-trees.txt"].assert_eq(&report);
    }
}

/// Random alerts, of values that matchers name, of others, and of none. `POINTSMAN_IMPORT_ALERTS` says how many a tree.
#[test]
fn random_alerts_are_decided_as_alertmanager_does() {
    let count = std::env::var("POINTSMAN_IMPORT_ALERTS").ok().and_then(|count| count.parse().ok()).unwrap_or(200);
    for path in recorded().into_iter().chain(configurations("valid")) {
        // A channel that is to be filled is not loaded.
        if path.ends_with("stub.yml") {
            continue;
        }
        let imported = Imported::read(&path);
        let values = imported.import.values();
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        for _ in 0..count {
            let labels = random_labels(&values, &mut random);
            assert_eq!(imported.decide(&labels), imported.import.expected(&labels), "{}: {labels:?}", path.display());
        }
    }
}

/// Numbers by xorshift, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap()
    }
}

fn random_labels(values: &BTreeMap<String, Vec<String>>, random: &mut Random) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for (name, values) in values {
        match random.below(4) {
            0 => {}
            1 => {
                labels.insert(name.clone(), ["", "other", "a/b {c}"][random.below(3)].to_owned());
            }
            _ if !values.is_empty() => {
                labels.insert(name.clone(), values[random.below(values.len())].clone());
            }
            _ => {}
        }
    }
    labels
}

fn configurations(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/import").join(kind);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "yml"));
    paths.sort();
    assert!(!paths.is_empty(), "cases are not found");
    paths
}

/// The rules beside each configuration, whose certificate passes.
#[test]
fn configurations_become_the_rules_beside_them() {
    for path in configurations("valid") {
        let mut sources = Sources::default();
        let name = path.file_name().unwrap().to_str().unwrap();
        let file = sources.add(name, &fs::read_to_string(&path).unwrap());
        let (imported, found) = import(&sources, file, YEAR);
        let imported = imported.unwrap_or_else(|| panic!("{}", render(DiagnosticFormat::Short, &found, &sources)));
        expect_file![path.with_extension("rules")].assert_eq(&imported.rules);
        assert_eq!(imported.differences, Vec::<String>::new(), "{name}");
        let folder = Folder::new();
        folder.write("routing.rules", &imported.rules);
        folder.write("tests.rules", &imported.tests);
        if imported.stubs == 0 {
            let ran = folder.pointsman(["test", "."]).run();
            assert!(ran.stdout.contains("passed"), "{name}: {}", ran.stdout);
        }
    }
}

#[test]
fn broken_configurations_are_reported_with_their_places() {
    for path in configurations("broken") {
        let mut sources = Sources::default();
        let file = sources.add(path.file_name().unwrap().to_str().unwrap(), &fs::read_to_string(&path).unwrap());
        let (imported, found) = import(&sources, file, YEAR);
        assert!(imported.is_none(), "{} is imported", path.display());
        expect_file![path.with_extension("txt")].assert_eq(&render(DiagnosticFormat::Human, &found, &sources));
    }
}

/// Tests every combination of the label values in the tree on the page, a missing label, and another value.
#[test]
fn the_translation_on_the_page_decides_as_its_original() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammar/from-alertmanager.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let (original, rest) = block(&page, "yaml");
    let (translation, _) = block(rest, "rules");
    let imported = Imported::of("the page", original);
    let rules = load("the page", translation);
    let mut alerts = vec![BTreeMap::new()];
    for (name, values) in imported.import.values() {
        for alert in alerts.clone() {
            for value in values.iter().map(String::as_str).chain(["", "another"]) {
                let mut alert = alert.clone();
                alert.insert(name.clone(), value.to_owned());
                alerts.push(alert);
            }
        }
    }
    let mut decisions = BTreeSet::new();
    for labels in alerts {
        let wanted = imported.decide(&labels);
        let mut witness = Witness { labels: labels.clone(), ..Witness::default() };
        if labels.get("severity").is_some_and(|severity| severity == "critical") {
            witness.severity = pointsman::event::Severity::Critical;
        }
        let decided = rules.outcome(&witness, rules.program.names.routings["main"]).channels;
        assert!(
            decided.iter().map(|channel| &**channel).eq(wanted.iter().map(String::as_str)),
            "{labels:?}: {decided:?}"
        );
        decisions.insert(wanted);
    }
    assert!(decisions.len() > 6, "the tree on the page decides too little: {decisions:?}");
}

/// The text of the first block of that kind, and the text after it.
fn block<'t>(page: &'t str, kind: &str) -> (&'t str, &'t str) {
    let (_, rest) = page.split_once(&format!("```{kind}\n")).expect("the block is there");
    rest.split_once("```").expect("the block ends")
}
