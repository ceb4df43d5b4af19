//! What an expression depends on, through the defines and tables that it names.

use super::{Comparator, Expression, ExpressionKind, Match, Model, ScheduleId, TableRows};
use crate::source::Span;
use std::collections::BTreeSet;

/// What a walk through an expression meets.
#[derive(Debug, Clone, Copy)]
pub enum ReachedNode<'m> {
    /// An expression, before its parts.
    Expression(&'m Expression),
    /// A test, with its place.
    Test(&'m Comparator, Span),
}

impl Model {
    /// Shows everything that an expression depends on. The contents of each define and table are shown once.
    pub fn each_reached<'m>(&'m self, expression: &'m Expression, see: &mut dyn FnMut(ReachedNode<'m>)) {
        let mut walk = ReachWalk { model: self, see, defines: BTreeSet::new(), tables: BTreeSet::new() };
        walk.expression(expression);
    }

    /// The schedules that an expression depends on, each once, in the order of their declarations.
    #[must_use]
    pub fn reached_schedules(&self, expression: &Expression) -> Vec<ScheduleId> {
        let mut schedules = BTreeSet::new();
        self.each_reached(expression, &mut |node| {
            if let ReachedNode::Test(Comparator::During(schedule), _) = node {
                schedules.insert(*schedule);
            }
        });
        schedules.into_iter().collect()
    }
}

struct ReachWalk<'w, 'm> {
    model: &'m Model,
    see: &'w mut dyn FnMut(ReachedNode<'m>),
    defines: BTreeSet<usize>,
    tables: BTreeSet<usize>,
}

impl<'m> ReachWalk<'_, 'm> {
    fn expression(&mut self, expression: &'m Expression) {
        (self.see)(ReachedNode::Expression(expression));
        if let ExpressionKind::Match(choice) = &expression.kind {
            self.tests(choice);
        } else if let ExpressionKind::Compare(comparison) = &expression.kind {
            (self.see)(ReachedNode::Test(&comparison.test, expression.span));
        } else if let ExpressionKind::Lookup(table, _) = &expression.kind {
            self.table(*table);
        } else if let ExpressionKind::Define(define) = &expression.kind {
            self.define(*define);
        }
        expression.each_part(&mut |part| self.expression(part));
    }

    fn tests<R>(&mut self, choice: &'m Match<R>) {
        choice.tests().for_each(|(test, place)| (self.see)(ReachedNode::Test(test, place)));
    }

    fn define(&mut self, at: usize) {
        if self.defines.insert(at)
            && let Some(define) = self.model.defines.get(at)
        {
            self.expression(&define.value);
        }
    }

    fn table(&mut self, at: usize) {
        if self.tables.insert(at)
            && let Some(TableRows::Arms(choice)) = self.model.tables.get(at).map(|table| &table.rows)
        {
            self.tests(choice);
            choice.each_expression(&mut |part| self.expression(part));
        }
    }
}
