//! The searches for an event that a part of a statement does not hold for.

use super::delivery::{self, Told};
use super::{ObservedRouting, StatementId, StatementProver, too_many_paths};
use crate::model::{ChannelId, RoutingId};
use crate::prove::formula::Formula;
use crate::prove::reachability::{MAX_ROUNDS, ROUNDS_ONE_BY_ONE};
use crate::prove::routing::{CallPath, LineId};
use crate::prove::solver::SolveResult;
use crate::prove::undecided::UndecidedReason;
use crate::prove::witness::Witness;
use std::collections::BTreeSet;

/// The result of a search.
pub(super) enum StatementSearch {
    /// This event, and what the evaluator says of it.
    Found(Box<Witness>, ObservedRouting),
    /// There is none.
    None,
    /// It is not known.
    Undecided(UndecidedReason),
}

/// The next event of a search.
enum Candidate {
    Event(Box<Witness>, ObservedRouting),
    None,
    Undecided(UndecidedReason),
}

impl StatementProver<'_> {
    /// An event that meets formulas, evaluated.
    fn candidate(&mut self, id: StatementId, assertions: &[Formula]) -> Candidate {
        match self.solve(assertions) {
            SolveResult::None => Candidate::None,
            SolveResult::Undecided(reason) => Candidate::Undecided(reason),
            SolveResult::Solution(solution) => {
                let event = Box::new(Witness::new(&self.builder.formulas, &solution));
                let observed = (self.observe)(&event, id);
                if observed.meets {
                    Candidate::Event(event, observed)
                } else {
                    Candidate::Undecided(UndecidedReason::NotFollowed)
                }
            }
        }
    }

    /// An event that is sent to none of the channels; or, if that counts, that mutes hold wherever it is sent.
    pub(super) fn not_sent(
        &mut self,
        id: StatementId,
        base: &[Formula],
        channels: &BTreeSet<ChannelId>,
        told: Told,
    ) -> StatementSearch {
        let entry = self.entry(id);
        let mut assertions = base.to_vec();
        let mut excluded: BTreeSet<LineId> = BTreeSet::new();
        for round in 0..MAX_ROUNDS {
            let (event, observed) = match self.candidate(id, &assertions) {
                Candidate::Event(event, observed) => (event, observed),
                Candidate::None => return StatementSearch::None,
                Candidate::Undecided(reason) => return StatementSearch::Undecided(reason),
            };
            let counts = |channel: &&ChannelId| {
                told == Told::DoesNotCount || delivery::holder(self.model, &observed, **channel).is_none()
            };
            if !observed.channels.intersection(channels).any(|channel| counts(&channel)) {
                return StatementSearch::Found(event, observed);
            }
            let givers: Vec<LineId> = if round < ROUNDS_ONE_BY_ONE {
                observed.routes.iter().filter_map(|path| self.map.by_path(path)).collect()
            } else {
                self.map.ids().collect()
            };
            let before = excluded.len();
            for line in givers {
                if let Some(reason) = self.solver.is_spent() {
                    return StatementSearch::Undecided(reason);
                }
                if !self.own_channels(line).is_disjoint(channels) && excluded.insert(line) {
                    let paths = self.paths_to(entry, line);
                    for path in &paths.0 {
                        let constraint = self.delivers(line, path, channels, told).not();
                        assertions.push(constraint);
                    }
                }
            }
            if excluded.len() == before {
                let is_cut = excluded.iter().any(|line| self.paths_to(entry, *line).1);
                let reason = if is_cut { too_many_paths() } else { UndecidedReason::NotFollowed };
                return StatementSearch::Undecided(reason);
            }
        }
        StatementSearch::Undecided(UndecidedReason::Rounds(MAX_ROUNDS))
    }

    /// The events that a line sends to one of the channels along a call path.
    fn delivers(&mut self, line: LineId, path: &CallPath, channels: &BTreeSet<ChannelId>, told: Told) -> Formula {
        let gives = self.gives(line, path, channels, told);
        if gives == Formula::FALSE {
            return gives;
        }
        let reached = self.reached(line, path);
        self.builder.formulas.and([reached, gives])
    }

    /// An event that is sent to one of the channels.
    pub(super) fn sent(
        &mut self,
        id: StatementId,
        base: &[Formula],
        channels: &BTreeSet<ChannelId>,
    ) -> StatementSearch {
        let entry = self.entry(id);
        let mut undecided = None;
        for line in self.map.ids().collect::<Vec<_>>() {
            if self.own_channels(line).is_disjoint(channels) {
                continue;
            }
            let paths = self.paths_to(entry, line);
            undecided = undecided.or_else(|| paths.1.then(too_many_paths));
            for path in &paths.0 {
                let gives = self.gives(line, path, channels, Told::DoesNotCount);
                let is_found = |observed: &ObservedRouting| !observed.channels.is_disjoint(channels);
                match self.along(id, base, (line, path), gives, &is_found) {
                    found @ StatementSearch::Found(..) => return found,
                    StatementSearch::None => {}
                    StatementSearch::Undecided(reason) => undecided = undecided.or(Some(reason)),
                }
            }
        }
        undecided.map_or(StatementSearch::None, StatementSearch::Undecided)
    }

    /// An event that comes to a line along a call path and meets one more formula. Lines that take what is found are left out
    /// one after the other.
    pub(super) fn along(
        &mut self,
        id: StatementId,
        base: &[Formula],
        (line, path): (LineId, &CallPath),
        also: Formula,
        is_found: &dyn Fn(&ObservedRouting) -> bool,
    ) -> StatementSearch {
        let requirements = self.map.requirements(line, path, &mut self.builder);
        let mut assertions = base.to_vec();
        assertions.extend(requirements.iter().map(|each| each.formula));
        assertions.push(also);
        let mut excluded: BTreeSet<LineId> = BTreeSet::new();
        for round in 0..MAX_ROUNDS {
            let (event, observed) = match self.candidate(id, &assertions) {
                Candidate::Event(event, observed) => (event, observed),
                Candidate::None => return StatementSearch::None,
                Candidate::Undecided(reason) => return StatementSearch::Undecided(reason),
            };
            if is_found(&observed) {
                return StatementSearch::Found(event, observed);
            }
            let reached: Vec<LineId> = observed.routes.iter().filter_map(|path| self.map.by_path(path)).collect();
            let mut takers = if round < ROUNDS_ONE_BY_ONE {
                self.map.takers(line, path, &reached)
            } else {
                self.map.chain(line, path).into_iter().flat_map(|id| self.map.rivals(id)).collect()
            };
            takers.retain(|taker| excluded.insert(*taker));
            if takers.is_empty() {
                return StatementSearch::Undecided(UndecidedReason::NotFollowed);
            }
            for taker in takers {
                assertions.push(self.map.hit(taker, &mut self.builder).not());
            }
        }
        StatementSearch::Undecided(UndecidedReason::Rounds(MAX_ROUNDS))
    }

    /// An event for which a line is not one of those that decide.
    pub(super) fn not_via(&mut self, id: StatementId, base: &[Formula], path: &str) -> StatementSearch {
        let entry = self.entry(id);
        let mut assertions = base.to_vec();
        let mut is_cut = false;
        if let Some(line) = self.map.by_path(path) {
            let paths = self.paths_to(entry, line);
            is_cut = paths.1;
            for path in &paths.0 {
                let reached = self.reached(line, path);
                assertions.push(reached.not());
            }
        }
        match self.candidate(id, &assertions) {
            Candidate::None => StatementSearch::None,
            Candidate::Undecided(reason) => StatementSearch::Undecided(reason),
            Candidate::Event(event, observed) if !observed.routes.iter().any(|route| **route == *path) => {
                StatementSearch::Found(event, observed)
            }
            Candidate::Event(..) if is_cut => StatementSearch::Undecided(too_many_paths()),
            Candidate::Event(..) => StatementSearch::Undecided(UndecidedReason::NotFollowed),
        }
    }

    /// The routing that the events of a statement enter.
    pub(super) fn entry(&self, id: StatementId) -> RoutingId {
        self.model.statements.get(id).map_or(usize::MAX, |statement| statement.routing)
    }
}
