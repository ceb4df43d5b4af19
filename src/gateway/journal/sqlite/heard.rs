//! The senders of heartbeats and the alerts that are watched, as rows.

use super::{SqliteResult, SqliteTransaction, StoreResult};
use crate::gateway::journal::heard::{HeardTransaction, SilentAlert};
use crate::gateway::journal::{EventId, StoreError};
use crate::notification::heartbeat::BeatStore;
use crate::notification::{AbsenceRecord, AlertId, BeatRecord, ClockRecord, ListeningTime, NamedValue, Sender};
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

impl HeardTransaction for SqliteTransaction<'_> {
    fn beats(&mut self) -> Box<dyn BeatStore<Error = StoreError> + '_> {
        Box::new(SqliteBeats { transaction: self })
    }

    fn note_absence(&mut self, sender: &Sender, event: EventId) -> StoreResult<()> {
        let heartbeat = self.name_id(&sender.heartbeat)?;
        let sql = "UPDATE beat SET push = (SELECT id FROM push WHERE ulid = ?3), position = ?4 \
                   WHERE heartbeat = ?1 AND vals = ?2";
        let values = (heartbeat, values_text(&sender.values), event.push, event.index);
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn absence_outcome(&mut self, sender: &Sender) -> StoreResult<Option<String>> {
        let heartbeat = self.name_id(&sender.heartbeat)?;
        let sql = "SELECT push, position FROM beat WHERE heartbeat = ?1 AND vals = ?2 AND push IS NOT NULL";
        let place = self
            .connection
            .prepare_cached(sql)?
            .query_row((heartbeat, values_text(&sender.values)), |row| Ok((row.get(0)?, row.get(1)?)));
        match place.optional()? {
            Some(place) => Ok(outcomes(self.connection, &[place])?.into_iter().next().flatten()),
            None => Ok(None),
        }
    }

    fn heard_alert(&self, alert: AlertId) -> StoreResult<Option<ListeningTime>> {
        let mut statement = self.connection.prepare_cached("SELECT heard FROM heard_alert WHERE alert = ?1")?;
        Ok(statement.query_row([alert], |row| row.get(0)).optional()?)
    }

    fn hear_alert(
        &mut self,
        integration: &str,
        alert: AlertId,
        heard: ListeningTime,
        event: Option<EventId>,
    ) -> StoreResult<()> {
        let Some(event) = event else {
            let sql = "UPDATE heard_alert SET heard = ?2 WHERE alert = ?1";
            self.connection.prepare_cached(sql)?.execute((alert, heard))?;
            return Ok(());
        };
        let integration = self.name_id(integration)?;
        let sql = "INSERT OR REPLACE INTO heard_alert (alert, integration, heard, push, position) \
                   SELECT ?1, ?2, ?3, id, ?5 FROM push WHERE ulid = ?4";
        let values = (alert, integration, heard, event.push, event.index);
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn forget_heard_alert(&mut self, alert: AlertId) -> StoreResult<()> {
        self.connection.prepare_cached("DELETE FROM heard_alert WHERE alert = ?1")?.execute([alert])?;
        Ok(())
    }

    fn silent_alerts(&mut self, integration: &str, until: ListeningTime, most: usize) -> StoreResult<Vec<SilentAlert>> {
        let integration = self.name_id(integration)?;
        let sql = "SELECT alert, heard, push, position FROM heard_alert INDEXED BY heard_alert_heard \
                   WHERE integration = ?1 AND heard <= ?2 ORDER BY heard, alert LIMIT ?3";
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows: Vec<(AlertId, ListeningTime, i64, u32)> = self
            .connection
            .prepare_cached(sql)?
            .query_map((integration, until, most), row)?
            .collect::<SqliteResult<_>>()?;
        let places: Vec<(i64, u32)> = rows.iter().map(|(_, _, push, position)| (*push, *position)).collect();
        let outcomes = outcomes(self.connection, &places)?;
        let mut silent = Vec::with_capacity(rows.len());
        for ((alert, heard, ..), outcome) in rows.into_iter().zip(outcomes) {
            match outcome {
                Some(outcome) => silent.push(SilentAlert { alert, heard, outcome }),
                None => self.forget_heard_alert(alert)?,
            }
        }
        Ok(silent)
    }

    fn longest_silent_alert(&mut self, integration: &str) -> StoreResult<Option<ListeningTime>> {
        let integration = self.name_id(integration)?;
        let sql = "SELECT heard FROM heard_alert INDEXED BY heard_alert_heard WHERE integration = ?1 \
                   ORDER BY heard LIMIT 1";
        Ok(self.connection.prepare_cached(sql)?.query_row([integration], |row| row.get(0)).optional()?)
    }

    fn note_clock(&mut self, clock: ClockRecord) -> StoreResult<()> {
        let sql = "INSERT OR REPLACE INTO clock (id, steady, listened) VALUES (1, ?1, ?2)";
        self.connection.prepare_cached(sql)?.execute((clock.steady, clock.listened))?;
        Ok(())
    }
}

/// The outcomes of events, in the JSON of `event::Outcome` and in the same order; nothing where a push is gone. Each push is read
/// once, as it may have the events of many alerts.
fn outcomes(connection: &Connection, places: &[(i64, u32)]) -> SqliteResult<Vec<Option<String>>> {
    let mut statement = connection.prepare_cached("SELECT outcomes FROM push WHERE id = ?1")?;
    outcomes_of(places, |push| statement.query_row([push], |row| row.get(0)).optional())
}

/// The same, of pushes as they are read.
fn outcomes_of(
    places: &[(i64, u32)],
    mut read: impl FnMut(i64) -> SqliteResult<Option<String>>,
) -> SqliteResult<Vec<Option<String>>> {
    let mut by_push: BTreeMap<i64, Vec<(usize, u32)>> = BTreeMap::new();
    for (order, (push, position)) in places.iter().enumerate() {
        by_push.entry(*push).or_default().push((order, *position));
    }
    let mut found: Vec<Option<String>> = vec![None; places.len()];
    for (push, wanted) in by_push {
        let text = read(push)?.unwrap_or_default();
        let outcomes: Vec<&RawValue> = serde_json::from_str(&text).unwrap_or_default();
        for (order, position) in wanted {
            let outcome = usize::try_from(position).ok().and_then(|position| outcomes.get(position));
            if let (Some(place), Some(outcome)) = (found.get_mut(order), outcome) {
                *place = Some(outcome.get().to_owned());
            }
        }
    }
    Ok(found)
}

/// The senders of heartbeats in a transaction.
struct SqliteBeats<'t, 's> {
    transaction: &'t mut SqliteTransaction<'s>,
}

/// The columns of a sender, in the order of [`sender_record`].
macro_rules! beat_columns {
    () => {
        "text, vals, heard, heard_at, absent_heard, absent_since, forgotten"
    };
}

impl SqliteBeats<'_, '_> {
    fn number(&self, heartbeat: &str) -> Option<i64> {
        self.transaction.cache.names.get(heartbeat).copied()
    }

    fn read(&self, sql: &str, values: impl rusqlite::Params) -> StoreResult<Vec<(Sender, BeatRecord)>> {
        let mut statement = self.transaction.connection.prepare_cached(sql)?;
        let rows = statement.query_map(values, sender_record)?;
        Ok(rows.collect::<SqliteResult<_>>()?)
    }
}

impl BeatStore for SqliteBeats<'_, '_> {
    type Error = StoreError;

    fn beat(&self, sender: &Sender) -> StoreResult<Option<BeatRecord>> {
        let Some(heartbeat) = self.number(&sender.heartbeat) else { return Ok(None) };
        let sql = concat!(
            "SELECT ",
            beat_columns!(),
            " FROM beat JOIN name ON name.id = heartbeat WHERE heartbeat = ?1 AND vals = ?2"
        );
        let found = self.read(sql, (heartbeat, values_text(&sender.values)))?;
        Ok(found.into_iter().next().map(|(_, record)| record))
    }

    fn set_beat(&mut self, sender: &Sender, record: Option<&BeatRecord>) -> StoreResult<()> {
        let (heartbeat, values) = (self.transaction.name_id(&sender.heartbeat)?, values_text(&sender.values));
        let connection = self.transaction.connection;
        let Some(BeatRecord { heard, heard_at, absence, is_forgotten }) = record else {
            let sql = "DELETE FROM beat WHERE heartbeat = ?1 AND vals = ?2";
            connection.prepare_cached(sql)?.execute((heartbeat, values))?;
            return Ok(());
        };
        // An absence keeps the event that told it.
        let sql = "INSERT INTO beat (heartbeat, vals, heard, heard_at, absent_heard, absent_since, forgotten) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (heartbeat, vals) DO UPDATE SET \
                   heard = excluded.heard, heard_at = excluded.heard_at, absent_heard = excluded.absent_heard, \
                   absent_since = excluded.absent_since, forgotten = excluded.forgotten, \
                   push = CASE WHEN excluded.absent_heard IS NULL THEN NULL ELSE push END";
        let (absent_heard, since) = (absence.map(|absence| absence.heard), absence.map(|absence| absence.since));
        let values = (heartbeat, values, heard, heard_at, absent_heard, since, is_forgotten);
        connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn heartbeats(&self) -> StoreResult<Vec<String>> {
        let sql =
            "SELECT text FROM (SELECT DISTINCT heartbeat FROM beat) JOIN name ON name.id = heartbeat ORDER BY text";
        let mut statement = self.transaction.connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<SqliteResult<_>>()?)
    }

    fn senders(&self, heartbeat: &str) -> StoreResult<Vec<(Sender, BeatRecord)>> {
        let sql = concat!(
            "SELECT ",
            beat_columns!(),
            " FROM beat JOIN name ON name.id = heartbeat WHERE heartbeat = ?1 ORDER BY vals"
        );
        self.number(heartbeat).map_or(Ok(Vec::new()), |heartbeat| self.read(sql, [heartbeat]))
    }

    fn count(&self, heartbeat: &str) -> StoreResult<usize> {
        let Some(heartbeat) = self.number(heartbeat) else { return Ok(0) };
        let sql = "SELECT count(*) FROM beat WHERE heartbeat = ?1";
        let count: i64 = self.transaction.connection.prepare_cached(sql)?.query_row([heartbeat], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    fn silent(&self, heartbeat: &str, until: ListeningTime, most: usize) -> StoreResult<Vec<(Sender, BeatRecord)>> {
        let sql = concat!(
            "SELECT ",
            beat_columns!(),
            " FROM beat INDEXED BY beat_heard JOIN name ON name.id = heartbeat \
             WHERE heartbeat = ?1 AND absent_heard IS NULL AND heard <= ?2 ORDER BY heard, vals LIMIT ?3"
        );
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.number(heartbeat).map_or(Ok(Vec::new()), |heartbeat| self.read(sql, (heartbeat, until, most)))
    }

    fn returned(&self, heartbeat: &str, most: usize) -> StoreResult<Vec<(Sender, BeatRecord)>> {
        let sql = concat!(
            "SELECT ",
            beat_columns!(),
            " FROM beat INDEXED BY beat_returned JOIN name ON name.id = heartbeat WHERE heartbeat = ?1 \
             AND absent_heard IS NOT NULL AND (heard > absent_heard OR forgotten = 1) ORDER BY vals LIMIT ?2"
        );
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.number(heartbeat).map_or(Ok(Vec::new()), |heartbeat| self.read(sql, (heartbeat, most)))
    }

    fn longest_silent(&self, heartbeat: &str) -> StoreResult<Option<ListeningTime>> {
        let Some(heartbeat) = self.number(heartbeat) else { return Ok(None) };
        let sql = "SELECT heard FROM beat INDEXED BY beat_heard WHERE heartbeat = ?1 AND absent_heard IS NULL \
                   ORDER BY heard LIMIT 1";
        let mut statement = self.transaction.connection.prepare_cached(sql)?;
        Ok(statement.query_row([heartbeat], |row| row.get(0)).optional()?)
    }
}

/// All senders, by heartbeat and values.
pub(super) fn all_senders(connection: &Connection) -> SqliteResult<Vec<(Sender, BeatRecord)>> {
    let sql = concat!("SELECT ", beat_columns!(), " FROM beat JOIN name ON name.id = heartbeat ORDER BY text, vals");
    connection.prepare_cached(sql)?.query_map([], sender_record)?.collect()
}

/// What is kept of the clock. Whoever was heard was heard by then, so a crash costs no more than the time since.
pub(super) fn clock(connection: &Connection) -> SqliteResult<ClockRecord> {
    let sql = "SELECT coalesce((SELECT steady FROM clock), 0), max(coalesce((SELECT listened FROM clock), 0), \
               coalesce((SELECT max(heard) FROM beat), 0), coalesce((SELECT max(heard) FROM heard_alert), 0))";
    connection.query_row(sql, [], |row| Ok(ClockRecord { steady: row.get(0)?, listened: row.get(1)? }))
}

fn sender_record(row: &Row<'_>) -> SqliteResult<(Sender, BeatRecord)> {
    let values: Vec<(String, String)> = serde_json::from_str(row.get_ref(1)?.as_str()?).unwrap_or_default();
    let values = values.into_iter().map(|(name, value)| NamedValue { name, value });
    let sender = Sender { heartbeat: row.get(0)?, values: values.collect() };
    let (heard, since): (Option<ListeningTime>, _) = (row.get(4)?, row.get::<_, Option<_>>(5)?);
    let absence = heard.zip(since).map(|(heard, since)| AbsenceRecord { heard, since });
    Ok((sender, BeatRecord { heard: row.get(2)?, heard_at: row.get(3)?, absence, is_forgotten: row.get(6)? }))
}

/// The column of the values of `by`.
fn values_text(values: &[NamedValue]) -> String {
    let pairs: Vec<(&str, &str)> = values.iter().map(|value| (&*value.name, &*value.value)).collect();
    serde_json::to_string(&pairs).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::outcomes_of;

    #[test]
    fn a_push_is_read_once_for_all_its_events() {
        let all = (0..1_000).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
        let mut places: Vec<(i64, u32)> = (0..1_000).rev().map(|position| (1, position)).collect();
        places.extend([(2, 0), (2, 1), (3, 0)]);
        let mut reads = Vec::new();
        let found = outcomes_of(&places, |push| {
            reads.push(push);
            Ok(match push {
                1 => Some(format!("[{all}]")),
                2 => Some(r#"["one"]"#.to_owned()),
                _ => None,
            })
        })
        .unwrap();
        assert_eq!(found[..2], [Some("999".to_owned()), Some("998".to_owned())]);
        assert_eq!(found[1_000..], [Some("\"one\"".to_owned()), None, None, None][..3]);
        assert_eq!(reads, [1, 2, 3]);
    }
}
