//! Statements to prove.

use super::{Expectation, Expression, Identifier, StringLiteral, TestSubject, TestTime};
use crate::source::Span;

/// `prove "name" { … }`
#[derive(Debug, Clone)]
pub struct Prove {
    /// Its name, plain text.
    pub name: StringLiteral,
    /// Its lines in order.
    pub statements: Vec<ProveStatement>,
}

/// A line of a `prove`.
#[derive(Debug, Clone)]
pub struct ProveStatement {
    /// Its form.
    pub kind: ProveStatementKind,
    /// The whole line.
    pub span: Span,
}

/// The lines of a `prove`.
#[derive(Debug, Clone)]
pub enum ProveStatementKind {
    /// `routing main`; `check` refuses other subjects
    Subject(TestSubject, Identifier),
    /// `when CONDITION`
    When(Box<Expression>),
    /// `at 2026-03-07T02:00:00+08:00`; `check` refuses holes
    At(TestTime),
    /// `expect …`; `check` refuses what is not about routing
    Expect(Expectation),
}
