//! The records of holds, as rows. What is written is read again in the same transaction, as rows are the only place where it is;
//! only silences that did not end are in memory as well.

use super::hold_facts::{facts_text, read_facts};
use super::record_cache::RecordCache;
use super::silences::put_silence;
use super::{SqliteResult, SqliteTransaction, StoreResult};
use crate::gateway::journal::number::StoredNumber as _;
use crate::gateway::journal::{EventId, HoldRecords, LastEvent, PushId, Silence, SilenceList, StoreError};
use crate::notification::AlertId;
use crate::notification::holds::{
    CircleMemory, FiringAlert, HoldCandidate, HoldStore, HolderId, LinkClass, LinkRank, RecheckPosition, RecheckScope,
    SilenceId, SilenceRecord, SourceId, SourceKind, SourceRecord, SourceState,
};
use crate::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::value::RawValue;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Where the records are read, and what of them is in memory.
pub(super) struct SqliteHolds<'c, M> {
    pub(super) connection: &'c Connection,
    pub(super) memory: M,
}

/// What is in memory.
pub(super) trait HoldMemory {
    /// The silences that did not end.
    fn silences(&self) -> &Arc<SilenceList>;

    /// Replaces them.
    fn set_silences(&mut self, silences: Arc<SilenceList>);

    /// A record is added.
    fn note_record(&mut self);

    /// What is known of circles.
    fn circles(&self) -> &RefCell<CircleMemory>;

    /// Writes alerts and groups of channels that changed, before rows are searched.
    fn write_records(&self, connection: &Connection) -> StoreResult<()>;
}

/// The memory of a reader, which changes nothing.
pub(super) struct ReadMemory {
    silences: Arc<SilenceList>,
    circles: RefCell<CircleMemory>,
}

impl ReadMemory {
    pub(super) fn new(silences: Arc<SilenceList>) -> Self {
        Self { silences, circles: RefCell::default() }
    }
}

impl HoldMemory for ReadMemory {
    fn silences(&self) -> &Arc<SilenceList> {
        &self.silences
    }

    fn set_silences(&mut self, silences: Arc<SilenceList>) {
        self.silences = silences;
    }

    fn note_record(&mut self) {}

    fn circles(&self) -> &RefCell<CircleMemory> {
        &self.circles
    }

    fn write_records(&self, _connection: &Connection) -> StoreResult<()> {
        Ok(())
    }
}

/// The memory of a transaction.
pub(super) struct WriteMemory<'t> {
    silences: &'t mut Arc<SilenceList>,
    has_holds: &'t mut bool,
    circles: &'t RefCell<CircleMemory>,
    records: &'t RefCell<RecordCache>,
}

impl HoldMemory for WriteMemory<'_> {
    fn silences(&self) -> &Arc<SilenceList> {
        self.silences
    }

    fn set_silences(&mut self, silences: Arc<SilenceList>) {
        *self.silences = silences;
    }

    fn note_record(&mut self) {
        *self.has_holds = true;
    }

    fn circles(&self) -> &RefCell<CircleMemory> {
        self.circles
    }

    fn write_records(&self, connection: &Connection) -> StoreResult<()> {
        self.records.borrow_mut().write(connection)
    }
}

impl SqliteTransaction<'_> {
    pub(super) fn hold_records(&mut self) -> SqliteHolds<'_, WriteMemory<'_>> {
        let (silences, has_holds) = (&mut self.silences, &mut self.cache.has_holds);
        let memory = WriteMemory { silences, has_holds, circles: &self.circles, records: &self.cache.records };
        SqliteHolds { connection: self.connection, memory }
    }
}

/// Whether there are records of holds besides those of silences.
pub(super) fn has_holds(connection: &Connection) -> SqliteResult<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM hold_alert) OR EXISTS (SELECT 1 FROM hold_source) \
               OR EXISTS (SELECT 1 FROM hold_recheck) OR EXISTS (SELECT 1 FROM held_event)";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
}

