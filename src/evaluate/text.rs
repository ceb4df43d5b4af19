//! Values as text: conversion to strings, and text for people.

use super::budget::{self, BYTES_PER_NODE};
use crate::json::{self, Arena, Number};
use crate::text::{plural, quoted};
use crate::value::RuntimeValue;

/// What is lost when a value is converted to text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConversionLoss {
    /// The structure of an array or object: its JSON text was taken.
    Structure(&'static str),
    /// Digits of a number beyond 64 bits.
    Digits,
}

/// What is lost when a value is converted to a string. Scalars become their JSON text, which loses nothing.
pub(super) fn conversion_loss(value: &RuntimeValue<'_>) -> Option<ConversionLoss> {
    const BEYOND: f64 = 18_446_744_073_709_551_616.0;
    if let RuntimeValue::Json(node) = value {
        Some(ConversionLoss::Structure(kind(node)))
    } else if let RuntimeValue::List(_) = value {
        Some(ConversionLoss::Structure("a list"))
    } else {
        let is_huge = matches!(value, RuntimeValue::Number(Number::Float(float)) if float.abs() >= BEYOND);
        is_huge.then_some(ConversionLoss::Digits)
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
    if let RuntimeValue::Text(text) = value
        && text.len() > BRIEF
    {
        quoted(text.get(..text.floor_char_boundary(BRIEF)).unwrap_or_default()) + "…"
    } else if let RuntimeValue::Json(node) = value
        && budget::size(node, BRIEF) > BRIEF
    {
        format!("{} of more than 4 KiB", kind(node))
    } else if let RuntimeValue::List(items) = value {
        if items.len() > BRIEF / BYTES_PER_NODE {
            return format!("a list of {}", plural(items.len(), "node"));
        }
        format!("[{}]", items.iter().map(brief).collect::<Vec<_>>().join(", "))
    } else {
        written(value)
    }
}

/// The kind of an array or object.
fn kind(node: &json::Value<'_>) -> &'static str {
    if node.as_array().is_some() { "an array" } else { "an object" }
}
