//! Which lines of the routings an event can reach.
//!
//! The conditions of a line and of the lines around it are solved. The event that is found is evaluated. If other lines take
//! it, events that these lines take are left out, and the question is asked again. So a line is reachable only if the
//! evaluator sends an event there, and unreachable only if no event meets what must hold for every event that gets there.

use super::arms::dead_arms;
use super::effort::ProofEffort;
use super::formula::{Formula, FormulaBuilder, Variable, VariableId, variables};
use super::known_event::KnownEvent;
use super::routing::{CallPath, LineId, MAX_CALL_PATHS, Requirement, RoutingMap};
use super::solver::{ProofStatistics, SolveResult, Solver};
use super::undecided::UndecidedReason;
use super::witness::Witness;
use crate::diagnostic::Diagnostic;
use crate::model::{LineKind, Model, RoutingId};
use crate::pattern::language::{SearchCharacters, SearchLimits};
use crate::source::Span;
use std::collections::BTreeSet;
use std::rc::Rc;

/// How many lines may take events of a line one after the other.
pub(super) const MAX_ROUNDS: usize = 2_000;

/// After so many rounds all lines that may take events of a line are left out at once.
pub(super) const ROUNDS_ONE_BY_ONE: usize = 12;

/// How many questions it may take to name few lines that take all events of another.
const MAX_NAMING_QUESTIONS: usize = 200;

/// Where an event goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WitnessOutcome {
    /// The paths of the lines that decide, with the arm that was chosen.
    pub routes: Vec<(Box<str>, Option<usize>)>,
    /// The names of the channels.
    pub channels: Vec<Box<str>>,
}

/// The evaluator: routes an event, with no firing open.
pub type EvaluateWitness<'e> = dyn Fn(&Witness, RoutingId) -> WitnessOutcome + 'e;

/// Whether an event can reach a line.
#[derive(Debug, Clone)]
pub enum Reachability {
    /// This event does.
    Reachable(Rc<Witness>),
    /// None does.
    Unreachable(Unreachable),
    /// It is not known.
    Undecided(UndecidedReason),
    /// A line around it is unreachable, and it with that.
    WithinUnreachable,
}

/// Why no event reaches a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreachable {
    /// Its own conditions contradict each other: these.
    OwnConditions(Vec<Span>),
    /// Its conditions contradict those of other lines on the way to it: these conditions, and the lines that they are of.
    Ancestors(Vec<(LineId, Span)>),
    /// Other lines take all its events.
    Taken {
        /// The lines: without one of them, an event would reach it.
        takers: Vec<LineId>,
        /// An event that meets its conditions, and where it goes. None where the conditions call what is not followed, as no
        /// event is known to meet them then.
        event: Option<Box<(Witness, WitnessOutcome)>>,
        /// The line before which it would be reachable.
        before: Option<LineId>,
    },
}

/// What is known about all lines.
pub struct LineProofs<'m> {
    pub(super) map: RoutingMap<'m>,
    /// For each line, in the order of the text.
    pub(super) verdicts: Vec<(LineId, Reachability)>,
    /// The findings about conditions and arms.
    pub(super) others: Vec<Diagnostic>,
    /// The reachable lines that only texts with line breaks or other control characters reach.
    pub(super) only_with_controls: Vec<LineId>,
    /// The events that show that lines are reachable.
    pub events: Vec<KnownEvent>,
    /// What the proofs took.
    pub statistics: ProofStatistics,
}

/// Decides which lines events can reach. A line that an event of `known` reaches needs no search.
pub fn prove_lines<'m>(
    model: &'m Model,
    evaluate: &EvaluateWitness<'_>,
    known: &[KnownEvent],
    effort: ProofEffort,
) -> LineProofs<'m> {
    let mut prover = LineProver::new(model, evaluate, effort);
    prover.evaluate_known(known);
    let mut only_with_controls = Vec::new();
    let mut verdicts: Vec<(LineId, Reachability)> = Vec::new();
    let mut unreachable = BTreeSet::new();
    for line in prover.callers_first() {
        let verdict = if prover.map.parent(line).is_some_and(|parent| unreachable.contains(&parent)) {
            Reachability::WithinUnreachable
        } else {
            prover.line(line)
        };
        match &verdict {
            Reachability::Unreachable(_) | Reachability::WithinUnreachable => {
                unreachable.insert(line);
                // What it calls is not entered from it.
                prover.map.calls_nothing(line);
            }
            Reachability::Reachable(witness) if !witness.is_plain() && prover.needs_controls(line) => {
                only_with_controls.push(line);
            }
            Reachability::Reachable(_) | Reachability::Undecided(_) => {}
        }
        verdicts.push((line, verdict));
    }
    verdicts.sort_by_key(|(line, _)| *line);
    only_with_controls.sort_unstable();
    let mut others = prover.conditions(&verdicts);
    others.extend(dead_arms(model, &mut prover.solver));
    others.extend(prover.recoveries(&verdicts));
    others.extend(prover.hidden_elses(&verdicts));
    others.extend(prover.not_produced(&verdicts));
    let LineProver { map, events, solver, .. } = prover;
    LineProofs { map, verdicts, others, only_with_controls, events, statistics: solver.statistics }
}

