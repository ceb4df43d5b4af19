//! Lines that require a label or field to fit a regex that requires no text.

use super::{SourceIndex, TextSource};
use crate::pattern::{RegexPatternSet, RegexPredicate};

/// The lines by regex, tried together.
#[derive(Debug)]
pub struct RegexIndex {
    /// The label or field.
    pub source: TextSource,
    set: RegexPatternSet,
    lines: Box<[u32]>,
}

impl SourceIndex for RegexIndex {
    fn source(&self) -> TextSource {
        self.source
    }
}

impl RegexIndex {
    /// The regexes, each with the line that requires it.
    #[must_use]
    pub fn new(source: TextSource, required: &[(RegexPredicate, u32)]) -> Self {
        let set = RegexPatternSet::new(required.iter().map(|(fit, _)| fit.clone()).collect());
        Self { source, set, lines: required.iter().map(|(_, line)| *line).collect() }
    }

    /// Calls `found` with the line of every regex that fits.
    pub fn find<'i>(&'i self, text: &str, mut found: impl FnMut(&'i [u32])) {
        self.set.fitting(text, |position| {
            found(self.lines.get(position).map_or(&[], std::slice::from_ref));
        });
    }
}
