//! What intake and operators read: firings, events, attempts, dead letters and refused payloads.

use super::event_page::split;
use super::{DamagedRecord, JournalError, ReaderPool, SqlConditions, SqliteResult, bytes, count, limit};
use crate::evaluate::RequestMetadata;
use crate::event::Severity;
use crate::gateway::journal::number::number;
use crate::gateway::journal::sqlite::firing::{find_firing, lookup_digest};
use crate::gateway::journal::sqlite::heard::{all_senders, clock};
use crate::gateway::journal::sqlite::{checksum, past_generation};
use crate::gateway::journal::{
    AttemptRecord, ChannelFate, ChannelPolicies, DeadLetterRecord, DeliveryId, EventId, IntegrationCounts,
    PendingCount, PushId, PushRecord, QuarantineCounts, ReadResult, RecordFilter, RecordReader, RefusedPayload,
    RefusedSummary, SenderStatus, SettledFilter, StoredFiring,
};
use crate::notification::ClockRecord;
use crate::reload::{PastGeneration, RuleSetHash};
use crate::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use std::collections::BTreeMap;

impl RecordReader for ReaderPool {
    fn firing(&self, integration: &str, key: &str) -> ReadResult<Option<StoredFiring>> {
        let id = lookup_digest(integration, key.as_bytes());
        // Memory comes first: what leaves it is in the table by then.
        match self.memory.recent.get(&id) {
            Some(change) => Ok(Some(change.firing())),
            None => self.query(|connection| find_firing(connection, id)),
        }
    }

    fn find_push(&self, id: PushId) -> ReadResult<Option<PushRecord>> {
        let sql = "SELECT ulid, text, door, received, generation, hash, payload, outcomes, open, request, checksum, push.id \
                   FROM push JOIN name ON name.id = integration JOIN rule_set ON rule_set.id = rules WHERE ulid = ?1";
        let found = self.query(|connection| {
            connection
                .prepare_cached(sql)?
                .query_row([id], |row| Ok((push_record(row)?, row.get::<_, u32>(10)?, row.get::<_, i64>(11)?)))
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
            let (channel, at, took, status, reason): (_, _, _, _, Option<String>) = row.try_into()?;
            let result = reason.unwrap_or_else(|| "delivered".to_owned());
            Ok(AttemptRecord { channel, at, took, status, result })
        };
        self.query(|connection| connection.prepare_cached(sql)?.query_map((event.push, event.index), row)?.collect())
    }

    fn dead_letters(&self, filter: &RecordFilter) -> ReadResult<Vec<DeadLetterRecord>> {
        let row = |row: &Row<'_>| {
            let (push, index, channel, key, integration, received, died, attempts) = row.try_into()?;
            let (event, reason) = (EventId { push, index }, row.get::<_, Option<_>>(8)?.unwrap_or_default());
            Ok(DeadLetterRecord { event, channel, key, integration, received, died, attempts, reason })
        };
        // Keys of old journals may be megabytes long.
        let columns = "ulid, position, c.text, CASE WHEN length(key) > 1024 THEN substr(key, 1, 200) || '…' ELSE key END, \
                       i.text, received, ended, attempts, substr(reason, 1, 1000)";
        self.deliveries(filter, SettledFilter::Dead, columns, row)
    }

    fn settled(&self, filter: &RecordFilter, which: SettledFilter) -> ReadResult<Vec<DeliveryId>> {
        let mut ids = self.deliveries(filter, which, "delivery.id", |row| row.get(0))?;
        ids.sort_unstable();
        Ok(ids)
    }

