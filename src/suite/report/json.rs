//! One JSON document, for programs.

use crate::suite::{Coverage, CoverageShare, TestFailure, TestNote, TestReport, TestResult};
use serde_json::{Map, Value, json};

/// `{"passed":…,"failed":…,"results":[…],"written":[…],"coverage":…}` and a line end; `coverage` only where it was asked
/// for.
#[must_use]
pub fn render(report: &TestReport, coverage: Option<&Coverage>) -> String {
    let mut document = json!({
        "passed": report.passed(),
        "failed": report.failed(),
        "results": report.results.iter().map(result).collect::<Vec<_>>(),
        "written": report.written,
    });
    if let (Some(coverage), Value::Object(members)) = (coverage, &mut document) {
        members.insert("coverage".to_owned(), covered(coverage));
    }
    format!("{document:#}\n")
}

fn result(result: &TestResult) -> Value {
    let mut out = Map::new();
    out.insert("test".to_owned(), result.test.as_str().into());
    if result.is_statement {
        out.insert("kind".to_owned(), "prove".into());
    }
    put(&mut out, "case", result.case.as_deref());
    out.insert("at".to_owned(), result.location.short().into());
    out.insert("result".to_owned(), if result.passed() { "passed" } else { "failed" }.into());
    if !result.passed() {
        out.insert("failures".to_owned(), result.failures.iter().map(failure).collect());
    }
    if !result.notes.is_empty() {
        out.insert("notes".to_owned(), result.notes.iter().map(note).collect());
    }
    Value::Object(out)
}

fn note(note: &TestNote) -> Value {
    json!({ "at": note.location.short(), "message": note.message })
}

fn failure(failure: &TestFailure) -> Value {
    let mut out = Map::new();
    out.insert("at".to_owned(), failure.location.short().into());
    out.insert("column".to_owned(), failure.location.column.into());
    out.insert("source".to_owned(), failure.location.text.trim().into());
    out.insert("message".to_owned(), failure.message.as_str().into());
    put(&mut out, "expected", failure.expected.as_deref());
    put(&mut out, "actual", failure.actual.as_deref());
    put(&mut out, "diff", failure.diff.as_deref());
    if !failure.decided.is_empty() {
        out.insert("decided_by".to_owned(), failure.decided.clone().into());
    }
    if !failure.history.is_empty() {
        out.insert("before".to_owned(), failure.history.clone().into());
    }
    put(&mut out, "help", failure.help.as_deref());
    Value::Object(out)
}

fn put(out: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    out.extend(value.map(|value| (name.to_owned(), value.into())));
}

fn covered(coverage: &Coverage) -> Value {
    json!({
        "percent": coverage.percent(),
        "arms": share(&coverage.arms),
        "routes": share(&coverage.routes),
        "mutes": share(&coverage.mutes),
        "heartbeats": share(&coverage.heartbeats),
    })
}

fn share(share: &CoverageShare) -> Value {
    let missed = share.missed.iter().map(|missed| json!({ "at": missed.location.short(), "text": missed.text }));
    json!({ "hit": share.hit, "all": share.all, "percent": share.percent(), "missed": missed.collect::<Vec<_>>() })
}
