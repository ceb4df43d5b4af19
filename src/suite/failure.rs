//! One expectation that did not come true, with everything that a reader needs to see why.

use super::compare;
use super::location::RuleLocation;
use super::test_value::TestValue;
use super::text::visible_text;
use crate::source::{Sources, Span};

/// One expectation that did not come true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestFailure {
    /// Where the expectation is written.
    pub location: RuleLocation,
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

impl TestFailure {
    /// A failure at a place.
    pub(super) fn new(sources: &Sources, span: Span, message: impl Into<String>) -> Self {
        Self {
            location: RuleLocation::of(sources, span),
            message: visible_text(&message.into()),
            expected: None,
            actual: None,
            diff: None,
            decided: Vec::new(),
            help: None,
        }
    }

    /// Says what was expected and what came out, on a line each.
    pub(super) fn values(self, expected: &TestValue, actual: &TestValue) -> Self {
        self.expected(expected.to_string()).actual(actual.to_string())
    }

    /// Says what was expected and what came out as lines of a diff, where there are several.
    pub(super) fn compared(self, expected: &TestValue, actual: &TestValue) -> Self {
        self.diff_lines(&expected.pretty(), &actual.pretty()).values(expected, actual)
    }

    /// Shows the lines in which two texts differ.
    pub(super) fn diff_lines(mut self, expected: &str, actual: &str) -> Self {
        self.diff = compare::diff(expected, actual).map(|diff| visible_text(&diff));
        self
    }

    /// Says what came out.
    pub(super) fn actual(mut self, words: impl Into<String>) -> Self {
        self.actual = Some(visible_text(&words.into()));
        self
    }

    /// Says what was expected.
    pub(super) fn expected(mut self, words: impl Into<String>) -> Self {
        self.expected = Some(visible_text(&words.into()));
        self
    }

    /// Shows the condition that decided.
    pub(super) fn decided(mut self, parts: &[String]) -> Self {
        self.decided = parts.iter().map(|part| visible_text(part)).collect();
        self
    }

    /// Says how to go on.
    pub(super) fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(visible_text(&text.into()));
        self
    }
}
