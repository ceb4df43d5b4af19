//! The one thread that writes: it takes whatever waits, makes it durable, and answers.
//!
//! A commit that failed is never repeated on the same handle: whoever waits hears of it, the store is opened anew and
//! verified, and after three failures in a row the journal gives up. A full disk is no failure of that kind.

#![expect(clippy::disallowed_methods, reason = "commits are timed, and retention asks for the time")]

use super::batch_store::{BatchError, BatchStore, CommittedBatch, JournalWrite};
use super::state_directory::StateDirectory;
use super::write_queue::{CloseMode, CommitWaiter, QueuePoll, WriteQueue};
use super::{JournalError, WakeCallback};
use crate::gateway::metrics::Metrics;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// How many failures in a row end the journal.
const MOST_FAILURES: u32 = 3;

/// How long nothing has to come before the writer tidies up; between two steps of it otherwise, twice that.
const IDLE: Duration = Duration::from_millis(500);

/// What the threads of a journal share.
pub(super) struct JournalState {
    pub(super) queue: WriteQueue,
    pub(super) directory: StateDirectory,
    pub(super) metrics: Arc<Metrics>,
    /// There is too little room for pushes.
    pub(super) low_on_space: AtomicBool,
    /// The disk was full and the ballast is given up.
    pub(super) disk_full: AtomicBool,
    /// The write-ahead log is over its size: the writer has to let it start anew.
    pub(super) log_oversized: AtomicBool,
    /// The writer ended.
    pub(super) ended: AtomicBool,
    pub(super) shutdown: watch::Sender<bool>,
}

/// Where a thread of the journal panics, nobody waits for it: the queue ends, and the process is told to.
pub(super) struct AbortOnPanic(pub(super) Arc<JournalState>);

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.abort();
        }
    }
}

impl JournalState {
    /// Nothing is acknowledged any more, nobody waits, and the process is told to end.
    pub(super) fn abort(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.shutdown.send_replace(true);
        self.queue.close(CloseMode::Discard);
    }
}

pub(super) struct BatchWriter {
    pub(super) shared: Arc<JournalState>,
    pub(super) store: Box<dyn BatchStore>,
    pub(super) wake: Arc<WakeCallback>,
    pub(super) failures: u32,
    /// Whether something was written since the log was last emptied.
    pub(super) dirty: bool,
    pub(super) last_pruned: Instant,
}

impl BatchWriter {
    /// Writes until the queue ends.
    pub(super) fn run(mut self) {
        let _vital = AbortOnPanic(Arc::clone(&self.shared));
        loop {
            match self.shared.queue.take(IDLE) {
                QueuePoll::Batch(writes, waiters) => {
                    self.commit(writes, waiters);
                    if self.last_pruned.elapsed() > 2 * IDLE {
                        self.prune();
                    }
                }
                QueuePoll::Idle => self.run_idle_work(),
                QueuePoll::Closed => break,
            }
            if self.shared.log_oversized.swap(false, Ordering::Relaxed) {
                drop(self.store.checkpoint(false));
            }
            if self.failures >= MOST_FAILURES {
                self.shared.abort();
            }
        }
        if self.dirty && self.failures == 0 {
            drop(self.store.checkpoint(true));
        }
        self.shared.ended.store(true, Ordering::Relaxed);
    }

    fn commit(&mut self, writes: Vec<JournalWrite>, waiters: Vec<CommitWaiter>) {
        let begin = Instant::now();
        let result = self.store.apply(&writes);
        self.shared.metrics.commit_seconds.observe(begin.elapsed().as_secs_f64());
        match result {
            Ok(applied) => {
                #[expect(clippy::cast_precision_loss, reason = "a batch holds a thousand writes")]
                self.shared.metrics.commit_size.observe(writes.len() as f64);
                self.committed(applied, waiters);
            }
            Err(BatchError::NoSpace) => self.handle_disk_full(writes, waiters),
            Err(BatchError::Damaged(_)) => self.commit_one_by_one(writes, waiters),
            Err(BatchError::Broken(message)) => self.reopen_after_failure(&message, waiters),
        }
    }

