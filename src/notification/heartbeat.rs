//! Heartbeats: which senders were heard, and when one of them is absent.
//!
//! A sender is what the values of `by` tell apart. It becomes absent once nothing was heard of it for the timeout of its
//! heartbeat, in listening time, and returns with its next beat. Each change is an event, which others make: they ask for the
//! [changes that are pending](pending), and [apply] each of them together with what they write of its event. A change of a sender that was
//! heard meanwhile does not apply.

use super::listening::ListeningTime;
use super::message_event::NamedValue;
use crate::time::Timestamp;
use std::time::Duration;

/// The most senders of a heartbeat.
pub const MAX_SENDERS: usize = 10_000;

/// What the rules say of a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatTerms {
    /// Its name.
    pub name: String,
    /// The names of the values that tell its senders apart; without one there is one sender.
    pub by: Vec<String>,
    /// How long nothing may be heard.
    pub timeout: Duration,
}

impl HeartbeatTerms {
    /// Whether a sender has the values that tell senders apart.
    fn fits(&self, sender: &Sender) -> bool {
        self.name == sender.heartbeat && self.by.iter().eq(sender.values.iter().map(|value| &value.name))
    }
}

/// A sender of a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sender {
    /// The heartbeat.
    pub heartbeat: String,
    /// The values that tell it.
    pub values: Vec<NamedValue>,
}

/// When a sender was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BeatRecord {
    /// The last time, in listening time.
    pub heard: ListeningTime,
    /// The same by the wall clock.
    pub heard_at: Timestamp,
    /// Its absence, until the event of its end is stored.
    pub absence: Option<AbsenceRecord>,
    /// Whether an operator forgot it while it was absent: its absence ends, and it is gone.
    pub is_forgotten: bool,
}

/// An absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbsenceRecord {
    /// When the sender was heard last before it, in listening time.
    pub heard: ListeningTime,
    /// The same by the wall clock.
    pub since: Timestamp,
}

impl BeatRecord {
    /// A sender that is heard.
    #[must_use]
    pub fn new(heard: ListeningTime, heard_at: Timestamp) -> Self {
        Self { heard, heard_at, absence: None, is_forgotten: false }
    }

    /// Whether it is absent and that has to end, as it was heard again or is forgotten.
    #[must_use]
    pub fn has_returned(&self) -> bool {
        self.absence.is_some_and(|absence| self.is_forgotten || self.heard > absence.heard)
    }
}

/// What becomes of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderChange {
    /// Nothing was heard of it for too long.
    Absent,
    /// It was absent, and is heard again.
    Returned,
    /// The rules no longer have its heartbeat, or an operator forgot it. If it is absent, that is over; otherwise it is forgotten without an event.
    Left,
}

/// A change that is to be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingChange {
    /// The sender.
    pub sender: Sender,
    /// What is known of it.
    pub record: BeatRecord,
    /// What becomes of it.
    pub change: SenderChange,
}

impl PendingChange {
    /// Whether an event tells it. A sender that leaves is told of only where it is absent.
    #[must_use]
    pub fn has_event(&self) -> bool {
        self.change != SenderChange::Left || self.record.absence.is_some()
    }
}

/// What a beat was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeatResult {
    /// It is noted.
    Noted,
    /// It is noted, and ends an absence.
    Returned,
    /// The heartbeat has too many senders for another one.
    TooMany,
}

/// What is kept of heartbeats, wherever that is.
///
/// # Errors
/// Every method fails where the store does, and only then.
#[expect(clippy::missing_errors_doc, reason = "the trait says it once")]
pub trait BeatStore {
    /// Why the store failed.
    type Error;

    /// When a sender was heard.
    fn beat(&self, sender: &Sender) -> Result<Option<BeatRecord>, Self::Error>;

    /// Replaces what is known of a sender, or forgets it.
    fn set_beat(&mut self, sender: &Sender, record: Option<&BeatRecord>) -> Result<(), Self::Error>;

