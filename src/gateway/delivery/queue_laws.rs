//! The laws of the queue, held against a naive ledger under random arrivals, answers, and delays of the ledger's answers.

use super::{End, Head, Queue, Reading};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone)]
enum Step {
    /// A delivery for the key comes in; the queue hears of it.
    Arrive(u8),
    /// Time passes.
    Pass(u64),
    /// The queue's wish to read is taken to the ledger, whose answer is on its way.
    Ask,
    /// The answer arrives, or an error does.
    Answer(bool),
    /// Something is begun.
    Begin,
    /// One of those under way ends: settled or not.
    End(usize, bool),
    /// A dead delivery is pending again.
    Revive(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..12_u8).prop_map(Step::Arrive),
        1 => (0..50_u64).prop_map(Step::Pass),
        3 => Just(Step::Ask),
        3 => prop::bool::weighted(0.9).prop_map(Step::Answer),
        4 => Just(Step::Begin),
        4 => (0..8_usize, prop::bool::weighted(0.7)).prop_map(|(which, settled)| Step::End(which, settled)),
        1 => (0..8_usize).prop_map(Step::Revive),
    ]
}

type Page = (Reading, Vec<Head<()>>);

struct World {
    queue: Queue<()>,
    now: u64,
    next: i64,
    pending: BTreeMap<i64, u8>,
    settled: Vec<(i64, u8)>,
    revived: BTreeSet<i64>,
    under_way: Vec<Head<()>>,
    page: Option<Page>,
    fetches: Vec<(String, Option<Head<()>>)>,
    most: usize,
}

fn head(id: i64, key: u8, due: u64) -> Head<()> {
    Head { id, key: key.to_string(), due, since: 0, rest: () }
}

impl World {
    fn new(most: usize) -> Self {
        Self {
            queue: Queue::new(most),
            now: 0,
            next: 1,
            pending: BTreeMap::new(),
            settled: Vec::new(),
            revived: BTreeSet::new(),
            under_way: Vec::new(),
            page: None,
            fetches: Vec::new(),
            most,
        }
    }

    fn ask(&mut self) {
        if let Some(reading) = self.queue.read() {
            let after = self.pending.range(reading.after + 1..).take(reading.limit);
            self.page = Some((reading, after.map(|(id, key)| head(*id, *key, 0)).collect()));
        }
        for key in self.queue.fetches() {
            let first = self.pending.iter().find(|(_, of)| of.to_string() == key);
            let first = first.map(|(id, of)| head(*id, *of, 0));
            self.fetches.push((key, first));
        }
    }

    fn answer(&mut self, fine: bool) {
        match self.page.take() {
            Some((reading, page)) if fine => self.queue.page(reading, page),
            Some((reading, _)) => self.queue.unreadable(reading),
            None => {}
        }
        for (key, first) in std::mem::take(&mut self.fetches) {
            if fine {
                self.queue.fetched(&key, first);
            } else {
                self.queue.unfetched(key);
            }
        }
    }

    /// Begins what is next, and holds it against the promises.
    fn begin(&mut self) -> bool {
        let Some(head) = self.queue.take(self.now) else { return false };
        assert!(head.due <= self.now, "begun before it is due");
        let key = self.pending.get(&head.id).unwrap_or_else(|| panic!("{} is not pending", head.id));
        assert_eq!(key.to_string(), head.key);
        assert!(self.under_way.iter().all(|other| other.key != head.key), "two of one key under way");
        let older = |(id, of): (&i64, &u8)| of == key && *id < head.id && !self.revived.contains(id);
        assert!(!self.pending.iter().any(older), "{} overtook an older one", head.id);
        self.under_way.push(head);
        true
    }

    fn end(&mut self, which: usize, settled: bool) {
        if self.under_way.is_empty() {
            return;
        }
        let mut head = self.under_way.swap_remove(which % self.under_way.len());
        let key = head.key.clone();
        if settled {
            let of = self.pending.remove(&head.id).unwrap();
            self.settled.push((head.id, of));
            self.queue.end(&key, End::Settled);
        } else {
            head.due = self.now + 10;
            self.queue.end(&key, End::Again(head));
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Arrive(key) => {
                self.pending.insert(self.next, *key);
                self.next += 1;
                self.queue.woken();
            }
            Step::Pass(time) => self.now += time,
            Step::Ask => self.ask(),
            Step::Answer(fine) => self.answer(*fine),
            Step::Begin => {
                self.begin();
            }
            Step::End(which, settled) => self.end(*which, *settled),
            Step::Revive(which) => {
                if !self.settled.is_empty() {
                    let (id, key) = self.settled.swap_remove(which % self.settled.len());
                    self.pending.insert(id, key);
                    self.revived.insert(id);
                    self.queue.woken();
                    self.queue.sweep();
                }
            }
        }
        assert!(self.queue.len() <= self.most, "the window outgrew its bound");
    }

    /// With a ledger and a destination that answer, everything is settled in the end.
    fn finish(&mut self) {
        for _ in 0..10_000 {
            if self.pending.is_empty() {
                return;
            }
            self.now += 10;
            self.answer(true);
            self.ask();
            self.answer(true);
            while self.begin() {}
            while !self.under_way.is_empty() {
                self.end(0, true);
            }
        }
        panic!("lost or starved: {:?}\n{:?}", self.pending, self.queue);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn order_is_kept_and_nothing_is_lost(most in 1..10_usize, steps in prop::collection::vec(step(), 0..300)) {
        let mut world = World::new(most);
        for step in &steps {
            world.step(step);
        }
        world.finish();
    }
}

#[test]
fn what_is_behind_a_failing_head_waits_and_other_keys_do_not() {
    let mut world = World::new(16);
    for key in [1, 1, 2] {
        world.step(&Step::Arrive(key));
    }
    world.ask();
    world.answer(true);
    assert!(world.begin() && world.begin() && !world.begin());
    assert_eq!(world.under_way.iter().map(|head| head.id).collect::<Vec<_>>(), [1, 3]);
    world.end(0, false);
    assert!(!world.begin(), "the second of a key waits for the retry of the first");
    world.now += 10;
    assert!(world.begin());
    world.finish();
}

#[test]
fn a_recovered_destination_gets_what_waits_at_once_but_for_what_it_asked_to_wait() {
    let mut queue = Queue::new(4);
    let reading = queue.read().unwrap();
    let waiting = |id: i64, asked| Head { id, key: id.to_string(), due: 900, since: 0, rest: asked };
    queue.page(reading, vec![waiting(1, false), waiting(2, true)]);
    assert_eq!((queue.take(100).map(|head| head.id), queue.waiting(100)), (None, 2));
    queue.hasten(100, |asked| *asked);
    assert_eq!(queue.take(100).map(|head| head.id), Some(1));
    assert_eq!(queue.take(100).map(|head| head.id), None);
    assert_eq!(queue.next_due(), Some(900));
}

#[test]
fn what_is_too_old_is_found_before_it_is_due() {
    let mut queue = Queue::new(4);
    let reading = queue.read().unwrap();
    let waiting = |id: i64, since| Head { id, key: id.to_string(), due: 900, since, rest: () };
    queue.page(reading, vec![waiting(1, 50), waiting(2, 20)]);
    assert_eq!(queue.take_older(30).map(|head| head.id), Some(2));
    assert_eq!(queue.take_older(30).map(|head| head.id), None);
}
