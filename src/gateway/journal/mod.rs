//! What is durable: pushes with their outcomes, deliveries and their attempts, dead letters, refused payloads, open
//! firings, and the rule sets that decided.
//!
//! This module is the vocabulary: ids, records, states with their numbers (`number`), and the traits of a store (`store`). What
//! knows SQL stands below `sqlite`. Everything is written by one thread, which commits whatever waits in one
//! transaction and only then answers. Readers never wait for it.
//!
//! Dropping the last handle without [`Journal::close`] is like a crash: what was answered is there, the rest is not.

mod accept;
mod accepted_push;
mod batch_writer;
mod channel_policies;
mod client;
mod config;
mod disk_shortage;
mod due_first;
mod error;
mod event_state;
mod fallback;
mod fallback_event;
mod fate;
mod heard;
mod heard_clock;
mod hold_push;
mod hold_work;
mod holds;
mod id;
mod message_content;
mod message_page;
mod notification;
mod number;
mod pause;
mod pending_drop;
mod record;
mod refused_payload;
mod regroup;
mod rules_in_force;
mod settle;
mod silence;
mod silence_list;
mod silences;
mod space_monitor;
mod sqlite;
mod state_directory;
mod steady_clock;
mod store;
mod write;
mod write_queue;

pub use accept::{AcceptMoment, AcceptResult, accept};
pub use accepted_push::{AcceptedPush, MAX_PUSH_PAGE_BYTES, MAX_PUSHES_OF_PAGE, PushFilter, PushPage, PushReader};
pub use channel_policies::{ChannelPolicies, ChannelUse, LAST_WORDS};
pub use client::{DeliveryStore, PushStore};
pub use config::{DirectoryOwner, JournalConfig};
pub use disk_shortage::DiskShortage;
pub use due_first::ChannelRenderer;
pub use error::JournalError;
pub use event_state::{AlertNow, EventState};
pub use fallback::{tell_last_or_pass_on, tell_or_pass_on};
pub use fallback_event::{FallbackEvent, FallbackForm, PassedOnEvent};
pub use fate::{ChannelFate, EventFate, GroupValueText, MessageState};
pub use heard::{
    ChangedSender, ClockWork, HeardAlert, HeardTransaction, OwnPush, SenderScan, SenderStatus, SilentAlert, WatchTerms,
    clock_work, load_watch,
};
pub use hold_work::{HoldContext, HoldWork, ask_everything, work_on_holds};
pub use holds::{
    AskedEvent, AskedRules, AskedVersion, EventCopy, HeldEvent, HoldAsker, HoldRecords, HoldTransaction, LastEvent,
    NoMutes, PushHolds, StoredHoldReason, StoredHoldingSource,
};
pub use id::{DeliveryId, EventId, MessageUlid, PushId};
pub use message_content::{GivenUpMessage, MessageAlert, MessageContent, RenderedMessage, ToldAlert};
pub use message_page::{
    GroupPlace, GroupSummary, MessageFilter, MessageReader, MessageSummary, ToldAlertPage, ToldAlertSummary,
};
pub use notification::{
    AppliedArrival, ChannelRecords, EndedMessage, EventArrival, FallbackGrace, MessageDelivery, NewsEnd,
    NotificationTransaction, OverdueEvents, RenderMessage, StoredFate, TellResult, tell, tell_last, tell_removed,
};
pub use pause::{ChannelPause, PausedChannel};
pub use pending_drop::{DropCounts, OperatorDrop, PendingCount, QueuedEvent};
pub use record::{
    AttemptRecord, ChannelCounts, ChannelError, DeadLetterRecord, Deduplication, DeliveryRecord, DeliveryState,
    EventPage, EventRecord, FiringTransition, IntegrationCounts, NewDelivery, OpenFiring, PendingDelivery, Push,
    PushOrigin, PushRecord, QuarantineCounts, ReceiverDigest, RecordFilter, Settlement, SettlementResult, StoredHold,
};
pub use refused_payload::{RefusedPayload, RefusedSummary};
pub use regroup::GroupingState;
pub use settle::{GiveUpCause, mark_damaged, retry, settle};
pub use silence::{EndedSilence, Silence, SilenceEndCause, SilenceExtension, SilenceId, SilencePhase};
pub use silence_list::SilenceList;
pub use silences::{MAX_CONDITIONS_BYTES, MAX_OPEN_SILENCES, SilenceChange, add_silence, end_silence, extend_silence};
pub use sqlite::SqliteStore;
pub use store::{
    Backlog, CheckpointMode, ClaimOwner, ClaimResult, CommittedChanges, DeliveryClaims, DeliveryReader,
    DeliveryTransaction, EventReader, ExpiredSource, FiringUpdate, HeldCount, IntegrationBacklog, JournalReader,
    JournalStore, MAX_PAGE_KEY_BYTES, NotifiedAlert, PruneProgress, PushTransaction, ReadResult, RecordReader,
    SettledFilter, SilenceFilter, SilenceReader, SilenceTransaction, StoreError, StoreResult, StoredBody, StoredFiring,
    Transaction, TransactionWork,
};

