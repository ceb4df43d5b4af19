//! Statements about all events of a routing: that they go to channels, that they do not, that lines decide.
//!
//! For "each of these events is sent to one of these channels", an event is looked for that is sent to none. The event that
//! is found is evaluated. If a line sends it there, events that this line sends there are left out, and the question is asked
//! again. So a statement is refuted only by an event that the evaluator sends elsewhere, and proven only if no event is left
//! that meets what must hold for every event that could refute it.

mod delivery;
mod destinations;
mod search;

pub use destinations::ReachedDestination;

use super::effort::ProofEffort;
use super::formula::{Constraint, Formula, FormulaBuilder, Variable};
use super::message::related;
use super::routing::{CallPaths, LineId, MAX_CALL_PATHS, RoutingMap};
use super::solver::{SolveResult, Solver};
use super::undecided::UndecidedReason;
use super::witness::Witness;
use crate::check::proof_code;
use crate::diagnostic::Diagnostic;
use crate::event::AlertStatus;
use crate::model::{
    ChannelId, Expression, Model, MuteId, RoutingId, Statement, StatementExpectation, StatementExpectationKind,
};
use crate::pattern::language::SearchLimits;
use crate::source::Span;
use delivery::Told;
use search::StatementSearch;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// Position in [`Model::statements`].
pub type StatementId = usize;

/// Where the evaluator sends an event, and what of it people are not told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObservedRouting {
    /// Whether the event meets the `when` of the statement.
    pub meets: bool,
    /// The paths of the lines that decide.
    pub routes: Vec<Box<str>>,
    /// The channels that get it.
    pub channels: BTreeSet<ChannelId>,
    /// Those of them in which nothing can hold it, because an `always` gives them.
    pub copies: BTreeSet<ChannelId>,
    /// The mutes without `while` that hold it where they apply; none for an event that is over.
    pub mutes: Vec<MuteId>,
}

/// The evaluator: what becomes of an event that enters the routing of a statement, with no firing open.
pub type ObserveEvent<'m> = dyn Fn(&Witness, StatementId) -> ObservedRouting + 'm;

/// What is known of one expectation of a statement.
#[derive(Debug, Clone)]
pub enum StatementVerdict {
    /// It holds for every event. Mutes with `while` that may hold some of them are named.
    Proven(Vec<MuteId>),
    /// It does not hold for this event.
    Refuted(Box<Refutation>),
    /// It is not known.
    Undecided(UndecidedReason),
    /// No event meets the `when`, so that nothing is said.
    NoEvent,
}

/// An event that a statement does not hold for.
#[derive(Debug, Clone)]
pub struct Refutation {
    /// The event.
    pub event: Witness,
    /// What the evaluator says of it.
    pub observed: ObservedRouting,
    /// What is wrong with that.
    pub fault: StatementFault,
}

/// What is wrong with where an event goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementFault {
    /// It is sent to none of these channels.
    NotSent(Vec<ChannelId>),
    /// It is sent to these channels, and mutes hold it in each of them.
    Held(Vec<(ChannelId, MuteId)>),
    /// It is sent to these channels, which it must not be.
    Sent(Vec<ChannelId>),
    /// This line does not decide.
    NotVia(Box<str>),
    /// It is sent nowhere.
    Dropped,
}

/// A part of an expectation that is decided by itself.
enum Goal {
    /// At least one of these channels gets it; and nobody holds it there, if that counts.
    Sent(BTreeSet<ChannelId>, Told),
    /// None of these channels gets it.
    NotSent(BTreeSet<ChannelId>),
    /// This line decides.
    Via(Box<str>),
}

/// Decides the statements of a rule set.
pub struct StatementProver<'m> {
    model: &'m Model,
    builder: FormulaBuilder<'m>,
    solver: Solver,
    map: RoutingMap<'m>,
    observe: Box<ObserveEvent<'m>>,
    /// For which events no line of some that follow each other in a block hits, by the first of them.
    unhindered: HashMap<(LineId, bool), Formula>,
    muted: BTreeMap<ChannelId, Formula>,
    call_paths: BTreeMap<(RoutingId, RoutingId), Rc<CallPaths>>,
}

