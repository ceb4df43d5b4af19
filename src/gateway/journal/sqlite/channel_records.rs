//! The records of a channel that gathers messages, as rows. What is written is read again in the same transaction, as rows
//! are the only place where it is.

use super::{SqliteResult, SqliteTransaction, StoreResult};
use crate::event::Severity;
use crate::gateway::journal::FallbackGrace;
use crate::gateway::journal::notification::{ChannelRecords, MessageDelivery, NotificationTransaction};
use crate::gateway::journal::number::StoredNumber as _;
use crate::gateway::journal::{DeliveryId, OverdueEvents, StoreError};
use crate::mutant::Mutant;
use crate::notification::{
    AlertId, AlertRecord, ChannelRecord, ChannelStore, DueClass, GroupCounts, GroupId, GroupRecord, LapsedNews,
    MessageId, MessageRecord, NewsRecord, PassState, StormRecord, TimingReason, UndeliveredMessage,
};
use crate::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// The records of one channel in a transaction, or of a reader.
pub(super) struct SqliteChannel<'c> {
    pub(super) connection: &'c Connection,
    /// The number of its name.
    pub(super) channel: i64,
}

impl NotificationTransaction for SqliteTransaction<'_> {
    fn channel_records(&mut self, channel: &str) -> StoreResult<Box<dyn ChannelRecords + '_>> {
        let channel = self.name_id(channel)?;
        Ok(Box::new(SqliteChannel { connection: self.connection, channel }))
    }

    fn deliver_message(&mut self, channel: &str, delivery: &MessageDelivery) -> StoreResult<()> {
        if Mutant::ToldEarly.is_on() {
            self.connection.execute_batch("COMMIT; BEGIN IMMEDIATE")?;
        }
        self.insert_message(channel, delivery)
    }

    fn take_overdue(
        &mut self,
        channel: &str,
        since: Timestamp,
        up_to: Option<DeliveryId>,
        most: usize,
    ) -> StoreResult<OverdueEvents> {
        self.take_overdue_events(channel, since, up_to, most)
    }

    fn fallback_grace(&mut self, channel: &str) -> StoreResult<FallbackGrace> {
        self.read_fallback_grace(channel)
    }

    fn begin_fallback_grace(&mut self, channel: &str, until: Timestamp) -> StoreResult<()> {
        self.write_fallback_grace(channel, until)
    }

    fn note_given_up(
        &mut self,
        delivery: DeliveryId,
        has_fallback: &dyn Fn(&str) -> bool,
    ) -> StoreResult<Option<String>> {
        self.note_given_up_event(delivery, has_fallback)
    }

    fn wake_notifier(&mut self, channel: &str) {
        self.counts.wake(channel);
    }
}

/// The columns of an alert, in the order of [`alert_record`].
macro_rules! alert_columns {
    () => {
        "grp, firing, told, hold, routing, message, told_in, news_since, news_critical, news_origin, lapsed_since, \
         lapsed_critical, lapsed_origin, lapsed_until, entry, fallback"
    };
}

/// The columns of a group, in the order of [`group_record`].
macro_rules! group_columns {
    () => {
        "since, messages, last_message, last_message_id, last_change, last_end, changes, undelivered, due, known, told_info, \
         told_warning, told_critical, repeated, still_critical, held, news, news_info, news_warning, news_critical, passed_on, \
         given_up, owed_since, fallback_due, timing"
    };
}

