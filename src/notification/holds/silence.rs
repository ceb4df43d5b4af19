//! Silences are added, extended and ended.

use super::record::{HolderId, SilenceEnd, SilenceId, SilenceRecord, SilenceState};
use super::store::{HoldStore, RecheckPosition, RecheckScope};
use super::tracker::HoldTracker;
use crate::time::Timestamp;

impl<S: HoldStore + ?Sized> HoldTracker<'_, S> {
    /// Adds a silence; its state is computed. All open alerts are asked anew, see [`Self::next_asked`].
    ///
    /// # Errors
    /// Where the store failed.
    pub fn add_silence(&mut self, now: Timestamp, id: SilenceId, silence: SilenceRecord) -> Result<(), S::Error> {
        let (state, quiet_since) = if silence.until <= now {
            (SilenceState::Over { at: now }, None)
        } else if silence.from <= now {
            (SilenceState::Active, Some(now))
        } else {
            (SilenceState::Scheduled, None)
        };
        self.store.set_silences(&[(id, SilenceRecord { state, quiet_since, ..silence })])?;
        self.ask_everything()
    }

    /// Moves the end of a silence, which is later or earlier then. One that is over stays so.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn extend_silence(&mut self, id: SilenceId, until: Timestamp) -> Result<(), S::Error> {
        match self.store.silence(id)? {
            Some(SilenceRecord { state: SilenceState::Over { .. }, .. }) | None => Ok(()),
            Some(silence) => self.store.set_silences(&[(id, SilenceRecord { until, ..silence })]),
        }
    }

    /// Ends a silence, unless it is over.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn end_silence(&mut self, now: Timestamp, id: SilenceId) -> Result<(), S::Error> {
        match self.store.silence(id)? {
            Some(SilenceRecord { state: SilenceState::Over { .. }, .. }) | None => Ok(()),
            Some(silence) => {
                self.store.set_silences(&[(id, SilenceRecord { state: SilenceState::Over { at: now }, ..silence })])?;
                self.recheck(HolderId::Silence(id))
            }
        }
    }

    /// The facts of all open alerts are to be asked anew: rules were loaded, or a schedule that a mute asks begins or ends.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn ask_everything(&mut self) -> Result<(), S::Error> {
        self.store.set_recheck(RecheckScope::Everything, RecheckPosition::Start)
    }

    /// A silence that ends once nothing fires that it holds, if since when that is so has changed.
    pub(super) fn quiet(&self, now: Timestamp, id: SilenceId) -> Result<Option<SilenceRecord>, S::Error> {
        let Some(silence) = self.store.silence(id)? else { return Ok(None) };
        if silence.end != SilenceEnd::Resolved || silence.state != SilenceState::Active {
            return Ok(None);
        }
        let is_quiet = self.store.candidates(HolderId::Silence(id), None, 1)?.is_empty();
        let quiet_since = is_quiet.then(|| silence.quiet_since.unwrap_or(now));
        Ok((quiet_since != silence.quiet_since).then_some(SilenceRecord { quiet_since, ..silence }))
    }
}
