//! What a push says of alerts, and what is asked anew of alerts that fire.

use super::circle::CircleSearch;
use super::record::{
    AlertFacts, FiringAlert, HoldCandidate, HolderId, SilenceId, SourceId, SourceKind, SourceRecord, SourceRole,
    SourceState,
};
use super::store::{HoldStore, RecheckPosition, RecheckScope};
use super::tracker::{HoldTracker, SourceStrength};
use crate::mutant::Mutant;
use crate::notification::AlertId;
use crate::time::Timestamp;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// How many candidates of a source are looked at at once; the others in later steps.
const MOST_AT_ONCE: usize = 1_000;

/// An event, as far as it decides what is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertReport {
    /// The alert fires.
    Firing {
        /// Its id.
        alert: AlertId,
        /// Its key.
        key: String,
        /// Since when, where nothing is kept of it yet.
        since: Timestamp,
        /// When it was heard of: now, for an event.
        heard: Timestamp,
        /// What is said of it.
        facts: AlertFacts,
    },
    /// It is over.
    Over {
        /// Its id.
        alert: AlertId,
    },
}

impl AlertReport {
    fn alert(&self) -> AlertId {
        match self {
            Self::Firing { alert, .. } | Self::Over { alert } => *alert,
        }
    }

    fn facts(&self) -> Option<&AlertFacts> {
        match self {
            Self::Firing { facts, .. } => Some(facts),
            Self::Over { .. } => None,
        }
    }
}

/// What ends a role of an alert that fires still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RoleLoss {
    /// An event: as if the alert had ended.
    Event,
    /// Other rules: nothing is left of it.
    Rules,
}

/// What a change found before it, to see afterwards what it changed.
#[derive(Debug, Default)]
pub(super) struct ChangeBefore {
    strengths: BTreeMap<SourceId, SourceStrength>,
    /// Alerts that are or will be links.
    links: BTreeSet<AlertId>,
}

