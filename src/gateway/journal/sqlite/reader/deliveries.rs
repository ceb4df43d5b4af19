//! What deliveries read: pending deliveries, bodies, and the counts of channels.

use super::{DamagedRecord, JournalError, ReaderPool, SqliteResult, is_damage};
use crate::gateway::journal::number::number;
use crate::gateway::journal::sqlite::checksum;
use crate::gateway::journal::{
    ChannelCounts, ChannelError, ChannelPause, DeliveryId, DeliveryReader, EventId, MAX_PAGE_KEY_BYTES, PausedChannel,
    PendingDelivery, ReadResult, ReceiverDigest, StoredBody, StoredHold,
};
use rusqlite::{Connection, OptionalExtension, Row};

/// A statement that reads pending deliveries from a table, with a condition.
macro_rules! pending {
    ($from:literal, $which:literal) => {
        concat!(
            "SELECT delivery.id, ulid, position, kind, key, attempts, due, since, replay, hops, message, urgency FROM ",
            $from,
            " JOIN push ON push.id = delivery.push WHERE channel = ?1 AND state = ",
            number!(Pending),
            " AND ",
            $which
        )
    };
}

/// How many ids are read at a time to try them one by one.
const IDS_PER_SCAN: usize = 1_000;

impl DeliveryReader for ReaderPool {
    fn pending(&self, channel: &str, after: DeliveryId, limit: usize) -> ReadResult<Vec<PendingDelivery>> {
        let Some(channel) = self.name(channel)? else { return Ok(Vec::new()) };
        let read = self.run_query(|connection| {
            let sql =
                pending!("delivery INDEXED BY delivery_pending", "delivery.id > ?2 ORDER BY delivery.id LIMIT ?3");
            let most = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut statement = connection.prepare_cached(sql)?;
            let (mut rows, mut found, mut key_bytes) = (statement.query((channel, after, most))?, Vec::new(), 0);
            while key_bytes < MAX_PAGE_KEY_BYTES
                && let Some(row) = rows.next()?
            {
                let delivery = pending_delivery(row)?;
                key_bytes += delivery.key.len();
                found.push(delivery);
            }
            Ok(found)
        });
        match read {
            Ok(found) => Ok(found),
            Err(error) if is_damage(&error) => self.pending_around_damage(channel, after, limit),
            Err(error) => Err(JournalError::Failed(error.to_string())),
        }
    }

    fn pending_of_key(&self, channel: &str, key: &str, after: DeliveryId) -> ReadResult<Option<PendingDelivery>> {
        let Some(channel) = self.name(channel)? else { return Ok(None) };
        let sql = pending!(
            "delivery INDEXED BY delivery_pending_key",
            "key = ?2 AND delivery.id > ?3 ORDER BY delivery.id LIMIT 1"
        );
        self.query(|connection| {
            connection.prepare_cached(sql)?.query_row((channel, key, after), pending_delivery).optional()
        })
    }

    fn body(&self, delivery: DeliveryId, max_bytes: usize) -> ReadResult<StoredBody> {
        let sql = "SELECT checksum, length(bytes), iif(length(bytes) <= ?2, bytes, NULL) FROM body WHERE id = ?1";
        let most = i64::try_from(max_bytes).unwrap_or(i64::MAX);
        let row = |row: &Row<'_>| Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<Vec<u8>>>(2)?));
        let read =
            self.run_query(|connection| connection.prepare_cached(sql)?.query_row((delivery, most), row).optional());
        match read {
            Ok(None) => Ok(StoredBody::Missing),
            Ok(Some((sum, _, Some(bytes)))) if sum == checksum(&bytes) => Ok(StoredBody::Intact(bytes)),
            Ok(Some((_, bytes, None))) => Ok(StoredBody::TooLarge(usize::try_from(bytes).unwrap_or(usize::MAX))),
            Err(error) if !is_damage(&error) => Err(JournalError::Failed(error.to_string())),
            Ok(Some(_)) | Err(_) => {
                self.note_damage(DamagedRecord::Delivery(delivery));
                Ok(StoredBody::Damaged)
            }
        }
    }

