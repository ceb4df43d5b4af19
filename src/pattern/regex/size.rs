//! An estimate of the size of a compiled pattern, without compiling it.
//!
//! The estimate is an upper bound of what the `regex` crate needs; tests check this. If it is above the limit, the pattern
//! is compiled to find out.

use regex_syntax::hir::{Class, Hir, HirKind};

/// The bytes of any automaton.
const FRAME: usize = 512;
/// The most bytes of a state.
const STATE: usize = 64;
/// The most bytes of a range in a class.
const RANGE: usize = 96;
/// The bytes that a class beyond ASCII needs in addition, for the encoding as UTF-8.
const BEYOND_ASCII: usize = 1200;

/// An upper bound of the compiled pattern's size, in bytes.
pub(super) fn estimate(hir: &Hir) -> usize {
    part(hir).saturating_add(FRAME)
}

fn part(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => STATE,
        HirKind::Literal(literal) => literal.0.len().saturating_mul(STATE),
        HirKind::Class(Class::Bytes(class)) => STATE + class.ranges().len() * RANGE,
        HirKind::Class(Class::Unicode(class)) => {
            let beyond = if class.is_ascii() { 0 } else { BEYOND_ASCII };
            STATE + beyond + class.ranges().len() * RANGE
        }
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(repetition.min).max(1);
            part(&repetition.sub).saturating_add(2 * STATE).saturating_mul(most as usize)
        }
        HirKind::Capture(capture) => {
            let name = capture.name.as_ref().map_or(0, |name| name.len());
            part(&capture.sub).saturating_add(4 * STATE + 2 * name)
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(|hir| part(hir).saturating_add(STATE)).fold(STATE, usize::saturating_add)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::estimate;

    /// Whether the crate can compile the pattern within the estimate.
    fn is_enough(pattern: &str) -> bool {
        let hir = regex_syntax::parse(pattern).unwrap();
        regex::RegexBuilder::new(pattern).size_limit(estimate(&hir)).build().is_ok()
    }

    #[test]
    fn the_estimate_is_enough() {
        let words = [
            "",
            "a",
            "abc|abd|x",
            r"\w",
            r"\d+-\w*",
            ".",
            "[^a]",
            "[^a-z]{3,9}",
            r"\pL{4}",
            "(?i)straße",
            "(a)(b)?",
            r"^(?P<host>[a-z0-9.-]+):(?P<port>\d{1,5})$",
            "(?s).*",
            r"\bx\b",
            "(((a)))",
            r"[\w.-]{2,}",
            "a{100}",
            "(?:ab|cd){20}",
            "[一-鿿]+",
            r"\P{Greek}",
            r"\p{Emoji}",
            r"(?i)\w",
            "(){50}",
            "(?:a?){50}",
            r"[^\w\s]",
            "[\u{10000}-\u{10ffff}]",
            "[\u{7f}-\u{80}\u{7ff}-\u{800}\u{ffff}-\u{10000}]",
        ];
        for word in words {
            assert!(is_enough(word), "{word}");
        }
    }

    #[test]
    fn a_common_pattern_is_not_compiled_to_be_measured() {
        for word in [r"^replica(tion)? lag [0-9]+$", r"\w+-\w+", r"(?i)error|fail(ed|ure)"] {
            assert!(estimate(&regex_syntax::parse(word).unwrap()) <= super::super::LARGEST, "{word}");
        }
    }
}
