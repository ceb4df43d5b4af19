//! The shape of broken text: which bracket belongs to which, where declarations begin, and which stretch around a
//! place can be left out without harm to the text around it.
//!
//! A *unit* begins on a line of its own within a block: a statement, a route, an arm, a row. This module uses brackets,
//! line beginnings and a few words, never the grammar.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::syntax::lex::{Token, TokenKind, is_margin};
use crate::syntax::words::DECLARATIONS;

/// Words and signs that continue a unit at the beginning of a line.
const CONTINUES: &[&str] = &[
    "and", "or", "in", "when", "while", "same", "until", "because", "note", "ignore", "??", "|", "=>", "->", "==",
    "!=", "<", "<=", ">", ">=", ",",
];

/// Words and signs after which a unit continues in the next line.
const CONTINUED: &[&str] = &[
    "and", "or", "not", "when", "while", "same", "until", "because", "note", "in", "like", "contains", "with", "match",
    "??", "|", "=>", "->", "=", "==", "!=", "<", "<=", ">", ">=", ",", ":", "is", "matches", "finds", "cidr", "let",
    "each", "accept", "drop",
];

/// What is wrong with the brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BracketMismatch {
    /// The opener has no closer; the other token, if there is one, shows it.
    Unclosed { open: usize, shown_by: Option<usize> },
    /// The closer has no opener.
    Stray { close: usize },
}

/// The tokens of a pair of braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BracePair {
    pub(super) open: usize,
    pub(super) close: usize,
}

/// A text with its tokens and the partner of each bracket.
pub(super) struct Outline<'t> {
    pub(super) text: &'t str,
    pub(super) tokens: &'t [Token],
    partners: Vec<Option<u32>>,
    /// How far the line of each token is indented.
    indents: Vec<u32>,
    pub(super) mismatch: Option<BracketMismatch>,
}

impl<'t> Outline<'t> {
    pub(super) fn new(text: &'t str, tokens: &'t [Token]) -> Self {
        let (partners, indents) = (vec![None; tokens.len()], indents(text, tokens));
        let mut outline = Self { text, tokens, partners, indents, mismatch: None };
        outline.pair();
        outline
    }

