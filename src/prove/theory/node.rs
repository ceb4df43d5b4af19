//! Values of a payload.
//!
//! The kinds of value are tried one after the other, the plainest first. Only strings and numbers have more than one value.

use super::sets::NumberLiteral;
use super::{TheoryAnswer, VariableValue, decimals, minimal, number, text};
use crate::pattern::language::{SearchLimits, StringSet};
use crate::pattern::{Case, MatchScope, RegexPattern};
use crate::prove::formula::{Constraint, NodeKinds, WrittenKind};

/// The kinds in the order in which they are tried, but for strings and numbers, with the value of each.
const PLAIN: [(NodeKinds, VariableValue); 7] = [
    (NodeKinds::ITEMS, VariableValue::Array { is_empty: false }),
    (NodeKinds::MEMBERS, VariableValue::Object { is_empty: false }),
    (NodeKinds::EMPTY_OBJECT, VariableValue::Object { is_empty: true }),
    (NodeKinds::EMPTY_ARRAY, VariableValue::Array { is_empty: true }),
    (NodeKinds::TRUE, VariableValue::Boolean(true)),
    (NodeKinds::FALSE, VariableValue::Boolean(false)),
    (NodeKinds::NULL, VariableValue::Null),
];

/// A value of a payload; none if that is possible.
pub(super) fn decide(literals: &[(&Constraint, bool)], may_be_missing: bool, limits: &SearchLimits) -> TheoryAnswer {
    let all = if may_be_missing { NodeKinds::ALL } else { NodeKinds::MISSING.not() };
    let kinds = kinds(literals.iter(), all);
    if kinds.is_none() {
        return TheoryAnswer::Conflict(minimal(literals.len(), |kept| {
            self::kinds(kept.iter().filter_map(|position| literals.get(*position)), all).is_none()
        }));
    }
    if kinds.overlaps(NodeKinds::MISSING) {
        return TheoryAnswer::Value(VariableValue::Missing);
    }
    let mut undecided = None;
    let mut conflict: Vec<usize> = Vec::new();
    let tries: [(NodeKinds, &dyn Fn() -> TheoryAnswer); 2] =
        [(NodeKinds::TEXT, &|| a_text(literals, limits)), (NodeKinds::NUMBER, &|| a_number(literals))];
    for (kind, attempt) in tries {
        if !kinds.overlaps(kind) {
            continue;
        }
        match attempt() {
            TheoryAnswer::Value(value) => return TheoryAnswer::Value(value),
            TheoryAnswer::Conflict(positions) => conflict.extend(positions),
            TheoryAnswer::Undecided(reason) => undecided = undecided.or(Some(reason)),
        }
    }
    if let Some((_, value)) = PLAIN.into_iter().find(|(kind, _)| kinds.overlaps(*kind)) {
        return TheoryAnswer::Value(value);
    }
    if let Some(reason) = undecided {
        return TheoryAnswer::Undecided(reason);
    }
    conflict
        .extend(literals.iter().enumerate().filter(|(_, literal)| restricts(literal)).map(|(position, _)| position));
    conflict.sort_unstable();
    conflict.dedup();
    TheoryAnswer::Conflict(conflict)
}

/// The JSON of a number, or of an array or an object.
pub(super) fn decide_written(
    literals: &[(&Constraint, bool)],
    kind: WrittenKind,
    limits: &SearchLimits,
) -> TheoryAnswer {
    let domain = match kind {
        WrittenKind::Number => decimals::json_numbers(),
        WrittenKind::Structure => structures(),
    };
    let domain = domain.map(Constraint::InSet);
    let mut all = literals.to_vec();
    all.extend(domain.iter().map(|domain| (domain, true)));
    match text::decide(&all, false, limits) {
        // The domain always holds.
        TheoryAnswer::Conflict(mut positions) => {
            positions.retain(|position| *position < literals.len());
            TheoryAnswer::Conflict(positions)
        }
        answer => answer,
    }
}

/// The texts of arrays and objects, and others.
fn structures() -> Option<StringSet> {
    let regex = RegexPattern::new(r"\[.*\]|\{.*\}", "s", Case::Sensitive).ok()?;
    Some(StringSet::regex(&regex, MatchScope::Whole))
}

/// The kinds that constraints leave.
fn kinds<'l, 'c: 'l>(literals: impl Iterator<Item = &'l (&'c Constraint, bool)>, all: NodeKinds) -> NodeKinds {
    literals.fold(all, |kinds, (constraint, holds)| kinds.and(allowed(constraint, *holds)))
}

/// The kinds of values that may meet a constraint.
fn allowed(constraint: &Constraint, holds: bool) -> NodeKinds {
    match constraint {
        Constraint::Kind(kinds) if holds => *kinds,
        Constraint::Kind(kinds) => kinds.not(),
        Constraint::InSet(_) | Constraint::Number(..) if holds => NodeKinds::TEXT,
        Constraint::NodeNumber(_) if holds => NodeKinds::NUMBER,
        Constraint::InSet(_)
        | Constraint::Number(..)
        | Constraint::NodeNumber(_)
        | Constraint::OneOf(_)
        | Constraint::Missing
        | Constraint::Same(_)
        | Constraint::During(_)
        | Constraint::Order(..)
        | Constraint::At(_)
        | Constraint::NoLabels
        | Constraint::Holds => NodeKinds::ALL,
    }
}

fn restricts((constraint, holds): &(&Constraint, bool)) -> bool {
    allowed(constraint, *holds) != NodeKinds::ALL
}

fn a_text(literals: &[(&Constraint, bool)], limits: &SearchLimits) -> TheoryAnswer {
    let mut kept = Vec::new();
    let mut places = Vec::new();
    for (position, literal) in literals.iter().enumerate() {
        if matches!(literal.0, Constraint::InSet(_) | Constraint::Number(..)) {
            kept.push(*literal);
            places.push(position);
        }
    }
    match text::decide(&kept, false, limits) {
        TheoryAnswer::Conflict(positions) => {
            TheoryAnswer::Conflict(positions.iter().filter_map(|position| places.get(*position)).copied().collect())
        }
        answer => answer,
    }
}

fn a_number(literals: &[(&Constraint, bool)]) -> TheoryAnswer {
    let mut tests = Vec::new();
    for (position, (constraint, holds)) in literals.iter().enumerate() {
        if let Constraint::NodeNumber(test) = constraint {
            tests.push(NumberLiteral { position, functions: &[], test: *test, holds: *holds });
        }
    }
    number::of_payload(tests)
}
