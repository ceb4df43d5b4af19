//! Letter case in comparisons.

use super::fold::{fold, with_folded};
use std::borrow::Cow;

/// Whether letter case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Case {
    /// Capital and small letters differ.
    Sensitive,
    /// `ignore case`
    Ignored,
}

impl Case {
    /// Whether capital and small letters are the same.
    #[must_use]
    pub fn is_ignored(self) -> bool {
        self == Self::Ignored
    }

    /// The form of a text that is compared.
    #[must_use]
    pub fn fold(self, text: &str) -> Cow<'_, str> {
        if self.is_ignored() { fold(text) } else { Cow::Borrowed(text) }
    }

    /// Applies a function to the form of a text that is compared.
    pub fn with_folded<R>(self, text: &str, apply: impl FnOnce(&str) -> R) -> R {
        if self.is_ignored() { with_folded(text, apply) } else { apply(text) }
    }
}

/// Case is ignored if the words `ignore case` are present.
impl<T> From<Option<T>> for Case {
    fn from(words: Option<T>) -> Self {
        if words.is_some() { Self::Ignored } else { Self::Sensitive }
    }
}
