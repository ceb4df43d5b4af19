//! What happens in the cases that people know.

use super::{Receiver, World, alert_id, arrival, at, plain, seconds, waits};
use pointsman::channel::{NotificationPolicy, RecoveryPolicy, RepeatPolicy};
use pointsman::event::Severity::{Critical, Info, Warning};
use pointsman::notification::{AlertState, Arrival, ArrivalResult, ChannelNotifier, HoldState, MessageEnd};
use std::num::NonZeroU32;

#[test]
fn a_link_that_flaps_for_an_hour_makes_two_messages() {
    let mut world = World::new(waits(30, 600));
    for second in (0..=3_600).step_by(45) {
        world.run_to(at(second));
        if second % 90 == 0 {
            world.fire(1, Warning)
        } else {
            world.end(1)
        };
    }
    world.run_to(at(3_645));
    world.end(1);
    world.run_to(at(20_000));
    assert_eq!(world.made.last().unwrap().changes, 81);
    assert_eq!(
        world.told(),
        ["30s new Warning firing 1 resolved 0 muted 0", "3705s resolved Resolved firing 0 resolved 1 muted 0"]
    );
}

#[test]
fn a_critical_does_not_wait_and_its_end_waits_a_little() {
    let mut world = World::new(waits(1_800, 1_800));
    world.fire(1, Critical);
    world.run_to(at(2_400));
    world.end(1);
    world.run_to(at(9_000));
    assert_eq!(
        world.told(),
        ["0s new Critical firing 1 resolved 0 muted 0", "2460s resolved Resolved firing 0 resolved 1 muted 0"]
    );
}

#[test]
fn a_critical_that_went_elsewhere_and_is_held_does_not_keep_another_waiting() {
    let mut world = World::new(waits(300, 300));
    world.push(&[arrival(1, 1, Some(Critical)), arrival(2, 1, Some(Warning))]);
    let now = world.now;
    let Ok(()) = world.notifier().unroute(now, alert_id(1), HoldState::Held);
    world.run_to(at(60));
    world.push(&[arrival(3, 1, Some(Critical))]);
    assert_eq!(
        world.told(),
        ["0s new Critical firing 2 resolved 0 muted 0", "60s new Critical firing 3 resolved 0 muted 0"]
    );
}

#[test]
fn what_was_worse_for_a_moment_counts_no_more_once_its_message_was_refused() {
    let mut world = World::new(waits(300, 300));
    world.receiver = Receiver::Down;
    world.fire(1, Info);
    world.run_to(at(300));
    world.fire(1, Warning);
    world.run_to(at(310));
    world.fire(1, Info);
    world.receiver = Receiver::Refuses;
    world.run_to(at(400));
    world.fire(1, Warning);
    world.receiver = Receiver::Up;
    world.run_to(at(1_000));
    assert_eq!(
        world.told(),
        ["300s new Info firing 1 resolved 0 muted 0", "700s new Warning firing 1 resolved 0 muted 0"]
    );
}

#[test]
fn what_outlasts_a_hold_is_news_from_there_whatever_was_news_before_it() {
    let mut world = World::new(waits(30, 30));
    world.fire(1, Warning);
    world.run_to(at(5));
    world.end(1);
    world.push(&[Arrival { hold: HoldState::Held, ..arrival(1, 1, Some(Warning)) }]);
    world.run_to(at(10));
    world.hold(1, HoldState::Free);
    let store = world.store.clone();
    assert_eq!(world.fire(1, Warning), ArrivalResult::News);
    assert_eq!(world.store, store, "an unchanged firing changes nothing");
    world.run_to(at(100));
    assert_eq!(world.told(), ["40s unmuted Warning firing 1 resolved 0 muted 0"]);
}

#[test]
fn pods_are_held_while_their_node_is_down() {
    let mut world = World::new(waits(30, 600));
    let pods: Vec<Arrival> = (1..=400).map(|pod| arrival(pod, 1, Some(Warning))).collect();
    world.push(&pods);
    world.run_to(at(20));
    for pod in 1..=400 {
        let now = world.now;
        let Ok(()) = world.notifier().set_hold(now, alert_id(pod), HoldState::Held);
    }
    world.push(&[arrival(1_000, 1, Some(Critical))]);
    world.run_to(at(600));
    world.push(&[arrival(1_000, 1, None)]);
    world.run_to(at(660));
    let ends: Vec<Arrival> = (1..=395).map(|pod| arrival(pod, 1, None)).collect();
    let results = world.push(&ends);
    assert!(results.iter().all(|result| matches!(result, ArrivalResult::OverUntold { .. })));
    world.run_to(at(900));
    for pod in 396..=400 {
        world.hold(pod, HoldState::Free);
    }
    world.run_to(at(5_000));
    assert_eq!(
        world.told(),
        [
            "20s new Critical firing 1 resolved 0 muted 400",
            "630s resolved Resolved firing 0 resolved 1 muted 400",
            "960s unmuted Warning firing 5 resolved 0 muted 0",
        ]
    );
}

