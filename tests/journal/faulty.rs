//! The journal over a store that fails: what was answered is there, in order; what was not may be there, once, or not;
//! nothing else is.

use super::{StateFolder, body, push, read, wait};
use pointsman::gateway::journal::{
    AcceptResult, CheckpointMode, CommittedChanges, DeliveryId, IntegrationBacklog, Journal, JournalConfig,
    JournalError, JournalReader, JournalStore, PruneProgress, PushStore as _, RecordFilter, StoreError,
    TransactionWork,
};
use pointsman::gateway::metrics::Metrics;
use pointsman::ruleset::SystemClock;
use pointsman::time::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

over_each_store!(
    nothing_answered_is_lost_and_nothing_is_invented,
    a_disk_that_keeps_failing_ends_the_journal,
    work_goes_on_where_the_sender_went_away,
    a_writer_that_panics_leaves_nobody_waiting_and_ends_the_process,
    a_log_that_fills_the_disk_is_emptied_before_a_push_is_refused,
);

/// What the next batches meet.
#[derive(Default)]
struct Fate {
    state: AtomicU64,
    /// Of 100 calls, so many fail; above 100 all do.
    failing: AtomicU64,
    /// The next batch panics.
    panics: AtomicBool,
    /// The log has filled the disk: there is no room until it is emptied.
    log_fills_disk: AtomicBool,
}

impl Fate {
    fn draw(&self) -> u64 {
        let next =
            |state: u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap() >> 33
    }

    fn fails(&self) -> bool {
        self.draw() % 100 < self.failing.load(Ordering::Relaxed)
    }
}

struct Faulty {
    store: Box<dyn JournalStore>,
    fate: Arc<Fate>,
}

fn broken() -> StoreError {
    StoreError::Broken("disk I/O error".to_owned())
}

impl JournalStore for Faulty {
    fn transact(&mut self, work: &mut TransactionWork<'_>) -> Result<CommittedChanges, StoreError> {
        assert!(!self.fate.panics.swap(false, Ordering::Relaxed), "the store panics");
        if self.fate.log_fills_disk.load(Ordering::Relaxed) {
            return Err(StoreError::NoSpace);
        }
        if !self.fate.fails() {
            return self.store.transact(work);
        }
        match self.fate.draw() % 3 {
            0 => Err(StoreError::NoSpace),
            1 => Err(broken()),
            // The disk has it, and nobody knows.
            _ => self.store.transact(work).and(Err(broken())),
        }
    }

    fn prune(&mut self, now: Timestamp) -> Result<PruneProgress, StoreError> {
        if self.fate.log_fills_disk.load(Ordering::Relaxed) {
            return Err(StoreError::NoSpace);
        }
        if self.fate.fails() { Err(broken()) } else { self.store.prune(now) }
    }

    fn limit_bytes(&mut self, most: u64) {
        self.store.limit_bytes(most);
    }

    fn reusable_bytes(&self) -> u64 {
        self.store.reusable_bytes()
    }

    fn checkpoint(&mut self, mode: CheckpointMode) -> Result<(), StoreError> {
        if self.fate.fails() {
            return Err(broken());
        }
        if mode == CheckpointMode::Full {
            self.fate.log_fills_disk.store(false, Ordering::Relaxed);
        }
        self.store.checkpoint(mode)
    }

    fn reopen(&mut self) -> Result<(), StoreError> {
        self.store.reopen()
    }

    fn backlogs(&self) -> Result<Vec<IntegrationBacklog>, StoreError> {
        self.store.backlogs()
    }

    fn reader(&self, metrics: &Arc<Metrics>) -> Arc<dyn JournalReader> {
        self.store.reader(metrics)
    }

    fn files(&self) -> &'static [&'static str] {
        self.store.files()
    }
}

fn open(folder: &StateFolder, fate: &Arc<Fate>) -> Journal {
    let fate = Arc::clone(fate);
    let open = |options: &JournalConfig| {
        let store = folder.store(options);
        Ok(Box::new(Faulty { store, fate }) as Box<dyn JournalStore>)
    };
    Journal::open_with_store(&folder.options(), Arc::new(SystemClock), Arc::default(), Arc::new(|_: &str| {}), open)
        .unwrap()
}

