//! Retention, in steps of a bounded number of rows: by age when the writer is idle, by bytes in every transaction.
//!
//! Damage does not stop it: what cannot be read is skipped, and the rest is removed.
//!
//! A push stays as long as a delivery of it is pending or a dead letter, or it holds the last event of an alert that a channel
//! knows. Free pages are used again, so the file does not grow
//! past the limit; it does not shrink either. Where the disk has less room than the journal may have, and no settled push is
//! left, the oldest dead letters go, each with its push.

use super::open::PAGE_BYTES;
use super::{SqliteResult, SqliteTransaction, StoreResult};
use crate::gateway::journal::number::number;
use crate::gateway::journal::{DeliveryId, DeliveryState, JournalConfig, LONGEST_OPEN, PruneProgress};
use crate::time::Timestamp;
use rusqlite::{Connection, Row};
use std::time::Duration;

/// How many rows a step looks at.
const ROWS_PER_STEP: usize = 256;

/// How many dead letters are removed before the room is looked at again.
const DEAD_LETTERS_PER_STEP: usize = 4;

/// How many bytes the write-ahead log may have besides the file.
const MAX_LOG_BYTES: u64 = 256 << 20;

/// How many bytes it may have on any disk. Each move of the log writes and syncs the file of the database: with less, a
/// nearly full disk would be busy with moves of a few pages, many times a second.
const LEAST_LOG_BYTES: u64 = 4 << 20;

/// The most bytes that refused payloads may have together.
const MAX_QUARANTINED_BYTES: u64 = 256 << 20;

/// How many bytes the files of the store may have, and what they are for.
#[derive(Debug, Clone, Copy)]
pub(super) struct JournalBudget {
    most: u64,
    /// Whether it is the disk that sets the limit.
    is_disk: bool,
}

impl JournalBudget {
    /// The limit of the operator, or that of the disk where it is lower.
    pub(super) fn new(options: &JournalConfig, disk: u64) -> Self {
        Self { most: disk.min(options.keep_bytes), is_disk: disk < options.keep_bytes }
    }

    /// The bytes that the log may have at all.
    pub(super) fn log_share(self) -> u64 {
        self.kept_for_log().max(LEAST_LOG_BYTES)
    }

    /// The bytes that pages leave to the log.
    fn kept_for_log(self) -> u64 {
        MAX_LOG_BYTES.min(self.most / 2)
    }

    /// The bytes at which the log is restarted: its share holds what comes meanwhile, too.
    pub(super) fn restarted_log(self) -> u64 {
        let share = self.log_share();
        (share / 2).max(share.saturating_sub(64 << 20))
    }

    /// The bytes that pages in use may have.
    fn pages(self) -> u64 {
        self.most - self.kept_for_log()
    }

    /// The bytes that refused payloads may have.
    pub(super) fn quarantine(self) -> i64 {
        i64::try_from(MAX_QUARANTINED_BYTES.min(self.most / 8)).unwrap_or(i64::MAX)
    }
}

/// The positions of the sweeps.
#[derive(Debug, Clone, Default)]
pub(super) struct RetentionCursor {
    /// The last push that was examined.
    push: i64,
    /// When the sweep of pushes began at the oldest.
    began: Timestamp,
    /// Whether steps are small, as there is damage near.
    is_narrow: bool,
    /// Whether there were too many bytes when the sweep began at the oldest push.
    makes_room: bool,
    /// Whether the sweep has removed something.
    has_removed: bool,
    /// What goes where there are too many bytes.
    room: RoomSource,
    /// The last firing that was examined.
    firing: Vec<u8>,
}

/// What makes room on a small disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum RoomSource {
    /// Settled pushes.
    #[default]
    Settled,
    /// Dead letters, as the last sweep found no settled push.
    DeadLetters,
    /// Dead letters, and the log says so.
    LoggedDeadLetters,
}

/// What is removed. Where damage stops all classes together, each is tried by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetentionClass {
    Pushes,
    DeadLetters,
    Deduplication,
    Firings,
    Messages,
    Silences,
    Quarantine,
}

impl RetentionClass {
    /// All classes.
    pub(super) const ALL: [Self; 7] = [
        Self::Pushes,
        Self::DeadLetters,
        Self::Deduplication,
        Self::Firings,
        Self::Messages,
        Self::Silences,
        Self::Quarantine,
    ];
}

