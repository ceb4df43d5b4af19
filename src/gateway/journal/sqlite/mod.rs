//! The store in SQLite: one connection that writes, in WAL mode with `synchronous=FULL`.
//!
//! A batch is one transaction, and what it counts is added up and written once. Memory holds names and totals as they are
//! committed; after a failure it is read anew.

mod accept;
mod batch_counts;
mod firing;
mod open;
mod recent_firings;
mod retention;
mod settle;

pub(super) use firing::{SEPARATOR, lookup_digest};
pub(super) use open::{DATABASE_FILE, open_reader, sqlite_version};
pub(super) use recent_firings::RecentFirings;
pub(super) use retention::LONGEST_OPEN;

use super::JournalConfig;
use super::batch_store::{Backlog, BatchError, BatchStore, CommittedBatch, JournalWrite, WriteResult};
use crate::reload::RuleSetHash;
use batch_counts::BatchCounts;
use recent_firings::{FiringChangeSet, FiringCompaction};
use retention::RetentionClass;
use rusqlite::{Connection, ErrorCode, OptionalExtension};
use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

/// How many archives are remembered, for a rule set that comes back after its last push went.
const REMEMBERED_ARCHIVES: usize = 8;

/// The store in SQLite.
pub struct SqliteStore {
    path: PathBuf,
    options: JournalConfig,
    connection: Option<Connection>,
    cache: StoreCache,
    recent: Arc<RecentFirings>,
    archives: VecDeque<(RuleSetHash, Vec<u8>)>,
    retention: retention::RetentionCursor,
}

/// What is committed and often needed.
#[derive(Default)]
struct StoreCache {
    names: HashMap<String, i64>,
    rules: HashMap<RuleSetHash, i64>,
    next_delivery: i64,
    quarantined: i64,
    quarantined_bytes: i64,
    compaction: FiringCompaction,
    /// Whether a total above changed in the batch at hand.
    totals_changed: bool,
}

/// A batch at work.
struct BatchTransaction<'b> {
    connection: &'b Connection,
    cache: &'b mut StoreCache,
    recent: &'b RecentFirings,
    changes: FiringChangeSet,
    archives: &'b VecDeque<(RuleSetHash, Vec<u8>)>,
    counts: BatchCounts,
}

type SqliteResult<T> = rusqlite::Result<T>;

impl SqliteStore {
    /// Opens the store in the state directory, or makes it there.
    ///
    /// # Errors
    /// In words: a schema of a later version, damage, rights.
    pub fn open(options: &JournalConfig) -> Result<Self, String> {
        let path = options.directory.join(DATABASE_FILE);
        let connection = open::open_writer(&path)?;
        let mut store = Self {
            path,
            options: options.clone(),
            connection: Some(connection),
            cache: StoreCache::default(),
            recent: Arc::default(),
            archives: VecDeque::new(),
            retention: retention::RetentionCursor::default(),
        };
        store.load_cache().map_err(|failure| failure.to_string())?;
        Ok(store)
    }

