//! The checked rule set: every name resolved, every literal read, every expression typed.
//!
//! `check` makes it, `compile` lowers it, proofs reason over it. Declarations are addressed by their position in the
//! lists of [`Model`]. Whatever could be refused was refused before one of these values exists, so that later stages
//! return no errors.

use crate::channel;
use crate::event::{Severity, Status};
use crate::function::Function;
use crate::json::Number;
use crate::path::Path;
use crate::pattern::{Glob, Network, Regex};
use crate::source::Span;
use crate::syntax::tree;
use crate::time::{self, Instant};
use crate::value::Type;
use std::path::PathBuf;
use std::sync::Arc;

pub use crate::syntax::tree::{LineKind, Quantifier};

/// A whole rule set.
#[derive(Debug, Default)]
pub struct Model {
    /// Mappings.
    pub mappings: Vec<Mapping>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Defines, each after those that it uses.
    pub defines: Vec<Define>,
    /// Schedules.
    pub schedules: Vec<Schedule>,
    /// Channels.
    pub channels: Vec<Channel>,
    /// Routings, in text order.
    pub routings: Vec<Routing>,
    /// Integrations.
    pub integrations: Vec<Integration>,
    /// Tests; what they name is resolved by name when they run.
    pub tests: Vec<Test>,
}

/// Position in [`Model::mappings`].
pub type MappingId = usize;
/// Position in [`Model::tables`].
pub type TableId = usize;
/// Position in [`Model::defines`].
pub type DefineId = usize;
/// Position in [`Model::schedules`].
pub type ScheduleId = usize;
/// Position in [`Model::channels`].
pub type ChannelId = usize;
/// Position in [`Model::routings`].
pub type RoutingId = usize;
/// Position in [`Mapping::lets`].
pub type LetId = usize;

// ---------------------------------------------------------------- expressions

/// A typed expression.
#[derive(Debug, Clone)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// The kinds its value may have; for a condition, [`Type::BOOLEAN`].
    pub types: Type,
    /// Its place.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Debug, Clone)]
pub enum ExpressionKind {
    /// A constant value.
    Literal(Literal),
    /// A string with interpolated values.
    Template(Vec<Part>),
    /// A singular path.
    Path(Arc<Path>),
    /// A path as an argument that takes nodes (`count`, `first`, `join`).
    Nodes(Arc<Path>),
    /// A regex as an argument.
    Regex(Arc<Regex>),
    /// A let of the mapping.
    Let(LetId),
    /// A field of the event.
    Field(Field),
    /// `labels.name`
    Label(Box<str>),
    /// A parameter of the table.
    Parameter(usize),
    /// A define.
    Define(DefineId),
    /// Members and items of a value.
    Navigate(Box<Expression>, Vec<tree::Step>),
    /// A built-in function.
    Call(&'static Function, Vec<Expression>),
    /// A table.
    Lookup(TableId, Vec<Expression>),
    /// The first that is not missing or null.
    Coalesce(Vec<Expression>),
    /// A match.
    Match(Box<Match<Expression>>),
    /// At least one holds.
    Or(Vec<Expression>),
    /// All hold.
    And(Vec<Expression>),
    /// It does not hold.
    Not(Box<Expression>),
    /// A comparison.
    Compare(Box<Comparison>),
    /// A list, in a body.
    List(Vec<Expression>),
    /// An object, in a body; members whose value is missing are left out.
    Object(Vec<(Box<str>, Expression)>),
}

/// A constant value.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `missing`
    Missing,
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(Box<str>),
    /// A severity.
    Severity(Severity),
    /// A status.
    Status(Status),
    /// `time("…")`
    Time(Instant),
}

/// A piece of a template.
#[derive(Debug, Clone)]
pub enum Part {
    /// Words.
    Text(Box<str>),
    /// A value, as its text.
    Value(Expression),
}

/// A field of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// `severity`
    Severity,
    /// `status`
    Status,
    /// `title`
    Title,
    /// `key`
    Key,
    /// `description`
    Description,
    /// `labels`, as a whole
    Labels,
    /// `starts_at`
    StartsAt,
    /// `ends_at`
    EndsAt,
    /// `link`
    Link,
    /// `source`
    Source,
    /// `integration`
    Integration,
    /// `notes`
    Notes,
}

impl Field {
    /// All fields, in the order in which an event shows them.
    pub const ALL: [Self; 12] = [
        Self::Severity,
        Self::Status,
        Self::Title,
        Self::Key,
        Self::Description,
        Self::Labels,
        Self::StartsAt,
        Self::EndsAt,
        Self::Link,
        Self::Source,
        Self::Integration,
        Self::Notes,
    ];

