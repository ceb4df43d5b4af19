//! Text of users made safe to show: nothing in it moves the cursor, sets a colour, or turns the direction of writing.

use std::borrow::Cow;
use std::fmt::Write;

/// Characters of a message that are shown; a user's own word may be megabytes long.
const LONGEST: usize = 2_000;

/// The text with every control character made visible, but for line ends and tabs; cut where it is far too long.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    let cut = text.len() > LONGEST;
    let text = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text);
    if !cut && !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    text.chars().for_each(|character| push_visible(&mut shown, character));
    if cut {
        shown.push('…');
    }
    Cow::Owned(shown)
}

/// The same on one line: line ends become blanks.
pub(crate) fn visible_line(text: &str) -> String {
    let lines: Vec<&str> =
        text.split(['\n', '\r', '\t']).map(str::trim).filter(|line| !line.is_empty()).collect();
    visible(&lines.join(" ")).into_owned()
}

/// JSON text whose hidden characters are escaped, which serializers ask of C0 controls alone. They occur in strings only.
pub(crate) fn visible_json(json: &str) -> Cow<'_, str> {
    if !hides_something(json) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        if character != '\n' && is_hidden(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Whether a hidden character stands in the text. Every outcome is asked, so most bytes are passed over in bulk, and
/// characters are looked at only where a byte stands with which hidden ones begin.
fn hides_something(text: &str) -> bool {
    const BULK: usize = 32;
    // All are looked at, so that a processor can look at them at once.
    let is_odd = |bulk: &[u8; BULK]| bulk.iter().fold(false, |odd, byte| (*byte >= 0x7f) | odd);
    let begins = |byte: u8| matches!(byte, 0x7f | 0xc2 | 0xd8 | 0xe2 | 0xef | 0xf3);
    let hidden = |at: usize| text.get(at..).and_then(|rest| rest.chars().next()).is_some_and(is_hidden);
    let hides = |offset: usize, bytes: &[u8]| {
        bytes.iter().enumerate().any(|(at, byte)| begins(*byte) && hidden(offset + at))
    };
    let (bulks, rest) = text.as_bytes().as_chunks::<BULK>();
    bulks.iter().enumerate().any(|(number, bulk)| is_odd(bulk) && hides(number * BULK, bulk))
        || hides(bulks.len() * BULK, rest)
}

/// Appends the character, or what stands for it.
pub(crate) fn push_visible(shown: &mut String, character: char) {
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
}

/// Whether a terminal obeys the character instead of showing it: C0 and C1 controls, marks of direction, separators of
/// lines, invisible blanks, tags.
fn is_hidden(character: char) -> bool {
    let directs =
        matches!(character, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}');
    let hides = matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    let tags = matches!(character, '\u{e0000}'..='\u{e007f}');
    directs || hides || tags || (character.is_control() && !matches!(character, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::{visible, visible_line};

    #[test]
    fn escapes_are_shown_not_obeyed() {
        assert_eq!(visible("a\u{1b}[31mb\u{9b}2J\u{202e}c\0"), "a␛[31mb\\u{9b}2J\\u{202e}c␀");
        assert_eq!(visible("报警\tok"), "报警\tok");
        assert_eq!(visible_line("one\r\n  two\n"), "one two");
    }

    #[test]
    fn a_word_of_megabytes_is_cut() {
        assert!(visible(&"报".repeat(1 << 20)).len() < 2_100);
    }
}
