//! Regexes that are tested against one text together.

use super::{LARGEST_CACHE, RegexPattern};
use crate::pattern::MatchScope;
use std::sync::{Arc, OnceLock};

/// The largest size of the compiled set, in bytes. The regexes of a larger set are tested one by one.
const LARGEST: usize = 1024 * 1024;

/// A regex, and the part of a text that it must match.
#[derive(Debug, Clone)]
pub struct RegexPredicate {
    /// The regex.
    pub regex: Arc<RegexPattern>,
    /// The part of a text that it must match.
    pub scope: MatchScope,
}

/// A set of regexes, compiled together at the first test.
#[derive(Debug)]
pub struct RegexPatternSet {
    all: Box<[RegexPredicate]>,
    together: OnceLock<Option<regex::RegexSet>>,
}

impl RegexPatternSet {
    /// The largest number of regexes in a set that is still fast.
    pub const MAX_REGEXES: usize = 64;

    /// A set of regexes.
    #[must_use]
    pub fn new(all: Box<[RegexPredicate]>) -> Self {
        Self { all, together: OnceLock::new() }
    }

    /// Calls `fits` with the position of each regex that matches the text.
    pub fn fitting(&self, text: &str, mut fits: impl FnMut(usize)) {
        if let Some(together) = self.together.get_or_init(|| self.compile()) {
            together.matches(text).into_iter().for_each(fits);
            return;
        }
        for (position, RegexPredicate { regex, scope }) in self.all.iter().enumerate() {
            if regex.fits(*scope, text) {
                fits(position);
            }
        }
    }

    fn compile(&self) -> Option<regex::RegexSet> {
        let patterns = self.all.iter().map(|fit| fit.regex.with_flags(fit.scope));
        let mut builder = regex::RegexSetBuilder::new(patterns);
        builder.size_limit(LARGEST).dfa_size_limit(LARGEST_CACHE).build().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{RegexPattern, RegexPatternSet, RegexPredicate};
    use crate::pattern::{Case, MatchScope};
    use std::sync::Arc;

    fn fitting(patterns: &[(&str, &str, MatchScope)], text: &str) -> Vec<usize> {
        let fit = |(pattern, flags, scope): &(&str, &str, MatchScope)| RegexPredicate {
            regex: Arc::new(RegexPattern::new(pattern, flags, Case::Sensitive).unwrap()),
            scope: *scope,
        };
        let mut found = Vec::new();
        RegexPatternSet::new(patterns.iter().map(fit).collect()).fitting(text, |position| found.push(position));
        found
    }

    #[test]
    fn each_fits_as_it_would_by_itself() {
        let patterns = [
            ("[a-z]+", "", MatchScope::Whole),
            ("[a-z]+", "", MatchScope::Anywhere),
            ("[A-Z]+ # letters", "ix", MatchScope::Whole),
            ("^b.c$", "ms", MatchScope::Anywhere),
            ("[0-9]", "", MatchScope::Anywhere),
        ];
        assert_eq!(fitting(&patterns, "abc"), [0, 1, 2]);
        assert_eq!(fitting(&patterns, "a\nb\nc"), [1, 3]);
        assert_eq!(fitting(&patterns, "7"), [4]);
        assert_eq!(fitting(&patterns, ""), [0_usize; 0]);
    }

    #[test]
    fn what_is_too_large_together_is_tried_one_by_one() {
        let large: Vec<String> = (0..64).map(|number| format!(r"\w{{{}}}", 1 + number % 4)).collect();
        let patterns: Vec<_> = large.iter().map(|pattern| (pattern.as_str(), "", MatchScope::Whole)).collect();
        let expected: Vec<usize> = (0..64).filter(|number| number % 4 == 2).collect();
        assert_eq!(fitting(&patterns, "abc"), expected);
    }
}
