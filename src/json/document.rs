//! Reading one document.

use super::error::{self, JsonError};
use super::object::NamePositions;
use super::projection::WHOLE_VALUE;
use super::stack::Stack;
use super::{Arena, MemberName, Number, Object, Projection, Value};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A document that was read from JSON text.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// The root value.
    pub root: &'a Value<'a>,
    /// The first member name that an object repeats, if any does.
    pub repeated: Option<&'a str>,
    /// The bytes that it was read from, without a byte order mark.
    pub source: &'a [u8],
    /// The arena that holds the tree and the values that are made from it.
    pub arena: &'a Arena,
}

/// Some editors and tools write this mark before UTF-8 text; it is not part of the document.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads one document of at most 127 levels. A byte order mark before it is skipped.
///
/// # Errors
/// If the bytes are not exactly one JSON document. The error has the position and the reason.
pub fn parse<'a>(bytes: &'a [u8], arena: &'a Arena) -> Result<Document<'a>, JsonError> {
    parse_projected(bytes, &WHOLE_VALUE, arena)
}

/// Reads the parts of one document that a projection selects. The other parts are validated as by [`parse`], but are not in
/// the tree.
///
/// # Errors
/// The same as for [`parse`].
pub fn parse_projected<'a>(
    bytes: &'a [u8],
    projection: &Projection,
    arena: &'a Arena,
) -> Result<Document<'a>, JsonError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(error::not_text(bytes));
    };
    read(text, projection, arena).map_err(|error| error::from_serde(bytes, &error))
}

/// Reads a text that must be one document and nothing else.
pub(super) fn read<'a>(text: &'a str, projection: &Projection, arena: &'a Arena) -> serde_json::Result<Document<'a>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let document = read_from(&mut deserializer, text.as_bytes(), projection, arena)?;
    deserializer.end()?;
    Ok(document)
}

/// Reads a document from the beginning of its source, and leaves the text after it unread.
pub(super) fn read_from<'a, D: Deserializer<'a>>(
    deserializer: D,
    source: &'a [u8],
    projection: &Projection,
    arena: &'a Arena,
) -> Result<Document<'a>, D::Error> {
    let mut open = OpenContainers::new(arena);
    let root = ValueReader { open: &mut open, projection }.deserialize(deserializer)?;
    Ok(Document { root: arena.alloc(root), repeated: open.repeated, source, arena })
}

/// The names and values of all objects and arrays that are not closed yet, the innermost last. They share these stacks, so
/// each needs memory of its own only when it is closed, and then exactly as much as it holds.
struct OpenContainers<'a> {
    /// Names of skipped members are recorded too.
    names: Stack<'a, MemberName<'a>>,
    values: Stack<'a, Value<'a>>,
    /// For an object with skipped members: the indexes of the names that have a value, in ascending order.
    selected: Stack<'a, u32>,
    /// The first name that an object repeats.
    repeated: Option<&'a str>,
    arena: &'a Arena,
}

/// The lengths of the stacks at the beginning of an object or array.
#[derive(Clone, Copy)]
struct OpenLengths {
    names: usize,
    values: usize,
    selected: usize,
}

impl<'a> OpenContainers<'a> {
    /// An ordinary alert fits these capacities.
    fn new(arena: &'a Arena) -> Self {
        let (names, values) = (Stack::with_room(48, arena), Stack::with_room(48, arena));
        Self { names, values, selected: Stack::with_room(32, arena), repeated: None, arena }
    }

    fn mark(&self) -> OpenLengths {
        OpenLengths { names: self.names.len(), values: self.values.len(), selected: self.selected.len() }
    }

    fn close(&mut self, from: OpenLengths) {
        self.names.truncate(from.names);
        self.values.truncate(from.values);
        self.selected.truncate(from.selected);
    }

    /// Adds a name to an object. If the object has the name already, returns its index and adds nothing.
    #[inline]
    fn name(&mut self, from: OpenLengths, name: MemberName<'a>, positions: &mut NamePositions<'a>) -> Option<usize> {
        let held = positions.add(name, self.names.since(from.names));
        match held {
            None => self.names.push(name),
            Some(_) => self.repeated = self.repeated.or(Some(name.text())),
        }
        held
    }

    /// Reads all members of an object. The last value of a repeated name counts.
    fn read_whole<A: MapAccess<'a>>(&mut self, mut members: A) -> Result<Object<'a>, A::Error> {
        let from = self.mark();
        let mut positions = NamePositions::default();
        while let Some(name) = members.next_key_seed(MemberNameReader(self.arena))? {
            let held = self.name(from, name, &mut positions);
            let value = members.next_value_seed(ValueReader { open: self, projection: &WHOLE_VALUE })?;
            match held {
                None => self.values.push(value),
                Some(index) => self.values.replace(from.values + index, value),
            }
        }
        let names = self.arena.slice(self.names.since(from.names));
        let values = self.arena.slice(self.values.since(from.values));
        self.close(from);
        Ok(Object::unique(names, values, self.arena))
    }

