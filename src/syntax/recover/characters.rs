//! Characters and signs that no rule knows: quotes and punctuation of other scripts, signs of other languages.

use std::borrow::Cow;

use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::lex::{Token, TokenKind};

/// What to report about a token, and how to repair the text.
pub(super) struct CharacterFix {
    pub(super) finding: Diagnostic,
    /// How many bytes of the token are blanked.
    pub(super) blank: usize,
    /// What replaces them.
    pub(super) replacement: Cow<'static, str>,
    /// Whether the text around it can be kept, because the token can mean only one thing.
    pub(super) is_unambiguous: bool,
}

impl CharacterFix {
    /// Blanks what is written; what it was meant to be is not known.
    fn blanked(finding: Diagnostic, written: &str) -> Self {
        let replacement = Cow::Borrowed("");
        Self { finding, blank: written.len(), replacement, is_unambiguous: false }
    }

    /// Replaces what is written by the only thing that it can mean.
    fn replaced(finding: Diagnostic, written: &str, replacement: impl Into<Cow<'static, str>>) -> Self {
        Self { finding, blank: written.len(), replacement: replacement.into(), is_unambiguous: true }
    }
}

/// What is wrong with a token, if it is one that no rule knows.
pub(super) fn fix(token: &Token, text: &str, span: Span) -> Option<CharacterFix> {
    let written = text.get(token.start..token.end).unwrap_or_default();
    Some(match token.kind {
        TokenKind::OpenString => {
            let before = text.get(..token.start).unwrap_or_default();
            let word =
                before.len() - before.trim_end_matches(|last: char| last.is_ascii_alphanumeric() || last == '_').len();
            if word > 0 { open_start(word, written, span) } else { open_string(written, span) }
        }
        TokenKind::OpenPath => CharacterFix::blanked(open_path(span), written),
        TokenKind::ForeignString => {
            let before = text.get(..token.start).unwrap_or_default();
            let word = before.trim_end_matches(|last: char| last.is_ascii_alphanumeric() || last == '_');
            foreign_string(written, span, before.get(word.len()..).unwrap_or_default())
        }
        TokenKind::ForeignComment => {
            CharacterFix::replaced(foreign_comment(written, span, !token.starts_line), written, "")
        }
        TokenKind::Foreign if written.chars().all(is_wide_letter) => full_width(written, span),
        TokenKind::Foreign => foreign(written, span)?,
        TokenKind::Sign => sign(written, span)?,
        TokenKind::Word
        | TokenKind::Number
        | TokenKind::String
        | TokenKind::Regex
        | TokenKind::Path
        | TokenKind::Open
        | TokenKind::Close
        | TokenKind::Documentation => return None,
    })
}

/// `pay"`: the quote ends a word, so the opening quote is missing.
fn open_start(word: usize, written: &str, span: Span) -> CharacterFix {
    let quote = Span { end: span.start + 1, ..span };
    let start = span.start.saturating_sub(u32::try_from(word).unwrap_or(0));
    let place = Span { start, end: start, ..span };
    let finding = Diagnostic::new(&codes::UNCLOSED_STRING, quote, "this `\"` closes a string that was never opened")
        .suggest("open it with `\"`", place, "\"");
    CharacterFix::blanked(finding, written)
}

/// The string is blanked up to the brackets that end its line, which are likely not a part of it.
fn open_string(written: &str, span: Span) -> CharacterFix {
    // An arrow is likely not a part of the string either.
    let body = written.find(" => ").and_then(|end| written.get(..end)).unwrap_or(written);
    let body = body.trim_end_matches([' ', '\t', '(', ')', '[', ']', '{', '}', ',']);
    let body = if body.is_empty() { written } else { body };
    let end = Span { end: span.start.saturating_add(u32::try_from(body.len()).unwrap_or(0)), ..span };
    let finding = Diagnostic::new(&codes::UNCLOSED_STRING, end, "the string has no closing `\"` on its line")
        .suggest("close it with `\"`", end.after(), "\"")
        .help("a string ends on its line; `\\n` writes a line break into it");
    CharacterFix::blanked(finding, body)
}

fn open_path(span: Span) -> Diagnostic {
    Diagnostic::new(&codes::BRACKET, span, "a `[` in this path is not closed on its line")
        .help("a path stands on one line; write, for example, `$.alerts[*]` or `$[\"my-key\"]`")
}

/// A string in other quotes; Python writes a letter before some strings.
fn foreign_string(written: &str, span: Span, prefix: &str) -> CharacterFix {
    let inside: String = written.chars().skip(1).collect();
    let inside = inside.strip_suffix(|_: char| true).unwrap_or(&inside);
    let corrected = format!("\"{}\"", inside.replace('"', "\\\""));
    let kind = if written.starts_with('\'') { "single" } else { "curly" };
    let message = format!("a string stands in straight double quotes, found {kind} ones");
    let finding = Diagnostic::new(&codes::QUOTES, span, message);
    let letters = if matches!(prefix, "f" | "b" | "u" | "s" | "rf" | "fr") { prefix.len() } else { 0 };
    let start = span.start.saturating_sub(u32::try_from(letters).unwrap_or(0));
    let finding = finding.rewrite(Span { start, ..span }, corrected.clone());
    // Braces and escapes have a meaning in a string. Without them the text can mean only one thing.
    let keeps = corrected.len() <= written.len() && !corrected.contains(['{', '}', '\\']);
    let replacement = if keeps { Cow::Owned(corrected) } else { Cow::Borrowed("") };
    CharacterFix { finding, blank: written.len(), replacement, is_unambiguous: keeps }
}