#[test]
fn a_rack_that_reports_last_is_told_first() {
    let policy = NotificationPolicy { wait_critical: seconds(20), ..waits(60, 600) };
    let mut world = World::new(policy);
    let hosts: Vec<Arrival> = (1..=40).map(|host| arrival(host, 1, Some(Critical))).collect();
    world.push(&hosts);
    world.run_to(at(12));
    for host in 1..=40 {
        world.hold(host, HoldState::Held);
    }
    world.push(&[arrival(99, 1, Some(Critical))]);
    world.run_to(at(1_200));
    world.push(&[arrival(99, 1, None)]);
    world.run_to(at(1_500));
    world.push(&(1..=38).map(|host| arrival(host, 1, None)).collect::<Vec<_>>());
    world.run_to(at(1_800));
    for host in 39..=40 {
        world.hold(host, HoldState::Free);
    }
    world.run_to(at(9_000));
    assert_eq!(
        world.told(),
        [
            "32s new Critical firing 1 resolved 0 muted 40",
            "1260s resolved Resolved firing 0 resolved 1 muted 40",
            "1820s unmuted Critical firing 2 resolved 0 muted 0",
        ]
    );
}

#[test]
fn untold_news_goes_by_the_groups_and_waits_of_new_rules() {
    let mut world = World::new(waits(300, 300));
    world.push(&[arrival(1, 1, Some(Warning))]);
    world.run_to(at(300));
    world.push(&[arrival(2, 1, Some(Warning)), arrival(3, 1, Some(Warning))]);
    world.run_to(at(350));
    world.reload(waits(120, 120), &[0, 9, 9, 1]);
    world.run_to(at(1_000));
    world.push(&[1, 2, 3].map(|alert| arrival(alert, 1, None)));
    world.run_to(at(5_000));
    assert_eq!(
        world.told(),
        [
            "300s new Warning firing 1 resolved 0 muted 0",
            "420s new Warning firing 2 resolved 0 muted 0",
            "420s new Warning firing 1 resolved 0 muted 0",
            "1060s resolved Resolved firing 0 resolved 2 muted 0",
            "1060s resolved Resolved firing 0 resolved 1 muted 0",
        ]
    );
}

#[test]
fn what_was_dropped_is_told_only_if_it_gets_worse() {
    let mut world = World::new(waits(300, 300));
    world.push(&[arrival(1, 1, Some(Warning)), arrival(2, 2, Some(Info))]);
    world.drop_pending(&[Warning]);
    world.run_to(at(400));
    assert_eq!(world.told(), ["300s new Info firing 1 resolved 0 muted 0"]);
    assert_eq!(world.push(&[arrival(1, 1, Some(Warning))]), [ArrivalResult::Dropped]);
    assert_eq!(world.notifier().state(alert_id(1)), Ok(AlertState::Dropped));
    world.push(&[arrival(1, 1, Some(Critical))]);
    world.push(&[arrival(1, 1, None)]);
    world.run_to(at(1_000));
    assert_eq!(
        world.told(),
        ["400s new Critical firing 1 resolved 0 muted 0", "460s resolved Resolved firing 0 resolved 1 muted 0"]
    );
    world.push(&[arrival(3, 3, Some(Critical))]);
    world.told();
    world.receiver = Receiver::Down;
    world.push(&[arrival(4, 4, Some(Critical)), arrival(3, 3, None)]);
    world.drop_pending(&[Warning, Critical, Info]);
    assert_eq!(world.push(&[arrival(4, 4, None)]), [ArrivalResult::Dropped]);
    world.receiver = Receiver::Up;
    world.run_to(at(9_000));
    assert_eq!(
        world.told(),
        ["1000s new Critical firing 1 resolved 0 muted 0", "1060s resolved Resolved firing 0 resolved 1 muted 0"]
    );
}