impl<M: HoldMemory> HoldStore for SqliteHolds<'_, M> {
    type Error = StoreError;

    fn firing(&self, id: AlertId) -> StoreResult<Option<FiringAlert>> {
        let sql = "SELECT since, key, facts FROM hold_alert WHERE alert = ?1";
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let found: Option<(Timestamp, String, String)> =
            self.connection.prepare_cached(sql)?.query_row([id], row).optional()?;
        Ok(found.map(|(since, key, facts)| FiringAlert { since, key, facts: read_facts(&facts) }))
    }

    fn set_firing(&mut self, id: AlertId, alert: Option<&FiringAlert>) -> StoreResult<()> {
        self.memory.circles().take();
        let before = self.firing(id)?;
        let holders = |alert: &FiringAlert| -> BTreeSet<HolderId> {
            alert.facts.candidates.iter().filter_map(HoldCandidate::holder).collect()
        };
        let alert = alert.filter(|alert| !alert.facts.is_empty());
        let (old, new) = (before.as_ref().map(holders).unwrap_or_default(), alert.map(holders).unwrap_or_default());
        let sql = "DELETE FROM hold_candidate WHERE holder = ?1 AND alert = ?2";
        for holder in old.difference(&new) {
            self.connection.prepare_cached(sql)?.execute((holder_bytes(*holder), id))?;
        }
        let sql = "INSERT OR IGNORE INTO hold_candidate (holder, alert) VALUES (?1, ?2)";
        for holder in new.difference(&old) {
            self.connection.prepare_cached(sql)?.execute((holder_bytes(*holder), id))?;
        }
        match alert {
            Some(alert) => {
                let sql = "INSERT INTO hold_alert (alert, since, key, facts) VALUES (?1, ?2, ?3, ?4) \
                           ON CONFLICT (alert) DO UPDATE SET since = excluded.since, key = excluded.key, \
                           facts = excluded.facts";
                let facts = facts_text(&alert.facts);
                self.connection.prepare_cached(sql)?.execute((id, alert.since, &alert.key, facts))?;
                self.memory.note_record();
            }
            None if before.is_some() => {
                self.connection.prepare_cached("DELETE FROM hold_alert WHERE alert = ?1")?.execute([id])?;
            }
            None => {}
        }
        Ok(())
    }

    fn open_alerts(&self, after: Option<AlertId>, most: usize) -> StoreResult<Vec<AlertId>> {
        self.memory.write_records(self.connection)?;
        let (after, limit) = (after.map_or(Vec::new(), |after| after.0.to_vec()), limit(most));
        let ids = |sql: &str, channel: i64| -> StoreResult<Vec<AlertId>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map((&after, limit, channel), |row| row.get(0))?;
            Ok(rows.collect::<SqliteResult<_>>()?)
        };
        let sql = "SELECT alert FROM hold_alert WHERE alert > ?1 AND ?3 = 0 ORDER BY alert LIMIT ?2";
        let mut open: BTreeSet<AlertId> = ids(sql, 0)?.into_iter().collect();
        let sql = "SELECT alert FROM told_alert WHERE channel = ?3 AND alert > ?1 AND firing IS NOT NULL \
                   ORDER BY alert LIMIT ?2";
        for channel in self.telling_channels()? {
            open.extend(ids(sql, channel)?);
        }
        Ok(open.into_iter().take(most).collect())
    }

    fn candidates(&self, holder: HolderId, after: Option<AlertId>, most: usize) -> StoreResult<Vec<AlertId>> {
        let sql = "SELECT alert FROM hold_candidate WHERE holder = ?1 AND alert > ?2 ORDER BY alert LIMIT ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        let after = after.map_or(Vec::new(), |after| after.0.to_vec());
        let rows = statement.query_map((holder_bytes(holder), after, limit(most)), |row| row.get(0))?;
        Ok(rows.collect::<SqliteResult<_>>()?)
    }

    fn source(&self, source: SourceId, alert: AlertId) -> StoreResult<Option<SourceRecord>> {
        let sql = "SELECT class, state, at, until, until_after, since, key FROM hold_source \
                   WHERE source = ?1 AND alert = ?2";
        let values = (source.0, alert);
        Ok(self.connection.prepare_cached(sql)?.query_row(values, |row| source_record(row, 0)).optional()?)
    }

    fn set_source(&mut self, source: SourceId, alert: AlertId, record: Option<&SourceRecord>) -> StoreResult<()> {
        self.memory.circles().take();
        let Some(record) = record else {
            let sql = "DELETE FROM hold_source WHERE source = ?1 AND alert = ?2";
            self.connection.prepare_cached(sql)?.execute((source.0, alert))?;
            return Ok(());
        };
        let (state, at, until) = match record.state {
            SourceState::Firing { until } => (0, None, Some(until)),
            SourceState::Ended { at, until } => (1, Some(at), Some(until)),
            SourceState::Expired { at } => (2, Some(at), None),
        };
        let sql = "INSERT OR REPLACE INTO hold_source (source, alert, kind, state, at, until, until_after, since, key, \
                   class) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        self.connection.prepare_cached(sql)?.execute(params![
            source.0,
            alert,
            record.kind().stored(),
            state,
            at,
            until,
            i64::try_from(record.until_after.as_millis()).unwrap_or(i64::MAX),
            record.since,
            record.key,
            record.class.map(|class| class.0),
        ])?;
        self.memory.note_record();
        Ok(())
    }

    fn counting(&self, source: SourceId, kind: SourceKind, most: usize) -> StoreResult<Vec<(AlertId, SourceRecord)>> {
        let sql = "SELECT alert, class, state, at, until, until_after, since, key FROM hold_source \
                   INDEXED BY hold_source_counting WHERE source = ?1 AND kind = ?2 AND until IS NOT NULL \
                   ORDER BY alert LIMIT ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        let values = (source.0, kind.stored(), limit(most));
        let rows = statement.query_map(values, |row| Ok((row.get(0)?, source_record(row, 1)?)))?;
        Ok(rows.collect::<SqliteResult<_>>()?)
    }

    fn first_source_due(&self) -> StoreResult<Option<(Timestamp, SourceId, AlertId)>> {
        let sql = "SELECT until, source, alert FROM hold_source INDEXED BY hold_source_due WHERE until IS NOT NULL \
                   ORDER BY until, source, alert LIMIT 1";
        let row = |row: &Row<'_>| Ok((row.get(0)?, SourceId(row.get(1)?), row.get(2)?));
        Ok(self.connection.prepare_cached(sql)?.query_row([], row).optional()?)
    }

    fn link_classes(&self, source: SourceId, most: usize) -> StoreResult<Vec<(LinkClass, LinkRank)>> {
        // Each step finds the next class, however many alerts have the last one.
        let sql = "SELECT class, since, key, alert FROM hold_source INDEXED BY hold_source_class \
                   WHERE source = ?1 AND class > ?2 ORDER BY class, since, key, alert LIMIT 1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut classes: Vec<(LinkClass, LinkRank)> = Vec::new();
        while classes.len() < most {
            let after = classes.last().map_or(Vec::new(), |(class, _)| class.0.to_vec());
            let row = |row: &Row<'_>| Ok((LinkClass(row.get(0)?), link_rank(row, 1)?));
            let Some(next) = statement.query_row((source.0, after), row).optional()? else { break };
            classes.push(next);
        }
        Ok(classes)
    }

    fn first_link(&self, source: SourceId, class: Option<LinkClass>) -> StoreResult<Option<LinkRank>> {
        let row = |row: &Row<'_>| link_rank(row, 0);
        let first = if let Some(class) = class {
            let sql = "SELECT since, key, alert FROM hold_source INDEXED BY hold_source_class \
                       WHERE source = ?1 AND class = ?2 ORDER BY since, key, alert LIMIT 1";
            self.connection.prepare_cached(sql)?.query_row((source.0, class.0), row)
        } else {
            let sql = "SELECT since, key, alert FROM hold_source INDEXED BY hold_source_first \
                       WHERE source = ?1 AND class IS NOT NULL ORDER BY since, key, alert LIMIT 1";
            self.connection.prepare_cached(sql)?.query_row([source.0], row)
        };
        Ok(first.optional()?)
    }

    fn circles(&self) -> &RefCell<CircleMemory> {
        self.memory.circles()
    }

    fn sources_due(&self, now: Timestamp, most: usize) -> StoreResult<Vec<(Timestamp, SourceId, AlertId)>> {
        let sql = "SELECT until, source, alert FROM hold_source INDEXED BY hold_source_due WHERE until <= ?1 \
                   ORDER BY until, source, alert LIMIT ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let row = |row: &Row<'_>| Ok((row.get(0)?, SourceId(row.get(1)?), row.get(2)?));
        Ok(statement.query_map((now, limit(most)), row)?.collect::<SqliteResult<_>>()?)
    }

    fn silence(&self, id: SilenceId) -> StoreResult<Option<SilenceRecord>> {
        // One that ended holds nothing.
        Ok(self.memory.silences().get(id).map(Silence::record))
    }

    fn set_silences(&mut self, records: &[(SilenceId, SilenceRecord)]) -> StoreResult<()> {
        let mut changed = Vec::with_capacity(records.len());
        for (id, record) in records {
            let Some(mut silence) = self.memory.silences().get(*id).cloned() else { continue };
            silence.apply(record);
            if let Some(end) = &silence.ended {
                tracing::info!(silence = %id, at = %end.at, cause = end.cause.name(), "silence ended");
            }
            put_silence(self.connection, &silence)?;
            changed.push(silence);
        }
        let silences = self.memory.silences().with(changed);
        self.memory.set_silences(Arc::new(silences));
        Ok(())
    }

    fn first_silence_due(&self) -> StoreResult<Option<(Timestamp, SilenceId)>> {
        Ok(self.memory.silences().first_due)
    }

    fn silences_due(&self, now: Timestamp, most: usize) -> StoreResult<Vec<(Timestamp, SilenceId)>> {
        Ok(self.memory.silences().due(now, most))
    }

    fn recheck(&self, scope: RecheckScope) -> StoreResult<RecheckPosition> {
        let sql = "SELECT after FROM hold_recheck WHERE scope = ?1";
        let found =
            self.connection.prepare_cached(sql)?.query_row([scope_bytes(scope)], |row| row.get(0)).optional()?;
        Ok(found.map_or(RecheckPosition::Done, position))
    }

    fn set_recheck(&mut self, scope: RecheckScope, position: RecheckPosition) -> StoreResult<()> {
        let scope = scope_bytes(scope);
        let after = match position {
            RecheckPosition::Start => None,
            RecheckPosition::After(alert) => Some(alert),
            RecheckPosition::Done => {
                self.connection.prepare_cached("DELETE FROM hold_recheck WHERE scope = ?1")?.execute([scope])?;
                return Ok(());
            }
        };
        let sql = "INSERT OR REPLACE INTO hold_recheck (scope, after) VALUES (?1, ?2)";
        self.connection.prepare_cached(sql)?.execute((scope, after))?;
        self.memory.note_record();
        Ok(())
    }

    fn next_recheck(&self) -> StoreResult<Option<(RecheckScope, RecheckPosition)>> {
        let sql = "SELECT scope, after FROM hold_recheck WHERE scope > X'' ORDER BY scope LIMIT 1";
        let row = |row: &Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, position(row.get(1)?)));
        let found = self.connection.prepare_cached(sql)?.query_row([], row).optional()?;
        Ok(found.and_then(|(scope, position)| Some((read_scope(&scope)?, position))))
    }
}

