//! Reading one document.

use super::object::Places;
use super::reach::WHOLE;
use super::refusal::{self, Invalid};
use super::stack::Stack;
use super::{Arena, Name, Number, Object, Reach, Value};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A document that was read.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// The value.
    pub root: &'a Value<'a>,
    /// The first member name that an object repeats, if any does.
    pub repeated: Option<&'a str>,
    /// What it was read from.
    pub source: &'a [u8],
    /// Where it lies, and what is made of it as well.
    pub arena: &'a Arena,
}

/// What some editors and tools write before UTF-8 text; it is no part of the document.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads one document (at most 127 levels deep). A byte order mark before it is passed over.
///
/// # Errors
/// Where the bytes are not one JSON document, the place and the reason.
pub fn parse<'a>(bytes: &'a [u8], arena: &'a Arena) -> Result<Document<'a>, Invalid> {
    parse_within(bytes, &WHOLE, arena)
}

/// Reads of one document what is looked at. The rest is judged as [`parse`] judges it, and left out of the tree.
///
/// # Errors
/// Those of [`parse`].
pub fn parse_within<'a>(bytes: &'a [u8], reach: &Reach, arena: &'a Arena) -> Result<Document<'a>, Invalid> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(refusal::not_text(bytes));
    };
    read(text, reach, arena).map_err(|error| refusal::of(bytes, &error))
}

/// Reads a text that should be one document and nothing else.
pub(super) fn read<'a>(text: &'a str, reach: &Reach, arena: &'a Arena) -> serde_json::Result<Document<'a>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let document = read_from(&mut deserializer, text.as_bytes(), reach, arena)?;
    deserializer.end()?;
    Ok(document)
}

/// Reads a document from the beginning of its source, and leaves what follows it.
pub(super) fn read_from<'a, D: Deserializer<'a>>(
    deserializer: D,
    source: &'a [u8],
    reach: &Reach,
    arena: &'a Arena,
) -> Result<Document<'a>, D::Error> {
    let mut open = Open::new(arena);
    let root = Reader { open: &mut open, reach }.deserialize(deserializer)?;
    Ok(Document { root: arena.keep(root), repeated: open.repeated, source, arena })
}

/// What is not closed yet: the names of the members of all open objects, the values of all open objects and arrays, the
/// innermost last. So none of them grows by itself, and each gets the room that it needs when it is closed.
struct Open<'a> {
    /// Of what is passed over as well.
    names: Stack<'a, Name<'a>>,
    values: Stack<'a, Value<'a>>,
    /// Of an object of which members are passed over: which of its names have a value.
    kept: Stack<'a, u32>,
    /// The first name that was repeated.
    repeated: Option<&'a str>,
    arena: &'a Arena,
}

/// How much was open at some moment.
#[derive(Clone, Copy)]
struct Mark {
    names: usize,
    values: usize,
    kept: usize,
}

impl<'a> Open<'a> {
    /// An ordinary alert needs no more room.
    fn new(arena: &'a Arena) -> Self {
        let (names, values) = (Stack::with_room(48, arena), Stack::with_room(48, arena));
        Self { names, values, kept: Stack::with_room(32, arena), repeated: None, arena }
    }

    fn mark(&self) -> Mark {
        Mark { names: self.names.len(), values: self.values.len(), kept: self.kept.len() }
    }

    fn close(&mut self, from: Mark) {
        self.names.truncate(from.names);
        self.values.truncate(from.values);
        self.kept.truncate(from.kept);
    }

    /// Adds a name to those of an object; where it stands already, says its place.
    #[inline]
    fn name(&mut self, from: Mark, name: Name<'a>, places: &mut Places<'a>) -> Option<usize> {
        let held = places.add(name, self.names.since(from.names));
        match held {
            None => self.names.push(name),
            Some(_) => self.repeated = self.repeated.or(Some(name.text())),
        }
        held
    }

    /// Reads an object whole. A name that comes again gets the later value.
    fn whole<A: MapAccess<'a>>(&mut self, mut members: A) -> Result<Object<'a>, A::Error> {
        let from = self.mark();
        let mut places = Places::default();
        while let Some(name) = members.next_key_seed(ReadName(self.arena))? {
            let held = self.name(from, name, &mut places);
            let value = members.next_value_seed(Reader { open: self, reach: &WHOLE })?;
            match held {
                None => self.values.push(value),
                Some(place) => self.values.replace(from.values + place, value),
            }
        }
        let names = self.arena.slice(self.names.since(from.names));
        let values = self.arena.slice(self.values.since(from.values));
        self.close(from);
        Ok(Object::unique(names, values, self.arena))
    }

