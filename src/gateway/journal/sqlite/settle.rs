//! Deliveries after they were stored: attempts, dead letters, and what operators do with them.

use super::accept::{DEAD, DELIVERED, PENDING};
use super::{BatchTransaction, SqliteResult};
use crate::gateway::journal::batch_store::WriteResult;
use crate::gateway::journal::record::{Settlement, SettlementResult};
use rusqlite::OptionalExtension;

/// How many attempts of a delivery are kept.
const KEPT_ATTEMPTS: i64 = 20;

/// What a change of a delivery has to know of it.
struct DeliveryRow {
    integration: i64,
    channel: i64,
    channel_name: String,
    size: i64,
    state: i64,
}

impl BatchTransaction<'_> {
    fn delivery_row(&self, id: i64) -> SqliteResult<Option<DeliveryRow>> {
        let sql = "SELECT integration, channel, text, size, state FROM delivery JOIN name ON name.id = channel \
                   WHERE delivery.id = ?1";
        self.connection
            .prepare_cached(sql)?
            .query_row([id], |row| {
                Ok(DeliveryRow {
                    integration: row.get(0)?,
                    channel: row.get(1)?,
                    channel_name: row.get(2)?,
                    size: row.get(3)?,
                    state: row.get(4)?,
                })
            })
            .optional()
    }

    /// A delivery that is settled already, or gone, stays as it is.
    pub(super) fn settle(&mut self, settlement: &Settlement) -> SqliteResult<WriteResult> {
        let Settlement { delivery, at, took, status, result } = settlement;
        let Some(row) = self.delivery_row(*delivery)?.filter(|row| row.state == PENDING) else {
            return Ok(WriteResult::Changed(0));
        };
        let reason = match result {
            SettlementResult::Delivered => None,
            SettlementResult::Retry { reason, .. } | SettlementResult::Dead { reason } => {
                Some(reason.as_str())
            }
        };
        self.record_attempt(*delivery, *at, *took, *status, reason)?;
        match result {
            SettlementResult::Delivered => {
                self.finish_delivery(*delivery, &row, DELIVERED, *at, None, 1)?;
                self.counts.delivered(row.channel, *at);
            }
            SettlementResult::Retry { due, reason } => {
                let sql = "UPDATE delivery SET attempts = attempts + 1, due = ?2, reason = ?3 WHERE id = ?1";
                self.connection.prepare_cached(sql)?.execute((delivery, due, reason))?;
                self.counts.retried(row.channel, *at, reason);
            }
            SettlementResult::Dead { reason } => {
                self.finish_delivery(*delivery, &row, DEAD, *at, Some(reason), 1)?;
                self.counts.dead_letter_added(row.channel, *at, reason);
            }
        }
        Ok(WriteResult::Changed(1))
    }

    pub(super) fn mark_damaged(&mut self, delivery: i64, at: i64) -> SqliteResult<WriteResult> {
        const REASON: &str = "damaged record";
        let Some(row) = self.delivery_row(delivery)?.filter(|row| row.state == PENDING) else {
            return Ok(WriteResult::Changed(0));
        };
        self.finish_delivery(delivery, &row, DEAD, at, Some(REASON), 0)?;
        self.counts.dead_letter_added(row.channel, at, REASON);
        Ok(WriteResult::Changed(1))
    }

    fn finish_delivery(
        &mut self,
        id: i64,
        row: &DeliveryRow,
        state: i64,
        at: i64,
        reason: Option<&str>,
        attempts: i64,
    ) -> SqliteResult<()> {
        let sql =
            "UPDATE delivery SET state = ?2, ended = ?3, reason = ?4, attempts = attempts + ?5 WHERE id = ?1";
        self.connection.prepare_cached(sql)?.execute((id, state, at, reason, attempts))?;
        self.counts.pending(row.integration, &row.channel_name, row.channel, -1, -row.size);
        Ok(())
    }

    fn record_attempt(
        &self,
        delivery: i64,
        at: i64,
        took: u32,
        status: Option<u16>,
        reason: Option<&str>,
    ) -> SqliteResult<()> {
        let sql = "SELECT max(number) FROM attempt WHERE delivery = ?1";
        let last: Option<i64> =
            self.connection.prepare_cached(sql)?.query_row([delivery], |row| row.get(0))?;
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

    /// Dead letters become pending under a new id, so that they stand behind what was accepted meanwhile.
    pub(super) fn requeue(&mut self, deliveries: &[i64], now: i64) -> SqliteResult<WriteResult> {
        let mut revived = 0;
        for id in deliveries {
            revived += self.requeue_one(*id, now)?;
        }
        Ok(WriteResult::Changed(revived))
    }

    fn requeue_one(&mut self, id: i64, now: i64) -> SqliteResult<u64> {
        let Some(row) = self.delivery_row(id)?.filter(|row| row.state == DEAD) else { return Ok(0) };
        if !self.has_body(id)? {
            return Ok(0);
        }
        let new = self.next_delivery_id();
        let sql = "UPDATE delivery SET id = ?2, state = 0, attempts = 0, due = ?3, since = ?3, replay = 1, \
                   ended = NULL WHERE id = ?1";
        self.connection.prepare_cached(sql)?.execute((id, new, now))?;
        for sql in
            ["UPDATE body SET id = ?2 WHERE id = ?1", "UPDATE attempt SET delivery = ?2 WHERE delivery = ?1"]
        {
            self.connection.prepare_cached(sql)?.execute((id, new))?;
        }
        self.counts.dead_letter_removed(row.channel);
        self.counts.pending(row.integration, &row.channel_name, row.channel, 1, row.size);
        Ok(1)
    }

    /// Deliveries that arrived are copied under new ids; dead letters are revived.
    pub(super) fn redeliver(&mut self, deliveries: &[i64], now: i64) -> SqliteResult<WriteResult> {
        let mut repeated = 0;
        for id in deliveries {
            let Some(row) = self.delivery_row(*id)?.filter(|row| row.state == DELIVERED) else {
                repeated += self.requeue_one(*id, now)?;
                continue;
            };
            if !self.has_body(*id)? {
                continue;
            }
            let new = self.next_delivery_id();
            let sql = "INSERT INTO delivery (id, push, position, integration, channel, kind, key, state, due, since, \
                       replay, size, notes) SELECT ?2, push, position, integration, channel, kind, key, 0, ?3, ?3, 1, \
                       size, notes FROM delivery WHERE id = ?1";
            self.connection.prepare_cached(sql)?.execute((id, new, now))?;
            let sql =
                "INSERT INTO body (id, checksum, bytes) SELECT ?2, checksum, bytes FROM body WHERE id = ?1";
            self.connection.prepare_cached(sql)?.execute((id, new))?;
            self.counts.pending(row.integration, &row.channel_name, row.channel, 1, row.size);
            repeated += 1;
        }
        Ok(WriteResult::Changed(repeated))
    }

    pub(super) fn delete_dead_letters(&mut self, deliveries: &[i64]) -> SqliteResult<WriteResult> {
        let mut forgotten = 0;
        for id in deliveries {
            let Some(row) = self.delivery_row(*id)?.filter(|row| row.state == DEAD) else { continue };
            self.remove_delivery(*id)?;
            self.counts.dead_letter_removed(row.channel);
            forgotten += 1;
        }
        Ok(WriteResult::Changed(forgotten))
    }

    pub(super) fn remove_delivery(&self, id: i64) -> SqliteResult<()> {
        for sql in [
            "DELETE FROM delivery WHERE id = ?1",
            "DELETE FROM body WHERE id = ?1",
            "DELETE FROM attempt WHERE delivery = ?1",
        ] {
            self.connection.prepare_cached(sql)?.execute([id])?;
        }
        Ok(())
    }

    fn has_body(&self, id: i64) -> SqliteResult<bool> {
        self.connection.prepare_cached("SELECT 1 FROM body WHERE id = ?1")?.exists([id])
    }
}
