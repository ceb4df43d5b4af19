//! What operators drop of what is pending: it is not told and nobody hears of its end, unless it gets worse; ends of what was told
//! stay. It is durable. And rules that change: what was not told goes by their groups.

use super::notification::POLICY;
use super::{StateFolder, ago, push_id, read, settlement, wait};
use pointsman::channel::{NotificationPolicy, WaitRange};
use pointsman::evaluate::HoldBudget;
use pointsman::event::Severity::{self, Critical, Info, Warning};
use pointsman::gateway::journal::{
    AskedEvent, AskedRules, ChannelFate, ChannelPolicies, ChannelUse, ClaimOwner, DeliveryId, DeliveryStore as _,
    DropCounts, EventArrival, EventFate, EventId, FallbackEvent, FallbackForm, FiringTransition, HoldAsker, Journal,
    MessageContent, MessageFilter, MessageState, NewDelivery, OperatorDrop, Push, PushStore as _, RenderedMessage,
    SettlementResult, SilenceList,
};
use pointsman::notification::holds::AlertFacts;
use pointsman::notification::{AlertId, DropScope, GroupId, MessageRecord, SeveritySet};
use std::sync::Arc;
use std::time::Duration;

over_each_store!(
    dropped_news_comes_back_only_if_it_gets_worse,
    a_dropped_message_is_not_delivered_and_nobody_hears_of_its_end,
    the_end_of_what_was_told_cannot_be_dropped,
    dropped_events_are_not_sent_and_neither_is_their_end,
    the_end_of_an_event_that_was_sent_before_stays,
    what_is_under_way_stays,
    untold_news_goes_by_the_groups_of_new_rules,
    what_is_due_is_told_before_the_next_push,
);

/// Rules of a generation. From the second on, alerts are grouped by the first letter of their key.
struct TestRules(u64);

fn alert(key: &str) -> AlertId {
    AlertId::of(Some("shop"), key)
}

fn event(outcome: &str) -> (String, Option<Severity>) {
    let outcome: serde_json::Value = serde_json::from_str(outcome).unwrap();
    let event = &outcome["event"];
    let severity = Severity::ALL.into_iter().find(|severity| event["severity"] == severity.name());
    (event["key"].as_str().unwrap().to_owned(), severity.filter(|_| event["status"] == "Firing"))
}

impl HoldAsker for TestRules {
    fn rules(&self) -> AskedRules {
        AskedRules { generation: self.0, have_mutes: false }
    }

    fn ask(&self, _: &SilenceList, _: &str, outcome: &str, index: u32, _: &mut HoldBudget) -> Option<AskedEvent> {
        let (key, firing) = event(outcome);
        Some(AskedEvent { index, alert: alert(&key), key, firing, facts: AlertFacts::default() })
    }

    fn event_in(&self, _: &str, _: &str, outcome: &str) -> Option<FallbackEvent> {
        let (key, firing) = event(outcome);
        let group = if self.0 < 2 { GroupId::of_alert(alert(&key)) } else { GroupId::of_alert(alert(&key[..1])) };
        let form = FallbackForm::Gathered { group, values: Vec::new() };
        Some(FallbackEvent { alert: alert(&key), key, firing, form })
    }
}

/// A policy with a wait of so many seconds, for a Critical too.
fn waits(seconds: u64) -> NotificationPolicy {
    let wait = Duration::from_secs(seconds);
    NotificationPolicy { wait: WaitRange { low: wait, high: wait }, wait_critical: wait, ..POLICY }
}

/// A journal with the channels `chat`, which gathers messages, and `page`, which gets every event.
struct Drops<'f> {
    folder: &'f StateFolder,
    journal: Journal,
    policy: NotificationPolicy,
    generation: u64,
    pushes: u64,
}

fn open(folder: &StateFolder, policy: NotificationPolicy, generation: u64) -> Journal {
    let journal = folder.open();
    journal.set_asker(Arc::new(TestRules(generation)));
    journal.set_policies(policies(policy));
    journal.set_renderer(Arc::new(|_: &str, message: &MessageRecord, content: &MessageContent| {
        Some(rendered(message, content))
    }));
    journal
}

fn rendered(message: &MessageRecord, content: &MessageContent) -> RenderedMessage {
    let keys = content.alerts.iter().map(|alert| event(&alert.outcome).0).collect::<Vec<_>>().join(" ");
    let (kind, key, title) = ("stdout", "a".to_owned(), keys.clone());
    let body = Some(format!("{}: {keys}", message.reason.name()).into_bytes());
    RenderedMessage { kind, key, title, body, notes: Vec::new() }
}

