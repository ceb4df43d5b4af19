//! The thread that moves the write-ahead log into its place while commits go on.

use super::StoreResult;
use super::open::{PAGE_BYTES, open_reader};
use crate::gateway::journal::StoreError;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often it looks.
const TICK: Duration = Duration::from_millis(100);

/// How many pages of the log wait before they are moved: 4 MiB, for commits wait while the disk is busy with more.
const CHECKPOINT_PAGES: i64 = 1_024;

/// How many pages the log may have before it has to be restarted: 192 MiB.
const MAX_LOG_PAGES: i64 = 49_152;

/// How many of them, and after how many rounds, may be left for the writer, which holds up commits with them: 1 MiB. The log
/// of a small store has fewer pages, in the same proportions.
const LEFT_PAGES: i64 = 256;
const ROUNDS: usize = 8;

/// A handle on the thread, which ends with it.
pub(super) struct Checkpointer {
    thread: Option<JoinHandle<()>>,
    alive: Option<mpsc::Sender<()>>,
    limits: Arc<LogLimits>,
}

/// What the thread and the writer tell each other.
struct LogLimits {
    /// How many pages the log may have.
    most: AtomicI64,
    /// The log is over its size: the writer has to restart it.
    oversized: AtomicBool,
    /// Held by whoever moves the log: a checkpoint that meets another one moves nothing, and does not wait for it
    /// (<https://sqlite.org/c3ref/wal_checkpoint_v2.html>).
    moving: Mutex<()>,
}

impl Checkpointer {
    /// Starts the thread for a database.
    pub(super) fn start(path: PathBuf) -> StoreResult<Self> {
        let limits = Arc::new(LogLimits::default());
        let shared = Arc::clone(&limits);
        let (alive, gone) = mpsc::channel();
        let run = move || {
            let mut connection = None;
            while gone.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                if check_log(&mut connection, &path, &shared).is_err() {
                    connection = None;
                }
            }
        };
        let thread = std::thread::Builder::new().name("journal-log".to_owned()).spawn(run);
        let thread = thread.map_err(|error| StoreError::Broken(error.to_string()))?;
        Ok(Self { thread: Some(thread), alive: Some(alive), limits })
    }

    /// Whether the thread has panicked.
    pub(super) fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Whether the writer has to restart the log; true once.
    pub(super) fn take_oversized(&self) -> bool {
        self.limits.oversized.swap(false, Ordering::Relaxed)
    }

    /// Waits until the thread moves nothing; it moves nothing while the guard lives.
    pub(super) fn pause(&self) -> MutexGuard<'_, ()> {
        self.limits.begin_move()
    }

    /// Sets how many bytes the log may have before it has to be restarted; never more than by default.
    pub(super) fn limit_log(&self, bytes: u64) {
        self.limits.limit(bytes);
    }
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { most: AtomicI64::new(MAX_LOG_PAGES), oversized: AtomicBool::new(false), moving: Mutex::default() }
    }
}

impl LogLimits {
    fn limit(&self, bytes: u64) {
        let pages = i64::try_from(bytes / u64::from(PAGE_BYTES)).unwrap_or(i64::MAX);
        self.most.store(pages.min(MAX_LOG_PAGES), Ordering::Relaxed);
    }

    fn begin_move(&self) -> MutexGuard<'_, ()> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.alive = None;
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn check_log(connection: &mut Option<Connection>, path: &Path, limits: &LogLimits) -> rusqlite::Result<()> {
    let most = limits.most.load(Ordering::Relaxed);
    let connection = match connection {
        Some(open) => open,
        None => connection.insert(open_reader(path)?),
    };
    let log = checkpoint(connection, "NOOP")?;
    if log.waiting() < CHECKPOINT_PAGES.min(most / 4) {
        return Ok(());
    }
    let move_some = || {
        let _moving = limits.begin_move();
        checkpoint(connection, "PASSIVE")
    };
    move_some()?;
    if log.pages <= most {
        return Ok(());
    }
    // Each round has less to move than the one before, as less was appended during that.
    for _ in 0..ROUNDS {
        if checkpoint(connection, "NOOP")?.waiting() < LEFT_PAGES.min(most / 8) {
            break;
        }
        move_some()?;
    }
    limits.oversized.store(true, Ordering::Relaxed);
    Ok(())
}

/// The pages of the log.
struct LogPages {
    pages: i64,
    moved: i64,
}

impl LogPages {
    fn waiting(&self) -> i64 {
        self.pages - self.moved
    }
}

fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<LogPages> {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    connection.prepare_cached(&sql)?.query_row([], |row| Ok(LogPages { pages: row.get(1)?, moved: row.get(2)? }))
}

#[cfg(test)]
mod tests {
    use super::{LogLimits, check_log, checkpoint};
    use crate::gateway::journal::sqlite::SqliteStore;
    use crate::gateway::journal::sqlite::open::{log_bytes, open_reader, open_writer};
    use crate::gateway::journal::sqlite::retention::JournalBudget;
    use crate::gateway::journal::{CheckpointMode, JournalConfig, JournalStore};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn the_log_is_emptied_although_the_thread_moves_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = JournalConfig { directory: folder.path().to_owned(), ..JournalConfig::default() };
        let mut store = SqliteStore::open(&config).expect("a store");
        let limits = Arc::clone(&store.open.as_ref().expect("it is open").checkpointer.limits);
        limits.limit(0);
        let (path, log) = (store.path.clone(), store.log.clone());
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut connection = None;
                while !ended.load(Ordering::Relaxed) {
                    check_log(&mut connection, &path, &limits).expect("it looks");
                }
            });
            let filler = open_writer(&path).expect("a second writer");
            filler.execute_batch("CREATE TABLE filler (bytes BLOB)").expect("a table");
            for _ in 0..200 {
                filler.execute("INSERT INTO filler VALUES (zeroblob(100000))", []).expect("some pages");
                store.checkpoint(CheckpointMode::Full).expect("it is emptied");
                let left = log_bytes(&log);
                if left > 0 {
                    ended.store(true, Ordering::Relaxed);
                }
                assert_eq!(left, 0, "the log is empty");
            }
            ended.store(true, Ordering::Relaxed);
        });
    }

    #[test]
    fn on_a_nearly_full_disk_a_few_pages_stay_in_the_log() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.db");
        let writer = open_writer(&path).expect("a database");
        let limits = LogLimits::default();
        // The disk has no room for the store.
        limits.limit(JournalBudget::new(&JournalConfig::default(), 1).restarted_log());
        let look = || {
            check_log(&mut None, &path, &limits).expect("it looks");
            let reader = open_reader(&path).expect("a reader");
            checkpoint(&reader, "NOOP").expect("the pages of the log").moved
        };
        writer.execute_batch("CREATE TABLE filler (bytes BLOB)").expect("some pages");
        assert_eq!((look(), limits.oversized.load(Ordering::Relaxed)), (0, false));
        writer.execute("INSERT INTO filler VALUES (zeroblob(4000000))", []).expect("many pages");
        assert!(look() > 900 && limits.oversized.load(Ordering::Relaxed));
    }
}
