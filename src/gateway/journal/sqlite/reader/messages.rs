//! Messages and groups, as operators list them.

use super::event_page::{key_of, split};
use super::{ReaderPool, SqlConditions, SqliteResult, limit};
use crate::event::{AlertStatus, Severity};
use crate::gateway::journal::sqlite::record_rows::read_timing;
use crate::gateway::journal::sqlite::told_message::read_values;
use crate::gateway::journal::{
    ChannelPolicies, DeliveryReader as _, EventId, GroupPlace, GroupSummary, GroupValueText, MessageFilter,
    MessageReader, MessageState, MessageSummary, MessageUlid, PausedChannel, PushId, ReadResult, ToldAlertPage,
    ToldAlertSummary,
};
use crate::notification::{AlertId, GroupId, MessageReason};
use crate::text::{hex, shorten};
use crate::time::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many characters of a key or title a list holds.
const MAX_TEXT: usize = 200;

impl MessageReader for ReaderPool {
    fn messages(&self, filter: &MessageFilter) -> ReadResult<Vec<MessageSummary>> {
        let blob = |id: MessageUlid| Value::Blob(id.0.to_bytes().to_vec());
        let mut conditions = SqlConditions::default();
        conditions.add("ulid = ?", filter.id.map(blob));
        conditions.add("ulid < ?", filter.before.map(blob));
        conditions.add("channel = (SELECT id FROM name WHERE text = ?)", filter.channel.clone());
        conditions.add("at >= ?", filter.since.map(Timestamp::epoch_milliseconds));
        conditions.add("at < ?", filter.until.map(Timestamp::epoch_milliseconds));
        let sql = format!(
            "SELECT ulid, text, at, reason, status, severity, title, vals, groups, alerts, firing, critical, resolved, muted, \
             changes, ended, timing, dropped FROM told_message INDEXED BY told_message_ulid CROSS JOIN name ON name.id = channel \
             WHERE TRUE{} ORDER BY ulid DESC LIMIT {}",
            conditions.sql,
            limit(filter.limit)
        );
        self.query(|connection| {
            let values = params_from_iter(&conditions.values);
            connection.prepare_cached(&sql)?.query_map(values, message_summary)?.collect()
        })
    }

    fn told_alerts(&self, message: MessageUlid, after: i64, limit: usize) -> ReadResult<ToldAlertPage> {
        self.query(|connection| told_alerts(connection, message, after, limit))
    }

    fn group_page(
        &self,
        channel: Option<&str>,
        after: Option<GroupPlace>,
        most: usize,
        policies: &ChannelPolicies,
    ) -> ReadResult<Vec<GroupSummary>> {
        let mut conditions = SqlConditions::default();
        conditions.add("g.channel = (SELECT id FROM name WHERE text = ?)", channel.map(str::to_owned));
        if let Some(GroupPlace { changed, id }) = after {
            conditions.sql.push_str(" AND (g.last_change, g.id) < (?, ?)");
            conditions.values.extend([Value::Integer(changed.epoch_milliseconds()), Value::Blob(id.0.to_vec())]);
        }
        let sql = format!(
            "SELECT text, g.id, vals, g.since, last_change, told_info + told_warning + told_critical, told_critical, g.news, \
             g.held, g.due, timing, (SELECT ulid FROM told_message m WHERE m.channel = g.channel AND m.number = last_message_id), \
             last_message, undelivered IS NOT NULL, outcomes, position, g.channel FROM told_group g CROSS JOIN name ON name.id = g.channel \
             LEFT JOIN told_alert a ON vals IS NULL AND a.channel = g.channel AND a.alert = g.id \
             LEFT JOIN push ON push.id = a.push WHERE known > 0{} ORDER BY last_change DESC, g.id DESC LIMIT {}",
            conditions.sql,
            limit(most)
        );
        let found: Vec<ListedGroup> = self.query(|connection| {
            let values = params_from_iter(&conditions.values);
            connection.prepare_cached(&sql)?.query_map(values, listed_group)?.collect()
        })?;
        let pauses = self.pauses()?;
        found.into_iter().map(|group| self.explained_group(group, policies, &pauses)).collect()
    }
}

/// A group of a list, and where it is.
struct ListedGroup {
    channel: i64,
    id: GroupId,
    summary: GroupSummary,
}

impl ReaderPool {
    /// A group with what it waits for.
    fn explained_group(
        &self,
        ListedGroup { channel, id, mut summary }: ListedGroup,
        policies: &ChannelPolicies,
        pauses: &[PausedChannel],
    ) -> ReadResult<GroupSummary> {
        let pause = pauses.iter().find(|paused| paused.channel == summary.channel);
        summary.paused = pause.map(|paused| paused.pause.clone());
        if let Some(due) = summary.due {
            let (at, delay) = self.telling_time(channel, &summary.channel, due, policies)?;
            (summary.due, summary.timing) = (Some(at), delay.or(summary.timing));
        } else if summary.muted > 0 && !summary.is_undelivered {
            let sql = "SELECT alert FROM told_alert WHERE channel = ?1 AND grp = ?2 AND hold = 1 AND firing IS NOT NULL LIMIT 1";
            let held: Option<AlertId> = self.query(|connection| {
                connection.prepare_cached(sql)?.query_row((channel, id), |row| row.get(0)).optional()
            })?;
            summary.held_by = match held {
                Some(alert) => self.holding(alert, &summary.channel)?,
                None => None,
            };
        }
        Ok(summary)
    }
}

