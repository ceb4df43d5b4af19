//! The tokens of a text, with the comments and line ends before each.

use crate::syntax::{ConcreteToken, concrete_tokens};

/// A comment, `#` included, without blanks at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Comment<'t> {
    pub(super) text: &'t str,
    /// Whether it follows a token on its line.
    pub(super) is_behind_token: bool,
    /// Whether an empty line stands before it, and how many.
    pub(super) empty_lines: usize,
}

/// What stands between a token and the one before.
#[derive(Debug, Default)]
pub(super) struct Gap<'t> {
    pub(super) comments: Vec<Comment<'t>>,
    /// Empty lines directly before the token.
    pub(super) empty_lines: usize,
    /// Whether the token begins a line.
    pub(super) has_line_end: bool,
}

/// A text as the formatter reads it.
pub(super) struct FormatTokens<'t> {
    text: &'t str,
    pub(super) tokens: Vec<ConcreteToken>,
    /// One for each token, and the one behind the last.
    gaps: Vec<Gap<'t>>,
}

impl<'t> FormatTokens<'t> {
    /// Reads a text. None where it does not parse.
    pub(super) fn read(text: &'t str) -> Option<Self> {
        let tokens = concrete_tokens(text)?;
        let starts = tokens.iter().map(|token| token.range.start).chain([text.len()]);
        let ends = [0].into_iter().chain(tokens.iter().map(|token| token.range.end));
        let gaps = ends.zip(starts).map(|(end, start)| Gap::read(text.get(end..start).unwrap_or_default(), end == 0));
        let gaps = gaps.collect();
        Some(Self { text, tokens, gaps })
    }

    pub(super) fn text(&self, token: usize) -> &'t str {
        self.tokens.get(token).and_then(|token| self.text.get(token.range.clone())).unwrap_or_default()
    }

    pub(super) fn gap(&self, token: usize) -> &Gap<'t> {
        const NONE: &Gap<'static> = &Gap { comments: Vec::new(), empty_lines: 0, has_line_end: false };
        self.gaps.get(token).unwrap_or(NONE)
    }

    /// Whether a comment follows a token on its line.
    pub(super) fn has_comment_behind(&self, token: usize) -> bool {
        self.gap(token + 1).comments.first().is_some_and(|comment| comment.is_behind_token)
    }

    /// How many bytes two tokens and all between them take, without blanks.
    pub(super) fn width_between(&self, first: usize, last: usize) -> usize {
        (first..=last).map(|token| self.text(token).len()).sum()
    }

    /// Whether both hold the same tokens and comments in the same order.
    pub(super) fn has_same_content(&self, other: &Self) -> bool {
        let comments = |gap: &Gap<'t>| gap.comments.iter().map(|comment| comment.text).collect::<Vec<_>>();
        self.tokens.len() == other.tokens.len()
            && (0..self.tokens.len()).all(|token| self.text(token) == other.text(token))
            && (0..=self.tokens.len()).all(|gap| comments(self.gap(gap)) == comments(other.gap(gap)))
    }
}

impl<'t> Gap<'t> {
    /// Reads blanks, line ends and comments. `is_first` says that the text begins here.
    fn read(text: &'t str, is_first: bool) -> Self {
        let mut gap = Self { has_line_end: is_first, ..Self::default() };
        let mut empty_lines = 0;
        for (number, line) in text.split('\n').enumerate() {
            let content = line.trim_matches([' ', '\t', '\r']);
            let is_behind_token = number == 0 && !is_first;
            if content.starts_with('#') {
                gap.comments.push(Comment { text: content, is_behind_token, empty_lines });
                empty_lines = 0;
            } else if number > 0 && content.is_empty() {
                empty_lines += 1;
            }
        }
        let lines = text.matches('\n').count();
        gap.has_line_end |= lines > 0;
        // The last of the lines is the one on which the token stands.
        gap.empty_lines = empty_lines.saturating_sub(usize::from(lines > 0));
        gap
    }
}
