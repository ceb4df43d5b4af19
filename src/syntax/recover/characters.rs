//! Characters and signs that no rule knows: quotes and punctuation of other scripts, signs of other languages.

use std::borrow::Cow;

use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::lex::{Token, TokenKind};

/// What to report about a token, and how to go on.
pub(super) struct CharacterFix {
    pub(super) finding: Diagnostic,
    /// How many bytes of the token are blanked.
    pub(super) blank: usize,
    /// What is written over them.
    pub(super) replacement: Cow<'static, str>,
    /// Whether the text around can be kept, because only one reading was possible.
    pub(super) is_unambiguous: bool,
}

/// What is wrong with a token, if it is one that no rule knows.
pub(super) fn fix(token: &Token, text: &str, span: Span) -> Option<CharacterFix> {
    let written = text.get(token.start..token.end).unwrap_or_default();
    let (finding, replacement, keeps) = match token.kind {
        TokenKind::OpenString => {
            let before = text.get(..token.start).unwrap_or_default();
            let word = before.len()
                - before.trim_end_matches(|last: char| last.is_ascii_alphanumeric() || last == '_').len();
            return Some(if word > 0 { open_start(word, written, span) } else { open_string(written, span) });
        }
        TokenKind::OpenPath => (open_path(span), "", false),
        TokenKind::ForeignString => return Some(foreign_string(written, span)),
        TokenKind::ForeignComment => (foreign_comment(written, span, !token.starts_line), "", true),
        TokenKind::Foreign if written.chars().all(is_wide_letter) => return Some(full_width(written, span)),
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
    };
    Some(CharacterFix {
        finding,
        blank: written.len(),
        replacement: Cow::Borrowed(replacement),
        is_unambiguous: keeps,
    })
}

/// `pay"`: the quote ends a word, so it is its partner that is missing.
fn open_start(word: usize, written: &str, span: Span) -> CharacterFix {
    let quote = Span { end: span.start + 1, ..span };
    let start = span.start.saturating_sub(u32::try_from(word).unwrap_or(0));
    let place = Span { start, end: start, ..span };
    let finding =
        Diagnostic::new(&codes::UNCLOSED_STRING, quote, "this `\"` closes a string that was never opened")
            .suggest("open it with `\"`", place, "\"");
    CharacterFix { finding, blank: written.len(), replacement: Cow::Borrowed(""), is_unambiguous: false }
}

/// The string is blanked up to the brackets that end its line, which likely stand outside it.
fn open_string(written: &str, span: Span) -> CharacterFix {
    // What leads to a result likely stands outside the string as well.
    let body = written.find(" => ").and_then(|end| written.get(..end)).unwrap_or(written);
    let body = body.trim_end_matches([' ', '\t', '(', ')', '[', ']', '{', '}', ',']);
    let body = if body.is_empty() { written } else { body };
    let end = Span { end: span.start.saturating_add(u32::try_from(body.len()).unwrap_or(0)), ..span };
    let finding = Diagnostic::new(&codes::UNCLOSED_STRING, end, "the string has no closing `\"` on its line")
        .suggest("close it with `\"`", end.after(), "\"")
        .help("a string ends on its line; `\\n` writes a line break into it");
    CharacterFix { finding, blank: body.len(), replacement: Cow::Borrowed(""), is_unambiguous: false }
}

fn open_path(span: Span) -> Diagnostic {
    Diagnostic::new(&codes::BRACKET, span, "a `[` in this path is not closed on its line")
        .help("a path stands on one line; write, for example, `$.alerts[*]` or `$[\"my-key\"]`")
}

fn foreign_string(written: &str, span: Span) -> CharacterFix {
    let inside: String = written.chars().skip(1).collect();
    let inside = inside.strip_suffix(|_: char| true).unwrap_or(&inside);
    let mended = format!("\"{}\"", inside.replace('"', "\\\""));
    let kind = if written.starts_with('\'') { "single" } else { "curly" };
    let message = format!("a string stands in straight double quotes, found {kind} ones");
    let finding = Diagnostic::new(&codes::QUOTES, span, message);
    let finding = finding.suggest(format!("write `{mended}`"), span, mended.clone());
    // Braces and escapes would mean something in a string; without them there is one reading, and room for it.
    let keeps = mended.len() <= written.len() && !mended.contains(['{', '}', '\\']);
    let replacement = if keeps { Cow::Owned(mended) } else { Cow::Borrowed("") };
    CharacterFix { finding, blank: written.len(), replacement, is_unambiguous: keeps }
}

