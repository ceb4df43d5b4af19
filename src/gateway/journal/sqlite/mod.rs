//! The store in SQLite: one connection that writes, in WAL mode with `synchronous=FULL`.
//!
//! A batch is one transaction, and what it counts is added up and written once. Memory holds names and totals as they are
//! committed; after a failure it is read anew.

mod accept;
mod firing;
mod open;
mod recent;
mod settle;
mod tally;
mod tidy;

pub(super) use firing::{SEPARATOR, identify};
pub(super) use open::{JOURNAL, reader, sqlite_version};
pub(super) use recent::Recent;
pub(super) use tidy::MOST_OPEN;

use super::Options;
use super::store::{Applied, Done, Failure, Load, Store, Write};
use crate::reload::Hash;
use recent::{Changes, Folding};
use rusqlite::{Connection, ErrorCode, OptionalExtension};
use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use tally::Tally;
use tidy::Part;

/// How many archives are remembered, for a rule set that comes back after its last push went.
const REMEMBERED_ARCHIVES: usize = 8;

/// The store in SQLite.
pub struct SqliteStore {
    path: PathBuf,
    options: Options,
    connection: Option<Connection>,
    memory: Memory,
    recent: Arc<Recent>,
    archives: VecDeque<(Hash, Vec<u8>)>,
    sweep: tidy::Sweep,
}

/// What is committed and often needed.
#[derive(Default)]
struct Memory {
    names: HashMap<String, i64>,
    rules: HashMap<Hash, i64>,
    next_delivery: i64,
    quarantined: i64,
    quarantined_bytes: i64,
    folding: Folding,
    /// Whether a total above changed in the batch at hand.
    touched: bool,
}

/// A batch at work.
struct Batch<'b> {
    connection: &'b Connection,
    memory: &'b mut Memory,
    recent: &'b Recent,
    changes: Changes,
    archives: &'b VecDeque<(Hash, Vec<u8>)>,
    tally: Tally,
}

type Outcome<T> = rusqlite::Result<T>;

impl SqliteStore {
    /// Opens the store in the state directory, or makes it there.
    ///
    /// # Errors
    /// In words: a schema of a later version, damage, rights.
    pub fn open(options: &Options) -> Result<Self, String> {
        let path = options.directory.join(JOURNAL);
        let connection = open::writer(&path)?;
        let mut store = Self {
            path,
            options: options.clone(),
            connection: Some(connection),
            memory: Memory::default(),
            recent: Arc::default(),
            archives: VecDeque::new(),
            sweep: tidy::Sweep::default(),
        };
        store.remember().map_err(|failure| failure.to_string())?;
        Ok(store)
    }

    /// How much waits for delivery, by integration.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn load(&self) -> Result<Vec<(String, Load)>, Failure> {
        let read = |connection: &Connection| -> Outcome<Vec<(String, Load)>> {
            let sql = "SELECT text, pending, pending_bytes FROM integration JOIN name ON name.id = integration.name";
            connection
                .prepare_cached(sql)?
                .query_map([], |row| Ok((row.get(0)?, Load { count: row.get(1)?, bytes: row.get(2)? })))?
                .collect()
        };
        read(self.handle()?).map_err(|error| failure(&error))
    }

    /// What changed lately in which firings are open.
    pub(super) fn recent(&self) -> Arc<Recent> {
        Arc::clone(&self.recent)
    }

    fn handle(&self) -> Result<&Connection, Failure> {
        self.connection.as_ref().ok_or_else(|| Failure::Broken("the store is not open".to_owned()))
    }

    fn remember(&mut self) -> Result<(), Failure> {
        let recent = &self.recent;
        let read = |connection: &Connection| -> Outcome<Memory> {
            let names = connection
                .prepare("SELECT text, id FROM name")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Outcome<_>>()?;
            let rules = connection
                .prepare("SELECT hash, id FROM rule_set")?
                .query_map([], |row| Ok((Hash(row.get(0)?), row.get(1)?)))?
                .collect::<Outcome<_>>()?;
            let sql = "SELECT next_delivery, quarantined, quarantined_bytes FROM total";
            let totals = connection
                .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?;
            let (next_delivery, quarantined, quarantined_bytes) = totals.unwrap_or((1, 0, 0));
            let folding = recent.read(connection)?;
            Ok(Memory {
                names,
                rules,
                next_delivery,
                quarantined,
                quarantined_bytes,
                folding,
                touched: false,
            })
        };
        self.memory = read(self.handle()?).map_err(|error| failure(&error))?;
        Ok(())
    }

    /// Runs one transaction; after a failure nothing of it is left, in memory neither.
    fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Batch<'_>) -> Outcome<T>,
    ) -> Result<(T, Applied), Failure> {
        let connection =
            self.connection.as_ref().ok_or_else(|| Failure::Broken("the store is not open".to_owned()))?;
        let mut batch = Batch {
            connection,
            memory: &mut self.memory,
            recent: &self.recent,
            changes: Changes::default(),
            archives: &self.archives,
            tally: Tally::default(),
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
            drop(self.remember());
            failure(&error)
        })
    }

    /// Writes all of it, and makes room for more where asked.
    fn batch(&mut self, writes: &[Write], makes_room: bool) -> Result<Applied, Failure> {
        let mut sweep = self.sweep.clone();
        let options = self.options.clone();
        let (done, mut applied) = self.transact(|batch| {
            let done = writes.iter().map(|write| batch.write(write)).collect::<Outcome<Vec<Done>>>()?;
            if makes_room {
                batch.make_room(&options, &mut sweep, writes)?;
            }
            Ok(done)
        })?;
        self.sweep = sweep;
        applied.done = done;
        Ok(applied)
    }

    fn tidy_parts(&mut self, parts: &[Part], now: i64) -> Result<bool, Failure> {
        let mut sweep = self.sweep.clone();
        let options = self.options.clone();
        let (more, _) = self.transact(|batch| batch.tidy(parts, &options, &mut sweep, now))?;
        self.sweep = sweep;
        Ok(more)
    }

    /// The one in force is the last that was handed in, and so never the one that is forgotten.
    fn recall(&mut self, hash: Hash, archive: &[u8]) {
        self.archives.retain(|(known, _)| *known != hash);
        self.archives.push_back((hash, archive.to_vec()));
        if self.archives.len() > REMEMBERED_ARCHIVES {
            self.archives.pop_front();
        }
    }
}

