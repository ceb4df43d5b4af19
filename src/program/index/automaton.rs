//! Lines that require a label or field to begin with a certain text, or to hold it.

use super::{Posting, Postings, Source};
use aho_corasick::automaton::Automaton as _;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};

/// The lines by text, all of which are looked for in one scan.
#[derive(Debug)]
pub struct Automaton {
    /// Where the texts are looked for.
    pub source: Source,
    /// Whether letter case is ignored: the texts are folded.
    pub ignore_case: bool,
    anchored: Anchored,
    states: NFA,
    /// The bytes with which the texts begin.
    first: Box<[bool; 256]>,
    postings: Box<[Posting]>,
    lines: Postings,
}

impl Automaton {
    /// The lines that require each text, at the start or anywhere. Nothing where there is no text; the automaton of the
    /// rules' own short literals can always be built.
    #[must_use]
    pub fn new(
        source: Source,
        ignore_case: bool,
        at_start: bool,
        texts: &[(Box<str>, Vec<u32>)],
    ) -> Option<Self> {
        if texts.is_empty() {
            return None;
        }
        let anchored = if at_start { Anchored::Yes } else { Anchored::No };
        let mut builder = NFA::builder();
        builder.match_kind(MatchKind::Standard).prefilter(false);
        let states = builder.build(texts.iter().map(|(text, _)| text.as_bytes())).ok()?;
        let mut first = Box::new([false; 256]);
        for byte in texts.iter().filter_map(|(text, _)| text.as_bytes().first()) {
            first.get_mut(usize::from(*byte)).into_iter().for_each(|begins| *begins = true);
        }
        let mut lines = Postings::default();
        let postings = texts.iter().map(|(_, filed)| lines.add(filed)).collect();
        Some(Self { source, ignore_case, anchored, states, first, postings, lines: lines.shrunk() })
    }

    /// Hands over the lines of every text that is found.
    pub fn find<'i>(&'i self, text: &str, mut found: impl FnMut(&'i [u32])) {
        let mut rest = text.as_bytes();
        let Ok(start) = self.states.start_state(self.anchored) else { return };
        let mut state = start;
        while let Some((byte, behind)) = rest.split_first() {
            // Few texts hold a byte with which one of the others begins.
            if state == start && !self.begins(*byte) {
                if self.anchored.is_anchored() {
                    return;
                }
                let next = behind.iter().position(|byte| self.begins(*byte));
                rest = next.and_then(|next| behind.get(next..)).unwrap_or_default();
                continue;
            }
            state = self.states.next_state(self.anchored, state, *byte);
            rest = behind;
            if !self.states.is_special(state) {
                continue;
            }
            if self.states.is_dead(state) {
                return;
            }
            if self.states.is_match(state) {
                for number in 0..self.states.match_len(state) {
                    let pattern = self.states.match_pattern(state, number);
                    let posting = self.postings.get(pattern.as_usize());
                    found(posting.map_or(&[], |posting| self.lines.of(posting)));
                }
            }
        }
    }

    /// Whether some text begins with that byte.
    fn begins(&self, byte: u8) -> bool {
        self.first.get(usize::from(byte)).is_some_and(|begins| *begins)
    }
}
