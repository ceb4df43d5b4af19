//! The alerts and groups of channels that were read or changed last.
//!
//! Pushes that share a transaction change the same group, one push changes an alert in several steps, and what fires is repeated
//! again and again. So records stay in memory, and those that changed are written once: before rows are searched, and at the end
//! of the transaction. Nothing else writes what is kept here. After a transaction that failed, nothing is kept.

use super::StoreResult;
use super::record_rows::{
    AlertRow, GroupRow, NotedEvent, alert_columns, alert_row, group_columns, group_row, write_alert, write_group,
};
use crate::gateway::journal::PushId;
use crate::notification::{AlertId, AlertRecord, DueClass, GroupId, GroupRecord, PassState};
use crate::time::Timestamp;
use foldhash::fast::RandomState;
use rusqlite::{Connection, OptionalExtension as _};
use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, HashMap};

/// How many alerts, and how many groups, are kept at most: each takes some hundred bytes. Few in tests, so that some are
/// forgotten there.
const MOST_KEPT: usize = if cfg!(test) { 4 } else { 4_096 };

/// Records by channel and id.
#[derive(Debug, Default)]
pub(super) struct RecordCache {
    alerts: HashMap<(i64, AlertId), CachedAlert, RandomState>,
    groups: HashMap<(i64, GroupId), CachedGroup, RandomState>,
    /// Those of which something is not written.
    changed_alerts: Vec<(i64, AlertId)>,
    changed_groups: Vec<(i64, GroupId)>,
    /// The push that was stored last, and its row.
    pub(super) last_push: Option<(PushId, i64)>,
}

/// An alert that a channel knows, or that there is none.
#[derive(Debug, Default)]
pub(super) struct CachedAlert {
    pub(super) record: Option<AlertRecord>,
    /// Its last event, where that was noted.
    pub(super) event: Option<NotedEvent>,
    pub(super) is_copy: bool,
    change: AlertChange,
}

impl From<AlertRow> for CachedAlert {
    fn from(AlertRow { record, event, is_copy }: AlertRow) -> Self {
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
    /// Only which undelivered message told of it: a message that is settled changes no more of most of its alerts.
    Message,
    Everything,
}

impl AlertChange {
    fn of(before: Option<&AlertRecord>, after: &AlertRecord) -> Self {
        match before {
            Some(before) if before == after => Self::Nothing,
            Some(before) if AlertRecord { message: after.message, ..*before } == *after => Self::Message,
            Some(_) | None => Self::Everything,
        }
    }

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
pub(super) struct CachedGroup {
    pub(super) record: Option<GroupRecord>,
    /// The column of its values.
    pub(super) values: Option<String>,
    pub(super) earliest: EarliestTimes,
    is_changed: bool,
}

impl From<GroupRow> for CachedGroup {
    fn from(GroupRow { record, values }: GroupRow) -> Self {
        Self { record: Some(record), values, ..Self::default() }
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

/// The records of one channel in a transaction, or of a reader.
pub(super) struct SqliteChannel<'c> {
    pub(super) connection: &'c Connection,
    /// The number of its name.
    pub(super) channel: i64,
    /// What of it is read or not written.
    pub(super) records: &'c RefCell<RecordCache>,
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
                    write_alert(connection, channel, id, &record, alert.event, alert.is_copy)?;
                }
                (AlertChange::Event, Some(_)) => {
                    let Some(NotedEvent { push, position, heard }) = alert.event else { continue };
                    let sql =
                        "UPDATE told_alert SET push = ?3, position = ?4, heard = ?5 WHERE channel = ?1 AND alert = ?2";
                    connection.prepare_cached(sql)?.execute((channel, id, push, position, heard))?;
                }
                (AlertChange::Message, Some(record)) => {
                    let sql = "UPDATE told_alert SET message = ?3 WHERE channel = ?1 AND alert = ?2";
                    connection.prepare_cached(sql)?.execute((channel, id, record.message))?;
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
                write_group(connection, channel, id, record, group.values.as_deref())?;
            }
        }
        Ok(())
    }

