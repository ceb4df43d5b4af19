//! The records of a channel that gathers messages, as rows. Alerts and groups are written late, as `record_cache` says, and
//! everything else at once.

use super::record_cache::{EarliestTime, RecordAccess, SqliteChannel};
use super::record_rows::urgency;
use super::{SqliteResult, SqliteTransaction, StoreResult};
use crate::event::Severity;
use crate::gateway::journal::FallbackGrace;
use crate::gateway::journal::notification::{ChannelRecords, MessageDelivery, NotificationTransaction};
use crate::gateway::journal::number::StoredNumber as _;
use crate::gateway::journal::{DeliveryId, OverdueEvents, StoreError};
use crate::mutant::Mutant;
use crate::notification::{
    AlertId, AlertRecord, ChannelRecord, ChannelStore, DueClass, GroupId, GroupRecord, MessageId, MessageRecord,
    PassState, StormRecord, UndeliveredMessage,
};
use crate::time::Timestamp;
use rusqlite::{OptionalExtension, Row};
use std::collections::BTreeMap;

impl NotificationTransaction for SqliteTransaction<'_> {
    fn channel_records(&mut self, channel: &str) -> StoreResult<Box<dyn ChannelRecords + '_>> {
        let channel = self.name_id(channel)?;
        let records = &self.cache.records;
        Ok(Box::new(SqliteChannel { connection: self.connection, channel, records, access: RecordAccess::Write }))
    }

    fn deliver_message(&mut self, channel: &str, delivery: &MessageDelivery) -> StoreResult<()> {
        if Mutant::ToldEarly.is_on() {
            self.write_records()?;
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

impl ChannelStore for SqliteChannel<'_> {
    type Error = StoreError;

    fn channel(&self) -> StoreResult<ChannelRecord> {
        if let Some(known) = self.records.borrow().channels.get(&self.channel) {
            return Ok(known.clone());
        }
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
        let record: ChannelRecord = found.unwrap_or_default();
        self.records.borrow_mut().channels.insert(self.channel, record.clone());
        Ok(record)
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
        self.records.borrow_mut().channels.insert(self.channel, channel.clone());
        Ok(())
    }

    fn alert(&self, id: AlertId) -> StoreResult<Option<AlertRecord>> {
        let record = self.cached_alert(id)?.record;
        record.map(|alert| self.with_message(alert)).transpose()
    }

    fn set_alert(&mut self, id: AlertId, alert: Option<&AlertRecord>) -> StoreResult<()> {
        self.replace_alert(id, alert)
    }

    fn group(&self, id: GroupId) -> StoreResult<Option<GroupRecord>> {
        Ok(self.cached_group(id)?.record)
    }

    fn set_group(&mut self, id: GroupId, group: Option<&GroupRecord>) -> StoreResult<()> {
        self.replace_group(id, group)
    }

    fn news(&self, group: GroupId) -> StoreResult<Vec<(AlertId, AlertRecord)>> {
        self.read_news(group)
    }

    fn tell_news(&mut self, group: GroupId, news: &[(AlertId, AlertRecord)], message: MessageId) -> StoreResult<()> {
        self.tell_all(group, news, message)
    }

    fn earliest(&self, group: GroupId, class: DueClass, pass: PassState) -> StoreResult<Option<Timestamp>> {
        let watermark = {
            let known = self.cached_group(group)?;
            if let Some(EarliestTime(known)) = known.earliest.get(class, pass) {
                return Ok(known);
            }
            known.watermark.message
        };
        self.write_records()?;
        let found = match class {
            DueClass::Critical => {
                let sql = "SELECT min(critical_due) FROM told_alert INDEXED BY told_alert_critical WHERE channel = ?1 \
                           AND grp = ?2 AND mark = ?3 AND passed_on = ?4 AND critical_due IS NOT NULL";
                let values = (self.channel, group, watermark, pass);
                self.connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?
            }
            DueClass::Worse | DueClass::New | DueClass::Over => {
                let sql = "SELECT min(news_since) FROM told_alert INDEXED BY told_alert_class WHERE channel = ?1 \
                           AND grp = ?2 AND mark = ?3 AND class = ?4 AND passed_on = ?5 AND class IS NOT NULL";
                let values = (self.channel, group, watermark, class, pass);
                self.connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?
            }
        };
        self.cached_group(group)?.earliest.set(class, pass, found);
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
        self.write_records()?;
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
        self.write_records()?;
        let sql = "SELECT min(fallback_due) FROM told_group INDEXED BY told_group_fallback WHERE channel = ?1 \
                   AND fallback_due > ?2";
        Ok(self.connection.prepare_cached(sql)?.query_row((self.channel, after), |row| row.get(0))?)
    }

    fn lapsed_before(&self, before: Timestamp, most: usize) -> StoreResult<Vec<AlertId>> {
        let sql = "SELECT alert FROM told_alert WHERE channel = ?1 AND lapsed_until < ?2 ORDER BY lapsed_until, alert LIMIT ?3";
        self.ids(sql, (self.channel, before, limit(most)))
    }

    fn idle_since(&self, since: Timestamp, most: usize) -> StoreResult<Vec<GroupId>> {
        // Rows that are behind the watermark of a group belong to it.
        let sql = "SELECT id FROM told_group WHERE channel = ?1 AND known = 0 AND last_change <= ?2 AND folding = 0 \
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

    fn forget_over(&mut self, message: &MessageRecord) -> StoreResult<BTreeMap<GroupId, u32>> {
        self.forget_alerts_over(message)
    }
}

/// How urgent a group is, the most urgent first.
const URGENCIES: [Option<Severity>; 4] =
    [Some(Severity::Critical), Some(Severity::Warning), Some(Severity::Info), None];

impl SqliteChannel<'_> {
    /// Groups of that urgency that are due, the first first.
    fn due_of(&self, worst: Option<Severity>, until: Timestamp, most: usize) -> StoreResult<Vec<GroupId>> {
        let sql = "SELECT id FROM told_group INDEXED BY told_group_due WHERE channel = ?1 AND urgency = ?2 AND due <= ?3 \
                   ORDER BY due, id LIMIT ?4";
        self.ids(sql, (self.channel, urgency(worst), until, limit(most)))
    }

    fn ids<T: rusqlite::types::FromSql>(&self, sql: &str, values: impl rusqlite::Params) -> StoreResult<Vec<T>> {
        self.write_records()?;
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
