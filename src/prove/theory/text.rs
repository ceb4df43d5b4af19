//! Texts: labels, and fields of the event that are strings.

use super::number::{self, NumberLiteral};
use super::{TheoryAnswer, VariableValue, needs_value};
use crate::pattern::language::{SearchLimits, SearchResult, StringSet, conflict, search};
use crate::prove::formula::Constraint;
use crate::prove::undecided::UndecidedReason;

/// A conflict of more constraints than this is made smaller by leaving out some.
const SMALL_CONFLICT: usize = 2;

/// With more constraints, a conflict stays as it is found.
const MOST_MINIMIZED: usize = 24;

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

/// The constraints on a text that is there, each with its position.
pub(super) struct TextSets<'c> {
    pub(super) required: Vec<(usize, &'c StringSet)>,
    pub(super) excluded: Vec<(usize, &'c StringSet)>,
    pub(super) numbers: Vec<NumberLiteral<'c>>,
}

impl<'c> TextSets<'c> {
    fn of(literals: &[(&'c Constraint, bool)]) -> Self {
        let mut sets = Self { required: Vec::new(), excluded: Vec::new(), numbers: Vec::new() };
        for (position, (constraint, holds)) in literals.iter().enumerate() {
            match constraint {
                Constraint::InSet(set) if *holds => sets.required.push((position, set)),
                Constraint::InSet(set) => sets.excluded.push((position, set)),
                Constraint::Number(functions, test) => {
                    sets.numbers.push(NumberLiteral { position, functions, test: *test, holds: *holds });
                }
                Constraint::OneOf(_)
                | Constraint::Missing
                | Constraint::Same(_)
                | Constraint::During(_)
                | Constraint::Order(..)
                | Constraint::At(_)
                | Constraint::NoLabels
                | Constraint::Holds => {}
            }
        }
        sets
    }

    /// A text of the sets, whatever number it holds.
    pub(super) fn search(&self, limits: &SearchLimits) -> TheoryAnswer {
        let required: Vec<&StringSet> = self.required.iter().map(|(_, set)| *set).collect();
        let excluded: Vec<&StringSet> = self.excluded.iter().map(|(_, set)| *set).collect();
        let mut found = match search(&required, &excluded, limits) {
            SearchResult::Found(text) => return TheoryAnswer::Value(VariableValue::Text(text)),
            SearchResult::LimitReached(limit) => return TheoryAnswer::Undecided(UndecidedReason::Search(limit)),
            SearchResult::Empty(found) => found,
        };
        let count = found.required.len() + found.excluded.len();
        if count > SMALL_CONFLICT && count <= MOST_MINIMIZED {
            let some_required: Vec<&StringSet> = chosen(&required, &found.required);
            let some_excluded: Vec<&StringSet> = chosen(&excluded, &found.excluded);
            if let Some(smaller) = conflict(&some_required, &some_excluded, limits) {
                found.required = chosen(&found.required, &smaller.required);
                found.excluded = chosen(&found.excluded, &smaller.excluded);
            }
        }
        let required = found.required.iter().filter_map(|position| self.required.get(*position));
        let excluded = found.excluded.iter().filter_map(|position| self.excluded.get(*position));
        TheoryAnswer::Conflict(required.chain(excluded).map(|(position, _)| *position).collect())
    }

    /// Whether a text meets all constraints. None if a limit is reached.
    pub(super) fn hold(&self, text: &str, limits: &SearchLimits) -> Option<bool> {
        if !self.numbers.iter().all(|number| number.holds_for(text)) {
            return Some(false);
        }
        for (_, set) in &self.required {
            if !set.holds(text, limits).ok()? {
                return Some(false);
            }
        }
        for (_, set) in &self.excluded {
            if set.holds(text, limits).ok()? {
                return Some(false);
            }
        }
        Some(true)
    }
}

/// The elements at some positions.
fn chosen<T: Copy>(all: &[T], positions: &[usize]) -> Vec<T> {
    positions.iter().filter_map(|position| all.get(*position)).copied().collect()
}
