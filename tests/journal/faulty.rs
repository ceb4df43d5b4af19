//! The journal over a store that fails: what was answered is there, in order; what was not may be there, once, or not;
//! nothing else is.

use super::{StateFolder, push, wait};
use pointsman::gateway::journal::{
    AcceptResult, Backlog, BatchError, BatchStore, CommittedBatch, Journal, JournalError, JournalWrite,
    RecordFilter, SqliteStore,
};
use pointsman::gateway::metrics::Metrics;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// What the next batches meet.
#[derive(Default)]
struct Fate {
    state: AtomicU64,
    /// Of 100 calls, so many fail; above 100 all do.
    failing: AtomicU64,
    /// The next batch panics.
    panics: AtomicBool,
}

impl Fate {
    fn draw(&self) -> u64 {
        let next = |state: u64| {
            Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
        };
        self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap() >> 33
    }

    fn fails(&self) -> bool {
        self.draw() % 100 < self.failing.load(Ordering::Relaxed)
    }
}

struct Faulty {
    store: SqliteStore,
    fate: Arc<Fate>,
}

fn broken() -> BatchError {
    BatchError::Broken("disk I/O error".to_owned())
}

impl BatchStore for Faulty {
    fn apply(&mut self, writes: &[JournalWrite]) -> Result<CommittedBatch, BatchError> {
        assert!(!self.fate.panics.swap(false, Ordering::Relaxed), "the store panics");
        if !self.fate.fails() {
            return self.store.apply(writes);
        }
        match self.fate.draw() % 3 {
            0 => Err(BatchError::NoSpace),
            1 => Err(broken()),
            // The disk has it, and nobody knows.
            _ => self.store.apply(writes).and(Err(broken())),
        }
    }

    fn prune(&mut self, now: i64) -> Result<bool, BatchError> {
        if self.fate.fails() { Err(broken()) } else { self.store.prune(now) }
    }

    fn checkpoint(&mut self, fully: bool) -> Result<(), BatchError> {
        if self.fate.fails() { Err(broken()) } else { self.store.checkpoint(fully) }
    }

    fn reopen(&mut self) -> Result<Vec<(String, Backlog)>, BatchError> {
        self.store.reopen()
    }
}

fn open(folder: &StateFolder, fate: &Arc<Fate>) -> Journal {
    let fate = Arc::clone(fate);
    let around = |store| Box::new(Faulty { store, fate }) as Box<dyn BatchStore>;
    Journal::open_with_store(folder.options(), Arc::new(Metrics::default()), Arc::new(|_: &str| {}), around)
        .unwrap()
}

async fn accept_all(journal: &Journal, numbers: Vec<u64>) -> Vec<(u64, Result<AcceptResult, JournalError>)> {
    let one = |number| {
        let journal = journal.clone();
        tokio::spawn(async move {
            (number, journal.accept(push(number, "page", "a", Some(&number.to_le_bytes()))).await)
        })
    };
    let tasks: Vec<_> = numbers.into_iter().map(one).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

#[test]
fn nothing_answered_is_lost_and_nothing_is_invented() {
    for seed in 1..=4 {
        let folder = StateFolder::new();
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
        let pending = journal.pending("page", 0, usize::MAX).unwrap();
        let found: Vec<u64> = pending
            .iter()
            .map(|found| u64::from_le_bytes(journal.body(found.id).unwrap().unwrap().try_into().unwrap()))
            .collect();
        assert!(found.is_sorted(), "seed {seed}: the order of acceptance is lost");
        let found: BTreeSet<u64> = found.into_iter().collect();
        assert_eq!(found.len(), pending.len(), "seed {seed}: a push is there twice");
        assert!(answered.is_subset(&found), "seed {seed}: lost {:?}", answered.difference(&found));
        assert!(found.is_subset(&offered), "seed {seed}: invented {:?}", found.difference(&offered));
        assert!(
            !answered.is_empty() && answered.len() < offered.len(),
            "seed {seed}: the faults do not bite"
        );
        assert_eq!(journal.events(&RecordFilter::default()).unwrap().len(), found.len());
        assert_eq!(journal.channels_pending().unwrap(), [("page".to_owned(), found.len() as u64)]);
    }
}

#[test]
fn a_disk_that_keeps_failing_ends_the_journal() {
    let folder = StateFolder::new();
    let fate = Arc::new(Fate::default());
    let journal = open(&folder, &fate);
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
    let journal = open(&folder, &fate);
    assert!(journal.find_push(push(1, "", "", None).id).unwrap().is_some());
}

#[test]
fn work_goes_on_where_the_sender_went_away() {
    let folder = StateFolder::new();
    let journal = folder.open();
    wait(async {
        let accept = Box::pin(journal.accept(push(1, "page", "a", Some(b"x"))));
        drop(tokio::time::timeout(Duration::ZERO, accept).await);
        journal.accept(push(2, "page", "a", Some(b"x"))).await.unwrap();
    });
    assert_eq!(journal.pending("page", 0, 9).unwrap().len(), 2);
}

#[test]
fn a_writer_that_panics_leaves_nobody_waiting_and_ends_the_process() {
    let folder = StateFolder::new();
    let fate = Arc::new(Fate::default());
    let journal = open(&folder, &fate);
    fate.panics.store(true, Ordering::Relaxed);
    assert!(wait(journal.accept(push(1, "page", "a", Some(b"x")))).is_err());
    wait(journal.shutdown_requested());
    assert!(wait(journal.accept(push(2, "page", "a", Some(b"x")))).is_err());
    journal.close();
    let journal = open(&folder, &fate);
    assert!(wait(journal.accept(push(3, "page", "a", Some(b"x")))).is_ok());
}
