//! Events of channels that get every event, of which their fallbacks are to be told.

use super::{SqliteResult, SqliteTransaction, StoreResult};
use crate::gateway::journal::{DeliveryId, EventId, FallbackGrace, LastEvent, OverdueEvents, PushId};
use crate::time::Timestamp;
use rusqlite::{OptionalExtension, Row};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A delivery that its channel did not make.
struct OverdueRow {
    id: DeliveryId,
    push: i64,
    index: u32,
    since: Timestamp,
    /// Whether it is an event, and no replay.
    is_event: bool,
}

/// The columns of a delivery, in the order of [`overdue_row`].
macro_rules! columns {
    () => {
        "SELECT id, push, position, since, message IS NULL AND NOT replay FROM delivery "
    };
}

fn overdue_row(row: &Row<'_>) -> SqliteResult<OverdueRow> {
    Ok(OverdueRow { id: row.get(0)?, push: row.get(1)?, index: row.get(2)?, since: row.get(3)?, is_event: row.get(4)? })
}

impl SqliteTransaction<'_> {
    pub(super) fn take_overdue_events(
        &mut self,
        channel: &str,
        since: Timestamp,
        up_to: Option<DeliveryId>,
        most: usize,
    ) -> StoreResult<OverdueEvents> {
        let channel = self.name_id(channel)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let sql = concat!(columns!(), "INDEXED BY delivery_owed WHERE channel = ?1 AND owed = 1 ORDER BY id LIMIT ?2");
        let mut given_up = self.connection.prepare_cached(sql)?;
        let mut rows: Vec<OverdueRow> =
            given_up.query_map((channel, most), overdue_row)?.collect::<SqliteResult<_>>()?;
        for row in &rows {
            self.connection.prepare_cached("UPDATE delivery SET owed = NULL WHERE id = ?1")?.execute([row.id])?;
        }
        let sql = "SELECT passed_until FROM told_channel WHERE channel = ?1";
        let known = self.connection.prepare_cached(sql)?.query_row([channel], |row| row.get(0)).optional()?;
        let known = known.unwrap_or(DeliveryId::NONE);
        let sql = concat!(
            columns!(),
            "INDEXED BY delivery_pending WHERE channel = ?1 AND state = 0 AND id > ?2 ORDER BY id LIMIT ?3"
        );
        let mut pending = self.connection.prepare_cached(sql)?;
        let pending: Vec<OverdueRow> =
            pending.query_map((channel, known, most), overdue_row)?.collect::<SqliteResult<_>>()?;
        let (mut next, mut passed_until) = (None, known);
        let is_full = i64::try_from(pending.len()).unwrap_or(i64::MAX) >= most;
        for row in pending {
            if row.since > since || up_to.is_some_and(|last| row.id > last) {
                next = Some(row.since);
                break;
            }
            passed_until = row.id;
            rows.push(row);
        }
        if next.is_none() && is_full {
            next = Some(since);
        }
        if passed_until != known {
            let sql = "INSERT INTO told_channel (channel, policy, last_message, recent, undelivered, paused, passed_until) \
                       VALUES (?1, '', 0, '[]', '[]', FALSE, ?2) \
                       ON CONFLICT (channel) DO UPDATE SET passed_until = excluded.passed_until";
            self.connection.prepare_cached(sql)?.execute((channel, passed_until))?;
        }
        rows.retain(|row| row.is_event);
        Ok(OverdueEvents { events: self.stored_events(&rows)?, next })
    }

    pub(super) fn read_fallback_grace(&mut self, channel: &str) -> StoreResult<FallbackGrace> {
        let channel = self.name_id(channel)?;
        let sql = "SELECT grace_last, grace_until FROM told_channel WHERE channel = ?1";
        let row = |row: &Row<'_>| Ok(FallbackGrace { last: row.get(0)?, until: row.get(1)? });
        Ok(self.connection.prepare_cached(sql)?.query_row([channel], row).optional()?.unwrap_or_default())
    }

    pub(super) fn write_fallback_grace(&mut self, channel: &str, until: Timestamp) -> StoreResult<()> {
        let channel = self.name_id(channel)?;
        let sql = "INSERT INTO told_channel (channel, policy, last_message, recent, undelivered, paused, grace_last, \
                   grace_until) VALUES (?1, '', 0, '[]', '[]', FALSE, coalesce((SELECT max(id) FROM delivery \
                   INDEXED BY delivery_pending WHERE channel = ?1 AND state = 0), 0), ?2) ON CONFLICT (channel) \
                   DO UPDATE SET grace_last = excluded.grace_last, grace_until = excluded.grace_until";
        self.connection.prepare_cached(sql)?.execute((channel, until))?;
        Ok(())
    }

    /// The events of deliveries. The outcomes of a push are read once.
    fn stored_events(&self, rows: &[OverdueRow]) -> StoreResult<Vec<LastEvent>> {
        let mut pushes: HashMap<i64, Option<(PushId, String, Vec<String>)>> = HashMap::new();
        let sql = "SELECT ulid, text, outcomes FROM push JOIN name ON name.id = push.integration WHERE push.id = ?1";
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            if let Entry::Vacant(unread) = pushes.entry(row.push) {
                let read = |found: &Row<'_>| {
                    let outcomes: String = found.get(2)?;
                    let outcomes: Vec<&RawValue> = serde_json::from_str(&outcomes).unwrap_or_default();
                    let outcomes = outcomes.into_iter().map(|outcome| outcome.get().to_owned()).collect();
                    Ok((found.get(0)?, found.get(1)?, outcomes))
                };
                let found = self.connection.prepare_cached(sql)?.query_row([row.push], read).optional()?;
                unread.insert(found);
            }
            let Some(Some((push, integration, outcomes))) = pushes.get(&row.push) else { continue };
            let position = usize::try_from(row.index).unwrap_or(usize::MAX);
            let Some(outcome) = outcomes.get(position).cloned() else { continue };
            let event = EventId { push: *push, index: row.index };
            events.push(LastEvent { event, received: row.since, integration: integration.clone(), outcome });
        }
        Ok(events)
    }

    pub(super) fn note_given_up_event(
        &mut self,
        delivery: DeliveryId,
        has_fallback: &dyn Fn(&str) -> bool,
    ) -> StoreResult<Option<String>> {
        let sql = "SELECT text FROM delivery JOIN name ON name.id = delivery.channel LEFT JOIN told_channel ON \
                   told_channel.channel = delivery.channel WHERE delivery.id = ?1 AND state = 2 AND message IS NULL \
                   AND NOT replay AND delivery.id > coalesce(passed_until, 0)";
        let channel = self.connection.prepare_cached(sql)?.query_row([delivery], |row| row.get::<_, String>(0));
        let Some(channel) = channel.optional()?.filter(|channel| has_fallback(channel)) else { return Ok(None) };
        self.connection.prepare_cached("UPDATE delivery SET owed = 1 WHERE id = ?1")?.execute([delivery])?;
        Ok(Some(channel))
    }
}
