//! What a store does for the journal. SQLite is one; another is a folder beside it that implements these traits.
//!
//! Writing goes through transactions: what is decided there may read what it depends on and write what follows, and all
//! of it becomes durable together. Reading never waits for the writer. A claim says who delivers what; how long it lasts
//! is measured by the store.

#![expect(clippy::missing_errors_doc, reason = "every method fails where the store does, and only then")]

use super::heard::{HeardTransaction, SenderStatus};
use super::holds::HoldTransaction;
use super::notification::{EndedMessage, NotificationTransaction};
use super::{
    AttemptRecord, ChannelCounts, ChannelError, ChannelFate, ChannelPause, ChannelPolicies, DeadLetterRecord,
    DeliveryId, EventId, EventPage, EventRecord, IntegrationCounts, JournalError, MessageReader, PausedChannel,
    PendingCount, PendingDelivery, Push, PushId, PushReader, PushRecord, QuarantineCounts, QueuedEvent, RecordFilter,
    RefusedPayload, RefusedSummary, Settlement, Silence, SilenceId, SilenceList, StoredHold,
};
use crate::event::Severity;
use crate::gateway::metrics::Metrics;
use crate::notification::{AlertId, ClockRecord};
use crate::reload::{PastGeneration, RuleSetHash};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use ulid::Ulid;

/// Why a store did not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no room. Nothing of the transaction is stored; the store can go on.
    #[error("the disk is full")]
    NoSpace,
    /// A record that the transaction touches is damaged. Nothing of it is stored; the store can go on without that record.
    #[error("a record is damaged: {0}")]
    Damaged(String),
    /// The store failed. Whether the transaction is stored is unknown; the store has to be opened again.
    #[error("{0}")]
    Broken(String),
}

/// What a store did, or why it did not.
pub type StoreResult<T> = Result<T, StoreError>;

/// What was read, or why it could not be.
pub type ReadResult<T> = Result<T, JournalError>;

/// Deliveries that are pending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many, or by how many that changed.
    pub count: i64,
    /// Bytes of their bodies.
    pub bytes: i64,
}

impl Backlog {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.bytes += other.bytes;
    }
}

/// The backlog of an integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationBacklog {
    /// The integration.
    pub integration: String,
    /// Its backlog.
    pub backlog: Backlog,
}

/// What a transaction changed for others, known once it is durable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommittedChanges {
    /// Channels that have something to deliver or to tell now.
    pub wake: Vec<String>,
    /// By how much backlogs changed.
    pub backlogs: Vec<IntegrationBacklog>,
}

/// Whether pruning has more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PruneProgress {
    /// Another step would remove more.
    More,
    /// Nothing else can be removed now.
    Done,
}

/// How much of a log is moved into its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckpointMode {
    /// What can be moved while others read.
    Partial,
    /// All of it, while nothing else happens.
    Full,
}

/// The firing of an alert key, as a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFiring {
    /// When it last changed.
    pub since: Timestamp,
    /// The channels in which it is open; none where it is closed.
    pub channels: Vec<String>,
    /// The severity of the last firing; nothing where that is not known.
    pub severity: Option<Severity>,
}

/// Decides what a firing becomes.
pub type FiringUpdate<'u> = dyn FnMut(Option<StoredFiring>) -> Option<StoredFiring> + 'u;

/// What a transaction does with pushes, refused payloads and firings.
pub trait PushTransaction {
    /// Keeps the files of a rule set. Does nothing where they are kept.
    fn keep_rules(&mut self, hash: RuleSetHash, archive: &[u8]) -> StoreResult<()>;

    /// The push that brought the same body within the window; otherwise this one is remembered for its own window.
    fn find_duplicate(&mut self, push: &Push) -> StoreResult<Option<PushId>>;

    /// Stores a push with its deliveries, and a dead letter for each channel that no longer exists; whether it was new.
    fn insert_push(&mut self, push: &Push) -> StoreResult<bool>;

    /// Changes the firing of a key by what it is, with the changes of this transaction. Where `update` returns nothing, it
    /// stays as it is.
    fn update_firing(&mut self, integration: &str, key: &str, update: &mut FiringUpdate<'_>) -> StoreResult<()>;

    /// Replaces the firing of a key, whatever it is.
    fn set_firing(&mut self, integration: &str, key: &str, firing: &StoredFiring) -> StoreResult<()>;

    /// Stores a refused payload. Where too many are kept, the oldest of the integration with the most go.
    fn refuse(&mut self, refused: &RefusedPayload) -> StoreResult<()>;

    /// Removes a refused payload; how many there were.
    fn release_quarantined(&mut self, id: PushId) -> StoreResult<u64>;

    /// Notes the generation of rules in force; a push notes the one that decided it. An earlier one changes nothing.
    fn note_generation(&mut self, generation: PastGeneration) -> StoreResult<()>;
}

/// What a transaction does with deliveries. Methods that answer a number answer how many deliveries they changed; those that
/// end a delivery answer the message that it was.
pub trait DeliveryTransaction {
    /// Stores the result of an attempt. A delivery that is settled, or gone, stays as it is.
    fn settle(&mut self, settlement: &Settlement) -> StoreResult<Option<EndedMessage>>;

