//! What begins and ends by the clock: sources that count no more, silences.

use super::record::{HolderId, SilenceRecord, SilenceState, SourceId, SourceRecord, SourceState};
use super::report::ChangeBefore;
use super::store::HoldStore;
use super::tracker::{HoldProgress, HoldTracker};
use crate::notification::AlertId;
use crate::time::Timestamp;
use std::collections::BTreeSet;

impl<S: HoldStore + ?Sized> HoldTracker<'_, S> {
    /// Does what the clock brings up to that time, at most so many things of it.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn advance(&mut self, now: Timestamp, most: usize) -> Result<HoldProgress, S::Error> {
        let mut left = most;
        while left > 0 {
            let done = match self.advance_sources(now, left)? {
                0 => self.advance_silences(now, left)?,
                done => done,
            };
            if done == 0 {
                return Ok(HoldProgress::Done);
            }
            left = left.saturating_sub(done);
        }
        Ok(HoldProgress::More)
    }

    /// The first alerts that count in a role no more; how many.
    fn advance_sources(&mut self, now: Timestamp, most: usize) -> Result<usize, S::Error> {
        let due = self.store.sources_due(now, most)?;
        if due.is_empty() {
            return Ok(0);
        }
        let mut before = ChangeBefore::default();
        for (_, source, alert) in &due {
            self.note_strength(&mut before, *source)?;
            if let Some(firing) = self.store.firing(*alert)? {
                self.note_before(&mut before, *alert, &firing.facts)?;
            }
        }
        let mut firing = BTreeSet::new();
        for (due, source, alert) in &due {
            let Some(record) = self.store.source(*source, *alert)? else { continue };
            firing.extend(record.fires().then_some(*alert));
            let next = self.after_due(*source, *alert, &record, *due)?;
            self.set_source(*source, *alert, record.class, next.as_ref())?;
        }
        for alert in firing {
            if let Some(firing) = self.store.firing(alert)? {
                self.classify(alert, &firing.facts)?;
            }
        }
        self.compare(before)?;
        Ok(due.len())
    }

    /// What an alert is in a role in which it counts no more by the clock; nothing where nothing is to be kept of it. One of which
    /// nothing was heard counts on for `until … after`, as if it had ended.
    fn after_due(
        &self,
        source: SourceId,
        alert: AlertId,
        record: &SourceRecord,
        due: Timestamp,
    ) -> Result<Option<SourceRecord>, S::Error> {
        let record_with = |state| SourceRecord { state, class: None, ..record.clone() };
        Ok(match record.state {
            SourceState::Firing { .. } if record.until_after.is_zero() => {
                Some(record_with(SourceState::Expired { at: due }))
            }
            SourceState::Firing { .. } => {
                let until = due.saturating_add(record.until_after);
                Some(record_with(SourceState::Ended { at: due, until }))
            }
            SourceState::Ended { at, .. } => {
                let firing = self.store.firing(alert)?;
                let fires = firing.is_some_and(|firing| firing.facts.roles.iter().any(|role| role.source == source));
                fires.then(|| record_with(SourceState::Expired { at }))
            }
            SourceState::Expired { .. } => None,
        })
    }

    /// The first silences that begin or end; how many.
    fn advance_silences(&mut self, now: Timestamp, most: usize) -> Result<usize, S::Error> {
        let due = self.store.silences_due(now, most)?;
        let mut changed = Vec::with_capacity(due.len());
        for (due, id) in &due {
            let Some(silence) = self.store.silence(*id)? else { continue };
            let state = match silence.state {
                SilenceState::Scheduled => SilenceState::Active,
                SilenceState::Active | SilenceState::Over { .. } => SilenceState::Over { at: *due },
            };
            let quiet_since = if self.store.candidates(HolderId::Silence(*id), None, 1)?.is_empty() {
                silence.quiet_since.or(Some(*due))
            } else {
                None
            };
            changed.push((*id, SilenceRecord { state, quiet_since, ..silence }));
        }
        if !changed.is_empty() {
            self.store.set_silences(&changed)?;
        }
        for (id, _) in &changed {
            self.recheck(HolderId::Silence(*id))?;
        }
        Ok(due.len())
    }
}
