//! The store in SQLite: one connection that writes, in WAL mode with `synchronous=FULL`, and a few that read.
//!
//! What a transaction counts is added up and written once, at its end. Memory holds names and totals as they are
//! committed; after a failure it is read again. A thread of the store moves the write-ahead log into its place.

mod accept;
mod batch_counts;
mod channel_records;
mod checkpointer;
mod claims;
mod column;
mod firing;
mod group_news;
mod heard;
mod held_events;
mod hold_facts;
mod hold_records;
mod message_rows;
mod migration;
mod open;
mod overdue;
mod quarantine;
mod reader;
mod recent_firings;
mod record_cache;
mod record_rows;
mod retention;
mod settle;
mod silences;
mod told_message;
mod watermark;

use super::{
    CheckpointMode, CommittedChanges, DeliveryId, IntegrationBacklog, JournalConfig, JournalReader, JournalStore,
    PruneProgress, SilenceList, StoreError, StoreResult, TransactionWork,
};
use crate::gateway::metrics::Metrics;
use crate::mutant::Mutant;
use crate::notification::holds::CircleMemory;
use crate::reload::{PastGeneration, RuleSetHash};
use crate::time::Timestamp;
use batch_counts::BatchCounts;
use checkpointer::Checkpointer;
use claims::ClaimTable;
use open::{DATABASE_FILE, LOG_FILE};
use quarantine::{QuarantineShare, QuarantineTotals};
use reader::{ReaderPool, SharedMemory};
use recent_firings::{FiringChangeSet, FiringCompaction, RecentFirings};
use record_cache::RecordCache;
use retention::{JournalBudget, PageCounts, RetentionClass, RetentionCursor};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row};
use silences::SharedSilences;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How many archives are remembered, for a rule set that comes back after its last push went.
const REMEMBERED_ARCHIVES: usize = 8;

/// How long readers may delay the writer where it empties the log.
const LOG_PATIENCE: Duration = Duration::from_secs(1);

/// The store in SQLite.
pub struct SqliteStore {
    path: PathBuf,
    log: PathBuf,
    options: JournalConfig,
    /// How many bytes the disk allows.
    most_stored: u64,
    /// The size above which the log is emptied again, where it could not be emptied before; 0 otherwise.
    most_log: u64,
    /// Nothing where it could not be opened again.
    open: Option<OpenDatabase>,
    cache: StoreCache,
    recent: Arc<RecentFirings>,
    silences: Arc<SharedSilences>,
    claims: Arc<ClaimTable>,
    archives: VecDeque<(RuleSetHash, Vec<u8>)>,
    retention: RetentionCursor,
    /// The bytes of free pages as a transaction saw them last.
    reusable: Cell<Option<u64>>,
}

struct OpenDatabase {
    connection: Connection,
    checkpointer: Checkpointer,
}

impl OpenDatabase {
    fn move_log(&self, mode: CheckpointMode) -> SqliteResult<()> {
        let sql = match mode {
            CheckpointMode::Partial => "PRAGMA wal_checkpoint(PASSIVE)",
            CheckpointMode::Full => "PRAGMA wal_checkpoint(TRUNCATE)",
        };
        let _paused = self.checkpointer.pause();
        self.connection.query_row(sql, [], |_| Ok(()))
    }
}

/// What is committed and often needed.
#[derive(Default)]
struct StoreCache {
    names: HashMap<String, i64>,
    rules: HashMap<RuleSetHash, i64>,
    next_delivery: i64,
    quarantine: QuarantineTotals,
    generation: Option<PastGeneration>,
    compaction: FiringCompaction,
    /// Whether there may be records of holds besides those of silences.
    has_holds: bool,
    /// Alerts and groups of channels that gather messages.
    records: RefCell<RecordCache>,
    /// Whether a total above changed in the transaction at hand.
    totals_changed: bool,
}