impl<M: HoldMemory> HoldRecords for SqliteHolds<'_, M> {
    fn note_event(&mut self, alert: AlertId, event: EventId) -> StoreResult<()> {
        let sql = "UPDATE hold_alert SET push = (SELECT id FROM push WHERE ulid = ?2), position = ?3 WHERE alert = ?1";
        self.connection.prepare_cached(sql)?.execute((alert, event.push, event.index))?;
        Ok(())
    }

    fn last_event_id(&self, alert: AlertId) -> StoreResult<Option<EventId>> {
        self.memory.write_records(self.connection)?;
        let Some((push, index)) = self.last_place(alert, &self.telling_channels()?)? else { return Ok(None) };
        let mut statement = self.connection.prepare_cached("SELECT ulid FROM push WHERE id = ?1")?;
        Ok(statement.query_row([push], |row| row.get(0)).optional()?.map(|push| EventId { push, index }))
    }

    fn last_events(&self, alerts: &[AlertId]) -> StoreResult<Vec<(AlertId, LastEvent)>> {
        self.memory.write_records(self.connection)?;
        let channels = self.telling_channels()?;
        let mut by_push: BTreeMap<i64, Vec<(u32, AlertId)>> = BTreeMap::new();
        for alert in alerts {
            if let Some((push, index)) = self.last_place(*alert, &channels)? {
                by_push.entry(push).or_default().push((index, *alert));
            }
        }
        let sql = "SELECT ulid, received, text, outcomes FROM push JOIN name ON name.id = push.integration \
                   WHERE push.id = ?1";
        let mut events = Vec::with_capacity(alerts.len());
        for (push, noted) in by_push {
            let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
            let found = self.connection.prepare_cached(sql)?.query_row([push], row).optional()?;
            let Some((push, received, integration, outcomes)): Option<(PushId, Timestamp, String, String)> = found
            else {
                continue;
            };
            let texts: Vec<&RawValue> = serde_json::from_str(&outcomes).unwrap_or_default();
            for (index, alert) in noted {
                let Some(text) = usize::try_from(index).ok().and_then(|index| texts.get(index)) else { continue };
                let (event, integration) = (EventId { push, index }, integration.clone());
                events.push((alert, LastEvent { event, received, integration, outcome: text.get().to_owned() }));
            }
        }
        events.sort_unstable_by_key(|(alert, _)| *alert);
        Ok(events)
    }
}

