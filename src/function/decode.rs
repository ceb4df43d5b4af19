//! Functions that undo how other systems write text: `unescape_html`, `decode_url`.
//!
//! Neither result is longer than its text, and what cannot be decoded stays as it is.

use super::argument::text;
use super::{ArgumentKind, Function, PLAIN, parameter};
use crate::json::Arena;
use crate::value::RuntimeValue;

pub(super) static UNESCAPE_HTML: Function = Function {
    name: "unescape_html",
    parameters: &[parameter("text", ArgumentKind::Text)],
    documentation: "The text with the characters that HTML writes as references: `&amp;`, `&lt;`, `&gt;`, `&quot;`, \
                    `&apos;`, `&nbsp;`, and numbers such as `&#39;` and `&#x27;`. Other names, and numbers of control \
                    characters, stay as they are. Tags stay too.",
    examples: &[
        (r#"unescape_html("CPU &gt; 90 &amp; rising")"#, r#""CPU > 90 & rising""#),
        (r#"unescape_html("it&#39;s &#x6EE1;")"#, r#""it's 满""#),
        (r#"unescape_html("&amp;lt;")"#, r#""&lt;""#),
        (r#"unescape_html("a & b &unknown;")"#, r#""a & b &unknown;""#),
    ],
    call: |arguments, arena| decoded(arguments, arena, unescape_html),
    ..PLAIN
};

pub(super) static DECODE_URL: Function = Function {
    name: "decode_url",
    parameters: &[parameter("text", ArgumentKind::Text)],
    documentation: "The text with the bytes that a URL writes as `%` and two hexadecimal digits. Bytes that are not UTF-8 \
                    become `\\u{FFFD}`; a `%` without two digits stays, and a `+` is a plus.",
    examples: &[
        (r#"decode_url("disk%20full%3A%20%2Fdata")"#, r#""disk full: /data""#),
        (r#"decode_url("%E6%94%AF%E4%BB%98")"#, r#""支付""#),
        (r#"decode_url("100% of 5+5 %zz")"#, r#""100% of 5+5 %zz""#),
        (r#"decode_url(replace("a+b%2B", "+", " "))"#, r#""a b+""#),
    ],
    call: |arguments, arena| decoded(arguments, arena, decode_url),
    ..PLAIN
};

fn decoded<'a>(
    arguments: &[RuntimeValue<'a>],
    arena: &'a Arena,
    decode: impl FnOnce(&str) -> Option<String>,
) -> RuntimeValue<'a> {
    let Some(text) = text(arguments, 0) else { return RuntimeValue::Missing };
    RuntimeValue::Text(decode(text).map_or(text, |decoded| arena.text(&decoded)))
}

/// Nothing where there is nothing to decode.
fn unescape_html(text: &str) -> Option<String> {
    let (before, mut rest) = text.split_at_checked(text.find('&')?)?;
    let mut result = String::with_capacity(text.len());
    result.push_str(before);
    while let Some(behind) = rest.strip_prefix('&') {
        let (character, behind) = reference(behind).unwrap_or(('&', behind));
        result.push(character);
        rest = behind;
        let (plain, behind) = rest.split_at_checked(rest.find('&').unwrap_or(rest.len()))?;
        result.push_str(plain);
        rest = behind;
    }
    Some(result)
}

/// The character of a reference whose `&` is read, and what follows the reference.
fn reference(text: &str) -> Option<(char, &str)> {
    const LONGEST_NAME: usize = 10;
    let end = text.bytes().take(LONGEST_NAME).position(|byte| byte == b';')?;
    let (name, behind) = (text.get(..end)?, text.get(end + 1..)?);
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{A0}',
        _ => numbered(name.strip_prefix('#')?)?,
    };
    Some((character, behind))
}

/// The character of `39` or `x27`. A payload must not hide control characters, line ends and tabs excepted.
fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if digits.starts_with('+') {
        return None;
    }
    let character = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    (!character.is_control() || matches!(character, '\t' | '\n' | '\r')).then_some(character)
}

/// Nothing where there is nothing to decode.
fn decode_url(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match (first, behind) {
            (b'%', [high, low, behind @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(hex_digit(*high) << 4 | hex_digit(*low));
                rest = behind;
            }
            _ => bytes.push(*first),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The value of an ASCII hexadecimal digit.
fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a' - 10),
    }
}