#[test]
fn what_is_over_before_its_wait_is_not_told() {
    let mut world = World::new(waits(300, 300));
    assert_eq!(world.fire(1, Warning), ArrivalResult::News);
    world.run_to(at(120));
    assert_eq!(
        world.end(1),
        ArrivalResult::OverUntold { after: seconds(120), wait: seconds(300), hold: HoldState::Free }
    );
    world.run_to(at(5_000));
    assert_eq!(world.told(), [""; 0]);
    assert_eq!(world.end(1), ArrivalResult::NothingOpen);
}

#[test]
fn news_that_lapsed_counts_from_its_first_firing() {
    let mut world = World::new(waits(300, 300));
    world.fire(1, Warning);
    world.run_to(at(250));
    world.end(1);
    world.run_to(at(400));
    world.fire(1, Warning);
    assert_eq!(world.told(), ["400s new Warning firing 1 resolved 0 muted 0"]);
}

#[test]
fn members_that_end_one_by_one() {
    let run = |recoveries| {
        let mut world = World::new(NotificationPolicy { recoveries, ..waits(30, 600) });
        world.push(&[1, 2, 3].map(|alert| arrival(alert, 1, Some(Warning))));
        for (second, alert) in [(1_000, 1), (1_010, 2), (2_000, 3)] {
            world.run_to(at(second));
            world.push(&[arrival(alert, 1, None)]);
        }
        world.run_to(at(9_000));
        world.told()
    };
    let first = "30s new Warning firing 3 resolved 0 muted 0";
    assert_eq!(run(RecoveryPolicy::Group), [first, "2030s resolved Resolved firing 0 resolved 3 muted 0"]);
    let each = [
        first,
        "1030s resolved Warning firing 1 resolved 2 muted 0",
        "2030s resolved Resolved firing 0 resolved 1 muted 0",
    ];
    assert_eq!(run(RecoveryPolicy::Each), each);
    assert_eq!(run(RecoveryPolicy::Never), [first]);
}

#[test]
fn what_still_fires_is_told_again() {
    let mut world = World::new(NotificationPolicy { repeat: RepeatPolicy::After(seconds(3_600)), ..plain() });
    world.fire(1, Critical);
    world.run_to(at(1_800));
    world.fire(1, Info);
    world.run_to(at(7_200));
    assert_eq!(
        world.told(),
        [
            "0s new Critical firing 1 resolved 0 muted 0",
            "3600s better Info firing 1 resolved 0 muted 0",
            "7200s repeat Info firing 1 resolved 0 muted 0",
        ]
    );
}

/// A robot of 20 messages a minute, 1,500 alerts in 10 seconds, a Critical among them, and all of them end.
#[test]
fn a_storm_becomes_few_messages() {
    let policy = NotificationPolicy { rate: NonZeroU32::new(20), gathers_storms: true, ..plain() };
    let mut world = World::new(policy);
    let milliseconds = |number: u64| pointsman::time::Timestamp::from_epoch_milliseconds(number.cast_signed());
    for number in 0..1_500_u32 {
        world.run_to(milliseconds(u64::from(number) * 20 / 3));
        world.fire(number, if number == 700 { Critical } else { Warning });
    }
    world.run_to(at(60));
    let critical = world.made.iter().find(|message| message.severity == Critical).unwrap();
    assert!(critical.at < at(12));
    assert!(world.made.len() <= 9, "{:?}", world.told());
    assert!(world.made.last().unwrap().at <= at(35));
    assert_eq!(world.made.iter().map(|message| message.news.len()).sum::<usize>(), 1_500);
    world.made.clear();
    for number in 0..1_500_u32 {
        world.run_to(milliseconds(600_000 + u64::from(number) * 20 / 3));
        world.end(number);
    }
    world.run_to(at(700));
    assert!(world.made.len() <= 9, "{:?}", world.told());
    assert_eq!(world.made.iter().map(|message| message.resolved).sum::<u32>(), 1_500);
}

/// The receiver is away for an hour while 100 alerts come each minute.
#[test]
fn an_outage_leaves_no_queue() {
    let policy = NotificationPolicy { rate: NonZeroU32::new(20), gathers_storms: true, ..plain() };
    let mut world = World::new(policy);
    world.receiver = Receiver::Down;
    for number in 0..6_000_u32 {
        world.run_to(pointsman::time::Timestamp::from_epoch_milliseconds(i64::from(number) * 600));
        world.fire(number, Warning);
    }
    assert!(world.undelivered <= 3, "{}", world.undelivered);
    world.run_to(at(3_600));
    world.receiver = Receiver::Up;
    let before = world.ended.len();
    world.run_to(at(3_660));
    assert!(world.ended.len() - before <= 7, "{}", world.ended.len());
    let told: usize = world.ended.iter().map(|(_, message, _)| message.news.len()).sum();
    assert_eq!(told, 6_000);
}

