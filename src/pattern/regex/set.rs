//! Regexes that are matched against one text together.

use super::{LARGEST_CACHE, RegexPattern};
use crate::pattern::MatchScope;
use std::sync::{Arc, OnceLock};

/// The most bytes that the patterns of a set may compile to together. Beyond that each is matched by itself.
const LARGEST: usize = 1024 * 1024;

/// A regex, and which part of a text it must match.
#[derive(Debug, Clone)]
pub struct RegexPredicate {
    /// The regex.
    pub regex: Arc<RegexPattern>,
    /// Which part of a text it must match.
    pub scope: MatchScope,
}

/// Some regexes. They are compiled together at the first match.
#[derive(Debug)]
pub struct RegexPatternSet {
    all: Box<[RegexPredicate]>,
    together: OnceLock<Option<regex::RegexSet>>,
}

impl RegexPatternSet {
    /// How many regexes a set may hold before it becomes slow.
    pub const MOST: usize = 64;

    /// A set of regexes.
    #[must_use]
    pub fn new(all: Box<[RegexPredicate]>) -> Self {
        Self { all, together: OnceLock::new() }
    }

    /// The positions of the regexes that match the text.
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
        RegexPatternSet::new(patterns.iter().map(fit).collect())
            .fitting(text, |position| found.push(position));
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
        let patterns: Vec<_> =
            large.iter().map(|pattern| (pattern.as_str(), "", MatchScope::Whole)).collect();
        let expected: Vec<usize> = (0..64).filter(|number| number % 4 == 2).collect();
        assert_eq!(fitting(&patterns, "abc"), expected);
    }
}
