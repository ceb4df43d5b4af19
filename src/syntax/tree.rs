//! The syntax tree: what a rule file says, word for word, with the place of every part.
//!
//! Nothing is resolved here: names are names, paths and regexes are text. The tree is owned and plain; it is built by
//! [`super::parse`], read by `check`, and printed by a formatter.

use crate::source::{FileId, Span};

/// A name and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The word.
    pub text: Box<str>,
    /// Its place.
    pub span: Span,
}

/// A string without interpolation: escapes are already read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The value.
    pub value: Box<str>,
    /// Its place, quotes included.
    pub span: Span,
}

/// A string that may interpolate.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its parts in order; two texts never stand side by side; an empty string has none.
    pub parts: Vec<Part>,
    /// Its place, quotes included.
    pub span: Span,
}

/// A piece of a template.
#[derive(Debug, Clone)]
pub enum Part {
    /// Words, escapes read.
    Text(Box<str>),
    /// `{value}`; the span includes the braces.
    Value(Expression, Span),
}

/// A regular expression as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regex {
    /// The pattern between the slashes, with `\/` already read as `/`.
    pub pattern: Box<str>,
    /// The flags after the closing slash.
    pub flags: Box<str>,
    /// Its place, slashes and flags included.
    pub span: Span,
}

/// A JSONPath as written: `$…` or `@…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The text, `$` or `@` included.
    pub text: Box<str>,
    /// Its place.
    pub span: Span,
}

/// One rule file.
#[derive(Debug, Clone)]
pub struct File {
    /// Which file.
    pub id: FileId,
    /// The number after `edition` and its place, where the line is there.
    pub edition: Option<(u32, Span)>,
    /// The declarations in order. Those that are broken are left out, or hold what could be read of them.
    pub items: Vec<Item>,
    /// Every `allow CODE because "…"`.
    pub allows: Vec<Allow>,
    /// The names of declarations that did not parse and are not among the items, so that their uses are not reported as
    /// unknown as well.
    pub lost: Vec<Name>,
}

/// `allow CODE because "…"`: silences a code within the item or line that follows it.
#[derive(Debug, Clone)]
pub struct Allow {
    /// The code.
    pub code: Name,
    /// Why.
    pub because: Text,
    /// Where the code is silenced: the item, statement or route line that follows.
    pub covers: Span,
    /// The place of the whole `allow`.
    pub span: Span,
}

/// A declaration with its documentation.
#[derive(Debug, Clone)]
pub struct Item {
    /// The `##` lines above it, without the marks.
    pub docs: Vec<Box<str>>,
    /// The whole declaration, without documentation and `allow`.
    pub span: Span,
    /// What is declared.
    pub kind: Declaration,
    /// Whether part of it did not parse and was left out, so that what follows from its absence is not reported.
    pub broken: bool,
}

/// The eight declarations.
#[derive(Debug, Clone)]
pub enum Declaration {
    /// `mapping name { … }`
    Mapping(Mapping),
    /// `table name(…) …`
    Table(Table),
    /// `define name = …`
    Define(Define),
    /// `schedule name in "zone" { … }`
    Schedule(Schedule),
    /// `channel name = kind(…)`
    Channel(Channel),
    /// `routing name { … }`
    Routing(Routing),
    /// `integration name { … }`
    Integration(Integration),
    /// `test "…" { … }`
    Test(Test),
}

// ---------------------------------------------------------------- expressions

/// A value or a condition.
#[derive(Debug, Clone)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// Its place. Parentheses around it are not part of it.
    pub span: Span,
}

