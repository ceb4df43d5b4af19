//! Conditions to formulas.

use super::node::MappingScope;
use super::{Constraint, Formula, Formulas, MeaningId, NodeKinds, Parameters, Term, ValueCase, Variable, VariableId};
use crate::event::{AlertStatus, Severity};
use crate::model::{Comparison, ComparisonSubject, EventField, Expression, ExpressionKind, Literal, Model, Pattern};
use crate::value::ValueType;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How many expressions are read for one rule set. What comes after is not followed.
const MAX_STEPS: usize = 4_000_000;

/// Reads the conditions of a rule set. Defines are read once.
pub(in crate::prove) struct FormulaBuilder<'m> {
    pub(in crate::prove) model: &'m Model,
    pub(in crate::prove) formulas: Formulas,
    define_conditions: Vec<Option<Formula>>,
    pub(super) define_values: Vec<Option<Rc<[ValueCase]>>>,
    /// The values of look-ups with the same arguments.
    pub(super) known_lookups: BTreeMap<Box<str>, Rc<[ValueCase]>>,
    /// What defines and tables say.
    pub(super) define_meanings: Vec<Option<MeaningId>>,
    pub(super) table_meanings: Vec<Option<MeaningId>>,
    /// Which of the rule sets that share the formulas it is.
    pub(super) rule_set: usize,
    /// The mapping whose expressions are read; none while those over events are.
    pub(super) mapping: Option<MappingScope>,
    steps: usize,
}

impl<'m> FormulaBuilder<'m> {
    /// Nothing is read yet.
    pub(in crate::prove) fn new(model: &'m Model) -> Self {
        Self {
            model,
            formulas: Formulas::default(),
            define_conditions: vec![None; model.defines.len()],
            define_values: vec![None; model.defines.len()],
            known_lookups: BTreeMap::new(),
            define_meanings: vec![None; model.defines.len()],
            table_meanings: vec![None; model.tables.len()],
            rule_set: 0,
            mapping: None,
            steps: 0,
        }
    }

    /// Reads a rule set that shares its formulas with others; this is its number among them.
    pub(in crate::prove) fn of_rule_set(model: &'m Model, rule_set: usize) -> Self {
        Self { rule_set, ..Self::new(model) }
    }

    /// The events, or the payloads, for which a condition holds.
    pub(in crate::prove) fn condition(&mut self, condition: &'m Expression) -> Formula {
        self.condition_in(condition, &self.parameters())
    }

    /// The values that an expression may have.
    pub(in crate::prove) fn value(&mut self, expression: &'m Expression) -> Vec<ValueCase> {
        self.cases(expression, &self.parameters())
    }

    /// What an expression that is in no table sees.
    pub(super) fn parameters(&self) -> Parameters {
        Parameters { mapping: self.mapping.as_ref().map(|scope| scope.number), ..Parameters::default() }
    }

