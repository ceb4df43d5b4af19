//! The latest changes of open firings.
//!
//! Keys of new firings are spread over the table of firings, so each would change a page of its own, and the write-ahead log
//! holds whole pages. Therefore a change is appended to `firing_change`, and is kept in memory as well. Once there are many,
//! they are compacted: a sweep in the order of keys moves them into `firing`, many to a page, a few in every transaction that
//! adds new ones. Both tables are one state: a change in memory comes before the row in `firing`. Memory changes after the
//! commit and before the answers.

use super::firing::{LookupDigest, split_channels};
use super::{SqliteResult, SqliteTransaction, StoreResult};
use crate::event::Severity;
use crate::gateway::journal::StoredFiring;
use crate::time::Timestamp;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// How many changes start a compaction; few in tests, so that it happens there.
const COMPACTION_THRESHOLD: i64 = if cfg!(test) { 64 } else { 65_536 };

/// How many changes are compacted, and how many compacted ones are removed, for each new one.
const COMPACTED_PER_CHANGE: usize = 2;
const REMOVED_PER_CHANGE: i64 = 4;

/// The last change of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FiringChange {
    /// Its place in the order of changes.
    number: i64,
    since: Timestamp,
    /// The column of the channels; empty where the firing closed.
    channels: Box<str>,
    severity: Option<Severity>,
}

impl FiringChange {
    /// The firing since then.
    pub(super) fn firing(&self) -> StoredFiring {
        StoredFiring { since: self.since, channels: split_channels(&self.channels), severity: self.severity }
    }
}

/// The changes that are committed and not compacted yet; at most some hundred thousand.
#[derive(Debug, Default)]
pub(super) struct RecentFirings {
    changes: RwLock<BTreeMap<LookupDigest, FiringChange>>,
}

impl RecentFirings {
    fn changes(&self) -> RwLockReadGuard<'_, BTreeMap<LookupDigest, FiringChange>> {
        self.changes.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last change of a key; nothing where the table of firings is up to date.
    pub(super) fn get(&self, key: &LookupDigest) -> Option<FiringChange> {
        self.changes().get(key).cloned()
    }

    fn after(&self, key: Option<LookupDigest>, most: usize) -> Vec<(LookupDigest, FiringChange)> {
        let from = key.map_or(Bound::Unbounded, Bound::Excluded);
        let changes = self.changes();
        let range = changes.range((from, Bound::Unbounded));
        range.take(most).map(|(key, change)| (*key, change.clone())).collect()
    }

    /// Takes the changes of a transaction that is committed.
    pub(super) fn publish(&self, batch: FiringChangeSet) {
        let mut changes = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        for key in &batch.compacted {
            changes.remove(key);
        }
        changes.extend(batch.fresh);
    }

    /// Reads all changes again; damaged ones are skipped.
    pub(super) fn reload(&self, connection: &Connection) -> SqliteResult<FiringCompaction> {
        let mut read = BTreeMap::new();
        let mut compaction = FiringCompaction::default();
        let mut statement =
            connection.prepare("SELECT id, key, since, channels, severity FROM firing_change ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            let (number, since) = (row.get(0)?, row.get(2)?);
            Ok((row.get(1)?, FiringChange { number, since, channels: row.get(3)?, severity: row.get(4)? }))
        })?;
        for row in rows {
            match row {
                Ok((key, change)) => drop(read.insert(key, change)),
                Err(error) => tracing::error!(%error, "a change of a firing cannot be read"),
            }
        }
        let sql = "SELECT coalesce(min(id), 1), coalesce(max(id) + 1, 1) FROM firing_change";
        (compaction.oldest, compaction.next) = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        *self.changes.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(compaction)
    }
}

/// The changes of a transaction.
#[derive(Debug, Default)]
pub(super) struct FiringChangeSet {
    fresh: BTreeMap<LookupDigest, FiringChange>,
    compacted: Vec<LookupDigest>,
    appended: usize,
}

/// The position of the compaction.
#[derive(Debug, Default)]
pub(super) struct FiringCompaction {
    /// The number of the next change, and of the oldest that is kept.
    next: i64,
    oldest: i64,
    /// Changes below that number are compacted and can be removed.
    compacted_below: i64,
    sweep: Option<CompactionSweep>,
}

/// A sweep through the changes in memory, in the order of keys.
#[derive(Debug)]
struct CompactionSweep {
    /// At its end, all changes below that number are compacted.
    upper_bound: i64,
    /// The last key that was examined.
    after: Option<LookupDigest>,
}

impl FiringCompaction {
    /// The sweep under way. One begins where there are many changes; the last ones, of the transaction at hand, are not in
    /// memory yet.
    fn sweep(&mut self, appended: usize) -> Option<&mut CompactionSweep> {
        if self.sweep.is_none() && self.next - self.oldest >= COMPACTION_THRESHOLD {
            self.sweep = Some(CompactionSweep { upper_bound: self.next - whole(appended), after: None });
        }
        self.sweep.as_mut()
    }
}

