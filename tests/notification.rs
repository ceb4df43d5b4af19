//! The state machine of the noise reduction: one channel over virtual time.

#[path = "notification/defects.rs"]
mod defects;
#[path = "notification/every_event.rs"]
mod every_event;
#[path = "notification/fallback.rs"]
mod fallback;
#[path = "notification/heartbeats.rs"]
mod heartbeats;
#[path = "notification/hold_input.rs"]
mod hold_input;
#[path = "notification/hold_laws.rs"]
mod hold_laws;
#[path = "notification/hold_world.rs"]
mod hold_world;
#[path = "notification/holds.rs"]
mod holds;
#[path = "notification/laws.rs"]
mod laws;
#[path = "notification/scenarios.rs"]
mod scenarios;

use pointsman::channel::{NotificationPolicy, RecoveryPolicy, RepeatPolicy, WaitRange};
use pointsman::event::Severity;
use pointsman::notification::{
    AlertId, Arrival, ArrivalResult, ChannelNotifier, DropScope, DroppedAlert, GroupId, HoldState, MemoryStore,
    MessageEnd, MessageRecord, SeveritySet,
};
use pointsman::time::Timestamp;
use std::time::Duration;

/// What the receiver does with messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Receiver {
    /// It takes them at once.
    Up,
    /// It takes nothing.
    Down,
    /// It refuses them.
    Refuses,
}

/// A channel with its receiver, over virtual time.
#[derive(Clone)]
struct World {
    store: MemoryStore,
    policy: NotificationPolicy,
    receiver: Receiver,
    now: Timestamp,
    /// The messages that were made.
    made: Vec<MessageRecord>,
    /// Those that the receiver did not take yet.
    waiting: Vec<MessageRecord>,
    /// Those that ended, with the moment.
    ended: Vec<(Timestamp, MessageRecord, MessageEnd)>,
    /// The most messages that were undelivered at once.
    undelivered: usize,
    /// What an operator dropped last.
    dropped: Vec<DroppedAlert>,
}

impl World {
    fn new(policy: NotificationPolicy) -> Self {
        Self {
            store: MemoryStore::default(),
            policy,
            receiver: Receiver::Up,
            now: at(0),
            made: Vec::new(),
            waiting: Vec::new(),
            ended: Vec::new(),
            undelivered: 0,
            dropped: Vec::new(),
        }
    }

