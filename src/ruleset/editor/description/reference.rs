//! The tables of the language reference, by the words in their first column: what a keyword, an operator, a statement or a
//! field does, and a line that shows it.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The reference that people read.
const REFERENCE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/grammar/reference.md"));

/// Sections whose tables describe other things than words of the language, or words that have a description elsewhere.
const OTHER_SECTIONS: [&str; 8] =
    ["Functions", "Diagnostics", "Mutation", "Samples", "Differences", "Limits", "Precedence", "Outcomes"];

static TABLES: LazyLock<ReferenceTables> = LazyLock::new(|| ReferenceTables::read(REFERENCE));

/// A row of a table of the reference.
#[derive(Debug)]
pub(super) struct ReferenceRow {
    /// The heading above it.
    pub(super) section: &'static str,
    /// What the first column shows as code: `accept when C [because "…"]`.
    pub(super) written: Vec<&'static str>,
    /// The other columns, joined.
    pub(super) text: String,
}

/// The rows, and the examples of each section.
struct ReferenceTables {
    rows: Vec<ReferenceRow>,
    /// The rows that show a word.
    by_word: HashMap<&'static str, Vec<usize>>,
    examples: HashMap<&'static str, Vec<&'static str>>,
}

impl ReferenceTables {
    fn read(text: &'static str) -> Self {
        let mut tables = Self { rows: Vec::new(), by_word: HashMap::new(), examples: HashMap::new() };
        let mut section = "";
        let mut fence = None;
        for line in text.lines() {
            if let Some(words) = line.strip_prefix("```") {
                fence = if fence.is_some() { None } else { Some(words) };
            } else if let Some(kind) = fence {
                if kind.starts_with("rules") && !line.trim().is_empty() {
                    tables.examples.entry(section).or_default().push(line.trim());
                }
            } else if line.starts_with('#') {
                section = line.trim_start_matches('#').trim();
            } else if line.starts_with("| ") && !OTHER_SECTIONS.contains(&section) {
                tables.row(section, line);
            }
        }
        tables
    }

    fn row(&mut self, section: &'static str, line: &'static str) {
        let cells = cells(line);
        let Some((first, rest)) = cells.split_first() else { return };
        let written: Vec<&'static str> = first.split('`').skip(1).step_by(2).collect();
        // The table of channels and their parameters is written from the kinds themselves.
        if written.is_empty() || rest.len() > 2 {
            return;
        }
        let rest: Vec<String> =
            rest.iter().map(|cell| cell.replace("\\|", "|")).filter(|cell| !cell.is_empty()).collect();
        let position = self.rows.len();
        for word in written.iter().flat_map(|written| words(written)) {
            let rows = self.by_word.entry(word).or_default();
            if rows.last() != Some(&position) {
                rows.push(position);
            }
        }
        self.rows.push(ReferenceRow { section, written, text: rest.join(": ") });
    }
}

/// The cells of a row, without blanks around them.
fn cells(line: &'static str) -> Vec<&'static str> {
    let inside = line.trim().trim_start_matches('|').trim_end_matches('|');
    let mut cells = Vec::new();
    let mut start = 0;
    for (at, _) in inside.match_indices('|') {
        if !inside.get(..at).is_some_and(|before| before.ends_with('\\')) {
            cells.push(inside.get(start..at).unwrap_or_default().trim());
            start = at + 1;
        }
    }
    cells.push(inside.get(start..).unwrap_or_default().trim());
    cells
}

/// The words and operators of a text, without what stands in quotes.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let outside = text.split('"').step_by(2);
    let parts = outside.flat_map(|part| part.split([' ', '(', ')', '[', ']', '{', '}', ',', '.', '/', '*']));
    parts.filter(|word| !word.is_empty() && *word != "…")
}

/// The row that describes a word best: in one of these sections, the first most wanted, and with the most of the words that
/// stand beside it.
pub(super) fn row(word: &str, sections: &[&str], beside: &[&str]) -> Option<&'static ReferenceRow> {
    let tables = &*TABLES;
    let positions = tables.by_word.get(word)?;
    let rank = |row: &ReferenceRow| {
        let section = sections.iter().position(|section| *section == row.section).unwrap_or(sections.len());
        let shown: Vec<&str> = row.written.iter().flat_map(|written| words(written)).collect();
        let shared = beside.iter().filter(|word| shown.contains(word)).count();
        let begins = row.written.iter().any(|written| words(written).next() == Some(word));
        (section, usize::MAX - shared, !begins)
    };
    positions.iter().filter_map(|position| tables.rows.get(*position)).min_by_key(|row| rank(row))
}

/// The row of a section whose first column is exactly this.
pub(super) fn exact(section: &str, written: &str) -> Option<&'static ReferenceRow> {
    TABLES.rows.iter().find(|row| row.section == section && row.written.contains(&written))
}

/// A line of an example that shows the word: of the section, or of any.
pub(super) fn example(word: &str, section: &str, beside: &[&str]) -> Option<&'static str> {
    let shows = |line: &&&'static str| words(line).any(|shown| shown == word);
    let shared = |line: &&&'static str| beside.iter().filter(|word| words(line).any(|shown| shown == **word)).count();
    let own = TABLES.examples.get(section).into_iter().flatten();
    let best = own.filter(shows).rev().max_by_key(shared);
    let mut all: Vec<_> = TABLES.examples.iter().collect();
    all.sort_by_key(|(section, _)| **section);
    let mut others = all.into_iter().flat_map(|(_, lines)| lines);
    best.or_else(|| others.find(shows)).copied()
}

/// Every row, for the tests of this table.
#[cfg(test)]
pub(super) fn rows() -> &'static [ReferenceRow] {
    &TABLES.rows
}
