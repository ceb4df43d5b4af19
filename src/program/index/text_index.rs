//! Lines that require a label or field to be a certain text.

use super::{Posting, Postings, SourceIndex, TextSource};
use crate::pattern::Case;
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// The lines by text.
#[derive(Debug)]
pub struct TextIndex {
    /// Where the text is found.
    pub source: TextSource,
    /// Whether letter case counts; the texts are folded if not.
    pub case: Case,
    // The texts come from the rules, so senders of alerts cannot make them collide.
    by_text: HashMap<Box<str>, Posting, RandomState>,
    lines: Postings,
}

impl SourceIndex for TextIndex {
    fn source(&self) -> TextSource {
        self.source
    }
}

impl TextIndex {
    /// The lines that require each text.
    #[must_use]
    pub fn new(source: TextSource, case: Case, texts: Vec<(Box<str>, Vec<u32>)>) -> Self {
        let mut lines = Postings::default();
        let by_text = texts.into_iter().map(|(text, filed)| (text, lines.add(&filed))).collect();
        Self { source, case, by_text, lines: lines.shrunk() }
    }

    /// The lines that require this text.
    #[must_use]
    pub fn find(&self, text: &str) -> &[u32] {
        self.by_text.get(text).map_or(&[], |lines| self.lines.of(lines))
    }
}
