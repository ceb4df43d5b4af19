//! Values as text: conversion to strings, and text for people.

use super::budget::{self, BYTES_PER_NODE};
use crate::json::{self, Arena, Number};
use crate::text::quoted;
use crate::value::RuntimeValue;

/// What is lost when a value is converted to text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConversionIssue {
    /// Nothing: a scalar.
    None,
    /// An array or object: its JSON text was taken.
    Structure(&'static str),
    /// A number beyond 64 bits: digits were lost.
    HugeNumber,
}

/// What is lost when a value is converted to a string. Scalars become their JSON text.
pub(super) fn conversion_issue(value: &RuntimeValue<'_>) -> ConversionIssue {
    const BEYOND: f64 = 18_446_744_073_709_551_616.0;
    match value {
        RuntimeValue::Number(Number::Float(float)) if float.abs() >= BEYOND => ConversionIssue::HugeNumber,
        RuntimeValue::Json(node) => ConversionIssue::Structure(kind(node)),
        RuntimeValue::List(_) => ConversionIssue::Structure("a list"),
        RuntimeValue::Missing
        | RuntimeValue::Null
        | RuntimeValue::Boolean(_)
        | RuntimeValue::Number(_)
        | RuntimeValue::Text(_)
        | RuntimeValue::Severity(_)
        | RuntimeValue::Status(_)
        | RuntimeValue::Time(_)
        | RuntimeValue::Labels(_)
        | RuntimeValue::Regex(_) => ConversionIssue::None,
    }
}

/// How rules would write a value: strings in quotes, constants bare, `missing`.
#[must_use]
pub fn written(value: &RuntimeValue<'_>) -> String {
    match value {
        RuntimeValue::Missing => "missing".to_owned(),
        RuntimeValue::Null => "null".to_owned(),
        RuntimeValue::Text(text) => quoted(text),
        RuntimeValue::Regex(regex) => format!("/{}/", regex.pattern()),
        RuntimeValue::List(items) => {
            format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", "))
        }
        RuntimeValue::Boolean(_)
        | RuntimeValue::Number(_)
        | RuntimeValue::Json(_)
        | RuntimeValue::Severity(_)
        | RuntimeValue::Status(_)
        | RuntimeValue::Time(_)
        | RuntimeValue::Labels(_) => value.to_text(&Arena::new()).unwrap_or_default().to_owned(),
    }
}

/// The most bytes of a value that people are shown. Observers keep a value for each step of an evaluation.
const BRIEF: usize = 4096;

/// As [`written`], but for a large value only its beginning, or its kind: writing a whole payload at every step would
/// take too long.
#[must_use]
pub fn brief(value: &RuntimeValue<'_>) -> String {
    let is_large = |node: &json::Value<'_>| budget::size(node, BRIEF) > BRIEF;
    match value {
        RuntimeValue::Text(text) if text.len() > BRIEF => {
            quoted(text.get(..text.floor_char_boundary(BRIEF)).unwrap_or_default()) + "…"
        }
        RuntimeValue::Json(node) if is_large(node) => format!("{} of more than 4 KiB", kind(node)),
        RuntimeValue::List(items) if items.len() > BRIEF / BYTES_PER_NODE => {
            format!("a list of {} nodes", items.len())
        }
        RuntimeValue::List(items) => format!("[{}]", items.iter().map(brief).collect::<Vec<_>>().join(", ")),
        RuntimeValue::Missing
        | RuntimeValue::Null
        | RuntimeValue::Boolean(_)
        | RuntimeValue::Number(_)
        | RuntimeValue::Text(_)
        | RuntimeValue::Json(_)
        | RuntimeValue::Severity(_)
        | RuntimeValue::Status(_)
        | RuntimeValue::Time(_)
        | RuntimeValue::Labels(_)
        | RuntimeValue::Regex(_) => written(value),
    }
}

fn kind(node: &json::Value<'_>) -> &'static str {
    match node {
        json::Value::Array(_) => "an array",
        json::Value::Object(_) => "an object",
        json::Value::Null | json::Value::Boolean(_) | json::Value::Number(_) | json::Value::Text(_) => "a value",
    }
}