    /// Makes a pending delivery whose record is damaged a dead letter, without an attempt.
    fn mark_damaged(&mut self, delivery: DeliveryId, at: Timestamp) -> StoreResult<Option<EndedMessage>>;

    /// The message that a dead letter is; nothing where it is an event.
    fn dead_message(&mut self, delivery: DeliveryId) -> StoreResult<Option<EndedMessage>>;

    /// Makes dead letters pending again under new ids, so that they come after what was accepted meanwhile.
    fn requeue(&mut self, deliveries: &[DeliveryId], at: Timestamp) -> StoreResult<u64>;

    /// Copies delivered ones under new ids, and requeues dead letters.
    fn redeliver(&mut self, deliveries: &[DeliveryId], at: Timestamp) -> StoreResult<u64>;

    /// Marks dead letters as dropped, and removes their bodies.
    fn drop_dead_letters(&mut self, deliveries: &[DeliveryId], at: Timestamp) -> StoreResult<u64>;

    /// The pending deliveries of a channel and key that are events, by rising id; at most so many.
    fn queued_of_key(&mut self, channel: &str, key: &str, most: usize) -> StoreResult<Vec<QueuedEvent>>;

    /// Drops a pending delivery: its body is removed, and it stays as dropped at that time for that reason.
    fn drop_delivery(&mut self, delivery: DeliveryId, at: Timestamp, reason: &str) -> StoreResult<()>;

    /// Releases the claim of a delivery, of any owner, once the transaction is durable.
    fn release_claim(&mut self, delivery: DeliveryId);

    /// Notes that an operator paused a channel; what is noted then. A pause that is noted already keeps its beginning.
    fn pause_channel(&mut self, channel: &str, pause: &ChannelPause) -> StoreResult<ChannelPause>;

    /// Ends the pause of a channel, and makes its pending deliveries as old as they were when it began. The pause, if there
    /// was one.
    fn resume_channel(&mut self, channel: &str, at: Timestamp) -> StoreResult<Option<ChannelPause>>;

    /// Stores a wait of a channel's receiver, unless a longer one of the same receiver is stored.
    fn hold_channel(&mut self, channel: &str, hold: &StoredHold) -> StoreResult<()>;
}

/// What a transaction does with silences.
pub trait SilenceTransaction {
    /// The silences that did not end, with the changes of this transaction.
    fn silences(&mut self) -> StoreResult<Arc<SilenceList>>;

    /// A silence, whether or not it ended.
    fn find_silence(&mut self, id: SilenceId) -> StoreResult<Option<Silence>>;

    /// Adds a silence, or replaces the one with its id.
    fn put_silence(&mut self, silence: &Silence) -> StoreResult<()>;
}

/// A transaction of a store.
pub trait Transaction:
    PushTransaction
    + DeliveryTransaction
    + NotificationTransaction
    + SilenceTransaction
    + HoldTransaction
    + HeardTransaction
{
}

impl<T> Transaction for T where
    T: PushTransaction
        + DeliveryTransaction
        + NotificationTransaction
        + SilenceTransaction
        + HoldTransaction
        + HeardTransaction
{
}

/// What is done in a transaction. It may be run again, after a run of which nothing is stored.
pub type TransactionWork<'w> = dyn FnMut(&mut dyn Transaction) -> StoreResult<()> + 'w;

/// The writing side of a store; one thread has it.
pub trait JournalStore: Send {
    /// Makes all that `work` writes durable in one transaction, or nothing of it; returns once it is durable.
    fn transact(&mut self, work: &mut TransactionWork<'_>) -> StoreResult<CommittedChanges>;

    /// Removes what need not be kept any longer, a bounded step.
    fn prune(&mut self, now: Timestamp) -> StoreResult<PruneProgress>;

    /// Limits the bytes of its files, besides its own limit: the oldest settled pushes go where there are more, then the
    /// oldest dead letters.
    fn limit_bytes(&mut self, most: u64);

    /// How many bytes of its files it can use again, without growing them.
    fn reusable_bytes(&self) -> u64;

    /// Moves what was appended into its place.
    fn checkpoint(&mut self, mode: CheckpointMode) -> StoreResult<()>;

    /// Drops the handle, opens a new one and verifies what it finds.
    fn reopen(&mut self) -> StoreResult<()>;

    /// The backlogs of all integrations.
    fn backlogs(&self) -> StoreResult<Vec<IntegrationBacklog>>;

    /// The reading side; faults and damage are counted there.
    fn reader(&self, metrics: &Arc<Metrics>) -> Arc<dyn JournalReader>;

    /// The files of the state directory that are the store's. The first must not be replaced while it is open.
    fn files(&self) -> &'static [&'static str];
}

/// Which settled deliveries are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettledFilter {
    /// Dead letters.
    Dead,
    /// Dead letters that were not dropped, and delivered ones.
    All,
}

