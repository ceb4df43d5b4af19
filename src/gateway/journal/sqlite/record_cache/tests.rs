//! The records that are kept are those of the tables, whatever happens.

use super::super::{SqliteStore, SqliteTransaction, StoreResult};
use crate::event::{AlertStatus, Severity};
use crate::gateway::journal::{JournalConfig, NotificationTransaction as _, StoreError};
use crate::notification::{
    AlertId, AlertRecord, ChannelStore, DueClass, FallbackState, GroupCounts, GroupId, GroupRecord, HoldState,
    MemoryStore, MessageId, MessageNews, MessageReason, MessageRecord, NewsOrigin, NewsRecord, PassState, TimingReason,
    UndeliveredMessage,
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
        GroupId([u8::try_from(self.below(5)).unwrap_or_default(); 16])
    }

    fn alert_record(&mut self) -> AlertRecord {
        let (firing, since) = (self.severity(), self.time());
        let critical_since = firing.filter(|firing| *firing == Severity::Critical).map(|_| self.time());
        let origin = if self.below(5) == 0 { NewsOrigin::Refusal } else { NewsOrigin::Event };
        // Nothing is kept of what the channel knows nothing of.
        let told = self.severity().or(Some(Severity::Info).filter(|_| firing.is_none()));
        AlertRecord {
            firing,
            told,
            hold: if self.below(4) == 0 { HoldState::Held } else { HoldState::Free },
            fallback: if self.below(4) == 0 { FallbackState::PassedOn(Severity::Info) } else { FallbackState::Untold },
            news: (self.below(4) > 0).then_some(NewsRecord { since, critical_since, origin }),
            ..AlertRecord::new(self.group())
        }
    }

    fn group_record(&mut self) -> GroupRecord {
        let due = (self.below(3) > 0).then(|| self.time());
        // The number says how news is read.
        let counts = GroupCounts { news: if self.below(2) == 0 { 0 } else { 100 }, ..GroupCounts::default() };
        GroupRecord { due, counts, ..GroupRecord::new(self.time()) }
    }

    /// A change of some record, or a question.
    fn step<S: ChannelStore + ?Sized>(&mut self, store: &mut S) -> Result<(), S::Error> {
        match self.below(11) {
            0 => store.set_alert(self.alert(), None),
            1..=3 => {
                let (id, record) = (self.alert(), self.alert_record());
                store.set_alert(id, Some(&record))
            }
            4 => store.set_group(IDLE, None),
            5 => {
                let id = if self.below(6) == 0 { IDLE } else { self.group() };
                store.set_group(id, Some(&self.group_record()))
            }
            6 => store.earliest(self.group(), DueClass::New, PassState::Kept).map(drop),
            7 | 8 => tell(store, self.group()),
            9 => deliver(store),
            _ => store.due(self.time(), usize::MAX).map(drop),
        }
    }
}

/// A group without alerts: no other goes.
const IDLE: GroupId = GroupId([5; 16]);

/// A message tells the news of a group.
fn tell<S: ChannelStore + ?Sized>(store: &mut S, group: GroupId) -> Result<(), S::Error> {
    if store.group(group)?.is_none() {
        store.set_group(group, Some(&GroupRecord::new(Timestamp::default())))?;
    }
    let news = store.news(group)?;
    let mut channel = store.channel()?;
    channel.last_message += 1;
    let id = MessageId(channel.last_message);
    store.tell_news(group, &news, id)?;
    let told = news.iter().filter_map(|(alert, before)| {
        let kind = before.tellable()?;
        let since = Timestamp::default();
        Some(MessageNews { alert: *alert, group, kind, before: before.told, now: before.firing, since })
    });
    channel.undelivered.push(UndeliveredMessage { id, worst: None });
    store.set_channel(&channel)?;
    store.add_message(&MessageRecord {
        id,
        at: Timestamp::default(),
        reason: MessageReason::New,
        timing: TimingReason::New { wait: 0, number: 1 },
        groups: vec![group],
        news: told.collect(),
        status: AlertStatus::Firing,
        severity: Severity::Info,
        firing: 0,
        critical: 0,
        resolved: 0,
        muted: 0,
        changes: 0,
        since: Timestamp::default(),
    })
}

/// The oldest message is delivered.
fn deliver<S: ChannelStore + ?Sized>(store: &mut S) -> Result<(), S::Error> {
    let mut channel = store.channel()?;
    let Some(oldest) = channel.undelivered.first().copied() else { return Ok(()) };
    let Some(message) = store.message(oldest.id)? else { return Ok(()) };
    store.remove_message(oldest.id)?;
    channel.undelivered.remove(0);
    store.set_channel(&channel)?;
    let forgotten = store.forget_over(&message)?;
    // What it counts is kept, so that it is compared.
    for (group, alerts) in forgotten {
        let mut record = store.group(group)?.unwrap_or_else(|| GroupRecord::new(Timestamp::default()));
        record.changes = record.changes.wrapping_add(alerts);
        store.set_group(group, Some(&record))?;
    }
    Ok(())
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

#[test]
fn the_news_of_many_alerts_is_found_however_many_others_lie_between_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = JournalConfig { directory: folder.path().to_owned(), ..JournalConfig::default() };
    let mut store = SqliteStore::open(&options).expect("a store");
    let (large, other, counts) =
        (GroupId([1; 16]), GroupId([2; 16]), GroupCounts { news: 500, ..GroupCounts::default() });
    let record = |number: u16, group: GroupId| {
        let since = Timestamp::from_epoch_milliseconds((7 * i64::from(number)) % 10);
        let news = NewsRecord { since, critical_since: None, origin: NewsOrigin::Event };
        AlertRecord { firing: Some(Severity::Warning), news: Some(news), ..AlertRecord::new(group) }
    };
    let id = |number: u16| {
        let [high, low] = number.to_be_bytes();
        AlertId([high, low, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
    };
    // Runs of alerts of the large group, and gaps of others between them, the longest of which are searched over.
    let is_large = |number: u16| number % 100 < 40 && !(200..260).contains(&number) && !number.is_multiple_of(19);
    let change = |transaction: &mut SqliteTransaction<'_>| {
        let mut channel = transaction.channel_records("chat")?;
        channel.set_group(large, Some(&GroupRecord { counts, ..GroupRecord::new(Timestamp::default()) }))?;
        for number in 0..1_000 {
            let group = if is_large(number) { large } else { other };
            channel.set_alert(id(number), Some(&record(number, group)))?;
        }
        channel.news(large)
    };
    let (found, _) = store.run(change).expect("it is read");
    let expected: Vec<_> = (0..1_000).filter(|n| is_large(*n)).map(|n| (id(n), record(n, large))).collect();
    assert_eq!(found, expected);
}
