//! The constraints on one text.

use super::{TheoryAnswer, VariableValue};
use crate::json::Number;
use crate::pattern::language::{SearchLimits, SearchResult, StringSet, TextFunction, conflict, search};
use crate::prove::formula::{Constraint, NumberTest};
use crate::prove::undecided::UndecidedReason;

/// A conflict of more constraints than this is made smaller by leaving out some.
const SMALL_CONFLICT: usize = 2;

/// With more constraints, a conflict stays as it is found.
const MOST_MINIMIZED: usize = 24;

/// A test of the number in a text, which holds or does not.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumberLiteral<'c> {
    pub(super) position: usize,
    pub(super) functions: &'c [TextFunction],
    pub(super) test: NumberTest,
    pub(super) holds: bool,
}

impl NumberLiteral<'_> {
    /// Whether a text meets it.
    pub(super) fn holds_for(&self, text: &str) -> bool {
        number_of(self.functions, text).is_some_and(|number| self.test.holds(number)) == self.holds
    }
}

/// The number that a text holds after some functions.
pub(super) fn number_of(functions: &[TextFunction], text: &str) -> Option<Number> {
    let mut text = std::borrow::Cow::Borrowed(text);
    for function in functions {
        text = std::borrow::Cow::Owned(function.apply(&text));
    }
    text.trim().parse().ok()
}

/// The constraints on a text that is there, each with its position.
pub(super) struct TextSets<'c> {
    pub(super) required: Vec<(usize, &'c StringSet)>,
    pub(super) excluded: Vec<(usize, &'c StringSet)>,
    pub(super) numbers: Vec<NumberLiteral<'c>>,
}

impl<'c> TextSets<'c> {
    pub(super) fn of(literals: &[(&'c Constraint, bool)]) -> Self {
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
                | Constraint::Kind(_)
                | Constraint::NodeNumber(_)
                | Constraint::Written(..)
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

    /// A text of the sets that is in others too, and not in some.
    pub(super) fn search_within(
        &self,
        required: &[StringSet],
        excluded: &[StringSet],
        limits: &SearchLimits,
    ) -> Option<String> {
        match self.result_within(required, excluded, limits) {
            SearchResult::Found(text) => Some(text),
            SearchResult::Empty(_) | SearchResult::LimitReached(_) => None,
        }
    }

    /// Whether no text of the sets is in others too, and not in some.
    pub(super) fn is_empty_within(
        &self,
        required: &[StringSet],
        excluded: &[StringSet],
        limits: &SearchLimits,
    ) -> bool {
        matches!(self.result_within(required, excluded, limits), SearchResult::Empty(_))
    }

    fn result_within(&self, required: &[StringSet], excluded: &[StringSet], limits: &SearchLimits) -> SearchResult {
        let required: Vec<&StringSet> = self.required.iter().map(|(_, set)| *set).chain(required).collect();
        let excluded: Vec<&StringSet> = self.excluded.iter().map(|(_, set)| *set).chain(excluded).collect();
        search(&required, &excluded, limits)
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
