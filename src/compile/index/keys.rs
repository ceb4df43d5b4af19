//! Texts that labels and fields must be, begin with or hold, each once.

use crate::pattern::How;
use crate::program::Source;
use foldhash::fast::RandomState;
use std::borrow::Cow;
use std::collections::HashMap;

/// A text that must be, begin or lie in a label or field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key<'p> {
    pub(super) place: Place,
    pub(super) text: Cow<'p, str>,
}

/// Where a text is looked for, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) how: How,
    pub(super) source: Source,
    pub(super) ignore_case: bool,
}

/// A key, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct KeyId(u32);

impl KeyId {
    pub(super) fn position(self) -> usize {
        self.0 as usize
    }
}

/// All keys of a block.
#[derive(Debug, Default)]
pub(super) struct Keys<'p> {
    all: Vec<Key<'p>>,
    numbers: HashMap<Key<'p>, KeyId, RandomState>,
}

impl<'p> Keys<'p> {
    /// The number of a key, which is added if need be.
    pub(super) fn number(&mut self, key: Key<'p>) -> KeyId {
        *self.numbers.entry(key).or_insert_with_key(|key| {
            self.all.push(key.clone());
            KeyId(u32::try_from(self.all.len() - 1).unwrap_or(u32::MAX))
        })
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// A key by its number.
    pub(super) fn key(&self, id: KeyId) -> Option<&Key<'p>> {
        self.all.get(id.position())
    }

    /// All keys in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (KeyId, &Key<'p>)> {
        (0..).map(KeyId).zip(&self.all)
    }
}
