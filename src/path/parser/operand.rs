//! Operands of comparisons and arguments of functions.

use super::{ParseResult, PathParser, advised, begins_name, refused};
use crate::diagnostic::nearest;
use std::ops::Range;

/// An operand that was read.
#[derive(Debug, Clone)]
pub(super) struct ParsedOperand {
    pub(super) range: Range<usize>,
    pub(super) kind: OperandKind,
}

/// The type of an operand (RFC 9535 §2.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OperandKind {
    /// A string literal.
    Text,
    /// Another literal.
    Literal,
    /// A singular query: a value, or a list of one node at most.
    Single,
    /// Another query: a list of nodes.
    Nodes,
    /// A function that results in a value.
    Value,
    /// A function that results in true or false.
    Truth,
}

impl PathParser<'_> {
    /// Reads an operand.
    pub(super) fn operand(&mut self) -> ParseResult<ParsedOperand> {
        let start = self.at;
        let kind = match self.peek() {
            Some('@' | '$') => {
                if self.query()?.singular {
                    OperandKind::Single
                } else {
                    OperandKind::Nodes
                }
            }
            Some('"' | '\'') => {
                self.text_literal()?;
                OperandKind::Text
            }
            Some('-' | '+' | '.' | '0'..='9') => {
                self.number_literal()?;
                OperandKind::Literal
            }
            Some('“' | '”' | '‘' | '’') => {
                return Err(self.unexpected("a path, a value or a function"));
            }
            Some(character) if begins_name(character) => self.word_operand()?,
            Some('[' | '{') => {
                let message = "arrays and objects cannot be written in a filter";
                return Err(advised(self.here(), message, "compare with each: `@.a == 1 || @.a == 2`"));
            }
            Some(_) | None => return Err(self.unexpected("a path, a value or a function")),
        };
        Ok(ParsedOperand { range: start..self.at, kind })
    }

    /// Reads `true`, `false`, `null` or a function.
    fn word_operand(&mut self) -> ParseResult<OperandKind> {
        let start = self.at;
        let word = self.word();
        let range = start..start + word.len();
        self.at = range.end;
        if self.rest().starts_with('(') {
            return self.function(start, word);
        }
        if matches!(word, "true" | "false" | "null") {
            return Ok(OperandKind::Literal);
        }
        if self.rest().trim_start().starts_with('(') {
            return Err(refused(range, format!("`(` must follow the function's name `{word}` without a blank")));
        }
        if word.eq_ignore_ascii_case("none") || word.eq_ignore_ascii_case("nil") {
            return Err(advised(range, format!("`{word}` is not a value"), "write `null`"));
        }
        let message = format!("`{word}` is not a value");
        if let Some(literal) = nearest(word, ["true", "false", "null"]) {
            return Err(advised(range, message, format!("write `{literal}`")));
        }
        let help = format!("a member of the node under test is `@.{word}`, a string is `\"{word}\"`");
        Err(advised(range, message, help))
    }
}
