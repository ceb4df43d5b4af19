//! The promises of the state machine, over random policies and schedules.

use super::{Receiver, World, alert_id, at, group_id, seconds};
use pointsman::channel::{NotificationPolicy, RecoveryPolicy, RepeatPolicy, WaitRange};
use pointsman::event::Severity;
use pointsman::notification::{
    AlertId, AlertRecord, Arrival, ArrivalResult, ChannelStore, GroupCounts, GroupId, HoldState, MessageEnd, NewsKind,
    RoutingState,
};
use pointsman::time::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq, proptest};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::time::Duration;

#[path = "laws/reloads.rs"]
mod reloads;

const ALERTS: u32 = 6;
const GROUPS: u32 = 3;

/// What happens at a moment.
#[derive(Debug, Clone)]
enum Step {
    Push(Vec<Arrival>),
    Hold(u32, HoldState),
    Unroute(u32),
    Receiver(Receiver),
    Expire,
    Drop(Vec<Severity>),
    Pause,
    Resume,
}

pub(super) fn policies() -> impl Strategy<Value = NotificationPolicy> {
    let waits = prop_oneof![Just((0, 0)), Just((30, 30)), Just((30, 600)), Just((300, 300))];
    let repeats = prop_oneof![Just(RepeatPolicy::Never), Just(RepeatPolicy::After(seconds(3_600)))];
    let recoveries = prop_oneof![Just(RecoveryPolicy::Group), Just(RecoveryPolicy::Each), Just(RecoveryPolicy::Never)];
    let rates = prop_oneof![Just(None), Just(NonZeroU32::new(1)), Just(NonZeroU32::new(6)), Just(NonZeroU32::new(20))];
    (waits, 0..=30_u64, repeats, recoveries, rates, any::<bool>()).prop_map(
        |((low, high), critical, repeat, recoveries, rate, gathers_storms)| NotificationPolicy {
            repeat,
            wait: WaitRange { low: seconds(low), high: seconds(high) },
            wait_critical: seconds(critical.min(low)),
            recoveries,
            rate,
            gathers_storms,
            fallback_after: None,
        },
    )
}

pub(super) fn severities() -> impl Strategy<Value = Option<Severity>> {
    prop_oneof![Just(None), Just(Some(Severity::Info)), Just(Some(Severity::Warning)), Just(Some(Severity::Critical)),]
}

fn holds() -> impl Strategy<Value = HoldState> {
    prop_oneof![4 => Just(HoldState::Free), 1 => Just(HoldState::Held)]
}

