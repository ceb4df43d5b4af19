//! The promises of the state machine where mutes and silences hold alerts, over random rules and schedules.

use super::hold_input::{TestEvent, TestMute, TestSilence};
use super::hold_world::{CHANNELS, HoldWorld};
use super::laws::{alerts, cases, ends_hold, is_urgent, policies, severities, told_is_true};
use super::{Receiver, alert_id, seconds};
use pointsman::channel::NotificationPolicy;
use pointsman::notification::holds::SilenceEnd;
use pointsman::notification::{AlertState, HoldState, RoutingState};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};

const ALERTS: u32 = 6;

/// What happens at a moment.
#[derive(Debug, Clone)]
enum Step {
    Push(Vec<TestEvent>),
    Silence(TestSilence),
    EndSilence(usize),
    Load(Vec<TestMute>),
    Receiver(Receiver),
    Expire,
    /// An operator pauses a channel, by position.
    Pause(usize),
    Resume(usize),
}

/// A case: the policies of the channels, the mutes, and what happens, with the seconds before each.
#[derive(Debug, Clone)]
struct Case {
    policies: [NotificationPolicy; 2],
    mutes: Vec<TestMute>,
    steps: Vec<(u64, Step)>,
    /// How many alerts are looked at in one step.
    step: usize,
}

fn kinds() -> impl Strategy<Value = u8> {
    1..8_u8
}

fn only() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![3 => Just(None), 1 => Just(Some("chat")), 1 => Just(Some("page"))]
}

fn mutes() -> impl Strategy<Value = Vec<TestMute>> {
    let untils = prop_oneof![Just(0), Just(60), Just(400)];
    let whiles = prop_oneof![1 => Just(None), 4 => kinds().prop_map(Some)];
    let mute = (kinds(), prop_oneof![4 => Just(false), 1 => Just(true)], whiles, untils, only()).prop_map(
        |(when, at_night, whiles, until_after, channel)| TestMute { when, at_night, whiles, until_after, channel },
    );
    vec(mute, 0..5)
}

fn events() -> impl Strategy<Value = TestEvent> {
    let routes = prop_oneof![1 => Just([false, false]), 4 => Just([true, true]), 1 => any::<[bool; 2]>()];
    let copies = prop_oneof![6 => Just([false, false]), 1 => any::<[bool; 2]>()];
    let kind = (0..3_u8).prop_map(|bit| 1 << bit);
    (0..ALERTS, kind, 0..2_u8, severities(), routes, copies)
        .prop_map(|(alert, kind, site, firing, routes, copies)| TestEvent { alert, kind, site, firing, routes, copies })
}

fn steps() -> impl Strategy<Value = Step> {
    let receivers = prop_oneof![3 => Just(Receiver::Up), 1 => Just(Receiver::Down), 1 => Just(Receiver::Refuses)];
    let ends = prop_oneof![Just(SilenceEnd::Time), Just(SilenceEnd::Resolved)];
    let silence = (kinds(), prop_oneof![3 => Just(0_u64), 1 => 0..600_u64], 0..4_000_u64, only(), ends)
        .prop_map(|(kinds, delay, lasts, channel, end)| TestSilence { kinds, delay, lasts, channel, end });
    prop_oneof![
        12 => vec(events(), 1..5).prop_map(Step::Push),
        2 => silence.prop_map(Step::Silence),
        1 => (0..4_usize).prop_map(Step::EndSilence),
        1 => mutes().prop_map(Step::Load),
        1 => receivers.prop_map(Step::Receiver),
        1 => Just(Step::Expire),
        1 => (0..2_usize).prop_map(Step::Pause),
        1 => (0..2_usize).prop_map(Step::Resume),
    ]
}

fn all_cases() -> impl Strategy<Value = Case> {
    let gaps = prop_oneof![4 => 0..5_u64, 4 => 5..90_u64, 2 => 90..900_u64, 1 => 900..8_000_u64];
    let steps = vec((gaps, steps()), 1..30);
    (policies(), policies(), mutes(), steps, 1..4_usize).prop_map(|(chat, page, mutes, steps, step)| Case {
        policies: [chat, page],
        mutes,
        steps,
        step,
    })
}

/// Plays a case; `look` sees the world after each step.
fn play(case: &Case, mut look: impl FnMut(&mut HoldWorld)) -> HoldWorld {
    let mut world = HoldWorld::new(case.policies, &case.mutes, case.step);
    for (gap, step) in &case.steps {
        let next = world.now.saturating_add(seconds(*gap));
        world.run_to(next);
        match step {
            Step::Push(events) => world.push(events),
            Step::Silence(silence) => world.silence(silence),
            Step::EndSilence(number) => world.end_silence(*number),
            Step::Load(mutes) => world.load(mutes),
            Step::Receiver(receiver) => world.receiver(*receiver),
            Step::Expire => world.expire(),
            Step::Pause(channel) => world.pause(CHANNELS[*channel]),
            Step::Resume(channel) => world.resume(CHANNELS[*channel]),
        }
        look(&mut world);
    }
    world
}

