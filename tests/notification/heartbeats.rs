//! The promises of heartbeats, over random beats and downtimes: a sender is absent exactly when nothing was heard of it for the
//! timeout while the gateway listened.

use super::{at, seconds};
use pointsman::notification::heartbeat::{BeatStore as _, apply, hear, load, next_absence, pending};
use pointsman::notification::{
    BeatRecord, BeatResult, ClockRecord, HeartbeatTerms, ListeningClock, ListeningTime, MAX_SENDERS, MemoryBeats,
    NamedValue, Sender, SenderChange,
};
use pointsman::time::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};
use std::collections::BTreeMap;

const TIMEOUT: u64 = 300;

#[derive(Debug, Clone)]
enum Step {
    /// So many seconds pass in which the gateway listens.
    Listen(u64),
    /// The gateway is away for so many seconds.
    Away(u64),
    /// A sender beats.
    Beat(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1_u64..400).prop_map(Step::Listen),
        1 => (1_u64..4_000).prop_map(Step::Away),
        4 => (0_u8..4).prop_map(Step::Beat),
    ];
    vec(step, 1..60)
}

fn sender(number: u8) -> Sender {
    let values = vec![NamedValue { name: "cluster".to_owned(), value: number.to_string() }];
    Sender { heartbeat: "prometheus".to_owned(), values }
}

fn terms() -> Vec<HeartbeatTerms> {
    let (name, by) = ("prometheus".to_owned(), vec!["cluster".to_owned()]);
    vec![HeartbeatTerms { name, by, timeout: seconds(TIMEOUT) }]
}

/// What is so, counted second by second.
#[derive(Default)]
struct Model {
    /// For how many seconds nothing was heard of a sender while the gateway listened.
    silent: BTreeMap<u8, u64>,
    absent: BTreeMap<u8, bool>,
}

/// A gateway over virtual time.
struct World {
    beats: MemoryBeats,
    clock: ListeningClock,
    now: u64,
}

impl World {
    fn time(&self) -> Timestamp {
        at(self.now)
    }

    /// Applies all that is due; what that was.
    fn settle(&mut self) -> Vec<(Sender, SenderChange)> {
        let Ok(due) = pending(&self.beats, &terms(), self.clock.at(self.time()), 2);
        let mut all = Vec::new();
        for change in &due {
            let Ok(is_applied) = apply(&mut self.beats, change);
            assert!(is_applied);
            all.push((change.sender.clone(), change.change));
        }
        if !due.is_empty() {
            all.extend(self.settle());
        }
        all
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: super::laws::cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_sender_is_absent_after_its_timeout_of_listening(steps in steps()) {
        let clock = ListeningClock::after(ClockRecord { steady: at(0), listened: ListeningTime::default() }, at(0));
        let mut world = World { beats: MemoryBeats::default(), clock, now: 0 };
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Listen(time) => {
                    for _ in 0..time {
                        world.now += 1;
                        let mut expected = Vec::new();
                        for (number, silent) in &mut model.silent {
                            *silent += 1;
                            if *silent == TIMEOUT {
                                model.absent.insert(*number, true);
                                expected.push((sender(*number), SenderChange::Absent));
                            }
                        }
                        if !expected.is_empty() {
                            let Ok(next) = next_absence(&world.beats, &terms());
                            prop_assert_eq!(next.map(|next| world.clock.moment(next)), Some(world.time()));
                        }
                        prop_assert_eq!(world.settle(), expected);
                    }
                }
                Step::Away(time) => {
                    let record = world.clock.record(world.time());
                    world.now += time;
                    world.clock = ListeningClock::after(record, world.time());
                    prop_assert_eq!(world.settle(), []);
                }
                Step::Beat(number) => {
                    let listened = world.clock.at(world.time());
                    let now = world.time();
                    let Ok(result) = hear(&mut world.beats, &sender(number), listened, now);
                    let was_absent = model.absent.insert(number, false).unwrap_or(false);
                    prop_assert_eq!(result == BeatResult::Returned, was_absent);
                    model.silent.insert(number, 0);
                    let expected = was_absent.then_some((sender(number), SenderChange::Returned));
                    prop_assert_eq!(world.settle(), expected.into_iter().collect::<Vec<_>>());
                }
            }
            for (number, is_absent) in &model.absent {
                let Ok(record) = world.beats.beat(&sender(*number));
                prop_assert!(record.is_some_and(|record: BeatRecord| record.absence.is_some() == *is_absent));
            }
        }
    }
}

#[test]
fn a_heartbeat_has_a_bounded_number_of_senders() {
    let mut beats = MemoryBeats::default();
    let Ok(()) = load(&mut beats, &terms(), ListeningTime::default(), at(0));
    let of = |number: usize| {
        let values = vec![NamedValue { name: "cluster".to_owned(), value: number.to_string() }];
        Sender { heartbeat: "prometheus".to_owned(), values }
    };
    for number in 0..MAX_SENDERS {
        assert_eq!(hear(&mut beats, &of(number), ListeningTime(1), at(0)), Ok(BeatResult::Noted));
    }
    assert_eq!(hear(&mut beats, &of(MAX_SENDERS), ListeningTime(1), at(0)), Ok(BeatResult::TooMany));
    assert_eq!(hear(&mut beats, &of(0), ListeningTime(2), at(0)), Ok(BeatResult::Noted));
}
