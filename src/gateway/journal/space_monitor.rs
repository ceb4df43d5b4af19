//! The thread that watches the state directory: its free space, and whether its files are still there.

use super::batch_writer::{AbortOnPanic, JournalState};
use super::state_directory::DiskRoom;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How often it looks.
const TICK: Duration = Duration::from_millis(500);

pub(super) struct SpaceMonitor {
    pub(super) shared: Arc<JournalState>,
    /// Disconnected when the journal is gone.
    pub(super) alive: Receiver<()>,
}

impl SpaceMonitor {
    /// Watches until the journal is gone or its files are.
    pub(super) fn run(self) {
        let _vital = AbortOnPanic(Arc::clone(&self.shared));
        loop {
            self.check_space();
            if self.shared.directory.is_lost() {
                tracing::error!("files of the state directory were removed or replaced: the gateway ends");
                self.shared.abort();
                return;
            }
            if self.alive.recv_timeout(TICK) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    fn check_space(&self) {
        let JournalState { directory, disk_full, metrics, .. } = &*self.shared;
        metrics.journal_bytes.set(i64::try_from(directory.bytes()).unwrap_or(i64::MAX));
        let DiskRoom { most_stored, shortage } = directory.room(self.shared.reusable.load(Ordering::Relaxed));
        self.shared.most_stored.store(most_stored, Ordering::Relaxed);
        match (self.shared.set_shortage(shortage), shortage) {
            (None, Some(shortage)) => shortage.warn(),
            (Some(_), None) => tracing::info!("the disk has room again: pushes are accepted"),
            (None, None) | (Some(_), Some(_)) => {}
        }
        if disk_full.load(Ordering::Relaxed) && shortage.is_none() && directory.make_ballast() {
            disk_full.store(false, Ordering::Relaxed);
            tracing::info!("the disk has room again");
        }
    }
}
