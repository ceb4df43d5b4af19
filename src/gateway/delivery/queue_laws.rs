//! The invariants of the queue, compared with a naive store under random arrivals, answers and delays of the store.

use super::super::window::{WindowPreference, WindowSize};
use super::{DeliveryQueue, HeadResult, PageRequest, QueueHead};
use crate::event::Severity;
use crate::gateway::journal::DeliveryId;
use crate::time::Timestamp;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone)]
enum QueueStep {
    /// A delivery for the key comes in, and the queue is told.
    Arrive(u8),
    /// Time passes.
    Pass(u64),
    /// The page that the queue wants is read; the answer is on its way.
    Ask,
    /// The store answers what it was asked.
    Answer(StoreAnswer),
    /// A head is taken.
    Begin,
    /// An attempt under way ends.
    End(usize, AttemptEnd),
    /// A dead letter is pending again.
    Revive(usize),
    /// The receiver fails, or no longer does.
    Prefer(WindowPreference),
    /// What may be parked is looked for.
    Sweep,
}

/// What the store answers.
#[derive(Debug, Clone, Copy)]
enum StoreAnswer {
    /// The records.
    Records,
    /// An error.
    Error,
}

/// How an attempt ends.
#[derive(Debug, Clone, Copy)]
enum AttemptEnd {
    /// The delivery is settled.
    Settled,
    /// It is tried again later.
    Retried,
}

fn step() -> impl Strategy<Value = QueueStep> {
    prop_oneof![
        4 => (0..12_u8).prop_map(QueueStep::Arrive),
        1 => (0..50_u64).prop_map(QueueStep::Pass),
        3 => Just(QueueStep::Ask),
        3 => prop_oneof![9 => Just(StoreAnswer::Records), 1 => Just(StoreAnswer::Error)].prop_map(QueueStep::Answer),
        4 => Just(QueueStep::Begin),
        4 => (0..8_usize, attempt_end()).prop_map(|(which, end)| QueueStep::End(which, end)),
        1 => (0..8_usize).prop_map(QueueStep::Revive),
        1 => prop_oneof![Just(WindowPreference::Oldest), Just(WindowPreference::Newest)].prop_map(QueueStep::Prefer),
        1 => Just(QueueStep::Sweep),
    ]
}

fn window(keys: usize) -> WindowSize {
    WindowSize { keys, ..WindowSize::of_one(1) }
}

fn attempt_end() -> impl Strategy<Value = AttemptEnd> {
    prop_oneof![7 => Just(AttemptEnd::Settled), 3 => Just(AttemptEnd::Retried)]
}

type PageAnswer = (PageRequest, Vec<QueueHead<()>>);

/// The queue under test, and the naive store that it is compared with.
struct QueueSimulation {
    queue: DeliveryQueue<()>,
    /// The time.
    now: u64,
    /// The id of the next delivery.
    next: i64,
    /// The deliveries of the store that are pending, with their keys.
    pending: BTreeMap<DeliveryId, u8>,
    /// When those are due that were tried.
    due: BTreeMap<DeliveryId, u64>,
    /// The deliveries that were settled, with their keys.
    settled: Vec<(DeliveryId, u8)>,
    /// Dead letters that are pending again. They may be delivered after newer deliveries of their key.
    revived: BTreeSet<DeliveryId>,
    /// The heads that the queue gave out and whose attempts have not ended.
    under_way: Vec<QueueHead<()>>,
    /// A page that was read, before its answer arrives.
    page: Option<PageAnswer>,
    /// The first deliveries of keys that were read, before the answers arrive.
    fetches: Vec<(String, Option<QueueHead<()>>)>,
    /// The most heads that the queue may hold.
    most: usize,
}

fn head(id: DeliveryId, key: u8, due: u64) -> QueueHead<()> {
    QueueHead { id, key: key.to_string(), due, since: Timestamp::default(), urgency: None, details: () }
}

impl QueueSimulation {
    fn new(most: usize) -> Self {
        Self {
            queue: DeliveryQueue::new(window(most)),
            now: 0,
            next: 1,
            pending: BTreeMap::new(),
            due: BTreeMap::new(),
            settled: Vec::new(),
            revived: BTreeSet::new(),
            under_way: Vec::new(),
            page: None,
            fetches: Vec::new(),
            most,
        }
    }

    fn ask(&mut self) {
        let stored = |(id, key): (&DeliveryId, &u8)| head(*id, *key, self.due.get(id).copied().unwrap_or_default());
        if let Some(reading) = self.queue.next_read(self.now) {
            let after = self.pending.range(DeliveryId(reading.after.0 + 1)..).take(reading.limit);
            self.page = Some((reading, after.map(stored).collect()));
        }
        for key in self.queue.take_fetches() {
            let first = self.pending.iter().find(|(_, of)| of.to_string() == key);
            self.fetches.push((key, first.map(stored)));
        }
    }

