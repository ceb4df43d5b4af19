//! Random schedules of mutes and silences: the journal in SQLite tells what the one in memory tells, which uses the records of the
//! state machine.

use super::{HoldWorld, TestRules, after, silence};
use crate::journal::StateFolder;
use pointsman::event::Severity;
use pointsman::gateway::journal::{add_silence, ask_everything, end_silence};
use proptest::prelude::*;

const KEYS: [&str; 4] = ["pod1", "pod2", "node1", "a"];

/// What happens in a schedule.
#[derive(Debug, Clone)]
enum HoldStep {
    Push(Vec<(usize, Option<Severity>)>),
    /// Keys, after how many seconds it begins, and for how many it lasts.
    Silence(usize, i64, i64),
    EndSilence(u64),
    /// Rules are loaded, with the mute or without it.
    Load(bool),
    Restart,
}

fn step() -> impl Strategy<Value = HoldStep> {
    let severity = prop_oneof![
        Just(None),
        Just(Some(Severity::Info)),
        Just(Some(Severity::Warning)),
        Just(Some(Severity::Critical))
    ];
    prop_oneof![
        6 => prop::collection::vec((0..KEYS.len(), severity), 1..5).prop_map(HoldStep::Push),
        2 => (0..KEYS.len(), 0..60_i64, 1..900_i64).prop_map(|(key, from, lasts)| HoldStep::Silence(key, from, lasts)),
        1 => (0..6_u64).prop_map(HoldStep::EndSilence),
        1 => any::<bool>().prop_map(HoldStep::Load),
        1 => Just(HoldStep::Restart),
    ]
}

/// What was told after each step.
fn play(folder: &StateFolder, schedule: &[(i64, HoldStep)]) -> Vec<(i64, Vec<String>)> {
    let mut world = HoldWorld::new(folder);
    world.rules.has_mute = true;
    let (mut now, mut silences) = (0, 0);
    let mut all = Vec::new();
    for (pause, step) in schedule {
        now += pause;
        world.work(now);
        all.push((now, world.tell(now)));
        match step {
            HoldStep::Push(events) => {
                let events: Vec<_> = events.iter().map(|(key, severity)| (KEYS[*key], *severity)).collect();
                world.arrive(now, &events);
            }
            HoldStep::Silence(key, from, lasts) => {
                silences += 1;
                let silence = silence(silences, KEYS[*key], after(now + from), after(now + from + lasts));
                world.transact(|transaction| add_silence(transaction, &silence, after(now)).map(drop));
            }
            HoldStep::EndSilence(number) => {
                let id = crate::journal::silences::id(*number);
                world.transact(|transaction| end_silence(transaction, id, "mia", after(now)).map(drop));
            }
            HoldStep::Load(has_mute) => {
                let rules = TestRules { generation: world.rules.generation + 1, has_mute: *has_mute, is_night: false };
                world.rules = rules;
                world.transact(|transaction| ask_everything(transaction, &rules));
            }
            HoldStep::Restart => world = world.restart(),
        }
        world.work(now);
        all.push((now, world.tell(now)));
    }
    all
}

#[test]
fn both_journals_hold_and_tell_the_same() {
    let cases = std::env::var("JOURNAL_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(12);
    let config = ProptestConfig { failure_persistence: None, cases, ..ProptestConfig::default() };
    let schedules = prop::collection::vec((0..200_i64, step()), 1..40);
    proptest!(config, |(schedule in schedules)| {
        prop_assert_eq!(play(&StateFolder::new(), &schedule), play(&StateFolder::in_memory(), &schedule));
    });
}
