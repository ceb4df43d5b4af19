//! Selectors in brackets.

use super::{ParseResult, PathError, PathParser, advised, begins_name, quoted, refused};

/// The largest index that the standard allows.
const LARGEST: u64 = 9_007_199_254_740_991;

/// What a bracket selects.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BracketShape {
    /// Whether it is one name or one index.
    pub(super) singular: bool,
    /// How many of its selectors can select many children.
    pub(super) many: usize,
    /// How many of those are `*`.
    pub(super) wildcards: usize,
}

/// The kind of a selector.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SelectorKind {
    Single,
    Wildcard,
    Many,
}

impl PathParser<'_> {
    /// Reads `[…]`.
    pub(super) fn bracket(&mut self) -> ParseResult<BracketShape> {
        let open = self.at;
        self.bump();
        self.deeper(open)?;
        let mut bracket = BracketShape::default();
        let mut selectors = 0;
        loop {
            self.blanks();
            let selector = self.selector(open, selectors > 0)?;
            selectors += 1;
            bracket.singular = selectors == 1 && selector == SelectorKind::Single;
            bracket.many += usize::from(selector != SelectorKind::Single);
            bracket.wildcards += usize::from(selector == SelectorKind::Wildcard);
            self.blanks();
            if self.eat("]") {
                self.nesting -= 1;
                return Ok(bracket);
            }
            if !self.eat(",") {
                return Err(self.not_closed(open));
            }
        }
    }

    fn selector(&mut self, open: usize, after_comma: bool) -> ParseResult<SelectorKind> {
        match self.peek() {
            Some('"' | '\'') => self.text_literal().map(|()| SelectorKind::Single),
            Some('*') => {
                self.bump();
                Ok(SelectorKind::Wildcard)
            }
            Some('?') => {
                self.bump();
                self.blanks();
                self.condition()?;
                Ok(SelectorKind::Many)
            }
            Some('-' | '+' | ':' | '0'..='9') => self.index_or_slice(),
            _ => Err(self.no_selector(open, after_comma)),
        }
    }

    /// Whether a comparison follows the word: `[tag == "team"]`.
    fn compares_after(&self, word: &str) -> bool {
        let after = self.rest().get(word.len()..).unwrap_or_default().trim_start();
        ["==", "!=", "<", ">"].iter().any(|sign| after.starts_with(sign))
    }

    fn no_selector(&self, open: usize, after_comma: bool) -> PathError {
        let word = self.word();
        let range = self.at..self.at + word.len();
        match self.peek() {
            None => refused(open..open + 1, "`[` is not closed"),
            Some(']') if after_comma => refused(self.here(), "expected a selector after `,`, found `]`"),
            Some(']') => self.corrected(open..self.at + 1, "the brackets are empty", self.at..self.at, "*"),
            Some('(') => advised(
                self.here(),
                "an expression in brackets; JSONPath has filters, `[?…]`, and indices from the end",
                "`[-1]` is the last element",
            ),
            Some('@' | '$' | '!') => self.corrected(self.here(), "a filter begins with `?`", self.at..self.at, "?"),
            Some('“' | '”' | '‘' | '’') => self.unexpected("a quoted name"),
            Some(character) if begins_name(character) && self.compares_after(word) => {
                let filter = format!("?@.{word}");
                self.corrected(range.clone(), "a filter begins with `?`, and its node is `@`", range, &filter)
            }
            Some(character) if begins_name(character) => {
                let message = format!("the name `{word}` needs quotes in brackets");
                self.corrected(range.clone(), message, range, &quoted(word))
            }
            Some(_) => self.unexpected("a quoted name, an index, a slice, `*` or a filter `?…`"),
        }
    }

    /// The error for a bracket that is not closed. It opened at `open`.
    fn not_closed(&self, open: usize) -> PathError {
        if self.rest().is_empty() {
            return refused(open..open + 1, "`[` is not closed");
        }
        if let Some(invalid) = self.after_condition() {
            return invalid;
        }
        self.unexpected("`,` or `]`")
    }

    fn index_or_slice(&mut self) -> ParseResult<SelectorKind> {
        if self.peek() != Some(':') {
            self.integer()?;
        }
        let mut colons = 0;
        loop {
            let before = self.at;
            self.blanks();
            if colons == 2 || !self.eat(":") {
                self.at = before;
                break;
            }
            colons += 1;
            self.blanks();
            if matches!(self.peek(), Some('-' | '+' | '0'..='9')) {
                self.integer()?;
            }
        }
        Ok(if colons == 0 { SelectorKind::Single } else { SelectorKind::Many })
    }

    /// Reads an index, or a part of a slice.
    fn integer(&mut self) -> ParseResult<()> {
        let start = self.at;
        let text = self.run(is_of_number);
        let range = start..start + text.len();
        self.at = range.end;
        let digits = text.strip_prefix('-').unwrap_or(text);
        let refuse = |what: &str| Err(refused(range.clone(), format!("`{text}` is not an index: {what}")));
        if digits.is_empty() {
            return refuse("digits must follow `-` directly");
        }
        if text.starts_with('+') {
            return refuse("an index has no plus sign");
        }
        if !digits.chars().all(|digit| digit.is_ascii_digit()) {
            return refuse("an index is a whole number");
        }
        if text == "-0" {
            return refuse("write `0`");
        }
        if digits.len() > 1 && digits.starts_with('0') {
            return refuse("an index does not begin with `0`");
        }
        match digits.parse::<u64>() {
            Ok(index) if index <= LARGEST => Ok(()),
            Ok(_) | Err(_) => refuse("it is beyond 2^53 - 1"),
        }
    }
}

fn is_of_number(character: char) -> bool {
    character.is_ascii_alphanumeric() || "+-.".contains(character)
}
