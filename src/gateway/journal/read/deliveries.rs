//! What the deliveries ask: what waits, a body, where a firing is open, and the counts.

#![expect(clippy::disallowed_methods, reason = "a firing is open for thirty days")]

use super::{JournalError, ReaderPool, is_damage};
use crate::gateway::journal::record::{ChannelCounts, EventId, IntegrationCounts, PendingDelivery};
use crate::gateway::journal::sqlite::{LONGEST_OPEN, SEPARATOR, checksum, lookup_digest};
use crate::reload::RuleSetHash;
use rusqlite::{Connection, OptionalExtension, Row};
use std::time::{SystemTime, UNIX_EPOCH};
use ulid::Ulid;

/// A body, as far as it is sound.
pub(in crate::gateway::journal) enum StoredBody {
    Intact(Vec<u8>),
    Damaged,
    Missing,
}

const PENDING: &str = "SELECT delivery.id, ulid, position, kind, key, attempts, due, since, replay \
                       FROM delivery INDEXED BY delivery_pending JOIN push ON push.id = delivery.push \
                       WHERE channel = ?1 AND state = 0 AND delivery.id > ?2 ORDER BY delivery.id LIMIT ?3";

/// How many ids are tried one by one at a time behind damage.
const IDS_PER_SCAN: usize = 1_000;

