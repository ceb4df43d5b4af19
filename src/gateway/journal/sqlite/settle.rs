//! Deliveries after they were stored: attempts, dead letters, and what operators do with them.

use super::accept::{DEAD, DELIVERED, PENDING};
use super::{Batch, Outcome};
use crate::gateway::journal::record::{Settled, Settlement};
use crate::gateway::journal::store::Done;
use rusqlite::OptionalExtension;

/// How many attempts of a delivery are kept.
const KEPT_ATTEMPTS: i64 = 20;

/// What a change of a delivery has to know of it.
struct Row {
    integration: i64,
    channel: i64,
    channel_name: String,
    size: i64,
    state: i64,
}

impl Batch<'_> {
    fn delivery(&self, id: i64) -> Outcome<Option<Row>> {
        let sql = "SELECT integration, channel, text, size, state FROM delivery JOIN name ON name.id = channel \
                   WHERE delivery.id = ?1";
        self.connection
            .prepare_cached(sql)?
            .query_row([id], |row| {
                Ok(Row {
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
    pub(super) fn settle(&mut self, settlement: &Settlement) -> Outcome<Done> {
        let Settlement { delivery, at, took, status, result } = settlement;
        let Some(row) = self.delivery(*delivery)?.filter(|row| row.state == PENDING) else {
            return Ok(Done::Changed(0));
        };
        let reason = match result {
            Settled::Delivered => None,
            Settled::Retry { reason, .. } | Settled::Dead { reason } => Some(reason.as_str()),
        };
        self.note_attempt(*delivery, *at, *took, *status, reason)?;
        match result {
            Settled::Delivered => {
                self.end(*delivery, &row, DELIVERED, *at, None, 1)?;
                self.tally.delivered(row.channel, *at);
            }
            Settled::Retry { due, reason } => {
                let sql = "UPDATE delivery SET attempts = attempts + 1, due = ?2, reason = ?3 WHERE id = ?1";
                self.connection.prepare_cached(sql)?.execute((delivery, due, reason))?;
                self.tally.retried(row.channel, *at, reason);
            }
            Settled::Dead { reason } => {
                self.end(*delivery, &row, DEAD, *at, Some(reason), 1)?;
                self.tally.died(row.channel, *at, reason);
            }
        }
        Ok(Done::Changed(1))
    }

    pub(super) fn set_aside(&mut self, delivery: i64, at: i64) -> Outcome<Done> {
        const REASON: &str = "damaged record";
        let Some(row) = self.delivery(delivery)?.filter(|row| row.state == PENDING) else {
            return Ok(Done::Changed(0));
        };
        self.end(delivery, &row, DEAD, at, Some(REASON), 0)?;
        self.tally.died(row.channel, at, REASON);
        Ok(Done::Changed(1))
    }

    fn end(
        &mut self,
        id: i64,
        row: &Row,
        state: i64,
        at: i64,
        reason: Option<&str>,
        attempts: i64,
    ) -> Outcome<()> {
        let sql =
            "UPDATE delivery SET state = ?2, ended = ?3, reason = ?4, attempts = attempts + ?5 WHERE id = ?1";
        self.connection.prepare_cached(sql)?.execute((id, state, at, reason, attempts))?;
        self.tally.pending(row.integration, &row.channel_name, row.channel, -1, -row.size);
        Ok(())
    }

    fn note_attempt(
        &self,
        delivery: i64,
        at: i64,
        took: u32,
        status: Option<u16>,
        reason: Option<&str>,
    ) -> Outcome<()> {
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
    pub(super) fn revive(&mut self, deliveries: &[i64], now: i64) -> Outcome<Done> {
        let mut revived = 0;
        for id in deliveries {
            revived += self.revive_one(*id, now)?;
        }
        Ok(Done::Changed(revived))
    }

    fn revive_one(&mut self, id: i64, now: i64) -> Outcome<u64> {
        let Some(row) = self.delivery(id)?.filter(|row| row.state == DEAD) else { return Ok(0) };
        if !self.has_body(id)? {
            return Ok(0);
        }
        let new = self.next_delivery();
        let sql = "UPDATE delivery SET id = ?2, state = 0, attempts = 0, due = ?3, since = ?3, replay = 1, \
                   ended = NULL WHERE id = ?1";
        self.connection.prepare_cached(sql)?.execute((id, new, now))?;
        for sql in
            ["UPDATE body SET id = ?2 WHERE id = ?1", "UPDATE attempt SET delivery = ?2 WHERE delivery = ?1"]
        {
            self.connection.prepare_cached(sql)?.execute((id, new))?;
        }
        self.tally.left_dead(row.channel);
        self.tally.pending(row.integration, &row.channel_name, row.channel, 1, row.size);
        Ok(1)
    }

    /// Deliveries that arrived are copied under new ids; dead letters are revived.
    pub(super) fn repeat(&mut self, deliveries: &[i64], now: i64) -> Outcome<Done> {
        let mut repeated = 0;
        for id in deliveries {
            let Some(row) = self.delivery(*id)?.filter(|row| row.state == DELIVERED) else {
                repeated += self.revive_one(*id, now)?;
                continue;
            };
            if !self.has_body(*id)? {
                continue;
            }
            let new = self.next_delivery();
            let sql = "INSERT INTO delivery (id, push, position, integration, channel, kind, key, state, due, since, \
                       replay, size, notes) SELECT ?2, push, position, integration, channel, kind, key, 0, ?3, ?3, 1, \
                       size, notes FROM delivery WHERE id = ?1";
            self.connection.prepare_cached(sql)?.execute((id, new, now))?;
            let sql =
                "INSERT INTO body (id, checksum, bytes) SELECT ?2, checksum, bytes FROM body WHERE id = ?1";
            self.connection.prepare_cached(sql)?.execute((id, new))?;
            self.tally.pending(row.integration, &row.channel_name, row.channel, 1, row.size);
            repeated += 1;
        }
        Ok(Done::Changed(repeated))
    }

    pub(super) fn forget(&mut self, deliveries: &[i64]) -> Outcome<Done> {
        let mut forgotten = 0;
        for id in deliveries {
            let Some(row) = self.delivery(*id)?.filter(|row| row.state == DEAD) else { continue };
            self.remove_delivery(*id)?;
            self.tally.left_dead(row.channel);
            forgotten += 1;
        }
        Ok(Done::Changed(forgotten))
    }

    pub(super) fn remove_delivery(&self, id: i64) -> Outcome<()> {
        for sql in [
            "DELETE FROM delivery WHERE id = ?1",
            "DELETE FROM body WHERE id = ?1",
            "DELETE FROM attempt WHERE delivery = ?1",
        ] {
            self.connection.prepare_cached(sql)?.execute([id])?;
        }
        Ok(())
    }

    fn has_body(&self, id: i64) -> Outcome<bool> {
        self.connection.prepare_cached("SELECT 1 FROM body WHERE id = ?1")?.exists([id])
    }
}