impl ChannelStore for SqliteChannel<'_> {
    type Error = StoreError;

    fn channel(&self) -> StoreResult<ChannelRecord> {
        let sql = "SELECT last_message, recent, storm_last, storm_messages, undelivered, paused FROM told_channel \
                   WHERE channel = ?1";
        let row = |row: &Row<'_>| {
            let (recent, undelivered): (String, String) = (row.get(1)?, row.get(4)?);
            let storm = row.get::<_, Option<_>>(2)?.zip(row.get::<_, Option<_>>(3)?);
            let times: Vec<i64> = serde_json::from_str(&recent).unwrap_or_default();
            let messages: Vec<(u64, Option<i64>)> = serde_json::from_str(&undelivered).unwrap_or_default();
            Ok(ChannelRecord {
                last_message: row.get::<_, i64>(0)?.cast_unsigned(),
                recent: times.into_iter().map(Timestamp::from_epoch_milliseconds).collect(),
                storm: storm.map(|(last, messages)| StormRecord { last, messages }),
                undelivered: messages.into_iter().map(undelivered_message).collect(),
                is_paused: row.get(5)?,
            })
        };
        let found = self.connection.prepare_cached(sql)?.query_row([self.channel], row).optional()?;
        Ok(found.unwrap_or_default())
    }

    fn set_channel(&mut self, channel: &ChannelRecord) -> StoreResult<()> {
        let sql = "INSERT INTO told_channel (channel, policy, last_message, recent, storm_last, storm_messages, undelivered, \
                   paused) VALUES (?1, '', ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (channel) DO UPDATE SET \
                   last_message = excluded.last_message, recent = excluded.recent, storm_last = excluded.storm_last, \
                   storm_messages = excluded.storm_messages, undelivered = excluded.undelivered, paused = excluded.paused";
        let times: Vec<i64> = channel.recent.iter().map(|at| at.epoch_milliseconds()).collect();
        let stored = |one: &UndeliveredMessage| (one.id.0, one.worst.map(Severity::stored));
        let undelivered: Vec<(u64, Option<i64>)> = channel.undelivered.iter().map(stored).collect();
        let storm = channel.storm.map(|storm| (storm.last, storm.messages)).unzip();
        self.connection.prepare_cached(sql)?.execute((
            self.channel,
            channel.last_message.cast_signed(),
            serde_json::to_string(&times).unwrap_or_default(),
            storm.0,
            storm.1,
            serde_json::to_string(&undelivered).unwrap_or_default(),
            channel.is_paused,
        ))?;
        Ok(())
    }

    fn alert(&self, id: AlertId) -> StoreResult<Option<AlertRecord>> {
        let sql = concat!("SELECT ", alert_columns!(), " FROM told_alert WHERE channel = ?1 AND alert = ?2");
        let found = self.connection.prepare_cached(sql)?.query_row((self.channel, id), |row| alert_record(row, 0));
        Ok(found.optional()?)
    }

    fn set_alert(&mut self, id: AlertId, alert: Option<&AlertRecord>) -> StoreResult<()> {
        let Some(alert) = alert else {
            let sql = "DELETE FROM told_alert WHERE channel = ?1 AND alert = ?2";
            self.connection.prepare_cached(sql)?.execute((self.channel, id))?;
            return Ok(());
        };
        let sql = "INSERT INTO told_alert (channel, alert, grp, firing, told, hold, routing, message, told_in, news_since, \
                   news_critical, news_origin, lapsed_since, lapsed_critical, lapsed_origin, lapsed_until, tellable, class, \
                   critical_due, entry, fallback, passed_on) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, \
                   ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22) \
                   ON CONFLICT (channel, alert) DO UPDATE SET grp = excluded.grp, firing = excluded.firing, \
                   told = excluded.told, hold = excluded.hold, routing = excluded.routing, message = excluded.message, \
                   told_in = excluded.told_in, news_since = excluded.news_since, news_critical = excluded.news_critical, \
                   news_origin = excluded.news_origin, lapsed_since = excluded.lapsed_since, \
                   lapsed_critical = excluded.lapsed_critical, lapsed_origin = excluded.lapsed_origin, \
                   lapsed_until = excluded.lapsed_until, tellable = excluded.tellable, class = excluded.class, \
                   critical_due = excluded.critical_due, entry = excluded.entry, fallback = excluded.fallback, \
                   passed_on = excluded.passed_on";
        let (news, lapsed, dues) = (alert.news, alert.lapsed.map(|lapsed| lapsed.news), alert.dues());
        self.connection.prepare_cached(sql)?.execute(params![
            self.channel,
            id,
            alert.group,
            alert.firing,
            alert.told,
            alert.hold,
            alert.routing,
            alert.message,
            alert.told_in,
            news.map(|news| news.since),
            news.and_then(|news| news.critical_since),
            news.map(|news| news.origin),
            lapsed.map(|news| news.since),
            lapsed.and_then(|news| news.critical_since),
            lapsed.map(|news| news.origin),
            alert.lapsed.map(|lapsed| lapsed.until),
            alert.tellable().is_some(),
            dues.ordinary.map(|(class, _)| class),
            dues.critical.map(|(_, since)| since),
            alert.entry,
            alert.fallback,
            alert.pass_state(),
        ])?;
        Ok(())
    }

    fn group(&self, id: GroupId) -> StoreResult<Option<GroupRecord>> {
        let sql = concat!("SELECT ", group_columns!(), " FROM told_group WHERE channel = ?1 AND id = ?2");
        let found = self.connection.prepare_cached(sql)?.query_row((self.channel, id), group_record);
        Ok(found.optional()?)
    }

    fn set_group(&mut self, id: GroupId, group: Option<&GroupRecord>) -> StoreResult<()> {
        let Some(group) = group else {
            let sql = "DELETE FROM told_group WHERE channel = ?1 AND id = ?2";
            self.connection.prepare_cached(sql)?.execute((self.channel, id))?;
            return Ok(());
        };
        let sql = "INSERT INTO told_group VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, \
                   ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, NULL, ?28) ON CONFLICT (channel, id) DO UPDATE SET since = excluded.since, \
                   messages = excluded.messages, last_message = excluded.last_message, \
                   last_message_id = excluded.last_message_id, last_change = excluded.last_change, \
                   last_end = excluded.last_end, changes = excluded.changes, undelivered = excluded.undelivered, \
                   due = excluded.due, known = excluded.known, told_info = excluded.told_info, \
                   told_warning = excluded.told_warning, told_critical = excluded.told_critical, \
                   repeated = excluded.repeated, still_critical = excluded.still_critical, held = excluded.held, \
                   news = excluded.news, news_info = excluded.news_info, news_warning = excluded.news_warning, \
                   news_critical = excluded.news_critical, passed_on = excluded.passed_on, given_up = excluded.given_up, \
                   owed_since = excluded.owed_since, fallback_due = excluded.fallback_due, urgency = excluded.urgency, \
                   timing = excluded.timing";
        let GroupCounts { known, told, repeated, told_critical, held, news, firing_news, passed_on, given_up } =
            group.counts;
        let ([info, warning, critical], [news_info, news_warning, news_critical]) = (told, firing_news);
        self.connection.prepare_cached(sql)?.execute(params![
            self.channel,
            id,
            group.since,
            group.messages,
            group.last_message,
            group.last_message_id,
            group.last_change,
            group.last_end,
            group.changes,
            group.undelivered,
            group.due,
            known,
            info,
            warning,
            critical,
            repeated,
            told_critical,
            held,
            news,
            news_info,
            news_warning,
            news_critical,
            passed_on,
            given_up,
            group.owed_since,
            group.fallback_due,
            urgency(group.counts.worst_news()),
            group.timing.and_then(|timing| serde_json::to_string(&timing).ok()),
        ])?;
        Ok(())
    }

    fn news(&self, group: GroupId) -> StoreResult<Vec<(AlertId, AlertRecord)>> {
        let sql = concat!(
            "SELECT alert, ",
            alert_columns!(),
            " FROM told_alert INDEXED BY told_alert_news WHERE channel = ?1 AND grp = ?2 AND tellable = 1 ORDER BY alert"
        );
        let row = |row: &Row<'_>| Ok((row.get(0)?, alert_record(row, 1)?));
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map((self.channel, group), row)?;
        Ok(rows.collect::<SqliteResult<_>>()?)
    }

    fn earliest(&self, group: GroupId, class: DueClass, pass: PassState) -> StoreResult<Option<Timestamp>> {
        let found = match class {
            DueClass::Critical => {
                let sql = "SELECT min(critical_due) FROM told_alert INDEXED BY told_alert_critical WHERE channel = ?1 \
                           AND grp = ?2 AND passed_on = ?3 AND critical_due IS NOT NULL";
                self.connection.prepare_cached(sql)?.query_row((self.channel, group, pass), |row| row.get(0))?
            }
            DueClass::Worse | DueClass::New | DueClass::Over => {
                let sql = "SELECT min(news_since) FROM told_alert INDEXED BY told_alert_class WHERE channel = ?1 \
                           AND grp = ?2 AND class = ?3 AND passed_on = ?4 AND class IS NOT NULL";
                let values = (self.channel, group, class, pass);
                self.connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?
            }
        };
        Ok(found)
    }

    fn due(&self, until: Timestamp, most: usize) -> StoreResult<Vec<GroupId>> {
        let mut due: Vec<GroupId> = Vec::new();
        for severity in URGENCIES {
            due.extend(self.due_of(severity, until, most.saturating_sub(due.len()))?);
        }
        due.sort_unstable();
        Ok(due)
    }

    fn most_urgent(&self, until: Timestamp) -> StoreResult<Option<GroupId>> {
        for severity in URGENCIES {
            if let Some(first) = self.due_of(severity, until, 1)?.pop() {
                return Ok(Some(first));
            }
        }
        Ok(None)
    }

    fn first_due_after(&self, after: Timestamp) -> StoreResult<Option<Timestamp>> {
        let sql = "SELECT min(due) FROM told_group INDEXED BY told_group_due WHERE channel = ?1 AND urgency = ?2 AND due > ?3";
        let mut first: Option<Timestamp> = None;
        for severity in URGENCIES {
            let values = (self.channel, urgency(severity), after);
            let due = self.connection.prepare_cached(sql)?.query_row(values, |row| row.get::<_, Option<_>>(0))?;
            first = first.into_iter().chain(due).min();
        }
        Ok(first)
    }

    fn fallback_due(&self, until: Timestamp, most: usize) -> StoreResult<Vec<GroupId>> {
        let sql = "SELECT id FROM told_group INDEXED BY told_group_fallback WHERE channel = ?1 AND fallback_due <= ?2 \
                   ORDER BY fallback_due, id LIMIT ?3";
        self.ids(sql, (self.channel, until, limit(most)))
    }

    fn first_fallback_after(&self, after: Timestamp) -> StoreResult<Option<Timestamp>> {
        let sql = "SELECT min(fallback_due) FROM told_group INDEXED BY told_group_fallback WHERE channel = ?1 \
                   AND fallback_due > ?2";
        Ok(self.connection.prepare_cached(sql)?.query_row((self.channel, after), |row| row.get(0))?)
    }

    fn lapsed_before(&self, before: Timestamp, most: usize) -> StoreResult<Vec<AlertId>> {
        let sql = "SELECT alert FROM told_alert WHERE channel = ?1 AND lapsed_until < ?2 ORDER BY lapsed_until, alert LIMIT ?3";
        self.ids(sql, (self.channel, before, limit(most)))
    }

    fn idle_since(&self, since: Timestamp, most: usize) -> StoreResult<Vec<GroupId>> {
        let sql = "SELECT id FROM told_group WHERE channel = ?1 AND known = 0 AND last_change <= ?2 \
                   ORDER BY last_change, id LIMIT ?3";
        self.ids(sql, (self.channel, since, limit(most)))
    }

    fn groups(&self) -> StoreResult<Vec<GroupId>> {
        self.ids("SELECT id FROM told_group WHERE channel = ?1 ORDER BY id", [self.channel])
    }

    fn message(&self, id: MessageId) -> StoreResult<Option<MessageRecord>> {
        self.read_message(id)
    }

    fn add_message(&mut self, message: &MessageRecord) -> StoreResult<()> {
        self.write_message(message)
    }

    fn remove_message(&mut self, id: MessageId) -> StoreResult<()> {
        let sql = "UPDATE told_message SET grps = NULL WHERE channel = ?1 AND number = ?2";
        self.connection.prepare_cached(sql)?.execute((self.channel, id))?;
        Ok(())
    }
}