pub(super) struct LineProver<'m, 'e> {
    pub(super) model: &'m Model,
    pub(super) builder: FormulaBuilder<'m>,
    solver: Solver,
    pub(super) map: RoutingMap<'m>,
    evaluate: &'e EvaluateWitness<'e>,
    /// An event for each line that is known to be reachable.
    witnesses: Vec<Option<Rc<Witness>>>,
    /// These events, each once.
    events: Vec<KnownEvent>,
    /// Finds texts without control characters only.
    plain: Solver,
}

/// The result of following one call path.
pub(super) enum PathResult {
    Reached(Rc<Witness>),
    Unreachable(Unreachable),
    Undecided(UndecidedReason),
}

/// The event that was found first, and where it goes.
type FirstEvent = (Rc<Witness>, WitnessOutcome);

impl<'m, 'e> LineProver<'m, 'e> {
    /// Evaluates events that are known: the lines that they reach need no search. An event that enters a routing which only
    /// other routings call shows nothing.
    fn evaluate_known(&mut self, known: &[KnownEvent]) {
        for KnownEvent { routing, event } in known {
            let entry = self.model.routings.iter().position(|declared| declared.name == *routing);
            let Some(entry) = entry.filter(|entry| self.map.entries().contains(entry)) else { continue };
            let witness = Rc::new(event.clone());
            let outcome = self.evaluate(&witness, entry);
            self.record(&witness, entry, &outcome);
        }
    }

    fn new(model: &'m Model, evaluate: &'e EvaluateWitness<'e>, effort: ProofEffort) -> Self {
        let map = RoutingMap::new(model);
        let limits = SearchLimits::default();
        let plain = SearchLimits { allowed: SearchCharacters::Plain, ..limits.clone() };
        Self {
            model,
            builder: FormulaBuilder::new(model),
            solver: Solver::new(limits, effort),
            witnesses: vec![None; map.ids().count()],
            events: Vec::new(),
            map,
            evaluate,
            plain: Solver::new(plain, effort),
        }
    }

    /// All lines, those of a routing after those that call it, and each after the line around it.
    fn callers_first(&self) -> Vec<LineId> {
        let mut lines: Vec<(usize, LineId)> = Vec::new();
        let order = self.map.callers_first();
        let mut places = vec![0; order.len()];
        for (place, routing) in order.into_iter().enumerate() {
            if let Some(slot) = places.get_mut(routing) {
                *slot = place;
            }
        }
        for line in self.map.ids() {
            let place = self.map.routing(line).and_then(|routing| places.get(routing)).copied();
            lines.push((place.unwrap_or_default(), line));
        }
        lines.sort_unstable();
        lines.into_iter().map(|(_, line)| line).collect()
    }

    fn line(&mut self, line: LineId) -> Reachability {
        if let Some(witness) = self.witness(line) {
            return Reachability::Reachable(witness);
        }
        let Some(routing) = self.map.routing(line) else {
            return Reachability::Undecided(UndecidedReason::NotFollowed);
        };
        let paths = self.map.call_paths(routing);
        let (mut first, mut undecided) = (None, paths.1.then_some(UndecidedReason::CallPaths(MAX_CALL_PATHS)));
        for path in &paths.0 {
            match self.along(line, path) {
                PathResult::Reached(witness) => return Reachability::Reachable(witness),
                PathResult::Unreachable(reason) => first = first.or(Some(reason)),
                PathResult::Undecided(reason) => undecided = undecided.or(Some(reason)),
            }
        }
        match (undecided, first) {
            (None, Some(reason)) => Reachability::Unreachable(reason),
            (Some(reason), _) => Reachability::Undecided(reason),
            // No event enters the routing: all lines that call it are unreachable.
            (None, None) => Reachability::WithinUnreachable,
        }
    }

