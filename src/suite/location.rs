//! A place in a rule file as a failure shows it: the line, and carets below it.

use super::text::visible_text;
use crate::source::{Sources, Span};

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
    /// How many characters of it are meant; at least one.
    pub width: usize,
}

impl RuleLocation {
    /// Where the span begins; a span of several lines is shown to the end of its first.
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

    /// The lines that show it in the manner of the diagnostics, up to where the carets begin.
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
