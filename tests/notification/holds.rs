//! Mutes and silences in the cases that people know.

use super::hold_input::{TestEvent, TestMute, TestSilence};
use super::hold_world::HoldWorld;
use super::{alert_id, at, plain, seconds, waits};
use pointsman::event::Severity::{self, Critical, Warning};
use pointsman::notification::holds::{
    AlertFacts, AlertReport, HoldCandidate, HoldTracker, MemoryHolds, MuteCandidate, SilenceEnd, SilenceState,
    SourceId, SourceRole,
};
use pointsman::notification::{ChannelStore as _, HoldState};

const POD: u8 = 1;
const NODE: u8 = 2;

fn event(alert: u32, kind: u8, firing: impl Into<Option<Severity>>) -> TestEvent {
    TestEvent { alert, kind, site: 0, firing: firing.into(), routes: [true, false], copies: [false, false] }
}

/// Holds pods while a node fires.
fn behind_node(until_after: u64) -> TestMute {
    TestMute { when: POD, at_night: false, whiles: Some(NODE), until_after, channel: None }
}

/// Kinds that hold each other.
fn each_other() -> [TestMute; 2] {
    let mute = |when, whiles| TestMute { when, at_night: false, whiles: Some(whiles), until_after: 0, channel: None };
    [mute(POD, NODE), mute(NODE, POD)]
}

fn world(mutes: &[TestMute]) -> HoldWorld {
    HoldWorld::new([waits(30, 600), plain()], mutes, 1_000)
}

fn held(world: &mut HoldWorld, alert: u32) -> bool {
    let Ok(hold) = HoldTracker::new(&mut world.holds).hold_in(alert_id(alert), "chat");
    hold == HoldState::Held
}

fn told(world: &mut HoldWorld) -> Vec<String> {
    world.channels.get_mut("chat").unwrap().told()
}

#[test]
fn pods_are_held_behind_their_node_and_for_a_while_after() {
    let mut world = world(&[behind_node(300)]);
    let pods: Vec<TestEvent> = (1..=400).map(|pod| event(pod, POD, Warning)).collect();
    world.push(&pods);
    world.run_to(at(20));
    world.push(&[event(1_000, NODE, Critical)]);
    world.run_to(at(600));
    world.push(&[event(1_000, NODE, None)]);
    world.run_to(at(660));
    world.push(&(1..=395).map(|pod| event(pod, POD, None)).collect::<Vec<_>>());
    world.run_to(at(899));
    assert!(held(&mut world, 400));
    world.run_to(at(2_000));
    assert_eq!(
        told(&mut world),
        [
            "20s new Critical firing 1 resolved 0 muted 400",
            "630s resolved Resolved firing 0 resolved 1 muted 400",
            "960s unmuted Warning firing 5 resolved 0 muted 0",
        ]
    );
}

#[test]
fn a_source_that_no_channel_gets_and_that_a_mute_holds_counts() {
    let everything = TestMute { when: NODE, at_night: false, whiles: None, until_after: 0, channel: None };
    let mut world = world(&[behind_node(0), everything]);
    world.push(&[TestEvent { routes: [false, false], ..event(9, NODE, Critical) }, event(1, POD, Warning)]);
    assert!(held(&mut world, 1) && held(&mut world, 9));
    world.push(&[event(9, NODE, None)]);
    assert!(!held(&mut world, 1));
}

#[test]
fn a_source_of_which_nothing_is_heard_counts_no_more() {
    let mut world = world(&[behind_node(300)]);
    world.push(&[event(9, NODE, Critical), event(1, POD, Warning)]);
    world.run_to(at(899));
    assert!(held(&mut world, 1));
    world.run_to(at(1_199));
    assert!(held(&mut world, 1), "until 5m after");
    world.run_to(at(1_200));
    assert!(!held(&mut world, 1));
    world.push(&[event(9, NODE, Critical)]);
    assert!(held(&mut world, 1));
    world.compare();
}

