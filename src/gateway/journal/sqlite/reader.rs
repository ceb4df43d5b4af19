//! Reading: a few connections that never wait for the writer, and see everything that was answered.
//!
//! Damaged records are counted once and skipped; what follows them is still read.

#![expect(clippy::disallowed_methods, reason = "claims last for a time")]

mod deliveries;
mod event_page;
mod event_states;
mod fates;
mod messages;
mod pending;
mod pushes;
mod records;
mod silences;

use super::claims::ClaimTable;
use super::open::open_reader;
use super::recent_firings::RecentFirings;
use super::silences::SharedSilences;
use super::{SqliteResult, is_unreadable_value};
use crate::gateway::journal::{
    ClaimOwner, ClaimResult, DeliveryClaims, DeliveryId, DeliveryState, JournalError, JournalReader, PushId, ReadResult,
};
use crate::gateway::metrics::Metrics;
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, Row};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many connections there are.
const CONNECTIONS: usize = 4;

/// How many damaged records are remembered, so that each is counted once.
const REMEMBERED_DAMAGE: usize = 10_000;

/// The connections that read.
pub(super) struct ReaderPool {
    path: PathBuf,
    connections: [Mutex<Option<Connection>>; CONNECTIONS],
    next: AtomicUsize,
    memory: SharedMemory,
    metrics: Arc<Metrics>,
    damage: Mutex<HashSet<DamagedRecord>>,
}

/// What the writer keeps in memory for readers.
pub(super) struct SharedMemory {
    pub(super) recent: Arc<RecentFirings>,
    pub(super) silences: Arc<SharedSilences>,
    pub(super) claims: Arc<ClaimTable>,
}

/// A record that cannot be read, by the number of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum DamagedRecord {
    Delivery(DeliveryId),
    Push(i64),
    Quarantined(i64),
}

impl ReaderPool {
    pub(super) fn new(path: PathBuf, memory: SharedMemory, metrics: Arc<Metrics>) -> Self {
        let (connections, next) = (Default::default(), AtomicUsize::new(0));
        Self { path, connections, next, memory, metrics, damage: Mutex::default() }
    }

    /// Runs a query on a free connection, and counts an error.
    fn query<T>(&self, ask: impl Fn(&Connection) -> SqliteResult<T>) -> ReadResult<T> {
        self.count_error(self.run_query(ask))
    }

    /// Counts an error.
    fn count_error<T>(&self, read: SqliteResult<T>) -> ReadResult<T> {
        read.map_err(|error| {
            self.metrics.journal_faults.inc();
            JournalError::Failed(error.to_string())
        })
    }

    fn run_query<T>(&self, ask: impl Fn(&Connection) -> SqliteResult<T>) -> SqliteResult<T> {
        let free = self.connections.iter().find_map(|connection| connection.try_lock().ok());
        let mut held = free.unwrap_or_else(|| {
            let at = self.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS;
            let [first, ..] = &self.connections;
            self.connections.get(at).unwrap_or(first).lock().unwrap_or_else(PoisonError::into_inner)
        });
        let connection = match held.take() {
            Some(connection) => connection,
            None => open_reader(&self.path)?,
        };
        let result = ask(&connection);
        let is_spoilt = result.as_ref().err().and_then(rusqlite::Error::sqlite_error_code);
        if is_spoilt != Some(ErrorCode::SystemIoFailure) {
            *held = Some(connection);
        }
        result
    }

    /// Counts a damaged record, once.
    fn note_damage(&self, record: DamagedRecord) {
        let mut known = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < REMEMBERED_DAMAGE && known.insert(record) {
            self.metrics.damaged.inc();
            tracing::error!(?record, "a record of the journal is damaged and was set aside");
        }
    }
}

impl DeliveryClaims for ReaderPool {
    fn claim(&self, delivery: DeliveryId, owner: ClaimOwner, lease: Duration) -> ReadResult<ClaimResult> {
        if !self.memory.claims.claim(delivery, owner, Instant::now(), lease) {
            return Ok(ClaimResult::Held);
        }
        // A claim ends after its delivery was settled, so what was settled before this claim is seen here.
        let is_pending = self.query(|connection| {
            let sql = "SELECT 1 FROM delivery WHERE id = ?1 AND state = ?2";
            connection.prepare_cached(sql)?.exists((delivery, DeliveryState::Pending))
        });
        if is_pending == Ok(true) {
            return Ok(ClaimResult::Claimed);
        }
        self.memory.claims.release(&[delivery]);
        is_pending.map(|_| ClaimResult::Settled)
    }
}

impl JournalReader for ReaderPool {
    fn close(&self) {
        for connection in &self.connections {
            *connection.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

/// Whether an error means damage of a record rather than of the disk.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || is_unreadable_value(error)
}

/// Conditions of a query, and the values of its question marks.
#[derive(Default)]
struct SqlConditions {
    sql: String,
    values: Vec<Value>,
}

impl SqlConditions {
    /// Adds a condition, where its value is given.
    fn add(&mut self, sql: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.sql.push_str(" AND ");
            self.sql.push_str(sql);
            self.values.push(value.into());
        }
    }
}

fn bytes(id: PushId) -> Value {
    Value::Blob(id.0.to_bytes().to_vec())
}

/// A limit in SQL; 0 is no limit.
fn limit(limit: usize) -> i64 {
    if limit == 0 { -1 } else { i64::try_from(limit).unwrap_or(i64::MAX) }
}

/// A column that counts.
fn count(row: &Row<'_>, at: usize) -> SqliteResult<u64> {
    row.get::<_, i64>(at).map(|number| u64::try_from(number).unwrap_or(0))
}
