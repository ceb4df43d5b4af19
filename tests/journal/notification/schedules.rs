//! Random schedules: the journal makes the messages that the state machine makes in memory.

use super::{StateFolder, TestEvent, Told, after, alert, dead, push, push_id, settlement};
use pointsman::channel::{NotificationPolicy, RecoveryPolicy, RepeatPolicy, WaitRange};
use pointsman::event::Severity;
use pointsman::gateway::journal::{
    AcceptResult, Deduplication, DeliveryId, FiringTransition, GiveUpCause, NewDelivery, NoMutes, Push, PushOrigin,
    RecordFilter, SettledFilter, SettlementResult, accept,
};
use pointsman::notification::{Arrival, ChannelNotifier, GroupId, HoldState, MemoryStore, MessageEnd};
use proptest::prelude::*;
use std::time::Duration;

over_each_store!(messages_are_those_of_the_state_machine, a_replay_leaves_what_waits_as_it_is);

/// What happens in a schedule.
#[derive(Debug, Clone)]
enum ScheduleStep {
    Arrive(Vec<(u8, Option<Severity>)>),
    Settle(usize, MessageEnd),
    Restart,
    /// An earlier push comes again, and is not read again.
    Repeat(usize),
    /// An operator replays an earlier push.
    Replay(usize),
    /// An operator delivers what was sent last once more.
    ReplayStored,
    /// A delivery of a replay ends.
    SettleReplay(MessageEnd),
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
        4 => (0..4_usize, end.clone()).prop_map(|(which, end)| ScheduleStep::Settle(which, end)),
        1 => Just(ScheduleStep::Restart),
        1 => (0..60_usize).prop_map(ScheduleStep::Repeat),
        1 => (0..60_usize).prop_map(ScheduleStep::Replay),
        1 => Just(ScheduleStep::ReplayStored),
        1 => end.prop_map(ScheduleStep::SettleReplay),
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

fn result_of(end: MessageEnd) -> SettlementResult {
    match end {
        MessageEnd::Delivered => SettlementResult::Delivered,
        MessageEnd::Expired => dead(GiveUpCause::Expired),
        MessageEnd::Refused | MessageEnd::Dropped => dead(GiveUpCause::Refused),
        MessageEnd::Removed => dead(GiveUpCause::Removed),
    }
}

/// A push whose repetitions are recognised.
fn deduplicated(push: Push, body: usize) -> Push {
    let mut body_hash = [0; 32];
    body_hash[..8].copy_from_slice(&body.to_be_bytes());
    Push { deduplicate: Some(Deduplication { body_hash, window_ms: 86_400_000 }), ..push }
}

/// What the replay of a push is where its alerts go to a channel that gets every event, too: deliveries to both.
fn replay_of(first: &Push) -> Push {
    let opened = |transition: &FiringTransition| match transition {
        FiringTransition::Opened { key, severity, index, .. } => Some(FiringTransition::Opened {
            key: key.clone(),
            channels: vec!["page".to_owned()],
            severity: *severity,
            index: *index,
        }),
        FiringTransition::Closed { .. } => None,
    };
    let delivery = |channel: &str| NewDelivery {
        index: 0,
        channel: channel.to_owned(),
        kind: "stdout",
        key: "a".to_owned(),
        body: Some(b"replay".to_vec()),
        notes: Vec::new(),
        urgency: None,
    };
    Push {
        origin: PushOrigin::Replay,
        replay_of: Some(first.id),
        deduplicate: None,
        transitions: first.transitions.iter().filter_map(opened).collect(),
        arrivals: Vec::new(),
        holds: None,
        deliveries: vec![delivery("chat"), delivery("page")],
        ..first.clone()
    }
}

impl Told<'_> {
    fn store(&mut self, now: i64, push: &Push) -> AcceptResult {
        self.transact(|transaction| accept(transaction, push, after(now), &NoMutes)).unwrap()
    }

    /// The last deliveries that ended are made once more.
    fn replay_stored(&mut self, now: i64) {
        let settled = self.reader().settled(&RecordFilter::default(), SettledFilter::All).unwrap();
        let last = settled.iter().rev().take(2).copied().collect::<Vec<DeliveryId>>();
        self.transact(|transaction| transaction.redeliver(&last, after(now))).unwrap();
    }

