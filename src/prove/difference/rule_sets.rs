//! Two rule sets whose conditions are formulas over the same variables.

use crate::model::{Model, RoutingId};
use crate::pattern::language::SearchLimits;
use crate::prove::effort::ProofEffort;
use crate::prove::formula::{Formula, FormulaBuilder, Formulas};
use crate::prove::reachability::{EvaluateWitness, WitnessOutcome};
use crate::prove::routing::{LineId, RoutingMap};
use crate::prove::solver::{SolveResult, Solver};
use crate::prove::witness::Witness;
use std::collections::BTreeSet;

/// One of two rule sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The old one.
    Old,
    /// The new one.
    New,
}

impl Side {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Old, Self::New];

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }
}

/// A rule set with its evaluator.
#[derive(Clone, Copy)]
pub struct ComparedModel<'m, 'e> {
    /// The rules.
    pub model: &'m Model,
    /// Its evaluator.
    pub evaluate: &'e EvaluateWitness<'e>,
}

struct ComparedSet<'m, 'e> {
    compared: ComparedModel<'m, 'e>,
    map: RoutingMap<'m>,
    builder: FormulaBuilder<'m>,
}

/// Both rule sets, and what solves their formulas.
pub(super) struct RuleSets<'m, 'e> {
    old: ComparedSet<'m, 'e>,
    new: ComparedSet<'m, 'e>,
    /// Whose builder has the formulas.
    holder: Side,
    pub(super) solver: Solver,
}

impl<'m, 'e> RuleSets<'m, 'e> {
    pub(super) fn new(old: ComparedModel<'m, 'e>, new: ComparedModel<'m, 'e>, effort: ProofEffort) -> Self {
        let set = |compared: ComparedModel<'m, 'e>, number| ComparedSet {
            compared,
            map: RoutingMap::new(compared.model),
            builder: FormulaBuilder::of_rule_set(compared.model, number),
        };
        let solver = Solver::new(SearchLimits::default(), effort);
        Self { old: set(old, 0), new: set(new, 1), holder: Side::Old, solver }
    }

    fn set(&self, side: Side) -> &ComparedSet<'m, 'e> {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }

    /// The lines of a rule set, and what reads its conditions into the formulas of both.
    pub(super) fn of(&mut self, side: Side) -> (&mut RoutingMap<'m>, &mut FormulaBuilder<'m>) {
        if side != self.holder {
            std::mem::swap(&mut self.old.builder.formulas, &mut self.new.builder.formulas);
            self.holder = side;
        }
        let set = match side {
            Side::Old => &mut self.old,
            Side::New => &mut self.new,
        };
        (&mut set.map, &mut set.builder)
    }

    /// The formulas of both.
    pub(super) fn formulas(&mut self) -> &mut Formulas {
        let holder = self.holder;
        &mut self.of(holder).1.formulas
    }

    pub(super) fn map(&self, side: Side) -> &RoutingMap<'m> {
        &self.set(side).map
    }

    pub(super) fn model(&self, side: Side) -> &'m Model {
        self.set(side).compared.model
    }

    /// The names of the routings, in text order.
    pub(super) fn routing_names(&self, side: Side) -> Vec<Box<str>> {
        self.model(side).routings.iter().map(|routing| routing.name.clone()).collect()
    }

    /// The routing with a name.
    pub(super) fn routing(&self, side: Side, name: &str) -> Option<RoutingId> {
        self.model(side).routings.iter().position(|routing| *routing.name == *name)
    }

    /// The lines of the outer block of a routing.
    pub(super) fn routing_lines(&self, side: Side, name: &str) -> Option<Vec<LineId>> {
        let routing = self.routing(side, name)?;
        Some(self.map(side).routing_block(routing)?.lines.clone())
    }

    /// The lines of the block of a line.
    pub(super) fn inner_lines(&self, side: Side, line: LineId) -> Vec<LineId> {
        self.map(side).inner(line).map(|block| block.lines.clone()).unwrap_or_default()
    }

    /// The names of the routings where events enter in one of the rule sets, as far as both have them.
    pub(super) fn entries(&self) -> Vec<Box<str>> {
        self.all_entries().into_iter().filter(|name| self.is_in_both(name)).collect()
    }

    /// The names of the routings where events enter in one of the rule sets, and that the other one does not have.
    pub(super) fn other_entries(&self) -> Vec<Box<str>> {
        self.all_entries().into_iter().filter(|name| !self.is_in_both(name)).collect()
    }

    fn is_in_both(&self, name: &str) -> bool {
        Side::BOTH.iter().all(|side| self.routing(*side, name).is_some())
    }

    fn all_entries(&self) -> BTreeSet<Box<str>> {
        let entries =
            |side: Side| self.map(side).entries().iter().filter_map(move |entry| self.model(side).routings.get(*entry));
        Side::BOTH.into_iter().flat_map(entries).map(|routing| routing.name.clone()).collect()
    }

    pub(super) fn solve(&mut self, assertions: &[Formula]) -> SolveResult {
        let holder = self.holder;
        let formulas = match holder {
            Side::Old => &self.old.builder.formulas,
            Side::New => &self.new.builder.formulas,
        };
        self.solver.solve(formulas, assertions)
    }

    /// Where an event goes in both rule sets.
    pub(super) fn evaluate(&mut self, witness: &Witness, entry: &str) -> [WitnessOutcome; 2] {
        Side::BOTH.map(|side| {
            self.solver.statistics.evaluations += 1;
            let routing = self.routing(side, entry);
            routing.map(|routing| (self.set(side).compared.evaluate)(witness, routing)).unwrap_or_default()
        })
    }
}
