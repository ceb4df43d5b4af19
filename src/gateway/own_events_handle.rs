//! Who has something to tell of senders that are heard or not: the handle of the task that makes events of it.

use std::sync::Arc;
use tokio::sync::Notify;

/// Wakes the task; clones share it.
#[derive(Clone, Default)]
pub struct OwnEventsHandle {
    changed: Arc<Notify>,
}

impl OwnEventsHandle {
    /// A sender was heard that may have been absent, or rules were loaded. Cheap; may be called from any thread.
    pub fn wake(&self) {
        self.changed.notify_one();
    }

    /// Waits until the task is woken; a wake before counts.
    pub(super) async fn woken(&self) {
        self.changed.notified().await;
    }
}