fn policies(policy: NotificationPolicy) -> Arc<ChannelPolicies> {
    Arc::new([("chat".to_owned(), policy)].into_iter().collect())
}

impl<'f> Drops<'f> {
    fn new(folder: &'f StateFolder, policy: NotificationPolicy) -> Self {
        Self { folder, journal: open(folder, policy, 1), policy, generation: 1, pushes: 0 }
    }

    fn restart(mut self) -> Self {
        self.journal.close();
        self.journal = open(self.folder, self.policy, self.generation);
        self
    }

    fn accept(&mut self, channel: &str, key: &str, firing: Option<Severity>) -> EventId {
        self.pushes += 1;
        let status = if firing.is_some() { "Firing" } else { "Resolved" };
        let severity = firing.unwrap_or(Warning).name();
        let outcome = format!(
            r#"{{"outcome":"sent","event":{{"key":"{key}","severity":"{severity}","status":"{status}","title":"{key}","event_status":"{severity}"}},"channels":["{channel}"]}}"#
        );
        let gathers = channel == "chat";
        let arrival = EventArrival {
            index: 0,
            channel: channel.to_owned(),
            alert: alert(key),
            group: GroupId::of_alert(alert(key)),
            values: Vec::new(),
            firing,
        };
        let delivery = NewDelivery {
            index: 0,
            channel: channel.to_owned(),
            kind: "webhook",
            key: key.to_owned(),
            body: Some(b"body".to_vec()),
            notes: Vec::new(),
            urgency: firing,
        };
        let (key, channels, index) = (key.to_owned(), vec![channel.to_owned()], 0);
        let push = Push {
            id: push_id(self.pushes),
            received: ago(0),
            outcomes: format!("[{outcome}]").into(),
            deliveries: if gathers { Vec::new() } else { vec![delivery] },
            arrivals: if gathers { vec![arrival] } else { Vec::new() },
            transitions: vec![match firing {
                Some(severity) => FiringTransition::Opened { key, channels, severity, index },
                None => FiringTransition::Closed { key, removed_channels: Vec::new(), index },
            }],
            policies: policies(self.policy),
            ..super::push(self.pushes, channel, "a", None)
        };
        let event = EventId { push: push.id, index: 0 };
        wait(self.journal.accept(push)).unwrap();
        event
    }

    /// Tells what is due; how many messages.
    fn tell(&self) -> usize {
        let render = |message: &MessageRecord, content: &MessageContent| Some(rendered(message, content));
        let told = self.journal.tell("chat".to_owned(), ChannelUse::Gathers(self.policy), Arc::new(render));
        wait(told).unwrap().messages.len()
    }

    fn drop_pending(&self, channel: &str, severities: &[Severity]) -> DropCounts {
        let scope = DropScope {
            severities: severities.iter().copied().collect::<SeveritySet>(),
            until: self.journal.steady_now().max(ago(0)),
        };
        let because = "a test".to_owned();
        self.journal.drop_pending(channel, scope, OperatorDrop { at: ago(0), by: "ops".to_owned(), because }).unwrap()
    }

    fn pending(&self, channel: &str) -> Vec<(DeliveryId, String)> {
        let pending = read(&self.journal).pending(channel, DeliveryId::NONE, 100).unwrap();
        pending.into_iter().map(|found| (found.id, found.key)).collect()
    }

    fn waiting(&self) -> u64 {
        read(&self.journal).waiting_news().unwrap().first().map_or(0, |(_, count)| *count)
    }

    fn deliver_all(&self, channel: &str) {
        for (id, _) in self.pending(channel) {
            wait(self.journal.settle(settlement(id, SettlementResult::Delivered))).unwrap();
        }
    }
}

fn dropped(critical: u64, warning: u64, info: u64) -> DropCounts {
    DropCounts { firing: [info, warning, critical], ..DropCounts::default() }
}

