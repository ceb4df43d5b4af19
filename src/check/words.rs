//! The bare words of an expression, as a walk over the tree.

use crate::syntax::tree::{
    ArmHead, Comparator, Comparison, Expression, ExpressionKind, Match, Name, Part, PatternKind, Subject,
};

/// All bare words in an expression, in text order.
pub(super) fn words(expression: &Expression) -> Vec<&Name> {
    let mut words = Vec::new();
    walk(expression, &mut words);
    words
}

fn walk<'e>(expression: &'e Expression, words: &mut Vec<&'e Name>) {
    match &expression.kind {
        ExpressionKind::Name(name) => words.push(name),
        ExpressionKind::Template(template) => {
            for part in &template.parts {
                if let Part::Value(value, _) = part {
                    walk(value, words);
                }
            }
        }
        ExpressionKind::Navigate(inner, _) | ExpressionKind::Not(inner) => walk(inner, words),
        ExpressionKind::Call(_, parts)
        | ExpressionKind::Coalesce(parts)
        | ExpressionKind::Or(parts)
        | ExpressionKind::And(parts)
        | ExpressionKind::List(parts) => parts.iter().for_each(|part| walk(part, words)),
        ExpressionKind::Match(it) => of_match(it, words),
        ExpressionKind::Compare(comparison) => of_comparison(comparison, words),
        ExpressionKind::Object(members) => members.iter().for_each(|(_, value)| walk(value, words)),
        ExpressionKind::Null
        | ExpressionKind::Missing
        | ExpressionKind::Boolean(_)
        | ExpressionKind::Number(_)
        | ExpressionKind::Regex(_)
        | ExpressionKind::Path(_)
        | ExpressionKind::Constant(_) => {}
    }
}

fn of_match<'e>(it: &'e Match<Expression>, words: &mut Vec<&'e Name>) {
    it.subjects.iter().for_each(|subject| walk(subject, words));
    for arm in &it.arms {
        if let ArmHead::Columns(columns) = &arm.head {
            for pattern in columns.iter().flatten() {
                if let PatternKind::Test(test) = &pattern.kind {
                    of_comparator(test, words);
                }
            }
        }
        walk(&arm.result, words);
        for part in arm.note.iter().flat_map(|note| &note.parts) {
            if let Part::Value(value, _) = part {
                walk(value, words);
            }
        }
    }
}

fn of_comparison<'e>(comparison: &'e Comparison, words: &mut Vec<&'e Name>) {
    match &comparison.subject {
        Subject::Value(value) | Subject::Nodes(_, value) => walk(value, words),
        Subject::Now => {}
    }
    of_comparator(&comparison.test, words);
}

fn of_comparator<'e>(test: &'e Comparator, words: &mut Vec<&'e Name>) {
    match test {
        Comparator::Equal(value)
        | Comparator::Less(value)
        | Comparator::LessOrEqual(value)
        | Comparator::Greater(value)
        | Comparator::GreaterOrEqual(value)
        | Comparator::Contains(value)
        | Comparator::StartsWith(value)
        | Comparator::EndsWith(value) => walk(value, words),
        Comparator::In(values) => values.iter().for_each(|value| walk(value, words)),
        Comparator::Cidr(_)
        | Comparator::Like(_)
        | Comparator::Matches(_)
        | Comparator::Finds(_)
        | Comparator::Is(_)
        | Comparator::During(_) => {}
    }
}
