//! A root and the segments that follow it.

use super::selector::BracketShape;
use super::{ParseResult, PathError, PathParser, advised, begins_name, is_of_name, quoted, refused};

/// The shape of a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct QueryShape {
    /// Whether it has only names and indices.
    pub(super) singular: bool,
}

impl PathParser<'_> {
    /// Reads `$` or `@` and the segments that follow.
    pub(super) fn query(&mut self) -> ParseResult<QueryShape> {
        let start = self.at;
        let within_filter = self.nesting > 0;
        let absolute = self.eat("$");
        if !absolute {
            self.eat("@");
        }
        let outer = self.descents;
        if absolute {
            // A query from the payload is evaluated once, however often the filter around it is.
            self.descents = 0;
        }
        let mut singular = true;
        let mut doubling = 1_usize;
        loop {
            let before = self.at;
            self.blanks();
            let segment = self.at;
            if self.eat("..") {
                singular = false;
                self.descents += 1;
                self.note_descents(segment);
                let bracket = self.after_descent(segment)?;
                doubling = bracket.many.max(1).saturating_mul(doubling);
                self.note_doubling(segment, doubling, bracket);
            } else if self.rest().starts_with('[') {
                let bracket = self.bracket()?;
                singular &= bracket.singular;
                doubling = bracket.many.max(1).saturating_mul(doubling);
                self.note_doubling(segment, doubling, bracket);
            } else if self.eat(".") {
                singular &= self.after_dot(segment)?;
            } else {
                self.at = before;
                break;
            }
        }
        self.descents = outer;
        if absolute && within_filter && !singular {
            self.note_payload_query(start);
        }
        Ok(QueryShape { singular })
    }

    /// Reads the selector after `..`, which begins at `dots`.
    fn after_descent(&mut self, dots: usize) -> ParseResult<BracketShape> {
        match self.peek() {
            Some('*') => self.bump(),
            Some('[') => return self.bracket(),
            Some(character) if begins_name(character) => self.name(self.at)?,
            Some(' ' | '\t' | '\n' | '\r') => {
                return Err(refused(self.here(), "a blank after `..`; write the name directly after it"));
            }
            _ => {
                let message = format!("`..` needs a name, `*` or `[…]` after it, found {}", self.found());
                return Err(advised(dots..self.at, message, "`..*` selects everything below"));
            }
        }
        Ok(BracketShape::default())
    }

    /// Reads the selector after the dot at `dot`. Returns whether it is a single name.
    fn after_dot(&mut self, dot: usize) -> ParseResult<bool> {
        match self.peek() {
            Some('*') => {
                self.bump();
                Ok(false)
            }
            Some(character) if begins_name(character) => {
                self.name(dot)?;
                Ok(true)
            }
            _ => Err(self.no_name(dot)),
        }
    }

    /// Reads a name. If it needs brackets, they replace the text from `from` on.
    fn name(&mut self, from: usize) -> ParseResult<()> {
        let start = self.at;
        self.at += self.run(is_of_name).len();
        if self.rest().starts_with('(') {
            let function = self.slice(start..self.at);
            let message = format!("`{function}(…)` after a dot; functions are allowed only within filters");
            return Err(advised(start..self.at, message, "`[?length(@) > 3]` is a filter with a function"));
        }
        if self.peek().is_none_or(ends_name) {
            return Ok(());
        }
        self.at = start + self.run_from(start, |character| !ends_name(character)).len();
        let name = self.slice(start..self.at);
        let message = format!("`{name}` cannot follow a dot: there, a name has letters, digits and `_` only");
        let from = self.label_start(name, from);
        let label = self.slice(from..self.at).trim_start_matches('.');
        Err(self.corrected(start..self.at, message, from..self.at, &format!("[{}]", quoted(label))))
    }

    /// Where the brackets for a name begin. A name with a slash below `labels` or `annotations` is a label of Kubernetes, and
    /// the dots before it belong to it.
    fn label_start(&self, name: &str, from: usize) -> usize {
        let before = self.slice(0..from);
        let parents =
            ["abels.", "nnotations."].iter().filter_map(|parent| Some(before.rfind(parent)? + parent.len() - 1));
        let plain =
            |dot: &usize| self.slice(*dot..from).chars().all(|character| is_of_name(character) || character == '.');
        parents.max().filter(|dot| name.contains('/') && plain(dot)).unwrap_or(from)
    }

    /// The error for the text after a dot if it is not a name.
    fn no_name(&self, dot: usize) -> PathError {
        let word = self.run(|character| !ends_name(character));
        let range = self.at..self.at + word.len();
        match self.peek() {
            Some('[') => {
                let message = "a dot before `[`; write the bracket without a dot";
                self.corrected(dot..self.at, message, dot..self.at, "")
            }
            Some(character) if character.is_ascii_digit() => {
                let index = word.chars().all(|digit| digit.is_ascii_digit());
                let selector = if index { word.to_owned() } else { quoted(word) };
                let message = format!("`{word}` cannot follow a dot: there, a name begins with a letter or `_`");
                self.corrected(range.clone(), message, dot..range.end, &format!("[{selector}]"))
            }
            Some(quote @ ('"' | '\'')) => {
                let end = self.rest().get(1..).and_then(|rest| rest.find(quote)).map(|end| self.at + end + 2);
                let help = end.map(|end| self.rewrite_help(dot..end, &format!("[{}]", self.slice(self.at..end))));
                PathError { help, ..refused(self.here(), "a quoted name belongs in brackets, not after a dot") }
            }
            Some(' ' | '\t' | '\n' | '\r') => {
                refused(self.here(), "a blank after a dot; write the name directly after it")
            }
            Some(character) if !word.is_empty() && character != '$' && character != '@' => {
                let message = format!("`{word}` cannot follow a dot: there, a name has letters, digits and `_` only");
                self.corrected(range.clone(), message, dot..range.end, &format!("[{}]", quoted(word)))
            }
            _ => refused(dot..dot + 1, format!("`.` needs a name or `*` after it, found {}", self.found())),
        }
    }
}

/// Whether the character ends a name after a dot.
fn ends_name(character: char) -> bool {
    character.is_ascii_whitespace() || ".[](),=!<>&|?\"'*".contains(character)
}