fn dropped_news_comes_back_only_if_it_gets_worse(folder: &StateFolder) {
    let mut drops = Drops::new(folder, waits(3_600));
    drops.accept("chat", "a", Some(Warning));
    drops.accept("chat", "b", Some(Critical));
    assert_eq!(drops.drop_pending("chat", &[Warning]), dropped(0, 1, 0));
    assert_eq!(drops.waiting(), 1);
    drops = drops.restart();
    drops.accept("chat", "a", Some(Warning));
    assert_eq!(drops.waiting(), 1);
    assert_eq!(drops.drop_pending("chat", &[Warning]), dropped(0, 0, 0));
    drops.accept("chat", "a", Some(Critical));
    assert_eq!(drops.waiting(), 2);
}

fn a_dropped_message_is_not_delivered_and_nobody_hears_of_its_end(folder: &StateFolder) {
    let mut drops = Drops::new(folder, waits(0));
    drops.accept("chat", "a", Some(Critical));
    assert_eq!((drops.tell(), drops.pending("chat").len()), (1, 1));
    assert_eq!(drops.drop_pending("chat", &[Info]), dropped(0, 0, 0));
    assert_eq!(drops.drop_pending("chat", &[Critical, Info]), dropped(1, 0, 0));
    assert_eq!(drops.pending("chat"), []);
    drops = drops.restart();
    assert_eq!(drops.tell(), 0);
    drops.accept("chat", "a", Some(Critical));
    drops.accept("chat", "a", None);
    assert_eq!((drops.tell(), drops.waiting()), (0, 0));
    drops.accept("chat", "a", Some(Info));
    assert_eq!(drops.tell(), 1);
}

fn the_end_of_what_was_told_cannot_be_dropped(folder: &StateFolder) {
    let mut drops = Drops::new(folder, waits(0));
    drops.accept("chat", "a", Some(Warning));
    assert_eq!(drops.tell(), 1);
    drops.deliver_all("chat");
    drops.accept("chat", "a", None);
    assert_eq!(drops.tell(), 1);
    assert_eq!(drops.drop_pending("chat", &Severity::ALL), dropped(0, 0, 0));
    assert_eq!(drops.pending("chat").len(), 1);
}

fn dropped_events_are_not_sent_and_neither_is_their_end(folder: &StateFolder) {
    let mut drops = Drops::new(folder, waits(0));
    drops.accept("page", "a", Some(Info));
    drops.accept("page", "b", Some(Critical));
    drops.accept("page", "c", Some(Info));
    drops.accept("page", "c", None);
    let counts = drops.drop_pending("page", &[Info]);
    assert_eq!(counts, DropCounts { ends: 1, ..dropped(0, 0, 2) });
    drops = drops.restart();
    let keys = |drops: &Drops<'_>| drops.pending("page").into_iter().map(|(_, key)| key).collect::<Vec<_>>();
    assert_eq!(keys(&drops), ["b"]);
    drops.accept("page", "a", Some(Info));
    drops.accept("page", "a", None);
    assert_eq!(keys(&drops), ["b"]);
    drops.accept("page", "a", Some(Info));
    assert_eq!(keys(&drops), ["b", "a"]);
    assert_eq!(drops.drop_pending("page", &[Info]), dropped(0, 0, 1));
    drops.accept("page", "a", Some(Warning));
    drops.accept("page", "a", None);
    assert_eq!(keys(&drops), ["b", "a", "a"]);
}

fn the_end_of_an_event_that_was_sent_before_stays(folder: &StateFolder) {
    let mut drops = Drops::new(folder, waits(0));
    drops.accept("page", "a", Some(Warning));
    drops.deliver_all("page");
    drops.accept("page", "a", Some(Warning));
    drops.accept("page", "a", None);
    assert_eq!(drops.drop_pending("page", &Severity::ALL), dropped(0, 1, 0));
    assert_eq!(drops.pending("page").len(), 1);
    drops.deliver_all("page");
    drops.accept("page", "a", Some(Warning));
    assert_eq!(drops.pending("page").len(), 1);
}

fn what_is_under_way_stays(folder: &StateFolder) {
    let mut drops = Drops::new(folder, waits(0));
    drops.accept("page", "a", Some(Warning));
    drops.accept("page", "a", None);
    drops.accept("chat", "b", Some(Warning));
    assert_eq!(drops.tell(), 1);
    for channel in ["page", "chat"] {
        let (first, _) = drops.pending(channel)[0];
        let lease = Duration::from_mins(1);
        read(&drops.journal).claim(first, ClaimOwner::generate(), lease).unwrap();
        let counts = drops.drop_pending(channel, &Severity::ALL);
        assert_eq!(counts, DropCounts { under_way: 1, ..DropCounts::default() }, "{channel}");
    }
    assert_eq!((drops.pending("page").len(), drops.pending("chat").len()), (2, 1));
}