/// The body of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredBody {
    /// It is as it was stored.
    Intact(Vec<u8>),
    /// It has so many bytes, more than were to be read.
    TooLarge(usize),
    /// It is damaged.
    Damaged,
    /// There is none.
    Missing,
}

/// Who claims deliveries: one delivery service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClaimOwner(Ulid);

impl ClaimOwner {
    /// A new owner, different from all others.
    #[must_use]
    pub fn generate() -> Self {
        Self(Ulid::generate())
    }
}

/// The answer to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimResult {
    /// The delivery belongs to the owner until it is settled or its lease ends.
    Claimed,
    /// It belongs to another owner.
    Held,
    /// It is settled, or gone.
    Settled,
}

/// Who delivers what.
pub trait DeliveryClaims: Send + Sync {
    /// Claims a pending delivery, or renews the claim of the same owner.
    fn claim(&self, delivery: DeliveryId, owner: ClaimOwner, lease: Duration) -> ReadResult<ClaimResult>;
}

/// The bytes of alert keys with which a page of pending deliveries ends, whatever its limit.
pub const MAX_PAGE_KEY_BYTES: usize = 1 << 20;

/// What deliveries read.
pub trait DeliveryReader: Send + Sync {
    /// Pending deliveries of a channel, by rising id, after that id; bodies left out. Where their keys reach
    /// [`MAX_PAGE_KEY_BYTES`], the page ends with the delivery that reaches it.
    fn pending(&self, channel: &str, after: DeliveryId, limit: usize) -> ReadResult<Vec<PendingDelivery>>;

    /// The first pending delivery of a channel and key after that id.
    fn pending_of_key(&self, channel: &str, key: &str, after: DeliveryId) -> ReadResult<Option<PendingDelivery>>;

    /// The rendered body of a delivery, if it has at most so many bytes.
    fn body(&self, delivery: DeliveryId, max_bytes: usize) -> ReadResult<StoredBody>;

    /// What was counted for every channel that ever got a delivery.
    fn channels(&self) -> ReadResult<Vec<ChannelCounts>>;

    /// The last error of a channel.
    fn last_error(&self, channel: &str) -> ReadResult<Option<ChannelError>> {
        let mut channels = self.channels()?.into_iter();
        Ok(channels.find(|counts| counts.name == channel).and_then(|counts| counts.last_error))
    }

    /// The channels that operators paused, by name.
    fn pauses(&self) -> ReadResult<Vec<PausedChannel>>;

    /// The channels with a stored wait, and the wait.
    fn holds(&self) -> ReadResult<Vec<(String, StoredHold)>> {
        let channels = self.channels()?.into_iter();
        Ok(channels.filter_map(|counts| Some((counts.name, counts.held?))).collect())
    }
}

/// Events, the newest first.
pub trait EventReader: Send + Sync {
    /// A page of events. Where few are of the channel or key that is looked for, it may be empty and not the last.
    fn events_page(&self, filter: &RecordFilter) -> ReadResult<EventPage>;

    /// Events: as many pages as it takes.
    fn events(&self, filter: &RecordFilter) -> ReadResult<Vec<EventRecord>> {
        let (mut found, mut rest) = (Vec::new(), filter.clone());
        loop {
            let page = self.events_page(&rest)?;
            found.extend(page.events);
            if page.next.is_none() || (filter.limit > 0 && found.len() >= filter.limit) {
                return Ok(found);
            }
            (rest.before, rest.before_index) = (page.next, page.next_index);
        }
    }
}

/// What intake and operators read besides; lists begin with the newest.
pub trait RecordReader: Send + Sync {
    /// The firing of a key.
    fn firing(&self, integration: &str, key: &str) -> ReadResult<Option<StoredFiring>>;

    /// A push as it was stored, whatever its events.
    fn find_push(&self, id: PushId) -> ReadResult<Option<PushRecord>>;

    /// The attempts of the deliveries of an event, the oldest first.
    fn attempts(&self, event: EventId) -> ReadResult<Vec<AttemptRecord>>;

    /// Dead letters.
    fn dead_letters(&self, filter: &RecordFilter) -> ReadResult<Vec<DeadLetterRecord>>;

    /// The ids of settled deliveries, rising.
    fn settled(&self, filter: &RecordFilter, which: SettledFilter) -> ReadResult<Vec<DeliveryId>>;

