//! The conditions of filters: `||`, `&&`, `!`, parentheses, comparisons and tests.

use super::operand::{OperandKind, ParsedOperand};
use super::{ParseResult, PathError, PathParser, advised, refused};

impl PathParser<'_> {
    /// Reads a condition. The tree of the crate knows that `&&` binds closer than `||`.
    pub(super) fn condition(&mut self) -> ParseResult<()> {
        loop {
            self.atom()?;
            let before = self.at;
            self.blanks();
            if !self.eat("||") && !self.eat("&&") {
                self.at = before;
                return Ok(());
            }
            self.blanks();
        }
    }

    fn atom(&mut self) -> ParseResult<()> {
        let start = self.at;
        let negated = self.eat("!");
        if negated {
            self.blanks();
        }
        if self.rest().starts_with('(') {
            return self.parentheses();
        }
        let left = self.operand()?;
        let before = self.at;
        self.blanks();
        if !self.operator()? {
            self.at = before;
            return self.test(&left);
        }
        self.blanks();
        if negated {
            self.comparable(&left)?;
            let right = self.operand()?;
            let comparison = self.slice(start + 1..right.range.end).trim().to_owned();
            let (message, correction) = ("`!` before a comparison needs parentheses", format!("!({comparison})"));
            return Err(self.corrected(start..start + 1, message, start..right.range.end, &correction));
        }
        self.comparable(&left)?;
        let right = self.operand()?;
        self.comparable(&right)
    }

    fn parentheses(&mut self) -> ParseResult<()> {
        let open = self.at;
        self.bump();
        self.deeper(open)?;
        self.blanks();
        self.condition()?;
        self.blanks();
        if !self.eat(")") {
            if self.rest().is_empty() {
                return Err(refused(open..open + 1, "`(` is not closed"));
            }
            return Err(self.after_condition().unwrap_or_else(|| self.unexpected("`)`")));
        }
        self.nesting -= 1;
        let (before, close) = (self.at, self.at - 1);
        self.blanks();
        if self.operator()? {
            let message = "parentheses hold a condition, which cannot be compared";
            return Err(advised(open..close + 1, message, "leave the parentheses out"));
        }
        self.at = before;
        Ok(())
    }

    /// Reads a comparison operator, if there is one here.
    fn operator(&mut self) -> ParseResult<bool> {
        for (wrong, right) in [("===", "=="), ("!==", "!="), ("=>", ">="), ("=<", "<="), ("<>", "!=")] {
            if self.rest().starts_with(wrong) {
                return Err(self.wrong_operator(wrong, right));
            }
        }
        if self.rest().starts_with("=~") {
            let help = "a regex is tested by `match(@.name, 'the whole')` or `search(@.name, 'a part')`";
            return Err(advised(self.at..self.at + 2, "`=~` is not an operator here", help));
        }
        if self.rest().starts_with('=') && !self.rest().starts_with("==") {
            return Err(self.wrong_operator("=", "=="));
        }
        Ok(["==", "!=", "<=", ">=", "<", ">"].iter().any(|operator| self.eat(operator)))
    }

    fn wrong_operator(&self, wrong: &str, right: &str) -> PathError {
        let range = self.at..self.at + wrong.len();
        let message = format!("`{wrong}` is not an operator here; this comparison is written `{right}`");
        self.corrected(range.clone(), message, range, right)
    }

    /// Refuses an operand that is not a condition by itself.
    fn test(&self, operand: &ParsedOperand) -> ParseResult<()> {
        let text = self.slice(operand.range.clone());
        match operand.kind {
            OperandKind::Single | OperandKind::Nodes | OperandKind::Truth => Ok(()),
            OperandKind::Text | OperandKind::Literal => Err(refused(
                operand.range.clone(),
                format!("`{text}` alone is not a condition; compare it with something"),
            )),
            OperandKind::Value => {
                let message = format!("`{text}` is a value, not a condition");
                Err(advised(operand.range.clone(), message, format!("compare it: `{text} == 1`")))
            }
        }
    }

    /// Refuses an operand that cannot be compared.
    fn comparable(&self, operand: &ParsedOperand) -> ParseResult<()> {
        let text = self.slice(operand.range.clone());
        match operand.kind {
            OperandKind::Single | OperandKind::Text | OperandKind::Literal | OperandKind::Value => Ok(()),
            OperandKind::Nodes => {
                let message = format!("`{text}` is a list of nodes, which cannot be compared");
                let help = format!("count them, `count({text})`, or take the only one, `value({text})`");
                Err(advised(operand.range.clone(), message, help))
            }
            OperandKind::Truth => {
                let message = format!("`{text}` is true or false by itself and cannot be compared");
                Err(advised(operand.range.clone(), message, format!("write `{text}` or `!{text}`")))
            }
        }
    }

    /// The error for the text after a condition, if the mistake is known.
    pub(super) fn after_condition(&self) -> Option<PathError> {
        let word = self.word();
        let range = self.at..self.at + word.len();
        let instead = match word {
            "and" | "AND" => "&&",
            "or" | "OR" => "||",
            _ => "",
        };
        if !instead.is_empty() {
            let message = format!("`{word}` is written `{instead}` in a path");
            return Some(self.corrected(range.clone(), message, range, instead));
        }
        if matches!(word, "in" | "nin" | "contains" | "like") {
            let message = format!("there is no operator `{word}` in a path");
            return Some(advised(range, message, "compare with each: `@.a == 1 || @.a == 2`"));
        }
        for (single, double) in [("&", "&&"), ("|", "||")] {
            if self.rest().starts_with(single) {
                let range = self.at..self.at + 1;
                let message = format!("`{single}` is written twice in a path");
                return Some(self.corrected(range.clone(), message, range, double));
            }
        }
        if ["==", "!=", "<", ">"].iter().any(|operator| self.rest().starts_with(operator)) {
            let message = "one comparison cannot be compared again";
            return Some(advised(self.here(), message, "join two by `&&`: `@.a > 1 && @.a < 5`"));
        }
        None
    }
}
