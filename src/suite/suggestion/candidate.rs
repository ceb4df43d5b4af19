//! Values that arms ask for.

use crate::json::Number;
use crate::model::mention::{ModelMentions, TestForm};
use crate::model::{Comparator, Expression, Literal, OrderRelation, TextTest, ValueKind};
use crate::pattern::language::{SearchLimits, SearchResult, StringSet, search};
use crate::pattern::{Case, Glob};
use crate::source::Span;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// An unknown word, no value, values for the patterns of the arms, and values of every kind: the plainest first. `None` stands
/// for no value.
pub(super) fn candidates(mentions: &ModelMentions<'_>, arms: &BTreeSet<Span>) -> Vec<Option<Value>> {
    let mut values: Vec<Option<Value>> = Vec::new();
    let mut add = |value: Option<Value>| {
        if !values.contains(&value) {
            values.push(value);
        }
    };
    add(Some(json!("something else")));
    add(None);
    for (_, test) in mentions.tests.iter().filter(|(_, test)| test.form == TestForm::Pattern) {
        if arms.iter().any(|arm| arm.covers(test.span)) {
            values_of(test.test, test.case).into_iter().for_each(&mut add);
        }
    }
    for value in [Value::Null, json!(""), json!(0), json!(true), json!([]), json!({})] {
        add(Some(value));
    }
    values
}

/// Values for which a test holds.
fn values_of(test: &Comparator, case: Case) -> Vec<Option<Value>> {
    match test {
        Comparator::Equal(operand) => literal(operand),
        Comparator::In(operands) => operands.iter().take(1).flat_map(literal).collect(),
        Comparator::Order(relation, operand) => ordered(*relation, operand).map(Some).into_iter().collect(),
        Comparator::Text(test) => text(test, case).map(|text| Some(Value::String(text))).into_iter().collect(),
        Comparator::Is(kind) => vec![of_kind(*kind)],
        Comparator::During(_) => Vec::new(),
    }
}

/// The constant, if it is one that JSON has or that is no value.
fn literal(operand: &Expression) -> Vec<Option<Value>> {
    let value = match operand.literal() {
        None => return Vec::new(),
        Some(Literal::Missing) => return vec![None],
        Some(Literal::Null) => Some(Value::Null),
        Some(Literal::Boolean(value)) => Some(json!(value)),
        Some(Literal::Number(number)) => of_number(*number),
        Some(Literal::Text(text)) => Some(json!(text)),
        Some(Literal::Severity(severity)) => Some(json!(severity.name())),
        Some(Literal::Status(status)) => Some(json!(status.name())),
        Some(Literal::Time(time)) => Some(json!(time.to_string())),
    };
    value.map(Some).into_iter().collect()
}

fn of_number(number: Number) -> Option<Value> {
    match number {
        Number::Natural(value) => Some(json!(value)),
        Number::Negative(value) => Some(json!(value)),
        Number::Float(value) => serde_json::Number::from_f64(value).map(Value::Number),
    }
}

/// The bound itself, or the next whole number on the other side of it.
fn ordered(relation: OrderRelation, operand: &Expression) -> Option<Value> {
    let Some(Literal::Number(number)) = operand.literal() else { return None };
    let step = match relation {
        OrderRelation::Less => -1,
        OrderRelation::Greater => 1,
        OrderRelation::LessOrEqual | OrderRelation::GreaterOrEqual => return of_number(*number),
    };
    match number.integer().and_then(|whole| i64::try_from(whole + step).ok()) {
        Some(whole) => Some(json!(whole)),
        None => serde_json::Number::from_f64(number.float() + if step < 0 { -1.0 } else { 1.0 }).map(Value::Number),
    }
}

/// A shortest text for which a test holds.
fn text(test: &TextTest, case: Case) -> Option<String> {
    let set = match test {
        TextTest::Cidr(networks) => StringSet::networks(networks),
        TextTest::Like(globs) => StringSet::globs(globs.iter().map(Glob::text), case),
        TextTest::Regex(scope, regex) => StringSet::regex(regex, *scope),
        TextTest::Piece(_, piece) => {
            let Some(Literal::Text(piece)) = piece.literal() else { return None };
            return Some(piece.to_string());
        }
    };
    if let SearchResult::Found(text) = search(&[&set], &[], &SearchLimits::default()) { Some(text) } else { None }
}

fn of_kind(kind: ValueKind) -> Option<Value> {
    match kind {
        ValueKind::Missing => None,
        ValueKind::Null => Some(Value::Null),
        ValueKind::Empty => Some(json!("")),
        ValueKind::Text => Some(json!("something")),
        ValueKind::Number => Some(json!(1)),
        ValueKind::Boolean => Some(json!(true)),
        ValueKind::Array => Some(json!(["something"])),
        ValueKind::Object => Some(json!({ "name": "something" })),
    }
}