impl<M> SqliteHolds<'_, M> {
    /// The push of the last event of an alert, and the position of its outcome there.
    fn last_place(&self, alert: AlertId, channels: &[i64]) -> StoreResult<Option<(i64, u32)>> {
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let sql = "SELECT push, position FROM hold_alert WHERE alert = ?1 AND push IS NOT NULL";
        let mut last = self.connection.prepare_cached(sql)?.query_row([alert], row).optional()?;
        let sql = "SELECT push, position FROM told_alert WHERE channel = ?2 AND alert = ?1 AND push IS NOT NULL";
        let mut statement = self.connection.prepare_cached(sql)?;
        for channel in channels {
            last = last.max(statement.query_row((alert, channel), row).optional()?);
        }
        Ok(last)
    }

    /// The channels that gather messages, or did so.
    fn telling_channels(&self) -> StoreResult<Vec<i64>> {
        telling_channels(self.connection)
    }
}

/// The channels with alerts: the first of each is found in the order of the key.
pub(super) fn telling_channels(connection: &Connection) -> StoreResult<Vec<i64>> {
    let sql = "WITH RECURSIVE known (channel) AS (SELECT min(channel) FROM told_alert UNION ALL SELECT (SELECT min(channel) \
               FROM told_alert WHERE channel > known.channel) FROM known WHERE known.channel IS NOT NULL) \
               SELECT channel FROM known WHERE channel IS NOT NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<SqliteResult<_>>()?)
}

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

