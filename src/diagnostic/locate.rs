//! Finds lines and columns of many places quickly, even if all of them are in one very long line.

use crate::source::{FileId, SourcePosition, Sources, Span};

/// Places closer than this to the last one are counted from there.
const NEAR: usize = 1 << 16;

/// Finds positions, and remembers the last one, because findings come in the order of the text.
pub(super) struct Locator<'s> {
    sources: &'s Sources,
    last: Option<(FileId, u32, SourcePosition)>,
}

/// The first position of a span, and the position after its last character.
pub(super) struct Region {
    pub(super) start: SourcePosition,
    pub(super) end: SourcePosition,
}

impl<'s> Locator<'s> {
    pub(super) fn new(sources: &'s Sources) -> Self {
        Self { sources, last: None }
    }

    pub(super) fn region(&mut self, span: Span) -> Region {
        let start = self.position(span);
        Region { start, end: self.position(span.after()) }
    }

    /// The position where a span begins.
    pub(super) fn position(&mut self, span: Span) -> SourcePosition {
        let found = self.near_last(span).unwrap_or_else(|| self.sources.position(span));
        self.last = Some((span.file, span.start, found));
        found
    }

    fn near_last(&self, span: Span) -> Option<SourcePosition> {
        let (file, offset, SourcePosition { line, column }) = self.last?;
        let (from, to) = (offset.min(span.start) as usize, offset.max(span.start) as usize);
        if file != span.file || to - from > NEAR {
            return None;
        }
        let between = self.sources.file(file)?.text().get(from..to)?;
        if between.contains('\n') {
            return None;
        }
        let characters = between.chars().count();
        let column =
            if span.start >= offset { column + characters } else { column.checked_sub(characters)? };
        Some(SourcePosition { line, column })
    }
}
