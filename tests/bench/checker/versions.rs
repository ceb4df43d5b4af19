//! Which versions of the rules events met: no mixtures, no ghosts, in real time, never back, and in time.

use super::{Delivery, History, Promise, Push, Verdict, Version};
use crate::harness::rules::{TORN, sinks};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(super) fn check(history: &History, verdict: &mut Verdict) {
    let versions: BTreeMap<u32, &Version> = history.versions.iter().map(|version| (version.number, version)).collect();
    let mut met: HashMap<u64, u32> = HashMap::with_capacity(history.pushes.len());
    for delivery in &history.deliveries {
        if one_version(delivery, &versions, verdict) {
            met.insert(delivery.id, delivery.stamps[0]);
        }
    }
    verdict.versions = met.values().collect::<BTreeSet<_>>().len() as u64;
    let mut pushes: Vec<(&Push, u32)> =
        history.pushes.iter().filter_map(|push| Some((push, *met.get(&push.id)?))).collect();
    pushes.sort_by_key(|(push, _)| push.sent);
    in_real_time(&pushes, &versions, verdict);
    never_back(&pushes, verdict);
    for version in &history.versions {
        if let Some(missed) = version.missed {
            verdict.breaks(Promise::Liveness, || {
                let waited = (missed - version.ended) / 1_000;
                format!("version {} did not take effect within {waited} ms of its last byte", version.number)
            });
        }
    }
}

/// Whether an event met one version, and one that there was.
fn one_version(delivery: &Delivery, versions: &BTreeMap<u32, &Version>, verdict: &mut Verdict) -> bool {
    let stamp = delivery.stamps[0];
    let excused = delivery.stamps.iter().any(|stamp| versions.get(stamp).is_some_and(|version| version.stalled));
    if delivery.stamps.contains(&TORN) {
        if !excused {
            verdict.breaks(Promise::NoGhost, || format!("a file was read half: {delivery:?}"));
        }
        return false;
    }
    let (firing, over) = sinks(stamp);
    let routed_by_it = delivery.resolved || delivery.sink == firing || delivery.sink == over;
    if delivery.stamps.iter().any(|other| *other != stamp) || !routed_by_it {
        if !excused {
            verdict.breaks(Promise::NoMixture, || format!("{delivery:?}"));
        }
        return false;
    }
    if !versions.get(&stamp).is_some_and(|version| version.good) {
        verdict.breaks(Promise::NoGhost, || format!("a version that must never be in force: {delivery:?}"));
        return false;
    }
    if !delivery.as_reference {
        verdict.breaks(Promise::Reference, || format!("not what version {stamp} gives: {delivery:?}"));
    }
    true
}

/// `pushes` by rising time of sending.
fn in_real_time(pushes: &[(&Push, u32)], versions: &BTreeMap<u32, &Version>, verdict: &mut Verdict) {
    let mut confirmed: Vec<(u64, u32)> = versions
        .values()
        .filter(|version| version.good)
        .filter_map(|version| Some((version.confirmed?, version.number)))
        .collect();
    confirmed.sort_unstable();
    let mut confirmed = confirmed.into_iter().peekable();
    let mut least = 0;
    for (push, stamp) in pushes {
        while let Some((_, number)) = confirmed.next_if(|(at, _)| *at < push.sent) {
            least = least.max(number);
        }
        if *stamp < least {
            verdict.breaks(Promise::RealTime, || {
                format!("version {stamp} though {least} was confirmed before it was sent: {push:?}")
            });
        }
        // Until its last file is written, no version can be whole.
        if let Some(version) = versions.get(stamp)
            && push.status == 202
            && push.answered < version.ended
        {
            verdict.breaks(Promise::RealTime, || format!("version {stamp} was not whole before the answer: {push:?}"));
        }
    }
}

/// `pushes` by rising time of sending: none meets an older version than one that was answered before it was sent.
fn never_back(pushes: &[(&Push, u32)], verdict: &mut Verdict) {
    let mut answered: Vec<(u64, u32)> =
        pushes.iter().filter(|(push, _)| push.status == 202).map(|(push, stamp)| (push.answered, *stamp)).collect();
    answered.sort_unstable();
    let mut answered = answered.into_iter().peekable();
    let mut least = 0;
    for (push, stamp) in pushes {
        while let Some((_, earlier)) = answered.next_if(|(at, _)| *at < push.sent) {
            least = least.max(earlier);
        }
        if *stamp < least {
            verdict.breaks(Promise::Monotone, || {
                format!("version {stamp} after an earlier push had met {least}: {push:?}")
            });
        }
    }
}
