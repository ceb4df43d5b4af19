//! Why bytes are not JSON, explained to the person who maintains the sender.

use serde_json::error::Category;

/// Why bytes are not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, and how to fix it if that is known. Lower case, no full stop.
    pub message: String,
}

/// The error for bytes that are not UTF-8.
pub(super) fn not_text(bytes: &[u8]) -> JsonError {
    if let Some(message) = encoded(bytes) {
        return at(bytes, 0, message);
    }
    let offset = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    let byte = bytes.get(offset).copied().unwrap_or_default();
    at(bytes, offset, format!("byte 0x{byte:02X} is not valid UTF-8; JSON is sent as UTF-8"))
}

/// The error for `bytes`, which `serde_json` refused with `error`.
pub(super) fn from_serde(bytes: &[u8], error: &serde_json::Error) -> JsonError {
    if let Some(message) = other_format(bytes) {
        let blanks = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        return at(bytes, if blanks == bytes.len() { 0 } else { blanks }, message);
    }
    if error.classify() == Category::Eof {
        // The error is at the end of the last line that is not blank.
        let end = bytes.trim_ascii_end().len();
        return at(bytes, end, format!("the document is cut off: {}", unfinished(error)));
    }
    let offset = offset_of(bytes, error);
    let text = error.to_string();
    if text.starts_with("invalid unicode code point") && std::str::from_utf8(bytes).is_err() {
        return not_text(bytes);
    }
    if text.starts_with("number out of range") {
        let start = number_start(bytes, offset);
        let number = until(bytes, start, |byte| !is_of_number(byte));
        return at(bytes, start, format!("the number `{number}` is out of range"));
    }
    at(bytes, offset, syntax(bytes, offset, &text))
}

/// The number of characters in the bytes. Continuation bytes of UTF-8 do not count.
pub(super) fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

/// The number of lines that end within the bytes.
pub(super) fn line_breaks(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

fn at(bytes: &[u8], offset: usize, message: String) -> JsonError {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let line = line_breaks(before) + 1;
    JsonError { line, column: characters(before.get(line_start..).unwrap_or_default()) + 1, message }
}

/// The byte offset of the line and column that `serde_json` reports (columns in bytes, both from 1).
fn offset_of(bytes: &[u8], error: &serde_json::Error) -> usize {
    let mut ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(end, _)| end + 1);
    let line_start = if error.line() > 1 { ends.nth(error.line() - 2).unwrap_or(bytes.len()) } else { 0 };
    (line_start + error.column()).saturating_sub(1).min(bytes.len())
}

/// Names the format of bytes that are clearly something other than JSON.
fn other_format(bytes: &[u8]) -> Option<String> {
    let start = bytes.trim_ascii_start();
    if start.is_empty() {
        return Some("the document is empty, a JSON value is expected".to_owned());
    }
    let quotes = start.iter().take_while(|byte| matches!(byte, b'"' | b'\'' | b'`')).count();
    if start.get(quotes..).is_some_and(|word| word.starts_with(b"$alertmanager_content")) {
        return Some(
            "the placeholder `$alertmanager_content` was sent as it stands: the Test button of ARMS does not expand \
             it, a real alert will"
                .to_owned(),
        );
    }
    if start.starts_with(b"$") {
        let name = until(start, 0, |byte| byte.is_ascii_whitespace());
        return Some(format!("the placeholder `{name}` was not expanded by its sender"));
    }
    if start.starts_with(b"<") {
        return Some("this is XML or HTML, JSON is expected".to_owned());
    }
    if let Some(name) = form_field(start) {
        return Some(format!(
            "this is form-encoded (`{name}=…`), JSON is expected: set the data format of the sender to JSON"
        ));
    }
    encoded(start)
}

/// Names an encoding other than UTF-8.
fn encoded(bytes: &[u8]) -> Option<String> {
    let kind = match bytes {
        [0x1F, 0x8B, ..] => "compressed by gzip",
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, b'{' | b'[', ..] | [b'{' | b'[', 0, ..] => "UTF-16",
        _ => return None,
    };
    Some(format!("this is {kind}, JSON is expected as plain UTF-8"))
}

/// The first field's name, if the text has the form `name=value`.
fn form_field(start: &[u8]) -> Option<String> {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.%+[]".contains(&byte);
    let name = until(start, 0, |byte| !is_of_name(byte));
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == '%');
    (begins && start.get(name.len()) == Some(&b'=')).then_some(name)
}

fn unfinished(error: &serde_json::Error) -> &'static str {
    let text = error.to_string();
    if text.contains("a list") {
        "an array is not closed by `]`"
    } else if text.contains("an object") {
        "an object is not closed by `}`"
    } else if text.contains("a string") {
        "a string is not closed by `\"`"
    } else {
        "a value is expected"
    }
}

