//! Typed expressions, comparisons, patterns and matches.

use super::{DefineId, LetId, OrderRelation, Quantifier, ScheduleId, TableId};
use crate::event::{AlertStatus, GroupField, Severity};
use crate::function::Function;
use crate::json::Number;
use crate::path::CompiledPath;
use crate::pattern::{Case, Glob, MatchScope, Network, PiecePosition, RegexPattern};
use crate::source::Span;
use crate::time::Timestamp;
use crate::value::ValueType;
use std::sync::Arc;

/// A typed expression.
#[derive(Debug, Clone)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// The kinds its value may have; for a condition, [`ValueType::BOOLEAN`].
    pub types: ValueType,
    /// Its place.
    pub span: Span,
}

impl Expression {
    /// The constant, if it is one.
    #[must_use]
    pub fn literal(&self) -> Option<&Literal> {
        if let ExpressionKind::Literal(literal) = &self.kind { Some(literal) } else { None }
    }
}

/// The forms of an expression.
#[derive(Debug, Clone)]
pub enum ExpressionKind {
    /// A constant value.
    Literal(Literal),
    /// A string with interpolated values.
    Template(Box<[TemplatePart]>),
    /// A singular path.
    Path(Arc<CompiledPath>),
    /// A path as an argument that takes nodes (`count`, `first`, `join`).
    Nodes(NodesPath),
    /// A regex as an argument.
    Regex(Arc<RegexPattern>),
    /// A let of the mapping.
    Let(LetId),
    /// A field of the event.
    Field(EventField),
    /// `labels.name`
    Label(Box<str>),
    /// A parameter of the table.
    Parameter(usize),
    /// What the request says besides its body.
    Request(RequestPart),
    /// `group.name`: what a message says of its group.
    Group(GroupField),
    /// A define.
    Define(DefineId),
    /// A singular path over a value: members and items of it.
    Navigate(Box<Expression>, Arc<CompiledPath>),
    /// A built-in function.
    Call(&'static Function, Box<[Expression]>),
    /// A table.
    Lookup(TableId, Box<[Expression]>),
    /// The first that is not missing or null.
    Coalesce(Box<[Expression]>),
    /// A match.
    Match(Box<Match<Expression>>),
    /// At least one holds.
    Or(Box<[Expression]>),
    /// All hold.
    And(Box<[Expression]>),
    /// It does not hold.
    Not(Box<Expression>),
    /// A comparison.
    Compare(Box<Comparison>),
    /// A list, in a body.
    List(Box<[Expression]>),
    /// An object, in a body; members whose value is missing are left out.
    Object(Box<[(Box<str>, Expression)]>),
}

/// A part of a push besides its body.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestPart {
    /// `header("x-github-event")`, in lower case
    Header(Box<str>),
    /// `path_suffix()`
    PathSuffix,
}

/// A path of many nodes, and the value that it starts from.
#[derive(Debug, Clone)]
pub struct NodesPath {
    /// The value; none for a path from `$` or `@`.
    pub start: Option<Box<Expression>>,
    /// The path.
    pub path: Arc<CompiledPath>,
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
    Status(AlertStatus),
    /// `time("…")`
    Time(Timestamp),
}

impl Literal {
    /// The kind of the value.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Missing => ValueType::MISSING,
            Self::Null => ValueType::NULL,
            Self::Boolean(_) => ValueType::BOOLEAN,
            Self::Number(_) => ValueType::NUMBER,
            Self::Text(_) => ValueType::TEXT,
            Self::Severity(_) => ValueType::SEVERITY,
            Self::Status(_) => ValueType::STATUS,
            Self::Time(_) => ValueType::TIME,
        }
    }
}

/// A piece of a template.
#[derive(Debug, Clone)]
pub enum TemplatePart {
    /// Words.
    Text(Box<str>),
    /// A value, as its text.
    Value(Expression),
}

/// A field of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventField {
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

impl EventField {
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

    /// What its value may be.
    #[must_use]
    pub fn value_type(self) -> ValueType {
        match self {
            Self::Severity => ValueType::SEVERITY,
            Self::Status => ValueType::STATUS,
            Self::Title | Self::Key | Self::Source => ValueType::TEXT,
            Self::Description | Self::Link | Self::Integration => ValueType::TEXT | ValueType::MISSING,
            Self::Labels => ValueType::LABELS,
            Self::StartsAt | Self::EndsAt => ValueType::TIME | ValueType::MISSING,
            Self::Notes => ValueType::ARRAY,
        }
    }
}

/// A comparison.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What is tested.
    pub subject: ComparisonSubject,
    /// Whether the result is negated.
    pub negated: bool,
    /// How.
    pub test: Comparator,
    /// Whether letter case counts.
    pub case: Case,
}

/// What a comparison tests.
#[derive(Debug, Clone)]
pub enum ComparisonSubject {
    /// One value.
    Value(Expression),
    /// The nodes of a path.
    Nodes(Quantifier, NodesPath),
    /// The time of evaluation.
    Now,
}

/// A comparison without its left side: comparisons and patterns share it.
#[derive(Debug, Clone)]
pub enum Comparator {
    /// Equal to; `Literal::Missing` and `Literal::Null` as patterns mean `is missing` and `is null`.
    Equal(Expression),
    /// Before or after a value.
    Order(OrderRelation, Expression),
    /// Equal to one of.
    In(Box<[Expression]>),
    /// A test of a string.
    Text(TextTest),
    /// It is of a kind.
    Is(ValueKind),
    /// A time within the schedule.
    During(ScheduleId),
}

/// A test that only strings pass.
#[derive(Debug, Clone)]
pub enum TextTest {
    /// An address within one of the networks.
    Cidr(Box<[Network]>),
    /// A glob fits the whole string.
    Like(Box<[Glob]>),
    /// The regex fits.
    Regex(MatchScope, Arc<RegexPattern>),
    /// The string begins with another, ends with it, or holds it.
    Piece(PiecePosition, Expression),
}

/// What `is` tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
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

impl ValueKind {
    /// All kinds.
    pub const ALL: [Self; 8] =
        [Self::Missing, Self::Null, Self::Empty, Self::Text, Self::Number, Self::Boolean, Self::Array, Self::Object];

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
    /// Whether letter case counts.
    pub case: Case,
    /// The arms in order.
    pub arms: Vec<MatchArm<R>>,
    /// Its place.
    pub span: Span,
}

/// An arm.
#[derive(Debug, Clone)]
pub struct MatchArm<R> {
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

impl Pattern {
    /// The test and its place, if there is one.
    #[must_use]
    pub fn test(&self) -> Option<(&Comparator, Span)> {
        if let Self::Test(test, place) = self { Some((test, *place)) } else { None }
    }
}
