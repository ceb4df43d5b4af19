//! A failed expectation, with the parts of the evaluation that explain it.

use super::compare;
use super::location::RuleLocation;
use super::test_value::TestValue;
use crate::diagnostic::visible_text;
use crate::source::{Sources, Span};

/// A failed expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestFailure {
    /// The place of the expectation.
    pub location: RuleLocation,
    /// What is wrong, in one line.
    pub message: String,
    /// The expected value, in the notation of the rules.
    pub expected: Option<String>,
    /// The actual value, in the same notation.
    pub actual: Option<String>,
    /// A diff of the two, if they have several lines: `-` expected, `+` actual.
    pub diff: Option<String>,
    /// The steps that decided, with their values; one line each, indented by their nesting.
    pub decided: Vec<String>,
    /// What happened before in a sequence, one line each, the oldest first.
    pub history: Vec<String>,
    /// How to fix it.
    pub help: Option<String>,
}

/// What is worth knowing about an expectation that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestNote {
    /// The place of the expectation.
    pub location: RuleLocation,
    /// What is worth knowing, in one line.
    pub message: String,
}

impl TestNote {
    /// A note at a place.
    pub(super) fn new(sources: &Sources, span: Span, message: &str) -> Self {
        Self { location: RuleLocation::of(sources, span), message: visible_text(message) }
    }
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
            history: Vec::new(),
            help: None,
        }
    }

    /// Adds the expected and the actual value.
    pub(super) fn values(self, expected: &TestValue, actual: &TestValue) -> Self {
        self.expected(expected.to_string()).actual(actual.to_string())
    }

    /// Adds the expected and the actual value, and a diff if they have several lines.
    pub(super) fn compared(self, expected: &TestValue, actual: &TestValue) -> Self {
        self.diff_lines(&expected.pretty(), &actual.pretty()).values(expected, actual)
    }

    /// Adds a diff of two texts.
    pub(super) fn diff_lines(mut self, expected: &str, actual: &str) -> Self {
        self.diff = compare::diff(expected, actual).map(|diff| visible_text(&diff));
        self
    }

    /// Adds the actual value.
    pub(super) fn actual(mut self, text: impl Into<String>) -> Self {
        self.actual = Some(visible_text(&text.into()));
        self
    }

    /// Adds the expected value.
    pub(super) fn expected(mut self, text: impl Into<String>) -> Self {
        self.expected = Some(visible_text(&text.into()));
        self
    }

    /// Adds the steps that decided.
    pub(super) fn decided(mut self, parts: &[String]) -> Self {
        self.decided = parts.iter().map(|part| visible_text(part)).collect();
        self
    }

    /// Adds what happened before.
    pub(super) fn history(mut self, lines: &[String]) -> Self {
        self.history = lines.iter().map(|line| visible_text(line)).collect();
        self
    }

    /// Adds how to fix it.
    pub(super) fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(visible_text(&text.into()));
        self
    }
}
