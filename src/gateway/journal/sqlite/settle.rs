//! Changes of stored deliveries: results of attempts, dead letters, and what operators do with them.

use super::{SqliteResult, SqliteTransaction, StoreResult};
use crate::gateway::journal::number::number;
use crate::gateway::journal::{
    ChannelPause, DeliveryId, DeliveryState, DeliveryTransaction, EndedMessage, EventId, QueuedEvent, Settlement,
    SettlementResult, StoredHold,
};
use crate::notification::MessageId;
use crate::time::Timestamp;
use rusqlite::OptionalExtension;

/// How many attempts of a delivery are kept.
const KEPT_ATTEMPTS: i64 = 20;

/// What a change of a delivery depends on.
struct DeliveryRow {
    integration: i64,
    channel: i64,
    channel_name: String,
    size: i64,
    message: Option<MessageId>,
}

impl DeliveryRow {
    fn ended_message(self) -> Option<EndedMessage> {
        Some(EndedMessage { channel: self.channel_name, message: self.message? })
    }
}

impl DeliveryTransaction for SqliteTransaction<'_> {
    fn settle(&mut self, settlement: &Settlement) -> StoreResult<Option<EndedMessage>> {
        let Settlement { delivery, at, result, .. } = settlement;
        let Some(row) = self.delivery_row(*delivery, DeliveryState::Pending)? else { return Ok(None) };
        self.record_attempt(settlement)?;
        let (state, reason) = match result {
            SettlementResult::Delivered => (DeliveryState::Delivered, None),
            SettlementResult::Dead { reason, .. } => (DeliveryState::Dead, Some(reason.as_str())),
            SettlementResult::Retry { due, reason } => {
                let sql = "UPDATE delivery SET attempts = attempts + 1, due = ?2, reason = ?3 WHERE id = ?1";
                self.connection.prepare_cached(sql)?.execute((delivery, due, reason))?;
                self.counts.retried(row.channel, *at, reason);
                self.settled.push(*delivery);
                return Ok(None);
            }
        };
        let sql = "UPDATE delivery SET state = ?2, ended = ?3, reason = ?4, attempts = attempts + 1 WHERE id = ?1";
        self.connection.prepare_cached(sql)?.execute((delivery, state, at, reason))?;
        self.count_end(*delivery, &row, *at, reason);
        Ok(row.ended_message())
    }

    fn mark_damaged(&mut self, delivery: DeliveryId, at: Timestamp) -> StoreResult<Option<EndedMessage>> {
        const REASON: &str = "damaged record";
        let Some(row) = self.delivery_row(delivery, DeliveryState::Pending)? else { return Ok(None) };
        let sql = "UPDATE delivery SET state = ?2, ended = ?3, reason = ?4 WHERE id = ?1";
        self.connection.prepare_cached(sql)?.execute((delivery, DeliveryState::Dead, at, REASON))?;
        self.count_end(delivery, &row, at, Some(REASON));
        Ok(row.ended_message())
    }

    fn dead_message(&mut self, delivery: DeliveryId) -> StoreResult<Option<EndedMessage>> {
        let row = self.delivery_row(delivery, DeliveryState::Dead)?;
        Ok(row.and_then(DeliveryRow::ended_message))
    }

    fn requeue(&mut self, deliveries: &[DeliveryId], at: Timestamp) -> StoreResult<u64> {
        deliveries.iter().try_fold(0, |requeued, id| Ok(requeued + self.requeue_one(*id, at)?))
    }

    fn redeliver(&mut self, deliveries: &[DeliveryId], at: Timestamp) -> StoreResult<u64> {
        let mut repeated = 0;
        for id in deliveries {
            let Some(row) = self.delivery_row(*id, DeliveryState::Delivered)? else {
                repeated += self.requeue_one(*id, at)?;
                continue;
            };
            if !self.has_body(*id)? {
                continue;
            }
            let new = self.next_delivery_id();
            let sql = "INSERT INTO delivery (id, push, position, integration, channel, kind, key, due, since, replay, \
                       size, notes, state) SELECT ?2, push, position, integration, channel, kind, key, ?3, ?3, TRUE, \
                       size, notes, ?4 FROM delivery WHERE id = ?1";
            self.connection.prepare_cached(sql)?.execute((id, new, at, DeliveryState::Pending))?;
            let sql = "INSERT INTO body (id, checksum, bytes) SELECT ?2, checksum, bytes FROM body WHERE id = ?1";
            self.connection.prepare_cached(sql)?.execute((id, new))?;
            self.counts.pending(row.integration, &row.channel_name, row.channel, 1, row.size);
            repeated += 1;
        }
        Ok(repeated)
    }

    fn drop_dead_letters(&mut self, deliveries: &[DeliveryId], at: Timestamp) -> StoreResult<u64> {
        let mut dropped = 0;
        for id in deliveries {
            let Some(row) = self.delivery_row(*id, DeliveryState::Dead)? else { continue };
            let sql = "UPDATE delivery SET state = ?2, ended = ?3 WHERE id = ?1";
            self.connection.prepare_cached(sql)?.execute((id, DeliveryState::Dropped, at))?;
            self.connection.prepare_cached("DELETE FROM body WHERE id = ?1")?.execute([id])?;
            self.counts.dead_letter_removed(row.channel);
            dropped += 1;
        }
        Ok(dropped)
    }

    fn queued_of_key(&mut self, channel: &str, key: &str, most: usize) -> StoreResult<Vec<QueuedEvent>> {
        let channel = self.name_id(channel)?;
        let sql = concat!(
            "SELECT delivery.id, ulid, position, text, kind, urgency, replay FROM delivery INDEXED BY delivery_pending_key \
             JOIN push ON push.id = push JOIN name ON name.id = delivery.integration \
             WHERE channel = ?1 AND delivery.key = ?2 AND state = ",
            number!(Pending),
            " AND message IS NULL ORDER BY delivery.id LIMIT ?3"
        );
        let row = |row: &rusqlite::Row<'_>| {
            Ok(QueuedEvent {
                id: row.get(0)?,
                event: EventId { push: row.get(1)?, index: row.get(2)? },
                integration: row.get(3)?,
                kind: row.get(4)?,
                urgency: row.get(5)?,
                replay: row.get(6)?,
            })
        };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map((channel, key, most), row)?;
        Ok(rows.collect::<SqliteResult<_>>()?)
    }

    fn drop_delivery(&mut self, delivery: DeliveryId, at: Timestamp, reason: &str) -> StoreResult<()> {
        let Some(row) = self.delivery_row(delivery, DeliveryState::Pending)? else { return Ok(()) };
        let sql = "UPDATE delivery SET state = ?2, ended = ?3, reason = ?4 WHERE id = ?1";
        self.connection.prepare_cached(sql)?.execute((delivery, DeliveryState::Dropped, at, reason))?;
        self.connection.prepare_cached("DELETE FROM body WHERE id = ?1")?.execute([delivery])?;
        self.counts.pending(row.integration, &row.channel_name, row.channel, -1, -row.size);
        self.settled.push(delivery);
        Ok(())
    }

    fn release_claim(&mut self, delivery: DeliveryId) {
        self.settled.push(delivery);
    }

    fn pause_channel(&mut self, channel: &str, pause: &ChannelPause) -> StoreResult<ChannelPause> {
        let id = self.name_id(channel)?;
        let ChannelPause { since, until, because, by } = pause;
        let sql = "INSERT INTO channel_pause (channel, since, until, because, author) VALUES (?1, ?2, ?3, ?4, ?5) \
                   ON CONFLICT (channel) DO UPDATE SET until = excluded.until, because = excluded.because, \
                   author = excluded.author RETURNING since";
        let mut statement = self.connection.prepare_cached(sql)?;
        let since = statement.query_row((id, since, until, because, by), |row| row.get(0))?;
        Ok(ChannelPause { since, ..pause.clone() })
    }

    fn resume_channel(&mut self, channel: &str, at: Timestamp) -> StoreResult<Option<ChannelPause>> {
        let id = self.name_id(channel)?;
        let sql = "DELETE FROM channel_pause WHERE channel = ?1 RETURNING since, until, because, author";
        let row = |row: &rusqlite::Row<'_>| {
            Ok(ChannelPause { since: row.get(0)?, until: row.get(1)?, because: row.get(2)?, by: row.get(3)? })
        };
        let ended = self.connection.prepare_cached(sql)?.query_row([id], row).optional()?;
        if let Some(pause) = &ended {
            let sql = concat!(
                "UPDATE delivery INDEXED BY delivery_pending SET since = since + max(0, ?3 - max(since, ?2)) \
                 WHERE channel = ?1 AND state = ",
                number!(Pending)
            );
            self.connection.prepare_cached(sql)?.execute((id, pause.since, at))?;
            self.counts.wake(channel);
        }
        Ok(ended)
    }

    fn hold_channel(&mut self, channel: &str, hold: &StoredHold) -> StoreResult<()> {
        let channel = self.name_id(channel)?;
        let StoredHold { receiver, until, reason } = hold;
        let sql = "INSERT INTO channel (name, delivered, retried, dead, pending, held_receiver, held_until, held_reason) \
                   VALUES (?1, 0, 0, 0, 0, ?2, ?3, ?4) ON CONFLICT (name) DO UPDATE SET \
                   held_receiver = excluded.held_receiver, held_until = excluded.held_until, \
                   held_reason = excluded.held_reason WHERE held_receiver IS NOT excluded.held_receiver \
                   OR held_until IS NULL OR held_until < excluded.held_until";
        self.connection.prepare_cached(sql)?.execute((channel, receiver.0, until, reason))?;
        Ok(())
    }
}

