//! The one thread that writes: it takes whatever waits, makes it durable, and answers.
//!
//! A commit that failed is never repeated on the same handle: whoever waits hears of it, the store is opened anew and
//! verified, and after three failures in a row the journal gives up. A full disk is no failure of that kind.

#![expect(clippy::disallowed_methods, reason = "commits are timed, and retention asks for the time")]

use super::disk::Directory;
use super::queue::{End, Queue, Taken, Waiter};
use super::store::{Applied, Failure, Store, Write};
use super::{Fault, Wake};
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
pub(super) struct Shared {
    pub(super) queue: Queue,
    pub(super) directory: Directory,
    pub(super) metrics: Arc<Metrics>,
    /// There is too little room for pushes.
    pub(super) short: AtomicBool,
    /// The disk was full and the ballast is given up.
    pub(super) starved: AtomicBool,
    /// The write-ahead log is over its size: the writer has to let it start anew.
    pub(super) overlong: AtomicBool,
    /// The writer ended.
    pub(super) ended: AtomicBool,
    pub(super) doomed: watch::Sender<bool>,
}

/// Where a thread of the journal panics, nobody waits for it: the queue ends, and the process is told to.
pub(super) struct Vital(pub(super) Arc<Shared>);

impl Drop for Vital {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.give_up();
        }
    }
}

impl Shared {
    /// Nothing is acknowledged any more, nobody waits, and the process is told to end.
    pub(super) fn give_up(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.doomed.send_replace(true);
        self.queue.end(End::Dropped);
    }
}

pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) store: Box<dyn Store>,
    pub(super) wake: Arc<Wake>,
    pub(super) failures: u32,
    /// Whether something was written since the log was last emptied.
    pub(super) dirty: bool,
    pub(super) tidied: Instant,
}

impl Writer {
    /// Writes until the queue ends.
    pub(super) fn run(mut self) {
        let _vital = Vital(Arc::clone(&self.shared));
        loop {
            match self.shared.queue.take(IDLE) {
                Taken::Batch(writes, waiters) => {
                    self.commit(writes, waiters);
                    if self.tidied.elapsed() > 2 * IDLE {
                        self.tidy();
                    }
                }
                Taken::Nothing => self.rest(),
                Taken::Ended => break,
            }
            if self.shared.overlong.swap(false, Ordering::Relaxed) {
                drop(self.store.checkpoint(false));
            }
            if self.failures >= MOST_FAILURES {
                self.shared.give_up();
            }
        }
        if self.dirty && self.failures == 0 {
            drop(self.store.checkpoint(true));
        }
        self.shared.ended.store(true, Ordering::Relaxed);
    }

    fn commit(&mut self, writes: Vec<Write>, waiters: Vec<Waiter>) {
        let begin = Instant::now();
        let result = self.store.apply(&writes);
        self.shared.metrics.commit_seconds.observe(begin.elapsed().as_secs_f64());
        match result {
            Ok(applied) => {
                #[expect(clippy::cast_precision_loss, reason = "a batch holds a thousand writes")]
                self.shared.metrics.commit_size.observe(writes.len() as f64);
                self.committed(applied, waiters);
            }
            Err(Failure::NoSpace) => self.starve(writes, waiters),
            Err(Failure::Damaged(_)) => self.commit_apart(writes, waiters),
            Err(Failure::Broken(message)) => self.break_down(&message, waiters),
        }
    }

    /// A damaged record costs only the write that touches it. Where it is in the way of what comes in, the journal cannot
    /// go on as it is.
    fn commit_apart(&mut self, writes: Vec<Write>, waiters: Vec<Waiter>) {
        for (write, waiter) in writes.into_iter().zip(waiters) {
            match self.store.apply(std::slice::from_ref(&write)) {
                Ok(applied) => self.committed(applied, vec![waiter]),
                Err(Failure::NoSpace) => self.starve(vec![write], vec![waiter]),
                Err(Failure::Damaged(message)) if !write.is_refusable() => {
                    tracing::error!(%message, "a damaged record of the journal cannot be changed");
                    self.shared.metrics.journal_faults.inc();
                    waiter.tell(Err(Fault::Failed(message)));
                }
                Err(Failure::Damaged(message) | Failure::Broken(message)) => {
                    self.break_down(&message, vec![waiter]);
                }
            }
        }
    }

    fn committed(&mut self, applied: Applied, waiters: Vec<Waiter>) {
        self.failures = 0;
        self.dirty = true;
        self.shared.queue.change_load(applied.load);
        for (waiter, done) in waiters.into_iter().zip(applied.done) {
            waiter.tell(Ok(done));
        }
        for channel in &applied.wake {
            (self.wake)(channel);
        }
    }

    /// The disk is full: senders hear so, and with the ballast given up, what was delivered can still be noted.
    fn starve(&mut self, writes: Vec<Write>, waiters: Vec<Waiter>) {
        if !self.shared.starved.swap(true, Ordering::Relaxed) {
            tracing::error!(
                "the disk of the state directory is full: pushes are refused until there is room"
            );
            self.shared.metrics.journal_faults.inc();
        }
        self.shared.directory.drop_ballast();
        let (mut kept, mut keepers) = (Vec::new(), Vec::new());
        for (write, waiter) in writes.into_iter().zip(waiters) {
            if write.is_refusable() {
                waiter.tell(Err(Fault::NoSpace));
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
            Err(Failure::NoSpace) => keepers.into_iter().for_each(|waiter| waiter.tell(Err(Fault::NoSpace))),
            Err(Failure::Damaged(_)) => self.commit_apart(kept, keepers),
            Err(Failure::Broken(message)) => self.break_down(&message, keepers),
        }
    }

    fn break_down(&mut self, message: &str, waiters: Vec<Waiter>) {
        tracing::error!(%message, "the journal failed; it is opened anew");
        self.shared.metrics.journal_faults.inc();
        self.failures += 1;
        for waiter in waiters {
            waiter.tell(Err(Fault::Failed(message.to_owned())));
        }
        while self.failures < MOST_FAILURES {
            match self.store.reopen() {
                Ok(loads) => return self.shared.queue.set_load(loads),
                Err(failure) => {
                    tracing::error!(%failure, "the journal cannot be opened anew");
                    self.failures += 1;
                }
            }
        }
    }

    fn rest(&mut self) {
        self.tidy();
        if self.dirty && !self.shared.starved.load(Ordering::Relaxed) {
            self.dirty = self.store.checkpoint(true).is_err();
        }
    }

    /// A step of retention. What it cannot do now it does later; a broken store shows at the next commit.
    fn tidy(&mut self) {
        self.tidied = Instant::now();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        for _ in 0..64 {
            match self.store.tidy(i64::try_from(now).unwrap_or(i64::MAX)) {
                Ok(true) if self.tidied.elapsed() < Duration::from_millis(10) => self.dirty = true,
                Ok(_) => break,
                Err(Failure::NoSpace) => {
                    self.shared.directory.drop_ballast();
                    self.shared.starved.store(true, Ordering::Relaxed);
                    break;
                }
                Err(Failure::Damaged(message)) => {
                    tracing::error!(%message, "a damaged record of the journal cannot be removed");
                    break;
                }
                Err(Failure::Broken(message)) => {
                    self.break_down(&message, Vec::new());
                    break;
                }
            }
        }
    }
}
