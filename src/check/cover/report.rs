//! What the walk found, as diagnostics.

use super::column::{AtomSet, PatternColumn, holds};
use super::search::{AlternativePosition, ArmCoverage, PatternRow, is_total};
use super::{ArmKind, ArmPatterns, NEVER_CHOSEN, UNCOVERED, notation};
use crate::diagnostic::{Diagnostic, Findings};
use crate::model::{Comparator, Literal, Pattern};
use crate::source::Span;
use std::collections::HashMap;

/// How many comparisons of arms may be spent on finding the covering arms. Past it, dead arms are reported without one.
const MAX_COMPARISONS: usize = 1_000_000;
/// Values that a message names.
const MAX_VALUES: usize = 4;

/// Reports uncovered values and dead arms.
pub(super) fn report(
    columns: &[PatternColumn],
    rows: &[PatternRow],
    arms: &[ArmPatterns],
    found: &ArmCoverage,
    place: Span,
    diagnostics: &mut Findings,
) {
    // An alternative that accepts nothing of its column has a wrong type, which is reported elsewhere.
    let foreign = arms.iter().zip(rows).any(|(arm, row)| has_foreign(arm, row));
    if !foreign && (!found.witnesses.is_empty() || (found.given_up && !rows.iter().any(is_total))) {
        diagnostics.push(uncovered(columns, found, place));
    }
    let mut takers = CoveringRows::new(rows);
    for (at, (arm, row)) in arms.iter().zip(rows).enumerate() {
        // What an alternative without atoms accepts is unknown, or nothing.
        if row.iter().any(|cell| cell.alternatives.iter().any(Vec::is_empty)) {
            continue;
        }
        let wanted: Vec<Vec<&AtomSet>> = row.iter().map(|cell| cell.alternatives.iter().collect()).collect();
        if found.given_up {
            let taker = takers.equal_or_total(at);
            diagnostics.extend(taker.map(|taker| dead_arm(arms, arm, Some(taker))));
        } else if !found.is_chosen(at) {
            let taker = takers.equal_or_total(at).or_else(|| takers.covering(at, &wanted));
            diagnostics.push(dead_arm(arms, arm, taker));
        } else {
            dead_alternatives(arm, arms, row, at, found, &mut takers, diagnostics);
        }
    }
}

fn has_foreign(arm: &ArmPatterns, row: &PatternRow) -> bool {
    arm.columns.iter().zip(row).any(|(patterns, cell)| {
        patterns.iter().zip(&cell.alternatives).any(|(pattern, set)| set.is_empty() && is_written_out(pattern))
    })
}

/// Whether all operands of a pattern are constants.
fn is_written_out(pattern: &Pattern) -> bool {
    pattern.test().is_none_or(|(test, _)| test.operands().iter().all(|value| value.literal().is_some()))
}

fn uncovered(columns: &[PatternColumn], found: &ArmCoverage, place: Span) -> Diagnostic {
    let mut values: Vec<String> = Vec::new();
    for value in found.witnesses.iter().flat_map(|witness| notation::value(columns, witness)) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    if values.is_empty() {
        return Diagnostic::new(&UNCOVERED, place, "the arms are too many to tell whether they cover every value")
            .label("does not end in `else`")
            .help("end with `else => …`");
    }
    let more = found.has_more_witnesses || found.given_up || values.len() > MAX_VALUES;
    values.truncate(MAX_VALUES);
    let single = if more { None } else { values.iter().all(|value| value.starts_with('`')).then(|| values.clone()) };
    let mut listed = values.join(", ");
    if more {
        listed.push_str(", …");
    }
    let diagnostic = Diagnostic::new(&UNCOVERED, place, format!("no arm covers {listed}"))
        .label("must cover every value, or end in `else`");
    match single {
        Some(patterns) if columns.len() == 1 && patterns.len() <= 2 => {
            let arm: Vec<&str> = patterns.iter().map(|pattern| pattern.trim_matches('`')).collect();
            diagnostic.help(format!("add the arm `{} => …`, or end with `else => …`", arm.join(" | ")))
        }
        Some(_) | None => diagnostic.help("end with `else => …`"),
    }
}

fn dead_arm(arms: &[ArmPatterns], arm: &ArmPatterns, taker: Option<usize>) -> Diagnostic {
    let name = match arm.kind {
        ArmKind::Else => "`else`".to_owned(),
        ArmKind::Patterns => arm_name(&arm.columns),
    };
    let earlier = taker.and_then(|taker| arms.get(taker));
    let diagnostic = Diagnostic::new(&NEVER_CHOSEN, arm.span, format!("{name} can never be chosen"));
    let diagnostic = match earlier {
        Some(ArmPatterns { kind: ArmKind::Else, span, .. }) => {
            diagnostic.label("stands after `else`").related(*span, "`else` takes whatever is left")
        }
        Some(ArmPatterns { kind: ArmKind::Patterns, span, .. }) => {
            diagnostic.label("an earlier arm takes what this one fits").related(*span, "this arm takes it")
        }
        None => diagnostic.label("the arms before it take everything that it fits"),
    };
    let diagnostic = match earlier.and_then(|earlier| same_but_for_case(&earlier.columns, &arm.columns)) {
        Some(note) => diagnostic.note(note),
        None => diagnostic,
    };
    diagnostic.suggest("remove the arm, or move it up", arm.span, "")
}

fn arm_name(cells: &[Vec<Pattern>]) -> String {
    let cell = |alternatives: &Vec<Pattern>| {
        let all: Option<Vec<String>> = alternatives.iter().map(notation::pattern).collect();
        all.map(|all| all.join(" | "))
    };
    let all: Option<Vec<String>> = cells.iter().map(cell).collect();
    let joined = all.map(|all| all.join(", ")).filter(|joined| joined.len() <= 80);
    joined.map_or_else(|| "this arm".to_owned(), |joined| format!("the arm `{joined}`"))
}

