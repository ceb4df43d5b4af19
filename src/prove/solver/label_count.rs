//! How many labels an event has decides about each label, and the other way round.

use super::{AtomLiterals, Solution};
use crate::json::Number;
use crate::model::EventField;
use crate::prove::formula::{Constraint, FormulaAtom, Formulas, NumberTest, Variable, VariableId};
use crate::prove::theory::{VariableValue, needs_value};

/// How many labels an event has at most that proofs look for.
pub(super) const MOST_LABELS: u64 = 1_000;

/// What the conditions on the number of labels say.
pub(super) enum LabelCount {
    /// The event needs so many labels besides those of its solution.
    Further(usize),
    /// Atoms that no event meets together.
    Conflict(AtomLiterals),
    /// Only an event of very many labels may meet these atoms.
    Undecided(AtomLiterals),
}

/// Compares how many labels a solution has with how many it may have.
pub(super) fn count_labels(formulas: &Formulas, literals: &[(FormulaAtom, bool)], solution: &Solution) -> LabelCount {
    let tests: Vec<((FormulaAtom, bool), NumberTest)> =
        literals.iter().filter_map(|literal| Some((*literal, count_test(formulas, literal.0)?))).collect();
    if tests.is_empty() {
        return LabelCount::Further(0);
    }
    let present: Vec<VariableId> = present_labels(formulas, solution).collect();
    let is_allowed = |count: u64| tests.iter().all(|((_, holds), test)| test.holds(Number::from(count)) == *holds);
    let counted: AtomLiterals = tests.iter().map(|(literal, _)| *literal).collect();
    let fewest = number_of(present.len());
    // Between two constants all numbers are alike: the first of them stands for all.
    let firsts = tests.iter().flat_map(|(_, test)| first_counts(*test)).chain([fewest]);
    match firsts.filter(|count| *count >= fewest && is_allowed(*count)).min() {
        Some(count) if count <= MOST_LABELS.max(fewest) => {
            return LabelCount::Further(usize::try_from(count - fewest).unwrap_or(usize::MAX));
        }
        Some(_) => return LabelCount::Undecided(counted),
        None => {}
    }
    // One label more than the largest number that is allowed explains the conflict.
    let needed = (0..present.len()).rev().find(|count| is_allowed(number_of(*count))).map_or(0, |allowed| allowed + 1);
    let asking: Option<AtomLiterals> =
        present.iter().take(needed).map(|label| asking_literal(formulas, literals, *label)).collect();
    LabelCount::Conflict(match asking {
        Some(asking) => counted.into_iter().chain(asking).collect(),
        // Without such an atom a value comes from a join; all atoms are then named.
        None => literals.to_vec(),
    })
}

/// The constant of a test and the number after it, as far as they are numbers of labels.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float to an integer saturates, and no event has so many labels"
)]
fn first_counts(test: NumberTest) -> [u64; 2] {
    let (NumberTest::Equal(constant) | NumberTest::Order(_, constant)) = test else { return [0; 2] };
    let first = match constant {
        Number::Negative(_) => return [0; 2],
        Number::Natural(first) => first,
        Number::Float(float) => float.floor() as u64,
    };
    [first, first.saturating_add(1)]
}

fn number_of(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// What an atom says of the number of labels.
fn count_test(formulas: &Formulas, atom: FormulaAtom) -> Option<NumberTest> {
    match (formulas.variable(atom.variable)?, formulas.constraint(atom.constraint)?) {
        (Variable::Field(EventField::Labels), Constraint::Number(_, test)) => Some(*test),
        _ => None,
    }
}

fn present_labels<'a>(formulas: &'a Formulas, solution: &'a Solution) -> impl Iterator<Item = VariableId> + 'a {
    let is_label = |variable: VariableId| matches!(formulas.variable(variable), Some(Variable::Label(_)));
    let present = solution.values.iter().filter(|(_, value)| **value != VariableValue::Missing);
    present.map(|(variable, _)| *variable).filter(move |variable| is_label(*variable))
}

/// An atom that asks for a value of a label.
fn asking_literal(
    formulas: &Formulas,
    literals: &[(FormulaAtom, bool)],
    label: VariableId,
) -> Option<(FormulaAtom, bool)> {
    let asks = |(atom, holds): &&(FormulaAtom, bool)| {
        let constraint = formulas.constraint(atom.constraint);
        (atom.variable == label || matches!(constraint, Some(Constraint::Same(other)) if *other == label))
            && constraint.is_some_and(|constraint| needs_value(constraint, *holds))
    };
    literals.iter().find(asks).copied()
}