    /// Refused payloads.
    fn quarantined(&self, filter: &RecordFilter) -> ReadResult<Vec<RefusedPayload>>;

    /// Refused payloads without their bytes.
    fn refused(&self, filter: &RecordFilter) -> ReadResult<Vec<RefusedSummary>>;

    /// Refused payloads by integration.
    fn quarantine_counts(&self) -> ReadResult<Vec<QuarantineCounts>>;

    /// The files of a rule set that decided something, as [`crate::reload::Snapshot::from_archive`] reads them.
    fn rules(&self, hash: RuleSetHash) -> ReadResult<Option<Vec<u8>>>;

    /// What was counted for every integration that ever got a push.
    fn integrations(&self) -> ReadResult<Vec<IntegrationCounts>>;

    /// The last generation of the rules that was noted.
    fn last_generation(&self) -> ReadResult<Option<PastGeneration>>;

    /// What an event is for each channel that gathers messages, in the order of channels; by these policies.
    fn fates(&self, event: EventId, policies: &ChannelPolicies) -> ReadResult<Vec<ChannelFate>>;

    /// How many alerts have news that is not told, by channel; channels without such news are left out.
    fn waiting_news(&self) -> ReadResult<Vec<(String, u64)>>;

    /// The severities of the last firings that were delivered and are not over, by the keys with pending deliveries.
    fn sent_firings(&self, channel: &str) -> ReadResult<BTreeMap<String, Severity>>;

    /// What is pending, by channel and severity, the worst first, ends last; of a channel, or of all.
    fn pending_counts(&self, channel: Option<&str>) -> ReadResult<Vec<PendingCount>>;

    /// The channels of which records are kept, as they gather messages or did so, by name.
    fn notified_channels(&self) -> ReadResult<Vec<String>>;

    /// What is kept of the clock: the last time that is noted, and how long events could be heard until then.
    fn clock(&self) -> ReadResult<ClockRecord>;

    /// The senders of all heartbeats, by heartbeat and values.
    fn senders(&self) -> ReadResult<Vec<SenderStatus>>;

    /// The last time that the records of channels hold.
    fn last_notification(&self) -> ReadResult<Option<Timestamp>>;
}

/// Which silences a listing holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SilenceFilter {
    /// Those that ended, too.
    pub with_ended: bool,
    /// Those that were added before that one.
    pub before: Option<SilenceId>,
    /// At most so many; 0 is no limit.
    pub limit: usize,
}

/// What is read of silences.
pub trait SilenceReader: Send + Sync {
    /// Those that did not end. They are in memory.
    fn open_silences(&self) -> Arc<SilenceList>;

    /// Silences, the newest first.
    fn silences(&self, filter: &SilenceFilter) -> ReadResult<Vec<Silence>>;

    /// A silence.
    fn silence(&self, id: SilenceId) -> ReadResult<Option<Silence>>;

    /// How many alerts that fire a silence may hold.
    fn silenced_alerts(&self, id: SilenceId) -> ReadResult<u64>;

    /// The messages of a channel that told of an alert from that time on: their numbers, and the worst severity of each.
    fn told_messages(&self, channel: &str, alert: AlertId, since: Timestamp) -> ReadResult<Vec<(u64, Severity)>>;

    /// Alerts that channels which gather messages were told of and that fire, at most so many, and fewer where their outcomes are
    /// large.
    fn notified_alerts(&self, most: usize) -> ReadResult<Vec<NotifiedAlert>>;

    /// How many alerts are held now, by what holds them.
    fn held_counts(&self) -> ReadResult<Vec<HeldCount>>;

    /// Sources of mutes that fire and count no more, as nothing was heard of them for too long: those that ended last come first;
    /// at most so many.
    fn expired_sources(&self, most: usize) -> ReadResult<Vec<ExpiredSource>>;
}

/// An alert because of which a mute held others, and of which nothing was heard for too long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpiredSource {
    /// Its key.
    pub key: String,
    /// Its last event, where it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// Since when it fires.
    pub since: Timestamp,
    /// When it ended as a source, the time of `until … after` left out.
    pub expired: Timestamp,
}

/// An alert that a channel was told of and that fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifiedAlert {
    /// The channel.
    pub channel: String,
    /// The severity that was told.
    pub severity: Severity,
    /// The integration.
    pub integration: String,
    /// The outcome of its last event, in the JSON of `event::Outcome`.
    pub outcome: String,
}

/// How many alerts are held in a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldCount {
    /// The channel.
    pub channel: String,
    /// The mute; nothing for silences.
    pub mute: Option<String>,
    /// How many.
    pub alerts: u64,
}

/// The reading side of a store.
pub trait JournalReader:
    DeliveryReader + EventReader + MessageReader + PushReader + RecordReader + SilenceReader + DeliveryClaims
{
    /// Gives up what it holds of the store.
    fn close(&self);
}