impl ReaderPool {
    pub(in crate::gateway::journal) fn open_channels(&self, integration: &str, key: &str) -> Vec<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let oldest = i64::try_from(now).unwrap_or(i64::MAX) - LONGEST_OPEN;
        let id = lookup_digest(integration, key.as_bytes());
        // Memory first: what leaves it is in the table by then.
        let channels: Box<str> = if let Some(change) = self.recent.get(&id) {
            if change.since < oldest { Box::default() } else { change.channels }
        } else {
            let found: Result<Option<Box<str>>, JournalError> = self.query(|connection| {
                connection
                    .prepare_cached("SELECT channels FROM firing WHERE id = ?1 AND since >= ?2")?
                    .query_row((id, oldest), |row| row.get(0))
                    .optional()
            });
            found.ok().flatten().unwrap_or_default()
        };
        channels.split(SEPARATOR).filter(|channel| !channel.is_empty()).map(ToOwned::to_owned).collect()
    }

    pub(in crate::gateway::journal) fn pending(
        &self,
        channel: &str,
        after: i64,
        limit: usize,
    ) -> Result<Vec<PendingDelivery>, JournalError> {
        let Some(channel) = self.name(channel)? else { return Ok(Vec::new()) };
        let read = self.run_query(|connection| {
            let most = i64::try_from(limit).unwrap_or(i64::MAX);
            connection.prepare_cached(PENDING)?.query_map((channel, after, most), pending_delivery)?.collect()
        });
        match read {
            Ok(found) => Ok(found),
            Err(error) if is_damage(&error) => self.pending_around_damage(channel, after, limit),
            Err(error) => Err(JournalError::Failed(error.to_string())),
        }
    }

    /// One by one, passing over what cannot be read. The ids come from the index, or where that is damaged, from the bodies.
    fn pending_around_damage(
        &self,
        channel: i64,
        after: i64,
        limit: usize,
    ) -> Result<Vec<PendingDelivery>, JournalError> {
        let mut found = Vec::new();
        let mut last = after;
        loop {
            let ids = self
                .run_query(|connection| {
                    let sql = "SELECT id FROM delivery INDEXED BY delivery_pending \
                               WHERE channel = ?1 AND state = 0 AND id > ?2 ORDER BY id LIMIT ?3";
                    ids(connection, sql, channel, last)
                })
                .or_else(|_| {
                    let sql = "SELECT id FROM body WHERE ?1 <> -1 AND id > ?2 ORDER BY id LIMIT ?3";
                    self.query(|connection| ids(connection, sql, channel, last))
                })?;
            for id in &ids {
                let sql = "SELECT delivery.id, ulid, position, kind, key, attempts, due, since, replay \
                           FROM delivery JOIN push ON push.id = delivery.push \
                           WHERE delivery.id = ?1 AND channel = ?2 AND state = 0";
                let row = self.run_query(|connection| {
                    connection.prepare_cached(sql)?.query_row((id, channel), pending_delivery).optional()
                });
                match row {
                    Ok(row) => found.extend(row),
                    Err(_) => drop(self.note_damage(*id)),
                }
                if found.len() >= limit {
                    return Ok(found);
                }
            }
            match ids.last() {
                Some(id) if ids.len() == IDS_PER_SCAN => last = *id,
                _ => return Ok(found),
            }
        }
    }

    pub(in crate::gateway::journal) fn pending_of_key(
        &self,
        channel: &str,
        key: &str,
        after: i64,
    ) -> Result<Option<PendingDelivery>, JournalError> {
        let Some(channel) = self.name(channel)? else { return Ok(None) };
        let sql = "SELECT delivery.id, ulid, position, kind, key, attempts, due, since, replay \
                   FROM delivery INDEXED BY delivery_pending_key JOIN push ON push.id = delivery.push \
                   WHERE channel = ?1 AND key = ?2 AND state = 0 AND delivery.id > ?3 ORDER BY delivery.id LIMIT 1";
        self.query(|connection| {
            connection.prepare_cached(sql)?.query_row((channel, key, after), pending_delivery).optional()
        })
    }

    pub(in crate::gateway::journal) fn body(&self, delivery: i64) -> Result<StoredBody, JournalError> {
        let read = self.run_query(|connection| {
            connection
                .prepare_cached("SELECT checksum, bytes FROM body WHERE id = ?1")?
                .query_row([delivery], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, Vec<u8>>(1)?)))
                .optional()
        });
        match read {
            Ok(None) => Ok(StoredBody::Missing),
            Ok(Some((sum, bytes))) if sum == checksum(&bytes) => Ok(StoredBody::Intact(bytes)),
            Err(error) if !is_damage(&error) => Err(JournalError::Failed(error.to_string())),
            Ok(Some(_)) | Err(_) => {
                self.note_damage(delivery);
                Ok(StoredBody::Damaged)
            }
        }
    }

    pub(in crate::gateway::journal) fn channels_pending(&self) -> Result<Vec<(String, u64)>, JournalError> {
        let counts = self.channels()?;
        Ok(counts
            .into_iter()
            .filter(|found| found.pending > 0)
            .map(|found| (found.name, found.pending))
            .collect())
    }

    pub(in crate::gateway::journal) fn integrations(&self) -> Result<Vec<IntegrationCounts>, JournalError> {
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

    pub(in crate::gateway::journal) fn channels(&self) -> Result<Vec<ChannelCounts>, JournalError> {
        let sql = "SELECT text, delivered, retried, dead, pending, latest, error_at, error \
                   FROM channel JOIN name ON name.id = channel.name ORDER BY text";
        let row = |row: &Row<'_>| {
            Ok(ChannelCounts {
                name: row.get(0)?,
                delivered: count(row, 1)?,
                retried: count(row, 2)?,
                dead: count(row, 3)?,
                pending: count(row, 4)?,
                latest: row.get(5)?,
                last_error: row.get::<_, Option<i64>>(6)?.zip(row.get::<_, Option<String>>(7)?),
            })
        };
        self.query(|connection| connection.prepare_cached(sql)?.query_map([], row)?.collect())
    }

    pub(in crate::gateway::journal) fn rules(
        &self,
        hash: RuleSetHash,
    ) -> Result<Option<Vec<u8>>, JournalError> {
        let sql = "SELECT archive FROM rule_set WHERE hash = ?1 AND length(archive) > 0";
        self.query(|connection| {
            connection.prepare_cached(sql)?.query_row([hash.0], |row| row.get(0)).optional()
        })
    }

    fn name(&self, text: &str) -> Result<Option<i64>, JournalError> {
        self.query(|connection| {
            connection
                .prepare_cached("SELECT id FROM name WHERE text = ?1")?
                .query_row([text], |row| row.get(0))
                .optional()
        })
    }
}

fn ids(connection: &Connection, sql: &str, channel: i64, after: i64) -> rusqlite::Result<Vec<i64>> {
    let most = i64::try_from(IDS_PER_SCAN).unwrap_or(i64::MAX);
    connection.prepare_cached(sql)?.query_map((channel, after, most), |row| row.get(0))?.collect()
}

fn pending_delivery(row: &Row<'_>) -> rusqlite::Result<PendingDelivery> {
    Ok(PendingDelivery {
        id: row.get(0)?,
        event: EventId { push: Ulid::from_bytes(row.get(1)?), index: row.get(2)? },
        kind: row.get(3)?,
        key: row.get(4)?,
        attempts: row.get(5)?,
        due: row.get(6)?,
        since: row.get(7)?,
        replay: row.get(8)?,
    })
}

fn count(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(at).map(|number| u64::try_from(number).unwrap_or(0))
}
