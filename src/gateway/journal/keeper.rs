//! The thread beside the writer: it moves the write-ahead log into its place while commits go on, and looks after the
//! space on the disk.

use super::sqlite::{JOURNAL, reader};
use super::writer::{Shared, Vital};
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How often it looks; the space on the disk every fifth time.
const TICK: Duration = Duration::from_millis(100);
const TICKS_OF_SPACE: u32 = 5;

/// How many pages of the log wait before they are moved: 4 MiB, for commits wait while the disk is busy with more.
const MOVED_PAGES: i64 = 1_024;

/// How many pages the log may have before it has to start anew: 192 MiB.
const MOST_PAGES: i64 = 49_152;

/// How many of them, and how many rounds, may be left for the writer, which holds up commits with them: 1 MiB.
const LEFT_PAGES: i64 = 256;
const ROUNDS: usize = 8;

pub(super) struct Keeper {
    pub(super) shared: Arc<Shared>,
    pub(super) directory: PathBuf,
    /// Disconnected when the journal is gone.
    pub(super) alive: Receiver<()>,
}

impl Keeper {
    pub(super) fn run(self) {
        let _vital = Vital(Arc::clone(&self.shared));
        let mut connection: Option<Connection> = None;
        let mut tick = 0_u32;
        while self.alive.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            if tick.is_multiple_of(TICKS_OF_SPACE) {
                self.look_at_space();
                if self.shared.directory.is_lost() {
                    tracing::error!(
                        "the files of the state directory were removed or replaced while the gateway runs: it ends"
                    );
                    self.shared.give_up();
                    return;
                }
            }
            tick = tick.wrapping_add(1);
            if connection.is_none() {
                connection = reader(&self.directory.join(JOURNAL)).ok();
            }
            if let Some(open) = &connection
                && self.look_at_log(open).is_err()
            {
                connection = None;
            }
        }
    }

    fn look_at_space(&self) {
        let Shared { directory, short, starved, metrics, .. } = &*self.shared;
        metrics.journal_bytes.set(i64::try_from(directory.bytes()).unwrap_or(i64::MAX));
        let is_short = directory.is_short();
        short.store(is_short, Ordering::Relaxed);
        if starved.load(Ordering::Relaxed) && !is_short && directory.make_ballast() {
            starved.store(false, Ordering::Relaxed);
            tracing::info!("the disk has room again");
        }
    }

    fn look_at_log(&self, connection: &Connection) -> rusqlite::Result<()> {
        let (pages, moved) = checkpoint(connection, "NOOP")?;
        if pages - moved < MOVED_PAGES {
            return Ok(());
        }
        checkpoint(connection, "PASSIVE")?;
        if pages <= MOST_PAGES {
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
        self.shared.overlong.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// Pages in the log, and how many of them are in their place.
fn checkpoint(connection: &Connection, how: &str) -> rusqlite::Result<(i64, i64)> {
    let sql = format!("PRAGMA wal_checkpoint({how})");
    connection.prepare_cached(&sql)?.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))
}
