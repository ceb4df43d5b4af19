//! Connections: how they are set up, and what is verified before one is used.

use crate::channel::StateFile;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::path::Path;
use std::time::Duration;

/// The name of the database in the state directory.
pub(in crate::gateway::journal) const DATABASE_FILE: &str = StateFile::Journal.name();

/// The version of the schema.
const SCHEMA_VERSION: i32 = 1;

/// The size of a page: small, for the firing of a new key changes a page anywhere in its table, and the log takes all of it.
pub(super) const PAGE_BYTES: u32 = 4096;

/// The first version whose write-ahead log loses no commit when it starts anew.
const LEAST_SQLITE: i32 = 3_051_003;

/// Below how many pages everything is checked at a start; above, what was written last is.
const FULL_CHECK_PAGES: i64 = 16_384;

/// The version of SQLite that is linked, `3.54.1`.
pub(in crate::gateway::journal) fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// A connection that writes.
pub(super) fn open_writer(path: &Path) -> Result<Connection, String> {
    if rusqlite::version_number() < LEAST_SQLITE {
        return Err(format!(
            "SQLite {} can lose committed writes: 3.51.3 or later is needed",
            sqlite_version()
        ));
    }
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|error| unusable(path, &error))?;
    let version: i32 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(|error| unusable(path, &error))?;
    if version > SCHEMA_VERSION {
        return Err(format!(
            "`{}` was written by a later version of this program (schema {version}, known is {SCHEMA_VERSION}): \
             start that version",
            path.display()
        ));
    }
    prepare(&connection, version).map_err(|error| unusable(path, &error))?;
    Ok(connection)
}

fn prepare(connection: &Connection, version: i32) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.execute_batch(&format!("PRAGMA page_size = {PAGE_BYTES}"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; \
         PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF",
    )?;
    if version == 0 {
        let schema = include_str!("../schema.sql");
        connection
            .execute_batch(&format!("BEGIN; {schema}; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT"))?;
    }
    verify(connection)
}

/// A check of bounded cost: all of a small database, of a large one what the journal needs to go on.
fn verify(connection: &Connection) -> rusqlite::Result<()> {
    let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    for table in ["push", "delivery", "total", "integration", "channel", "rule_set", "name"] {
        connection.query_row(&format!("SELECT max(rowid) FROM {table}"), [], |_| Ok(()))?;
    }
    if pages <= FULL_CHECK_PAGES {
        let found: Option<String> =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).optional()?;
        if let Some(found) = found.filter(|found| found != "ok") {
            tracing::error!(%found, "the journal is damaged; what can be read is served");
        }
    }
    Ok(())
}

/// A connection that reads.
pub(in crate::gateway::journal) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(64);
    connection
        .execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -8192; PRAGMA query_only = ON")?;
    Ok(connection)
}

fn unusable(path: &Path, error: &rusqlite::Error) -> String {
    let path = path.display();
    format!(
        "`{path}` cannot be opened: {error}; nothing was changed in it. Where it is damaged, recover what can be read: \
         sqlite3 {path} .recover | sqlite3 recovered.db, and put that in its place"
    )
}