#[test]
fn an_end_after_its_time_prolongs_nothing() {
    let mut world = world(&[behind_node(300)]);
    world.push(&[event(9, NODE, Critical), event(1, POD, Warning)]);
    world.run_to(at(1_000));
    world.push(&[event(9, NODE, None)]);
    world.run_to(at(1_199));
    assert!(held(&mut world, 1));
    world.run_to(at(1_200));
    assert!(!held(&mut world, 1));
    world.compare();
}

#[test]
fn of_two_that_hold_each_other_the_first_is_not_held() {
    let mut world = world(&each_other());
    world.push(&[event(2, NODE, Warning)]);
    world.run_to(at(10));
    world.push(&[event(1, POD, Warning)]);
    assert_eq!([held(&mut world, 1), held(&mut world, 2)], [true, false]);
    // The one that is left is held by nothing.
    world.push(&[event(2, NODE, None)]);
    assert_eq!([held(&mut world, 1), held(&mut world, 2)], [false, false]);
    // Of alerts of one moment, the smallest key counts.
    world.push(&[event(1, POD, None)]);
    world.push(&[event(2, NODE, Warning), event(1, POD, Warning)]);
    assert_eq!([held(&mut world, 1), held(&mut world, 2)], [false, true]);
}

#[test]
fn one_of_a_large_circle_is_not_held() {
    for each in [100, 1_000] {
        let mut world = world(&each_other());
        let events: Vec<TestEvent> =
            (0..each).flat_map(|number| [event(number, POD, Warning), event(10_000 + number, NODE, Warning)]).collect();
        for events in events.chunks(500) {
            world.push(events);
        }
        let free: Vec<u32> = events.iter().map(|event| event.alert).filter(|alert| !held(&mut world, *alert)).collect();
        assert_eq!(free, [0]);
        // The next one is free once the first is over, and its channel is told so.
        world.push(&[event(0, POD, None)]);
        let Ok(next) = world.channels["chat"].store.alert(alert_id(1));
        assert_eq!(next.map(|next| next.hold), Some(HoldState::Free));
        assert!(!held(&mut world, 1) && held(&mut world, 2) && held(&mut world, 10_000));
    }
}

/// An alert with what may hold it and what it may hold: numbers of sources.
fn link(alert: u32, since: u64, held_by: &[u32], holds: &[u32]) -> AlertReport {
    let source = |number: &u32| SourceId::of("m", [number.to_string().as_str()]);
    let candidate = |number: &u32| {
        HoldCandidate::Mute(MuteCandidate {
            mute: "m".to_owned(),
            place: "calm.rules:1".to_owned(),
            source: Some(source(number)),
            channels: None,
            because: "a test".to_owned(),
        })
    };
    let facts = AlertFacts {
        candidates: held_by.iter().map(candidate).collect(),
        roles: holds.iter().map(|number| SourceRole { source: source(number), until_after: seconds(0) }).collect(),
        ..AlertFacts::default()
    };
    AlertReport::Firing { alert: alert_id(alert), key: alert.to_string(), since: at(since), heard: at(0), facts }
}

#[test]
fn the_work_of_searches_grows_with_the_classes_of_alerts_alone() {
    let mut holds = MemoryHolds::default();
    let mut work = 0;
    let alerts = 2_000;
    for alert in 0..alerts {
        let (one, other) = (alert % 2, 1 - alert % 2);
        let mut tracker = HoldTracker::new(&mut holds);
        let Ok(()) = tracker.report(at(0), &[link(alert, 0, &[one], &[other])]);
        let Ok(changed) = tracker.take_changed(1_000_000);
        assert!(changed.len() <= 3 || alert < 2, "{} alerts are looked at again", changed.len());
        work += tracker.looked_at();
    }
    assert!(work <= 2 * 2 * 2_000, "{work} classes");
    let tracker = HoldTracker::new(&mut holds);
    let holding = |alert: &u32| {
        let Ok(hold) = tracker.hold_in(alert_id(*alert), "chat");
        hold == HoldState::Held
    };
    assert_eq!((0..alerts).filter(holding).count(), 1_999);
    assert!(tracker.looked_at() <= 2, "{} classes", tracker.looked_at());
}