    fn notifier(&mut self) -> ChannelNotifier<'_, MemoryStore> {
        ChannelNotifier::new(&mut self.store, self.policy)
    }

    /// Makes what is due now, and delivers what the receiver takes.
    fn advance(&mut self) {
        // A machine with a defect may never come to an end.
        for _ in 0..10_000 {
            let now = self.now;
            let Ok(made) = self.notifier().advance(now);
            self.waiting.extend(made.iter().cloned());
            self.made.extend(made);
            self.undelivered = self.undelivered.max(self.waiting.len());
            let end = match self.receiver {
                Receiver::Up => MessageEnd::Delivered,
                Receiver::Refuses => MessageEnd::Refused,
                Receiver::Down => return,
            };
            if self.waiting.is_empty() {
                return;
            }
            self.end_all(end);
        }
        panic!("it makes messages for ever at {:?}", self.now);
    }

    /// Ends all undelivered messages.
    fn end_all(&mut self, end: MessageEnd) {
        let now = self.now;
        for message in std::mem::take(&mut self.waiting) {
            let Ok(()) = self.notifier().settle(now, message.id, end);
            self.ended.push((now, message, end));
        }
    }

    /// Goes on to a moment; on the way, what is due is told when it is.
    fn run_to(&mut self, until: Timestamp) {
        loop {
            self.advance();
            let now = self.now;
            let Ok(next) = self.notifier().next_moment(now);
            match next.filter(|next| *next <= until) {
                Some(next) => {
                    assert!(next > now, "time stands still at {now:?}");
                    self.now = next;
                }
                None => break,
            }
        }
        self.now = until;
        self.advance();
    }

    /// A push arrives.
    fn push(&mut self, arrivals: &[Arrival]) -> Vec<ArrivalResult> {
        self.advance();
        let now = self.now;
        let Ok(results) = self.notifier().arrive(now, arrivals);
        self.advance();
        results
    }

    /// Rules are loaded, with that policy.
    fn load(&mut self, policy: NotificationPolicy) {
        self.policy = policy;
        let Ok(()) = self.notifier().apply_policy();
        self.advance();
    }

    fn fire(&mut self, alert: u32, severity: Severity) -> ArrivalResult {
        self.push(&[arrival(alert, alert, Some(severity))])[0]
    }

    fn end(&mut self, alert: u32) -> ArrivalResult {
        self.push(&[arrival(alert, alert, None)])[0]
    }

    fn hold(&mut self, alert: u32, hold: HoldState) {
        let now = self.now;
        let Ok(()) = self.notifier().set_hold(now, alert_id(alert), hold);
        self.advance();
    }

    /// Rules are loaded: another policy, and a group for each alert by its number.
    fn reload(&mut self, policy: NotificationPolicy, groups: &[u32]) {
        self.policy = policy;
        let now = self.now;
        for (number, group) in (0..).zip(groups) {
            let Ok(_) = self.notifier().regroup(now, alert_id(number), group_id(*group));
        }
        let Ok(()) = self.notifier().apply_policy();
    }

    /// An operator drops what fires at one of these severities and was not told, in steps of two alerts.
    fn drop_pending(&mut self, severities: &[Severity]) {
        self.advance();
        let scope = DropScope { severities: severities.iter().copied().collect::<SeveritySet>(), until: self.now };
        self.dropped.clear();
        for message in std::mem::take(&mut self.waiting) {
            let Ok(dropped) = self.notifier().drop_message(scope, message.id);
            match dropped {
                Some(dropped) => {
                    self.dropped.extend(dropped.dropped);
                    self.ended.push((self.now, message, MessageEnd::Dropped));
                }
                None => self.waiting.push(message),
            }
        }
        let mut after = None;
        loop {
            let Ok(step) = self.notifier().drop_news(scope, after, 2);
            self.dropped.extend(step.dropped);
            after = step.next;
            if after.is_none() {
                break;
            }
        }
        self.advance();
    }

    /// The messages that were made since the last call: seconds, reason, severity or `Resolved`, and how many fire.
    fn told(&mut self) -> Vec<String> {
        let told = std::mem::take(&mut self.made);
        let line = |message: &MessageRecord| {
            let seconds = message.at.epoch_milliseconds() / 1_000;
            let status = match message.status {
                pointsman::event::AlertStatus::Firing => message.severity.name(),
                pointsman::event::AlertStatus::Resolved => "Resolved",
            };
            let (firing, resolved, muted) = (message.firing, message.resolved, message.muted);
            format!("{seconds}s {} {status} firing {firing} resolved {resolved} muted {muted}", message.reason.name())
        };
        told.iter().map(line).collect()
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_epoch_milliseconds(i64::try_from(seconds * 1_000).unwrap())
}

fn alert_id(number: u32) -> AlertId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    AlertId(id)
}

fn group_id(number: u32) -> GroupId {
    GroupId(alert_id(number).0)
}

fn arrival(alert: u32, group: u32, firing: Option<Severity>) -> Arrival {
    Arrival { alert: alert_id(alert), group: group_id(group), firing, hold: HoldState::Free }
}

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

/// Never repeats, never waits, has no limits.
fn plain() -> NotificationPolicy {
    NotificationPolicy {
        repeat: RepeatPolicy::Never,
        wait: WaitRange::NONE,
        wait_critical: Duration::ZERO,
        recoveries: RecoveryPolicy::Group,
        rate: None,
        gathers_storms: false,
        fallback_after: None,
    }
}

fn waits(low: u64, high: u64) -> NotificationPolicy {
    NotificationPolicy { wait: WaitRange { low: seconds(low), high: seconds(high) }, ..plain() }
}