impl<S: HoldStore + ?Sized> HoldTracker<'_, S> {
    /// Applies all events of one push, those of one alert in their order. Ask [`Self::hold_in`] afterwards for each alert of
    /// the push that fires; [`Self::take_changed`] gives the others.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn report(&mut self, now: Timestamp, reports: &[AlertReport]) -> Result<(), S::Error> {
        let mut before = ChangeBefore::default();
        for report in reports {
            let known = self.store.firing(report.alert())?;
            for facts in known.iter().map(|alert| &alert.facts).chain(report.facts()) {
                self.note_before(&mut before, report.alert(), facts)?;
            }
        }
        self.apply(now, reports, RoleLoss::Event)?;
        self.compare(before)?;
        for report in reports {
            self.changed.remove(&report.alert());
        }
        Ok(())
    }

    /// Applies what was asked anew of alerts that fire; [`AlertReport::Over`] where one does not fire any more. Their holds, and
    /// those of what they hold, are looked at again once all alerts were asked.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn renew(&mut self, now: Timestamp, reports: &[AlertReport]) -> Result<(), S::Error> {
        self.apply(now, reports, RoleLoss::Rules)
    }

    fn apply(&mut self, now: Timestamp, reports: &[AlertReport], loss: RoleLoss) -> Result<(), S::Error> {
        let mut silences = BTreeSet::new();
        for report in reports {
            let known = self.store.firing(report.alert())?;
            let facts = known.iter().map(|alert| &alert.facts).chain(report.facts());
            silences.extend(facts.flat_map(silences_of));
            match report {
                AlertReport::Firing { alert, key, since, heard, facts } => {
                    let since = known.as_ref().map_or(*since, |known| known.since);
                    let fires = FiringAlert { since, key: key.clone(), facts: facts.clone() };
                    self.fires(now, *alert, known.as_ref(), &fires, *heard, loss)?;
                }
                AlertReport::Over { alert } => self.is_over(now, *alert)?,
            }
        }
        for silence in silences {
            self.update_quiet(now, silence)?;
        }
        Ok(())
    }

    fn fires(
        &mut self,
        now: Timestamp,
        id: AlertId,
        known: Option<&FiringAlert>,
        alert: &FiringAlert,
        heard: Timestamp,
        loss: RoleLoss,
    ) -> Result<(), S::Error> {
        for role in known.iter().flat_map(|known| &known.facts.roles) {
            if alert.facts.roles.iter().all(|kept| kept.source != role.source) {
                self.end_role(now, id, role, loss)?;
            }
        }
        for role in &alert.facts.roles {
            self.hear(now, id, role, alert, heard)?;
        }
        if known != Some(alert) {
            self.store.set_firing(id, Some(alert))?;
        }
        Ok(())
    }

    /// An alert is heard of in one of its roles.
    fn hear(
        &mut self,
        now: Timestamp,
        id: AlertId,
        role: &SourceRole,
        alert: &FiringAlert,
        heard: Timestamp,
    ) -> Result<(), S::Error> {
        let until = heard.saturating_add(alert.facts.counts_for);
        let known = self.store.source(role.source, id)?;
        let state = match known.as_ref().map(|known| known.state) {
            Some(SourceState::Firing { until: known }) if known >= until => SourceState::Firing { until: known },
            Some(SourceState::Expired { at }) if until <= now => SourceState::Expired { at },
            _ if until <= now => SourceState::Expired { at: until },
            _ if Mutant::MutedSource.is_on() && !alert.facts.candidates.is_empty() => SourceState::Expired { at: now },
            _ => SourceState::Firing { until: until.saturating_add(self.heard_precision) },
        };
        let record = SourceRecord {
            state,
            until_after: role.until_after,
            kind: alert.facts.kind(),
            since: alert.since,
            key: alert.key.clone(),
        };
        if known.as_ref() == Some(&record) {
            return Ok(());
        }
        self.store.set_source(role.source, id, Some(&record))
    }

    fn is_over(&mut self, now: Timestamp, id: AlertId) -> Result<(), S::Error> {
        let Some(known) = self.store.firing(id)? else { return Ok(()) };
        for role in &known.facts.roles {
            self.end_role(now, id, role, RoleLoss::Event)?;
        }
        self.store.set_firing(id, None)
    }

    /// An alert counts no more in a role, or for `until … after`.
    fn end_role(&mut self, now: Timestamp, id: AlertId, role: &SourceRole, loss: RoleLoss) -> Result<(), S::Error> {
        let Some(known) = self.store.source(role.source, id)? else { return Ok(()) };
        let counts_on = known.counts() && !known.until_after.is_zero() && loss == RoleLoss::Event;
        let ended = SourceRecord {
            state: SourceState::Ended { at: now, until: now.saturating_add(known.until_after) },
            kind: SourceKind::Plain,
            ..known
        };
        self.store.set_source(role.source, id, counts_on.then_some(&ended))
    }

    /// Notes what sources hold, and who may hold each other, before an alert or what is said of it changes.
    pub(super) fn note_before(
        &mut self,
        before: &mut ChangeBefore,
        id: AlertId,
        facts: &AlertFacts,
    ) -> Result<(), S::Error> {
        for role in &facts.roles {
            self.note_strength(before, role.source)?;
        }
        if facts.is_link() && before.links.insert(id) {
            self.change_circle_of(id)?;
        }
        Ok(())
    }

    pub(super) fn note_strength(&self, before: &mut ChangeBefore, source: SourceId) -> Result<(), S::Error> {
        if let Entry::Vacant(unknown) = before.strengths.entry(source) {
            unknown.insert(self.strength(source)?);
        }
        Ok(())
    }

    /// Finds the alerts whose holds may have changed since.
    pub(super) fn compare(&mut self, before: ChangeBefore) -> Result<(), S::Error> {
        for (source, strength) in before.strengths {
            match (strength, self.strength(source)?) {
                // Its candidates are held before and after, or neither.
                (SourceStrength::Certain, SourceStrength::Certain)
                | (SourceStrength::Absent, SourceStrength::Absent) => {}
                _ => self.recheck(HolderId::Source(source))?,
            }
        }
        for id in before.links {
            self.change_circle_of(id)?;
        }
        Ok(())
    }

    /// The alerts that may be in a circle with this one may be held or not any more.
    fn change_circle_of(&mut self, id: AlertId) -> Result<(), S::Error> {
        if let Some(alert) = self.store.firing(id)? {
            let search = CircleSearch::from(self.store, id, &alert, None)?;
            self.note_search(&search);
            self.changed.extend(search.into_alerts());
        }
        Ok(())
    }

    /// The candidates of a holder may be held or not any more.
    pub(super) fn recheck(&mut self, holder: HolderId) -> Result<(), S::Error> {
        let first = self.store.candidates(holder, None, MOST_AT_ONCE)?;
        let last = first.last().copied().filter(|_| first.len() == MOST_AT_ONCE);
        self.changed.extend(first);
        match last {
            Some(last) => self.store.set_recheck(RecheckScope::Candidates(holder), RecheckPosition::After(last)),
            None => Ok(()),
        }
    }
}

fn silences_of(facts: &AlertFacts) -> impl Iterator<Item = SilenceId> {
    facts.candidates.iter().filter_map(|candidate| match candidate {
        HoldCandidate::Silence(silence) => Some(*silence),
        HoldCandidate::Mute(_) => None,
    })
}
