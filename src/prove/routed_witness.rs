//! Events for lines of routings, and for the arms of those that `match`: what tests can be made of.

use super::effort::ProofEffort;
use super::formula::{Formula, FormulaBuilder};
use super::reachability::{LineProofs, Reachability};
use super::routing::{LineId, RoutingMap};
use super::solver::{SolveResult, Solver};
use super::witness::Witness;
use crate::model::{Match, Model, RoutingLineBody, Target};
use crate::pattern::language::SearchLimits;
use crate::source::Span;

/// An event that reaches a line, if it enters the routing of the line.
#[derive(Debug, Clone)]
pub struct RoutedWitness {
    /// The name of the routing.
    pub routing: Box<str>,
    /// The path of the line.
    pub line: Box<str>,
    /// The event.
    pub event: Witness,
}

/// Finds events for lines and arms. Those for arms come from the solver alone: the caller has to evaluate them.
pub struct WitnessFinder<'m> {
    model: &'m Model,
    map: RoutingMap<'m>,
    builder: FormulaBuilder<'m>,
    solver: Solver,
}

impl<'m> WitnessFinder<'m> {
    /// A finder for the routings of a rule set.
    #[must_use]
    pub fn new(model: &'m Model) -> Self {
        let solver = Solver::new(SearchLimits::default(), ProofEffort::default());
        Self { model, map: RoutingMap::new(model), builder: FormulaBuilder::new(model), solver }
    }

    /// The events of the lines that are known to be reachable.
    #[must_use]
    pub fn lines(&self, proofs: &LineProofs<'m>) -> Vec<RoutedWitness> {
        let reachable = proofs.lines().filter_map(|(path, verdict)| match verdict {
            Reachability::Reachable(witness) => self.routed(self.map.by_path(path)?, (**witness).clone()),
            Reachability::Unreachable(_) | Reachability::Undecided(_) | Reachability::WithinUnreachable => None,
        });
        reachable.collect()
    }

    /// An event for each arm of a line's `match`, among those whose places are asked for.
    pub fn arms(&mut self, is_wanted: &dyn Fn(Span) -> bool) -> Vec<RoutedWitness> {
        let mut found = Vec::new();
        for id in self.map.ids() {
            let Some(line) = self.map.line(id).map(|entry| entry.line) else { continue };
            let RoutingLineBody::Match(choice) = &line.body else { continue };
            for (position, _) in choice.arms.iter().enumerate().filter(|(_, arm)| is_wanted(arm.span)) {
                let event = self.arm(id, choice, position);
                found.extend(event.and_then(|event| self.routed(id, event)));
            }
        }
        found
    }

    fn routed(&self, line: LineId, event: Witness) -> Option<RoutedWitness> {
        let routing = self.model.routings.get(self.map.routing(line)?)?.name.clone();
        Some(RoutedWitness { routing, line: (*self.map.line(line)?.line.path).into(), event })
    }

    /// An event that enters the routing of the line, is taken by no line before it, and chooses the arm.
    fn arm(&mut self, line: LineId, choice: &'m Match<Target>, position: usize) -> Option<Witness> {
        let chosen = self.map.chosen_arms(line, choice, &mut self.builder);
        let mut assertions: Vec<Formula> = vec![*chosen.arms.get(position)?];
        // A line whose arm declines does not hit, so the line's own body is not asked for.
        let conditions = self.map.with_ancestors(line).filter_map(|id| self.map.line(id)?.line.when.as_ref());
        let conditions: Vec<_> = conditions.collect();
        assertions.extend(conditions.into_iter().map(|when| self.builder.condition(when)));
        let around: Vec<LineId> = self.map.with_ancestors(line).collect();
        for rival in around.into_iter().flat_map(|id| self.map.rivals(id)).collect::<Vec<_>>() {
            assertions.push(self.map.hit(rival, &mut self.builder).not());
        }
        match self.solver.solve(&self.builder.formulas, &assertions) {
            SolveResult::Solution(solution) => Some(Witness::new(&self.builder.formulas, &solution)),
            SolveResult::None | SolveResult::Undecided(_) => None,
        }
    }
}
