//! A routing decides which channels get an event: a walk over blocks, always lines, declines and called routings.

use super::candidates::SharedConditionCache;
use super::decision_builder::{DecisionBuilder, EntryOrigin};
use super::interpreter::Interpreter;
use super::observer::{LineOutcome, Observer};
use crate::event::{AlertStatus, Event, MatchedRoute, RoutingDecision, RuleReason};
use crate::program::{
    BlockIndex, Destination, Node, NodeId, Program, RoutingBlock, RoutingLine, RoutingLineBody, Target,
};
use crate::syntax::tree::LineKind;
use smallvec::SmallVec;
use std::rc::Rc;

/// Decides where an event goes.
pub(super) fn decide<'a, O: Observer>(
    interpreter: &mut Interpreter<'a, 'a, '_, O>,
    destination: Destination,
    event: &'a Event<'a>,
    open: &dyn Fn(&str) -> Vec<String>,
) -> RoutingDecision<'a> {
    let (program, arena) = (interpreter.program, interpreter.arena);
    // Routing has a budget of its own.
    let left = std::mem::take(&mut interpreter.remaining);
    interpreter.set_event(event);
    let mut walk = RoutingWalk::new(interpreter);
    match destination {
        Destination::Routing(routing) => walk.routing(routing),
        Destination::Channel(_) | Destination::Member { .. } => walk.destination(destination),
    }
    walk.interpreter.remaining = left;
    let open = open_channels(program, event, open);
    if open.is_empty() {
        return walk.builder.finish(program, arena);
    }
    let decision = walk.builder.finish_recovery(program, &open, arena);
    let names = open.iter().filter_map(|channel| program.channels.get(*channel));
    walk.interpreter.observer.followed(&names.map(|channel| &*channel.name).collect::<SmallVec<[&str; 8]>>());
    decision
}

/// The channels in which the firing of a recovery is still open, as far as they still exist.
fn open_channels(program: &Program, event: &Event<'_>, open: &dyn Fn(&str) -> Vec<String>) -> Vec<usize> {
    match event.status {
        AlertStatus::Firing => Vec::new(),
        AlertStatus::Resolved => {
            let open = open(event.key);
            open.iter().filter_map(|name| program.names.channels.get(name.as_str()).copied()).collect()
        }
    }
}

/// The progress of a walk through a block.
#[derive(Default)]
struct BlockProgress {
    /// Whether a line other than `always` has hit.
    hit: bool,
    /// Whether a `route` has hit, which ends the block.
    ended: bool,
}

impl BlockProgress {
    /// Whether a line of that kind is still tried.
    fn allows(&self, kind: LineKind) -> bool {
        match kind {
            LineKind::Always => true,
            LineKind::Route | LineKind::AlsoRoute => !self.ended,
            LineKind::Else => !self.hit,
        }
    }
}

/// A walk through routings for one event.
struct RoutingWalk<'p, 'v, 'm, 'w, O> {
    interpreter: &'w mut Interpreter<'p, 'v, 'm, O>,
    builder: DecisionBuilder<'v>,
    origin: EntryOrigin,
    /// The result of each called routing, which does not depend on the caller. Empty until one is called.
    called_routings: Vec<Option<Rc<DecisionBuilder<'v>>>>,
}

