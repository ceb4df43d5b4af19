//! What intake and operators read: firings, events, attempts, dead letters and refused payloads.

use super::event_page::split;
use super::{DamagedRecord, JournalError, ReaderPool, SqlConditions, SqliteResult, bytes, count, limit};
use crate::gateway::journal::number::number;
use crate::gateway::journal::sqlite::checksum;
use crate::gateway::journal::sqlite::firing::{lookup_digest, stored_firing};
use crate::gateway::journal::{
    AttemptRecord, DeadLetterRecord, DeliveryId, EventId, IntegrationCounts, PushId, PushRecord, ReadResult,
    RecordFilter, RecordReader, RefusedPayload, SettledFilter, StoredFiring,
};
use crate::reload::RuleSetHash;
use crate::time::Timestamp;
use rusqlite::{OptionalExtension, Row, params_from_iter};

impl RecordReader for ReaderPool {
    fn firing(&self, integration: &str, key: &str) -> ReadResult<Option<StoredFiring>> {
        let id = lookup_digest(integration, key.as_bytes());
        // Memory comes first: what leaves it is in the table by then.
        if let Some(change) = self.recent.get(&id) {
            return Ok(Some(change.firing()));
        }
        self.query(|connection| {
            let sql = "SELECT since, channels FROM firing WHERE id = ?1";
            connection.prepare_cached(sql)?.query_row([id], stored_firing).optional()
        })
    }

    fn find_push(&self, id: PushId) -> ReadResult<Option<PushRecord>> {
        let sql = "SELECT ulid, text, door, received, generation, hash, payload, outcomes, open, checksum, push.id \
                   FROM push JOIN name ON name.id = integration JOIN rule_set ON rule_set.id = rules WHERE ulid = ?1";
        let found = self.query(|connection| {
            connection
                .prepare_cached(sql)?
                .query_row([id], |row| Ok((push_record(row)?, row.get::<_, u32>(9)?, row.get::<_, i64>(10)?)))
                .optional()
        })?;
        let Some((stored, sum, row)) = found else { return Ok(None) };
        if sum != checksum(&stored.payload) {
            self.note_damage(DamagedRecord::Push(row));
            return Err(JournalError::Failed(format!("the record of push {id} is damaged")));
        }
        Ok(Some(stored))
    }

    fn attempts(&self, event: EventId) -> ReadResult<Vec<AttemptRecord>> {
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
        self.query(|connection| connection.prepare_cached(sql)?.query_map((event.push, event.index), row)?.collect())
    }

    fn dead_letters(&self, filter: &RecordFilter) -> ReadResult<Vec<DeadLetterRecord>> {
        let row = |row: &Row<'_>| {
            Ok(DeadLetterRecord {
                event: EventId { push: row.get(0)?, index: row.get(1)? },
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

    fn settled(&self, filter: &RecordFilter, which: SettledFilter) -> ReadResult<Vec<DeliveryId>> {
        let mut ids = self.deliveries(filter, which, "delivery.id", |row| row.get(0))?;
        ids.sort_unstable();
        Ok(ids)
    }

    fn quarantined(&self, filter: &RecordFilter) -> ReadResult<Vec<RefusedPayload>> {
        let mut conditions = SqlConditions::default();
        conditions.add("received >= ?", filter.since.map(Timestamp::epoch_milliseconds));
        conditions.add("received < ?", filter.until.map(Timestamp::epoch_milliseconds));
        conditions.add("text = ?", filter.integration.clone());
        conditions.add("ulid = ?", filter.push.map(bytes));
        conditions.add("quarantine.id < (SELECT b.id FROM quarantine b WHERE b.ulid = ?)", filter.before.map(bytes));
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
                return Some(refused);
            }
            self.note_damage(DamagedRecord::Quarantined(id));
            None
        };
        Ok(found.into_iter().filter_map(sound).collect())
    }
    fn rules(&self, hash: RuleSetHash) -> ReadResult<Option<Vec<u8>>> {
        let sql = "SELECT archive FROM rule_set WHERE hash = ?1 AND length(archive) > 0";
        self.query(|connection| connection.prepare_cached(sql)?.query_row([hash.0], |row| row.get(0)).optional())
    }

    fn integrations(&self) -> ReadResult<Vec<IntegrationCounts>> {
        let sql = "SELECT text, latest, accepted, dropped, refused, sent \
                   FROM integration JOIN name ON name.id = integration.name ORDER BY text";
        let row = |row: &Row<'_>| {
            Ok(IntegrationCounts {
                name: row.get(0)?,
                latest: row.get(1)?,
                accepted: count(row, 2)?,
                dropped: count(row, 3)?,
                refused: count(row, 4)?,
                sent: count(row, 5)?,
            })
        };
        self.query(|connection| connection.prepare_cached(sql)?.query_map([], row)?.collect())
    }
}

impl ReaderPool {
    /// Reads columns of settled deliveries. The filter's times are those of the pushes.
    fn deliveries<T>(
        &self,
        filter: &RecordFilter,
        which: SettledFilter,
        columns: &str,
        read: impl Fn(&Row<'_>) -> SqliteResult<T>,
    ) -> ReadResult<Vec<T>> {
        let (from, state) = match which {
            SettledFilter::Dead => (
                "delivery INDEXED BY delivery_dead CROSS JOIN push ON push.id = delivery.push",
                concat!("state = ", number!(Dead)),
            ),
            SettledFilter::All => {
                ("push JOIN delivery ON delivery.push = push.id", concat!("state <> ", number!(Pending)))
            }
        };
        let mut conditions = SqlConditions::default();
        conditions.add("push.received >= ?", filter.since.map(Timestamp::epoch_milliseconds));
        conditions.add("push.received < ?", filter.until.map(Timestamp::epoch_milliseconds));
        conditions.add("i.text = ?", filter.integration.clone());
        conditions.add("c.text = ?", filter.channel.clone());
        conditions.add("delivery.key = ?", filter.key.clone());
        conditions.add("delivery.push = (SELECT b.id FROM push b WHERE b.ulid = ?)", filter.push.map(bytes));
        conditions.add("delivery.push < (SELECT b.id FROM push b WHERE b.ulid = ?)", filter.before.map(bytes));
        conditions.add("position = ?", filter.index.map(i64::from));
        let sql = format!(
            "SELECT {columns} FROM {from} CROSS JOIN name c ON c.id = delivery.channel \
             CROSS JOIN name i ON i.id = delivery.integration WHERE {state}{} \
             ORDER BY delivery.push DESC, position, delivery.id LIMIT {}",
            conditions.sql,
            limit(filter.limit)
        );
        self.query(|connection| {
            connection.prepare_cached(&sql)?.query_map(params_from_iter(&conditions.values), |row| read(row))?.collect()
        })
    }
}

fn push_record(row: &Row<'_>) -> SqliteResult<PushRecord> {
    let open: Option<String> = row.get(8)?;
    Ok(PushRecord {
        id: row.get(0)?,
        integration: row.get(1)?,
        origin: row.get(2)?,
        received: row.get(3)?,
        generation: row.get::<_, i64>(4)?.cast_unsigned(),
        rules: RuleSetHash(row.get(5)?),
        payload: row.get(6)?,
        outcomes: split(&row.get::<_, String>(7)?),
        open: open.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
    })
}

fn refused_payload(row: &Row<'_>) -> SqliteResult<RefusedPayload> {
    Ok(RefusedPayload {
        id: row.get(0)?,
        integration: row.get(1)?,
        origin: row.get(2)?,
        received: row.get(3)?,
        payload: row.get(4)?,
        status: row.get(5)?,
        reason: row.get(6)?,
    })
}
