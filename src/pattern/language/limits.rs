//! What a search may use.

/// The largest number of characters that a set can count, and that a text has by default.
pub const LONGEST_COUNTED: u32 = 4_096;

/// What a search may use. Everything is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

impl Default for SearchLimits {
    fn default() -> Self {
        Self {
            states: 20_000,
            steps: 20_000_000,
            characters: LONGEST_COUNTED,
            words: 10_000,
            allowed: SearchCharacters::All,
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