    fn quarantined(&self, filter: &RecordFilter) -> ReadResult<Vec<RefusedPayload>> {
        let columns = "ulid, text, door, received, payload, status, reason, request, checksum, quarantine.id";
        let (sql, conditions) = quarantine_query(columns, filter);
        let found: Vec<(RefusedPayload, u32, i64)> = self.query(|connection| {
            connection
                .prepare_cached(&sql)?
                .query_map(params_from_iter(&conditions.values), |row| {
                    Ok((refused_payload(row)?, row.get(8)?, row.get(9)?))
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

    fn refused(&self, filter: &RecordFilter) -> ReadResult<Vec<RefusedSummary>> {
        let columns = "ulid, text, door, received, length(payload), status, substr(reason, 1, 1000)";
        let (sql, conditions) = quarantine_query(columns, filter);
        let row = |row: &Row<'_>| {
            let (id, integration, origin, received, bytes, status, reason) = row.try_into()?;
            let bytes: i64 = bytes;
            Ok(RefusedSummary { id, integration, origin, received, bytes: bytes.unsigned_abs(), status, reason })
        };
        self.query(|connection| {
            connection.prepare_cached(&sql)?.query_map(params_from_iter(&conditions.values), row)?.collect()
        })
    }

    fn quarantine_counts(&self) -> ReadResult<Vec<QuarantineCounts>> {
        // With `max`, the other columns are those of the row that has it.
        let sql = "SELECT text, count(*), received, substr(reason, 1, 1000), max(quarantine.id) \
                   FROM quarantine JOIN name ON name.id = integration GROUP BY integration ORDER BY text";
        let row = |row: &Row<'_>| {
            Ok(QuarantineCounts {
                integration: row.get(0)?,
                count: count(row, 1)?,
                latest: row.get(2)?,
                reason: row.get(3)?,
            })
        };
        self.query(|connection| connection.prepare_cached(sql)?.query_map([], row)?.collect())
    }

    fn rules(&self, hash: RuleSetHash) -> ReadResult<Option<Vec<u8>>> {
        let sql = "SELECT archive FROM rule_set WHERE hash = ?1 AND length(archive) > 0";
        self.query(|connection| connection.prepare_cached(sql)?.query_row([hash.0], |row| row.get(0)).optional())
    }

    fn integrations(&self) -> ReadResult<Vec<IntegrationCounts>> {
        let sql = "SELECT text, latest, accepted, dropped, refused, sent \
                   FROM integration JOIN name ON name.id = integration.name WHERE text NOT LIKE 'heartbeat %' ORDER BY text";
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

    fn last_generation(&self) -> ReadResult<Option<PastGeneration>> {
        let sql = "SELECT generation, rules FROM total";
        let read =
            |connection: &Connection| connection.query_row(sql, [], |row| Ok(past_generation(row, 0))).optional();
        Ok(self.query(read)?.flatten())
    }

    fn fates(&self, event: EventId, policies: &ChannelPolicies) -> ReadResult<Vec<ChannelFate>> {
        self.read_fates(event, policies)
    }

    fn waiting_news(&self) -> ReadResult<Vec<(String, u64)>> {
        let sql = "SELECT text, waiting FROM (SELECT channel, sum(news) AS waiting FROM told_group GROUP BY channel) \
                   JOIN name ON name.id = channel WHERE waiting > 0 ORDER BY text";
        self.query(|connection| {
            connection.prepare_cached(sql)?.query_map([], |row| Ok((row.get(0)?, count(row, 1)?)))?.collect()
        })
    }

    fn sent_firings(&self, channel: &str) -> ReadResult<BTreeMap<String, Severity>> {
        self.read_sent_firings(channel)
    }

    fn pending_counts(&self, channel: Option<&str>) -> ReadResult<Vec<PendingCount>> {
        self.read_pending_counts(channel)
    }

    fn notified_channels(&self) -> ReadResult<Vec<String>> {
        let sql = "SELECT text FROM told_channel JOIN name ON name.id = channel \
                   WHERE undelivered <> '[]' OR EXISTS (SELECT 1 FROM told_group WHERE told_group.channel = told_channel.channel) \
                   ORDER BY text";
        self.query(|connection| connection.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect())
    }

    fn clock(&self) -> ReadResult<ClockRecord> {
        self.query(clock)
    }

    fn senders(&self) -> ReadResult<Vec<SenderStatus>> {
        let all = self.query(all_senders)?;
        Ok(all.into_iter().map(|(sender, record)| SenderStatus { sender, record }).collect())
    }

    fn last_notification(&self) -> ReadResult<Option<Timestamp>> {
        let sql = "SELECT max(coalesce((SELECT max(at) FROM told_message), 0), coalesce((SELECT at FROM told_change ORDER BY id DESC LIMIT 1), 0), \
                   coalesce((SELECT max(last_change) FROM told_group), 0), coalesce((SELECT steady FROM clock), 0))";
        let last: i64 = self.query(|connection| connection.query_row(sql, [], |row| row.get(0)))?;
        Ok((last > 0).then(|| Timestamp::from_epoch_milliseconds(last)))
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
            SettledFilter::All => (
                "push JOIN delivery ON delivery.push = push.id",
                concat!("state IN (", number!(Delivered), ", ", number!(Dead), ")"),
            ),
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
    let (id, integration, origin, received, generation, rules, payload) = row.try_into()?;
    let (generation, rules) = (i64::cast_unsigned(generation), RuleSetHash(rules));
    let outcomes = split(&row.get::<_, String>(7)?);
    let open: Option<String> = row.get(8)?;
    let open = open.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let request = request(row, 9)?;
    Ok(PushRecord { id, integration, origin, received, generation, rules, payload, request, outcomes, open })
}

/// A query for columns of refused payloads, the newest first.
fn quarantine_query(columns: &str, filter: &RecordFilter) -> (String, SqlConditions) {
    let mut conditions = SqlConditions::default();
    conditions.add("received >= ?", filter.since.map(Timestamp::epoch_milliseconds));
    conditions.add("received < ?", filter.until.map(Timestamp::epoch_milliseconds));
    conditions.add("text = ?", filter.integration.clone());
    conditions.add("ulid = ?", filter.push.map(bytes));
    conditions.add("quarantine.id < (SELECT b.id FROM quarantine b WHERE b.ulid = ?)", filter.before.map(bytes));
    let sql = format!(
        "SELECT {columns} FROM quarantine CROSS JOIN name ON name.id = integration WHERE TRUE{} \
         ORDER BY quarantine.id DESC LIMIT {}",
        conditions.sql,
        limit(filter.limit)
    );
    (sql, conditions)
}

/// What a request said; nothing where that is damaged, as it is no part of the payload.
pub(super) fn request(row: &Row<'_>, column: usize) -> SqliteResult<RequestMetadata> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

fn refused_payload(row: &Row<'_>) -> SqliteResult<RefusedPayload> {
    let (id, integration, origin, received, payload, status, reason) = row.try_into()?;
    let request = request(row, 7)?;
    Ok(RefusedPayload { id, integration, origin, received, payload, request, status, reason })
}
