//! Regexes that are matched against one text together.

use super::{LARGEST_CACHE, RegexPattern};
use std::sync::{Arc, OnceLock};

/// The most bytes that the patterns of a set may compile to together. Beyond that each is matched by itself.
const LARGEST: usize = 1024 * 1024;

/// A regex, and whether it must match the whole text or a part of it.
#[derive(Debug, Clone)]
pub struct RegexPredicate {
    /// The regex.
    pub regex: Arc<RegexPattern>,
    /// Whether it must match the whole text.
    pub whole: bool,
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
        for (position, RegexPredicate { regex, whole }) in self.all.iter().enumerate() {
            if if *whole { regex.matches(text) } else { regex.finds(text) } {
                fits(position);
            }
        }
    }

    fn compile(&self) -> Option<regex::RegexSet> {
        let patterns = self.all.iter().map(|fit| fit.regex.with_flags(fit.whole));
        let mut builder = regex::RegexSetBuilder::new(patterns);
        builder.size_limit(LARGEST).dfa_size_limit(LARGEST_CACHE).build().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{RegexPattern, RegexPatternSet, RegexPredicate};
    use std::sync::Arc;

    fn fitting(patterns: &[(&str, &str, bool)], text: &str) -> Vec<usize> {
        let fit = |(pattern, flags, whole): &(&str, &str, bool)| RegexPredicate {
            regex: Arc::new(RegexPattern::new(pattern, flags, false).unwrap()),
            whole: *whole,
        };
        let mut found = Vec::new();
        RegexPatternSet::new(patterns.iter().map(fit).collect())
            .fitting(text, |position| found.push(position));
        found
    }

    #[test]
    fn each_fits_as_it_would_by_itself() {
        let patterns = [
            ("[a-z]+", "", true),
            ("[a-z]+", "", false),
            ("[A-Z]+ # letters", "ix", true),
            ("^b.c$", "ms", false),
            ("[0-9]", "", false),
        ];
        assert_eq!(fitting(&patterns, "abc"), [0, 1, 2]);
        assert_eq!(fitting(&patterns, "a\nb\nc"), [1, 3]);
        assert_eq!(fitting(&patterns, "7"), [4]);
        assert_eq!(fitting(&patterns, ""), [0_usize; 0]);
    }

    #[test]
    fn what_is_too_large_together_is_tried_one_by_one() {
        let large: Vec<String> = (0..64).map(|number| format!(r"\w{{{}}}", 1 + number % 4)).collect();
        let patterns: Vec<_> = large.iter().map(|pattern| (pattern.as_str(), "", true)).collect();
        let expected: Vec<usize> = (0..64).filter(|number| number % 4 == 2).collect();
        assert_eq!(fitting(&patterns, "abc"), expected);
    }
}