    /// Reads the selected members of an object.
    fn read_projected<A: MapAccess<'a>>(
        &mut self,
        mut members: A,
        projection: &Projection,
    ) -> Result<Object<'a>, A::Error> {
        let from = self.mark();
        let mut positions = NamePositions::default();
        while let Some(name) = members.next_key_seed(MemberNameReader(self.arena))? {
            let index = self.names.len() - from.names;
            let held = self.name(from, name, &mut positions);
            let Some(projection) = projection.of_member(name) else {
                members.next_value_seed(ValueValidator(self))?;
                continue;
            };
            let value = members.next_value_seed(ValueReader { open: self, projection })?;
            let held = held.and_then(|held| {
                self.selected.since(from.selected).binary_search_by_key(&held, |index| *index as usize).ok()
            });
            match held {
                None => {
                    self.values.push(value);
                    self.selected.push(u32::try_from(index).unwrap_or(u32::MAX));
                }
                Some(index) => self.values.replace(from.values + index, value),
            }
        }
        let object = self.projected_object(from);
        self.close(from);
        Ok(object)
    }

    /// The object of the members that were selected since the mark.
    fn projected_object(&self, from: OpenLengths) -> Object<'a> {
        let names = self.names.since(from.names);
        let (selected, values) = (self.selected.since(from.selected), self.values.since(from.values));
        if let (Some(first), []) = (names.first(), selected) {
            // One member distinguishes it from an empty object.
            return Object::unique(self.arena.slice(&[*first]), &[Value::Null], self.arena);
        }
        let name = |index: &u32| names.get(*index as usize).copied().unwrap_or_default();
        let names = self.arena.collect(selected.iter().map(name));
        Object::unique(names, self.arena.slice(values), self.arena)
    }

    /// Reads an object without keeping its members.
    fn validate<A: MapAccess<'a>>(&mut self, mut members: A) -> Result<(), A::Error> {
        let from = self.mark();
        let mut positions = NamePositions::default();
        while let Some(name) = members.next_key_seed(MemberNameReader(self.arena))? {
            self.name(from, name, &mut positions);
            members.next_value_seed(ValueValidator(self))?;
        }
        self.close(from);
        Ok(())
    }
}

/// Reads the selected parts of a value.
struct ValueReader<'o, 'r, 'a> {
    open: &'o mut OpenContainers<'a>,
    projection: &'r Projection,
}

impl<'a> DeserializeSeed<'a> for ValueReader<'_, '_, 'a> {
    type Value = Value<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Value<'a>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for ValueReader<'_, '_, 'a> {
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
        let Self { open, projection } = self;
        let Some(projection) = projection.of_elements() else {
            let mut placeholder: &[Value<'_>] = &[];
            while elements.next_element_seed(ValueValidator(open))?.is_some() {
                placeholder = &[Value::Null];
            }
            return Ok(Value::Array(placeholder));
        };
        let from = open.mark();
        while let Some(element) = elements.next_element_seed(ValueReader { open, projection })? {
            open.values.push(element);
        }
        let elements = open.arena.slice(open.values.since(from.values));
        open.close(from);
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'a>>(self, members: A) -> Result<Value<'a>, A::Error> {
        let Self { open, projection } = self;
        let object = if projection.is_whole_object() {
            open.read_whole(members)
        } else {
            open.read_projected(members, projection)
        };
        Ok(Value::Object(open.arena.alloc(object?)))
    }
}

/// Reads a value without keeping it, and refuses what [`ValueReader`] refuses.
struct ValueValidator<'o, 'a>(&'o mut OpenContainers<'a>);

impl<'a> DeserializeSeed<'a> for ValueValidator<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        // `deserialize_ignored_any` would accept half a surrogate pair, a number out of range, and deeper nesting.
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for ValueValidator<'_, 'a> {
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
        while elements.next_element_seed(ValueValidator(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, members: A) -> Result<(), A::Error> {
        self.0.validate(members)
    }
}

/// Reads the name of a member. A name without an escape is borrowed from the source.
struct MemberNameReader<'a>(&'a Arena);

impl<'a> DeserializeSeed<'a> for MemberNameReader<'a> {
    type Value = MemberName<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for MemberNameReader<'a> {
    type Value = MemberName<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E>(self, name: &'a str) -> Result<Self::Value, E> {
        Ok(MemberName::new(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(MemberName::new(self.0.text(name)))
    }
}
