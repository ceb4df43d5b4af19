//! Orders of numbers, severities and times, and numbers of characters.

use super::{Constraint, Formula, FormulaBuilder, NumberTest, Term, VariableId, key};
use crate::json::Number;
use crate::model::{EventField, Literal, OrderRelation};
use crate::pattern::language::{LONGEST_COUNTED, StringSet, TextFunction};
use std::cmp::Ordering;

impl FormulaBuilder<'_> {
    /// The events for which one value is before or after another.
    pub(super) fn order(&mut self, relation: OrderRelation, left: &Term, right: &Term) -> Formula {
        match (left, right) {
            (Term::Constant(left), Term::Constant(right)) => {
                Formula::constant(literal_order(left, right).is_some_and(|ordering| relation.holds(ordering)))
            }
            (Term::Node(variable) | Term::NodeNumber(variable), Term::Constant(Literal::Number(number))) => {
                self.node_number(*variable, NumberTest::Order(relation, *number))
            }
            (Term::Constant(Literal::Number(number)), Term::Node(variable) | Term::NodeNumber(variable)) => {
                self.node_number(*variable, NumberTest::Order(reversed(relation), *number))
            }
            (Term::Node(_) | Term::NodeNumber(_), Term::Constant(_))
            | (Term::Constant(_), Term::Node(_) | Term::NodeNumber(_)) => Formula::FALSE,
            (Term::Severity, Term::Constant(Literal::Severity(one))) => {
                self.severities(|severity| relation.holds(severity.cmp(one)))
            }
            (Term::Constant(Literal::Severity(one)), Term::Severity) => {
                self.severities(|severity| relation.holds(one.cmp(&severity)))
            }
            (Term::Severity, Term::Severity) => Formula::constant(relation.holds(Ordering::Equal)),
            (Term::Number(variable, functions), Term::Constant(Literal::Number(number))) => {
                self.number(*variable, functions, NumberTest::Order(relation, *number))
            }
            (Term::Constant(Literal::Number(number)), Term::Number(variable, functions)) => {
                self.number(*variable, functions, NumberTest::Order(reversed(relation), *number))
            }
            (Term::Length(variable, functions), Term::Constant(Literal::Number(number))) => {
                self.length(*variable, functions, NumberTest::Order(relation, *number))
            }
            (Term::Constant(Literal::Number(number)), Term::Length(variable, functions)) => {
                self.length(*variable, functions, NumberTest::Order(reversed(relation), *number))
            }
            (Term::Time(variable), Term::Constant(Literal::Time(time))) => {
                self.formulas.atom(*variable, Constraint::Order(relation, *time))
            }
            (Term::Constant(Literal::Time(time)), Term::Time(variable)) => {
                self.formulas.atom(*variable, Constraint::Order(reversed(relation), *time))
            }
            (Term::Time(one), Term::Time(two)) if one == two => {
                let is_present = self.is_absent(*one).not();
                self.formulas.and([is_present, Formula::constant(relation.holds(Ordering::Equal))])
            }
            (Term::Opaque(..) | Term::Node(_) | Term::NodeNumber(_), _)
            | (_, Term::Opaque(..) | Term::Node(_) | Term::NodeNumber(_))
            | (Term::Time(_), Term::Time(_))
            | (Term::Number(..) | Term::Length(..), Term::Number(..) | Term::Length(..)) => {
                self.unknown_order(relation, left, right)
            }
            (
                Term::Constant(_)
                | Term::Severity
                | Term::Status
                | Term::Text(..)
                | Term::Number(..)
                | Term::Length(..)
                | Term::Time(_)
                | Term::AllLabels,
                _,
            ) => Formula::FALSE,
        }
    }

    fn unknown_order(&mut self, relation: OrderRelation, left: &Term, right: &Term) -> Formula {
        let (left, right) = (key::of_term(left), key::of_term(right));
        self.statement(format!("{left} {} {right}", relation.operator()))
    }

    /// The events in which a text holds one of some numbers, or in which the labels are so many.
    pub(super) fn number(&mut self, variable: VariableId, functions: &[TextFunction], test: NumberTest) -> Formula {
        if test == NumberTest::Any && variable == self.field(EventField::Labels) {
            return Formula::TRUE;
        }
        self.text_atom(variable, Constraint::Number(functions.into(), test))
    }

    /// The events in which a text has one of some numbers of characters.
    pub(super) fn length(&mut self, variable: VariableId, functions: &[TextFunction], test: NumberTest) -> Formula {
        let Some(ranges) = lengths(test) else {
            return self.statement(format!("length of {variable:?} {functions:?} {test:?}"));
        };
        let mut parts = Vec::new();
        for (min, max) in ranges {
            let Some(set) = StringSet::length(min, max) else {
                return self.statement(format!("length of {variable:?} {functions:?} {test:?}"));
            };
            parts.push(self.in_set(variable, functions, set));
        }
        self.formulas.or(parts)
    }
}

/// The numbers of characters that a test accepts, as ranges. None if one is too large to be counted.
fn lengths(test: NumberTest) -> Option<Vec<(u32, Option<u32>)>> {
    let constant = match test {
        NumberTest::Any => return Some(vec![(0, None)]),
        NumberTest::Equal(constant) | NumberTest::Order(_, constant) => constant,
    };
    if constant > Number::from(u64::from(LONGEST_COUNTED)) {
        return None;
    }
    let mut ranges: Vec<(u32, Option<u32>)> = Vec::new();
    for count in 0..=LONGEST_COUNTED {
        if test.holds(Number::from(u64::from(count))) {
            match ranges.last_mut() {
                Some((_, Some(last))) if *last + 1 == count => *last = count,
                _ => ranges.push((count, Some(count))),
            }
        }
    }
    // No constant is larger, so all larger numbers are alike.
    if test.holds(Number::from(u64::from(LONGEST_COUNTED) + 1)) {
        match ranges.last_mut() {
            Some((_, last)) if *last == Some(LONGEST_COUNTED) => *last = None,
            _ => return None,
        }
    }
    Some(ranges)
}

/// The relation with its sides exchanged.
fn reversed(relation: OrderRelation) -> OrderRelation {
    match relation {
        OrderRelation::Less => OrderRelation::Greater,
        OrderRelation::LessOrEqual => OrderRelation::GreaterOrEqual,
        OrderRelation::Greater => OrderRelation::Less,
        OrderRelation::GreaterOrEqual => OrderRelation::LessOrEqual,
    }
}

fn literal_order(left: &Literal, right: &Literal) -> Option<Ordering> {
    match (left, right) {
        (Literal::Number(left), Literal::Number(right)) => Some(left.cmp(right)),
        (Literal::Severity(left), Literal::Severity(right)) => Some(left.cmp(right)),
        (Literal::Time(left), Literal::Time(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
