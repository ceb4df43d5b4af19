//! What changed lately in which firings are open.
//!
//! The key of a new firing lies anywhere in the table of them, so each would change a page of its own, and the write-ahead
//! log takes whole pages. A change is therefore appended to `firing_change` and held in memory as well. Once there are
//! many, a sweep in the order of keys folds them into `firing`, many to a page, a few along with every batch that brings
//! new ones. Both tables are one state, as memory hides from the second what the first says otherwise; memory changes
//! after the commit and before anybody hears of it.

use super::{Batch, Outcome};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// How many changes there are before they are folded; few in tests, so that they see it.
const MANY: i64 = if cfg!(test) { 64 } else { 65_536 };

/// How many are folded, and how many folded ones are removed, for each that comes.
const FOLDED: usize = 2;
const REMOVED: i64 = 4;

/// The digest of an integration and a key.
pub(in crate::gateway::journal) type Key = [u8; 16];

/// The last change of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gateway::journal) struct Change {
    /// Its place in the order of changes.
    number: i64,
    /// When.
    pub(in crate::gateway::journal) since: i64,
    /// Where the firing is open since then; empty where it closed.
    pub(in crate::gateway::journal) channels: Box<str>,
}

/// The changes that are committed and not folded yet; at most some hundred thousand.
#[derive(Debug, Default)]
pub(in crate::gateway::journal) struct Recent {
    changes: RwLock<BTreeMap<Key, Change>>,
}

impl Recent {
    fn changes(&self) -> RwLockReadGuard<'_, BTreeMap<Key, Change>> {
        self.changes.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last change of a key; nothing where the table of firings has the last word.
    pub(in crate::gateway::journal) fn get(&self, key: &Key) -> Option<Change> {
        self.changes().get(key).cloned()
    }

    fn after(&self, key: Option<Key>, most: usize) -> Vec<(Key, Change)> {
        let from = key.map_or(Bound::Unbounded, Bound::Excluded);
        let changes = self.changes();
        let range = changes.range((from, Bound::Unbounded));
        range.take(most).map(|(key, change)| (*key, change.clone())).collect()
    }

    /// Takes over what a batch changed, now that it is committed.
    pub(super) fn publish(&self, batch: Changes) {
        let mut changes = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        for key in &batch.folded {
            changes.remove(key);
        }
        changes.extend(batch.fresh);
    }

    /// Reads it anew; what is damaged is passed over.
    pub(super) fn read(&self, connection: &Connection) -> Outcome<Folding> {
        let mut read = BTreeMap::new();
        let mut folding = Folding::default();
        let mut statement =
            connection.prepare("SELECT id, key, since, channels FROM firing_change ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            Ok((row.get(1)?, Change { number: row.get(0)?, since: row.get(2)?, channels: row.get(3)? }))
        })?;
        for row in rows {
            match row {
                Ok((key, change)) => drop(read.insert(key, change)),
                Err(error) => tracing::error!(%error, "a change of a firing cannot be read"),
            }
        }
        let sql = "SELECT coalesce(min(id), 1), coalesce(max(id) + 1, 1) FROM firing_change";
        (folding.oldest, folding.next) =
            connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        *self.changes.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(folding)
    }
}

/// What a batch changes.
#[derive(Debug, Default)]
pub(super) struct Changes {
    fresh: BTreeMap<Key, Change>,
    folded: Vec<Key>,
    appended: usize,
}

/// How far the folding came.
#[derive(Debug, Default)]
pub(super) struct Folding {
    /// The number of the next change, and of the oldest that is kept.
    next: i64,
    oldest: i64,
    /// What is below that number is folded and can go.
    done: i64,
    sweep: Option<Sweep>,
}

#[derive(Debug)]
struct Sweep {
    /// What is below that number was there when it began.
    began: i64,
    /// The last key that was looked at.
    after: Option<Key>,
}