    /// The heartbeats that have senders, by name.
    fn heartbeats(&self) -> Result<Vec<String>, Self::Error>;

    /// All senders of a heartbeat, by their values.
    fn senders(&self, heartbeat: &str) -> Result<Vec<(Sender, BeatRecord)>, Self::Error>;

    /// How many senders a heartbeat has.
    fn count(&self, heartbeat: &str) -> Result<usize, Self::Error>;

    /// Senders of a heartbeat that are not absent and were not heard after that time, the longest silent first; at most so many.
    fn silent(
        &self,
        heartbeat: &str,
        until: ListeningTime,
        most: usize,
    ) -> Result<Vec<(Sender, BeatRecord)>, Self::Error>;

    /// Senders of a heartbeat that [have returned](BeatRecord::has_returned); at most so many.
    fn returned(&self, heartbeat: &str, most: usize) -> Result<Vec<(Sender, BeatRecord)>, Self::Error>;

    /// When the sender was heard that is silent for longest, of those that are not absent.
    fn longest_silent(&self, heartbeat: &str) -> Result<Option<ListeningTime>, Self::Error>;
}

/// Notes a beat.
///
/// # Errors
/// Where the store failed.
pub fn hear<S: BeatStore + ?Sized>(
    store: &mut S,
    sender: &Sender,
    now: ListeningTime,
    at: Timestamp,
) -> Result<BeatResult, S::Error> {
    let Some(known) = store.beat(sender)? else {
        if store.count(&sender.heartbeat)? >= MAX_SENDERS {
            return Ok(BeatResult::TooMany);
        }
        store.set_beat(sender, Some(&BeatRecord::new(now, at)))?;
        return Ok(BeatResult::Noted);
    };
    // At one moment an absence comes before a beat.
    let is_absent = known.absence.is_some();
    let heard = known.absence.map_or(now, |absence| now.max(ListeningTime(absence.heard.0.saturating_add(1))));
    let record = BeatRecord { heard: known.heard.max(heard), heard_at: at, is_forgotten: false, ..known };
    store.set_beat(sender, Some(&record))?;
    Ok(if is_absent { BeatResult::Returned } else { BeatResult::Noted })
}

/// Rules are loaded: what they no longer have is forgotten, unless it is absent, and a heartbeat without `by` begins.
///
/// # Errors
/// Where the store failed.
pub fn load<S: BeatStore + ?Sized>(
    store: &mut S,
    terms: &[HeartbeatTerms],
    now: ListeningTime,
    at: Timestamp,
) -> Result<(), S::Error> {
    for heartbeat in store.heartbeats()? {
        let known = terms.iter().find(|terms| terms.name == heartbeat);
        for (sender, record) in store.senders(&heartbeat)? {
            let is_kept = known.is_some_and(|terms| terms.fits(&sender));
            if !is_kept && record.absence.is_none() {
                store.set_beat(&sender, None)?;
            }
        }
    }
    for terms in terms.iter().filter(|terms| terms.by.is_empty()) {
        let sender = Sender { heartbeat: terms.name.clone(), values: Vec::new() };
        if store.beat(&sender)?.is_none() {
            store.set_beat(&sender, Some(&BeatRecord::new(now, at)))?;
        }
    }
    Ok(())
}

/// Absences that are over because the rules no longer have their heartbeat; at most so many of each heartbeat.
///
/// # Errors
/// Where the store failed.
pub fn left<S: BeatStore + ?Sized>(
    store: &S,
    terms: &[HeartbeatTerms],
    most: usize,
) -> Result<Vec<PendingChange>, S::Error> {
    let mut all = Vec::new();
    for heartbeat in store.heartbeats()? {
        let known = terms.iter().find(|terms| terms.name == heartbeat);
        let senders = store.senders(&heartbeat)?.into_iter();
        let left = senders.filter(|(sender, _)| !known.is_some_and(|terms| terms.fits(sender)));
        all.extend(left.take(most).map(|(sender, record)| PendingChange {
            sender,
            record,
            change: SenderChange::Left,
        }));
    }
    Ok(all)
}

