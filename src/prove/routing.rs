//! When a line of a routing hits, and when it is reached, as formulas: exactly as the evaluator decides it.
//!
//! A line hits if its condition holds and its body does not decline. It is reached if an event gets to it, and nothing that
//! it gives is withdrawn. No firing is open, so a recovery goes by the rules as well.

use super::formula::{Formula, FormulaBuilder};
use crate::model::{
    Destination, Expression, LineKind, Match, Model, RoutingBlock, RoutingId, RoutingLine, RoutingLineBody, Target,
};
use crate::source::Span;
use foldhash::HashMap;
use std::collections::BTreeSet;
use std::rc::Rc;

/// How many ways to call a routing are tried.
pub(super) const MAX_CALL_PATHS: usize = 64;

/// How many calls are followed backwards to find the ways from one routing to another.
const MAX_CALL_STEPS: usize = 10_000;

/// Position of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(usize);

impl LineId {
    /// The position.
    pub(super) fn position(self) -> usize {
        self.0
    }
}

/// A line of a routing, and where it stands.
#[derive(Debug)]
pub(super) struct LineEntry<'m> {
    pub(super) line: &'m RoutingLine,
    /// The block that it stands in.
    pub(super) block: usize,
    /// Its position there.
    pub(super) position: usize,
}

#[derive(Debug)]
pub(super) struct BlockEntry {
    /// The line whose body it is; none for a routing's own block.
    pub(super) owner: Option<LineId>,
    pub(super) routing: RoutingId,
    pub(super) lines: Vec<LineId>,
}

/// Lines that call routings, the outermost first, and the routing where events enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallPath {
    pub(super) entry: RoutingId,
    pub(super) calls: Vec<LineId>,
}

/// Something that must hold for every event that reaches a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Requirement {
    pub(super) formula: Formula,
    /// The line that asks for it.
    pub(super) line: LineId,
    /// The condition, or the head of the line.
    pub(super) span: Span,
}

/// The ways to call a routing.
pub(super) type CallPaths = (Vec<CallPath>, bool);

/// All routings of a rule set.
pub(super) struct RoutingMap<'m> {
    model: &'m Model,
    lines: Vec<LineEntry<'m>>,
    blocks: Vec<BlockEntry>,
    /// The block of each line that has one.
    inner: Vec<Option<usize>>,
    by_path: HashMap<&'m str, LineId>,
    hits: Vec<Option<Formula>>,
    arms: Vec<Option<Rc<ChosenArms>>>,
    call_paths: Vec<Option<Rc<CallPaths>>>,
    entries: BTreeSet<RoutingId>,
    /// The lines that call each routing.
    callers: Vec<Vec<LineId>>,
}

/// For which events each arm of a line is chosen.
#[derive(Debug)]
pub(super) struct ChosenArms {
    pub(super) arms: Vec<Formula>,
    pub(super) none: Formula,
}

impl<'m> RoutingMap<'m> {
    pub(super) fn new(model: &'m Model) -> Self {
        let mut map = Self {
            model,
            lines: Vec::new(),
            blocks: Vec::new(),
            inner: Vec::new(),
            by_path: HashMap::default(),
            hits: Vec::new(),
            arms: Vec::new(),
            call_paths: vec![None; model.routings.len()],
            entries: BTreeSet::new(),
            callers: vec![Vec::new(); model.routings.len()],
        };
        for (routing, declared) in model.routings.iter().enumerate() {
            map.add_block(&declared.block, None, routing);
        }
        map.hits = vec![None; map.lines.len()];
        map.arms = vec![None; map.lines.len()];
        map.find_callers();
        map
    }

