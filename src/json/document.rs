//! Reading one document.

use super::object::Gathered;
use super::refusal::{self, Invalid};
use super::{Number, Value};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

/// A document that was read.
#[derive(Debug)]
pub struct Document<'a> {
    /// The value.
    pub root: Value<'a>,
    /// The first member name that an object repeats, if any does.
    pub repeated: Option<String>,
}

/// What some editors and tools write before UTF-8 text; it is no part of the document.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads one document (at most 127 levels deep). A byte order mark before it is passed over.
///
/// # Errors
/// Where the bytes are not one JSON document, the place and the reason.
pub fn parse(bytes: &[u8]) -> Result<Document<'_>, Invalid> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(refusal::not_text(bytes));
    };
    serde_json::from_str(text).map_err(|error| refusal::of(bytes, &error))
}

impl<'de> Deserialize<'de> for Document<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let repeated = RefCell::new(None);
        let root = Reader { repeated: &repeated }.deserialize(deserializer)?;
        Ok(Self { root, repeated: repeated.into_inner() })
    }
}

/// Reads a value; the first repeated name is kept beside the tree.
#[derive(Clone, Copy)]
struct Reader<'r> {
    repeated: &'r RefCell<Option<String>>,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value<'de>, E> {
        Ok(Value::Boolean(truth))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(Number::from(integer)))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(Number::Natural(integer)))
    }

    fn visit_f64<E>(self, float: f64) -> Result<Value<'de>, E> {
        Ok(Value::Number(Number::Float(float)))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = elements.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value<'de>, A::Error> {
        let mut gathered = Gathered::default();
        while let Some(name) = members.next_key_seed(Name)? {
            if gathered.holds(&name) {
                self.repeated.borrow_mut().get_or_insert_with(|| name.to_string());
            }
            let value = members.next_value_seed(self)?;
            gathered.insert(name, value);
        }
        Ok(Value::Object(gathered.finish()))
    }
}

/// Reads the name of a member, borrowing it where it holds no escape.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
