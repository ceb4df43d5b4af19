//! Silences as rows. Those that did not end are in memory as well, as every push asks them.

use super::{SqliteResult, SqliteTransaction, StoreResult};
use crate::gateway::journal::{EndedSilence, Silence, SilenceEndCause, SilenceId, SilenceList, SilenceTransaction};
use crate::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::sync::{Arc, PoisonError, RwLock};

/// The columns of a silence, in the order of [`silence_record`].
macro_rules! silence_columns {
    () => {
        "id, condition, starts, ends, until_resolved, channels, because, author, created, extensions, ended, cause, \
         ended_by, quiet, begun"
    };
}
pub(super) use silence_columns;

/// The silences that are committed and did not end.
#[derive(Debug, Default)]
pub(super) struct SharedSilences(RwLock<Arc<SilenceList>>);

impl SharedSilences {
    pub(super) fn list(&self) -> Arc<SilenceList> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the silences of a transaction that is committed.
    pub(super) fn publish(&self, silences: Arc<SilenceList>) {
        // Most transactions leave them as they are.
        if !Arc::ptr_eq(&silences, &self.list()) {
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = silences;
        }
    }

    /// Reads them again; damaged ones are skipped.
    pub(super) fn reload(&self, connection: &Connection) -> SqliteResult<()> {
        let sql = concat!("SELECT ", silence_columns!(), " FROM silence INDEXED BY silence_open WHERE ended IS NULL");
        let mut silences = Vec::new();
        for row in connection.prepare(sql)?.query_map([], silence_record)? {
            match row {
                Ok(silence) => silences.push(silence),
                Err(error) => tracing::error!(%error, "a silence cannot be read, and holds nothing"),
            }
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(SilenceList::new(silences));
        Ok(())
    }
}

impl SilenceTransaction for SqliteTransaction<'_> {
    fn silences(&mut self) -> StoreResult<Arc<SilenceList>> {
        Ok(Arc::clone(&self.silences))
    }

    fn find_silence(&mut self, id: SilenceId) -> StoreResult<Option<Silence>> {
        Ok(find_silence(self.connection, id)?)
    }

    fn put_silence(&mut self, silence: &Silence) -> StoreResult<()> {
        put_silence(self.connection, silence)?;
        self.silences = Arc::new(self.silences.with([silence.clone()]));
        Ok(())
    }
}

/// Adds the row of a silence, or replaces it.
pub(super) fn put_silence(connection: &Connection, silence: &Silence) -> StoreResult<()> {
    let sql = concat!(
        "INSERT OR REPLACE INTO silence (",
        silence_columns!(),
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
    );
    let json = |is_empty: bool, text: Result<String, serde_json::Error>| text.ok().filter(|_| !is_empty);
    let ended = silence.ended.as_ref();
    connection.prepare_cached(sql)?.execute(params![
        silence.id,
        silence.condition,
        silence.from,
        silence.until,
        silence.until_resolved,
        json(silence.channels.is_empty(), serde_json::to_string(&silence.channels)),
        silence.because,
        silence.author,
        silence.created,
        json(silence.extensions.is_empty(), serde_json::to_string(&silence.extensions)),
        ended.map(|end| end.at),
        ended.map(|end| end.cause),
        ended.and_then(|end| end.by.as_deref()),
        silence.quiet_since,
        silence.has_begun,
    ])?;
    Ok(())
}

impl SqliteTransaction<'_> {
    /// Removes silences that ended before that time, some of them; how many.
    pub(super) fn remove_silences(&self, before: Timestamp) -> SqliteResult<usize> {
        let sql = "DELETE FROM silence WHERE id IN (SELECT id FROM silence WHERE ended < ?1 ORDER BY ended LIMIT 256)";
        self.connection.prepare_cached(sql)?.execute([before])
    }
}

pub(super) fn find_silence(connection: &Connection, id: SilenceId) -> SqliteResult<Option<Silence>> {
    let sql = concat!("SELECT ", silence_columns!(), " FROM silence WHERE id = ?1");
    connection.prepare_cached(sql)?.query_row([id], silence_record).optional()
}

pub(super) fn silence_record(row: &Row<'_>) -> SqliteResult<Silence> {
    let (channels, extensions): (Option<String>, Option<String>) = (row.get(5)?, row.get(9)?);
    let (ended, cause): (Option<Timestamp>, Option<SilenceEndCause>) = (row.get(10)?, row.get(11)?);
    let by = row.get(12)?;
    Ok(Silence {
        id: row.get(0)?,
        condition: row.get(1)?,
        from: row.get(2)?,
        until: row.get(3)?,
        until_resolved: row.get(4)?,
        channels: channels.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        because: row.get(6)?,
        author: row.get(7)?,
        created: row.get(8)?,
        extensions: extensions.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        ended: ended.zip(cause).map(|(at, cause)| EndedSilence { at, cause, by }),
        quiet_since: row.get(13)?,
        has_begun: row.get(14)?,
    })
}
