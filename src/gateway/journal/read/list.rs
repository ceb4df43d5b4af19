//! What operators ask: events, attempts, dead letters and refused bodies, the newest first.

use super::{JournalError, ReaderPool, SqlConditions, is_damage, limit, protocol};
use crate::gateway::journal::record::{
    AttemptRecord, DeadLetterRecord, DeliveryState, EventId, EventPage, EventRecord, PushRecord,
    QuarantineRecord, RecordFilter, RefusedPayload,
};
use crate::gateway::journal::sqlite::checksum;
use crate::reload::RuleSetHash;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use serde_json::value::RawValue;
use ulid::Ulid;

/// How many pushes are looked through at a time for events of a channel or key.
const SCAN_LIMIT: i64 = 50_000;

/// What an event is made of.
const EVENT: &str = "SELECT push.id, ulid, text, received, door, generation, hash, outcomes, settled \
                     FROM push CROSS JOIN name ON name.id = integration CROSS JOIN rule_set ON rule_set.id = rules";
const NEWEST: &str = "ORDER BY received DESC, push.id DESC";

/// Which settled deliveries are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway::journal) enum SettledFilter {
    /// Those that were given up.
    Dead,
    /// Those that were given up and those that arrived.
    All,
}

type DeliveryRecord = (String, DeliveryState, u32, Option<String>);

impl ReaderPool {
    pub(in crate::gateway::journal) fn find_push(
        &self,
        id: Ulid,
    ) -> Result<Option<PushRecord>, JournalError> {
        let sql = "SELECT ulid, text, door, received, generation, hash, payload, outcomes, open, checksum, push.id \
                   FROM push JOIN name ON name.id = integration JOIN rule_set ON rule_set.id = rules WHERE ulid = ?1";
        let found = self.query(|connection| {
            connection
                .prepare_cached(sql)?
                .query_row([id.to_bytes()], |row| {
                    Ok((push_record(row)?, row.get::<_, u32>(9)?, row.get::<_, i64>(10)?))
                })
                .optional()
        })?;
        let Some((stored, sum, row)) = found else { return Ok(None) };
        if sum != checksum(&stored.payload) {
            self.note_damage(-row);
            return Err(JournalError::Failed(format!("the record of push {id} is damaged")));
        }
        Ok(Some(stored))
    }

