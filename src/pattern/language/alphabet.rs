//! Partitions of all characters into classes that automata treat alike.

use foldhash::fast::RandomState;
use std::collections::HashMap;

/// The number of the last character.
pub(super) const LAST: u32 = char::MAX as u32;

/// Characters by their numbers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CharacterRange {
    pub(super) first: u32,
    pub(super) last: u32,
}

impl CharacterRange {
    pub(super) const ALL: Self = Self { first: 0, last: LAST };

    pub(super) fn one(character: char) -> Self {
        Self { first: character.into(), last: character.into() }
    }
}

/// A range whose characters are in one class.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClassInterval {
    pub(super) range: CharacterRange,
    pub(super) class: u32,
}

/// A partition of all characters. Classes are numbered from 0.
#[derive(Debug, Clone)]
pub(super) struct Alphabet {
    /// The first character of each interval, ascending from 0.
    starts: Vec<u32>,
    /// The class of each interval.
    classes: Vec<u32>,
    count: usize,
}

/// A partition whose classes have keys: what the parts of an automaton know about the characters.
#[derive(Debug, Clone)]
pub(super) struct KeyedAlphabet {
    pub(super) alphabet: Alphabet,
    /// The key of each class.
    pub(super) keys: Vec<Box<[u32]>>,
}

impl Alphabet {
    /// The partition with a single class.
    pub(super) fn single() -> Self {
        Self { starts: vec![0], classes: vec![0], count: 1 }
    }

    /// The partition in which each of some characters, in ascending order, is a class. The other ones are class 0.
    pub(super) fn of_characters(characters: &[u32]) -> Self {
        let mut builder = AlphabetBuilder::default();
        builder.class(&[u32::MAX]);
        let mut next = 0;
        for character in characters {
            if next < *character {
                builder.push(next, &[u32::MAX]);
            }
            builder.push(*character, &[*character]);
            next = character + 1;
        }
        if next <= LAST {
            builder.push(next, &[u32::MAX]);
        }
        builder.finish().alphabet
    }

    /// The number of classes.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The class of a character.
    pub(super) fn class_of(&self, character: u32) -> u32 {
        let interval = self.starts.partition_point(|start| *start <= character).saturating_sub(1);
        self.classes.get(interval).copied().unwrap_or_default()
    }

    /// The intervals, in ascending order.
    pub(super) fn intervals(&self) -> impl Iterator<Item = ClassInterval> {
        let ends = self.starts.iter().skip(1).map(|next| next - 1).chain([LAST]);
        let intervals = self.starts.iter().zip(ends).zip(&self.classes);
        intervals.map(|((first, last), class)| ClassInterval {
            range: CharacterRange { first: *first, last },
            class: *class,
        })
    }
}

impl KeyedAlphabet {
    /// The coarsest partition whose classes lie within or outside each of the sets. A key is a bit set: which sets the class
    /// lies within.
    pub(super) fn of_sets<'s>(sets: impl ExactSizeIterator<Item = &'s [CharacterRange]>) -> Self {
        let words = sets.len().div_ceil(BITS).max(1);
        let mut changes = Vec::new();
        for (part, ranges) in sets.enumerate() {
            for range in ranges {
                changes.extend([range.first, range.last + 1].map(|at| Change { at, part, class: 0 }));
            }
        }
        Self::of_changes(changes, words, |key, change| {
            if let Some(word) = key.get_mut(change.part / BITS) {
                *word ^= 1 << (change.part % BITS);
            }
        })
    }

    /// The coarsest partition that refines each of the parts. A key has the class in each part.
    pub(super) fn join(parts: &[&Alphabet]) -> Self {
        let mut changes = Vec::new();
        for (part, alphabet) in parts.iter().enumerate() {
            let starts = alphabet.intervals().map(|interval| (interval.range.first, interval.class));
            changes.extend(starts.map(|(at, class)| Change { at, part, class }));
        }
        Self::of_changes(changes, parts.len(), |key, change| {
            if let Some(place) = key.get_mut(change.part) {
                *place = change.class;
            }
        })
    }

    fn of_changes(mut changes: Vec<Change>, words: usize, apply: impl Fn(&mut [u32], &Change)) -> Self {
        changes.sort_unstable_by_key(|change| change.at);
        let mut key = vec![0; words];
        let mut builder = AlphabetBuilder::default();
        if changes.first().is_none_or(|change| change.at > 0) {
            builder.push(0, &key);
        }
        for together in changes.chunk_by(|left, right| left.at == right.at) {
            for change in together {
                apply(&mut key, change);
            }
            if let Some(change) = together.first().filter(|change| change.at <= LAST) {
                builder.push(change.at, &key);
            }
        }
        builder.finish()
    }

    /// The key of a class.
    pub(super) fn key(&self, class: u32) -> &[u32] {
        self.keys.get(class as usize).map_or(&[], AsRef::as_ref)
    }

    /// Whether a class lies within a set, if the keys are bit sets.
    pub(super) fn is_within(&self, class: u32, set: u32) -> bool {
        let word = self.key(class).get(set as usize / BITS).copied().unwrap_or_default();
        word >> (set as usize % BITS) & 1 == 1
    }
}

/// The bits of a word of a key.
const BITS: usize = 32;

/// What begins at a character: another side of a set, or another class of a part.
struct Change {
    at: u32,
    part: usize,
    class: u32,
}

/// Makes a partition from intervals with keys.
#[derive(Debug, Default)]
pub(super) struct AlphabetBuilder {
    starts: Vec<u32>,
    classes: Vec<u32>,
    ids: HashMap<Box<[u32]>, u32, RandomState>,
    keys: Vec<Box<[u32]>>,
}

impl AlphabetBuilder {
    /// Begins an interval. Intervals come in ascending order, and the first begins at 0.
    pub(super) fn push(&mut self, start: u32, key: &[u32]) {
        let class = self.class(key);
        if self.classes.last() != Some(&class) {
            self.starts.push(start);
            self.classes.push(class);
        }
    }

    pub(super) fn finish(self) -> KeyedAlphabet {
        let count = self.keys.len();
        KeyedAlphabet { alphabet: Alphabet { starts: self.starts, classes: self.classes, count }, keys: self.keys }
    }

    fn class(&mut self, key: &[u32]) -> u32 {
        if let Some(class) = self.ids.get(key) {
            return *class;
        }
        let class = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        self.ids.insert(key.into(), class);
        self.keys.push(key.into());
        class
    }
}
