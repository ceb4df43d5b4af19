//! The syntax tree: what a rule file says, word for word, with the place of every part.
//!
//! Nothing is resolved here: names are names, paths and regexes are text. The tree is owned and plain; it is built by
//! [`super::parse`], read by `check`, and printed by a formatter.

mod declaration;
mod expression;
mod heartbeat;
mod mapping;
mod mute;
mod part;
mod prove;
mod routing;
mod test;

pub use declaration::{
    Channel, ChannelFamily, DayRange, Define, DurationRange, FamilySource, LineWindows, NamedArgument, Schedule,
    ScheduleLine, ScheduleLineKind, SpanRange, Table, TableBody, TimeRange,
};
pub use expression::{
    ArmHead, Comparator, Comparison, ComparisonSubject, Expression, ExpressionKind, Match, MatchArm, NavigationSegment,
    NavigationStep, OrderRelation, Pattern, PatternKind, Quantifier, TextTest,
};
pub use heartbeat::{Heartbeat, HeartbeatLine, HeartbeatLineKind};
pub use mapping::{LabelEntry, Mapping, MappingStatement, MappingStatementKind};
pub use mute::{Mute, MuteSource};
pub use prove::{Prove, ProveStatement, ProveStatementKind};
pub use routing::{
    Block, Destination, Integration, IntegrationRoute, Line, LineBody, LineKind, MemberReference, Routing, Target,
    TargetKind,
};
pub use test::{
    CaseHoles, CaseRow, CaseRows, CaseTable, Expectation, ExpectationKind, MomentRepetition, RepeatCount, SentMode,
    SilenceStep, StepMoments, Test, TestJson, TestJsonKind, TestStatement, TestStatementKind, TestSubject, TestTime,
};

use crate::source::{FileId, Span};

/// A name and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifier {
    /// The word.
    pub text: Box<str>,
    /// Its place.
    pub span: Span,
}

/// A string without interpolation: escapes are already read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringLiteral {
    /// The value.
    pub value: Box<str>,
    /// Its place, quotes included.
    pub span: Span,
}

/// A string that may interpolate.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its parts in order; two texts never stand side by side; an empty string has none.
    pub parts: Vec<TemplatePart>,
    /// Its place, quotes included.
    pub span: Span,
}

/// A piece of a template.
#[derive(Debug, Clone)]
pub enum TemplatePart {
    /// Words, escapes read.
    Text(Box<str>),
    /// `{value}`; the span includes the braces.
    Value(Expression, Span),
}

/// A regular expression as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexLiteral {
    /// The pattern between the slashes, with `\/` already read as `/`.
    pub pattern: Box<str>,
    /// The flags after the closing slash.
    pub flags: Box<str>,
    /// Its place, slashes and flags included.
    pub span: Span,
}

/// A JSONPath as written: `$…` or `@…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathExpression {
    /// The text, `$` or `@` included.
    pub text: Box<str>,
    /// Its place.
    pub span: Span,
}

/// One rule file.
#[derive(Debug, Clone)]
pub struct RuleFile {
    /// Which file.
    pub id: FileId,
    /// The number after `edition` and its place, where the line is there.
    pub edition: Option<(u32, Span)>,
    /// The declarations in order. Those that are broken are left out, or hold what could be read of them.
    pub items: Vec<DocumentedDeclaration>,
    /// Every `allow CODE because "…"`.
    pub allows: Vec<AllowDirective>,
    /// The names of declarations that did not parse and are not among the items, so that their uses are not reported as
    /// unknown as well.
    pub unparsed_names: Vec<Identifier>,
}

/// `allow CODE because "…"`: silences a code within the item or line that follows it.
#[derive(Debug, Clone)]
pub struct AllowDirective {
    /// The code.
    pub code: Identifier,
    /// Why.
    pub because: StringLiteral,
    /// Where the code is silenced: the item, statement or route line that follows.
    pub covers: Span,
    /// The place of the whole `allow`.
    pub span: Span,
}

/// A declaration with its documentation.
#[derive(Debug, Clone)]
pub struct DocumentedDeclaration {
    /// The `##` lines above it, without the marks.
    pub docs: Vec<Box<str>>,
    /// The whole declaration, without documentation and `allow`.
    pub span: Span,
    /// What is declared.
    pub kind: Declaration,
    /// Whether part of it did not parse and was left out, so that consequences of its absence are not reported.
    pub broken: bool,
}

/// The declarations.
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
    /// `mute name when … because "…"`
    Mute(Box<Mute>),
    /// `heartbeat name { … }`
    Heartbeat(Heartbeat),
    /// `integration name { … }`
    Integration(Integration),
    /// `test "…" { … }`
    Test(Test),
    /// `prove "…" { … }`
    Prove(Prove),
}
