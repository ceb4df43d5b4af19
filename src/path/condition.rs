//! The conditions of filters.

use super::evaluation::{EvaluationStop, PathEvaluation};
use super::program::{ComparisonOperator, FilterCondition, FilterOperand, FilterPattern, FitScope};
use crate::json::{Number, Value};
use crate::pattern::{Case, PatternError, RegexPattern};

/// The cost of compiling a regex from the document, in nodes visited.
const COMPILING: usize = 2_000;

impl<'v> PathEvaluation<'_, 'v> {
    /// Whether a condition holds for the node under test.
    pub(super) fn holds(
        &mut self,
        condition: &FilterCondition,
        current: &'v Value<'v>,
    ) -> Result<bool, EvaluationStop> {
        match condition {
            FilterCondition::Any(conditions) => {
                for condition in conditions {
                    if self.holds(condition, current)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            FilterCondition::All(conditions) => {
                for condition in conditions {
                    if !self.holds(condition, current)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            FilterCondition::Not(condition) => Ok(!self.holds(condition, current)?),
            FilterCondition::Exists(query) => self.exists(query, current),
            FilterCondition::Compare(operator, left, right) => self.compares(*operator, left, right, current),
            FilterCondition::Fits { text, pattern, scope } => self.fits(text, pattern, *scope, current),
        }
    }

    fn compares(
        &mut self,
        operator: ComparisonOperator,
        left: &FilterOperand,
        right: &FilterOperand,
        current: &'v Value<'v>,
    ) -> Result<bool, EvaluationStop> {
        let left = self.operand(left, current)?;
        let right = self.operand(right, current)?;
        match operator {
            ComparisonOperator::Equal => self.same(left, right),
            ComparisonOperator::Unequal => Ok(!self.same(left, right)?),
            ComparisonOperator::Less => self.less(left, right),
            ComparisonOperator::Greater => self.less(right, left),
            ComparisonOperator::AtMost => Ok(self.less(left, right)? || self.same(left, right)?),
            ComparisonOperator::AtLeast => Ok(self.less(right, left)? || self.same(left, right)?),
        }
    }

    /// The value of an operand: a node, a literal, the result of a function; nothing if there is none.
    fn operand<'o>(
        &mut self,
        operand: &'o FilterOperand,
        current: &'v Value<'v>,
    ) -> Result<Option<Value<'o>>, EvaluationStop>
    where
        'v: 'o,
    {
        Ok(match operand {
            FilterOperand::Literal(value) => Some(*value),
            FilterOperand::Text(text) => Some(Value::Text(text)),
            FilterOperand::Single(query) | FilterOperand::ValueOf(query) => self.only(query, current)?.copied(),
            FilterOperand::Count(query) => Some(natural(self.count(query, current)?)),
            FilterOperand::Length(operand) => match self.operand(operand, current)? {
                None => None,
                Some(value) => self.length(&value)?,
            },
        })
    }

    fn length(&mut self, value: &Value<'_>) -> Result<Option<Value<'static>>, EvaluationStop> {
        let length = match value {
            Value::Null | Value::Boolean(_) | Value::Number(_) => return Ok(None),
            Value::Text(text) => {
                self.charge(text.len() / 64)?;
                text.chars().count()
            }
            Value::Array(items) => items.len(),
            Value::Object(object) => object.len(),
        };
        Ok(Some(natural(length)))
    }

    fn fits(
        &mut self,
        text: &FilterOperand,
        pattern: &FilterPattern,
        scope: FitScope,
        current: &'v Value<'v>,
    ) -> Result<bool, EvaluationStop> {
        let Some(Value::Text(text)) = self.operand(text, current)? else { return Ok(false) };
        match pattern {
            FilterPattern::Literal(regex) => {
                self.charge(text.len() / 16)?;
                Ok(scope.fits(regex, text))
            }
            FilterPattern::FromDocument(operand) => {
                let Some(Value::Text(pattern)) = self.operand(operand, current)? else {
                    return Ok(false);
                };
                // The sender of the document chooses both sides, so the worst case is charged.
                self.charge(text.len().saturating_mul(4))?;
                Ok(self.regex(pattern)?.is_some_and(|regex| scope.fits(regex, text)))
            }
        }
    }

    /// The regex of a pattern in the document; none if it is not valid.
    fn regex(&mut self, pattern: &str) -> Result<Option<&RegexPattern>, EvaluationStop> {
        if !self.regexes.contains_key(pattern) {
            self.charge(COMPILING)?;
            self.regexes.insert(pattern.to_owned(), regex(pattern).ok());
        }
        Ok(self.regexes.get(pattern).and_then(Option::as_ref))
    }
}

/// Compiles an I-Regexp (RFC 9485). Everything else that the crate accepts is accepted too.
pub(super) fn regex(pattern: &str) -> Result<RegexPattern, PatternError> {
    RegexPattern::new(&without_line_ends(pattern), "", Case::Sensitive)
}

/// The pattern with each dot replaced by a class. In an I-Regexp a dot does not match a carriage return, and in the crate it
/// does.
fn without_line_ends(pattern: &str) -> String {
    let mut translated = String::with_capacity(pattern.len());
    let (mut in_class, mut escaped) = (false, false);
    for character in pattern.chars() {
        let stands_for_any = character == '.' && !in_class && !escaped;
        if !escaped {
            match character {
                '[' => in_class = true,
                ']' => in_class = false,
                _ => {}
            }
        }
        escaped = character == '\\' && !escaped;
        if stands_for_any { translated.push_str(r"[^\n\r]") } else { translated.push(character) }
    }
    translated
}

fn natural(count: usize) -> Value<'static> {
    Value::Number(Number::Natural(count as u64))
}
