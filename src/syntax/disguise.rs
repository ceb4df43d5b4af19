//! Comments and strings that do not read as they are written: characters that are not seen or turn the direction of writing,
//! and words in which letters of another script look like Latin ones.
//!
//! Outside comments and strings such characters are errors. A reviewer who sees a rule must see what it does.

use super::codes;
use super::lex::{self, Token, TokenKind};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};
use std::fmt::Write as _;

/// Reports what is disguised in a text.
pub(super) fn check(file: FileId, text: &str, diagnostics: &mut Vec<Diagnostic>) {
    if text.is_ascii() {
        return;
    }
    let hidden = text.char_indices().filter(|(at, character)| is_hidden(text, *at, *character));
    let hidden: Vec<_> = hidden.filter(|(at, _)| *at > 0).collect();
    let words: Vec<MixedWord<'_>> = mixed_words(text).collect();
    if hidden.is_empty() && words.is_empty() {
        return;
    }
    let tokens: Vec<Token> = lex::tokens(text).collect();
    for (at, character) in hidden {
        if let Some(place) = TextPlace::at(&tokens, text, at) {
            diagnostics.push(hidden_character(Span::new(file, at, at + character.len_utf8()), character, place));
        }
    }
    for word in words {
        if TextPlace::at(&tokens, text, word.start).is_some() {
            diagnostics.push(mixed_word(file, &word));
        }
    }
}

/// Where a character of a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextPlace {
    Comment,
    /// A string in which escapes can be written.
    String,
    /// A raw string, a regex or a path.
    Verbatim,
}

impl TextPlace {
    /// The place of a byte; nothing where the grammar refuses such characters.
    fn at(tokens: &[Token], text: &str, byte: usize) -> Option<Self> {
        let token = tokens.get(tokens.partition_point(|token| token.end <= byte));
        let Some(token) = token.filter(|token| token.start <= byte) else { return Some(Self::Comment) };
        match token.kind {
            TokenKind::Documentation => Some(Self::Comment),
            TokenKind::String if text.get(token.start..).is_some_and(|string| string.starts_with('"')) => {
                Some(Self::String)
            }
            TokenKind::String | TokenKind::Regex | TokenKind::Path => Some(Self::Verbatim),
            TokenKind::Word
            | TokenKind::Number
            | TokenKind::OpenString
            | TokenKind::ForeignString
            | TokenKind::OpenPath
            | TokenKind::Open
            | TokenKind::Close
            | TokenKind::Sign
            | TokenKind::Foreign
            | TokenKind::ForeignComment => None,
        }
    }
}

fn hidden_character(span: Span, character: char, place: TextPlace) -> Diagnostic {
    let code = u32::from(character);
    let message = format!("an invisible character, U+{code:04X} ({})", name(character));
    let finding = Diagnostic::new(&codes::HIDDEN, span, message).label("it is not seen, or moves what is around it");
    match place {
        TextPlace::String => finding.rewrite(span, escape(character)),
        TextPlace::Comment | TextPlace::Verbatim => finding.suggest("remove it", span, ""),
    }
}

/// The escape of a character in a string: `\u202e`.
fn escape(character: char) -> String {
    let mut escape = String::new();
    for unit in character.encode_utf16(&mut [0; 2]) {
        // Writing to a string does not fail.
        let _ = write!(escape, "\\u{unit:04x}");
    }
    escape
}

/// Characters that are not seen: marks and overrides of direction, characters without width, tags. Joiners are letters' own
/// business between letters of scripts that need them, and in emoji.
fn is_hidden(text: &str, at: usize, character: char) -> bool {
    match character {
        '\u{200c}' | '\u{200d}' => {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let after = text.get(at + character.len_utf8()..).and_then(|after| after.chars().next());
            [before, after].iter().any(|near| near.is_none_or(|near| near.is_ascii()))
        }
        _ => name(character) != OTHER,
    }
}

const OTHER: &str = "a character";

fn name(character: char) -> &'static str {
    match character {
        '\u{ad}' => "soft hyphen",
        '\u{61c}' | '\u{200e}' | '\u{200f}' => "direction mark",
        '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2064}' => "zero-width character",
        '\u{200c}' | '\u{200d}' => "joiner",
        '\u{2028}' | '\u{2029}' => "line separator",
        '\u{202a}' | '\u{202b}' | '\u{202c}' => "direction embedding",
        '\u{202d}' | '\u{202e}' => "direction override",
        '\u{2066}'..='\u{2069}' => "direction isolate",
        '\u{206a}'..='\u{206f}' => "deprecated format character",
        '\u{feff}' => "byte order mark",
        '\u{fff9}'..='\u{fffb}' => "annotation mark",
        '\u{e0000}'..='\u{e007f}' => "tag",
        _ => OTHER,
    }
}

