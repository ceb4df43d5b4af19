//! Pages of events, read from the rows of pushes; damaged rows are skipped.

use super::event_states::NotedFates;
use super::{DamagedRecord, ReaderPool, SqlConditions, SqliteResult, bytes, is_damage, limit};
use crate::gateway::journal::{
    DeliveryRecord, DeliveryState, EventId, EventPage, EventReader, EventRecord, EventState, PushId, ReadResult,
    RecordFilter,
};
use crate::notification::AlertId;
use crate::reload::RuleSetHash;
use crate::time::Timestamp;
use rusqlite::{Connection, Row, params_from_iter};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// How many pushes a page examines for events of a channel or key.
const SCAN_LIMIT: i64 = 50_000;
/// The bytes of outcomes and deliveries after which a page ends.
const MAX_PAGE_BYTES: usize = 4 << 20;
/// What a delivery counts for, besides its reason.
const DELIVERY_BYTES: usize = 128;

/// Reads pushes with the columns that their events need.
const SELECT_PUSHES: &str = "SELECT push.id, ulid, text, received, door, generation, hash, outcomes, settled \
                     FROM push CROSS JOIN name ON name.id = integration CROSS JOIN rule_set ON rule_set.id = rules";
const NEWEST: &str = "ORDER BY received DESC, push.id DESC";

impl EventReader for ReaderPool {
    /// A page for a channel or key ends after [`SCAN_LIMIT`] pushes, too.
    fn events_page(&self, filter: &RecordFilter) -> ReadResult<EventPage> {
        let narrow = filter.channel.is_some() || filter.key.is_some();
        let scan_limit = if narrow { SCAN_LIMIT } else { limit(filter.limit) };
        let conditions = push_conditions(filter);
        let read = self.run_query(|connection| {
            let sql = format!("{SELECT_PUSHES} WHERE TRUE{} {NEWEST} LIMIT {scan_limit}", conditions.sql);
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(&conditions.values))?;
            let mut page = EventPageBuilder::default();
            while let Some(row) = rows.next()? {
                page.add_row(connection, row, filter)?;
                if page.is_full {
                    break;
                }
            }
            Ok(page)
        });
        let page = match read {
            Err(error) if is_damage(&error) => self.events_around_damage(&conditions, filter, scan_limit),
            read => self.count_error(read),
        };
        page.map(|page| page.finish(scan_limit))
    }
}

impl ReaderPool {
    /// Reads pushes one by one, and skips damaged ones; the numbers come from an index.
    fn events_around_damage(
        &self,
        conditions: &SqlConditions,
        filter: &RecordFilter,
        scan_limit: i64,
    ) -> ReadResult<EventPageBuilder> {
        let sql = format!("SELECT push.id FROM push WHERE TRUE{} {NEWEST} LIMIT {scan_limit}", conditions.sql);
        let ids: Vec<i64> = self.query(|connection| {
            let values = params_from_iter(&conditions.values);
            connection.prepare_cached(&sql)?.query_map(values, |row| row.get(0))?.collect()
        })?;
        let mut page = EventPageBuilder::default();
        for id in ids {
            let sql = format!("{SELECT_PUSHES} WHERE push.id = ?1");
            let one = self.run_query(|connection| {
                let mut one = EventPageBuilder::default();
                let mut statement = connection.prepare_cached(&sql)?;
                let mut rows = statement.query([id])?;
                while let Some(row) = rows.next()? {
                    one.add_row(connection, row, filter)?;
                }
                Ok(one)
            });
            match one {
                Ok(one) => page.merge(one, filter),
                Err(error) if is_damage(&error) => {
                    page.scanned += 1;
                    self.note_damage(DamagedRecord::Push(id));
                }
                Err(error) => return self.count_error(Err(error)),
            }
            if page.is_full {
                break;
            }
        }
        Ok(page)
    }
}

