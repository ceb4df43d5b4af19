//! Texts that hold numbers.
//!
//! The constants of the tests cut all numbers into cells, whose numbers all tests treat alike. A text that holds no number is
//! one cell more.

use super::decimals::{self, NumberSign};
use super::sets::{NumberLiteral, TextSets};
use super::{TheoryAnswer, VariableValue, minimal};
use crate::json::Number;
use crate::pattern::language::{SearchLimits, StringSet, TextFunction};
use crate::prove::formula::NumberTest;
use crate::prove::undecided::UndecidedReason;
use std::cmp::Ordering;

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
    by_forms(sets, &possible, &constants, limits)
}

/// A number that the tests ask for.
pub(super) fn of_payload(tests: Vec<NumberLiteral<'_>>) -> TheoryAnswer {
    let sets = TextSets { required: Vec::new(), excluded: Vec::new(), numbers: tests };
    let constants = constants(&sets);
    let cells: Vec<Cell> = (0..=2 * constants.len()).map(Cell::Numbers).collect();
    let tests = &sets.numbers;
    let is_allowed = |cell: &Cell, kept: &[usize]| {
        kept.iter().filter_map(|position| tests.get(*position)).all(|test| in_cell(test, *cell, &constants))
    };
    let all: Vec<usize> = (0..tests.len()).collect();
    let possible: Vec<Cell> = cells.iter().copied().filter(|cell| is_allowed(cell, &all)).collect();
    if possible.is_empty() {
        let kept = minimal(tests.len(), |kept| !cells.iter().any(|cell| is_allowed(cell, kept)));
        return TheoryAnswer::Conflict(
            kept.iter().filter_map(|position| tests.get(*position)).map(|test| test.position).collect(),
        );
    }
    let numbers = possible.iter().flat_map(|cell| spellings(*cell, &constants)).filter_map(|text| text.parse().ok());
    let meets = |number: &Number| tests.iter().all(|test| test.test.holds(*number) == test.holds);
    match numbers.into_iter().find(meets) {
        Some(number) => TheoryAnswer::Value(VariableValue::Number(number)),
        None => TheoryAnswer::Undecided(UndecidedReason::NumberAndPattern),
    }
}

/// Looks for numbers of many forms, each as a set of texts. If not even all texts of all numbers that the tests allow meet the
/// other constraints, there is none.
fn by_forms(sets: &TextSets<'_>, possible: &[Cell], constants: &[Number], limits: &SearchLimits) -> TheoryAnswer {
    let undecided = TheoryAnswer::Undecided(UndecidedReason::NumberAndPattern);
    let Some(first) = sets.numbers.first() else { return undecided };
    // Numbers of one text after different functions are not compared.
    if sets.numbers.iter().any(|number| number.functions != first.functions) {
        return undecided;
    }
    let functions = first.functions;
    let mut is_possible = false;
    for cell in possible {
        let (certain, all) = forms(*cell, constants, functions);
        for form in &certain {
            if let Some(text) = sets.search_within(&form.0, &form.1, limits)
                && sets.hold(&text, limits) == Some(true)
            {
                return TheoryAnswer::Value(VariableValue::Text(text));
            }
        }
        is_possible |= all.is_none_or(|all| !sets.is_empty_within(&all.0, &all.1, limits));
    }
    if is_possible {
        return undecided;
    }
    let positions = sets.required.iter().chain(&sets.excluded).map(|(position, _)| *position);
    TheoryAnswer::Conflict(positions.chain(sets.numbers.iter().map(|number| number.position)).collect())
}

/// Sets that a text must be in, and sets that it must not be in.
type Form = (Vec<StringSet>, Vec<StringSet>);

/// Some texts of a cell, and a set that has all of them.
fn forms(cell: Cell, constants: &[Number], functions: &[TextFunction]) -> (Vec<Form>, Option<Form>) {
    let required = |set: StringSet| (vec![set], Vec::new());
    let Cell::Numbers(position) = cell else {
        let no_number = decimals::numbers(NumberSign::Any, functions).map(|set| (Vec::new(), vec![set]));
        let all = decimals::plain_numbers(functions).map(|set| (Vec::new(), vec![set]));
        return (no_number.into_iter().collect(), all);
    };
    let at = position / 2;
    let before = at.checked_sub(1).and_then(|before| constants.get(before)).copied();
    let after = constants.get(at).copied();
    let zero = Number::from(0_u64);
    let (certain, sign) = if position % 2 == 1 {
        let Some(number) = after else { return (Vec::new(), None) };
        let sign = if number < zero { NumberSign::Negative } else { NumberSign::Positive };
        (decimals::equal(number, functions).into_iter().collect(), sign)
    } else {
        let sign = match (before, after) {
            (Some(before), _) if before >= zero => NumberSign::Positive,
            (_, Some(after)) if after <= zero => NumberSign::Negative,
            _ => NumberSign::Any,
        };
        (decimals::between(before, after, functions), sign)
    };
    (certain.into_iter().map(required).collect(), decimals::numbers(sign, functions).map(required))
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