    fn answer(&mut self, answer: StoreAnswer) {
        match (self.page.take(), answer) {
            (Some((reading, page)), StoreAnswer::Records) => self.queue.add_page(reading, page, self.now),
            (Some((reading, _)), StoreAnswer::Error) => self.queue.read_failed(reading),
            (None, StoreAnswer::Records | StoreAnswer::Error) => {}
        }
        for (key, first) in std::mem::take(&mut self.fetches) {
            match answer {
                StoreAnswer::Records => self.queue.add_fetched(&key, first),
                StoreAnswer::Error => self.queue.fetch_failed(key),
            }
        }
    }

    /// Takes what is next, and checks the invariants.
    fn begin(&mut self) -> bool {
        let Some(head) = self.queue.take(self.now) else { return false };
        assert!(head.due <= self.now, "begun before it is due");
        let key = self.pending.get(&head.id).unwrap_or_else(|| panic!("{} is not pending", head.id));
        assert_eq!(key.to_string(), head.key);
        assert!(self.under_way.iter().all(|other| other.key != head.key), "two of one key under way");
        let older = |(id, of): (&DeliveryId, &u8)| of == key && *id < head.id && !self.revived.contains(id);
        assert!(!self.pending.iter().any(older), "{} overtook an older one", head.id);
        self.under_way.push(head);
        true
    }

    fn end(&mut self, which: usize, end: AttemptEnd) {
        if self.under_way.is_empty() {
            return;
        }
        let mut head = self.under_way.swap_remove(which % self.under_way.len());
        let key = head.key.clone();
        match end {
            AttemptEnd::Settled => {
                let of = self.pending.remove(&head.id).unwrap();
                self.settled.push((head.id, of));
                self.queue.finish(&key, HeadResult::Settled);
            }
            AttemptEnd::Retried => {
                head.due = self.now + 10;
                self.due.insert(head.id, head.due);
                self.queue.finish(&key, HeadResult::Retry(head));
            }
        }
    }

    fn step(&mut self, step: &QueueStep) {
        match step {
            QueueStep::Arrive(key) => {
                self.pending.insert(DeliveryId(self.next), *key);
                self.next += 1;
                self.queue.mark_unread();
            }
            QueueStep::Pass(time) => self.now += time,
            QueueStep::Ask => self.ask(),
            QueueStep::Answer(answer) => self.answer(*answer),
            QueueStep::Begin => {
                self.begin();
            }
            QueueStep::End(which, end) => self.end(*which, *end),
            QueueStep::Revive(which) => {
                if !self.settled.is_empty() {
                    let (id, key) = self.settled.swap_remove(which % self.settled.len());
                    self.pending.insert(id, key);
                    self.revived.insert(id);
                    self.queue.mark_unread();
                    self.queue.sweep();
                }
            }
            QueueStep::Prefer(preference) => self.queue.set_window(window(self.most), *preference),
            QueueStep::Sweep => self.queue.sweep(),
        }
        assert!(self.queue.len() <= self.most, "the window outgrew its bound");
    }

