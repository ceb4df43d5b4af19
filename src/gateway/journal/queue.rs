//! What waits for the writer, and what may still come in.

use super::store::{Done, Load, Write};
use super::{Fault, Options};
use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;
use tokio::sync::oneshot;

/// The most writes and bytes of one batch.
const BATCH: usize = 1_024;
const BATCH_BYTES: usize = 4 << 20;

/// The most pushes and bytes that wait for the writer.
const QUEUED: usize = 8_192;
const QUEUED_BYTES: usize = 64 << 20;

/// Who waits for a write.
pub(super) enum Waiter {
    /// A task.
    Task(oneshot::Sender<Result<Done, Fault>>),
    /// A thread.
    Thread(mpsc::SyncSender<Result<Done, Fault>>),
}

impl Waiter {
    /// Tells whoever still waits.
    pub(super) fn tell(self, result: Result<Done, Fault>) {
        match self {
            Self::Task(sender) => drop(sender.send(result)),
            Self::Thread(sender) => drop(sender.try_send(result)),
        }
    }
}

/// What the writer finds.
pub(super) enum Taken {
    /// Writes, in the order in which they came.
    Batch(Vec<Write>, Vec<Waiter>),
    /// Nothing came.
    Nothing,
    /// Nothing will come any more.
    Ended,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Write, usize, Waiter)>,
    bytes: usize,
    end: Option<End>,
    load: Load,
    loads: HashMap<String, Load>,
}

/// How the journal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// What waits is committed.
    Drained,
    /// What waits is dropped.
    Dropped,
}

/// The queue before the writer.
pub(super) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    most_pending: Load,
}

impl Queue {
    pub(super) fn new(options: &Options, loads: Vec<(String, Load)>) -> Self {
        let whole = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
        let most_pending =
            Load { count: whole(options.most_pending), bytes: whole(options.most_pending_bytes) };
        let queue = Self { state: Mutex::default(), arrived: Condvar::new(), most_pending };
        queue.set_load(loads);
        queue
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a write; one that its sender may repeat later is refused where too much waits.
    pub(super) fn put(&self, write: Write, waiter: Waiter) -> Result<(), Fault> {
        let size = write.size();
        let mut state = self.state();
        if state.end.is_some() {
            return Err(Fault::Closed);
        }
        if write.is_refusable() && (state.waiting.len() >= QUEUED || state.bytes + size > QUEUED_BYTES) {
            return Err(Fault::Full);
        }
        if let Write::Accept(push) = &write
            && self.is_too_much(&state, &push.integration)
        {
            return Err(Fault::Full);
        }
        state.bytes += size;
        state.waiting.push_back((write, size, waiter));
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Once half of what may wait does, no integration may have more than half.
    fn is_too_much(&self, state: &State, integration: &str) -> bool {
        let Load { count, bytes } = self.most_pending;
        let all = state.load;
        if all.count >= count || all.bytes >= bytes {
            return true;
        }
        let own = state.loads.get(integration).copied().unwrap_or_default();
        (all.count > count / 2 && own.count > count / 2) || (all.bytes > bytes / 2 && own.bytes > bytes / 2)
    }

    /// Waits for something, at most so long.
    pub(super) fn take(&self, patience: Duration) -> Taken {
        let mut state = self.state();
        if state.waiting.is_empty() && state.end.is_none() {
            state = self.arrived.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.end == Some(End::Dropped) || (state.end.is_some() && state.waiting.is_empty()) {
            state.waiting.clear();
            return Taken::Ended;
        }
        let (mut writes, mut waiters, mut bytes) = (Vec::new(), Vec::new(), 0);
        while writes.len() < BATCH
            && let Some((_, size, _)) = state.waiting.front()
            && (writes.is_empty() || bytes + size <= BATCH_BYTES)
            && let Some((write, size, waiter)) = state.waiting.pop_front()
        {
            bytes += size;
            writes.push(write);
            waiters.push(waiter);
        }
        state.bytes -= bytes;
        if writes.is_empty() { Taken::Nothing } else { Taken::Batch(writes, waiters) }
    }

    /// Ends it; the first word counts.
    pub(super) fn end(&self, end: End) {
        self.state().end.get_or_insert(end);
        self.arrived.notify_all();
    }

    /// What waits for delivery changed.
    pub(super) fn change_load(&self, changes: Vec<(String, Load)>) {
        let mut state = self.state();
        for (integration, change) in changes {
            state.load.add(change);
            state.loads.entry(integration).or_default().add(change);
        }
    }

    /// What waits for delivery was read anew.
    pub(super) fn set_load(&self, loads: Vec<(String, Load)>) {
        let mut state = self.state();
        (state.load, state.loads) = (Load::default(), HashMap::new());
        drop(state);
        self.change_load(loads);
    }
}
