//! Pages of accepted pushes, in the order of the rows; damaged rows are skipped.

use super::records::request;
use super::{DamagedRecord, ReaderPool, SqlConditions, SqliteResult, is_damage};
use crate::gateway::journal::sqlite::checksum;
use crate::gateway::journal::{
    AcceptedPush, MAX_PUSH_PAGE_BYTES, MAX_PUSHES_OF_PAGE, PushFilter, PushPage, PushReader, ReadResult,
};
use crate::time::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};

const SELECT_PUSHES: &str = "SELECT push.id, name.text, door, received, payload, request, checksum, replay_of IS NOT NULL \
     AND EXISTS (SELECT 1 FROM push first WHERE first.ulid = push.replay_of) FROM push CROSS JOIN name ON name.id = integration";

impl PushReader for ReaderPool {
    fn pushes(&self, filter: &PushFilter) -> ReadResult<PushPage> {
        let first = self.query(|connection| first_place(connection, filter))?;
        let mut page = match self.run_query(|connection| read_page(connection, filter, first)) {
            Err(error) if is_damage(&error) => self.pushes_around_damage(filter, first),
            read => self.count_error(read),
        }?;
        page.damaged.iter().for_each(|row| self.note_damage(DamagedRecord::Push(*row)));
        let sql = "SELECT received FROM push ORDER BY id LIMIT 1";
        page.page.oldest = self.query(|connection| connection.query_row(sql, [], |row| row.get(0)).optional())?;
        Ok(page.finish())
    }
}

impl ReaderPool {
    /// Reads pushes one by one; the numbers come from an index.
    fn pushes_around_damage(&self, filter: &PushFilter, first: i64) -> ReadResult<PushPageBuilder> {
        let conditions = conditions(filter, "");
        let sql = format!("SELECT id FROM push WHERE id >= ?{} ORDER BY id LIMIT {MAX_PUSHES_OF_PAGE}", conditions.sql);
        let ids: Vec<i64> = self.query(|connection| {
            let values = values(first, &conditions);
            connection.prepare_cached(&sql)?.query_map(params_from_iter(values), |row| row.get(0))?.collect()
        })?;
        let mut page = PushPageBuilder { is_full: ids.len() >= MAX_PUSHES_OF_PAGE, ..PushPageBuilder::default() };
        for id in ids {
            let sql = format!("{SELECT_PUSHES} WHERE push.id = ?1");
            let one = self.run_query(|connection| connection.prepare_cached(&sql)?.query_row([id], found_push));
            match one {
                Ok(found) => page.add(found),
                Err(error) if is_damage(&error) => page.skip(id),
                Err(error) => return self.count_error(Err(error)),
            }
            if page.bytes >= MAX_PUSH_PAGE_BYTES {
                page.is_full = true;
                break;
            }
        }
        Ok(page)
    }
}

/// The place from which on pushes are read.
fn first_place(connection: &Connection, filter: &PushFilter) -> SqliteResult<i64> {
    if let Some(after) = filter.after {
        return Ok(after.saturating_add(1));
    }
    let Some(since) = filter.since else { return Ok(i64::MIN) };
    let sql = "SELECT min(id) FROM push WHERE received >= ?1";
    let first: Option<i64> =
        connection.prepare_cached(sql)?.query_row([since.epoch_milliseconds()], |row| row.get(0))?;
    Ok(first.unwrap_or(i64::MAX))
}

fn read_page(connection: &Connection, filter: &PushFilter, first: i64) -> SqliteResult<PushPageBuilder> {
    let conditions = conditions(filter, "+");
    let sql = format!("{SELECT_PUSHES} WHERE push.id >= ?{} ORDER BY push.id", conditions.sql);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values(first, &conditions)))?;
    let mut page = PushPageBuilder::default();
    while let Some(row) = rows.next()? {
        page.add(found_push(row)?);
        if page.scanned >= MAX_PUSHES_OF_PAGE || page.bytes >= MAX_PUSH_PAGE_BYTES {
            page.is_full = true;
            break;
        }
    }
    Ok(page)
}

/// The conditions of a filter. Behind a `+` no index is used for them: the rows are read in their order.
fn conditions(filter: &PushFilter, plain: &str) -> SqlConditions {
    let mut conditions = SqlConditions::default();
    conditions.add(&format!("{plain}received >= ?"), filter.since.map(Timestamp::epoch_milliseconds));
    conditions.add(&format!("{plain}received < ?"), filter.until.map(Timestamp::epoch_milliseconds));
    let integration = format!("{plain}integration = (SELECT id FROM name WHERE text = ?)");
    conditions.add(&integration, filter.integration.clone());
    conditions
}

fn values(first: i64, conditions: &SqlConditions) -> impl Iterator<Item = Value> {
    std::iter::once(Value::Integer(first)).chain(conditions.values.iter().cloned())
}

/// A push with its place, and whether its payload is as it was stored.
struct FoundPush {
    place: i64,
    push: AcceptedPush,
    is_intact: bool,
}

fn found_push(row: &Row<'_>) -> SqliteResult<FoundPush> {
    let payload: Vec<u8> = row.get(4)?;
    Ok(FoundPush {
        place: row.get(0)?,
        is_intact: row.get::<_, u32>(6)? == checksum(&payload),
        push: AcceptedPush {
            integration: row.get(1)?,
            origin: row.get(2)?,
            received: row.get(3)?,
            payload,
            request: request(row, 5)?,
            is_replay: row.get(7)?,
        },
    })
}

/// A page under construction.
#[derive(Default)]
struct PushPageBuilder {
    page: PushPage,
    /// The rows that are damaged.
    damaged: Vec<i64>,
    last: Option<i64>,
    scanned: usize,
    bytes: usize,
    /// Whether more may follow.
    is_full: bool,
}

impl PushPageBuilder {
    fn add(&mut self, found: FoundPush) {
        let FoundPush { place, push, is_intact } = found;
        if !is_intact {
            return self.skip(place);
        }
        self.examined(place);
        self.bytes += push.payload.len();
        self.page.pushes.push(push);
    }

    fn skip(&mut self, place: i64) {
        self.examined(place);
        self.damaged.push(place);
    }

    fn examined(&mut self, place: i64) {
        self.last = Some(place);
        self.scanned += 1;
    }

    fn finish(self) -> PushPage {
        let next = self.last.filter(|_| self.is_full);
        let damaged = u64::try_from(self.damaged.len()).unwrap_or(u64::MAX);
        PushPage { next, damaged, ..self.page }
    }
}
