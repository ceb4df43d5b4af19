//! Severities and statuses.

use super::{TheoryAnswer, VariableValue, minimal};
use crate::prove::formula::Constraint;

/// The first constant, in an order of preference, that meets all constraints.
pub(super) fn decide(literals: &[(&Constraint, bool)], count: usize, preferred: &[usize]) -> TheoryAnswer {
    let masks: Vec<u8> = literals.iter().map(|(constraint, holds)| mask(constraint, *holds)).collect();
    let all = (1_u8 << count) - 1;
    let allowed = masks.iter().fold(all, |allowed, mask| allowed & mask);
    if let Some(position) = preferred.iter().copied().find(|position| allowed >> position & 1 == 1) {
        return TheoryAnswer::Value(VariableValue::Constant(position));
    }
    TheoryAnswer::Conflict(minimal(masks.len(), |kept| {
        kept.iter().filter_map(|position| masks.get(*position)).fold(all, |allowed, mask| allowed & mask) == 0
    }))
}

fn mask(constraint: &Constraint, holds: bool) -> u8 {
    match constraint {
        Constraint::OneOf(mask) if holds => *mask,
        Constraint::OneOf(mask) => !mask,
        Constraint::Missing
        | Constraint::InSet(_)
        | Constraint::Number(..)
        | Constraint::Same(_)
        | Constraint::During(_)
        | Constraint::Order(..)
        | Constraint::At(_)
        | Constraint::Kind(_)
        | Constraint::NodeNumber(_)
        | Constraint::Written(..)
        | Constraint::Holds => u8::MAX,
    }
}
