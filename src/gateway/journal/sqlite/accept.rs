//! Pushes, rule sets, refused payloads and firings as rows.

use super::firing::{find_firing, join_channels, lookup_digest};
use super::{REMEMBERED_ARCHIVES, SqliteResult, SqliteTransaction, StoreResult, checksum, size};
use crate::evaluate::RequestMetadata;
use crate::gateway::journal::{
    DeliveryState, FiringTransition, FiringUpdate, NewDelivery, Push, PushId, PushOrigin, PushTransaction,
    RefusedPayload, StoredFiring,
};
use crate::reload::{PastGeneration, RuleSetHash};
use crate::time::Timestamp;
use rusqlite::OptionalExtension;

/// The push of a delivery.
struct DeliverySource {
    push: i64,
    integration: i64,
    received: Timestamp,
}

impl PushTransaction for SqliteTransaction<'_> {
    /// A rule set that is new takes the place of those that never decided anything, but for the last few: a push of theirs
    /// may be on its way.
    fn keep_rules(&mut self, hash: RuleSetHash, archive: &[u8]) -> StoreResult<()> {
        self.remember_archive(hash, archive);
        if !self.cache.rules.contains_key(&hash) {
            self.remove_idle_rules()?;
        }
        self.store_rules(hash, archive).map(drop)
    }

    fn find_duplicate(&mut self, push: &Push) -> StoreResult<Option<PushId>> {
        let Some(deduplication) = push.deduplicate else { return Ok(None) };
        let id = lookup_digest(&push.integration, &deduplication.body_hash);
        let first: Option<PushId> = self
            .connection
            .prepare_cached("SELECT push FROM seen WHERE hash = ?1 AND until > ?2")?
            .query_row((id, push.received), |row| row.get(0))
            .optional()?;
        if first.is_none() {
            let until = push.received.epoch_milliseconds().saturating_add(deduplication.window_ms);
            self.connection
                .prepare_cached("INSERT OR REPLACE INTO seen (hash, until, push) VALUES (?1, ?2, ?3)")?
                .execute((id, until, push.id))?;
        }
        Ok(first)
    }

    fn insert_push(&mut self, push: &Push) -> StoreResult<bool> {
        let integration = self.name_id(&push.integration)?;
        self.pushes += 1;
        self.received.get_or_insert(push.received);
        let Some(row) = self.push_row(push, integration)? else { return Ok(false) };
        // What the gateway made is not a push of a sender.
        if push.origin != PushOrigin::Clock {
            self.counts.accepted(integration, push);
        }
        SqliteTransaction::note_generation(self, PastGeneration { generation: push.generation, rules: push.rules });
        let source = DeliverySource { push: row, integration, received: push.received };
        for delivery in &push.deliveries {
            self.deliver(&source, delivery)?;
        }
        for transition in &push.transitions {
            self.dead_letter_removed_channels(&source, transition)?;
        }
        Ok(true)
    }

    fn update_firing(&mut self, integration: &str, key: &str, update: &mut FiringUpdate<'_>) -> StoreResult<()> {
        let id = lookup_digest(integration, key.as_bytes());
        let known = match self.recent_change(&id) {
            Some(change) => Some(change.firing()),
            None => find_firing(self.connection, id)?,
        };
        let Some(firing) = update(known) else { return Ok(()) };
        self.append_change(id, firing.since, &join_channels(&firing.channels), firing.severity)
    }

    fn set_firing(&mut self, integration: &str, key: &str, firing: &StoredFiring) -> StoreResult<()> {
        let id = lookup_digest(integration, key.as_bytes());
        self.append_change(id, firing.since, &join_channels(&firing.channels), firing.severity)
    }

    fn refuse(&mut self, refused: &RefusedPayload) -> StoreResult<()> {
        self.insert_refused(refused)
    }

    fn release_quarantined(&mut self, id: PushId) -> StoreResult<u64> {
        self.remove_refused(id)
    }

    fn note_generation(&mut self, generation: PastGeneration) -> StoreResult<()> {
        SqliteTransaction::note_generation(self, generation);
        Ok(())
    }
}