    fn add_block(&mut self, block: &'m RoutingBlock, owner: Option<LineId>, routing: RoutingId) -> usize {
        let id = self.blocks.len();
        self.blocks.push(BlockEntry { owner, routing, lines: Vec::new() });
        for (position, line) in block.lines.iter().enumerate() {
            let line_id = LineId(self.lines.len());
            self.lines.push(LineEntry { line, block: id, position });
            self.inner.push(None);
            self.by_path.insert(&line.path, line_id);
            if let Some(block) = self.blocks.get_mut(id) {
                block.lines.push(line_id);
            }
            if let RoutingLineBody::Block(inner) = &line.body {
                let inner = self.add_block(inner, Some(line_id), routing);
                if let Some(place) = self.inner.get_mut(line_id.0) {
                    *place = Some(inner);
                }
            }
        }
        id
    }

    fn find_callers(&mut self) {
        for id in self.ids() {
            let Some(entry) = self.lines.get(id.0) else { continue };
            let called: BTreeSet<RoutingId> = entry
                .line
                .body
                .own_targets()
                .into_iter()
                .flat_map(Target::destinations)
                .filter_map(|destination| match destination {
                    Destination::Routing(routing) => Some(*routing),
                    Destination::Channel(_) | Destination::Member(_) => None,
                })
                .collect();
            for routing in called {
                if let Some(callers) = self.callers.get_mut(routing) {
                    callers.push(id);
                }
            }
        }
        let named = self.model.integrations.iter().filter_map(|integration| match &integration.destination {
            Destination::Routing(routing) => Some(*routing),
            Destination::Channel(_) | Destination::Member(_) => None,
        });
        let beaten = self.model.heartbeats.iter().map(|heartbeat| heartbeat.routing);
        let uncalled = self.callers.iter().enumerate().filter(|(_, callers)| callers.is_empty()).map(|(id, _)| id);
        self.entries = named.chain(beaten).chain(uncalled).collect();
    }

    /// The routings where events enter.
    pub(super) fn entries(&self) -> &BTreeSet<RoutingId> {
        &self.entries
    }

    /// The outer block of a routing.
    pub(super) fn routing_block(&self, routing: RoutingId) -> Option<&BlockEntry> {
        self.blocks.iter().find(|block| block.owner.is_none() && block.routing == routing)
    }

    /// All lines in text order.
    pub(super) fn ids(&self) -> impl Iterator<Item = LineId> + use<> {
        (0..self.lines.len()).map(LineId)
    }

