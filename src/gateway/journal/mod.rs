//! What is durable: pushes with their outcomes, deliveries and their attempts, dead letters, refused bodies, open firings,
//! and the rule sets that decided.
//!
//! Everything is written by one thread, which commits whatever waits in one transaction and only then answers. The
//! store behind it is a narrow trait. Which delivery is under way is known in memory alone: one process holds the lock,
//! and after its end everything that is not settled waits again.
//!
//! Dropping the last handle without [`Journal::close`] is as a crash: what was answered is there, the rest is not.

#![expect(clippy::disallowed_methods, reason = "a damaged record is set aside at a time")]

mod disk;
mod keeper;
mod queue;
mod read;
mod record;
mod sqlite;
mod store;
mod writer;

pub use record::{
    AttemptRecord, ChannelCounts, Dead, DeliveryState, Door, EventId, EventRecord, Events, Filter, Firing,
    IntegrationCounts, NewDelivery, Pending, Push, Quarantined, Refused, Settled, Settlement, Stored,
};

pub use sqlite::SqliteStore;
pub use store::{Applied, Done, Failure, Load, Store, Write};

use super::metrics::Metrics;
use crate::mutant::Mutant;
use crate::reload::Hash;
use keeper::Keeper;
use queue::{End, Queue, Waiter};
use read::{Body, Readers, Which};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{oneshot, watch};
use writer::{Shared, Writer};

/// Where the journal is and how much it keeps.
#[derive(Debug, Clone)]
pub struct Options {
    /// The state directory; made where it does not exist, locked while the journal is open.
    pub directory: PathBuf,
    /// How long settled pushes are kept; 7 days by default. What is not delivered yet is never removed.
    pub keep_for: Duration,
    /// How many bytes the journal may have before the oldest settled pushes go; 8 GiB by default.
    pub keep_bytes: u64,
    /// How many undelivered deliveries there may be before pushes are refused with 503; 2,000,000 by default.
    pub most_pending: u64,
    /// How many bytes of undelivered bodies; 4 GiB by default.
    pub most_pending_bytes: u64,
    /// How many refused bodies are kept; 10,000 by default, and at most 256 MiB.
    pub most_quarantined: u64,
    /// How long dead letters are kept; 30 days by default.
    pub keep_dead_for: Duration,
    /// How much space must be free for pushes to be accepted; the larger of 1 GiB and 5 % by default.
    pub least_free: Option<u64>,
}

impl Default for Options {
    /// In the folder `state`, with the limits that stand beside the fields.
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            directory: PathBuf::from("state"),
            keep_for: 7 * DAY,
            keep_bytes: 8 << 30,
            most_pending: 2_000_000,
            most_pending_bytes: 4 << 30,
            most_quarantined: 10_000,
            keep_dead_for: 30 * DAY,
            least_free: None,
        }
    }
}

/// Why the journal does not take something now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
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
pub type Wake = dyn Fn(&str) + Send + Sync;

/// How many deliveries one write of an operator changes.
const STEP: usize = 500;

/// A handle on the journal; clones share it.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    readers: Readers,
    threads: Mutex<Option<Threads>>,
}

struct Threads {
    writer: JoinHandle<()>,
    keeper: JoinHandle<()>,
    /// Its end ends the keeper.
    alive: mpsc::Sender<()>,
}

impl Inner {
    fn end(&self, how: End) {
        self.shared.queue.end(how);
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Threads { writer, keeper, alive }) = threads {
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
        self.end(End::Dropped);
    }
}

