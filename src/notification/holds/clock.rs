//! What begins and ends by the clock: sources that count no more, silences.

use super::record::{HolderId, SilenceRecord, SilenceState, SourceRecord, SourceState};
use super::report::ChangeBefore;
use super::store::HoldStore;
use super::tracker::{HoldProgress, HoldTracker};
use crate::time::Timestamp;

impl<S: HoldStore + ?Sized> HoldTracker<'_, S> {
    /// Does what the clock brings up to that time, at most so many things of it.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn advance(&mut self, now: Timestamp, most: usize) -> Result<HoldProgress, S::Error> {
        for _ in 0..most {
            if !self.advance_sources(now)? && !self.advance_silences(now)? {
                return Ok(HoldProgress::Done);
            }
        }
        Ok(HoldProgress::More)
    }

    /// The first alert that counts in a role no more; whether there was one.
    fn advance_sources(&mut self, now: Timestamp) -> Result<bool, S::Error> {
        let Some((due, source, alert)) = self.store.first_source_due()?.filter(|(due, ..)| *due <= now) else {
            return Ok(false);
        };
        let Some(record) = self.store.source(source, alert)? else { return Ok(false) };
        let mut before = ChangeBefore::default();
        self.note_strength(&mut before, source)?;
        if let Some(firing) = self.store.firing(alert)? {
            self.note_before(&mut before, alert, &firing.facts)?;
        }
        let expired = SourceRecord { state: SourceState::Expired { at: due }, ..record };
        let is_kept = match record.state {
            SourceState::Firing { .. } => true,
            SourceState::Ended { .. } | SourceState::Expired { .. } => false,
        };
        self.store.set_source(source, alert, is_kept.then_some(&expired))?;
        self.compare(before)?;
        Ok(true)
    }

    /// The first silence that begins or ends; whether there was one.
    fn advance_silences(&mut self, now: Timestamp) -> Result<bool, S::Error> {
        let Some((due, id)) = self.store.first_silence_due()?.filter(|(due, _)| *due <= now) else { return Ok(false) };
        let Some(silence) = self.store.silence(id)? else { return Ok(false) };
        let state = match silence.state {
            SilenceState::Scheduled => SilenceState::Active,
            SilenceState::Active | SilenceState::Over { .. } => SilenceState::Over { at: due },
        };
        let quiet_since = if self.store.candidates(HolderId::Silence(id), None, 1)?.is_empty() {
            silence.quiet_since.or(Some(due))
        } else {
            None
        };
        self.store.set_silence(id, &SilenceRecord { state, quiet_since, ..silence })?;
        self.recheck(HolderId::Silence(id))?;
        Ok(true)
    }
}
