//! Lines that require a label or field to begin with a certain text, or to contain it.

use super::{Posting, Postings, SourceIndex, TextSource};
use crate::pattern::{Case, RequiredPosition};
use aho_corasick::automaton::Automaton as _;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};
use foldhash::fast::RandomState;
use smallvec::SmallVec;
use std::collections::HashSet;
use std::hash::Hash;

/// Building an automaton in which nearly every state ends a text takes quadratic time, divided by the number of states
/// before them that end none. So many such states are made first, from a text that no label contains: this byte never
/// occurs in UTF-8.
const AHEAD: [u8; 1024] = [0xFF; 1024];

/// The lines by text, all of which are looked for in one scan.
#[derive(Debug)]
pub struct SubstringIndex {
    /// Where the texts are looked for.
    pub source: TextSource,
    /// Whether letter case counts; the texts are folded if not.
    pub case: Case,
    anchored: Anchored,
    states: NFA,
    /// The bytes with which the texts begin.
    first: Box<[bool; 256]>,
    postings: Box<[Posting]>,
    lines: Postings,
}

impl SourceIndex for SubstringIndex {
    fn source(&self) -> TextSource {
        self.source
    }
}

impl SubstringIndex {
    /// The lines that require each text, at the start or anywhere. `None` if there is no text, or if the texts
    /// exceed an automaton: 2³¹ bytes and more.
    #[must_use]
    pub fn new(
        source: TextSource,
        case: Case,
        position: RequiredPosition,
        texts: &[(Box<str>, Vec<u32>)],
    ) -> Option<Self> {
        if texts.is_empty() {
            return None;
        }
        let anchored = match position {
            RequiredPosition::Whole | RequiredPosition::Prefix => Anchored::Yes,
            RequiredPosition::Substring => Anchored::No,
        };
        let mut builder = NFA::builder();
        builder.match_kind(MatchKind::Standard).prefilter(false);
        let ahead = (texts.len() > AHEAD.len()).then_some((&AHEAD[..], &[][..]));
        let patterns = ahead.into_iter().chain(texts.iter().map(|(text, lines)| (text.as_bytes(), &**lines)));
        let states = builder.build(patterns.clone().map(|(text, _)| text)).ok()?;
        let mut first = Box::new([false; 256]);
        for byte in texts.iter().filter_map(|(text, _)| text.as_bytes().first()) {
            first.get_mut(usize::from(*byte)).into_iter().for_each(|begins| *begins = true);
        }
        let mut lines = Postings::default();
        let postings = patterns.map(|(_, of_text)| lines.add(of_text)).collect();
        Some(Self { source, case, anchored, states, first, postings, lines: lines.shrunk() })
    }

    /// Calls `found` with the lines of every text that is found, once for each text.
    pub fn find<'i>(&'i self, text: &str, mut found: impl FnMut(&'i [u32])) {
        let (mut states, mut numbers) = (SmallSet::default(), SmallSet::default());
        let mut rest = text.as_bytes();
        let Ok(start) = self.states.start_state(self.anchored) else { return };
        let mut state = start;
        while let Some((byte, behind)) = rest.split_first() {
            // Most bytes do not begin any of the texts.
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
            if self.states.is_match(state) && states.insert(state) {
                for number in 0..self.states.match_len(state) {
                    let pattern = self.states.match_pattern(state, number);
                    if numbers.insert(pattern)
                        && let Some(posting) = self.postings.get(pattern.as_usize())
                    {
                        found(self.lines.of(posting));
                    }
                }
            }
        }
    }

    /// Whether some text begins with that byte.
    fn begins(&self, byte: u8) -> bool {
        self.first.get(usize::from(byte)).is_some_and(|begins| *begins)
    }
}

/// A set of what was met: mostly small, but large for a long text of few letters.
struct SmallSet<T> {
    first: SmallVec<[T; 8]>,
    others: Option<HashSet<T, RandomState>>,
}

impl<T> Default for SmallSet<T> {
    fn default() -> Self {
        Self { first: SmallVec::new(), others: None }
    }
}

impl<T: Copy + Eq + Hash> SmallSet<T> {
    fn insert(&mut self, thing: T) -> bool {
        if self.first.contains(&thing) {
            return false;
        }
        if self.first.len() == self.first.inline_size() {
            return self.others.get_or_insert_default().insert(thing);
        }
        self.first.push(thing);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{SubstringIndex, TextSource};
    use crate::model::EventField;
    use crate::pattern::Case;
    use crate::pattern::RequiredPosition::{self, Prefix, Substring};

    fn found(texts: &[(Box<str>, Vec<u32>)], position: RequiredPosition, text: &str) -> Vec<u32> {
        let automaton =
            SubstringIndex::new(TextSource::Field(EventField::Title), Case::Sensitive, position, texts).unwrap();
        let mut found = Vec::new();
        automaton.find(text, |lines| found.extend_from_slice(lines));
        found.sort_unstable();
        found
    }

    fn texts(count: u32, text: impl Fn(u32) -> String) -> Vec<(Box<str>, Vec<u32>)> {
        (0..count).map(|number| (text(number).into(), vec![number])).collect()
    }

    #[test]
    fn a_text_is_found_once_however_often_it_is_there() {
        let runs = texts(20, |number| "a".repeat(number as usize + 1));
        let all: Vec<u32> = (0..20).collect();
        assert_eq!(found(&runs, Substring, &"a".repeat(10_000)), all);
        assert_eq!(found(&runs, Substring, &"xaaxaaxaaa".repeat(10)), [0, 1, 2]);
        assert_eq!(found(&runs, Prefix, "aax"), [0, 1]);
    }

    #[test]
    fn very_many_texts_are_found() {
        let numbers = texts(20_000, |number| format!("host-{number}"));
        assert_eq!(found(&numbers, Substring, "a host-1234"), [1, 12, 123, 1234]);
        assert_eq!(found(&numbers, Prefix, "host-70: host-1"), [7, 70]);
        assert_eq!(found(&numbers, Prefix, "a host-1"), [0_u32; 0]);
        // Several lines of a text are stored apart from it.
        let several = |(text, lines): &(Box<str>, Vec<u32>)| (text.clone(), vec![lines[0], lines[0] + 90_000]);
        let several: Vec<_> = numbers.iter().map(several).collect();
        assert_eq!(found(&several, Substring, "a host-123"), [1, 12, 123, 90_001, 90_012, 90_123]);
    }
}
