//! Finding the lines of a block that an event may hit, without trying them all.
//!
//! Each line is filed under something that its condition requires: texts that a label or field must be or hold, or else a
//! condition that it shares with other lines and that is decided once. What the index gives is a superset of the lines
//! that hit; whoever asks tries those in order.

use super::NodeId;
use crate::check::model::Field;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// The index of a block.
#[derive(Debug, Default)]
pub struct BlockIndex {
    /// Texts to look up, by where they are found.
    pub slots: Vec<Slot>,
    /// Conditions to decide once, each with the lines that require it.
    pub groups: Vec<(NodeId, Box<[u32]>)>,
    /// Lines that nothing is known of.
    pub always: Box<[u32]>,
}

/// Where a text is found in an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// A label.
    Label(Box<str>),
    /// A field that holds text.
    Field(Field),
}

/// The texts that lines require of one label or field.
#[derive(Debug)]
pub struct Slot {
    /// Where the text is found.
    pub source: Source,
    /// Whether letter case is ignored: the texts are folded.
    pub ignore_case: bool,
    // The keys come from the rules, so that nobody who sends alerts can make them collide.
    wholes: HashMap<Box<str>, Lines, RandomState>,
    pieces: Option<Pieces>,
    lines: Box<[u32]>,
}

/// A run of [`Slot::lines`].
#[derive(Debug, Clone, Copy)]
struct Lines {
    start: u32,
    end: u32,
}

#[derive(Debug)]
struct Pieces {
    automaton: AhoCorasick,
    lines: Box<[Lines]>,
}

impl Slot {
    /// A slot for texts as wholes and as pieces, each with the lines that require it.
    #[must_use]
    pub fn new(
        source: Source,
        ignore_case: bool,
        wholes: impl IntoIterator<Item = (Box<str>, Vec<u32>)>,
        pieces: impl IntoIterator<Item = (Box<str>, Vec<u32>)>,
    ) -> Self {
        let mut lines = Vec::new();
        let mut file = |filed: Vec<u32>| {
            let start = offset(lines.len());
            lines.extend(filed);
            Lines { start, end: offset(lines.len()) }
        };
        let wholes = wholes.into_iter().map(|(text, filed)| (text, file(filed))).collect();
        let (texts, filed): (Vec<Box<str>>, Vec<Lines>) =
            pieces.into_iter().map(|(text, filed)| (text, file(filed))).unzip();
        let pieces = Pieces::new(&texts, filed);
        Self { source, ignore_case, wholes, pieces, lines: lines.into() }
    }

    /// Adds the lines whose required text is, or lies in, this one.
    pub fn find(&self, text: &str, found: &mut impl Extend<u32>) {
        if let Some(lines) = self.wholes.get(text) {
            found.extend(self.filed(*lines).iter().copied());
        }
        if let Some(pieces) = &self.pieces {
            for hit in pieces.automaton.find_overlapping_iter(text) {
                let lines = pieces.lines.get(hit.pattern().as_usize()).copied();
                found.extend(lines.map_or(&[][..], |lines| self.filed(lines)).iter().copied());
            }
        }
    }

    fn filed(&self, lines: Lines) -> &[u32] {
        self.lines.get(lines.start as usize..lines.end as usize).unwrap_or_default()
    }
}

impl Pieces {
    /// Nothing where there is no text; the automaton of the rules' own short literals can always be built.
    fn new(texts: &[Box<str>], lines: Vec<Lines>) -> Option<Self> {
        if texts.is_empty() {
            return None;
        }
        let mut builder = AhoCorasick::builder();
        builder.match_kind(MatchKind::Standard).kind(Some(AhoCorasickKind::ContiguousNFA));
        let automaton = builder.build(texts.iter().map(|text| text.as_bytes())).ok()?;
        Some(Self { automaton, lines: lines.into() })
    }
}

fn offset(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