use super::metrics::Metrics;
use crate::mutant::Mutant;
use crate::notification::{ListeningClock, MessageRecord};
use crate::reload::{PastGeneration, RuleSetHash};
use crate::time::{Clock, Timestamp};
use batch_writer::{BatchWriter, JournalState};
use due_first::tell_due;
use rules_in_force::RulesInForce;
use space_monitor::SpaceMonitor;
use state_directory::StateDirectory;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use steady_clock::SteadyClock;
use tokio::sync::{oneshot, watch};
use write::{PendingWrite, WriteSource};
use write_queue::{CloseMode, WriteQueue};

/// How long a firing is open without another one of its key.
pub const LONGEST_OPEN: Duration = Duration::from_hours(30 * 24);

/// In the place of a channel's name: something is to be done about holds. No channel has this name.
pub const HOLDS: &str = "";

/// Called with the name of a channel after a commit that left something for it to deliver or to tell, or with [`HOLDS`].
pub type WakeCallback = dyn Fn(&str) + Send + Sync;

/// Renders a message on any thread; nothing where that is not possible.
pub type SharedRenderMessage = dyn Fn(&MessageRecord, &MessageContent) -> Option<RenderedMessage> + Send + Sync;

/// How many deliveries one write of an operator changes.
const DELIVERIES_PER_WRITE: usize = 500;

/// How much of the queue such a write takes for each of them.
const BYTES_PER_DELIVERY: usize = 256;

/// A handle on the journal; clones share it.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    steady: Arc<SteadyClock>,
    holds: Arc<RulesInForce>,
    /// How long events could be heard, by steady time.
    listening: ListeningClock,
    shared: Arc<JournalState>,
    reader: Arc<dyn JournalReader>,
    threads: Mutex<Option<Threads>>,
}

struct Threads {
    writer: JoinHandle<()>,
    space_monitor: JoinHandle<()>,
    /// The space monitor ends when this is dropped.
    alive: mpsc::Sender<()>,
}

impl Inner {
    fn close(&self, mode: CloseMode) {
        self.shared.queue.close(mode);
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Threads { writer, space_monitor, alive }) = threads {
            drop(alive);
            drop(space_monitor.join());
            self.reader.close();
            drop(writer.join());
            self.shared.directory.release();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close(CloseMode::Discard);
    }
}

impl Journal {
    /// Opens the journal, making it where there is none, and takes its lock.
    ///
    /// # Errors
    /// Another process holds the lock, the directory cannot be used (a network file system, rights), or the store is
    /// damaged beyond reading.
    pub fn open(
        options: &JournalConfig,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        wake: Arc<WakeCallback>,
    ) -> Result<Self, JournalError> {
        Self::open_with_store(options, clock, metrics, wake, |options| Ok(Box::new(SqliteStore::open(options)?)))
    }

