//! Which routings call which, and the ways in which events come to a routing.

use super::{CallPath, CallPaths, LineId, MAX_CALL_PATHS, RoutingMap};
use crate::model::{Destination, RoutingId, Target};
use std::collections::BTreeSet;
use std::rc::Rc;

/// How many calls are followed backwards to find the ways from one routing to another.
const MAX_CALL_STEPS: usize = 10_000;

impl RoutingMap<'_> {
    pub(super) fn find_callers(&mut self) {
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

    /// The ways in which events that enter one routing come to another, and whether there are more.
    pub(in crate::prove) fn call_paths_from(&self, entry: RoutingId, routing: RoutingId) -> CallPaths {
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
    pub(in crate::prove) fn callers_first(&self) -> Vec<RoutingId> {
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
    pub(in crate::prove) fn calls_nothing(&mut self, id: LineId) {
        for callers in &mut self.callers {
            callers.retain(|caller| *caller != id);
        }
    }

    /// The ways in which events come to a routing, and whether there are more.
    pub(in crate::prove) fn call_paths(&mut self, routing: RoutingId) -> Rc<CallPaths> {
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
}
