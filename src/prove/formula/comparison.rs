//! Comparisons of values, as the evaluator decides them.

use super::{Constraint, Formula, FormulaBuilder, NumberTest, Parameters, Term, ValueCase, Variable, VariableId, key};
use crate::event::{AlertStatus, Severity};
use crate::json::Number;
use crate::model::{Comparator, Expression, Literal, ScheduleId, ValueKind};
use crate::pattern::language::{StringSet, TextFunction};
use crate::pattern::{Case, fold};
use crate::value::ValueType;

impl<'m> FormulaBuilder<'m> {
    /// The events for which a test holds for a value.
    pub(super) fn test_cases(
        &mut self,
        subject: &[ValueCase],
        test: &'m Comparator,
        case: Case,
        parameters: &Parameters,
    ) -> Formula {
        match test {
            Comparator::Equal(value) => match value.literal() {
                Some(Literal::Missing) => self.any_case(subject, |builder, term| builder.is(term, ValueKind::Missing)),
                Some(Literal::Null) => self.any_case(subject, |builder, term| builder.is(term, ValueKind::Null)),
                _ => self.equal_to(subject, value, case, parameters),
            },
            Comparator::In(values) => self.one_of(subject, values, case, parameters),
            Comparator::Order(relation, value) => {
                let operand = self.cases(value, parameters);
                self.any_case(subject, |builder, left| {
                    builder.any_case(&operand, |builder, right| builder.order(*relation, left, right))
                })
            }
            Comparator::Text(test) => self.text_cases(subject, test, case, parameters),
            Comparator::Is(kind) => self.any_case(subject, |builder, term| builder.is(term, *kind)),
            Comparator::During(schedule) => self.any_case(subject, |builder, term| builder.during(term, *schedule)),
        }
    }

    fn equal_to(
        &mut self,
        subject: &[ValueCase],
        value: &'m Expression,
        case: Case,
        parameters: &Parameters,
    ) -> Formula {
        let operand = self.cases(value, parameters);
        self.any_case(subject, |builder, left| {
            builder.any_case(&operand, |builder, right| builder.equal(left, right, case))
        })
    }

    fn one_of(
        &mut self,
        subject: &[ValueCase],
        values: &'m [Expression],
        case: Case,
        parameters: &Parameters,
    ) -> Formula {
        let (mut texts, mut parts) = (Vec::new(), Vec::new());
        for value in values {
            match value.literal() {
                Some(Literal::Text(text)) => texts.push(&**text),
                _ => parts.push(self.equal_to(subject, value, case, parameters)),
            }
        }
        parts.push(self.any_case(subject, |builder, term| builder.is_word(term, &texts, case)));
        self.formulas.or(parts)
    }

    /// The events for which a value is one of some literals.
    pub(super) fn is_word(&mut self, term: &Term, words: &[&str], case: Case) -> Formula {
        match term {
            Term::Constant(Literal::Text(text)) => {
                Formula::constant(words.iter().any(|word| case.fold(text) == case.fold(word)))
            }
            Term::Text(variable, functions) if !words.is_empty() => {
                self.in_set(*variable, functions, StringSet::literals(words.iter().copied(), case))
            }
            Term::Node(variable) if !words.is_empty() => {
                self.in_set(*variable, &[], StringSet::literals(words.iter().copied(), case))
            }
            Term::Opaque(..) => {
                let parts: Vec<Formula> = words
                    .iter()
                    .map(|word| self.equal(term, &Term::Constant(Literal::Text((*word).into())), case))
                    .collect();
                self.formulas.or(parts)
            }
            Term::Constant(_)
            | Term::Severity
            | Term::Status
            | Term::Text(..)
            | Term::Number(..)
            | Term::Node(_)
            | Term::NodeNumber(_)
            | Term::Length(..)
            | Term::Time(_)
            | Term::AllLabels => Formula::FALSE,
        }
    }

    /// The events for which a text, changed by functions in their order, is in a set.
    pub(super) fn in_set(&mut self, variable: VariableId, functions: &[TextFunction], set: StringSet) -> Formula {
        let set = functions.iter().rev().fold(set, |set, function| set.after(*function));
        self.text_atom(variable, Constraint::InSet(set))
    }

    /// A constraint on a text. The JSON of a value of a payload is solved with the value.
    pub(super) fn text_atom(&mut self, variable: VariableId, constraint: Constraint) -> Formula {
        if let Some(Variable::Written(value, kind)) = self.formulas.variable(variable) {
            let (value, kind) = (*value, *kind);
            return self.formulas.atom(value, Constraint::Written(kind, Box::new(constraint)));
        }
        self.formulas.atom(variable, constraint)
    }

