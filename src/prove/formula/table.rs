//! Look-ups in tables.

use super::value::literal_text;
use super::{Formula, FormulaBuilder, MeaningId, Parameters, Term, ValueCase};
use crate::model::{CsvCell, CsvRows, Expression, Literal, TableRows};
use crate::pattern::Case;
use crate::pattern::language::StringSet;
use std::collections::{BTreeMap, BTreeSet};

/// How many pairs of rows of a CSV file are compared. A file that needs more is not followed.
const MAX_PAIRS: usize = 400_000;

impl<'m> FormulaBuilder<'m> {
    pub(super) fn lookup(
        &mut self,
        expression: &'m Expression,
        table: usize,
        arguments: &'m [Expression],
        parameters: &Parameters,
    ) -> Vec<ValueCase> {
        // Within a table, the same words say the same only within the same use of it.
        let key = self.key(expression, parameters);
        if let Some(known) = self.known_lookups.get(&key) {
            return known.to_vec();
        }
        let use_of_table = self.formulas.meaning(&key);
        let cases = self.read_lookup(expression, table, arguments, parameters, use_of_table);
        self.known_lookups.insert(key, cases.as_slice().into());
        cases
    }

    fn read_lookup(
        &mut self,
        expression: &'m Expression,
        table: usize,
        arguments: &'m [Expression],
        parameters: &Parameters,
        use_of_table: MeaningId,
    ) -> Vec<ValueCase> {
        let model = self.model;
        let Some(table) = model.tables.get(table) else { return self.opaque(expression, parameters) };
        let arguments: Vec<Vec<ValueCase>> =
            arguments.iter().map(|argument| self.cases(argument, parameters)).collect();
        match &table.rows {
            TableRows::Arms(rows) => {
                let inner =
                    Parameters { values: arguments.into(), instance: use_of_table.number(), ..parameters.clone() };
                let chosen = self.chosen_arms(rows, &inner);
                let mut all = Vec::new();
                for (arm, when) in rows.arms.iter().zip(&chosen.arms) {
                    if *when == Formula::FALSE {
                        continue;
                    }
                    for case in self.cases(&arm.result, &inner) {
                        let when = self.formulas.and([*when, case.when]);
                        all.push(ValueCase { when, term: case.term });
                    }
                }
                all.push(ValueCase { when: chosen.none, term: Term::Constant(Literal::Missing) });
                self.joined(all)
            }
            TableRows::Csv(rows) => {
                let texts: Vec<Vec<ValueCase>> = arguments.into_iter().map(|cases| self.as_texts(cases)).collect();
                let is_followed =
                    texts.iter().flatten().all(|case| matches!(case.term, Term::Constant(_) | Term::Text(..)));
                let found = if is_followed { self.csv(rows, &texts) } else { None };
                found.unwrap_or_else(|| self.opaque(expression, parameters))
            }
        }
    }

    fn csv(&mut self, rows: &CsvRows, arguments: &[Vec<ValueCase>]) -> Option<Vec<ValueCase>> {
        let mut all = Vec::new();
        let first_any = rows.rows.iter().position(|(cells, _)| cells.contains(&CsvCell::Any));
        let plain = if arguments.len() == 1 { first_any.unwrap_or(rows.rows.len()) } else { 0 };
        // What fits before the rows that are read one by one.
        let mut before = Vec::new();
        if let ([argument], true) = (arguments, plain > 0) {
            let (plain_rows, _) = rows.rows.split_at_checked(plain)?;
            for (result, when) in self.plain_rows(plain_rows, rows.case, argument) {
                before.push(when);
                all.push(ValueCase { when, term: Term::Constant(result) });
            }
        }
        let mut overlaps = RowOverlaps::default();
        let mut fitting: Vec<Formula> = Vec::new();
        for (cells, result) in rows.rows.iter().skip(plain) {
            let mut parts = Vec::new();
            for (cell, argument) in cells.iter().zip(arguments) {
                parts.push(self.any_case(argument, |builder, term| builder.cell(term, cell, rows.case)));
            }
            let fits = self.formulas.and(parts);
            let earlier = overlaps.add(cells, rows.case)?;
            let earlier = earlier.iter().filter_map(|row| fitting.get(*row)).chain(&before).copied();
            let taken = self.formulas.or(earlier.collect::<Vec<_>>());
            let when = self.formulas.and([fits, taken.not()]);
            fitting.push(fits);
            all.push(ValueCase { when, term: Term::Constant(result.clone()) });
        }
        let none = self.formulas.or(before.into_iter().chain(fitting)).not();
        all.push(ValueCase { when: none, term: Term::Constant(Literal::Missing) });
        all.retain(|case| case.when != Formula::FALSE);
        Some(self.joined(all))
    }