    /// Whether only texts with control characters lead to a line that is reachable.
    fn needs_controls(&mut self, line: LineId) -> bool {
        let Some(routing) = self.map.routing(line) else { return false };
        let paths = self.map.call_paths(routing);
        std::mem::swap(&mut self.solver, &mut self.plain);
        let needs = !paths.1 && paths.0.iter().all(|path| matches!(self.along(line, path), PathResult::Unreachable(_)));
        std::mem::swap(&mut self.solver, &mut self.plain);
        needs
    }

    fn witness(&self, line: LineId) -> Option<Rc<Witness>> {
        self.witnesses.get(line.position())?.clone()
    }

    /// Looks for an event that comes along a call path.
    fn along(&mut self, line: LineId, path: &CallPath) -> PathResult {
        self.along_with(line, path, &[])
    }

    /// Looks for an event that comes along a call path and meets formulas besides. What makes it unreachable is named only
    /// without them.
    pub(super) fn along_with(&mut self, line: LineId, path: &CallPath, besides: &[Formula]) -> PathResult {
        let requirements = self.map.requirements(line, path, &mut self.builder);
        let mut assertions: Vec<Formula> = requirements.iter().map(|each| each.formula).collect();
        assertions.extend_from_slice(besides);
        let mut takers: Vec<LineId> = Vec::new();
        let mut first: Option<FirstEvent> = None;
        for round in 0..MAX_ROUNDS {
            let solution = match self.solve(&assertions) {
                SolveResult::Solution(solution) => solution,
                SolveResult::Undecided(reason) => return PathResult::Undecided(reason),
                SolveResult::None if !besides.is_empty() => {
                    return PathResult::Unreachable(Unreachable::OwnConditions(Vec::new()));
                }
                SolveResult::None => {
                    return self.unreachable(line, &requirements, takers, first);
                }
            };
            let witness = Rc::new(Witness::new(&self.builder.formulas, &solution));
            let outcome = self.evaluate(&witness, path.entry);
            let reached = self.record(&witness, path.entry, &outcome);
            if reached.iter().any(|leaf| self.map.with_ancestors(*leaf).any(|outer| outer == line)) {
                return PathResult::Reached(witness);
            }
            let mut more = if round < ROUNDS_ONE_BY_ONE {
                self.map.takers(line, path, &reached)
            } else {
                self.map.chain(line, path).into_iter().flat_map(|id| self.map.rivals(id)).collect()
            };
            more.retain(|taker| !takers.contains(taker));
            if more.is_empty() {
                return PathResult::Undecided(UndecidedReason::NotFollowed);
            }
            first.get_or_insert((witness, outcome));
            for taker in more {
                assertions.push(self.map.hit(taker, &mut self.builder).not());
                takers.push(taker);
            }
        }
        PathResult::Undecided(UndecidedReason::Rounds(MAX_ROUNDS))
    }

    pub(super) fn solve(&mut self, assertions: &[Formula]) -> SolveResult {
        self.solver.solve(&self.builder.formulas, assertions)
    }

    pub(super) fn evaluate(&mut self, witness: &Witness, entry: RoutingId) -> WitnessOutcome {
        self.solver.statistics.evaluations += 1;
        (self.evaluate)(witness, entry)
    }

    /// Keeps an event for all lines that it reaches, and returns these lines.
    pub(super) fn record(&mut self, witness: &Rc<Witness>, entry: RoutingId, outcome: &WitnessOutcome) -> Vec<LineId> {
        let reached: Vec<LineId> = outcome.routes.iter().filter_map(|(path, _)| self.map.by_path(path)).collect();
        let mut is_new = false;
        for leaf in &reached {
            for line in self.map.with_ancestors(*leaf) {
                if let Some(place @ None) = self.witnesses.get_mut(line.position()) {
                    *place = Some(Rc::clone(witness));
                    is_new = true;
                }
            }
        }
        if let Some(routing) = self.model.routings.get(entry).filter(|_| is_new) {
            self.events.push(KnownEvent { routing: routing.name.clone(), event: (**witness).clone() });
        }
        reached
    }

