//! Texts that hold numbers.
//!
//! The constants of the tests cut all numbers into cells, whose numbers all tests treat alike. A text that holds no number is
//! one cell more.

use super::text::TextSets;
use super::{TheoryAnswer, VariableValue, minimal};
use crate::json::Number;
use crate::pattern::language::{SearchLimits, StringSet, TextFunction};
use crate::prove::formula::NumberTest;
use crate::prove::undecided::UndecidedReason;
use std::cmp::Ordering;

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

/// A set of numbers that all tests treat alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    /// The text holds no number.
    NoNumber,
    /// At twice the position of a constant and one more, the constant; before it, the numbers between the constants.
    Numbers(usize),
}

/// A text with a number that the tests ask for.
pub(super) fn decide(sets: &TextSets<'_>, limits: &SearchLimits) -> TheoryAnswer {
    let constants = constants(sets);
    let cells: Vec<Cell> =
        std::iter::once(Cell::NoNumber).chain((0..=2 * constants.len()).map(Cell::Numbers)).collect();
    let tests = &sets.numbers;
    // `lower`, `upper` and `trim` give a text with another number only where they make one of a text that had none.
    let is_plain = tests.iter().all(|test| test.functions.is_empty());
    let possible: Vec<Cell> =
        cells.iter().copied().filter(|cell| tests.iter().all(|test| in_cell(test, *cell, &constants))).collect();
    if possible.is_empty() && is_plain {
        let kept = minimal(tests.len(), |kept| {
            cells.iter().all(|cell| {
                !kept.iter().filter_map(|position| tests.get(*position)).all(|test| in_cell(test, *cell, &constants))
            })
        });
        let positions = kept.iter().filter_map(|position| tests.get(*position)).map(|test| test.position);
        return TheoryAnswer::Conflict(positions.collect());
    }
    if let Some(answer) = among_words(sets, limits) {
        return answer;
    }
    for text in possible.iter().flat_map(|cell| spellings(*cell, &constants)) {
        if sets.hold(&text, limits) == Some(true) {
            return TheoryAnswer::Value(VariableValue::Text(text));
        }
    }
    match sets.search(limits) {
        TheoryAnswer::Value(VariableValue::Text(text)) if sets.hold(&text, limits) == Some(true) => {
            TheoryAnswer::Value(VariableValue::Text(text))
        }
        TheoryAnswer::Value(_) | TheoryAnswer::Conflict(_) | TheoryAnswer::Undecided(_) => {
            TheoryAnswer::Undecided(UndecidedReason::NumberAndPattern)
        }
    }
}

/// If only some texts are allowed, each is tried.
fn among_words(sets: &TextSets<'_>, limits: &SearchLimits) -> Option<TheoryAnswer> {
    let words = sets.required.iter().filter_map(|(_, set)| StringSet::words(set)).min_by_key(|words| words.len())?;
    if words.len() > limits.words {
        return None;
    }
    for word in words {
        if sets.hold(word, limits)? {
            return Some(TheoryAnswer::Value(VariableValue::Text(word.to_string())));
        }
    }
    let sets_used = sets.required.iter().chain(&sets.excluded).map(|(position, _)| *position);
    Some(TheoryAnswer::Conflict(sets_used.chain(sets.numbers.iter().map(|number| number.position)).collect()))
}

/// The constants of all tests, in ascending order.
fn constants(sets: &TextSets<'_>) -> Vec<Number> {
    let mut constants: Vec<Number> = sets
        .numbers
        .iter()
        .filter_map(|number| match number.test {
            NumberTest::Any => None,
            NumberTest::Equal(constant) | NumberTest::Order(_, constant) => Some(constant),
        })
        .collect();
    constants.sort_unstable();
    constants.dedup();
    constants
}

/// Whether the texts of a cell meet a test.
fn in_cell(literal: &NumberLiteral<'_>, cell: Cell, constants: &[Number]) -> bool {
    let holds = match cell {
        Cell::NoNumber => false,
        Cell::Numbers(position) => {
            let against = |constant: &Number| -> Option<Ordering> {
                let place = constants.binary_search(constant).ok()?;
                Some(position.cmp(&(2 * place + 1)))
            };
            match &literal.test {
                NumberTest::Any => true,
                NumberTest::Equal(constant) => against(constant) == Some(Ordering::Equal),
                NumberTest::Order(relation, constant) => {
                    against(constant).is_some_and(|ordering| relation.holds(ordering))
                }
            }
        }
    };
    holds == literal.holds
}

/// Texts of a cell, as far as they are easily found.
fn spellings(cell: Cell, constants: &[Number]) -> Vec<String> {
    let Cell::Numbers(position) = cell else { return ["a", "", "x1"].map(str::to_owned).to_vec() };
    let at = position / 2;
    if position % 2 == 1 {
        return constants.get(at).map(ToString::to_string).into_iter().collect();
    }
    let before = at.checked_sub(1).and_then(|before| constants.get(before));
    let after = constants.get(at);
    let candidates: Vec<Number> = match (before, after) {
        (None, None) => vec![Number::from(1_u64)],
        (Some(before), None) => whole_numbers(before.float() + 1.0, before.float() * 2.0),
        (None, Some(after)) => whole_numbers(after.float() - 1.0, after.float() * 2.0),
        (Some(before), Some(after)) => {
            let middle = before.float() / 2.0 + after.float() / 2.0;
            let mut all = whole_numbers(middle, before.float() + 1.0);
            all.push(Number::Float(middle));
            all.extend(neighbours(*before, *after));
            all
        }
    };
    let is_within =
        |number: &Number| before.is_none_or(|before| number > before) && after.is_none_or(|after| number < after);
    candidates.into_iter().filter(is_within).map(|number| number.to_string()).collect()
}

fn whole_numbers(one: f64, two: f64) -> Vec<Number> {
    let mut all = Vec::new();
    for float in [one.floor(), one.ceil(), two.floor(), two.ceil()] {
        if float.is_finite() {
            let number = Number::Float(float);
            // A whole number is written without a fraction.
            let whole = number.integer().and_then(|integer| integer.to_string().parse().ok());
            all.push(whole.unwrap_or(number));
        }
    }
    all
}

/// The whole numbers beside two others, past what floats count.
fn neighbours(before: Number, after: Number) -> Vec<Number> {
    let next = before.integer().map(|integer| integer + 1);
    let previous = after.integer().map(|integer| integer - 1);
    next.into_iter().chain(previous).filter_map(|integer| integer.to_string().parse().ok()).collect()
}