    /// A page of events; one that looks for a channel or key ends where enough was looked through, too.
    pub(in crate::gateway::journal) fn events(
        &self,
        filter: &RecordFilter,
    ) -> Result<EventPage, JournalError> {
        let narrow = filter.channel.is_some() || filter.key.is_some();
        let most = if narrow { SCAN_LIMIT } else { limit(filter.limit) };
        let conditions = push_conditions(filter);
        let read = self.run_query(|connection| {
            let sql = format!("{EVENT} WHERE TRUE{} {NEWEST} LIMIT {most}", conditions.sql);
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(&conditions.values))?;
            let mut page = EventPageBuilder::default();
            while let Some(row) = rows.next()? {
                page.add_row(connection, row, filter)?;
                if page.is_full {
                    break;
                }
            }
            Ok(page)
        });
        let page = match read {
            Err(error) if is_damage(&error) => self.events_around_damage(&conditions, filter, most),
            read => self.count_error(read),
        };
        page.map(|page| page.finish(most))
    }

    /// One by one, passing over what cannot be read; the numbers come from an index.
    fn events_around_damage(
        &self,
        conditions: &SqlConditions,
        filter: &RecordFilter,
        most: i64,
    ) -> Result<EventPageBuilder, JournalError> {
        let sql = format!("SELECT push.id FROM push WHERE TRUE{} {NEWEST} LIMIT {most}", conditions.sql);
        let ids: Vec<i64> = self.query(|connection| {
            let values = params_from_iter(&conditions.values);
            connection.prepare_cached(&sql)?.query_map(values, |row| row.get(0))?.collect()
        })?;
        let mut page = EventPageBuilder::default();
        for id in ids {
            let sql = format!("{EVENT} WHERE push.id = ?1");
            let one = self.run_query(|connection| {
                let mut one = EventPageBuilder::default();
                let mut statement = connection.prepare_cached(&sql)?;
                let mut rows = statement.query([id])?;
                while let Some(row) = rows.next()? {
                    one.add_row(connection, row, filter)?;
                }
                Ok(one)
            });
            match one {
                Ok(one) => page.merge(one, filter),
                Err(error) if is_damage(&error) => {
                    page.scanned += 1;
                    self.note_damage(-id);
                }
                Err(error) => return self.count_error(Err(error)),
            }
            if page.is_full {
                break;
            }
        }
        Ok(page)
    }

    pub(in crate::gateway::journal) fn attempts(
        &self,
        event: EventId,
    ) -> Result<Vec<AttemptRecord>, JournalError> {
        let sql = "SELECT text, at, took, status, result FROM push JOIN delivery ON delivery.push = push.id \
                   JOIN attempt ON attempt.delivery = delivery.id JOIN name ON name.id = channel \
                   WHERE ulid = ?1 AND position = ?2 ORDER BY at, delivery.id, number";
        let row = |row: &Row<'_>| {
            Ok(AttemptRecord {
                channel: row.get(0)?,
                at: row.get(1)?,
                took: row.get(2)?,
                status: row.get(3)?,
                result: row.get::<_, Option<String>>(4)?.unwrap_or_else(|| "delivered".to_owned()),
            })
        };
        self.query(|connection| {
            connection.prepare_cached(sql)?.query_map((event.push.to_bytes(), event.index), row)?.collect()
        })
    }

    pub(in crate::gateway::journal) fn dead_letters(
        &self,
        filter: &RecordFilter,
    ) -> Result<Vec<DeadLetterRecord>, JournalError> {
        let row = |row: &Row<'_>| {
            Ok(DeadLetterRecord {
                event: EventId { push: Ulid::from_bytes(row.get(0)?), index: row.get(1)? },
                channel: row.get(2)?,
                key: row.get(3)?,
                integration: row.get(4)?,
                received: row.get(5)?,
                died: row.get(6)?,
                attempts: row.get(7)?,
                reason: row.get::<_, Option<String>>(8)?.unwrap_or_default(),
            })
        };
        let columns = "ulid, position, c.text, key, i.text, received, ended, attempts, reason";
        self.deliveries(filter, SettledFilter::Dead, columns, row)
    }

    pub(in crate::gateway::journal) fn settled(
        &self,
        filter: &RecordFilter,
        which: SettledFilter,
    ) -> Result<Vec<i64>, JournalError> {
        let mut ids = self.deliveries(filter, which, "delivery.id", |row| row.get(0))?;
        ids.sort_unstable();
        Ok(ids)
    }

    /// Columns of settled deliveries. A time is the receipt of the push.
    fn deliveries<T>(
        &self,
        filter: &RecordFilter,
        which: SettledFilter,
        columns: &str,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, JournalError> {
        let (from, state) = match which {
            SettledFilter::Dead => {
                ("delivery INDEXED BY delivery_dead CROSS JOIN push ON push.id = delivery.push", "state = 2")
            }
            SettledFilter::All => ("push JOIN delivery ON delivery.push = push.id", "state <> 0"),
        };
        let mut conditions = SqlConditions::default();
        conditions.add("push.received >= ?", filter.since);
        conditions.add("push.received < ?", filter.until);
        conditions.add("i.text = ?", filter.integration.clone());
        conditions.add("c.text = ?", filter.channel.clone());
        conditions.add("delivery.key = ?", filter.key.clone());
        conditions.add("delivery.push = (SELECT b.id FROM push b WHERE b.ulid = ?)", filter.push.map(bytes));
        conditions
            .add("delivery.push < (SELECT b.id FROM push b WHERE b.ulid = ?)", filter.before.map(bytes));
        conditions.add("position = ?", filter.index.map(i64::from));
        let sql = format!(
            "SELECT {columns} FROM {from} CROSS JOIN name c ON c.id = delivery.channel \
             CROSS JOIN name i ON i.id = delivery.integration WHERE {state}{} \
             ORDER BY delivery.push DESC, position, delivery.id LIMIT {}",
            conditions.sql,
            limit(filter.limit)
        );
        self.query(|connection| {
            connection
                .prepare_cached(&sql)?
                .query_map(params_from_iter(&conditions.values), |row| read(row))?
                .collect()
        })
    }

    pub(in crate::gateway::journal) fn quarantined(
        &self,
        filter: &RecordFilter,
    ) -> Result<Vec<QuarantineRecord>, JournalError> {
        let mut conditions = SqlConditions::default();
        conditions.add("received >= ?", filter.since);
        conditions.add("received < ?", filter.until);
        conditions.add("text = ?", filter.integration.clone());
        conditions.add("ulid = ?", filter.push.map(bytes));
        conditions.add(
            "quarantine.id < (SELECT b.id FROM quarantine b WHERE b.ulid = ?)",
            filter.before.map(bytes),
        );
        let sql = format!(
            "SELECT ulid, text, door, received, payload, status, reason, checksum, quarantine.id \
             FROM quarantine CROSS JOIN name ON name.id = integration WHERE TRUE{} \
             ORDER BY quarantine.id DESC LIMIT {}",
            conditions.sql,
            limit(filter.limit)
        );
        let found: Vec<(RefusedPayload, u32, i64)> = self.query(|connection| {
            connection
                .prepare_cached(&sql)?
                .query_map(params_from_iter(&conditions.values), |row| {
                    Ok((refused_payload(row)?, row.get(7)?, row.get(8)?))
                })?
                .collect()
        })?;
        let sound = |(refused, sum, id): (RefusedPayload, u32, i64)| {
            if sum == checksum(&refused.payload) {
                return Some(QuarantineRecord { refused });
            }
            self.note_damage(i64::MIN + id);
            None
        };
        Ok(found.into_iter().filter_map(sound).collect())
    }
}

