//! Statements about all events that a routing may get.

use super::{ChannelId, Expression, RoutingId};
use crate::source::Span;
use crate::time::Timestamp;

/// `prove "…" { … }`, checked.
#[derive(Debug)]
pub struct Statement {
    /// Its name, plain text.
    pub name: Box<str>,
    /// The place of the name.
    pub span: Span,
    /// The place of the declaration.
    pub item: Span,
    /// The routing that events enter.
    pub routing: RoutingId,
    /// The events that it is about; all where it has none.
    pub when: Option<Expression>,
    /// The time of evaluation; any where it has none.
    pub at: Option<Timestamp>,
    /// What holds for each of the events.
    pub expectations: Vec<StatementExpectation>,
}

/// What holds for each event of a statement.
#[derive(Debug, Clone)]
pub struct StatementExpectation {
    /// What it is.
    pub kind: StatementExpectationKind,
    /// The place of what stands behind `expect`.
    pub span: Span,
}

/// The forms of what holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementExpectationKind {
    /// `sent [..]`: these channels and no others.
    Exactly(Vec<ChannelId>),
    /// `sent includes [..]`: all of these.
    Includes(Vec<ChannelId>),
    /// `sent includes any [..]`: at least one of these.
    Any(Vec<ChannelId>),
    /// `sent excludes [..]`: none of these.
    Excludes(Vec<ChannelId>),
    /// `via path, …`: each of these lines is one that decides.
    Via(Vec<Box<str>>),
    /// `not dropped`: at least one channel.
    NotDropped,
}
