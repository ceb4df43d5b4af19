//! Positions and ranges of the protocol, and bytes of a text.

use crate::source::{ColumnUnit, EditorLines, EditorPosition};
use lsp_types::{Position, Range};
use std::ops;

/// A text with its lines, and the unit in which the client counts columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct PositionMap<'t> {
    pub(super) text: &'t str,
    pub(super) lines: &'t EditorLines,
    pub(super) unit: ColumnUnit,
}

impl PositionMap<'_> {
    /// The byte of a position. What is outside of the text is moved into it.
    pub(super) fn offset(&self, position: Position) -> usize {
        let position = EditorPosition { line: position.line, column: position.character };
        self.lines.offset(self.text, position, self.unit)
    }

    /// The bytes of a range. One that ends before it begins is turned round.
    pub(super) fn bytes(&self, range: Range) -> ops::Range<usize> {
        let (start, end) = (self.offset(range.start), self.offset(range.end));
        start.min(end)..start.max(end)
    }

    /// The position of a byte.
    pub(super) fn position(&self, offset: usize) -> Position {
        let position = self.lines.position(self.text, offset, self.unit);
        Position { line: position.line, character: position.column }
    }

    /// The range of bytes.
    pub(super) fn range(&self, bytes: ops::Range<usize>) -> Range {
        Range { start: self.position(bytes.start), end: self.position(bytes.end) }
    }

    /// The range of the whole text.
    pub(super) fn whole(&self) -> Range {
        self.range(0..self.text.len())
    }
}
