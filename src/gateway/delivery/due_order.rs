//! The order in which waiting heads are taken: of those that are due the most urgent, and of these the one that has been due
//! longest.

use crate::event::Severity;
use crate::gateway::journal::DeliveryId;
use std::collections::BTreeSet;

/// A place in the order in which heads become due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DueKey {
    pub(super) due: u64,
    pub(super) id: DeliveryId,
    pub(super) key: String,
    pub(super) urgency: Option<Severity>,
}

impl DueKey {
    /// The place before all that are due later.
    fn after(now: u64) -> Self {
        Self { due: now.saturating_add(1), id: DeliveryId(i64::MIN), key: String::new(), urgency: None }
    }
}

/// The places of heads that wait.
#[derive(Debug, Default)]
pub(super) struct DueOrder {
    all: BTreeSet<DueKey>,
    /// Those that fire, by severity.
    firing: [BTreeSet<DueKey>; 3],
}

impl DueOrder {
    pub(super) fn insert(&mut self, place: DueKey) {
        if let Some(severity) = place.urgency
            && let Some(firing) = self.firing.get_mut(severity as usize)
        {
            firing.insert(place.clone());
        }
        self.all.insert(place);
    }

    pub(super) fn remove(&mut self, place: &DueKey) {
        for firing in &mut self.firing {
            firing.remove(place);
        }
        self.all.remove(place);
    }

    /// All places, the first that is due first.
    pub(super) fn all(&self) -> &BTreeSet<DueKey> {
        &self.all
    }

    /// Of the most urgent that are due, the one that has been due longest.
    pub(super) fn most_urgent(&self, now: u64) -> Option<&DueKey> {
        self.most_urgent_due(now)?.first()
    }

    /// Of the most urgent that are due, those that became due last, the last first.
    pub(super) fn latest_urgent(&self, now: u64) -> impl Iterator<Item = &DueKey> {
        let places = self.most_urgent_due(now);
        places.into_iter().flat_map(move |places| places.range(..DueKey::after(now)).rev())
    }

    fn most_urgent_due(&self, now: u64) -> Option<&BTreeSet<DueKey>> {
        let is_due = |places: &&BTreeSet<DueKey>| places.first().is_some_and(|first| first.due <= now);
        self.firing.iter().rev().chain([&self.all]).find(is_due)
    }

    /// Takes out those that are due later.
    pub(super) fn split_later(&mut self, now: u64) -> BTreeSet<DueKey> {
        let after = DueKey::after(now);
        for firing in &mut self.firing {
            drop(firing.split_off(&after));
        }
        self.all.split_off(&after)
    }
}