#[test]
fn of_a_circle_beyond_the_bound_those_are_held_that_fired_after_what_may_hold_them() {
    let mut holds = MemoryHolds::default();
    let mut tracker = HoldTracker::new(&mut holds);
    // The first is held by each of many that it holds, and each is of a class of its own.
    let many = (1..=2_000).map(|alert| link(alert, u64::from(alert) + 10, &[alert], &[0]));
    let reports: Vec<AlertReport> =
        std::iter::once(link(0, 10, &[0], &(1..=2_000).collect::<Vec<u32>>())).chain(many).collect();
    let Ok(()) = tracker.report(at(0), &reports);
    let held = |alert: u32| {
        let Ok(hold) = tracker.hold_in(alert_id(alert), "chat");
        hold == HoldState::Held
    };
    assert!(!held(0));
    assert!((1..=2_000).all(held));
    assert!(tracker.looked_at() <= 5 * 2_001, "{} classes", tracker.looked_at());
}

#[test]
fn a_circle_that_something_else_holds_is_held() {
    let rack = TestMute { when: POD, at_night: false, whiles: Some(4), until_after: 0, channel: None };
    let [one, other] = each_other();
    let mut world = world(&[one, other, rack]);
    world.push(&[event(1, POD, Warning), event(2, NODE, Warning)]);
    assert_eq!([held(&mut world, 1), held(&mut world, 2)], [false, true]);
    world.push(&[event(3, 4, Warning)]);
    assert_eq!([held(&mut world, 1), held(&mut world, 2)], [true, true]);
    world.compare();
}

#[test]
fn a_silence_of_until_resolved_ends_once_nothing_fires_for_five_minutes() {
    let mut world = world(&[]);
    world.push(&[event(1, POD, Warning)]);
    world.silence(&TestSilence { kinds: POD, delay: 0, lasts: 50_000, channel: None, end: SilenceEnd::Resolved });
    world.run_to(at(1_000));
    assert!(held(&mut world, 1));
    world.push(&[event(1, POD, None)]);
    world.run_to(at(1_299));
    world.push(&[event(2, POD, Warning)]);
    world.run_to(at(5_000));
    assert!(held(&mut world, 2));
    world.push(&[event(2, POD, None)]);
    world.run_to(at(6_000));
    world.push(&[event(3, POD, Warning)]);
    assert!(!held(&mut world, 3));
    let states: Vec<SilenceState> = world.holds.silences().map(|(_, silence)| silence.state).collect();
    assert_eq!(states, [SilenceState::Over { at: at(5_300) }]);
}

#[test]
fn what_outlasts_a_silence_is_told_and_what_does_not_is_not() {
    let mut world = world(&[]);
    world.push(&[event(1, POD, Warning)]);
    world.run_to(at(60));
    world.silence(&TestSilence { kinds: POD, delay: 0, lasts: 1_200, channel: None, end: SilenceEnd::Time });
    world.run_to(at(120));
    world.push(&[event(2, POD, Warning)]);
    world.run_to(at(180));
    world.push(&[event(3, POD, Warning)]);
    world.run_to(at(300));
    world.push(&[event(1, POD, None)]);
    world.run_to(at(420));
    world.push(&[event(2, POD, None)]);
    world.run_to(at(1_259));
    assert_eq!(
        told(&mut world),
        ["30s new Warning firing 1 resolved 0 muted 0", "360s resolved Resolved firing 0 resolved 1 muted 2"]
    );
    world.run_to(world.now.saturating_add(seconds(600)));
    assert_eq!(told(&mut world), ["1290s unmuted Warning firing 1 resolved 0 muted 0"]);
}
