//! Arms of a `match` and rows of a table that no text chooses, because earlier ones take all texts that they fit.
//!
//! What is matched may be anything. Only tests of texts are looked at, and a value that is not a text meets none of them, so
//! an arm that no text chooses is never chosen.

use super::formula::{Formula, FormulaBuilder, Term, ValueCase, Variable};
use super::message::dead_arm;
use super::solver::{SolveResult, Solver};
use crate::diagnostic::Diagnostic;
use crate::model::{
    Comparator, Expression, ExpressionKind, Match, MatchArm, Model, Pattern, RoutingLineBody, TableRows, TextTest,
};
use crate::source::Span;
use std::collections::BTreeSet;

/// The arms of one match that are looked at. With more, only literals are compared, which `check` does.
const MAX_ARMS: usize = 500;

/// A finding for each arm that no text chooses.
pub(super) fn dead_arms(model: &Model, solver: &mut Solver) -> Vec<Diagnostic> {
    let mut prover = ArmProver { model, solver, found: Vec::new(), seen: BTreeSet::new() };
    for line in model.routing_lines() {
        if let Some(when) = &line.when {
            prover.expression(when);
        }
        match &line.body {
            RoutingLineBody::Match(choice) => {
                choice.each_condition(&mut |part| prover.expression(part));
                prover.choice(choice);
            }
            RoutingLineBody::Block(_) | RoutingLineBody::Target(_) => {}
        }
        line.body
            .own_targets()
            .into_iter()
            .for_each(|target| target.each_expression(&mut |part| prover.expression(part)));
    }
    model.defines.iter().for_each(|define| prover.expression(&define.value));
    for table in &model.tables {
        if let TableRows::Arms(rows) = &table.rows {
            rows.each_expression(&mut |part| prover.expression(part));
            prover.choice(rows);
        }
    }
    for mapping in &model.mappings {
        mapping.each_accept(&mut |part| prover.expression(part));
        mapping.each_value(&mut |part| prover.expression(part));
    }
    prover.found
}

struct ArmProver<'m, 's> {
    model: &'m Model,
    solver: &'s mut Solver,
    found: Vec<Diagnostic>,
    seen: BTreeSet<Span>,
}

impl<'m> ArmProver<'m, '_> {
    fn expression(&mut self, expression: &'m Expression) {
        if let ExpressionKind::Match(choice) = &expression.kind {
            self.choice(choice);
        }
        expression.each_part(&mut |part| self.expression(part));
    }

    fn choice<R>(&mut self, choice: &'m Match<R>) {
        let is_text = choice.arms.iter().map(tests_text).collect::<Vec<_>>();
        let is_worth_it = choice.arms.iter().any(has_pattern);
        if !is_worth_it || choice.arms.len() > MAX_ARMS || !self.seen.insert(choice.span) {
            return;
        }
        // Each match has formulas of its own: its values have nothing to do with those of others.
        let mut builder = FormulaBuilder::new(self.model);
        let subjects: Vec<Vec<ValueCase>> = (0..choice.subjects.len())
            .map(|column| {
                let text = builder.formulas.add_variable(Variable::OpaqueText(format!("column {column}").into()));
                vec![ValueCase { when: Formula::TRUE, term: Term::Text(text, Vec::new()) }]
            })
            .collect();
        let fits = builder.fitting_arms(choice, &subjects);
        for (position, arm) in choice.arms.iter().enumerate() {
            if is_text.get(position) != Some(&true) {
                continue;
            }
            let Some(fit) = fits.get(position).copied() else { continue };
            let earlier: Vec<Formula> = fits.iter().take(position).map(|fit| fit.not()).collect();
            // An arm that fits nothing by itself is another finding.
            if !self.has_none(&builder, &earlier, fit) || self.has_none(&builder, &[], fit) {
                continue;
            }
            let takers = self.few(&builder, fit, &fits, position);
            let takers: Vec<Span> = takers.iter().filter_map(|at| Some(choice.arms.get(*at)?.span)).collect();
            self.found.push(dead_arm(arm.span, &takers));
        }
    }

    fn has_none(&mut self, builder: &FormulaBuilder<'m>, earlier: &[Formula], fit: Formula) -> bool {
        let assertions: Vec<Formula> = earlier.iter().copied().chain([fit]).collect();
        matches!(self.solver.solve_apart(&builder.formulas, &assertions), SolveResult::None)
    }

    /// The positions of earlier arms that take everything, as few as leaving them out one by one finds.
    fn few(&mut self, builder: &FormulaBuilder<'m>, fit: Formula, fits: &[Formula], before: usize) -> Vec<usize> {
        let mut kept: Vec<usize> = (0..before).filter(|at| fits.get(*at) != Some(&Formula::FALSE)).collect();
        for position in (0..before).rev() {
            let fewer: Vec<usize> = kept.iter().copied().filter(|at| *at != position).collect();
            let formulas: Vec<Formula> =
                fewer.iter().filter_map(|at| fits.get(*at)).map(|formula| formula.not()).collect();
            if self.has_none(builder, &formulas, fit) {
                kept = fewer;
            }
        }
        kept
    }
}

/// Whether all tests of an arm are tests of texts.
fn tests_text<R>(arm: &MatchArm<R>) -> bool {
    !arm.columns.is_empty()
        && arm.columns.iter().all(|column| {
            column.iter().all(|pattern| match pattern {
                // A value in that column need not be a text.
                Pattern::Any => false,
                Pattern::Test(test, _) => match test {
                    Comparator::Text(TextTest::Piece(_, piece)) => piece.literal().is_some(),
                    Comparator::Text(TextTest::Cidr(_) | TextTest::Like(_) | TextTest::Regex(..)) => true,
                    Comparator::Equal(value) => {
                        matches!(value.literal(), Some(crate::model::Literal::Text(_)))
                    }
                    Comparator::Order(..) | Comparator::In(_) | Comparator::Is(_) | Comparator::During(_) => false,
                },
            })
        })
}

/// Whether an arm has a test that is more than a literal.
fn has_pattern<R>(arm: &MatchArm<R>) -> bool {
    let is_pattern = |pattern: &Pattern| matches!(pattern.test(), Some((Comparator::Text(_), _)));
    arm.columns.iter().flatten().any(is_pattern)
}
