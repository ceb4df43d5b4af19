//! Mutes and silences in the journal: what they hold is not told, what outlasts them is, and nothing that is durable is
//! escaped by what was evaluated before.

mod schedules;
mod world;

use super::silences::silence;
use super::{StateFolder, at};
use pointsman::event::Severity;
use pointsman::gateway::journal::{EventCopy, SilenceEndCause, add_silence, ask_everything};
use pointsman::time::Timestamp;
use world::{HoldWorld, TestRules};

over_each_store!(
    a_silence_holds_what_fires_and_what_outlasts_it_is_told,
    a_silence_goes_on_over_a_restart_and_ends_by_the_clock,
    a_silence_that_begins_holds_what_is_not_told_yet,
    a_push_that_was_asked_by_an_older_list_does_not_escape,
    a_silence_ends_once_nothing_fires_that_it_holds,
    the_end_of_what_was_told_passes_and_that_of_the_rest_is_not_told,
    a_mute_holds_while_its_source_fires_and_for_a_time_after,
    a_source_of_which_nothing_is_heard_holds_on_for_its_time_and_is_listed,
    a_source_that_comes_last_in_a_push_holds_the_others,
    rules_that_are_loaded_hold_and_release_what_fires,
    a_mute_with_a_schedule_begins_and_ends_to_the_moment,
    what_is_due_is_asked_before_it_is_told,
    a_copy_is_never_held,
    a_channel_that_gets_every_event_gets_what_outlasts_its_hold,
);

const START: i64 = 1_800_000_000_000;
const WARNING: Option<Severity> = Some(Severity::Warning);
const CRITICAL: Option<Severity> = Some(Severity::Critical);

/// So many seconds after the start.
fn after(count: i64) -> Timestamp {
    at(START + count * 1_000)
}

fn a_silence_holds_what_fires_and_what_outlasts_it_is_told(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.silence(1, "a b", 0, 600);
    world.arrive(10, &[("a", WARNING), ("b", CRITICAL), ("c", WARNING)]);
    assert_eq!(world.tell(10), ["new: c"]);
    world.arrive(20, &[("b", None)]);
    world.work(20);
    assert_eq!(world.tell(20), [""; 0]);
    let held = world.reader().held_counts().unwrap();
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!((held[0].channel.as_str(), held[0].mute.as_deref(), held[0].alerts), ("chat", None, 1));
    assert_eq!(world.reader().silenced_alerts(super::silences::id(1)), Ok(1));
    world.end_silence(1, 30);
    world.work(30);
    assert_eq!(world.tell(30), ["unmuted: a"]);
    assert_eq!(world.reader().held_counts().unwrap(), []);
}

fn a_silence_goes_on_over_a_restart_and_ends_by_the_clock(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.silence(1, "a", 0, 600);
    world.arrive(10, &[("a", WARNING)]);
    assert_eq!(world.work(10), Some(after(600)));
    let mut world = world.restart();
    assert_eq!(world.tell(599), [""; 0]);
    assert_eq!(world.work(599), Some(after(600)));
    // Telling looks at the clock by itself: what ended comes before what is due.
    assert_eq!(world.tell(600), ["unmuted: a"]);
    assert_eq!(world.work(600), None);
    let silence = world.reader().silence(super::silences::id(1)).unwrap().unwrap();
    let end = silence.ended.unwrap();
    assert_eq!((end.at, end.cause, end.by), (after(600), SilenceEndCause::Time, None));
    assert!(world.reader().open_silences().silences.is_empty());
}

fn a_silence_that_begins_holds_what_is_not_told_yet(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.arrive(0, &[("a", WARNING), ("b", WARNING)]);
    world.silence(1, "a", 1, 600);
    assert_eq!(world.tell(1), ["new: b"], "nobody was told of it before");
    world.silence(2, "c", 2, 600);
    let mut late = silence(3, "c", after(100), after(200));
    late.created = after(2);
    world.transact(|transaction| add_silence(transaction, &late, after(2)));
    world.end_silence(2, 3);
    world.arrive(4, &[("c", WARNING)]);
    assert_eq!(world.tell(4), ["new: c"], "the other one begins later");
    assert_eq!(world.work(4), Some(after(100)));
}

fn a_push_that_was_asked_by_an_older_list_does_not_escape(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    let before = world.push("chat", &[("a", CRITICAL)]);
    assert!(before.holds.as_ref().unwrap().events.is_empty());
    world.silence(1, "a", 1, 600);
    world.accept(2, &before);
    assert_eq!(world.tell(2), [""; 0], "it was asked again when it was stored");
    // A silence that ended meanwhile holds nothing.
    let before = world.push("chat", &[("a", CRITICAL), ("b", WARNING)]);
    world.end_silence(1, 3);
    world.accept(4, &before);
    let mut told = world.tell(4);
    world.work(4);
    told.extend(world.tell(4));
    told.sort();
    assert_eq!(told, ["new: b", "unmuted: a"]);
}