fn message_summary(row: &Row<'_>) -> SqliteResult<MessageSummary> {
    let (reason, status): (MessageReason, AlertStatus) = (row.get(3)?, row.get(4)?);
    let severity: Severity = row.get(5)?;
    let dropped: Option<String> = row.get(17)?;
    Ok(MessageSummary {
        id: row.get(0)?,
        channel: row.get(1)?,
        at: row.get(2)?,
        reason: reason.name().to_owned(),
        status: status.name().to_owned(),
        severity: severity.name().to_owned(),
        title: row.get(6)?,
        group: values(row, 7)?,
        groups: row.get(8)?,
        alerts: row.get(9)?,
        firing: row.get(10)?,
        critical: row.get(11)?,
        resolved: row.get(12)?,
        muted: row.get(13)?,
        changes: row.get(14)?,
        state: MessageState::of(row.get(15)?),
        timing: read_timing(row, 16)?,
        dropped: dropped.and_then(|text| serde_json::from_str(&text).ok()),
    })
}

fn listed_group(row: &Row<'_>) -> SqliteResult<ListedGroup> {
    Ok(ListedGroup { channel: row.get(16)?, id: row.get(1)?, summary: group_summary(row)? })
}

fn group_summary(row: &Row<'_>) -> SqliteResult<GroupSummary> {
    let id: GroupId = row.get(1)?;
    let (outcomes, position): (Option<String>, Option<u32>) = (row.get(14)?, row.get(15)?);
    let position = position.and_then(|position| usize::try_from(position).ok());
    let outcome = outcomes.zip(position).and_then(|(outcomes, position)| split(&outcomes).into_iter().nth(position));
    Ok(GroupSummary {
        channel: row.get(0)?,
        id: hex(&id.0),
        values: values(row, 2)?,
        title: outcome.as_deref().and_then(EventTexts::of).map(|event| shorten(&event.title, MAX_TEXT)),
        since: row.get(3)?,
        changed: row.get(4)?,
        firing: row.get(5)?,
        critical: row.get(6)?,
        news: row.get(7)?,
        muted: row.get(8)?,
        due: row.get(9)?,
        timing: read_timing(row, 10)?,
        paused: None,
        held_by: None,
        message: row.get(11)?,
        message_at: row.get(12)?,
        is_undelivered: row.get(13)?,
    })
}

fn values(row: &Row<'_>, column: usize) -> SqliteResult<Vec<GroupValueText>> {
    Ok(read_values(row.get(column)?).into_iter().map(Into::into).collect())
}

/// What a list shows of an event.
#[derive(serde::Deserialize)]
struct EventTexts {
    title: String,
    event_status: String,
}

impl EventTexts {
    fn of(outcome: &str) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct OutcomeWithEvent {
            event: Option<EventTexts>,
        }
        serde_json::from_str::<OutcomeWithEvent>(outcome).ok()?.event
    }
}

/// The outcomes of each push are read once.
fn told_alerts(connection: &Connection, message: MessageUlid, after: i64, most: usize) -> SqliteResult<ToldAlertPage> {
    let sql = "SELECT c.id, alert, push FROM told_message m JOIN told_change c INDEXED BY told_change_message \
               ON c.channel = m.channel AND c.message = m.number WHERE ulid = ?1 AND c.id > ?2 ORDER BY c.id LIMIT ?3";
    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let told: Vec<(i64, AlertId, i64)> =
        connection.prepare_cached(sql)?.query_map((message, after, limit(most)), row)?.collect::<SqliteResult<_>>()?;
    let next = told.last().filter(|_| told.len() >= most).map(|(id, ..)| *id);
    let mut events: HashMap<AlertId, ToldAlertSummary> = HashMap::new();
    let mut by_push: BTreeMap<i64, BTreeSet<AlertId>> = BTreeMap::new();
    for (_, alert, push) in &told {
        by_push.entry(*push).or_default().insert(*alert);
    }
    let sql = "SELECT ulid, text, outcomes FROM push JOIN name ON name.id = push.integration WHERE push.id = ?1";
    for (push, alerts) in by_push {
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let found = connection.prepare_cached(sql)?.query_row([push], row).optional()?;
        let Some((push, integration, outcomes)): Option<(PushId, String, String)> = found else { continue };
        for (index, outcome) in (0_u32..).zip(split(&outcomes)) {
            let Some((key, event)) = key_of(&outcome).zip(EventTexts::of(&outcome)) else { continue };
            let alert = AlertId::of(Some(&integration), &key);
            if alerts.contains(&alert) {
                let summary = ToldAlertSummary {
                    event: EventId { push, index },
                    integration: integration.clone(),
                    key: shorten(&key, MAX_TEXT),
                    event_status: event.event_status,
                    title: shorten(&event.title, MAX_TEXT),
                };
                // The last event of an alert in a push is the one that was told.
                events.insert(alert, summary);
            }
        }
    }
    let alerts = told.iter().filter_map(|(_, alert, _)| events.get(alert).cloned()).collect();
    Ok(ToldAlertPage { alerts, next })
}
