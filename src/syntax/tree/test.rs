//! Tests, and the JSON that stands in them.

use super::{Name, Text};
use crate::source::Span;

/// `test "name" { … }`
#[derive(Debug, Clone)]
pub struct Test {
    /// Its name, plain text.
    pub name: Text,
    /// Its statements in order.
    pub statements: Vec<TestStatement>,
}

/// A line of a test.
#[derive(Debug, Clone)]
pub struct TestStatement {
    /// What it says.
    pub kind: TestStatementKind,
    /// The whole statement.
    pub span: Span,
}

/// The statements of a test.
#[derive(Debug, Clone)]
pub enum TestStatementKind {
    /// `mapping arms`, `routing main`, `integration x`, `channel y`
    Subject(TestSubject, Name),
    /// `input {json}`
    Input(Json),
    /// `input file "…"`
    InputFile(Text),
    /// `event {…}`
    Event(Json),
    /// `at 2026-03-07T02:00:00+08:00`, or a hole
    At(At),
    /// `open [a, b]`
    Open(Vec<Name>, Span),
    /// `cases …`
    Cases(Cases),
    /// `expect …`
    Expect(Expectation),
}

/// What a test is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestSubject {
    /// A mapping.
    Mapping,
    /// A routing.
    Routing,
    /// An integration.
    Integration,
    /// A channel.
    Channel,
}

/// The time of evaluation in a test.
#[derive(Debug, Clone)]
pub enum At {
    /// A time as written.
    Time(Name),
    /// A hole that the cases fill.
    Hole(Name),
}

/// `cases a, b => subject { rows }` and its relatives.
#[derive(Debug, Clone)]
pub struct Cases {
    /// The holes and how rows fill them.
    pub holes: Holes,
    /// What the rows expect: `sent`, `dropped`, or an event field.
    pub subject: Name,
    /// The rows, or the file that holds them.
    pub rows: CaseRows,
}

/// How the rows of a case table fill holes.
#[derive(Debug, Clone)]
pub enum Holes {
    /// `cases a, b`: by position.
    Positional(Vec<Name>),
    /// `cases { a, b }`: by name; those that a row leaves out are missing.
    Named(Vec<Name>, Span),
    /// `cases from`: the file names them.
    FromFile,
}

/// The rows of a case table.
#[derive(Debug, Clone)]
pub enum CaseRows {
    /// In the test.
    Inline(Vec<CaseRow>),
    /// `from "cases.jsonl"`
    File(Text),
}

/// A row: its values and what is expected.
#[derive(Debug, Clone)]
pub struct CaseRow {
    /// By position: for each hole the alternatives between `|`. By name: one entry with one object.
    pub values: Vec<Vec<Json>>,
    /// What is expected. Under `sent`, a list of names.
    pub expected: Json,
    /// The whole row.
    pub span: Span,
}

/// `expect …`
#[derive(Debug, Clone)]
pub struct Expectation {
    /// `outcome N`, where it is written.
    pub outcome: Option<(usize, Span)>,
    /// What is expected.
    pub kind: ExpectationKind,
}

/// The forms of an expectation.
#[derive(Debug, Clone)]
pub enum ExpectationKind {
    /// `N events, N dropped`
    Count {
        /// How many events.
        events: usize,
        /// How many dropped elements, where it is said.
        dropped: Option<usize>,
    },
    /// `{subset}`
    Subset(Json),
    /// `exactly {…}`
    Exactly(Json),
    /// `dropped ["reason"]`
    Dropped(Option<Text>),
    /// `empty`
    Empty,
    /// `unaccepted`
    Unaccepted,
    /// `invalid`: the input is not JSON
    Invalid,
    /// `sent [..]`, `sent includes [..]`, `sent excludes [..]`
    Sent(SentMode, Vec<Name>, Span),
    /// `via main.payments.page, …`
    Via(Vec<Name>),
    /// `nothing ["reason"]`
    Nothing(Option<Text>),
    /// `note "…"`
    Note(Text),
    /// `same key as file "…"`
    SameKeyAs(Text),
    /// `snapshot "file"`
    Snapshot(Text),
    /// `body {subset}`
    Body(Json),
}

/// How a list of channels is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentMode {
    /// The same set.
    Exactly,
    /// At least these.
    Includes,
    /// None of these.
    Excludes,
}

/// JSON as tests write it: plain, with holes, constants and `missing`.
#[derive(Debug, Clone)]
pub struct Json {
    /// What it is.
    pub kind: JsonKind,
    /// Its place.
    pub span: Span,
}

impl Json {
    /// What stands directly within: items, or the values of members.
    pub fn parts(&self) -> impl Iterator<Item = &Self> {
        let (items, members): (&[_], &[_]) = match &self.kind {
            JsonKind::Array(items) => (items, &[]),
            JsonKind::Object(members) => (&[], members),
            JsonKind::Null
            | JsonKind::Missing
            | JsonKind::Boolean(_)
            | JsonKind::Number(_)
            | JsonKind::Text(_)
            | JsonKind::Hole(_)
            | JsonKind::Constant(_) => (&[], &[]),
        };
        items.iter().chain(members.iter().map(|(_, value)| value))
    }
}

/// The forms of JSON in tests.
#[derive(Debug, Clone)]
pub enum JsonKind {
    /// `null`
    Null,
    /// `missing`: absent
    Missing,
    /// `true`, `false`
    Boolean(bool),
    /// A number as written.
    Number(Box<str>),
    /// A plain string.
    Text(Box<str>),
    /// A bare lower-case name: a hole (a channel, in rows of `sent`).
    Hole(Box<str>),
    /// A capitalised name.
    Constant(Box<str>),
    /// `[…]`
    Array(Vec<Json>),
    /// `{…}`; keys are bare words or strings.
    Object(Vec<(Text, Json)>),
}
