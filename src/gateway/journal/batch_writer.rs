//! The one thread that writes: it takes whatever waits, makes it durable in one transaction, and answers.
//!
//! A commit that failed is never repeated on the same handle: waiting writers get the error, the store is opened
//! again and verified, and after three failures in a row the journal gives up. A full disk is not a failure of that kind.

#![expect(clippy::disallowed_methods, reason = "commits are timed")]

use super::state_directory::StateDirectory;
use super::write::PendingWrite;
use super::write_queue::{CloseMode, QueuePoll, WriteQueue};
use super::{
    CheckpointMode, CommittedChanges, DiskShortage, JournalError, JournalStore, PruneProgress, StoreError, WakeCallback,
};
use crate::gateway::metrics::Metrics;
use crate::time::Clock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How many failures in a row end the journal.
const MAX_FAILURES: u32 = 3;

/// How long nothing comes before the writer prunes; while writes come, it prunes once in twice that time.
const IDLE: Duration = Duration::from_millis(500);

/// How long it prunes each time: writes wait for that. While pushes are refused because the disk is nearly full, it takes
/// longer.
const PRUNE: Duration = Duration::from_millis(10);
const PRUNE_WHILE_LOW: Duration = Duration::from_millis(250);

/// What the threads of a journal share.
pub(super) struct JournalState {
    pub(super) queue: WriteQueue,
    pub(super) directory: StateDirectory,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Arc<Metrics>,
    /// What is missing where there is too little room for pushes.
    pub(super) shortage: RwLock<Option<DiskShortage>>,
    /// How many bytes the disk allows the files of the store.
    pub(super) most_stored: AtomicU64,
    /// How many bytes of them the store can use again.
    pub(super) reusable: AtomicU64,
    /// The disk was full, and the ballast is gone.
    pub(super) disk_full: AtomicBool,
    /// The writer ended.
    pub(super) ended: AtomicBool,
    pub(super) shutdown: watch::Sender<bool>,
}

/// Where a thread of the journal panics, the queue ends, so that no writer waits for it, and the process is told to end.
pub(super) struct AbortOnPanic(pub(super) Arc<JournalState>);

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.abort();
        }
    }
}

impl JournalState {
    /// What is missing where there is too little room for pushes.
    pub(super) fn shortage(&self) -> Option<DiskShortage> {
        *self.shortage.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets it; what it was.
    pub(super) fn set_shortage(&self, shortage: Option<DiskShortage>) -> Option<DiskShortage> {
        std::mem::replace(&mut *self.shortage.write().unwrap_or_else(PoisonError::into_inner), shortage)
    }

    /// Ends the queue, so that no writer waits, and tells the process to end.
    pub(super) fn abort(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.shutdown.send_replace(true);
        self.queue.close(CloseMode::Discard);
    }
}

/// The writer thread.
pub(super) struct BatchWriter {
    shared: Arc<JournalState>,
    store: Box<dyn JournalStore>,
    wake: Arc<WakeCallback>,
    failures: u32,
    /// Whether something was written since the log was last emptied.
    dirty: bool,
    last_pruned: Instant,
}

impl BatchWriter {
    pub(super) fn new(shared: Arc<JournalState>, store: Box<dyn JournalStore>, wake: Arc<WakeCallback>) -> Self {
        Self { shared, store, wake, failures: 0, dirty: true, last_pruned: Instant::now() }
    }

    /// Writes until the queue ends.
    pub(super) fn run(mut self) {
        let _vital = AbortOnPanic(Arc::clone(&self.shared));
        loop {
            match self.shared.queue.take(IDLE) {
                QueuePoll::Batch(writes) => {
                    self.commit(writes);
                    if self.last_pruned.elapsed() > 2 * IDLE {
                        self.prune();
                    }
                }
                QueuePoll::Idle => self.run_idle_work(),
                QueuePoll::Closed => break,
            }
            if self.failures >= MAX_FAILURES {
                self.shared.abort();
            }
        }
        if self.dirty && self.failures == 0 {
            drop(self.store.checkpoint(CheckpointMode::Full));
        }
        self.shared.ended.store(true, Ordering::Relaxed);
    }

    fn commit(&mut self, mut writes: Vec<PendingWrite>) {
        let begin = Instant::now();
        let result = self.apply(&mut writes);
        self.shared.metrics.commit_seconds.observe(begin.elapsed().as_secs_f64());
        if result.is_ok() {
            #[expect(clippy::cast_precision_loss, reason = "a batch holds a thousand writes")]
            self.shared.metrics.commit_size.observe(writes.len() as f64);
        }
        match result {
            Ok(changes) => self.committed(changes, writes),
            Err(StoreError::NoSpace) => self.handle_disk_full(writes),
            Err(StoreError::Damaged(_)) => self.commit_one_by_one(writes),
            Err(StoreError::Broken(message)) => self.reopen_after_failure(&message, writes),
        }
    }

    /// Does all writes in one transaction.
    fn apply(&mut self, writes: &mut [PendingWrite]) -> Result<CommittedChanges, StoreError> {
        self.store.limit_bytes(self.shared.most_stored.load(Ordering::Relaxed));
        self.make_room(|store| {
            store.transact(&mut |transaction| writes.iter_mut().try_for_each(|write| write.run(transaction)))
        })
    }

