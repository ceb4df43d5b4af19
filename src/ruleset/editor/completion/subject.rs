//! What a value at a place is compared with, or set for: a field with its constants, a label.

use super::cursor::Cursor;
use super::{Completion, CompletionKind};
use crate::event::{AlertStatus, Severity};
use crate::syntax::TokenClass;

/// Operators between a value and those that it is compared with.
pub(super) const COMPARES: [&str; 12] = ["==", "!=", "<", "<=", ">", ">=", "in", "like", "contains", "with", "|", "=>"];

/// The constants that a field takes.
pub(super) fn constants(cursor: &Cursor<'_>, field: &str) -> Vec<Completion> {
    let names: Vec<&'static str> = match field {
        "severity" => Severity::ALL.into_iter().map(Severity::name).collect(),
        "status" => AlertStatus::ALL.into_iter().map(AlertStatus::name).collect(),
        _ => Vec::new(),
    };
    let completion =
        |name| Completion::new(name, CompletionKind::Constant, cursor.span()).detail(field.to_owned()).rank(1);
    names.into_iter().map(completion).collect()
}

/// The name on the other side of an operator, or the field that the value is for.
pub(super) fn other_side<'t>(cursor: &Cursor<'t>) -> &'t str {
    let mut index = cursor.count();
    // A list in brackets is compared as a whole.
    while let Some(last) = index.checked_sub(1) {
        let word = cursor.word(last);
        if COMPARES.contains(&word) || word == "=" {
            break;
        }
        let is_item = matches!(word, "," | "[" | "not") || cursor.class(last) == Some(TokenClass::Constant);
        if !is_item && cursor.class(last) != Some(TokenClass::String) {
            return "";
        }
        index = last;
    }
    let Some(operator) = index.checked_sub(1) else { return "" };
    match cursor.word(operator) {
        "=>" | "|" => result_of(cursor, operator),
        "in" if operator > 1 && cursor.word(operator - 1) == "not" => cursor.word(operator - 2),
        _ => operator.checked_sub(1).map_or("", |subject| cursor.word(subject)),
    }
}

/// The field that the arms around a token give.
fn result_of<'t>(cursor: &Cursor<'t>, operator: usize) -> &'t str {
    let set =
        (0..operator).rev().find(|index| cursor.word(*index) == "=" && cursor.begins_line(index.saturating_sub(1)));
    set.and_then(|equals| equals.checked_sub(1)).map_or("", |field| cursor.word(field))
}

/// The label whose name ends before a token.
pub(super) fn label_before(cursor: &Cursor<'_>, end: usize) -> Option<String> {
    let name = end.checked_sub(1)?;
    let labels = |index: Option<usize>| index.is_some_and(|index| cursor.word(index) == "labels");
    if cursor.word(name.checked_sub(1)?) == "." && labels(name.checked_sub(2)) {
        return Some(cursor.word(name).to_owned());
    }
    let is_bracket = cursor.word(name) == "]" && labels(name.checked_sub(3));
    is_bracket.then(|| cursor.word(name - 1).trim_matches('"').to_owned())
}
