//! A routing decides which channels get an event: a walk over blocks, always lines, declines and called routings.

use super::candidates::Shared;
use super::gathered::Gathered;
use super::machine::Machine;
use super::observer::{LineEnd, Observer};
use crate::event::{Decided, Decision, Event, Reason, Status};
use crate::program::{Block, BlockIndex, Destination, Line, LineBody, Node, NodeId, Program, Target};
use crate::syntax::tree::LineKind;
use smallvec::SmallVec;
use std::rc::Rc;

/// Decides where an event goes.
pub(super) fn decide<'a, O: Observer>(
    machine: &mut Machine<'a, 'a, '_, O>,
    destination: Destination,
    event: &'a Event<'a>,
    open: &dyn Fn(&str) -> Vec<String>,
) -> Decision<'a> {
    let (program, arena) = (machine.program, machine.arena);
    // What was spent on the payload is not missing here.
    let left = std::mem::take(&mut machine.left);
    machine.look_at(event);
    let mut walk = Walk::new(machine);
    match destination {
        Destination::Routing(routing) => walk.routing(routing),
        Destination::Channel(channel) => walk.gathered.channel(channel, false),
    }
    walk.machine.left = left;
    let open = open_channels(program, event, open);
    if open.is_empty() {
        return walk.gathered.decision(program, arena);
    }
    let decision = walk.gathered.following(program, &open, arena);
    let names = open.iter().filter_map(|channel| program.channels.get(*channel));
    walk.machine.observer.followed(&names.map(|channel| &*channel.name).collect::<SmallVec<[&str; 8]>>());
    decision
}

/// The channels in which the firing of a recovery is still open, as far as they still exist.
fn open_channels(program: &Program, event: &Event<'_>, open: &dyn Fn(&str) -> Vec<String>) -> Vec<usize> {
    match event.status {
        Status::Firing => Vec::new(),
        Status::Resolved => {
            let open = open(event.key);
            open.iter().filter_map(|name| program.names.channels.get(name.as_str()).copied()).collect()
        }
    }
}

/// How far a block has come.
#[derive(Default)]
struct Progress {
    /// Whether a line that counts has hit.
    hit: bool,
    /// Whether a `route` has hit, which ends the block.
    over: bool,
}

impl Progress {
    /// Whether a line of that kind is still tried.
    fn asks(&self, kind: LineKind) -> bool {
        match kind {
            LineKind::Always => true,
            LineKind::Route | LineKind::AlsoRoute => !self.over,
            LineKind::Else => !self.hit,
        }
    }
}

/// A walk through routings for one event.
struct Walk<'p, 'v, 'm, 'w, O> {
    machine: &'w mut Machine<'p, 'v, 'm, O>,
    gathered: Gathered<'v>,
    in_always: bool,
    /// What each called routing gave: it decides the same whoever calls it. Empty until one is called.
    called: Vec<Option<Rc<Gathered<'v>>>>,
}

