//! Proofs: the findings about lines that no event can reach, and the campaign that compares them with events.

pub(crate) mod campaign;
mod edit;
mod edit_campaign;
pub(crate) mod generator;
mod kept_proofs;
mod mapping_edits;
pub(crate) mod mappings;
mod statement_campaign;
mod statement_rules;
mod statements;

use expect_test::expect_file;
use pointsman::diagnostic::{DiagnosticFormat, render};
use pointsman::event::Severity;
use pointsman::prove::{Reachability, Witness};
use pointsman::ruleset::{LoadedRules, RuleSet};
use pointsman::source::Sources;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn load(name: &str, text: &str) -> LoadedRules {
    let mut sources = Sources::default();
    sources.add(name, text);
    RuleSet::from_sources(sources, &|_| Err("there is no such file".to_owned()), None)
}

/// The findings of proofs about each file in `cases/prove`, with the summary of the proofs.
#[test]
fn findings_of_proofs_have_the_expected_reports() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/prove");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "rules"));
    cases.sort();
    assert!(cases.len() >= 4, "cases are not found");
    for case in cases {
        let text = std::fs::read_to_string(&case).unwrap();
        let mut loaded = load(case.file_name().unwrap().to_str().unwrap(), &text);
        assert!(loaded.rules.is_some(), "{}", render(DiagnosticFormat::Human, &loaded.diagnostics, &loaded.sources));
        let summary = loaded.prove().unwrap();
        let mut report = render(DiagnosticFormat::Human, &loaded.diagnostics, &loaded.sources);
        report += &format!("{} reachable\n", summary.reachable);
        for line in &summary.undecided {
            report += &format!("undecided: {}: {}\n", line.path, line.reason);
        }
        expect_file![case.with_extension("txt")].assert_eq(&report);
    }
}

#[test]
fn no_random_event_reaches_a_line_that_no_event_can_reach() {
    let report = campaign::run(40, 300, 1);
    assert!(report.wrong.is_empty(), "{} wrong; the first:\n{}", report.wrong.len(), report.wrong[0]);
    assert!(report.unreachable > 10 && report.reachable > 200, "{report:?}");
}

/// A campaign of another size, as in `SETS=300 EVENTS=5000 SEED=7 cargo test --test pointsman -- --ignored prove::campaign`.
#[test]
#[ignore = "takes as long as it is told to"]
fn campaign_of_a_given_size() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let report = campaign::run(number("SETS", 300) as usize, number("EVENTS", 5_000) as usize, number("SEED", 1));
    println!("{}\n{}", report.line(), report.examples.join("\n"));
    for wrong in report.wrong.iter().take(3) {
        println!("{wrong}");
    }
    assert!(report.wrong.is_empty());
}

#[test]
fn no_random_event_differs_where_an_edit_is_proven_to_change_nothing() {
    let report = edit_campaign::run(60, 300, 1);
    assert!(report.wrong.is_empty(), "{} wrong; the first:\n{}", report.wrong.len(), report.wrong[0]);
    assert!(report.equal > 5 && report.different > 20, "{report:?}");
}

/// As in `EDITS=3000 EVENTS=5000 SEED=7 cargo test --test pointsman -- --ignored --nocapture prove::campaign_of_edits`.
#[test]
#[ignore = "takes as long as it is told to"]
fn campaign_of_edits_of_a_given_size() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let report = edit_campaign::run(number("EDITS", 300) as usize, number("EVENTS", 2_000) as usize, number("SEED", 1));
    println!("{}\n{}", report.line(), report.examples.join("\n"));
    for wrong in report.wrong.iter().take(3) {
        println!("{wrong}");
    }
    assert!(report.wrong.is_empty());
}

/// Every event over short labels, compared with every verdict.
#[test]
fn verdicts_are_those_of_all_events_over_short_labels() {
    let texts: Vec<Option<String>> = short_texts();
    for seed in 0..60 {
        let text = small_rules(seed);
        let loaded = load("small.rules", &text);
        let Some(rules) = loaded.rules else { continue };
        let mut reached: BTreeSet<String> = BTreeSet::new();
        for severity in Severity::ALL {
            for one in &texts {
                for two in &texts {
                    let mut event = Witness { severity, ..Witness::default() };
                    event.labels.extend(one.iter().map(|one| ("a".to_owned(), one.clone())));
                    event.labels.extend(two.iter().map(|two| ("b".to_owned(), two.clone())));
                    reached.extend(campaign::reached(&rules, &event, 0));
                }
            }
        }
        for (path, verdict) in rules.prove_lines().lines() {
            let is_reachable = matches!(verdict, Reachability::Reachable(_));
            assert_eq!(is_reachable, reached.contains(path), "{path} is {verdict:?}, seed {seed}\n{text}");
            assert!(!matches!(verdict, Reachability::Undecided(_)), "{path} is {verdict:?}, seed {seed}\n{text}");
        }
    }
}

/// No label, and all texts of up to three letters of three.
fn short_texts() -> Vec<Option<String>> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..3 {
        last = last.iter().flat_map(|text| ["x", "y", "z"].map(|letter| format!("{text}{letter}"))).collect();
        all.extend(last.clone());
    }
    std::iter::once(None).chain(all.into_iter().map(Some)).collect()
}

/// Conditions for which the short texts are all cases that there are.
fn small_rules(seed: u64) -> String {
    let mut random = generator::Random::new(seed + 77);
    let leaf = |random: &mut generator::Random| {
        let label = *random.pick(&["labels.a", "labels.b"]);
        let letter = *random.pick(&["x", "y"]);
        match random.below(9) {
            0 => format!("{label} == \"{letter}\""),
            1 => format!("{label} in [\"x\", \"y\"]"),
            2 => format!("{label} is missing"),
            3 => format!("{label} is empty"),
            4 => format!("{label} starts with \"{letter}\""),
            5 => format!("{label} ends with \"{letter}\""),
            6 => "severity >= Warning".to_owned(),
            7 => "severity == Info".to_owned(),
            _ => format!("{label} != \"{letter}\""),
        }
    };
    let condition = |random: &mut generator::Random| {
        let word = *random.pick(&[" and ", " or "]);
        let parts: Vec<String> = (0..=random.below(3))
            .map(|_| if random.one_in(4) { format!("not ({})", leaf(random)) } else { leaf(random) })
            .collect();
        parts.join(word)
    };
    let mut text = String::from("edition 1\nchannel c0 = stdout()\nchannel c1 = stdout()\nrouting main {\n");
    for line in 0..3 + random.below(4) {
        let kind = *random.pick(&["route", "route", "also route", "always"]);
        let when = condition(&mut random);
        if random.one_in(3) {
            let (one, two) = (condition(&mut random), condition(&mut random));
            let last = *random.pick(&["decline", "c1"]);
            text += &format!(
                "  {kind} r{line} when {when} {{\n    route one when {one} => c0\n    always two when {two} => c1\n    else => {last}\n  }}\n"
            );
        } else {
            text += &format!("  {kind} r{line} when {when} => c{}\n", random.below(2));
        }
    }
    text + "  else => c0\n}\n"
}
