//! What loads of rules change, and what they leave as it is.

use super::{
    ALERTS, GROUPS, alert_id, alerts, calm_down, cases, ends_hold, group_id, play, play_on, policies, schedules,
    told_is_true,
};
use pointsman::channel::NotificationPolicy;
use proptest::collection::vec;
use proptest::prelude::ProptestConfig;
use proptest::{prop_assert, prop_assert_eq, proptest};

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Rules that are loaded again and are the same change nothing.
    #[test]
    fn continuity(policy in policies(), schedule in schedules()) {
        let once = play(policy, &schedule, |_, _| {});
        let again = play(policy, &schedule, |world, _| world.load(policy));
        prop_assert_eq!(once.made, again.made);
        prop_assert_eq!(once.store, again.store);
    }

    /// Whatever the rules say by then: what was told is told to be over in its group, told becomes true, and no more than four
    /// messages are undelivered.
    #[test]
    fn many_reloads(loads in vec(policies(), 1..5), schedule in schedules()) {
        let recoveries = loads[0].recoveries;
        let loads = loads.into_iter().map(|policy| NotificationPolicy { recoveries, ..policy }).collect::<Vec<_>>();
        let mut most = 0;
        let mut numbers = (0..).step_by(7);
        let mut world = play(loads[0], &schedule, |world, _| {
            world.load(loads[numbers.next().unwrap_or(0) % loads.len()]);
            most = most.max(world.waiting.len());
        });
        prop_assert!(most <= 4, "{} undelivered", most);
        calm_down(&mut world);
        ends_hold(&world)?;
        told_is_true(&world)?;
    }

    /// Rules change: what was told stays in its group and ends there, what was not told goes by the new groups, and dues follow
    /// the new waits.
    #[test]
    fn reloads(
        policy in policies(),
        other in policies(),
        schedule in schedules(),
        at in 0..40_usize,
        groups in vec(0..GROUPS, ALERTS as usize),
    ) {
        let other = NotificationPolicy { recoveries: policy.recoveries, ..other };
        let (first, rest) = schedule.split_at(at.min(schedule.len()));
        let mut world = play(policy, first, |_, _| {});
        let before = alerts(&world);
        world.reload(other, &groups);
        for (id, alert) in alerts(&world) {
            let new = (0..ALERTS).find(|number| alert_id(*number) == id).map(|number| group_id(groups[number as usize]));
            let known = &before[&id];
            let is_told = known.told.is_some() || known.message.is_some() || known.firing.is_none();
            prop_assert_eq!(Some(alert.group), if is_told { Some(known.group) } else { new }, "{:?}", alert);
            prop_assert_eq!(alert.news, known.news, "{:?}", alert);
        }
        world.advance();
        play_on(&mut world, rest);
        calm_down(&mut world);
        ends_hold(&world)?;
        told_is_true(&world)?;
    }
}
