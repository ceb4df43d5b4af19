//! Two channels, one the fallback of the other.

use super::{Receiver, World, alert_id, arrival, at, group_id, plain, seconds, waits};
use pointsman::channel::{NotificationPolicy, RecoveryPolicy, RepeatPolicy, WaitRange};
use pointsman::event::Severity::{self, Critical, Info, Warning};
use pointsman::notification::{AlertId, Arrival, ChannelStore, HoldState, MessageEnd, NewsKind, PassCause};
use pointsman::time::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

/// A channel and its fallback over virtual time, with what is true of the alerts.
struct Pair {
    channel: World,
    fallback: World,
    /// The alerts that were passed on and are not over.
    passed: BTreeSet<AlertId>,
    /// What fires, in which group, and since when.
    firing: BTreeMap<AlertId, (Severity, u32, Timestamp)>,
    /// Why alerts were passed on, and when.
    causes: Vec<(Timestamp, AlertId, PassCause)>,
}

impl Pair {
    fn new(policy: NotificationPolicy, fallback: NotificationPolicy) -> Self {
        let (channel, fallback) = (World::new(policy), World::new(fallback));
        Self { channel, fallback, passed: BTreeSet::new(), firing: BTreeMap::new(), causes: Vec::new() }
    }

    fn advance(&mut self) {
        self.channel.advance();
        self.fallback.advance();
        for _ in 0..10_000 {
            let now = self.channel.now;
            let Ok(passed) = self.channel.notifier().pass_on(now);
            if passed.is_empty() {
                return;
            }
            let arrivals: Vec<Arrival> = passed
                .iter()
                .map(|one| {
                    let group = self.firing.get(&one.alert).map_or(0, |known| known.1);
                    Arrival {
                        alert: one.alert,
                        group: group_id(group),
                        firing: Some(one.firing),
                        hold: HoldState::Free,
                    }
                })
                .collect();
            self.causes.extend(passed.iter().map(|one| (now, one.alert, one.cause)));
            self.passed.extend(passed.iter().map(|one| one.alert));
            let Ok(_) = self.fallback.notifier().take_over(now, &arrivals);
            self.channel.advance();
            self.fallback.advance();
        }
        panic!("it passes on for ever at {:?}", self.channel.now);
    }

    fn run_to(&mut self, until: Timestamp) {
        loop {
            self.advance();
            let now = self.channel.now;
            let Ok(next) = self.channel.notifier().next_moment(now);
            let Ok(other) = self.fallback.notifier().next_moment(now);
            match next.into_iter().chain(other).min().filter(|next| *next <= until) {
                Some(next) => {
                    assert!(next > now, "time stands still at {now:?}");
                    self.set_now(next);
                }
                None => break,
            }
        }
        self.set_now(until);
        self.advance();
    }

    fn set_now(&mut self, now: Timestamp) {
        (self.channel.now, self.fallback.now) = (now, now);
    }

    /// Events that are routed to the channel.
    fn push(&mut self, arrivals: &[Arrival]) {
        self.advance();
        let now = self.channel.now;
        for arrival in arrivals {
            match arrival.firing {
                Some(severity) => {
                    let group = u32::from_be_bytes(arrival.group.0[..4].try_into().unwrap());
                    let known = self.firing.entry(arrival.alert).or_insert((severity, group, now));
                    known.0 = severity;
                }
                None => drop(self.firing.remove(&arrival.alert)),
            }
        }
        let Ok(_) = self.channel.notifier().arrive(now, arrivals);
        // What fires again within the push is a new alert, which is routed to the channel alone.
        let mut own = arrivals.to_vec();
        own.retain(|arrival| match arrival.firing {
            Some(_) => self.passed.contains(&arrival.alert),
            None => self.passed.remove(&arrival.alert),
        });
        let Ok(_) = self.fallback.notifier().arrive(now, &own);
        self.advance();
    }
}

fn with_fallback(policy: NotificationPolicy) -> NotificationPolicy {
    NotificationPolicy { fallback_after: Some(seconds(300)), ..policy }
}

