//! TAP version 14, for harnesses that read lines.

use super::plain;
use crate::suite::{TestReport, TestResult};
use crate::text::quoted;

/// The plan, one line per case, and a YAML block below each failed case. A JSON string is a YAML string.
#[must_use]
pub fn render(report: &TestReport) -> String {
    let lines = report.results.iter().zip(1..).map(|(result, number)| line(result, number));
    format!("TAP version 14\n1..{}\n{}", report.results.len(), lines.collect::<String>())
}

fn line(result: &TestResult, number: usize) -> String {
    let name = escaped(&result.name());
    if result.passed() {
        return format!("ok {number} - {name}\n");
    }
    let head = format!("not ok {number} - {name}\n  ---\n  at: {}\n  failures:\n", quoted(&result.location.short()));
    let failures = result.failures.iter().map(|failure| {
        let (at, text) = (quoted(&failure.location.short()), super::hang(&plain(failure), 8));
        format!("    - at: {at}\n      says: |-\n        {text}\n")
    });
    head + &failures.collect::<String>() + "  ...\n"
}

/// A `#` would begin a directive.
fn escaped(name: &str) -> String {
    name.replace('\\', "\\\\").replace('#', "\\#").replace(['\n', '\r'], " ")
}