impl SqliteTransaction<'_> {
    /// The last change of a key, with those of this transaction.
    pub(super) fn recent_change(&self, key: &LookupDigest) -> Option<FiringChange> {
        self.changes.fresh.get(key).cloned().or_else(|| self.recent.get(key))
    }

    /// Appends a change.
    pub(super) fn append_change(
        &mut self,
        key: LookupDigest,
        since: Timestamp,
        channels: &str,
        severity: Option<Severity>,
    ) -> StoreResult<()> {
        let number = self.cache.compaction.next;
        self.connection
            .prepare_cached(
                "INSERT INTO firing_change (id, key, since, channels, severity) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((number, key, since, channels, severity))?;
        self.cache.compaction.next += 1;
        self.changes.appended += 1;
        self.changes.fresh.insert(key, FiringChange { number, since, channels: channels.into(), severity });
        Ok(())
    }

    /// How many changes the transaction has appended so far.
    pub(super) fn appended_count(&self) -> usize {
        self.changes.appended
    }

    /// Removes some changes that are compacted, or compacts some more, in proportion to `step`.
    pub(super) fn compact_firings(&mut self, step: usize) -> StoreResult<()> {
        if step == 0 {
            Ok(())
        } else if self.cache.compaction.oldest < self.cache.compaction.compacted_below {
            self.remove_compacted(step)
        } else {
            self.continue_sweep(step)
        }
    }

    /// Removes the oldest changes, which the last sweep compacted.
    fn remove_compacted(&mut self, step: usize) -> StoreResult<()> {
        let FiringCompaction { oldest, compacted_below, .. } = &mut self.cache.compaction;
        let end = oldest.saturating_add(whole(step).saturating_mul(REMOVED_PER_CHANGE));
        *oldest = end.min(*compacted_below);
        self.connection.prepare_cached("DELETE FROM firing_change WHERE id < ?1")?.execute([*oldest])?;
        Ok(())
    }

    /// Compacts the changes of the next keys.
    fn continue_sweep(&mut self, step: usize) -> StoreResult<()> {
        let Some(sweep) = self.cache.compaction.sweep(self.changes.appended) else { return Ok(()) };
        let most = step.saturating_mul(COMPACTED_PER_CHANGE);
        let found = self.recent.after(sweep.after, most);
        if found.len() == most {
            sweep.after = found.last().map(|(key, _)| *key);
        } else {
            self.cache.compaction.compacted_below = sweep.upper_bound;
            self.cache.compaction.sweep = None;
        }
        // A key that this transaction changes keeps its place in memory, where its new change comes first.
        for (key, change) in found {
            if !self.changes.fresh.contains_key(&key) {
                self.compact_one(&key, &change)?;
                self.changes.compacted.push(key);
            }
        }
        Ok(())
    }

    fn compact_one(&self, key: &LookupDigest, change: &FiringChange) -> StoreResult<()> {
        if change.channels.is_empty() {
            self.connection.prepare_cached("DELETE FROM firing WHERE id = ?1")?.execute([key])?;
        } else {
            let sql = "INSERT OR REPLACE INTO firing (id, since, channels, severity) VALUES (?1, ?2, ?3, ?4)";
            self.connection.prepare_cached(sql)?.execute((key, change.since, &*change.channels, change.severity))?;
        }
        Ok(())
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::{SqliteStore, SqliteTransaction, StoreResult};
    use super::{COMPACTION_THRESHOLD, LookupDigest};
    use crate::gateway::journal::{JournalConfig, JournalStore as _, StoreError};
    use crate::time::Timestamp;
    use rusqlite::OptionalExtension;
    use std::collections::BTreeMap;
    use tempfile::TempDir;

    fn store(folder: &TempDir) -> (JournalConfig, SqliteStore) {
        let options = JournalConfig { directory: folder.path().to_owned(), ..JournalConfig::default() };
        let store = SqliteStore::open(&options).expect("a store");
        (options, store)
    }

    /// The open channels as readers see them.
    fn open(store: &SqliteStore, key: LookupDigest) -> String {
        if let Some(change) = store.recent.get(&key) {
            return change.channels.into();
        }
        let connection = &store.handle().expect("it is open").connection;
        let sql = "SELECT channels FROM firing WHERE id = ?1";
        connection.query_row(sql, [key], |row| row.get(0)).optional().expect("it reads").unwrap_or_default()
    }

    fn count(store: &SqliteStore, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        store.handle().expect("it is open").connection.query_row(&sql, [], |row| row.get(0)).expect("a number")
    }

    fn number(round: u32, salt: u32) -> u32 {
        let mixed = (round ^ salt.wrapping_mul(0x9E37_79B9)).wrapping_mul(0x85EB_CA6B);
        (mixed ^ (mixed >> 15)).wrapping_mul(0xC2B2_AE35) >> 8
    }

    #[test]
    fn what_is_open_is_the_same_after_compactions_failures_and_reopening() {
        let folder = tempfile::tempdir().expect("a folder");
        let (options, mut store) = store(&folder);
        let mut model: BTreeMap<LookupDigest, String> = BTreeMap::new();
        let mut most = 0;
        for round in 0..400 {
            let changes: Vec<(LookupDigest, String)> = (0..7)
                .map(|at| {
                    let key = [u8::try_from(number(round, at) % 200).unwrap_or_default(); 16];
                    let closes = number(round, at + 100).is_multiple_of(3);
                    (key, if closes { String::new() } else { format!("channel-{round}-{at}") })
                })
                .collect();
            let fails = round % 61 == 60;
            let change = |batch: &mut SqliteTransaction<'_>| -> StoreResult<()> {
                changes
                    .iter()
                    .try_for_each(|(key, channels)| batch.append_change(*key, Timestamp::default(), channels, None))?;
                if fails { Err(StoreError::NoSpace) } else { Ok(()) }
            };
            assert_eq!(store.run(change).is_err(), fails);
            if !fails {
                model.extend(changes);
            }
            match round % 150 {
                20 => store.reopen().expect("it opens again"),
                90 => store = SqliteStore::open(&options).expect("it opens again"),
                _ => {}
            }
            for (key, channels) in &model {
                assert_eq!(open(&store, *key), *channels, "round {round}");
            }
            most = most.max(count(&store, "firing_change"));
        }
        assert!(most < 16 * COMPACTION_THRESHOLD, "{most} changes were kept of 2,800");
        assert!(count(&store, "firing") > 50, "nothing was compacted");
    }
}
