//! A routing decides which channels get an event: a walk over blocks, always lines, declines and called routings.

use super::Context;
use super::machine::Machine;
use super::observer::{LineEnd, Observer};
use crate::check::model::Field;
use crate::event::{Decided, Decision, Event, Reason, Status};
use crate::json::Arena;
use crate::pattern;
use crate::program::{Block, BlockIndex, Destination, Line, LineBody, Node, Program, Source, Target};
use crate::syntax::tree::LineKind;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Decides where an event goes.
pub(super) fn decide<'a, O: Observer>(
    program: &'a Program,
    destination: Destination,
    event: &'a Event<'a>,
    context: &Context<'_>,
    arena: &'a Arena,
    observer: &mut O,
) -> Decision<'a> {
    let mut machine = Machine::new(program, context, arena, observer);
    machine.event = Some(event);
    let mut walk = Walk { machine, gathered: Gathered::default(), in_always: false, called: HashMap::new() };
    let gathered = match destination {
        // Nothing calls the routing that calls all others, so what it gives need not be kept.
        Destination::Routing(routing) => walk.run(routing),
        Destination::Channel(_) => {
            walk.destination(destination);
            walk.gathered
        }
    };
    let open = open_channels(program, event, context);
    if open.is_empty() {
        return gathered.decision(program, arena);
    }
    let decision = gathered.following(program, &open, arena);
    observer.followed(&open.iter().filter_map(|channel| name(program, *channel)).collect::<Vec<_>>());
    decision
}

/// The channels in which the firing of a recovery is still open, as far as they still exist.
fn open_channels(program: &Program, event: &Event<'_>, context: &Context<'_>) -> Vec<usize> {
    match event.status {
        Status::Firing => Vec::new(),
        Status::Resolved => {
            let open = (context.open)(event.key);
            open.iter().filter_map(|name| program.names.channels.get(name.as_str()).copied()).collect()
        }
    }
}

fn name(program: &Program, channel: usize) -> Option<&str> {
    program.channels.get(channel).map(|channel| &*channel.name)
}

/// What a walk gathered so far. Each entry says whether an `always` line gave it.
#[derive(Debug, Clone, Default)]
struct Gathered<'p> {
    channels: SmallVec<[(usize, bool); 8]>,
    routes: SmallVec<[(Decided<'p>, bool); 4]>,
    reasons: Vec<(Reason<'p>, bool)>,
    /// The routings whose gatherings were added: adding one again would say nothing new.
    calls: Vec<(usize, bool)>,
}

/// How much had been gathered at some moment, so that what came after it can be withdrawn.
#[derive(Clone, Copy)]
struct Mark(usize, usize, usize, usize);

impl<'p> Gathered<'p> {
    fn mark(&self) -> Mark {
        Mark(self.channels.len(), self.routes.len(), self.reasons.len(), self.calls.len())
    }

    fn withdraw(&mut self, mark: Mark) {
        self.channels.truncate(mark.0);
        self.routes.truncate(mark.1);
        self.reasons.truncate(mark.2);
        self.calls.truncate(mark.3);
    }

    /// Adds what a called routing gave.
    fn add(&mut self, routing: usize, other: &Self, always: bool) {
        if self.calls.contains(&(routing, always)) {
            return;
        }
        self.calls.push((routing, always));
        self.channels.extend(other.channels.iter().map(|(channel, own)| (*channel, *own || always)));
        self.routes.extend(other.routes.iter().map(|(route, own)| (*route, *own || always)));
        self.reasons.extend(other.reasons.iter().map(|(reason, own)| (*reason, *own || always)));
    }

    /// The same with each entry once: routings that call routings by several ways would else double it at each level.
    fn compact(self) -> Self {
        Self {
            channels: unique(self.channels.into_iter()).into(),
            routes: unique(self.routes.into_iter()).into(),
            reasons: unique(self.reasons.into_iter()),
            calls: Vec::new(),
        }
    }

    fn decision(self, program: &'p Program, arena: &'p Arena) -> Decision<'p> {
        let channels = unique(self.channels.into_iter().map(|(channel, _)| channel));
        let routes = unique(self.routes.into_iter().map(|(route, _)| route));
        let reasons = arena.gather(self.reasons.into_iter().map(|(reason, _)| reason));
        let channels = names(program, &channels, arena);
        Decision { channels, routes: arena.slice(&routes), reasons, followed: false }
    }

    /// A recovery goes where its firing went, and to what `always` lines give today.
    fn following(self, program: &'p Program, open: &[usize], arena: &'p Arena) -> Decision<'p> {
        let always = self.channels.into_iter().filter(|(_, always)| *always).map(|(channel, _)| channel);
        let channels = unique(open.iter().copied().chain(always));
        let routes = self.routes.into_iter().filter(|(_, always)| *always).map(|(route, _)| route);
        let routes = arena.slice(&unique(routes));
        Decision { channels: names(program, &channels, arena), routes, reasons: &[], followed: true }
    }
}

fn names<'p>(program: &'p Program, channels: &[usize], arena: &'p Arena) -> &'p [&'p str] {
    arena.gather(channels.iter().map(|channel| name(program, *channel).unwrap_or_default()))
}

/// Each once, in order of first mention. Few are compared with each other, many are hashed.
fn unique<T: Eq + std::hash::Hash + Clone>(all: impl Iterator<Item = T>) -> Vec<T> {
    const FEW: usize = 16;
    let mut once: Vec<T> = Vec::new();
    let mut seen = HashSet::new();
    for each in all {
        let is_new = if once.len() < FEW { !once.contains(&each) } else { !seen.contains(&each) };
        if !is_new {
            continue;
        }
        once.push(each.clone());
        match once.len() {
            FEW => seen.extend(once.iter().cloned()),
            more if more > FEW => drop(seen.insert(each)),
            _ => {}
        }
    }
    once
}

