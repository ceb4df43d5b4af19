//! The values of expressions during evaluation, and the types that `check` computes.

use crate::event::{AlertStatus, Labels, Severity};
use crate::json::{self, Arena, ToJson};
use crate::pattern::RegexPattern;
use crate::text::enumeration;
use crate::time::Timestamp;
use std::fmt;
use std::ops::BitOr;

/// A value at run time. It points into the payload, the event, the program, or the arena.
#[derive(Debug, Clone, Copy)]
pub enum RuntimeValue<'a> {
    /// No value: nothing is there.
    Missing,
    /// JSON's `null`: no value either, but `is null` distinguishes it.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number.
    Number(json::Number),
    /// A string.
    Text(&'a str),
    /// An array or object.
    Json(&'a json::Value<'a>),
    /// The nodes of a path, or the result of `split`.
    List(&'a [RuntimeValue<'a>]),
    /// A severity.
    Severity(Severity),
    /// A status.
    Status(AlertStatus),
    /// A time.
    Time(Timestamp),
    /// The labels of an event as a whole.
    Labels(&'a Labels<'a>),
    /// A compiled regular expression, as an argument of a function.
    Regex(&'a RegexPattern),
}

impl<'a> RuntimeValue<'a> {
    /// A value of the payload.
    #[must_use]
    pub fn of_json(json: &'a json::Value<'a>) -> Self {
        match json {
            json::Value::Null => Self::Null,
            json::Value::Boolean(boolean) => Self::Boolean(*boolean),
            json::Value::Number(number) => Self::Number(*number),
            json::Value::Text(text) => Self::Text(text),
            json::Value::Array(_) | json::Value::Object(_) => Self::Json(json),
        }
    }

    /// Whether there is no value: missing or null.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Missing | Self::Null)
    }

    /// Whether there is nothing in it: missing, null, `""`, `[]` and `{}`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Missing | Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::Json(json) => json.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Labels(labels) => labels.is_empty(),
            Self::Boolean(_)
            | Self::Number(_)
            | Self::Severity(_)
            | Self::Status(_)
            | Self::Time(_)
            | Self::Regex(_) => false,
        }
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The value as a string: a string as it is, a constant or time in its spelling, everything else as its JSON text. Nothing
    /// for no value.
    #[must_use]
    pub fn to_text(&self, arena: &'a Arena) -> Option<&'a str> {
        Some(match self {
            Self::Missing | Self::Null => return None,
            Self::Boolean(true) => "true",
            Self::Boolean(false) => "false",
            Self::Number(number) => arena.text(&number.to_string()),
            Self::Text(text) => text,
            Self::Json(json) => arena.text(&json.to_json()),
            Self::List(_) | Self::Labels(_) => arena.text(&self.to_json(arena).to_json()),
            Self::Severity(severity) => severity.name(),
            Self::Status(status) => status.name(),
            Self::Time(instant) => arena.text(&instant.to_string()),
            Self::Regex(regex) => regex.pattern(),
        })
    }

    /// The value as JSON. Values that JSON has no form for are strings.
    #[must_use]
    pub fn to_json(&self, arena: &'a Arena) -> json::Value<'a> {
        match self {
            Self::Missing | Self::Null => json::Value::Null,
            Self::Boolean(truth) => json::Value::Boolean(*truth),
            Self::Number(number) => json::Value::Number(*number),
            Self::Json(json) => **json,
            Self::List(items) => json::Value::Array(arena.collect(items.iter().map(|item| item.to_json(arena)))),
            Self::Labels(labels) => {
                let members = labels.iter().map(|(name, text)| (name, json::Value::Text(text)));
                json::Value::Object(arena.alloc(json::Object::of(members, arena)))
            }
            Self::Text(_) | Self::Severity(_) | Self::Status(_) | Self::Time(_) | Self::Regex(_) => {
                json::Value::Text(self.to_text(arena).unwrap_or_default())
            }
        }
    }

    /// The array or object of JSON, if it is one.
    #[must_use]
    pub fn as_json(&self) -> Option<&'a json::Value<'a>> {
        if let Self::Json(node) = self { Some(node) } else { None }
    }
}

/// The set of kinds that an expression's value may have.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ValueType(u16);

impl ValueType {
    /// No value is possible.
    pub const NEVER: Self = Self(0);
    /// *missing*.
    pub const MISSING: Self = Self(1);
    /// JSON's `null`.
    pub const NULL: Self = Self(1 << 1);
    /// A boolean.
    pub const BOOLEAN: Self = Self(1 << 2);
    /// A number.
    pub const NUMBER: Self = Self(1 << 3);
    /// A string.
    pub const TEXT: Self = Self(1 << 4);
    /// An array.
    pub const ARRAY: Self = Self(1 << 5);
    /// An object.
    pub const OBJECT: Self = Self(1 << 6);
    /// A severity.
    pub const SEVERITY: Self = Self(1 << 7);
    /// A status.
    pub const STATUS: Self = Self(1 << 8);
    /// A time.
    pub const TIME: Self = Self(1 << 9);
    /// The labels of an event as a whole.
    pub const LABELS: Self = Self(1 << 10);
    /// A secret.
    pub const SECRET: Self = Self(1 << 11);
    /// The nodes of a path: not a value.
    pub const NODES: Self = Self(1 << 12);
    /// A regular expression as an argument: not a value.
    pub const REGEX: Self = Self(1 << 13);
    /// The type of a broken expression, which gets no further diagnostics.
    pub const UNKNOWN: Self = Self(1 << 14);

    /// Everything that JSON can hold, *missing* included: the type of a path.
    pub const JSON: Self = Self(0b111_1111);
    /// No value: *missing* or null.
    pub const NOTHING: Self = Self(0b11);
    /// The kinds that are read as a string, by their JSON text, without a note.
    pub const SCALAR: Self = Self(0b1_1100);

    /// Whether no value is possible.
    #[must_use]
    pub fn is_never(self) -> bool {
        self == Self::NEVER
    }

    /// Whether every kind of `other` is in this type.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the two have a kind in common.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The kinds that both have.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The kinds that `other` does not have.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the value may be missing or null.
    #[must_use]
    pub fn may_be_missing(self) -> bool {
        self.overlaps(Self::NOTHING)
    }

    const NAMES: [(Self, &'static str); 14] = [
        (Self::TEXT, "a string"),
        (Self::NUMBER, "a number"),
        (Self::BOOLEAN, "a boolean"),
        (Self::TIME, "a time"),
        (Self::SEVERITY, "a severity"),
        (Self::STATUS, "a status"),
        (Self::ARRAY, "an array"),
        (Self::OBJECT, "an object"),
        (Self::LABELS, "labels"),
        (Self::SECRET, "a secret"),
        (Self::NODES, "a list of nodes"),
        (Self::REGEX, "a regex"),
        (Self::NULL, "null"),
        (Self::MISSING, "missing"),
    ];
}

impl BitOr for ValueType {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.contains(Self::JSON) {
            return f.write_str("any JSON value");
        }
        let names: Vec<&str> =
            Self::NAMES.iter().filter(|(kind, _)| self.overlaps(*kind)).map(|(_, name)| *name).collect();
        if names.is_empty() { f.write_str("nothing") } else { f.write_str(&enumeration(&names, "or")) }
    }
}

impl fmt::Debug for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