fn foreign_comment(written: &str, span: Span, value_before: bool) -> Diagnostic {
    let start = Span { end: span.start + 2, ..span };
    let sign = if written.starts_with("//") { "//" } else { "/*" };
    let finding = Diagnostic::new(&codes::COMMENT, start, format!("a comment begins with `#`, found `{sign}`"));
    let value = written.get(2..).unwrap_or_default().trim();
    let value = value.starts_with('"') && value.ends_with('"') || value.starts_with("$.") && !value.contains(' ');
    if value && value_before {
        finding.suggest("where a value to fall back on is meant, write `??`", start, "??")
    } else if sign == "//" {
        finding.rewrite(start, "#")
    } else {
        finding.help("write `#` before each line")
    }
}

/// The ASCII signs that full-width ones stand for.
const FULL_WIDTH: &[(char, &str)] = &[
    ('，', ","),
    ('、', ","),
    ('：', ":"),
    ('（', "("),
    ('）', ")"),
    ('［', "["),
    ('］', "]"),
    ('【', "["),
    ('】', "]"),
    ('｛', "{"),
    ('｝', "}"),
    ('＝', "="),
    ('＜', "<"),
    ('＞', ">"),
    ('｜', "|"),
    ('？', "?"),
    ('．', "."),
    ('＄', "$"),
    ('＠', "@"),
    ('＃', "#"),
    ('；', ""),
    ('。', ""),
    ('！', ""),
    ('→', "=>"),
    ('⇒', "=>"),
    ('≥', ">="),
    ('≤', "<="),
    ('≠', "!="),
];

fn foreign(written: &str, span: Span) -> Option<CharacterFix> {
    let character = written.chars().next()?;
    if let Some((_, ascii)) = FULL_WIDTH.iter().find(|(wide, _)| *wide == character) {
        let finding = Diagnostic::new(
            &codes::CHARACTER,
            span,
            if ascii.is_empty() {
                format!("`{character}` has no place here")
            } else {
                format!("rules are written with `{ascii}`, found `{character}`")
            },
        );
        let finding = match *ascii {
            "" => finding.suggest("remove it", span, ""),
            ascii => finding.rewrite(span, ascii),
        };
        return Some(CharacterFix::replaced(finding, written, *ascii));
    }
    let name = format!("U+{:04X}", u32::from(character));
    let finding = |message: String| Diagnostic::new(&codes::CHARACTER, span, message);
    Some(match character {
        '\u{feff}' if span.start == 0 => return None,
        '\u{feff}' => {
            let finding = finding("a byte order mark within the file".into())
                .help("remove the invisible character U+FEFF; it may stand at the very beginning only");
            CharacterFix::replaced(finding, written, "")
        }
        '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' | '\u{ff02}' => lone_quote("curly", written, span),
        '\0' => {
            let finding = finding("a NUL byte within the file".into())
                .help("save the file as UTF-8 text; UTF-16 puts a NUL beside every letter");
            CharacterFix::replaced(finding, written, "")
        }
        _ if character.is_whitespace() || is_invisible(character) => {
            let finding = finding(format!("an invisible character, {name}"));
            CharacterFix::replaced(finding.suggest("write a blank", span, " "), written, " ")
        }
        _ if character.is_control() => {
            let finding = finding(format!("a control character, {name}"));
            CharacterFix::replaced(finding.suggest("remove it", span, ""), written, "")
        }
        _ => {
            let finding = finding(format!("`{written}` has no place outside a string"))
                .help("names are made of `a` to `z`, digits, `_` and `-`; other text stands in `\"…\"`");
            CharacterFix::blanked(finding, written)
        }
    })
}

/// A quote of another kind without its partner.
fn lone_quote(kind: &str, written: &str, span: Span) -> CharacterFix {
    let message = format!("a string stands in straight double quotes, found a {kind} one");
    let finding = Diagnostic::new(&codes::QUOTES, span, message).help("write `\"` at both ends");
    CharacterFix::blanked(finding, written)
}

fn is_wide_letter(letter: char) -> bool {
    matches!(letter, '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}')
}

/// Letters and digits of double width, as an input method leaves them.
fn full_width(written: &str, span: Span) -> CharacterFix {
    let narrow = |wide: char| char::from_u32(u32::from(wide).saturating_sub(0xfee0)).unwrap_or(wide);
    let corrected: String = written.chars().map(narrow).collect();
    let message = format!("words are written with narrow letters, found `{written}`");
    let finding = Diagnostic::new(&codes::CHARACTER, span, message);
    let finding = finding.rewrite(span, corrected.clone());
    CharacterFix::replaced(finding, written, corrected)
}

fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}')
}

fn sign(written: &str, span: Span) -> Option<CharacterFix> {
    match written {
        ";" => {
            let message = "nothing ends with `;`: a line end or a blank is enough";
            let finding = Diagnostic::new(&codes::CHARACTER, span, message).suggest("remove `;`", span, "");
            Some(CharacterFix::replaced(finding, written, ""))
        }
        "'" => Some(lone_quote("single", written, span)),
        _ => None,
    }
}
