//! A routing decides which channels get an event: a walk over blocks, always lines, declines and called routings.

use super::candidates::SharedConditionCache;
use super::decision_builder::DecisionBuilder;
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
    machine: &mut Interpreter<'a, 'a, '_, O>,
    destination: Destination,
    event: &'a Event<'a>,
    open: &dyn Fn(&str) -> Vec<String>,
) -> RoutingDecision<'a> {
    let (program, arena) = (machine.program, machine.arena);
    // What was spent on the payload is not missing here.
    let left = std::mem::take(&mut machine.remaining);
    machine.set_event(event);
    let mut walk = RoutingWalk::new(machine);
    match destination {
        Destination::Routing(routing) => walk.routing(routing),
        Destination::Channel(channel) => walk.builder.add_channel(channel, false),
    }
    walk.machine.remaining = left;
    let open = open_channels(program, event, open);
    if open.is_empty() {
        return walk.builder.finish(program, arena);
    }
    let decision = walk.builder.finish_recovery(program, &open, arena);
    let names = open.iter().filter_map(|channel| program.channels.get(*channel));
    walk.machine.observer.followed(&names.map(|channel| &*channel.name).collect::<SmallVec<[&str; 8]>>());
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

/// How far a block has come.
#[derive(Default)]
struct BlockProgress {
    /// Whether a line that counts has hit.
    hit: bool,
    /// Whether a `add_route` has hit, which ends the block.
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
    machine: &'w mut Interpreter<'p, 'v, 'm, O>,
    builder: DecisionBuilder<'v>,
    in_always: bool,
    /// What each called routing gave: it decides the same whoever calls it. Empty until one is called.
    called_routings: Vec<Option<Rc<DecisionBuilder<'v>>>>,
}

impl<'p: 'v, 'v, 'm, 'w, O: Observer> RoutingWalk<'p, 'v, 'm, 'w, O> {
    fn new(machine: &'w mut Interpreter<'p, 'v, 'm, O>) -> Self {
        Self { machine, builder: DecisionBuilder::default(), in_always: false, called_routings: Vec::new() }
    }

    fn destination(&mut self, destination: Destination) {
        match destination {
            Destination::Channel(channel) => self.builder.add_channel(channel, self.in_always),
            Destination::Routing(routing) => self.call(routing),
        }
    }

    fn call(&mut self, routing: usize) {
        let known = self.called_routings.get(routing).cloned().flatten();
        let given = known.unwrap_or_else(|| self.run(routing));
        self.builder.add_called_routing(routing, &given, self.in_always);
    }

    fn run(&mut self, routing: usize) -> Rc<DecisionBuilder<'v>> {
        let outer = std::mem::take(&mut self.builder);
        let in_always = std::mem::take(&mut self.in_always);
        self.routing(routing);
        self.in_always = in_always;
        let given = Rc::new(std::mem::replace(&mut self.builder, outer).deduplicated());
        self.called_routings.resize(self.machine.program.routings.len(), None);
        if let Some(known) = self.called_routings.get_mut(routing) {
            *known = Some(Rc::clone(&given));
        }
        given
    }

    fn routing(&mut self, routing: usize) {
        let program = self.machine.program;
        if let Some(routing) = program.routings.get(routing) {
            self.block(&routing.block);
        }
    }

    /// Runs a block; says whether it hit (it declines otherwise).
    ///
    /// An index says which lines may hit. Whoever listens is shown every line, and so the index is not asked.
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
            // Most lines are passed over for their label.
            if let Some(label) = label
                && self.machine.label(label.id) != Some(&label.text)
            {
                continue;
            }
            let Some(line) = block.lines.get(place as usize) else { return };
            if !progress.allows(line.kind) {
                continue;
            }
            let holds = line.when.is_none_or(|when| match label {
                Some(label) => label.is_all || self.machine.rest_holds(when),
                None => self.machine.holds(when),
            });
            if holds {
                self.step(line, None, progress);
            }
        }
    }

    /// Tries the lines that the index finds, as far as they do not fail at what is known of the event.
    fn candidates(&mut self, block: &'p RoutingBlock, index: &'p BlockIndex, progress: &mut BlockProgress) {
        let combination = self.machine.combination();
        let mut shared = SharedConditionCache::of(index);
        let Some(candidates) = self.machine.candidates(index, combination, &mut shared) else {
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
            if progress.allows(line.kind)
                && guard.allows(combination)
                && shared.hold(guard.shared(), self.machine)
            {
                self.try_line(line, if guard.is_all() { None } else { line.when }, progress);
            }
        }
    }

    /// Tries a line, of which so much of the condition is open.
    #[inline]
    fn try_line(&mut self, line: &'p RoutingLine, when: Option<NodeId>, progress: &mut BlockProgress) {
        if when.is_none_or(|when| self.machine.holds(when)) {
            self.step(line, None, progress);
        }
    }

    fn step(&mut self, line: &'p RoutingLine, when: Option<NodeId>, progress: &mut BlockProgress) {
        if line.kind == LineKind::Always {
            let outer = std::mem::replace(&mut self.in_always, true);
            self.line(line, when);
            self.in_always = outer;
        } else if self.line(line, when) {
            progress.hit = true;
            progress.ended |= line.kind == LineKind::Route;
        }
    }

    /// Says whether the line hit.
    fn line(&mut self, line: &'p RoutingLine, when: Option<NodeId>) -> bool {
        self.machine.observer.enter(&line.path, line.place);
        let end = self.attempt(line, when);
        self.machine.observer.leave(&line.path, end);
        end == LineOutcome::Hit
    }

    #[inline]
    fn attempt(&mut self, line: &'p RoutingLine, when: Option<NodeId>) -> LineOutcome {
        if let Some(when) = when {
            let holds = self.machine.holds(when);
            if O::LISTENS
                && let Some(place) = self.machine.program.place(when)
            {
                self.machine.observer.condition(place, holds);
            }
            if !holds {
                return LineOutcome::Skipped;
            }
        }
        let mark = self.builder.checkpoint();
        let hit = match &line.body {
            RoutingLineBody::Block(block) => self.block(block),
            RoutingLineBody::Target(target) => self.target(&line.path, None, target),
            RoutingLineBody::Match(choice, targets) => match self.chosen(*choice) {
                Some(arm) => {
                    targets.get(arm).is_some_and(|target| self.target(&line.path, Some(arm), target))
                }
                None => false,
            },
        };
        if hit {
            return LineOutcome::Hit;
        }
        self.builder.roll_back(mark);
        LineOutcome::Declined
    }

    fn chosen(&mut self, choice: NodeId) -> Option<usize> {
        let Node::Choose(arms) = self.machine.program.node(choice) else { return None };
        self.machine.choose(arms).copied()
    }

    #[inline]
    fn target(&mut self, path: &'p str, arm: Option<usize>, target: &'p Target) -> bool {
        if matches!(target, Target::Decline) {
            return false;
        }
        self.builder.add_route(MatchedRoute { path, arm }, self.in_always);
        match target {
            Target::Channel(channel) => self.builder.add_channel(*channel, self.in_always),
            Target::Destinations(all) => all.iter().for_each(|destination| self.destination(*destination)),
            Target::Nothing(nothing) => {
                let reason = self.machine.value(nothing.because).as_text().unwrap_or_default();
                self.builder.add_reason(RuleReason { reason, at: &nothing.location }, self.in_always);
            }
            Target::Decline => {}
        }
        true
    }
}
