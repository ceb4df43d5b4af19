//! Senders of heartbeats and alerts of which nothing is heard: each change is stored once, whatever ends the process.

use super::{StateFolder, at, push, push_id};
use pointsman::gateway::journal::{
    AcceptMoment, AcceptResult, ChangedSender, ClockWork, Deduplication, HeardAlert, JournalStore, NoMutes, OwnPush,
    Push, PushOrigin, SenderScan, Transaction, WatchTerms, accept, clock_work, load_watch,
};
use pointsman::notification::{AlertId, HeartbeatTerms, ListeningTime, NamedValue, Sender, SenderChange, heartbeat};
use std::sync::Arc;
use std::time::Duration;

over_each_store!(
    an_absence_and_its_end_are_stored_once,
    a_sender_that_is_heard_meanwhile_is_not_absent,
    a_restart_loses_nothing_and_does_not_count,
    a_heartbeat_that_leaves_the_rules_ends_its_absence,
    a_sender_that_is_forgotten_ends_its_absence,
    a_heartbeat_without_values_begins_with_the_rules,
    an_alert_of_which_nothing_more_is_heard_is_over,
    a_repetition_that_is_not_read_again_is_heard,
);

const MINUTE: u64 = 60_000;

fn listened(minutes: u64) -> ListeningTime {
    ListeningTime(minutes * MINUTE)
}

fn sender(value: &str) -> Sender {
    let values = vec![NamedValue { name: "cluster".to_owned(), value: value.to_owned() }];
    Sender { heartbeat: "prometheus".to_owned(), values }
}

fn terms() -> WatchTerms {
    let timeout = Duration::from_mins(5);
    let heartbeats = vec![HeartbeatTerms { name: "prometheus".to_owned(), by: vec!["cluster".to_owned()], timeout }];
    WatchTerms { heartbeats, integrations: vec![("shop".to_owned(), Duration::from_mins(8))] }
}

/// A store, and what its clock finds.
struct Watched<'f> {
    folder: &'f StateFolder,
    store: Box<dyn JournalStore>,
    terms: WatchTerms,
    pushes: u64,
}

impl<'f> Watched<'f> {
    fn new(folder: &'f StateFolder) -> Self {
        let mut watched = Self { folder, store: folder.store(&folder.options()), terms: terms(), pushes: 0 };
        watched.load(0);
        watched
    }

    /// The process ends, and another begins.
    fn restart(self) -> Self {
        let Self { folder, store, terms, pushes } = self;
        drop(store);
        Self { folder, store: folder.store(&folder.options()), terms, pushes }
    }

    fn load(&mut self, minute: u64) {
        let terms = self.terms.clone();
        let mut work = |transaction: &mut dyn Transaction| {
            load_watch(transaction, &terms, listened(minute), at(i64::try_from(minute * MINUTE).unwrap()))
        };
        self.store.transact(&mut work).unwrap();
    }

    fn accept(&mut self, minute: u64, change: impl FnOnce(&mut Push)) -> AcceptResult {
        self.pushes += 1;
        let mut push = push(self.pushes, "page", "a", None);
        push.received = at(i64::try_from(minute * MINUTE).unwrap());
        push.deliveries.clear();
        change(&mut push);
        let moment = AcceptMoment { steady: push.received, listened: listened(minute) };
        let mut result = None;
        let mut work = |transaction: &mut dyn Transaction| {
            result = Some(accept(transaction, &push, moment, &NoMutes)?);
            Ok(())
        };
        self.store.transact(&mut work).unwrap();
        result.unwrap()
    }

    fn beat(&mut self, minute: u64, value: &str) {
        self.accept(minute, |push| push.beats = vec![sender(value)]);
    }

    fn look(&mut self, minute: u64, scan: SenderScan) -> ClockWork {
        let (terms, mut found) = (self.terms.clone(), ClockWork::default());
        let mut work = |transaction: &mut dyn Transaction| {
            found = clock_work(transaction, &terms, scan, listened(minute))?;
            Ok(())
        };
        self.store.transact(&mut work).unwrap();
        found
    }

    /// Stores what the clock found.
    fn store(&mut self, minute: u64, own: &OwnPush) -> AcceptResult {
        let own = Arc::new(own.clone());
        self.accept(minute, |push| (push.origin, push.own) = (PushOrigin::Clock, Some(own)))
    }