    /// Its name, as rules write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Severity => "severity",
            Self::Status => "status",
            Self::Title => "title",
            Self::Key => "key",
            Self::Description => "description",
            Self::Labels => "labels",
            Self::StartsAt => "starts_at",
            Self::EndsAt => "ends_at",
            Self::Link => "link",
            Self::Source => "source",
            Self::Integration => "integration",
            Self::Notes => "notes",
        }
    }
}

/// A comparison.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What is tested.
    pub subject: Subject,
    /// Whether the result is turned round.
    pub negated: bool,
    /// How.
    pub test: Comparator,
    /// Whether letter case is ignored.
    pub ignore_case: bool,
}

/// What a comparison tests.
#[derive(Debug, Clone)]
pub enum Subject {
    /// One value.
    Value(Expression),
    /// The nodes of a path.
    Nodes(Quantifier, Arc<Path>),
    /// The time of evaluation.
    Now,
}

/// A comparison without its left side: comparisons and patterns share it.
#[derive(Debug, Clone)]
pub enum Comparator {
    /// Equal to; `Literal::Missing` and `Literal::Null` as patterns mean `is missing` and `is null`.
    Equal(Expression),
    /// Less than.
    Less(Expression),
    /// Less or equal.
    LessOrEqual(Expression),
    /// Greater than.
    Greater(Expression),
    /// Greater or equal.
    GreaterOrEqual(Expression),
    /// Equal to one of.
    In(Vec<Expression>),
    /// An address within one of the networks.
    Cidr(Vec<Network>),
    /// A glob fits the whole string.
    Like(Vec<Glob>),
    /// The regex fits the whole string.
    Matches(Arc<Regex>),
    /// The regex fits somewhere.
    Finds(Arc<Regex>),
    /// The string holds another.
    Contains(Expression),
    /// The string begins with another.
    StartsWith(Expression),
    /// The string ends with another.
    EndsWith(Expression),
    /// It is of a kind.
    Is(Kind),
    /// A time within the schedule.
    During(ScheduleId),
}

/// What `is` tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Missing or null.
    Missing,
    /// Exactly null.
    Null,
    /// Missing, null, `""`, `[]`, `{}`.
    Empty,
    /// A string.
    Text,
    /// A number.
    Number,
    /// A boolean.
    Boolean,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Missing,
        Self::Null,
        Self::Empty,
        Self::Text,
        Self::Number,
        Self::Boolean,
        Self::Array,
        Self::Object,
    ];

    /// Its name, as rules write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Null => "null",
            Self::Empty => "empty",
            Self::Text => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// `match`, a table's rows, and a route's `match`; `R` is what an arm results in.
#[derive(Debug, Clone)]
pub struct Match<R> {
    /// The subjects; for a table, its parameters.
    pub subjects: Vec<Expression>,
    /// Whether letter case is ignored.
    pub ignore_case: bool,
    /// The arms in order.
    pub arms: Vec<Arm<R>>,
    /// Its place.
    pub span: Span,
}

/// An arm.
#[derive(Debug, Clone)]
pub struct Arm<R> {
    /// One entry a column, each with its alternatives; empty for `else`.
    pub columns: Vec<Vec<Pattern>>,
    /// What it results in.
    pub result: R,
    /// `note "…"`
    pub note: Option<Expression>,
    /// The whole arm.
    pub span: Span,
}

/// A pattern.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// Whatever is left, missing included.
    Any,
    /// What the test holds for. Under `ignore case` literals are written as in the rules.
    Test(Comparator, Span),
}

// ---------------------------------------------------------------- mapping, table, define, schedule

/// A mapping.
#[derive(Debug)]
pub struct Mapping {
    /// Its name.
    pub name: Box<str>,
    /// The place of the name.
    pub span: Span,
    /// Conditions over the payload; all must hold.
    pub accept: Vec<Expression>,
    /// What chooses the elements.
    pub each: Option<Arc<Path>>,
    /// Lets in order.
    pub lets: Vec<Let>,
    /// Drops in order.
    pub drops: Vec<Drop>,
    /// The fields that are set, each at most once.
    pub fields: Vec<(Field, Expression)>,
    /// Entries of every `labels` block in order.
    pub labels: Vec<LabelEntry>,
}

/// `let name = value`
#[derive(Debug)]
pub struct Let {
    /// Its name.
    pub name: Box<str>,
    /// Its value.
    pub value: Expression,
}

/// `drop when c because "…"`
#[derive(Debug)]
pub struct Drop {
    /// The condition.
    pub when: Expression,
    /// The reason.
    pub because: Expression,
    /// The whole statement.
    pub span: Span,
}

/// A line of `labels { … }`
#[derive(Debug)]
pub enum LabelEntry {
    /// The members of an object, but for those whose name fits a glob.
    Spread(Expression, Vec<Glob>),
    /// One label.
    Set(Box<str>, Expression),
}

