//! What came of the tests, for people and for machines: a file a form.

pub mod json;
pub mod junit;
pub mod tap;
pub mod text;

use super::TestFailure;

/// What a failure says after its place, as plain lines; [`json`] alone keeps the parts apart.
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
    lines.extend(failure.help.iter().map(|text| format!("help: {text}")));
    lines.join("\n")
}

/// Several lines, those after the first moved to the right.
fn hang(text: &str, by: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(by)))
}
