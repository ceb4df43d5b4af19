//! Rule tests, run: a folder a case, with its rules and what the reports say of them.

use expect_test::expect_file;
use pointsman::diagnostic::{self, DiagnosticFormat};
use pointsman::ruleset::{LoadedRules, RuleSet};
use pointsman::suite::files::DiskFiles;
use pointsman::suite::{self, SnapshotMode, TestFiles, TestOptions, TestReport, report};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn rules(name: &str) -> RuleSet {
    let LoadedRules { sources, diagnostics, rules, .. } =
        RuleSet::load(&[PathBuf::from(format!("tests/cases/suite/{name}"))], None).expect("the folder can be read");
    rules.unwrap_or_else(|| panic!("{}", diagnostic::render(DiagnosticFormat::Human, &diagnostics, &sources)))
}

fn run(name: &str) -> TestReport {
    suite::run(&rules(name), &TestOptions::default(), &mut DiskFiles)
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn expect(path: &str, text: &str) {
    expect_file![format!("{}/tests/cases/suite/{path}", env!("CARGO_MANIFEST_DIR"))].assert_eq(text);
}

/// The report and the coverage of a case.
fn says(name: &str) {
    let report = run(name);
    let text = plain(&(report::text::render(&report) + &report::text::coverage(&report.coverage)));
    expect(&format!("{name}/report.txt"), &text);
}

#[test]
fn members_of_families_are_named_and_missed() {
    says("families");
}

#[test]
fn heartbeats_and_timeouts_run_in_sequences() {
    says("heartbeats");
    assert_eq!(run("heartbeats").failed(), 0);
}

#[test]
fn what_holds_passes() {
    says("passing");
    let report = run("passing");
    assert_eq!(report.failed(), 0);
}

#[test]
fn fallbacks_are_told_instead() {
    says("fallbacks");
    assert_eq!(run("fallbacks").failed(), 0);
}

#[test]
fn fields_that_differ_are_shown() {
    says("fields");
}

#[test]
fn every_row_is_a_result() {
    says("cases");
}

#[test]
fn the_walk_is_shown() {
    says("routing");
}

#[test]
fn outcomes_are_told_apart() {
    says("outcomes");
}

#[test]
fn bodies_are_compared() {
    says("channel");
}

#[test]
fn channels_read_what_a_message_says_of_its_group() {
    says("message_group");
}

#[test]
fn requests_are_inputs_and_answers_are_compared() {
    says("requests");
}

#[test]
fn arms_of_bodies_and_of_what_only_they_use_are_covered() {
    says("body_arms");
}

#[test]
fn files_are_compared() {
    says("files");
}

#[test]
fn nothing_to_run_is_nothing_passed() {
    assert!(run("none").results.is_empty());
}

#[test]
fn machines_read_reports() {
    let report = run("fields");
    expect("fields/report.json", &report::json::render(&report, Some(&report.coverage)));
    expect("fields/report.tap", &report::tap::render(&report));
    // Every document has an identity of its own, which is no part of what is tested.
    expect("fields/report.xml", &report::junit::render(&report));
}

#[test]
fn statements_run_with_the_tests() {
    says("statements");
    let report = run("statements");
    expect("statements/report.json", &report::json::render(&report, None));
    expect("statements/report.tap", &report::tap::render(&report));
    expect("statements/report.xml", &report::junit::render(&report));
}

#[test]
fn a_filter_chooses_by_test_and_by_row() {
    let rules = rules("passing");
    let names = |filter: &str| {
        let options = TestOptions { filter: Some(filter.to_owned()), ..TestOptions::default() };
        let report = suite::run(&rules, &options, &mut DiskFiles);
        report.results.iter().map(suite::TestResult::name).collect::<Vec<_>>()
    };
    assert_eq!(names("P9"), [r#"every level: "P9" => Info"#]);
    assert_eq!(names("nothing in"), ["nothing in it"]);
    assert!(names("no such name").is_empty());
}

/// Files that are written are kept here.
#[derive(Default)]
struct Overlay(BTreeMap<PathBuf, Vec<u8>>);

impl TestFiles for Overlay {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.0.get(path).cloned().map_or_else(|| DiskFiles.read(path), Ok)
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<(), String> {
        self.0.insert(path.to_owned(), bytes.to_owned());
        Ok(())
    }
}

#[test]
fn update_writes_nothing_outside_the_folder_of_the_test() {
    let text = r#"edition 1
mapping plain {
  severity = Warning
  status   = Firing
  title    = "an alert"
  key      = key("plain", $.id ?? "none")
}
test "a snapshot elsewhere" {
  mapping plain
  input { "id": "7" }
  expect snapshot "../elsewhere.json"
}
"#;
    let mut sources = pointsman::source::Sources::default();
    sources.add("plain.rules", text);
    let loaded = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
    let rules = loaded.rules.expect("the rules hold no error");
    let mut files = Overlay::default();
    let report =
        suite::run(&rules, &TestOptions { snapshots: SnapshotMode::Write, ..TestOptions::default() }, &mut files);
    assert_eq!((report.passed(), report.written.len(), files.0.len()), (0, 0, 0));
}

#[test]
fn update_writes_the_snapshots_that_differ() {
    let rules = rules("files");
    let mut files = Overlay::default();
    let options =
        TestOptions { filter: Some("snapshot".to_owned()), snapshots: SnapshotMode::Write, ..TestOptions::default() };
    let first = suite::run(&rules, &options, &mut files);
    assert_eq!((first.passed(), first.written.len()), (2, 2));
    let again = suite::run(&rules, &TestOptions { snapshots: SnapshotMode::Compare, ..options }, &mut files);
    assert_eq!((again.passed(), again.written.len()), (2, 0));
}

#[test]
fn sequences_hold() {
    says("sequences");
    let report = run("sequences");
    assert_eq!(report.failed(), 0);
}

#[test]
fn a_sequence_that_fails_says_what_happened_before() {
    says("sequences_failing");
    let report = run("sequences_failing");
    expect("sequences_failing/report.json", &report::json::render(&report, None));
    expect("sequences_failing/report.xml", &report::junit::render(&report));
}

#[test]
fn mutes_and_silences_hold() {
    says("mutes");
    assert_eq!(run("mutes").failed(), 0);
    expect("mutes/report.json", &report::json::render(&run("mutes"), None));
}

#[test]
fn a_failure_says_what_holds_an_event_or_does_not() {
    says("mutes_failing");
}

/// A sequence whose rules and steps are these.
fn sequence(channel: &str, steps: &str) -> TestReport {
    let text = format!(
        "edition 1\nchannel chat = {channel}\nrouting main {{ else => chat }}\n\
         test \"a sequence\" {{\n  routing main\n{steps}\n}}\n"
    );
    let mut sources = pointsman::source::Sources::default();
    sources.add("sequence.rules", &text);
    let LoadedRules { sources, diagnostics, rules, .. } =
        RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
    let rules =
        rules.unwrap_or_else(|| panic!("{}", diagnostic::render(DiagnosticFormat::Human, &diagnostics, &sources)));
    suite::run(&rules, &TestOptions::default(), &mut DiskFiles)
}

fn messages(report: &TestReport) -> Vec<&str> {
    report.results.iter().flat_map(|result| &result.failures).map(|failure| &*failure.message).collect()
}

#[test]
fn a_sequence_of_a_year_is_played_at_once() {
    let steps = "  +0s..+365d every 1h event { key: \"a\" }\n  +365d expect notified chat { title: \"a test alert\" }";
    let report = sequence("flashduty(key = env(\"KEY\"), repeat = \"never\", wait = 30s..10m)", steps);
    assert!(messages(&report).is_empty(), "{report:?}");
}

#[test]
fn a_sequence_that_takes_too_much_is_stopped() {
    let expect = "  +400d expect notified chat nothing";
    // A message a minute for 400 days.
    let one = "  +0s event { key: \"a\" }\n";
    let report = sequence("dingtalk(url = env(\"URL\"), repeat = 1m)", &format!("{one}{expect}"));
    let stopped = "the sequence is stopped here: its alerts and messages take more than 64 MiB";
    assert_eq!(messages(&report), [stopped]);
    let grouped = "dingtalk(url = env(\"URL\"), group_by = [labels.cluster], repeat = 1m)";
    // Texts of 30 KiB in each event.
    let title = "x".repeat(30_000);
    let long = format!("  +0s times 400 event {{ key: n, title: \"{title}\" }}\n{expect}");
    let report = sequence(grouped, &long);
    assert!(messages(&report)[0].contains("stopped here"), "{:?}", messages(&report));
    let long: String = (0..7).map(|_| long.lines().next().unwrap().to_owned() + "\n").collect();
    let report = sequence(grouped, &format!("{long}{expect}"));
    assert_eq!(messages(&report), ["the events of this moment have more than 64 MiB"]);
}
