//! Serde's values as compact JSON, the same bytes as `serde_json` writes.
//!
//! Most of what is written are strings that hold nothing to escape, which is found out many bytes at a time.

use serde::Serialize;
use serde::ser::{self, Error as _, Serializer};
use serde_json::{Error, Result};
use std::fmt::{self, Display};

/// Appends the JSON text of a value to memory. What cannot be written, a map whose keys are no strings, appends nothing.
pub fn write<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    let start = out.len();
    if value.serialize(Writer { out }).is_err() {
        out.truncate(start);
    }
}

struct Writer<'o> {
    out: &'o mut Vec<u8>,
}

impl Writer<'_> {
    fn text(&mut self, text: &str) {
        self.out.reserve(text.len() + 2);
        self.out.push(b'"');
        escaped(text, self.out);
        self.out.push(b'"');
    }

    fn natural(&mut self, mut number: u64) {
        let mut digits = [0; 20];
        let mut left = 0;
        for (place, digit) in digits.iter_mut().enumerate().rev() {
            // A remainder of ten is a digit.
            *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
            left = place;
            if number == 0 {
                break;
            }
        }
        self.out.extend_from_slice(digits.get(left..).unwrap_or_default());
    }
}

impl<'o> Writer<'o> {
    fn open(self, open: &[u8], close: &'static [u8]) -> Parts<'o> {
        self.out.extend_from_slice(open);
        Parts { out: self.out, is_first: true, close }
    }

    /// Opens what stands for a variant with fields.
    fn open_variant(mut self, variant: &str, open: u8, close: &'static [u8]) -> Parts<'o> {
        self.out.push(b'{');
        self.text(variant);
        self.open(&[b':', open], close)
    }
}

/// Appends a text without its quotes.
fn escaped(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    loop {
        let (plain, special) = rest.split_at_checked(plain(rest)).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
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

/// How many bytes stand before the first that is escaped.
fn plain(bytes: &[u8]) -> usize {
    let (chunks, _) = bytes.as_chunks::<16>();
    let passed = 16 * chunks.iter().take_while(|chunk| !holds_special(chunk)).count();
    let rest = bytes.get(passed..).unwrap_or_default();
    if rest.len() < 16 && is_plain_end(bytes) {
        return bytes.len();
    }
    passed + rest.iter().position(|byte| is_special(*byte)).unwrap_or(rest.len())
}

/// Whether nothing is escaped in up to sixteen bytes at the end, what goes before them being plain. A length that is no
/// power of two is looked at as two that overlap.
fn is_plain_end(bytes: &[u8]) -> bool {
    if let Some(last) = bytes.last_chunk::<16>() {
        return !holds_special(last);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        return !holds_special(first) && !holds_special(last);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return !holds_special(first) && !holds_special(last);
    }
    !bytes.iter().any(|byte| is_special(*byte))
}

/// All are looked at, so that a processor can look at them at once.
fn holds_special<const N: usize>(bytes: &[u8; N]) -> bool {
    bytes.iter().fold(false, |special, byte| special | is_special(*byte))
}

#[expect(clippy::needless_bitwise_bool, reason = "without branches, many bytes are looked at at once")]
fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// An array or object that is not closed yet.
struct Parts<'o> {
    out: &'o mut Vec<u8>,
    is_first: bool,
    close: &'static [u8],
}

impl Parts<'_> {
    fn next(&mut self) -> Writer<'_> {
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
        Writer { out: self.out }
    }

    fn member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<()> {
        self.next().text(name);
        self.out.push(b':');
        value.serialize(Writer { out: self.out })
    }

    fn close(self) {
        self.out.extend_from_slice(self.close);
    }
}

/// Shows something that is displayed within a string.
struct Shown<'o>(&'o mut Vec<u8>);

impl fmt::Write for Shown<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escaped(text, self.0);
        Ok(())
    }
}

impl<'o> Serializer for Writer<'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Parts<'o>;
    type SerializeTuple = Parts<'o>;
    type SerializeTupleStruct = Parts<'o>;
    type SerializeTupleVariant = Parts<'o>;
    type SerializeMap = Parts<'o>;
    type SerializeStruct = Parts<'o>;
    type SerializeStructVariant = Parts<'o>;

    fn serialize_bool(self, truth: bool) -> Result<()> {
        self.out.extend_from_slice(if truth { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_i8(self, number: i8) -> Result<()> {
        self.serialize_i64(number.into())
    }

    fn serialize_i16(self, number: i16) -> Result<()> {
        self.serialize_i64(number.into())
    }

    fn serialize_i32(self, number: i32) -> Result<()> {
        self.serialize_i64(number.into())
    }

    fn serialize_i64(mut self, number: i64) -> Result<()> {
        if number < 0 {
            self.out.push(b'-');
        }
        self.natural(number.unsigned_abs());
        Ok(())
    }

    fn serialize_u8(self, number: u8) -> Result<()> {
        self.serialize_u64(number.into())
    }

    fn serialize_u16(self, number: u16) -> Result<()> {
        self.serialize_u64(number.into())
    }

    fn serialize_u32(self, number: u32) -> Result<()> {
        self.serialize_u64(number.into())
    }

    fn serialize_u64(mut self, number: u64) -> Result<()> {
        self.natural(number);
        Ok(())
    }

    fn serialize_f32(self, number: f32) -> Result<()> {
        serde_json::to_writer(self.out, &number)
    }

    fn serialize_f64(self, number: f64) -> Result<()> {
        serde_json::to_writer(self.out, &number)
    }

    fn serialize_char(self, character: char) -> Result<()> {
        self.serialize_str(character.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(mut self, text: &str) -> Result<()> {
        self.text(text);
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<()> {
        self.collect_seq(bytes)
    }

    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        let mut parts = self.open(b"{", b"}");
        parts.member(variant, value)?;
        parts.close();
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'o>> {
        Ok(self.open(b"[", b"]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'o>> {
        Ok(self.open(b"[", b"]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'o>> {
        Ok(self.open(b"[", b"]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'o>> {
        Ok(self.open_variant(variant, b'[', b"]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'o>> {
        Ok(self.open(b"{", b"}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'o>> {
        Ok(self.open(b"{", b"}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'o>> {
        Ok(self.open_variant(variant, b'{', b"}}"))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<()> {
        self.out.push(b'"');
        fmt::write(&mut Shown(self.out), format_args!("{value}")).map_err(Error::custom)?;
        self.out.push(b'"');
        Ok(())
    }
}

impl ser::SerializeSeq for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(self.next())
    }

    fn end(self) -> Result<()> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeTuple for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(self.next())
    }

    fn end(self) -> Result<()> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeTupleStruct for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(self.next())
    }

    fn end(self) -> Result<()> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeTupleVariant for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(self.next())
    }

    fn end(self) -> Result<()> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<()> {
        let key = self.next();
        let start = key.out.len();
        name.serialize(Writer { out: key.out })?;
        if self.out.get(start) == Some(&b'"') { Ok(()) } else { Err(Error::custom("a key is a string")) }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.out.push(b':');
        value.serialize(Writer { out: self.out })
    }

    fn end(self) -> Result<()> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeStruct for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        self.member(name, value)
    }

    fn end(self) -> Result<()> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeStructVariant for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        self.member(name, value)
    }

    fn end(self) -> Result<()> {
        self.close();
        Ok(())
    }
}