    pub(super) fn line(&self, id: LineId) -> Option<&LineEntry<'m>> {
        self.lines.get(id.0)
    }

    pub(super) fn block(&self, id: usize) -> Option<&BlockEntry> {
        self.blocks.get(id)
    }

    /// The block of a line, if it has one.
    pub(super) fn inner(&self, id: LineId) -> Option<&BlockEntry> {
        self.blocks.get((*self.inner.get(id.0)?)?)
    }

    /// The line with a path.
    pub(super) fn by_path(&self, path: &str) -> Option<LineId> {
        self.by_path.get(path).copied()
    }

    /// The line whose block a line stands in.
    pub(super) fn parent(&self, id: LineId) -> Option<LineId> {
        self.block(self.line(id)?.block)?.owner
    }

    /// The routing of a line.
    pub(super) fn routing(&self, id: LineId) -> Option<RoutingId> {
        Some(self.block(self.line(id)?.block)?.routing)
    }

    /// A line, and the lines around it, from the inside out.
    pub(super) fn with_ancestors(&self, id: LineId) -> impl Iterator<Item = LineId> {
        std::iter::successors(Some(id), |id| self.parent(*id))
    }

    /// The lines of the same block that keep events from a line if they hit.
    pub(super) fn rivals(&self, id: LineId) -> Vec<LineId> {
        let Some(entry) = self.line(id) else { return Vec::new() };
        let Some(block) = self.block(entry.block) else { return Vec::new() };
        let before = block.lines.iter().take(entry.position).copied();
        before.filter(|other| self.is_rival(id, *other)).collect()
    }

    /// Whether a line keeps events from another one of the same block if it hits.
    pub(super) fn is_rival(&self, id: LineId, other: LineId) -> bool {
        let (Some(entry), Some(other)) = (self.line(id), self.line(other)) else { return false };
        let takes = match entry.line.kind {
            LineKind::Always => false,
            LineKind::Route | LineKind::AlsoRoute => other.line.kind == LineKind::Route,
            LineKind::Else => matches!(other.line.kind, LineKind::Route | LineKind::AlsoRoute),
        };
        takes && entry.block == other.block && other.position < entry.position
    }

    /// The lines whose siblings may keep events from a line: itself, those around it, and those that call its routing.
    pub(super) fn chain(&self, line: LineId, path: &CallPath) -> Vec<LineId> {
        [line].iter().chain(&path.calls).flat_map(|id| self.with_ancestors(*id)).collect()
    }

    /// The lines that took an event that was meant for another line.
    pub(super) fn takers(&self, line: LineId, path: &CallPath, reached: &[LineId]) -> Vec<LineId> {
        let chain = self.chain(line, path);
        let taking = reached.iter().flat_map(|leaf| self.with_ancestors(*leaf));
        let is_taker = |other: &LineId| chain.iter().any(|id| self.is_rival(*id, *other));
        taking.filter(is_taker).collect::<BTreeSet<LineId>>().into_iter().collect()
    }

    /// The ways in which events that enter one routing come to another, and whether there are more.
    pub(super) fn call_paths_from(&self, entry: RoutingId, routing: RoutingId) -> CallPaths {
        let (mut found, mut waiting) = (Vec::new(), vec![(routing, Vec::new())]);
        let mut steps = 0;
        while let Some((routing, calls)) = waiting.pop() {
            steps += 1;
            // No routing calls itself, so the entry is not within a way.
            if routing == entry {
                found.push(CallPath { entry, calls: calls.into_iter().rev().collect() });
                if found.len() > MAX_CALL_PATHS {
                    found.truncate(MAX_CALL_PATHS);
                    return (found, true);
                }
                continue;
            }
            if steps > MAX_CALL_STEPS {
                return (found, true);
            }
            for caller in self.callers.get(routing).into_iter().flatten() {
                if let Some(outer) = self.routing(*caller) {
                    waiting.push((outer, calls.iter().copied().chain([*caller]).collect()));
                }
            }
        }
        found.sort_by(|one, two| one.calls.cmp(&two.calls));
        (found, false)
    }

    /// The routings, each after those that call it.
    pub(super) fn callers_first(&self) -> Vec<RoutingId> {
        let mut order = Vec::new();
        let mut is_seen = vec![false; self.callers.len()];
        for routing in 0..self.callers.len() {
            self.add_after_callers(routing, &mut is_seen, &mut order);
        }
        order
    }

    fn add_after_callers(&self, routing: RoutingId, is_seen: &mut [bool], order: &mut Vec<RoutingId>) {
        if is_seen.get_mut(routing).is_none_or(|seen| std::mem::replace(seen, true)) {
            return;
        }
        let callers = self.callers.get(routing).into_iter().flatten();
        for outer in callers.filter_map(|caller| self.routing(*caller)) {
            self.add_after_callers(outer, is_seen, order);
        }
        order.push(routing);
    }

    /// A line that no event reaches calls nothing.
    pub(super) fn calls_nothing(&mut self, id: LineId) {
        for callers in &mut self.callers {
            callers.retain(|caller| *caller != id);
        }
    }

    /// The ways in which events come to a routing, and whether there are more.
    pub(super) fn call_paths(&mut self, routing: RoutingId) -> Rc<CallPaths> {
        if let Some(Some(known)) = self.call_paths.get(routing) {
            return Rc::clone(known);
        }
        // A cycle is an error, so it is not met; were it met, it would end here.
        if let Some(place) = self.call_paths.get_mut(routing) {
            *place = Some(Rc::new((Vec::new(), true)));
        }
        let mut paths = Vec::new();
        let mut is_cut = false;
        if self.entries.contains(&routing) {
            paths.push(CallPath { entry: routing, calls: Vec::new() });
        }
        for caller in self.callers.get(routing).cloned().unwrap_or_default() {
            let Some(outer) = self.routing(caller) else { continue };
            let outer = self.call_paths(outer);
            is_cut |= outer.1;
            for path in &outer.0 {
                if paths.len() >= MAX_CALL_PATHS {
                    is_cut = true;
                    break;
                }
                let calls = path.calls.iter().copied().chain([caller]).collect();
                paths.push(CallPath { entry: path.entry, calls });
            }
        }
        let paths = Rc::new((paths, is_cut));
        if let Some(place) = self.call_paths.get_mut(routing) {
            *place = Some(Rc::clone(&paths));
        }
        paths
    }

    /// The events for which a line hits if it is tried.
    pub(super) fn hit(&mut self, id: LineId, builder: &mut FormulaBuilder<'m>) -> Formula {
        if let Some(Some(known)) = self.hits.get(id.0) {
            return *known;
        }
        let Some(line) = self.line(id).map(|entry| entry.line) else { return Formula::FALSE };
        let condition = line.when.as_ref().map_or(Formula::TRUE, |when| builder.condition(when));
        let body = self.body_hit(id, builder);
        let formula = builder.formulas.and([condition, body]);
        if let Some(place) = self.hits.get_mut(id.0) {
            *place = Some(formula);
        }
        formula
    }

    /// The events for which the body of a line does not decline.
    pub(super) fn body_hit(&mut self, id: LineId, builder: &mut FormulaBuilder<'m>) -> Formula {
        let Some(line) = self.line(id).map(|entry| entry.line) else { return Formula::FALSE };
        match &line.body {
            RoutingLineBody::Target(target) => self.target_hit(line, target, builder),
            RoutingLineBody::Match(choice) => {
                let chosen = self.chosen_arms(id, choice, builder);
                let hits: Vec<Formula> =
                    choice.arms.iter().map(|arm| self.target_hit(line, &arm.result, builder)).collect();
                if hits.iter().all(|hit| *hit == Formula::TRUE) {
                    return chosen.none.not();
                }
                let parts: Vec<Formula> =
                    hits.iter().zip(&chosen.arms).map(|(hit, arm)| builder.formulas.and([*hit, *arm])).collect();
                builder.formulas.or(parts)
            }
            RoutingLineBody::Block(_) => {
                let lines = self.inner(id).map(|block| block.lines.clone()).unwrap_or_default();
                self.block_hit(&lines, builder)
            }
        }
    }

    /// A block hits if one of its lines that count does. What comes after a `route` that hit makes no difference to that.
    fn block_hit(&mut self, lines: &[LineId], builder: &mut FormulaBuilder<'m>) -> Formula {
        let mut parts = Vec::new();
        // The last line is an `else`, or takes everything, unless it declines.
        for id in lines.iter().rev() {
            if self.line(*id).is_none_or(|entry| entry.line.kind == LineKind::Always) {
                continue;
            }
            let hit = self.hit(*id, builder);
            if hit == Formula::TRUE {
                return hit;
            }
            parts.push(hit);
        }
        builder.formulas.or(parts)
    }

    /// The events for which a target that is chosen hits.
    pub(super) fn target_hit(
        &self,
        line: &RoutingLine,
        target: &'m Target,
        builder: &mut FormulaBuilder<'m>,
    ) -> Formula {
        let destinations = match target {
            Target::Destinations(destinations) => destinations,
            Target::Nothing(..) => return Formula::TRUE,
            Target::Decline => return Formula::FALSE,
        };
        let mut parts = Vec::new();
        for destination in destinations {
            parts.push(match destination {
                Destination::Channel(_) | Destination::Routing(_) => Formula::TRUE,
                Destination::Member(choice) => {
                    let names: Vec<&str> = self
                        .model
                        .families
                        .get(choice.family)
                        .map(|family| family.members.iter().map(|(name, _)| &**name).collect())
                        .unwrap_or_default();
                    builder.is_member(&choice.value, &names)
                }
            });
        }
        // An `always` goes on without members that do not exist.
        if line.kind == LineKind::Always { builder.formulas.or(parts) } else { builder.formulas.and(parts) }
    }

    pub(super) fn chosen_arms(
        &mut self,
        id: LineId,
        choice: &'m Match<Target>,
        builder: &mut FormulaBuilder<'m>,
    ) -> Rc<ChosenArms> {
        if let Some(Some(known)) = self.arms.get(id.0) {
            return Rc::clone(known);
        }
        let (arms, none) = builder.arms(choice);
        let chosen = Rc::new(ChosenArms { arms, none });
        if let Some(place) = self.arms.get_mut(id.0) {
            *place = Some(Rc::clone(&chosen));
        }
        chosen
    }

    /// What a line and the lines around it ask for, in their own routing.
    pub(super) fn own_requirements(&mut self, id: LineId, builder: &mut FormulaBuilder<'m>) -> Vec<Requirement> {
        let mut requirements = Vec::new();
        self.add_requirements(id, None, builder, &mut requirements);
        requirements
    }

    /// The lines that call a routing.
    pub(super) fn callers(&self, routing: RoutingId) -> &[LineId] {
        self.callers.get(routing).map(|callers| &**callers).unwrap_or_default()
    }

    /// What must hold for every event that reaches a line along a call path, except that no rival hits. What the line itself
    /// asks for comes first.
    pub(super) fn requirements(
        &mut self,
        id: LineId,
        path: &CallPath,
        builder: &mut FormulaBuilder<'m>,
    ) -> Vec<Requirement> {
        let mut requirements = self.own_requirements(id, builder);
        let mut called = self.routing(id);
        for caller in path.calls.iter().rev() {
            self.add_requirements(*caller, called, builder, &mut requirements);
            called = self.routing(*caller);
        }
        requirements
    }

    /// What a line, that may call a routing, and the lines around it ask for.
    fn add_requirements(
        &mut self,
        id: LineId,
        called: Option<RoutingId>,
        builder: &mut FormulaBuilder<'m>,
        requirements: &mut Vec<Requirement>,
    ) {
        let chain: Vec<LineId> = self.with_ancestors(id).collect();
        for line_id in chain {
            let Some(entry) = self.line(line_id) else { continue };
            let (line, block) = (entry.line, entry.block);
            for condition in line.when.iter().flat_map(Expression::conjuncts) {
                let formula = builder.condition(condition);
                requirements.push(Requirement { formula, line: line_id, span: condition.span });
            }
            let mut add = |formula| {
                if formula != Formula::TRUE {
                    requirements.push(Requirement { formula, line: line_id, span: line.head });
                }
            };
            if line_id == id {
                add(self.body_hit(id, builder));
                if let Some(called) = called {
                    add(self.calls(id, called, builder));
                }
            }
            // A line that counts makes its block hit. What an `always` gives is withdrawn if the block does not.
            if line.kind == LineKind::Always
                && let Some(owner) = self.block(block).and_then(|block| block.owner)
            {
                add(self.body_hit(owner, builder));
            }
        }
    }

    /// The events for which a line chooses an arm that calls a routing.
    fn calls(&mut self, id: LineId, called: RoutingId, builder: &mut FormulaBuilder<'m>) -> Formula {
        let Some(line) = self.line(id).map(|entry| entry.line) else { return Formula::FALSE };
        let RoutingLineBody::Match(choice) = &line.body else { return Formula::TRUE };
        let chosen = self.chosen_arms(id, choice, builder);
        let calls = |target: &Target| {
            target.destinations().iter().any(|one| matches!(one, Destination::Routing(routing) if *routing == called))
        };
        let mut parts = Vec::new();
        for (arm, when) in choice.arms.iter().zip(&chosen.arms) {
            if calls(&arm.result) {
                let hit = self.target_hit(line, &arm.result, builder);
                parts.push(builder.formulas.and([*when, hit]));
            }
        }
        builder.formulas.or(parts)
    }
}