    /// Reads of an object what is looked at.
    fn part<A: MapAccess<'a>>(&mut self, mut members: A, reach: &Reach) -> Result<Object<'a>, A::Error> {
        let from = self.mark();
        let mut places = Places::default();
        while let Some(name) = members.next_key_seed(ReadName(self.arena))? {
            let place = self.names.len() - from.names;
            let held = self.name(from, name, &mut places);
            let Some(reach) = reach.of_member(name) else {
                members.next_value_seed(Judge(self))?;
                continue;
            };
            let value = members.next_value_seed(Reader { open: self, reach })?;
            // The places of what is kept rise.
            let held = held.and_then(|held| {
                self.kept.since(from.kept).binary_search_by_key(&held, |kept| *kept as usize).ok()
            });
            match held {
                None => {
                    self.values.push(value);
                    self.kept.push(u32::try_from(place).unwrap_or(u32::MAX));
                }
                Some(place) => self.values.replace(from.values + place, value),
            }
        }
        let object = self.kept(from);
        self.close(from);
        Ok(object)
    }

    /// The object of the members since the mark that were kept.
    fn kept(&self, from: Mark) -> Object<'a> {
        let names = self.names.since(from.names);
        let (kept, values) = (self.kept.since(from.kept), self.values.since(from.values));
        if let (Some(first), []) = (names.first(), kept) {
            // Something tells it from an empty object.
            return Object::unique(self.arena.slice(&[*first]), &[Value::Null], self.arena);
        }
        let name = |place: &u32| names.get(*place as usize).copied().unwrap_or_default();
        let names = self.arena.gather(kept.iter().map(name));
        Object::unique(names, self.arena.slice(values), self.arena)
    }

    /// Passes over an object.
    fn judge<A: MapAccess<'a>>(&mut self, mut members: A) -> Result<(), A::Error> {
        let from = self.mark();
        let mut places = Places::default();
        while let Some(name) = members.next_key_seed(ReadName(self.arena))? {
            self.name(from, name, &mut places);
            members.next_value_seed(Judge(self))?;
        }
        self.close(from);
        Ok(())
    }
}

/// Reads what is looked at of a value.
struct Reader<'o, 'r, 'a> {
    open: &'o mut Open<'a>,
    reach: &'r Reach,
}

impl<'a> DeserializeSeed<'a> for Reader<'_, '_, 'a> {
    type Value = Value<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Value<'a>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Reader<'_, '_, 'a> {
    type Value = Value<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'a>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value<'a>, E> {
        Ok(Value::Boolean(truth))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Value<'a>, E> {
        Ok(Value::Number(Number::from(integer)))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<Value<'a>, E> {
        Ok(Value::Number(Number::Natural(integer)))
    }

    fn visit_f64<E>(self, float: f64) -> Result<Value<'a>, E> {
        Ok(Value::Number(Number::Float(float)))
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Value<'a>, E> {
        Ok(Value::Text(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'a>, E> {
        Ok(Value::Text(self.open.arena.text(text)))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut elements: A) -> Result<Value<'a>, A::Error> {
        let Self { open, reach } = self;
        let Some(reach) = reach.of_elements() else {
            let mut some: &[Value<'_>] = &[];
            while elements.next_element_seed(Judge(open))?.is_some() {
                some = &[Value::Null];
            }
            return Ok(Value::Array(some));
        };
        let from = open.mark();
        while let Some(element) = elements.next_element_seed(Reader { open, reach })? {
            open.values.push(element);
        }
        let elements = open.arena.slice(open.values.since(from.values));
        open.close(from);
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'a>>(self, members: A) -> Result<Value<'a>, A::Error> {
        let Self { open, reach } = self;
        let object = if reach.is_whole_object() { open.whole(members) } else { open.part(members, reach) };
        Ok(Value::Object(open.arena.keep(object?)))
    }
}

/// Passes over a value that is not looked at, and refuses what [`Reader`] refuses.
struct Judge<'o, 'a>(&'o mut Open<'a>);

impl<'a> DeserializeSeed<'a> for Judge<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        // Not as what is ignored: half a surrogate pair, a number out of range and too deep a nesting would pass.
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Judge<'_, 'a> {
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

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(Judge(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, members: A) -> Result<(), A::Error> {
        self.0.judge(members)
    }
}

/// Reads the name of a member, borrowing it where it holds no escape.
struct ReadName<'a>(&'a Arena);

impl<'a> DeserializeSeed<'a> for ReadName<'a> {
    type Value = Name<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for ReadName<'a> {
    type Value = Name<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E>(self, name: &'a str) -> Result<Self::Value, E> {
        Ok(Name::new(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Name::new(self.0.text(name)))
    }
}
