//! Channels that are told instead of others: the alert and its end arrive there, whatever ends the process in between.

use super::notification::POLICY;
use super::{StateFolder, at, push_id, settlement};
use pointsman::channel::NotificationPolicy;
use pointsman::evaluate::HoldBudget;
use pointsman::event::Severity;
use pointsman::gateway::journal::{
    AskedEvent, AskedRules, ChannelPolicies, DeliveryId, EventArrival, FallbackEvent, FallbackForm, FiringTransition,
    GiveUpCause, HoldAsker, HoldContext, JournalStore, MessageContent, NewDelivery, Push, RenderedMessage,
    SettlementResult, SilenceList, StoreResult, StoredBody, Transaction, accept, settle, tell_last_or_pass_on,
    tell_or_pass_on,
};
use pointsman::notification::{AlertId, GroupId, MessageReason, MessageRecord};
use pointsman::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

over_each_store!(
    what_is_not_delivered_is_told_elsewhere,
    what_is_given_up_is_told_elsewhere_at_once,
    a_restart_passes_on_once,
    a_fallback_may_get_every_event,
    a_rise_is_passed_on_where_both_get_every_event,
    an_end_that_was_decided_before_arrives_too,
    a_channel_of_every_event_has_a_fallback,
    what_fell_due_before_a_start_is_left_to_its_channel_once,
);

const START: i64 = 1_800_000_000_000;
const WARNING: Option<Severity> = Some(Severity::Warning);
const CRITICAL: Option<Severity> = Some(Severity::Critical);

fn after(count: i64) -> Timestamp {
    at(START + count * 1_000)
}

fn alert(key: &str) -> AlertId {
    AlertId::of(Some("shop"), key)
}

/// `page` gathers and `hook` gets every event; each has the fallback. `chat` gathers, `mail` gets every event.
#[derive(Clone, Copy)]
struct TestRules {
    fallback: &'static str,
}

impl HoldAsker for TestRules {
    fn rules(&self) -> AskedRules {
        AskedRules::default()
    }

    fn ask(
        &self,
        _silences: &SilenceList,
        _integration: &str,
        _outcome: &str,
        _index: u32,
        _budget: &mut HoldBudget,
    ) -> Option<AskedEvent> {
        None
    }

    fn fallback(&self, channel: &str) -> Option<String> {
        matches!(channel, "page" | "hook").then(|| self.fallback.to_owned())
    }

    fn event_in(&self, channel: &str, _integration: &str, outcome: &str) -> Option<FallbackEvent> {
        let outcome: serde_json::Value = serde_json::from_str(outcome).ok()?;
        let event = &outcome["event"];
        let key = event["key"].as_str()?.to_owned();
        let severity = Severity::ALL.into_iter().find(|severity| event["severity"] == severity.name())?;
        let firing = (event["status"] == "Firing").then_some(severity);
        let alert = alert(&key);
        let form = if channel == "mail" {
            let body = Some(format!("fallback: {key} {}", severity.name()).into_bytes());
            FallbackForm::Sent { kind: "stdout", body, notes: Vec::new() }
        } else {
            FallbackForm::Gathered { group: GroupId::of_alert(alert), values: Vec::new() }
        };
        Some(FallbackEvent { alert, key, firing, form })
    }
}

struct World<'f> {
    folder: &'f StateFolder,
    store: Box<dyn JournalStore>,
    rules: TestRules,
    policies: Arc<ChannelPolicies>,
    pushes: u64,
    /// Before that second, what fell due is left to its channel for a time.
    fallback_from: i64,
}

impl<'f> World<'f> {
    fn new(folder: &'f StateFolder, fallback: &'static str) -> Self {
        let after = Some(Duration::from_mins(5));
        let policies = [
            ("page".to_owned(), NotificationPolicy { fallback_after: after, ..POLICY }),
            ("hook".to_owned(), NotificationPolicy { fallback_after: after, ..NotificationPolicy::EVERY_EVENT }),
            ("chat".to_owned(), POLICY),
            ("mail".to_owned(), NotificationPolicy::EVERY_EVENT),
        ];
        let store = folder.store(&folder.options());
        let policies = Arc::new(policies.into_iter().collect());
        Self { folder, store, rules: TestRules { fallback }, policies, pushes: 0, fallback_from: 0 }
    }

    fn restart(self) -> Self {
        let Self { folder, store, rules, policies, pushes, fallback_from } = self;
        drop(store);
        Self { folder, store: folder.store(&folder.options()), rules, policies, pushes, fallback_from }
    }

