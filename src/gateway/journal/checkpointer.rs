//! The thread beside the writer: it moves the write-ahead log into its place while commits go on, and looks after the
//! space on the disk.

use super::batch_writer::{AbortOnPanic, JournalState};
use super::sqlite::{DATABASE_FILE, open_reader};
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How often it looks; the space on the disk every fifth time.
const TICK: Duration = Duration::from_millis(100);
const TICKS_PER_SPACE_CHECK: u32 = 5;

/// How many pages of the log wait before they are moved: 4 MiB, for commits wait while the disk is busy with more.
const CHECKPOINT_PAGES: i64 = 1_024;

/// How many pages the log may have before it has to start anew: 192 MiB.
const MOST_LOG_PAGES: i64 = 49_152;

/// How many of them, and how many rounds, may be left for the writer, which holds up commits with them: 1 MiB.
const LEFT_PAGES: i64 = 256;
const ROUNDS: usize = 8;

pub(super) struct Checkpointer {
    pub(super) shared: Arc<JournalState>,
    pub(super) directory: PathBuf,
    /// Disconnected when the journal is gone.
    pub(super) alive: Receiver<()>,
}

impl Checkpointer {
    pub(super) fn run(self) {
        let _vital = AbortOnPanic(Arc::clone(&self.shared));
        let mut connection: Option<Connection> = None;
        let mut tick = 0_u32;
        while self.alive.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            if tick.is_multiple_of(TICKS_PER_SPACE_CHECK) {
                self.check_space();
                if self.shared.directory.is_lost() {
                    tracing::error!(
                        "the files of the state directory were removed or replaced while the gateway runs: it ends"
                    );
                    self.shared.abort();
                    return;
                }
            }
            tick = tick.wrapping_add(1);
            if connection.is_none() {
                connection = open_reader(&self.directory.join(DATABASE_FILE)).ok();
            }
            if let Some(open) = &connection
                && self.check_log(open).is_err()
            {
                connection = None;
            }
        }
    }

    fn check_space(&self) {
        let JournalState { directory, low_on_space: short, disk_full: starved, metrics, .. } = &*self.shared;
        metrics.journal_bytes.set(i64::try_from(directory.bytes()).unwrap_or(i64::MAX));
        let is_short = directory.is_low_on_space();
        short.store(is_short, Ordering::Relaxed);
        if starved.load(Ordering::Relaxed) && !is_short && directory.make_ballast() {
            starved.store(false, Ordering::Relaxed);
            tracing::info!("the disk has room again");
        }
    }

    fn check_log(&self, connection: &Connection) -> rusqlite::Result<()> {
        let (pages, moved) = checkpoint(connection, "NOOP")?;
        if pages - moved < CHECKPOINT_PAGES {
            return Ok(());
        }
        checkpoint(connection, "PASSIVE")?;
        if pages <= MOST_LOG_PAGES {
            return Ok(());
        }
        // Each round has less to move than the one before, as less was appended during that.
        for _ in 0..ROUNDS {
            let (pages, moved) = checkpoint(connection, "NOOP")?;
            if pages - moved < LEFT_PAGES {
                break;
            }
            checkpoint(connection, "PASSIVE")?;
        }
        self.shared.log_oversized.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// Pages in the log, and how many of them are in their place.
fn checkpoint(connection: &Connection, how: &str) -> rusqlite::Result<(i64, i64)> {
    let sql = format!("PRAGMA wal_checkpoint({how})");
    connection.prepare_cached(&sql)?.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))
}
