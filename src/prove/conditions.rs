//! Conditions that are the same for every event, and those that other conditions imply.

use super::formula::Formula;
use super::message::{constant_condition, redundant_condition};
use super::reachability::{LineProver, Reachability};
use super::routing::LineId;
use super::solver::SolveResult;
use crate::diagnostic::Diagnostic;
use crate::model::{Comparator, Condition, Expression, Literal, ValueKind};
use crate::source::Span;
use crate::value::ValueType;

/// How many conditions around a condition are looked at.
const MAX_OTHERS: usize = 64;

impl<'m> LineProver<'m, '_> {
    /// The findings about conditions. Those of lines that no event reaches are not looked at.
    pub(super) fn conditions(&mut self, verdicts: &[(LineId, Reachability)]) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let model = self.model;
        for define in model.defines.iter().filter(|define| define.value.types == ValueType::BOOLEAN) {
            self.whole(&define.value, &mut found);
        }
        model.mutes.iter().for_each(|mute| self.whole(&mute.when, &mut found));
        model.heartbeats.iter().for_each(|heartbeat| self.whole(&heartbeat.when, &mut found));
        for (line, verdict) in verdicts {
            if matches!(verdict, Reachability::Reachable(_)) {
                self.line_conditions(*line, &mut found);
            }
        }
        found
    }

    /// A condition that always or never holds.
    fn whole(&mut self, condition: &'m Expression, found: &mut Vec<Diagnostic>) {
        let formula = self.builder.condition(condition);
        if self.is_never(&[formula.not()]) {
            found.push(constant_condition(condition, true));
        } else if self.is_never(&[formula]) {
            found.push(constant_condition(condition, false));
        }
    }

    /// The conditions of a line that always hold, or hold because of others.
    fn line_conditions(&mut self, id: LineId, found: &mut Vec<Diagnostic>) {
        let Some(when) = self.map.line(id).and_then(|entry| entry.line.when.as_ref()) else { return };
        let around: Vec<(Formula, Span)> = self.around(id);
        let mut own: Vec<(Formula, Span)> =
            when.conjuncts().iter().map(|part| (self.builder.condition(part), part.span)).collect();
        for (position, part) in when.conjuncts().iter().enumerate().rev() {
            let Some((formula, span)) = own.get(position).copied() else { continue };
            // A define says so itself.
            if matches!(part.condition(), Condition::Define(_)) {
                continue;
            }
            if self.is_never(&[formula.not()]) {
                found.push(constant_condition(part, true));
                own.remove(position);
                continue;
            }
            let others: Vec<(Formula, Span)> = around
                .iter()
                .copied()
                .chain(own.iter().enumerate().filter(|(at, _)| *at != position).map(|(_, other)| *other))
                .take(MAX_OTHERS)
                .collect();
            if others.is_empty() || is_presence(part) || !self.follows(formula, &others) {
                continue;
            }
            let causes = self.causes(formula, others);
            found.push(redundant_condition(span, &causes));
            own.remove(position);
        }
    }

    /// The conditions of the lines around a line.
    fn around(&mut self, id: LineId) -> Vec<(Formula, Span)> {
        let lines: Vec<LineId> = self.map.with_ancestors(id).skip(1).collect();
        let conditions: Vec<&'m Expression> = lines
            .into_iter()
            .filter_map(|outer| self.map.line(outer)?.line.when.as_ref())
            .flat_map(Expression::conjuncts)
            .collect();
        conditions.into_iter().map(|part| (self.builder.condition(part), part.span)).collect()
    }

    fn follows(&mut self, formula: Formula, others: &[(Formula, Span)]) -> bool {
        let assertions: Vec<Formula> = others.iter().map(|(other, _)| *other).chain([formula.not()]).collect();
        self.is_never(&assertions)
    }

    /// Those of the conditions from which another follows.
    fn causes(&mut self, formula: Formula, mut others: Vec<(Formula, Span)>) -> Vec<Span> {
        let mut position = others.len();
        while position > 0 {
            position -= 1;
            let mut fewer = others.clone();
            fewer.remove(position);
            if self.follows(formula, &fewer) {
                others = fewer;
            }
        }
        others.into_iter().map(|(_, span)| span).collect()
    }

    fn is_never(&mut self, assertions: &[Formula]) -> bool {
        matches!(self.solve(assertions), SolveResult::None)
    }
}

/// Whether a condition asks that there is a value, as the help of other findings recommends beside a negation.
pub(super) fn is_presence(condition: &Expression) -> bool {
    let (comparison, is_negated) = match condition.condition() {
        Condition::Compare(comparison) => (comparison, comparison.negated),
        Condition::Not(inner) => match inner.condition() {
            Condition::Compare(comparison) => (comparison, !comparison.negated),
            Condition::And(_) | Condition::Or(_) | Condition::Not(_) | Condition::Define(_) | Condition::Value => {
                return false;
            }
        },
        Condition::And(_) | Condition::Or(_) | Condition::Define(_) | Condition::Value => return false,
    };
    let is_absence = match &comparison.test {
        Comparator::Is(kind) => matches!(kind, ValueKind::Missing | ValueKind::Empty | ValueKind::Null),
        Comparator::Equal(value) => matches!(value.literal(), Some(Literal::Missing | Literal::Null)),
        Comparator::Order(..) | Comparator::In(_) | Comparator::Text(_) | Comparator::During(_) => false,
    };
    is_absence && is_negated
}
