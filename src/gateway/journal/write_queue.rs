//! What waits for the writer, and what may still come in.

use super::batch_store::{Backlog, JournalWrite, WriteResult};
use super::{JournalConfig, JournalError};
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
pub(super) enum CommitWaiter {
    /// A task.
    Task(oneshot::Sender<Result<WriteResult, JournalError>>),
    /// A thread.
    Thread(mpsc::SyncSender<Result<WriteResult, JournalError>>),
}

impl CommitWaiter {
    /// Tells whoever still waits.
    pub(super) fn notify(self, result: Result<WriteResult, JournalError>) {
        match self {
            Self::Task(sender) => drop(sender.send(result)),
            Self::Thread(sender) => drop(sender.try_send(result)),
        }
    }
}

/// What the writer finds.
pub(super) enum QueuePoll {
    /// Writes, in the order in which they came.
    Batch(Vec<JournalWrite>, Vec<CommitWaiter>),
    /// Nothing came.
    Idle,
    /// Nothing will come any more.
    Closed,
}

#[derive(Default)]
struct WriteQueueState {
    waiting: VecDeque<(JournalWrite, usize, CommitWaiter)>,
    bytes: usize,
    close_mode: Option<CloseMode>,
    backlog: Backlog,
    backlogs: HashMap<String, Backlog>,
}

/// How the journal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CloseMode {
    /// What waits is committed.
    Drain,
    /// What waits is dropped.
    Discard,
}

/// The queue before the writer.
pub(super) struct WriteQueue {
    state: Mutex<WriteQueueState>,
    arrived: Condvar,
    most_pending: Backlog,
}

impl WriteQueue {
    pub(super) fn new(options: &JournalConfig, loads: Vec<(String, Backlog)>) -> Self {
        let whole = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
        let most_pending =
            Backlog { count: whole(options.most_pending), bytes: whole(options.most_pending_bytes) };
        let queue = Self { state: Mutex::default(), arrived: Condvar::new(), most_pending };
        queue.set_backlogs(loads);
        queue
    }

    fn state(&self) -> MutexGuard<'_, WriteQueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a write; one that its sender may repeat later is refused where too much waits.
    pub(super) fn put(&self, write: JournalWrite, waiter: CommitWaiter) -> Result<(), JournalError> {
        let size = write.size();
        let mut state = self.state();
        if state.close_mode.is_some() {
            return Err(JournalError::Closed);
        }
        if write.is_refusable() && (state.waiting.len() >= QUEUED || state.bytes + size > QUEUED_BYTES) {
            return Err(JournalError::Full);
        }
        if let JournalWrite::Accept(push) = &write
            && self.exceeds_quota(&state, &push.integration)
        {
            return Err(JournalError::Full);
        }
        state.bytes += size;
        state.waiting.push_back((write, size, waiter));
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Once half of what may wait does, no integration may have more than half.
    fn exceeds_quota(&self, state: &WriteQueueState, integration: &str) -> bool {
        let Backlog { count, bytes } = self.most_pending;
        let all = state.backlog;
        if all.count >= count || all.bytes >= bytes {
            return true;
        }
        let own = state.backlogs.get(integration).copied().unwrap_or_default();
        (all.count > count / 2 && own.count > count / 2) || (all.bytes > bytes / 2 && own.bytes > bytes / 2)
    }

    /// Waits for something, at most so long.
    pub(super) fn take(&self, patience: Duration) -> QueuePoll {
        let mut state = self.state();
        if state.waiting.is_empty() && state.close_mode.is_none() {
            state = self.arrived.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.close_mode == Some(CloseMode::Discard)
            || (state.close_mode.is_some() && state.waiting.is_empty())
        {
            state.waiting.clear();
            return QueuePoll::Closed;
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
        if writes.is_empty() { QueuePoll::Idle } else { QueuePoll::Batch(writes, waiters) }
    }

    /// Ends it; the first word counts.
    pub(super) fn close(&self, end: CloseMode) {
        self.state().close_mode.get_or_insert(end);
        self.arrived.notify_all();
    }

    /// What waits for delivery changed.
    pub(super) fn change_backlog(&self, changes: Vec<(String, Backlog)>) {
        let mut state = self.state();
        for (integration, change) in changes {
            state.backlog.add(change);
            state.backlogs.entry(integration).or_default().add(change);
        }
    }

    /// What waits for delivery was read anew.
    pub(super) fn set_backlogs(&self, loads: Vec<(String, Backlog)>) {
        let mut state = self.state();
        (state.backlog, state.backlogs) = (Backlog::default(), HashMap::new());
        drop(state);
        self.change_backlog(loads);
    }
}
