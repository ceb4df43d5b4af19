//! Tables: arms like a match, or the rows of a CSV file behind an index.

use super::{Match, NodeId};
use crate::model::{CsvCell, Literal};
use crate::pattern::Case;
use std::collections::HashMap;

/// A compiled table.
#[derive(Debug)]
pub enum Table {
    /// Rows written in the rules; the subjects are the parameters.
    Arms(Match<NodeId>),
    /// Rows of a CSV file.
    Csv(CsvIndex),
}

/// The key cells of a row, without those that are `*`.
pub type KeyCells = Box<[Option<Box<str>>]>;

/// The rows of a CSV file, found by hashing: rows are grouped by which of their cells are `*`, each group is one
/// look-up, and the earliest row of all groups wins. Keys are folded where letter case is ignored.
#[derive(Debug)]
pub struct CsvIndex {
    case: Case,
    groups: Vec<WildcardGroup>,
    results: Vec<Literal>,
}

#[derive(Debug)]
struct WildcardGroup {
    /// For each parameter, whether the cell counts (is not `*`).
    counts: Box<[bool]>,
    rows: HashMap<KeyCells, usize>,
}

impl CsvIndex {
    /// Indexes rows in file order.
    #[must_use]
    pub fn new(case: Case, rows: &[(Vec<CsvCell>, Literal)]) -> Self {
        let mut index = Self { case, groups: Vec::new(), results: Vec::new() };
        for (row, (cells, result)) in rows.iter().enumerate() {
            let counts: Box<[bool]> = cells.iter().map(|cell| *cell != CsvCell::Any).collect();
            let key = cells.iter().filter_map(|cell| match cell {
                CsvCell::Any => None,
                CsvCell::Missing => Some(None),
                CsvCell::Text(text) => Some(Some(case.fold(text).into())),
            });
            index.group(counts).entry(key.collect()).or_insert(row);
            index.results.push(result.clone());
        }
        index
    }

    fn group(&mut self, counts: Box<[bool]>) -> &mut HashMap<KeyCells, usize> {
        let position = self.groups.iter().position(|group| group.counts == counts);
        let position = position.unwrap_or_else(|| {
            self.groups.push(WildcardGroup { counts, rows: HashMap::new() });
            self.groups.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the position was found or made just above")]
        &mut self.groups[position].rows
    }

    /// The key cell for the text of an argument.
    #[must_use]
    pub fn key_cell(&self, text: &str) -> Box<str> {
        self.case.fold(text).into()
    }

    /// The number and result of the first row that fits the arguments; a missing argument is `None`.
    #[must_use]
    pub fn find(&self, arguments: &[Option<Box<str>>]) -> Option<(usize, &Literal)> {
        let hits = self.groups.iter().filter_map(|group| {
            let kept = arguments.iter().zip(&group.counts).filter(|(_, counts)| **counts);
            let key: KeyCells = kept.map(|(argument, _)| argument.clone()).collect();
            group.rows.get(&key).copied()
        });
        let row = hits.min()?;
        Some((row, self.results.get(row)?))
    }
}