#[test]
fn what_died_of_age_is_news_again_and_what_was_refused_goes_along() {
    let mut world = World::new(plain());
    world.receiver = Receiver::Down;
    world.fire(1, Warning);
    world.run_to(at(10));
    world.end_all(MessageEnd::Expired);
    world.receiver = Receiver::Up;
    world.run_to(at(20));
    world.receiver = Receiver::Refuses;
    world.push(&[arrival(2, 9, Some(Warning))]);
    world.run_to(at(30));
    world.receiver = Receiver::Up;
    world.run_to(at(40));
    world.push(&[arrival(3, 9, Some(Info))]);
    world.run_to(at(50));
    assert_eq!(
        world.told(),
        [
            "0s new Warning firing 1 resolved 0 muted 0",
            "10s new Warning firing 1 resolved 0 muted 0",
            "20s new Warning firing 1 resolved 0 muted 0",
            "40s new Warning firing 2 resolved 0 muted 0",
        ]
    );
}

#[test]
fn a_refused_end_is_not_told_again() {
    let mut world = World::new(plain());
    world.fire(1, Warning);
    world.receiver = Receiver::Refuses;
    world.run_to(at(10));
    world.end(1);
    world.receiver = Receiver::Up;
    world.run_to(at(9_000));
    assert_eq!(world.made.len(), 2);
    assert_eq!(world.notifier().state(alert_id(1)), Ok(AlertState::Unknown));
}

#[test]
fn an_alert_that_is_routed_elsewhere_is_told_to_be_over() {
    let mut world = World::new(NotificationPolicy { repeat: RepeatPolicy::After(seconds(60)), ..waits(10, 10) });
    world.fire(1, Warning);
    world.fire(2, Warning);
    world.run_to(at(10));
    let unroute = |world: &mut World, alert| {
        let now = world.now;
        let Ok(()) = world.notifier().unroute(now, alert_id(alert), HoldState::Free);
    };
    unroute(&mut world, 1);
    world.fire(3, Warning);
    unroute(&mut world, 3);
    world.run_to(at(80));
    world.end(1);
    world.end(3);
    world.run_to(at(100));
    let seen: Vec<_> = world.made.iter().map(|message| (message.at, message.reason.name())).collect();
    assert_eq!(seen, [(at(10), "new"), (at(10), "new"), (at(70), "repeat"), (at(90), "resolved")]);
}

#[test]
fn a_paused_channel_tells_later_what_is_true_then() {
    let mut world = World::new(plain());
    let Ok(()) = world.notifier().pause();
    world.fire(1, Warning);
    world.fire(2, Critical);
    world.run_to(at(600));
    world.end(1);
    let Ok(()) = world.notifier().resume();
    world.run_to(at(700));
    assert_eq!(world.told(), ["600s new Critical firing 1 resolved 0 muted 0"]);
}

#[test]
fn a_channel_that_takes_every_event_makes_no_messages() {
    let mut world = World::new(NotificationPolicy::EVERY_EVENT);
    let Ok(_) = ChannelNotifier::new(&mut world.store, world.policy).arrive(at(0), &[arrival(1, 1, Some(Critical))]);
    world.run_to(at(100));
    assert_eq!(world.told(), [""; 0]);
}

/// An event that was decided before a reload may be applied after it, with the policy of before.
#[test]
fn what_is_due_by_an_earlier_policy_alone_is_not_told() {
    let mut world = World::new(waits(30, 30));
    world.fire(1, Warning);
    world.run_to(at(100));
    world.end(1);
    world.policy = NotificationPolicy { recoveries: RecoveryPolicy::Never, ..world.policy };
    world.run_to(at(1_000));
    assert_eq!(world.told(), ["30s new Warning firing 1 resolved 0 muted 0"]);
    world.fire(2, Warning);
    world.policy = waits(600, 600);
    world.run_to(at(10_000));
    assert_eq!(world.told(), ["1600s new Warning firing 1 resolved 0 muted 0"]);
}
