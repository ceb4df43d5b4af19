//! What happens to silences in a transaction: they are added, extended and ended, and end by themselves.

use super::write::WriteSource;
use super::{
    EndedSilence, HOLDS, Journal, JournalError, Silence, SilenceEndCause, SilenceExtension, SilenceId, StoreResult,
    Transaction,
};
use crate::notification::holds::{HoldTracker, HolderId, RecheckPosition, RecheckScope};
use crate::time::Timestamp;

/// How many silences there are at most that did not end: every event asks each of them.
pub const MAX_OPEN_SILENCES: usize = 5_000;

/// How many bytes the conditions of the silences that did not end have together at most: 200 for each of the silences there may
/// be. They are read again from time to time, and at each start.
pub const MAX_CONDITIONS_BYTES: usize = 200 * MAX_OPEN_SILENCES;

/// How many times a silence is extended at most: its extensions are one text.
const MAX_EXTENSIONS: usize = 1_000;

/// What became of a change of a silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SilenceChange {
    /// It is durable; the silence as it is now.
    Done(Box<Silence>),
    /// There is no such silence.
    Unknown,
    /// It ended before.
    Over(EndedSilence),
    /// An extension must end later than the silence does.
    NotLater(Timestamp),
    /// With its condition, those of the silences that did not end would have so many bytes together, which is too much.
    TooLong(usize),
    /// There are as many silences as there may be, or it was extended as often as one may be.
    TooMany,
}

impl Journal {
    /// Adds a silence.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn add_silence(&self, silence: Silence) -> Result<SilenceChange, JournalError> {
        let clock = self.steady_clock();
        self.change_silence(move |transaction| add_silence(transaction, &silence, clock.now()))
    }

    /// Extends a silence.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn extend_silence(&self, id: SilenceId, extension: SilenceExtension) -> Result<SilenceChange, JournalError> {
        self.change_silence(move |transaction| extend_silence(transaction, id, &extension))
    }

    /// Ends a silence.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn end_silence(&self, id: SilenceId, by: String) -> Result<SilenceChange, JournalError> {
        let clock = self.steady_clock();
        self.change_silence(move |transaction| end_silence(transaction, id, &by, clock.now()))
    }

    fn change_silence(
        &self,
        change: impl FnMut(&mut dyn Transaction) -> StoreResult<SilenceChange> + Send + 'static,
    ) -> Result<SilenceChange, JournalError> {
        self.write(WriteSource::Record, 0, change)
    }
}

/// Adds a silence, if there is room for one.
///
/// # Errors
/// Where the store failed.
pub fn add_silence(transaction: &mut dyn Transaction, silence: &Silence, now: Timestamp) -> StoreResult<SilenceChange> {
    let open = transaction.silences()?;
    if open.silences.len() >= MAX_OPEN_SILENCES {
        return Ok(SilenceChange::TooMany);
    }
    let bytes = open.condition_bytes.saturating_add(silence.condition.len());
    if bytes > MAX_CONDITIONS_BYTES {
        return Ok(SilenceChange::TooLong(bytes));
    }
    drop(open);
    transaction.put_silence(silence)?;
    let mut records = transaction.holds()?;
    HoldTracker::new(&mut *records).add_silence(now, silence.id, silence.record())?;
    drop(records);
    done(transaction, silence.id)
}

/// The silence as it is now; whoever works on holds is woken.
fn done(transaction: &mut dyn Transaction, id: SilenceId) -> StoreResult<SilenceChange> {
    transaction.wake_notifier(HOLDS);
    let silence = transaction.find_silence(id)?;
    Ok(silence.map_or(SilenceChange::Unknown, |silence| SilenceChange::Done(Box::new(silence))))
}

/// Gives a silence that did not end a later end.
///
/// # Errors
/// Where the store failed.
pub fn extend_silence(
    transaction: &mut dyn Transaction,
    id: SilenceId,
    extension: &SilenceExtension,
) -> StoreResult<SilenceChange> {
    let Some(mut silence) = transaction.find_silence(id)? else { return Ok(SilenceChange::Unknown) };
    if let Some(end) = silence.ended.clone() {
        return Ok(SilenceChange::Over(end));
    }
    if extension.until <= silence.until {
        return Ok(SilenceChange::NotLater(silence.until));
    }
    if silence.extensions.len() >= MAX_EXTENSIONS {
        return Ok(SilenceChange::TooMany);
    }
    silence.until = extension.until;
    silence.extensions.push(extension.clone());
    transaction.put_silence(&silence)?;
    done(transaction, id)
}

/// Ends a silence.
///
/// # Errors
/// Where the store failed.
pub fn end_silence(
    transaction: &mut dyn Transaction,
    id: SilenceId,
    by: &str,
    now: Timestamp,
) -> StoreResult<SilenceChange> {
    let Some(mut silence) = transaction.find_silence(id)? else { return Ok(SilenceChange::Unknown) };
    if let Some(end) = silence.ended.clone() {
        return Ok(SilenceChange::Over(end));
    }
    // What it holds is released in steps, by whoever knows how channels gather messages.
    let mut records = transaction.holds()?;
    let scope = RecheckScope::Candidates(HolderId::Silence(id));
    records.set_recheck(scope, RecheckPosition::Start)?;
    drop(records);
    silence.ended = Some(EndedSilence { at: now, cause: SilenceEndCause::Operator, by: Some(by.to_owned()) });
    transaction.put_silence(&silence)?;
    done(transaction, id)
}