    pub(super) fn word(&self, index: usize) -> &'t str {
        self.tokens.get(index).and_then(|token| self.text.get(token.start..token.end)).unwrap_or_default()
    }

    fn pair(&mut self) {
        let mut open = OpenBrackets::default();
        for (index, token) in self.tokens.iter().enumerate() {
            if token.kind == TokenKind::Open {
                open.push(index, self.word(index));
            } else if token.kind == TokenKind::Close {
                self.close(index, &mut open);
            }
        }
        if let Some(unclosed) = open.pop() {
            self.mismatch.get_or_insert(BracketMismatch::Unclosed { open: unclosed, shown_by: None });
        }
    }

    /// Finds the opener of a closing bracket; those above it stay without a partner.
    fn close(&mut self, index: usize, open: &mut OpenBrackets<'t>) {
        let partner = opener(self.word(index));
        if !open.holds(partner) {
            self.mismatch.get_or_insert(BracketMismatch::Stray { close: index });
            return;
        }
        let mut unclosed = None;
        while let Some(top) = open.pop() {
            if self.word(top) == partner {
                self.join(top, index);
                break;
            }
            unclosed = Some(top);
        }
        if let Some(open) = unclosed {
            self.mismatch.get_or_insert(BracketMismatch::Unclosed { open, shown_by: Some(index) });
        }
    }

    fn join(&mut self, open: usize, close: usize) {
        for (from, to) in [(open, close), (close, open)] {
            if let Some(partner) = self.partners.get_mut(from) {
                *partner = u32::try_from(to).ok();
            }
        }
    }

    pub(super) fn partner(&self, index: usize) -> Option<usize> {
        self.partners.get(index).copied().flatten().map(|partner| partner as usize)
    }

    /// The token at a byte, or the first one after it; the number of tokens past the last.
    pub(super) fn token_at(&self, byte: usize) -> usize {
        self.tokens.partition_point(|token| token.end <= byte)
    }

    /// How far the line of a token is indented.
    pub(super) fn indent(&self, index: usize) -> usize {
        self.indents.get(index).map_or(0, |indent| *indent as usize)
    }

    /// A pair of braces that closes further left, or further right, than it opens.
    pub(super) fn misaligned_braces(&self, wanted: Ordering) -> Option<BracePair> {
        let is_brace = |index: &usize| {
            self.tokens.get(*index).is_some_and(|token| token.kind == TokenKind::Open) && self.word(*index) == "{"
        };
        let opens = (0..self.tokens.len()).filter(is_brace);
        let pairs = opens.filter_map(|open| self.partner(open).map(|close| BracePair { open, close }));
        let slanted: Vec<BracePair> =
            pairs.filter(|pair| self.indent(pair.close).cmp(&self.indent(pair.open)) == wanted).collect();
        let leading = slanted.iter().find(|pair| self.tokens.get(pair.close).is_some_and(|token| token.starts_line));
        leading.or(slanted.first().filter(|_| wanted == Ordering::Greater)).copied()
    }

    /// Whether a unit begins with this token.
    fn begins(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return false };
        let before = index.checked_sub(1).map_or("", |index| self.word(index));
        token.starts_line
            && !CONTINUES.contains(&self.word(index))
            && !CONTINUED.contains(&before)
            && !matches!(before, "(" | "[")
            && !matches!(token.kind, TokenKind::Close)
    }

    /// The units around a token, each within the one before it.
    pub(super) fn units(&self, index: usize) -> Vec<Range<usize>> {
        let mut units = Vec::new();
        let mut block = 0..self.tokens.len();
        loop {
            let unit = self.unit_in(&block, index);
            let inner = self.block_in(&unit, index);
            units.push(unit);
            match inner {
                Some(inner) => block = inner,
                None => return units,
            }
        }
    }

    /// Whether an indented line is a clause of the mute that begins at `start`, whatever its first word.
    fn is_clause(&self, start: usize, index: usize) -> bool {
        self.word(start) == "mute" && self.indent(index) > self.indent(start)
    }

    /// The unit within a block that holds the token.
    fn unit_in(&self, block: &Range<usize>, index: usize) -> Range<usize> {
        let mut start = block.start;
        let mut at = block.start;
        while at < block.end {
            if at > start && self.begins(at) && !self.is_clause(start, at) {
                if at > index {
                    break;
                }
                start = at;
            }
            at = self.partner(at).filter(|partner| *partner > at).map_or(at, |partner| partner.min(block.end)) + 1;
        }
        start..at.min(block.end).max(start)
    }

    /// What stands between the braces within a unit that hold the token, if units can begin there.
    fn block_in(&self, unit: &Range<usize>, index: usize) -> Option<Range<usize>> {
        let mut at = unit.start;
        while at < unit.end && at <= index {
            match self.partner(at).filter(|partner| *partner > at) {
                Some(close) if at < index && index < close => {
                    if self.word(at) != "{" || self.is_data(at) {
                        return None;
                    }
                    return Some(at + 1..close.min(unit.end));
                }
                Some(close) => at = close + 1,
                None => at += 1,
            }
        }
        None
    }

    /// The block of routes within a unit, behind the token.
    pub(super) fn routes_in(&self, unit: &Range<usize>, index: usize) -> Option<Range<usize>> {
        let mut rest = (index.max(unit.start)..unit.end).take_while(|at| self.word(*at) != "match");
        let open =
            rest.find(|at| self.word(*at) == "{" && matches!(self.word(at + 1), "route" | "also" | "always" | "else"))?;
        Some(open..self.partner(open)? + 1)
    }

    /// Whether a brace opens an object and no block.
    fn is_data(&self, open: usize) -> bool {
        let before = open.checked_sub(1).map_or("", |index| self.word(index));
        matches!(before, "=" | "(" | "[" | "," | ":" | "input" | "event" | "expect" | "exactly" | "body" | "|")
            || self.follows_notified(open)
    }

    /// `notified chat {`, `notified team_chat["web"] {`
    fn follows_notified(&self, open: usize) -> bool {
        let is_notified = |back: usize| open.checked_sub(back).is_some_and(|index| self.word(index) == "notified");
        is_notified(2) || is_notified(5)
    }

    /// Whether a declaration begins with this token, wherever it stands.
    pub(super) fn declares(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index).filter(|token| token.starts_line && token.kind == TokenKind::Word)
        else {
            return false;
        };
        let sign = self.word(index + 2);
        match self.text.get(token.start..token.end).unwrap_or_default() {
            "mapping" | "routing" | "integration" | "heartbeat" => sign == "{",
            "test" | "prove" => {
                sign == "{" && self.tokens.get(index + 1).is_some_and(|next| next.kind == TokenKind::String)
            }
            "table" => sign == "(",
            "define" | "channel" => sign == "=",
            "schedule" => sign == "in",
            "mute" => matches!(sign, "in" | "when"),
            _ => false,
        }
    }

    /// The tokens of each declaration, with the documentation and the `allow`s before it.
    pub(super) fn declarations(&self) -> Vec<Range<usize>> {
        let mut starts = vec![0];
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate() {
            let margin = is_margin(self.text, token.start);
            let known = DECLARATIONS.contains(&self.word(index)) && token.starts_line;
            let begins = self.declares(index)
                || (depth == 0 && (known || (margin && token.kind == TokenKind::Word && self.begins(index))));
            if begins && self.word(index) != "allow" {
                depth = 0;
                starts.push(self.preamble(index));
            }
            depth = depth.saturating_add_signed(token.kind.depth_change());
        }
        starts.dedup();
        let ends = starts.iter().skip(1).copied().chain([self.tokens.len()]);
        starts.iter().copied().zip(ends).map(|(start, end)| start..end).filter(|range| !range.is_empty()).collect()
    }

    /// The first of the documentation and `allow`s directly before a declaration.
    fn preamble(&self, index: usize) -> usize {
        let mut start = index;
        loop {
            let is = |back: usize, test: &dyn Fn(&Token) -> bool| {
                start.checked_sub(back).and_then(|at| self.tokens.get(at)).is_some_and(test)
            };
            if is(1, &|token| token.kind == TokenKind::Documentation) {
                start -= 1;
            } else if is(1, &|token| token.kind == TokenKind::String)
                && is(4, &|token| token.starts_line)
                && self.word(start - 4) == "allow"
            {
                start -= 4;
            } else {
                return start;
            }
        }
    }
}

