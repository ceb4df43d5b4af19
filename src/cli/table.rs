//! Text in aligned columns.

use std::fmt::Write as _;

/// Rows of cells; every row has the same number of cells.
pub(super) struct TextTable {
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// A table with a heading.
    pub(super) fn new(heading: &[&str]) -> Self {
        Self { rows: vec![heading.iter().map(|&title| title.to_owned()).collect()] }
    }

    /// A table without a heading.
    pub(super) fn bare() -> Self {
        Self { rows: Vec::new() }
    }

    /// Adds a row. Its cells contain no control characters.
    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The lines, with two blanks between columns and none at the end; columns of numbers are aligned to the right.
    pub(super) fn render(&self) -> String {
        let mut columns: Vec<(usize, bool)> = Vec::new();
        for (number, row) in self.rows.iter().enumerate() {
            columns.resize(columns.len().max(row.len()), (0, self.rows.len() > 1));
            for ((width, is_number), cell) in columns.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
                *is_number &= number == 0 || cell.bytes().all(|byte| byte.is_ascii_digit());
            }
        }
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (&(width, is_number), cell) in columns.iter().zip(row) {
                // Writing to a string does not fail.
                let _ = if is_number { write!(line, "{cell:>width$}  ") } else { write!(line, "{cell:width$}  ") };
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}
