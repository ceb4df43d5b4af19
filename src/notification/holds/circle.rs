//! Circles: firing alerts that hold each other. The first of them is not held by the others.
//!
//! From an alert, the search follows what may hold it, and what may hold that. Only links are followed: alerts that fire, have
//! a role and may be held by a source. The number of alerts that are looked at is bounded.

use super::record::{FiringAlert, HoldCandidate, SourceId, SourceKind, admits};
use super::store::HoldStore;
use crate::notification::AlertId;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How many alerts a search looks at. An alert beyond the bound is not held.
const MOST_ALERTS: usize = 256;

/// The order of the alerts of a circle: the one that fired first, then the one with the smallest key.
type CircleRank<'k> = (Timestamp, &'k str, AlertId);

/// An alert of a search.
#[derive(Debug)]
struct CircleAlert {
    since: Timestamp,
    key: String,
    /// The sources that may hold it.
    sources: Vec<SourceId>,
}

/// What may hold an alert, what may hold that, and so on.
#[derive(Debug)]
pub(super) struct CircleSearch {
    from: AlertId,
    alerts: BTreeMap<AlertId, CircleAlert>,
    /// The links that count in each source.
    links: BTreeMap<SourceId, Vec<AlertId>>,
    is_complete: bool,
}

impl CircleSearch {
    /// Searches from an alert: in a channel, or in all of them.
    pub(super) fn from<S: HoldStore + ?Sized>(
        store: &S,
        from: AlertId,
        alert: &FiringAlert,
        channel: Option<&str>,
    ) -> Result<Self, S::Error> {
        let mut search = Self { from, alerts: BTreeMap::new(), links: BTreeMap::new(), is_complete: true };
        let mut waiting = search.add(from, alert, channel);
        while let Some(source) = waiting.pop() {
            if search.links.contains_key(&source) {
                continue;
            }
            let found = store.counting(source, SourceKind::Link, MOST_ALERTS + 1)?;
            let ids: Vec<AlertId> = found.into_iter().map(|(id, _)| id).collect();
            for id in &ids {
                if search.alerts.len() > MOST_ALERTS {
                    search.is_complete = false;
                    return Ok(search);
                }
                if !search.alerts.contains_key(id)
                    && let Some(alert) = store.firing(*id)?
                {
                    waiting.extend(search.add(*id, &alert, channel));
                }
            }
            search.links.insert(source, ids);
        }
        Ok(search)
    }

    /// Adds an alert; the sources that may hold it.
    fn add(&mut self, id: AlertId, alert: &FiringAlert, channel: Option<&str>) -> Vec<SourceId> {
        let is_in = |candidate: &HoldCandidate| match candidate {
            HoldCandidate::Mute(mute) if channel.is_none_or(|channel| admits(mute.channels.as_ref(), channel)) => {
                mute.source
            }
            HoldCandidate::Mute(_) | HoldCandidate::Silence(_) => None,
        };
        let sources: Vec<SourceId> = alert.facts.candidates.iter().filter_map(is_in).collect();
        let known = CircleAlert { since: alert.since, key: alert.key.clone(), sources: sources.clone() };
        self.alerts.insert(id, known);
        sources
    }

    /// How many alerts it looked at.
    pub(super) fn looked_at(&self) -> usize {
        self.alerts.len()
    }

    /// The alerts that were found, the one that the search began with among them.
    pub(super) fn into_alerts(self) -> impl Iterator<Item = AlertId> {
        self.alerts.into_keys()
    }

    /// Whether links hold the alert: one outside its circle, or one of its circle, and it is not the first of it.
    pub(super) fn is_held(&self) -> bool {
        if !self.is_complete {
            return false;
        }
        let circle = self.circle();
        let Some(alert) = self.alerts.get(&self.from) else { return false };
        let mut holders = alert.sources.iter().filter_map(|source| self.links.get(source)).flatten().peekable();
        if holders.peek().is_none() {
            return false;
        }
        let is_first = circle.iter().filter_map(|id| self.rank(*id)).min().is_none_or(|(.., first)| first == self.from);
        !is_first || holders.any(|holder| !circle.contains(holder))
    }

    fn rank(&self, id: AlertId) -> Option<CircleRank<'_>> {
        self.alerts.get(&id).map(|alert| (alert.since, &*alert.key, id))
    }

    /// The alerts that the alert holds, directly or through others, and that were found from it: its circle. It is empty
    /// where the alert is in none.
    fn circle(&self) -> BTreeSet<AlertId> {
        let mut held_by: BTreeMap<SourceId, Vec<AlertId>> = BTreeMap::new();
        for (id, alert) in &self.alerts {
            for source in &alert.sources {
                held_by.entry(*source).or_default().push(*id);
            }
        }
        let mut sources_of: BTreeMap<AlertId, Vec<SourceId>> = BTreeMap::new();
        for (source, links) in &self.links {
            for link in links {
                sources_of.entry(*link).or_default().push(*source);
            }
        }
        let mut circle = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut waiting = vec![self.from];
        while let Some(id) = waiting.pop() {
            let new = sources_of.get(&id).into_iter().flatten().filter(|source| seen.insert(**source));
            for held in new.filter_map(|source| held_by.get(source)).flatten() {
                if circle.insert(*held) {
                    waiting.push(*held);
                }
            }
        }
        circle
    }
}
