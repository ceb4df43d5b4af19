//! The blanks between two tokens of a line.

use super::tokens::FormatTokens;

/// Whether a blank stands before a token that follows another one on its line.
pub(super) fn has_blank_before(tokens: &FormatTokens<'_>, token: usize) -> bool {
    let Some(before) = token.checked_sub(1) else { return false };
    let is_glued = tokens.tokens.get(token).is_some_and(|token| token.is_glued);
    let (last, next) = (tokens.text(before), tokens.text(token));
    if is_glued || matches!(last, "(" | "[" | ".." | "..." | "+") || matches!(next, ")" | "]" | "," | ".." | ":") {
        return false;
    }
    !(last == "{" && next == "}")
}
