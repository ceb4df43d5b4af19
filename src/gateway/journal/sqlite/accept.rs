//! Pushes, rule sets and refused bodies as rows.

use super::{BatchTransaction, SqliteResult, checksum, lookup_digest};
use crate::gateway::journal::batch_store::WriteResult;
use crate::gateway::journal::record::{FiringTransition, NewDelivery, Push, PushOrigin, RefusedPayload};
use crate::reload::RuleSetHash;
use rusqlite::OptionalExtension;
use std::collections::hash_map::Entry;
use ulid::Ulid;

/// The most bytes that refused bodies may have together.
pub(super) const MOST_QUARANTINED_BYTES: i64 = 256 << 20;

/// What pending, delivered and dead are in `delivery.state`.
pub(super) const PENDING: i64 = 0;
pub(super) const DELIVERED: i64 = 1;
pub(super) const DEAD: i64 = 2;

/// The number of a door.
pub(super) fn protocol_number(door: PushOrigin) -> i64 {
    match door {
        PushOrigin::Push => 0,
        PushOrigin::Form => 1,
        PushOrigin::Flashduty => 2,
        PushOrigin::Alertmanager => 3,
        PushOrigin::Replay => 4,
    }
}

/// Where a delivery comes from.
struct Origin {
    push: i64,
    integration: i64,
    received: i64,
}

