//! The errors of a regex that is refused.

use super::{DEEPEST, LARGEST, MAX_MEASURED, PatternError};
use regex_syntax::ast::ErrorKind;
use regex_syntax::{ast, hir};
use std::ops::Range;

/// The pattern does not parse.
pub(super) fn of_syntax(error: &ast::Error) -> PatternError {
    let mut range = range(error.span());
    if matches!(error.kind(), ErrorKind::RepetitionMissing) {
        // The span of the crate is empty and before the sign, which is one byte long.
        range.end = (range.start + 1).min(error.pattern().len());
    }
    let found = error.pattern().get(range.clone()).unwrap_or_default();
    let help = help(error.kind(), found).map(str::to_owned);
    PatternError { range, message: message(error.kind(), found), help }
}

/// The pattern parses but has no valid meaning.
#[expect(clippy::wildcard_enum_match_arm, reason = "the crate words the rarer kinds well enough")]
pub(super) fn of_meaning(error: &hir::Error) -> PatternError {
    let range = range(error.span());
    let found = error.pattern().get(range.clone()).unwrap_or_default();
    match error.kind() {
        hir::ErrorKind::UnicodePropertyNotFound | hir::ErrorKind::UnicodePropertyValueNotFound => {
            PatternError::new(range, format!("`{found}` is not a Unicode class"))
                .help("write one such as `\\p{Letter}` or `\\p{Han}`")
        }
        hir::ErrorKind::InvalidUtf8 | hir::ErrorKind::UnicodeNotAllowed => {
            PatternError::new(range, format!("`{found}` does not stand for whole characters"))
                .help("leave `(?-u)` out: texts are Unicode")
        }
        other => PatternError::new(range, other.to_string()),
    }
}

/// The compiled pattern is too large.
pub(super) fn of_size(pattern: &str) -> PatternError {
    let message = format!("the regex compiles to more than {} KiB", LARGEST / 1024);
    let help = "make counted repetitions shorter, and write `[0-9A-Za-z_]` and `[0-9]` where `\\w` and `\\d` (which \
                hold the letters and digits of every script) are more than is meant";
    PatternError::new(0..pattern.len(), message).help(help)
}

/// The rule set has too many large patterns.
pub(super) fn of_many(pattern: &str) -> PatternError {
    let message = format!("the rule set holds more than {MAX_MEASURED} large regexes");
    let help = "make counted repetitions shorter, or put what several regexes share into one `define`";
    PatternError::new(0..pattern.len(), message).help(help)
}

/// A letter after the closing slash is not a flag.
pub(super) fn of_flag(letter: char, at: usize) -> PatternError {
    let invalid = PatternError::new(at..at + letter.len_utf8(), format!("`{letter}` is not a flag of a regex"));
    match letter {
        'g' => invalid.help("leave it out: `finds` looks at the whole text"),
        'I' | 'M' | 'S' | 'X' => invalid.help(format!("flags are lower-case: `{}`", letter.to_ascii_lowercase())),
        _ => invalid
            .help("flags are `i` (ignore case), `m` (lines), `s` (dot takes newlines), `x` (verbose), `U` (lazy)"),
    }
}

/// A flag after the closing slash is repeated.
pub(super) fn of_repeated_flag(letter: char, at: usize) -> PatternError {
    PatternError::new(at..at + letter.len_utf8(), format!("the flag `{letter}` is given twice")).help("write it once")
}

fn range(span: &ast::Span) -> Range<usize> {
    span.start.offset..span.end.offset
}

/// The message for a syntax error; `found` is the text in its span.
#[expect(clippy::wildcard_enum_match_arm, reason = "the crate words the rarer kinds well enough")]
fn message(kind: &ErrorKind, found: &str) -> String {
    match kind {
        ErrorKind::UnsupportedLookAround => format!("`{found}` looks around, which is not supported"),
        ErrorKind::UnsupportedBackreference => {
            format!("`{found}` refers back to a group, which is not supported")
        }
        ErrorKind::GroupUnclosed => "this group is never closed".to_owned(),
        ErrorKind::GroupUnopened => "this `)` closes nothing".to_owned(),
        ErrorKind::ClassUnclosed => "this class is never closed".to_owned(),
        ErrorKind::FlagUnrecognized => format!("`{found}` is not a flag of a regex"),
        ErrorKind::RepetitionMissing => format!("`{found}` repeats nothing"),
        ErrorKind::RepetitionCountUnclosed | ErrorKind::RepetitionCountDecimalEmpty => {
            "expected a count such as `{2}` or `{1,3}`".to_owned()
        }
        ErrorKind::EscapeUnrecognized => format!("`{found}` is not an escape"),
        ErrorKind::EscapeUnexpectedEof => "the regex ends in the middle of an escape".to_owned(),
        ErrorKind::NestLimitExceeded(_) => format!("the regex nests deeper than {DEEPEST}"),
        ErrorKind::GroupNameDuplicate { .. } => format!("the group name `{found}` is given twice"),
        ErrorKind::GroupNameInvalid => format!("`{found}` cannot stand in a group name"),
        ErrorKind::ClassRangeInvalid => format!("the range `{found}` runs backwards"),
        ErrorKind::RepetitionCountInvalid => format!("the count `{found}` runs backwards"),
        other => other.to_string(),
    }
}

/// How to fix a syntax error. Look-around and back-references are not supported, because they can be slow.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds have no advice")]
fn help(kind: &ErrorKind, found: &str) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::UnsupportedLookAround if found.ends_with('!') => {
            "write what must not be there as a condition of its own: `x finds /…/ and not (x finds /…/)`"
        }
        ErrorKind::UnsupportedLookAround => "write it as a condition of its own: `x finds /…/ and x finds /…/`",
        ErrorKind::UnsupportedBackreference => {
            "take the part out with `capture(…)` and compare it, or write the alternatives out"
        }
        ErrorKind::GroupUnclosed => "close it with `)`, or write `\\(` for the character",
        ErrorKind::GroupUnopened => "open the group with `(`, or write `\\)` for the character",
        ErrorKind::ClassUnclosed => "close it with `]`, or write `\\[` for the character",
        ErrorKind::FlagUnrecognized => "flags are `i`, `m`, `s`, `x`, `U`, `u`; a named group is `(?<name>…)`",
        ErrorKind::RepetitionMissing => {
            "put what repeats before it; `*` alone is not a wildcard in a regex: write `.*`, or use `like` with a glob"
        }
        ErrorKind::RepetitionCountUnclosed | ErrorKind::RepetitionCountDecimalEmpty => "write `\\{` for the character",
        ErrorKind::EscapeUnrecognized => {
            "a backslash stands before a character that means something in a regex, or makes a class such as `\\d`"
        }
        ErrorKind::NestLimitExceeded(_) => "split it into several conditions",
        _ => return None,
    })
}
