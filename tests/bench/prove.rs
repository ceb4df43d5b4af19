//! Proofs: the campaign of random rule sets, and what proofs of large rule sets take.
//!
//! `cargo bench --bench prove -- [SETS] [EVENTS] [SEED] [EDITS]`: so many random rule sets, each compared with so many
//! random events, and so many random edits of such sets. Exit code 1 where a claim is false. Then the times of large
//! rule sets, with the numbers of questions, rounds and searches.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::format_push_string,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a campaign measures time, prints, and may fail by a panic"
)]

#[path = "../prove/campaign.rs"]
mod campaign;
#[path = "../prove/edit.rs"]
mod edit;
#[path = "../prove/edit_campaign.rs"]
mod edit_campaign;
#[path = "../prove/generator.rs"]
mod generator;

use pointsman::prove::{DifferenceDetail, RoutingComparison};
use pointsman::ruleset::{Proofs, RuleSet};
use pointsman::source::Sources;
use pointsman::suite::files::DiskFiles;
use pointsman::suite::known_events;
use std::fmt::Write;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let number = |at: usize, default: u64| words.get(at).and_then(|word| word.parse().ok()).unwrap_or(default);
    let began = Instant::now();
    let report = campaign::run(number(0, 100) as usize, number(1, 1_000) as usize, number(2, 1));
    println!("{} in {:.1} s", report.line(), began.elapsed().as_secs_f64());
    for wrong in report.wrong.iter().take(3) {
        println!("{wrong}");
    }
    for (name, text) in [
        ("1,000 routes by service", by_service(1_000)),
        ("10,000 routes by service", by_service(10_000)),
        ("10,000 mixed routes", mixed(10_000)),
    ] {
        measure(name, &text);
    }
    measure_edit("1,000 routes by service", &by_service(1_000));
    measure_edit("1,000 mixed routes", &mixed(1_000));
    measure_shipped();
    let is_right = report.wrong.is_empty();
    let began = Instant::now();
    let report = edit_campaign::run(number(3, 100) as usize, number(1, 1_000) as usize, number(2, 1));
    println!("{} in {:.1} s", report.line(), began.elapsed().as_secs_f64());
    for wrong in report.wrong.iter().take(3) {
        println!("{wrong}");
    }
    for (name, text) in [("10,000 routes by service", by_service(10_000)), ("10,000 mixed routes", mixed(10_000))] {
        measure_difference(name, &text);
    }
    ExitCode::from(u8::from(!is_right || !report.wrong.is_empty()))
}

fn load(text: &str) -> RuleSet {
    let mut sources = Sources::default();
    sources.add("large.rules", text);
    let loaded = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
    loaded.rules.expect("the rules have no error")
}

/// Ten edits, all kinds of them, and the difference of them.
fn measure_difference(name: &str, text: &str) {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for edit in (0..10).rev() {
        let at = 10 + edit * (lines.len() - 20) / 10;
        match edit % 5 {
            0 => lines[at] = lines[at].replace("=> page", "=> chat"),
            1 => drop(lines.remove(at)),
            2 => lines.insert(at, format!("  route more{edit} when severity == Info and labels.team != \"x\" => chat")),
            3 => lines.swap(at, at + 1),
            _ => lines[at] = lines[at].replace(" when ", " when labels.region is missing and "),
        }
    }
    let (old, new) = (load(text), load(&lines.join("\n")));
    let began = Instant::now();
    let difference = old.difference(&new, DifferenceDetail::First);
    let took = began.elapsed();
    let began = Instant::now();
    let comparison = old.compare_routings(&new);
    println!(
        "{name}: diff {:.0} ms, {} edits, {} of them change channels, {} undecided; the first difference {:.0} ms ({})",
        took.as_secs_f64() * 1_000.0,
        difference.edits.len(),
        difference.edits.iter().filter(|edit| !edit.changes.is_empty()).count(),
        difference.edits.iter().filter(|edit| edit.undecided.is_some()).count(),
        began.elapsed().as_secs_f64() * 1_000.0,
        matches!(comparison, RoutingComparison::Differs(_)),
    );
}