impl BatchTransaction<'_> {
    /// Keeps a rule set. One that is new takes the place of those that never decided anything, but for the last few: a push
    /// of theirs may be on its way.
    pub(super) fn keep_rules(&mut self, hash: RuleSetHash, archive: &[u8]) -> SqliteResult<WriteResult> {
        if !self.cache.rules.contains_key(&hash) {
            let recent = |hash: &RuleSetHash| self.archives.iter().any(|(known, _)| known == hash);
            let mut gone = Vec::new();
            let mut idle = self.connection.prepare_cached("SELECT hash FROM rule_set WHERE pushes = 0")?;
            for row in idle.query_map([], |row| row.get(0).map(RuleSetHash))? {
                let idle = row?;
                if !recent(&idle) && !self.counts.decides(self.cache.rules.get(&idle)) {
                    gone.push(idle);
                }
            }
            for hash in gone {
                self.connection
                    .prepare_cached("DELETE FROM rule_set WHERE hash = ?1 AND pushes = 0")?
                    .execute([hash.0])?;
                self.cache.rules.remove(&hash);
            }
        }
        self.store_rules(hash, archive)
    }

    fn store_rules(&mut self, hash: RuleSetHash, archive: &[u8]) -> SqliteResult<WriteResult> {
        let sql = "INSERT INTO rule_set (hash, archive) VALUES (?1, ?2) \
                   ON CONFLICT (hash) DO UPDATE SET archive = excluded.archive WHERE length(archive) = 0";
        self.connection.prepare_cached(sql)?.execute((hash.0, archive))?;
        let id = self
            .connection
            .query_row("SELECT id FROM rule_set WHERE hash = ?1", [hash.0], |row| row.get(0))?;
        self.cache.rules.insert(hash, id);
        Ok(WriteResult::Stored)
    }

    fn rules_of(&mut self, hash: RuleSetHash) -> SqliteResult<i64> {
        if let Entry::Occupied(known) = self.cache.rules.entry(hash) {
            return Ok(*known.get());
        }
        let remembered = self.archives.iter().find(|(kept, _)| *kept == hash);
        let archive = remembered.map(|(_, archive)| archive.clone()).unwrap_or_default();
        self.store_rules(hash, &archive)?;
        Ok(self.cache.rules.get(&hash).copied().unwrap_or_default())
    }

    pub(super) fn accept(&mut self, push: &Push) -> SqliteResult<WriteResult> {
        if let Some((hash, within)) = push.deduplicate {
            let id = lookup_digest(&push.integration, &hash);
            if let Some(first) = self.find_duplicate(id, push.id, push.received, within)?
                && first != push.id
            {
                return Ok(WriteResult::Duplicate(first));
            }
        }
        let integration = self.name_id(&push.integration)?;
        let Some(row) = self.push_row(push, integration)? else { return Ok(WriteResult::Stored) };
        self.counts.accepted(integration, push);
        let origin = Origin { push: row, integration, received: push.received };
        for delivery in &push.deliveries {
            self.deliver(&origin, delivery)?;
        }
        for firing in &push.transitions {
            self.change_firing(&push.integration, push.received, firing)?;
            self.dead_letter_removed_channels(&origin, firing)?;
        }
        Ok(WriteResult::Stored)
    }

    /// The push's row; nothing where one of its id is there already.
    fn push_row(&mut self, push: &Push, integration: i64) -> SqliteResult<Option<i64>> {
        let rules = self.rules_of(push.rules)?;
        let settled: Vec<(u32, &str)> = push
            .deliveries
            .iter()
            .filter(|delivery| delivery.body.is_none())
            .map(|delivery| (delivery.index, delivery.channel.as_str()))
            .collect();
        let sql = "INSERT INTO push (ulid, integration, received, door, generation, rules, checksum, settled, open, \
                   replay_of, outcomes, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
                   ON CONFLICT (ulid) DO NOTHING";
        let changed = self.connection.prepare_cached(sql)?.execute((
            push.id.to_bytes(),
            integration,
            push.received,
            protocol_number(push.origin),
            push.generation.cast_signed(),
            rules,
            checksum(&push.payload),
            json_unless(settled.is_empty(), &settled),
            json_unless(push.open.is_empty(), &push.open),
            push.replay_of.map(|id| id.to_bytes()),
            &*push.outcomes,
            &push.payload,
        ))?;
        if changed == 0 {
            return Ok(None);
        }
        self.counts.decided(rules, 1);
        Ok(Some(self.connection.last_insert_rowid()))
    }

    fn deliver(&mut self, origin: &Origin, delivery: &NewDelivery) -> SqliteResult<()> {
        let channel = self.name_id(&delivery.channel)?;
        let Some(body) = &delivery.body else {
            self.counts.delivered(channel, origin.received);
            return Ok(());
        };
        let id = self.next_delivery_id();
        let size = i64::try_from(body.len()).unwrap_or(i64::MAX);
        let sql = "INSERT INTO delivery (id, push, position, integration, channel, kind, key, state, due, since, size, \
                   notes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?8, ?9, ?10)";
        self.connection.prepare_cached(sql)?.execute((
            id,
            origin.push,
            delivery.index,
            origin.integration,
            channel,
            delivery.kind,
            &delivery.key,
            origin.received,
            size,
            json_unless(delivery.notes.is_empty(), &delivery.notes),
        ))?;
        self.connection
            .prepare_cached("INSERT INTO body (id, checksum, bytes) VALUES (?1, ?2, ?3)")?
            .execute((id, checksum(body), body))?;
        self.counts.pending(origin.integration, &delivery.channel, channel, 1, size);
        Ok(())
    }

    /// A dead letter for each channel that is gone while a firing was open in it.
    fn dead_letter_removed_channels(
        &mut self,
        origin: &Origin,
        firing: &FiringTransition,
    ) -> SqliteResult<()> {
        let FiringTransition::Closed { key, removed_channels: gone, index } = firing else { return Ok(()) };
        for name in gone {
            let channel = self.name_id(name)?;
            let id = self.next_delivery_id();
            let reason = format!("channel `{name}` no longer exists");
            let sql = "INSERT INTO delivery (id, push, position, integration, channel, kind, key, state, due, since, \
                       ended, size, reason) VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, 2, ?7, ?7, ?7, 0, ?8)";
            self.connection.prepare_cached(sql)?.execute((
                id,
                origin.push,
                index,
                origin.integration,
                channel,
                key,
                origin.received,
                &reason,
            ))?;
            self.counts.dead_letter_added(channel, origin.received, &reason);
        }
        Ok(())
    }

    pub(super) fn refuse(&mut self, refused: &RefusedPayload) -> SqliteResult<WriteResult> {
        let integration = self.name_id(&refused.integration)?;
        let sql = "INSERT INTO quarantine (ulid, integration, received, door, status, checksum, reason, payload) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (ulid) DO NOTHING";
        let changed = self.connection.prepare_cached(sql)?.execute((
            refused.id.to_bytes(),
            integration,
            refused.received,
            protocol_number(refused.origin),
            refused.status,
            checksum(&refused.payload),
            &refused.reason,
            &refused.payload,
        ))?;
        if changed > 0 {
            self.cache.quarantined += 1;
            self.cache.quarantined_bytes += i64::try_from(refused.payload.len()).unwrap_or(i64::MAX);
            self.cache.totals_changed = true;
            self.counts.refused(integration, refused.received);
        }
        Ok(WriteResult::Stored)
    }

    pub(super) fn release_quarantined(&mut self, id: Ulid) -> SqliteResult<WriteResult> {
        let sql = "DELETE FROM quarantine WHERE ulid = ?1 RETURNING length(payload)";
        let size: Option<i64> =
            self.connection.prepare_cached(sql)?.query_row([id.to_bytes()], |row| row.get(0)).optional()?;
        Ok(WriteResult::Changed(self.count_release(size)))
    }

    /// The oldest refused bodies go, at most 64 of them, until no more are left than may be.
    pub(super) fn bound_quarantine(&mut self, most: u64) -> SqliteResult<()> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        for _ in 0..64 {
            if self.cache.quarantined <= most && self.cache.quarantined_bytes <= MOST_QUARANTINED_BYTES {
                break;
            }
            let sql = "DELETE FROM quarantine WHERE id = (SELECT min(id) FROM quarantine) RETURNING length(payload)";
            let size: Option<i64> =
                self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
            if self.count_release(size) == 0 {
                break;
            }
        }
        Ok(())
    }

    fn count_release(&mut self, size: Option<i64>) -> u64 {
        let Some(size) = size else { return 0 };
        self.cache.quarantined -= 1;
        self.cache.quarantined_bytes -= size;
        self.cache.totals_changed = true;
        1
    }
}

fn json_unless<T: serde::Serialize>(empty: bool, value: &T) -> Option<String> {
    if empty { None } else { serde_json::to_string(value).ok() }
}
