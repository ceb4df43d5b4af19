//! The canonical form: the same bytes for equal values.

use super::{Number, Value};

impl Value<'_> {
    /// Appends bytes that are the same for equal values and differ for others.
    ///
    /// Members are sorted by name, lengths precede contents, and `1` is written as `1.0` is. No form is the beginning of
    /// another, so several values can be appended one after another.
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
                for item in *items {
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
