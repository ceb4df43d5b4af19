//! Values as text: how string places read them, and how people are shown them.

use super::work;
use crate::event::Labels;
use crate::json::{self, Number};
use crate::value::Value;
use std::borrow::Cow;

/// What is odd about a value that was read as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oddity {
    /// Nothing: a scalar.
    None,
    /// An array or object: its JSON text was taken.
    Structure(&'static str),
    /// A number beyond 64 bits: digits were lost.
    HugeNumber,
}

/// The text of a value in a string place: scalars as their JSON text (a string as itself), arrays and objects as JSON
/// text; nothing for *missing* and null.
pub(super) fn text<'v>(value: &Value<'v>) -> Option<(Cow<'v, str>, Oddity)> {
    let plain = |text: String| Some((Cow::Owned(text), Oddity::None));
    match value {
        Value::Missing | Value::Null => None,
        Value::Boolean(true) => Some((Cow::Borrowed("true"), Oddity::None)),
        Value::Boolean(false) => Some((Cow::Borrowed("false"), Oddity::None)),
        Value::Number(number) => Some((Cow::Owned(number.to_string()), oddity(*number))),
        Value::Text(text) => Some((text.clone(), Oddity::None)),
        Value::Json(node) => Some((Cow::Owned(node.to_json()), Oddity::Structure(kind(node)))),
        Value::Parsed(node) => Some((Cow::Owned(node.to_json()), Oddity::Structure(kind(node)))),
        Value::List(items) => Some((Cow::Owned(list(items)), Oddity::Structure("a list"))),
        Value::Severity(severity) => Some((Cow::Borrowed(severity.name()), Oddity::None)),
        Value::Status(status) => Some((Cow::Borrowed(status.name()), Oddity::None)),
        Value::Time(time) => plain(time.to_string()),
        Value::Labels(labels) => plain(object(labels)),
        Value::Regex(regex) => plain(regex.pattern().to_owned()),
    }
}

/// The same of a value that is not needed any more: a string is not copied.
pub(super) fn into_text(value: Value<'_>) -> Option<(Cow<'_, str>, Oddity)> {
    if let Value::Text(text) = value { Some((text, Oddity::None)) } else { text(&value) }
}

/// How rules would write a value: strings in quotes, constants bare, `missing`.
#[must_use]
pub fn written(value: &Value<'_>) -> String {
    match value {
        Value::Missing => "missing".to_owned(),
        Value::Null => "null".to_owned(),
        Value::Text(text) => quoted(text),
        Value::Regex(regex) => format!("/{}/", regex.pattern()),
        Value::List(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Boolean(_)
        | Value::Number(_)
        | Value::Json(_)
        | Value::Parsed(_)
        | Value::Severity(_)
        | Value::Status(_)
        | Value::Time(_)
        | Value::Labels(_) => text(value).map(|(text, _)| text.into_owned()).unwrap_or_default(),
    }
}

/// How many bytes of a value a person is shown at most; those who watch an evaluation keep a value for each of its steps.
const BRIEF: usize = 4096;

/// As [`written`], but for a large value its beginning, or its kind: a person is not shown more, and writing it at every step
/// would take as long as the payload is large.
#[must_use]
pub fn brief(value: &Value<'_>) -> String {
    let is_large = |node: &json::Value<'_>| work::size(node, BRIEF) > BRIEF;
    match value {
        Value::Text(text) if text.len() > BRIEF => {
            quoted(text.get(..text.floor_char_boundary(BRIEF)).unwrap_or_default()) + "…"
        }
        Value::Json(node) if is_large(node) => format!("{} of more than 4 KiB", kind(node)),
        Value::Parsed(node) if is_large(node) => format!("{} of more than 4 KiB", kind(node)),
        Value::List(items) if items.len() > BRIEF / work::PER_NODE => {
            format!("a list of {} nodes", items.len())
        }
        Value::List(items) => format!("[{}]", items.iter().map(brief).collect::<Vec<_>>().join(", ")),
        Value::Missing
        | Value::Null
        | Value::Boolean(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::Json(_)
        | Value::Parsed(_)
        | Value::Severity(_)
        | Value::Status(_)
        | Value::Time(_)
        | Value::Labels(_)
        | Value::Regex(_) => written(value),
    }
}

/// A string as JSON writes it.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn oddity(number: Number) -> Oddity {
    const BEYOND: f64 = 18_446_744_073_709_551_616.0;
    match number {
        Number::Float(float) if float.abs() >= BEYOND => Oddity::HugeNumber,
        Number::Float(_) | Number::Negative(_) | Number::Natural(_) => Oddity::None,
    }
}

fn kind(node: &json::Value<'_>) -> &'static str {
    match node {
        json::Value::Array(_) => "an array",
        json::Value::Object(_) => "an object",
        json::Value::Null | json::Value::Boolean(_) | json::Value::Number(_) | json::Value::Text(_) => {
            "a value"
        }
    }
}

fn list(items: &[Value<'_>]) -> String {
    let items = items.iter().map(|item| match item {
        Value::Missing | Value::Null => "null".to_owned(),
        Value::Boolean(_) | Value::Number(_) | Value::Json(_) | Value::Parsed(_) => written(item),
        Value::List(items) => list(items),
        Value::Labels(labels) => object(labels),
        Value::Text(_) | Value::Severity(_) | Value::Status(_) | Value::Time(_) | Value::Regex(_) => {
            quoted(&text(item).map(|(text, _)| text).unwrap_or_default())
        }
    });
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn object(labels: &Labels<'_>) -> String {
    let members = labels.iter().map(|(name, value)| format!("{}:{}", quoted(name), quoted(value)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}
