//! Whether the arms of a match cover every value, and whether each arm can be chosen.
//!
//! Every column is cut into atoms: the constants of its type, the literals that its arms name, the points and gaps of
//! the numbers that they compare with, one atom for the strings of each opaque test (`like`, `finds`, …), and one for
//! all that nothing names. Each pattern is then a set of atoms, and one walk over the arms, column by column, finds both
//! the atoms that no arm takes and the arms that take none. The cutting errs on one side only: an arm that is reported
//! can truly never be chosen, and a match that passes truly covers every value. The walk has a limit of work; past it,
//! `else` is asked for, and only arms that repeat an earlier one are reported.

mod column;
mod notation;
mod report;
mod search;
mod string_test;
#[cfg(test)]
mod tests;

use crate::diagnostic::Diagnostic;
use crate::model;
use crate::source::Span;
use crate::value::ValueType;
use column::PatternColumn;
use search::{PatternCell, PatternRow};

crate::codes! {
    UNCOVERED = "E0080", "values that no arm covers";
    NEVER_CHOSEN = "E0081", "arm that can never be chosen";
}

/// An arm as it is handed over: its columns, whether it is `else`, and its place.
pub(crate) type ArmPatterns = (Vec<Vec<model::Pattern>>, bool, Span);

/// Reports the values that no arm covers at `place`, and arms and alternatives that can never be chosen at theirs.
/// `columns` are the types of the subjects. Nothing is said where a subject or the shape of an arm is broken.
pub(crate) fn check_arms(
    columns: &[ValueType],
    ignore_case: bool,
    arms: &[ArmPatterns],
    place: Span,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let shapely = |(cells, is_else, _): &ArmPatterns| *is_else || cells.len() == columns.len();
    if columns.is_empty() || columns.iter().any(|types| is_broken(*types)) || !arms.iter().all(shapely) {
        return;
    }
    let columns: Vec<PatternColumn> = columns
        .iter()
        .enumerate()
        .map(|(at, types)| {
            PatternColumn::new(*types, ignore_case, arms.iter().filter_map(|(cells, ..)| cells.get(at)))
        })
        .collect();
    let rows: Vec<PatternRow> =
        arms.iter().map(|(cells, is_else, _)| row(&columns, cells, *is_else)).collect();
    let found = search::search(&columns, &rows);
    report::report(&columns, &rows, arms, &found, place, diagnostics);
}

fn is_broken(types: ValueType) -> bool {
    types == ValueType::NEVER
        || types.overlaps(ValueType::UNKNOWN | ValueType::NODES | ValueType::REGEX | ValueType::SECRET)
}

fn row(columns: &[PatternColumn], cells: &[Vec<model::Pattern>], is_else: bool) -> PatternRow {
    if is_else {
        return columns.iter().map(|column| PatternCell::new(vec![column.all()], column)).collect();
    }
    let cell = |(column, alternatives): (&PatternColumn, &Vec<model::Pattern>)| {
        PatternCell::new(alternatives.iter().map(|pattern| column.set(pattern)).collect(), column)
    };
    columns.iter().zip(cells).map(cell).collect()
}