    /// How much waits for delivery, by integration.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn backlogs(&self) -> Result<Vec<(String, Backlog)>, BatchError> {
        let read = |connection: &Connection| -> SqliteResult<Vec<(String, Backlog)>> {
            let sql = "SELECT text, pending, pending_bytes FROM integration JOIN name ON name.id = integration.name";
            connection
                .prepare_cached(sql)?
                .query_map([], |row| Ok((row.get(0)?, Backlog { count: row.get(1)?, bytes: row.get(2)? })))?
                .collect()
        };
        read(self.handle()?).map_err(|error| batch_error(&error))
    }

    /// What changed lately in which firings are open.
    pub(super) fn recent(&self) -> Arc<RecentFirings> {
        Arc::clone(&self.recent)
    }

    fn handle(&self) -> Result<&Connection, BatchError> {
        self.connection.as_ref().ok_or_else(|| BatchError::Broken("the store is not open".to_owned()))
    }

    fn load_cache(&mut self) -> Result<(), BatchError> {
        let recent = &self.recent;
        let read = |connection: &Connection| -> SqliteResult<StoreCache> {
            let names = connection
                .prepare("SELECT text, id FROM name")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<SqliteResult<_>>()?;
            let rules = connection
                .prepare("SELECT hash, id FROM rule_set")?
                .query_map([], |row| Ok((RuleSetHash(row.get(0)?), row.get(1)?)))?
                .collect::<SqliteResult<_>>()?;
            let sql = "SELECT next_delivery, quarantined, quarantined_bytes FROM total";
            let totals = connection
                .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?;
            let (next_delivery, quarantined, quarantined_bytes) = totals.unwrap_or((1, 0, 0));
            let folding = recent.reload(connection)?;
            Ok(StoreCache {
                names,
                rules,
                next_delivery,
                quarantined,
                quarantined_bytes,
                compaction: folding,
                totals_changed: false,
            })
        };
        self.cache = read(self.handle()?).map_err(|error| batch_error(&error))?;
        Ok(())
    }

    /// Runs one transaction; after a failure nothing of it is left, in memory neither.
    fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut BatchTransaction<'_>) -> SqliteResult<T>,
    ) -> Result<(T, CommittedBatch), BatchError> {
        let connection =
            self.connection.as_ref().ok_or_else(|| BatchError::Broken("the store is not open".to_owned()))?;
        let mut batch = BatchTransaction {
            connection,
            cache: &mut self.cache,
            recent: &self.recent,
            changes: FiringChangeSet::default(),
            archives: &self.archives,
            counts: BatchCounts::default(),
        };
        let result = batch.begin().and_then(|()| {
            let value = work(&mut batch)?;
            let applied = batch.finish()?;
            connection.execute_batch("COMMIT")?;
            self.recent.publish(std::mem::take(&mut batch.changes));
            Ok((value, applied))
        });
        if result.is_err() && !connection.is_autocommit() {
            drop(connection.execute_batch("ROLLBACK"));
        }
        result.map_err(|error| {
            drop(self.load_cache());
            batch_error(&error)
        })
    }

    /// Writes all of it, and makes room for more where asked.
    fn apply_batch(
        &mut self,
        writes: &[JournalWrite],
        makes_room: bool,
    ) -> Result<CommittedBatch, BatchError> {
        let mut sweep = self.retention.clone();
        let options = self.options.clone();
        let (done, mut applied) = self.transact(|batch| {
            let done =
                writes.iter().map(|write| batch.write(write)).collect::<SqliteResult<Vec<WriteResult>>>()?;
            if makes_room {
                batch.make_room(&options, &mut sweep, writes)?;
            }
            Ok(done)
        })?;
        self.retention = sweep;
        applied.results = done;
        Ok(applied)
    }

    fn prune_classes(&mut self, parts: &[RetentionClass], now: i64) -> Result<bool, BatchError> {
        let mut sweep = self.retention.clone();
        let options = self.options.clone();
        let (more, _) = self.transact(|batch| batch.prune(parts, &options, &mut sweep, now))?;
        self.retention = sweep;
        Ok(more)
    }

    /// The one in force is the last that was handed in, and so never the one that is forgotten.
    fn remember_archive(&mut self, hash: RuleSetHash, archive: &[u8]) {
        self.archives.retain(|(known, _)| *known != hash);
        self.archives.push_back((hash, archive.to_vec()));
        if self.archives.len() > REMEMBERED_ARCHIVES {
            self.archives.pop_front();
        }
    }
}

impl BatchStore for SqliteStore {
    fn apply(&mut self, writes: &[JournalWrite]) -> Result<CommittedBatch, BatchError> {
        for write in writes {
            if let JournalWrite::Rules(hash, archive) = write {
                self.remember_archive(*hash, archive);
            }
        }
        match self.apply_batch(writes, true) {
            // It may lie where room was made, which is done elsewhere the next time.
            Err(BatchError::Damaged(_)) => {
                self.retention.skip_damaged(RetentionClass::Pushes);
                self.apply_batch(writes, false)
            }
            result => result,
        }
    }

