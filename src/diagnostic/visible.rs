//! Makes texts of users safe to show: they cannot move the cursor, set a colour, or change the direction of writing.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;

/// The most bytes of a message that are shown, because a word of a user may be megabytes long.
const LONGEST: usize = 2_000;

/// The text with all control characters made visible, except line ends and tabs. A text of over 2,000 bytes is cut.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    let cut = text.len() > LONGEST;
    let text = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text);
    if !cut && !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(visible_text(text) + if cut { "…" } else { "" })
}

/// [`visible`] text that is never cut.
pub(crate) fn visible_text(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len() + 16), push_visible)
}

/// [`visible`] text on one line: line ends and tabs become blanks.
pub(crate) fn visible_line(text: &str) -> String {
    let lines: Vec<&str> = text.split(['\n', '\r', '\t']).map(str::trim).filter(|line| !line.is_empty()).collect();
    visible(&lines.join(" ")).into_owned()
}

/// JSON text with hidden characters escaped.
pub(crate) fn visible_json(json: &str) -> Cow<'_, str> {
    if hidden_from(json.as_bytes(), 0).is_none() {
        return Cow::Borrowed(json);
    }
    let mut shown = json.as_bytes().to_vec();
    escape_hidden(&mut shown);
    Cow::Owned(String::from_utf8(shown).unwrap_or_default())
}

/// Escapes hidden characters in JSON text, where they occur only in strings. Serializers escape only C0 controls.
pub(crate) fn escape_hidden(json: &mut Vec<u8>) {
    let Some(mut found) = hidden_from(json, 0) else { return };
    let (mut shown, mut passed) = (Vec::with_capacity(json.len() + json.len() / 8), 0);
    loop {
        let (at, character) = found;
        shown.extend_from_slice(json.get(passed..at).unwrap_or_default());
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a vector cannot fail.
            let _ = write!(shown, "\\u{unit:04x}");
        }
        passed = at + character.len_utf8();
        let Some(next) = hidden_from(json, passed) else { break };
        found = next;
    }
    shown.extend_from_slice(json.get(passed..).unwrap_or_default());
    *json = shown;
}

/// The first hidden character from an offset on, except C0 controls. All output is searched, so this must be fast: plain
/// bytes are skipped in blocks, and a character is decoded only at a byte that can begin a hidden one.
fn hidden_from(text: &[u8], offset: usize) -> Option<(usize, char)> {
    const BULK: usize = 32;
    // Every byte is tested without a branch, so that the compiler can use vector instructions.
    let is_odd = |bulk: &[u8; BULK]| bulk.iter().fold(false, |odd, byte| (*byte >= 0x7f) | odd);
    let mut from = offset;
    while from < text.len() {
        let (bulks, _) = text.get(from..)?.as_chunks();
        from += BULK * bulks.iter().take_while(|bulk| !is_odd(bulk)).count();
        let end = text.len().min(from + BULK);
        let found = (from..end).find_map(|at| Some((at, hidden_at(text, at)?)));
        if found.is_some() {
            return found;
        }
        from = end;
    }
    None
}

/// The hidden character that begins at a byte.
fn hidden_at(text: &[u8], at: usize) -> Option<char> {
    let length = match text.get(at)? {
        0x7f => 1,
        0xc2 | 0xd8 => 2,
        0xe1 | 0xe2 | 0xef => 3,
        0xf3 => 4,
        _ => return None,
    };
    let character = str::from_utf8(text.get(at..at + length)?).ok()?.chars().next()?;
    is_hidden(character).then_some(character)
}

/// Appends a character, or its visible replacement.
fn push_visible(mut shown: String, character: char) -> String {
    match character {
        '\n' | '\t' => shown.push(character),
        '\0'..='\u{1f}' => shown.extend(char::from_u32(0x2400 + u32::from(character))),
        '\u{7f}' => shown.push('␡'),
        _ if is_hidden(character) => {
            // Writing to a string cannot fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        }
        _ => shown.push(character),
    }
    shown
}

/// Whether a terminal interprets the character or shows nothing: C0 and C1 controls, marks of direction, line separators,
/// invisible blanks, tags.
pub(crate) fn is_hidden(character: char) -> bool {
    let directs = matches!(character, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}');
    let hides =
        matches!(character, '\u{ad}' | '\u{180e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    let tags = matches!(character, '\u{e0000}'..='\u{e007f}');
    directs || hides || tags || (character.is_control() && !matches!(character, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::{escape_hidden, is_hidden, visible, visible_line};

    #[test]
    fn escapes_are_shown_not_obeyed() {
        assert_eq!(visible("a\u{1b}[31mb\u{9b}2J\u{202e}c\0"), "a␛[31mb\\u{9b}2J\\u{202e}c␀");
        assert_eq!(visible("a\u{ad}b\u{180e}c"), "a\\u{ad}b\\u{180e}c");
        assert_eq!(visible("报警\tok"), "报警\tok");
        assert_eq!(visible_line("one\r\n  two\n"), "one two");
    }

    #[test]
    fn json_is_escaped_where_something_is_hidden_and_nowhere_else() {
        let spelt = |character: char| match character {
            _ if !is_hidden(character) => character.to_string(),
            '\u{e0000}'.. => {
                format!("\\udb40\\u{:04x}", 0xdc00 + u32::from(character) - 0xe_0000)
            }
            _ => format!("\\u{:04x}", u32::from(character)),
        };
        let near = ('\u{20}'..'\u{3000}').chain('\u{f000}'..='\u{ffff}').chain('\u{dff00}'..'\u{e0100}');
        // Hidden characters close together and far apart, at every position of a block.
        for apart in [0, 1, 40] {
            let between = "x".repeat(apart);
            let text: String = near.clone().flat_map(|character| [character.to_string(), between.clone()]).collect();
            let mut json = text.clone().into_bytes();
            escape_hidden(&mut json);
            let expected: String = text.chars().map(spelt).collect();
            assert!(json == expected.into_bytes(), "{apart}");
        }
    }

    #[test]
    fn a_word_of_megabytes_is_cut() {
        assert!(visible(&"报".repeat(1 << 20)).len() < 2_100);
    }
}
