//! Mappings, tables, defines and schedules, checked.

use super::{EventField, Expression, Literal, Match, NodesPath};
use crate::pattern::Case;
use crate::pattern::Glob;
use crate::source::Span;
use crate::time;
use crate::value::ValueType;
use std::sync::Arc;

/// A mapping.
#[derive(Debug)]
pub struct Mapping {
    /// Its name.
    pub name: Box<str>,
    /// The place of the name.
    pub span: Span,
    /// Conditions over the payload; all must hold.
    pub accept: Vec<AcceptCondition>,
    /// What chooses the elements.
    pub each: Option<NodesPath>,
    /// Lets in order.
    pub lets: Vec<LetBinding>,
    /// Drops in order.
    pub drops: Vec<DropCondition>,
    /// The fields that are set, each at most once.
    pub fields: Vec<(EventField, Expression)>,
    /// Entries of every `labels` block in order.
    pub labels: Vec<LabelEntry>,
}

/// `let name = value`
#[derive(Debug)]
pub struct LetBinding {
    /// Its name.
    pub name: Box<str>,
    /// Its value.
    pub value: Expression,
    /// When it gets its value.
    pub stage: LetStage,
}

/// When a let gets its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetStage {
    /// Once for a payload, before `each`: it reads `$` alone.
    Payload,
    /// For each element.
    Element,
}

/// `accept when c because "…"`
#[derive(Debug)]
pub struct AcceptCondition {
    /// How many of the mapping's lets stand above it.
    pub lets_above: usize,
    /// The condition.
    pub when: Expression,
    /// What a refusal says; without it, the condition speaks for itself.
    pub because: Option<Expression>,
}

/// `drop when c because "…"`
#[derive(Debug)]
pub struct DropCondition {
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
    pub rows: TableRows,
    /// What it may result in.
    pub types: ValueType,
}

/// The rows of a table.
#[derive(Debug)]
pub enum TableRows {
    /// Arms, written in the rules.
    Arms(Match<Expression>),
    /// The rows of a CSV file: a cell is a string, `None` where it is `*`.
    Csv(CsvRows),
}

/// What was read from a CSV file. The first row that fits wins; none gives *missing*.
#[derive(Debug)]
pub struct CsvRows {
    /// Whether letter case counts.
    pub case: Case,
    /// Keys (a cell a parameter: `Any`, `Missing` for an empty cell, or its text) and result.
    pub rows: Vec<(Vec<CsvCell>, Literal)>,
}

/// A key cell of a CSV table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CsvCell {
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
    pub windows: Arc<time::ScheduleWindows>,
}
