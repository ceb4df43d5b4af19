//! Retention, in steps of a bounded number of rows: by age when the writer is idle, by bytes along with every batch.
//!
//! A push stays as long as a delivery of it waits or is a dead letter. Pages that become free are used again, so the file
//! does not grow past the limit; it does not shrink either.

use super::{Batch, Outcome};
use crate::gateway::journal::Options;
use crate::gateway::journal::store::Write;

/// How many rows a step looks at.
const STEP: usize = 256;

/// What may lie in the write-ahead log besides the file, in bytes.
pub(in crate::gateway::journal) const LOG_BYTES: u64 = 256 << 20;

/// How far the sweeps came.
#[derive(Debug, Clone, Default)]
pub(super) struct Sweep {
    /// The last push that was looked at.
    push: i64,
    /// When that began at the oldest.
    began: i64,
    /// The last firing that was looked at.
    firing: Vec<u8>,
}

struct Old {
    id: i64,
    received: i64,
    rules: i64,
    settled: bool,
}

/// How long a firing is open without a sign of it, in milliseconds.
pub(in crate::gateway::journal) const MOST_OPEN: i64 = 30 * 24 * 3_600_000;

/// How long a sweep goes on before it begins at the oldest again, in milliseconds.
const SWEEP: i64 = 60_000;

impl Batch<'_> {
    /// Removes by bytes, more than the batch brings.
    pub(super) fn make_room(
        &mut self,
        options: &Options,
        sweep: &mut Sweep,
        writes: &[Write],
    ) -> Outcome<()> {
        self.bound_quarantine(options.most_quarantined)?;
        if self.used()? > allowed(options) {
            let now = writes.iter().find_map(received).unwrap_or(i64::MIN);
            self.remove_pushes(options, sweep, now, writes.len() * 2 + 32)?;
        }
        Ok(())
    }

    /// One step of everything; whether there is more.
    pub(super) fn tidy(&mut self, options: &Options, sweep: &mut Sweep, now: i64) -> Outcome<bool> {
        let pushes = self.remove_pushes(options, sweep, now, STEP)?;
        let dead = self.remove_dead(now - milliseconds(options.keep_dead_for))?;
        let seen = self
            .connection
            .prepare_cached("DELETE FROM seen WHERE id IN (SELECT id FROM seen WHERE until < ?1 LIMIT 256)")?
            .execute([now])?;
        self.remove_firings(sweep, now)?;
        self.fold(STEP / 2)?;
        self.bound_quarantine(options.most_quarantined)?;
        Ok(pushes == STEP || dead == STEP || seen == STEP)
    }

    /// Bytes of the pages in use.
    fn used(&self) -> Outcome<u64> {
        let number = |sql: &str| -> Outcome<i64> {
            self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
        };
        let pages = number("PRAGMA page_count")? - number("PRAGMA freelist_count")?;
        Ok(pages.unsigned_abs() * u64::from(super::open::PAGE_BYTES))
    }

    /// How many it looked at.
    fn remove_pushes(
        &mut self,
        options: &Options,
        sweep: &mut Sweep,
        now: i64,
        most: usize,
    ) -> Outcome<usize> {
        if now != i64::MIN && (now - sweep.began).abs() > SWEEP {
            (sweep.push, sweep.began) = (0, now);
        }
        let before = now.saturating_sub(milliseconds(options.keep_for));
        let (mut looked, mut is_over) = (0, false);
        for old in self.oldest(sweep.push, most)? {
            if looked % 16 == 0 {
                is_over = self.used()? > allowed(options);
            }
            if old.received >= before && !is_over {
                return Ok(looked);
            }
            looked += 1;
            sweep.push = old.id;
            if old.settled {
                self.remove_push(&old)?;
            }
        }
        if looked < most {
            sweep.push = 0;
        }
        Ok(looked)
    }

    fn oldest(&self, after: i64, most: usize) -> Outcome<Vec<Old>> {
        let sql = "SELECT id, received, rules, NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.push = push.id AND state <> 1) \
                   FROM push WHERE id > ?1 ORDER BY id LIMIT ?2";
        self.connection
            .prepare_cached(sql)?
            .query_map((after, i64::try_from(most).unwrap_or(i64::MAX)), |row| {
                Ok(Old { id: row.get(0)?, received: row.get(1)?, rules: row.get(2)?, settled: row.get(3)? })
            })?
            .collect()
    }

    fn remove_push(&mut self, old: &Old) -> Outcome<()> {
        let deliveries: Vec<i64> = self
            .connection
            .prepare_cached("SELECT id FROM delivery WHERE push = ?1")?
            .query_map([old.id], |row| row.get(0))?
            .collect::<Outcome<_>>()?;
        for delivery in deliveries {
            self.remove_delivery(delivery)?;
        }
        self.connection.prepare_cached("DELETE FROM push WHERE id = ?1")?.execute([old.id])?;
        self.tally.decided(old.rules, -1);
        Ok(())
    }

    fn remove_dead(&mut self, before: i64) -> Outcome<usize> {
        let sql = "SELECT id, channel FROM delivery WHERE state = 2 AND ended < ?1 ORDER BY ended LIMIT 256";
        let old: Vec<(i64, i64)> = self
            .connection
            .prepare_cached(sql)?
            .query_map([before], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Outcome<_>>()?;
        for (id, channel) in &old {
            self.remove_delivery(*id)?;
            self.tally.left_dead(*channel);
        }
        Ok(old.len())
    }

    fn remove_firings(&self, sweep: &mut Sweep, now: i64) -> Outcome<()> {
        let rows: Vec<(Vec<u8>, i64)> = self
            .connection
            .prepare_cached("SELECT id, since FROM firing WHERE id > ?1 ORDER BY id LIMIT 256")?
            .query_map([&sweep.firing], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Outcome<_>>()?;
        for (id, since) in &rows {
            if *since < now - MOST_OPEN {
                self.connection.prepare_cached("DELETE FROM firing WHERE id = ?1")?.execute([id])?;
            }
        }
        sweep.firing = if rows.len() < STEP {
            Vec::new()
        } else {
            rows.last().map(|row| row.0.clone()).unwrap_or_default()
        };
        Ok(())
    }
}

/// The bytes of pages that are allowed: the log has its share.
fn allowed(options: &Options) -> u64 {
    options.keep_bytes - LOG_BYTES.min(options.keep_bytes / 2)
}

fn milliseconds(time: std::time::Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn received(write: &Write) -> Option<i64> {
    if let Write::Accept(push) = write { Some(push.received) } else { None }
}
