//! Values as tests show them: expected and actual values share one notation, that of the rules.
//!
//! The JSON of a test, an event and the body of a channel all become a [`TestValue`] before they are compared, so that a
//! failure does not show `"Critical"` on one line and `Critical` on the next.

use crate::event::Event;
use crate::source::Span;
use crate::syntax::tree::{StringLiteral, TestJson, TestJsonKind};
use crate::text::quoted;
use crate::time::Timestamp;
use std::convert::Infallible;
use std::fmt;

/// A value in the notation of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TestValue {
    /// Absent.
    Missing,
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A number as it was written.
    Number(Box<str>),
    /// A string.
    Text(Box<str>),
    /// A bare word: a constant, a channel.
    Name(Box<str>),
    /// `[…]`
    List(Vec<TestValue>),
    /// `{…}` in order.
    Object(Vec<(Box<str>, TestValue)>),
}

/// The values of a case's holes.
pub(super) type HoleBindings = Vec<(Box<str>, TestValue)>;

/// A hole that nothing fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnfilledHole {
    pub(super) hole: Box<str>,
    pub(super) place: Span,
}

impl TestValue {
    /// The JSON of a test, with its holes filled.
    pub(super) fn from_json(json: &TestJson, bindings: &HoleBindings) -> Result<Self, UnfilledHole> {
        Self::read(json, &|name, place| {
            let bound = bindings.iter().find(|(hole, _)| **hole == *name).map(|(_, value)| value.clone());
            bound.ok_or_else(|| UnfilledHole { hole: name.into(), place })
        })
    }

    /// A cell or an expectation of a row, in which a bare word stands for itself.
    pub(super) fn from_cell(json: &TestJson) -> Self {
        let Ok(value) = Self::read(json, &|name, _| Ok::<_, Infallible>(Self::Name(name.into())));
        value
    }

    /// The value of JSON, in which `hole` gives the values of bare words.
    fn read<E>(json: &TestJson, hole: &dyn Fn(&str, Span) -> Result<Self, E>) -> Result<Self, E> {
        Ok(match &json.kind {
            TestJsonKind::Null => Self::Null,
            TestJsonKind::Missing => Self::Missing,
            TestJsonKind::Boolean(value) => Self::Boolean(*value),
            TestJsonKind::Number(text) => Self::Number(text.clone()),
            TestJsonKind::Text(text) => Self::Text(text.clone()),
            TestJsonKind::Constant(name) => Self::Name(name.clone()),
            TestJsonKind::Hole(name) => hole(name, json.span)?,
            TestJsonKind::Array(items) => {
                Self::List(items.iter().map(|item| Self::read(item, hole)).collect::<Result<_, _>>()?)
            }
            TestJsonKind::Object(members) => {
                let member = |(name, value): &(StringLiteral, TestJson)| -> Result<_, E> {
                    Ok((name.value.clone(), Self::read(value, hole)?))
                };
                Self::Object(members.iter().map(member).collect::<Result<_, _>>()?)
            }
        })
    }

    /// The value of a member; *missing* if it is absent.
    pub(super) fn member(&self, name: &str) -> &Self {
        let found = self.members().iter().find(|(key, _)| &**key == name);
        found.map_or(&Self::Missing, |(_, value)| value)
    }

    /// The members of an object; empty for other values.
    pub(super) fn members(&self) -> &[(Box<str>, Self)] {
        if let Self::Object(members) = self { members } else { &[] }
    }

    /// A string, or *missing*.
    pub(super) fn text(text: Option<&str>) -> Self {
        text.map_or(Self::Missing, |text| Self::Text(text.into()))
    }

    /// The value as JSON. *Missing* parts are left out, bare words are strings. Nothing if the value itself is missing.
    pub(super) fn to_json(&self) -> Option<String> {
        Some(match self {
            Self::Missing => return None,
            Self::Null => "null".to_owned(),
            Self::Boolean(value) => value.to_string(),
            Self::Number(text) => text.to_string(),
            Self::Text(text) | Self::Name(text) => quoted(text),
            Self::List(items) => {
                let items: Vec<String> = items.iter().filter_map(Self::to_json).collect();
                format!("[{}]", items.join(","))
            }
            Self::Object(members) => {
                let member = |(name, value): &(Box<str>, Self)| Some(format!("{}:{}", quoted(name), value.to_json()?));
                let members: Vec<String> = members.iter().filter_map(member).collect();
                format!("{{{}}}", members.join(","))
            }
        })
    }