/// The forms of values and conditions.
#[derive(Debug, Clone)]
pub enum ExpressionKind {
    /// `null`
    Null,
    /// `missing`
    Missing,
    /// `true`, `false`
    Boolean(bool),
    /// A number as written.
    Number(Box<str>),
    /// A string, which may interpolate.
    Template(Template),
    /// `/…/flags`, legal only as an argument.
    Regex(Regex),
    /// `$.a`, `@.b`
    Path(Path),
    /// A lower-case word: an event field, a let, a define, a table's parameter.
    Name(Name),
    /// A capitalised word.
    Constant(Name),
    /// `base.name["key"][0]`; the base is a name or a call.
    Navigate(Box<Expression>, Vec<Segment>),
    /// `name(…)`: a function, a table, or a secret (`env`, `secret_file`).
    Call(Name, Vec<Expression>),
    /// `a ?? b ?? c`: two or more.
    Coalesce(Vec<Expression>),
    /// `match … { … }`
    Match(Box<Match<Expression>>),
    /// `a or b or c`: two or more.
    Or(Vec<Expression>),
    /// `a and b and c`: two or more.
    And(Vec<Expression>),
    /// `not a`
    Not(Box<Expression>),
    /// `a == b`, `any p like "…"`, `during office`, …
    Compare(Box<Comparison>),
    /// `[a, b]`: in a channel's body and in parameters.
    List(Vec<Expression>),
    /// `{ "a": b }`: in a channel's body and in parameters.
    Object(Vec<(Text, Expression)>),
}

/// One step of a navigation.
#[derive(Debug, Clone)]
pub struct Segment {
    /// A member's name or an index.
    pub step: Step,
    /// Its place, dot or brackets included.
    pub span: Span,
}

/// A member's name or an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `.name` or `["name"]`
    Member(Box<str>),
    /// `[0]`, `[-1]`
    Index(i64),
}

/// `subject test`
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What is tested.
    pub subject: Subject,
    /// `!=`, `not in`, `is not`, `not like`, …: the place of the `not` (of the whole `!=`).
    pub negated: Option<Span>,
    /// How.
    pub test: Comparator,
    /// The place of the operator's words (`starts with`, `not in`), for messages.
    pub operator: Span,
    /// The place of `ignore case`.
    pub ignore_case: Option<Span>,
}

/// What a comparison tests.
#[derive(Debug, Clone)]
pub enum Subject {
    /// One value.
    Value(Expression),
    /// `any p`, `all p`, `none p`: the nodes of a path (check refuses anything but a path).
    Nodes(Quantifier, Expression),
    /// Nothing: `during office` alone means the time of evaluation.
    Now,
}

/// How the nodes of a path are taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// At least one.
    Any,
    /// Every one, and at least one.
    All,
    /// Not one: the negation of `any`.
    None,
}

/// A comparison without its left side. Comparisons and patterns share it.
#[derive(Debug, Clone)]
pub enum Comparator {
    /// `== x` (in a pattern: the value itself), `!=` by negation.
    Equal(Expression),
    /// `< x`
    Less(Expression),
    /// `<= x`
    LessOrEqual(Expression),
    /// `> x`
    Greater(Expression),
    /// `>= x`
    GreaterOrEqual(Expression),
    /// `in [a, b]`
    In(Vec<Expression>),
    /// `in cidr "…"`, `in cidr ["…", "…"]`
    Cidr(Vec<Text>),
    /// `like "…"`, `like ["…", "…"]`
    Like(Vec<Text>),
    /// `matches /…/`
    Matches(Regex),
    /// `finds /…/`
    Finds(Regex),
    /// `contains x`
    Contains(Expression),
    /// `starts with x`
    StartsWith(Expression),
    /// `ends with x`
    EndsWith(Expression),
    /// `is kind`: missing, null, empty, string, number, boolean, array, object.
    Is(Name),
    /// `during schedule`
    During(Name),
}

/// `match a, b ignore case { arms }`; `R` is what an arm results in.
#[derive(Debug, Clone)]
pub struct Match<R> {
    /// The subjects: one or several columns.
    pub subjects: Vec<Expression>,
    /// The place of `ignore case`.
    pub ignore_case: Option<Span>,
    /// The arms in order.
    pub arms: Vec<Arm<R>>,
    /// From `match` to the closing brace.
    pub span: Span,
}

