//! Random schedules: the journal makes the messages that the state machine makes in memory.

use super::{StateFolder, TestEvent, Told, after, alert, dead};
use pointsman::channel::{NotificationPolicy, RecoveryPolicy, RepeatPolicy, WaitRange};
use pointsman::event::Severity;
use pointsman::gateway::journal::{GiveUpCause, SettlementResult};
use pointsman::notification::{Arrival, ChannelNotifier, GroupId, HoldState, MemoryStore, MessageEnd};
use proptest::prelude::*;
use std::time::Duration;

over_each_store!(messages_are_those_of_the_state_machine);

/// What happens in a schedule.
#[derive(Debug, Clone)]
enum ScheduleStep {
    Arrive(Vec<(u8, Option<Severity>)>),
    Settle(usize, MessageEnd),
    Restart,
}

fn step() -> impl Strategy<Value = ScheduleStep> {
    let severity = prop_oneof![
        Just(None),
        Just(Some(Severity::Info)),
        Just(Some(Severity::Warning)),
        Just(Some(Severity::Critical))
    ];
    let end =
        prop_oneof![4 => Just(MessageEnd::Delivered), 1 => Just(MessageEnd::Expired), 1 => Just(MessageEnd::Refused)];
    prop_oneof![
        6 => prop::collection::vec((0..8_u8, severity), 1..4).prop_map(ScheduleStep::Arrive),
        4 => (0..4_usize, end).prop_map(|(which, end)| ScheduleStep::Settle(which, end)),
        1 => Just(ScheduleStep::Restart),
    ]
}

fn policy() -> impl Strategy<Value = NotificationPolicy> {
    let recoveries = prop_oneof![Just(RecoveryPolicy::Group), Just(RecoveryPolicy::Each), Just(RecoveryPolicy::Never)];
    let repeat = prop_oneof![Just(RepeatPolicy::Never), Just(RepeatPolicy::After(Duration::from_mins(4)))];
    (recoveries, repeat, 0..14_u64, 0..3_u64, any::<bool>()).prop_map(|(recoveries, repeat, low, more, storms)| {
        let low = Duration::from_secs(low * 3);
        NotificationPolicy {
            repeat,
            wait: WaitRange { low, high: low * 4 },
            wait_critical: low * u32::try_from(more).unwrap() / 3,
            recoveries,
            rate: storms.then(|| 9.try_into().unwrap()),
            gathers_storms: storms,
            fallback_after: None,
        }
    })
}

/// The journal makes the messages that the state machine makes in memory: over restarts, and whatever becomes of them.
fn messages_are_those_of_the_state_machine(folder: &StateFolder) {
    let config = ProptestConfig { failure_persistence: None, cases: 12, ..ProptestConfig::default() };
    let schedules = prop::collection::vec((0..90_i64, step()), 1..60);
    proptest!(config, |(policy in policy(), schedule in schedules)| {
        let folder = folder.another();
        let mut told = Told::new(&folder, policy);
        let mut memory = MemoryStore::default();
        let (mut expected, mut now) = (Vec::new(), 0);
        for (pause, step) in schedule {
            now += pause;
            let moment = after(now);
            expected.extend(ChannelNotifier::new(&mut memory, policy).advance(moment).unwrap());
            told.tell(now);
            match step {
                ScheduleStep::Arrive(events) => {
                    let named: Vec<(String, Option<Severity>)> =
                        events.iter().map(|(key, severity)| (format!("k{key}"), *severity)).collect();
                    let events: Vec<TestEvent<'_>> = named.iter().map(|(key, severity)| (&**key, *severity)).collect();
                    told.arrive(now, &events);
                    let group = |key: &str| GroupId::of_alert(alert(key));
                    let arrivals = events.iter().map(|(key, firing)| Arrival {
                        alert: alert(key),
                        group: group(key),
                        firing: *firing,
                        hold: HoldState::Free,
                    });
                    let arrivals: Vec<Arrival> = arrivals.collect();
                    ChannelNotifier::new(&mut memory, policy).arrive(moment, &arrivals).unwrap();
                }
                ScheduleStep::Settle(which, end) => {
                    let undelivered: Vec<u64> = told.undelivered().into_keys().collect();
                    let ids: Vec<u64> = memory.messages().map(|message| message.id.0).collect();
                    prop_assert_eq!(&undelivered, &ids);
                    if let Some(id) = undelivered.get(which % undelivered.len().max(1)) {
                        let result = match end {
                            MessageEnd::Delivered => SettlementResult::Delivered,
                            MessageEnd::Expired => dead(GiveUpCause::Expired),
                            MessageEnd::Refused => dead(GiveUpCause::Refused),
                        };
                        told.settle(*id, result, moment);
                        let id = pointsman::notification::MessageId(*id);
                        ChannelNotifier::new(&mut memory, policy).settle(moment, id, end).unwrap();
                    }
                }
                ScheduleStep::Restart => told = told.restart(),
            }
            expected.extend(ChannelNotifier::new(&mut memory, policy).advance(moment).unwrap());
            told.tell(now);
            prop_assert_eq!(&*told.messages.borrow(), &expected);
        }
    });
}
