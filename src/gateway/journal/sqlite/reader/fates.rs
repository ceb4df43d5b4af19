//! What events are for channels that gather messages: what was noted when they came, and how their news ended since.

use super::event_page::{key_of, split};
use super::{ReaderPool, SqliteResult};
use crate::channel::NotificationPolicy;
use crate::gateway::journal::channel_policies::{ChannelPolicies, LAST_WORDS};
use crate::gateway::journal::fate::{StoredArrival, StoredMessage, StoredNewsEnd, StoredPass};
use crate::gateway::journal::holds::holding;
use crate::gateway::journal::sqlite::hold_records::{ReadMemory, SqliteHolds};
use crate::gateway::journal::sqlite::record_cache::{RecordAccess, SqliteChannel};
use crate::gateway::journal::sqlite::record_rows::read_timing;
use crate::gateway::journal::sqlite::told_message::read_values;
use crate::gateway::journal::{
    ChannelFate, DeliveryReader as _, EventFate, EventId, JournalError, MessageUlid, NewsEnd, ReadResult, SilenceId,
    StoredFate, StoredHoldReason,
};
use crate::notification::holds::HoldTracker;
use crate::notification::{AlertId, AlertState, ChannelNotifier, MessageId, NamedValue, TimingReason};
use crate::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

/// An event in a channel, as it was noted.
struct NotedArrival {
    channel: i64,
    name: String,
    push: i64,
    alert: AlertId,
    arrival: StoredArrival,
}

impl ReaderPool {
    /// What an event is for each channel, by name.
    pub(super) fn read_fates(&self, event: EventId, policies: &ChannelPolicies) -> ReadResult<Vec<ChannelFate>> {
        let noted = self.query(|connection| noted_arrivals(connection, event))?;
        let pauses = self.pauses()?;
        let mut fates = Vec::with_capacity(noted.len());
        for mut noted in noted {
            if let Some((end, hold)) = self.query(|connection| news_end(connection, &noted))? {
                noted.arrival.end = Some(end);
                let is_dropped = end.end == NewsEnd::Dropped;
                noted.arrival.hold = if is_dropped { hold } else { noted.arrival.hold.or(hold) };
            }
            noted.arrival.passed_on = self.query(|connection| passed_on(connection, &noted))?;
            noted.arrival.now = self.alert_state(&noted, policies)?;
            if self.is_held(&noted, event)? {
                noted.arrival.holding = self.holding(noted.alert, &noted.name)?;
            }
            if let AlertState::Told { message, .. } = noted.arrival.now {
                noted.arrival.told_in = self.query(|connection| message_ulid(connection, noted.channel, message))?;
            }
            let group = self.query(|connection| group_values(connection, &noted))?;
            let group = group.into_iter().map(Into::into).collect();
            let fate = EventFate::of(&noted.arrival);
            let now = pauses.iter().find(|one| one.channel == noted.name && fate.is_waiting());
            let pause = now.map(|one| one.pause.clone());
            fates.push(ChannelFate { channel: noted.name, group, paused: pause, fate });
        }
        Ok(fates)
    }

    /// Whether a mute or silence holds the event now.
    fn is_held(&self, noted: &NotedArrival, event: EventId) -> ReadResult<bool> {
        if noted.arrival.fate != StoredFate::KeptBack {
            return Ok(noted.arrival.now == AlertState::Held);
        }
        let sql =
            "SELECT 1 FROM held_event WHERE alert = ?1 AND channel = ?2 AND push = ?3 AND position = ?4 AND hold = 1";
        let values = (noted.alert, noted.channel, noted.push, event.index);
        self.query(|connection| connection.prepare_cached(sql)?.exists(values))
    }

    /// What holds an alert in a channel now.
    pub(super) fn holding(&self, alert: AlertId, channel: &str) -> ReadResult<Option<StoredHoldReason>> {
        let silences = self.memory.silences.list();
        let author = |id: SilenceId| silences.get(id).map(|silence| silence.author.clone()).unwrap_or_default();
        let reason = self.run_query(|connection| {
            let mut holds = SqliteHolds { connection, memory: ReadMemory::new(Arc::clone(&silences)) };
            let explained = HoldTracker::new(&mut holds).explain(alert, channel);
            let reason = explained.and_then(|explained| match holding(&explained) {
                Some(reason) => StoredHoldReason::of(reason, &holds, author).map(Some),
                None => Ok(None),
            });
            Ok(reason)
        });
        self.count_error(reason)?.map_err(JournalError::from)
    }