/// A transaction at work.
struct SqliteTransaction<'s> {
    connection: &'s Connection,
    options: &'s JournalConfig,
    budget: JournalBudget,
    cache: &'s mut StoreCache,
    archives: &'s mut VecDeque<(RuleSetHash, Vec<u8>)>,
    recent: &'s RecentFirings,
    /// The silences that did not end, as this transaction leaves them.
    silences: Arc<SilenceList>,
    /// What is known of circles of holds.
    circles: RefCell<CircleMemory>,
    reusable: &'s Cell<Option<u64>>,
    changes: FiringChangeSet,
    counts: BatchCounts,
    sweep: RetentionCursor,
    /// Deliveries whose claims end with the transaction.
    settled: Vec<DeliveryId>,
    /// How many pushes it stores, and when the first was received.
    pushes: usize,
    received: Option<Timestamp>,
}

type SqliteResult<T> = rusqlite::Result<T>;

impl SqliteStore {
    /// Opens the store in the state directory, or makes it there.
    ///
    /// # Errors
    /// A schema of a later version, damage, rights.
    pub fn open(options: &JournalConfig) -> Result<Self, StoreError> {
        let mut store = Self {
            path: options.directory.join(DATABASE_FILE),
            log: options.directory.join(LOG_FILE),
            options: options.clone(),
            most_stored: u64::MAX,
            most_log: 0,
            open: None,
            cache: StoreCache::default(),
            recent: Arc::default(),
            silences: Arc::default(),
            claims: Arc::default(),
            archives: VecDeque::new(),
            retention: RetentionCursor::default(),
            reusable: Cell::new(None),
        };
        store.reopen()?;
        tracing::info!(sqlite = rusqlite::version(), "the journal is open");
        Ok(store)
    }

    fn handle(&self) -> StoreResult<&OpenDatabase> {
        self.open.as_ref().ok_or_else(|| StoreError::Broken("the store is not open".to_owned()))
    }

    fn load_cache(&mut self) -> StoreResult<()> {
        let connection = &self.handle()?.connection;
        let names = connection
            .prepare("SELECT text, id FROM name")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<SqliteResult<_>>()?;
        let rules = connection
            .prepare("SELECT hash, id FROM rule_set")?
            .query_map([], |row| Ok((RuleSetHash(row.get(0)?), row.get(1)?)))?
            .collect::<SqliteResult<_>>()?;
        let sql = "SELECT next_delivery, quarantined, quarantined_bytes, generation, rules FROM total";
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, past_generation(row, 3)));
        let totals = connection.query_row(sql, [], row).optional()?;
        let (next_delivery, count, bytes, generation) = totals.unwrap_or((1, 0, 0, None));
        let quarantine = QuarantineTotals::load(connection, QuarantineShare { count, bytes })?;
        let compaction = self.recent.reload(connection)?;
        self.silences.reload(connection)?;
        let has_holds = hold_records::has_holds(connection)?;
        self.cache = StoreCache {
            names,
            rules,
            next_delivery,
            quarantine,
            generation,
            compaction,
            has_holds,
            ..StoreCache::default()
        };
        Ok(())
    }

    /// Runs one transaction; after a failure nothing of it is left, in memory neither.
    fn run<T>(
        &mut self,
        work: impl FnOnce(&mut SqliteTransaction<'_>) -> StoreResult<T>,
    ) -> StoreResult<(T, CommittedChanges)> {
        let Some(OpenDatabase { connection, checkpointer }) = &self.open else {
            return Err(StoreError::Broken("the store is not open".to_owned()));
        };
        if checkpointer.has_ended() {
            return Err(StoreError::Broken("the write-ahead log is not moved any more".to_owned()));
        }
        let mut transaction = SqliteTransaction {
            connection,
            options: &self.options,
            budget: JournalBudget::new(&self.options, self.most_stored),
            cache: &mut self.cache,
            archives: &mut self.archives,
            recent: &self.recent,
            silences: self.silences.list(),
            circles: RefCell::default(),
            reusable: &self.reusable,
            changes: FiringChangeSet::default(),
            counts: BatchCounts::default(),
            sweep: self.retention.clone(),
            settled: Vec::new(),
            pushes: 0,
            received: None,
        };
        let result = transaction.commit(work);
        let SqliteTransaction { changes, settled, sweep, silences, .. } = transaction;
        if result.is_ok() {
            self.recent.publish(changes);
            self.silences.publish(silences);
            self.claims.release(&settled);
            self.retention = sweep;
        } else {
            if !connection.is_autocommit() {
                drop(connection.execute_batch("ROLLBACK"));
            }
            self.cache.records.take();
            drop(self.load_cache());
        }
        result
    }

    fn budget(&self) -> JournalBudget {
        JournalBudget::new(&self.options, self.most_stored)
    }

    /// Empties the log where it has nearly outgrown its share, as the thread that restarts it is late. Where a reader is in the
    /// way, the log may grow by some more until the next try.
    fn bound_log(&mut self) -> StoreResult<()> {
        let share = self.budget().log_share();
        // The share follows the disk, so what it was does not count.
        let most = self.most_log.max(share / 8 * 7);
        let bytes = open::log_bytes(&self.log);
        if bytes <= most {
            return Ok(());
        }
        let handle = self.handle()?;
        handle.connection.busy_timeout(LOG_PATIENCE)?;
        drop(handle.move_log(CheckpointMode::Full));
        handle.connection.busy_timeout(open::PATIENCE)?;
        let is_smaller = open::log_bytes(&self.log) < bytes;
        self.most_log = if is_smaller { 0 } else { bytes + share / 16 };
        Ok(())
    }

    fn prune_classes(&mut self, classes: &[RetentionClass], now: Timestamp) -> StoreResult<PruneProgress> {
        self.run(|transaction| transaction.prune(classes, now)).map(|(progress, _)| progress)
    }
}