    /// Opens the journal on another store.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_with_store(
        options: &JournalConfig,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        wake: Arc<WakeCallback>,
        open: impl FnOnce(&JournalConfig) -> Result<Box<dyn JournalStore>, StoreError>,
    ) -> Result<Self, JournalError> {
        let mut directory = StateDirectory::acquire(options)?;
        let store = open(options)?;
        directory.watch(store.files())?;
        let reader = store.reader(&metrics);
        let reusable = store.reusable_bytes();
        let room = directory.room(reusable);
        if room.most_stored < options.keep_bytes {
            let (bytes, keep_bytes) = (room.most_stored, options.keep_bytes);
            tracing::warn!(bytes, keep_bytes, "the disk limits the journal: the oldest settled events may go earlier");
        }
        if let Some(shortage) = room.shortage {
            shortage.warn();
        }
        let shared = Arc::new(JournalState {
            queue: WriteQueue::new(options, store.backlogs()?),
            shortage: RwLock::new(room.shortage),
            most_stored: AtomicU64::new(room.most_stored),
            reusable: AtomicU64::new(reusable),
            directory,
            clock,
            metrics,
            disk_full: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            shutdown: watch::Sender::new(false),
        });
        let steady = Arc::new(SteadyClock::new(shared.clock.now(), reader.last_notification()?));
        let listening = ListeningClock::after(reader.clock()?, steady.now());
        let writer = BatchWriter::new(Arc::clone(&shared), store, wake);
        let (alive, gone) = mpsc::channel();
        let space_monitor = SpaceMonitor { shared: Arc::clone(&shared), alive: gone };
        let threads = Threads {
            writer: spawn_thread("journal-writer", move || writer.run())?,
            space_monitor: spawn_thread("journal-space", move || space_monitor.run())?,
            alive,
        };
        let holds = Arc::new(RulesInForce::new(Arc::clone(&steady)));
        let threads = Mutex::new(Some(threads));
        Ok(Self { inner: Arc::new(Inner { steady, holds, listening, shared, reader, threads }) })
    }

    /// The time of timers: it never goes back.
    #[must_use]
    pub fn steady_now(&self) -> Timestamp {
        self.inner.steady.now()
    }

    // A write must not hold a journal: the last handle would be dropped by the writer.
    fn steady_clock(&self) -> Arc<SteadyClock> {
        Arc::clone(&self.inner.steady)
    }

    /// How the channels of the rules in force gather messages; nothing where no rules are.
    #[must_use]
    pub fn policies(&self) -> Arc<ChannelPolicies> {
        self.inner.holds.policies()
    }

    /// Makes the messages of a channel that are due, and stores their deliveries. Without a policy the channel gathers no
    /// more: it tells what it has, and forgets what it was told.
    ///
    /// # Errors
    /// Where it is not durable.
    pub async fn tell(
        &self,
        channel: String,
        channel_use: ChannelUse,
        render: Arc<SharedRenderMessage>,
    ) -> Result<TellResult, JournalError> {
        let holds = self.hold_state();
        let work = move |transaction: &mut dyn Transaction| {
            let moment = holds.moment();
            let context = moment.context();
            match channel_use {
                ChannelUse::Gathers(policy) => tell_or_pass_on(transaction, &channel, policy, context, &*render),
                ChannelUse::SendsEvents { fallback_from } => {
                    tell_last_or_pass_on(transaction, &channel, fallback_from, context, &*render)
                }
                ChannelUse::Removed => tell_removed(transaction, &channel, context, &*render),
            }
        };
        self.submit(WriteSource::Record, 0, work).await
    }

    /// Makes dead letters pending again, marked as replayed, with a new age limit from `at`; how many. Instead of a message of a
    /// channel that gathers them, a new one tells what is true then.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn requeue_dead_letters(&self, filter: &RecordFilter, at: Timestamp) -> Result<u64, JournalError> {
        let policies = self.policies();
        let retry = move |transaction: &mut dyn Transaction, ids: &[_]| retry(transaction, ids, at, &policies);
        self.change_deliveries(filter, SettledFilter::Dead, &WriteSource::Record, retry)
    }

    /// Marks dead letters as dropped, and removes their bodies; how many.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn drop_dead_letters(&self, filter: &RecordFilter, at: Timestamp) -> Result<u64, JournalError> {
        let drop = move |transaction: &mut dyn Transaction, ids: &[_]| transaction.drop_dead_letters(ids, at);
        self.change_deliveries(filter, SettledFilter::Dead, &WriteSource::Record, drop)
    }

    /// Notes the generation of the rules in force, from which generations count on after a restart.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn note_generation(&self, generation: PastGeneration) -> Result<(), JournalError> {
        self.write(WriteSource::Record, 0, move |transaction| transaction.note_generation(generation))
    }

    /// Delivers stored bodies of settled deliveries once more, marked as replayed; how many.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn redeliver(&self, filter: &RecordFilter, at: Timestamp) -> Result<u64, JournalError> {
        let redeliver = move |transaction: &mut dyn Transaction, ids: &[_]| transaction.redeliver(ids, at);
        self.change_deliveries(filter, SettledFilter::All, &WriteSource::Request, redeliver)
    }

    /// Takes a refused payload out of the quarantine, after it was accepted.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn release_quarantined(&self, id: PushId) -> Result<(), JournalError> {
        self.write(WriteSource::Record, 0, move |transaction| transaction.release_quarantined(id)).map(drop)
    }

    /// Returns when the journal cannot go on (three failures of the disk in a row): the process has to end, so that its
    /// supervisor starts it again.
    pub async fn shutdown_requested(&self) {
        let mut requested = self.inner.shared.shutdown.subscribe();
        if requested.wait_for(|requested| *requested).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Commits what waits, checkpoints and closes; later calls answer [`JournalError::Closed`].
    pub fn close(&self) {
        self.inner.close(CloseMode::Drain);
    }

    /// Makes a write durable, for a task.
    async fn submit<T: Send + 'static>(
        &self,
        source: WriteSource,
        size: usize,
        work: impl FnMut(&mut dyn Transaction) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (sender, receiver) = oneshot::channel();
        let notify = |result| drop(sender.send(result));
        self.inner.shared.queue.put(PendingWrite::new(source, size, work, notify))?;
        receiver.await.unwrap_or(Err(JournalError::Closed))
    }

    /// Makes a write durable, for a thread.
    fn write<T: Send + 'static>(
        &self,
        source: WriteSource,
        size: usize,
        work: impl FnMut(&mut dyn Transaction) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let notify = move |result| drop(sender.try_send(result));
        self.inner.shared.queue.put(PendingWrite::new(source, size, work, notify))?;
        receiver.recv().unwrap_or(Err(JournalError::Closed))
    }

    /// Changes the deliveries that are meant, in steps between which others are written; how many changed.
    fn change_deliveries(
        &self,
        filter: &RecordFilter,
        which: SettledFilter,
        source: &WriteSource,
        change: impl Fn(&mut dyn Transaction, &[DeliveryId]) -> Result<u64, StoreError> + Clone + Send + 'static,
    ) -> Result<u64, JournalError> {
        let mut changed = 0;
        for ids in self.read()?.settled(filter, which)?.chunks(DELIVERIES_PER_WRITE) {
            let (ids, size) = (ids.to_vec(), ids.len() * BYTES_PER_DELIVERY);
            let change = change.clone();
            changed += self.write(source.clone(), size, move |transaction| change(transaction, &ids))?;
        }
        Ok(changed)
    }

    /// Whether payloads can be taken now.
    ///
    /// # Errors
    /// Why not.
    pub fn check_accepting(&self) -> Result<(), JournalError> {
        self.read()?;
        if let Some(shortage) = self.inner.shared.shortage() {
            return Err(JournalError::LowSpace(shortage));
        }
        if self.inner.shared.disk_full.load(Ordering::Relaxed) {
            return Err(JournalError::NoSpace);
        }
        Ok(())
    }
}

