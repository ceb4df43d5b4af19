//! Functions and the types of their arguments (RFC 9535 §2.4.3).

use super::operand::{OperandKind, ParsedOperand};
use super::{ParseResult, PathError, PathParser, advised, refused};
use crate::diagnostic::nearest;
use std::ops::Range;

/// How deep functions may nest. The crate's parser takes exponential time in the depth.
const DEEPEST: usize = 3;

/// What a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PathArgumentKind {
    /// A literal, a singular path, or a function that results in a value.
    Value,
    /// A path.
    Nodes,
}

/// The signature of a function.
struct PathFunction {
    name: &'static str,
    parameters: &'static [PathArgumentKind],
    result: OperandKind,
}

const FUNCTIONS: [PathFunction; 5] = [
    PathFunction { name: "length", parameters: &[PathArgumentKind::Value], result: OperandKind::Value },
    PathFunction { name: "count", parameters: &[PathArgumentKind::Nodes], result: OperandKind::Value },
    PathFunction { name: "value", parameters: &[PathArgumentKind::Nodes], result: OperandKind::Value },
    PathFunction { name: "match", parameters: &[PathArgumentKind::Value; 2], result: OperandKind::Truth },
    PathFunction { name: "search", parameters: &[PathArgumentKind::Value; 2], result: OperandKind::Truth },
];

impl PathParser<'_> {
    /// Reads the arguments of a function from its parenthesis on. Its name began at `start`.
    pub(super) fn function(&mut self, start: usize, name: &str) -> ParseResult<OperandKind> {
        let place = start..self.at;
        let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) else {
            return Err(self.unknown(place, name));
        };
        self.functions += 1;
        if self.functions > DEEPEST {
            return Err(refused(place, format!("functions nest deeper than {DEEPEST} levels")));
        }
        let open = self.at;
        self.bump();
        self.deeper(open)?;
        let arguments = self.arguments(open, name, function.parameters)?;
        if arguments.len() != function.parameters.len() {
            let expected = if function.parameters.len() == 1 { "one argument" } else { "two arguments" };
            let message = format!("`{name}` takes {expected}, found {}", arguments.len());
            return Err(refused(start..self.at, message));
        }
        if function.result == OperandKind::Truth
            && let Some(pattern) = arguments.last()
        {
            match pattern.kind {
                OperandKind::Text => self.analysis.patterns.push(pattern.range.clone()),
                OperandKind::Literal => {}
                OperandKind::Single | OperandKind::Nodes | OperandKind::Value | OperandKind::Truth => {
                    self.note_document_regex(pattern.range.clone());
                }
            }
        }
        self.functions -= 1;
        self.nesting -= 1;
        Ok(function.result)
    }

    fn arguments(
        &mut self,
        open: usize,
        name: &str,
        parameters: &[PathArgumentKind],
    ) -> ParseResult<Vec<ParsedOperand>> {
        let mut arguments = Vec::new();
        self.blanks();
        if self.eat(")") {
            return Ok(arguments);
        }
        loop {
            self.blanks();
            let argument = self.argument(name, parameters.get(arguments.len()).copied())?;
            arguments.push(argument);
            self.blanks();
            if self.eat(")") {
                return Ok(arguments);
            }
            if !self.eat(",") {
                if self.rest().is_empty() {
                    return Err(refused(open..open + 1, "`(` is not closed"));
                }
                if ["=", "!", "<", ">", "&&", "||"].iter().any(|operator| self.rest().starts_with(operator)) {
                    return Err(self.condition_as_argument(name));
                }
                return Err(self.unexpected("`,` or `)`"));
            }
        }
    }

    fn argument(&mut self, name: &str, parameter: Option<PathArgumentKind>) -> ParseResult<ParsedOperand> {
        if matches!(self.peek(), Some('!' | '(')) {
            return Err(self.condition_as_argument(name));
        }
        let argument = self.operand()?;
        let Some(parameter) = parameter else { return Ok(argument) };
        let text = self.slice(argument.range.clone());
        let refuse = |message: String, help: String| Err(advised(argument.range.clone(), message, help));
        match (parameter, argument.kind) {
            (
                PathArgumentKind::Value,
                OperandKind::Text | OperandKind::Literal | OperandKind::Single | OperandKind::Value,
            )
            | (PathArgumentKind::Nodes, OperandKind::Single | OperandKind::Nodes) => Ok(argument),
            (PathArgumentKind::Value, OperandKind::Nodes) => refuse(
                format!("`{name}` takes a single value, `{text}` is a list of nodes"),
                format!("count them, `count({text})`, or take the only one, `value({text})`"),
            ),
            (PathArgumentKind::Value, OperandKind::Truth) => refuse(
                format!("`{name}` takes a value, `{text}` is true or false"),
                "join conditions by `&&` and `||`".to_owned(),
            ),
            (
                PathArgumentKind::Nodes,
                OperandKind::Text | OperandKind::Literal | OperandKind::Value | OperandKind::Truth,
            ) => refuse(
                format!("`{name}` takes a path, found `{text}`"),
                format!("`{name}(@.*)` takes all children of the node under test"),
            ),
        }
    }

    fn condition_as_argument(&self, name: &str) -> PathError {
        refused(self.here(), format!("`{name}` does not take a condition"))
    }

    fn unknown(&self, place: Range<usize>, name: &str) -> PathError {
        let message = format!("there is no function `{name}` in a path");
        match nearest(name, FUNCTIONS.iter().map(|function| function.name)) {
            Some(known) => self.corrected(place.clone(), message, place, known),
            None => advised(place, message, "there are `length`, `count`, `value`, `match` and `search`"),
        }
    }
}