impl<'p: 'v, 'v, 'm, 'w, O: Observer> Walk<'p, 'v, 'm, 'w, O> {
    fn new(machine: &'w mut Machine<'p, 'v, 'm, O>) -> Self {
        Self { machine, gathered: Gathered::default(), in_always: false, called: Vec::new() }
    }

    fn destination(&mut self, destination: Destination) {
        match destination {
            Destination::Channel(channel) => self.gathered.channel(channel, self.in_always),
            Destination::Routing(routing) => self.call(routing),
        }
    }

    fn call(&mut self, routing: usize) {
        let known = self.called.get(routing).cloned().flatten();
        let given = known.unwrap_or_else(|| self.run(routing));
        self.gathered.add(routing, &given, self.in_always);
    }

    fn run(&mut self, routing: usize) -> Rc<Gathered<'v>> {
        let outer = std::mem::take(&mut self.gathered);
        let in_always = std::mem::take(&mut self.in_always);
        self.routing(routing);
        self.in_always = in_always;
        let given = Rc::new(std::mem::replace(&mut self.gathered, outer).compact());
        self.called.resize(self.machine.program.routings.len(), None);
        if let Some(known) = self.called.get_mut(routing) {
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
    fn block(&mut self, block: &'p Block) -> bool {
        let mut progress = Progress::default();
        match &block.index {
            Some(index) if !O::LISTENS => self.candidates(block, index, &mut progress),
            Some(_) | None if !O::LISTENS => self.scan(block, &mut progress),
            Some(_) | None => self.walk(block, &mut progress),
        }
        progress.hit
    }

    /// Tries every line with all of its condition.
    fn walk(&mut self, block: &'p Block, progress: &mut Progress) {
        for line in &block.lines {
            if progress.asks(line.kind) {
                self.step(line, line.when, progress);
            }
        }
    }

    /// Tries one line after the other.
    fn scan(&mut self, block: &'p Block, progress: &mut Progress) {
        for (place, label) in (0..).zip(&block.labels) {
            if progress.over && place >= block.always_until {
                return;
            }
            // Most lines are passed over for their label.
            if let Some(label) = label
                && self.machine.label(label.id) != Some(&label.text)
            {
                continue;
            }
            let Some(line) = block.lines.get(place as usize) else { return };
            if !progress.asks(line.kind) {
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
    fn candidates(&mut self, block: &'p Block, index: &'p BlockIndex, progress: &mut Progress) {
        let combination = self.machine.combination();
        let mut shared = Shared::of(index);
        let Some(candidates) = self.machine.candidates(index, combination, &mut shared) else {
            return self.walk(block, progress);
        };
        for position in candidates {
            if progress.over && position >= block.always_until {
                return;
            }
            let place = position as usize;
            let (Some(line), Some(guard)) = (block.lines.get(place), index.guards.get(place)) else {
                continue;
            };
            if progress.asks(line.kind)
                && guard.allows(combination)
                && shared.hold(guard.shared(), self.machine)
            {
                self.try_line(line, if guard.is_all() { None } else { line.when }, progress);
            }
        }
    }

    /// Tries a line, of which so much of the condition is open.
    #[inline]
    fn try_line(&mut self, line: &'p Line, when: Option<NodeId>, progress: &mut Progress) {
        if when.is_none_or(|when| self.machine.holds(when)) {
            self.step(line, None, progress);
        }
    }

    fn step(&mut self, line: &'p Line, when: Option<NodeId>, progress: &mut Progress) {
        if line.kind == LineKind::Always {
            let outer = std::mem::replace(&mut self.in_always, true);
            self.line(line, when);
            self.in_always = outer;
        } else if self.line(line, when) {
            progress.hit = true;
            progress.over |= line.kind == LineKind::Route;
        }
    }

    /// Says whether the line hit.
    fn line(&mut self, line: &'p Line, when: Option<NodeId>) -> bool {
        self.machine.observer.enter(&line.path, line.place);
        let end = self.attempt(line, when);
        self.machine.observer.leave(&line.path, end);
        end == LineEnd::Hit
    }

    #[inline]
    fn attempt(&mut self, line: &'p Line, when: Option<NodeId>) -> LineEnd {
        if let Some(when) = when {
            let holds = self.machine.holds(when);
            if O::LISTENS
                && let Some(place) = self.machine.program.place(when)
            {
                self.machine.observer.condition(place, holds);
            }
            if !holds {
                return LineEnd::Skipped;
            }
        }
        let mark = self.gathered.mark();
        let hit = match &line.body {
            LineBody::Block(block) => self.block(block),
            LineBody::Target(target) => self.target(&line.path, None, target),
            LineBody::Match(choice, targets) => match self.chosen(*choice) {
                Some(arm) => {
                    targets.get(arm).is_some_and(|target| self.target(&line.path, Some(arm), target))
                }
                None => false,
            },
        };
        if hit {
            return LineEnd::Hit;
        }
        self.gathered.withdraw(mark);
        LineEnd::Declined
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
        self.gathered.route(Decided { path, arm }, self.in_always);
        match target {
            Target::Channel(channel) => self.gathered.channel(*channel, self.in_always),
            Target::Destinations(all) => all.iter().for_each(|destination| self.destination(*destination)),
            Target::Nothing(nothing) => {
                let reason = self.machine.value(nothing.because).as_text().unwrap_or_default();
                self.gathered.reason(Reason { reason, at: &nothing.at }, self.in_always);
            }
            Target::Decline => {}
        }
        true
    }
}