fn a_silence_ends_once_nothing_fires_that_it_holds(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    let mut until_resolved = silence(1, "a b", after(0), after(10_000));
    until_resolved.until_resolved = true;
    world.transact(|transaction| add_silence(transaction, &until_resolved, after(0)));
    world.arrive(10, &[("a", WARNING), ("b", WARNING)]);
    world.arrive(20, &[("a", None)]);
    assert_eq!(world.work(20), Some(after(10_000)));
    world.arrive(100, &[("b", None)]);
    assert_eq!(world.work(100), Some(after(400)), "5 minutes after the last");
    world.arrive(399, &[("a", WARNING)]);
    assert_eq!(world.work(399), Some(after(10_000)));
    world.arrive(500, &[("a", None)]);
    world.work(800);
    let end = world.reader().silence(super::silences::id(1)).unwrap().unwrap().ended.unwrap();
    assert_eq!((end.at, end.cause), (after(800), SilenceEndCause::Resolved));
    assert_eq!(world.tell(800), [""; 0]);
    world.arrive(900, &[("a", WARNING)]);
    assert_eq!(world.tell(900), ["new: a"]);
}

fn the_end_of_what_was_told_passes_and_that_of_the_rest_is_not_told(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.arrive(0, &[("a", WARNING)]);
    assert_eq!(world.tell(0), ["new: a"]);
    world.silence(1, "a b", 1, 600);
    world.work(1);
    world.arrive(10, &[("a", CRITICAL), ("b", WARNING)]);
    assert_eq!(world.tell(10), [""; 0], "worse is held too");
    world.arrive(20, &[("a", None), ("b", None)]);
    assert_eq!(world.tell(20), ["resolved: a"]);
}

fn a_mute_holds_while_its_source_fires_and_for_a_time_after(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.rules.has_mute = true;
    world.arrive(0, &[("pod-1", WARNING)]);
    assert_eq!(world.tell(0), ["new: pod-1"]);
    world.arrive(10, &[("node", CRITICAL)]);
    world.arrive(20, &[("pod-2", WARNING), ("other", WARNING)]);
    world.work(20);
    assert_eq!(world.tell(20), ["new: node", "new: other"]);
    let held = world.reader().held_counts().unwrap();
    assert_eq!((held[0].mute.as_deref(), held[0].alerts), (Some("behind_node"), 2), "{held:?}");
    world.arrive(100, &[("node", None)]);
    assert_eq!(world.work(100), Some(after(400)), "until 300 s after");
    assert_eq!(world.tell(100), ["resolved: node"]);
    let mut world = world.restart();
    assert_eq!(world.tell(399), [""; 0]);
    assert_eq!(world.tell(400), ["unmuted: pod-2"]);
    world.arrive(500, &[("pod-1", None), ("pod-2", None)]);
    assert_eq!(world.tell(500), ["resolved: pod-1", "resolved: pod-2"]);
}

fn a_source_of_which_nothing_is_heard_holds_on_for_its_time_and_is_listed(folder: &StateFolder) {
    const DAY: i64 = 86_400;
    let mut world = HoldWorld::new(folder);
    world.rules.has_mute = true;
    world.arrive(0, &[("node", CRITICAL), ("pod-1", WARNING)]);
    assert_eq!(world.tell(0), ["new: node"]);
    // A source is written again once an hour, so it counts for up to so much longer.
    let expired = world.work(0).unwrap();
    let late = expired.epoch_milliseconds() / 1_000 - START / 1_000;
    assert!((DAY..=DAY + 3_600).contains(&late), "{late}");
    assert_eq!(world.work(late), Some(after(late + 300)), "until 300 s after");
    assert_eq!(world.tell(late + 299), ["repeat: node"], "the pod is held");
    assert_eq!(world.reader().expired_sources(10), Ok(Vec::new()));
    let mut world = world.restart();
    world.work(late + 300);
    assert_eq!(world.tell(late + 300), ["unmuted: pod-1"]);
    let listed = world.reader().expired_sources(10).unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!((listed[0].key.as_str(), listed[0].since, listed[0].expired), ("node", after(0), after(late)));
    assert_eq!(listed[0].event.map(|event| event.index), Some(0));
    // It counts again once it is heard of, and is over once it ends.
    world.arrive(late + 400, &[("node", CRITICAL), ("pod-2", WARNING)]);
    assert_eq!(world.tell(late + 400), [""; 0]);
    assert_eq!(world.reader().expired_sources(10), Ok(Vec::new()));
}

fn a_source_that_comes_last_in_a_push_holds_the_others(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.rules.has_mute = true;
    world.arrive(0, &[("pod-1", WARNING), ("pod-2", CRITICAL), ("node", CRITICAL)]);
    assert_eq!(world.tell(0), ["new: node"]);
    // A push with the end of the source holds on.
    world.arrive(10, &[("node", None), ("pod-3", WARNING)]);
    assert_eq!(world.tell(10), ["resolved: node"]);
    world.work(310);
    assert_eq!(world.tell(310), ["unmuted: pod-1", "unmuted: pod-2", "unmuted: pod-3"]);
}

