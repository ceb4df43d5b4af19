//! For people: one line per file, every failure in full, and a summary. It is styled; the caller strips the styles if its
//! stream is plain.

use crate::suite::{
    Coverage, CoverageShare, RuleLocation, TestFailure, TestNote, TestReport, TestResult, UncoveredItem,
};
use std::fmt;

/// The escape sequence of a style.
pub(super) struct AnsiStyle(&'static str);

pub(super) const GOOD: AnsiStyle = AnsiStyle("\x1b[32m");
pub(super) const BAD: AnsiStyle = AnsiStyle("\x1b[31m");
pub(super) const STRONG: AnsiStyle = AnsiStyle("\x1b[1m");
pub(super) const FAINT: AnsiStyle = AnsiStyle("\x1b[94m");
pub(super) const PLAIN: AnsiStyle = AnsiStyle("\x1b[0m");

impl fmt::Display for AnsiStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Every file and every failure, then the counts.
#[must_use]
pub fn render(report: &TestReport) -> String {
    let mut out = String::new();
    for (file, results) in by_file(&report.results) {
        out.push_str(&line(file, &results));
    }
    for TestNote { location, message } in report.results.iter().flat_map(|result| &result.notes) {
        out.push_str(&note(location, message));
    }
    for result in report.results.iter().filter(|result| !result.passed()) {
        out.push('\n');
        out.push_str(&detail(result));
    }
    out.extend(report.written.iter().flat_map(|path| ["wrote ", path, "\n"]));
    out.push('\n');
    out.push_str(&summary(report));
    out
}

/// A remark on a test that passed or failed.
fn note(location: &RuleLocation, message: &str) -> String {
    format!("{FAINT}note{PLAIN} {}  {message}\n", location.short())
}

/// Results by file, in the order in which the files first appear.
pub(super) fn by_file(results: &[TestResult]) -> Vec<(&str, Vec<&TestResult>)> {
    let mut files: Vec<(&str, Vec<&TestResult>)> = Vec::new();
    for result in results {
        match files.last_mut() {
            Some((file, own)) if *file == result.location.file => own.push(result),
            _ => files.push((&result.location.file, vec![result])),
        }
    }
    files
}

fn line(file: &str, results: &[&TestResult]) -> String {
    let passed = results.iter().filter(|result| result.passed()).count();
    let counts = counts(passed, results.len() - passed);
    let (mark, style) = if passed == results.len() { ("ok  ", GOOD) } else { ("FAIL", BAD) };
    format!("{style}{mark}{PLAIN} {file}  {counts}\n")
}

fn counts(passed: usize, failed: usize) -> String {
    let failed = match failed {
        0 => String::new(),
        count => format!(", {count} failed"),
    };
    format!("{passed} passed{failed}")
}

fn detail(result: &TestResult) -> String {
    let mut out = format!("{BAD}failed{PLAIN}: {STRONG}{}{PLAIN}\n", result.name());
    let before = std::iter::once(None).chain(result.failures.iter().map(Some));
    let parts: Vec<String> = result.failures.iter().zip(before).map(|(this, before)| failure(this, before)).collect();
    out.push_str(&parts.join("\n"));
    out
}

/// The place with the message, then the details.
fn failure(failure: &TestFailure, before: Option<&TestFailure>) -> String {
    let margin = " ".repeat(failure.location.line.to_string().len());
    let place = &failure.location;
    let mut lines = vec![format!("{}{BAD}{} {}{PLAIN}\n", place.excerpt(), place.carets(), failure.message)];
    let mut say = |word: &str, text: &str| {
        let text = super::hang(text, margin.len() + 3 + word.len());
        lines.push(format!("{margin} {FAINT}={PLAIN} {word}{text}\n"));
    };
    if failure.diff.is_none() {
        failure.expected.iter().for_each(|text| say("expected: ", &format!("{GOOD}{text}{PLAIN}")));
        failure.actual.iter().for_each(|text| say("actual:   ", &format!("{BAD}{text}{PLAIN}")));
    }
    if let Some(diff) = &failure.diff {
        say("", &format!("expected {GOOD}-{PLAIN}, actual {BAD}+{PLAIN}:\n{}", painted(diff)));
    }
    if before.is_some_and(|before| !before.decided.is_empty() && before.decided == failure.decided) {
        say("", "decided by the same");
    } else if !failure.decided.is_empty() {
        say("", &format!("decided by:\n  {}", failure.decided.join("\n  ")));
    }
    if before.is_some_and(|before| !before.history.is_empty() && before.history == failure.history) {
        say("", "before it the same");
    } else if !failure.history.is_empty() {
        say("", &format!("before it:\n  {}", failure.history.join("\n  ")));
    }
    failure.help.iter().for_each(|text| say("help: ", text));
    lines.concat()
}

fn painted(diff: &str) -> String {
    let line = |line: &str| match line.chars().next() {
        Some('-') => format!("{GOOD}{line}{PLAIN}"),
        Some('+') => format!("{BAD}{line}{PLAIN}"),
        _ => line.to_owned(),
    };
    diff.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn summary(report: &TestReport) -> String {
    let failed = report.failed();
    let style = if failed == 0 { GOOD } else { BAD };
    format!("{style}{}{PLAIN}\n", counts(report.passed(), failed))
}

/// The coverage, and what was not hit, by place.
#[must_use]
pub fn coverage(coverage: &Coverage) -> String {
    let mut out = format!("\ncoverage {:.1} %\n", coverage.percent());
    let shares = [
        ("arms", &coverage.arms),
        ("routes", &coverage.routes),
        ("mutes", &coverage.mutes),
        ("heartbeats", &coverage.heartbeats),
    ];
    for (name, share) in shares.into_iter().filter(|(name, share)| matches!(*name, "arms" | "routes") || share.all > 0)
    {
        out.push_str(&part(name, share));
    }
    out
}

fn part(name: &str, share: &CoverageShare) -> String {
    let head = format!("  {name:<6}  {} of {}, {:.1} %\n", share.hit, share.all, share.percent());
    let missed = |missed: &UncoveredItem| format!("    {FAINT}{}{PLAIN}  {}\n", missed.location.short(), missed.text);
    std::iter::once(head).chain(share.missed.iter().map(missed)).collect()
}