async fn accept_all(journal: &Journal, numbers: Vec<u64>) -> Vec<(u64, Result<AcceptResult, JournalError>)> {
    let one = |number| {
        let journal = journal.clone();
        tokio::spawn(
            async move { (number, journal.accept(push(number, "page", "a", Some(&number.to_le_bytes()))).await) },
        )
    };
    let tasks: Vec<_> = numbers.into_iter().map(one).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

fn nothing_answered_is_lost_and_nothing_is_invented(folder: &StateFolder) {
    for seed in 1..=4 {
        let folder = folder.another();
        let fate = Arc::new(Fate::default());
        fate.state.store(seed, Ordering::Relaxed);
        let (mut offered, mut answered, mut number) = (BTreeSet::new(), BTreeSet::new(), 0);
        for _ in 0..12 {
            fate.failing.store(30, Ordering::Relaxed);
            let journal = open(&folder, &fate);
            for _ in 0..6 {
                let numbers: Vec<u64> = (0..=fate.draw() % 20).map(|at| number + at).collect();
                number += numbers.len() as u64;
                offered.extend(numbers.iter().copied());
                for (number, answer) in wait(accept_all(&journal, numbers)) {
                    if answer.is_ok() {
                        answered.insert(number);
                    }
                }
            }
            drop(journal);
        }
        fate.failing.store(0, Ordering::Relaxed);
        let journal = open(&folder, &fate);
        let pending = read(&journal).pending("page", DeliveryId::NONE, usize::MAX).unwrap();
        let found: Vec<u64> = pending
            .iter()
            .map(|found| u64::from_le_bytes(body(&journal, found.id).unwrap().try_into().unwrap()))
            .collect();
        assert!(found.is_sorted(), "seed {seed}: the order of acceptance is lost");
        let found: BTreeSet<u64> = found.into_iter().collect();
        assert_eq!(found.len(), pending.len(), "seed {seed}: a push is there twice");
        assert!(answered.is_subset(&found), "seed {seed}: lost {:?}", answered.difference(&found));
        assert!(found.is_subset(&offered), "seed {seed}: invented {:?}", found.difference(&offered));
        assert!(!answered.is_empty() && answered.len() < offered.len(), "seed {seed}: the faults do not bite");
        assert_eq!(read(&journal).events(&RecordFilter::default()).unwrap().len(), found.len());
        assert_eq!(read(&journal).channels().unwrap()[0].pending, found.len() as u64);
    }
}

fn a_disk_that_keeps_failing_ends_the_journal(folder: &StateFolder) {
    let fate = Arc::new(Fate::default());
    let journal = open(folder, &fate);
    wait(journal.accept(push(1, "page", "a", Some(b"x")))).unwrap();
    fate.failing.store(101, Ordering::Relaxed);
    wait(async {
        let mut number = 2;
        while tokio::time::timeout(Duration::from_millis(1), journal.shutdown_requested()).await.is_err() {
            assert!(journal.accept(push(number, "page", "a", Some(b"x"))).await.is_err());
            number += 1;
        }
    });
    assert_eq!(wait(journal.accept(push(1_000, "page", "a", None))), Err(JournalError::Closed));
    drop(journal);
    fate.failing.store(0, Ordering::Relaxed);
    let journal = open(folder, &fate);
    assert!(read(&journal).find_push(push(1, "", "", None).id).unwrap().is_some());
}

fn work_goes_on_where_the_sender_went_away(folder: &StateFolder) {
    let journal = folder.open();
    wait(async {
        let accept = Box::pin(journal.accept(push(1, "page", "a", Some(b"x"))));
        drop(tokio::time::timeout(Duration::ZERO, accept).await);
        journal.accept(push(2, "page", "a", Some(b"x"))).await.unwrap();
    });
    assert_eq!(read(&journal).pending("page", DeliveryId::NONE, 9).unwrap().len(), 2);
}

fn a_writer_that_panics_leaves_nobody_waiting_and_ends_the_process(folder: &StateFolder) {
    let fate = Arc::new(Fate::default());
    let journal = open(folder, &fate);
    fate.panics.store(true, Ordering::Relaxed);
    assert!(wait(journal.accept(push(1, "page", "a", Some(b"x")))).is_err());
    wait(journal.shutdown_requested());
    assert!(wait(journal.accept(push(2, "page", "a", Some(b"x")))).is_err());
    journal.close();
    let journal = open(folder, &fate);
    assert!(wait(journal.accept(push(3, "page", "a", Some(b"x")))).is_ok());
}

fn a_log_that_fills_the_disk_is_emptied_before_a_push_is_refused(folder: &StateFolder) {
    let fate = Arc::new(Fate::default());
    let journal = open(folder, &fate);
    for number in 0..3 {
        fate.log_fills_disk.store(true, Ordering::Relaxed);
        assert_eq!(wait(journal.accept(push(number, "page", "a", None))), Ok(AcceptResult::Stored));
    }
    // Retention, which runs while nothing comes in, meets the same.
    fate.log_fills_disk.store(true, Ordering::Relaxed);
    while fate.log_fills_disk.load(Ordering::Relaxed) {
        std::thread::yield_now();
    }
    assert_eq!(journal.check_accepting(), Ok(()));
}
