//! Reports of tests for people and for machines, one file for each format.

pub mod json;
pub mod junit;
pub mod mutation_json;
pub mod mutation_text;
pub mod tap;
pub mod text;

use super::TestFailure;

/// The text of a failure after its place, as plain lines. Only [`json`] keeps the parts separate.
fn plain(failure: &TestFailure) -> String {
    let mut lines = vec![failure.message.clone()];
    if failure.diff.is_none() {
        lines.extend(failure.expected.iter().map(|text| format!("expected: {}", hang(text, 10))));
        lines.extend(failure.actual.iter().map(|text| format!("actual:   {}", hang(text, 10))));
    }
    lines.extend(failure.diff.iter().cloned());
    if !failure.decided.is_empty() {
        lines.push("decided by:".to_owned());
        lines.extend(failure.decided.iter().map(|part| format!("  {part}")));
    }
    if !failure.history.is_empty() {
        lines.push("before:".to_owned());
        lines.extend(failure.history.iter().map(|line| format!("  {line}")));
    }
    lines.extend(failure.help.iter().map(|text| format!("help: {text}")));
    lines.join("\n")
}

/// Indents all lines but the first.
fn hang(text: &str, by: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(by)))
}