/// A table.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: Box<str>,
    /// The place of the name.
    pub span: Span,
    /// Its parameters.
    pub parameters: Vec<Box<str>>,
    /// Its rows; a CSV file's rows are arms as well, in file order, with results as literals.
    pub rows: Rows,
    /// What it may result in.
    pub types: Type,
}

/// The rows of a table.
#[derive(Debug)]
pub enum Rows {
    /// Arms, written in the rules.
    Arms(Match<Expression>),
    /// The rows of a CSV file: a cell is a string, `None` where it is `*`.
    Csv(CsvRows),
}

/// What was read from a CSV file. The first row that fits wins; none gives *missing*.
#[derive(Debug)]
pub struct CsvRows {
    /// Whether letter case is ignored.
    pub ignore_case: bool,
    /// Keys (a cell a parameter: `Any`, `Missing` for an empty cell, or its text) and result.
    pub rows: Vec<(Vec<Cell>, Literal)>,
}

/// A key cell of a CSV table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cell {
    /// `*`
    Any,
    /// An empty cell: *missing* or null.
    Missing,
    /// Exactly this string.
    Text(Box<str>),
}

/// A define.
#[derive(Debug)]
pub struct Define {
    /// Its name.
    pub name: Box<str>,
    /// The place of the name.
    pub span: Span,
    /// Its value.
    pub value: Expression,
}

/// A schedule.
#[derive(Debug)]
pub struct Schedule {
    /// Its name.
    pub name: Box<str>,
    /// The place of the name.
    pub span: Span,
    /// Its windows.
    pub windows: Arc<time::Schedule>,
}

// ---------------------------------------------------------------- channel, routing, integration, test

/// A channel.
#[derive(Debug)]
pub struct Channel {
    /// Its name.
    pub name: Box<str>,
    /// The place of the name.
    pub span: Span,
    /// Its kind.
    pub kind: &'static channel::Kind,
    /// Its parameters, each known to the kind and of the right type.
    pub parameters: Vec<(Box<str>, Argument)>,
}

/// The value of a channel's or integration's parameter.
#[derive(Debug, Clone)]
pub enum Argument {
    /// A constant.
    Literal(Literal),
    /// A secret.
    Secret(Secret),
    /// Several values.
    List(Vec<Argument>),
    /// Named values (headers).
    Object(Vec<(Box<str>, Argument)>),
    /// An expression over the event: a body, a template.
    Expression(Expression),
}

/// A secret is named, never read, below the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Secret {
    /// `env("NAME")`
    Environment(Box<str>),
    /// `secret_file("path")`
    File(Box<str>),
}

/// A routing.
#[derive(Debug)]
pub struct Routing {
    /// Its name.
    pub name: Box<str>,
    /// The place of the name.
    pub span: Span,
    /// Its lines.
    pub block: Block,
}

/// A block of lines.
#[derive(Debug)]
pub struct Block {
    /// The lines in order.
    pub lines: Vec<Line>,
    /// Braces included.
    pub span: Span,
}

/// A line of a block.
#[derive(Debug)]
pub struct Line {
    /// How it counts.
    pub kind: LineKind,
    /// Its path: `main.payments.page`, `main.else`.
    pub path: Box<str>,
    /// Its condition.
    pub when: Option<Expression>,
    /// What follows.
    pub body: LineBody,
    /// The head's place.
    pub head: Span,
    /// The whole line.
    pub span: Span,
}

/// What follows a line's head.
#[derive(Debug)]
pub enum LineBody {
    /// A block.
    Block(Block),
    /// A match.
    Match(Match<Target>),
    /// A target.
    Target(Target),
}

/// What stands after `=>` in a routing.
#[derive(Debug, Clone)]
pub enum Target {
    /// Channels and routings in order.
    Destinations(Vec<Destination>),
    /// `nothing because "…"`, with its place
    Nothing(Expression, Span),
    /// `decline`
    Decline,
}

/// A channel or a routing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Destination {
    /// A channel.
    Channel(ChannelId),
    /// Another routing.
    Routing(RoutingId),
}

/// An integration.
#[derive(Debug)]
pub struct Integration {
    /// Its name.
    pub name: Box<str>,
    /// The place of the name.
    pub span: Span,
    /// Its parameters.
    pub parameters: Vec<(Box<str>, Argument)>,
    /// The mappings; the first that accepts reads the payload.
    pub mappings: Vec<MappingId>,
    /// Shared: a routing. Dedicated: a channel.
    pub destination: Destination,
}

/// A test, its names and shapes checked.
#[derive(Debug, Clone)]
pub struct Test {
    /// The test as written.
    pub tree: tree::Test,
    /// The place of the declaration.
    pub span: Span,
    /// The folder that its files are relative to.
    pub folder: PathBuf,
}
