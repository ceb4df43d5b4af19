//! Channels that gather messages: what is due outlasts every end of the process, and a message counts as told with the commit
//! that stores its delivery.

mod schedules;

use super::{StateFolder, at, push_id, settlement};
use pointsman::channel::{NotificationPolicy, RecoveryPolicy, RepeatPolicy, WaitRange};
use pointsman::event::Severity;
use pointsman::gateway::journal::{
    ChannelPolicies, ChannelUse, DeliveryId, EventArrival, FiringTransition, GiveUpCause, HoldContext, JournalReader,
    JournalStore, MessageContent, NoMutes, Push, RecordFilter, RenderedMessage, SettledFilter, SettlementResult,
    StoreError, StoreResult, TellResult, Transaction, accept, retry, settle, tell, tell_last, tell_removed,
};
use pointsman::notification::{AlertId, GroupId, MessageReason, MessageRecord, NamedValue};
use pointsman::time::Timestamp;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

over_each_store!(
    a_restart_in_the_middle_of_a_wait_tells_at_the_due_time,
    a_restart_leaves_the_time_of_a_repetition,
    a_crash_between_accept_and_tell_loses_nothing,
    what_is_rolled_back_leaves_no_trace,
    a_message_that_is_given_up_is_told_again_or_goes_along,
    a_retried_message_tells_what_is_true_then,
    an_alert_that_fired_before_counts_as_told,
    what_fired_before_is_told_again_although_nothing_is_news,
    an_alert_that_is_routed_elsewhere_is_forgotten_unless_it_was_told,
    a_channel_that_gathers_no_more_tells_what_it_has_and_forgets,
    a_channel_that_was_removed_and_comes_back_goes_on,
    an_end_that_a_removed_channel_gave_up_is_told_once_it_is_back,
    a_message_is_one_delivery_of_all_its_alerts,
);

const START: i64 = 1_800_000_000_000;

pub(super) const POLICY: NotificationPolicy = NotificationPolicy {
    repeat: RepeatPolicy::After(Duration::from_hours(1)),
    wait: WaitRange::NONE,
    wait_critical: Duration::ZERO,
    recoveries: RecoveryPolicy::Group,
    rate: None,
    gathers_storms: false,
    fallback_after: None,
};

fn seconds(count: u32) -> WaitRange {
    let wait = Duration::from_secs(count.into());
    WaitRange { low: wait, high: wait }
}

/// So many seconds after the start.
pub(super) fn after(count: i64) -> Timestamp {
    at(START + count * 1_000)
}

fn policies(policy: NotificationPolicy) -> Arc<ChannelPolicies> {
    Arc::new([("chat".to_owned(), policy)].into_iter().collect())
}

/// An event: a key, and its severity while it fires.
pub(super) type TestEvent<'t> = (&'t str, Option<Severity>);

fn alert(key: &str) -> AlertId {
    AlertId::of(Some("shop"), key)
}

/// A push with these events, all for the channel `chat`.
fn push(number: u64, policy: NotificationPolicy, events: &[TestEvent<'_>]) -> Push {
    let outcome = |(key, severity): &TestEvent<'_>| {
        let status = if severity.is_some() { "Firing" } else { "Resolved" };
        let severity = severity.unwrap_or(Severity::Warning).name();
        format!(
            r#"{{"outcome":"sent","event":{{"key":"{key}","severity":"{severity}","status":"{status}"}},"channels":["chat"]}}"#
        )
    };
    let outcomes: Vec<String> = events.iter().map(outcome).collect();
    let transition = |(index, (key, severity)): (u32, &TestEvent<'_>)| {
        let key = (*key).to_owned();
        match severity {
            Some(severity) => {
                FiringTransition::Opened { key, channels: vec!["chat".to_owned()], severity: *severity, index }
            }
            None => FiringTransition::Closed { key, removed_channels: Vec::new(), index },
        }
    };
    let arrival = |(index, (key, firing)): (u32, &TestEvent<'_>)| EventArrival {
        index,
        channel: "chat".to_owned(),
        alert: alert(key),
        group: GroupId::of_alert(alert(key)),
        values: Vec::new(),
        firing: *firing,
    };
    let gathers = policy.repeat != RepeatPolicy::EveryEvent;
    Push {
        id: push_id(number),
        outcomes: format!("[{}]", outcomes.join(",")).into(),
        deliveries: Vec::new(),
        transitions: (0..).zip(events).map(transition).collect(),
        arrivals: if gathers { (0..).zip(events).map(arrival).collect() } else { Vec::new() },
        policies: policies(policy),
        received: after(0),
        ..super::push(number, "chat", "a", None)
    }
}

