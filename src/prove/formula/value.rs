//! Values of expressions, by cases.

use super::{Formula, FormulaBuilder, NodeKinds, Parameters, Term, ValueCase, Variable};
use crate::event::{AlertStatus, Severity};
use crate::function::Function;
use crate::json::Number;
use crate::model::{EventField, Expression, ExpressionKind, Literal, Match, MatchArm};
use crate::path::CompiledPath;
use crate::pattern::Case;
use crate::pattern::language::{StringSet, TextFunction};
use crate::value::ValueType;
use std::collections::BTreeSet;

/// How many cases the value of an expression may have. With more, it is not followed.
const MAX_CASES: usize = 2_000;

impl<'m> FormulaBuilder<'m> {
    /// The values that an expression may have. For each event, exactly one case holds.
    pub(super) fn cases(&mut self, expression: &'m Expression, parameters: &Parameters) -> Vec<ValueCase> {
        if !self.may_step() {
            return self.opaque(expression, parameters);
        }
        let cases = match &expression.kind {
            ExpressionKind::Literal(literal) => ValueCase::always(Term::Constant(literal.clone())),
            ExpressionKind::Field(field) => self.field_value(*field, expression, parameters),
            ExpressionKind::Label(name) => {
                let label = self.formulas.add_variable(Variable::Label(name.clone()));
                ValueCase::always(Term::Text(label, Vec::new()))
            }
            ExpressionKind::Parameter(position) => match parameters.values.get(*position) {
                Some(cases) => cases.clone(),
                None => self.opaque(expression, parameters),
            },
            ExpressionKind::Define(id) => self.define_value(*id, expression, parameters),
            ExpressionKind::Call(function, arguments) => self.call(expression, function, arguments, parameters),
            ExpressionKind::Lookup(table, arguments) => self.lookup(expression, *table, arguments, parameters),
            ExpressionKind::Coalesce(parts) => self.coalesce(parts, parameters),
            ExpressionKind::Match(choice) => self.choice(choice, parameters),
            ExpressionKind::Or(_) | ExpressionKind::And(_) | ExpressionKind::Not(_) | ExpressionKind::Compare(_) => {
                let holds = self.condition_in(expression, parameters);
                let value = |holds| Term::Constant(Literal::Boolean(holds));
                vec![ValueCase { when: holds, term: value(true) }, ValueCase { when: holds.not(), term: value(false) }]
            }
            ExpressionKind::Path(path) => match self.path(path) {
                Some(term) => ValueCase::always(term),
                None => self.opaque(expression, parameters),
            },
            ExpressionKind::Let(id) => self.let_value(*id).unwrap_or_else(|| self.opaque(expression, parameters)),
            ExpressionKind::Request(part) => ValueCase::always(self.request(part)),
            ExpressionKind::Navigate(base, path) => self.steps(expression, base, path, parameters),
            ExpressionKind::Template(_)
            | ExpressionKind::Nodes(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Group(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Object(_) => self.opaque(expression, parameters),
        };
        if cases.len() > MAX_CASES { self.opaque(expression, parameters) } else { cases }
    }

    /// A value that is not followed.
    pub(super) fn opaque(&mut self, expression: &Expression, parameters: &Parameters) -> Vec<ValueCase> {
        let key = self.key(expression, parameters);
        let types = expression.types;
        ValueCase::always(if (ValueType::TEXT | ValueType::MISSING).contains(types) {
            Term::Text(self.formulas.add_variable(Variable::OpaqueText(key)), Vec::new())
        } else {
            Term::Opaque(key, types)
        })
    }

    fn field_value(
        &mut self,
        field: EventField,
        expression: &'m Expression,
        parameters: &Parameters,
    ) -> Vec<ValueCase> {
        ValueCase::always(match field {
            EventField::Severity => Term::Severity,
            EventField::Status => Term::Status,
            EventField::Title
            | EventField::Key
            | EventField::Description
            | EventField::Link
            | EventField::Source
            | EventField::Integration => Term::Text(self.field(field), Vec::new()),
            EventField::StartsAt | EventField::EndsAt => Term::Time(self.field(field)),
            EventField::Labels => Term::AllLabels,
            EventField::Notes => return self.opaque(expression, parameters),
        })
    }

    /// What a path over a value leads to.
    fn steps(
        &mut self,
        expression: &'m Expression,
        base: &'m Expression,
        path: &CompiledPath,
        parameters: &Parameters,
    ) -> Vec<ValueCase> {
        let mut all = Vec::new();
        for case in self.cases(base, parameters) {
            let Some(term) = self.navigate(&case.term, path) else { return self.opaque(expression, parameters) };
            push(&mut all, case.when, term);
        }
        all
    }

    fn define_value(&mut self, id: usize, expression: &'m Expression, parameters: &Parameters) -> Vec<ValueCase> {
        if let Some(Some(known)) = self.define_values.get(id) {
            return known.to_vec();
        }
        let model = self.model;
        let Some(define) = model.defines.get(id) else { return self.opaque(expression, parameters) };
        let cases = self.value(&define.value);
        if let Some(known) = self.define_values.get_mut(id) {
            *known = Some(cases.as_slice().into());
        }
        cases
    }

    fn coalesce(&mut self, parts: &'m [Expression], parameters: &Parameters) -> Vec<ValueCase> {
        let mut all = Vec::new();
        let mut left = Formula::TRUE;
        for (position, part) in parts.iter().enumerate() {
            let cases = self.cases(part, parameters);
            let is_last = position + 1 == parts.len();
            let mut found = Vec::new();
            for case in cases {
                let has_value = if is_last { Formula::TRUE } else { self.has_value(&case.term) };
                let when = self.formulas.and([case.when, has_value]);
                found.push(when);
                let when = self.formulas.and([left, when]);
                push(&mut all, when, case.term);
            }
            let found = self.formulas.or(found);
            left = self.formulas.and([left, found.not()]);
        }
        all
    }

    /// A match as a value.
    fn choice(&mut self, choice: &'m Match<Expression>, parameters: &Parameters) -> Vec<ValueCase> {
        let chosen = self.chosen_arms(choice, parameters);
        let mut all = Vec::new();
        for (arm, when) in choice.arms.iter().zip(&chosen.arms) {
            if *when == Formula::FALSE {
                continue;
            }
            for case in self.cases(&arm.result, parameters) {
                let when = self.formulas.and([*when, case.when]);
                push(&mut all, when, case.term);
            }
        }
        push(&mut all, chosen.none, Term::Constant(Literal::Missing));
        self.joined(all)
    }

    /// Cases with the same constant as one case.
    pub(super) fn joined(&mut self, cases: Vec<ValueCase>) -> Vec<ValueCase> {
        let mut joined: Vec<(Vec<Formula>, Term)> = Vec::new();
        let mut known = std::collections::BTreeMap::new();
        for case in cases {
            if let Term::Constant(literal) = &case.term {
                let position = *known.entry(format!("{literal:?}")).or_insert(joined.len());
                if let Some((formulas, _)) = joined.get_mut(position) {
                    formulas.push(case.when);
                    continue;
                }
            }
            joined.push((vec![case.when], case.term));
        }
        joined.into_iter().map(|(when, term)| ValueCase { when: self.formulas.or(when), term }).collect()
    }

    /// The events for which each arm of a match is chosen.
    pub(super) fn chosen_arms<R>(&mut self, choice: &'m Match<R>, parameters: &Parameters) -> ArmFormulas {
        let subjects: Vec<Vec<ValueCase>> =
            choice.subjects.iter().map(|subject| self.cases(subject, parameters)).collect();
        let mut chosen = ArmFormulas::default();
        for arm in &choice.arms {
            let fits = self.fits(arm, &subjects, choice.case, parameters);
            self.choose(fits, &mut chosen);
        }
        let found = self.formulas.or(chosen.earlier.iter().copied());
        chosen.none = found.not();
        chosen
    }

    /// The events for which each arm of a match of a routing is chosen, and those for which none is.
    pub(in crate::prove) fn arms<R>(&mut self, choice: &'m Match<R>) -> (Vec<Formula>, Formula) {
        let chosen = self.chosen_arms(choice, &self.parameters());
        (chosen.arms, chosen.none)
    }

    /// Where each arm of a match fits, whatever is before it, if these are the values that are matched.
    pub(in crate::prove) fn fitting_arms<R>(
        &mut self,
        choice: &'m Match<R>,
        subjects: &[Vec<ValueCase>],
    ) -> Vec<Formula> {
        let parameters = self.parameters();
        choice.arms.iter().map(|arm| self.fits(arm, subjects, choice.case, &parameters)).collect()
    }

    fn fits<R>(
        &mut self,
        arm: &'m MatchArm<R>,
        subjects: &[Vec<ValueCase>],
        case: Case,
        parameters: &Parameters,
    ) -> Formula {
        let mut columns = Vec::new();
        for (column, subject) in arm.columns.iter().zip(subjects) {
            let fits: Vec<Formula> =
                column.iter().map(|pattern| self.pattern(subject, pattern, case, parameters)).collect();
            columns.push(self.formulas.or(fits));
        }
        self.formulas.and(columns)
    }

    /// Adds an arm, for the events for which no arm before it fits.
    pub(super) fn choose(&mut self, fits: Formula, chosen: &mut ArmFormulas) {
        if fits == Formula::FALSE {
            chosen.arms.push(fits);
            return;
        }
        // Lists of literals exclude each other where they have none in common, as they mostly do.
        let words = self.formulas.as_words(fits).map(|(variable, words)| (variable, words.to_vec()));
        let is_apart = words.as_ref().is_some_and(|(variable, words)| {
            chosen.all_words
                && chosen.variable.is_none_or(|known| known == *variable)
                && !words.iter().any(|word| chosen.words.contains(word))
        });
        let when = if is_apart {
            fits
        } else if self.may_step_by(chosen.earlier.len()) {
            let earlier = self.formulas.or(chosen.earlier.iter().copied());
            self.formulas.and([fits, earlier.not()])
        } else {
            let is_chosen = self.statement(format!("arm after {} nodes is chosen", self.formulas.len()));
            self.formulas.and([fits, is_chosen])
        };
        match words {
            Some((variable, words)) if chosen.variable.is_none_or(|known| known == variable) => {
                chosen.variable = Some(variable);
                chosen.words.extend(words);
            }
            Some(_) | None => chosen.all_words = false,
        }
        chosen.earlier.push(fits);
        chosen.arms.push(when);
    }

    fn call(
        &mut self,
        expression: &'m Expression,
        function: &'static Function,
        arguments: &'m [Expression],
        parameters: &Parameters,
    ) -> Vec<ValueCase> {
        let [argument] = arguments else { return self.opaque(expression, parameters) };
        let apply: fn(&mut Self, Term) -> Option<Vec<ValueCase>> = match function.name {
            "lower" => |_, term| changed(TextFunction::Lower, term),
            "upper" => |_, term| changed(TextFunction::Upper, term),
            "trim" => |_, term| changed(TextFunction::Trim, term),
            "number" => Self::number_of,
            "len" => Self::length_of,
            "present" => Self::present,
            "string" => |_, term| matches!(term, Term::Text(..) | Term::Constant(_)).then(|| ValueCase::always(term)),
            _ => return self.opaque(expression, parameters),
        };
        let cases = self.cases(argument, parameters);
        let cases =
            if matches!(function.name, "lower" | "upper" | "trim" | "string") { self.as_texts(cases) } else { cases };
        let mut all = Vec::new();
        for case in cases {
            let Some(results) = apply(self, case.term) else { return self.opaque(expression, parameters) };
            for result in results {
                let when = self.formulas.and([case.when, result.when]);
                push(&mut all, when, result.term);
            }
        }
        all
    }

    fn number_of(&mut self, term: Term) -> Option<Vec<ValueCase>> {
        if let Term::Node(variable) = term { Some(self.node_as_number(variable)) } else { number(term) }
    }

    /// How many items an array has is not followed.
    fn length_of(&mut self, term: Term) -> Option<Vec<ValueCase>> {
        if matches!(term, Term::AllLabels) {
            return Some(ValueCase::always(Term::Number(self.field(EventField::Labels), Vec::new())));
        }
        let Term::Node(variable) = term else { return length(term) };
        let count = Term::Opaque(format!("length of {variable:?}").into(), ValueType::NUMBER);
        let cases = [
            (NodeKinds::TEXT, Term::Length(variable, Vec::new())),
            (NodeKinds::STRUCTURE, count),
            (NodeKinds::TEXT.or(NodeKinds::STRUCTURE).not(), Term::Constant(Literal::Missing)),
        ];
        Some(cases.into_iter().map(|(kinds, term)| ValueCase { when: self.kinds(variable, kinds), term }).collect())
    }

    fn present(&mut self, term: Term) -> Option<Vec<ValueCase>> {
        match &term {
            Term::Constant(_) | Term::Text(..) | Term::Node(_) => {
                let is_empty = self.is(&term, crate::model::ValueKind::Empty);
                let mut cases = Vec::new();
                push(&mut cases, is_empty, Term::Constant(Literal::Missing));
                push(&mut cases, is_empty.not(), term);
                Some(cases)
            }
            Term::Severity
            | Term::Status
            | Term::Number(..)
            | Term::NodeNumber(_)
            | Term::Length(..)
            | Term::Time(_) => Some(ValueCase::always(term)),
            Term::AllLabels | Term::Opaque(..) => None,
        }
    }

    /// The values as texts, where that is known.
    pub(super) fn as_texts(&mut self, cases: Vec<ValueCase>) -> Vec<ValueCase> {
        let mut all = Vec::new();
        for case in cases {
            match &case.term {
                Term::Severity => {
                    for one in Severity::ALL {
                        let is_one = self.severities(|severity| severity == one);
                        let when = self.formulas.and([case.when, is_one]);
                        push(&mut all, when, Term::Constant(Literal::Text(one.name().into())));
                    }
                }
                Term::Status => {
                    for one in AlertStatus::ALL {
                        let is_one = self.statuses(|status| status == one);
                        let when = self.formulas.and([case.when, is_one]);
                        push(&mut all, when, Term::Constant(Literal::Text(one.name().into())));
                    }
                }
                Term::Constant(literal) => {
                    let text = literal_text(literal).map_or(Literal::Missing, |text| Literal::Text(text.into()));
                    push(&mut all, case.when, Term::Constant(text));
                }
                Term::Node(variable) => {
                    for text in self.node_text(*variable) {
                        let when = self.formulas.and([case.when, text.when]);
                        push(&mut all, when, text.term);
                    }
                }
                Term::Text(..)
                | Term::Number(..)
                | Term::NodeNumber(_)
                | Term::Length(..)
                | Term::Time(_)
                | Term::AllLabels
                | Term::Opaque(..) => all.push(case),
            }
        }
        all
    }

    /// The events in which a value, as a text, is one of some texts. None if its text is not followed.
    pub(super) fn is_named(&mut self, cases: Vec<ValueCase>, names: &[&str]) -> Option<Formula> {
        let mut parts = Vec::new();
        for case in self.as_texts(cases) {
            let holds = match &case.term {
                Term::Constant(Literal::Text(text)) => Formula::constant(names.contains(&&**text)),
                Term::Constant(_) => Formula::FALSE,
                Term::Text(variable, functions) => {
                    let set = StringSet::literals(names.iter().copied(), Case::Sensitive);
                    self.in_set(*variable, functions, set)
                }
                Term::Severity
                | Term::Status
                | Term::Number(..)
                | Term::Node(_)
                | Term::NodeNumber(_)
                | Term::Length(..)
                | Term::Time(_)
                | Term::AllLabels
                | Term::Opaque(..) => return None,
            };
            parts.push(self.formulas.and([case.when, holds]));
        }
        Some(self.formulas.or(parts))
    }
}

/// The events for which the arms of a match are chosen.
#[derive(Debug)]
pub(super) struct ArmFormulas {
    /// For each arm.
    pub(super) arms: Vec<Formula>,
    /// No arm is chosen.
    pub(super) none: Formula,
    /// Where each arm fits that may fit at all, whatever is before it.
    earlier: Vec<Formula>,
    /// Whether all of them are lists of literals of one variable.
    all_words: bool,
    variable: Option<super::VariableId>,
    words: BTreeSet<Box<str>>,
}

impl Default for ArmFormulas {
    fn default() -> Self {
        Self {
            arms: Vec::new(),
            none: Formula::TRUE,
            earlier: Vec::new(),
            all_words: true,
            variable: None,
            words: BTreeSet::new(),
        }
    }
}

/// Adds a case that holds for some events.
fn push(cases: &mut Vec<ValueCase>, when: Formula, term: Term) {
    if when != Formula::FALSE {
        cases.push(ValueCase { when, term });
    }
}

fn changed(function: TextFunction, term: Term) -> Option<Vec<ValueCase>> {
    Some(ValueCase::always(match term {
        Term::Constant(Literal::Text(text)) => Term::Constant(Literal::Text(function.apply(&text).into())),
        Term::Constant(_) => Term::Constant(Literal::Missing),
        Term::Text(variable, mut functions) => {
            functions.push(function);
            Term::Text(variable, functions)
        }
        Term::Severity
        | Term::Status
        | Term::Number(..)
        | Term::Node(_)
        | Term::NodeNumber(_)
        | Term::Length(..)
        | Term::Time(_)
        | Term::AllLabels
        | Term::Opaque(..) => return None,
    }))
}

fn number(term: Term) -> Option<Vec<ValueCase>> {
    Some(ValueCase::always(match term {
        Term::Constant(Literal::Text(text)) => {
            let number = text.trim().parse::<Number>();
            Term::Constant(number.map_or(Literal::Missing, Literal::Number))
        }
        Term::Constant(number @ Literal::Number(_)) => Term::Constant(number),
        Term::Constant(_) | Term::Severity | Term::Status | Term::Time(_) | Term::AllLabels => {
            Term::Constant(Literal::Missing)
        }
        Term::Text(variable, functions) => Term::Number(variable, functions),
        number @ (Term::Number(..) | Term::NodeNumber(_) | Term::Length(..)) => number,
        Term::Node(_) | Term::Opaque(..) => return None,
    }))
}

fn length(term: Term) -> Option<Vec<ValueCase>> {
    Some(ValueCase::always(match term {
        Term::Constant(Literal::Text(text)) => {
            Term::Constant(Literal::Number(Number::from(text.chars().count() as u64)))
        }
        Term::Constant(_)
        | Term::Severity
        | Term::Status
        | Term::Time(_)
        | Term::Number(..)
        | Term::NodeNumber(_)
        | Term::Length(..) => Term::Constant(Literal::Missing),
        Term::Text(variable, functions) => Term::Length(variable, functions),
        Term::Node(_) | Term::AllLabels | Term::Opaque(..) => return None,
    }))
}

/// A constant as a text.
pub(in crate::prove) fn literal_text(literal: &Literal) -> Option<String> {
    match literal {
        Literal::Missing | Literal::Null => None,
        Literal::Boolean(boolean) => Some(boolean.to_string()),
        Literal::Number(number) => Some(number.to_string()),
        Literal::Text(text) => Some((**text).to_owned()),
        Literal::Severity(severity) => Some(severity.name().to_owned()),
        Literal::Status(status) => Some(status.name().to_owned()),
        Literal::Time(time) => Some(time.to_string()),
    }
}
