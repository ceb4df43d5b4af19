//! Values, conditions, patterns and `match`.

use super::{DurationRange, Identifier, PathExpression, RegexLiteral, StringLiteral, Template};
use crate::pattern::{MatchScope, PiecePosition};
use crate::source::Span;
use std::cmp::Ordering;

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
    Regex(RegexLiteral),
    /// `$.a`, `@.b`
    Path(PathExpression),
    /// A lower-case word: an event field, a let, a define, a table's parameter.
    Name(Identifier),
    /// A capitalised word.
    Constant(Identifier),
    /// `base.name["key"][0]`, `base.items[*]`; the base is a name or a call.
    Navigate(Box<Expression>, Vec<NavigationSegment>),
    /// `name(…)`: a function, a table, or a secret (`env`, `secret_file`).
    Call(Identifier, Vec<Expression>),
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
    /// `30s`, `30s..10m`: a parameter as a whole.
    Duration(DurationRange),
    /// `[a, b]`: in a channel's body and in parameters.
    List(Vec<Expression>),
    /// `{ "a": b }`: in a channel's body and in parameters.
    Object(Vec<(StringLiteral, Expression)>),
}

impl ExpressionKind {
    /// Whether it is a string, a number or a constant as written.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        matches!(self, Self::Template(_) | Self::Number(_) | Self::Constant(_))
    }

    /// Whether it is a comparison or a combination of conditions.
    #[must_use]
    pub fn is_condition(&self) -> bool {
        matches!(self, Self::Or(_) | Self::And(_) | Self::Not(_) | Self::Compare(_))
    }
}

/// One segment of a path over a value.
#[derive(Debug, Clone)]
pub struct NavigationSegment {
    /// What it selects.
    pub step: NavigationStep,
    /// Its place, dot or brackets included.
    pub span: Span,
}

/// What a segment selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NavigationStep {
    /// `.name` or `["name"]`
    Member(Box<str>),
    /// `[0]`, `[-1]`
    Index(i64),
    /// Any other segment of a path, as it is written: `[*]`, `..name`, `[?@.level == 1]`.
    Selector(Box<str>),
}

/// `subject test`
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What is tested.
    pub subject: ComparisonSubject,
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
pub enum ComparisonSubject {
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
    /// `< x`, `<= x`, `> x`, `>= x`
    Order(OrderRelation, Expression),
    /// `in [a, b]`
    In(Vec<Expression>),
    /// A test of a string.
    Text(TextTest),
    /// `is kind`: missing, null, empty, string, number, boolean, array, object.
    Is(Identifier),
    /// `during schedule`
    During(Identifier),
}

/// A test of a string, without its left side.
#[derive(Debug, Clone)]
pub enum TextTest {
    /// `in cidr "…"`, `in cidr ["…", "…"]`
    Cidr(Vec<StringLiteral>),
    /// `like "…"`, `like ["…", "…"]`
    Like(Vec<StringLiteral>),
    /// `matches /…/`, `finds /…/`
    Regex(MatchScope, RegexLiteral),
    /// `starts with x`, `ends with x`, `contains x`
    Piece(PiecePosition, Expression),
}

/// How two ordered values have to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderRelation {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl OrderRelation {
    /// The operator, as rules write it.
    #[must_use]
    pub fn operator(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether values that compare so lie as they have to.
    #[must_use]
    pub fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Less => ordering == Ordering::Less,
            Self::LessOrEqual => ordering != Ordering::Greater,
            Self::Greater => ordering == Ordering::Greater,
            Self::GreaterOrEqual => ordering != Ordering::Less,
        }
    }
}

/// `match a, b ignore case { arms }`; `R` is what an arm results in.
#[derive(Debug, Clone)]
pub struct Match<R> {
    /// The subjects: one or several columns.
    pub subjects: Vec<Expression>,
    /// The place of `ignore case`.
    pub ignore_case: Option<Span>,
    /// The arms in order.
    pub arms: Vec<MatchArm<R>>,
    /// From `match` to the closing brace.
    pub span: Span,
}

/// `pattern => result note "…"`
#[derive(Debug, Clone)]
pub struct MatchArm<R> {
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