fn rules_that_are_loaded_hold_and_release_what_fires(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.rules.has_mute = true;
    world.arrive(0, &[("node", CRITICAL), ("pod-1", WARNING)]);
    assert_eq!(world.tell(0), ["new: node"]);
    // A push of the rules before is asked again by those in force.
    let before = world.push("chat", &[("pod-2", WARNING)]);
    world.rules = TestRules { generation: 2, has_mute: false, is_night: false };
    world.with_context(1, |transaction, context| ask_everything(transaction, context.asker));
    world.accept(1, &before);
    world.work(1);
    assert_eq!(world.tell(1), ["new: pod-2", "unmuted: pod-1"]);
    world.rules = TestRules { generation: 3, has_mute: true, is_night: false };
    world.with_context(2, |transaction, context| ask_everything(transaction, context.asker));
    world.work(2);
    world.arrive(3, &[("pod-1", CRITICAL)]);
    assert_eq!(world.tell(3), [""; 0], "the node fires since before the load");
}

fn a_mute_with_a_schedule_begins_and_ends_to_the_moment(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.rules.has_mute = true;
    world.arrive(0, &[("job-1", WARNING)]);
    assert_eq!(world.tell(0), ["new: job-1"]);
    // The night begins: what was told stays, what is new or worse is held.
    world.rules.is_night = true;
    world.with_context(10, |transaction, context| ask_everything(transaction, context.asker));
    world.work(10);
    world.arrive(10, &[("job-1", CRITICAL), ("job-2", WARNING), ("job-3", WARNING)]);
    assert_eq!(world.tell(10), [""; 0]);
    let held = world.reader().held_counts().unwrap();
    assert_eq!((held[0].mute.as_deref(), held[0].alerts), (Some("batch"), 3), "{held:?}");
    world.arrive(20, &[("job-3", None)]);
    assert_eq!(world.tell(99), [""; 0]);
    let mut world = world.restart();
    // It ends: what outlasts it is told, over a restart too.
    world.rules.is_night = false;
    world.with_context(100, |transaction, context| ask_everything(transaction, context.asker));
    world.work(100);
    assert_eq!(world.tell(100), ["unmuted: job-1", "unmuted: job-2"]);
    assert_eq!(world.reader().held_counts().unwrap(), []);
}

fn what_is_due_is_asked_before_it_is_told(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.arrive(0, &[("node", CRITICAL)]);
    assert_eq!(world.tell(0), ["new: node"]);
    world.arrive(1, &[("pod-1", WARNING), ("other", WARNING)]);
    world.rules = TestRules { generation: 2, has_mute: true, is_night: false };
    world.with_context(2, |transaction, context| ask_everything(transaction, context.asker));
    // The node, which holds the pod, may not be asked yet: nothing is told before.
    assert_eq!(world.tell(2), [""; 0]);
    world.work(2);
    assert_eq!(world.tell(2), ["new: other"]);
    // What no other alert may hold is told as soon as it was asked.
    world.arrive(3, &[("third", WARNING)]);
    world.with_context(3, |transaction, context| ask_everything(transaction, context.asker));
    assert_eq!(world.tell(3), ["new: third"]);
}

fn a_copy_is_never_held(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.silence(1, "a b", 0, 600);
    let mut push = world.push("chat", &[("a", WARNING), ("b", WARNING)]);
    push.holds.as_mut().unwrap().copies = vec![EventCopy { index: 0, channel: "chat".to_owned() }];
    world.accept(1, &push);
    world.work(1);
    assert_eq!(world.tell(1), ["new: a"]);
    world.with_context(2, |transaction, context| ask_everything(transaction, context.asker));
    world.work(2);
    world.arrive(3, &[("a", None)]);
    assert_eq!(world.tell(3), ["resolved: a"]);
}

fn a_channel_that_gets_every_event_gets_what_outlasts_its_hold(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    let push = |world: &mut HoldWorld<'_>, now, events: &[(&str, Option<Severity>)]| {
        let push = world.push("page", events);
        world.accept(now, &push);
    };
    push(&mut world, 0, &[("told", WARNING)]);
    world.silence(1, "told new over", 1, 600);
    push(&mut world, 10, &[("told", WARNING), ("new", WARNING), ("over", WARNING), ("other", WARNING)]);
    push(&mut world, 20, &[("new", CRITICAL), ("over", None)]);
    let mut world = world.restart();
    push(&mut world, 30, &[("told", None)]);
    assert_eq!(world.sent("page"), ["told Warning", "other Warning", "told Resolved"]);
    world.end_silence(1, 40);
    world.work(40);
    assert_eq!(world.sent("page")[3..], ["new Critical"], "the last event goes out, and nothing of what is over");
    push(&mut world, 50, &[("new", None)]);
    assert_eq!(world.sent("page")[4..], ["new Resolved"]);
}