/// Which pushes a filter means, as far as their rows say so.
fn push_conditions(filter: &RecordFilter) -> SqlConditions {
    let mut conditions = SqlConditions::default();
    conditions.add("received >= ?", filter.since);
    conditions.add("received < ?", filter.until);
    conditions.add("integration = (SELECT id FROM name WHERE text = ?)", filter.integration.clone());
    conditions.add("ulid = ?", filter.push.map(bytes));
    conditions.add(
        "(received, push.id) < (SELECT b.received, b.id FROM push b WHERE b.ulid = ?)",
        filter.before.map(bytes),
    );
    conditions
}

/// Events of pushes that were looked through.
#[derive(Default)]
struct EventPageBuilder {
    events: Vec<EventRecord>,
    /// Pushes.
    scanned: i64,
    last: Option<Ulid>,
    /// Whether as many are found as were asked for. A push is never taken in part, so that none of its events is passed
    /// over by whoever asks for the next page.
    is_full: bool,
}

impl EventPageBuilder {
    fn add_row(
        &mut self,
        connection: &Connection,
        row: &Row<'_>,
        filter: &RecordFilter,
    ) -> rusqlite::Result<()> {
        append_events(connection, row, filter, &mut self.events)?;
        self.scanned += 1;
        self.last = Some(Ulid::from_bytes(row.get(1)?));
        self.is_full = filter.limit > 0 && self.events.len() >= filter.limit;
        Ok(())
    }

    fn merge(&mut self, other: Self, filter: &RecordFilter) {
        self.events.extend(other.events);
        self.scanned += other.scanned;
        self.last = other.last.or(self.last);
        self.is_full = filter.limit > 0 && self.events.len() >= filter.limit;
    }

    /// What `most` pushes gave.
    fn finish(self, most: i64) -> EventPage {
        let is_cut = self.is_full || (most >= 0 && self.scanned >= most);
        EventPage { events: self.events, next: self.last.filter(|_| is_cut) }
    }
}

fn bytes(id: Ulid) -> Value {
    Value::Blob(id.to_bytes().to_vec())
}

