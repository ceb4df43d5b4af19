//! Heartbeats.

use super::{Destination, Expression, Identifier, LabelEntry};
use crate::source::Span;

/// `heartbeat name { … }`
#[derive(Debug, Clone)]
pub struct Heartbeat {
    /// Its name.
    pub name: Identifier,
    /// Its lines in order.
    pub lines: Vec<HeartbeatLine>,
}

/// A line of a heartbeat.
#[derive(Debug, Clone)]
pub struct HeartbeatLine {
    /// Its form.
    pub kind: HeartbeatLineKind,
    /// The whole line.
    pub span: Span,
}

/// The lines of heartbeats.
#[derive(Debug, Clone)]
pub enum HeartbeatLineKind {
    /// `when condition`
    When(Expression),
    /// `by value, …`
    By(Vec<Expression>),
    /// `timeout 5m`, as written.
    Timeout(Identifier),
    /// `severity = …` or `title = …`
    Field(Identifier, Expression),
    /// `labels { … }`
    Labels(Vec<LabelEntry>),
    /// `=> routing name`
    Target(Vec<Destination>),
}
