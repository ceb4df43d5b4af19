//! The checker is fed a history that keeps every promise, and then one for each way of breaking one: it must bite.

use super::{Delivery, History, Promise, Push, Version, check};
use crate::harness::rules::{STAMPS, TORN};

const SECOND: u64 = 1_000_000;

fn push(id: u64, alert: u64, resolved: bool, sent: u64) -> Push {
    Push { id, alert, resolved, sent, answered: sent + 1_000, status: 202 }
}

fn delivery(push: &Push, version: u32) -> Delivery {
    Delivery {
        id: push.id,
        alert: push.alert,
        resolved: push.resolved,
        sink: version % 10,
        at: push.answered + 500,
        taken: true,
        idempotency: push.id,
        body: push.id,
        stamps: [version; STAMPS],
        as_reference: true,
    }
}

fn version(number: u32, begun: u64) -> Version {
    Version {
        number,
        begun,
        ended: begun + 10_000,
        good: number != 2,
        stalled: false,
        confirmed: (number != 2).then_some(begun + 400_000),
        missed: None,
    }
}

/// Version 1, a bad version 2, version 3; a firing with its recovery, and two events on both sides of the change.
fn sound() -> History {
    let pushes = vec![
        push(1, 1, false, SECOND),
        push(2, 1, true, 2 * SECOND),
        push(3, 3, false, 6 * SECOND),
        push(4, 4, false, 7 * SECOND),
    ];
    let deliveries = pushes.iter().map(|push| delivery(push, if push.id < 3 { 1 } else { 3 })).collect();
    let versions = vec![version(1, 0), version(2, 3 * SECOND), version(3, 5 * SECOND)];
    History { pushes, deliveries, versions, kills: 0, drained: true }
}

type Break = fn(&mut History);

/// Each way of breaking a promise.
const BREAKS: &[(&str, Promise, Break)] = &[
    ("one stamp of another version", Promise::NoMixture, |history| history.deliveries[2].stamps[3] = 1),
    ("a body of one version in the channel of another", Promise::NoMixture, |history| {
        history.deliveries[2].sink = 1;
    }),
    ("a version that is bad", Promise::NoGhost, |history| {
        history.deliveries[2].stamps = [2; STAMPS];
        history.deliveries[2].sink = 2;
    }),
    ("a version that was never written", Promise::NoGhost, |history| {
        history.deliveries[2].stamps = [9; STAMPS];
        history.deliveries[2].sink = 9;
    }),
    ("half a file", Promise::NoGhost, |history| history.deliveries[2].stamps[2] = TORN),
    ("a version before it was whole", Promise::RealTime, |history| {
        history.deliveries[1].stamps = [3; STAMPS];
        history.deliveries[1].sink = 3;
    }),
    ("a version after its successor was confirmed", Promise::RealTime, |history| {
        history.deliveries[2].stamps = [1; STAMPS];
        history.deliveries[2].sink = 1;
    }),
    ("back to an older version", Promise::Monotone, |history| {
        history.versions[2].confirmed = None;
        history.deliveries[3].stamps = [1; STAMPS];
        history.deliveries[3].sink = 1;
    }),
    ("a lost event", Promise::NothingLost, |history| {
        history.deliveries.truncate(3);
    }),
    ("an event that was never taken", Promise::NothingLost, |history| history.deliveries[3].taken = false),
    ("an event that was never sent", Promise::NothingInvented, |history| history.deliveries[3].id = 77),
    ("an event about another alert", Promise::NothingInvented, |history| history.deliveries[3].alert = 77),
    ("a repetition with another body", Promise::SameBytes, |history| {
        history.kills = 1;
        let again = Delivery { body: 99, ..history.deliveries[3] };
        history.deliveries.push(again);
    }),
    ("a repetition with another key", Promise::SameBytes, |history| {
        history.kills = 1;
        let again = Delivery { idempotency: 99, ..history.deliveries[3] };
        history.deliveries.push(again);
    }),
    ("a repetition that no crash explains", Promise::FewRepetitions, |history| {
        history.deliveries.push(history.deliveries[3]);
    }),
    ("a change that takes no effect", Promise::Liveness, |history| {
        history.versions[2].missed = Some(9 * SECOND);
    }),
    ("a body that the version does not give", Promise::Reference, |history| {
        history.deliveries[3].as_reference = false;
    }),
    ("a recovery before its firing", Promise::Order, |history| history.deliveries[0].at = 3 * SECOND),
    ("a firing again after its recovery", Promise::Order, |history| {
        history.kills = 1;
        let again = Delivery { at: 3 * SECOND, ..history.deliveries[0] };
        history.deliveries.push(again);
    }),
    ("a recovery elsewhere than its firing", Promise::Followed, |history| history.deliveries[1].sink = 6),
];

/// Whether the checker keeps silent over the sound history and bites at every other.
pub(crate) fn run() -> Result<usize, String> {
    let verdict = check(&sound());
    if !verdict.is_clean() {
        return Err(format!("a sound history is refused: {verdict}"));
    }
    for (name, promise, spoil) in BREAKS {
        let mut history = sound();
        spoil(&mut history);
        let verdict = check(&history);
        if !verdict.broken.contains_key(promise) {
            return Err(format!("{name} goes unnoticed: {verdict}"));
        }
    }
    Ok(BREAKS.len())
}
