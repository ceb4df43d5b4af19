//! The words that begin declarations and statements, the reserved ones, and words of other languages.
//!
//! Lists that repeat the grammar are held to it by a test.

use crate::syntax::grammar::Rule;

/// The words that begin a declaration.
pub(super) const DECLARATIONS: &[&str] =
    &["mapping", "table", "define", "schedule", "channel", "routing", "integration", "test"];

/// The words that cannot be names.
pub(super) const RESERVED: &[&str] = &[
    "all", "also", "always", "and", "any", "contains", "decline", "during", "else", "false", "finds", "in", "is",
    "like", "match", "matches", "missing", "none", "not", "nothing", "null", "or", "route", "routing", "true", "when",
];

/// The words that begin a statement of a mapping.
pub(super) const MAPPING: &[&str] = &[
    "accept",
    "each",
    "let",
    "drop",
    "labels",
    "severity",
    "status",
    "title",
    "key",
    "description",
    "starts_at",
    "ends_at",
    "link",
    "source",
];

/// The words that begin a line of a routing.
pub(super) const ROUTING: &[&str] = &["route", "also", "always", "else"];

/// The words that begin a statement of a test.
pub(super) const TEST: &[&str] = &[
    "mapping",
    "routing",
    "integration",
    "channel",
    "input",
    "header",
    "path_suffix",
    "event",
    "at",
    "open",
    "cases",
    "expect",
];

/// What begins a value.
pub(super) const VALUES: &[Rule] =
    &[Rule::reference, Rule::path, Rule::template, Rule::number, Rule::fixed, Rule::match_subject];

/// What begins a comparison after its subject.
pub(super) const COMPARISONS: &[Rule] =
    &[Rule::equal, Rule::unequal, Rule::order, Rule::order_sign, Rule::is, Rule::like, Rule::k_like];

/// The operators of comparisons.
pub(super) const SIGNS: &[&str] =
    &["==", "!=", "<", "<=", ">", ">=", "in", "like", "matches", "finds", "contains", "starts", "ends", "is", "during"];

/// A word of another language, and what this one has in its place.
pub(super) fn foreign(word: &str) -> Option<&'static str> {
    Some(match word {
        "if" | "elif" | "elsif" | "elseif" | "unless" | "switch" | "case" | "then" => {
            "write `when` for a condition of a line, and `match x { \"a\" => …  else => … }` to choose a value"
        }
        "for" | "foreach" | "while" | "loop" => "a mapping has one loop: `each $.alerts[*]`",
        "import" | "include" | "use" | "require" => {
            "every `*.rules` file of the set is read, so the line can be left out"
        }
        "var" | "const" | "set" => "write `let name = …` in a mapping, or `define name = …`",
        "fn" | "func" | "function" | "def" => {
            "write `define name = …` for a value, or `table name(a) { … }` for a choice"
        }
        "return" => "write a field, such as `severity = …`",
        _ => return None,
    })
}