    /// A damaged record costs only the write that touches it. Where it is in the way of what comes in, the journal cannot
    /// go on as it is.
    fn commit_one_by_one(&mut self, writes: Vec<JournalWrite>, waiters: Vec<CommitWaiter>) {
        for (write, waiter) in writes.into_iter().zip(waiters) {
            match self.store.apply(std::slice::from_ref(&write)) {
                Ok(applied) => self.committed(applied, vec![waiter]),
                Err(BatchError::NoSpace) => self.handle_disk_full(vec![write], vec![waiter]),
                Err(BatchError::Damaged(message)) if !write.is_refusable() => {
                    tracing::error!(%message, "a damaged record of the journal cannot be changed");
                    self.shared.metrics.journal_faults.inc();
                    waiter.notify(Err(JournalError::Failed(message)));
                }
                Err(BatchError::Damaged(message) | BatchError::Broken(message)) => {
                    self.reopen_after_failure(&message, vec![waiter]);
                }
            }
        }
    }

    fn committed(&mut self, applied: CommittedBatch, waiters: Vec<CommitWaiter>) {
        self.failures = 0;
        self.dirty = true;
        self.shared.queue.change_backlog(applied.backlogs);
        for (waiter, done) in waiters.into_iter().zip(applied.results) {
            waiter.notify(Ok(done));
        }
        for channel in &applied.wake {
            (self.wake)(channel);
        }
    }

    /// The disk is full: senders hear so, and with the ballast given up, what was delivered can still be noted.
    fn handle_disk_full(&mut self, writes: Vec<JournalWrite>, waiters: Vec<CommitWaiter>) {
        if !self.shared.disk_full.swap(true, Ordering::Relaxed) {
            tracing::error!(
                "the disk of the state directory is full: pushes are refused until there is room"
            );
            self.shared.metrics.journal_faults.inc();
        }
        self.shared.directory.drop_ballast();
        let (mut kept, mut keepers) = (Vec::new(), Vec::new());
        for (write, waiter) in writes.into_iter().zip(waiters) {
            if write.is_refusable() {
                waiter.notify(Err(JournalError::NoSpace));
            } else {
                kept.push(write);
                keepers.push(waiter);
            }
        }
        if kept.is_empty() {
            drop(self.store.checkpoint(false));
            return;
        }
        match self.store.apply(&kept) {
            Ok(applied) => self.committed(applied, keepers),
            Err(BatchError::NoSpace) => {
                keepers.into_iter().for_each(|waiter| waiter.notify(Err(JournalError::NoSpace)))
            }
            Err(BatchError::Damaged(_)) => self.commit_one_by_one(kept, keepers),
            Err(BatchError::Broken(message)) => self.reopen_after_failure(&message, keepers),
        }
    }

    fn reopen_after_failure(&mut self, message: &str, waiters: Vec<CommitWaiter>) {
        tracing::error!(%message, "the journal failed; it is opened anew");
        self.shared.metrics.journal_faults.inc();
        self.failures += 1;
        for waiter in waiters {
            waiter.notify(Err(JournalError::Failed(message.to_owned())));
        }
        while self.failures < MOST_FAILURES {
            match self.store.reopen() {
                Ok(loads) => return self.shared.queue.set_backlogs(loads),
                Err(failure) => {
                    tracing::error!(%failure, "the journal cannot be opened anew");
                    self.failures += 1;
                }
            }
        }
    }

    fn run_idle_work(&mut self) {
        self.prune();
        if self.dirty && !self.shared.disk_full.load(Ordering::Relaxed) {
            self.dirty = self.store.checkpoint(true).is_err();
        }
    }

    /// A step of retention. What it cannot do now it does later; a broken store shows at the next commit.
    fn prune(&mut self) {
        self.last_pruned = Instant::now();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        for _ in 0..64 {
            match self.store.prune(i64::try_from(now).unwrap_or(i64::MAX)) {
                Ok(true) if self.last_pruned.elapsed() < Duration::from_millis(10) => self.dirty = true,
                Ok(_) => break,
                Err(BatchError::NoSpace) => {
                    self.shared.directory.drop_ballast();
                    self.shared.disk_full.store(true, Ordering::Relaxed);
                    break;
                }
                Err(BatchError::Damaged(message)) => {
                    tracing::error!(%message, "a damaged record of the journal cannot be removed");
                    break;
                }
                Err(BatchError::Broken(message)) => {
                    self.reopen_after_failure(&message, Vec::new());
                    break;
                }
            }
        }
    }
}