    /// Forgets what is kept of a channel.
    pub(super) fn forget(&mut self, channel: i64) {
        self.alerts.retain(|(of, _), _| *of != channel);
        self.groups.retain(|(of, _), _| *of != channel);
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
    pub(super) fn cached_alert(&self, id: AlertId) -> StoreResult<RefMut<'_, CachedAlert>> {
        let place = (self.channel, id);
        let mut records = match RefMut::filter_map(self.records.borrow_mut(), |records| records.alerts.get_mut(&place))
        {
            Ok(known) => return Ok(known),
            Err(records) => records,
        };
        let sql = concat!("SELECT ", alert_columns!(), " FROM told_alert WHERE channel = ?1 AND alert = ?2");
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_row((self.channel, id), |row| alert_row(row, 0)).optional()?;
        if records.alerts.len() >= MOST_KEPT {
            records.write_alerts(self.connection)?;
            records.alerts.clear();
        }
        Ok(RefMut::map(records, |records| {
            records.alerts.entry(place).or_insert(found.map(Into::into).unwrap_or_default())
        }))
    }

    /// A group, read if it is not known.
    pub(super) fn cached_group(&self, id: GroupId) -> StoreResult<RefMut<'_, CachedGroup>> {
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
        match record {
            Some(record) => alert.record = Some(*record),
            None => *alert = CachedAlert::default(),
        }
        drop(alert);
        self.records.borrow_mut().change_dues(self.channel, before.as_ref(), record);
        let Some(record) = record else {
            let sql = "DELETE FROM told_alert WHERE channel = ?1 AND alert = ?2";
            self.connection.prepare_cached(sql)?.execute((self.channel, id))?;
            return Ok(());
        };
        self.change_alert(id, AlertChange::of(before.as_ref(), record), |_| ())
    }

    /// Notes which is the last event of an alert that the channel knows.
    pub(super) fn note_event(&self, id: AlertId, event: NotedEvent) -> StoreResult<()> {
        self.change_alert(id, AlertChange::Event, |alert| alert.event = Some(event))
    }

    /// Notes whether the channel gets an alert that it knows as a copy.
    pub(super) fn set_copy(&self, id: AlertId, is_copy: bool) -> StoreResult<()> {
        self.change_alert(id, AlertChange::Everything, |alert| alert.is_copy = is_copy)
    }

    fn change_alert(&self, id: AlertId, change: AlertChange, set: impl FnOnce(&mut CachedAlert)) -> StoreResult<()> {
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
            *group = CachedGroup::default();
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

    fn note_changed_group(&self, id: GroupId, mut group: RefMut<'_, CachedGroup>) {
        let was_changed = std::mem::replace(&mut group.is_changed, true);
        drop(group);
        if !was_changed {
            self.records.borrow_mut().changed_groups.push((self.channel, id));
        }
    }

    /// Keeps the alerts of a list, as far as there is room.
    pub(super) fn keep_alerts(&self, read: impl IntoIterator<Item = (AlertId, CachedAlert)>) {
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

#[cfg(test)]
mod tests {
    use super::super::{SqliteStore, SqliteTransaction, StoreResult};
    use crate::event::Severity;
    use crate::gateway::journal::{JournalConfig, NotificationTransaction as _, StoreError};
    use crate::notification::{
        AlertId, AlertRecord, ChannelStore, DueClass, FallbackState, GroupId, GroupRecord, HoldState, MemoryStore,
        NewsOrigin, NewsRecord, PassState,
    };
    use crate::time::Timestamp;
    use std::fmt::Write as _;

    /// Numbers that look random, the same in every run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, most: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % most
        }

        fn time(&mut self) -> Timestamp {
            Timestamp::from_epoch_milliseconds(i64::try_from(self.below(20)).unwrap_or_default())
        }

        fn severity(&mut self) -> Option<Severity> {
            [None, Some(Severity::Info), Some(Severity::Warning), Some(Severity::Critical)]
                .get(usize::try_from(self.below(4)).unwrap_or_default())
                .copied()
                .flatten()
        }

        fn alert(&mut self) -> AlertId {
            AlertId([u8::try_from(self.below(12)).unwrap_or_default(); 16])
        }

        fn group(&mut self) -> GroupId {
            GroupId([u8::try_from(self.below(6)).unwrap_or_default(); 16])
        }

        fn alert_record(&mut self) -> AlertRecord {
            let (firing, since) = (self.severity(), self.time());
            let critical_since = firing.filter(|firing| *firing == Severity::Critical).map(|_| self.time());
            let origin = if self.below(5) == 0 { NewsOrigin::Refusal } else { NewsOrigin::Event };
            AlertRecord {
                firing,
                told: self.severity(),
                hold: if self.below(4) == 0 { HoldState::Held } else { HoldState::Free },
                fallback: if self.below(4) == 0 {
                    FallbackState::PassedOn(Severity::Info)
                } else {
                    FallbackState::Untold
                },
                news: (self.below(4) > 0).then_some(NewsRecord { since, critical_since, origin }),
                ..AlertRecord::new(self.group())
            }
        }

        fn group_record(&mut self) -> GroupRecord {
            let due = (self.below(3) > 0).then(|| self.time());
            GroupRecord { due, ..GroupRecord::new(self.time()) }
        }

        /// A change of some record, or a question.
        fn step<S: ChannelStore + ?Sized>(&mut self, store: &mut S) -> Result<(), S::Error> {
            match self.below(8) {
                0 => store.set_alert(self.alert(), None),
                1..=3 => {
                    let (id, record) = (self.alert(), self.alert_record());
                    store.set_alert(id, Some(&record))
                }
                4 => store.set_group(self.group(), None),
                5 => {
                    let (id, record) = (self.group(), self.group_record());
                    store.set_group(id, Some(&record))
                }
                6 => store.earliest(self.group(), DueClass::New, PassState::Kept).map(drop),
                _ => store.due(self.time(), usize::MAX).map(drop),
            }
        }
    }

    /// Everything that a store says.
    fn all<S: ChannelStore + ?Sized>(store: &S) -> Result<String, S::Error> {
        let mut text = String::new();
        for number in 0..12 {
            writeln!(text, "{:?}", store.alert(AlertId([number; 16]))?).expect("a text takes everything");
        }
        for number in 0..6 {
            let group = GroupId([number; 16]);
            writeln!(text, "{:?} {:?}", store.group(group)?, store.news(group)?).expect("a text takes everything");
            for class in DueClass::ALL {
                for pass in [PassState::Kept, PassState::PassedOn] {
                    writeln!(text, "{:?}", store.earliest(group, class, pass)?).expect("a text takes everything");
                }
            }
        }
        for time in 0..20 {
            let time = Timestamp::from_epoch_milliseconds(time);
            writeln!(text, "{:?} {:?}", store.due(time, usize::MAX)?, store.most_urgent(time)?)
                .expect("a text takes everything");
        }
        Ok(text)
    }

    #[test]
    fn records_are_the_same_as_in_memory_after_evictions_failures_and_reopening() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = JournalConfig { directory: folder.path().to_owned(), ..JournalConfig::default() };
        let mut store = SqliteStore::open(&options).expect("a store");
        let mut model = MemoryStore::default();
        for round in 0..300 {
            let before = model.clone();
            let steps = Numbers(round).below(12);
            let mut numbers = Numbers(round * 7);
            for _ in 0..steps {
                numbers.step(&mut model).expect("memory does not fail");
            }
            let fails = round % 17 == 16;
            let change = |transaction: &mut SqliteTransaction<'_>| -> StoreResult<()> {
                let mut numbers = Numbers(round * 7);
                let mut channel = transaction.channel_records("chat")?;
                for _ in 0..steps {
                    numbers.step(&mut *channel)?;
                }
                if fails { Err(StoreError::NoSpace) } else { Ok(()) }
            };
            assert_eq!(store.run(change).is_err(), fails);
            if fails {
                model = before;
            }
            if round % 50 == 49 {
                store = SqliteStore::open(&options).expect("it opens again");
            }
            if round % 3 == 0 {
                let (said, _) = store.run(|transaction| all(&*transaction.channel_records("chat")?)).expect("it reads");
                let Ok(expected) = all(&model);
                assert_eq!(said, expected, "round {round}");
            }
        }
    }
}
