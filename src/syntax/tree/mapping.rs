//! Mappings.

use super::{Expression, Identifier, StringLiteral, Template};
use crate::source::Span;

/// `mapping name { … }`
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Its name.
    pub name: Identifier,
    /// Its statements in order.
    pub statements: Vec<MappingStatement>,
}

/// A line of a mapping.
#[derive(Debug, Clone)]
pub struct MappingStatement {
    /// Its form.
    pub kind: MappingStatementKind,
    /// The whole statement.
    pub span: Span,
}

/// The statements of a mapping.
#[derive(Debug, Clone)]
pub enum MappingStatementKind {
    /// `accept when c because "…"`; the reason may be left out.
    Accept(Expression, Option<Template>),
    /// `each path`: a path, or a path over a let or a call (check refuses anything else).
    Each(Expression),
    /// `let name = value`
    Let(Identifier, Expression),
    /// `field = value`
    Field(Identifier, Expression),
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
        except: Vec<StringLiteral>,
        /// The whole line.
        span: Span,
    },
    /// `name = value` or `"name" = value`
    Set(StringLiteral, Expression),
}