/// How urgent a group is, the most urgent first.
const URGENCIES: [Option<Severity>; 4] =
    [Some(Severity::Critical), Some(Severity::Warning), Some(Severity::Info), None];

/// The column of the worst news of a group.
fn urgency(worst: Option<Severity>) -> i64 {
    worst.map_or(0, |worst| worst.stored() + 1)
}

impl SqliteChannel<'_> {
    /// Groups of that urgency that are due, the first first.
    fn due_of(&self, worst: Option<Severity>, until: Timestamp, most: usize) -> StoreResult<Vec<GroupId>> {
        let sql = "SELECT id FROM told_group INDEXED BY told_group_due WHERE channel = ?1 AND urgency = ?2 AND due <= ?3 \
                   ORDER BY due, id LIMIT ?4";
        self.ids(sql, (self.channel, urgency(worst), until, limit(most)))
    }

    fn ids<T: rusqlite::types::FromSql>(&self, sql: &str, values: impl rusqlite::Params) -> StoreResult<Vec<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(values, |row| row.get(0))?;
        Ok(rows.collect::<SqliteResult<_>>()?)
    }
}

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

fn undelivered_message((id, worst): (u64, Option<i64>)) -> UndeliveredMessage {
    UndeliveredMessage { id: MessageId(id), worst: worst.and_then(Severity::from_stored) }
}