impl JournalStore for SqliteStore {
    fn transact(&mut self, work: &mut TransactionWork<'_>) -> StoreResult<CommittedChanges> {
        if self.handle()?.checkpointer.take_oversized() {
            drop(self.checkpoint(CheckpointMode::Partial));
        }
        self.bound_log()?;
        let result = self.run(|transaction| {
            work(transaction)?;
            transaction.write_records()?;
            transaction.free_pages()
        });
        let result = match result {
            // The damage may be where pages were freed, which is done elsewhere the next time.
            Err(StoreError::Damaged(_)) => {
                self.retention.skip_damaged(RetentionClass::Pushes);
                self.run(|transaction| work(transaction))
            }
            result => result,
        };
        result.map(|((), changes)| changes)
    }

    fn prune(&mut self, now: Timestamp) -> StoreResult<PruneProgress> {
        // Before, as what a transaction that fails changes is forgotten. A sweep that makes room goes to its end.
        let budget = self.budget();
        let pages = PageCounts::read(&self.handle()?.connection);
        if !pages.is_ok_and(|pages| pages.is_over(budget)) {
            self.retention.restart_if_due(now);
        }
        match self.prune_classes(&RetentionClass::ALL, now) {
            Err(StoreError::Damaged(_)) => {}
            result => return result,
        }
        let mut all = PruneProgress::Done;
        for class in RetentionClass::ALL {
            let progress = match self.prune_classes(&[class], now) {
                Err(StoreError::Damaged(_)) => self.retention.skip_damaged(class),
                result => result?,
            };
            if progress == PruneProgress::More {
                all = progress;
            }
        }
        Ok(all)
    }

    fn limit_bytes(&mut self, most: u64) {
        self.most_stored = most;
        if let Some(open) = &self.open {
            open.checkpointer.limit_log(self.budget().restarted_log());
        }
    }

    fn reusable_bytes(&self) -> u64 {
        // Every transaction looks at them: to ask again after each commit would be a read transaction more.
        self.reusable.get().unwrap_or_else(|| {
            let pages = self.open.as_ref().and_then(|open| PageCounts::read(&open.connection).ok());
            pages.map_or(0, |pages| retention::page_bytes(pages.free))
        })
    }

    fn checkpoint(&mut self, mode: CheckpointMode) -> StoreResult<()> {
        Ok(self.handle()?.move_log(mode)?)
    }

    fn reopen(&mut self) -> StoreResult<()> {
        self.open = None;
        let connection = open::open_writer(&self.path)?;
        if Mutant::RepeatAnew.is_on() {
            let sql = "UPDATE told_group SET last_message = unixepoch() * 1000 WHERE last_message IS NOT NULL";
            connection.execute_batch(sql)?;
        }
        let checkpointer = Checkpointer::start(self.path.clone())?;
        self.open = Some(OpenDatabase { connection, checkpointer });
        self.load_cache()
    }