    fn prune(&mut self, now: i64) -> Result<bool, BatchError> {
        // Before, as what a transaction that fails changes is forgotten.
        self.retention.restart_if_due(now);
        match self.prune_classes(&RetentionClass::ALL, now) {
            Err(BatchError::Damaged(_)) => {}
            result => return result,
        }
        let mut more = false;
        for part in RetentionClass::ALL {
            more |= match self.prune_classes(&[part], now) {
                Err(BatchError::Damaged(_)) => self.retention.skip_damaged(part),
                result => result?,
            };
        }
        Ok(more)
    }

    fn checkpoint(&mut self, fully: bool) -> Result<(), BatchError> {
        let sql = if fully { "PRAGMA wal_checkpoint(TRUNCATE)" } else { "PRAGMA wal_checkpoint(PASSIVE)" };
        self.handle()?.query_row(sql, [], |_| Ok(())).map_err(|error| batch_error(&error))
    }

    fn reopen(&mut self) -> Result<Vec<(String, Backlog)>, BatchError> {
        self.connection = None;
        let connection = open::open_writer(&self.path).map_err(BatchError::Broken)?;
        self.connection = Some(connection);
        self.load_cache()?;
        self.backlogs()
    }
}

impl BatchTransaction<'_> {
    fn begin(&self) -> SqliteResult<()> {
        self.connection.execute_batch("BEGIN IMMEDIATE")
    }

    fn write(&mut self, write: &JournalWrite) -> SqliteResult<WriteResult> {
        match write {
            JournalWrite::Rules(hash, archive) => self.keep_rules(*hash, archive),
            JournalWrite::Accept(push) => self.accept(push),
            JournalWrite::Refuse(refused) => self.refuse(refused),
            JournalWrite::Settle(settlement) => self.settle(settlement),
            JournalWrite::MarkDamaged(delivery, at) => self.mark_damaged(*delivery, *at),
            JournalWrite::Requeue(deliveries, now) => self.requeue(deliveries, *now),
            JournalWrite::Redeliver(deliveries, now) => self.redeliver(deliveries, *now),
            JournalWrite::DeleteDeadLetters(deliveries) => self.delete_dead_letters(deliveries),
            JournalWrite::ReleaseQuarantined(id) => self.release_quarantined(*id),
        }
    }

    /// The number of a name, which is given where it has none.
    fn name_id(&mut self, text: &str) -> SqliteResult<i64> {
        if let Some(id) = self.cache.names.get(text) {
            return Ok(*id);
        }
        self.connection.prepare_cached("INSERT INTO name (text) VALUES (?1)")?.execute([text])?;
        let id = self.connection.last_insert_rowid();
        self.cache.names.insert(text.to_owned(), id);
        Ok(id)
    }

    fn next_delivery_id(&mut self) -> i64 {
        let id = self.cache.next_delivery;
        self.cache.next_delivery += 1;
        self.cache.totals_changed = true;
        id
    }

    /// Writes what was counted.
    fn finish(&mut self) -> SqliteResult<CommittedBatch> {
        if self.cache.totals_changed {
            self.connection
                .prepare_cached(
                    "UPDATE total SET next_delivery = ?1, quarantined = ?2, quarantined_bytes = ?3",
                )?
                .execute((self.cache.next_delivery, self.cache.quarantined, self.cache.quarantined_bytes))?;
            self.cache.totals_changed = false;
        }
        self.compact_firings(self.appended_count())?;
        self.counts.write(self.connection, &mut self.cache.rules)
    }
}

/// What an error of SQLite means for the batch.
fn batch_error(error: &rusqlite::Error) -> BatchError {
    match error.sqlite_error() {
        Some(cause) if cause.code == ErrorCode::DiskFull => BatchError::NoSpace,
        Some(cause) if cause.code == ErrorCode::DatabaseCorrupt => BatchError::Damaged(error.to_string()),
        _ => BatchError::Broken(error.to_string()),
    }
}

/// CRC-32.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum()
}
