//! The queue before the writer, and its limits.

use super::write::{PendingWrite, WriteSource};
use super::{Backlog, IntegrationBacklog, JournalConfig, JournalError};
use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most writes and bytes of one batch.
const BATCH: usize = 1_024;
const BATCH_BYTES: usize = 4 << 20;

/// The most pushes and bytes that wait for the writer.
const QUEUED: usize = 8_192;
const QUEUED_BYTES: usize = 64 << 20;

/// Roughly how many bytes a write takes besides what it holds.
const ROW: usize = 256;

/// What the writer takes from the queue.
pub(super) enum QueuePoll {
    /// Writes, in the order in which they came.
    Batch(Vec<PendingWrite>),
    /// Nothing came.
    Idle,
    /// Nothing will come any more.
    Closed,
}

#[derive(Default)]
struct WriteQueueState {
    waiting: VecDeque<PendingWrite>,
    bytes: usize,
    close_mode: Option<CloseMode>,
    backlog: Backlog,
    backlogs: HashMap<String, Backlog>,
}

/// How the journal is closed.
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
    pub(super) fn new(options: &JournalConfig, backlogs: Vec<IntegrationBacklog>) -> Self {
        let whole = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
        let most_pending = Backlog { count: whole(options.most_pending), bytes: whole(options.most_pending_bytes) };
        let queue = Self { state: Mutex::default(), arrived: Condvar::new(), most_pending };
        queue.set_backlogs(backlogs);
        queue
    }

    fn state(&self) -> MutexGuard<'_, WriteQueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a write; one that can be made again later is refused where too much waits.
    pub(super) fn put(&self, write: PendingWrite) -> Result<(), JournalError> {
        let size = write.size + ROW;
        let mut state = self.state();
        if state.close_mode.is_some() {
            return Err(JournalError::Closed);
        }
        if write.is_refusable() && (state.waiting.len() >= QUEUED || state.bytes + size > QUEUED_BYTES) {
            return Err(JournalError::Full);
        }
        if let WriteSource::Push(integration) = &write.source
            && self.exceeds_quota(&state, integration)
        {
            return Err(JournalError::Full);
        }
        state.bytes += size;
        state.waiting.push_back(write);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Once half of the limit is used, no integration may have more than half of it.
    fn exceeds_quota(&self, state: &WriteQueueState, integration: &str) -> bool {
        let Backlog { count, bytes } = self.most_pending;
        let all = state.backlog;
        if all.count >= count || all.bytes >= bytes {
            return true;
        }
        let own = state.backlogs.get(integration).copied().unwrap_or_default();
        (all.count > count / 2 && own.count > count / 2) || (all.bytes > bytes / 2 && own.bytes > bytes / 2)
    }

    /// Waits for writes, at most so long.
    pub(super) fn take(&self, patience: Duration) -> QueuePoll {
        let mut state = self.state();
        if state.waiting.is_empty() && state.close_mode.is_none() {
            state = self.arrived.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.close_mode == Some(CloseMode::Discard) || (state.close_mode.is_some() && state.waiting.is_empty()) {
            state.waiting.clear();
            return QueuePoll::Closed;
        }
        let (mut writes, mut bytes) = (Vec::new(), 0);
        while writes.len() < BATCH
            && let Some(next) = state.waiting.front()
            && (writes.is_empty() || bytes + next.size + ROW <= BATCH_BYTES)
            && let Some(write) = state.waiting.pop_front()
        {
            bytes += write.size + ROW;
            writes.push(write);
        }
        state.bytes -= bytes;
        if writes.is_empty() { QueuePoll::Idle } else { QueuePoll::Batch(writes) }
    }

    /// Ends it; the first call counts.
    pub(super) fn close(&self, end: CloseMode) {
        self.state().close_mode.get_or_insert(end);
        self.arrived.notify_all();
    }

    /// Adds changes of backlogs.
    pub(super) fn change_backlogs(&self, changes: Vec<IntegrationBacklog>) {
        let mut state = self.state();
        for IntegrationBacklog { integration, backlog } in changes {
            state.backlog.add(backlog);
            state.backlogs.entry(integration).or_default().add(backlog);
        }
    }

    /// Replaces all backlogs.
    pub(super) fn set_backlogs(&self, backlogs: Vec<IntegrationBacklog>) {
        let mut state = self.state();
        (state.backlog, state.backlogs) = (Backlog::default(), HashMap::new());
        drop(state);
        self.change_backlogs(backlogs);
    }
}