/// A journal of a store, and what was told.
pub(super) struct Told<'f> {
    folder: &'f StateFolder,
    store: Box<dyn JournalStore>,
    policy: NotificationPolicy,
    pub(super) pushes: u64,
    /// When the pushes are received.
    pub(super) received: Timestamp,
    messages: RefCell<Vec<MessageRecord>>,
}

impl<'f> Told<'f> {
    pub(super) fn new(folder: &'f StateFolder, policy: NotificationPolicy) -> Self {
        let (store, received) = (folder.store(&folder.options()), after(0));
        Self { folder, store, policy, pushes: 0, received, messages: RefCell::default() }
    }

    /// The store is opened again.
    fn restart(self) -> Self {
        let Self { folder, store, policy, pushes, received, messages } = self;
        drop(store);
        Self { folder, store: folder.store(&folder.options()), policy, pushes, received, messages }
    }

    fn transact<T>(&mut self, work: impl FnMut(&mut dyn Transaction) -> StoreResult<T>) -> StoreResult<T> {
        super::transact(&mut *self.store, work)
    }

    /// Events arrive as a push; the channels that are woken by it.
    pub(super) fn arrive(&mut self, now: i64, events: &[TestEvent<'_>]) -> Vec<String> {
        self.pushes += 1;
        let push = Push { received: self.received, ..push(self.pushes, self.policy, events) };
        self.store.transact(&mut |transaction| accept(transaction, &push, after(now), &NoMutes).map(drop)).unwrap().wake
    }

    fn tell_with(&mut self, channel_use: ChannelUse, now: Timestamp) -> TellResult {
        let messages = RefCell::new(Vec::new());
        let render = |message: &MessageRecord, content: &MessageContent| {
            messages.borrow_mut().push(message.clone());
            Some(rendered(message, content))
        };
        let policies = policies(self.policy);
        let context = HoldContext { asker: &NoMutes, policies: &policies, now };
        let told = self.transact(|transaction| {
            messages.borrow_mut().clear();
            match channel_use {
                ChannelUse::Gathers(policy) => tell(transaction, "chat", policy, context, &render),
                ChannelUse::SendsEvents { .. } => tell_last(transaction, "chat", context, &render),
                ChannelUse::Removed => tell_removed(transaction, "chat", context, &render),
            }
        });
        self.messages.borrow_mut().extend(messages.into_inner());
        told.unwrap()
    }

    /// Why messages were made at that time.
    pub(super) fn tell(&mut self, now: i64) -> Vec<MessageReason> {
        self.tell_with(ChannelUse::Gathers(self.policy), after(now)).messages
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        self.store.reader(&Arc::default())
    }

    /// The undelivered messages and what they say.
    pub(super) fn undelivered(&self) -> BTreeMap<u64, (DeliveryId, String)> {
        let reader = self.reader();
        let pending = reader.pending("chat", DeliveryId::NONE, 100).unwrap().into_iter();
        let body = |id| match reader.body(id, usize::MAX).unwrap() {
            pointsman::gateway::journal::StoredBody::Intact(body) => String::from_utf8(body).unwrap(),
            other => panic!("{other:?}"),
        };
        pending.filter_map(|found| Some((found.message?.0, (found.id, body(found.id))))).collect()
    }

    /// All dead letters are delivered again.
    fn retry(&mut self, now: i64) -> u64 {
        let dead = self.reader().settled(&RecordFilter::default(), SettledFilter::Dead).unwrap();
        let policies = policies(self.policy);
        self.transact(|transaction| retry(transaction, &dead, after(now), &policies)).unwrap()
    }

    pub(super) fn settle(&mut self, message: u64, result: SettlementResult, now: Timestamp) {
        let (delivery, _) = self.undelivered().remove(&message).unwrap();
        let (settlement, policies) = (settlement(delivery, result), policies(self.policy));
        self.transact(|transaction| settle(transaction, &settlement, &policies, now)).unwrap();
    }
}

fn rendered(message: &MessageRecord, content: &MessageContent) -> RenderedMessage {
    let keys = content.alerts.iter().map(|alert| {
        let outcome: serde_json::Value = serde_json::from_str(&alert.outcome).unwrap();
        outcome["event"]["key"].as_str().unwrap().to_owned()
    });
    let mut keys: Vec<String> = keys.collect();
    keys.sort();
    let body = format!("{}: {}", message.reason.name(), keys.join(" "));
    RenderedMessage {
        kind: "stdout",
        key: "a".to_owned(),
        title: "a".to_owned(),
        body: Some(body.into_bytes()),
        notes: Vec::new(),
    }
}

fn dead(cause: GiveUpCause) -> SettlementResult {
    SettlementResult::Dead { reason: "no".to_owned(), cause }
}

fn a_restart_in_the_middle_of_a_wait_tells_at_the_due_time(folder: &StateFolder) {
    let mut told = Told::new(folder, NotificationPolicy { wait: seconds(30), ..POLICY });
    told.arrive(0, &[("a", Some(Severity::Warning))]);
    let waits = told.tell_with(ChannelUse::Gathers(told.policy), after(0));
    assert_eq!(waits, TellResult { messages: Vec::new(), next: Some(after(30)) });
    let mut told = told.restart();
    assert_eq!(told.reader().notified_channels().unwrap(), ["chat"]);
    assert_eq!(told.tell_with(ChannelUse::Gathers(told.policy), after(29)).next, Some(after(30)));
    assert_eq!(told.tell(30), [MessageReason::New]);
    assert_eq!(told.undelivered().into_values().map(|(_, body)| body).collect::<Vec<_>>(), ["new: a"]);
}

fn a_restart_leaves_the_time_of_a_repetition(folder: &StateFolder) {
    let mut told = Told::new(folder, POLICY);
    told.arrive(0, &[("a", Some(Severity::Warning))]);
    assert_eq!(told.tell(0), [MessageReason::New]);
    told.settle(1, SettlementResult::Delivered, after(1));
    let mut told = told.restart();
    assert_eq!(
        told.tell_with(ChannelUse::Gathers(POLICY), after(1_800)),
        TellResult { messages: Vec::new(), next: Some(after(3_600)) }
    );
    assert_eq!(told.tell(3_600), [MessageReason::Repeat]);
}

fn a_crash_between_accept_and_tell_loses_nothing(folder: &StateFolder) {
    let mut told = Told::new(folder, POLICY);
    told.arrive(0, &[("a", Some(Severity::Critical)), ("b", Some(Severity::Info))]);
    let mut told = told.restart();
    assert_eq!(told.tell(500), [MessageReason::New, MessageReason::New]);
    let mut told = told.restart();
    assert_eq!(told.tell(501), []);
    assert_eq!(told.undelivered().len(), 2);
    told.settle(1, SettlementResult::Delivered, after(502));
    let mut told = told.restart();
    told.settle(2, SettlementResult::Delivered, after(503));
    told.arrive(600, &[("a", None)]);
    assert_eq!(told.tell(600), [MessageReason::Resolved]);
}

fn what_is_rolled_back_leaves_no_trace(folder: &StateFolder) {
    let mut told = Told::new(folder, POLICY);
    let first = push(90, POLICY, &[("a", Some(Severity::Critical))]);
    let failed = told.transact(|transaction| {
        accept(transaction, &first, after(0), &NoMutes)?;
        Err::<(), _>(StoreError::Damaged("a test".to_owned()))
    });
    failed.unwrap_err();
    assert_eq!(told.tell(1), []);
    told.arrive(2, &[("a", Some(Severity::Critical))]);
    let policy = told.policy;
    let policies = policies(policy);
    let context = HoldContext { asker: &NoMutes, policies: &policies, now: after(2) };
    let failed = told.transact(|transaction| {
        let made = tell(transaction, "chat", policy, context, &|message, content| Some(rendered(message, content)))?;
        assert_eq!(made.messages, [MessageReason::New]);
        Err::<(), _>(StoreError::Damaged("a test".to_owned()))
    });
    failed.unwrap_err();
    assert!(told.undelivered().is_empty());
    assert_eq!(told.tell(3), [MessageReason::New], "nobody was told");
    assert_eq!(told.undelivered().into_keys().collect::<Vec<_>>(), [1]);
}

fn a_message_that_is_given_up_is_told_again_or_goes_along(folder: &StateFolder) {
    let mut told = Told::new(folder, POLICY);
    told.arrive(0, &[("a", Some(Severity::Warning))]);
    assert_eq!(told.tell(0), [MessageReason::New]);
    let retry = SettlementResult::Retry { due: after(5), reason: "busy".to_owned() };
    told.settle(1, retry, after(1));
    assert_eq!(told.tell(2), [], "it is still on its way");
    told.settle(1, dead(GiveUpCause::Expired), after(10));
    assert_eq!(told.tell(10), [MessageReason::New], "what died of age is news again");
    told.settle(2, dead(GiveUpCause::Refused), after(20));
    assert_eq!(told.tell(20), [], "what was refused goes along with the next message");
    told.arrive(30, &[("a", Some(Severity::Critical))]);
    assert_eq!(told.tell(30), [MessageReason::New]);
    assert_eq!(told.reader().dead_letters(&RecordFilter::default()).unwrap().len(), 2);
}

/// What was refused is told by a new message, so that its end is told as well.
fn a_retried_message_tells_what_is_true_then(folder: &StateFolder) {
    let mut told = Told::new(folder, POLICY);
    told.arrive(0, &[("a", Some(Severity::Warning)), ("b", Some(Severity::Warning)), ("c", Some(Severity::Warning))]);
    assert_eq!(told.tell(0), [MessageReason::New; 3]);
    let key = |message| told.undelivered()[&message].1.trim_start_matches("new: ").to_owned();
    let (over, first) = (key(1), key(2));
    for message in [1, 2] {
        told.settle(message, dead(GiveUpCause::Refused), after(1));
    }
    told.settle(3, dead(GiveUpCause::Expired), after(1));
    assert_eq!(told.tell(1), [MessageReason::New], "what died of age is news again");
    told.settle(4, SettlementResult::Delivered, after(2));
    told.arrive(10, &[(&over, None)]);
    assert_eq!(told.retry(20), 3);
    assert_eq!(told.tell(20), [MessageReason::New], "one is over, and one was told again");
    told.settle(5, SettlementResult::Delivered, after(21));
    told.arrive(30, &[(&first, None)]);
    assert_eq!(told.tell(30), [MessageReason::Resolved]);
    told.settle(6, dead(GiveUpCause::Refused), after(31));
    assert_eq!(told.retry(40), 1);
    assert_eq!(told.undelivered()[&6].1, format!("resolved: {first}"), "a recovery is sent as it was");
}

fn an_alert_that_fired_before_counts_as_told(folder: &StateFolder) {
    let every_event = NotificationPolicy::EVERY_EVENT;
    let mut told = Told::new(folder, every_event);
    told.arrive(0, &[("a", Some(Severity::Warning)), ("b", Some(Severity::Warning)), ("c", Some(Severity::Critical))]);
    told.policy = POLICY;
    told.arrive(10, &[("a", Some(Severity::Warning)), ("b", Some(Severity::Critical)), ("c", None)]);
    let mut reasons = told.tell(10);
    reasons.sort_by_key(|reason| reason.name());
    assert_eq!(reasons, [MessageReason::Resolved, MessageReason::Worse], "an unchanged one is no news");
    told.settle(1, SettlementResult::Delivered, after(11));
    told.settle(2, SettlementResult::Delivered, after(11));
    told.arrive(20, &[("d", None)]);
    assert_eq!(told.tell(20), [], "the end of what never fired");
}

/// An unchanged firing is no news. It is repeated, so whoever makes messages has to know when.
fn what_fired_before_is_told_again_although_nothing_is_news(folder: &StateFolder) {
    let mut told = Told::new(folder, NotificationPolicy::EVERY_EVENT);
    told.arrive(0, &[("a", Some(Severity::Warning))]);
    told.policy = POLICY;
    assert_eq!(told.arrive(10, &[("a", Some(Severity::Warning))]), ["chat"]);
    assert_eq!(
        told.tell_with(ChannelUse::Gathers(POLICY), after(10)),
        TellResult { messages: Vec::new(), next: Some(after(3_610)) }
    );
    assert_eq!(told.arrive(20, &[("a", Some(Severity::Warning))]), [""; 0], "nothing is due earlier than before");
    assert_eq!(told.tell(3_610), [MessageReason::Repeat]);
}

fn an_alert_that_is_routed_elsewhere_is_forgotten_unless_it_was_told(folder: &StateFolder) {
    let mut told = Told::new(folder, NotificationPolicy { wait: seconds(30), ..POLICY });
    told.arrive(0, &[("told", Some(Severity::Warning))]);
    assert_eq!(told.tell(30), [MessageReason::New]);
    told.settle(1, SettlementResult::Delivered, after(30));
    told.arrive(40, &[("untold", Some(Severity::Warning))]);
    for (number, key) in [(90, "told"), (91, "untold")] {
        let elsewhere = FiringTransition::Opened {
            key: key.to_owned(),
            channels: vec!["page".to_owned()],
            severity: Severity::Warning,
            index: 0,
        };
        let mut push = push(number, told.policy, &[(key, Some(Severity::Warning))]);
        (push.transitions, push.arrivals) = (vec![elsewhere], Vec::new());
        told.transact(|transaction| accept(transaction, &push, after(50), &NoMutes).map(drop)).unwrap();
    }
    assert_eq!(told.tell(200), []);
    let firing = |key| told.reader().firing("shop", key).unwrap().unwrap().channels;
    assert_eq!(
        (firing("told"), firing("untold")),
        (vec!["chat".to_owned(), "page".to_owned()], vec!["page".to_owned()])
    );
    told.arrive(300, &[("told", None), ("untold", Some(Severity::Warning))]);
    assert_eq!(told.tell(330), [MessageReason::New, MessageReason::Resolved], "it is routed here again");
}

fn a_channel_that_gathers_no_more_tells_what_it_has_and_forgets(folder: &StateFolder) {
    let mut told = Told::new(folder, NotificationPolicy { wait: seconds(600), ..POLICY });
    told.arrive(0, &[("a", Some(Severity::Warning))]);
    assert_eq!(told.tell(1), []);
    assert_eq!(
        told.tell_with(ChannelUse::SendsEvents { fallback_from: after(0) }, after(2)).messages,
        [MessageReason::New]
    );
    assert_eq!(told.reader().notified_channels().unwrap(), ["chat"], "its message is undelivered");
    told.settle(1, SettlementResult::Delivered, after(3));
    assert_eq!(told.tell_with(ChannelUse::SendsEvents { fallback_from: after(0) }, after(3)), TellResult::default());
    assert_eq!(told.reader().notified_channels().unwrap(), [""; 0]);
    // Its next policy begins with what fires.
    told.arrive(10, &[("a", Some(Severity::Warning))]);
    assert_eq!(told.tell(610), []);
    told.arrive(620, &[("a", None)]);
    assert_eq!(told.tell(1_220), [MessageReason::Resolved]);
}

/// Meanwhile one alert ended, which nobody was told of, and one that was told.
fn a_channel_that_was_removed_and_comes_back_goes_on(folder: &StateFolder) {
    let mut told = Told::new(folder, NotificationPolicy { wait: seconds(600), ..POLICY });
    told.arrive(0, &[("told", Some(Severity::Warning)), ("told-over", Some(Severity::Warning))]);
    assert_eq!(told.tell(600), [MessageReason::New; 2]);
    told.settle(1, SettlementResult::Delivered, after(601));
    told.settle(2, SettlementResult::Delivered, after(601));
    told.arrive(700, &[("fires", Some(Severity::Warning)), ("over", Some(Severity::Warning))]);
    assert_eq!(told.tell_with(ChannelUse::Removed, after(710)).messages, [MessageReason::New; 2]);
    for message in [3, 4] {
        told.settle(message, dead(GiveUpCause::Removed), after(711));
    }
    assert_eq!(told.tell_with(ChannelUse::Removed, after(711)), TellResult::default());
    for (number, key) in [(90, "over"), (91, "told-over")] {
        let removed_channels = vec!["chat".to_owned()];
        let closed = FiringTransition::Closed { key: key.to_owned(), removed_channels, index: 0 };
        let push = Push { transitions: vec![closed], ..push(number, NotificationPolicy::EVERY_EVENT, &[(key, None)]) };
        told.transact(|transaction| accept(transaction, &push, after(720), &NoMutes).map(drop)).unwrap();
    }
    told.arrive(800, &[("fires", Some(Severity::Warning))]);
    assert_eq!(told.tell(1_310), []);
    assert_eq!(told.tell(1_311), [MessageReason::New]);
    assert_eq!(told.undelivered()[&5].1, "new: fires");
    told.settle(5, SettlementResult::Delivered, after(1_312));
    told.arrive(1_400, &[("told", None), ("fires", None)]);
    assert_eq!(told.tell(2_000), [MessageReason::Resolved; 2]);
}

/// The end was a message already, which nobody was sent.
fn an_end_that_a_removed_channel_gave_up_is_told_once_it_is_back(folder: &StateFolder) {
    let mut told = Told::new(folder, NotificationPolicy { wait: seconds(600), ..POLICY });
    told.arrive(0, &[("told", Some(Severity::Warning))]);
    assert_eq!(told.tell(600), [MessageReason::New]);
    told.settle(1, SettlementResult::Delivered, after(601));
    told.arrive(700, &[("told", None)]);
    assert_eq!(told.tell(1_300), [MessageReason::Resolved]);
    told.settle(2, dead(GiveUpCause::Removed), after(1_301));
    // As long as the channel is gone, nothing is made of it again.
    assert_eq!(told.tell_with(ChannelUse::Removed, after(1_302)), TellResult::default());
    assert_eq!(told.tell_with(ChannelUse::Removed, after(9_000)).messages, []);
    assert_eq!(told.tell(10_000), [MessageReason::Resolved]);
    told.settle(3, SettlementResult::Delivered, after(10_001));
    assert_eq!(told.tell(20_000), []);
}

fn a_message_is_one_delivery_of_all_its_alerts(folder: &StateFolder) {
    let mut told = Told::new(folder, POLICY);
    let (group, values) = (GroupId([7; 16]), vec![NamedValue { name: "cluster".to_owned(), value: "a".to_owned() }]);
    let mut first = push(90, POLICY, &[("a", Some(Severity::Info)), ("b", Some(Severity::Critical)), ("c", None)]);
    first.arrivals.iter_mut().for_each(|arrival| (arrival.group, arrival.values) = (group, values.clone()));
    told.transact(|transaction| accept(transaction, &first, after(0), &NoMutes).map(drop)).unwrap();
    let contents = RefCell::new(Vec::new());
    let render = |message: &MessageRecord, content: &MessageContent| {
        contents.borrow_mut().push(content.clone());
        Some(rendered(message, content))
    };
    let policies = policies(POLICY);
    let context = HoldContext { asker: &NoMutes, policies: &policies, now: after(0) };
    told.transact(|transaction| tell(transaction, "chat", POLICY, context, &render).map(drop)).unwrap();
    let contents = contents.into_inner();
    assert_eq!((contents.len(), &contents[0].values), (1, &values));
    let pending = told.reader().pending("chat", DeliveryId::NONE, 9).unwrap();
    let [delivery] = pending.as_slice() else { panic!("{pending:?}") };
    assert_eq!((delivery.urgency, delivery.since), (Some(Severity::Critical), after(0)));
    assert_eq!(told.undelivered()[&1].1, "new: a b");
    told.settle(1, SettlementResult::Delivered, after(1));
    assert_eq!(told.tell(3_600), [MessageReason::Repeat]);
    assert_eq!(told.undelivered()[&2].1, "repeat: a b", "a repetition says what fires");
    let counts = &told.reader().channels().unwrap()[0];
    assert_eq!((counts.delivered, counts.pending), (1, 1));
}
