//! Anchors and word boundaries: which hold between two characters.
//!
//! The definitions are those of the `regex` crate. The terminator of lines is `\n`, or with `(?R)` each of `\r`, `\n` and
//! `\r\n`.

use super::alphabet::CharacterRange;
use regex_syntax::hir::{Class, HirKind, Look, LookSet};
use std::sync::LazyLock;

// What an assertion can know about one side of a place.

/// The beginning or the end of the text.
pub(super) const EDGE: u8 = 1;
/// A character of words.
const WORD: u8 = 2;
/// A character of words within ASCII.
const ASCII_WORD: u8 = 4;
/// The character `\n`.
const LINE_FEED: u8 = 8;
/// The character `\r`.
const RETURN: u8 = 16;

/// The kinds of characters that assertions tell apart, each with its bit.
pub(super) fn kinds(sides: u8) -> Vec<(u8, Vec<CharacterRange>)> {
    let kind = |bit| match bit {
        WORD => WORD_CHARACTERS.clone(),
        ASCII_WORD => ASCII_WORD_CHARACTERS.clone(),
        LINE_FEED => vec![CharacterRange::one('\n')],
        _ => vec![CharacterRange::one('\r')],
    };
    let bits = [WORD, ASCII_WORD, LINE_FEED, RETURN].into_iter().filter(|bit| sides & bit != 0);
    bits.map(|bit| (bit, kind(bit))).collect()
}

static WORD_CHARACTERS: LazyLock<Vec<CharacterRange>> = LazyLock::new(|| perl_word(r"\w"));
static ASCII_WORD_CHARACTERS: LazyLock<Vec<CharacterRange>> = LazyLock::new(|| perl_word("[0-9A-Za-z_]"));

fn perl_word(pattern: &str) -> Vec<CharacterRange> {
    let hir = regex_syntax::parse(pattern).ok();
    let ranges = hir.as_ref().and_then(|hir| if let HirKind::Class(class) = hir.kind() { Some(class) } else { None });
    ranges.map(ranges_of).unwrap_or_default()
}

/// The characters of a class. Bytes stand for the characters of ASCII, because patterns match whole characters.
pub(super) fn ranges_of(class: &Class) -> Vec<CharacterRange> {
    let range = |first: u32, last: u32| CharacterRange { first, last };
    match class {
        Class::Unicode(class) => class.iter().map(|part| range(part.start().into(), part.end().into())).collect(),
        Class::Bytes(class) => class.iter().map(|part| range(part.start().into(), part.end().into())).collect(),
    }
}

/// What must be known about both sides to decide the assertions.
pub(super) fn sides(looks: LookSet) -> u8 {
    looks.iter().map(sides_of).fold(0, |all, sides| all | sides)
}

fn sides_of(look: Look) -> u8 {
    match look {
        Look::Start | Look::End => EDGE,
        Look::StartLF | Look::EndLF => EDGE | LINE_FEED,
        Look::StartCRLF | Look::EndCRLF => EDGE | LINE_FEED | RETURN,
        Look::WordAscii
        | Look::WordAsciiNegate
        | Look::WordStartAscii
        | Look::WordEndAscii
        | Look::WordStartHalfAscii
        | Look::WordEndHalfAscii => ASCII_WORD,
        Look::WordUnicode
        | Look::WordUnicodeNegate
        | Look::WordStartUnicode
        | Look::WordEndUnicode
        | Look::WordStartHalfUnicode
        | Look::WordEndHalfUnicode => WORD,
    }
}

/// Whether an assertion holds between two sides.
pub(super) fn holds(look: Look, before: u8, after: u8) -> bool {
    let word = |bit: u8| (before & bit != 0, after & bit != 0);
    match look {
        Look::Start => before & EDGE != 0,
        Look::End => after & EDGE != 0,
        Look::StartLF => before & (EDGE | LINE_FEED) != 0,
        Look::EndLF => after & (EDGE | LINE_FEED) != 0,
        Look::StartCRLF => before & (EDGE | LINE_FEED) != 0 || before & RETURN != 0 && after & LINE_FEED == 0,
        Look::EndCRLF => after & (EDGE | RETURN) != 0 || after & LINE_FEED != 0 && before & RETURN == 0,
        Look::WordAscii => is_boundary(word(ASCII_WORD)),
        Look::WordAsciiNegate => !is_boundary(word(ASCII_WORD)),
        Look::WordUnicode => is_boundary(word(WORD)),
        Look::WordUnicodeNegate => !is_boundary(word(WORD)),
        Look::WordStartAscii => word(ASCII_WORD) == (false, true),
        Look::WordEndAscii => word(ASCII_WORD) == (true, false),
        Look::WordStartUnicode => word(WORD) == (false, true),
        Look::WordEndUnicode => word(WORD) == (true, false),
        Look::WordStartHalfAscii => before & ASCII_WORD == 0,
        Look::WordEndHalfAscii => after & ASCII_WORD == 0,
        Look::WordStartHalfUnicode => before & WORD == 0,
        Look::WordEndHalfUnicode => after & WORD == 0,
    }
}

fn is_boundary((before, after): (bool, bool)) -> bool {
    before != after
}
