//! Keys of expressions that cannot be followed: equal keys mean equal values for every event.

use super::{Parameters, Term};
use crate::model::{Expression, ExpressionKind};
use std::fmt::Write;

/// The key of an expression. Calls are alike if their functions and arguments are; everything else that cannot be followed
/// is known by its place.
pub(super) fn of_expression(expression: &Expression, parameters: &Parameters) -> Box<str> {
    let mut key = String::new();
    write(expression, parameters, &mut key);
    key.into()
}

fn write(expression: &Expression, parameters: &Parameters, key: &mut String) {
    match &expression.kind {
        ExpressionKind::Literal(literal) => _ = write!(key, "{literal:?}"),
        ExpressionKind::Field(field) => _ = write!(key, "{}", field.name()),
        ExpressionKind::Label(name) => _ = write!(key, "labels[{name:?}]"),
        ExpressionKind::Define(id) => _ = write!(key, "define {id}"),
        // Each mapping has elements of its own, and a path of one has the same value wherever it stands.
        ExpressionKind::Path(path) => _ = write!(key, "{} of {:?}", path.text(), parameters.mapping),
        ExpressionKind::Let(id) => _ = write!(key, "let {id} of {:?}", parameters.mapping),
        ExpressionKind::Call(function, arguments) => {
            _ = write!(key, "{}(", function.name);
            for argument in arguments {
                write(argument, parameters, key);
                key.push(',');
            }
            key.push(')');
        }
        ExpressionKind::Template(_)
        | ExpressionKind::Nodes(_)
        | ExpressionKind::Regex(_)
        | ExpressionKind::Parameter(_)
        | ExpressionKind::Request(_)
        | ExpressionKind::Group(_)
        | ExpressionKind::Navigate(..)
        | ExpressionKind::Lookup(..)
        | ExpressionKind::Coalesce(_)
        | ExpressionKind::Match(_)
        | ExpressionKind::Or(_)
        | ExpressionKind::And(_)
        | ExpressionKind::Not(_)
        | ExpressionKind::Compare(_)
        | ExpressionKind::List(_)
        | ExpressionKind::Object(_) => {
            // Within a table the same place has another value at each use.
            _ = write!(key, "at {:?} in {}", expression.span, parameters.instance);
        }
    }
}

/// The key of a value.
pub(super) fn of_term(term: &Term) -> String {
    match term {
        Term::Constant(literal) => format!("{literal:?}"),
        Term::Severity => "severity".to_owned(),
        Term::Status => "status".to_owned(),
        Term::Text(variable, functions) => format!("text {variable:?} {functions:?}"),
        Term::Number(variable, functions) => format!("number {variable:?} {functions:?}"),
        Term::Node(variable) => format!("node {variable:?}"),
        Term::NodeNumber(variable) => format!("number of node {variable:?}"),
        Term::Length(variable, functions) => format!("length {variable:?} {functions:?}"),
        Term::Time(variable) => format!("time {variable:?}"),
        Term::AllLabels => "labels".to_owned(),
        Term::Opaque(key, _) => format!("opaque {key}"),
    }
}
