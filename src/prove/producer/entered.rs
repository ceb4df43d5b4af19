//! Which producers lead to each routing.

use super::event::Producer;
use crate::model::{Destination, MappingId, RoutingId, Target};
use crate::prove::reachability::LineProver;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The producers of each routing. None where events may come in other ways.
pub(super) type Producers = Vec<Option<Rc<Vec<Producer>>>>;

impl LineProver<'_, '_> {
    /// The producers of each routing.
    pub(super) fn producers(&mut self) -> Producers {
        let model = self.model;
        let mut by_mapping: BTreeMap<MappingId, Producer> = BTreeMap::new();
        let mut all: Vec<Vec<Producer>> = vec![Vec::new(); model.routings.len()];
        let mut has_integration = vec![false; model.routings.len()];
        for integration in &model.integrations {
            let Destination::Routing(routing) = integration.destination else { continue };
            for id in &integration.mappings {
                let Some(mapping) = model.mappings.get(*id) else { continue };
                let known = by_mapping.entry(*id);
                let producer = known.or_insert_with(|| Producer::of_mapping(&mut self.builder, *id, mapping));
                let producer = producer.clone().through(integration);
                for reached in self.behind(routing) {
                    all.get_mut(reached).into_iter().for_each(|known| known.push(producer.clone()));
                    has_integration.get_mut(reached).into_iter().for_each(|known| *known = true);
                }
            }
        }
        for heartbeat in &model.heartbeats {
            for reached in self.behind(heartbeat.routing) {
                all.get_mut(reached).into_iter().for_each(|known| known.push(Producer::of_absence(heartbeat)));
            }
        }
        let open = self.entered_otherwise();
        let known = all.into_iter().zip(has_integration).enumerate();
        known.map(|(id, (known, has))| (has && !open.contains(&id)).then(|| Rc::new(known))).collect()
    }

    /// A routing, and all that it calls.
    fn behind(&self, routing: RoutingId) -> BTreeSet<RoutingId> {
        let mut reached = BTreeSet::from([routing]);
        let mut waiting = vec![routing];
        while let Some(routing) = waiting.pop() {
            let Some(declared) = self.model.routings.get(routing) else { continue };
            let targets = declared.block.all_lines().flat_map(|line| line.body.own_targets());
            for destination in targets.flat_map(Target::destinations) {
                if let Destination::Routing(called) = destination
                    && reached.insert(*called)
                {
                    waiting.push(*called);
                }
            }
        }
        reached
    }

    /// The routings into which events come that nothing here is known to produce: those that no integration names and no
    /// routing calls, and what they call.
    fn entered_otherwise(&self) -> BTreeSet<RoutingId> {
        let mut entered: BTreeSet<RoutingId> = BTreeSet::new();
        for integration in &self.model.integrations {
            if let Destination::Routing(routing) = integration.destination {
                entered.extend(self.behind(routing));
            }
        }
        let others = (0..self.model.routings.len()).filter(|routing| !entered.contains(routing));
        others.flat_map(|routing| self.behind(routing)).collect()
    }
}