    fn channels(&self) -> ReadResult<Vec<ChannelCounts>> {
        let sql = "SELECT text, delivered, retried, dead, pending, latest, error_at, error, held_receiver, \
                   held_until, held_reason FROM channel JOIN name ON name.id = channel.name ORDER BY text";
        let row = |row: &Row<'_>| {
            let last_error = row.get::<_, Option<_>>(6)?.zip(row.get::<_, Option<_>>(7)?);
            // A hold without a receiver is that of an earlier build.
            let held = row.get::<_, Option<_>>(8)?.zip(row.get::<_, Option<_>>(9)?).zip(row.get::<_, Option<_>>(10)?);
            Ok(ChannelCounts {
                name: row.get(0)?,
                delivered: super::count(row, 1)?,
                retried: super::count(row, 2)?,
                dead: super::count(row, 3)?,
                pending: super::count(row, 4)?,
                latest: row.get(5)?,
                last_error: last_error.map(|(at, reason)| ChannelError { at, reason }),
                held: held.map(|((receiver, until), reason)| StoredHold {
                    receiver: ReceiverDigest(receiver),
                    until,
                    reason,
                }),
            })
        };
        self.query(|connection| connection.prepare_cached(sql)?.query_map([], row)?.collect())
    }

    // Each channel asks at its start, so a thousand channels must not read a thousand rows each.
    fn last_error(&self, channel: &str) -> ReadResult<Option<ChannelError>> {
        let sql = "SELECT error_at, error FROM channel JOIN name ON name.id = channel.name \
                   WHERE text = ?1 AND error_at IS NOT NULL AND error IS NOT NULL";
        let row = |row: &Row<'_>| Ok(ChannelError { at: row.get(0)?, reason: row.get(1)? });
        self.query(|connection| connection.prepare_cached(sql)?.query_row([channel], row).optional())
    }

    fn pauses(&self) -> ReadResult<Vec<PausedChannel>> {
        let sql = "SELECT text, since, until, because, author FROM channel_pause JOIN name ON name.id = channel ORDER BY text";
        let row = |row: &Row<'_>| {
            let (since, until, because, by) = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            Ok(PausedChannel { channel: row.get(0)?, pause: ChannelPause { since, until, because, by } })
        };
        self.query(|connection| connection.prepare_cached(sql)?.query_map([], row)?.collect())
    }

    fn holds(&self) -> ReadResult<Vec<(String, StoredHold)>> {
        let sql = "SELECT text, held_receiver, held_until, held_reason FROM channel JOIN name ON name.id = channel.name \
                   WHERE held_receiver IS NOT NULL AND held_until IS NOT NULL";
        let row = |row: &Row<'_>| {
            let receiver = ReceiverDigest(row.get(1)?);
            Ok((row.get(0)?, StoredHold { receiver, until: row.get(2)?, reason: row.get(3)? }))
        };
        self.query(|connection| connection.prepare_cached(sql)?.query_map([], row)?.collect())
    }
}

impl ReaderPool {
    /// Reads deliveries one by one, and skips damaged ones. The ids come from the index, or where that is damaged, from the
    /// bodies.
    fn pending_around_damage(&self, channel: i64, after: DeliveryId, limit: usize) -> ReadResult<Vec<PendingDelivery>> {
        let mut found = Vec::new();
        let mut last = after;
        loop {
            let ids = self
                .run_query(|connection| {
                    let sql = concat!(
                        "SELECT id FROM delivery INDEXED BY delivery_pending WHERE channel = ?1 AND state = ",
                        number!(Pending),
                        " AND id > ?2 ORDER BY id LIMIT ?3"
                    );
                    ids(connection, sql, channel, last)
                })
                .or_else(|_| {
                    let sql = "SELECT id FROM body WHERE ?1 <> -1 AND id > ?2 ORDER BY id LIMIT ?3";
                    self.query(|connection| ids(connection, sql, channel, last))
                })?;
            for id in &ids {
                let row = self.run_query(|connection| {
                    let sql = pending!("delivery", "delivery.id = ?2");
                    connection.prepare_cached(sql)?.query_row((channel, id), pending_delivery).optional()
                });
                match row {
                    Ok(row) => found.extend(row),
                    Err(_) => self.note_damage(DamagedRecord::Delivery(*id)),
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

    fn name(&self, text: &str) -> ReadResult<Option<i64>> {
        self.query(|connection| {
            connection
                .prepare_cached("SELECT id FROM name WHERE text = ?1")?
                .query_row([text], |row| row.get(0))
                .optional()
        })
    }
}

fn ids(connection: &Connection, sql: &str, channel: i64, after: DeliveryId) -> SqliteResult<Vec<DeliveryId>> {
    let most = i64::try_from(IDS_PER_SCAN).unwrap_or(i64::MAX);
    connection.prepare_cached(sql)?.query_map((channel, after, most), |row| row.get(0))?.collect()
}

fn pending_delivery(row: &Row<'_>) -> SqliteResult<PendingDelivery> {
    let (id, push, index, kind, key, attempts, due, since, replay, hops, message, urgency) = row.try_into()?;
    let event = EventId { push, index };
    Ok(PendingDelivery { id, event, kind, key, attempts, due, since, replay, hops, message, urgency })
}
