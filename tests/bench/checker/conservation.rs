//! Nothing lost, nothing invented, repetitions alike and few, recoveries after their firings and where those went.

use super::{Delivery, History, Promise, Push, Verdict};
use std::collections::HashMap;

/// How many deliveries a crash may repeat: what is under way at once in ten channels, and what waits for one commit.
const REPEATED_BY_A_CRASH: u64 = 10 * 16 + 1_024;

/// What became of an event.
struct Arrival {
    first: Delivery,
    /// The first and the last time that the sink took it.
    taken: Option<(u64, u64)>,
    /// The channel in which it was taken first.
    sink: u32,
    times: u64,
}

pub(super) fn check(history: &History, verdict: &mut Verdict) {
    let mut sent: HashMap<u64, &Push> = HashMap::with_capacity(history.pushes.len());
    for push in &history.pushes {
        sent.insert(push.id, push);
    }
    let arrivals = gather(history, &sent, verdict);
    for push in &history.pushes {
        let accepted = push.status == 202;
        let arrived = arrivals.get(&push.id).is_some_and(|arrival| arrival.taken.is_some());
        verdict.accepted += u64::from(accepted);
        verdict.arrived += u64::from(arrived);
        verdict.unanswered += u64::from(arrived && !accepted);
        if accepted && !arrived && history.drained {
            verdict.breaks(Promise::NothingLost, || format!("accepted and never delivered: {push:?}"));
        }
        if push.resolved {
            recovery(push, &sent, &arrivals, verdict);
        }
    }
    let bound = history.kills * REPEATED_BY_A_CRASH;
    if verdict.repeated > bound {
        let repeated = verdict.repeated;
        verdict.breaks(Promise::FewRepetitions, || {
            format!("{repeated} repetitions, where {} crashes explain {bound}", history.kills)
        });
    }
}

fn gather(history: &History, sent: &HashMap<u64, &Push>, verdict: &mut Verdict) -> HashMap<u64, Arrival> {
    let mut arrivals: HashMap<u64, Arrival> = HashMap::with_capacity(sent.len());
    for delivery in &history.deliveries {
        let known = sent.get(&delivery.id);
        if !known.is_some_and(|push| push.alert == delivery.alert && push.resolved == delivery.resolved) {
            verdict.breaks(Promise::NothingInvented, || format!("never sent: {delivery:?}"));
            continue;
        }
        let arrival = arrivals.entry(delivery.id).or_insert(Arrival {
            first: *delivery,
            taken: None,
            sink: delivery.sink,
            times: 0,
        });
        let first = &arrival.first;
        if first.body != delivery.body || first.idempotency != delivery.idempotency {
            let first = *first;
            verdict.breaks(Promise::SameBytes, || format!("{first:?} and then {delivery:?}"));
        }
        if delivery.taken {
            arrival.times += 1;
            verdict.repeated += u64::from(arrival.times > 1);
            if arrival.taken.is_none() {
                arrival.sink = delivery.sink;
            }
            let begun = arrival.taken.map_or(delivery.at, |(begun, _)| begun);
            arrival.taken = Some((begun, delivery.at));
        }
    }
    arrivals
}

/// What a recovery owes to a firing that was accepted before it was sent.
fn recovery(push: &Push, sent: &HashMap<u64, &Push>, arrivals: &HashMap<u64, Arrival>, verdict: &mut Verdict) {
    let Some(firing) = sent.get(&push.alert) else { return };
    let Some(over) = arrivals.get(&push.id) else { return };
    let Some((over_at, _)) = over.taken else { return };
    if firing.status != 202 || firing.answered > push.sent {
        return;
    }
    let Some(begun) = arrivals.get(&push.alert) else {
        verdict.breaks(Promise::Order, || format!("delivered without its firing: {push:?}"));
        return;
    };
    match begun.taken {
        Some((_, last)) if last < over_at => {}
        taken => verdict
            .breaks(Promise::Order, || format!("recovery {} taken at {over_at}, its firing at {taken:?}", push.id)),
    }
    if begun.sink != over.sink {
        verdict.breaks(Promise::Followed, || {
            format!("recovery {} went to sink {}, its firing to {}", push.id, over.sink, begun.sink)
        });
    }
}
