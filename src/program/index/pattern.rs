//! Lines that require a label or field to fit a regex of which nothing is known that could be looked up.

use super::{Posting, Postings, Source};
use crate::pattern::{Regex, RegexSet};
use std::sync::Arc;

/// The lines by regex, tried together.
#[derive(Debug)]
pub struct Patterns {
    /// What is tried.
    pub source: Source,
    set: RegexSet,
    postings: Box<[Posting]>,
    lines: Postings,
}

impl Patterns {
    /// The lines that require each regex to fit, each with whether it has to fit the whole text.
    #[must_use]
    pub fn new(source: Source, regexes: Vec<((Arc<Regex>, bool), Vec<u32>)>) -> Self {
        let mut lines = Postings::default();
        let (regexes, postings): (Vec<_>, Vec<_>) =
            regexes.into_iter().map(|(regex, filed)| (regex, lines.add(&filed))).unzip();
        Self { source, set: RegexSet::new(regexes), postings: postings.into(), lines: lines.shrunk() }
    }

    /// Hands over the lines of every regex that fits.
    pub fn find<'i>(&'i self, text: &str, mut found: impl FnMut(&'i [u32])) {
        self.set.fitting(text, |position| {
            if let Some(posting) = self.postings.get(position) {
                found(self.lines.of(*posting));
            }
        });
    }
}
