//! What is read of silences.

use super::{ReaderPool, SqliteResult, limit};
use crate::gateway::journal::sqlite::silences::{find_silence, silence_columns, silence_record};
use crate::gateway::journal::{ReadResult, Silence, SilenceFilter, SilenceId, SilenceList, SilenceReader};
use std::sync::Arc;

impl SilenceReader for ReaderPool {
    fn open_silences(&self) -> Arc<SilenceList> {
        self.memory.silences.list()
    }

    fn silences(&self, filter: &SilenceFilter) -> ReadResult<Vec<Silence>> {
        let sql = concat!(
            "SELECT ",
            silence_columns!(),
            " FROM silence WHERE (?1 OR ended IS NULL) AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3"
        );
        self.query(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map((filter.with_ended, filter.before, limit(filter.limit)), silence_record)?;
            rows.collect::<SqliteResult<_>>()
        })
    }

    fn silence(&self, id: SilenceId) -> ReadResult<Option<Silence>> {
        self.query(|connection| find_silence(connection, id))
    }
}
