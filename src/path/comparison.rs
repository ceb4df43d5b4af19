//! Comparing what filters name, each comparison charged by its size: otherwise two large members, compared for every
//! element, would cost far more than the nodes that are visited.

use super::evaluation::{Run, Stop};
use crate::json::{Number, Value};

/// What an operand came to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'o> {
    /// No node, or a function without a result.
    Nothing,
    /// A node or a literal.
    Value(Value<'o>),
    /// The result of a function.
    Number(Number),
}

impl Run<'_, '_> {
    /// Whether two operands are equal; nothing equals nothing.
    pub(super) fn same(&mut self, left: Found<'_>, right: Found<'_>) -> Result<bool, Stop> {
        match (left, right) {
            (Found::Nothing, Found::Nothing) => Ok(true),
            (Found::Value(left), Found::Value(right)) => self.equal(&left, &right),
            (Found::Number(left), Found::Number(right)) => Ok(left == right),
            (Found::Value(Value::Number(left)), Found::Number(right))
            | (Found::Number(left), Found::Value(Value::Number(right))) => Ok(left == right),
            (Found::Nothing | Found::Value(_) | Found::Number(_), _) => Ok(false),
        }
    }

    /// Whether two operands are both numbers or both strings, and the left is less.
    pub(super) fn less(&mut self, left: Found<'_>, right: Found<'_>) -> Result<bool, Stop> {
        if let (Found::Value(Value::Text(left)), Found::Value(Value::Text(right))) = (left, right) {
            self.charge(left.len().min(right.len()) / 64)?;
            return Ok(left < right);
        }
        Ok(match (number(left), number(right)) {
            (Some(left), Some(right)) => left < right,
            (None, _) | (_, None) => false,
        })
    }

    fn equal(&mut self, left: &Value<'_>, right: &Value<'_>) -> Result<bool, Stop> {
        match (left, right) {
            (Value::Text(left), Value::Text(right)) => {
                if left.len() != right.len() {
                    return Ok(false);
                }
                self.charge(left.len() / 64)?;
                Ok(left == right)
            }
            (Value::Array(left), Value::Array(right)) => {
                if left.len() != right.len() {
                    return Ok(false);
                }
                for (left, right) in left.iter().zip(*right) {
                    self.charge(1)?;
                    if !self.equal(left, right)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Value::Object(left), Value::Object(right)) => {
                if left.len() != right.len() {
                    return Ok(false);
                }
                for (name, left) in left.iter() {
                    self.charge(1 + name.len() / 64)?;
                    let Some(right) = right.get(name) else { return Ok(false) };
                    if !self.equal(left, right)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (
                Value::Null
                | Value::Boolean(_)
                | Value::Number(_)
                | Value::Text(_)
                | Value::Array(_)
                | Value::Object(_),
                _,
            ) => Ok(left == right),
        }
    }
}

fn number(found: Found<'_>) -> Option<Number> {
    match found {
        Found::Number(number) => Some(number),
        Found::Value(Value::Number(number)) => Some(number),
        Found::Nothing | Found::Value(_) => None,
    }
}
