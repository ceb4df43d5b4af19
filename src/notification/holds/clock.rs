//! What begins and ends by the clock: sources that count no more, silences.

use super::record::{HolderId, SilenceRecord, SilenceState, SourceRecord, SourceState};
use super::report::ChangeBefore;
use super::store::HoldStore;
use super::tracker::{HoldProgress, HoldTracker};
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
            let fires = match record.state {
                SourceState::Firing { .. } => true,
                SourceState::Ended { .. } | SourceState::Expired { .. } => false,
            };
            firing.extend(fires.then_some(*alert));
            let class = record.class;
            let expired = SourceRecord { state: SourceState::Expired { at: *due }, class: None, ..record };
            self.set_source(*source, *alert, class, fires.then_some(&expired))?;
        }
        for alert in firing {
            if let Some(firing) = self.store.firing(alert)? {
                self.classify(alert, &firing.facts)?;
            }
        }
        self.compare(before)?;
        Ok(due.len())
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