impl SqliteTransaction<'_> {
    /// The rule set in force is the last that was handed in, and so never the one that is forgotten.
    fn remember_archive(&mut self, hash: RuleSetHash, archive: &[u8]) {
        self.archives.retain(|(known, _)| *known != hash);
        self.archives.push_back((hash, archive.to_vec()));
        if self.archives.len() > REMEMBERED_ARCHIVES {
            self.archives.pop_front();
        }
    }

    fn remove_idle_rules(&mut self) -> StoreResult<()> {
        let idle: Vec<[u8; 32]> = self
            .connection
            .prepare_cached("SELECT hash FROM rule_set WHERE pushes = 0")?
            .query_map([], |row| row.get(0))?
            .collect::<SqliteResult<_>>()?;
        for hash in idle.into_iter().map(RuleSetHash) {
            let is_remembered = self.archives.iter().any(|(known, _)| *known == hash);
            if is_remembered || self.counts.decides(self.cache.rules.get(&hash)) {
                continue;
            }
            self.connection.prepare_cached("DELETE FROM rule_set WHERE hash = ?1 AND pushes = 0")?.execute([hash.0])?;
            self.cache.rules.remove(&hash);
        }
        Ok(())
    }

    fn store_rules(&mut self, hash: RuleSetHash, archive: &[u8]) -> StoreResult<i64> {
        let sql = "INSERT INTO rule_set (hash, archive) VALUES (?1, ?2) \
                   ON CONFLICT (hash) DO UPDATE SET archive = excluded.archive WHERE length(archive) = 0";
        self.connection.prepare_cached(sql)?.execute((hash.0, archive))?;
        let id = self.connection.query_row("SELECT id FROM rule_set WHERE hash = ?1", [hash.0], |row| row.get(0))?;
        self.cache.rules.insert(hash, id);
        Ok(id)
    }

    fn rules_of(&mut self, hash: RuleSetHash) -> StoreResult<i64> {
        if let Some(known) = self.cache.rules.get(&hash) {
            return Ok(*known);
        }
        let remembered = self.archives.iter().find(|(kept, _)| *kept == hash);
        let archive = remembered.map(|(_, archive)| archive.clone()).unwrap_or_default();
        self.store_rules(hash, &archive)
    }

    /// The push's row; nothing where one of its id is there already.
    fn push_row(&mut self, push: &Push, integration: i64) -> StoreResult<Option<i64>> {
        let rules = self.rules_of(push.rules)?;
        let settled: Vec<(u32, &str)> = push
            .deliveries
            .iter()
            .filter(|delivery| delivery.body.is_none())
            .map(|delivery| (delivery.index, delivery.channel.as_str()))
            .collect();
        let mut gathered = Vec::with_capacity(push.arrivals.len());
        for arrival in push.arrivals.iter().filter(|arrival| push.policies.get(&arrival.channel).is_some()) {
            gathered.push((arrival.index, self.name_id(&arrival.channel)?));
        }
        let sql = "INSERT INTO push (ulid, integration, received, door, generation, rules, checksum, settled, open, \
                   replay_of, outcomes, payload, hops, request, gathered) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
                   ON CONFLICT (ulid) DO NOTHING";
        let changed = self.connection.prepare_cached(sql)?.execute((
            push.id,
            integration,
            push.received,
            push.origin,
            push.generation.cast_signed(),
            rules,
            checksum(&push.payload),
            json_unless_empty(&settled),
            json_unless_empty(&push.open),
            push.replay_of,
            &*push.outcomes,
            &push.payload,
            push.hops,
            request_text(&push.request),
            json_unless_empty(&gathered),
        ))?;
        if changed == 0 {
            return Ok(None);
        }
        self.counts.decided(rules, 1);
        let row = self.connection.last_insert_rowid();
        self.cache.records.get_mut().last_push = Some((push.id, row));
        Ok(Some(row))
    }

    fn deliver(&mut self, source: &DeliverySource, delivery: &NewDelivery) -> StoreResult<()> {
        let channel = self.name_id(&delivery.channel)?;
        let Some(body) = &delivery.body else {
            self.counts.delivered(channel, source.received);
            return Ok(());
        };
        let (id, size) = (self.next_delivery_id(), size(body));
        let sql = "INSERT INTO delivery (id, push, position, integration, channel, kind, key, due, since, size, notes, \
                   state, urgency) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?10, ?11, ?12)";
        self.connection.prepare_cached(sql)?.execute((
            id,
            source.push,
            delivery.index,
            source.integration,
            channel,
            delivery.kind,
            &delivery.key,
            source.received,
            size,
            json_unless_empty(&delivery.notes),
            DeliveryState::Pending,
            delivery.urgency,
        ))?;
        self.connection.prepare_cached("INSERT INTO body (id, checksum, bytes) VALUES (?1, ?2, ?3)")?.execute((
            id,
            checksum(body),
            body,
        ))?;
        self.counts.pending(source.integration, &delivery.channel, channel, 1, size);
        Ok(())
    }

    /// A dead letter for each channel that was removed while a firing was open in it.
    fn dead_letter_removed_channels(
        &mut self,
        source: &DeliverySource,
        transition: &FiringTransition,
    ) -> StoreResult<()> {
        let FiringTransition::Closed { key, removed_channels, index } = transition else { return Ok(()) };
        for name in removed_channels {
            let channel = self.name_id(name)?;
            let id = self.next_delivery_id();
            let reason = format!("channel `{name}` no longer exists");
            let sql = "INSERT INTO delivery (id, push, position, integration, channel, kind, key, due, since, ended, \
                       size, reason, state) VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, ?7, ?7, ?7, 0, ?8, ?9)";
            self.connection.prepare_cached(sql)?.execute((
                id,
                source.push,
                index,
                source.integration,
                channel,
                key,
                source.received,
                &reason,
                DeliveryState::Dead,
            ))?;
            self.counts.dead_letter_added(channel, source.received, &reason);
        }
        Ok(())
    }
}

/// What a request said, as JSON; nothing where it said nothing.
pub(super) fn request_text(request: &RequestMetadata) -> Option<String> {
    if request.is_empty() { None } else { serde_json::to_string(request).ok() }
}

pub(super) fn json_unless_empty<T: serde::Serialize>(values: &[T]) -> Option<String> {
    if values.is_empty() { None } else { serde_json::to_string(values).ok() }
}
