//! Keys of values that cannot be followed: equal keys mean equal values for every event.

use super::meaning::MeaningScope;
use super::{Formula, FormulaBuilder, Parameters, Term};
use crate::model::Expression;

impl<'m> FormulaBuilder<'m> {
    /// The events in which the text of a value is one of some names.
    pub(in crate::prove) fn is_member(&mut self, value: &'m Expression, names: &[&str]) -> Formula {
        let cases = self.value(value);
        if let Some(formula) = self.is_named(cases, names) {
            return formula;
        }
        let parameters = self.parameters();
        let key = self.key(value, &parameters);
        let parts: Vec<Formula> =
            names.iter().map(|name| self.statement(format!("text of {key} equals {name:?}"))).collect();
        self.formulas.or(parts)
    }

    /// The key of an expression: what it says. Within a table the same words have another value at each use.
    pub(super) fn key(&mut self, expression: &Expression, parameters: &Parameters) -> Box<str> {
        let mut text = String::new();
        let scope = MeaningScope { instance: parameters.instance, lets: None, mapping: parameters.mapping };
        self.write_meaning(expression, scope, &mut text);
        format!("{:?}", self.formulas.meaning(&text)).into()
    }
}

/// The key of a value.
pub(in crate::prove) fn of_term(term: &Term) -> String {
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
