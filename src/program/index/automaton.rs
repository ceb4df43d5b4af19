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
        texts: Vec<(Box<str>, Vec<u32>)>,
    ) -> Option<Self> {
        if texts.is_empty() {
            return None;
        }
        let anchored = if at_start { Anchored::Yes } else { Anchored::No };
        let mut builder = NFA::builder();
        builder.match_kind(MatchKind::Standard).prefilter(false);
        let states = builder.build(texts.iter().map(|(text, _)| text.as_bytes())).ok()?;
        let mut lines = Postings::default();
        let postings = texts.iter().map(|(_, filed)| lines.add(filed)).collect();
        Some(Self { source, ignore_case, anchored, states, postings, lines: lines.shrunk() })
    }

    /// Hands over the lines of every text that is found.
    pub fn find<'i>(&'i self, text: &str, mut found: impl FnMut(&'i [u32])) {
        let Ok(mut state) = self.states.start_state(self.anchored) else { return };
        for byte in text.bytes() {
            state = self.states.next_state(self.anchored, state, byte);
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
                    found(posting.map_or(&[], |posting| self.lines.of(*posting)));
                }
            }
        }
    }
}