/// `pattern => result note "…"`
#[derive(Debug, Clone)]
pub struct Arm<R> {
    /// What chooses the arm.
    pub head: ArmHead,
    /// What it results in.
    pub result: R,
    /// `note "…"`
    pub note: Option<Template>,
    /// The whole arm.
    pub span: Span,
}

/// The left side of an arm.
#[derive(Debug, Clone)]
pub enum ArmHead {
    /// One entry a column; each holds the alternatives between `|`.
    Columns(Vec<Vec<Pattern>>),
    /// `else`
    Else(Span),
}

/// A pattern and its place.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// What it accepts.
    pub kind: PatternKind,
    /// Its place.
    pub span: Span,
}

/// The forms of a pattern.
#[derive(Debug, Clone)]
pub enum PatternKind {
    /// `_`: whatever is left.
    Any,
    /// A positive comparison without its left side. `missing` and `null` come as `Equal` of those words.
    Test(Comparator),
}

// ---------------------------------------------------------------- mapping

/// `mapping name { … }`
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Its name.
    pub name: Name,
    /// Its statements in order.
    pub statements: Vec<Statement>,
}

/// A line of a mapping.
#[derive(Debug, Clone)]
pub struct Statement {
    /// What it says.
    pub kind: StatementKind,
    /// The whole statement.
    pub span: Span,
}

/// The statements of a mapping.
#[derive(Debug, Clone)]
pub enum StatementKind {
    /// `accept when c`
    Accept(Expression),
    /// `each path`
    Each(Path),
    /// `let name = value`
    Let(Name, Expression),
    /// `field = value`
    Field(Name, Expression),
    /// `labels { … }`
    Labels(Vec<LabelEntry>),
    /// `drop when c because "…"`
    Drop(Expression, Template),
}

/// A line of `labels { … }`.
#[derive(Debug, Clone)]
pub enum LabelEntry {
    /// `...value except ["…"]`; the globs name the labels that are left out.
    Spread {
        /// The object whose members become labels.
        value: Expression,
        /// Globs over names.
        except: Vec<Text>,
        /// The whole line.
        span: Span,
    },
    /// `name = value` or `"name" = value`
    Set(Text, Expression),
}

// ---------------------------------------------------------------- tables, defines, schedules, channels

/// `table name(a, b) ignore case { arms }` or `… -> column from "file.csv"`
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub parameters: Vec<Name>,
    /// The place of `ignore case`.
    pub ignore_case: Option<Span>,
    /// Where its rows are.
    pub body: TableBody,
}

/// Where the rows of a table are.
#[derive(Debug, Clone)]
pub enum TableBody {
    /// In the file.
    Arms(Vec<Arm<Expression>>, Span),
    /// In a CSV file beside it: `-> column: Type from "file"`.
    Csv {
        /// The header of the column that is the result.
        column: Name,
        /// `Severity` or `Status`, where the column holds constants.
        constants: Option<Name>,
        /// The file, relative to the rule file.
        file: Text,
    },
}

/// `define name = value`
#[derive(Debug, Clone)]
pub struct Define {
    /// Its name.
    pub name: Name,
    /// A value or a condition over the event.
    pub value: Expression,
}

/// `schedule name in "zone" { lines }`
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its name.
    pub name: Name,
    /// An IANA time zone.
    pub zone: Text,
    /// Its lines in order.
    pub lines: Vec<ScheduleLine>,
}

/// A line of a schedule.
#[derive(Debug, Clone)]
pub struct ScheduleLine {
    /// Whether it adds windows, takes days away, or brings some back.
    pub kind: ScheduleKind,
    /// The days, `first..last` inclusive; none means every day.
    pub days: Vec<DayRange>,
    /// The times, half-open; none means the whole day.
    pub times: Vec<TimeRange>,
    /// The whole line.
    pub span: Span,
}

