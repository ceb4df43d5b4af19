//! Connections above the limits of a listener.
//!
//! Each may ask one thing, in little time, and gets only what [`Overflow`]'s router gives: health, for example, which must be
//! answered while somebody holds all other connections. A connection that asks nothing makes room for the next one, so that
//! silent connections keep nobody out.

use super::ConnectionContext;
use super::timeout_stream::SharedPhase;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::task::AbortHandle;

/// How many there are at once.
pub(super) const MAX_OVERFLOW: usize = 32;

/// The connections above the limits.
pub(super) struct Overflow {
    /// What they share; none where there are no such connections.
    pub(super) context: Option<Arc<ConnectionContext>>,
    open: VecDeque<OverflowConnection>,
}

struct OverflowConnection {
    phase: SharedPhase,
    task: AbortHandle,
}

impl Overflow {
    /// No connections yet.
    pub(super) fn new(context: Option<ConnectionContext>) -> Self {
        Self { context: context.map(Arc::new), open: VecDeque::new() }
    }

    /// Whether there is room for one more; the oldest that has asked nothing ends where there is none.
    pub(super) fn make_room(&mut self) -> bool {
        self.open.retain(|connection| !connection.task.is_finished());
        if self.open.len() < MAX_OVERFLOW {
            return true;
        }
        let silent = self.open.iter().position(|connection| !connection.phase.is_answering());
        let Some(silent) = silent.and_then(|position| self.open.remove(position)) else { return false };
        silent.task.abort();
        true
    }

    /// Notes a connection.
    pub(super) fn add(&mut self, phase: SharedPhase, task: AbortHandle) {
        self.open.push_back(OverflowConnection { phase, task });
    }
}