/// How far a block has come.
#[derive(Default)]
struct Progress {
    /// Whether a line that counts has hit.
    hit: bool,
    /// Whether a `route` has hit, which ends the block.
    over: bool,
}

/// The text that an index looks up.
fn text<'e>(event: &Event<'e>, source: &Source) -> Option<&'e str> {
    let field = match source {
        Source::Label(name) => return event.labels.get(name),
        Source::Field(field) => field,
    };
    match field {
        Field::Title => Some(event.title),
        Field::Key => Some(event.key),
        Field::Description => event.description,
        Field::Link => event.link,
        Field::Source => Some(event.source),
        Field::Integration => event.integration,
        Field::Severity | Field::Status | Field::Labels | Field::StartsAt | Field::EndsAt | Field::Notes => {
            None
        }
    }
}

/// Positions of lines.
type Candidates = SmallVec<[u32; 16]>;

/// A walk through routings for one event.
struct Walk<'p, 'v, 'm, O> {
    machine: Machine<'p, 'v, 'm, O>,
    gathered: Gathered<'v>,
    in_always: bool,
    /// What each called routing gave: it decides the same whoever calls it.
    called: HashMap<usize, Rc<Gathered<'v>>>,
}

impl<'p: 'v, 'v, O: Observer> Walk<'p, 'v, '_, O> {
    fn destination(&mut self, destination: Destination) {
        match destination {
            Destination::Channel(channel) => self.gathered.channels.push((channel, self.in_always)),
            Destination::Routing(routing) => self.call(routing),
        }
    }

    fn call(&mut self, routing: usize) {
        let known = self.called.get(&routing).cloned();
        let given = known.unwrap_or_else(|| {
            let given = Rc::new(self.run(routing).compact());
            self.called.insert(routing, Rc::clone(&given));
            given
        });
        self.gathered.add(routing, &given, self.in_always);
    }

    fn run(&mut self, routing: usize) -> Gathered<'v> {
        let outer = std::mem::take(&mut self.gathered);
        let in_always = std::mem::take(&mut self.in_always);
        let program = self.machine.program;
        if let Some(routing) = program.routings.get(routing) {
            self.block(&routing.block);
        }
        self.in_always = in_always;
        std::mem::replace(&mut self.gathered, outer)
    }

    /// Runs a block; says whether it hit (it declines otherwise).
    ///
    /// An index says which lines may hit. Whoever listens is shown every line, and so the index is not asked.
    fn block(&mut self, block: &'p Block) -> bool {
        let mut progress = Progress::default();
        match &block.index {
            Some(index) if !O::LISTENS => {
                for position in self.candidates(index) {
                    if let Some(line) = block.lines.get(position as usize) {
                        self.step(line, &mut progress);
                    }
                }
            }
            Some(_) | None => block.lines.iter().for_each(|line| self.step(line, &mut progress)),
        }
        progress.hit
    }

    fn step(&mut self, line: &'p Line, progress: &mut Progress) {
        match line.kind {
            LineKind::Always => self.always(line),
            LineKind::Route if !progress.over => {
                progress.over = self.line(line);
                progress.hit |= progress.over;
            }
            LineKind::AlsoRoute if !progress.over => progress.hit |= self.line(line),
            LineKind::Else if !progress.hit => progress.hit = self.line(line),
            LineKind::Route | LineKind::AlsoRoute | LineKind::Else => {}
        }
    }

    /// The positions of the lines that the event may hit, in order.
    fn candidates(&mut self, index: &'p BlockIndex) -> Candidates {
        let mut found = Candidates::from_slice(&index.always);
        for slot in &index.slots {
            let text = self.machine.event.and_then(|event| text(event, &slot.source));
            if let Some(text) = text {
                let folded = if slot.ignore_case { pattern::fold(text) } else { Cow::Borrowed(text) };
                slot.find(&folded, &mut found);
            }
        }
        for (condition, lines) in &index.groups {
            if self.machine.holds(*condition) {
                found.extend_from_slice(lines);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn always(&mut self, line: &'p Line) {
        let outer = std::mem::replace(&mut self.in_always, true);
        self.line(line);
        self.in_always = outer;
    }

    /// Tries a line; says whether it hit.
    fn line(&mut self, line: &'p Line) -> bool {
        self.machine.observer.enter(&line.path, line.place);
        let end = self.attempt(line);
        self.machine.observer.leave(&line.path, end);
        end == LineEnd::Hit
    }

    fn attempt(&mut self, line: &'p Line) -> LineEnd {
        if let Some(when) = line.when {
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

    fn chosen(&mut self, choice: crate::program::NodeId) -> Option<usize> {
        let Node::Choose(arms) = self.machine.program.node(choice) else { return None };
        self.machine.choose(arms).copied()
    }

    fn target(&mut self, path: &'p str, arm: Option<usize>, target: &'p Target) -> bool {
        if matches!(target, Target::Decline) {
            return false;
        }
        self.gathered.routes.push((Decided { path, arm }, self.in_always));
        match target {
            Target::Destinations(all) => all.iter().for_each(|destination| self.destination(*destination)),
            Target::Nothing(because, at) => {
                let reason = Reason { reason: self.words(*because), at };
                self.gathered.reasons.push((reason, self.in_always));
            }
            Target::Decline => {}
        }
        true
    }

    fn words(&mut self, because: crate::program::NodeId) -> &'v str {
        self.machine.value(because).as_text().unwrap_or_default()
    }
}