impl<'m> StatementProver<'m> {
    /// Nothing is decided yet.
    #[must_use]
    pub fn new(model: &'m Model, observe: Box<ObserveEvent<'m>>, effort: ProofEffort) -> Self {
        Self {
            model,
            builder: FormulaBuilder::new(model),
            solver: Solver::new(SearchLimits::default(), effort),
            map: RoutingMap::new(model),
            observe,
            unhindered: HashMap::new(),
            muted: BTreeMap::new(),
            call_paths: BTreeMap::new(),
        }
    }

    /// A verdict for each expectation of a statement, in their order.
    pub fn prove(&mut self, id: StatementId) -> Vec<(&'m StatementExpectation, StatementVerdict)> {
        let model = self.model;
        let Some(statement) = model.statements.get(id) else { return Vec::new() };
        let base = self.base(statement);
        let is_empty = matches!(self.solve(&base), SolveResult::None);
        let verdict = |expectation: &'m StatementExpectation| {
            let verdict = if is_empty { StatementVerdict::NoEvent } else { self.expectation(id, &base, expectation) };
            (expectation, verdict)
        };
        statement.expectations.iter().map(verdict).collect()
    }

    /// A finding for each statement that is about no event.
    pub fn findings(&mut self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for statement in &self.model.statements {
            let base = self.base(statement);
            if let Some(when) = &statement.when
                && matches!(self.solve(&base), SolveResult::None)
            {
                let at = if statement.at.is_some() { " at this time" } else { "" };
                let message = format!("no event meets this condition{at}, so the statement says nothing");
                let finding = |span| Diagnostic::new(&proof_code::NO_EVENT, span, message);
                let finding = match self.contradicting(when, &base).as_slice() {
                    [] | [_] => finding(when.span).label("false for every event"),
                    [first, others @ ..] => {
                        let contradicts = "contradicts the other conditions";
                        let others = others.iter().map(|span| (*span, contradicts.to_owned()));
                        related(finding(*first).label(contradicts), others)
                    }
                };
                found
                    .push(finding.help("say which events the statement is about, or leave `when` out for all of them"));
            }
        }
        found
    }

    /// The parts of a condition that no event meets together: without any of them there are events.
    fn contradicting(&mut self, when: &'m Expression, base: &[Formula]) -> Vec<Span> {
        let parts = when.conjuncts();
        let mut kept: BTreeSet<usize> = (0..base.len()).collect();
        for position in 0..parts.len() {
            let without = base.iter().enumerate().filter(|(at, _)| *at != position && kept.contains(at));
            let without: Vec<Formula> = without.map(|(_, formula)| *formula).collect();
            if matches!(self.solve(&without), SolveResult::None) {
                kept.remove(&position);
            }
        }
        parts.iter().enumerate().filter(|(at, _)| kept.contains(at)).map(|(_, part)| part.span).collect()
    }

    /// What every event of a statement meets.
    fn base(&mut self, statement: &'m Statement) -> Vec<Formula> {
        let mut base = Vec::new();
        for condition in statement.when.iter().flat_map(crate::model::Expression::conjuncts) {
            base.push(self.builder.condition(condition));
        }
        if let Some(at) = statement.at {
            let now = self.builder.formulas.add_variable(Variable::Now);
            base.push(self.builder.formulas.atom(now, Constraint::At(at)));
        }
        base
    }

    fn expectation(
        &mut self,
        id: StatementId,
        base: &[Formula],
        expectation: &'m StatementExpectation,
    ) -> StatementVerdict {
        let (mut undecided, mut holding) = (None, BTreeSet::new());
        for goal in goals(self.model, &expectation.kind) {
            match self.goal(id, base, &goal) {
                StatementSearch::Found(event, observed) => {
                    let fault = fault(self.model, &goal, &expectation.kind, &observed);
                    return StatementVerdict::Refuted(Box::new(Refutation { event: *event, observed, fault }));
                }
                StatementSearch::None => {
                    if let Goal::Sent(channels, Told::Counts) = &goal {
                        holding.extend(self.sources_that_may_hold(base, channels));
                    }
                }
                StatementSearch::Undecided(reason) => undecided = undecided.or(Some(reason)),
            }
        }
        match undecided {
            Some(reason) => StatementVerdict::Undecided(reason),
            None => StatementVerdict::Proven(holding.into_iter().collect()),
        }
    }

    /// Looks for an event that a goal does not hold for.
    fn goal(&mut self, id: StatementId, base: &[Formula], goal: &Goal) -> StatementSearch {
        match goal {
            // What the routing does not send says more than what a mute holds.
            Goal::Sent(channels, told) => match self.not_sent(id, base, channels, Told::DoesNotCount) {
                StatementSearch::None if *told == Told::Counts && self.may_be_held(channels) => {
                    self.not_sent(id, base, channels, Told::Counts)
                }
                result @ (StatementSearch::Found(..) | StatementSearch::None | StatementSearch::Undecided(_)) => result,
            },
            Goal::NotSent(channels) => self.sent(id, base, channels),
            Goal::Via(path) => self.not_via(id, base, path),
        }
    }

    /// The mutes with `while` that may hold an event in one of these channels.
    fn sources_that_may_hold(&mut self, base: &[Formula], channels: &BTreeSet<ChannelId>) -> Vec<MuteId> {
        let model = self.model;
        let mut found = Vec::new();
        for (id, mute) in model.mutes.iter().enumerate() {
            let covers = mute.channels.as_ref().is_none_or(|muted| muted.iter().any(|one| channels.contains(one)));
            if mute.source.is_none() || !covers {
                continue;
            }
            let mut assertions = base.to_vec();
            assertions.push(self.builder.condition(&mute.when));
            assertions.push(self.builder.statuses(|status| status == AlertStatus::Firing));
            if !matches!(self.solve(&assertions), SolveResult::None) {
                found.push(id);
            }
        }
        found
    }

    fn solve(&mut self, assertions: &[Formula]) -> SolveResult {
        self.solver.solve(&self.builder.formulas, assertions)
    }

    /// The ways from the routing of a statement to a line.
    fn paths_to(&mut self, entry: RoutingId, line: LineId) -> Rc<CallPaths> {
        let Some(routing) = self.map.routing(line) else { return Rc::default() };
        let map = &self.map;
        let known = self.call_paths.entry((entry, routing));
        Rc::clone(known.or_insert_with(|| Rc::new(map.call_paths_from(entry, routing))))
    }
}