impl Store for SqliteStore {
    fn apply(&mut self, writes: &[Write]) -> Result<Applied, Failure> {
        for write in writes {
            if let Write::Rules(hash, archive) = write {
                self.recall(*hash, archive);
            }
        }
        match self.batch(writes, true) {
            // It may lie where room was made, which is done elsewhere the next time.
            Err(Failure::Damaged(_)) => {
                self.sweep.pass_over(Part::Pushes);
                self.batch(writes, false)
            }
            result => result,
        }
    }

    fn tidy(&mut self, now: i64) -> Result<bool, Failure> {
        // Before, as what a transaction that fails changes is forgotten.
        self.sweep.begin(now);
        match self.tidy_parts(&Part::ALL, now) {
            Err(Failure::Damaged(_)) => {}
            result => return result,
        }
        let mut more = false;
        for part in Part::ALL {
            more |= match self.tidy_parts(&[part], now) {
                Err(Failure::Damaged(_)) => self.sweep.pass_over(part),
                result => result?,
            };
        }
        Ok(more)
    }

    fn checkpoint(&mut self, fully: bool) -> Result<(), Failure> {
        let sql = if fully { "PRAGMA wal_checkpoint(TRUNCATE)" } else { "PRAGMA wal_checkpoint(PASSIVE)" };
        self.handle()?.query_row(sql, [], |_| Ok(())).map_err(|error| failure(&error))
    }

    fn reopen(&mut self) -> Result<Vec<(String, Load)>, Failure> {
        self.connection = None;
        let connection = open::writer(&self.path).map_err(Failure::Broken)?;
        self.connection = Some(connection);
        self.remember()?;
        self.load()
    }
}

impl Batch<'_> {
    fn begin(&self) -> Outcome<()> {
        self.connection.execute_batch("BEGIN IMMEDIATE")
    }

    fn write(&mut self, write: &Write) -> Outcome<Done> {
        match write {
            Write::Rules(hash, archive) => self.keep_rules(*hash, archive),
            Write::Accept(push) => self.accept(push),
            Write::Refuse(refused) => self.refuse(refused),
            Write::Settle(settlement) => self.settle(settlement),
            Write::SetAside(delivery, at) => self.set_aside(*delivery, *at),
            Write::Revive(deliveries, now) => self.revive(deliveries, *now),
            Write::Repeat(deliveries, now) => self.repeat(deliveries, *now),
            Write::Forget(deliveries) => self.forget(deliveries),
            Write::Release(id) => self.release(*id),
        }
    }

    /// The number of a name, which is given where it has none.
    fn name(&mut self, text: &str) -> Outcome<i64> {
        if let Some(id) = self.memory.names.get(text) {
            return Ok(*id);
        }
        self.connection.prepare_cached("INSERT INTO name (text) VALUES (?1)")?.execute([text])?;
        let id = self.connection.last_insert_rowid();
        self.memory.names.insert(text.to_owned(), id);
        Ok(id)
    }

    fn next_delivery(&mut self) -> i64 {
        let id = self.memory.next_delivery;
        self.memory.next_delivery += 1;
        self.memory.touched = true;
        id
    }

    /// Writes what was counted.
    fn finish(&mut self) -> Outcome<Applied> {
        if self.memory.touched {
            self.connection
                .prepare_cached(
                    "UPDATE total SET next_delivery = ?1, quarantined = ?2, quarantined_bytes = ?3",
                )?
                .execute((
                    self.memory.next_delivery,
                    self.memory.quarantined,
                    self.memory.quarantined_bytes,
                ))?;
            self.memory.touched = false;
        }
        self.fold(self.brought())?;
        self.tally.write(self.connection, &mut self.memory.rules)
    }
}

/// What an error of SQLite means for the batch.
fn failure(error: &rusqlite::Error) -> Failure {
    match error.sqlite_error() {
        Some(cause) if cause.code == ErrorCode::DiskFull => Failure::NoSpace,
        Some(cause) if cause.code == ErrorCode::DatabaseCorrupt => Failure::Damaged(error.to_string()),
        _ => Failure::Broken(error.to_string()),
    }
}

/// CRC-32.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum()
}
