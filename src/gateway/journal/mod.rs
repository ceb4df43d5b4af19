//! What is durable: pushes with their outcomes, deliveries and their attempts, dead letters, refused bodies, open firings,
//! and the rule sets that decided.
//!
//! Everything is written by one thread, which commits whatever waits in one transaction and only then answers. The
//! store behind it is a narrow trait. Which delivery is under way is known in memory alone: one process holds the lock,
//! and after its end everything that is not settled waits again.
//!
//! Dropping the last handle without [`Journal::close`] is as a crash: what was answered is there, the rest is not.

#![expect(clippy::disallowed_methods, reason = "a damaged record is set aside at a time")]

mod batch_store;
mod batch_writer;
mod checkpointer;
mod config;
mod read;
mod record;
mod sqlite;
mod state_directory;
mod write_queue;

pub use record::{
    AttemptRecord, ChannelCounts, DeadLetterRecord, DeliveryState, EventId, EventPage, EventRecord,
    FiringTransition, IntegrationCounts, NewDelivery, PendingDelivery, Push, PushOrigin, PushRecord,
    QuarantineRecord, RecordFilter, RefusedPayload, Settlement, SettlementResult,
};

pub use config::JournalConfig;

pub use batch_store::{Backlog, BatchError, BatchStore, CommittedBatch, JournalWrite, WriteResult};
pub use sqlite::SqliteStore;

use super::metrics::Metrics;
use crate::mutant::Mutant;
use crate::reload::RuleSetHash;
use batch_writer::{BatchWriter, JournalState};
use checkpointer::Checkpointer;
use read::{ReaderPool, SettledFilter, StoredBody};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{oneshot, watch};
use write_queue::{CloseMode, CommitWaiter, WriteQueue};

/// Why the journal does not take something now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Too much waits for delivery.
    #[error("too much waits for delivery")]
    Full,
    /// The disk has no room.
    #[error("the disk of the state directory is full")]
    NoSpace,
    /// The store failed; what was asked for is not durable.
    #[error("the journal failed: {0}")]
    Failed(String),
    /// The journal is closed.
    #[error("the journal is closed")]
    Closed,
}

/// Called with the name of a channel after a commit that left something for it to deliver.
pub type WakeCallback = dyn Fn(&str) + Send + Sync;

/// How many deliveries one write of an operator changes.
const DELIVERIES_PER_WRITE: usize = 500;

/// A handle on the journal; clones share it.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<JournalState>,
    readers: ReaderPool,
    threads: Mutex<Option<Threads>>,
}

struct Threads {
    writer: JoinHandle<()>,
    checkpointer: JoinHandle<()>,
    /// Its end ends the keeper.
    alive: mpsc::Sender<()>,
}

impl Inner {
    fn close(&self, how: CloseMode) {
        self.shared.queue.close(how);
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Threads { writer, checkpointer: keeper, alive }) = threads {
            drop(alive);
            drop(keeper.join());
            self.readers.close();
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

/// What became of a push that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptResult {
    /// It is stored.
    Stored,
    /// The same body was accepted before, within the integration's `deduplicate_for`: by that push.
    Duplicate(ulid::Ulid),
}

impl Journal {
    /// Opens the journal, making it where there is none, and takes its lock.
    ///
    /// # Errors
    /// Another process holds the lock, the directory cannot be used (a network file system, rights), or the store is
    /// damaged beyond reading.
    pub fn open(
        options: JournalConfig,
        metrics: Arc<Metrics>,
        wake: Arc<WakeCallback>,
    ) -> Result<Self, JournalError> {
        Self::open_with_store(options, metrics, wake, |store| Box::new(store))
    }

    /// As [`Journal::open`], with a store around that of SQLite: for tests that make it fail.
    ///
    /// # Errors
    /// As there.
    pub fn open_with_store(
        options: JournalConfig,
        metrics: Arc<Metrics>,
        wake: Arc<WakeCallback>,
        around: impl FnOnce(SqliteStore) -> Box<dyn BatchStore>,
    ) -> Result<Self, JournalError> {
        let directory = state_directory::StateDirectory::acquire(&options.directory, options.least_free)?;
        let store = SqliteStore::open(&options).map_err(JournalError::Failed)?;
        let loads = store.backlogs().map_err(|failure| JournalError::Failed(failure.to_string()))?;
        let shared = Arc::new(JournalState {
            queue: WriteQueue::new(&options, loads),
            low_on_space: AtomicBool::new(directory.is_low_on_space()),
            directory,
            metrics: Arc::clone(&metrics),
            disk_full: AtomicBool::new(false),
            log_oversized: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            shutdown: watch::Sender::new(false),
        });
        tracing::info!(sqlite = sqlite::sqlite_version(), "the journal is open");
        let recent = store.recent();
        let store = around(store);
        let writer = BatchWriter {
            shared: Arc::clone(&shared),
            store,
            wake,
            failures: 0,
            dirty: true,
            last_pruned: Instant::now(),
        };
        let (alive, gone) = mpsc::channel();
        let readers = ReaderPool::new(&options.directory, recent, metrics);
        let keeper = Checkpointer { shared: Arc::clone(&shared), directory: options.directory, alive: gone };
        let threads = Threads {
            writer: spawn_thread("journal-writer", move || writer.run())?,
            checkpointer: spawn_thread("journal-keeper", move || keeper.run())?,
            alive,
        };
        Ok(Self { inner: Arc::new(Inner { shared, readers, threads: Mutex::new(Some(threads)) }) })
    }

