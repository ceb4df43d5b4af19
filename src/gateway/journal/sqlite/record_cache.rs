//! The alerts and groups of channels that were read or changed last.
//!
//! Pushes that share a transaction change the same group, one push changes an alert in several steps, and what fires is repeated
//! again and again. So records stay in memory, and those that changed are written once: before rows are searched, and at the end
//! of the transaction. Nothing else writes what is kept here. After a transaction that failed, nothing is kept.

use super::StoreResult;
use super::record_rows::{
    AlertRow, GroupRow, NotedEvent, Watermark, alert_columns, alert_row, group_columns, group_row, write_alert,
    write_group,
};
use crate::gateway::journal::PushId;
use crate::notification::{
    AlertId, AlertRecord, ChannelRecord, ChannelStore as _, DueClass, GroupId, GroupRecord, MessageId, PassState,
};
use crate::time::Timestamp;
use foldhash::fast::RandomState;
use rusqlite::{Connection, OptionalExtension as _};
use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, HashMap};

/// How many alerts, and how many groups, are kept at most: each takes some hundred bytes. Few in tests, so that some are
/// forgotten there.
pub(super) const MOST_KEPT: usize = if cfg!(test) { 4 } else { 4_096 };

/// Records by channel and id.
#[derive(Debug, Default)]
pub(super) struct RecordCache {
    pub(super) alerts: HashMap<(i64, AlertId), CachedAlertRecord, RandomState>,
    groups: HashMap<(i64, GroupId), CachedGroupRecord, RandomState>,
    /// What is kept of channels themselves. It is written at once.
    pub(super) channels: HashMap<i64, ChannelRecord, RandomState>,
    /// Those of which something is not written.
    changed_alerts: Vec<(i64, AlertId)>,
    changed_groups: Vec<(i64, GroupId)>,
    /// The push that was stored last, and its row.
    pub(super) last_push: Option<(PushId, i64)>,
    /// The message of a channel whose alerts were noted as told last, and when it was made.
    pub(super) last_told: Option<((i64, MessageId), Timestamp)>,
}

/// An alert that a channel knows, or that there is none.
#[derive(Debug, Default)]
pub(super) struct CachedAlertRecord {
    /// Without the message that is undelivered: the channel says which are.
    pub(super) record: Option<AlertRecord>,
    /// Its last event, where that was noted.
    pub(super) event: Option<NotedEvent>,
    pub(super) is_copy: bool,
    change: AlertChange,
}

impl From<AlertRow> for CachedAlertRecord {
    fn from(AlertRow { record, event, is_copy, .. }: AlertRow) -> Self {
        Self { record: Some(record), event, is_copy, change: AlertChange::Nothing }
    }
}

/// What of an alert is not written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum AlertChange {
    #[default]
    Nothing,
    /// Only which is its last event.
    Event,
    Everything,
}

impl AlertChange {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, Self::Nothing) | (Self::Nothing, one) => one,
            (one, other) if one == other => one,
            _ => Self::Everything,
        }
    }
}

/// A group of a channel, or that there is none.
#[derive(Debug, Default)]
pub(super) struct CachedGroupRecord {
    pub(super) record: Option<GroupRecord>,
    /// The column of its values.
    pub(super) values: Option<String>,
    pub(super) watermark: Watermark,
    pub(super) earliest: EarliestTimes,
    is_changed: bool,
}

impl From<GroupRow> for CachedGroupRecord {
    fn from(GroupRow { record, values, watermark }: GroupRow) -> Self {
        Self { record: Some(record), values, watermark, ..Self::default() }
    }
}

/// The earliest time of a class, if an alert has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EarliestTime(pub(super) Option<Timestamp>);

/// The earliest time of each class among the alerts of a group, as far as that is known.
#[derive(Debug, Default)]
pub(super) struct EarliestTimes(BTreeMap<(DueClass, PassState), Option<Timestamp>>);

impl EarliestTimes {
    pub(super) fn get(&self, class: DueClass, pass: PassState) -> Option<EarliestTime> {
        self.0.get(&(class, pass)).copied().map(EarliestTime)
    }

    pub(super) fn set(&mut self, class: DueClass, pass: PassState, earliest: Option<Timestamp>) {
        self.0.insert((class, pass), earliest);
    }

    fn add(&mut self, alert: &AlertRecord) {
        for (class, since) in alert.dues().iter() {
            if let Some(earliest) = self.0.get_mut(&(class, alert.pass_state())) {
                *earliest = Some(earliest.map_or(since, |earliest| earliest.min(since)));
            }
        }
    }

