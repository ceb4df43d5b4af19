//! Lines that require two labels or fields to be certain texts, each of which very many lines require.

use super::{Posting, Postings, SourceIndex, TextSource};
use crate::pattern::Case;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::hash::BuildHasher;

/// A label or field, and whether letter case counts there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CasedTextSource {
    /// Where a text is found.
    pub source: TextSource,
    /// Whether letter case counts; the texts are folded if not.
    pub case: Case,
}

/// The lines by two texts. Only the hash of the texts is stored, so now and then a line is found that does not require
/// them.
#[derive(Debug)]
pub struct TextPairIndex {
    /// Where the texts are found.
    pub sources: [CasedTextSource; 2],
    by_hash: HashMap<u64, Posting, RandomState>,
    lines: Postings,
}

impl SourceIndex for TextPairIndex {
    fn source(&self) -> TextSource {
        let [first, _] = self.sources;
        first.source
    }
}

impl TextPairIndex {
    /// The lines that require each two texts.
    #[must_use]
    pub fn new(sources: [CasedTextSource; 2], pairs: Vec<([Box<str>; 2], Vec<u32>)>) -> Self {
        let mut index = Self { sources, by_hash: HashMap::default(), lines: Postings::default() };
        let mut by_hash: HashMap<u64, Vec<u32>, RandomState> = HashMap::default();
        for ([first, second], lines) in pairs {
            by_hash.entry(index.hash(&first, &second)).or_default().extend(lines);
        }
        let mut in_order: Vec<(u64, Vec<u32>)> = by_hash.into_iter().collect();
        in_order.sort_unstable();
        for (hash, mut lines) in in_order {
            lines.sort_unstable();
            lines.dedup();
            let posting = index.lines.add(&lines);
            index.by_hash.insert(hash, posting);
        }
        index.by_hash.shrink_to_fit();
        index.lines = index.lines.shrunk();
        index
    }

    /// The lines that require these texts.
    #[must_use]
    pub fn find(&self, first: &str, second: &str) -> &[u32] {
        self.by_hash.get(&self.hash(first, second)).map_or(&[], |lines| self.lines.of(lines))
    }

    fn hash(&self, first: &str, second: &str) -> u64 {
        self.by_hash.hasher().hash_one((first, second))
    }
}
