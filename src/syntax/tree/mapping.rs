//! Mappings.

use super::{Expression, Name, Path, Template, Text};
use crate::source::Span;

/// `mapping name { … }`
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Its name.
    pub name: Name,
    /// Its statements in order.
    pub statements: Vec<Statement>,
}

/// A line of a mapping.
#[derive(Debug, Clone)]
pub struct Statement {
    /// What it says.
    pub kind: StatementKind,
    /// The whole statement.
    pub span: Span,
}

/// The statements of a mapping.
#[derive(Debug, Clone)]
pub enum StatementKind {
    /// `accept when c because "…"`; the reason may be left out.
    Accept(Expression, Option<Template>),
    /// `each path`
    Each(Path),
    /// `let name = value`
    Let(Name, Expression),
    /// `field = value`
    Field(Name, Expression),
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
        except: Vec<Text>,
        /// The whole line.
        span: Span,
    },
    /// `name = value` or `"name" = value`
    Set(Text, Expression),
}