    fn backlogs(&self) -> StoreResult<Vec<IntegrationBacklog>> {
        let sql = "SELECT text, pending, pending_bytes FROM integration JOIN name ON name.id = integration.name";
        let mut statement = self.handle()?.connection.prepare_cached(sql)?;
        let rows = statement.query_map([], batch_counts::integration_backlog)?;
        Ok(rows.collect::<SqliteResult<_>>()?)
    }

    fn reader(&self, metrics: &Arc<Metrics>) -> Arc<dyn JournalReader> {
        let memory = SharedMemory {
            recent: Arc::clone(&self.recent),
            silences: Arc::clone(&self.silences),
            claims: Arc::clone(&self.claims),
        };
        Arc::new(ReaderPool::new(self.path.clone(), memory, Arc::clone(metrics)))
    }

    fn files(&self) -> &'static [&'static str] {
        &[DATABASE_FILE, LOG_FILE]
    }
}

impl SqliteTransaction<'_> {
    /// Does some work between the beginning and the commit.
    fn commit<T>(&mut self, work: impl FnOnce(&mut Self) -> StoreResult<T>) -> StoreResult<(T, CommittedChanges)> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let value = work(self)?;
        self.write_records()?;
        let changes = self.write_counts()?;
        self.connection.execute_batch("COMMIT")?;
        Ok((value, changes))
    }

    /// Writes alerts and groups that changed, before rows are searched.
    fn write_records(&mut self) -> StoreResult<()> {
        self.cache.records.get_mut().write(self.connection)
    }

    /// The number of a name, which is given where it has none.
    fn name_id(&mut self, text: &str) -> StoreResult<i64> {
        if let Some(id) = self.cache.names.get(text) {
            return Ok(*id);
        }
        self.connection.prepare_cached("INSERT INTO name (text) VALUES (?1)")?.execute([text])?;
        let id = self.connection.last_insert_rowid();
        self.cache.names.insert(text.to_owned(), id);
        Ok(id)
    }

    fn next_delivery_id(&mut self) -> DeliveryId {
        let id = self.cache.next_delivery;
        self.cache.next_delivery += 1;
        self.cache.totals_changed = true;
        DeliveryId(id)
    }

    /// Notes a generation, unless it is an earlier one, or 0: rules that no gateway serves have that one.
    fn note_generation(&mut self, noted: PastGeneration) {
        if noted.generation > self.cache.generation.map_or(0, |past| past.generation) {
            self.cache.generation = Some(noted);
            self.cache.totals_changed = true;
        }
    }

    /// Writes what was counted.
    fn write_counts(&mut self) -> StoreResult<CommittedChanges> {
        if self.cache.totals_changed {
            let StoreCache { next_delivery, quarantine, generation, .. } = &*self.cache;
            let number = generation.map_or(0, |past| past.generation.cast_signed());
            let sql = "UPDATE total SET next_delivery = ?1, quarantined = ?2, quarantined_bytes = ?3, \
                       generation = ?4, rules = ?5";
            let rules = generation.map(|past| past.rules.0);
            let QuarantineShare { count, bytes } = quarantine.all;
            let values = (next_delivery, count, bytes, number, rules);
            self.connection.prepare_cached(sql)?.execute(values)?;
            self.cache.totals_changed = false;
        }
        self.compact_firings(self.appended_count())?;
        Ok(self.counts.write(self.connection, &mut self.cache.rules)?)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::NoSpace,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(error.to_string()),
            _ if is_unreadable_value(&error) => Self::Damaged(error.to_string()),
            _ => Self::Broken(error.to_string()),
        }
    }
}

/// Whether a row holds what was never written to it.
fn is_unreadable_value(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
    )
}

/// The columns of a generation and its rules.
fn past_generation(row: &Row<'_>, at: usize) -> Option<PastGeneration> {
    // A value that cannot be read costs the count, not the start.
    let (generation, rules) = (row.get::<_, i64>(at).unwrap_or_default(), row.get(at + 1).unwrap_or_default());
    let (generation, rules): (u64, Option<[u8; 32]>) = (generation.cast_unsigned(), rules);
    rules.map(|rules| PastGeneration { generation, rules: RuleSetHash(rules) })
}

fn size(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

/// CRC-32.
fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum()
}