    fn transact<T>(&mut self, work: impl FnMut(&mut dyn Transaction) -> StoreResult<T>) -> T {
        super::transact(&mut *self.store, work).unwrap()
    }

    /// An event for these channels. A recovery goes where its firing is open, unless it was decided before.
    fn arrive(&mut self, now: i64, key: &str, firing: Option<Severity>, channels: &[&str]) {
        self.pushes += 1;
        let status = if firing.is_some() { "Firing" } else { "Resolved" };
        let severity = firing.unwrap_or(Severity::Warning).name();
        let event = format!(r#"{{"key":"{key}","severity":"{severity}","status":"{status}"}}"#);
        let channels: Vec<String> = channels.iter().map(|&channel| channel.to_owned()).collect();
        let transition = match firing {
            Some(severity) => {
                FiringTransition::Opened { key: key.to_owned(), channels: channels.clone(), severity, index: 0 }
            }
            None => FiringTransition::Closed { key: key.to_owned(), removed_channels: Vec::new(), index: 0 },
        };
        let (gather, send): (Vec<String>, Vec<String>) =
            channels.into_iter().partition(|channel| self.policies.get(channel).is_some());
        let arrival = |channel| EventArrival {
            index: 0,
            channel,
            alert: alert(key),
            group: GroupId::of_alert(alert(key)),
            values: Vec::new(),
            firing,
        };
        let delivery = |channel| NewDelivery {
            index: 0,
            channel,
            kind: "stdout",
            key: key.to_owned(),
            body: Some(format!("event: {key} {status}").into_bytes()),
            notes: Vec::new(),
            urgency: firing,
        };
        let push = Push {
            id: push_id(self.pushes),
            outcomes: format!(r#"[{{"outcome":"sent","event":{event}}}]"#).into(),
            deliveries: send.into_iter().map(delivery).collect(),
            transitions: vec![transition],
            arrivals: gather.into_iter().map(arrival).collect(),
            policies: Arc::clone(&self.policies),
            received: after(now),
            ..super::push(self.pushes, "chat", key, None)
        };
        let rules = self.rules;
        self.transact(|transaction| accept(transaction, &push, after(now), &rules).map(drop));
    }

    /// What is told in a channel now.
    fn tell(&mut self, channel: &str, now: i64) -> Vec<MessageReason> {
        let (rules, policies, from) = (self.rules, Arc::clone(&self.policies), self.fallback_from);
        self.transact(|transaction| {
            let context = HoldContext { asker: &rules, policies: &policies, now: after(now) };
            let told = match policies.get(channel) {
                Some(policy) => tell_or_pass_on(transaction, channel, policy, context, &rendered)?,
                None => tell_last_or_pass_on(transaction, channel, after(from), context, &rendered)?,
            };
            Ok(told.messages)
        })
    }

    /// When there is something to do in a channel next, in seconds.
    fn next(&mut self, channel: &str, now: i64) -> Option<i64> {
        let (rules, policies, from) = (self.rules, Arc::clone(&self.policies), self.fallback_from);
        let next = self.transact(|transaction| {
            let context = HoldContext { asker: &rules, policies: &policies, now: after(now) };
            let told = match policies.get(channel) {
                Some(policy) => tell_or_pass_on(transaction, channel, policy, context, &rendered)?,
                None => tell_last_or_pass_on(transaction, channel, after(from), context, &rendered)?,
            };
            Ok(told.next)
        });
        next.map(|next| (next.epoch_milliseconds() - START) / 1_000)
    }

    /// The undelivered messages and events of a channel.
    fn undelivered(&self, channel: &str) -> Vec<(DeliveryId, String)> {
        let reader = self.store.reader(&Arc::default());
        let pending = reader.pending(channel, DeliveryId::NONE, 100).unwrap();
        let body = |id| match reader.body(id, usize::MAX).unwrap() {
            StoredBody::Intact(body) => String::from_utf8(body).unwrap(),
            other => panic!("{other:?}"),
        };
        pending.iter().map(|found| (found.id, body(found.id))).collect()
    }

    fn bodies(&self, channel: &str) -> Vec<String> {
        self.undelivered(channel).into_iter().map(|(_, body)| body).collect()
    }

    /// Ends the first undelivered message or event of a channel.
    fn settle(&mut self, channel: &str, result: SettlementResult, now: i64) {
        let (delivery, _) = self.undelivered(channel).remove(0);
        let (settlement, policies) = (settlement(delivery, result), Arc::clone(&self.policies));
        self.transact(|transaction| settle(transaction, &settlement, &policies, after(now)));
    }

    fn open(&self, key: &str) -> Vec<String> {
        self.store.reader(&Arc::default()).firing("shop", key).unwrap().unwrap().channels
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it has the type of what renders messages")]
fn rendered(message: &MessageRecord, content: &MessageContent) -> Option<RenderedMessage> {
    let keys = content.alerts.iter().map(|alert| {
        let outcome: serde_json::Value = serde_json::from_str(&alert.outcome).unwrap();
        outcome["event"]["key"].as_str().unwrap().to_owned()
    });
    let body = format!("{}: {}", message.reason.name(), keys.collect::<Vec<_>>().join(" "));
    Some(RenderedMessage {
        kind: "stdout",
        key: "a".to_owned(),
        title: "t".to_owned(),
        body: Some(body.into_bytes()),
        notes: Vec::new(),
    })
}

fn dead(cause: GiveUpCause) -> SettlementResult {
    SettlementResult::Dead { reason: "no".to_owned(), cause }
}

fn what_is_not_delivered_is_told_elsewhere(folder: &StateFolder) {
    let mut world = World::new(folder, "chat");
    world.arrive(0, "a", WARNING, &["page"]);
    assert_eq!(world.tell("page", 0), [MessageReason::New]);
    assert_eq!(world.next("page", 299), Some(300));
    assert_eq!(world.tell("chat", 299), []);
    assert_eq!(world.tell("page", 300), []);
    assert_eq!(world.tell("chat", 300), [MessageReason::Fallback]);
    assert_eq!(world.open("a"), ["page", "chat"]);
    world.settle("chat", SettlementResult::Delivered, 301);
    // A later firing arrives in both, although routing gives the page alone.
    world.arrive(310, "a", CRITICAL, &["page"]);
    assert_eq!(world.tell("chat", 310), [MessageReason::Worse]);
    world.settle("chat", SettlementResult::Delivered, 311);
    world.arrive(320, "a", WARNING, &["robot"]);
    assert_eq!(world.open("a"), ["page", "chat", "robot"], "it stays in the fallback");
    world.arrive(400, "a", None, &["page", "chat", "robot"]);
    assert_eq!(world.tell("chat", 400), [MessageReason::Resolved]);
    assert_eq!(world.bodies("page"), ["new: a"], "what was made is not withdrawn");
    world.settle("page", SettlementResult::Delivered, 401);
    assert_eq!(world.tell("page", 401), [MessageReason::Resolved]);
}

fn what_is_given_up_is_told_elsewhere_at_once(folder: &StateFolder) {
    for cause in [GiveUpCause::Expired, GiveUpCause::Refused] {
        let folder = folder.another();
        let mut world = World::new(&folder, "chat");
        world.arrive(0, "a", WARNING, &["page"]);
        world.tell("page", 0);
        world.settle("page", dead(cause), 10);
        world.tell("page", 10);
        assert_eq!(world.tell("chat", 10), [MessageReason::Fallback]);
        world.settle("chat", SettlementResult::Delivered, 11);
        world.arrive(20, "a", None, &["page", "chat"]);
        assert_eq!(world.tell("chat", 20), [MessageReason::Resolved]);
    }
}

fn a_restart_passes_on_once(folder: &StateFolder) {
    let mut world = World::new(folder, "chat");
    world.arrive(0, "a", WARNING, &["page"]);
    world.tell("page", 0);
    let mut world = world.restart();
    world.tell("page", 300);
    let mut world = world.restart();
    assert_eq!(world.tell("page", 301), []);
    assert_eq!(world.tell("chat", 302), [MessageReason::Fallback]);
    let mut world = world.restart();
    assert_eq!((world.tell("page", 303), world.tell("chat", 303)), (vec![], vec![]));
    assert_eq!(world.bodies("chat"), ["fallback: a"]);
}

fn a_fallback_may_get_every_event(folder: &StateFolder) {
    let mut world = World::new(folder, "mail");
    world.arrive(0, "a", WARNING, &["page"]);
    world.tell("page", 0);
    world.tell("page", 300);
    assert_eq!(world.bodies("mail"), ["fallback: a Warning"]);
    world.arrive(310, "a", WARNING, &["page"]);
    world.tell("page", 310);
    assert_eq!(world.bodies("mail").len(), 1, "an unchanged firing says nothing new");
    world.arrive(320, "a", CRITICAL, &["page"]);
    world.tell("page", 320);
    world.tell("page", 620);
    assert_eq!(world.bodies("mail"), ["fallback: a Warning", "fallback: a Critical"]);
    assert_eq!(world.open("a"), ["page", "mail"]);
}

fn a_rise_is_passed_on_where_both_get_every_event(folder: &StateFolder) {
    let mut world = World::new(folder, "mail");
    world.arrive(0, "a", WARNING, &["hook"]);
    world.tell("hook", 300);
    assert_eq!(world.bodies("mail"), ["fallback: a Warning"]);
    world.arrive(310, "a", WARNING, &["hook"]);
    world.arrive(320, "a", CRITICAL, &["hook"]);
    world.tell("hook", 619);
    assert_eq!(world.bodies("mail").len(), 1, "it is not overdue yet");
    let mut world = world.restart();
    world.tell("hook", 620);
    assert_eq!(world.bodies("mail"), ["fallback: a Warning", "fallback: a Critical"]);
    world.arrive(630, "a", WARNING, &["hook"]);
    world.arrive(640, "a", CRITICAL, &["hook"]);
    world.tell("hook", 940);
    assert_eq!(world.bodies("mail").len(), 2, "the fallback knows that it is Critical");
    // Once it is over, it is told anew.
    world.arrive(950, "a", None, &["hook", "mail"]);
    world.arrive(1_000, "a", WARNING, &["hook"]);
    world.tell("hook", 1_300);
    let told = world.bodies("mail");
    assert_eq!(told.last().map(String::as_str), Some("fallback: a Warning"), "{told:?}");
}

/// The recovery was decided before the alert was open in the fallback.
fn an_end_that_was_decided_before_arrives_too(folder: &StateFolder) {
    let mut world = World::new(folder, "chat");
    world.arrive(0, "a", WARNING, &["page"]);
    world.tell("page", 0);
    world.tell("page", 300);
    world.tell("chat", 300);
    world.settle("chat", SettlementResult::Delivered, 301);
    world.arrive(302, "a", None, &["page"]);
    assert_eq!(world.tell("chat", 302), [MessageReason::Resolved]);
}

fn what_fell_due_before_a_start_is_left_to_its_channel_once(folder: &StateFolder) {
    let mut world = World::new(folder, "chat");
    world.arrive(0, "first", WARNING, &["hook"]);
    // The gateway was away, and is started again every 4 seconds.
    let mut told = Vec::new();
    for start in (1_000..1_040).step_by(4) {
        world = world.restart();
        world.fallback_from = start + 10;
        if start == 1_004 {
            world.arrive(start - 500, "second", WARNING, &["hook"]);
        }
        for now in start..start + 4 {
            let next = world.next("hook", now);
            assert!(next.is_none_or(|next| next > now), "{next:?} at {now}");
            for _ in world.tell("chat", now) {
                told.push(now);
            }
        }
    }
    // Each had 10 seconds, however often they began anew.
    assert_eq!(told, [1_010, 1_018]);
    // Later nothing is left to its channel.
    world.fallback_from = 0;
    world.arrive(2_000, "third", WARNING, &["hook"]);
    assert_eq!(world.next("hook", 2_010), Some(2_300));
    world.tell("hook", 2_300);
    assert_eq!(world.tell("chat", 2_300), [MessageReason::Fallback]);
}

fn a_channel_of_every_event_has_a_fallback(folder: &StateFolder) {
    let mut world = World::new(folder, "chat");
    world.arrive(0, "late", WARNING, &["hook"]);
    world.arrive(1, "brief", WARNING, &["hook"]);
    world.arrive(2, "brief", None, &["hook"]);
    world.arrive(3, "refused", WARNING, &["hook"]);
    assert_eq!(world.next("hook", 10), Some(300));
    assert_eq!(world.tell("chat", 10), []);
    // The first of them is refused, and then the last one is pending for too long.
    world.settle("hook", dead(GiveUpCause::Refused), 20);
    world.tell("hook", 20);
    assert_eq!(world.tell("chat", 20), [MessageReason::Fallback]);
    assert_eq!(world.bodies("chat"), ["fallback: late"]);
    world.tell("hook", 302);
    assert_eq!(world.tell("chat", 302), [], "what is over is not told");
    let mut world = world.restart();
    world.tell("hook", 303);
    assert_eq!(world.tell("chat", 303), [MessageReason::Fallback]);
    assert_eq!(world.open("refused"), ["hook", "chat"]);
    world.tell("hook", 900);
    assert_eq!(world.tell("chat", 900), []);
    world.arrive(1_000, "refused", None, &["hook", "chat"]);
    world.settle("chat", SettlementResult::Delivered, 1_001);
    world.settle("chat", SettlementResult::Delivered, 1_001);
    assert_eq!(world.tell("chat", 1_001), [MessageReason::Resolved]);
}
