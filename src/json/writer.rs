//! Writing compact JSON, the same bytes as `serde_json` writes.
//!
//! Most strings have nothing to escape; the check for that tests many bytes at a time.

use super::{Number, Value};
use std::io::Write;

/// A type that can be written as JSON.
pub trait ToJson {
    /// Appends the JSON text: no blanks, members in their order.
    fn write(&self, out: &mut Vec<u8>);

    /// The JSON text.
    fn to_json(&self) -> String {
        let mut out = Vec::new();
        self.write(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// The JSON text as a value of `serde_json`.
    fn to_value(&self) -> serde_json::Value {
        serde_json::from_str(&self.to_json()).unwrap_or_default()
    }
}

impl ToJson for str {
    fn write(&self, out: &mut Vec<u8>) {
        out.reserve(self.len() + 2);
        out.push(b'"');
        if is_plain(self.as_bytes()) {
            out.extend_from_slice(self.as_bytes());
        } else {
            escaped(self, out);
        }
        out.push(b'"');
    }
}

impl ToJson for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl ToJson for usize {
    fn write(&self, out: &mut Vec<u8>) {
        let mut digits = [0; 20];
        let mut number = *self;
        let mut left = digits.len();
        for digit in digits.iter_mut().rev() {
            // The remainder is below ten.
            *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
            left -= 1;
            if number == 0 {
                break;
            }
        }
        out.extend_from_slice(digits.get(left..).unwrap_or_default());
    }
}

impl<T: ToJson> ToJson for [T] {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (position, item) in self.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            item.write(out);
        }
        out.push(b']');
    }
}

impl<T: ToJson + ?Sized> ToJson for &T {
    fn write(&self, out: &mut Vec<u8>) {
        (*self).write(out);
    }
}

impl ToJson for Value<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Boolean(truth) => truth.write(out),
            Self::Number(number) => number.write(out),
            Self::Text(text) => text.write(out),
            Self::Array(items) => items.write(out),
            Self::Object(object) => {
                let mut members = ObjectWriter::open(out);
                for (name, value) in object.iter() {
                    members.named(name, value);
                }
                members.close();
            }
        }
    }
}

impl ToJson for Number {
    fn write(&self, out: &mut Vec<u8>) {
        // A number is displayed as its JSON text; writing to memory cannot fail.
        let _ = write!(out, "{self}");
    }
}

/// Writes an object member by member.
pub struct ObjectWriter<'o> {
    out: &'o mut Vec<u8>,
    is_first: bool,
}

impl<'o> ObjectWriter<'o> {
    /// Opens an object.
    pub fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_first: true }
    }

    /// Writes a member. Its name must not contain a character that JSON escapes.
    #[inline]
    pub fn member<T: ToJson + ?Sized>(&mut self, name: &'static str, value: &T) {
        self.out.reserve(name.len() + 4);
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        value.write(self.out);
    }

    /// Writes a member, unless its value is none.
    #[inline]
    pub fn optional<T: ToJson>(&mut self, name: &'static str, value: Option<T>) {
        if let Some(value) = value {
            self.member(name, &value);
        }
    }

    /// Writes a member with any name.
    pub fn named<T: ToJson + ?Sized>(&mut self, name: &str, value: &T) {
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
        name.write(self.out);
        self.out.push(b':');
        value.write(self.out);
    }

    /// Closes the object.
    pub fn close(self) {
        self.out.push(b'}');
    }
}

/// Appends a string with escapes, without its quotes.
#[cold]
fn escaped(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    loop {
        let plain = plain(rest);
        let (before, special) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        out.extend_from_slice(before);
        let Some((byte, behind)) = special.split_first() else { return };
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0C => out.extend_from_slice(b"\\f"),
            _ => {
                let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' - 10 + half };
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
            }
        }
        rest = behind;
    }
}

/// The number of bytes before the first that must be escaped.
fn plain(bytes: &[u8]) -> usize {
    let (chunks, _) = bytes.as_chunks::<16>();
    let passed = 16 * chunks.iter().take_while(|chunk| !holds_special(chunk)).count();
    let rest = bytes.get(passed..).unwrap_or_default();
    passed + rest.iter().position(|byte| is_special(*byte)).unwrap_or(rest.len())
}

/// Whether no byte must be escaped. If the length is not a multiple of the chunk size, the last chunks overlap.
#[inline]
fn is_plain(bytes: &[u8]) -> bool {
    if let Some(last) = bytes.last_chunk::<16>() {
        return !bytes.as_chunks::<16>().0.iter().any(holds_special) && !holds_special(last);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        return !holds_special(first) && !holds_special(last);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return !holds_special(first) && !holds_special(last);
    }
    !bytes.iter().any(|byte| is_special(*byte))
}

/// Tests every byte without a branch, so that the compiler can use vector instructions.
#[inline]
fn holds_special<const N: usize>(bytes: &[u8; N]) -> bool {
    bytes.iter().fold(false, |special, byte| special | is_special(*byte))
}

#[expect(clippy::needless_bitwise_bool, reason = "without branches, many bytes are tested at once")]
#[inline]
fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}
