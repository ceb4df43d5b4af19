//! Texts that labels and fields must be, begin with or contain, each once.

use crate::pattern::{Case, RequiredPosition};
use crate::program::TextSource;
use foldhash::fast::RandomState;
use std::borrow::Cow;
use std::collections::HashMap;

/// A text that a label or field must be, begin with or contain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TextKey<'p> {
    pub(super) lookup: TextLookup,
    pub(super) text: Cow<'p, str>,
}

/// Where a text is looked for, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TextLookup {
    pub(super) how: RequiredPosition,
    pub(super) source: TextSource,
    pub(super) case: Case,
}

/// A key, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TextKeyId(u32);

impl TextKeyId {
    pub(super) fn position(self) -> usize {
        self.0 as usize
    }
}

/// All keys of a block.
#[derive(Debug, Default)]
pub(super) struct TextKeys<'p> {
    all: Vec<TextKey<'p>>,
    numbers: HashMap<TextKey<'p>, TextKeyId, RandomState>,
}

impl<'p> TextKeys<'p> {
    /// The number of a key, which is added if it is new.
    pub(super) fn intern(&mut self, key: TextKey<'p>) -> TextKeyId {
        *self.numbers.entry(key).or_insert_with_key(|key| {
            self.all.push(key.clone());
            TextKeyId(u32::try_from(self.all.len() - 1).unwrap_or(u32::MAX))
        })
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// A key by its number.
    pub(super) fn key(&self, id: TextKeyId) -> Option<&TextKey<'p>> {
        self.all.get(id.position())
    }

    /// All keys in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TextKeyId, &TextKey<'p>)> {
        (0..).map(TextKeyId).zip(&self.all)
    }
}
