//! What reaches the loading thread from outside: signs of change, requests, the wish to end.
//!
//! Nothing queues up here however many events there are: signs are two times, and requests as many as there are callers.

#![expect(clippy::disallowed_methods, reason = "waiting is measured by the monotonic clock")]

use super::LoadRejection;
use super::debounce::Debounce;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Who waits for the end of a load.
pub(super) type ReloadWaiter = Sender<Result<u64, LoadRejection>>;

/// The post box of the loading thread.
pub(super) struct ReloadTriggers {
    origin: Instant,
    state: Mutex<TriggerState>,
    changed: Condvar,
}

struct TriggerState {
    debounce: Debounce,
    waiters: Vec<ReloadWaiter>,
    stopped: bool,
    watcher_errors: u64,
    rescans: u64,
    watch_failure: Option<String>,
}

/// Why a load begins.
pub(super) struct DueLoad {
    /// Whether there was more than the poll.
    pub(super) is_triggered: bool,
    /// Until when further signs may draw it out, as [`ReloadTriggers::settle`] has it.
    pub(super) settle_deadline: Duration,
    /// Who waits for it.
    pub(super) waiters: Vec<ReloadWaiter>,
}

impl ReloadTriggers {
    pub(super) fn new(signs: Debounce) -> Self {
        let inbox = TriggerState {
            debounce: signs,
            waiters: Vec::new(),
            stopped: false,
            watcher_errors: 0,
            rescans: 0,
            watch_failure: None,
        };
        Self { origin: Instant::now(), state: Mutex::new(inbox), changed: Condvar::new() }
    }

    /// Something may have changed.
    pub(super) fn note_change(&self) {
        let now = self.origin.elapsed();
        let mut inbox = self.locked();
        let waiting = inbox.debounce.wait(now).is_some_and(|wait| wait.is_zero());
        inbox.debounce.note_change(now);
        if !waiting {
            self.changed.notify_all();
        }
    }

    /// The watcher lost events.
    pub(super) fn count_rescan(&self) {
        self.locked().rescans += 1;
    }

    /// The watcher failed; `watch_failure` says that it can go on no longer.
    pub(super) fn count_error(&self, starved: Option<String>) {
        let mut inbox = self.locked();
        inbox.watcher_errors += 1;
        inbox.watch_failure = starved.or(inbox.watch_failure.take());
    }

    /// Errors and rescans so far.
    pub(super) fn counts(&self) -> (u64, u64) {
        let inbox = self.locked();
        (inbox.watcher_errors, inbox.rescans)
    }

    /// Why the watcher can go on no longer.
    pub(super) fn watch_failure(&self) -> Option<String> {
        self.locked().watch_failure.clone()
    }

    /// Asks for a load at once.
    pub(super) fn request(&self) {
        self.locked().debounce.request();
        self.changed.notify_all();
    }

    /// Asks for a load at once, whose end is told.
    pub(super) fn request_and_wait(&self) -> Receiver<Result<u64, LoadRejection>> {
        let (sender, receiver) = channel();
        let mut inbox = self.locked();
        if !inbox.stopped {
            inbox.waiters.push(sender);
            inbox.debounce.request();
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
        self.locked().debounce.poll_at(self.origin.elapsed().saturating_add(pause));
    }

    /// Waits until a load is due; nothing where it is time to end.
    pub(super) fn next(&self) -> Option<DueLoad> {
        let mut inbox = self.locked();
        loop {
            if inbox.stopped {
                return None;
            }
            inbox = match inbox.debounce.wait(self.origin.elapsed()) {
                Some(Duration::ZERO) => {
                    let until = inbox.debounce.settle_deadline(self.origin.elapsed());
                    let signs = inbox.debounce.take();
                    return Some(DueLoad {
                        is_triggered: signs,
                        settle_deadline: until,
                        waiters: std::mem::take(&mut inbox.waiters),
                    });
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
    /// writes; `settle_deadline` ends the wait for quiet. Less where it is time to end.
    pub(super) fn settle(&self, least: Duration, until: Duration) {
        self.pause(least);
        loop {
            let now = self.origin.elapsed();
            let unrest = self.locked().debounce.time_until_quiet(now).min(until.saturating_sub(now));
            if unrest.is_zero() || self.is_stopped() {
                return;
            }
            self.pause(unrest);
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.locked().stopped
    }

    fn locked(&self) -> MutexGuard<'_, TriggerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
