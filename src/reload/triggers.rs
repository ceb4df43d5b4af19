//! Triggers of the loading thread: signs of change, requests, and the request to stop.
//!
//! The memory is bounded for any number of events: signs are two times, and there are as many requests as callers.

#![expect(clippy::disallowed_methods, reason = "waiting is measured by the monotonic clock")]

use super::LoadRejection;
use super::debounce::{Debounce, LoadCause};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A caller that waits for the end of a load.
pub(super) type ReloadWaiter = Sender<Result<u64, LoadRejection>>;

/// The triggers of the loading thread.
pub(super) struct ReloadTriggers {
    origin: Instant,
    state: Mutex<TriggerState>,
    changed: Condvar,
}

struct TriggerState {
    debounce: Debounce,
    waiters: Vec<ReloadWaiter>,
    stopped: bool,
    counts: WatcherCounts,
    watch_failure: Option<String>,
}

/// Errors and rescans of the watcher so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WatcherCounts {
    pub(super) errors: u64,
    pub(super) rescans: u64,
}

/// A load that is due.
pub(super) struct DueLoad {
    /// What triggered it.
    pub(super) cause: LoadCause,
    /// Until when further signs may extend it, as for [`ReloadTriggers::settle`].
    pub(super) settle_deadline: Duration,
    /// The callers that wait for it.
    pub(super) waiters: Vec<ReloadWaiter>,
}

impl ReloadTriggers {
    pub(super) fn new(debounce: Debounce) -> Self {
        let state = TriggerState {
            debounce,
            waiters: Vec::new(),
            stopped: false,
            counts: WatcherCounts::default(),
            watch_failure: None,
        };
        Self { origin: Instant::now(), state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Notes that something may have changed.
    pub(super) fn note_change(&self) {
        let now = self.origin.elapsed();
        let mut state = self.locked();
        let waiting = state.debounce.wait(now).is_some_and(|wait| wait.is_zero());
        state.debounce.note_change(now);
        if !waiting {
            self.changed.notify_all();
        }
    }

    /// Notes that a load that signs of a change triggered found nothing new.
    pub(super) fn note_idle(&self) {
        let now = self.origin.elapsed();
        self.locked().debounce.note_idle(now);
    }

    /// Notes that a load found something new.
    pub(super) fn note_news(&self) {
        self.locked().debounce.note_news();
    }

    /// Counts an event that says that the watcher lost events.
    pub(super) fn count_rescan(&self) {
        self.locked().counts.rescans += 1;
    }

    /// Counts an error of the watcher; `failure` says why it cannot continue, if it cannot.
    pub(super) fn count_error(&self, failure: Option<String>) {
        let mut state = self.locked();
        state.counts.errors += 1;
        state.watch_failure = failure.or(state.watch_failure.take());
    }

    pub(super) fn counts(&self) -> WatcherCounts {
        self.locked().counts
    }

    /// Why the watcher cannot continue.
    pub(super) fn watch_failure(&self) -> Option<String> {
        self.locked().watch_failure.clone()
    }

    /// Requests a load at once.
    pub(super) fn request(&self) {
        self.locked().debounce.request();
        self.changed.notify_all();
    }

    /// Requests a load at once; its result is sent to the receiver.
    pub(super) fn request_and_wait(&self) -> Receiver<Result<u64, LoadRejection>> {
        let (sender, receiver) = channel();
        let mut state = self.locked();
        if !state.stopped {
            state.waiters.push(sender);
            state.debounce.request();
        }
        self.changed.notify_all();
        receiver
    }

    /// Stops the loading thread, and releases the callers that wait for it.
    pub(super) fn stop(&self) {
        let mut state = self.locked();
        state.stopped = true;
        state.waiters.clear();
        self.changed.notify_all();
    }

    /// Sets the next poll.
    pub(super) fn poll_after(&self, pause: Duration) {
        self.locked().debounce.poll_at(self.origin.elapsed().saturating_add(pause));
    }

    /// Waits until a load is due; nothing once it must stop.
    pub(super) fn next(&self) -> Option<DueLoad> {
        let mut state = self.locked();
        loop {
            if state.stopped {
                return None;
            }
            state = match state.debounce.wait(self.origin.elapsed()) {
                Some(Duration::ZERO) => {
                    let settle_deadline = state.debounce.settle_deadline(self.origin.elapsed());
                    let cause = state.debounce.take();
                    let waiters = std::mem::take(&mut state.waiters);
                    return Some(DueLoad { cause, settle_deadline, waiters });
                }
                Some(pause) => self.changed.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Waits for some time; less if it must stop.
    pub(super) fn pause(&self, pause: Duration) {
        let until = self.origin.elapsed().saturating_add(pause);
        let mut state = self.locked();
        loop {
            let left = until.saturating_sub(self.origin.elapsed());
            if state.stopped || left.is_zero() {
                return;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for some time, and then until no more changes arrive, so that two readings around it do not both see a state
    /// between two writes. The wait ends at the deadline `until`, or if it must stop.
    pub(super) fn settle(&self, minimum: Duration, until: Duration) {
        self.pause(minimum);
        loop {
            let now = self.origin.elapsed();
            let remaining = self.locked().debounce.time_until_quiet(now).min(until.saturating_sub(now));
            if remaining.is_zero() || self.is_stopped() {
                return;
            }
            self.pause(remaining);
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.locked().stopped
    }

    fn locked(&self) -> MutexGuard<'_, TriggerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