#[test]
fn what_is_not_delivered_is_told_elsewhere_once() {
    let mut pair = Pair::new(with_fallback(plain()), plain());
    pair.channel.receiver = Receiver::Down;
    pair.push(&[arrival(1, 1, Some(Warning))]);
    pair.run_to(at(2_000));
    assert_eq!(pair.fallback.told(), ["300s fallback Warning firing 1 resolved 0 muted 0"]);
    pair.push(&[arrival(1, 1, Some(Critical))]);
    assert_eq!(pair.fallback.told(), ["2000s worse Critical firing 1 resolved 0 muted 0"]);
    pair.channel.receiver = Receiver::Up;
    pair.run_to(at(2_100));
    assert_eq!(
        pair.channel.told(),
        ["0s new Warning firing 1 resolved 0 muted 0", "2000s worse Critical firing 1 resolved 0 muted 0"]
    );
    pair.push(&[arrival(1, 1, None)]);
    let over = ["2100s resolved Resolved firing 0 resolved 1 muted 0"];
    assert_eq!(
        (pair.channel.told(), pair.fallback.told()),
        (over.map(str::to_owned).into(), over.map(str::to_owned).into())
    );
    assert_eq!(pair.causes, [(at(300), alert_id(1), PassCause::Overdue)]);
}

#[test]
fn a_message_that_is_given_up_is_told_elsewhere_at_once() {
    for end in [MessageEnd::Expired, MessageEnd::Refused] {
        let mut pair = Pair::new(with_fallback(plain()), waits(30, 30));
        pair.channel.receiver = Receiver::Down;
        pair.push(&[arrival(1, 1, Some(Warning)), arrival(2, 1, Some(Info))]);
        pair.run_to(at(60));
        pair.push(&[arrival(2, 1, None)]);
        pair.channel.end_all(end);
        pair.run_to(at(200));
        assert_eq!(pair.fallback.told(), ["90s fallback Warning firing 1 resolved 0 muted 0"]);
        assert_eq!(pair.causes, [(at(60), alert_id(1), PassCause::GivenUp)]);
    }
}

#[test]
fn an_alert_that_fires_again_is_told_elsewhere_again() {
    let mut pair = Pair::new(with_fallback(plain()), plain());
    pair.channel.receiver = Receiver::Down;
    pair.push(&[arrival(1, 1, Some(Warning))]);
    pair.run_to(at(400));
    pair.push(&[arrival(1, 1, None), arrival(1, 1, Some(Warning))]);
    pair.run_to(at(2_000));
    assert_eq!(
        pair.fallback.told(),
        [
            "300s fallback Warning firing 1 resolved 0 muted 0",
            "400s resolved Resolved firing 0 resolved 1 muted 0",
            "700s fallback Warning firing 1 resolved 0 muted 0"
        ]
    );
}

#[test]
fn a_refused_end_is_not_told_elsewhere() {
    let mut pair = Pair::new(with_fallback(plain()), plain());
    pair.push(&[arrival(1, 1, Some(Warning))]);
    pair.channel.receiver = Receiver::Refuses;
    pair.push(&[arrival(1, 1, None)]);
    pair.run_to(at(5_000));
    assert_eq!(pair.fallback.told(), [""; 0]);
    assert_eq!(pair.channel.told().len(), 2);
}

#[test]
fn what_gathers_behind_an_undelivered_message_counts_from_its_own_due() {
    let mut pair = Pair::new(with_fallback(plain()), plain());
    pair.channel.receiver = Receiver::Down;
    pair.push(&[arrival(1, 1, Some(Warning))]);
    pair.run_to(at(200));
    pair.push(&[arrival(2, 1, Some(Warning))]);
    pair.run_to(at(499));
    assert_eq!(pair.fallback.told(), ["300s fallback Warning firing 1 resolved 0 muted 0"]);
    pair.run_to(at(500));
    assert_eq!(pair.fallback.told(), ["500s fallback Warning firing 2 resolved 0 muted 0"]);
}

#[test]
fn a_paused_channel_passes_on_what_is_due_and_nothing_that_waits() {
    let mut pair = Pair::new(with_fallback(waits(600, 600)), plain());
    let Ok(()) = pair.channel.notifier().pause();
    pair.push(&[arrival(1, 1, Some(Warning))]);
    pair.run_to(at(500));
    pair.push(&[arrival(2, 2, Some(Warning)), arrival(3, 2, Some(Warning))]);
    pair.run_to(at(900));
    assert_eq!(pair.fallback.told(), ["900s fallback Warning firing 1 resolved 0 muted 0"]);
    pair.push(&[arrival(3, 2, None)]);
    pair.run_to(at(1_400));
    assert_eq!(pair.fallback.told(), ["1400s fallback Warning firing 1 resolved 0 muted 0"]);
}

#[test]
fn what_is_held_or_went_elsewhere_is_not_passed_on() {
    let mut pair = Pair::new(with_fallback(plain()), plain());
    let Ok(()) = pair.channel.notifier().pause();
    pair.push(&[arrival(1, 1, Some(Warning)), arrival(2, 2, Some(Warning))]);
    pair.channel.hold(1, HoldState::Held);
    let now = pair.channel.now;
    let Ok(()) = pair.channel.notifier().unroute(now, alert_id(2), HoldState::Free);
    pair.run_to(at(5_000));
    assert_eq!(pair.fallback.told(), [""; 0]);
}

