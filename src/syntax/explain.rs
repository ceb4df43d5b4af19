//! What pest expected, in the words of the language.

use super::grammar::Rule;

/// Where a parse failed, and what could have stood there.
pub(super) fn failure(error: &pest::error::Error<Rule>) -> (usize, String) {
    let at = match error.location {
        pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => at,
    };
    (at, format!("{}", error.variant.message()))
}