    fn settle_replay(&mut self, now: i64, end: MessageEnd) {
        let pending = self.reader().pending("chat", DeliveryId::NONE, 100).unwrap();
        if let Some(replayed) = pending.iter().find(|found| found.replay || found.message.is_none()) {
            let (settlement, policies) = (settlement(replayed.id, result_of(end)), super::policies(self.policy));
            self.transact(|transaction| super::settle(transaction, &settlement, &policies, after(now))).unwrap();
        }
    }
}

/// The journal makes the messages that the state machine makes in memory: over restarts, and whatever becomes of them. Neither
/// repetitions nor replays change anything of that.
fn messages_are_those_of_the_state_machine(folder: &StateFolder) {
    let cases = std::env::var("JOURNAL_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(12);
    let config = ProptestConfig { failure_persistence: None, cases, ..ProptestConfig::default() };
    let schedules = prop::collection::vec((0..90_i64, step()), 1..60);
    proptest!(config, |(policy in policy(), schedule in schedules)| {
        let folder = folder.another();
        let mut told = Told::new(&folder, policy);
        let mut memory = MemoryStore::default();
        let (mut expected, mut now) = (Vec::new(), 0);
        let mut accepted: Vec<Push> = Vec::new();
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
                    told.pushes += 1;
                    let push = deduplicated(push(told.pushes, policy, &events), accepted.len());
                    prop_assert_eq!(told.store(now, &push), AcceptResult::Stored);
                    accepted.push(push);
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
                    let pending = told.reader().pending("chat", DeliveryId::NONE, 200).unwrap();
                    let messages = pending.iter().filter(|found| !found.replay);
                    let undelivered: Vec<u64> = messages.filter_map(|found| Some(found.message?.0)).collect();
                    let ids: Vec<u64> = memory.messages().map(|message| message.id.0).collect();
                    prop_assert_eq!(&undelivered, &ids);
                    if let Some(id) = undelivered.get(which % undelivered.len().max(1)) {
                        told.settle(*id, result_of(end), moment);
                        let id = pointsman::notification::MessageId(*id);
                        ChannelNotifier::new(&mut memory, policy).settle(moment, id, end).unwrap();
                    }
                }
                ScheduleStep::Restart => told = told.restart(),
                ScheduleStep::Repeat(_) | ScheduleStep::Replay(_) if accepted.is_empty() => {}
                ScheduleStep::Repeat(which) => {
                    told.pushes += 1;
                    let first = &accepted[which % accepted.len()];
                    let again = Push { id: push_id(told.pushes), ..first.clone() };
                    prop_assert_eq!(told.store(now, &again), AcceptResult::Duplicate(first.id));
                }
                ScheduleStep::Replay(which) => {
                    told.pushes += 1;
                    let replay = replay_of(&accepted[which % accepted.len()]);
                    let replay = Push { id: push_id(told.pushes), ..replay };
                    prop_assert_eq!(told.store(now, &replay), AcceptResult::Stored);
                }
                ScheduleStep::ReplayStored => told.replay_stored(now),
                ScheduleStep::SettleReplay(end) => told.settle_replay(now, end),
            }
            expected.extend(ChannelNotifier::new(&mut memory, policy).advance(moment).unwrap());
            told.tell(now);
            prop_assert_eq!(&*told.messages.borrow(), &expected);
        }
    });
}

/// The replayed alert goes to a channel that gets every event, too, which is told again at once.
fn a_replay_leaves_what_waits_as_it_is(folder: &StateFolder) {
    let wait = Duration::from_mins(1);
    let mut told = Told::new(folder, NotificationPolicy { wait: WaitRange { low: wait, high: wait }, ..super::POLICY });
    let first = push(1, told.policy, &[("a", Some(Severity::Warning))]);
    assert_eq!(told.store(0, &first), AcceptResult::Stored);
    let replay = Push { id: push_id(2), ..replay_of(&first) };
    assert_eq!(told.store(10, &replay), AcceptResult::Stored);
    assert_eq!(told.tell(60), [super::MessageReason::New]);
}