fn arrivals() -> impl Strategy<Value = Arrival> {
    (0..ALERTS, 0..GROUPS, severities(), holds()).prop_map(|(alert, group, firing, hold)| Arrival {
        alert: alert_id(alert),
        group: group_id(group),
        firing,
        hold,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    let receivers = prop_oneof![3 => Just(Receiver::Up), 2 => Just(Receiver::Down), 1 => Just(Receiver::Refuses)];
    prop_oneof![
        12 => vec(arrivals(), 1..4).prop_map(Step::Push),
        2 => (0..ALERTS, holds()).prop_map(|(alert, hold)| Step::Hold(alert, hold)),
        1 => (0..ALERTS).prop_map(Step::Unroute),
        2 => receivers.prop_map(Step::Receiver),
        1 => Just(Step::Expire),
        1 => severities().prop_map(|one| Step::Drop(one.map_or(Severity::ALL.to_vec(), |one| vec![one]))),
        1 => Just(Step::Pause),
        1 => Just(Step::Resume),
    ]
}

/// Steps and the seconds before each.
fn schedules() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let gaps = prop_oneof![4 => 0..5_u64, 4 => 5..90_u64, 1 => 90..900_u64, 1 => 900..8_000_u64];
    vec((gaps, steps()), 1..40)
}

fn apply(world: &mut World, step: &Step) {
    match step {
        Step::Push(arrivals) => drop(world.push(arrivals)),
        Step::Hold(alert, hold) => world.hold(*alert, *hold),
        Step::Unroute(alert) => {
            let now = world.now;
            let Ok(()) = world.notifier().unroute(now, alert_id(*alert), HoldState::Free);
            world.advance();
        }
        Step::Receiver(receiver) => {
            world.receiver = *receiver;
            world.advance();
        }
        Step::Expire => {
            world.end_all(MessageEnd::Expired);
            world.advance();
        }
        Step::Drop(severities) => world.drop_pending(severities),
        Step::Pause => {
            let Ok(()) = world.notifier().pause();
        }
        Step::Resume => {
            let Ok(()) = world.notifier().resume();
            world.advance();
        }
    }
}

/// Plays a schedule; `look` sees the world after each step.
fn play(policy: NotificationPolicy, schedule: &[(u64, Step)], mut look: impl FnMut(&mut World, &Step)) -> World {
    let mut world = World::new(policy);
    for (gap, step) in schedule {
        let next = world.now.saturating_add(seconds(*gap));
        world.run_to(next);
        apply(&mut world, step);
        look(&mut world, step);
    }
    world
}

fn play_on(world: &mut World, schedule: &[(u64, Step)]) {
    for (gap, step) in schedule {
        let next = world.now.saturating_add(seconds(*gap));
        world.run_to(next);
        apply(world, step);
    }
}

/// The receiver takes everything, and nothing happens any more.
fn calm_down(world: &mut World) {
    let Ok(()) = world.notifier().resume();
    world.receiver = Receiver::Up;
    world.run_to(world.now.saturating_add(seconds(3_500)));
}

pub(super) fn alerts(world: &World) -> BTreeMap<AlertId, AlertRecord> {
    world.store.alerts().map(|(id, alert)| (id, *alert)).collect()
}

pub(super) fn cases() -> u32 {
    std::env::var("NOTIFICATION_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// What was told is told to be over, in the same group, and an end is told only of what was told.
    #[test]
    fn ends(policy in policies(), schedule in schedules()) {
        let mut world = play(policy, &schedule, |_, _| {});
        calm_down(&mut world);
        ends_hold(&world)?;
    }

    /// Once nothing changed for the longest wait and the channel takes messages, told is true, but for what is held, falls of
    /// severity, partial ends, what went elsewhere and what was refused.
    #[test]
    fn convergence(policy in policies(), schedule in schedules()) {
        let mut world = play(policy, &schedule, |_, _| {});
        calm_down(&mut world);
        told_is_true(&world)?;
    }

    /// At most `rate` messages in any minute; at most three undelivered, four with Critical news.
    #[test]
    fn budget(policy in policies(), schedule in schedules()) {
        let mut most = (0, false);
        let world = play(policy, &schedule, |world, _| {
            let critical = world.waiting.iter().any(|message| message.worst_news() == Some(Severity::Critical));
            if world.waiting.len() > most.0 {
                most = (world.waiting.len(), critical);
            }
        });
        prop_assert!(most.0 <= 3 || (most.0 == 4 && most.1), "{} undelivered", most.0);
        if let Some(rate) = policy.rate {
            let times: Vec<Timestamp> = world.made.iter().map(|message| message.at).collect();
            for window in times.windows(rate.get() as usize + 1) {
                let (first, last) = (window[0], window[window.len() - 1]);
                prop_assert!(last.saturating_duration_since(first) >= Duration::from_mins(1), "{:?}", window);
            }
        }
    }

    /// A Critical that nothing holds, in a group where nothing told Critical still fires, is told within `wait_critical`.
    #[test]
    fn urgency(policy in policies(), schedule in schedules()) {
        let policy = NotificationPolicy { gathers_storms: false, rate: None, ..policy };
        play(policy, &schedule, |world, _| {
            is_urgent(world);
        });
    }

    /// Between two messages of a group without a change, a fall that goes along or a given-up message lies `repeat`.
    #[test]
    fn quiet(policy in policies(), schedule in schedules()) {
        let world = play(policy, &schedule, |_, _| {});
        let mut last: BTreeMap<GroupId, Timestamp> = BTreeMap::new();
        for message in &world.made {
            let is_repetition = message.news.is_empty();
            for group in &message.groups {
                if let Some(before) = last.insert(*group, message.at).filter(|_| is_repetition) {
                    let RepeatPolicy::After(pause) = policy.repeat else { panic!("{message:?}") };
                    prop_assert!(message.at.saturating_duration_since(before) >= pause, "{:?}", message);
                }
            }
        }
    }

    /// Nothing that is held is told new or worse.
    #[test]
    fn mutes(policy in policies(), schedule in schedules()) {
        let mut held: BTreeMap<AlertId, AlertRecord> = BTreeMap::new();
        let mut seen = 0;
        play(policy, &schedule, |world, _| {
            for message in &world.made[seen..] {
                for news in message.news.iter().filter(|news| news.now > news.before) {
                    let still = held.get(&news.alert).filter(|_| message.at < world.now);
                    assert!(still.is_none(), "{news:?} was held");
                }
            }
            seen = world.made.len();
            held = alerts(world).into_iter().filter(|(_, alert)| alert.hold == HoldState::Held).collect();
        });
    }

    /// What an operator dropped is not told unless it gets worse, and nothing is left that could be dropped.
    #[test]
    fn drops(policy in policies(), schedule in schedules()) {
        let mut dropped: BTreeMap<AlertId, Severity> = BTreeMap::new();
        let mut seen = 0;
        play(policy, &schedule, |world, step| {
            if let Step::Push(arrivals) = step {
                for over in arrivals.iter().filter(|one| one.firing.is_none()) {
                    dropped.remove(&over.alert);
                }
            }
            let made = &world.made[seen..];
            for news in made.iter().flat_map(|message| &message.news) {
                let is_told = |severity: &Severity| news.now > news.before && news.now <= Some(*severity);
                assert!(!dropped.get(&news.alert).is_some_and(is_told), "{news:?} was dropped");
                // It got worse.
                if dropped.get(&news.alert).is_some_and(|severity| news.now > Some(*severity)) {
                    dropped.remove(&news.alert);
                }
            }
            if let Step::Drop(severities) = step {
                for one in &world.dropped {
                    let known = dropped.entry(one.alert).or_insert(one.severity);
                    *known = one.severity.max(*known);
                }
                // What was worse by then was told at once.
                for news in made.iter().flat_map(|message| &message.news) {
                    if dropped.get(&news.alert).is_some_and(|severity| news.now > Some(*severity)) {
                        dropped.remove(&news.alert);
                    }
                }
                let is_left = |alert: &AlertRecord| {
                    let is_rising = matches!(alert.tellable(), Some(NewsKind::New | NewsKind::Worse));
                    is_rising && alert.firing.is_some_and(|severity| severities.contains(&severity))
                };
                assert!(!alerts(world).values().any(is_left), "{:?}", world.store);
            }
            seen = world.made.len();
            let known = alerts(world);
            dropped.retain(|id, _| known.get(id).is_some_and(|alert| alert.firing.is_some()));
        });
    }

    /// Messages do not depend on the order in which the alerts of one push come.
    #[test]
    fn order(policy in policies(), schedule in schedules()) {
        let turned: Vec<(u64, Step)> = schedule
            .iter()
            .map(|(gap, step)| (*gap, match step {
                Step::Push(arrivals) => Step::Push(turned(arrivals)),
                other => other.clone(),
            }))
            .collect();
        let (one, other) = (play(policy, &schedule, |_, _| {}), play(policy, &turned, |_, _| {}));
        prop_assert_eq!(one.made, other.made);
        prop_assert_eq!(one.store, other.store);
    }

    /// What is counted for groups is what their alerts are, and no alert is without a group.
    #[test]
    fn counts(policy in policies(), schedule in schedules()) {
        play(policy, &schedule, |world, _| {
            let mut counts: BTreeMap<GroupId, GroupCounts> = BTreeMap::new();
            for (_, alert) in world.store.alerts() {
                counts.entry(alert.group).or_default().add(alert);
            }
            let Ok(groups) = world.store.groups();
            for id in groups {
                let Ok(Some(group)) = world.store.group(id) else { panic!("{id:?}") };
                assert_eq!(group.counts, counts.remove(&id).unwrap_or_default());
            }
            assert!(counts.is_empty(), "{counts:?}");
        });
    }

    /// A message that is due is made when the next moment says, and not before: a world that looks at every second makes the
    /// same messages.
    #[test]
    fn moments(policy in policies(), schedule in vec((0..70_u64, steps()), 1..12)) {
        let ahead = play(policy, &schedule, |_, _| {});
        let mut looking = World::new(policy);
        for (gap, step) in &schedule {
            for _ in 0..*gap {
                looking.now = looking.now.saturating_add(seconds(1));
                looking.advance();
            }
            apply(&mut looking, step);
        }
        prop_assert_eq!(ahead.made, looking.made);
    }

    /// A repetition of what fires is no news: with every alert heard again after each step, the messages are the same.
    #[test]
    fn repetitions(policy in policies(), schedule in schedules(), group in 0..GROUPS) {
        let once = play(policy, &schedule, |_, _| {});
        let heard = play(policy, &schedule, |world, _| {
            let firing = alerts(world).into_iter().filter(|(_, alert)| alert.routing == RoutingState::Here);
            let again = firing.filter_map(|(alert, record)| {
                Some(Arrival { alert, group: group_id(group), firing: Some(record.firing?), hold: record.hold })
            });
            let results = world.push(&again.collect::<Vec<_>>());
            assert!(results.iter().all(|result| *result != ArrivalResult::NothingOpen), "{results:?}");
        });
        prop_assert_eq!(once.made, heard.made);
        prop_assert_eq!(once.store, heard.store);
    }

    /// Every accepted firing has a fate: it was told, waits, goes along, is held, went elsewhere, or is over.
    #[test]
    fn fate(policy in policies(), schedule in schedules()) {
        play(policy, &schedule, |world, _| {
            for (id, alert) in alerts(world) {
                let Ok(state) = world.notifier().state(id);
                let is_unknown = state == pointsman::notification::AlertState::Unknown;
                assert!(!is_unknown || alert.firing.is_none(), "{alert:?}");
            }
        });
    }
}

/// What was told is told to be over, in the same group, and an end is told only of what was told.
pub(super) fn ends_hold(world: &World) -> Result<(), TestCaseError> {
    let mut told: BTreeMap<AlertId, (Severity, GroupId)> = BTreeMap::new();
    let mut refused_ends = BTreeSet::new();
    for (_, message, end) in &world.ended {
        for news in &message.news {
            if news.before.is_none() && refused_ends.remove(&news.alert) {
                told.remove(&news.alert);
            }
            if let Some((severity, group)) = told.get(&news.alert).filter(|_| *end != MessageEnd::Refused)
                && world.policy.recoveries != RecoveryPolicy::Never
            {
                prop_assert_eq!(news.before, Some(*severity), "before {:?}", news);
                prop_assert_eq!(news.group, *group, "sticky {:?}", news);
            }
            if news.kind == NewsKind::Over {
                prop_assert!(told.contains_key(&news.alert) && news.now.is_none(), "never told {:?}", news);
            }
            match end {
                MessageEnd::Delivered => match news.now {
                    Some(severity) => drop(told.insert(news.alert, (severity, news.group))),
                    None => drop(told.remove(&news.alert)),
                },
                // Where the alert fires again meanwhile, the channel still believes what it was told.
                MessageEnd::Refused if news.now.is_none() => {
                    refused_ends.insert(news.alert);
                }
                MessageEnd::Refused | MessageEnd::Removed | MessageEnd::Expired | MessageEnd::Dropped => {}
            }
        }
    }
    let known = alerts(world);
    for (id, (severity, _)) in told.into_iter().filter(|(id, _)| !refused_ends.contains(id)) {
        if world.policy.recoveries != RecoveryPolicy::Never {
            prop_assert_eq!(known.get(&id).and_then(|alert| alert.told), Some(severity), "alert {:?}", id);
        }
    }
    Ok(())
}

/// What differs from what was told is held, a fall of severity, a partial end, elsewhere or refused.
pub(super) fn told_is_true(world: &World) -> Result<(), TestCaseError> {
    for (id, alert) in alerts(world) {
        let Some(kind) = alert.difference() else { continue };
        let is_kept_back = alert.hold == HoldState::Held || alert.routing == RoutingState::Elsewhere;
        if is_kept_back && kind != NewsKind::Over {
            continue;
        }
        let Ok(Some(group)) = world.store.group(alert.group) else { panic!("{id:?} has no group") };
        let is_refused = alert.news.is_some_and(|news| news.origin == pointsman::notification::NewsOrigin::Refusal);
        let is_partial = kind == NewsKind::Over && group.counts.told_firing() > 0;
        prop_assert!(kind == NewsKind::Better || is_partial || is_refused, "{:?} {:?}", alert, group);
    }
    prop_assert!(world.waiting.is_empty());
    Ok(())
}

/// A Critical that nothing holds, in a group where nothing told Critical still fires, is told within `wait_critical`.
pub(super) fn is_urgent(world: &World) {
    let Ok(channel) = world.store.channel();
    if world.receiver != Receiver::Up || channel.is_paused {
        return;
    }
    for (_, alert) in world.store.alerts() {
        let Ok(Some(group)) = world.store.group(alert.group) else { panic!("no group") };
        let critical = Some(Severity::Critical);
        let is_told =
            |other: &AlertRecord| other.told == critical && other.firing == critical && other.hold == HoldState::Free;
        let is_known = world.store.alerts().any(|(_, other)| other.group == alert.group && is_told(other));
        let is_news =
            alert.firing == critical && matches!(alert.tellable(), Some(NewsKind::New | NewsKind::Worse)) && !is_known;
        if let Some(news) = alert.news.filter(|_| is_news)
            && news.origin != pointsman::notification::NewsOrigin::Refusal
        {
            let latest = news.critical_since.unwrap().saturating_add(world.policy.wait_critical);
            assert!(
                world.now < latest || world.policy.wait_critical.is_zero() && world.now <= latest,
                "{alert:?} at {:?}",
                world.now
            );
            assert!(group.due.is_some_and(|due| due <= latest), "{alert:?} {group:?}");
        }
    }
}

/// The arrivals the other way round; those of one alert keep their order.
fn turned(arrivals: &[Arrival]) -> Vec<Arrival> {
    let mut turned = arrivals.to_vec();
    turned.sort_by_key(|arrival| std::cmp::Reverse(arrival.alert));
    turned
}

#[test]
fn a_quiet_group_is_forgotten() {
    let mut world = World::new(super::waits(30, 600));
    world.fire(1, Severity::Warning);
    world.run_to(at(100));
    assert_eq!(world.end(1), ArrivalResult::News);
    world.run_to(at(10_000));
    assert_eq!(world.store, {
        let mut empty = World::new(world.policy);
        let Ok(channel) = world.store.channel();
        let Ok(()) = empty.store.set_channel(&channel);
        empty.store
    });
    assert_eq!(AlertRecord::new(group_id(1)).routing, RoutingState::Here);
}