    fn remove(&mut self, alert: &AlertRecord) {
        for (class, since) in alert.dues().iter() {
            let place = (class, alert.pass_state());
            // Another alert may have the same time, or a later one.
            if self.get(class, alert.pass_state()) == Some(EarliestTime(Some(since))) {
                self.0.remove(&place);
            }
        }
    }
}

/// Whether records are changed where they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordAccess {
    /// In a transaction.
    Write,
    /// Of a reader.
    Read,
}

/// The records of one channel in a transaction, or of a reader.
pub(super) struct SqliteChannel<'c> {
    pub(super) connection: &'c Connection,
    /// The number of its name.
    pub(super) channel: i64,
    /// What of it is read or not written.
    pub(super) records: &'c RefCell<RecordCache>,
    pub(super) access: RecordAccess,
}

impl RecordCache {
    /// Writes what changed.
    pub(super) fn write(&mut self, connection: &Connection) -> StoreResult<()> {
        self.write_alerts(connection)?;
        self.write_groups(connection)
    }

    fn write_alerts(&mut self, connection: &Connection) -> StoreResult<()> {
        // Neighbours in the table are written after each other.
        self.changed_alerts.sort_unstable();
        for (channel, id) in self.changed_alerts.drain(..) {
            let Some(alert) = self.alerts.get_mut(&(channel, id)) else { continue };
            match (std::mem::take(&mut alert.change), alert.record) {
                (AlertChange::Everything, Some(record)) => {
                    let mark = match record.tellable() {
                        Some(_) => Some(watermark(&self.groups, connection, (channel, record.group))?.message),
                        None => None,
                    };
                    let row = AlertRow { record, event: alert.event, is_copy: alert.is_copy, mark };
                    write_alert(connection, (channel, id), &row)?;
                }
                (AlertChange::Event, Some(_)) => {
                    let Some(NotedEvent { push, position, heard }) = alert.event else { continue };
                    let sql =
                        "UPDATE told_alert SET push = ?3, position = ?4, heard = ?5 WHERE channel = ?1 AND alert = ?2";
                    connection.prepare_cached(sql)?.execute((channel, id, push, position, heard))?;
                }
                (AlertChange::Nothing, _) | (_, None) => {}
            }
        }
        Ok(())
    }

    fn write_groups(&mut self, connection: &Connection) -> StoreResult<()> {
        self.changed_groups.sort_unstable();
        for (channel, id) in self.changed_groups.drain(..) {
            let Some(group) = self.groups.get_mut(&(channel, id)) else { continue };
            if std::mem::take(&mut group.is_changed)
                && let Some(record) = &group.record
            {
                write_group(connection, (channel, id), record, group.values.as_deref(), group.watermark)?;
            }
        }
        Ok(())
    }

    /// Forgets what is kept of a channel.
    pub(super) fn forget(&mut self, channel: i64) {
        self.alerts.retain(|(of, _), _| *of != channel);
        self.groups.retain(|(of, _), _| *of != channel);
    }

    /// Forgets the alerts of a group, which are written, as their rows changed.
    pub(super) fn forget_alerts(&mut self, channel: i64, group: GroupId) {
        let is_of = |alert: &CachedAlertRecord| alert.record.is_some_and(|record| record.group == group);
        self.alerts.retain(|(of, _), alert| *of != channel || !is_of(alert));
    }

    /// What an alert was and is for its group.
    fn change_dues(&mut self, channel: i64, before: Option<&AlertRecord>, after: Option<&AlertRecord>) {
        let dues = |alert: Option<&AlertRecord>| alert.map(|alert| (alert.group, alert.pass_state(), alert.dues()));
        if dues(before) == dues(after) {
            return;
        }
        if let Some(alert) = before
            && let Some(group) = self.groups.get_mut(&(channel, alert.group))
        {
            group.earliest.remove(alert);
        }
        if let Some(alert) = after
            && let Some(group) = self.groups.get_mut(&(channel, alert.group))
        {
            group.earliest.add(alert);
        }
    }
}