    /// Keeps the files of a rule set; to be called before the first push that it decided. Does nothing where it is kept.
    ///
    /// # Errors
    /// Where it could not be made durable.
    pub fn keep_rules(&self, hash: RuleSetHash, archive: &[u8]) -> Result<(), JournalError> {
        self.write(JournalWrite::Rules(hash, archive.to_vec())).map(drop)
    }

    /// Stores a push; durable when this returns. The work goes on where the future is dropped.
    ///
    /// # Errors
    /// Where nothing was stored.
    pub async fn accept(&self, push: Push) -> Result<AcceptResult, JournalError> {
        self.check_open()?;
        if self.is_low_on_space() {
            return Err(JournalError::NoSpace);
        }
        let write = JournalWrite::Accept(Box::new(push));
        if Mutant::AnswerEarly.is_on() {
            let (sender, _) = oneshot::channel();
            return self
                .inner
                .shared
                .queue
                .put(write, CommitWaiter::Task(sender))
                .map(|()| AcceptResult::Stored);
        }
        Ok(match self.submit(write).await? {
            WriteResult::Stored | WriteResult::Changed(_) => AcceptResult::Stored,
            WriteResult::Duplicate(first) => AcceptResult::Duplicate(first),
        })
    }

    /// Keeps a refused body; durable when this returns. The oldest go where there are too many.
    ///
    /// # Errors
    /// Where nothing was stored.
    pub async fn quarantine(&self, refused: RefusedPayload) -> Result<(), JournalError> {
        self.check_open()?;
        if self.is_low_on_space() {
            return Err(JournalError::NoSpace);
        }
        self.submit(JournalWrite::Refuse(Box::new(refused))).await.map(drop)
    }

    /// The channels in which the firing of a key is open, and since when at most 30 days ago.
    #[must_use]
    pub fn open_channels(&self, integration: &str, key: &str) -> Vec<String> {
        self.inner.readers.open_channels(integration, key)
    }

    /// Deliveries of a channel that are not settled, by rising id, after that id; bodies left out.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn pending(
        &self,
        channel: &str,
        after: i64,
        limit: usize,
    ) -> Result<Vec<PendingDelivery>, JournalError> {
        self.check_open()?;
        self.inner.readers.pending(channel, after, limit)
    }