    /// Does some work, and does it again where the disk was full and the log could be emptied. What fills a small disk may
    /// be the log, where readers or a busy machine kept it from being emptied before.
    fn make_room<T>(
        &mut self,
        mut work: impl FnMut(&mut dyn JournalStore) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match work(&mut *self.store) {
            Err(StoreError::NoSpace) => {}
            result => return result,
        }
        self.store.checkpoint(CheckpointMode::Full).map_err(|_| StoreError::NoSpace)?;
        work(&mut *self.store)
    }

    /// A damaged record costs only the write that touches it. Where it is in the way of what comes in, the journal cannot
    /// go on as it is.
    fn commit_one_by_one(&mut self, writes: Vec<PendingWrite>) {
        for mut write in writes {
            match self.apply(std::slice::from_mut(&mut write)) {
                Ok(changes) => self.committed(changes, vec![write]),
                Err(StoreError::NoSpace) => self.handle_disk_full(vec![write]),
                Err(StoreError::Damaged(message)) if !write.is_refusable() => {
                    tracing::error!(%message, "a damaged record of the journal cannot be changed");
                    self.shared.metrics.journal_faults.inc();
                    write.finish(Err(JournalError::Failed(message)));
                }
                Err(StoreError::Damaged(message) | StoreError::Broken(message)) => {
                    self.reopen_after_failure(&message, vec![write]);
                }
            }
        }
    }

    fn committed(&mut self, changes: CommittedChanges, writes: Vec<PendingWrite>) {
        self.failures = 0;
        self.dirty = true;
        // What was freed counts as room at the next look at the disk.
        self.shared.reusable.store(self.store.reusable_bytes(), Ordering::Relaxed);
        self.shared.queue.change_backlogs(changes.backlogs);
        for write in writes {
            write.finish(Ok(()));
        }
        for channel in &changes.wake {
            (self.wake)(channel);
        }
    }

    /// Refuses pushes, and frees the ballast so that results of deliveries can still be stored.
    fn handle_disk_full(&mut self, writes: Vec<PendingWrite>) {
        if !self.shared.disk_full.swap(true, Ordering::Relaxed) {
            tracing::error!("the disk of the state directory is full: pushes are refused until there is room");
            self.shared.metrics.journal_faults.inc();
        }
        self.shared.directory.drop_ballast();
        let (refused, mut kept): (Vec<_>, Vec<_>) = writes.into_iter().partition(PendingWrite::is_refusable);
        for write in refused {
            write.finish(Err(JournalError::NoSpace));
        }
        if kept.is_empty() {
            return;
        }
        match self.apply(&mut kept) {
            Ok(changes) => self.committed(changes, kept),
            Err(StoreError::NoSpace) => {
                for write in kept {
                    write.finish(Err(JournalError::NoSpace));
                }
            }
            Err(StoreError::Damaged(_)) => self.commit_one_by_one(kept),
            Err(StoreError::Broken(message)) => self.reopen_after_failure(&message, kept),
        }
    }

    fn reopen_after_failure(&mut self, message: &str, writes: Vec<PendingWrite>) {
        tracing::error!(%message, "the journal failed; it is opened again");
        self.shared.metrics.journal_faults.inc();
        self.failures += 1;
        for write in writes {
            write.finish(Err(JournalError::Failed(message.to_owned())));
        }
        while self.failures < MAX_FAILURES {
            match self.store.reopen().and_then(|()| self.store.backlogs()) {
                Ok(backlogs) => return self.shared.queue.set_backlogs(backlogs),
                Err(failure) => {
                    tracing::error!(%failure, "the journal cannot be opened again");
                    self.failures += 1;
                }
            }
        }
    }

    fn run_idle_work(&mut self) {
        self.prune();
        if self.dirty {
            self.dirty = self.store.checkpoint(CheckpointMode::Full).is_err();
        }
    }

    /// Some steps of retention. What they cannot do now is done later; a broken store shows at the next commit.
    fn prune(&mut self) {
        self.last_pruned = Instant::now();
        let now = self.shared.clock.now();
        let patience = if self.shared.shortage().is_some() { PRUNE_WHILE_LOW } else { PRUNE };
        self.store.limit_bytes(self.shared.most_stored.load(Ordering::Relaxed));
        loop {
            match self.make_room(|store| store.prune(now)) {
                Ok(PruneProgress::More) if self.last_pruned.elapsed() < patience => {
                    self.dirty = true;
                }
                Ok(_) => break,
                Err(StoreError::NoSpace) => {
                    self.shared.directory.drop_ballast();
                    self.shared.disk_full.store(true, Ordering::Relaxed);
                    break;
                }
                Err(StoreError::Damaged(message)) => {
                    tracing::error!(%message, "a damaged record of the journal cannot be removed");
                    break;
                }
                Err(StoreError::Broken(message)) => {
                    self.reopen_after_failure(&message, Vec::new());
                    break;
                }
            }
        }
        self.shared.reusable.store(self.store.reusable_bytes(), Ordering::Relaxed);
    }
}