impl SqliteChannel<'_> {
    /// An alert, read if it is not known.
    pub(super) fn cached_alert(&self, id: AlertId) -> StoreResult<RefMut<'_, CachedAlertRecord>> {
        let place = (self.channel, id);
        if let Ok(known) = RefMut::filter_map(self.records.borrow_mut(), |records| records.alerts.get_mut(&place)) {
            return Ok(known);
        }
        let sql = concat!("SELECT ", alert_columns!(), " FROM told_alert WHERE channel = ?1 AND alert = ?2");
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_row((self.channel, id), |row| alert_row(row, 0)).optional()?;
        let alert = match found {
            Some(row) => self.folded(id, row)?,
            None => CachedAlertRecord::default(),
        };
        let mut records = self.records.borrow_mut();
        if records.alerts.len() >= MOST_KEPT {
            records.write_alerts(self.connection)?;
            records.alerts.clear();
        }
        if alert.change != AlertChange::Nothing {
            records.changed_alerts.push(place);
        }
        Ok(RefMut::map(records, |records| records.alerts.entry(place).or_insert(alert)))
    }

    /// What a row says, if the message that its group's watermark names told it.
    fn folded(&self, id: AlertId, row: AlertRow) -> StoreResult<CachedAlertRecord> {
        let Some(mark) = row.mark else { return Ok(row.into()) };
        let watermark = self.cached_group(row.record.group)?.watermark;
        if mark == watermark.message {
            return Ok(row.into());
        }
        let record = AlertRecord { message: None, ..row.record.told_by(watermark.message) };
        // Once the message is delivered, an alert that is over is counted no more.
        let is_gone = record.is_forgotten() && !self.is_undelivered(watermark.message)?;
        if self.access == RecordAccess::Write {
            if let Some(event) = row.event {
                self.insert_told(id, event, watermark.message)?;
            }
            if is_gone {
                self.delete_alert(id)?;
            }
        }
        Ok(match (is_gone, self.access) {
            (true, _) => CachedAlertRecord::default(),
            (false, RecordAccess::Read) => CachedAlertRecord { record: Some(record), ..row.into() },
            (false, RecordAccess::Write) => {
                CachedAlertRecord { record: Some(record), change: AlertChange::Everything, ..row.into() }
            }
        })
    }

    /// An alert with its message, where that is undelivered.
    pub(super) fn with_message(&self, alert: AlertRecord) -> StoreResult<AlertRecord> {
        let message = match alert.told_in {
            Some(message) if self.is_undelivered(message)? => Some(message),
            Some(_) | None => None,
        };
        Ok(AlertRecord { message, ..alert })
    }

    /// Whether a message is one of the channel's undelivered ones.
    pub(super) fn is_undelivered(&self, message: MessageId) -> StoreResult<bool> {
        if let Some(channel) = self.records.borrow().channels.get(&self.channel) {
            return Ok(channel.undelivered.iter().any(|undelivered| undelivered.id == message));
        }
        Ok(self.channel()?.undelivered.iter().any(|undelivered| undelivered.id == message))
    }

    /// A group, read if it is not known.
    pub(super) fn cached_group(&self, id: GroupId) -> StoreResult<RefMut<'_, CachedGroupRecord>> {
        let place = (self.channel, id);
        let mut records = match RefMut::filter_map(self.records.borrow_mut(), |records| records.groups.get_mut(&place))
        {
            Ok(known) => return Ok(known),
            Err(records) => records,
        };
        let sql = concat!("SELECT ", group_columns!(), " FROM told_group WHERE channel = ?1 AND id = ?2");
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_row((self.channel, id), group_row).optional()?;
        if records.groups.len() >= MOST_KEPT {
            records.write_groups(self.connection)?;
            records.groups.clear();
        }
        Ok(RefMut::map(records, |records| {
            records.groups.entry(place).or_insert(found.map(Into::into).unwrap_or_default())
        }))
    }

    /// Replaces an alert, or removes it.
    pub(super) fn replace_alert(&self, id: AlertId, record: Option<&AlertRecord>) -> StoreResult<()> {
        let mut alert = self.cached_alert(id)?;
        let before = alert.record;
        let after = record.map(|record| AlertRecord { message: None, ..*record });
        match after {
            Some(record) => alert.record = Some(record),
            None => *alert = CachedAlertRecord::default(),
        }
        drop(alert);
        self.records.borrow_mut().change_dues(self.channel, before.as_ref(), after.as_ref());
        if after.is_none() {
            return self.delete_alert(id);
        }
        let change = if before == after { AlertChange::Nothing } else { AlertChange::Everything };
        self.change_alert(id, change, |_| ())
    }

    fn delete_alert(&self, id: AlertId) -> StoreResult<()> {
        let sql = "DELETE FROM told_alert WHERE channel = ?1 AND alert = ?2";
        self.connection.prepare_cached(sql)?.execute((self.channel, id))?;
        Ok(())
    }

    /// Notes which is the last event of an alert that the channel knows.
    pub(super) fn note_event(&self, id: AlertId, event: NotedEvent) -> StoreResult<()> {
        self.change_alert(id, AlertChange::Event, |alert| alert.event = Some(event))
    }

    /// Notes whether the channel gets an alert that it knows as a copy.
    pub(super) fn set_copy(&self, id: AlertId, is_copy: bool) -> StoreResult<()> {
        self.change_alert(id, AlertChange::Everything, |alert| alert.is_copy = is_copy)
    }

    fn change_alert(
        &self,
        id: AlertId,
        change: AlertChange,
        set: impl FnOnce(&mut CachedAlertRecord),
    ) -> StoreResult<()> {
        let mut alert = self.cached_alert(id)?;
        set(&mut alert);
        let before = alert.change;
        alert.change = before.and(change);
        drop(alert);
        if before == AlertChange::Nothing && change != AlertChange::Nothing {
            self.records.borrow_mut().changed_alerts.push((self.channel, id));
        }
        Ok(())
    }

    /// Replaces a group, or removes it.
    pub(super) fn replace_group(&self, id: GroupId, record: Option<&GroupRecord>) -> StoreResult<()> {
        let mut group = self.cached_group(id)?;
        let Some(record) = record else {
            *group = CachedGroupRecord::default();
            drop(group);
            let sql = "DELETE FROM told_group WHERE channel = ?1 AND id = ?2";
            self.connection.prepare_cached(sql)?.execute((self.channel, id))?;
            return Ok(());
        };
        group.record = Some(*record);
        self.note_changed_group(id, group);
        Ok(())
    }

    /// Notes the values of a group, unless there is no such group or they are noted.
    pub(super) fn set_values(&self, id: GroupId, values: impl FnOnce() -> Option<String>) -> StoreResult<()> {
        let mut group = self.cached_group(id)?;
        if group.record.is_some() && group.values.is_none() {
            group.values = values();
            self.note_changed_group(id, group);
        }
        Ok(())
    }

    /// Notes how far a group is told at once.
    pub(super) fn set_watermark(&self, id: GroupId, watermark: Watermark) -> StoreResult<()> {
        let mut group = self.cached_group(id)?;
        group.watermark = watermark;
        group.earliest = EarliestTimes::default();
        self.note_changed_group(id, group);
        Ok(())
    }

    fn note_changed_group(&self, id: GroupId, mut group: RefMut<'_, CachedGroupRecord>) {
        let was_changed = std::mem::replace(&mut group.is_changed, true);
        drop(group);
        if !was_changed {
            self.records.borrow_mut().changed_groups.push((self.channel, id));
        }
    }

    /// Keeps the alerts of a list, as far as there is room.
    pub(super) fn keep_alerts(&self, read: impl IntoIterator<Item = (AlertId, CachedAlertRecord)>) {
        let mut records = self.records.borrow_mut();
        for (id, alert) in read {
            if records.alerts.len() < MOST_KEPT {
                records.alerts.entry((self.channel, id)).or_insert(alert);
            }
        }
    }

    /// Writes what changed, before rows are searched.
    pub(super) fn write_records(&self) -> StoreResult<()> {
        self.records.borrow_mut().write(self.connection)
    }

    /// The row of a push; nothing where it is gone.
    pub(super) fn push_row(&self, push: PushId) -> StoreResult<Option<i64>> {
        if let Some((_, row)) = self.records.borrow().last_push.filter(|(last, _)| *last == push) {
            return Ok(Some(row));
        }
        let mut statement = self.connection.prepare_cached("SELECT id FROM push WHERE ulid = ?1")?;
        Ok(statement.query_row([push], |row| row.get(0)).optional()?)
    }
}

/// The watermark of a group.
fn watermark(
    groups: &HashMap<(i64, GroupId), CachedGroupRecord, RandomState>,
    connection: &Connection,
    place: (i64, GroupId),
) -> StoreResult<Watermark> {
    if let Some(group) = groups.get(&place) {
        return Ok(group.watermark);
    }
    let sql = concat!("SELECT ", group_columns!(), " FROM told_group WHERE channel = ?1 AND id = ?2");
    let found = connection.prepare_cached(sql)?.query_row(place, group_row).optional()?;
    Ok(found.map(|group| group.watermark).unwrap_or_default())
}

#[cfg(test)]
mod tests;