/// The changes that are to be applied, those of one heartbeat together, returns first; at most so many of each heartbeat and
/// kind.
///
/// # Errors
/// Where the store failed.
pub fn pending<S: BeatStore + ?Sized>(
    store: &S,
    terms: &[HeartbeatTerms],
    now: ListeningTime,
    most: usize,
) -> Result<Vec<PendingChange>, S::Error> {
    let mut pending = Vec::new();
    for terms in terms {
        let returned = store.returned(&terms.name, most)?.into_iter();
        pending.extend(returned.map(|(sender, record)| change_of(terms, sender, record, SenderChange::Returned)));
        // Before so much was listened, nothing can have been silent for so long.
        if now >= ListeningTime::default().saturating_add(terms.timeout) {
            let silent = store.silent(&terms.name, now.saturating_sub(terms.timeout), most)?.into_iter();
            pending.extend(silent.map(|(sender, record)| change_of(terms, sender, record, SenderChange::Absent)));
        }
    }
    Ok(pending)
}

/// A sender that the heartbeat tells apart otherwise by now has left: a push that earlier rules decided may have brought it.
fn change_of(terms: &HeartbeatTerms, sender: Sender, record: BeatRecord, change: SenderChange) -> PendingChange {
    let stays = terms.fits(&sender) && !record.is_forgotten;
    let change = if stays { change } else { SenderChange::Left };
    PendingChange { sender, record, change }
}

/// Applies a change; whether it is still due.
///
/// # Errors
/// Where the store failed.
pub fn apply<S: BeatStore + ?Sized>(store: &mut S, pending: &PendingChange) -> Result<bool, S::Error> {
    let Some(known) = store.beat(&pending.sender)?.filter(|known| is_still(known, pending)) else { return Ok(false) };
    let after = match pending.change {
        SenderChange::Absent => {
            Some(BeatRecord { absence: Some(AbsenceRecord { heard: known.heard, since: known.heard_at }), ..known })
        }
        SenderChange::Returned => Some(BeatRecord { absence: None, ..known }),
        SenderChange::Left => None,
    };
    store.set_beat(&pending.sender, after.as_ref())?;
    Ok(true)
}

/// Whether a change would apply.
///
/// # Errors
/// Where the store failed.
pub fn is_due<S: BeatStore + ?Sized>(store: &S, pending: &PendingChange) -> Result<bool, S::Error> {
    Ok(store.beat(&pending.sender)?.is_some_and(|known| is_still(&known, pending)))
}

fn is_still(known: &BeatRecord, pending: &PendingChange) -> bool {
    match pending.change {
        SenderChange::Absent => *known == pending.record,
        SenderChange::Returned => known.absence == pending.record.absence && known.has_returned(),
        SenderChange::Left => known.absence == pending.record.absence,
    }
}

/// Forgets a sender; whether it was known. One that is absent is gone once the event of the end of its absence is stored.
///
/// # Errors
/// Where the store failed.
pub fn forget<S: BeatStore + ?Sized>(store: &mut S, sender: &Sender) -> Result<bool, S::Error> {
    let Some(known) = store.beat(sender)? else { return Ok(false) };
    let after = known.absence.map(|_| BeatRecord { is_forgotten: true, ..known });
    store.set_beat(sender, after.as_ref())?;
    Ok(true)
}

/// When a sender is absent next, if nothing is heard.
///
/// # Errors
/// Where the store failed.
pub fn next_absence<S: BeatStore + ?Sized>(
    store: &S,
    terms: &[HeartbeatTerms],
) -> Result<Option<ListeningTime>, S::Error> {
    let mut next: Option<ListeningTime> = None;
    for terms in terms {
        let due = store.longest_silent(&terms.name)?.map(|heard| heard.saturating_add(terms.timeout));
        next = next.into_iter().chain(due).min();
    }
    Ok(next)
}