    /// The first delivery of a channel and key that is not settled, after that id.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn pending_of_key(
        &self,
        channel: &str,
        key: &str,
        after: i64,
    ) -> Result<Option<PendingDelivery>, JournalError> {
        self.check_open()?;
        self.inner.readers.pending_of_key(channel, key, after)
    }

    /// The rendered body of a delivery; nothing where it is gone or damaged.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn body(&self, delivery: i64) -> Result<Option<Vec<u8>>, JournalError> {
        self.check_open()?;
        Ok(match self.inner.readers.body(delivery)? {
            StoredBody::Intact(bytes) => Some(bytes),
            StoredBody::Missing => None,
            StoredBody::Damaged => {
                let (sender, _) = oneshot::channel();
                let write = JournalWrite::MarkDamaged(delivery, now());
                drop(self.inner.shared.queue.put(write, CommitWaiter::Task(sender)));
                None
            }
        })
    }

    /// The channels that have unsettled deliveries, with how many.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn channels_pending(&self) -> Result<Vec<(String, u64)>, JournalError> {
        self.check_open()?;
        self.inner.readers.channels_pending()
    }

    /// Notes what became of an attempt. Returns when it is durable.
    ///
    /// # Errors
    /// Where it is not.
    pub async fn settle(&self, settlement: Settlement) -> Result<(), JournalError> {
        self.submit(JournalWrite::Settle(settlement)).await.map(drop)
    }

    /// What was counted for every integration that ever got a push.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn integrations(&self) -> Result<Vec<IntegrationCounts>, JournalError> {
        self.check_open()?;
        self.inner.readers.integrations()
    }

    /// What was counted for every channel that ever got a delivery.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn channels(&self) -> Result<Vec<ChannelCounts>, JournalError> {
        self.check_open()?;
        self.inner.readers.channels()
    }

    /// Events, the newest first: as many pages as it takes.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn events(&self, filter: &RecordFilter) -> Result<Vec<EventRecord>, JournalError> {
        let (mut found, mut rest) = (Vec::new(), filter.clone());
        loop {
            let page = self.events_page(&rest)?;
            found.extend(page.events);
            if page.next.is_none() || (filter.limit > 0 && found.len() >= filter.limit) {
                return Ok(found);
            }
            rest.before = page.next;
        }
    }

    /// A page of events. Where few are of the channel or key that is looked for, it may be empty and not the last.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn events_page(&self, filter: &RecordFilter) -> Result<EventPage, JournalError> {
        self.check_open()?;
        self.inner.readers.events(filter)
    }

    /// A push as it was stored, whatever its events.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn find_push(&self, id: ulid::Ulid) -> Result<Option<PushRecord>, JournalError> {
        self.check_open()?;
        self.inner.readers.find_push(id)
    }

    /// The attempts of the deliveries of an event.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn attempts(&self, event: EventId) -> Result<Vec<AttemptRecord>, JournalError> {
        self.check_open()?;
        self.inner.readers.attempts(event)
    }

    /// Dead letters, the newest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn dead_letters(&self, filter: &RecordFilter) -> Result<Vec<DeadLetterRecord>, JournalError> {
        self.check_open()?;
        self.inner.readers.dead_letters(filter)
    }

    /// Makes dead letters pending again, marked as replayed, with a new age limit from now; how many.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn requeue_dead_letters(&self, filter: &RecordFilter, now: i64) -> Result<u64, JournalError> {
        self.change_deliveries(filter, SettledFilter::Dead, |ids| JournalWrite::Requeue(ids, now))
    }

    /// Forgets dead letters; how many.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn delete_dead_letters(&self, filter: &RecordFilter) -> Result<u64, JournalError> {
        self.change_deliveries(filter, SettledFilter::Dead, JournalWrite::DeleteDeadLetters)
    }

    /// Delivers stored bodies of settled deliveries once more, marked as replayed; how many.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn redeliver(&self, filter: &RecordFilter, now: i64) -> Result<u64, JournalError> {
        self.change_deliveries(filter, SettledFilter::All, |ids| JournalWrite::Redeliver(ids, now))
    }

    /// Refused bodies, the newest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn quarantined(&self, filter: &RecordFilter) -> Result<Vec<QuarantineRecord>, JournalError> {
        self.check_open()?;
        self.inner.readers.quarantined(filter)
    }

    /// Takes a refused body out of the quarantine, after it was accepted.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn release_quarantined(&self, id: ulid::Ulid) -> Result<(), JournalError> {
        self.write(JournalWrite::ReleaseQuarantined(id)).map(drop)
    }

    /// The files of a rule set that decided something, as [`crate::reload::Snapshot::from_archive`] reads them.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn rules(&self, hash: RuleSetHash) -> Result<Option<Vec<u8>>, JournalError> {
        self.check_open()?;
        self.inner.readers.rules(hash)
    }

    /// Returns when the journal cannot go on (three failures of the disk in a row): the process has to end, so that its
    /// supervisor starts it anew.
    pub async fn shutdown_requested(&self) {
        let mut doomed = self.inner.shared.shutdown.subscribe();
        if doomed.wait_for(|doomed| *doomed).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Ends the process in order, as [`Journal::shutdown_requested`] tells it: what the gateway cannot do without has panicked.
    pub fn request_shutdown(&self) {
        self.inner.shared.shutdown.send_replace(true);
    }

    /// Commits what waits, checkpoints and closes; later calls answer [`JournalError::Closed`].
    pub fn close(&self) {
        self.inner.close(CloseMode::Drain);
    }

    /// Makes a write durable, for a task.
    async fn submit(&self, write: JournalWrite) -> Result<WriteResult, JournalError> {
        let (sender, receiver) = oneshot::channel();
        self.inner.shared.queue.put(write, CommitWaiter::Task(sender))?;
        receiver.await.unwrap_or(Err(JournalError::Closed))
    }

    /// Makes a write durable, for a thread.
    fn write(&self, write: JournalWrite) -> Result<WriteResult, JournalError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.inner.shared.queue.put(write, CommitWaiter::Thread(sender))?;
        receiver.recv().unwrap_or(Err(JournalError::Closed))
    }

    /// Changes the deliveries that are meant, in steps between which others are written.
    fn change_deliveries(
        &self,
        filter: &RecordFilter,
        which: SettledFilter,
        write: impl Fn(Vec<i64>) -> JournalWrite,
    ) -> Result<u64, JournalError> {
        self.check_open()?;
        let mut changed = 0;
        for ids in self.inner.readers.settled(filter, which)?.chunks(DELIVERIES_PER_WRITE) {
            if let WriteResult::Changed(count) = self.write(write(ids.to_vec()))? {
                changed += count;
            }
        }
        Ok(changed)
    }

    fn is_low_on_space(&self) -> bool {
        let JournalState { low_on_space: short, disk_full: starved, .. } = &*self.inner.shared;
        short.load(Ordering::Relaxed) || starved.load(Ordering::Relaxed)
    }

    fn check_open(&self) -> Result<(), JournalError> {
        if self.inner.shared.ended.load(Ordering::Relaxed) { Err(JournalError::Closed) } else { Ok(()) }
    }
}

fn spawn_thread(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, JournalError> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    started.map_err(|error| JournalError::Failed(error.to_string()))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    i64::try_from(since).unwrap_or(i64::MAX)
}