    /// The senders that change, and how.
    fn changes(&mut self, minute: u64, scan: SenderScan) -> Vec<(String, SenderChange)> {
        match self.look(minute, scan).due {
            Some(OwnPush::Senders(_, senders)) => senders.iter().map(change).collect(),
            Some(OwnPush::Alerts(..)) | None => Vec::new(),
        }
    }

    /// Stores all that is due; what that was.
    fn settle(&mut self, minute: u64) -> Vec<(String, SenderChange)> {
        let mut all = Vec::new();
        while let Some(due) = self.look(minute, SenderScan::All).due {
            let OwnPush::Senders(_, senders) = &due else { panic!("alerts are not looked at here") };
            all.extend(senders.iter().map(change));
            assert_eq!(self.store(minute, &due), AcceptResult::Stored);
        }
        all
    }
}

fn change(changed: &ChangedSender) -> (String, SenderChange) {
    let value = changed.pending.sender.values.first().map_or("", |value| &value.value);
    (value.to_owned(), changed.pending.change)
}

fn an_absence_and_its_end_are_stored_once(folder: &StateFolder) {
    let mut watched = Watched::new(folder);
    watched.beat(1, "a");
    watched.beat(2, "b");
    assert_eq!(watched.look(5, SenderScan::Due), ClockWork { due: None, next: Some(listened(6)) });
    let due = watched.look(6, SenderScan::Due).due.unwrap();
    assert_eq!(watched.store(6, &due), AcceptResult::Stored);
    // Whoever stored it and did not hear of it tries again.
    assert_eq!(watched.store(6, &due), AcceptResult::Outdated);
    let mut watched = watched.restart();
    assert_eq!(watched.store(6, &due), AcceptResult::Outdated);
    assert_eq!(watched.changes(6, SenderScan::Due), []);
    assert_eq!(watched.settle(7), [("b".to_owned(), SenderChange::Absent)]);
    watched.beat(8, "a");
    let mut watched = watched.restart();
    assert_eq!(watched.settle(8), [("a".to_owned(), SenderChange::Returned)]);
    assert_eq!(watched.settle(8), []);
    assert_eq!(watched.settle(13), [("a".to_owned(), SenderChange::Absent)]);
}

fn a_sender_that_is_heard_meanwhile_is_not_absent(folder: &StateFolder) {
    let mut watched = Watched::new(folder);
    watched.beat(0, "a");
    watched.beat(0, "b");
    let due = watched.look(5, SenderScan::Due).due.unwrap();
    watched.beat(5, "b");
    assert_eq!(watched.store(5, &due), AcceptResult::Outdated, "nothing of it is stored");
    assert_eq!(watched.settle(5), [("a".to_owned(), SenderChange::Absent)]);
    // It is heard at the moment at which it is absent.
    watched.beat(5, "a");
    assert_eq!(watched.settle(5), [("a".to_owned(), SenderChange::Returned)]);
}

fn a_restart_loses_nothing_and_does_not_count(folder: &StateFolder) {
    let mut watched = Watched::new(folder);
    watched.beat(3, "a");
    let watched = watched.restart();
    let reader = watched.store.reader(&Arc::default());
    let clock = reader.clock().unwrap();
    assert_eq!(clock.listened, listened(3), "whoever was heard was heard while the gateway listened");
    let known = reader.senders().unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!((&known[0].sender, known[0].record.heard), (&sender("a"), listened(3)));
}

fn a_heartbeat_that_leaves_the_rules_ends_its_absence(folder: &StateFolder) {
    let mut watched = Watched::new(folder);
    watched.beat(0, "a");
    watched.beat(1, "b");
    assert_eq!(watched.settle(5), [("a".to_owned(), SenderChange::Absent)]);
    watched.terms.heartbeats.clear();
    let mut watched = watched.restart();
    watched.load(5);
    let Some(OwnPush::Senders(_, senders)) = watched.look(5, SenderScan::All).due else { panic!("nothing is due") };
    let outcome = senders[0].outcome.as_deref().expect("the event of the absence");
    assert!(outcome.contains("\"key\""), "{outcome}");
    assert_eq!(watched.settle(5), [("a".to_owned(), SenderChange::Left)]);
    assert!(watched.store.reader(&Arc::default()).senders().unwrap().is_empty(), "the others go without a word");
}