impl SqliteTransaction<'_> {
    /// A delivery, where it is in that state.
    fn delivery_row(&self, id: DeliveryId, state: DeliveryState) -> StoreResult<Option<DeliveryRow>> {
        let sql = "SELECT integration, channel, text, size, message FROM delivery JOIN name ON name.id = channel \
                   WHERE delivery.id = ?1 AND state = ?2";
        let row = |row: &rusqlite::Row<'_>| {
            let (integration, channel, channel_name, size, message) = row.try_into()?;
            Ok(DeliveryRow { integration, channel, channel_name, size, message })
        };
        Ok(self.connection.prepare_cached(sql)?.query_row((id, state), row).optional()?)
    }

    /// A delivery is not pending any more: it was delivered, or given up for a reason.
    fn count_end(&mut self, id: DeliveryId, row: &DeliveryRow, at: Timestamp, reason: Option<&str>) {
        match reason {
            None => self.counts.delivered(row.channel, at),
            Some(reason) => self.counts.dead_letter_added(row.channel, at, reason),
        }
        self.counts.pending(row.integration, &row.channel_name, row.channel, -1, -row.size);
        self.settled.push(id);
    }

    fn record_attempt(&self, settlement: &Settlement) -> StoreResult<()> {
        let Settlement { delivery, at, took, status, result } = settlement;
        let reason = match result {
            SettlementResult::Delivered => None,
            SettlementResult::Retry { reason, .. } | SettlementResult::Dead { reason, .. } => Some(reason),
        };
        let sql = "SELECT max(number) FROM attempt WHERE delivery = ?1";
        let last: Option<i64> = self.connection.prepare_cached(sql)?.query_row([delivery], |row| row.get(0))?;
        let number = last.unwrap_or(0) + 1;
        self.connection
            .prepare_cached("INSERT INTO attempt VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute((delivery, number, at, took, status, reason))?;
        if number > KEPT_ATTEMPTS {
            self.connection
                .prepare_cached("DELETE FROM attempt WHERE delivery = ?1 AND number <= ?2")?
                .execute((delivery, number - KEPT_ATTEMPTS))?;
        }
        Ok(())
    }

    fn requeue_one(&mut self, id: DeliveryId, at: Timestamp) -> StoreResult<u64> {
        let Some(row) = self.delivery_row(id, DeliveryState::Dead)? else { return Ok(0) };
        if !self.has_body(id)? {
            return Ok(0);
        }
        let new = self.next_delivery_id();
        let sql = "UPDATE delivery SET id = ?2, attempts = 0, due = ?3, since = ?3, replay = TRUE, ended = NULL, \
                   state = ?4 WHERE id = ?1";
        self.connection.prepare_cached(sql)?.execute((id, new, at, DeliveryState::Pending))?;
        for sql in ["UPDATE body SET id = ?2 WHERE id = ?1", "UPDATE attempt SET delivery = ?2 WHERE delivery = ?1"] {
            self.connection.prepare_cached(sql)?.execute((id, new))?;
        }
        self.counts.dead_letter_removed(row.channel);
        self.counts.pending(row.integration, &row.channel_name, row.channel, 1, row.size);
        Ok(1)
    }

    pub(super) fn remove_delivery(&self, id: DeliveryId) -> StoreResult<()> {
        for sql in [
            "DELETE FROM delivery WHERE id = ?1",
            "DELETE FROM body WHERE id = ?1",
            "DELETE FROM attempt WHERE delivery = ?1",
        ] {
            self.connection.prepare_cached(sql)?.execute([id])?;
        }
        Ok(())
    }

    fn has_body(&self, id: DeliveryId) -> StoreResult<bool> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM body WHERE id = ?1")?.exists([id])?)
    }
}
