//! Conditions by their logical operators: every analysis of conditions looks at them through [`Condition`].

use super::{Comparison, DefineId, Expression, ExpressionKind};
use std::slice;

/// What a condition consists of.
#[derive(Debug, Clone, Copy)]
pub enum Condition<'m> {
    /// All hold.
    And(&'m [Expression]),
    /// At least one holds.
    Or(&'m [Expression]),
    /// It does not hold.
    Not(&'m Expression),
    /// A comparison.
    Compare(&'m Comparison),
    /// A define.
    Define(DefineId),
    /// A value that has to be true.
    Value,
}

impl Expression {
    /// The expression as a condition.
    #[must_use]
    pub fn condition(&self) -> Condition<'_> {
        match &self.kind {
            ExpressionKind::And(parts) => Condition::And(parts),
            ExpressionKind::Or(parts) => Condition::Or(parts),
            ExpressionKind::Not(inner) => Condition::Not(inner),
            ExpressionKind::Compare(comparison) => Condition::Compare(comparison),
            ExpressionKind::Define(id) => Condition::Define(*id),
            ExpressionKind::Literal(_)
            | ExpressionKind::Template(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::Nodes(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Let(_)
            | ExpressionKind::Field(_)
            | ExpressionKind::Label(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Request(_)
            | ExpressionKind::Group(_)
            | ExpressionKind::Navigate(..)
            | ExpressionKind::Call(..)
            | ExpressionKind::Lookup(..)
            | ExpressionKind::Coalesce(_)
            | ExpressionKind::Match(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Object(_) => Condition::Value,
        }
    }

    /// The parts of a conjunction; of any other condition, the condition itself.
    #[must_use]
    pub fn conjuncts(&self) -> &[Self] {
        if let Condition::And(parts) = self.condition() { parts } else { slice::from_ref(self) }
    }
}
