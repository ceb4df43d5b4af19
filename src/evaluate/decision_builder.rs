//! Collects the channels, routes and reasons of a walk through routings.

use crate::event::{MatchedRoute, RoutingDecision, RuleReason};
use crate::json::Arena;
use crate::program::Program;
use smallvec::SmallVec;
use std::collections::HashSet;
use std::hash::Hash;

/// Which lines gave an entry of a decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) enum EntryOrigin {
    /// Other lines. A recovery ignores them: it goes where its firing went.
    #[default]
    Routed,
    /// `always` lines, which count for recoveries as well.
    Always,
}

impl EntryOrigin {
    /// The origin of an entry in a routing that a line of this origin calls.
    fn within(self, caller: Self) -> Self {
        if caller == Self::Always { Self::Always } else { self }
    }
}

/// The entries of a decision so far, each with its origin.
#[derive(Debug, Clone, Default)]
pub(super) struct DecisionBuilder<'v> {
    channels: SmallVec<[(usize, EntryOrigin); 4]>,
    routes: SmallVec<[(MatchedRoute<'v>, EntryOrigin); 2]>,
    reasons: Vec<(RuleReason<'v>, EntryOrigin)>,
    /// The routings whose entries were added: adding them again would change nothing.
    calls: Vec<(usize, EntryOrigin)>,
}

/// How many entries there were at some moment, so that later ones can be removed.
#[derive(Clone, Copy)]
pub(super) struct DecisionCheckpoint {
    channels: usize,
    routes: usize,
    reasons: usize,
    calls: usize,
}

impl<'v> DecisionBuilder<'v> {
    #[inline]
    pub(super) fn add_channel(&mut self, channel: usize, origin: EntryOrigin) {
        self.channels.push((channel, origin));
    }

    #[inline]
    pub(super) fn add_route(&mut self, route: MatchedRoute<'v>, origin: EntryOrigin) {
        self.routes.push((route, origin));
    }

    pub(super) fn add_reason(&mut self, reason: RuleReason<'v>, origin: EntryOrigin) {
        self.reasons.push((reason, origin));
    }

    #[inline]
    pub(super) fn checkpoint(&self) -> DecisionCheckpoint {
        DecisionCheckpoint {
            channels: self.channels.len(),
            routes: self.routes.len(),
            reasons: self.reasons.len(),
            calls: self.calls.len(),
        }
    }

    pub(super) fn roll_back(&mut self, checkpoint: DecisionCheckpoint) {
        self.channels.truncate(checkpoint.channels);
        self.routes.truncate(checkpoint.routes);
        self.reasons.truncate(checkpoint.reasons);
        self.calls.truncate(checkpoint.calls);
    }

    /// Adds what a called routing gave.
    pub(super) fn add_called_routing(&mut self, routing: usize, other: &Self, origin: EntryOrigin) {
        if self.calls.contains(&(routing, origin)) {
            return;
        }
        self.calls.push((routing, origin));
        self.channels.extend(other.channels.iter().map(|(channel, own)| (*channel, own.within(origin))));
        self.routes.extend(other.routes.iter().map(|(route, own)| (*route, own.within(origin))));
        self.reasons.extend(other.reasons.iter().map(|(reason, own)| (*reason, own.within(origin))));
    }

    /// The same with each entry once. Otherwise routings that call others repeatedly would double the entries at each
    /// level.
    pub(super) fn deduplicated(self) -> Self {
        Self {
            channels: unique(self.channels.into_iter()),
            routes: unique(self.routes.into_iter()),
            reasons: unique::<_, [_; 4]>(self.reasons.into_iter()).into_vec(),
            calls: Vec::new(),
        }
    }

    pub(super) fn finish(&self, program: &'v Program, arena: &'v Arena) -> RoutingDecision<'v> {
        if let ([(channel, origin)], [(route, _)], []) = (&*self.channels, &*self.routes, &*self.reasons) {
            let channels = arena.alloc([name(program, *channel)]);
            let copies: &[&str] = if *origin == EntryOrigin::Always { channels } else { &[] };
            return RoutingDecision { channels, copies, routes: arena.alloc([*route]), reasons: &[], followed: false };
        }
        let channels: SmallVec<[usize; 8]> = unique(self.channels.iter().map(|(channel, _)| *channel));
        let routes: SmallVec<[MatchedRoute<'v>; 4]> = unique(self.routes.iter().map(|(route, _)| *route));
        RoutingDecision {
            channels: names(program, &channels, arena),
            copies: names(program, &self.copies(), arena),
            routes: arena.slice(&routes),
            reasons: arena.collect(self.reasons.iter().map(|(reason, _)| *reason)),
            followed: false,
        }
    }

    /// A recovery goes where its firing went, and to the channels that `always` lines give now.
    pub(super) fn finish_recovery(
        &self,
        program: &'v Program,
        open: &[usize],
        arena: &'v Arena,
    ) -> RoutingDecision<'v> {
        let copies = self.copies();
        let channels: SmallVec<[usize; 8]> = unique(open.iter().chain(&copies).copied());
        let routes = self.routes.iter().filter(|(_, origin)| *origin == EntryOrigin::Always).map(|(route, _)| *route);
        let routes: SmallVec<[MatchedRoute<'v>; 4]> = unique(routes);
        let (channels, copies) = (names(program, &channels, arena), names(program, &copies, arena));
        RoutingDecision { channels, copies, routes: arena.slice(&routes), reasons: &[], followed: true }
    }

    /// The channels that `always` lines give, each once.
    fn copies(&self) -> SmallVec<[usize; 8]> {
        let copies = self.channels.iter().filter(|(_, origin)| *origin == EntryOrigin::Always);
        unique(copies.map(|(channel, _)| *channel))
    }
}

fn names<'v>(program: &'v Program, channels: &[usize], arena: &'v Arena) -> &'v [&'v str] {
    arena.collect(channels.iter().map(|channel| name(program, *channel)))
}

fn name(program: &Program, channel: usize) -> &str {
    program.channels.get(channel).map_or("", |channel| &channel.name)
}

/// Each once, in order of first mention. Few are compared with each other, many are hashed.
fn unique<T: Eq + Hash + Clone, A: smallvec::Array<Item = T>>(all: impl Iterator<Item = T>) -> SmallVec<A> {
    const FEW: usize = 16;
    let mut once = SmallVec::<A>::new();
    let mut seen: Option<HashSet<T>> = None;
    for each in all {
        let is_known = seen.as_ref().map_or_else(|| once.contains(&each), |seen| seen.contains(&each));
        if is_known {
            continue;
        }
        if let Some(seen) = &mut seen {
            seen.insert(each.clone());
        }
        once.push(each);
        if once.len() == FEW {
            seen = Some(once.iter().cloned().collect());
        }
    }
    once
}