/// The brackets that are open. A closer without an opener is known at once, however many others are open.
#[derive(Default)]
struct OpenBrackets<'t> {
    stack: Vec<(usize, &'t str)>,
    counts: BTreeMap<&'t str, usize>,
}

impl<'t> OpenBrackets<'t> {
    fn push(&mut self, index: usize, bracket: &'t str) {
        self.stack.push((index, bracket));
        *self.counts.entry(bracket).or_default() += 1;
    }

    fn pop(&mut self) -> Option<usize> {
        let (index, bracket) = self.stack.pop()?;
        if let Some(count) = self.counts.get_mut(bracket) {
            *count -= 1;
        }
        Some(index)
    }

    fn holds(&self, bracket: &str) -> bool {
        self.counts.get(bracket).is_some_and(|count| *count > 0)
    }
}

/// How far the line of each token is indented. Every line is measured once, however long it is.
fn indents(text: &str, tokens: &[Token]) -> Vec<u32> {
    let measure = |line: usize| {
        let line = text.get(line..).unwrap_or_default();
        let blanks = line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        u32::try_from(blanks).unwrap_or(u32::MAX)
    };
    let (mut indent, mut passed) = (measure(0), 0);
    let of_token = |token: &Token| {
        let gap = text.get(passed..token.start).unwrap_or_default();
        indent = gap.rfind('\n').map_or(indent, |at| measure(passed + at + 1));
        passed = token.start;
        indent
    };
    tokens.iter().map(of_token).collect()
}

fn opener(closer: &str) -> &'static str {
    match closer {
        ")" => "(",
        "]" => "[",
        _ => "{",
    }
}