/// The conditions of a filter on rows of pushes.
fn push_conditions(filter: &RecordFilter) -> SqlConditions {
    let mut conditions = SqlConditions::default();
    conditions.add("received >= ?", filter.since.map(Timestamp::epoch_milliseconds));
    conditions.add("received < ?", filter.until.map(Timestamp::epoch_milliseconds));
    conditions.add("integration = (SELECT id FROM name WHERE text = ?)", filter.integration.clone());
    conditions.add("ulid = ?", filter.push.map(bytes));
    let before = match filter.before_index {
        Some(_) => "(received, push.id) <= (SELECT b.received, b.id FROM push b WHERE b.ulid = ?)",
        None => "(received, push.id) < (SELECT b.received, b.id FROM push b WHERE b.ulid = ?)",
    };
    conditions.add(before, filter.before.map(bytes));
    conditions
}

/// A page under construction.
#[derive(Default)]
struct EventPageBuilder {
    events: Vec<EventRecord>,
    /// How many pushes were examined.
    scanned: i64,
    last: Option<PushId>,
    /// Bytes of what was found.
    bytes: usize,
    /// The last event that was examined, where the page ends within its push.
    cut_at: Option<u32>,
    /// Whether a limit is reached. Where only the number of events is limited, a push is never taken in part.
    is_full: bool,
}

impl EventPageBuilder {
    fn add_row(&mut self, connection: &Connection, row: &Row<'_>, filter: &RecordFilter) -> SqliteResult<()> {
        self.add_events(connection, row, filter)?;
        self.scanned += 1;
        self.last = Some(row.get(1)?);
        self.set_full(filter);
        Ok(())
    }

    fn merge(&mut self, other: Self, filter: &RecordFilter) {
        self.events.extend(other.events);
        self.scanned += other.scanned;
        self.bytes += other.bytes;
        self.last = other.last.or(self.last);
        self.cut_at = other.cut_at;
        self.set_full(filter);
    }

    fn set_full(&mut self, filter: &RecordFilter) {
        let has_enough = filter.limit > 0 && self.events.len() >= filter.limit;
        self.is_full = has_enough || self.bytes >= MAX_PAGE_BYTES;
    }

    /// The page. If it is full, or the `scan_limit` (negative for none) was reached, more pushes may follow: the next page
    /// begins after the last one that was examined.
    fn finish(self, scan_limit: i64) -> EventPage {
        let is_cut = self.is_full || (scan_limit >= 0 && self.scanned >= scan_limit);
        let next = self.last.filter(|_| is_cut);
        EventPage { events: self.events, next, next_index: self.cut_at.filter(|_| next.is_some()) }
    }

    /// Adds the events of a push that the filter means, until the page is too large.
    fn add_events(&mut self, connection: &Connection, row: &Row<'_>, filter: &RecordFilter) -> SqliteResult<()> {
        let outcomes: String = row.get(7)?;
        if let Some(key) = &filter.key
            && !serde_json::to_string(key).is_ok_and(|quoted| outcomes.contains(&quoted))
        {
            return Ok(());
        }
        let push: PushId = row.get(1)?;
        let mut deliveries = deliveries_by_position(connection, row)?;
        let gathered = match &filter.channel {
            Some(channel) => gathered_positions(connection, row.get(0)?, channel)?,
            None => BTreeSet::new(),
        };
        let outcomes: Vec<&RawValue> = serde_json::from_str(&outcomes).unwrap_or_default();
        let (integration, fates): (String, _) = (row.get(2)?, NotedFates::of(connection, row.get(0)?)?);
        let begin =
            filter.before_index.filter(|_| filter.before == Some(push)).map_or(0, |index| index.saturating_add(1));
        for (position, outcome) in (0_u32..).zip(&outcomes).filter(|(position, _)| *position >= begin) {
            let own = deliveries.remove(&position).unwrap_or_default();
            if filter.index.is_some_and(|index| index != position)
                || filter.channel.as_ref().is_some_and(|channel| {
                    !gathered.contains(&position) && !own.iter().any(|found| found.channel == *channel)
                })
                || filter.key.as_ref().is_some_and(|key| key_of(outcome.get()).as_ref() != Some(key))
            {
                continue;
            }
            let of_delivery = |found: &DeliveryRecord| DELIVERY_BYTES + found.reason.as_ref().map_or(0, String::len);
            self.bytes += outcome.get().len() + own.iter().map(of_delivery).sum::<usize>();
            let alert = || AlertId::of(Some(&integration), &key_of(outcome.get()).unwrap_or_default());
            let state = fates.state(connection, position, alert)?;
            let sent = (!own.is_empty()).then_some(EventState::Sent);
            self.events.push(EventRecord {
                id: EventId { push, index: position },
                integration: integration.clone(),
                received: row.get(3)?,
                origin: row.get(4)?,
                generation: row.get::<_, i64>(5)?.cast_unsigned(),
                rules: RuleSetHash(row.get(6)?),
                outcome: outcome.get().to_owned(),
                deliveries: own,
                state: state.max(sent),
            });
            if self.bytes >= MAX_PAGE_BYTES {
                self.cut_at =
                    Some(position).filter(|_| usize::try_from(position).is_ok_and(|at| at + 1 < outcomes.len()));
                break;
            }
        }
        Ok(())
    }
}

