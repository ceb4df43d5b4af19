//! The checked rule set: every name resolved, every literal read, every expression typed.
//!
//! `check` makes it, `compile` lowers it, proofs reason over it. Declarations are addressed by their position in the
//! lists of [`Model`]. Whatever could be refused was refused before one of these values exists, so that later stages
//! return no errors.

mod expression;

use crate::channel;
use crate::path::Path;
use crate::pattern::Glob;
use crate::source::Span;
use crate::syntax::tree;
use crate::time;
use crate::value::Type;
use std::path::PathBuf;
use std::sync::Arc;

pub use crate::syntax::tree::{LineKind, Quantifier};
pub use expression::{
    Arm, Comparator, Comparison, Expression, ExpressionKind, Field, Kind, Literal, Match, Part, Pattern,
    Subject,
};

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
