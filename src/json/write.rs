//! Writing JSON: the text, and the bytes that equal values share.

use super::{Number, Object, Value};
use serde::ser::{Serialize, Serializer};

impl Value<'_> {
    /// The JSON text: strings quoted, no blanks, members in document order.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Writing to memory cannot fail, and names are strings.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Appends bytes that are the same for equal values and differ for others, also when several values are appended
    /// one after another: members sorted by name, lengths before contents, `1` as `1.0`.
    pub fn canonical(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(b'n'),
            Self::Boolean(truth) => out.push(if *truth { b't' } else { b'f' }),
            Self::Number(number) => number.canonical(out),
            Self::Text(text) => {
                out.push(b's');
                canonical_text(text, out);
            }
            Self::Array(items) => {
                out.push(b'a');
                canonical_length(items.len(), out);
                for item in items {
                    item.canonical(out);
                }
            }
            Self::Object(object) => {
                out.push(b'o');
                canonical_length(object.len(), out);
                for (name, value) in object.sorted() {
                    canonical_text(name, out);
                    value.canonical(out);
                }
            }
        }
    }
}

impl Number {
    /// Appends bytes that are the same for equal numbers, however they are written.
    pub fn canonical(self, out: &mut Vec<u8>) {
        if let Some(integer) = self.integer() {
            out.push(b'i');
            out.extend_from_slice(&integer.to_be_bytes());
        } else {
            out.push(b'd');
            out.extend_from_slice(&self.float().to_be_bytes());
        }
    }
}

fn canonical_text(text: &str, out: &mut Vec<u8>) {
    canonical_length(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

fn canonical_length(length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&(length as u64).to_be_bytes());
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(truth) => serializer.serialize_bool(*truth),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Negative(integer) => serializer.serialize_i64(*integer),
            Self::Natural(integer) => serializer.serialize_u64(*integer),
            Self::Float(float) => serializer.serialize_f64(*float),
        }
    }
}
