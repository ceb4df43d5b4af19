//! Tests, and the JSON that stands in them.

use super::{Expression, Identifier, StringLiteral};
use crate::source::Span;

/// `test "name" { … }`
#[derive(Debug, Clone)]
pub struct Test {
    /// Its name, plain text.
    pub name: StringLiteral,
    /// Its statements in order.
    pub statements: Vec<TestStatement>,
}

/// A line of a test.
#[derive(Debug, Clone)]
pub struct TestStatement {
    /// When a step of a sequence happens, where that is written.
    pub moments: Option<StepMoments>,
    /// Its form.
    pub kind: TestStatementKind,
    /// The whole statement.
    pub span: Span,
}

/// The statements of a test.
#[derive(Debug, Clone)]
pub enum TestStatementKind {
    /// `mapping arms`, `routing main`, `integration x`, `channel y`
    Subject(TestSubject, Identifier),
    /// `input {json}`
    Input(TestJson),
    /// `input file "…"`
    InputFile(StringLiteral),
    /// `header "X-GitHub-Event": "…"`
    Header(StringLiteral, TestJson),
    /// `path_suffix "…"`
    PathSuffix(TestJson),
    /// `event {…}`
    Event(TestJson),
    /// `at 2026-03-07T02:00:00+08:00`, or a hole
    At(TestTime),
    /// `open [a, b]`
    Open(Vec<Identifier>, Span),
    /// `cases …`
    Cases(CaseTable),
    /// `times 400 event {…}`
    Times(RepeatCount, TestJson),
    /// `silence labels.team == "web" for 20m in chat because "…"`
    Silence(Box<SilenceStep>),
    /// `end silence "…"`
    SilenceEnd(StringLiteral),
    /// `restart 2m`; the duration as written
    Restart(Identifier),
    /// `down chat for 10m`: the channel, and the duration as written
    Down(Identifier, Identifier),
    /// `pause chat`
    Pause(Identifier),
    /// `resume chat`
    Resume(Identifier),
    /// `expect …`
    Expect(Expectation),
}

/// `+30s`, `+0s..+10m every 1m`: when a step of a sequence happens. The durations stand as written, without the `+`.
#[derive(Debug, Clone)]
pub struct StepMoments {
    /// The only moment, or the first.
    pub first: Identifier,
    /// The others.
    pub repetition: Option<MomentRepetition>,
    /// The whole.
    pub span: Span,
}

/// `..+10m every 1m`
#[derive(Debug, Clone)]
pub struct MomentRepetition {
    /// No moment is later.
    pub last: Identifier,
    /// From one moment to the next.
    pub interval: Identifier,
}

/// How many events `times` gives.
#[derive(Debug, Clone, Copy)]
pub struct RepeatCount {
    /// The number.
    pub number: usize,
    /// Its place.
    pub span: Span,
}

/// `silence CONDITION for D [in CHANNEL, …] because "…"`
#[derive(Debug, Clone)]
pub struct SilenceStep {
    /// The alerts that it holds.
    pub condition: Expression,
    /// For how long, as written.
    pub duration: Identifier,
    /// In which channels; in all where there are none.
    pub channels: Vec<Identifier>,
    /// Why; its name in `end silence` and `expect held for`.
    pub reason: StringLiteral,
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

impl TestSubject {
    /// Every kind of subject.
    pub const ALL: [Self; 4] = [Self::Mapping, Self::Routing, Self::Integration, Self::Channel];

    /// The word that names it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Mapping => "mapping",
            Self::Routing => "routing",
            Self::Integration => "integration",
            Self::Channel => "channel",
        }
    }
}

/// The time of evaluation in a test.
#[derive(Debug, Clone)]
pub enum TestTime {
    /// A time as written.
    Time(Identifier),
    /// A hole that the cases fill.
    Hole(Identifier),
}

/// `cases a, b => subject { rows }` and its relatives.
#[derive(Debug, Clone)]
pub struct CaseTable {
    /// The holes and how rows fill them.
    pub holes: CaseHoles,
    /// What the rows expect: `sent`, `dropped`, or an event field.
    pub subject: Identifier,
    /// The rows, or the file that holds them.
    pub rows: CaseRows,
}

