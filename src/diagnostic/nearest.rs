//! The name that was likely meant.

/// The candidate nearest to a word, unless none is near.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let near = |candidate: &&'c str| strsim::osa_distance(word, candidate) <= 1 + word.chars().count() / 4;
    candidates.into_iter().filter(near).min_by_key(|candidate| strsim::osa_distance(word, candidate))
}
