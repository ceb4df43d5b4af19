//! Rules by a form of their own, which some rules share that say the same in other words.
//!
//! Arms that no value fits both of, or that result in the same constant, stand in a fixed order. In an arm behind one
//! that takes what is missing, the subject has a
//! value, so that what stands behind it in `??` is left out.

use crate::model::{
    Comparator, Expression, ExpressionKind, LabelEntry, Literal, Match, MatchArm, Model, Pattern, TableRows,
};
use crate::pattern::Case;

/// Writes the mappings, tables and defines of a model in that form.
pub(super) fn simplify(model: &mut Model) {
    for mapping in &mut model.mappings {
        for accept in &mut mapping.accept {
            simplify_expression(&mut accept.when);
        }
        mapping.lets.iter_mut().for_each(|own| simplify_expression(&mut own.value));
        mapping.drops.iter_mut().for_each(|drop| simplify_expression(&mut drop.when));
        mapping.fields.iter_mut().for_each(|(_, value)| simplify_expression(value));
        for entry in &mut mapping.labels {
            let (LabelEntry::Spread(value, _) | LabelEntry::Set(_, value)) = entry;
            simplify_expression(value);
        }
    }
    for table in &mut model.tables {
        if let TableRows::Arms(rows) = &mut table.rows {
            rows.arms.iter_mut().for_each(|arm| simplify_expression(&mut arm.result));
            simplify_match(rows);
        }
    }
    model.defines.iter_mut().for_each(|define| simplify_expression(&mut define.value));
}

fn simplify_expression(expression: &mut Expression) {
    expression.each_part_mut(&mut simplify_expression);
    if let ExpressionKind::Match(choice) = &mut expression.kind {
        simplify_match(choice);
    }
}

fn simplify_match(choice: &mut Match<Expression>) {
    let case = choice.case;
    if let [subject] = choice.subjects.as_slice() {
        let taken = choice.arms.iter().position(takes_missing).unwrap_or(choice.arms.len());
        for arm in choice.arms.iter_mut().skip(taken + 1) {
            without_idle_alternatives(&mut arm.result, subject);
        }
    }
    let mut left = std::mem::take(&mut choice.arms);
    while !left.is_empty() {
        let first = first_arm(&left, case);
        choice.arms.push(left.remove(first));
    }
}

fn takes_missing(arm: &MatchArm<Expression>) -> bool {
    let is_missing = |pattern: &Pattern| matches!(pattern, Pattern::Test(Comparator::Equal(value), _) if value.literal() == Some(&Literal::Missing));
    arm.columns.iter().flatten().any(is_missing)
}

/// `a ?? b` where `a` has a value.
fn without_idle_alternatives(result: &mut Expression, subject: &Expression) {
    if let ExpressionKind::Coalesce(operands) = &result.kind
        && let Some(first) = operands.first().filter(|first| is_same_let(first, subject)).cloned()
    {
        *result = first;
    }
}

/// Whether both are the same let or the same path, which have one value for an element.
fn is_same_let(one: &Expression, two: &Expression) -> bool {
    match (&one.kind, &two.kind) {
        (ExpressionKind::Let(one), ExpressionKind::Let(two)) => one == two,
        (ExpressionKind::Path(one), ExpressionKind::Path(two)) => one.text() == two.text(),
        _ => false,
    }
}

/// The position of the arm that comes first: of those that may stand before all others, the one with the least text.
fn first_arm(arms: &[MatchArm<Expression>], case: Case) -> usize {
    let may_lead = |at: usize| arms.iter().take(at).zip(arms.get(at)).all(|(before, arm)| may_swap(before, arm, case));
    let leads = (0..arms.len()).filter(|at| may_lead(*at));
    leads.min_by_key(|at| (arms.get(*at).map(|arm| literal_texts(arm, case)), *at)).unwrap_or(0)
}

fn literal_texts(arm: &MatchArm<Expression>, case: Case) -> Vec<Vec<String>> {
    let texts = |column: &Vec<Pattern>| column.iter().filter_map(|pattern| literal_text(pattern, case)).collect();
    arm.columns.iter().map(texts).collect()
}

/// Whether the order of two neighbours says nothing: both result in the same constant, or no value fits both.
fn may_swap(one: &MatchArm<Expression>, two: &MatchArm<Expression>, case: Case) -> bool {
    let is_plain = one.note.is_none() && two.note.is_none();
    let is_same = one.result.literal().is_some() && one.result.literal() == two.result.literal();
    is_plain && is_same || are_apart(one, two, case)
}

/// Whether no value fits both arms, because of constants in one column.
fn are_apart<R>(one: &MatchArm<R>, two: &MatchArm<R>, case: Case) -> bool {
    one.columns.iter().zip(&two.columns).any(|(one, two)| {
        one.iter().all(|one| {
            let one = literal_text(one, case);
            one.is_some() && two.iter().all(|two| literal_text(two, case).is_some_and(|two| Some(two) != one))
        })
    })
}

/// A pattern that exactly one text or constant fits, or what is missing. `null` fits what is missing as well.
fn literal_text(pattern: &Pattern, case: Case) -> Option<String> {
    let Pattern::Test(Comparator::Equal(value), _) = pattern else { return None };
    match value.literal()? {
        Literal::Text(text) if case.is_ignored() => Some(format!("text {}", case.fold(text))),
        Literal::Missing | Literal::Null => Some("missing".to_owned()),
        literal @ (Literal::Text(_) | Literal::Severity(_) | Literal::Status(_)) => Some(format!("{literal:?}")),
        Literal::Boolean(_) | Literal::Number(_) | Literal::Time(_) => None,
    }
}
