//! `accept` conditions of which no payload can fulfil all: they ask one path for two kinds of value, or for two texts.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::{
    Comparator, Comparison, ComparisonSubject, Condition, Expression, ExpressionKind, Literal, Mapping, ValueKind,
};
use crate::source::Span;
use crate::value::ValueType;
use std::collections::{BTreeSet, HashMap};

pub(crate) const CODE: DiagnosticCode = crate::code!("W0033", "mapping that accepts no payload");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    diagnostics.extend(input.model.mappings.iter().filter_map(|mapping| excluded(input, mapping)));
}

fn excluded(input: &LintInput<'_>, mapping: &Mapping) -> Option<Diagnostic> {
    let mut known: HashMap<&str, PathDemand<'_>> = HashMap::new();
    for part in mapping.accept.iter().flat_map(|accept| accept.when.conjuncts()) {
        let Condition::Compare(comparison) = part.condition() else { continue };
        let ComparisonSubject::Value(Expression { kind: ExpressionKind::Path(path), .. }) = &comparison.subject else {
            continue;
        };
        let demand = PathDemand { types: types(comparison), texts: texts(comparison), place: part.span };
        let Some(before) = known.get_mut(path.text()) else {
            known.insert(path.text(), demand);
            continue;
        };
        if before.excludes(&demand) {
            let text = |span| input.environment.sources.text(span);
            let message = format!("the mapping `{}` accepts no payload", mapping.name);
            let finding = Diagnostic::new(&CODE, part.span, message)
                .label(format!("is never true together with `{}`", text(before.place)))
                .related(before.place, "all conditions of `accept` must be true");
            return Some(finding.help(format!("join them: `{} or {}`", text(before.place), text(part.span))));
        }
        before.types = before.types.and(demand.types);
        before.texts = before.texts.take().or(demand.texts);
    }
    None
}

/// What a value must be for a condition to hold.
struct PathDemand<'m> {
    types: ValueType,
    /// Exactly one of these, if the condition says so.
    texts: Option<BTreeSet<&'m str>>,
    place: Span,
}

impl PathDemand<'_> {
    fn excludes(&self, other: &Self) -> bool {
        let apart = |one: &BTreeSet<&str>, two: &BTreeSet<&str>| one.is_disjoint(two);
        self.types.and(other.types) == ValueType::NEVER
            || self.texts.as_ref().zip(other.texts.as_ref()).is_some_and(|(one, two)| apart(one, two))
    }
}

/// The kinds of value for which a comparison may hold.
fn types(comparison: &Comparison) -> ValueType {
    let kinds = match &comparison.test {
        Comparator::Is(kind) => of_kind(*kind),
        Comparator::Text(_) if !comparison.negated => ValueType::TEXT,
        Comparator::Equal(value) if !comparison.negated => of_literal(value),
        Comparator::In(values) if !comparison.negated => {
            values.iter().fold(ValueType::NEVER, |types, value| types | of_literal(value))
        }
        Comparator::Order(..) if !comparison.negated => ValueType::JSON.without(ValueType::NOTHING),
        Comparator::Text(_)
        | Comparator::Equal(_)
        | Comparator::In(_)
        | Comparator::Order(..)
        | Comparator::During(_) => return ValueType::JSON,
    };
    match &comparison.test {
        // Something empty may be of several kinds, and a value of any of them may not be empty.
        Comparator::Is(ValueKind::Empty) if comparison.negated => ValueType::JSON.without(ValueType::NOTHING),
        Comparator::Is(_) if comparison.negated => ValueType::JSON.without(kinds),
        Comparator::Is(_)
        | Comparator::Text(_)
        | Comparator::Equal(_)
        | Comparator::In(_)
        | Comparator::Order(..)
        | Comparator::During(_) => kinds,
    }
}

fn of_kind(kind: ValueKind) -> ValueType {
    match kind {
        ValueKind::Missing => ValueType::NOTHING,
        ValueKind::Null => ValueType::NULL,
        ValueKind::Empty => ValueType::NOTHING | ValueType::TEXT | ValueType::ARRAY | ValueType::OBJECT,
        ValueKind::Text => ValueType::TEXT,
        ValueKind::Number => ValueType::NUMBER,
        ValueKind::Boolean => ValueType::BOOLEAN,
        ValueKind::Array => ValueType::ARRAY,
        ValueKind::Object => ValueType::OBJECT,
    }
}

fn of_literal(value: &Expression) -> ValueType {
    value.literal().map_or(ValueType::JSON, Literal::value_type)
}

/// The texts of which a value must be one, where letter case counts.
fn texts(comparison: &Comparison) -> Option<BTreeSet<&str>> {
    if comparison.negated || comparison.case.is_ignored() {
        return None;
    }
    let (Comparator::Equal(_) | Comparator::In(_)) = &comparison.test else { return None };
    comparison.test.operands().iter().map(literal_text).collect()
}

fn literal_text(value: &Expression) -> Option<&str> {
    if let Some(Literal::Text(text)) = value.literal() { Some(text) } else { None }
}