/// The deliveries of a push, by the position of their outcome.
fn deliveries_by_position(connection: &Connection, row: &Row<'_>) -> SqliteResult<BTreeMap<u32, Vec<DeliveryRecord>>> {
    let settled: Option<String> = row.get(8)?;
    let settled = settled.and_then(|text| serde_json::from_str::<Vec<(u32, String)>>(&text).ok()).unwrap_or_default();
    let settled = settled.into_iter().map(|(position, channel)| {
        let state = DeliveryState::Delivered;
        (position, DeliveryRecord { channel, state, attempts: 0, reason: None, dropped: None })
    });
    let mut deliveries: BTreeMap<u32, Vec<DeliveryRecord>> = BTreeMap::new();
    for (position, delivery) in settled.chain(deliveries_of(connection, row.get(0)?)?) {
        deliveries.entry(position).or_default().push(delivery);
    }
    Ok(deliveries)
}

/// The positions of events that arrived at a channel that gathers messages.
fn gathered_positions(connection: &Connection, push: i64, channel: &str) -> SqliteResult<BTreeSet<u32>> {
    let sql = "SELECT position FROM fate WHERE push = ?1 AND channel = (SELECT id FROM name WHERE text = ?2) UNION ALL \
               SELECT value ->> 0 FROM push, json_each(gathered) WHERE push.id = ?1 \
               AND value ->> 1 = (SELECT id FROM name WHERE text = ?2)";
    connection.prepare_cached(sql)?.query_map((push, channel), |row| row.get(0))?.collect()
}

fn deliveries_of(connection: &Connection, push: i64) -> SqliteResult<Vec<(u32, DeliveryRecord)>> {
    let sql = "SELECT position, text, state, attempts, reason, ended FROM delivery JOIN name ON name.id = channel \
               WHERE push = ?1 ORDER BY delivery.id";
    let row = |row: &Row<'_>| {
        let (position, channel, state, attempts, reason, ended) = row.try_into()?;
        let dropped = if state == DeliveryState::Dropped { ended } else { None };
        Ok((position, DeliveryRecord { channel, state, attempts, reason, dropped }))
    };
    connection.prepare_cached(sql)?.query_map([push], row)?.collect()
}

/// The texts of a JSON list, as they were written.
pub(super) fn split(list: &str) -> Vec<String> {
    let texts: Vec<&RawValue> = serde_json::from_str(list).unwrap_or_default();
    texts.into_iter().map(|text| text.get().to_owned()).collect()
}

/// The alert key of an outcome.
pub(super) fn key_of(outcome: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct KeyedOutcome {
        event: Option<KeyedEvent>,
    }
    #[derive(serde::Deserialize)]
    struct KeyedEvent {
        key: Option<String>,
    }
    serde_json::from_str::<KeyedOutcome>(outcome).ok()?.event?.key
}
