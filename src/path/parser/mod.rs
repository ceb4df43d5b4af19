//! Checks that a text is a well-typed RFC 9535 query within our limits, and explains where and why it is not.
//!
//! The crate's parser gives the tree, but its errors name grammar rules, it reads `$.a b` as one name, and its numbers end at
//! 2^53. So this parser runs first. It reads the text once, makes the messages, checks the types of functions, and records
//! what the tree does not hold: the places of numbers and regexes, and expensive forms.

mod condition;
mod cost;
mod function;
mod literal;
mod operand;
mod query;
mod selector;

use super::PathError;
use crate::json::Number;
use std::ops::Range;

/// The most bytes of a path.
const LONGEST: usize = 1024;
/// How deep brackets and parentheses may nest.
const DEEPEST: usize = 32;

/// The facts about a path that its tree does not hold.
#[derive(Debug, Default)]
pub(super) struct PathAnalysis {
    /// The number literals with their exact values, in the order of the text.
    pub(super) numbers: Vec<(Range<usize>, Number)>,
    /// The literals that are regexes of `match` and `search`, in the order of the text.
    pub(super) patterns: Vec<Range<usize>>,
    /// Why the path could cost too much.
    pub(super) costly: Option<PathError>,
}

/// Reads a whole path. `base` is what messages call its root, if that is not `$` or `@`.
pub(super) fn read(text: &str, base: Option<&str>) -> Result<PathAnalysis, PathError> {
    if text.len() > LONGEST {
        let message = format!("a path of {} bytes; a path may have at most {LONGEST}", text.len());
        return Err(refused(0..text.len(), message));
    }
    let analysis = PathAnalysis::default();
    let mut reader = PathParser { text, base, at: 0, nesting: 0, functions: 0, descents: 0, analysis };
    if !matches!(reader.peek(), Some('$' | '@')) {
        return Err(reader.missing_root());
    }
    reader.query()?;
    if reader.at < text.len() {
        return Err(reader.error_after_path());
    }
    Ok(reader.analysis)
}

type ParseResult<T> = Result<T, PathError>;

/// A position in the text, and the state of the parser there.
struct PathParser<'t> {
    text: &'t str,
    /// What messages call the root.
    base: Option<&'t str>,
    at: usize,
    /// How many brackets and parentheses are open.
    nesting: usize,
    /// How many functions are open.
    functions: usize,
    /// How many descendant segments lead to the node that the filter being read tests.
    descents: usize,
    analysis: PathAnalysis,
}

impl<'t> PathParser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    /// The run of characters from here on for which `fits` is true.
    fn run(&self, fits: impl Fn(char) -> bool) -> &'t str {
        self.run_from(self.at, fits)
    }

    fn run_from(&self, start: usize, fits: impl Fn(char) -> bool) -> &'t str {
        let rest = self.text.get(start..).unwrap_or_default();
        rest.find(|character| !fits(character)).and_then(|end| rest.get(..end)).unwrap_or(rest)
    }

    /// The letters, digits and hyphens from here on: one word to an author.
    fn word(&self) -> &'t str {
        self.run(|character| is_of_name(character) || character == '-')
    }

    fn slice(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or_default()
    }

    /// The place of the next character, or of the end.
    fn here(&self) -> Range<usize> {
        self.at..self.at + self.peek().map_or(0, char::len_utf8)
    }

    /// The next character for a message.
    fn found(&self) -> String {
        self.peek().map_or_else(|| "the end of the path".to_owned(), |character| format!("`{character}`"))
    }

    /// Advice to write the whole path with `range` replaced.
    fn rewrite_help(&self, range: Range<usize>, replacement: &str) -> String {
        let mut path = self.text.to_owned();
        path.replace_range(range, replacement);
        if let Some(base) = self.base {
            path.replace_range(0..1, base);
        }
        format!("write `{path}`")
    }

    /// The error at `range` with the advice to write the whole path with `wrong` replaced.
    fn corrected(
        &self,
        range: Range<usize>,
        message: impl Into<String>,
        wrong: Range<usize>,
        replacement: &str,
    ) -> PathError {
        advised(range, message, self.rewrite_help(wrong, replacement))
    }

    /// Goes one level deeper; `open` is the place of the bracket.
    fn deeper(&mut self, open: usize) -> ParseResult<()> {
        self.nesting += 1;
        if self.nesting > DEEPEST {
            return Err(refused(open..open + 1, format!("brackets nest deeper than {DEEPEST} levels")));
        }
        Ok(())
    }

    fn missing_root(&self) -> PathError {
        let message = format!("a path begins with `$` or `@`, found {}", self.found());
        let root = match self.peek() {
            Some('.' | '[') => "$",
            Some(character) if begins_name(character) => "$.",
            _ => return refused(self.here(), message),
        };
        self.corrected(self.here(), message, 0..0, root)
    }

    /// The error for the text after a path: `$.a b` suggests `$['a b']`; `$ab` suggests `$.ab`; a trailing blank has no
    /// suggestion.
    fn error_after_path(&mut self) -> PathError {
        let start = self.at;
        self.blanks();
        if self.at > start {
            return self.blank_within_path(start);
        }
        let invalid = self.unexpected("`.`, `[` or the end of the path");
        let lacks_dot = self.peek().is_some_and(begins_name) && start == 1;
        if lacks_dot { self.corrected(invalid.range, invalid.message, start..start, ".") } else { invalid }
    }

    /// The error for blanks from `start` up to here. A name before them and a word after them were likely one name.
    fn blank_within_path(&self, start: usize) -> PathError {
        if self.rest().is_empty() {
            return refused(start..self.at, "a blank at the end of the path");
        }
        let name_start = self.slice(0..start).rfind(['.', ']']).map_or(start, |before| before + 1);
        let name = self.slice(name_start..start);
        let end = self.at + self.word().len();
        let range = start..self.at;
        let message = "a blank within a path; blanks are allowed only within brackets";
        if name.is_empty() || !self.slice(0..name_start).ends_with('.') || end == self.at {
            return refused(range, message);
        }
        let member = quoted(self.slice(name_start..end));
        let dot = if self.slice(0..name_start).ends_with("..") { name_start } else { name_start - 1 };
        self.corrected(range, message, dot..end, &format!("[{member}]"))
    }

    /// An error at the next character.
    fn unexpected(&self, expected: &str) -> PathError {
        let help = match self.peek() {
            Some('“' | '”' | '‘' | '’') => Some("write straight quotes, `\"`".to_owned()),
            Some('(') => Some("functions are allowed only within filters: `[?length(@.name) > 3]`".to_owned()),
            _ => None,
        };
        PathError { range: self.here(), message: format!("expected {expected}, found {}", self.found()), help }
    }
}

fn refused(range: Range<usize>, message: impl Into<String>) -> PathError {
    PathError { range, message: message.into(), help: None }
}

fn advised(range: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> PathError {
    PathError { help: Some(help.into()), ..refused(range, message) }
}

/// Whether a name after a dot may begin with the character. The standard allows blanks beyond ASCII, but nobody means them.
fn begins_name(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_' || (!character.is_ascii() && !character.is_whitespace())
}

fn is_of_name(character: char) -> bool {
    begins_name(character) || character.is_ascii_digit()
}

/// A name in quotes, for brackets.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}
