//! The place at which something is written, and the tokens before it.

use crate::ruleset::editor::description::WordContext;
use crate::ruleset::editor::view::TokenView;
use crate::source::{FileId, Span};
use crate::syntax::{self, TokenClass};

/// A place in a text that is being written.
pub(super) struct Cursor<'t> {
    file: FileId,
    /// Where the word that is being written begins.
    pub(super) word_start: usize,
    offset: usize,
    /// The tokens of the declaration before the word, or before the string that is being written.
    tokens: TokenView<'t>,
    /// Where the declaration begins.
    pub(super) start: usize,
    /// The text of the declaration up to the place.
    piece: &'t str,
    open: OpenPart,
}

/// What is open where the word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OpenPart {
    None,
    Comment,
    /// A string that began here, in the declaration.
    Text(usize),
    /// An interpolated value in a string that began here.
    Hole(usize),
}

/// What kind of place it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CursorPlace<'t> {
    /// In a comment.
    Comment,
    /// Behind the dot of `labels.`
    Member(&'t str),
    /// In a string; the number of tokens before it.
    Text {
        /// How many tokens stand before the string.
        before: usize,
    },
    /// In an interpolated value.
    Hole,
    /// Between tokens.
    Code,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str, file: FileId, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or_default();
        let start = syntax::declaration_start(before);
        let piece = before.get(start..).unwrap_or_default();
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        let word_start = start + piece.trim_end_matches(is_word).len();
        let open = open_part(piece);
        let end = match open {
            OpenPart::Text(at) | OpenPart::Hole(at) => at,
            OpenPart::None | OpenPart::Comment => word_start - start,
        };
        let word_start = if let OpenPart::Text(at) = open { start + at + 1 } else { word_start };
        let tokens = TokenView::new(piece.get(..end).unwrap_or_default());
        Self { file, word_start, offset, tokens, start, piece, open }
    }

    /// What the word that is being written takes.
    pub(super) fn span(&self) -> Span {
        Span::new(self.file, self.word_start, self.offset)
    }

    pub(super) fn place(&self) -> CursorPlace<'t> {
        match self.open {
            OpenPart::Comment => CursorPlace::Comment,
            OpenPart::Text(_) => CursorPlace::Text { before: self.count() },
            OpenPart::None | OpenPart::Hole(_) => match self.before_dot() {
                Some(base) => CursorPlace::Member(base),
                None if self.open == OpenPart::None => CursorPlace::Code,
                None => CursorPlace::Hole,
            },
        }
    }

    /// The word before the dot right before the place.
    fn before_dot(&self) -> Option<&'t str> {
        let before = self.piece.get(..self.word_start - self.start)?.strip_suffix('.')?;
        let length = before.trim_end_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '_').len();
        before.get(length..).filter(|word| !word.is_empty())
    }

    /// How many tokens stand before the place.
    pub(super) fn count(&self) -> usize {
        self.tokens.tokens.len()
    }

    /// A token before the place, counted backwards from 0.
    pub(super) fn back(&self, distance: usize) -> &'t str {
        let index = self.count().checked_sub(distance + 1);
        index.map_or("", |index| self.tokens.word(index))
    }

    /// The token of an index.
    pub(super) fn word(&self, index: usize) -> &'t str {
        self.tokens.word(index)
    }

    pub(super) fn class(&self, index: usize) -> Option<TokenClass> {
        self.tokens.class(index)
    }

    /// Whether the token of an index begins its line.
    pub(super) fn begins_line(&self, index: usize) -> bool {
        let Some(token) = self.tokens.tokens.get(index) else { return false };
        let before = self.piece.get(..token.range.start).unwrap_or_default().trim_end_matches([' ', '\t']);
        before.is_empty() || before.ends_with('\n')
    }

    /// In what kind of declaration the place is.
    pub(super) fn context(&self) -> WordContext {
        if self.is_outside() {
            return WordContext::File;
        }
        self.count().checked_sub(1).map_or(WordContext::File, |last| self.tokens.context(last))
    }

    /// The name that the declaration gives.
    pub(super) fn declared(&self) -> &'t str {
        let keyword = (0..self.count()).find(|index| WordContext::of(self.word(*index)) != WordContext::File);
        keyword.map_or("", |index| self.word(index + 1))
    }

    /// Whether no declaration has begun, or the last one has ended.
    pub(super) fn is_outside(&self) -> bool {
        let line = self.piece.rsplit('\n').next().unwrap_or_default();
        self.depth() == 0 && line.trim_end_matches(|letter: char| letter.is_ascii_alphanumeric()).trim().is_empty()
    }

    /// How many brackets are open.
    fn depth(&self) -> usize {
        self.openers().len()
    }

    /// The tokens that open brackets and are not closed, the innermost last.
    pub(super) fn openers(&self) -> Vec<usize> {
        let mut open = Vec::new();
        for index in 0..self.count() {
            match self.word(index) {
                "(" | "[" | "{" => open.push(index),
                ")" | "]" | "}" => {
                    open.pop();
                }
                _ => {}
            }
        }
        open
    }
}

/// What is open at the end of a text: a comment, a string, or a value in a string.
fn open_part(piece: &str) -> OpenPart {
    let mut open = OpenPart::None;
    let mut string = 0;
    let mut letters = piece.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        open = match (open, letter) {
            (OpenPart::None, '#') => OpenPart::Comment,
            (OpenPart::None, '"') => {
                string = at;
                OpenPart::Text(at)
            }
            (OpenPart::Text(_), '\\') => {
                letters.next();
                open
            }
            (OpenPart::Text(_), '{') if letters.next_if(|(_, next)| *next == '{').is_none() => OpenPart::Hole(string),
            (OpenPart::Hole(_), '}') => OpenPart::Text(string),
            (OpenPart::Text(_), '"') | (_, '\n') => OpenPart::None,
            (open, _) => open,
        };
    }
    open
}
