//! Events that are known before a rule set is proved: those of its tests, and those that an earlier version of it needed.

use super::reachability::LineProver;
use super::witness::Witness;
use std::rc::Rc;

/// An event, and the routing that it enters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEvent {
    /// The name of the routing.
    pub routing: Box<str>,
    /// The event.
    pub event: Witness,
}

impl LineProver<'_, '_> {
    /// Evaluates events that are known: the lines that they reach need no search. An event that enters a routing which only
    /// other routings call shows nothing.
    pub(super) fn evaluate_known(&mut self, known: &[KnownEvent]) {
        for KnownEvent { routing, event } in known {
            let entry = self.model.routings.iter().position(|declared| declared.name == *routing);
            let Some(entry) = entry.filter(|entry| self.map.entries().contains(entry)) else { continue };
            let witness = Rc::new(event.clone());
            let outcome = self.evaluate(&witness, entry);
            self.record(&witness, entry, &outcome);
        }
    }
}