/// What an expectation says, in parts.
fn goals(model: &Model, kind: &StatementExpectationKind) -> Vec<Goal> {
    let each = |channels: &[ChannelId]| -> Vec<Goal> {
        channels.iter().map(|channel| Goal::Sent(BTreeSet::from([*channel]), Told::Counts)).collect()
    };
    let set = |channels: &[ChannelId]| channels.iter().copied().collect::<BTreeSet<_>>();
    match kind {
        StatementExpectationKind::Includes(channels) => each(channels),
        StatementExpectationKind::Any(channels) => vec![Goal::Sent(set(channels), Told::Counts)],
        StatementExpectationKind::Excludes(channels) => vec![Goal::NotSent(set(channels))],
        StatementExpectationKind::Exactly(channels) => {
            let others = (0..model.channels.len()).filter(|channel| !channels.contains(channel)).collect();
            let mut goals = each(channels);
            goals.push(Goal::NotSent(others));
            goals
        }
        StatementExpectationKind::Via(paths) => paths.iter().cloned().map(Goal::Via).collect(),
        StatementExpectationKind::NotDropped => {
            vec![Goal::Sent((0..model.channels.len()).collect(), Told::DoesNotCount)]
        }
    }
}

/// What is wrong with an event that a goal does not hold for.
fn fault(model: &Model, goal: &Goal, kind: &StatementExpectationKind, observed: &ObservedRouting) -> StatementFault {
    match goal {
        Goal::Via(path) => StatementFault::NotVia(path.clone()),
        Goal::NotSent(channels) => StatementFault::Sent(observed.channels.intersection(channels).copied().collect()),
        Goal::Sent(..) if *kind == StatementExpectationKind::NotDropped => StatementFault::Dropped,
        Goal::Sent(channels, _) => {
            let sent = observed.channels.intersection(channels).copied();
            let held: Vec<(ChannelId, MuteId)> =
                sent.filter_map(|channel| Some((channel, delivery::holder(model, observed, channel)?))).collect();
            if held.is_empty() {
                StatementFault::NotSent(channels.iter().copied().collect())
            } else {
                StatementFault::Held(held)
            }
        }
    }
}

/// Why there may be more ways to a line than are followed.
fn too_many_paths() -> UndecidedReason {
    UndecidedReason::CallPaths(MAX_CALL_PATHS)
}
