//! What a search may use, and what searches used.

use std::cell::Cell;
use std::rc::Rc;

/// The largest number of characters that a set can count, and that a text has by default.
pub const LONGEST_COUNTED: u32 = 4_096;

/// What a search may use. Everything is counted.
#[derive(Debug, Clone)]
pub struct SearchLimits {
    /// Combinations of states of all sets that are visited, in each of the two orders of a search.
    pub states: usize,
    /// Steps of the automata: nodes that are visited, and steps that are kept.
    pub steps: usize,
    /// Characters of a text.
    pub characters: u32,
    /// Literals that are tested, where the sets allow only some literals.
    pub words: usize,
    /// Which characters a text may have.
    pub allowed: SearchCharacters,
    /// Where the steps of all searches are counted together. Copies of the limits share it.
    pub counter: StepCounter,
}

/// Counts steps. Copies count together.
#[derive(Debug, Clone, Default)]
pub struct StepCounter(Rc<Cell<u64>>);

impl StepCounter {
    /// Adds steps.
    pub fn add(&self, steps: usize) {
        self.0.set(self.0.get().saturating_add(steps as u64));
    }

    /// All steps so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.0.get()
    }
}

impl Default for SearchLimits {
    fn default() -> Self {
        Self {
            states: 20_000,
            steps: 20_000_000,
            characters: LONGEST_COUNTED,
            words: 10_000,
            allowed: SearchCharacters::All,
            counter: StepCounter::default(),
        }
    }
}

/// Which characters a text may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SearchCharacters {
    /// All. A text has line breaks and other control characters only if no other text exists.
    All,
    /// All except line breaks and other control characters.
    Plain,
}

/// The limit that a search reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SearchLimit {
    /// The sets need more than this number of states together.
    States(usize),
    /// The sets need more than this number of steps.
    Steps(usize),
    /// A text would have more than this number of characters.
    Characters(u32),
    /// More than this number of literals would have to be tested.
    Words(usize),
    /// A pattern is too large for an automaton.
    PatternSize,
}