    pub(super) fn condition_in(&mut self, condition: &'m Expression, parameters: &Parameters) -> Formula {
        if !self.may_step() {
            let key = self.key(condition, parameters);
            return self.statement(format!("{key} is true"));
        }
        match &condition.kind {
            ExpressionKind::And(parts) => {
                let parts: Vec<Formula> = parts.iter().map(|part| self.condition_in(part, parameters)).collect();
                self.formulas.and(parts)
            }
            ExpressionKind::Or(parts) => {
                let parts: Vec<Formula> = parts.iter().map(|part| self.condition_in(part, parameters)).collect();
                self.formulas.or(parts)
            }
            ExpressionKind::Not(part) => self.condition_in(part, parameters).not(),
            ExpressionKind::Compare(comparison) => self.comparison(condition, comparison, parameters),
            ExpressionKind::Define(id) => self.define_condition(*id),
            ExpressionKind::Literal(_)
            | ExpressionKind::Template(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::Nodes(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Let(_)
            | ExpressionKind::Field(_)
            | ExpressionKind::Label(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Request(_)
            | ExpressionKind::Group(_)
            | ExpressionKind::Navigate(..)
            | ExpressionKind::Call(..)
            | ExpressionKind::Lookup(..)
            | ExpressionKind::Coalesce(_)
            | ExpressionKind::Match(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Object(_) => {
                let cases = self.cases(condition, parameters);
                self.any_case(&cases, Self::is_true)
            }
        }
    }

    fn define_condition(&mut self, id: usize) -> Formula {
        if let Some(Some(known)) = self.define_conditions.get(id) {
            return *known;
        }
        let model = self.model;
        let Some(define) = model.defines.get(id) else { return self.statement(format!("define {id}")) };
        let formula = self.condition(&define.value);
        if let Some(known) = self.define_conditions.get_mut(id) {
            *known = Some(formula);
        }
        formula
    }

    fn comparison(
        &mut self,
        condition: &'m Expression,
        comparison: &'m Comparison,
        parameters: &Parameters,
    ) -> Formula {
        let formula = match &comparison.subject {
            ComparisonSubject::Value(value) => {
                let subject = self.cases(value, parameters);
                self.test_cases(&subject, &comparison.test, comparison.case, parameters)
            }
            ComparisonSubject::Now => {
                let now = self.formulas.add_variable(Variable::Now);
                let subject = ValueCase::always(Term::Time(now));
                self.test_cases(&subject, &comparison.test, comparison.case, parameters)
            }
            ComparisonSubject::Nodes(..) => {
                let key = self.key(condition, parameters);
                self.statement(format!("{key} holds"))
            }
        };
        if comparison.negated { formula.not() } else { formula }
    }

    /// The events for which a pattern fits a value.
    pub(super) fn pattern(
        &mut self,
        subject: &[ValueCase],
        pattern: &'m Pattern,
        case: crate::pattern::Case,
        parameters: &Parameters,
    ) -> Formula {
        match pattern {
            Pattern::Any => Formula::TRUE,
            Pattern::Test(test, _) => self.test_cases(subject, test, case, parameters),
        }
    }

    /// The events for which a statement holds of the value that they have.
    pub(in crate::prove) fn any_case(
        &mut self,
        cases: &[ValueCase],
        mut holds: impl FnMut(&mut Self, &Term) -> Formula,
    ) -> Formula {
        let mut parts = Vec::with_capacity(cases.len());
        for case in cases {
            let holds = holds(self, &case.term);
            if holds != Formula::FALSE {
                parts.push(self.formulas.and([case.when, holds]));
            }
        }
        self.formulas.or(parts)
    }

    fn is_true(&mut self, term: &Term) -> Formula {
        match term {
            Term::Constant(literal) => Formula::constant(*literal == Literal::Boolean(true)),
            Term::Node(variable) => self.kinds(*variable, NodeKinds::TRUE),
            Term::Opaque(key, types) if types.overlaps(ValueType::BOOLEAN | ValueType::UNKNOWN) => {
                self.statement(format!("{key} is true"))
            }
            Term::Opaque(..)
            | Term::Severity
            | Term::Status
            | Term::Text(..)
            | Term::Number(..)
            | Term::NodeNumber(_)
            | Term::Length(..)
            | Term::Time(_)
            | Term::AllLabels => Formula::FALSE,
        }
    }

    /// A statement about values that cannot be followed: it may hold or not.
    pub(in crate::prove) fn statement(&mut self, text: impl Into<Box<str>>) -> Formula {
        let variable = self.formulas.add_variable(Variable::Statement(text.into()));
        self.formulas.atom(variable, Constraint::Holds)
    }

    /// The events with one of some severities.
    pub(in crate::prove) fn severities(&mut self, holds: impl Fn(Severity) -> bool) -> Formula {
        let mask = Severity::ALL.iter().zip(0..).fold(0, |mask, (one, bit)| mask | u8::from(holds(*one)) << bit);
        self.constants(EventField::Severity, mask, 0b111)
    }

    /// The events with one of some statuses.
    pub(in crate::prove) fn statuses(&mut self, holds: impl Fn(AlertStatus) -> bool) -> Formula {
        let mask = AlertStatus::ALL.iter().zip(0..).fold(0, |mask, (one, bit)| mask | u8::from(holds(*one)) << bit);
        self.constants(EventField::Status, mask, 0b11)
    }

    fn constants(&mut self, field: EventField, mask: u8, all: u8) -> Formula {
        if mask == 0 || mask == all {
            return Formula::constant(mask != 0);
        }
        let variable = self.field(field);
        // Of a set and its complement, one is an atom.
        let (least, is_negated) = if mask & 1 == 1 { (mask, false) } else { (all & !mask, true) };
        let atom = self.formulas.atom(variable, Constraint::OneOf(least));
        if is_negated { atom.not() } else { atom }
    }

    pub(in crate::prove) fn field(&mut self, field: EventField) -> VariableId {
        self.formulas.add_variable(Variable::Field(field))
    }

    /// The events that are without a text or time.
    pub(in crate::prove) fn is_absent(&mut self, variable: VariableId) -> Formula {
        let may_be_missing = self.formulas.variable(variable).is_some_and(Variable::may_be_missing);
        if may_be_missing { self.formulas.atom(variable, Constraint::Missing) } else { Formula::FALSE }
    }

    pub(super) fn may_step(&mut self) -> bool {
        self.may_step_by(1)
    }

    /// Whether some more work may be done.
    pub(super) fn may_step_by(&mut self, steps: usize) -> bool {
        self.steps = self.steps.saturating_add(steps);
        self.steps <= MAX_STEPS && self.formulas.len() <= MAX_STEPS
    }
}