/// How the rows of a case table fill holes.
#[derive(Debug, Clone)]
pub enum CaseHoles {
    /// `cases a, b`: by position.
    Positional(Vec<Identifier>),
    /// `cases { a, b }`: by name; those that a row leaves out are missing.
    Named(Vec<Identifier>, Span),
    /// `cases from`: the file names them.
    FromFile,
}

/// The rows of a case table.
#[derive(Debug, Clone)]
pub enum CaseRows {
    /// In the test.
    Inline(Vec<CaseRow>),
    /// `from "cases.jsonl"`
    File(StringLiteral),
}

/// A row: its values and what is expected.
#[derive(Debug, Clone)]
pub struct CaseRow {
    /// By position: for each hole the alternatives between `|`. By name: one entry with one object.
    pub values: Vec<Vec<TestJson>>,
    /// What is expected. Under `sent`, a list of names.
    pub expected: TestJson,
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
        /// How many dropped elements, if that is given.
        dropped: Option<usize>,
    },
    /// `{subset}`
    Subset(TestJson),
    /// `exactly {…}`
    Exactly(TestJson),
    /// `dropped ["reason"]`
    Dropped(Option<StringLiteral>),
    /// `not dropped`
    NotDropped,
    /// `empty`
    Empty,
    /// `unaccepted`
    Unaccepted,
    /// `invalid`: the input is not JSON
    Invalid,
    /// `sent [..]`, `sent includes [..]`, `sent includes any [..]`, `sent excludes [..]`
    Sent(SentMode, Vec<Identifier>, Span),
    /// `via main.payments.page, …`
    Via(Vec<Identifier>),
    /// `nothing ["reason"]`
    Nothing(Option<StringLiteral>),
    /// `note "…"`
    Note(StringLiteral),
    /// `same key as file "…"`
    SameKeyAs(StringLiteral),
    /// `snapshot "file"`
    Snapshot(StringLiteral),
    /// `body {subset}`
    Body(TestJson),
    /// `answer {subset}`, `answer "text"`
    Answer(TestJson),
    /// `notified chat {subset}`, `notified chat [{subset}, …]`, `notified chat nothing`: the messages of a channel since
    /// the last such line
    Notified(Identifier, Vec<TestJson>),
    /// `held [for "reason"] [in chat]`
    Held(Option<StringLiteral>, Option<Identifier>),
    /// `not held [in chat]`
    NotHeld(Option<Identifier>),
    /// `waits [in chat] until +2m`: the moment as written, without the `+`
    Waits(Option<Identifier>, Identifier),
}

/// How a list of channels is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentMode {
    /// The same set.
    Exactly,
    /// At least these.
    Includes,
    /// At least one of these.
    Any,
    /// None of these.
    Excludes,
}

/// JSON as tests write it: plain, with holes, constants and `missing`.
#[derive(Debug, Clone)]
pub struct TestJson {
    /// What it is.
    pub kind: TestJsonKind,
    /// Its place.
    pub span: Span,
}

impl TestJson {
    /// What stands directly within: items, or the values of members.
    pub fn parts(&self) -> impl Iterator<Item = &Self> {
        let items = if let TestJsonKind::Array(items) = &self.kind { items.as_slice() } else { &[] };
        items.iter().chain(self.members().unwrap_or_default().iter().map(|(_, value)| value))
    }

    /// The members, if it is an object.
    #[must_use]
    pub fn members(&self) -> Option<&[(StringLiteral, Self)]> {
        if let TestJsonKind::Object(members) = &self.kind { Some(members) } else { None }
    }
}

/// The forms of JSON in tests.
#[derive(Debug, Clone)]
pub enum TestJsonKind {
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
    Array(Vec<TestJson>),
    /// `{…}`; keys are bare words or strings.
    Object(Vec<(StringLiteral, TestJson)>),
}
