//! Reading: a few connections that never wait for the writer and see everything that was answered.
//!
//! What cannot be read for damage is counted once and passed over; what follows it is still served.

mod deliveries;
mod list;

use super::JournalError;
use super::record::PushOrigin;
use super::sqlite::{DATABASE_FILE, RecentFirings, open_reader};
use crate::gateway::metrics::Metrics;
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How many connections there are.
const CONNECTIONS: usize = 4;

/// How many damaged records are remembered, so that each is counted once.
const REMEMBERED_DAMAGE: usize = 10_000;

pub(super) use deliveries::StoredBody;
pub(super) use list::SettledFilter;

pub(super) struct ReaderPool {
    path: PathBuf,
    connections: [Mutex<Option<Connection>>; CONNECTIONS],
    next: AtomicUsize,
    recent: Arc<RecentFirings>,
    metrics: Arc<Metrics>,
    damage: Mutex<HashSet<i64>>,
}

impl ReaderPool {
    pub(super) fn new(
        directory: &std::path::Path,
        recent: Arc<RecentFirings>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            path: directory.join(DATABASE_FILE),
            connections: Default::default(),
            next: AtomicUsize::new(0),
            recent,
            metrics,
            damage: Mutex::default(),
        }
    }

    /// Asks something of a connection that is free.
    fn query<T>(&self, ask: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, JournalError> {
        self.count_error(self.run_query(ask))
    }

    /// Counts an error, and puts it in words.
    fn count_error<T>(&self, read: rusqlite::Result<T>) -> Result<T, JournalError> {
        read.map_err(|error| {
            self.metrics.journal_faults.inc();
            JournalError::Failed(error.to_string())
        })
    }

    fn run_query<T>(&self, ask: impl Fn(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
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

    /// Counts a damaged record; whether it was not known yet.
    fn note_damage(&self, id: i64) -> bool {
        let mut known = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_DAMAGE || !known.insert(id) {
            return false;
        }
        self.metrics.damaged.inc();
        tracing::error!(id, "a record of the journal is damaged and was set aside");
        true
    }

    /// Closes all connections.
    pub(super) fn close(&self) {
        for connection in &self.connections {
            *connection.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

/// Whether an error means damage of a record rather than of the disk.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || matches!(
            error,
            rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::Utf8Error(..)
        )
}

/// The door of a number.
fn protocol(number: i64) -> PushOrigin {
    match number {
        1 => PushOrigin::Form,
        2 => PushOrigin::Flashduty,
        3 => PushOrigin::Alertmanager,
        4 => PushOrigin::Replay,
        _ => PushOrigin::Push,
    }
}

/// Conditions of a query, and the values that stand for its question marks.
#[derive(Default)]
struct SqlConditions {
    sql: String,
    values: Vec<Value>,
}

impl SqlConditions {
    fn add(&mut self, sql: &str, value: Option<impl Into<Value>>) {
        let Some(value) = value else { return };
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
        self.values.push(value.into());
    }
}

/// A limit as SQL has it: 0 is all.
fn limit(limit: usize) -> i64 {
    if limit == 0 { -1 } else { i64::try_from(limit).unwrap_or(i64::MAX) }
}
