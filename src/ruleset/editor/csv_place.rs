//! Where the cells of a CSV file stand in its text: for going to a column or a row, and for renaming a column.

use std::ops::Range;

/// The name of a column in the header, quotes left out.
#[must_use]
pub(super) fn header_cell(text: &str, column: &str) -> Option<Range<usize>> {
    record(text, 0).into_iter().find(|cell| text.get(cell.clone()) == Some(column))
}

/// The first cell of a column that holds this value.
#[must_use]
pub(super) fn value_cell(text: &str, column: &str, value: &str) -> Option<Range<usize>> {
    let position = record(text, 0).into_iter().position(|cell| text.get(cell) == Some(column))?;
    let mut start = 0;
    loop {
        start += text.get(start..)?.find('\n')? + 1;
        let cell = record(text, start).into_iter().nth(position);
        if let Some(cell) = cell.filter(|cell| text.get(cell.clone()) == Some(value)) {
            return Some(cell);
        }
    }
}

/// The cells of the line that begins at a byte. A cell in quotes that crosses lines ends with its line here.
fn record(text: &str, start: usize) -> Vec<Range<usize>> {
    let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
    let mut cells = Vec::new();
    let (mut from, mut is_quoted) = (0, false);
    let ends = line.bytes().enumerate().chain([(line.len(), b',')]);
    for (at, byte) in ends {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b',' if !is_quoted || at == line.len() => {
                cells.push(trimmed(line, from..at, start));
                from = at + 1;
            }
            _ => {}
        }
    }
    cells
}

/// The cell without blanks and quotes around it, as a range of the whole text.
fn trimmed(line: &str, cell: Range<usize>, base: usize) -> Range<usize> {
    let written = line.get(cell.clone()).unwrap_or_default();
    let ends = [' ', '\t', '"', '\u{feff}'];
    let inside = written.trim_matches(ends);
    let start = base + cell.start + (written.len() - written.trim_start_matches(ends).len());
    start..start + inside.len()
}

#[cfg(test)]
mod tests {
    use super::{header_cell, value_cell};

    #[test]
    fn cells_are_found_by_column_and_value() {
        let text = "service,\"team\",lead\ncheckout,payments,Ann\n\"led,ger\",data,\"Dana\"\n";
        assert_eq!(text.get(header_cell(text, "team").unwrap()).unwrap(), "team");
        assert_eq!(text.get(value_cell(text, "team", "data").unwrap()).unwrap(), "data");
        assert_eq!(text.get(value_cell(text, "lead", "Dana").unwrap()).unwrap(), "Dana");
        assert_eq!(header_cell(text, "owner"), None);
        assert_eq!(value_cell(text, "team", "none"), None);
    }
}