/// What a line of a schedule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleKind {
    /// Windows.
    Window,
    /// `except`
    Except,
    /// `also`
    Also,
}

/// One day or a range of days, as written (`mon`, `2026-10-01`).
#[derive(Debug, Clone)]
pub struct DayRange {
    /// The first day.
    pub first: Name,
    /// The last, where a range is written.
    pub last: Option<Name>,
}

/// `09:00..12:00` as written.
#[derive(Debug, Clone)]
pub struct TimeRange {
    /// `HH:MM`
    pub first: Name,
    /// `HH:MM`, up to `24:00`; not after it.
    pub last: Name,
}

/// `channel name = kind(parameter = value, …)`
#[derive(Debug, Clone)]
pub struct Channel {
    /// Its name.
    pub name: Name,
    /// Its kind.
    pub kind: Name,
    /// Its parameters in order.
    pub parameters: Vec<Parameter>,
    /// The place of the parentheses and all between.
    pub arguments: Span,
}

/// `name = value`
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The name.
    pub name: Name,
    /// The value.
    pub value: Expression,
}

// ---------------------------------------------------------------- routing, integration

/// `routing name { … }`
#[derive(Debug, Clone)]
pub struct Routing {
    /// Its name.
    pub name: Name,
    /// Its lines.
    pub block: Block,
}

/// `{ lines }`
#[derive(Debug, Clone)]
pub struct Block {
    /// The lines in order.
    pub lines: Vec<Line>,
    /// Braces included.
    pub span: Span,
}

/// A line of a block.
#[derive(Debug, Clone)]
pub struct Line {
    /// How it counts.
    pub kind: LineKind,
    /// Its name; none for `else`.
    pub name: Option<Name>,
    /// `when c`
    pub when: Option<Expression>,
    /// What follows.
    pub body: LineBody,
    /// `route payments when …`: from the first word to the end of the condition.
    pub head: Span,
    /// The whole line.
    pub span: Span,
}

/// How a line counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// `route`: a hit ends the block.
    Route,
    /// `also route`: a hit counts, the search goes on.
    AlsoRoute,
    /// `always`: adds channels, never counts.
    Always,
    /// `else`: where nothing hit.
    Else,
}

/// What follows a line's head.
#[derive(Debug, Clone)]
pub enum LineBody {
    /// `{ lines }`
    Block(Block),
    /// `match value { arms }`
    Match(Match<Target>),
    /// `=> …`
    Target(Target),
}

/// What stands after `=>` in a routing.
#[derive(Debug, Clone)]
pub struct Target {
    /// What it says.
    pub kind: TargetKind,
    /// Its place.
    pub span: Span,
}

/// The forms of a target.
#[derive(Debug, Clone)]
pub enum TargetKind {
    /// Channels and routings.
    Destinations(Vec<Destination>),
    /// `nothing because "…"`
    Nothing(Template),
    /// `decline`
    Decline,
}

/// A channel, or `routing name`.
#[derive(Debug, Clone)]
pub enum Destination {
    /// A channel.
    Channel(Name),
    /// `routing name`; the span is of both words.
    Routing(Name, Span),
}

/// `integration name { … }`
#[derive(Debug, Clone)]
pub struct Integration {
    /// Its name.
    pub name: Name,
    /// `keys = […]` and the like.
    pub parameters: Vec<Parameter>,
    /// `mapping, mapping => destination`: one is legal; check says so.
    pub reads: Vec<Reading>,
}

/// `mapping, mapping => destination, …`
#[derive(Debug, Clone)]
pub struct Reading {
    /// The mappings; the first that accepts reads the payload.
    pub mappings: Vec<Name>,
    /// Where events go.
    pub destinations: Vec<Destination>,
    /// The whole line.
    pub span: Span,
}

// ---------------------------------------------------------------- tests

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
