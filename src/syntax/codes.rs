//! The codes of what does not parse, and the findings that several places make.

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};
use crate::syntax::lex::LimitExceeded;

crate::codes! {
    UNEXPECTED = "E0001", "unexpected text";
    UNCLOSED_STRING = "E0002", "string without an end";
    BRACKET = "E0003", "bracket without its partner";
    TOO_DEEP = "E0004", "nesting too deep";
    CHARACTER = "E0005", "character that is not allowed here";
    ESCAPE = "E0006", "unknown escape in a string";
    LONE_BRACE = "E0007", "lone brace in a string";
    INTERPOLATION = "E0008", "interpolation that is not a value";
    MIXED = "E0009", "`and` and `or` without parentheses";
    FOREIGN = "E0010", "word or sign of another language";
    SIGN = "E0011", "wrong sign";
    CHAINED = "E0012", "chained comparison";
    TRAILING_COMMA = "E0013", "trailing comma";
    ASSIGN = "E0014", "`=` where a comparison is meant";
    RESERVED = "E0015", "reserved word as a name";
    CONDITION = "E0016", "condition where a value is needed";
    LEADING_MATCH = "E0017", "condition that begins with `match`";
    SECOND_ELSE = "E0018", "second `else`";
    UNKNOWN_DECLARATION = "E0019", "unknown declaration";
    UNKNOWN_STATEMENT = "E0020", "unknown statement";
    EDITION = "E0021", "edition that does not exist";
    PATH_HYPHEN = "E0022", "hyphen in a path";
    COMMENT = "E0023", "comment of another language";
    QUOTES = "E0024", "quotes of another kind";
    NO_ARROW = "E0025", "arm without `=>`";
    CAPITAL = "E0026", "capitalised name";
    TOO_LARGE = "E0027", "file too large";
    SCHEDULE_LINE = "E0028", "times without their days";
    NUMBER = "E0029", "number that cannot be read";
    NO_EDITION = "W0001", "no edition line";
    HIDDEN = "W0013", "invisible character in a comment or string";
    MIXED_SCRIPTS = "W0014", "word of letters of two scripts";
}

pub(super) fn too_deep(at: Span) -> Diagnostic {
    Diagnostic::new(&TOO_DEEP, at, "brackets, blocks or `not` are nested more than 64 deep")
        .help("give the inner part a name of its own: a `define`, a `let` or a second `routing`")
}

/// A text that exceeds a limit, and so is not parsed. It begins at `base`.
pub(super) fn limit_exceeded(file: FileId, base: usize, excess: LimitExceeded) -> Diagnostic {
    let place = |at: usize| Span::new(file, base + at, base + at + 1);
    match excess {
        LimitExceeded::Depth(at) => too_deep(place(at)),
        LimitExceeded::Unclosed(at) => {
            Diagnostic::new(&TOO_LARGE, place(at), "too many braces, slashes or comments are opened and not closed")
                .help("a brace that stands for itself is doubled: `{{`; a slash within a regex is escaped: `\\/`")
        }
    }
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

/// `{$.a ?? \"x\"}` in a string that interpolates.
pub(super) fn escaped_hole(at: Span, unescaped: &str) -> Diagnostic {
    Diagnostic::new(&LONE_BRACE, at, "the quotes between braces need no backslash")
        .label("is not read as an interpolation")
        .suggest("write the quotes as they are", at, unescaped)
}

/// A brace in a string that is not a part of a hole.
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
