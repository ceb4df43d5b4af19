//! Case tables: every row, and every choice of alternatives in a row, is a separate case, named by its text.

use super::failure::TestFailure;
use super::location::{MAX_EXCERPT, source_excerpt};
use super::plan::TestPlan;
use super::test_files::TestFiles;
use super::test_value::{HoleBindings, TestValue};
use crate::source::{Sources, Span};
use crate::syntax::tree::{CaseHoles, CaseRow, CaseRows, CaseTable, Identifier, StringLiteral, TestJson};
use crate::text::{excerpt, shorten};

/// The maximum number of cases from the alternatives of one row.
const MAX_ALTERNATIVES: usize = 10_000;

/// One case of a table.
#[derive(Debug)]
pub(super) struct ExpandedCase {
    /// Its text, which is its name.
    pub(super) text: String,
    /// Its place.
    pub(super) span: Span,
    /// The values of the holes.
    pub(super) bindings: HoleBindings,
    /// The expected value.
    pub(super) expected: ExpectedValue,
}

/// The value that a row expects, and its place.
#[derive(Debug, Clone)]
pub(super) struct ExpectedValue {
    pub(super) value: TestValue,
    pub(super) span: Span,
}

/// A row that cannot be run.
#[derive(Debug)]
pub(super) struct InvalidCase {
    /// Its text, which is its name.
    pub(super) text: String,
    /// Why.
    pub(super) failure: Box<TestFailure>,
}

/// All cases of a table, in order.
pub(super) fn expand(
    plan: &TestPlan,
    cases: &CaseTable,
    sources: &Sources,
    files: &dyn TestFiles,
) -> Vec<Result<ExpandedCase, InvalidCase>> {
    match &cases.rows {
        CaseRows::Inline(rows) => rows.iter().flat_map(|row| inline(&cases.holes, row, sources)).collect(),
        CaseRows::File(file) => from_file(plan, file, sources, files),
    }
}

fn inline(holes: &CaseHoles, row: &CaseRow, sources: &Sources) -> Vec<Result<ExpandedCase, InvalidCase>> {
    let text = source_excerpt(sources, row.span);
    let count = row.values.iter().map(Vec::len).try_fold(1_usize, usize::checked_mul);
    if count.is_none_or(|count| count > MAX_ALTERNATIVES) {
        let message = format!("the alternatives of this row make more than {MAX_ALTERNATIVES} cases");
        let failure = TestFailure::new(sources, row.span, message).help("write it as several rows");
        return vec![Err(InvalidCase { text, failure: Box::new(failure) })];
    }
    let single = count == Some(1);
    let expected = ExpectedValue { value: TestValue::from_cell(&row.expected), span: row.expected.span };
    let case = |values: Vec<&TestJson>| {
        let text = if single { text.clone() } else { chosen(&values, row, sources) };
        Ok(ExpandedCase { text, span: row.span, bindings: bind(holes, &values), expected: expected.clone() })
    };
    product(&row.values).into_iter().map(case).collect()
}

/// The text of one choice among a row's alternatives.
fn chosen(values: &[&TestJson], row: &CaseRow, sources: &Sources) -> String {
    let values: Vec<&str> = values.iter().map(|value| sources.text(value.span)).collect();
    excerpt(&format!("{} => {}", values.join(", "), sources.text(row.expected.span)), MAX_EXCERPT)
}

/// Every choice of one alternative per column; the last column varies fastest.
fn product(columns: &[Vec<TestJson>]) -> Vec<Vec<&TestJson>> {
    columns.iter().fold(vec![Vec::new()], |choices, column| {
        choices.iter().flat_map(|choice| column.iter().map(|value| extended(choice, value))).collect()
    })
}

fn extended<'j>(choice: &[&'j TestJson], value: &'j TestJson) -> Vec<&'j TestJson> {
    choice.iter().copied().chain([value]).collect()
}

fn bind(holes: &CaseHoles, values: &[&TestJson]) -> HoleBindings {
    match holes {
        CaseHoles::Positional(names) => {
            let value = |(name, value): (&Identifier, &&TestJson)| (name.text.clone(), TestValue::from_cell(value));
            names.iter().zip(values).map(value).collect()
        }
        CaseHoles::Named(names, _) => {
            let row = values.first().map_or(TestValue::Missing, |value| TestValue::from_cell(value));
            names.iter().map(|name| (name.text.clone(), row.member(&name.text).clone())).collect()
        }
        CaseHoles::FromFile => HoleBindings::new(),
    }
}

/// The rows of a file with one JSON object per line: the holes and `expected`.
fn from_file(
    plan: &TestPlan,
    file: &StringLiteral,
    sources: &Sources,
    files: &dyn TestFiles,
) -> Vec<Result<ExpandedCase, InvalidCase>> {
    let invalid = |text: &str, message: String, help: &str| {
        let failure = TestFailure::new(sources, file.span, message).help(help);
        Err(InvalidCase { text: text.to_owned(), failure: Box::new(failure) })
    };
    let help =
        "each line is an object: the holes and `expected`, such as {\"level\": \"P1\", \"expected\": \"Critical\"}";
    let name = &*file.value;
    let text = match files.read(&plan.test.folder.join(name)).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return vec![invalid(name, format!("`{name}` is not UTF-8"), help)],
        Err(reason) => return vec![invalid(name, format!("cannot read `{name}`: {reason}"), help)],
    };
    let lines = text.trim_start_matches('\u{feff}').lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let mut rows: Vec<Result<ExpandedCase, InvalidCase>> = lines
        .map(|(line, number)| {
            let text = format!("{name}:{number}: {}", shorten(line.trim(), 80));
            match serde_json::from_str::<serde_json::Value>(line) {
                Ok(serde_json::Value::Object(members)) => Ok(read_row(text, file.span, &members)),
                Ok(_) => invalid(&text, format!("line {number} of `{name}` is not an object"), help),
                Err(error) => {
                    let (column, error) = (error.column(), error.to_string().to_lowercase());
                    let reason = error.split(" at line ").next().unwrap_or_default();
                    let message = format!("line {number} of `{name}` is not JSON: {reason} in column {column}");
                    invalid(&text, message, help)
                }
            }
        })
        .collect();
    if rows.is_empty() {
        rows.push(invalid(name, format!("`{name}` contains no case"), help));
    }
    fill_missing(&mut rows);
    rows
}

fn read_row(text: String, span: Span, members: &serde_json::Map<String, serde_json::Value>) -> ExpandedCase {
    let value = members.get("expected").map_or(TestValue::Missing, TestValue::from);
    let holes = members.iter().filter(|(name, _)| *name != "expected");
    let bindings = holes.map(|(name, value)| (name.as_str().into(), TestValue::from(value))).collect();
    ExpandedCase { text, span, bindings, expected: ExpectedValue { value, span } }
}

/// A hole that a line does not name, but another does, is *missing* there.
fn fill_missing(rows: &mut [Result<ExpandedCase, InvalidCase>]) {
    let holes = |row: &Result<ExpandedCase, InvalidCase>| -> Vec<Box<str>> {
        row.iter().flat_map(|row| row.bindings.iter().map(|(name, _)| name.clone())).collect()
    };
    let names: std::collections::BTreeSet<Box<str>> = rows.iter().flat_map(holes).collect();
    for row in rows.iter_mut().flatten() {
        let known: std::collections::BTreeSet<Box<str>> = row.bindings.iter().map(|(name, _)| name.clone()).collect();
        row.bindings.extend(names.difference(&known).map(|name| (name.clone(), TestValue::Missing)));
    }
}