/// One edit in the middle: the proofs that are kept, and those that begin anew. Medians of several runs.
fn measure_edit(name: &str, text: &str) {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let middle = lines.len() / 2;
    lines[middle] = lines[middle].replace(" when ", " when labels.region == \"east\" and ");
    let (old, new) = (load(text), load(&lines.join("\n")));
    let mut known = Proofs::default();
    let _ = old.prove_with(&mut known);
    let prove = |proofs: &Proofs| {
        let mut took = Vec::new();
        let mut questions = 0;
        for _ in 0..9 {
            let mut proofs = proofs.clone();
            let began = Instant::now();
            questions = new.prove_with(&mut proofs).1.statistics.questions;
            took.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        took.sort_by(f64::total_cmp);
        format!("{:.1} ms, {questions} questions", took[took.len() / 2])
    };
    println!("{name}, one edit: kept proofs {}; new proofs {}", prove(&known), prove(&Proofs::default()));
}

/// The rule sets that are shipped, each with its tests.
fn measure_shipped() {
    for folder in std::fs::read_dir("rules").expect("the shipped rules").filter_map(Result::ok) {
        let began = Instant::now();
        let Ok(loaded) = RuleSet::load(&[folder.path()], None) else { continue };
        let Some(rules) = loaded.rules else { continue };
        let checked = began.elapsed();
        let began = Instant::now();
        let mut known = Proofs::knowing(known_events(&rules, &DiskFiles));
        let read = began.elapsed();
        let began = Instant::now();
        let (_, summary) = rules.prove_with(&mut known);
        println!(
            "{}: check {:.1} ms, events of tests {:.1} ms, proofs {:.1} ms, {:?}",
            folder.path().display(),
            checked.as_secs_f64() * 1_000.0,
            read.as_secs_f64() * 1_000.0,
            began.elapsed().as_secs_f64() * 1_000.0,
            summary.statistics
        );
    }
}

fn measure(name: &str, text: &str) {
    let mut sources = Sources::default();
    sources.add("large.rules", text);
    let began = Instant::now();
    let loaded = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
    let checked = began.elapsed();
    let rules = loaded.rules.expect("the rules have no error");
    let began = Instant::now();
    let (found, summary) = rules.prove();
    println!(
        "{name}: check {:.0} ms, proofs {:.0} ms, {} reachable, {} undecided, {} findings, {:?}",
        checked.as_secs_f64() * 1_000.0,
        began.elapsed().as_secs_f64() * 1_000.0,
        summary.reachable,
        summary.undecided.len(),
        found.len(),
        summary.statistics
    );
}

const HEAD: &str = "edition 1\nchannel page = stdout()\nchannel chat = stdout()\nrouting main {\n";

fn by_service(routes: usize) -> String {
    let mut text = HEAD.to_owned();
    for at in 0..routes {
        let _ = writeln!(text, "  route r{at} when labels.service == \"service-{at}\" and severity >= Warning => page");
    }
    text + "  else => chat\n}\n"
}

/// Overlapping regexes, globs and negations on six labels.
fn mixed(routes: usize) -> String {
    let mut text = HEAD.to_owned();
    for at in 0..routes {
        let label = ["team", "env", "host", "zone", "app", "pod"][at % 6];
        let condition = match at % 4 {
            0 => format!("labels.{label} matches /.*-node{at}-.*/"),
            1 => format!("labels.{label} like \"*-app{at}-*\" and labels.env != \"dev\""),
            2 => format!("labels.{label} == \"x{at}\" and not (labels.host starts with \"db{}\")", at % 50),
            _ => format!("labels.{label} in [\"a{at}\", \"b{at}\"] and severity == Critical"),
        };
        let _ = writeln!(text, "  route r{at} when {condition} => page");
    }
    text + "  else => chat\n}\n"
}
