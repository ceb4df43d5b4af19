//! `pointsman.runTest`: runs the tests and statements of a name; all of them if no name is given.

use super::{AnswerContext, RequestError, rules, show};
use crate::suite::{self, TestOptions, TestResult};
use crate::text::plural;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The name of the command.
pub(in super::super) const NAME: &str = "pointsman.runTest";

/// Returns how many cases passed and failed, and why.
pub(super) fn run(context: &AnswerContext, argument: &Value) -> Result<Value, RequestError> {
    let (snapshot, rules) = rules(context)?;
    let name = argument.get("test").and_then(Value::as_str);
    let options = TestOptions { filter: name.map(str::to_owned), ..TestOptions::default() };
    let mut report = suite::run(rules, &options, &mut snapshot.test_files());
    report.results.retain(|result| name.is_none_or(|name| result.test == name));
    if let Some(name) = name.filter(|_| report.results.is_empty()) {
        return Err(RequestError::refused(format!("there is no test `{name}`")));
    }
    let failed: Vec<&TestResult> = report.results.iter().filter(|result| !result.passed()).collect();
    let mut words = match failed.len() {
        0 => format!("passed: {}", plural(report.passed(), "case")),
        count => format!("failed: {count} of {}", plural(report.results.len(), "case")),
    };
    for result in &failed {
        for failure in &result.failures {
            let _ = write!(words, "\n{}: {}: {}", failure.location.short(), result.name(), failure.message);
        }
    }
    show(context, &*words);
    Ok(json!({"passed": report.passed(), "failed": failed.len(), "text": words}))
}
