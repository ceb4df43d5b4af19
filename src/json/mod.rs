//! Reading JSON: a tree that borrows from the bytes, equality and order, the canonical form.

use std::borrow::Cow;

/// A JSON value that borrows its strings from the bytes wherever they hold no escape.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// An object.
    Object(Object<'a>),
}

/// The members of an object in document order; names are unique (the last of a repeated name counts).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> Object<'a> {
    /// The value of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Members in document order.
    pub fn iter(&self) -> impl Iterator<Item = (&Cow<'a, str>, &Value<'a>)> {
        self.members.iter().map(|(name, value)| (name, value))
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

/// A number, compared by its mathematical value: exact past 2^53, and `1 == 1.0`.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// From -2^63 to -1.
    Negative(i64),
    /// From 0 to 2^64 - 1.
    Natural(u64),
    /// Everything else; finite.
    Float(f64),
}

impl PartialEq for Number {
    fn eq(&self, _other: &Self) -> bool {
        todo!()
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, _other: &Self) -> Option<std::cmp::Ordering> {
        todo!()
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}

impl std::str::FromStr for Number {
    type Err = ();
    /// Reads JSON's number syntax.
    fn from_str(_text: &str) -> Result<Self, ()> {
        todo!()
    }
}

/// A document that was read.
#[derive(Debug)]
pub struct Document<'a> {
    /// The value.
    pub root: Value<'a>,
    /// The first member name that an object repeats, if any does.
    pub repeated: Option<String>,
}

/// Why bytes are not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong, and a way to mend it where one is known.
    pub message: String,
}

/// Reads one document (at most 127 levels deep).
///
/// # Errors
/// Where the bytes are not one JSON document, the place and the reason.
pub fn parse(_bytes: &[u8]) -> Result<Document<'_>, Invalid> {
    todo!()
}

impl Value<'_> {
    /// The JSON text: strings quoted, no blanks, members in document order.
    #[must_use]
    pub fn to_json(&self) -> String {
        todo!()
    }

    /// The same value, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        todo!()
    }
}