impl RetentionCursor {
    /// Begins at the oldest push again, where the sweep began long ago, or in the future of a clock that was set back.
    pub(super) fn restart_if_due(&mut self, now: Timestamp) {
        let (after, before) = (now.saturating_duration_since(self.began), self.began.saturating_duration_since(now));
        if after.max(before) > RESTART_AFTER {
            (self.push, self.began) = (0, now);
            (self.has_removed, self.room) = (false, RoomSource::Settled);
        }
    }

    /// Skips a damaged record.
    pub(super) fn skip_damaged(&mut self, class: RetentionClass) -> PruneProgress {
        match class {
            RetentionClass::Pushes => {
                if self.is_narrow {
                    self.push = self.push.saturating_add(NARROW_STEP);
                }
                self.is_narrow = true;
                return PruneProgress::More;
            }
            RetentionClass::Firings => self.firing = next_key_range(&self.firing),
            RetentionClass::DeadLetters
            | RetentionClass::Deduplication
            | RetentionClass::Messages
            | RetentionClass::Silences
            | RetentionClass::Quarantine => {}
        }
        PruneProgress::Done
    }
}

/// The result of a step that removes pushes.
struct PruneStep {
    scanned: usize,
    /// The last push that was examined.
    last: i64,
    /// Whether there is none after it.
    is_last: bool,
    /// The rule sets of the removed pushes.
    rules: Vec<i64>,
}

struct PruneCandidate {
    id: i64,
    received: Timestamp,
    rules: i64,
    settled: bool,
}

/// How many pushes a step examines where damage is near. All of them are skipped where one is damaged.
const NARROW_STEP: i64 = 16;

/// How long a sweep goes on before it begins at the oldest again.
const RESTART_AFTER: Duration = Duration::from_mins(1);