    /// The events for which two values are equal.
    pub(in crate::prove) fn equal(&mut self, left: &Term, right: &Term, case: Case) -> Formula {
        match (left, right) {
            (Term::Node(variable), Term::Constant(literal)) | (Term::Constant(literal), Term::Node(variable)) => {
                self.node_equals(*variable, literal, case)
            }
            (Term::NodeNumber(variable), Term::Constant(Literal::Number(number)))
            | (Term::Constant(Literal::Number(number)), Term::NodeNumber(variable)) => {
                self.node_number(*variable, NumberTest::Equal(*number))
            }
            (Term::NodeNumber(_), Term::Constant(_)) | (Term::Constant(_), Term::NodeNumber(_)) => Formula::FALSE,
            (Term::Constant(left), Term::Constant(right)) => Formula::constant(literals_equal(left, right, case)),
            (Term::Severity, Term::Severity) | (Term::Status, Term::Status) => Formula::TRUE,
            (Term::Severity, Term::Constant(Literal::Severity(one)))
            | (Term::Constant(Literal::Severity(one)), Term::Severity) => {
                self.severities(|severity: Severity| severity == *one)
            }
            (Term::Status, Term::Constant(Literal::Status(one)))
            | (Term::Constant(Literal::Status(one)), Term::Status) => {
                self.statuses(|status: AlertStatus| status == *one)
            }
            (text @ Term::Text(..), Term::Constant(Literal::Text(word)))
            | (Term::Constant(Literal::Text(word)), text @ Term::Text(..)) => self.is_word(text, &[word], case),
            (Term::Number(variable, functions), Term::Constant(Literal::Number(number)))
            | (Term::Constant(Literal::Number(number)), Term::Number(variable, functions)) => {
                self.number(*variable, functions, NumberTest::Equal(*number))
            }
            (Term::Length(variable, functions), Term::Constant(Literal::Number(number)))
            | (Term::Constant(Literal::Number(number)), Term::Length(variable, functions)) => {
                self.length(*variable, functions, NumberTest::Equal(*number))
            }
            (Term::Time(variable), Term::Constant(Literal::Time(time)))
            | (Term::Constant(Literal::Time(time)), Term::Time(variable)) => {
                self.formulas.atom(*variable, Constraint::At(*time))
            }
            (Term::Text(one, first), Term::Text(two, second)) => {
                if one == two && first == second {
                    return self.is_absent(*one).not();
                }
                if first.is_empty() && second.is_empty() && case == Case::Sensitive && self.may_join(*one, *two) {
                    return self.formulas.atom(*one.min(two), Constraint::Same(*one.max(two)));
                }
                self.unknown_equality(left, right, case)
            }
            (Term::Time(one), Term::Time(two)) if one == two => self.is_absent(*one).not(),
            (Term::Opaque(..) | Term::Node(_) | Term::NodeNumber(_), _)
            | (_, Term::Opaque(..) | Term::Node(_) | Term::NodeNumber(_))
            | (Term::Time(_), Term::Time(_))
            | (Term::Number(..) | Term::Length(..), Term::Number(..) | Term::Length(..)) => {
                self.unknown_equality(left, right, case)
            }
            // Values of different kinds are never equal, and neither are the labels as a whole.
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

    /// Whether two texts can be told to be the same: values of a payload may be no texts.
    fn may_join(&self, one: VariableId, two: VariableId) -> bool {
        let is_text =
            |variable| !matches!(self.formulas.variable(variable), Some(Variable::Node(_) | Variable::Written(..)));
        is_text(one) && is_text(two)
    }

    fn unknown_equality(&mut self, left: &Term, right: &Term, case: Case) -> Formula {
        if let (Term::Opaque(_, types), Term::Constant(literal)) | (Term::Constant(literal), Term::Opaque(_, types)) =
            (left, right)
            && !types.overlaps(literal.value_type() | ValueType::UNKNOWN)
        {
            return Formula::FALSE;
        }
        let (mut one, mut two) = (key::of_term(left), key::of_term(right));
        if one > two {
            std::mem::swap(&mut one, &mut two);
        }
        self.statement(format!("{one} equals {two} {case:?}"))
    }

    /// The events for which a value is of a kind.
    pub(super) fn is(&mut self, term: &Term, kind: ValueKind) -> Formula {
        match term {
            Term::Constant(literal) => Formula::constant(literal_is(literal, kind)),
            Term::Opaque(key, _) => self.statement(format!("{key} is {}", kind.name())),
            Term::Node(variable) => self.node_is(*variable, kind),
            Term::Severity | Term::Status => Formula::FALSE,
            Term::AllLabels => match kind {
                ValueKind::Empty => {
                    let labels = self.field(crate::model::EventField::Labels);
                    self.number(labels, &[], NumberTest::Equal(Number::from(0_u64)))
                }
                ValueKind::Object => Formula::TRUE,
                ValueKind::Missing
                | ValueKind::Null
                | ValueKind::Text
                | ValueKind::Number
                | ValueKind::Boolean
                | ValueKind::Array => Formula::FALSE,
            },
            Term::Text(variable, functions) => match kind {
                ValueKind::Missing => self.is_absent(*variable),
                ValueKind::Text => self.is_absent(*variable).not(),
                ValueKind::Empty => {
                    let is_absent = self.is_absent(*variable);
                    let nothing = self.in_set(*variable, functions, StringSet::literals([""], Case::Sensitive));
                    self.formulas.or([is_absent, nothing])
                }
                ValueKind::Null | ValueKind::Number | ValueKind::Boolean | ValueKind::Array | ValueKind::Object => {
                    Formula::FALSE
                }
            },
            Term::Number(..) | Term::NodeNumber(_) | Term::Length(..) | Term::Time(_) => {
                let has_value = self.has_value(term);
                match kind {
                    ValueKind::Missing | ValueKind::Empty => has_value.not(),
                    ValueKind::Number if !matches!(term, Term::Time(_)) => has_value,
                    ValueKind::Number
                    | ValueKind::Null
                    | ValueKind::Text
                    | ValueKind::Boolean
                    | ValueKind::Array
                    | ValueKind::Object => Formula::FALSE,
                }
            }
        }
    }

    /// The events for which there is a value.
    pub(in crate::prove) fn has_value(&mut self, term: &Term) -> Formula {
        match term {
            Term::Number(variable, functions) => self.number(*variable, functions, NumberTest::Any),
            Term::NodeNumber(variable) => self.node_number(*variable, NumberTest::Any),
            Term::Length(variable, _) | Term::Time(variable) | Term::Text(variable, _) => {
                self.is_absent(*variable).not()
            }
            Term::Constant(_) | Term::Severity | Term::Status | Term::Node(_) | Term::AllLabels | Term::Opaque(..) => {
                self.is(term, ValueKind::Missing).not()
            }
        }
    }

    fn during(&mut self, term: &Term, schedule: ScheduleId) -> Formula {
        let Some(schedule) = self.model.schedules.get(schedule) else { return Formula::FALSE };
        let windows = self.formulas.add_schedule(&schedule.windows);
        match term {
            Term::Time(variable) => self.formulas.atom(*variable, Constraint::During(windows)),
            Term::Constant(Literal::Time(time)) => {
                Formula::constant(self.formulas.schedule(windows).is_some_and(|windows| windows.holds(*time)))
            }
            Term::Opaque(key, _) => self.statement(format!("{key} is during {windows:?}")),
            Term::Constant(_)
            | Term::Severity
            | Term::Status
            | Term::Text(..)
            | Term::Number(..)
            | Term::Node(_)
            | Term::NodeNumber(_)
            | Term::Length(..)
            | Term::AllLabels => Formula::FALSE,
        }
    }
}

fn literals_equal(left: &Literal, right: &Literal, case: Case) -> bool {
    match (left, right) {
        (Literal::Missing | Literal::Null, _) => false,
        (Literal::Text(left), Literal::Text(right)) if case.is_ignored() => fold(left) == fold(right),
        (left, right) => left == right,
    }
}

fn literal_is(literal: &Literal, kind: ValueKind) -> bool {
    match kind {
        ValueKind::Missing => matches!(literal, Literal::Missing | Literal::Null),
        ValueKind::Null => *literal == Literal::Null,
        ValueKind::Empty => match literal {
            Literal::Missing | Literal::Null => true,
            Literal::Text(text) => text.is_empty(),
            Literal::Boolean(_) | Literal::Number(_) | Literal::Severity(_) | Literal::Status(_) | Literal::Time(_) => {
                false
            }
        },
        ValueKind::Text => matches!(literal, Literal::Text(_)),
        ValueKind::Number => matches!(literal, Literal::Number(_)),
        ValueKind::Boolean => matches!(literal, Literal::Boolean(_)),
        ValueKind::Array | ValueKind::Object => false,
    }
}