fn untold_news_goes_by_the_groups_of_new_rules(folder: &StateFolder) {
    let mut drops = Drops::new(folder, waits(3_600));
    for key in ["a1", "a2", "b1"] {
        drops.accept("chat", key, Some(Warning));
    }
    assert_eq!(drops.tell(), 0);
    (drops.generation, drops.policy) = (2, waits(0));
    let drops = drops.restart();
    assert_eq!(drops.tell(), 2);
    let body = |(id, _): (DeliveryId, String)| super::body(&drops.journal, id).unwrap();
    let mut bodies: Vec<Vec<u8>> = drops.pending("chat").into_iter().map(body).collect();
    bodies.sort();
    assert!(bodies.contains(&b"new: b1".to_vec()), "{bodies:?}");
    assert!(bodies.iter().any(|body| body.ends_with(b"a1 a2") || body.ends_with(b"a2 a1")), "{bodies:?}");
}

/// A firing that is due at once and its end come before anybody tells: the firing is told first, and then its end.
fn what_is_due_is_told_before_the_next_push(folder: &StateFolder) {
    let mut drops = Drops::new(folder, waits(0));
    drops.accept("chat", "a", Some(Critical));
    drops.accept("chat", "a", None);
    assert_eq!(drops.pending("chat").len(), 1);
    assert_eq!(drops.tell(), 0);
    drops.deliver_all("chat");
    assert_eq!(drops.tell(), 1);
    let bodies: Vec<Vec<u8>> =
        drops.pending("chat").into_iter().map(|(id, _)| super::body(&drops.journal, id).unwrap()).collect();
    assert_eq!(bodies, [b"resolved: a".to_vec()]);
}

/// The store in memory keeps no history.
#[test]
fn what_was_dropped_is_shown_as_dropped() {
    let folder = StateFolder::new();
    let mut drops = Drops::new(&folder, waits(0));
    let told = drops.accept("chat", "a", Some(Critical));
    assert_eq!(drops.tell(), 1);
    drops.policy = waits(3_600);
    let waits = drops.accept("chat", "b", Some(Warning));
    let event = drops.accept("page", "c", Some(Info));
    let counts = read(&drops.journal).pending_counts(None).unwrap();
    let counts: Vec<_> =
        counts.into_iter().map(|one| (one.channel, one.severity, one.waiting, one.in_messages, one.events)).collect();
    let expected = [("chat", Critical, 0, 1, 0), ("chat", Warning, 1, 0, 0), ("page", Info, 0, 0, 1)];
    assert_eq!(
        counts,
        expected.map(|(name, one, waiting, told, sent)| (name.to_owned(), Some(one), waiting, told, sent))
    );
    assert_eq!(drops.drop_pending("chat", &Severity::ALL), dropped(1, 1, 0));
    assert_eq!(drops.drop_pending("page", &Severity::ALL), dropped(0, 0, 1));
    let again = drops.accept("chat", "b", Some(Warning));
    let kept_back = drops.accept("page", "c", Some(Info));
    let end = drops.accept("chat", "b", None);
    for (event, channel) in [(told, "chat"), (waits, "chat"), (again, "chat"), (end, "chat"), (kept_back, "page")] {
        let fates = read(&drops.journal).fates(event, &policies(drops.policy)).unwrap();
        let [ChannelFate { channel: name, fate: EventFate::Dropped { dropped: Some(dropped) }, .. }] = &fates[..]
        else {
            panic!("{fates:?}")
        };
        assert_eq!((name.as_str(), dropped.by.as_str(), dropped.because.as_str()), (channel, "ops", "a test"));
    }
    let messages = read(&drops.journal).messages(&MessageFilter { limit: 10, ..MessageFilter::default() }).unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].state, MessageState::Dropped);
    assert_eq!(messages[0].dropped.as_ref().map(|dropped| dropped.by.as_str()), Some("ops"));
    let filter = pointsman::gateway::journal::RecordFilter { push: Some(event.push), ..Default::default() };
    let delivery = read(&drops.journal).events(&filter).unwrap()[0].deliveries[0].clone();
    assert_eq!(delivery.reason.as_deref(), Some("dropped by ops: a test"));
    assert!(delivery.dropped.is_some());
    assert_eq!(read(&drops.journal).pending_counts(None).unwrap(), []);
}
