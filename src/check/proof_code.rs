//! The codes of findings that proofs make. Proofs come after this stage, which only knows their names, because `allow` names
//! them: these findings can be silenced even where they are errors, because later stages can run what they refuse.

crate::codes! {
    NO_EVENT = "E0213", "statement about no event";
    ACCEPTS_NOTHING = "E0217", "`accept` that no payload meets";
    DROPS_NOTHING = "E0218", "`drop` that drops nothing";
    UNREACHABLE_LINE = "E0220", "line that no event can reach";
    UNREACHABLE_ARM = "E0221", "arm that nothing chooses";
    ONLY_RECOVERIES = "W0011", "route that only Resolved events reach";
    HIDDEN_ELSE = "W0012", "`also route` that keeps events from `else`";
    SHADOWED_LINE = "W0070", "line whose events go to the same channels before it";
    CONTROL_CHARACTERS = "W0071", "line that only texts with control characters reach";
    REDUNDANT_CONDITION = "W0072", "condition that holds anyway";
    CONSTANT_CONDITION = "W0073", "condition that is always or never true";
    NOT_PRODUCED = "W0074", "condition that no mapping can produce";
    DROPS_ALL = "W0077", "`drop` that leaves nothing";
}