/// The receiver takes everything, nothing is held any more, and nothing happens.
fn calm_down(world: &mut HoldWorld) {
    for channel in CHANNELS {
        world.resume(channel);
    }
    world.receiver(Receiver::Up);
    world.load(&[]);
    (0..30).for_each(|number| world.end_silence(number));
    world.run_to(world.now.saturating_add(seconds(3_500)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// What is held is what the model says: by which mute, while which source counts, in which channels, circles and all.
    /// Nothing that is held is told new or worse, which the world checks whenever it tells.
    #[test]
    fn mutes_law(case in all_cases()) {
        play(&case, HoldWorld::compare);
    }

    /// What was told is told to be over, whatever mutes and silences say by then; an end is told only of what was told.
    #[test]
    fn ends(case in all_cases()) {
        let mut world = play(&case, |_| {});
        calm_down(&mut world);
        for channel in world.channels.values() {
            ends_hold(channel)?;
        }
    }

    /// What outlasts its mutes is told.
    #[test]
    fn convergence(case in all_cases()) {
        let mut world = play(&case, |_| {});
        calm_down(&mut world);
        for channel in world.channels.values() {
            told_is_true(channel)?;
            for (id, alert) in alerts(channel) {
                let is_held = alert.hold == HoldState::Held && alert.firing.is_some();
                prop_assert!(!is_held || alert.routing == RoutingState::Elsewhere, "{:?} {:?}", id, alert);
            }
        }
    }

    /// A Critical that nothing holds, in a group where nothing told Critical still fires, is told within `wait_critical`.
    #[test]
    fn urgency(case in all_cases()) {
        let policies = case.policies.map(|policy| NotificationPolicy { gathers_storms: false, rate: None, ..policy });
        play(&Case { policies, ..case }, |world| world.channels.values().for_each(is_urgent));
    }

    /// Messages and holds do not depend on the order in which the alerts of one push come, nor on how many alerts are looked
    /// at in one step.
    #[test]
    fn order(case in all_cases()) {
        let turned = case.steps.iter().map(|(gap, step)| (*gap, match step {
            Step::Push(events) => Step::Push(turned(events)),
            Step::Silence(_)
            | Step::EndSilence(_)
            | Step::Load(_)
            | Step::Receiver(_)
            | Step::Expire
            | Step::Pause(_)
            | Step::Resume(_) => step.clone(),
        }));
        let other = Case { steps: turned.collect(), step: 1_000, ..case.clone() };
        let (one, other) = (play(&case, |_| {}), play(&other, |_| {}));
        prop_assert_eq!(one.holds, other.holds);
        for channel in CHANNELS {
            prop_assert_eq!(&one.channels[channel].made, &other.channels[channel].made);
            prop_assert_eq!(&one.channels[channel].store, &other.channels[channel].store);
        }
    }

    /// Rules that are loaded again and are the same change nothing: neither what is held nor what is told.
    #[test]
    fn continuity(case in all_cases()) {
        let (mut again, mut mutes) = (Vec::new(), case.mutes.clone());
        for (gap, step) in &case.steps {
            again.push((*gap, step.clone()));
            if let Step::Load(loaded) = step {
                mutes.clone_from(loaded);
            }
            again.push((0, Step::Load(mutes.clone())));
        }
        let (once, again) = (play(&case, |_| {}), play(&Case { steps: again, ..case.clone() }, |_| {}));
        for channel in CHANNELS {
            prop_assert_eq!(&once.channels[channel].made, &again.channels[channel].made);
            prop_assert_eq!(&once.channels[channel].store, &again.channels[channel].store);
        }
    }

    /// A channel that is paused makes no message, whatever begins and ends to be held meanwhile.
    #[test]
    fn pauses(case in all_cases()) {
        let mut made: Vec<(&str, usize)> = Vec::new();
        play(&case, |world| {
            for (channel, before) in std::mem::take(&mut made) {
                let is_resumed = !world.is_paused(channel);
                assert!(is_resumed || world.channels[channel].made.len() == before, "{channel} is paused");
            }
            let paused = CHANNELS.into_iter().filter(|channel| world.is_paused(channel));
            made = paused.map(|channel| (channel, world.channels[channel].made.len())).collect();
        });
    }

    /// Every alert that fires in a channel was told, waits, goes along with other news, is held, or went elsewhere.
    #[test]
    fn fate(case in all_cases()) {
        play(&case, |world| {
            let held = CHANNELS.map(|channel| (channel, world.held(channel)));
            for (channel, held) in held {
                let channel = world.channels.get_mut(channel).unwrap();
                for (id, alert) in alerts(channel) {
                    let Ok(state) = channel.notifier().state(id);
                    let is_news = alert.difference().is_some() && alert.routing == RoutingState::Here;
                    if is_news && alert.firing.is_some() && held.contains(&id) && alert.hold == HoldState::Held {
                        assert_eq!(state, AlertState::Held, "{alert:?}");
                    }
                    assert!(state != AlertState::Unknown || alert.firing.is_none(), "{alert:?}");
                }
            }
        });
    }
}

/// The events the other way round; those of one alert keep their order.
fn turned(events: &[TestEvent]) -> Vec<TestEvent> {
    let mut turned = events.to_vec();
    turned.sort_by_key(|event| std::cmp::Reverse(alert_id(event.alert)));
    turned
}