fn position(after: Option<AlertId>) -> RecheckPosition {
    after.map_or(RecheckPosition::Start, RecheckPosition::After)
}

pub(super) fn holder_bytes(holder: HolderId) -> Vec<u8> {
    let (tag, id) = match holder {
        HolderId::Source(source) => (0, source.0),
        HolderId::Silence(silence) => (1, silence.0),
    };
    std::iter::once(tag).chain(id).collect()
}

fn read_holder(bytes: &[u8]) -> Option<HolderId> {
    let (tag, id) = bytes.split_first()?;
    let id = id.try_into().ok()?;
    match tag {
        0 => Some(HolderId::Source(SourceId(id))),
        1 => Some(HolderId::Silence(SilenceId(id))),
        _ => None,
    }
}

/// The scope of all holds; those of candidates begin with the tag of their holder.
const HOLDS_SCOPE: u8 = 2;

fn read_scope(bytes: &[u8]) -> Option<RecheckScope> {
    match bytes {
        [] => Some(RecheckScope::Everything),
        [HOLDS_SCOPE] => Some(RecheckScope::Holds),
        _ => read_holder(bytes).map(RecheckScope::Candidates),
    }
}

fn scope_bytes(scope: RecheckScope) -> Vec<u8> {
    match scope {
        RecheckScope::Everything => Vec::new(),
        RecheckScope::Holds => vec![HOLDS_SCOPE],
        RecheckScope::Candidates(holder) => holder_bytes(holder),
    }
}

fn link_rank(row: &Row<'_>, first: usize) -> SqliteResult<LinkRank> {
    Ok(LinkRank { since: row.get(first)?, key: row.get(first + 1)?, alert: row.get(first + 2)? })
}

fn source_record(row: &Row<'_>, first: usize) -> SqliteResult<SourceRecord> {
    let (at, until): (Option<Timestamp>, Option<Timestamp>) = (row.get(first + 2)?, row.get(first + 3)?);
    let at_or = |moment: Option<Timestamp>| moment.unwrap_or_default();
    let state = match row.get::<_, i64>(first + 1)? {
        0 => SourceState::Firing { until: at_or(until) },
        1 => SourceState::Ended { at: at_or(at), until: at_or(until) },
        _ => SourceState::Expired { at: at_or(at) },
    };
    let until_after: i64 = row.get(first + 4)?;
    Ok(SourceRecord {
        state,
        until_after: Duration::from_millis(until_after.unsigned_abs()),
        class: row.get::<_, Option<_>>(first)?.map(LinkClass),
        since: row.get(first + 5)?,
        key: row.get(first + 6)?,
    })
}