impl PushStore for Journal {
    fn keep_rules(&self, hash: RuleSetHash, archive: &[u8]) -> Result<(), JournalError> {
        let archive = archive.to_vec();
        let size = archive.len();
        self.write(WriteSource::Request, size, move |transaction| transaction.keep_rules(hash, &archive))
    }

    async fn accept(&self, push: Push) -> Result<AcceptResult, JournalError> {
        self.check_accepting()?;
        let bodies = push.deliveries.iter().filter_map(|delivery| delivery.body.as_ref()).map(Vec::len);
        let arrivals = push.arrivals.len() * BYTES_PER_DELIVERY;
        let size = push.payload.len() + push.request.size() + push.outcomes.len() + bodies.sum::<usize>() + arrivals;
        let source = WriteSource::Push(push.integration.clone());
        let (holds, listening) = (self.hold_state(), self.inner.listening);
        let work = move |transaction: &mut dyn Transaction| {
            let moment = holds.moment();
            let context = moment.context();
            let moment = AcceptMoment { steady: context.now, listened: listening.at(context.now) };
            let made = tell_due(transaction, &push, context, holds.renderer().as_deref())?;
            Ok::<_, StoreError>((accept(transaction, &push, moment, context.asker)?, made))
        };
        if Mutant::AnswerEarly.is_on() {
            let write = PendingWrite::new(source, size, work, |_| ());
            return self.inner.shared.queue.put(write).map(|()| AcceptResult::Stored);
        }
        let (result, made) = self.submit(source, size, work).await?;
        self.count_made(&made);
        Ok(result)
    }

