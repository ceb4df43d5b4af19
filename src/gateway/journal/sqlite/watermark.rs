//! Many alerts of a group are told at once, by one row: the watermark of the group. What their own rows say follows in steps, or
//! where one is read to be changed, so that telling takes no longer for a hundred thousand alerts than reading them does.
//!
//! Whoever reads a row of `told_alert` by itself asks whether it is behind the watermark of its group: `tellable AND mark <>
//! watermark`.

use super::SqliteResult;
use super::StoreResult;
use super::record_cache::SqliteChannel;
use super::record_rows::{NotedEvent, Watermark};
use crate::gateway::journal::NewsEnd;
use crate::gateway::journal::number::StoredNumber as _;
use crate::notification::{AlertId, AlertRecord, ChannelStore as _, DueClass, GroupId, MessageId, MessageRecord};
use crate::time::Timestamp;
use rusqlite::OptionalExtension as _;
use std::collections::BTreeMap;

/// The news of a group that a message tells one by one at most. In debug builds it is little, and nothing for every other
/// message, so that tests meet both ways.
fn most_one_by_one(message: MessageId) -> usize {
    if cfg!(debug_assertions) { usize::from(message.0.is_multiple_of(2)) } else { 1_000 }
}

impl SqliteChannel<'_> {
    /// A message tells all news of a group.
    pub(super) fn tell_all(
        &self,
        group: GroupId,
        news: &[(AlertId, AlertRecord)],
        message: MessageId,
    ) -> StoreResult<()> {
        if news.len() <= most_one_by_one(message) {
            return news.iter().try_for_each(|(id, alert)| self.replace_alert(*id, Some(&alert.told_by(message))));
        }
        // Rows that are behind say what was news of them, not which message told it: there is one watermark at a time.
        self.fold_all(group)?;
        self.write_records()?;
        self.records.borrow_mut().forget_alerts(self.channel, group);
        self.set_watermark(group, Watermark { message, is_folding: true })
    }

    /// Whether rows of a group may be behind its watermark.
    pub(super) fn is_behind(&self, group: GroupId) -> StoreResult<bool> {
        Ok(self.cached_group(group)?.watermark.is_folding)
    }

    /// Whether a message told the news of a group at once.
    pub(super) fn is_told_at_once(&self, group: GroupId, message: MessageId) -> StoreResult<bool> {
        Ok(self.cached_group(group)?.watermark.message == message)
    }

    /// A group of which rows may be behind.
    pub(super) fn folding_group(&self) -> StoreResult<Option<GroupId>> {
        self.write_records()?;
        let sql = "SELECT id FROM told_group INDEXED BY told_group_folding WHERE channel = ?1 AND folding = 1 LIMIT 1";
        Ok(self.connection.prepare_cached(sql)?.query_row([self.channel], |row| row.get(0)).optional()?)
    }

    /// Brings rows of a group up to its watermark, at most so many.
    pub(super) fn fold(&self, group: GroupId, most: usize) -> StoreResult<()> {
        let watermark = self.cached_group(group)?.watermark;
        let sql = "SELECT alert FROM told_alert INDEXED BY told_alert_class WHERE channel = ?1 AND grp = ?2 AND mark < ?3 \
                   AND class IS NOT NULL LIMIT ?4";
        self.write_records()?;
        let behind: Vec<AlertId> = {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map((self.channel, group, watermark.message, most), |row| row.get(0))?;
            rows.collect::<SqliteResult<_>>()?
        };
        for alert in &behind {
            drop(self.cached_alert(*alert)?);
        }
        if behind.len() < most {
            self.set_watermark(group, Watermark { is_folding: false, ..watermark })?;
        }
        Ok(())
    }

    /// Brings all rows of a group up to its watermark.
    pub(super) fn fold_all(&self, group: GroupId) -> StoreResult<()> {
        if self.is_behind(group)? { self.fold(group, usize::MAX) } else { Ok(()) }
    }

    /// Notes that a message told an alert, whose last event was that one.
    pub(super) fn insert_told(&self, alert: AlertId, event: NotedEvent, message: MessageId) -> StoreResult<()> {
        let Some(at) = self.message_time(message)? else { return Ok(()) };
        let sql = "INSERT INTO told_change (channel, alert, push, result, message, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = (self.channel, alert, event.push, NewsEnd::Told, message, at);
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    /// When a message was made; nothing where it is gone. It is asked for once for all alerts of a message: to find the row of
    /// one that tells a hundred thousand alerts is to read megabytes.
    fn message_time(&self, message: MessageId) -> StoreResult<Option<Timestamp>> {
        let place = (self.channel, message);
        if let Some((_, at)) = self.records.borrow().last_told.filter(|(last, _)| *last == place) {
            return Ok(Some(at));
        }
        let sql = "SELECT at FROM told_message WHERE channel = ?1 AND number = ?2";
        let at = self.connection.prepare_cached(sql)?.query_row(place, |row| row.get(0)).optional()?;
        if let Some(at) = at {
            self.records.borrow_mut().last_told = Some((place, at));
        }
        Ok(at)
    }

    /// Forgets the alerts of a delivered message that are over; how many of each group.
    pub(super) fn forget_alerts_over(&self, message: &MessageRecord) -> StoreResult<BTreeMap<GroupId, u32>> {
        let mut forgotten: BTreeMap<GroupId, u32> = BTreeMap::new();
        self.write_records()?;
        let sql = "SELECT alert FROM told_alert INDEXED BY told_alert_over WHERE channel = ?1 AND told_in = ?2 \
                   AND firing IS NULL AND class IS NULL";
        let over: Vec<AlertId> = {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map((self.channel, message.id), |row| row.get(0))?;
            rows.collect::<SqliteResult<_>>()?
        };
        for id in over {
            if let Some(alert) = self.alert(id)?.filter(AlertRecord::is_forgotten) {
                self.replace_alert(id, None)?;
                *forgotten.entry(alert.group).or_default() += 1;
            }
        }
        for group in &message.groups {
            if self.is_behind(*group)? && self.is_told_at_once(*group, message.id)? {
                *forgotten.entry(*group).or_default() += self.count_over_behind(*group, message.id)?;
            }
        }
        Ok(forgotten)
    }

    /// How many alerts of a group are over whose rows are behind its watermark.
    fn count_over_behind(&self, group: GroupId, watermark: MessageId) -> StoreResult<u32> {
        // Most are counted by the index alone. Ends that were refused are of no class.
        let sql = "SELECT (SELECT count(*) FROM told_alert INDEXED BY told_alert_class WHERE channel = ?1 AND grp = ?2 \
                   AND mark < ?3 AND class = ?4) + (SELECT count(*) FROM told_alert INDEXED BY told_alert_class \
                   WHERE channel = ?1 AND grp = ?2 AND mark < ?3 AND class < 0 AND firing IS NULL)";
        let values = (self.channel, group, watermark, DueClass::Over.stored());
        Ok(self.connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?)
    }
}
