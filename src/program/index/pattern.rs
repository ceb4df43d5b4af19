//! Lines that require a label or field to fit a regex of which nothing is known that could be looked up.

use super::{Filed, Source};
use crate::pattern::{Fit, RegexSet};

/// The lines by regex, tried together.
#[derive(Debug)]
pub struct Patterns {
    /// What is tried.
    pub source: Source,
    set: RegexSet,
    lines: Box<[u32]>,
}

impl Filed for Patterns {
    fn source(&self) -> Source {
        self.source
    }
}

impl Patterns {
    /// What must fit, and the line that requires it.
    #[must_use]
    pub fn new(source: Source, required: &[(Fit, u32)]) -> Self {
        let set = RegexSet::new(required.iter().map(|(fit, _)| fit.clone()).collect());
        Self { source, set, lines: required.iter().map(|(_, line)| *line).collect() }
    }

    /// Hands over the line of every regex that fits.
    pub fn find<'i>(&'i self, text: &str, mut found: impl FnMut(&'i [u32])) {
        self.set.fitting(text, |position| {
            found(self.lines.get(position).map_or(&[], std::slice::from_ref));
        });
    }
}
