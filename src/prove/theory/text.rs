//! Texts: labels, and fields of the event that are strings.

use super::number;
use super::sets::TextSets;
use super::{TheoryAnswer, VariableValue, needs_value};
use crate::pattern::language::SearchLimits;
use crate::prove::formula::Constraint;

/// No text if that is possible, or else a readable one.
pub(super) fn decide(literals: &[(&Constraint, bool)], may_be_missing: bool, limits: &SearchLimits) -> TheoryAnswer {
    let present = literals.iter().position(|(constraint, holds)| needs_value(constraint, *holds));
    let missing = literals.iter().position(|(constraint, holds)| **constraint == Constraint::Missing && *holds);
    match (missing, present) {
        (Some(missing), Some(present)) => return TheoryAnswer::Conflict(vec![missing, present]),
        (Some(missing), None) if !may_be_missing => return TheoryAnswer::Conflict(vec![missing]),
        (Some(_), None) => return TheoryAnswer::Value(VariableValue::Missing),
        (None, None) if may_be_missing => return TheoryAnswer::Value(VariableValue::Missing),
        (None, _) => {}
    }
    let sets = TextSets::of(literals);
    let answer = sets.search(limits);
    let answer = if sets.numbers.is_empty() || !matches!(answer, TheoryAnswer::Value(_)) {
        answer
    } else {
        number::decide(&sets, limits)
    };
    with_presence(answer, literals, present.filter(|_| may_be_missing))
}

/// A conflict that needs a text names the constraint that asks for one.
fn with_presence(answer: TheoryAnswer, literals: &[(&Constraint, bool)], present: Option<usize>) -> TheoryAnswer {
    let TheoryAnswer::Conflict(mut conflict) = answer else { return answer };
    let needs =
        |position: &usize| literals.get(*position).is_some_and(|(constraint, holds)| needs_value(constraint, *holds));
    if let Some(present) = present
        && !conflict.iter().any(needs)
    {
        conflict.push(present);
    }
    TheoryAnswer::Conflict(conflict)
}