fn foreign_comment(written: &str, span: Span, value_before: bool) -> Diagnostic {
    let start = Span { end: span.start + 2, ..span };
    let sign = if written.starts_with("//") { "//" } else { "/*" };
    let finding =
        Diagnostic::new(&codes::COMMENT, start, format!("a comment begins with `#`, found `{sign}`"));
    let value = written.get(2..).unwrap_or_default().trim();
    let value =
        value.starts_with('"') && value.ends_with('"') || value.starts_with("$.") && !value.contains(' ');
    if value && value_before {
        finding.suggest("where a value to fall back on is meant, write `??`", start, "??")
    } else if sign == "//" {
        finding.suggest("write `#`", start, "#")
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

fn foreign(written: &str, span: Span) -> Option<(Diagnostic, &'static str, bool)> {
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
            ascii => finding.suggest(format!("write `{ascii}`"), span, ascii),
        };
        return Some((finding, ascii, true));
    }
    let name = format!("U+{:04X}", u32::from(character));
    let finding = |message: String| Diagnostic::new(&codes::CHARACTER, span, message);
    Some(match character {
        '\u{feff}' if span.start == 0 => return None,
        '\u{feff}' => (
            finding("a byte order mark within the file".into())
                .help("remove the invisible character U+FEFF; it may stand at the very beginning only"),
            "",
            true,
        ),
        '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' | '\u{ff02}' => (
            Diagnostic::new(
                &codes::QUOTES,
                span,
                "a string stands in straight double quotes, found a curly one",
            )
            .help("write `\"` at both ends"),
            "",
            false,
        ),
        '\0' => (
            finding("a NUL byte within the file".into())
                .help("save the file as UTF-8 text; UTF-16 puts a NUL beside every letter"),
            "",
            true,
        ),
        _ if character.is_whitespace() || is_invisible(character) => (
            finding(format!("an invisible character, {name}")).suggest("write a blank", span, " "),
            " ",
            true,
        ),
        _ if character.is_control() => {
            (finding(format!("a control character, {name}")).suggest("remove it", span, ""), "", true)
        }
        _ => (
            finding(format!("`{written}` has no place outside a string"))
                .help("names are made of `a` to `z`, digits, `_` and `-`; other text stands in `\"…\"`"),
            "",
            false,
        ),
    })
}

fn is_wide_letter(letter: char) -> bool {
    matches!(letter, '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}')
}

/// Letters and digits of double width, as an input method leaves them.
fn full_width(written: &str, span: Span) -> CharacterFix {
    let narrow = |wide: char| char::from_u32(u32::from(wide).saturating_sub(0xfee0)).unwrap_or(wide);
    let mended: String = written.chars().map(narrow).collect();
    let message = format!("words are written with narrow letters, found `{written}`");
    let finding = Diagnostic::new(&codes::CHARACTER, span, message);
    let finding = finding.suggest(format!("write `{mended}`"), span, mended.clone());
    CharacterFix { finding, blank: written.len(), replacement: Cow::Owned(mended), is_unambiguous: true }
}

fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}')
}

fn sign(written: &str, span: Span) -> Option<(Diagnostic, &'static str, bool)> {
    Some(match written {
        ";" => (
            Diagnostic::new(
                &codes::CHARACTER,
                span,
                "nothing ends with `;`: a line end or a blank is enough",
            )
            .suggest("remove `;`", span, ""),
            "",
            true,
        ),
        "'" => (
            Diagnostic::new(
                &codes::QUOTES,
                span,
                "a string stands in straight double quotes, found a single one",
            )
            .help("write `\"` at both ends"),
            "",
            false,
        ),
        _ => return None,
    })
}
