//! Positions as editors count them: lines and columns from 0, columns in UTF-8 or UTF-16 code units.
//!
//! Editors also end a line at a carriage return that stands alone, which [`SourceFile`](super::SourceFile) does not.

/// What a column counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnUnit {
    /// Bytes.
    Utf8,
    /// UTF-16 code units: a character outside the basic plane takes two.
    Utf16,
}

/// A line and a column as editors count them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EditorPosition {
    /// The line, from 0.
    pub line: u32,
    /// The column, from 0, in the unit that the editor uses.
    pub column: u32,
}

/// Where the lines of a text begin.
#[derive(Debug, Clone)]
pub struct EditorLines {
    starts: Vec<u32>,
}

impl EditorLines {
    /// The lines of a text: they end in LF, CR LF or CR.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends = memchr::memchr2_iter(b'\n', b'\r', bytes);
        let ends = ends.filter(|at| bytes.get(*at) == Some(&b'\n') || bytes.get(at + 1) != Some(&b'\n'));
        let starts = ends.map(|at| u32::try_from(at + 1).unwrap_or(u32::MAX));
        Self { starts: std::iter::once(0).chain(starts).collect() }
    }

    /// The position of a byte offset; an offset past the end is the end, and one within a character is its beginning.
    #[must_use]
    pub fn position(&self, text: &str, offset: usize, unit: ColumnUnit) -> EditorPosition {
        let offset = text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start as usize <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(0) as usize;
        let before = text.get(start..offset).unwrap_or_default();
        let column = match unit {
            ColumnUnit::Utf8 => before.len(),
            ColumnUnit::Utf16 => before.chars().map(char::len_utf16).sum(),
        };
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        EditorPosition { line: number(line), column: number(column) }
    }

    /// The byte offset of a position. A column past the end of its line is the end of the line, a line past the last is the
    /// end of the text, and a column within a character is the character's beginning.
    #[must_use]
    pub fn offset(&self, text: &str, position: EditorPosition, unit: ColumnUnit) -> usize {
        let Some(start) = self.starts.get(position.line as usize) else { return text.len() };
        let start = *start as usize;
        let end = self.starts.get(position.line as usize + 1).map_or(text.len(), |next| *next as usize);
        let line = text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r']);
        let column = position.column as usize;
        let within = match unit {
            ColumnUnit::Utf8 => line.floor_char_boundary(column),
            ColumnUnit::Utf16 => {
                let mut units = 0;
                let passed = line.char_indices().find(|(_, character)| {
                    units += character.len_utf16();
                    units > column
                });
                passed.map_or(line.len(), |(at, _)| at)
            }
        };
        start + within
    }

    /// How many lines there are; the last may be empty.
    #[must_use]
    pub fn count(&self) -> usize {
        self.starts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{ColumnUnit, EditorLines, EditorPosition};

    #[test]
    fn every_boundary_goes_there_and_back() {
        let text = "a 😀 b\r\n\r\nüx\rlast 值\n";
        let lines = EditorLines::new(text);
        assert_eq!(lines.count(), 5);
        for unit in [ColumnUnit::Utf8, ColumnUnit::Utf16] {
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let byte = |at: usize| text.as_bytes().get(at);
                let is_within_line_end = byte(offset) == Some(&b'\n') && offset > 0 && byte(offset - 1) == Some(&b'\r');
                if !is_within_line_end {
                    let position = lines.position(text, offset, unit);
                    assert_eq!(lines.offset(text, position, unit), offset, "{position:?}");
                }
            }
        }
    }

    #[test]
    fn positions_outside_of_the_text_are_moved_into_it() {
        let text = "😀b\nc";
        let lines = EditorLines::new(text);
        let offset = |line, column, unit| lines.offset(text, EditorPosition { line, column }, unit);
        assert_eq!(offset(0, 1, ColumnUnit::Utf16), 0, "within a surrogate pair");
        assert_eq!(offset(0, 2, ColumnUnit::Utf16), 4);
        assert_eq!(offset(0, 3, ColumnUnit::Utf8), 0, "within a character");
        assert_eq!(offset(0, u32::MAX, ColumnUnit::Utf16), 5, "past the end of the line");
        assert_eq!(offset(u32::MAX, u32::MAX, ColumnUnit::Utf8), 7, "past the end of the text");
        assert_eq!(lines.position(text, 99, ColumnUnit::Utf16), EditorPosition { line: 1, column: 1 });
    }
}
