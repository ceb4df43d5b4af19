//! Strings: escapes, and braces where they have no meaning or have to be doubled.

use super::{Rule, RulePair, TreeBuilder, codes};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::lex::hole;
use crate::syntax::tree::StringLiteral;

/// What a brace in a string means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BraceMode {
    /// Itself.
    Plain,
    /// `{{` and `}}` are braces; a single one is an error, because elsewhere it would interpolate.
    Doubled,
}

impl TreeBuilder<'_> {
    /// A string that does not interpolate, or `r"…"`.
    pub(super) fn text(&mut self, pair: &RulePair<'_>, braces: BraceMode) -> StringLiteral {
        let span = self.leaf(pair);
        let written = pair.as_str();
        let value =
            if pair.as_rule() == Rule::raw { bare(written, "r\"").into() } else { self.read(written, span, braces) };
        StringLiteral { value, span }
    }

    fn read(&mut self, written: &str, span: Span, braces: BraceMode) -> Box<str> {
        let inside = bare(written, "\"");
        let special = |byte: u8| byte == b'\\' || (braces == BraceMode::Doubled && (byte == b'{' || byte == b'}'));
        if !inside.bytes().any(special) {
            return inside.into();
        }
        let mut read = String::with_capacity(inside.len());
        let mut at = 0;
        while let Some(rest) = inside.get(at..).filter(|rest| !rest.is_empty()) {
            let place = span.start as usize + 1 + at;
            at += match braces {
                BraceMode::Doubled if rest.starts_with(['{', '}']) => self.doubled_brace(rest, place, &mut read),
                BraceMode::Doubled | BraceMode::Plain => self.character(rest, place, &mut read),
            };
        }
        read.into()
    }

    /// Reads a brace that is doubled; reports one that is not. Gives the number of bytes taken.
    fn doubled_brace(&mut self, rest: &str, place: usize, read: &mut String) -> usize {
        let brace = if rest.starts_with('{') { '{' } else { '}' };
        read.push(brace);
        if rest.starts_with("{{") || rest.starts_with("}}") {
            return 2;
        }
        if brace == '{'
            && let Some(length) = hole(rest)
            && let Some(hole) = rest.get(..length)
        {
            read.push_str(hole.get(1..).unwrap_or_default());
            let span = Span::new(self.file, place, place + length);
            self.diagnostics.push(codes::hole_in_plain(span, hole));
            return length;
        }
        let span = Span::new(self.file, place, place + 1);
        self.diagnostics.push(codes::lone_brace(span, brace, codes::LoneBrace::NoInterpolation));
        1
    }

    /// Reads one character or escape and gives the number of bytes taken.
    pub(super) fn character(&mut self, rest: &str, place: usize, read: &mut String) -> usize {
        let Some(first) = rest.chars().next() else { return 1 };
        if first != '\\' {
            read.push(first);
            return first.len_utf8();
        }
        match escape(rest) {
            Ok((character, length)) => {
                read.push(character);
                length
            }
            Err((problem, length)) => {
                let span = Span::new(self.file, place, place + length);
                self.diagnostics.push(refused(&problem, rest.get(..length).unwrap_or(rest), span));
                length
            }
        }
    }
}

/// The string without its quotes.
pub(super) fn bare<'t>(written: &'t str, opening: &str) -> &'t str {
    written.strip_prefix(opening).and_then(|rest| rest.strip_suffix('"')).unwrap_or_default()
}

/// Why an escape is refused.
enum EscapeError {
    Unknown,
    Surrogate,
    NoCharacter,
    Digits,
}

/// The character that an escape stands for, and how many bytes it takes.
fn escape(rest: &str) -> Result<(char, usize), (EscapeError, usize)> {
    let Some(letter) = rest.chars().nth(1) else { return Err((EscapeError::Unknown, 1)) };
    let character = match letter {
        '"' | '\\' | '/' => letter,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' if rest.starts_with("\\u{") => return braced(rest),
        'u' => return four_digits(rest),
        _ => return Err((EscapeError::Unknown, 1 + letter.len_utf8())),
    };
    Ok((character, 2))
}

/// `\u{1f600}`
fn braced(rest: &str) -> Result<(char, usize), (EscapeError, usize)> {
    let Some(length) = rest.find('}').map(|at| at + 1).filter(|length| *length <= 12) else {
        return Err((EscapeError::Digits, 3));
    };
    let digits = rest.get(3..length - 1).unwrap_or_default();
    let number = if digits.is_empty() || digits.starts_with('+') { None } else { u32::from_str_radix(digits, 16).ok() };
    let Some(number) = number else { return Err((EscapeError::Digits, length)) };
    match char::from_u32(number) {
        Some(character) => Ok((character, length)),
        None if (0xd800..0xe000).contains(&number) => Err((EscapeError::Surrogate, length)),
        None => Err((EscapeError::NoCharacter, length)),
    }
}

/// `\u00e9`, and `\ud83d\ude00`, which is one character.
fn four_digits(rest: &str) -> Result<(char, usize), (EscapeError, usize)> {
    let unit = |text: Option<&str>| {
        let digits = text?.strip_prefix("\\u")?;
        let are_four = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if are_four { u16::from_str_radix(digits, 16).ok() } else { None }
    };
    let Some(first) = unit(rest.get(..6)) else { return Err((EscapeError::Digits, 2)) };
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Ok((character, 6));
    }
    let pair = unit(rest.get(6..12)).map(|second| char::decode_utf16([first, second]).collect::<Result<String, _>>());
    match pair.and_then(Result::ok).and_then(|pair| pair.chars().next()) {
        Some(character) => Ok((character, 12)),
        None => Err((EscapeError::Surrogate, 6)),
    }
}

fn refused(problem: &EscapeError, escape: &str, span: Span) -> Diagnostic {
    match problem {
        EscapeError::Unknown => Diagnostic::new(&codes::ESCAPE, span, format!("unknown escape `{escape}`"))
            .suggest("write `\\\\` for a backslash", span, format!("\\{escape}"))
            .help("the escapes are `\\\"` `\\\\` `\\/` `\\b` `\\f` `\\n` `\\r` `\\t` `\\u0000` and `\\u{…}`; `r\"…\"` has none"),
        EscapeError::Surrogate => {
            Diagnostic::new(&codes::ESCAPE, span, format!("`{escape}` is half of a pair and not a character of its own"))
                .help("write both halves, as in `\\ud83d\\ude00`, or the character's number, as in `\\u{1f600}`")
        }
        EscapeError::NoCharacter => Diagnostic::new(&codes::ESCAPE, span, format!("`{escape}` is not a character"))
            .help("the largest is `\\u{10ffff}`"),
        EscapeError::Digits => {
            Diagnostic::new(&codes::ESCAPE, span, "expected four hexadecimal digits after `\\u`, or some in braces")
                .help("write, for example, `\\u00e9` or `\\u{1f600}`")
        }
    }
}