impl SqliteTransaction<'_> {
    /// Removes by bytes, more than the transaction brings.
    pub(super) fn free_pages(&mut self) -> StoreResult<()> {
        self.bound_quarantine()?;
        if self.is_over_budget()? {
            self.remove_pushes(self.received, self.pushes * 2 + 32)?;
        }
        Ok(())
    }

    /// One step of these classes.
    pub(super) fn prune(&mut self, classes: &[RetentionClass], now: Timestamp) -> StoreResult<PruneProgress> {
        let mut progress = PruneProgress::Done;
        for class in classes {
            let removed = match class {
                RetentionClass::Pushes => self.remove_pushes(Some(now), ROWS_PER_STEP)?,
                RetentionClass::DeadLetters => {
                    let before = now.saturating_sub(self.options.keep_dead_for);
                    self.remove_dead_letters(before, ROWS_PER_STEP)?.len()
                }
                RetentionClass::Deduplication => self.remove_deduplication(now)?,
                RetentionClass::Firings => {
                    self.sweep.firing = self.remove_firings(&self.sweep.firing, now)?;
                    self.compact_firings(ROWS_PER_STEP / 2)?;
                    0
                }
                RetentionClass::Messages => self.remove_messages(now.saturating_sub(self.options.keep_for))?,
                RetentionClass::Silences => self.remove_silences(now.saturating_sub(self.options.keep_for))?,
                RetentionClass::Quarantine => {
                    self.bound_quarantine()?;
                    0
                }
            };
            if removed == ROWS_PER_STEP {
                progress = PruneProgress::More;
            }
        }
        Ok(progress)
    }

    fn is_over_budget(&self) -> StoreResult<bool> {
        let pages = PageCounts::read(self.connection)?;
        self.reusable.set(Some(page_bytes(pages.free)));
        Ok(pages.is_over(self.budget))
    }

    /// Removes old pushes; how many were examined, or `most` where there may be more. Without a time, none is too old, and
    /// they are removed by bytes only.
    fn remove_pushes(&mut self, now: Option<Timestamp>, most: usize) -> StoreResult<usize> {
        let is_over = self.is_over_budget()?;
        if !is_over || !self.budget.is_disk {
            self.sweep.room = RoomSource::Settled;
        }
        if let Some(now) = now.filter(|_| !is_over || self.sweep.room != RoomSource::Settled) {
            self.sweep.restart_if_due(now);
        }
        if self.sweep.room != RoomSource::Settled {
            return self.remove_dead_pushes(most);
        }
        if self.sweep.push == 0 {
            self.sweep.makes_room = is_over;
        }
        let narrow = usize::try_from(NARROW_STEP).unwrap_or(most).min(most);
        let asked = if self.sweep.is_narrow { narrow } else { most };
        let before = now.map(|now| now.saturating_sub(self.options.keep_for));
        let step = self.remove_step(self.sweep.push, before, asked)?;
        self.sweep.has_removed |= !step.rules.is_empty();
        step.rules.into_iter().for_each(|rules| self.counts.decided(rules, -1));
        if step.is_last {
            if is_over && self.budget.is_disk && self.sweep.makes_room && !self.sweep.has_removed {
                self.sweep.room = RoomSource::DeadLetters;
            }
            (self.sweep.push, self.sweep.is_narrow, self.sweep.has_removed) = (0, false, false);
        } else {
            self.sweep.push = step.last;
        }
        Ok(if step.scanned == asked { most } else { step.scanned })
    }

    /// Removes pushes after that one that were received before that time, or any while the file is too large.
    fn remove_step(&self, after: i64, before: Option<Timestamp>, most: usize) -> StoreResult<PruneStep> {
        let mut step = PruneStep { scanned: 0, last: after, is_last: false, rules: Vec::new() };
        let mut is_over = false;
        for old in self.candidates(after, most)? {
            if step.scanned.is_multiple_of(16) {
                is_over = self.is_over_budget()?;
            }
            if before.is_none_or(|before| old.received >= before) && !is_over {
                return Ok(step);
            }
            step.scanned += 1;
            step.last = old.id;
            if old.settled {
                self.remove_push(&old)?;
                step.rules.push(old.rules);
            }
        }
        step.is_last = step.scanned < most;
        Ok(step)
    }

    /// The pushes after that one.
    fn candidates(&self, after: i64, most: usize) -> SqliteResult<Vec<PruneCandidate>> {
        let sql = "SELECT id, received, rules, \
                   NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.push = push.id AND state IN (?3, ?4)) \
                   AND NOT EXISTS (SELECT 1 FROM told_alert WHERE told_alert.push = push.id) \
                   AND NOT EXISTS (SELECT 1 FROM hold_alert WHERE hold_alert.push = push.id) \
                   AND NOT EXISTS (SELECT 1 FROM held_event WHERE held_event.push = push.id) \
                   AND NOT EXISTS (SELECT 1 FROM heard_alert WHERE heard_alert.push = push.id) \
                   AND NOT EXISTS (SELECT 1 FROM beat WHERE beat.push = push.id) \
                   FROM push WHERE id > ?1 ORDER BY id LIMIT ?2";
        let row = |row: &Row<'_>| {
            let (id, received, rules, settled) = row.try_into()?;
            Ok(PruneCandidate { id, received, rules, settled })
        };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let values = (after, most, DeliveryState::Pending, DeliveryState::Dead);
        self.connection.prepare_cached(sql)?.query_map(values, row)?.collect()
    }

    fn remove_push(&self, old: &PruneCandidate) -> StoreResult<()> {
        let deliveries: Vec<DeliveryId> = self
            .connection
            .prepare_cached("SELECT id FROM delivery WHERE push = ?1")?
            .query_map([old.id], |row| row.get(0))?
            .collect::<SqliteResult<_>>()?;
        for delivery in deliveries {
            self.remove_delivery(delivery)?;
        }
        for sql in ["DELETE FROM fate WHERE push = ?1", "DELETE FROM push WHERE id = ?1"] {
            self.connection.prepare_cached(sql)?.execute([old.id])?;
        }
        Ok(())
    }

    /// Removes dead letters that ended before that time, the oldest first; their pushes.
    fn remove_dead_letters(&mut self, before: Timestamp, most: usize) -> StoreResult<Vec<i64>> {
        let sql = concat!(
            "SELECT id, channel, push FROM delivery WHERE state = ",
            number!(Dead),
            " AND ended < ?1 ORDER BY ended LIMIT ?2"
        );
        let old: Vec<(DeliveryId, i64, i64)> = self
            .connection
            .prepare_cached(sql)?
            .query_map((before, i64::try_from(most).unwrap_or(i64::MAX)), |row| row.try_into())?
            .collect::<SqliteResult<_>>()?;
        for (id, channel, _) in &old {
            self.remove_delivery(*id)?;
            self.counts.dead_letter_removed(*channel);
        }
        Ok(old.into_iter().map(|(_, _, push)| push).collect())
    }

    /// Removes the oldest dead letters, and the pushes that are settled without them, a few at a time until there is room;
    /// how many, at most `most`.
    fn remove_dead_pushes(&mut self, most: usize) -> StoreResult<usize> {
        let mut removed = 0;
        while removed < most && self.is_over_budget()? {
            let step = DEAD_LETTERS_PER_STEP.min(most - removed);
            let pushes = self.remove_dead_letters(Timestamp::from_epoch_milliseconds(i64::MAX), step)?;
            for push in &pushes {
                self.remove_if_settled(*push)?;
            }
            removed += pushes.len();
            if pushes.len() < step {
                break;
            }
        }
        if removed > 0 && self.sweep.room == RoomSource::DeadLetters {
            tracing::warn!("the disk is nearly full and no settled event is left: the oldest dead letters are removed");
            self.sweep.room = RoomSource::LoggedDeadLetters;
        }
        Ok(removed)
    }

    fn remove_if_settled(&mut self, push: i64) -> StoreResult<()> {
        let found = self.candidates(push - 1, 1)?.pop().filter(|found| found.id == push && found.settled);
        if let Some(settled) = found {
            self.remove_push(&settled)?;
            self.counts.decided(settled.rules, -1);
        }
        Ok(())
    }

    fn remove_deduplication(&self, now: Timestamp) -> SqliteResult<usize> {
        let sql = "DELETE FROM seen WHERE id IN (SELECT id FROM seen WHERE until < ?1 LIMIT 256)";
        self.connection.prepare_cached(sql)?.execute([now])
    }

    /// Removes settled messages that were made before that time, and what is noted of news that ended before it.
    fn remove_messages(&self, before: Timestamp) -> SqliteResult<usize> {
        let sql = "DELETE FROM told_message WHERE (channel, number) IN (SELECT channel, number FROM told_message \
                   WHERE at < ?1 AND grps IS NULL ORDER BY at LIMIT 256)";
        let messages = self.connection.prepare_cached(sql)?.execute([before])?;
        let sql = "DELETE FROM told_change WHERE id IN (SELECT id FROM (SELECT id, at FROM told_change ORDER BY id LIMIT 256) \
                   WHERE at < ?1)";
        let changes = self.connection.prepare_cached(sql)?.execute([before])?;
        Ok(messages.max(changes))
    }

    /// Removes firings after that one that were not repeated for too long; the last that was examined.
    fn remove_firings(&self, after: &[u8], now: Timestamp) -> SqliteResult<Vec<u8>> {
        let rows: Vec<(Vec<u8>, Timestamp)> = self
            .connection
            .prepare_cached("SELECT id, since FROM firing WHERE id > ?1 ORDER BY id LIMIT 256")?
            .query_map([after], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<SqliteResult<_>>()?;
        for (id, since) in &rows {
            if *since < now.saturating_sub(LONGEST_OPEN) {
                self.connection.prepare_cached("DELETE FROM firing WHERE id = ?1")?.execute([id])?;
            }
        }
        let is_last = rows.len() < ROWS_PER_STEP;
        Ok(rows.into_iter().next_back().filter(|_| !is_last).map(|(id, _)| id).unwrap_or_default())
    }
}

/// Where the next 256th of all firings begins; nothing after the last.
fn next_key_range(firing: &[u8]) -> Vec<u8> {
    let first = firing.first().copied().unwrap_or_default();
    first.checked_add(1).map(|next| vec![next]).unwrap_or_default()
}

/// The pages of the database.
pub(super) struct PageCounts {
    all: i64,
    /// Those that can be used again.
    pub(super) free: i64,
}

impl PageCounts {
    pub(super) fn read(connection: &Connection) -> SqliteResult<Self> {
        let (all, free) = (pragma(connection, "PRAGMA page_count")?, pragma(connection, "PRAGMA freelist_count")?);
        Ok(Self { all, free })
    }

    /// Whether the pages in use have more bytes than they may.
    pub(super) fn is_over(&self, budget: JournalBudget) -> bool {
        page_bytes(self.all - self.free) > budget.pages()
    }
}

/// The number that a pragma answers.
fn pragma(connection: &Connection, sql: &str) -> SqliteResult<i64> {
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
}

/// The bytes of so many pages.
pub(super) fn page_bytes(pages: i64) -> u64 {
    pages.unsigned_abs() * u64::from(PAGE_BYTES)
}
