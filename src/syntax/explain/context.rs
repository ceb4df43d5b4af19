//! The words around a failure: the operand before it, the rest of its line, the block and the declaration it is in.

use super::{ParseFailure, TokenKind};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::words::DECLARATIONS;

impl<'t> ParseFailure<'t> {
    /// The text from one token to another, both included.
    pub(super) fn text(&self, first: usize, last: usize) -> &'t str {
        let start = self.tokens.get(first).map_or(0, |token| token.start);
        let end = self.tokens.get(last).map_or(start, |token| token.end);
        self.text.get(start..end).unwrap_or_default()
    }

    /// From one token to another, both included.
    pub(super) fn range(&self, first: usize, last: usize) -> Span {
        self.span(first).to(self.span(last))
    }

    /// Whether no blank stands between a token and the next.
    pub(super) fn touches(&self, index: usize) -> bool {
        matches!((self.tokens.get(index), self.tokens.get(index + 1)), (Some(one), Some(two)) if one.end == two.start)
    }

    /// The first token of the operand that ends with the token `last`: tokens without blanks between them, and the
    /// contents of brackets.
    pub(super) fn operand(&self, last: usize) -> usize {
        let mut at = last;
        let mut depth = 0_isize;
        loop {
            depth -= self.kind(at).map_or(0, TokenKind::depth_change);
            let Some(before) = at.checked_sub(1) else { return at };
            let joins = match self.kind(before) {
                Some(TokenKind::Sign) => self.word(before) == ".",
                Some(TokenKind::Open) => depth > 0 || self.word(at) == ")",
                Some(_) => true,
                None => false,
            };
            if depth <= 0 && !(joins && self.touches(before)) {
                return at;
            }
            at = before;
        }
    }

    /// The last token of the operand that begins at a token: tokens without blanks between them, and the contents of
    /// brackets.
    pub(super) fn operand_end(&self, first: usize) -> usize {
        let mut at = first;
        loop {
            let opens = self.word(at + 1) == "(" || self.word(at + 1) == "[";
            let ends = match self.kind(at + 1) {
                None | Some(TokenKind::Close) => true,
                Some(TokenKind::Sign) => self.word(at + 1) != ".",
                Some(_) => false,
            };
            if !self.touches(at) || ends {
                return at;
            }
            at = if opens { self.closer(at + 1).unwrap_or(at + 1) } else { at + 1 };
        }
    }

    /// The last token of the condition or value that goes on at a token: before what ends it on its line.
    pub(super) fn condition_end(&self, index: usize) -> usize {
        let mut at = index;
        let line = self.line_end(index);
        while at < line {
            let word = self.word(at + 1);
            let clause = self.declaration() == "mute" && matches!(word, "while" | "same" | "until");
            let ends = clause || matches!(word, "=>" | "because" | "note" | "{" | "," | "else" | "match");
            if ends || self.kind(at + 1) == Some(TokenKind::Close) {
                return at;
            }
            at = match self.kind(at + 1) {
                Some(TokenKind::Open) => self.closer(at + 1).unwrap_or(at + 1),
                _ => at + 1,
            };
        }
        at
    }

    /// The last token of the line of a token.
    pub(super) fn line_end(&self, index: usize) -> usize {
        let next = (index + 1..self.tokens.len()).find(|at| self.starts_line(*at)).unwrap_or(self.tokens.len());
        next - 1
    }

    /// The first token of the line of a token.
    pub(super) fn line_start(&self, index: usize) -> usize {
        (0..=index).rev().find(|at| self.starts_line(*at)).unwrap_or(0)
    }

    /// The bracket that closes the one at `open`.
    pub(super) fn closer(&self, open: usize) -> Option<usize> {
        let mut depth = 0;
        (open..self.tokens.len()).find(|at| {
            depth += self.kind(*at).map_or(0, TokenKind::depth_change);
            depth == 0
        })
    }

    /// The word before the innermost brace that is open at the failure; empty at the top.
    pub(super) fn block(&self) -> &'t str {
        let mut depth = 0;
        let open = (0..self.index.min(self.tokens.len())).rev().find(|at| {
            depth += self.kind(*at).map_or(0, TokenKind::depth_change);
            depth > 0
        });
        open.and_then(|open| open.checked_sub(1)).map_or("", |before| self.word(before))
    }

    /// The word that begins the declaration of the failure: a repaired text holds one declaration, after its
    /// `allow`s.
    pub(super) fn declaration(&self) -> &'t str {
        const FURTHEST: usize = 64;
        let words = (0..self.index.min(FURTHEST)).filter(|at| self.starts_line(*at)).map(|at| self.word(at));
        words.into_iter().find(|word| DECLARATIONS.contains(word)).unwrap_or_default()
    }

    /// Whether a declaration may begin at the failure.
    pub(super) fn may_begin(&self) -> bool {
        DECLARATIONS.contains(&self.found()) || matches!(self.found(), "allow" | "##")
    }

    /// Whether the token at the failure is of a kind.
    pub(super) fn is(&self, kind: TokenKind) -> bool {
        self.kind(self.index) == Some(kind)
    }

    /// Whether a token is a word.
    pub(super) fn is_word(&self, index: usize) -> bool {
        self.kind(index) == Some(TokenKind::Word)
    }

    /// A finding about a word or sign of another language.
    pub(super) fn foreign(span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(&codes::FOREIGN, span, message)
    }

    /// A finding about words in a wrong place.
    pub(super) fn unexpected(span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(&codes::UNEXPECTED, span, message)
    }

    /// A finding about the token at the failure, which is of another language.
    pub(super) fn foreign_here(&self, message: impl Into<String>) -> Diagnostic {
        Self::foreign(self.here(), message)
    }

    /// A finding about the token at the failure, which is in a wrong place.
    pub(super) fn unexpected_here(&self, message: impl Into<String>) -> Diagnostic {
        Self::unexpected(self.here(), message)
    }
}
