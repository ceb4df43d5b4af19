//! Reading one document.

use super::object::{Places, mark};
use super::reach::WHOLE;
use super::refusal::{self, Invalid};
use super::{Number, Object, Reach, Value};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
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
    parse_within(bytes, &WHOLE)
}

/// Reads of one document what is looked at. The rest is judged as [`parse`] judges it, and left out of the tree.
///
/// # Errors
/// Those of [`parse`].
pub fn parse_within<'a>(bytes: &'a [u8], reach: &Reach) -> Result<Document<'a>, Invalid> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(refusal::not_text(bytes));
    };
    read(text, reach, &mut Open::default()).map_err(|error| refusal::of(bytes, &error))
}

/// Reads a text that should be one document and nothing else. Documents that are read one after the other may share what
/// is open while they are read.
pub(super) fn read<'a>(
    text: &'a str,
    reach: &Reach,
    open: &mut Open<'a>,
) -> serde_json::Result<Document<'a>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let document = Document::within(reach, open, &mut deserializer)?;
    deserializer.end()?;
    Ok(document)
}

impl<'de> Document<'de> {
    fn within<D: Deserializer<'de>>(
        reach: &Reach,
        open: &mut Open<'de>,
        deserializer: D,
    ) -> Result<Self, D::Error> {
        open.members.clear();
        open.elements.clear();
        open.repeated = None;
        let root = Reader { open, reach }.deserialize(deserializer)?;
        Ok(Self { root, repeated: open.repeated.take() })
    }
}

impl<'de> Deserialize<'de> for Document<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::within(&WHOLE, &mut Open::default(), deserializer)
    }
}

/// What is not closed yet: the members of all open objects, and the elements of all open arrays, the innermost last. So
/// none of them grows by itself, and each gets the room that it needs when it is closed.
pub(super) struct Open<'de> {
    /// Each with its value, unless that was passed over.
    members: Vec<(Cow<'de, str>, Option<Value<'de>>)>,
    elements: Vec<Value<'de>>,
    /// The first name that was repeated.
    repeated: Option<String>,
}

impl Default for Open<'_> {
    fn default() -> Self {
        // An ordinary alert has no more members open at once.
        Self { members: Vec::with_capacity(32), elements: Vec::new(), repeated: None }
    }
}

impl<'de> Open<'de> {
    /// Reads the members of an object, the value of each by `value`, and says where they begin. A name that comes again
    /// gets the later value.
    fn members<A: MapAccess<'de>>(
        &mut self,
        members: &mut A,
        mut value: impl FnMut(&mut Self, &mut A, &str) -> Result<Option<Value<'de>>, A::Error>,
    ) -> Result<usize, A::Error> {
        let start = self.members.len();
        let mut places = Places::default();
        while let Some(name) = members.next_key_seed(Name)? {
            let mark = mark(&name);
            let held = places.find(mark, &name, self.members.get(start..).unwrap_or_default());
            if held.is_some() {
                self.repeated.get_or_insert_with(|| name.to_string());
            }
            let value = value(self, members, &name)?;
            if let Some((_, held)) = held.and_then(|place| self.members.get_mut(start + place)) {
                *held = value;
            } else {
                self.members.push((name, value));
                places.note(mark, self.members.get(start..).unwrap_or_default());
            }
        }
        Ok(start)
    }
}

/// Reads what is looked at of a value.
struct Reader<'o, 'r, 'de> {
    open: &'o mut Open<'de>,
    reach: &'r Reach,
}

impl<'de> DeserializeSeed<'de> for Reader<'_, '_, 'de> {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_, '_, 'de> {
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
        let Self { open, reach } = self;
        let Some(reach) = reach.of_elements() else {
            let mut some = None;
            while elements.next_element_seed(Judge(open))?.is_some() {
                some = Some(Value::Null);
            }
            return Ok(Value::Array(some.into_iter().collect()));
        };
        let start = open.elements.len();
        while let Some(element) = elements.next_element_seed(Reader { open, reach })? {
            open.elements.push(element);
        }
        Ok(Value::Array(open.elements.drain(start..).collect()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value<'de>, A::Error> {
        let Self { open, reach } = self;
        let mut kept = 0;
        let start = open.members(&mut members, |open, members, name| match reach.of_member(name) {
            Some(reach) => {
                kept += 1;
                members.next_value_seed(Reader { open, reach }).map(Some)
            }
            None => members.next_value_seed(Judge(open)).map(|()| None),
        })?;
        let mut object = Vec::with_capacity(kept.max(1));
        let mut passed = None;
        for (name, value) in open.members.drain(start..) {
            match value {
                Some(value) => object.push((name, value)),
                None => passed = Some(name),
            }
        }
        if object.is_empty() {
            object.extend(passed.map(|name| (name, Value::Null)));
        }
        Ok(Value::Object(Object::unique(object)))
    }
}

/// Passes over a value that is not looked at, and refuses what [`Reader`] refuses.
struct Judge<'o, 'de>(&'o mut Open<'de>);

impl<'de> DeserializeSeed<'de> for Judge<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        // Not as what is ignored: half a surrogate pair, a number out of range and too deep a nesting would pass.
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Judge<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_borrowed_str<E>(self, _: &'de str) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(Judge(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let judge = |open: &mut Open<'de>, members: &mut A, _: &str| {
            members.next_value_seed(Judge(open)).map(|()| None)
        };
        let start = self.0.members(&mut members, judge)?;
        self.0.members.truncate(start);
        Ok(())
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
