//! Connections: how they are set up, and what is checked before one is used.

#![expect(clippy::disallowed_methods, reason = "the database is a file")]

use super::StoreResult;
use super::migration::{SCHEMA_VERSION, migrate, schema_version};
use crate::channel::StateFile;
use crate::gateway::journal::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::fs::File;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

/// The database and its write-ahead log in the state directory.
pub(super) const DATABASE_FILE: &str = StateFile::Journal.name();
pub(super) const LOG_FILE: &str = "journal.db-wal";

/// The size of a page. It is small, because a new firing changes a page anywhere in its table, and the log holds all of it.
pub(super) const PAGE_BYTES: u32 = 4096;

/// How long a connection waits for a lock.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The first version whose write-ahead log loses no commit when it is started again.
const LEAST_SQLITE: i32 = 3_051_003;

/// Up to so many pages, everything is checked at a start; in larger databases the latest rows are.
const FULL_CHECK_PAGES: i64 = 16_384;

/// A connection that writes, to a database of this build's schema.
pub(super) fn open_writer(path: &Path) -> StoreResult<Connection> {
    if rusqlite::version_number() < LEAST_SQLITE {
        let linked = rusqlite::version();
        return Err(StoreError::Broken(format!(
            "SQLite {linked} can lose committed writes: 3.51.3 or later is needed"
        )));
    }
    let unusable = |error: rusqlite::Error| {
        let path = path.display();
        StoreError::Broken(format!(
            "`{path}` cannot be opened: {error}; nothing was changed in it. Where it is damaged, recover what can be read: \
             sqlite3 {path} .recover | sqlite3 recovered.db, and put that in its place"
        ))
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    refuse_emptied(path).map_err(StoreError::Broken)?;
    make_private(path).map_err(|error| StoreError::Broken(format!("`{}`: {error}", path.display())))?;
    let connection = Connection::open_with_flags(path, flags).map_err(unusable)?;
    let version = schema_version(&connection).map_err(unusable)?;
    if version > SCHEMA_VERSION {
        let path = path.display();
        return Err(StoreError::Broken(format!(
            "`{path}` was written by a later version of this program (schema {version}, known is {SCHEMA_VERSION}): \
             start that version"
        )));
    }
    prepare(&connection).map_err(unusable)?;
    Ok(connection)
}

/// Lets plans not depend on the values of parameters. Otherwise SQLite prepares a statement again whenever a value is bound that
/// might change its plan, as each limit may, and that takes longer than most statements.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    keep_plans(connection)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.execute_batch(&format!("PRAGMA page_size = {PAGE_BYTES}"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; \
         PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF",
    )?;
    migrate(connection)?;
    verify(connection)
}

/// A check of bounded cost: all of a small database, of a large one the latest rows.
fn verify(connection: &Connection) -> rusqlite::Result<()> {
    let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    for table in ["push", "delivery", "total", "integration", "channel", "rule_set", "name"] {
        connection.query_row(&format!("SELECT max(rowid) FROM {table}"), [], |_| Ok(()))?;
    }
    if pages <= FULL_CHECK_PAGES {
        let found: Option<String> = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).optional()?;
        if let Some(found) = found.filter(|found| found != "ok") {
            tracing::error!(%found, "the journal is damaged; what can be read is served");
        }
    }
    Ok(())
}

/// A connection that reads.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    keep_plans(&connection)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -8192; PRAGMA query_only = ON")?;
    Ok(connection)
}

/// The size of a write-ahead log.
pub(super) fn log_bytes(log: &Path) -> u64 {
    std::fs::metadata(log).map_or(0, |log| log.len())
}

/// Refuses an empty database where something was stored before: SQLite would take it for a new one, and remove its log. A
/// first start that ended early leaves an empty database too, but none of the files that are made after it, and no log.
fn refuse_emptied(database: &Path) -> Result<(), String> {
    let bytes = std::fs::metadata(database).ok().map(|found| found.len());
    let log = log_bytes(&database.with_file_name(LOG_FILE));
    let was_in_use = [StateFile::LastGood, StateFile::FingerprintKey]
        .iter()
        .any(|file| database.with_file_name(file.name()).exists());
    let path = database.display();
    let (found, elsewhere) = match (bytes, log) {
        (Some(0), 0) if was_in_use => ("is empty, but its state directory was in use", DATABASE_FILE.to_owned()),
        (Some(0), 1..) => ("is empty, but its log is not", format!("{DATABASE_FILE}` and `{LOG_FILE}")),
        (None, 1..) => ("is missing, but its log is there", LOG_FILE.to_owned()),
        (None, 0) if was_in_use => {
            tracing::warn!(
                "beginning with an empty journal: `{path}` is missing, but its state directory was in use; pushes, \
                 waiting deliveries and dead letters from before are not in the new journal"
            );
            return Ok(());
        }
        (Some(1..), _) | (Some(0) | None, 0) => return Ok(()),
    };
    Err(format!(
        "`{path}` {found}: accepted pushes and waiting deliveries may be lost; nothing was changed. Move `{elsewhere}` \
         elsewhere, then put a backup of `{DATABASE_FILE}` there, or start without it: the journal is then empty"
    ))
}

/// Makes an empty database where there is none, and lets others read nothing. SQLite gives its other files the same
/// permissions.
fn make_private(database: &Path) -> std::io::Result<()> {
    let file = File::options().append(true).create(true).mode(0o600).open(database)?;
    let mut rights = file.metadata()?.permissions();
    if rights.mode() & 0o007 != 0 {
        rights.set_mode(rights.mode() & !0o007);
        file.set_permissions(rights)?;
    }
    Ok(())
}
