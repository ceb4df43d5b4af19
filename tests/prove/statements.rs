//! Statements to prove: their reports, and the campaign that compares them with events.

use super::{load, statement_campaign};
use expect_test::expect_file;
use pointsman::diagnostic::{DiagnosticFormat, render};
use pointsman::event::{AlertStatus, Severity};
use pointsman::prove::{StatementVerdict, Witness};
use pointsman::suite::files::DiskFiles;
use pointsman::suite::{self, TestOptions, TestSelection, report};
use std::path::{Path, PathBuf};

/// The report on the statements of each file in `cases/prove/statements`. Each statement whose name begins with "refuted" is,
/// and so on.
#[test]
fn statements_have_the_expected_reports() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/prove/statements");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "rules"));
    cases.sort();
    assert!(cases.len() >= 5, "cases are not found");
    for case in cases {
        let text = std::fs::read_to_string(&case).unwrap();
        let loaded = load(case.file_name().unwrap().to_str().unwrap(), &text);
        let findings = render(DiagnosticFormat::Human, &loaded.diagnostics, &loaded.sources);
        let rules = loaded.rules.unwrap_or_else(|| panic!("{findings}"));
        let options = TestOptions { selection: TestSelection::Statements, ..TestOptions::default() };
        let run = suite::run(&rules, &options, &mut DiskFiles);
        for result in &run.results {
            let is_undecided = result.failures.iter().any(|failure| failure.message.starts_with("undecided"));
            let verdict = if is_undecided {
                "undecided"
            } else if result.passed() {
                "proven"
            } else {
                "refuted"
            };
            assert!(result.test.starts_with(verdict), "{} is {verdict}", result.test);
        }
        let text = anstream::adapter::strip_str(&report::text::render(&run)).to_string();
        expect_file![case.with_extension("txt")].assert_eq(&text);
    }
}

#[test]
fn no_random_event_refutes_a_statement_that_is_proven() {
    let report = statement_campaign::run(30, 200, 1);
    assert!(report.wrong.is_empty(), "{} wrong; the first:\n{}", report.wrong.len(), report.wrong[0]);
    assert!(report.proven > 10 && report.refuted > 40, "{}", report.line());
}

/// A campaign of another size, as in
/// `SETS=300 EVENTS=5000 SEED=7 cargo test --test pointsman -- --ignored prove::statements::campaign`.
#[test]
#[ignore = "takes as long as it is told to"]
fn campaign_of_a_given_size() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let report =
        statement_campaign::run(number("SETS", 300) as usize, number("EVENTS", 5_000) as usize, number("SEED", 1));
    println!("{}", report.line());
    for wrong in report.wrong.iter().take(3) {
        println!("{wrong}");
    }
    assert!(report.wrong.is_empty());
}

/// Every event over short labels, compared with every verdict.
#[test]
fn verdicts_are_those_of_all_events_over_short_labels() {
    let texts: Vec<Option<String>> = super::short_texts();
    let expectations =
        ["sent includes [c0]", "sent includes any [c0, c1]", "sent excludes [c1]", "via main.else", "sent [c0]"];
    for seed in 0..24 {
        let mut text = super::small_rules(seed);
        text += "mute quiet in c1 when labels.a == \"x\" and severity == Warning because \"quiet\"\n";
        for (number, expectation) in expectations.iter().enumerate() {
            let when =
                ["labels.b == \"x\"", "labels.a starts with \"y\"", "severity == Info"][(number + seed as usize) % 3];
            text += &format!("prove \"{number}\" {{\n  routing main\n  when {when}\n  expect {expectation}\n}}\n");
        }
        let Some(rules) = load("small.rules", &text).rules else { continue };
        let mut prover = rules.statement_prover();
        for id in 0..rules.model.statements.len() {
            for (expectation, verdict) in prover.prove(id) {
                let refuting = every_event(&texts).find(|event| {
                    let observed = rules.observe(event, id);
                    observed.meets && statement_campaign::is_refuted(&rules, &expectation.kind, &observed)
                });
                let is_right = match &verdict {
                    StatementVerdict::Proven(_) => refuting.is_none(),
                    StatementVerdict::Refuted(_) => refuting.is_some(),
                    StatementVerdict::NoEvent | StatementVerdict::Undecided(_) => false,
                };
                assert!(is_right, "seed {seed}, {id}: {verdict:?}, and {refuting:?}\n{text}");
            }
        }
    }
}

fn every_event(texts: &[Option<String>]) -> impl Iterator<Item = Witness> {
    let statuses = [AlertStatus::Firing, AlertStatus::Resolved];
    let constants = Severity::ALL.into_iter().flat_map(move |severity| statuses.map(|status| (severity, status)));
    constants.flat_map(move |(severity, status)| {
        texts.iter().flat_map(move |one| {
            texts.iter().map(move |two| {
                let mut event = Witness { severity, status, ..Witness::default() };
                event.labels.extend(one.iter().map(|one| ("a".to_owned(), one.clone())));
                event.labels.extend(two.iter().map(|two| ("b".to_owned(), two.clone())));
                event
            })
        })
    })
}