impl Batch<'_> {
    /// The last change of a key, with those of this batch.
    pub(super) fn recent_change(&self, key: &Key) -> Option<Change> {
        self.changes.fresh.get(key).cloned().or_else(|| self.recent.get(key))
    }

    /// Appends a change.
    pub(super) fn change(&mut self, key: Key, since: i64, channels: &str) -> Outcome<()> {
        let number = self.memory.folding.next;
        self.connection
            .prepare_cached("INSERT INTO firing_change (id, key, since, channels) VALUES (?1, ?2, ?3, ?4)")?
            .execute((number, key, since, channels))?;
        self.memory.folding.next += 1;
        self.changes.appended += 1;
        self.changes.fresh.insert(key, Change { number, since, channels: channels.into() });
        Ok(())
    }

    /// How many changes the batch brought so far.
    pub(super) fn brought(&self) -> usize {
        self.changes.appended
    }

    /// Folds some changes, or removes some that are folded, in proportion to `step`.
    pub(super) fn fold(&mut self, step: usize) -> Outcome<()> {
        let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let (brought, most) = (whole(self.changes.appended), step.saturating_mul(FOLDED));
        let folding = &mut self.memory.folding;
        if step == 0 {
            return Ok(());
        }
        if folding.oldest < folding.done {
            let end = folding.oldest.saturating_add(whole(step).saturating_mul(REMOVED));
            folding.oldest = folding.done.min(end);
            let sql = "DELETE FROM firing_change WHERE id < ?1";
            self.connection.prepare_cached(sql)?.execute([folding.oldest])?;
            return Ok(());
        }
        if folding.sweep.is_none() && folding.next - folding.oldest >= MANY {
            folding.sweep = Some(Sweep { began: folding.next - brought, after: None });
        }
        let Some(sweep) = &mut folding.sweep else { return Ok(()) };
        let found = self.recent.after(sweep.after, most);
        match found.last() {
            Some((last, _)) if found.len() == most => sweep.after = Some(*last),
            _ => {
                folding.done = sweep.began;
                folding.sweep = None;
            }
        }
        for (key, change) in found {
            if !self.changes.fresh.contains_key(&key) {
                self.fold_one(&key, &change)?;
                self.changes.folded.push(key);
            }
        }
        Ok(())
    }

    fn fold_one(&self, key: &Key, change: &Change) -> Outcome<()> {
        if change.channels.is_empty() {
            self.connection.prepare_cached("DELETE FROM firing WHERE id = ?1")?.execute([key])?;
        } else {
            let sql = "INSERT OR REPLACE INTO firing (id, since, channels) VALUES (?1, ?2, ?3)";
            self.connection.prepare_cached(sql)?.execute((key, change.since, &*change.channels))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Batch, Outcome, SqliteStore};
    use super::{Key, MANY};
    use crate::gateway::journal::{Options, Store};
    use rusqlite::OptionalExtension;
    use std::collections::BTreeMap;

    fn store(name: &str) -> (Options, SqliteStore) {
        let directory = std::env::temp_dir().join(format!("pointsman-recent-{}-{name}", std::process::id()));
        drop(std::fs::remove_dir_all(&directory));
        std::fs::create_dir_all(&directory).expect("a folder");
        let options = Options { directory, ..Options::default() };
        let store = SqliteStore::open(&options).expect("a store");
        (options, store)
    }

    /// As readers see it.
    fn open(store: &SqliteStore, key: Key) -> String {
        if let Some(change) = store.recent.get(&key) {
            return change.channels.into();
        }
        let connection = store.handle().expect("it is open");
        let sql = "SELECT channels FROM firing WHERE id = ?1";
        connection.query_row(sql, [key], |row| row.get(0)).optional().expect("it reads").unwrap_or_default()
    }

    fn count(store: &SqliteStore, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        store.handle().expect("it is open").query_row(&sql, [], |row| row.get(0)).expect("a number")
    }

    fn number(round: u32, salt: u32) -> u32 {
        let mixed = (round ^ salt.wrapping_mul(0x9E37_79B9)).wrapping_mul(0x85EB_CA6B);
        (mixed ^ (mixed >> 15)).wrapping_mul(0xC2B2_AE35) >> 8
    }

    #[test]
    fn what_is_open_is_the_same_before_and_after_folding_failing_and_opening_anew() {
        let (options, mut store) = store("model");
        let mut model: BTreeMap<Key, String> = BTreeMap::new();
        let mut most = 0;
        for round in 0..400 {
            let changes: Vec<(Key, String)> = (0..7)
                .map(|at| {
                    let key = [u8::try_from(number(round, at) % 200).unwrap_or_default(); 16];
                    let closes = number(round, at + 100).is_multiple_of(3);
                    (key, if closes { String::new() } else { format!("channel-{round}-{at}") })
                })
                .collect();
            let fails = round % 61 == 60;
            let change = |batch: &mut Batch<'_>| -> Outcome<()> {
                changes.iter().try_for_each(|(key, channels)| batch.change(*key, 1, channels))?;
                if fails { Err(rusqlite::Error::InvalidQuery) } else { Ok(()) }
            };
            assert_eq!(store.transact(change).is_err(), fails);
            if !fails {
                model.extend(changes);
            }
            match round % 150 {
                20 => drop(store.reopen().expect("it opens anew")),
                90 => store = SqliteStore::open(&options).expect("it opens again"),
                _ => {}
            }
            for (key, channels) in &model {
                assert_eq!(open(&store, *key), *channels, "round {round}");
            }
            most = most.max(count(&store, "firing_change"));
        }
        assert!(most < 16 * MANY, "{most} changes were kept of 2,800");
        assert!(count(&store, "firing") > 50, "nothing was folded");
        drop(std::fs::remove_dir_all(options.directory));
    }
}
