//! A place in a rule file as failures show it: the line, with carets below.

use crate::diagnostic::visible_text;
use crate::source::{Sources, Span};
use crate::text::excerpt;

/// How many characters of a rule's text are shown.
pub(super) const MAX_EXCERPT: usize = 120;

/// The text of a place on one line, cut where it is long.
pub(super) fn source_excerpt(sources: &Sources, place: Span) -> String {
    excerpt(sources.text(place), MAX_EXCERPT)
}

/// A line of a rule file and the part of it that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleLocation {
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The line's text, tabs as blanks.
    pub text: String,
    /// How many characters the carets mark; at least one.
    pub width: usize,
}

impl RuleLocation {
    /// The beginning of a span, up to the end of its first line.
    pub(super) fn of(sources: &Sources, span: Span) -> Self {
        let position = sources.position(span);
        let file = sources.file(span.file);
        let text = file.map_or("", |file| file.line(position.line));
        let rest = text.chars().count().saturating_sub(position.column - 1);
        let first = sources.text(span).lines().next().unwrap_or_default().trim_end().chars().count();
        Self {
            file: sources.name(span).to_owned(),
            line: position.line,
            column: position.column,
            text: visible_text(text.replace('\t', " ").trim_end()),
            width: first.min(rest).max(1),
        }
    }

    /// `file:line`
    #[must_use]
    pub fn short(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// The excerpt in the form of diagnostics, up to the carets.
    #[must_use]
    pub fn excerpt(&self) -> String {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let before = " ".repeat(self.column - 1);
        let (file, line, column, text) = (&self.file, self.line, self.column, &self.text);
        format!("{margin}--> {file}:{line}:{column}\n{margin} |\n{number} | {text}\n{margin} | {before}")
    }

    /// The carets.
    #[must_use]
    pub fn carets(&self) -> String {
        "^".repeat(self.width)
    }
}