fn dead_alternatives(
    arm: &ArmPatterns,
    arms: &[ArmPatterns],
    row: &PatternRow,
    at: usize,
    found: &ArmCoverage,
    takers: &mut CoveringRows<'_>,
    diagnostics: &mut Findings,
) {
    for (column, (patterns, cell)) in arm.columns.iter().zip(row).enumerate() {
        let alternatives = patterns.iter().zip(&cell.alternatives);
        for (alternative, (pattern, set)) in alternatives.clone().enumerate() {
            if found.is_used(AlternativePosition { row: at, column, alternative }) || set.is_empty() {
                continue;
            }
            let in_arm =
                alternatives.clone().take(alternative).find(|(_, other)| holds(other, set)).map(|(pattern, _)| pattern);
            let wanted = narrowed(row, column, set);
            let taker = if in_arm.is_some() { None } else { takers.covering(at, &wanted) };
            let taker = taker.and_then(|taker| arms.get(taker));
            diagnostics.push(dead_alternative(arm, pattern, in_arm, taker, column));
        }
    }
}

fn narrowed<'r>(row: &'r PatternRow, column: usize, set: &'r AtomSet) -> Vec<Vec<&'r AtomSet>> {
    let cells = row.iter().enumerate();
    cells.map(|(at, cell)| if at == column { vec![set] } else { cell.alternatives.iter().collect() }).collect()
}

fn dead_alternative(
    arm: &ArmPatterns,
    pattern: &Pattern,
    in_arm: Option<&Pattern>,
    taker: Option<&ArmPatterns>,
    column: usize,
) -> Diagnostic {
    let span = span_of(pattern).unwrap_or(arm.span);
    let name = notation::pattern(pattern).map_or_else(|| "this alternative".to_owned(), |words| format!("`{words}`"));
    let diagnostic = Diagnostic::new(&NEVER_CHOSEN, span, format!("{name} can never be chosen"));
    let earlier = in_arm.or_else(|| taker.and_then(|taker| taker.columns.get(column)?.first()));
    let diagnostic = match (in_arm, taker) {
        (Some(other), _) => {
            let place = span_of(other).unwrap_or(arm.span);
            diagnostic.label("an alternative before it takes it").related(place, "this one takes it")
        }
        (None, Some(taker)) => diagnostic.label("an earlier arm takes it").related(taker.span, "this arm takes it"),
        (None, None) => diagnostic.label("what stands before it takes everything that it fits"),
    };
    let note = earlier.and_then(|earlier| case_note(earlier, pattern));
    let diagnostic = if let Some(note) = note { diagnostic.note(note) } else { diagnostic };
    diagnostic.help("remove the alternative")
}

fn span_of(pattern: &Pattern) -> Option<Span> {
    pattern.test().map(|(_, span)| span)
}

fn same_but_for_case(earlier: &[Vec<Pattern>], later: &[Vec<Pattern>]) -> Option<String> {
    let note = |(earlier, later): (&Vec<Pattern>, &Vec<Pattern>)| {
        let [later] = later.as_slice() else { return None };
        earlier.iter().find_map(|earlier| case_note(earlier, later))
    };
    earlier.iter().zip(later).find_map(note)
}

/// A note for two literals that differ in letter case alone.
fn case_note(earlier: &Pattern, later: &Pattern) -> Option<String> {
    let (one, other) = (text(earlier)?, text(later)?);
    let same = one != other && crate::pattern::fold(one) == crate::pattern::fold(other);
    same.then(|| format!("under `ignore case`, `\"{one}\"` and `\"{other}\"` are the same"))
}

fn text(pattern: &Pattern) -> Option<&str> {
    let Pattern::Test(Comparator::Equal(value), _) = pattern else { return None };
    if let Some(Literal::Text(text)) = value.literal() { Some(text) } else { None }
}

/// Finds the earlier row that accepts what a later one wants.
struct CoveringRows<'r> {
    rows: &'r [PatternRow],
    total: Option<usize>,
    first_equal: HashMap<Vec<&'r Vec<AtomSet>>, usize>,
    work: usize,
}

impl<'r> CoveringRows<'r> {
    fn new(rows: &'r [PatternRow]) -> Self {
        let mut first_equal = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            first_equal.entry(key(row)).or_insert(at);
        }
        Self { rows, total: rows.iter().position(is_total), first_equal, work: 0 }
    }

    /// An equal row before this one, or one that accepts everything: found without comparing rows.
    fn equal_or_total(&self, at: usize) -> Option<usize> {
        let row = self.rows.get(at)?;
        let equal = self.first_equal.get(&key(row)).copied();
        equal.into_iter().chain(self.total).filter(|taker| *taker < at).min()
    }

    /// The first row before this one that alone accepts all of `wanted`.
    fn covering(&mut self, at: usize, wanted: &[Vec<&AtomSet>]) -> Option<usize> {
        for (taker, row) in self.rows.iter().enumerate().take(at) {
            self.work += wanted.len();
            if self.work > MAX_COMPARISONS {
                return None;
            }
            let within = |(cell, sets): (&super::PatternCell, &Vec<&AtomSet>)| {
                sets.iter().all(|set| cell.alternatives.iter().any(|outer| holds(outer, set)))
            };
            if row.iter().zip(wanted).all(within) {
                return Some(taker);
            }
        }
        None
    }
}

fn key(row: &PatternRow) -> Vec<&Vec<AtomSet>> {
    row.iter().map(|cell| &cell.alternatives).collect()
}
