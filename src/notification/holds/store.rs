//! What is kept of holds, wherever that is.

use super::circle_memory::CircleMemory;
use super::record::{
    FiringAlert, HolderId, LinkClass, LinkRank, SilenceId, SilenceRecord, SourceId, SourceKind, SourceRecord,
};
use crate::notification::AlertId;
use crate::time::Timestamp;
use std::cell::RefCell;

/// Alerts whose holds have to be looked at again, beyond what one step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecheckScope {
    /// All open alerts: their facts are to be asked anew.
    Everything,
    /// All open alerts: their facts were asked anew, and their holds may differ.
    Holds,
    /// The alerts that have this candidate.
    Candidates(HolderId),
}

/// How far a recheck is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecheckPosition {
    /// It begins, again if it was under way.
    Start,
    /// The alerts up to this id were looked at.
    After(AlertId),
    /// It is done.
    Done,
}

/// The records of holds. What is written is read again in the same transaction.
///
/// # Errors
/// Every method fails where the store does, and only then.
#[expect(clippy::missing_errors_doc, reason = "the trait says it once")]
pub trait HoldStore {
    /// Why the store failed.
    type Error;

    /// An alert that fires. One without candidates and roles need not be kept.
    fn firing(&self, id: AlertId) -> Result<Option<FiringAlert>, Self::Error>;

    /// Replaces an alert that fires, or removes one that is over. [`Self::candidates`] finds it by its candidates.
    fn set_firing(&mut self, id: AlertId, alert: Option<&FiringAlert>) -> Result<(), Self::Error>;

    /// All alerts that fire, whether anything is kept of them or not: those after `after`, by rising id, at most so many.
    fn open_alerts(&self, after: Option<AlertId>, most: usize) -> Result<Vec<AlertId>, Self::Error>;

    /// The alerts that have a candidate of that holder ([`HoldCandidate::holder`]): those after `after`, by rising id, at most
    /// so many.
    ///
    /// [`HoldCandidate::holder`]: super::record::HoldCandidate::holder
    fn candidates(&self, holder: HolderId, after: Option<AlertId>, most: usize) -> Result<Vec<AlertId>, Self::Error>;

    /// An alert in a role, whether it counts or not.
    fn source(&self, source: SourceId, alert: AlertId) -> Result<Option<SourceRecord>, Self::Error>;

    /// Replaces an alert in a role, or removes it.
    fn set_source(
        &mut self,
        source: SourceId,
        alert: AlertId,
        record: Option<&SourceRecord>,
    ) -> Result<(), Self::Error>;

    /// The alerts of one kind that count in a source ([`SourceRecord::counts`]), by rising id; at most so many.
    fn counting(
        &self,
        source: SourceId,
        kind: SourceKind,
        most: usize,
    ) -> Result<Vec<(AlertId, SourceRecord)>, Self::Error>;

    /// The classes of the links that count in a source, by rising class, each with its first alert; at most so many.
    fn link_classes(&self, source: SourceId, most: usize) -> Result<Vec<(LinkClass, LinkRank)>, Self::Error>;

    /// The first of the links that count in a source, of a class or of all.
    fn first_link(&self, source: SourceId, class: Option<LinkClass>) -> Result<Option<LinkRank>, Self::Error>;

    /// What is known of circles. A store forgets it whenever a firing alert or a source changes, and its transaction ends.
    fn circles(&self) -> &RefCell<CircleMemory>;

    /// Of all alerts in their roles the one that ends to count first by the clock ([`SourceRecord::due`]).
    fn first_source_due(&self) -> Result<Option<(Timestamp, SourceId, AlertId)>, Self::Error>;

    /// The alerts in their roles that end to count by that time, the earliest first; at most so many.
    fn sources_due(&self, now: Timestamp, most: usize) -> Result<Vec<(Timestamp, SourceId, AlertId)>, Self::Error>;

    /// A silence.
    fn silence(&self, id: SilenceId) -> Result<Option<SilenceRecord>, Self::Error>;

    /// Replaces silences. Those that are over may be forgotten.
    fn set_silences(&mut self, silences: &[(SilenceId, SilenceRecord)]) -> Result<(), Self::Error>;

    /// Of all silences the one that begins or ends first by the clock ([`SilenceRecord::due`]).
    fn first_silence_due(&self) -> Result<Option<(Timestamp, SilenceId)>, Self::Error>;

    /// The silences that begin or end by that time, the earliest first; at most so many.
    fn silences_due(&self, now: Timestamp, most: usize) -> Result<Vec<(Timestamp, SilenceId)>, Self::Error>;

    /// How far a recheck is; [`RecheckPosition::Done`] where there is none.
    fn recheck(&self, scope: RecheckScope) -> Result<RecheckPosition, Self::Error>;

    /// Begins a recheck, moves it on, or ends it.
    fn set_recheck(&mut self, scope: RecheckScope, position: RecheckPosition) -> Result<(), Self::Error>;

    /// Any of the rechecks that are not done, besides [`RecheckScope::Everything`].
    fn next_recheck(&self) -> Result<Option<(RecheckScope, RecheckPosition)>, Self::Error>;
}