    /// When a channel tells a group that is due then, and why later, if it does.
    pub(super) fn telling_time(
        &self,
        channel: i64,
        name: &str,
        due: Timestamp,
        policies: &ChannelPolicies,
    ) -> ReadResult<(Timestamp, Option<TimingReason>)> {
        let policy = policy(policies, name);
        let at = self.run_query(|connection| {
            let records = RefCell::default();
            let mut channel = SqliteChannel { connection, channel, records: &records, access: RecordAccess::Read };
            Ok(ChannelNotifier::new(&mut channel, policy).telling_time(due))
        });
        self.count_error(at)?.map_err(JournalError::from)
    }

    fn alert_state(&self, noted: &NotedArrival, policies: &ChannelPolicies) -> ReadResult<AlertState> {
        // What a channel knows of an alert does not depend on its policy, but for when it tells it.
        let policy = policy(policies, &noted.name);
        let NotedArrival { channel, alert, .. } = *noted;
        let state = self.run_query(|connection| {
            let records = RefCell::default();
            let mut channel = SqliteChannel { connection, channel, records: &records, access: RecordAccess::Read };
            Ok(ChannelNotifier::new(&mut channel, policy).state(alert))
        });
        self.count_error(state)?.map_err(JournalError::from)
    }
}

/// The policy of a channel. Without rules nothing is known of storms.
fn policy(policies: &ChannelPolicies, channel: &str) -> NotificationPolicy {
    policies.get(channel).unwrap_or(NotificationPolicy { gathers_storms: false, ..LAST_WORDS })
}

fn noted_arrivals(connection: &Connection, event: EventId) -> SqliteResult<Vec<NotedArrival>> {
    // Of an unchanged event the push says only which channels gather it.
    let sql = "WITH noted AS (SELECT fate.channel, push.id, result, message, after, wait, hold FROM push JOIN fate \
               ON fate.push = push.id WHERE ulid = ?1 AND position = ?2 UNION ALL SELECT value ->> 1 AS channel, push.id, ?3, \
               NULL, NULL, NULL, NULL FROM push, json_each(gathered) WHERE ulid = ?1 AND value ->> 0 = ?2 AND NOT EXISTS \
               (SELECT 1 FROM fate WHERE fate.push = push.id AND position = ?2 AND fate.channel = value ->> 1)) \
               SELECT noted.channel, c.text, push.id, i.text, outcomes, result, (SELECT told.ulid FROM told_message told \
               WHERE told.channel = noted.channel AND told.number = noted.message), after, wait, hold FROM noted JOIN push \
               ON push.id = noted.id JOIN name c ON c.id = noted.channel JOIN name i ON i.id = push.integration ORDER BY c.text";
    let row = |row: &Row<'_>| {
        let (integration, outcomes): (String, String) = (row.get(3)?, row.get(4)?);
        let outcome = usize::try_from(event.index).ok().and_then(|index| split(&outcomes).into_iter().nth(index));
        let key = outcome.as_deref().and_then(key_of).unwrap_or_default();
        Ok(NotedArrival {
            channel: row.get(0)?,
            name: row.get(1)?,
            push: row.get(2)?,
            alert: AlertId::of(Some(&integration), &key),
            arrival: StoredArrival {
                fate: row.get(5)?,
                message: row.get(6)?,
                after: duration(row, 7)?,
                wait: duration(row, 8)?,
                end: None,
                now: AlertState::Unknown,
                told_in: None,
                passed_on: None,
                hold: stored_hold(row.get(9)?),
                holding: None,
            },
        })
    };
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map((event.push, event.index, StoredFate::Unchanged), row)?;
    let mut noted: Vec<NotedArrival> = rows.collect::<SqliteResult<_>>()?;
    for arrival in &mut noted {
        if arrival.arrival.fate == StoredFate::Unchanged && arrival.arrival.message.is_none() {
            arrival.arrival.message = told_before(connection, arrival)?;
        }
    }
    Ok(noted)
}

/// The last message that told of an alert before an event of it came.
fn told_before(connection: &Connection, noted: &NotedArrival) -> SqliteResult<Option<MessageUlid>> {
    let sql = "SELECT ulid FROM told_change c JOIN told_message m ON m.channel = c.channel AND number = message \
               WHERE c.channel = ?1 AND alert = ?2 AND push < ?3 AND result = ?4 ORDER BY push DESC, c.id DESC LIMIT 1";
    let values = (noted.channel, noted.alert, noted.push, NewsEnd::Told);
    connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()
}