/// A word of Latin letters and of letters of another script that look like Latin ones.
struct MixedWord<'t> {
    start: usize,
    word: &'t str,
    /// The first letter of the other script, and the Latin letter that it looks like.
    foreign: char,
    latin: char,
}

fn mixed_word(file: FileId, MixedWord { start, word, foreign, latin }: &MixedWord<'_>) -> Diagnostic {
    let (code, script) = (u32::from(*foreign), script(*foreign));
    let span = Span::new(file, *start, start + word.len());
    let message = format!(
        "`{word}` mixes scripts: its `{foreign}` is the {script} letter U+{code:04X}, which looks like `{latin}`"
    );
    let plain: String = word.chars().map(|letter| look_alike(letter).unwrap_or(letter)).collect();
    Diagnostic::new(&codes::MIXED_SCRIPTS, span, message).label("not equal to the word that it looks like").suggest(
        "write it in Latin letters, if that is meant",
        span,
        plain,
    )
}

fn mixed_words(text: &str) -> impl Iterator<Item = MixedWord<'_>> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        loop {
            let from = text.get(rest..)?;
            let start = rest + from.find(char::is_alphabetic)?;
            let tail = text.get(start..)?;
            let word = tail.get(..tail.find(|letter: char| !letter.is_alphabetic()).unwrap_or(tail.len()))?;
            rest = start + word.len();
            if word.is_ascii() || !word.contains(|letter: char| letter.is_ascii_alphabetic()) {
                continue;
            }
            if let Some((foreign, latin)) = word.chars().find_map(|letter| Some((letter, look_alike(letter)?))) {
                return Some(MixedWord { start, word, foreign, latin });
            }
        }
    })
}

fn script(letter: char) -> &'static str {
    if matches!(letter, '\u{400}'..='\u{52f}') { "Cyrillic" } else { "Greek" }
}

/// The Latin letter that a Cyrillic or Greek letter looks like.
fn look_alike(letter: char) -> Option<char> {
    const FOREIGN: &str = "АВЕЅІЈКМНОРСТХаеорсухіјѕԁһԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορυ";
    const LATIN: &str = "ABESIJKMHOPCTXaeopcyxijsdhqwABEZHIKMNOPTYXavopu";
    FOREIGN.chars().zip(LATIN.chars()).find_map(|(foreign, latin)| (foreign == letter).then_some(latin))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::source::Sources;

    fn found(text: &str) -> Vec<String> {
        let mut sources = Sources::default();
        let file = sources.add("a.rules", text);
        let mut diagnostics = Vec::new();
        check(file, text, &mut diagnostics);
        diagnostics.iter().map(|found| format!("{} {}", found.code.id, found.message)).collect()
    }

    #[test]
    fn characters_that_are_not_seen_are_named() {
        let hidden =
            |text: &str| found(text).iter().map(|found| found.chars().take(5).collect::<String>()).collect::<Vec<_>>();
        for text in
            ["# a\u{202e}b", "## a\u{200b}b", "x = \"a\u{2066}b\"", "x = r\"a\u{feff}b\"", "x finds /a\u{200d}b/"]
        {
            assert_eq!(hidden(text), ["W0013"], "{text:?}");
        }
        for text in ["\u{feff}# a", "# 👨\u{200d}👩\u{200d}👧", "x = \"报警：磁盘\"", "# می\u{200c}خواهم", "a\u{200b}b"]
        {
            assert!(found(text).is_empty(), "{text:?}");
        }
        assert_eq!(found("# a\u{202e}b"), ["W0013 an invisible character, U+202E (direction override)"]);
    }

    #[test]
    fn words_of_two_scripts_are_shown() {
        assert_eq!(
            found("x = \"pаyments\""),
            ["W0014 `pаyments` mixes scripts: its `а` is the Cyrillic letter U+0430, which looks like `a`"]
        );
        for text in ["# 5 μs, 10 kΩ", "# оплата payments", "x = \"CPU使用率\"", "# naïve façade"] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