    async fn quarantine(&self, refused: RefusedPayload) -> Result<(), JournalError> {
        self.check_accepting()?;
        let size = refused.payload.len() + refused.request.size();
        self.submit(WriteSource::Request, size, move |transaction| transaction.refuse(&refused)).await
    }

    fn open_channels(&self, integration: &str, key: &str, at: Timestamp) -> Vec<String> {
        let firing = self.inner.reader.firing(integration, key).ok().flatten();
        let open = firing.filter(|firing| firing.since >= at.saturating_sub(LONGEST_OPEN));
        open.map(|firing| firing.channels).unwrap_or_default()
    }

    fn open_silences(&self) -> Arc<SilenceList> {
        self.inner.reader.open_silences()
    }
}

impl DeliveryStore for Journal {
    type Reader = dyn JournalReader;

    fn read(&self) -> Result<&Self::Reader, JournalError> {
        if self.inner.shared.ended.load(Ordering::Relaxed) {
            return Err(JournalError::Closed);
        }
        Ok(&*self.inner.reader)
    }

    fn body(&self, delivery: DeliveryId, max_bytes: usize) -> Result<StoredBody, JournalError> {
        let body = self.read()?.body(delivery, max_bytes)?;
        if body == StoredBody::Damaged {
            let at = self.inner.shared.clock.now();
            let (policies, clock) = (self.policies(), self.steady_clock());
            let work = move |transaction: &mut dyn Transaction| {
                mark_damaged(transaction, delivery, at, &policies, clock.now())
            };
            drop(self.inner.shared.queue.put(PendingWrite::new(WriteSource::Record, 0, work, |_| ())));
        }
        Ok(body)
    }

    async fn settle(&self, settlement: Settlement) -> Result<(), JournalError> {
        let (policies, clock) = (self.policies(), self.steady_clock());
        let work = move |transaction: &mut dyn Transaction| settle(transaction, &settlement, &policies, clock.now());
        self.submit(WriteSource::Record, 0, work).await
    }

    async fn hold(&self, channel: String, hold: StoredHold) -> Result<(), JournalError> {
        let work = move |transaction: &mut dyn Transaction| transaction.hold_channel(&channel, &hold);
        self.submit(WriteSource::Record, 0, work).await
    }

    fn request_shutdown(&self) {
        self.inner.shared.shutdown.send_replace(true);
    }
}

fn spawn_thread(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, JournalError> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    started.map_err(|error| JournalError::Failed(error.to_string()))
}