    /// The results of rows with one cell each that is not `*`, and for which events each is the result.
    fn plain_rows(
        &mut self,
        rows: &[(Vec<CsvCell>, Literal)],
        case: Case,
        argument: &[ValueCase],
    ) -> Vec<(Literal, Formula)> {
        let mut seen = BTreeSet::new();
        let mut results: BTreeMap<String, (Literal, Vec<String>, bool)> = BTreeMap::new();
        for (cells, result) in rows {
            let text = match cells.first() {
                Some(CsvCell::Text(text)) => Some(case.fold(text).into_owned()),
                Some(CsvCell::Any | CsvCell::Missing) | None => None,
            };
            if !seen.insert(text.clone()) {
                continue;
            }
            let entry = results.entry(format!("{result:?}")).or_insert_with(|| (result.clone(), Vec::new(), false));
            match text {
                Some(text) => entry.1.push(text),
                None => entry.2 = true,
            }
        }
        let mut all = Vec::new();
        for (result, words, is_missing) in results.into_values() {
            let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
            let when = self.any_case(argument, |builder, term| {
                let is_word = builder.is_word(term, &words, case);
                let is_absent = if is_missing { builder.has_value(term).not() } else { Formula::FALSE };
                builder.formulas.or([is_word, is_absent])
            });
            all.push((result, when));
        }
        all
    }

    fn cell(&mut self, term: &Term, cell: &CsvCell, case: Case) -> Formula {
        match (cell, term) {
            (CsvCell::Any, _) => Formula::TRUE,
            (CsvCell::Missing, _) => self.has_value(term).not(),
            (CsvCell::Text(cell), Term::Constant(literal)) => {
                Formula::constant(literal_text(literal).is_some_and(|text| case.fold(&text) == case.fold(cell)))
            }
            (CsvCell::Text(cell), Term::Text(variable, functions)) => {
                self.in_set(*variable, functions, StringSet::literals([&**cell], case))
            }
            (
                CsvCell::Text(_),
                Term::Severity
                | Term::Status
                | Term::Number(..)
                | Term::Node(_)
                | Term::NodeNumber(_)
                | Term::Length(..)
                | Term::Time(_)
                | Term::AllLabels
                | Term::Opaque(..),
            ) => Formula::FALSE,
        }
    }
}

/// The rows of a CSV file that may fit the same values.
#[derive(Debug, Default)]
struct RowOverlaps {
    rows: Vec<Vec<CsvCell>>,
    by_first: BTreeMap<CsvCell, Vec<usize>>,
    compared: usize,
}

impl RowOverlaps {
    /// Adds a row, and returns the earlier ones that overlap it. None if too many rows would be compared.
    fn add(&mut self, cells: &[CsvCell], case: Case) -> Option<Vec<usize>> {
        let cells: Vec<CsvCell> = cells
            .iter()
            .map(|cell| match cell {
                CsvCell::Text(text) => CsvCell::Text(case.fold(text).into()),
                CsvCell::Any | CsvCell::Missing => cell.clone(),
            })
            .collect();
        let first = cells.first().cloned().unwrap_or(CsvCell::Any);
        let candidates: Vec<usize> = if first == CsvCell::Any {
            (0..self.rows.len()).collect()
        } else {
            [&first, &CsvCell::Any].into_iter().filter_map(|cell| self.by_first.get(cell)).flatten().copied().collect()
        };
        self.compared += candidates.len();
        if self.compared > MAX_PAIRS {
            return None;
        }
        let overlap = |row: &usize| {
            let Some(other) = self.rows.get(*row) else { return false };
            let fits = |(one, two): (&CsvCell, &CsvCell)| one == two || *one == CsvCell::Any || *two == CsvCell::Any;
            cells.iter().zip(other).all(fits)
        };
        let overlapping = candidates.into_iter().filter(overlap).collect();
        self.by_first.entry(first).or_default().push(self.rows.len());
        self.rows.push(cells);
        Some(overlapping)
    }
}
