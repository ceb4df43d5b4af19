//! The lines that events of an edited line can meet in both rule sets. All other lines hit none of these events, so
//! they are left out of the formulas.

use super::rule_sets::{RuleSets, Side};
use crate::model::{Destination, LineKind, RoutingId, RoutingLineBody, Target};
use crate::prove::formula::Formula;
use crate::prove::routing::LineId;
use crate::prove::solver::SolveResult;
use std::collections::{BTreeMap, BTreeSet};

/// What an event meets that reaches an edited line.
pub(super) struct RelevantLines {
    /// What holds for every such event.
    pub(super) base: Vec<Formula>,
    /// The lines that may hit.
    lines: BTreeSet<(Side, LineId)>,
}

impl RelevantLines {
    /// Whether a line may hit.
    pub(super) fn contain(&self, side: Side, line: LineId) -> bool {
        self.lines.contains(&(side, line))
    }

    /// Looks for the lines that events can meet which enter a routing and reach an edited line.
    pub(super) fn of(sets: &mut RuleSets<'_, '_>, side: Side, line: LineId, entry: &str) -> Self {
        let (map, builder) = sets.of(side);
        let requirements = map.own_requirements(line, builder);
        let chain: BTreeSet<LineId> = map.with_ancestors(line).collect();
        let mut search = RelevanceSearch {
            requirements: requirements.iter().map(|each| each.formula).collect(),
            side,
            chain,
            known: BTreeMap::new(),
            visited: BTreeSet::new(),
            lines: BTreeSet::new(),
            excluded: BTreeSet::new(),
        };
        search.enter(sets, side, entry);
        search.enter(sets, side.other(), entry);
        // Events that a line before the edited one takes are none of its events.
        let base = search.requirements.into_iter().chain(search.excluded.iter().map(|hit| hit.not()));
        Self { base: base.collect(), lines: search.lines }
    }
}

struct RelevanceSearch {
    /// What holds for an event that reaches the edited line, whatever lines before it take: a question with all these for each
    /// line of a large routing would take as many steps as there are pairs of lines.
    requirements: Vec<Formula>,
    /// The rule set of the edited line.
    side: Side,
    /// The edited line and the lines around it.
    chain: BTreeSet<LineId>,
    known: BTreeMap<Formula, bool>,
    visited: BTreeSet<(Side, RoutingId)>,
    lines: BTreeSet<(Side, LineId)>,
    /// What does not hold for an event that reaches the edited line: that a line before it hits.
    excluded: BTreeSet<Formula>,
}

impl RelevanceSearch {
    fn enter(&mut self, sets: &mut RuleSets<'_, '_>, side: Side, entry: &str) {
        if let Some(routing) = sets.routing(side, entry) {
            self.routing(sets, side, routing);
        }
    }

    fn routing(&mut self, sets: &mut RuleSets<'_, '_>, side: Side, routing: RoutingId) {
        if self.visited.insert((side, routing)) {
            let lines = sets.map(side).routing_block(routing).map(|block| block.lines.clone()).unwrap_or_default();
            self.block(sets, side, &lines);
        }
    }

    fn block(&mut self, sets: &mut RuleSets<'_, '_>, side: Side, lines: &[LineId]) {
        let mut is_ended = false;
        for line in lines {
            let Some(kind) = sets.map(side).line(*line).map(|entry| entry.line.kind) else { continue };
            if is_ended && kind != LineKind::Always {
                continue;
            }
            if side == self.side && self.chain.contains(line) {
                is_ended |= kind == LineKind::Route;
                self.add(sets, side, *line);
                continue;
            }
            let (map, builder) = sets.of(side);
            let hit = map.hit(*line, builder);
            let test = Self::test(sets, side, *line);
            // The same line stands in the other rule set most often.
            if self.excluded.contains(&hit) || !self.may_hold(sets, test) {
                continue;
            }
            if side == self.side && self.is_taker(sets, *line) {
                self.excluded.insert(hit);
                continue;
            }
            self.add(sets, side, *line);
            // The hit of a block whose lines decline says more than its condition, and takes long to refute.
            is_ended |= kind == LineKind::Route && hit == test && !self.may_hold(sets, test.not());
        }
    }

    /// A condition without which a line does not hit.
    fn test(sets: &mut RuleSets<'_, '_>, side: Side, line: LineId) -> Formula {
        let (map, builder) = sets.of(side);
        let Some(entry) = map.line(line).map(|entry| entry.line) else { return Formula::FALSE };
        match &entry.body {
            RoutingLineBody::Block(_) => entry.when.as_ref().map_or(Formula::TRUE, |when| builder.condition(when)),
            RoutingLineBody::Target(_) | RoutingLineBody::Match(_) => map.hit(line, builder),
        }
    }

    /// Whether a line of the same block keeps events from the edited line, or from one around it, if it hits.
    fn is_taker(&self, sets: &RuleSets<'_, '_>, line: LineId) -> bool {
        self.chain.iter().any(|inner| sets.map(self.side).is_rival(*inner, line))
    }

    fn may_hold(&mut self, sets: &mut RuleSets<'_, '_>, formula: Formula) -> bool {
        if let Some(known) = self.known.get(&formula) {
            return *known;
        }
        let assertions: Vec<Formula> = self.requirements.iter().copied().chain([formula]).collect();
        let may_hold = !matches!(sets.solve(&assertions), SolveResult::None);
        self.known.insert(formula, may_hold);
        may_hold
    }

    /// Adds a line, with what is in it and what it calls.
    fn add(&mut self, sets: &mut RuleSets<'_, '_>, side: Side, line: LineId) {
        self.lines.insert((side, line));
        let inner = sets.inner_lines(side, line);
        self.block(sets, side, &inner);
        for routing in called_routings(sets, side, line) {
            self.routing(sets, side, routing);
        }
    }
}

/// The routings that a line calls.
fn called_routings(sets: &RuleSets<'_, '_>, side: Side, line: LineId) -> BTreeSet<RoutingId> {
    let targets = sets.map(side).line(line).map(|entry| entry.line.body.own_targets()).unwrap_or_default();
    let destinations = targets.into_iter().flat_map(Target::destinations);
    destinations
        .filter_map(|destination| match destination {
            Destination::Routing(routing) => Some(*routing),
            Destination::Channel(_) | Destination::Member(_) => None,
        })
        .collect()
}