/// What a column says of a hold; nothing where it cannot be read.
fn stored_hold(text: Option<String>) -> Option<StoredHoldReason> {
    serde_json::from_str(&text?).ok()
}

/// The channel that was told instead since an event came.
fn passed_on(connection: &Connection, noted: &NotedArrival) -> SqliteResult<Option<StoredPass>> {
    let sql = "SELECT fallback, at, waited FROM told_change WHERE channel = ?1 AND alert = ?2 AND push >= ?3 AND result = 3 \
               ORDER BY push, id LIMIT 1";
    let row = |row: &Row<'_>| Ok(StoredPass { channel: row.get(0)?, at: row.get(1)?, after: duration(row, 2)? });
    connection.prepare_cached(sql)?.query_row((noted.channel, noted.alert, noted.push), row).optional()
}

/// How the news of an event ended since it came.
fn news_end(
    connection: &Connection,
    noted: &NotedArrival,
) -> SqliteResult<Option<(StoredNewsEnd, Option<StoredHoldReason>)>> {
    let sql = "SELECT result, told_change.at, ulid, told_message.at, reason, alerts, ended, timing, after, wait, hold FROM told_change \
               LEFT JOIN told_message ON told_message.channel = told_change.channel AND number = message \
               WHERE told_change.channel = ?1 AND alert = ?2 AND push >= ?3 AND result <> 3 ORDER BY push, told_change.id LIMIT 1";
    let row = |row: &Row<'_>| {
        let (id, at): (Option<MessageUlid>, Option<_>) = (row.get(2)?, row.get(3)?);
        let message = match id.zip(at) {
            Some((id, at)) => Some(StoredMessage {
                id,
                at,
                reason: row.get(4)?,
                alerts: row.get(5)?,
                end: row.get(6)?,
                timing: read_timing(row, 7)?,
            }),
            None => None,
        };
        let (after, wait) = (duration(row, 8)?, duration(row, 9)?);
        let ended = StoredNewsEnd { end: row.get(0)?, at: row.get(1)?, message, after, wait };
        Ok((ended, stored_hold(row.get(10)?)))
    };
    let values = (noted.channel, noted.alert, noted.push);
    if let Some(found) = connection.prepare_cached(sql)?.query_row(values, row).optional()? {
        return Ok(Some(found));
    }
    // A message that told it at once says so, where its row does not yet.
    let sql = "SELECT ?4, m.at, ulid, m.at, reason, alerts, ended, m.timing, NULL, NULL, NULL FROM told_alert a \
               JOIN told_group g ON g.channel = a.channel AND g.id = grp JOIN told_message m ON m.channel = a.channel \
               AND number = watermark WHERE a.channel = ?1 AND alert = ?2 AND push >= ?3 AND tellable AND mark <> watermark";
    let values = (noted.channel, noted.alert, noted.push, NewsEnd::Told);
    connection.prepare_cached(sql)?.query_row(values, row).optional()
}

/// The values of the group of an event's alert: as the message that told it kept them, or as the group has them.
fn group_values(connection: &Connection, noted: &NotedArrival) -> SqliteResult<Vec<NamedValue>> {
    let message = noted.arrival.end.and_then(|end| end.message).map(|message| message.id).or(noted.arrival.message);
    let sql = "SELECT coalesce((SELECT vals FROM told_message WHERE ulid = ?3), (SELECT vals FROM told_group JOIN told_alert \
               ON told_group.channel = told_alert.channel AND id = grp WHERE told_alert.channel = ?1 AND alert = ?2))";
    let stored = connection.prepare_cached(sql)?.query_row((noted.channel, noted.alert, message), |row| row.get(0))?;
    Ok(read_values(stored))
}

fn message_ulid(connection: &Connection, channel: i64, number: MessageId) -> SqliteResult<Option<MessageUlid>> {
    let sql = "SELECT ulid FROM told_message WHERE channel = ?1 AND number = ?2";
    connection.prepare_cached(sql)?.query_row((channel, number), |row| row.get(0)).optional()
}

fn duration(row: &Row<'_>, column: usize) -> SqliteResult<Option<Duration>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(|milliseconds| Duration::from_millis(milliseconds.unsigned_abs())))
}
