//! The automaton of a string set: how its states follow each other, without memory of those that were met.
//!
//! A state is a short list of numbers. Two have a meaning of their own in every automaton: from [`DEAD`] no text goes on, and
//! from [`ALL`] every text does.

use super::StringSet;
use super::alphabet::{Alphabet, KeyedAlphabet};
use super::casing::{CharacterMap, sigma_roles, white_space};
use super::limits::SearchLimit;
use super::nfa::Nfa;
use super::words::WordTree;

/// What the numbers of a state mean.
pub(super) type StateKey = Box<[u32]>;

/// The state from which no text goes on.
pub(super) const DEAD: &[u32] = &[];
/// The state from which every text goes on.
pub(super) const ALL: &[u32] = &[u32::MAX];

/// An automaton.
#[derive(Debug)]
pub(super) enum Automaton {
    /// A pattern.
    Nfa(Nfa),
    /// A finite set of texts.
    Words(WordTree),
    /// Numbers of characters.
    Length(LengthRange),
    /// The texts that are in another set once they are changed.
    Changed(ChangedTexts),
}

/// A range of numbers of characters.
#[derive(Debug)]
pub(super) struct LengthRange {
    alphabet: Alphabet,
    min: u32,
    max: Option<u32>,
}

/// The texts that are in another set once they are changed.
#[derive(Debug)]
pub(super) struct ChangedTexts {
    pub(super) inner: StringSet,
    pub(super) change: TextChange,
    /// Keys have what the variant of the change says.
    alphabet: KeyedAlphabet,
}

/// How a text is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextChange {
    /// Character by character. A key has the classes of the results. A state has the inner state.
    Characters,
    /// As [`TextChange::Characters`] except for capital sigmas. A key has the role of a character before the classes.
    Lower,
    /// White space around the text is removed. A key has whether a character is white space, and its inner class.
    Trim,
}

impl LengthRange {
    pub(super) fn new(min: u32, max: Option<u32>) -> Self {
        Self { alphabet: Alphabet::single(), min, max }
    }

    /// The state after some characters, which are counted as far as it matters.
    pub(super) fn state(&self, count: u32) -> StateKey {
        match self.max {
            None if count >= self.min => ALL.into(),
            Some(max) if count > max => DEAD.into(),
            _ => [count].into(),
        }
    }

    pub(super) fn accepts(&self, count: u32) -> bool {
        count >= self.min
    }

    pub(super) fn distance(&self, count: u32) -> u32 {
        self.min.saturating_sub(count)
    }
}

impl ChangedTexts {
    pub(super) fn of_characters(inner: StringSet, map: CharacterMap) -> Result<Self, SearchLimit> {
        let alphabet = map.preimage(inner.automaton()?.alphabet());
        Ok(Self { inner, change: TextChange::Characters, alphabet })
    }

    pub(super) fn lower(inner: StringSet) -> Result<Self, SearchLimit> {
        let classes = inner.automaton()?.alphabet();
        if classes.class_of('σ'.into()) == classes.class_of('ς'.into()) {
            return Self::of_characters(inner, CharacterMap::Lower);
        }
        let mapped = CharacterMap::Lower.preimage(classes);
        let joined = KeyedAlphabet::join(&[&sigma_roles().alphabet, &mapped.alphabet]);
        let key = |key: &StateKey| -> StateKey {
            let (role, class) = (key.first().copied().unwrap_or_default(), key.get(1).copied().unwrap_or_default());
            sigma_roles().key(role).iter().chain(mapped.key(class)).copied().collect()
        };
        let keys = joined.keys.iter().map(key).collect();
        let alphabet = KeyedAlphabet { alphabet: joined.alphabet, keys };
        Ok(Self { inner, change: TextChange::Lower, alphabet })
    }

    pub(super) fn trim(inner: StringSet) -> Result<Self, SearchLimit> {
        let mut alphabet = KeyedAlphabet::join(&[&white_space().alphabet, inner.automaton()?.alphabet()]);
        for key in &mut alphabet.keys {
            if let Some(first) = key.first_mut() {
                *first = white_space().key(*first).first().copied().unwrap_or_default();
            }
        }
        Ok(Self { inner, change: TextChange::Trim, alphabet })
    }

    /// The inner class of the small sigma that ends a word.
    pub(super) fn final_sigma(&self) -> u32 {
        self.inner.automaton().map_or(0, |inner| inner.alphabet().class_of('ς'.into()))
    }

    /// What a class of characters is, as the variant of the change says.
    pub(super) fn key(&self, class: u32) -> &[u32] {
        self.alphabet.key(class)
    }
}

impl Automaton {
    pub(super) fn alphabet(&self) -> &Alphabet {
        match self {
            Self::Nfa(nfa) => nfa.alphabet(),
            Self::Words(words) => words.alphabet(),
            Self::Length(range) => &range.alphabet,
            Self::Changed(changed) => &changed.alphabet.alphabet,
        }
    }
}
