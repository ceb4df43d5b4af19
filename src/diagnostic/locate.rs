//! Lines and columns of many spans, fast even if all are in one very long line.

use crate::source::{FileId, SourcePosition, Sources, Span};

/// Offsets closer than this to the last one are counted from there, in bytes.
const NEAR: usize = 1 << 16;

/// Finds positions. It remembers the last one, because findings are usually in the order of the text.
pub(super) struct Locator<'s> {
    sources: &'s Sources,
    last: Option<KnownPosition>,
}

/// A position that was found before.
struct KnownPosition {
    file: FileId,
    offset: u32,
    position: SourcePosition,
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
        let position = self.near_last(span).unwrap_or_else(|| self.sources.position(span));
        self.last = Some(KnownPosition { file: span.file, offset: span.start, position });
        position
    }

    fn near_last(&self, span: Span) -> Option<SourcePosition> {
        let KnownPosition { file, offset, position: SourcePosition { line, column } } = *self.last.as_ref()?;
        let (from, to) = (offset.min(span.start) as usize, offset.max(span.start) as usize);
        if file != span.file || to - from > NEAR {
            return None;
        }
        let between = self.sources.file(file)?.text().get(from..to)?;
        if between.contains('\n') {
            return None;
        }
        let characters = between.chars().count();
        let column = if span.start >= offset { column + characters } else { column.checked_sub(characters)? };
        Some(SourcePosition { line, column })
    }
}
