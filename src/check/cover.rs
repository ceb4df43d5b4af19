//! Whether the arms of a match cover every value, and whether each arm can be chosen.
//!
//! Every column is cut into atoms: the constants of its type, the literals that its arms name, the points and gaps of
//! the numbers that they compare with, one atom for the strings of each opaque test (`like`, `finds`, …), and one for
//! all that nothing names. Each pattern is then a set of atoms, and one walk over the arms, column by column, finds
//! both the atoms that no arm takes and the arms that take none. The analysis is never wrong: a reported arm can never
//! be chosen, and a match that passes covers every value. It may miss an arm that can never be chosen, or ask for an
//! `else` that is not needed. The walk has a limit of work. Past it, `else` is required, and only arms that repeat an
//! earlier one are reported.

mod column;
mod notation;
mod report;
mod search;
mod string_test;
#[cfg(test)]
mod tests;

use crate::diagnostic::Findings;
use crate::model;
use crate::pattern::Case;
use crate::source::Span;
use crate::value::ValueType;
use column::PatternColumn;
use search::{PatternCell, PatternRow};

crate::codes! {
    UNCOVERED = "E0080", "values that no arm covers";
    NEVER_CHOSEN = "E0081", "arm that can never be chosen";
}

/// An arm without its result.
#[derive(Debug, Clone)]
pub(crate) struct ArmPatterns {
    /// One entry a column, each with its alternatives; empty for `else`.
    pub(crate) columns: Vec<Vec<model::Pattern>>,
    /// What chooses it.
    pub(crate) kind: ArmKind,
    /// Its place.
    pub(crate) span: Span,
}

/// What chooses an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArmKind {
    /// Patterns.
    Patterns,
    /// `else`: no other arm fits.
    Else,
}

/// Reports the values that no arm covers at `place`, and arms and alternatives that can never be chosen at theirs.
/// `columns` are the types of the subjects. Nothing is reported where a subject or an arm is broken.
pub(crate) fn check_arms(
    columns: &[ValueType],
    case: Case,
    arms: &[ArmPatterns],
    place: Span,
    diagnostics: &mut Findings,
) {
    let is_complete = |arm: &ArmPatterns| arm.kind == ArmKind::Else || arm.columns.len() == columns.len();
    if columns.is_empty() || columns.iter().any(|types| is_broken(*types)) || !arms.iter().all(is_complete) {
        return;
    }
    let columns: Vec<PatternColumn> = columns
        .iter()
        .enumerate()
        .map(|(at, types)| PatternColumn::new(*types, case, arms.iter().filter_map(|arm| arm.columns.get(at))))
        .collect();
    let rows: Vec<PatternRow> = arms.iter().map(|arm| row(&columns, arm)).collect();
    let found = search::search(&columns, &rows);
    report::report(&columns, &rows, arms, &found, place, diagnostics);
}

fn is_broken(types: ValueType) -> bool {
    types == ValueType::NEVER
        || types.overlaps(ValueType::UNKNOWN | ValueType::NODES | ValueType::REGEX | ValueType::SECRET)
}

fn row(columns: &[PatternColumn], arm: &ArmPatterns) -> PatternRow {
    if arm.kind == ArmKind::Else {
        return columns.iter().map(|column| PatternCell::new(vec![column.all()], column)).collect();
    }
    let cell = |(column, alternatives): (&PatternColumn, &Vec<model::Pattern>)| {
        PatternCell::new(alternatives.iter().map(|pattern| column.set(pattern)).collect(), column)
    };
    columns.iter().zip(&arm.columns).map(cell).collect()
}