/// What became of a push that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
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
    pub fn open(options: Options, metrics: Arc<Metrics>, wake: Arc<Wake>) -> Result<Self, Fault> {
        Self::open_over(options, metrics, wake, |store| Box::new(store))
    }

    /// As [`Journal::open`], with a store around that of SQLite: for tests that make it fail.
    ///
    /// # Errors
    /// As there.
    pub fn open_over(
        options: Options,
        metrics: Arc<Metrics>,
        wake: Arc<Wake>,
        around: impl FnOnce(SqliteStore) -> Box<dyn Store>,
    ) -> Result<Self, Fault> {
        let directory = disk::Directory::take(&options.directory, options.least_free)?;
        let store = SqliteStore::open(&options).map_err(Fault::Failed)?;
        let loads = store.load().map_err(|failure| Fault::Failed(failure.to_string()))?;
        let shared = Arc::new(Shared {
            queue: Queue::new(&options, loads),
            short: AtomicBool::new(directory.is_short()),
            directory,
            metrics: Arc::clone(&metrics),
            starved: AtomicBool::new(false),
            overlong: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            doomed: watch::Sender::new(false),
        });
        tracing::info!(sqlite = sqlite::sqlite_version(), "the journal is open");
        let recent = store.recent();
        let store = around(store);
        let writer = Writer {
            shared: Arc::clone(&shared),
            store,
            wake,
            failures: 0,
            dirty: true,
            tidied: Instant::now(),
        };
        let (alive, gone) = mpsc::channel();
        let readers = Readers::new(&options.directory, recent, metrics);
        let keeper = Keeper { shared: Arc::clone(&shared), directory: options.directory, alive: gone };
        let threads = Threads {
            writer: thread("journal-writer", move || writer.run())?,
            keeper: thread("journal-keeper", move || keeper.run())?,
            alive,
        };
        Ok(Self { inner: Arc::new(Inner { shared, readers, threads: Mutex::new(Some(threads)) }) })
    }

    /// Keeps the files of a rule set; to be called before the first push that it decided. Does nothing where it is kept.
    ///
    /// # Errors
    /// Where it could not be made durable.
    pub fn keep_rules(&self, hash: Hash, archive: &[u8]) -> Result<(), Fault> {
        self.write(Write::Rules(hash, archive.to_vec())).map(drop)
    }

    /// Stores a push; durable when this returns. The work goes on where the future is dropped.
    ///
    /// # Errors
    /// Where nothing was stored.
    pub async fn accept(&self, push: Push) -> Result<Accepted, Fault> {
        self.alive()?;
        if self.is_short() {
            return Err(Fault::NoSpace);
        }
        let write = Write::Accept(Box::new(push));
        if Mutant::AnswerEarly.is_on() {
            let (sender, _) = oneshot::channel();
            return self.inner.shared.queue.put(write, Waiter::Task(sender)).map(|()| Accepted::Stored);
        }
        Ok(match self.submit(write).await? {
            Done::Stored | Done::Changed(_) => Accepted::Stored,
            Done::Duplicate(first) => Accepted::Duplicate(first),
        })
    }

    /// Keeps a refused body; durable when this returns. The oldest go where there are too many.
    ///
    /// # Errors
    /// Where nothing was stored.
    pub async fn quarantine(&self, refused: Refused) -> Result<(), Fault> {
        self.alive()?;
        if self.is_short() {
            return Err(Fault::NoSpace);
        }
        self.submit(Write::Refuse(Box::new(refused))).await.map(drop)
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
    pub fn pending(&self, channel: &str, after: i64, limit: usize) -> Result<Vec<Pending>, Fault> {
        self.alive()?;
        self.inner.readers.pending(channel, after, limit)
    }

    /// The first delivery of a channel and key that is not settled, after that id.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn pending_of_key(&self, channel: &str, key: &str, after: i64) -> Result<Option<Pending>, Fault> {
        self.alive()?;
        self.inner.readers.pending_of_key(channel, key, after)
    }

    /// The rendered body of a delivery; nothing where it is gone or damaged.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn body(&self, delivery: i64) -> Result<Option<Vec<u8>>, Fault> {
        self.alive()?;
        Ok(match self.inner.readers.body(delivery)? {
            Body::Sound(bytes) => Some(bytes),
            Body::Gone => None,
            Body::Damaged => {
                let (sender, _) = oneshot::channel();
                let write = Write::SetAside(delivery, now());
                drop(self.inner.shared.queue.put(write, Waiter::Task(sender)));
                None
            }
        })
    }

    /// The channels that have unsettled deliveries, with how many.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn channels_pending(&self) -> Result<Vec<(String, u64)>, Fault> {
        self.alive()?;
        self.inner.readers.channels_pending()
    }

    /// Notes what became of an attempt. Returns when it is durable.
    ///
    /// # Errors
    /// Where it is not.
    pub async fn settle(&self, settlement: Settlement) -> Result<(), Fault> {
        self.submit(Write::Settle(settlement)).await.map(drop)
    }

    /// What was counted for every integration that ever got a push.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn integrations(&self) -> Result<Vec<IntegrationCounts>, Fault> {
        self.alive()?;
        self.inner.readers.integrations()
    }

    /// What was counted for every channel that ever got a delivery.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn channels(&self) -> Result<Vec<ChannelCounts>, Fault> {
        self.alive()?;
        self.inner.readers.channels()
    }

    /// Events, the newest first: as many pages as it takes.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn events(&self, filter: &Filter) -> Result<Vec<EventRecord>, Fault> {
        let (mut found, mut rest) = (Vec::new(), filter.clone());
        loop {
            let page = self.events_page(&rest)?;
            found.extend(page.found);
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
    pub fn events_page(&self, filter: &Filter) -> Result<Events, Fault> {
        self.alive()?;
        self.inner.readers.events(filter)
    }

    /// A push as it was stored, whatever its events.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn push(&self, id: ulid::Ulid) -> Result<Option<Stored>, Fault> {
        self.alive()?;
        self.inner.readers.push(id)
    }

    /// The attempts of the deliveries of an event.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn attempts(&self, event: EventId) -> Result<Vec<AttemptRecord>, Fault> {
        self.alive()?;
        self.inner.readers.attempts(event)
    }

    /// Dead letters, the newest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn dead(&self, filter: &Filter) -> Result<Vec<Dead>, Fault> {
        self.alive()?;
        self.inner.readers.dead(filter)
    }

    /// Makes dead letters pending again, marked as replayed, with a new age limit from now; how many.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn revive(&self, filter: &Filter, now: i64) -> Result<u64, Fault> {
        self.step(filter, Which::Dead, |ids| Write::Revive(ids, now))
    }

    /// Forgets dead letters; how many.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn drop_dead(&self, filter: &Filter) -> Result<u64, Fault> {
        self.step(filter, Which::Dead, Write::Forget)
    }

    /// Delivers stored bodies of settled deliveries once more, marked as replayed; how many.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn deliver_again(&self, filter: &Filter, now: i64) -> Result<u64, Fault> {
        self.step(filter, Which::Settled, |ids| Write::Repeat(ids, now))
    }

    /// Refused bodies, the newest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn quarantined(&self, filter: &Filter) -> Result<Vec<Quarantined>, Fault> {
        self.alive()?;
        self.inner.readers.quarantined(filter)
    }

    /// Takes a refused body out of the quarantine, after it was accepted.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn release(&self, id: ulid::Ulid) -> Result<(), Fault> {
        self.write(Write::Release(id)).map(drop)
    }

    /// The files of a rule set that decided something, as [`crate::reload::Snapshot::from_archive`] reads them.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn rules(&self, hash: Hash) -> Result<Option<Vec<u8>>, Fault> {
        self.alive()?;
        self.inner.readers.rules(hash)
    }

    /// Returns when the journal cannot go on (three failures of the disk in a row): the process has to end, so that its
    /// supervisor starts it anew.
    pub async fn doomed(&self) {
        let mut doomed = self.inner.shared.doomed.subscribe();
        if doomed.wait_for(|doomed| *doomed).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Ends the process in order, as [`Journal::doomed`] tells it: what the gateway cannot do without has panicked.
    pub fn doom(&self) {
        self.inner.shared.doomed.send_replace(true);
    }

    /// Commits what waits, checkpoints and closes; later calls answer [`Fault::Closed`].
    pub fn close(&self) {
        self.inner.end(End::Drained);
    }

    /// Makes a write durable, for a task.
    async fn submit(&self, write: Write) -> Result<Done, Fault> {
        let (sender, receiver) = oneshot::channel();
        self.inner.shared.queue.put(write, Waiter::Task(sender))?;
        receiver.await.unwrap_or(Err(Fault::Closed))
    }

    /// Makes a write durable, for a thread.
    fn write(&self, write: Write) -> Result<Done, Fault> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.inner.shared.queue.put(write, Waiter::Thread(sender))?;
        receiver.recv().unwrap_or(Err(Fault::Closed))
    }

    /// Changes the deliveries that are meant, in steps between which others are written.
    fn step(&self, filter: &Filter, which: Which, write: impl Fn(Vec<i64>) -> Write) -> Result<u64, Fault> {
        self.alive()?;
        let mut changed = 0;
        for ids in self.inner.readers.settled(filter, which)?.chunks(STEP) {
            if let Done::Changed(count) = self.write(write(ids.to_vec()))? {
                changed += count;
            }
        }
        Ok(changed)
    }

    fn is_short(&self) -> bool {
        let Shared { short, starved, .. } = &*self.inner.shared;
        short.load(Ordering::Relaxed) || starved.load(Ordering::Relaxed)
    }

    fn alive(&self) -> Result<(), Fault> {
        if self.inner.shared.ended.load(Ordering::Relaxed) { Err(Fault::Closed) } else { Ok(()) }
    }
}

fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Fault> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    started.map_err(|error| Fault::Failed(error.to_string()))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    i64::try_from(since).unwrap_or(i64::MAX)
}
