//! Events that mutes and silences keep from channels that get every event, as rows.

use super::accept::json_unless_empty;
use super::hold_records::{has_holds, telling_channels};
use super::{SqliteResult, SqliteTransaction, StoreResult, checksum, size};
use crate::gateway::journal::{DeliveryState, EventId, HeldEvent, HoldRecords, HoldTransaction};
use crate::notification::{AlertId, EveryEventRecord};
use crate::time::Timestamp;
use rusqlite::{OptionalExtension as _, Row, params};

impl HoldTransaction for SqliteTransaction<'_> {
    fn has_holds(&mut self) -> StoreResult<bool> {
        Ok(self.cache.has_holds)
    }

    fn refresh_holds(&mut self) -> StoreResult<()> {
        self.cache.has_holds = has_holds(self.connection)?;
        Ok(())
    }

    fn holds(&mut self) -> StoreResult<Box<dyn HoldRecords + '_>> {
        Ok(Box::new(self.hold_records()))
    }

    fn channels_of(&mut self, alert: AlertId) -> StoreResult<Vec<String>> {
        let sql = "SELECT text FROM told_alert JOIN name ON name.id = channel WHERE channel = ?1 AND alert = ?2 \
                   AND firing IS NOT NULL";
        self.write_records()?;
        let mut channels = Vec::new();
        for channel in telling_channels(self.connection)? {
            let values = (channel, alert);
            channels.extend(self.connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?);
        }
        Ok(channels)
    }

    fn held_events(&mut self, alert: AlertId) -> StoreResult<Vec<HeldEvent>> {
        let sql = "SELECT text, told, firing, hold, ulid, position, kind, held_event.key, notes, body, dropped, dropped_by FROM held_event \
                   JOIN name ON name.id = channel JOIN push ON push.id = push WHERE alert = ?1 ORDER BY text";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([alert], held_event)?;
        Ok(rows.collect::<SqliteResult<_>>()?)
    }

    fn set_held_event(&mut self, alert: AlertId, held: &HeldEvent) -> StoreResult<()> {
        let HeldEvent { channel, record, event, kind, key, body, notes, dropped } = held;
        let channel = self.name_id(channel)?;
        let sql = "INSERT INTO held_event (alert, channel, told, firing, hold, push, position, kind, key, notes, body, \
                   dropped, dropped_by) SELECT ?1, ?2, ?3, ?4, ?5, id, ?7, ?8, ?9, ?10, ?11, ?12, ?13 FROM push WHERE ulid = ?6 \
                   ON CONFLICT (alert, channel) DO UPDATE SET told = excluded.told, firing = excluded.firing, \
                   hold = excluded.hold, push = excluded.push, position = excluded.position, kind = excluded.kind, \
                   key = excluded.key, notes = excluded.notes, body = excluded.body, dropped = excluded.dropped, \
                   dropped_by = excluded.dropped_by";
        self.connection.prepare_cached(sql)?.execute(params![
            alert,
            channel,
            record.told,
            record.firing,
            record.hold,
            event.push,
            event.index,
            kind,
            key,
            json_unless_empty(notes),
            body,
            record.dropped,
            dropped.as_ref().and_then(|dropped| serde_json::to_string(dropped).ok()),
        ])?;
        self.cache.has_holds = true;
        Ok(())
    }

    fn remove_held_event(&mut self, alert: AlertId, channel: &str) -> StoreResult<()> {
        let channel = self.name_id(channel)?;
        let sql = "DELETE FROM held_event WHERE alert = ?1 AND channel = ?2";
        self.connection.prepare_cached(sql)?.execute((alert, channel))?;
        Ok(())
    }

    fn deliver_held(&mut self, held: &HeldEvent, at: Timestamp) -> StoreResult<()> {
        let Some(body) = &held.body else { return Ok(()) };
        let (channel, event) = (self.name_id(&held.channel)?, held.event);
        let sql = "SELECT id, integration FROM push WHERE ulid = ?1";
        let source = self.connection.prepare_cached(sql)?.query_row([event.push], |row| row.try_into()).optional()?;
        let source: Option<(i64, i64)> = source;
        let Some((push, integration)) = source else { return Ok(()) };
        let (id, size) = (self.next_delivery_id(), size(body));
        let sql = "INSERT INTO delivery (id, push, position, integration, channel, kind, key, due, since, size, notes, \
                   state, urgency) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?10, ?11, ?12)";
        let state = DeliveryState::Pending;
        self.connection.prepare_cached(sql)?.execute(params![
            id,
            push,
            event.index,
            integration,
            channel,
            held.kind,
            held.key,
            at,
            size,
            json_unless_empty(&held.notes),
            state,
            held.record.firing,
        ])?;
        let sql = "INSERT INTO body (id, checksum, bytes) VALUES (?1, ?2, ?3)";
        self.connection.prepare_cached(sql)?.execute((id, checksum(body), body))?;
        self.counts.pending(integration, &held.channel, channel, 1, size);
        Ok(())
    }
}

fn held_event(row: &Row<'_>) -> SqliteResult<HeldEvent> {
    let (notes, dropped): (Option<String>, Option<String>) = (row.get(8)?, row.get(11)?);
    Ok(HeldEvent {
        channel: row.get(0)?,
        record: EveryEventRecord { told: row.get(1)?, firing: row.get(2)?, hold: row.get(3)?, dropped: row.get(10)? },
        event: EventId { push: row.get(4)?, index: row.get(5)? },
        kind: row.get(6)?,
        key: row.get(7)?,
        body: row.get(9)?,
        notes: notes.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        dropped: dropped.and_then(|text| serde_json::from_str(&text).ok()),
    })
}
