//! One expectation that did not come true, with everything that a reader needs to see why.

use super::compare;
use super::place::Place;
use super::shown::Shown;
use crate::source::{Sources, Span};

/// One expectation that did not come true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Where the expectation is written.
    pub place: Place,
    /// What is wrong, in a line.
    pub message: String,
    /// What was expected, in the notation of the rules.
    pub expected: Option<String>,
    /// What came out, in the same notation.
    pub actual: Option<String>,
    /// Where the two have several lines: their lines, `-` expected and `+` actual.
    pub diff: Option<String>,
    /// The parts of the condition that decided, with their values; a line each, indented as they nest.
    pub decided: Vec<String>,
    /// How to go on.
    pub help: Option<String>,
}

impl Failure {
    /// A failure at a place.
    pub(super) fn new(sources: &Sources, span: Span, message: impl Into<String>) -> Self {
        Self {
            place: Place::of(sources, span),
            message: message.into(),
            expected: None,
            actual: None,
            diff: None,
            decided: Vec::new(),
            help: None,
        }
    }

    /// Says what was expected and what came out, on a line each.
    pub(super) fn values(mut self, expected: &Shown, actual: &Shown) -> Self {
        self.expected = Some(expected.to_string());
        self.actual = Some(actual.to_string());
        self
    }

    /// Says what was expected and what came out as lines of a diff, where there are several.
    pub(super) fn compared(mut self, expected: &Shown, actual: &Shown) -> Self {
        self.diff = compare::diff(&expected.pretty(), &actual.pretty());
        self.values(expected, actual)
    }

    /// Says what came out.
    pub(super) fn actual(mut self, words: impl Into<String>) -> Self {
        self.actual = Some(words.into());
        self
    }

    /// Says what was expected.
    pub(super) fn expected(mut self, words: impl Into<String>) -> Self {
        self.expected = Some(words.into());
        self
    }

    /// Shows the condition that decided.
    pub(super) fn decided(mut self, parts: Vec<String>) -> Self {
        self.decided = parts;
        self
    }

    /// Says how to go on.
    pub(super) fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}