    /// On several lines, one for each member of an object.
    pub(super) fn pretty(&self) -> String {
        let mut out = String::new();
        self.write_pretty(&mut out, 0);
        out
    }

    fn write_pretty(&self, out: &mut String, depth: usize) {
        let is_simple = |value: &Self| value.members().is_empty() && !matches!(value, Self::List(_));
        if let Self::Object(members) = self
            && !members.is_empty()
        {
            let lines = members.iter().map(|(name, value)| (format!("{}: ", key(name)), value));
            write_lines(out, depth, ["{", "}"], lines);
        } else if let Self::List(items) = self
            && !items.iter().all(is_simple)
        {
            write_lines(out, depth, ["[", "]"], items.iter().map(|item| (String::new(), item)));
        } else {
            out.push_str(&self.to_string());
        }
    }
}

/// Writes values between brackets, each on a line after the text that leads it.
fn write_lines<'v>(
    out: &mut String,
    depth: usize,
    [open, close]: [&str; 2],
    lines: impl Iterator<Item = (String, &'v TestValue)>,
) {
    out.push_str(open);
    for (lead, value) in lines {
        out.extend(["\n", &"  ".repeat(depth + 1), &lead]);
        value.write_pretty(out, depth + 1);
    }
    out.extend(["\n", &"  ".repeat(depth), close]);
}

/// On one line.
impl fmt::Display for TestValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(text) | Self::Name(text) => f.write_str(text),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Self::Object(members) if members.is_empty() => f.write_str("{}"),
            Self::Object(members) => {
                let member = |(name, value): &(Box<str>, Self)| format!("{}: {value}", key(name));
                let members: Vec<String> = members.iter().map(member).collect();
                write!(f, "{{ {} }}", members.join(", "))
            }
        }
    }
}

/// A key, without quotes if it is a word.
fn key(name: &str) -> String {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let word = name.chars().all(letter) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty();
    if word { name.to_owned() } else { quoted(name) }
}

impl From<&serde_json::Value> for TestValue {
    fn from(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Boolean(*value),
            serde_json::Value::Number(number) => Self::Number(number.to_string().into()),
            serde_json::Value::String(text) => Self::Text(text.as_str().into()),
            serde_json::Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            serde_json::Value::Object(members) => {
                Self::Object(members.iter().map(|(name, value)| (name.as_str().into(), Self::from(value))).collect())
            }
        }
    }
}

/// The fields of the event; those without a value are left out.
impl From<&Event<'_>> for TestValue {
    fn from(event: &Event<'_>) -> Self {
        let time = |time: Option<Timestamp>| Self::text(time.map(|at| at.to_string()).as_deref());
        let labels = event.labels.iter().map(|(name, value)| (name.into(), Self::Text(value.into()))).collect();
        let notes = event.notes.iter().map(|note| Self::Text((*note).into())).collect();
        let fields = [
            ("severity", Self::Name(event.severity.name().into())),
            ("status", Self::Name(event.status.name().into())),
            ("event_status", Self::Name(event.event_status().into())),
            ("title", Self::Text(event.title.into())),
            ("key", Self::Text(event.key.into())),
            ("description", Self::text(event.description)),
            ("labels", Self::Object(labels)),
            ("starts_at", time(event.starts_at)),
            ("ends_at", time(event.ends_at)),
            ("link", Self::text(event.link)),
            ("source", Self::Text(event.source.into())),
            ("integration", Self::text(event.integration)),
            ("notes", Self::List(notes)),
        ];
        let present = fields.into_iter().filter(|(_, value)| !matches!(value, Self::Missing));
        Self::Object(present.map(|(name, value)| (name.into(), value)).collect())
    }
}