    /// With a store and a destination that answer, everything is settled in the end.
    fn finish(&mut self) {
        for _ in 0..10_000 {
            if self.pending.is_empty() {
                return;
            }
            self.now += 10;
            self.answer(StoreAnswer::Records);
            self.ask();
            self.answer(StoreAnswer::Records);
            while self.begin() {}
            while !self.under_way.is_empty() {
                self.end(0, AttemptEnd::Settled);
            }
        }
        panic!("lost or starved: {:?}\n{:?}", self.pending, self.queue);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn order_is_kept_and_nothing_is_lost(most in 1..10_usize, steps in prop::collection::vec(step(), 0..300)) {
        let mut world = QueueSimulation::new(most);
        for step in &steps {
            world.step(step);
        }
        world.finish();
    }
}

#[test]
fn what_is_behind_a_failing_head_waits_and_other_keys_do_not() {
    let mut world = QueueSimulation::new(16);
    for key in [1, 1, 2] {
        world.step(&QueueStep::Arrive(key));
    }
    world.ask();
    world.answer(StoreAnswer::Records);
    assert!(world.begin() && world.begin() && !world.begin());
    assert_eq!(world.under_way.iter().map(|head| head.id.0).collect::<Vec<_>>(), [1, 3]);
    world.end(0, AttemptEnd::Retried);
    assert!(!world.begin(), "the second of a key waits for the retry of the first");
    world.now += 10;
    assert!(world.begin());
    world.finish();
}

#[test]
fn a_recovered_destination_gets_what_waits_at_once_but_for_what_it_asked_to_wait() {
    let mut queue = DeliveryQueue::new(window(4));
    let reading = queue.next_read(100).unwrap();
    let waiting = |id: i64, asked| {
        let (key, since) = (id.to_string(), Timestamp::default());
        QueueHead { id: DeliveryId(id), key, due: 900, since, urgency: None, details: asked }
    };
    queue.add_page(reading, vec![waiting(1, false), waiting(2, true)], 100);
    assert_eq!((queue.take(100).map(|head| head.id.0), queue.waiting(100)), (None, 2));
    queue.make_due(100, |asked| *asked);
    assert_eq!(queue.take(100).map(|head| head.id.0), Some(1));
    assert_eq!(queue.take(100).map(|head| head.id.0), None);
    assert_eq!(queue.next_due(), Some(900));
}

#[test]
fn what_is_too_old_is_found_before_it_is_due() {
    let mut queue = DeliveryQueue::new(window(4));
    let reading = queue.next_read(100).unwrap();
    let at = Timestamp::from_epoch_milliseconds;
    let waiting = |id: u8, since| QueueHead { since: at(since), ..head(DeliveryId(id.into()), id, 900) };
    queue.add_page(reading, vec![waiting(1, 50), waiting(2, 20)], 100);
    assert_eq!(queue.take_older(at(30)).map(|head| head.id.0), Some(2));
    assert_eq!(queue.take_older(at(30)).map(|head| head.id.0), None);
}

#[test]
fn the_window_is_bounded_by_the_bytes_of_its_keys_and_everything_is_taken_in_the_end() {
    let mut queue = DeliveryQueue::new(WindowSize::of_one(1));
    let mut pending: BTreeMap<i64, String> = (1..=64).map(|id| (id, format!("{id:04}").repeat(32 << 10))).collect();
    let mut taken = Vec::new();
    while !pending.is_empty() {
        while let Some(request) = queue.next_read(0) {
            let (mut page, mut bytes) = (Vec::new(), 0);
            for (id, key) in pending.range(request.after.0 + 1..).take(request.limit) {
                if bytes < super::MAX_PAGE_KEY_BYTES {
                    bytes += key.len();
                    let key = key.clone();
                    page.push(QueueHead {
                        id: DeliveryId(*id),
                        key,
                        due: 0,
                        since: Timestamp::default(),
                        urgency: None,
                        details: (),
                    });
                }
            }
            queue.add_page(request, page, 0);
            assert!(queue.len() <= 8, "{} keys of 128 KiB", queue.len());
        }
        let head = queue.take(0).expect("something is left");
        pending.remove(&head.id.0);
        queue.finish(&head.key, HeadResult::Settled);
        taken.push(head.id.0);
    }
    assert_eq!(taken, (1..=64).collect::<Vec<_>>());
}

#[test]
fn heads_that_wait_for_a_retry_give_their_place_to_new_deliveries_and_come_back() {
    let mut world = QueueSimulation::new(4);
    let read = |world: &mut QueueSimulation| {
        for _ in 0..4 {
            world.ask();
            world.answer(StoreAnswer::Records);
        }
    };
    (0..4).for_each(|key| world.step(&QueueStep::Arrive(key)));
    read(&mut world);
    while world.begin() {}
    while !world.under_way.is_empty() {
        world.end(0, AttemptEnd::Retried);
    }
    // One behind a head that is parked now, and a new one.
    world.step(&QueueStep::Arrive(3));
    world.step(&QueueStep::Arrive(9));
    read(&mut world);
    assert!(world.begin(), "the new one has a place");
    assert_eq!(world.under_way.iter().map(|head| head.id.0).collect::<Vec<_>>(), [6]);
    world.finish();
}

#[test]
fn new_deliveries_are_taken_although_the_window_is_full_of_others_that_are_due() {
    let mut world = QueueSimulation::new(4);
    world.step(&QueueStep::Prefer(WindowPreference::Newest));
    for key in 0..9 {
        world.step(&QueueStep::Arrive(key));
        for _ in 0..4 {
            world.ask();
            world.answer(StoreAnswer::Records);
        }
    }
    let newest = world.queue.take_newest(world.now, |()| 0).expect("all are due");
    assert_eq!(newest.id.0, 9);
    world.under_way.push(newest);
    world.step(&QueueStep::Prefer(WindowPreference::Oldest));
    world.finish();
}

/// A Critical does not wait behind thousands of others; for each key, the order stays.
#[test]
fn the_worst_of_all_that_waits_is_taken_first() {
    let mut queue = DeliveryQueue::new(WindowSize::of_one(1));
    let head = |id: i64, key: &str, urgency: Option<Severity>| QueueHead {
        id: DeliveryId(id),
        key: key.to_owned(),
        due: 0,
        since: Timestamp::default(),
        urgency,
        details: (),
    };
    let request = queue.next_read(0).expect("something may be there");
    let mut page: Vec<QueueHead<()>> = (1..=500).map(|id| head(id, &format!("k{id}"), Some(Severity::Info))).collect();
    page.push(head(501, "over", None));
    page.push(head(502, "worst", Some(Severity::Critical)));
    page.push(head(503, "bad", Some(Severity::Warning)));
    queue.add_page(request, page, 0);
    let first: Vec<String> = (0..4).filter_map(|_| queue.take(0)).map(|head| head.key).collect();
    assert_eq!(first, ["worst", "bad", "k1", "k2"]);
    let newest = queue.take_newest(0, |()| 0).map(|head| head.key);
    assert_eq!(newest.as_deref(), Some("k500"));
    let rest: Vec<String> = std::iter::from_fn(|| queue.take(0)).map(|head| head.key).collect();
    assert_eq!((rest.len(), rest[0].as_str(), rest[497].as_str()), (498, "k3", "over"));
}
