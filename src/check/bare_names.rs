//! The bare words of an expression, as a walk over the tree.

use crate::syntax::tree::{Expression, ExpressionKind, Identifier};

/// All bare words in an expression, in text order.
pub(super) fn bare_names(expression: &Expression) -> Vec<&Identifier> {
    let mut words = Vec::new();
    walk(expression, &mut words);
    words
}

fn walk<'e>(expression: &'e Expression, words: &mut Vec<&'e Identifier>) {
    if let ExpressionKind::Name(name) = &expression.kind {
        words.push(name);
    }
    expression.each_part(&mut |part| walk(part, words));
}
