//! Comparisons in filters. Each is charged by its size: two large members that are compared for every element would
//! otherwise cost far more than the nodes visited.

use super::evaluation::{EvaluationStop, PathEvaluation};
use crate::json::Value;

impl PathEvaluation<'_, '_> {
    /// Whether two operands are equal. Two absent operands are equal.
    pub(super) fn same(&mut self, left: Option<Value<'_>>, right: Option<Value<'_>>) -> Result<bool, EvaluationStop> {
        match (left, right) {
            (None, None) => Ok(true),
            (Some(left), Some(right)) => self.equal(&left, &right),
            (None, Some(_)) | (Some(_), None) => Ok(false),
        }
    }

    /// Whether two operands are both numbers or both strings, and the left is less.
    pub(super) fn less(&mut self, left: Option<Value<'_>>, right: Option<Value<'_>>) -> Result<bool, EvaluationStop> {
        match (left, right) {
            (Some(Value::Text(left)), Some(Value::Text(right))) => {
                self.charge(left.len().min(right.len()) / 64)?;
                Ok(left < right)
            }
            (Some(Value::Number(left)), Some(Value::Number(right))) => Ok(left < right),
            (Some(_) | None, _) => Ok(false),
        }
    }

    fn equal(&mut self, left: &Value<'_>, right: &Value<'_>) -> Result<bool, EvaluationStop> {
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
