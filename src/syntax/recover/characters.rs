//! Characters and signs that no rule knows: quotes and punctuation of other scripts, signs of other languages.

use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::lex::{Kind, Token};

/// What to report about a token, and how to go on.
pub(super) struct Fix {
    pub(super) finding: Diagnostic,
    /// How many bytes of the token are blanked.
    pub(super) blank: usize,
    /// What is written over them.
    pub(super) replacement: &'static str,
    /// Whether the text around can be kept, because only one reading was possible.
    pub(super) keeps: bool,
}

/// What is wrong with a token, if it is one that no rule knows.
pub(super) fn fix(token: &Token, written: &str, span: Span) -> Option<Fix> {
    let (finding, replacement, keeps) = match token.kind {
        Kind::OpenString => return Some(open_string(written, span)),
        Kind::OpenPath => (open_path(span), "", false),
        Kind::ForeignString => (foreign_string(written, span), "", false),
        Kind::ForeignComment => (foreign_comment(written, span), "", true),
        Kind::Foreign => foreign(written, span)?,
        Kind::Sign => sign(written, span)?,
        Kind::Word
        | Kind::Number
        | Kind::String
        | Kind::Regex
        | Kind::Path
        | Kind::Open
        | Kind::Close
        | Kind::Documentation => return None,
    };
    Some(Fix { finding, blank: written.len(), replacement, keeps })
}

/// The string is blanked up to the brackets that end its line, which likely stand outside it.
fn open_string(written: &str, span: Span) -> Fix {
    let body = written.trim_end_matches([' ', '\t', '(', ')', '[', ']', '{', '}', ',']);
    let body = if body.is_empty() { written } else { body };
    let end = Span { end: span.start.saturating_add(u32::try_from(body.len()).unwrap_or(0)), ..span };
    let finding = Diagnostic::new(&codes::UNCLOSED_STRING, end, "the string has no closing `\"` on its line")
        .suggest("close it with `\"`", end.after(), "\"")
        .help("a string ends on its line; `\\n` writes a line break into it");
    Fix { finding, blank: body.len(), replacement: "", keeps: false }
}

fn open_path(span: Span) -> Diagnostic {
    Diagnostic::new(&codes::BRACKET, span, "a `[` in this path is not closed on its line")
        .help("a path stands on one line; write, for example, `$.alerts[*]` or `$[\"my-key\"]`")
}

fn foreign_string(written: &str, span: Span) -> Diagnostic {
    let inside: String = written.chars().skip(1).collect();
    let inside = inside.strip_suffix(|_: char| true).unwrap_or(&inside);
    let mended = format!("\"{}\"", inside.replace('"', "\\\""));
    let kind = if written.starts_with('\'') { "single" } else { "curly" };
    Diagnostic::new(
        &codes::QUOTES,
        span,
        format!("a string stands in straight double quotes, found {kind} ones"),
    )
    .suggest(format!("write `{mended}`"), span, mended)
}

fn foreign_comment(written: &str, span: Span) -> Diagnostic {
    let start = Span { end: span.start + 2, ..span };
    let sign = if written.starts_with("//") { "//" } else { "/*" };
    let finding =
        Diagnostic::new(&codes::COMMENT, start, format!("a comment begins with `#`, found `{sign}`"));
    if sign == "//" {
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
        let finding =
            Diagnostic::new(&codes::CHARACTER, span, format!("signs are ASCII, found `{character}`"));
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
            finding(format!("`{character}` has no place outside a string"))
                .help("names are ASCII letters, digits, `_` and `-`; text stands in `\"…\"`"),
            "",
            false,
        ),
    })
}

fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}')
}

fn sign(written: &str, span: Span) -> Option<(Diagnostic, &'static str, bool)> {
    let word = |word: &str| {
        Diagnostic::new(&codes::FOREIGN, span, format!("conditions are joined by words, found `{written}`"))
            .suggest(format!("write `{word}`"), span, word)
    };
    Some(match written {
        "&&" | "&" => (word("and"), "", false),
        "||" => (word("or"), "", false),
        "!" => {
            (
                Diagnostic::new(&codes::FOREIGN, span, "a condition is negated by a word, found `!`")
                    .suggest("write `not`", span, "not "),
                "",
                false,
            )
        }
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