#[test]
fn an_alert_that_was_passed_on_stays_whatever_routing_says() {
    let mut pair = Pair::new(with_fallback(plain()), waits(60, 60));
    let Ok(()) = pair.channel.notifier().pause();
    pair.push(&[arrival(1, 1, Some(Warning))]);
    pair.run_to(at(300));
    let now = pair.channel.now;
    let Ok(()) = pair.fallback.notifier().unroute(now, alert_id(1), HoldState::Free);
    let Ok(()) = pair.channel.notifier().unroute(now, alert_id(1), HoldState::Free);
    pair.run_to(at(360));
    assert_eq!(pair.fallback.told(), ["360s fallback Warning firing 1 resolved 0 muted 0"]);
}

#[test]
fn a_channel_that_loses_its_fallback_passes_nothing_on() {
    let mut pair = Pair::new(with_fallback(plain()), plain());
    pair.channel.receiver = Receiver::Down;
    pair.push(&[arrival(1, 1, Some(Warning))]);
    pair.channel.policy.fallback_after = None;
    let Ok(()) = pair.channel.notifier().apply_policy();
    let now = pair.channel.now;
    assert_eq!(pair.channel.notifier().next_moment(now), Ok(None));
    pair.run_to(at(1_000));
    pair.channel.policy.fallback_after = Some(seconds(300));
    let Ok(()) = pair.channel.notifier().apply_policy();
    pair.run_to(at(1_001));
    assert_eq!(pair.fallback.told(), ["1000s fallback Warning firing 1 resolved 0 muted 0"]);
}

/// What happens at a moment.
#[derive(Debug, Clone)]
enum Step {
    Push(Vec<Arrival>),
    Channel(Receiver),
    Fallback(Receiver),
    Expire,
    Pause,
    Resume,
    PauseFallback,
    ResumeFallback,
}

fn policies() -> impl Strategy<Value = NotificationPolicy> {
    let waits = prop_oneof![Just((0, 0)), Just((30, 30)), Just((30, 600))];
    let repeats = prop_oneof![Just(RepeatPolicy::Never), Just(RepeatPolicy::After(seconds(3_600)))];
    let recoveries = prop_oneof![Just(RecoveryPolicy::Group), Just(RecoveryPolicy::Each)];
    let rates = prop_oneof![Just(None), Just(NonZeroU32::new(1)), Just(NonZeroU32::new(20))];
    (waits, 0..=30_u64, repeats, recoveries, rates, any::<bool>(), 0..3_u64).prop_map(
        |((low, high), critical, repeat, recoveries, rate, gathers_storms, after)| NotificationPolicy {
            repeat,
            wait: WaitRange { low: seconds(low), high: seconds(high) },
            wait_critical: seconds(critical.min(low)),
            recoveries,
            rate,
            gathers_storms,
            fallback_after: Some(seconds(60 + after * 120)),
        },
    )
}

fn steps() -> impl Strategy<Value = Step> {
    let severity = prop_oneof![Just(None), Just(Some(Info)), Just(Some(Warning)), Just(Some(Critical))];
    let event = (0..6_u32, 0..3_u32, severity).prop_map(|(alert, group, firing)| arrival(alert, group, firing));
    let receiver = || prop_oneof![2 => Just(Receiver::Up), 3 => Just(Receiver::Down), 1 => Just(Receiver::Refuses)];
    prop_oneof![
        12 => vec(event, 1..4).prop_map(Step::Push),
        3 => receiver().prop_map(Step::Channel),
        1 => receiver().prop_map(Step::Fallback),
        1 => Just(Step::Expire),
        1 => Just(Step::Pause),
        1 => Just(Step::Resume),
        1 => Just(Step::PauseFallback),
        2 => Just(Step::ResumeFallback),
    ]
}

fn schedules() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let gaps = prop_oneof![4 => 0..5_u64, 4 => 5..90_u64, 2 => 90..900_u64];
    vec((gaps, steps()), 1..40)
}

fn apply(pair: &mut Pair, step: &Step) {
    match step {
        Step::Push(arrivals) => pair.push(arrivals),
        Step::Channel(receiver) => pair.channel.receiver = *receiver,
        Step::Fallback(receiver) => pair.fallback.receiver = *receiver,
        Step::Expire => pair.channel.end_all(MessageEnd::Expired),
        Step::Pause => drop(pair.channel.notifier().pause()),
        Step::Resume => drop(pair.channel.notifier().resume()),
        Step::PauseFallback => drop(pair.fallback.notifier().pause()),
        Step::ResumeFallback => drop(pair.fallback.notifier().resume()),
    }
    pair.advance();
}

