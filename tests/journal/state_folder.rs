//! The state directory of a journal, with a store of either kind.

use super::memory::MemoryDisk;
use crate::common::Folder;
use pointsman::gateway::journal::{Journal, JournalConfig, JournalStore, SqliteStore};
use pointsman::gateway::metrics::Metrics;
use pointsman::ruleset::SystemClock;
use std::path::PathBuf;
use std::sync::Arc;

/// A folder that is the state directory of a journal.
pub(crate) struct StateFolder {
    pub(super) folder: Folder,
    /// Where the store is, unless it is in SQLite.
    disk: Option<MemoryDisk>,
}

impl StateFolder {
    pub(crate) fn new() -> Self {
        Self { folder: Folder::new(), disk: None }
    }

    pub(crate) fn in_memory() -> Self {
        Self { folder: Folder::new(), disk: Some(MemoryDisk::default()) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// An empty one with a store of the same kind.
    pub(crate) fn another(&self) -> Self {
        if self.disk.is_some() { Self::in_memory() } else { Self::new() }
    }

    pub(crate) fn options(&self) -> JournalConfig {
        JournalConfig { directory: self.folder.path().to_owned(), least_free: Some(0), ..JournalConfig::default() }
    }

    pub(crate) fn store(&self, options: &JournalConfig) -> Box<dyn JournalStore> {
        match &self.disk {
            Some(disk) => Box::new(disk.store(options)),
            None => Box::new(SqliteStore::open(options).unwrap()),
        }
    }

    pub(crate) fn open(&self) -> Journal {
        self.open_with(&self.options(), Arc::default())
    }

    pub(crate) fn open_with(&self, options: &JournalConfig, metrics: Arc<Metrics>) -> Journal {
        let wake = Arc::new(|_: &str| {});
        Journal::open_with_store(options, Arc::new(SystemClock), metrics, wake, |options| Ok(self.store(options)))
            .unwrap()
    }
}
