//! What reaches the loading thread from outside: signs of change, requests, the wish to end.
//!
//! Nothing queues up here however many events there are: signs are two times, and requests as many as there are callers.

#![expect(clippy::disallowed_methods, reason = "waiting is measured by the monotonic clock")]

use super::Rejection;
use super::debounce::Debounce;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Who waits for the end of a load.
pub(super) type Waiter = Sender<Result<u64, Rejection>>;

/// The post box of the loading thread.
pub(super) struct Signals {
    origin: Instant,
    inbox: Mutex<Inbox>,
    changed: Condvar,
}

struct Inbox {
    signs: Debounce,
    waiters: Vec<Waiter>,
    stopped: bool,
    errors: u64,
    rescans: u64,
    starved: Option<String>,
}

/// Why a load begins.
pub(super) struct Due {
    /// Whether there was more than the poll.
    pub(super) signs: bool,
    /// Until when further signs may draw it out, as [`Signals::settle`] has it.
    pub(super) until: Duration,
    /// Who waits for it.
    pub(super) waiters: Vec<Waiter>,
}

impl Signals {
    pub(super) fn new(signs: Debounce) -> Self {
        let inbox =
            Inbox { signs, waiters: Vec::new(), stopped: false, errors: 0, rescans: 0, starved: None };
        Self { origin: Instant::now(), inbox: Mutex::new(inbox), changed: Condvar::new() }
    }

    /// Something may have changed.
    pub(super) fn note(&self) {
        let now = self.origin.elapsed();
        let mut inbox = self.locked();
        let waiting = inbox.signs.wait(now).is_some_and(|wait| wait.is_zero());
        inbox.signs.note(now);
        if !waiting {
            self.changed.notify_all();
        }
    }

    /// The watcher lost events.
    pub(super) fn count_rescan(&self) {
        self.locked().rescans += 1;
    }

    /// The watcher failed; `starved` says that it can go on no longer.
    pub(super) fn count_error(&self, starved: Option<String>) {
        let mut inbox = self.locked();
        inbox.errors += 1;
        inbox.starved = starved.or(inbox.starved.take());
    }

    /// Errors and rescans so far.
    pub(super) fn counts(&self) -> (u64, u64) {
        let inbox = self.locked();
        (inbox.errors, inbox.rescans)
    }

    /// Why the watcher can go on no longer.
    pub(super) fn starved(&self) -> Option<String> {
        self.locked().starved.clone()
    }

    /// Asks for a load at once.
    pub(super) fn ask(&self) {
        self.locked().signs.ask();
        self.changed.notify_all();
    }

    /// Asks for a load at once, whose end is told.
    pub(super) fn ask_and_wait(&self) -> Receiver<Result<u64, Rejection>> {
        let (sender, receiver) = channel();
        let mut inbox = self.locked();
        if !inbox.stopped {
            inbox.waiters.push(sender);
            inbox.signs.ask();
        }
        self.changed.notify_all();
        receiver
    }

    /// Ends the loading thread, and everything that waits for it.
    pub(super) fn stop(&self) {
        let mut inbox = self.locked();
        inbox.stopped = true;
        inbox.waiters.clear();
        self.changed.notify_all();
    }

    /// Sets the next poll.
    pub(super) fn poll_after(&self, pause: Duration) {
        self.locked().signs.poll_at(self.origin.elapsed().saturating_add(pause));
    }

    /// Waits until a load is due; nothing where it is time to end.
    pub(super) fn next(&self) -> Option<Due> {
        let mut inbox = self.locked();
        loop {
            if inbox.stopped {
                return None;
            }
            inbox = match inbox.signs.wait(self.origin.elapsed()) {
                Some(Duration::ZERO) => {
                    let until = inbox.signs.drawn_out_until(self.origin.elapsed());
                    let signs = inbox.signs.take();
                    return Some(Due { signs, until, waiters: std::mem::take(&mut inbox.waiters) });
                }
                Some(pause) => {
                    self.changed.wait_timeout(inbox, pause).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(inbox).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Waits for some time; less where it is time to end.
    pub(super) fn pause(&self, pause: Duration) {
        let until = self.origin.elapsed().saturating_add(pause);
        let mut inbox = self.locked();
        loop {
            let left = until.saturating_sub(self.origin.elapsed());
            if inbox.stopped || left.is_zero() {
                return;
            }
            inbox = self.changed.wait_timeout(inbox, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for some time, and then until there was quiet, so that what is read before and after is no state between two
    /// writes; `until` ends the wait for quiet. Less where it is time to end.
    pub(super) fn settle(&self, least: Duration, until: Duration) {
        self.pause(least);
        loop {
            let now = self.origin.elapsed();
            let unrest = self.locked().signs.unrest(now).min(until.saturating_sub(now));
            if unrest.is_zero() || self.is_stopped() {
                return;
            }
            self.pause(unrest);
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.locked().stopped
    }

    fn locked(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
