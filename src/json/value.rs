//! The tree of a document.

use super::{Arena, Number, Object};

/// A JSON value. Its parts are borrowed from the bytes that it was read from, or from an [`Arena`].
///
/// Equality follows JSON: the order of members does not matter, and `1` equals `1.0`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`
    #[default]
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(&'a str),
    /// An array.
    Array(&'a [Value<'a>]),
    /// An object.
    Object(&'a Object<'a>),
}

impl<'a> Value<'a> {
    /// Whether it is `null`, `""`, `[]` or `{}`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Boolean(_) | Self::Number(_) => false,
            Self::Text(text) => text.is_empty(),
            Self::Array(items) => items.is_empty(),
            Self::Object(object) => object.is_empty(),
        }
    }

    /// The name of the value's kind: `null`, `boolean`, `number`, `string`, `array` or `object`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// The text, if the value is a string.
    #[must_use]
    pub fn as_text(&self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The elements, if the value is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&'a [Value<'a>]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The members, if the value is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&'a Object<'a>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// Copies a value of `serde_json`.
    #[must_use]
    pub fn of(value: &serde_json::Value, arena: &'a Arena) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(truth) => Self::Boolean(*truth),
            serde_json::Value::Number(number) => Self::Number(Number::from(number)),
            serde_json::Value::String(text) => Self::Text(arena.text(text)),
            serde_json::Value::Array(items) => {
                Self::Array(arena.collect(items.iter().map(|item| Self::of(item, arena))))
            }
            serde_json::Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (arena.text(name), Self::of(value, arena)));
                Self::Object(arena.alloc(Object::of(members, arena)))
            }
        }
    }
}