    /// Why there is no event.
    fn unreachable(
        &mut self,
        line: LineId,
        requirements: &[Requirement],
        takers: Vec<LineId>,
        first: Option<FirstEvent>,
    ) -> PathResult {
        if let Some((event, outcome)) = first {
            let base: Vec<Formula> = requirements.iter().map(|each| each.formula).collect();
            let takers = self.few_takers(&base, takers);
            let formulas = &self.builder.formulas;
            let is_free = |id: &VariableId| formulas.variable(*id).is_none_or(Variable::is_free);
            let is_followed = !variables(formulas, &base).iter().any(is_free);
            let before = if is_followed { self.place_before(line, &base, &takers) } else { None };
            let event = is_followed.then(|| Box::new(((*event).clone(), outcome)));
            return PathResult::Unreachable(Unreachable::Taken { takers, event, before });
        }
        let own: Vec<Requirement> = requirements.iter().copied().filter(|each| each.line == line).collect();
        let is_own = matches!(self.solve(&formulas(&own)), SolveResult::None);
        let kept = self.few_requirements(if is_own { own } else { requirements.to_vec() });
        PathResult::Unreachable(if is_own {
            Unreachable::OwnConditions(kept.iter().map(|each| each.span).collect())
        } else {
            Unreachable::Ancestors(kept.iter().map(|each| (each.line, each.span)).collect())
        })
    }

    /// Requirements that contradict each other, as few as leaving them out in parts finds.
    fn few_requirements(&mut self, kept: Vec<Requirement>) -> Vec<Requirement> {
        few(kept, |fewer| matches!(self.solve(&formulas(fewer)), SolveResult::None))
    }

    /// Lines that take all events, as few as leaving them out in parts finds.
    fn few_takers(&mut self, base: &[Formula], takers: Vec<LineId>) -> Vec<LineId> {
        let mut kept = few(takers, |fewer| {
            let mut assertions = base.to_vec();
            assertions.extend(fewer.iter().map(|taker| self.map.hit(*taker, &mut self.builder).not()));
            matches!(self.solve(&assertions), SolveResult::None)
        });
        kept.sort_unstable();
        kept
    }

    /// The line of the same block before which a line would be reachable, if it would not make another line unreachable.
    fn place_before(&mut self, line: LineId, base: &[Formula], takers: &[LineId]) -> Option<LineId> {
        let entry = self.map.line(line)?;
        if entry.line.kind == LineKind::Else {
            return None;
        }
        let block = self.map.block(entry.block)?.lines.clone();
        let first = *block.iter().find(|other| takers.contains(other))?;
        // All others are in the same block and behind it.
        if !takers.iter().all(|taker| block.contains(taker)) {
            return None;
        }
        let mut assertions = base.to_vec();
        for rival in self
            .map
            .with_ancestors(line)
            .collect::<Vec<_>>()
            .into_iter()
            .flat_map(|id| self.map.rivals(id))
            .collect::<Vec<_>>()
        {
            if !block.contains(&rival) || rival < first {
                assertions.push(self.map.hit(rival, &mut self.builder).not());
            }
        }
        if !matches!(self.solve(&assertions), SolveResult::Solution(_)) {
            return None;
        }
        // Events must be left for those that it would stand before.
        let own = self.map.hit(line, &mut self.builder);
        for taker in takers {
            let hit = self.map.hit(*taker, &mut self.builder);
            if !matches!(self.solve(&[hit, own.not()]), SolveResult::Solution(_)) {
                return None;
            }
        }
        Some(first)
    }
}

/// What is left of a list when parts without which it is enough are left out, larger parts first.
fn few<T: Copy>(mut kept: Vec<T>, mut is_enough: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut part = kept.len().div_ceil(2).max(1);
    let mut questions = 0;
    loop {
        let mut start = 0;
        while start < kept.len() && questions < MAX_NAMING_QUESTIONS {
            let (before, rest) = kept.split_at(start);
            let fewer: Vec<T> = before.iter().chain(rest.iter().skip(part)).copied().collect();
            questions += 1;
            if is_enough(&fewer) {
                kept = fewer;
            } else {
                start += part;
            }
        }
        if part == 1 || questions >= MAX_NAMING_QUESTIONS {
            return kept;
        }
        part = part.div_ceil(2).max(1);
    }
}

fn formulas(requirements: &[Requirement]) -> Vec<Formula> {
    requirements.iter().map(|each| each.formula).collect()
}
