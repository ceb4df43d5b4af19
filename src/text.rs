//! Small helpers for the texts of messages: quotes, counts, lists of names, hexadecimal digits.

use std::fmt::Display;

/// A string in quotes, as JSON writes it.
#[must_use]
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A string in quotes, as a rule writes it: braces are doubled.
#[must_use]
pub fn rule_string(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '{' => out.push_str("{{"),
            '}' => out.push_str("}}"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// Each in backticks: `` `a` ``, `` `b` ``
#[must_use]
pub fn backticked(words: impl IntoIterator<Item = impl Display>) -> Vec<String> {
    words.into_iter().map(|word| format!("`{word}`")).collect()
}

/// `` `a`, `b` ``
#[must_use]
pub fn backticked_list(words: impl IntoIterator<Item = impl Display>) -> String {
    backticked(words).join(", ")
}

/// `a, b and c`, with the conjunction before the last; empty where there is none.
#[must_use]
pub fn enumeration(words: &[impl AsRef<str>], conjunction: &str) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} {conjunction} {last}", rest.join(", ")),
    }
}

/// `1 line`, `2 lines`, `2 pushes`
#[must_use]
pub fn plural<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let many = if noun.ends_with("sh") { "es" } else { "s" };
    let ending = if count == N::from(1) { "" } else { many };
    format!("{count} {noun}{ending}")
}

/// `a mapping`, `an integration`
#[must_use]
pub fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

/// The first characters of a text, with `…` where more follow.
#[must_use]
pub fn shorten(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The words of a text on one line, with one blank between them.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text as [`one_line`], and only its first characters where it is long.
#[must_use]
pub fn excerpt(text: &str, characters: usize) -> String {
    shorten(&one_line(text), characters)
}

/// Two small hexadecimal digits for each byte.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' - 10 + half });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Bytes from hexadecimal digits of either case.
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}