fn play(
    (policy, fallback): (NotificationPolicy, NotificationPolicy),
    schedule: &[(u64, Step)],
    mut look: impl FnMut(&mut Pair),
) -> Pair {
    let mut pair = Pair::new(policy, NotificationPolicy { fallback_after: None, ..fallback });
    for (gap, step) in schedule {
        let next = pair.channel.now.saturating_add(seconds(*gap));
        pair.run_to(next);
        apply(&mut pair, step);
        look(&mut pair);
    }
    pair
}

/// What a channel was told by what was delivered.
fn heard(world: &World) -> BTreeMap<AlertId, Severity> {
    let mut heard = BTreeMap::new();
    for (_, message, end) in &world.ended {
        for news in message.news.iter().filter(|_| *end == MessageEnd::Delivered) {
            match news.now {
                Some(severity) => drop(heard.insert(news.alert, severity)),
                None => drop(heard.remove(&news.alert)),
            }
        }
    }
    heard
}

fn cases() -> u32 {
    std::env::var("NOTIFICATION_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// No alert that fires stays unknown: once its news is due for `fallback_after` and the channel did not take it, the fallback
    /// has it, or its own message was made and has a moment left.
    #[test]
    fn overdue_news_is_passed_on(policies in (policies(), policies()), schedule in schedules()) {
        let after = policies.0.fallback_after.unwrap();
        let longest = policies.0.wait.high.max(policies.0.wait_critical);
        play(policies, &schedule, |pair| {
            let known = heard(&pair.channel);
            for (id, (severity, _, since)) in &pair.firing {
                let Ok(Some(alert)) = pair.channel.store.alert(*id) else { panic!("{id:?} fires and is not known") };
                let refused = alert.news.is_some_and(|news| news.origin == pointsman::notification::NewsOrigin::Refusal);
                let limit = since.saturating_add(longest).saturating_add(after).saturating_add(seconds(10));
                if !known.contains_key(id) && pair.channel.now > limit {
                    assert!(pair.passed.contains(id), "{id:?} {severity:?} {alert:?} refused {refused} at {:?}", pair.channel.now);
                }
            }
        });
    }

    /// Once both channels take messages, each was told to be over what it was told, and what fires is known to one at least.
    #[test]
    fn each_channel_hears_the_end_of_what_it_was_told(policies in (policies(), policies()), schedule in schedules()) {
        let mut pair = play(policies, &schedule, |_| {});
        let over: Vec<Arrival> = (0..6).map(|alert| arrival(alert, 0, None)).collect();
        (pair.channel.receiver, pair.fallback.receiver) = (Receiver::Up, Receiver::Up);
        let (Ok(()), Ok(())) = (pair.channel.notifier().resume(), pair.fallback.notifier().resume());
        pair.advance();
        pair.run_to(pair.channel.now.saturating_add(seconds(3_500)));
        let (own, other) = (heard(&pair.channel), heard(&pair.fallback));
        for (id, (severity, ..)) in &pair.firing {
            // What the receivers refused goes along with their next messages.
            let Ok(refused) = pair.fallback.notifier().refused();
            let is_known = own.contains_key(id) || other.contains_key(id);
            prop_assert!(is_known || refused.contains(id), "{:?} {:?}", id, severity);
        }
        pair.push(&over);
        pair.run_to(pair.channel.now.saturating_add(seconds(3_500)));
        // The end of what a receiver refused an end of before is not told again.
        for world in [&pair.channel, &pair.fallback] {
            let is_refused_end = |id: &AlertId| world.ended.iter().any(|(_, message, end)| {
                *end == MessageEnd::Refused && message.news.iter().any(|news| news.alert == *id && news.kind == NewsKind::Over)
            });
            let left: Vec<AlertId> = heard(world).into_keys().filter(|id| !is_refused_end(id)).collect();
            prop_assert_eq!(left, [], "told and never told to be over");
        }
    }

    /// Nothing is passed on of what is over, and a fallback is told only of what was passed on.
    #[test]
    fn only_what_fires_is_passed_on(policies in (policies(), policies()), schedule in schedules()) {
        let pair = play(policies, &schedule, |pair| {
            for (_, alert, _) in std::mem::take(&mut pair.causes) {
                assert!(pair.firing.contains_key(&alert) || !pair.passed.contains(&alert), "{alert:?}");
            }
        });
        for message in &pair.fallback.made {
            let is_first = message.news.iter().any(|news| news.kind == NewsKind::New);
            let is_due = matches!(message.reason.name(), "new" | "unmuted");
            prop_assert!(!(is_first && is_due), "{:?}", message);
        }
    }
}
