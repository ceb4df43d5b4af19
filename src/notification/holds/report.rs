//! What a push says of alerts, and what is asked anew of alerts that fire.

use super::circle::circle_everywhere;
use super::circle_memory::CircleAnswer;
use super::record::{
    AlertFacts, FiringAlert, HoldCandidate, HolderId, LinkClass, LinkRank, SilenceId, SilenceRecord, SourceId,
    SourceRecord, SourceRole, SourceState,
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

/// An alert in one of its roles, as it was and as it is heard of now; without its class.
struct HeardRole {
    source: SourceId,
    known: Option<SourceRecord>,
    heard: SourceRecord,
}

/// What a change found before it, to see afterwards what it changed.
#[derive(Debug, Default)]
pub(super) struct ChangeBefore {
    strengths: BTreeMap<SourceId, SourceStrength>,
    /// Alerts that are or will be links.
    links: BTreeSet<AlertId>,
    /// Where circles are too large, the first links of the sources.
    firsts: BTreeMap<SourceId, Option<LinkRank>>,
}

/// Whether the circles of an alert are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CircleSize {
    Known,
    TooLarge,
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
            if self.is_unchanged(known.as_ref(), report)? {
                continue;
            }
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

    /// Whether all stays as it is: an unchanged firing, all of whose roles count.
    fn is_unchanged(&self, known: Option<&FiringAlert>, report: &AlertReport) -> Result<bool, S::Error> {
        let Some(known) = known.filter(|known| report.facts() == Some(&known.facts)) else { return Ok(false) };
        for role in &known.facts.roles {
            if !self.store.source(role.source, report.alert())?.is_some_and(|record| record.counts()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Applies what was asked anew of alerts that fire; [`AlertReport::Over`] where one does not fire any more. Their holds, and
    /// those of what they hold, are looked at again once all alerts were asked.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn renew(&mut self, now: Timestamp, reports: &[AlertReport]) -> Result<(), S::Error> {
        let found = std::mem::take(&mut self.changed);
        self.apply(now, reports, RoleLoss::Rules)?;
        // What this found would be looked at too early.
        (self.changed, self.regrouped) = (found, BTreeSet::new());
        Ok(())
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
        let mut quiet: Vec<(SilenceId, SilenceRecord)> = Vec::new();
        for silence in silences {
            quiet.extend(self.quiet(now, silence)?.map(|record| (silence, record)));
        }
        if quiet.is_empty() { Ok(()) } else { self.store.set_silences(&quiet) }
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
        let mut heard_in = Vec::with_capacity(alert.facts.roles.len());
        for role in &alert.facts.roles {
            heard_in.push(self.hear(now, id, role, alert, heard)?);
        }
        let counts_in = heard_in.iter().filter(|role| role.heard.fires()).map(|role| role.source).collect();
        let class = alert.facts.class(&counts_in);
        for HeardRole { source, known, heard } in heard_in {
            let heard = SourceRecord { class: class.filter(|_| heard.fires()), ..heard };
            if known.as_ref() != Some(&heard) {
                self.set_source(source, id, known.and_then(|known| known.class), Some(&heard))?;
            }
        }
        if known != Some(alert) {
            self.store.set_firing(id, Some(alert))?;
        }
        Ok(())
    }

    /// An alert is heard of in one of its roles; its class depends on all of them.
    fn hear(
        &self,
        now: Timestamp,
        id: AlertId,
        role: &SourceRole,
        alert: &FiringAlert,
        heard: Timestamp,
    ) -> Result<HeardRole, S::Error> {
        let until = heard.saturating_add(alert.facts.counts_for);
        let known = self.store.source(role.source, id)?;
        let state = match known.as_ref().map(|known| known.state) {
            Some(SourceState::Firing { until: known }) if known >= until => SourceState::Firing { until: known },
            Some(state @ (SourceState::Ended { .. } | SourceState::Expired { .. })) if until <= now => state,
            _ if until <= now => SourceState::Expired { at: until },
            _ if Mutant::MutedSource.is_on() && !alert.facts.candidates.is_empty() => SourceState::Expired { at: now },
            _ => SourceState::Firing { until: until.saturating_add(self.heard_precision) },
        };
        let heard = SourceRecord {
            state,
            until_after: role.until_after,
            class: None,
            since: alert.since,
            key: alert.key.clone(),
        };
        Ok(HeardRole { source: role.source, known, heard })
    }

    /// Replaces an alert in a role, and notes where its class counts first or no more.
    pub(super) fn set_source(
        &mut self,
        source: SourceId,
        id: AlertId,
        class: Option<LinkClass>,
        record: Option<&SourceRecord>,
    ) -> Result<(), S::Error> {
        let new = record.and_then(|record| record.class);
        if new == class {
            return self.store.set_source(source, id, record);
        }
        let first_of = |store: &S, class: Option<LinkClass>| match class {
            Some(class) => store.first_link(source, Some(class)),
            None => Ok(None),
        };
        // The first of a class may be the first of its circle, and is another one now.
        let before = first_of(self.store, new)?;
        self.store.set_source(source, id, record)?;
        let after = first_of(self.store, class)?;
        if (new.is_some() && before.is_none()) || (class.is_some() && after.is_none()) {
            self.regrouped.insert(source);
        }
        self.changed.extend(before.into_iter().chain(after).map(|first| first.alert));
        Ok(())
    }

    /// The roles of an alert that fires do not all count any more.
    pub(super) fn classify(&mut self, id: AlertId, facts: &AlertFacts) -> Result<(), S::Error> {
        let mut records = Vec::with_capacity(facts.roles.len());
        for role in &facts.roles {
            records.extend(self.store.source(role.source, id)?.map(|record| (role.source, record)));
        }
        let counts_in = records.iter().filter(|(_, record)| record.fires()).map(|(source, _)| *source).collect();
        let class = facts.class(&counts_in);
        for (source, record) in records {
            let new = class.filter(|_| record.fires());
            if record.class != new {
                let known = record.class;
                self.set_source(source, id, known, Some(&SourceRecord { class: new, ..record }))?;
            }
        }
        Ok(())
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
        let state = match known.state {
            // Nothing was heard of it for too long: it ended then.
            state @ SourceState::Ended { .. } => state,
            SourceState::Firing { .. } | SourceState::Expired { .. } => {
                SourceState::Ended { at: now, until: now.saturating_add(known.until_after) }
            }
        };
        let lasts = !known.until_after.is_zero() || matches!(known.state, SourceState::Ended { .. });
        let counts_on = known.counts() && lasts && loss == RoleLoss::Event;
        let ended = SourceRecord { state, class: None, ..known.clone() };
        self.set_source(role.source, id, known.class, counts_on.then_some(&ended))
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
        if facts.is_link() && before.links.insert(id) && self.note_circle(id)? == CircleSize::TooLarge {
            // There alerts are held by those that fired before them.
            for role in &facts.roles {
                before.firsts.insert(role.source, self.store.first_link(role.source, None)?);
            }
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
        let regrouped = std::mem::take(&mut self.regrouped);
        for (source, strength) in before.strengths {
            match (strength, self.strength(source)?) {
                // Its candidates are held before and after, or neither.
                (SourceStrength::Certain, SourceStrength::Certain)
                | (SourceStrength::Absent, SourceStrength::Absent) => {}
                (SourceStrength::Links, SourceStrength::Links) if !regrouped.contains(&source) => {}
                _ => self.recheck(HolderId::Source(source))?,
            }
        }
        for (source, first) in before.firsts {
            if self.store.first_link(source, None)? != first {
                self.recheck(HolderId::Source(source))?;
            }
        }
        for id in before.links {
            self.note_circle(id)?;
        }
        Ok(())
    }

    /// A link changes: of its circle, before and after, the first alert of each class may be held or not any more. All others
    /// are held as long as something is in their sources.
    fn note_circle(&mut self, id: AlertId) -> Result<CircleSize, S::Error> {
        let Some(alert) = self.store.firing(id)? else { return Ok(CircleSize::Known) };
        self.changed.insert(id);
        let Some(link) = self.link_place(id, &alert)? else { return Ok(CircleSize::Known) };
        let (answer, looked_at) = circle_everywhere(self.store, link)?;
        self.note_search(looked_at);
        match answer {
            CircleAnswer::Found(place) => {
                self.changed.extend(place.circle.iter().flat_map(|circle| &circle.firsts));
                Ok(CircleSize::Known)
            }
            CircleAnswer::TooLarge => Ok(CircleSize::TooLarge),
        }
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
