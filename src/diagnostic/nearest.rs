//! The nearest of the names that exist, for every name that does not.

/// The candidate that differs least from the word, where one is near enough to be meant.
#[must_use]
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    candidates.into_iter().find(|candidate| strsim::damerau_levenshtein(word, candidate) <= 2)
}