/// The message for a syntax error at `offset`, for which `serde_json` says `text`.
fn syntax(bytes: &[u8], offset: usize, text: &str) -> String {
    let found = found(bytes, offset);
    let says = |what: &str| text.starts_with(what);
    if says("recursion limit") {
        return "arrays and objects nest deeper than 127 levels".to_owned();
    }
    if says("trailing comma") {
        return "a comma stands before the closing bracket; take it out".to_owned();
    }
    if says("control character") {
        return "a string holds a line break or another control character; write it as `\\n` or `\\u00XX`".to_owned();
    }
    if says("invalid escape") {
        return "an unknown escape in a string; `\\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX` are the ones there are"
            .to_owned();
    }
    if says("lone leading surrogate") || says("unexpected end of hex escape") || says("invalid unicode") {
        return "a `\\u` escape of half a surrogate pair; both halves must stand together".to_owned();
    }
    if let Some(message) = foreign_syntax(bytes, offset) {
        return message;
    }
    let expected = if says("trailing characters") {
        "the end of the document"
    } else if says("expected `:`") {
        "`:`"
    } else if says("expected `,` or `]`") {
        "`,` or `]`"
    } else if says("expected `,` or `}`") {
        "`,` or `}`"
    } else if says("key must be a string") {
        "a member name in double quotes"
    } else if says("invalid number") {
        "a digit"
    } else {
        "a value"
    };
    format!("expected {expected}, found {found}")
}

/// The message for syntax of other languages.
fn foreign_syntax(bytes: &[u8], offset: usize) -> Option<String> {
    let rest = bytes.get(offset..).unwrap_or_default();
    let quotes = [b"'".as_slice(), "“".as_bytes(), "”".as_bytes(), "‘".as_bytes(), "’".as_bytes(), b"`"];
    if quotes.iter().any(|quote| rest.starts_with(quote)) {
        return Some("strings and member names stand in double quotes (`\"`) in JSON".to_owned());
    }
    if rest.starts_with(b"//") || rest.starts_with(b"/*") || rest.starts_with(b"#") {
        return Some("JSON has no comments".to_owned());
    }
    let word_start = start_of_run(bytes, offset, |byte| byte.is_ascii_alphabetic());
    let word = until(bytes, word_start, |byte| !byte.is_ascii_alphanumeric());
    match word.as_str() {
        "NaN" | "nan" | "Infinity" | "inf" => Some(format!("JSON has no number `{word}`; send null")),
        "True" | "TRUE" => Some(format!("JSON writes `true`, not `{word}`")),
        "False" | "FALSE" => Some(format!("JSON writes `false`, not `{word}`")),
        "None" | "Null" | "NULL" | "nil" | "undefined" => Some(format!("JSON writes `null`, not `{word}`")),
        _ => None,
    }
}

/// The character at `offset`, for a message.
fn found(bytes: &[u8], offset: usize) -> String {
    let rest = bytes.get(offset..).unwrap_or_default();
    let rest = rest.get(..4).unwrap_or(rest);
    let text = rest.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    match text.chars().next() {
        Some('\n' | '\r') => "the end of the line".to_owned(),
        Some(character) if character.is_control() => format!("U+{:04X}", u32::from(character)),
        Some(character) => format!("`{character}`"),
        None if rest.is_empty() => "the end of the document".to_owned(),
        None => "a byte that is not UTF-8".to_owned(),
    }
}

fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || b"+-.eE".contains(&byte)
}

fn number_start(bytes: &[u8], offset: usize) -> usize {
    // The reader stopped on the number's last byte or just behind it.
    let last = if bytes.get(offset).copied().is_some_and(is_of_number) { offset } else { offset.saturating_sub(1) };
    start_of_run(bytes, last, is_of_number)
}

/// The start of the run of such bytes that contains `offset`.
fn start_of_run(bytes: &[u8], offset: usize, is_of_run: impl Fn(u8) -> bool) -> usize {
    let before = bytes.get(..offset).unwrap_or(bytes);
    before.iter().rposition(|byte| !is_of_run(*byte)).map_or(0, |end| end + 1)
}

/// The text from `start` to the first byte that ends it, cut to 60 bytes for a message.
fn until(bytes: &[u8], start: usize, ends: impl Fn(u8) -> bool) -> String {
    let rest = bytes.get(start..).unwrap_or_default();
    let length = rest.iter().take(60).take_while(|byte| !ends(**byte)).count();
    String::from_utf8_lossy(rest.get(..length).unwrap_or(rest)).into_owned()
}
