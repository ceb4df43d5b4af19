//! Values that rules look for, and that no sample has.

use super::seen::{Seen, SeenTexts};
use crate::check::sample_code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::model::mention::{ExpressionOwner, ModelMentions, ValueTest};
use crate::model::{Comparator, Expression, ExpressionKind, Literal};
use crate::source::Span;
use crate::text::{enumeration, rule_string};
use std::collections::{BTreeMap, BTreeSet};

/// How many values a message lists.
const MAX_LISTED: usize = 6;

/// A value that a test looks for and that no sample has.
struct AbsentValue<'m> {
    text: &'m str,
    span: Span,
}

/// One finding for each value that is tested, with all that no sample has.
pub(super) fn findings(mentions: &ModelMentions<'_>, seen: &Seen<'_>) -> Vec<Diagnostic> {
    let mut by_subject: BTreeMap<Span, (Vec<AbsentValue<'_>>, &SeenTexts)> = BTreeMap::new();
    for (owner, test) in &mentions.tests {
        let Some(texts) = texts(*owner, test.subject, seen) else { continue };
        let absent = absent(test, texts);
        if !absent.is_empty() {
            by_subject.entry(test.subject.span).or_insert_with(|| (Vec::new(), texts)).0.extend(absent);
        }
    }
    by_subject.values().filter_map(|(absent, texts)| finding(absent, texts)).collect()
}

/// The texts that samples have for the subject of a test.
fn texts<'s>(owner: ExpressionOwner, subject: &Expression, seen: &'s Seen<'_>) -> Option<&'s SeenTexts> {
    match (owner, &subject.kind) {
        (ExpressionOwner::Mapping(_), _) => seen.subjects.get(&subject.span),
        (ExpressionOwner::Table(table), ExpressionKind::Parameter(parameter)) => {
            seen.arguments.get(&(table, *parameter))
        }
        (_, ExpressionKind::Label(name)) => seen.labels.get(name),
        _ => None,
    }
}

/// The texts that a test looks for and that are not among those of samples.
fn absent<'m>(test: &ValueTest<'m>, texts: &SeenTexts) -> Vec<AbsentValue<'m>> {
    let wanted: Vec<(&'m str, Span)> = match test.test {
        Comparator::Equal(operand) => text(operand).map(|text| (text, test.span)).into_iter().collect(),
        Comparator::In(operands) => operands.iter().filter_map(|each| Some((text(each)?, each.span))).collect(),
        Comparator::Order(..) | Comparator::Text(_) | Comparator::Is(_) | Comparator::During(_) => Vec::new(),
    };
    if wanted.is_empty() {
        return Vec::new();
    }
    let Some(all) = texts.all() else { return Vec::new() };
    let all: BTreeSet<_> = all.map(|text| test.case.fold(text)).collect();
    let absent = wanted.into_iter().filter(|(text, _)| !text.is_empty() && !all.contains(&test.case.fold(text)));
    absent.map(|(text, span)| AbsentValue { text, span }).collect()
}

fn text(operand: &Expression) -> Option<&str> {
    if let Some(Literal::Text(text)) = operand.literal() { Some(text) } else { None }
}

fn finding(absent: &[AbsentValue<'_>], texts: &SeenTexts) -> Option<Diagnostic> {
    let first = absent.first()?;
    let message = format!("no sample has {} here", listed(absent.iter().map(|value| value.text), "or"));
    let found = Diagnostic::new(&sample_code::ABSENT_VALUE, first.span, message).label("never comes");
    let all: Vec<&str> = texts.all()?.collect();
    let found = found.note(format!("samples have {}", listed(all.iter().copied(), "and")));
    let unused = all.iter().copied().filter(|text| !absent.iter().any(|value| value.text == *text));
    Some(match nearest(first.text, unused) {
        Some(near) if absent.len() == 1 => found.help(format!("did you mean {}?", rule_string(near))),
        _ => found,
    })
}

/// `"a", "b" or "c"`, and how many more.
pub(super) fn listed<'t>(texts: impl Iterator<Item = &'t str>, conjunction: &str) -> String {
    let mut all: Vec<String> = texts.map(rule_string).collect();
    let more = all.len().saturating_sub(MAX_LISTED);
    if more > 0 {
        all.truncate(MAX_LISTED);
        all.push(format!("{more} more"));
    }
    enumeration(&all, conjunction)
}