fn alert_record(row: &Row<'_>, first: usize) -> SqliteResult<AlertRecord> {
    let news = |at: usize| {
        let (since, origin): (Option<Timestamp>, _) = (row.get(at)?, row.get::<_, Option<_>>(at + 2)?);
        let critical_since = row.get(at + 1)?;
        Ok::<_, rusqlite::Error>(since.zip(origin).map(|(since, origin)| NewsRecord { since, critical_since, origin }))
    };
    let until: Option<Timestamp> = row.get(first + 13)?;
    Ok(AlertRecord {
        group: row.get(first)?,
        firing: row.get(first + 1)?,
        told: row.get(first + 2)?,
        hold: row.get(first + 3)?,
        routing: row.get(first + 4)?,
        entry: row.get(first + 14)?,
        fallback: row.get(first + 15)?,
        message: row.get(first + 5)?,
        told_in: row.get(first + 6)?,
        news: news(first + 7)?,
        lapsed: news(first + 10)?.zip(until).map(|(news, until)| LapsedNews { news, until }),
    })
}

/// Why something was made or is due at its time; nothing where that cannot be read.
pub(super) fn read_timing(row: &Row<'_>, column: usize) -> SqliteResult<Option<TimingReason>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

fn group_record(row: &Row<'_>) -> SqliteResult<GroupRecord> {
    Ok(GroupRecord {
        since: row.get(0)?,
        messages: row.get(1)?,
        last_message: row.get(2)?,
        last_message_id: row.get(3)?,
        last_change: row.get(4)?,
        last_end: row.get(5)?,
        changes: row.get(6)?,
        undelivered: row.get(7)?,
        due: row.get(8)?,
        owed_since: row.get(22)?,
        fallback_due: row.get(23)?,
        timing: read_timing(row, 24)?,
        counts: GroupCounts {
            known: row.get(9)?,
            told: [row.get(10)?, row.get(11)?, row.get(12)?],
            repeated: row.get(13)?,
            told_critical: row.get(14)?,
            held: row.get(15)?,
            news: row.get(16)?,
            firing_news: [row.get(17)?, row.get(18)?, row.get(19)?],
            passed_on: row.get(20)?,
            given_up: row.get(21)?,
        },
    })
}