/// Adds the events of a push that are meant.
fn append_events(
    connection: &Connection,
    row: &Row<'_>,
    filter: &RecordFilter,
    found: &mut Vec<EventRecord>,
) -> rusqlite::Result<()> {
    let outcomes: String = row.get(7)?;
    if let Some(key) = &filter.key
        && !serde_json::to_string(key).is_ok_and(|quoted| outcomes.contains(&quoted))
    {
        return Ok(());
    }
    let settled: Option<String> = row.get(8)?;
    let mut deliveries: Vec<(u32, DeliveryRecord)> = settled
        .and_then(|text| serde_json::from_str::<Vec<(u32, String)>>(&text).ok())
        .unwrap_or_default()
        .into_iter()
        .map(|(position, channel)| (position, (channel, DeliveryState::Delivered, 0, None)))
        .collect();
    deliveries.extend(deliveries_of(connection, row.get(0)?)?);
    for (position, outcome) in (0_u32..).zip(split(&outcomes)) {
        let id = EventId { push: Ulid::from_bytes(row.get(1)?), index: position };
        let own: Vec<DeliveryRecord> =
            deliveries.iter().filter(|(at, _)| *at == position).map(|(_, listed)| listed.clone()).collect();
        if filter.index.is_some_and(|index| index != position)
            || filter.channel.as_ref().is_some_and(|channel| !own.iter().any(|(name, ..)| name == channel))
            || filter.key.as_ref().is_some_and(|key| key_of(&outcome).as_ref() != Some(key))
        {
            continue;
        }
        found.push(EventRecord {
            id,
            integration: row.get(2)?,
            received: row.get(3)?,
            origin: protocol(row.get(4)?),
            generation: row.get::<_, i64>(5)?.cast_unsigned(),
            rules: RuleSetHash(row.get(6)?),
            outcome,
            deliveries: own,
        });
    }
    Ok(())
}

fn deliveries_of(connection: &Connection, push: i64) -> rusqlite::Result<Vec<(u32, DeliveryRecord)>> {
    let sql = "SELECT position, text, state, attempts, reason FROM delivery JOIN name ON name.id = channel \
               WHERE push = ?1 ORDER BY delivery.id";
    let row = |row: &Row<'_>| {
        let state = match row.get::<_, i64>(2)? {
            0 => DeliveryState::Pending,
            1 => DeliveryState::Delivered,
            _ => DeliveryState::Dead,
        };
        Ok((row.get(0)?, (row.get(1)?, state, row.get(3)?, row.get(4)?)))
    };
    connection.prepare_cached(sql)?.query_map([push], row)?.collect()
}

fn push_record(row: &Row<'_>) -> rusqlite::Result<PushRecord> {
    let open: Option<String> = row.get(8)?;
    Ok(PushRecord {
        id: Ulid::from_bytes(row.get(0)?),
        integration: row.get(1)?,
        origin: protocol(row.get(2)?),
        received: row.get(3)?,
        generation: row.get::<_, i64>(4)?.cast_unsigned(),
        rules: RuleSetHash(row.get(5)?),
        payload: row.get(6)?,
        outcomes: split(&row.get::<_, String>(7)?),
        open: open.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
    })
}

fn refused_payload(row: &Row<'_>) -> rusqlite::Result<RefusedPayload> {
    Ok(RefusedPayload {
        id: Ulid::from_bytes(row.get(0)?),
        integration: row.get(1)?,
        origin: protocol(row.get(2)?),
        received: row.get(3)?,
        payload: row.get(4)?,
        status: row.get(5)?,
        reason: row.get(6)?,
    })
}

/// The texts of a JSON list, as they were written.
fn split(list: &str) -> Vec<String> {
    let texts: Vec<&RawValue> = serde_json::from_str(list).unwrap_or_default();
    texts.into_iter().map(|text| text.get().to_owned()).collect()
}

/// The alert key of an outcome.
fn key_of(outcome: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct KeyedOutcome {
        event: Option<KeyedEvent>,
    }
    #[derive(serde::Deserialize)]
    struct KeyedEvent {
        key: Option<String>,
    }
    serde_json::from_str::<KeyedOutcome>(outcome).ok()?.event?.key
}