impl<'p: 'v, 'v, 'm, 'w, O: Observer> RoutingWalk<'p, 'v, 'm, 'w, O> {
    fn new(interpreter: &'w mut Interpreter<'p, 'v, 'm, O>) -> Self {
        Self {
            interpreter,
            builder: DecisionBuilder::default(),
            origin: EntryOrigin::Routed,
            called_routings: Vec::new(),
        }
    }

    fn destination(&mut self, destination: Destination) {
        match destination {
            Destination::Channel(channel) => self.builder.add_channel(channel, self.origin),
            Destination::Routing(routing) => self.call(routing),
            Destination::Member { family, value } => {
                if let Some(channel) = self.member(family, value) {
                    self.builder.add_channel(channel, self.origin);
                }
            }
        }
    }

    /// The channel of the member of a family that a value names.
    fn member(&mut self, family: usize, value: NodeId) -> Option<usize> {
        let program = self.interpreter.program;
        let family = program.families.get(family)?;
        let named = self.interpreter.value(value);
        let name = self.interpreter.text(named, || program.source_text(value));
        let channel = name.and_then(|name| family.members.get(name)).copied();
        if O::LISTENS
            && channel.is_none()
            && let Some(place) = program.place(value)
        {
            self.interpreter.observer.no_member(place, &family.name, &named);
        }
        channel
    }

    /// The destinations with the members that values choose; nothing if one of them does not exist, unless the line is
    /// an `always`, which goes on without it.
    fn chosen_destinations(&mut self, all: &[Destination], kind: LineKind) -> Option<SmallVec<[Destination; 4]>> {
        let mut chosen = SmallVec::new();
        for destination in all {
            match destination {
                Destination::Channel(_) | Destination::Routing(_) => chosen.push(*destination),
                Destination::Member { family, value } => match self.member(*family, *value) {
                    Some(channel) => chosen.push(Destination::Channel(channel)),
                    None if kind == LineKind::Always => {}
                    None => return None,
                },
            }
        }
        (!chosen.is_empty()).then_some(chosen)
    }

    fn call(&mut self, routing: usize) {
        let known = self.called_routings.get(routing).cloned().flatten();
        let called = known.unwrap_or_else(|| self.run(routing));
        self.builder.add_called_routing(routing, &called, self.origin);
    }

    fn run(&mut self, routing: usize) -> Rc<DecisionBuilder<'v>> {
        let outer = std::mem::take(&mut self.builder);
        let origin = std::mem::take(&mut self.origin);
        self.routing(routing);
        self.origin = origin;
        let result = Rc::new(std::mem::replace(&mut self.builder, outer).deduplicated());
        self.called_routings.resize(self.interpreter.program.routings.len(), None);
        if let Some(known) = self.called_routings.get_mut(routing) {
            *known = Some(Rc::clone(&result));
        }
        result
    }

    fn routing(&mut self, routing: usize) {
        let program = self.interpreter.program;
        if let Some(routing) = program.routings.get(routing) {
            self.block(&routing.block);
        }
    }

    /// Runs a block; says whether it hit (it declines otherwise).
    ///
    /// The index gives the lines that may hit. An observer is shown every line, so the index is not used then.
    fn block(&mut self, block: &'p RoutingBlock) -> bool {
        let mut progress = BlockProgress::default();
        match &block.index {
            Some(index) if !O::LISTENS => self.candidates(block, index, &mut progress),
            Some(_) | None if !O::LISTENS => self.scan(block, &mut progress),
            Some(_) | None => self.walk(block, &mut progress),
        }
        progress.hit
    }

    /// Tries every line with all of its condition.
    fn walk(&mut self, block: &'p RoutingBlock, progress: &mut BlockProgress) {
        for line in &block.lines {
            if progress.allows(line.kind) {
                self.step(line, line.when, progress);
            }
        }
    }

    /// Tries one line after the other.
    fn scan(&mut self, block: &'p RoutingBlock, progress: &mut BlockProgress) {
        for (place, label) in (0..).zip(&block.labels) {
            if progress.ended && place >= block.always_until {
                return;
            }
            // Most lines are skipped because of their label.
            if let Some(label) = label
                && self.interpreter.label(label.id) != Some(&label.text)
            {
                continue;
            }
            let Some(line) = block.lines.get(place as usize) else { return };
            if !progress.allows(line.kind) {
                continue;
            }
            let holds = line.when.is_none_or(|when| match label {
                Some(label) => label.is_all || self.interpreter.rest_holds(when),
                None => self.interpreter.holds(when),
            });
            if holds {
                self.step(line, None, progress);
            }
        }
    }

    /// Tries the lines that the index finds, unless their guards refuse them.
    fn candidates(&mut self, block: &'p RoutingBlock, index: &'p BlockIndex, progress: &mut BlockProgress) {
        let combination = self.interpreter.combination();
        let mut shared = SharedConditionCache::of(index);
        let Some(candidates) = self.interpreter.candidates(index, combination, &mut shared) else {
            return self.walk(block, progress);
        };
        for position in candidates {
            if progress.ended && position >= block.always_until {
                return;
            }
            let place = position as usize;
            let (Some(line), Some(guard)) = (block.lines.get(place), index.guards.get(place)) else {
                continue;
            };
            if progress.allows(line.kind) && guard.allows(combination) && shared.hold(guard.shared(), self.interpreter)
            {
                self.try_line(line, if guard.is_complete() { None } else { line.when }, progress);
            }
        }
    }

    /// Tries a line with the part of its condition that is not yet decided.
    #[inline]
    fn try_line(&mut self, line: &'p RoutingLine, when: Option<NodeId>, progress: &mut BlockProgress) {
        if when.is_none_or(|when| self.interpreter.holds(when)) {
            self.step(line, None, progress);
        }
    }

    fn step(&mut self, line: &'p RoutingLine, when: Option<NodeId>, progress: &mut BlockProgress) {
        if line.kind == LineKind::Always {
            let outer = std::mem::replace(&mut self.origin, EntryOrigin::Always);
            self.line(line, when);
            self.origin = outer;
        } else if self.line(line, when) {
            progress.hit = true;
            progress.ended |= line.kind == LineKind::Route;
        }
    }

    /// Says whether the line hit.
    fn line(&mut self, line: &'p RoutingLine, when: Option<NodeId>) -> bool {
        self.interpreter.observer.enter(&line.path, line.place);
        let end = self.attempt(line, when);
        self.interpreter.observer.leave(&line.path, end);
        end == LineOutcome::Hit
    }

    #[inline]
    fn attempt(&mut self, line: &'p RoutingLine, when: Option<NodeId>) -> LineOutcome {
        if let Some(when) = when {
            let holds = self.interpreter.holds(when);
            if O::LISTENS
                && let Some(place) = self.interpreter.program.place(when)
            {
                self.interpreter.observer.condition(place, holds);
            }
            if !holds {
                return LineOutcome::Skipped;
            }
        }
        let checkpoint = self.builder.checkpoint();
        let hit = match &line.body {
            RoutingLineBody::Block(block) => self.block(block),
            RoutingLineBody::Target(target) => self.target(line, None, target),
            RoutingLineBody::Match(choice, targets) => match self.chosen(*choice) {
                Some(arm) => targets.get(arm).is_some_and(|target| self.target(line, Some(arm), target)),
                None => false,
            },
        };
        if hit {
            return LineOutcome::Hit;
        }
        self.builder.roll_back(checkpoint);
        LineOutcome::Declined
    }

    fn chosen(&mut self, choice: NodeId) -> Option<usize> {
        let Node::Choose(arms) = self.interpreter.program.node(choice) else { return None };
        self.interpreter.choose(arms).copied()
    }

    #[inline]
    fn target(&mut self, line: &'p RoutingLine, arm: Option<usize>, target: &'p Target) -> bool {
        let route = MatchedRoute { path: &line.path, arm };
        match target {
            Target::Decline => return false,
            Target::ChosenDestinations(all) => {
                let Some(chosen) = self.chosen_destinations(all, line.kind) else { return false };
                self.builder.add_route(route, self.origin);
                chosen.into_iter().for_each(|destination| self.destination(destination));
                return true;
            }
            Target::Channel(_) | Target::Destinations(_) | Target::Nothing(_) => {}
        }
        self.builder.add_route(route, self.origin);
        match target {
            Target::Channel(channel) => self.builder.add_channel(*channel, self.origin),
            Target::Destinations(all) => all.iter().for_each(|destination| self.destination(*destination)),
            Target::Nothing(nothing) => {
                let reason = self.interpreter.value(nothing.because).as_text().unwrap_or_default();
                self.builder.add_reason(RuleReason { reason, at: &nothing.location }, self.origin);
            }
            Target::ChosenDestinations(_) | Target::Decline => {}
        }
        true
    }
}
