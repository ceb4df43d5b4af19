//! What a walk through routings gathers: channels, routes, reasons.

use crate::event::{MatchedRoute, RoutingDecision, RuleReason};
use crate::json::Arena;
use crate::program::Program;
use smallvec::SmallVec;
use std::collections::HashSet;
use std::hash::Hash;

/// What a walk gathered so far. Each entry says whether an `always` line gave it.
#[derive(Debug, Clone, Default)]
pub(super) struct DecisionBuilder<'v> {
    channels: SmallVec<[(usize, bool); 4]>,
    routes: SmallVec<[(MatchedRoute<'v>, bool); 2]>,
    reasons: Vec<(RuleReason<'v>, bool)>,
    /// The routings whose gatherings were added: adding one again would say nothing new.
    calls: Vec<(usize, bool)>,
}

/// How much had been gathered at some moment, so that what came after it can be withdrawn.
#[derive(Clone, Copy)]
pub(super) struct DecisionCheckpoint(usize, usize, usize, usize);

impl<'v> DecisionBuilder<'v> {
    #[inline]
    pub(super) fn add_channel(&mut self, channel: usize, always: bool) {
        self.channels.push((channel, always));
    }

    #[inline]
    pub(super) fn add_route(&mut self, route: MatchedRoute<'v>, always: bool) {
        self.routes.push((route, always));
    }

    pub(super) fn add_reason(&mut self, reason: RuleReason<'v>, always: bool) {
        self.reasons.push((reason, always));
    }

    #[inline]
    pub(super) fn checkpoint(&self) -> DecisionCheckpoint {
        DecisionCheckpoint(self.channels.len(), self.routes.len(), self.reasons.len(), self.calls.len())
    }

    pub(super) fn roll_back(&mut self, mark: DecisionCheckpoint) {
        self.channels.truncate(mark.0);
        self.routes.truncate(mark.1);
        self.reasons.truncate(mark.2);
        self.calls.truncate(mark.3);
    }

    /// Adds what a called routing gave.
    pub(super) fn add_called_routing(&mut self, routing: usize, other: &Self, always: bool) {
        if self.calls.contains(&(routing, always)) {
            return;
        }
        self.calls.push((routing, always));
        self.channels.extend(other.channels.iter().map(|(channel, own)| (*channel, *own || always)));
        self.routes.extend(other.routes.iter().map(|(route, own)| (*route, *own || always)));
        self.reasons.extend(other.reasons.iter().map(|(reason, own)| (*reason, *own || always)));
    }

    /// The same with each entry once: routings that call routings by several ways would else double it at each level.
    pub(super) fn deduplicated(self) -> Self {
        Self {
            channels: unique(self.channels.into_iter()),
            routes: unique(self.routes.into_iter()),
            reasons: unique::<_, [_; 4]>(self.reasons.into_iter()).into_vec(),
            calls: Vec::new(),
        }
    }

    pub(super) fn finish(&self, program: &'v Program, arena: &'v Arena) -> RoutingDecision<'v> {
        if let ([(channel, _)], [(route, _)], []) = (&*self.channels, &*self.routes, &*self.reasons) {
            let channels = arena.alloc([name(program, *channel)]);
            return RoutingDecision {
                channels,
                routes: arena.alloc([*route]),
                reasons: &[],
                followed: false,
            };
        }
        let channels: SmallVec<[usize; 8]> = unique(self.channels.iter().map(|(channel, _)| *channel));
        let routes: SmallVec<[MatchedRoute<'v>; 4]> = unique(self.routes.iter().map(|(route, _)| *route));
        RoutingDecision {
            channels: names(program, &channels, arena),
            routes: arena.slice(&routes),
            reasons: arena.collect(self.reasons.iter().map(|(reason, _)| *reason)),
            followed: false,
        }
    }

    /// A recovery goes where its firing went, and to what `always` lines give today.
    pub(super) fn finish_recovery(
        &self,
        program: &'v Program,
        open: &[usize],
        arena: &'v Arena,
    ) -> RoutingDecision<'v> {
        let always = self.channels.iter().filter(|(_, always)| *always).map(|(channel, _)| *channel);
        let channels: SmallVec<[usize; 8]> = unique(open.iter().copied().chain(always));
        let routes = self.routes.iter().filter(|(_, always)| *always).map(|(route, _)| *route);
        let routes: SmallVec<[MatchedRoute<'v>; 4]> = unique(routes);
        let channels = names(program, &channels, arena);
        RoutingDecision { channels, routes: arena.slice(&routes), reasons: &[], followed: true }
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