fn a_sender_that_is_forgotten_ends_its_absence(folder: &StateFolder) {
    let mut watched = Watched::new(folder);
    watched.beat(0, "a");
    watched.beat(1, "b");
    watched.settle(5);
    for value in ["a", "b"] {
        let mut work = |transaction: &mut dyn Transaction| {
            assert!(heartbeat::forget(&mut *transaction.beats(), &sender(value))?);
            Ok(())
        };
        watched.store.transact(&mut work).unwrap();
    }
    assert_eq!(watched.settle(6), [("a".to_owned(), SenderChange::Left)]);
    assert_eq!(watched.settle(60), []);
    watched.beat(61, "a");
    assert_eq!(watched.settle(66), [("a".to_owned(), SenderChange::Absent)]);
}

fn a_heartbeat_without_values_begins_with_the_rules(folder: &StateFolder) {
    let mut watched = Watched::new(folder);
    let (name, timeout) = ("cron".to_owned(), Duration::from_mins(10));
    watched.terms.heartbeats.push(HeartbeatTerms { name, by: Vec::new(), timeout });
    watched.load(2);
    assert_eq!(watched.look(11, SenderScan::Due).next, Some(listened(12)));
    assert_eq!(watched.settle(12), [(String::new(), SenderChange::Absent)]);
    watched.load(13);
    assert_eq!(watched.settle(20), [], "a load does not begin again");
}

/// An alert was heard. What is written of it is at most two minutes old, a quarter of its timeout.
fn hear(watched: &mut Watched<'_>, minute: u64, is_firing: bool, number: Option<u8>) -> AcceptResult {
    let (alert, timeout) = (AlertId::of(Some("shop"), "a"), Duration::from_mins(8));
    watched.accept(minute, |push| {
        push.heard = vec![HeardAlert { alert, index: 0, is_firing, timeout }];
        push.deduplicate = number.map(|number| Deduplication { body_hash: [number; 32], window_ms: 3_600_000 });
    })
}

fn an_alert_of_which_nothing_more_is_heard_is_over(folder: &StateFolder) {
    let mut watched = Watched::new(folder);
    hear(&mut watched, 0, true, None);
    hear(&mut watched, 1, true, None);
    assert_eq!(watched.look(1, SenderScan::Due).next, Some(listened(10)), "the second is not written");
    hear(&mut watched, 3, true, None);
    assert_eq!(watched.look(12, SenderScan::Due), ClockWork { due: None, next: Some(listened(13)) });
    let mut watched = watched.restart();
    let due = watched.look(13, SenderScan::Due).due.unwrap();
    let OwnPush::Alerts(integration, alerts) = &due else { panic!("{due:?}") };
    assert_eq!((integration.as_str(), alerts.len()), ("shop", 1));
    assert!(alerts[0].outcome.contains("\"key\""), "{}", alerts[0].outcome);
    assert_eq!(watched.store(13, &due), AcceptResult::Stored);
    assert_eq!(watched.store(13, &due), AcceptResult::Outdated);
    assert_eq!(watched.look(60, SenderScan::Due), ClockWork::default());
    hear(&mut watched, 61, true, None);
    hear(&mut watched, 62, false, None);
    assert_eq!(watched.look(90, SenderScan::Due), ClockWork::default(), "its sender said that it is over");
}

fn a_repetition_that_is_not_read_again_is_heard(folder: &StateFolder) {
    let mut watched = Watched::new(folder);
    assert_eq!(hear(&mut watched, 0, true, Some(1)), AcceptResult::Stored);
    assert_eq!(hear(&mut watched, 6, true, Some(1)), AcceptResult::Duplicate(push_id(1)));
    assert_eq!(watched.look(10, SenderScan::Due), ClockWork { due: None, next: Some(listened(16)) });
    let Some(OwnPush::Alerts(_, alerts)) = watched.look(16, SenderScan::Due).due else { panic!("nothing is due") };
    assert_eq!(alerts.len(), 1, "its event is that of the push which was read");
    watched.accept(20, |push| {
        push.beats = vec![sender("a")];
        push.deduplicate = Some(Deduplication { body_hash: [2; 32], window_ms: 3_600_000 });
    });
    let again = watched.accept(24, |push| {
        push.beats = vec![sender("a")];
        push.deduplicate = Some(Deduplication { body_hash: [2; 32], window_ms: 3_600_000 });
    });
    assert!(matches!(again, AcceptResult::Duplicate(_)), "{again:?}");
    assert_eq!(watched.changes(28, SenderScan::Due), []);
    assert_eq!(watched.changes(29, SenderScan::Due), [("a".to_owned(), SenderChange::Absent)]);
}
