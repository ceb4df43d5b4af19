//! The codes of what does not parse, and the findings that several places make.

use crate::code;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

pub(super) const UNEXPECTED: Code = code!("E0001", "unexpected text");
pub(super) const UNCLOSED_STRING: Code = code!("E0002", "string without an end");
pub(super) const BRACKET: Code = code!("E0003", "bracket without its partner");
pub(super) const TOO_DEEP: Code = code!("E0004", "nesting too deep");
pub(super) const CHARACTER: Code = code!("E0005", "character that has no place here");
pub(super) const ESCAPE: Code = code!("E0006", "unknown escape in a string");
pub(super) const LONE_BRACE: Code = code!("E0007", "lone brace in a string");
pub(super) const INTERPOLATION: Code = code!("E0008", "interpolation that is no value");
pub(super) const MIXED: Code = code!("E0009", "`and` and `or` without parentheses");
pub(super) const FOREIGN: Code = code!("E0010", "word or sign of another language");
pub(super) const SIGN: Code = code!("E0011", "one sign for another");
pub(super) const CHAINED: Code = code!("E0012", "chained comparison");
pub(super) const TRAILING_COMMA: Code = code!("E0013", "trailing comma");
pub(super) const ASSIGN: Code = code!("E0014", "`=` where a comparison is meant");
pub(super) const RESERVED: Code = code!("E0015", "reserved word as a name");
pub(super) const CONDITION: Code = code!("E0016", "condition where a value is needed");
pub(super) const LEADING_MATCH: Code = code!("E0017", "condition that begins with `match`");
pub(super) const SECOND_ELSE: Code = code!("E0018", "second `else`");
pub(super) const UNKNOWN_DECLARATION: Code = code!("E0019", "unknown declaration");
pub(super) const UNKNOWN_STATEMENT: Code = code!("E0020", "unknown statement");
pub(super) const EDITION: Code = code!("E0021", "edition that does not exist");
pub(super) const PATH_HYPHEN: Code = code!("E0022", "hyphen in a path");
pub(super) const COMMENT: Code = code!("E0023", "comment of another language");
pub(super) const QUOTES: Code = code!("E0024", "quotes of another kind");
pub(super) const NO_ARROW: Code = code!("E0025", "arm without `=>`");
pub(super) const CAPITAL: Code = code!("E0026", "capitalised name");
pub(super) const TOO_LARGE: Code = code!("E0027", "file too large");
pub(super) const SCHEDULE_LINE: Code = code!("E0028", "times away from their days");
pub(super) const NUMBER: Code = code!("E0029", "number that cannot be read");
pub(super) const NO_EDITION: Code = code!("W0001", "no edition line");

/// Every code of this stage.
pub const CODES: &[&Code] = &[
    &UNEXPECTED,
    &UNCLOSED_STRING,
    &BRACKET,
    &TOO_DEEP,
    &CHARACTER,
    &ESCAPE,
    &LONE_BRACE,
    &INTERPOLATION,
    &MIXED,
    &FOREIGN,
    &SIGN,
    &CHAINED,
    &TRAILING_COMMA,
    &ASSIGN,
    &RESERVED,
    &CONDITION,
    &LEADING_MATCH,
    &SECOND_ELSE,
    &UNKNOWN_DECLARATION,
    &UNKNOWN_STATEMENT,
    &EDITION,
    &PATH_HYPHEN,
    &COMMENT,
    &QUOTES,
    &NO_ARROW,
    &CAPITAL,
    &TOO_LARGE,
    &SCHEDULE_LINE,
    &NUMBER,
    &NO_EDITION,
];

pub(super) fn too_deep(at: Span) -> Diagnostic {
    Diagnostic::new(&TOO_DEEP, at, "brackets, blocks or `not` are nested more than 64 deep")
        .help("give the inner part a name of its own: a `define`, a `let` or a second `routing`")
}

pub(super) fn mixed_operators(and: Span, or: Span) -> Diagnostic {
    let (first, second) = if and.start < or.start { (and, or) } else { (or, and) };
    Diagnostic::new(&MIXED, second, "`and` and `or` stand side by side without parentheses")
        .related(first, "the other operator")
        .help("write `(a and b) or c`, or `a and (b or c)`, whichever is meant")
}

pub(super) fn second_else(place: Span, first: Span) -> Diagnostic {
    Diagnostic::new(&SECOND_ELSE, place, "a second `else`: the first takes everything that is left")
        .related(first, "the first `else`")
        .help("keep one, and give the other a condition or a pattern")
}

/// Whether a single brace could have been the beginning of an interpolation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoneBrace {
    Interpolation,
    NoInterpolation,
}

/// `{x}` in a string that is compared.
pub(super) fn hole_in_plain(at: Span, hole: &str) -> Diagnostic {
    let message = format!("nothing is filled in where a string is compared, found `{hole}`");
    Diagnostic::new(&LONE_BRACE, at, message)
        .suggest("double the braces to mean the characters themselves", at, format!("{{{hole}}}"))
        .help("to compare two values, write them bare, as in `labels.a == labels.b`")
}

/// A brace in a string that is no part of a hole.
pub(super) fn lone_brace(at: Span, brace: char, place: LoneBrace) -> Diagnostic {
    let message = match place {
        LoneBrace::Interpolation => format!("a single `{brace}` in a string"),
        LoneBrace::NoInterpolation => format!("a single `{brace}` in a string that does not interpolate"),
    };
    let doubled = format!("{brace}{brace}");
    Diagnostic::new(&LONE_BRACE, at, message)
        .suggest(format!("write `{doubled}` for a brace"), at, doubled)
        .help("`r\"…\"` takes braces as they are")
}
