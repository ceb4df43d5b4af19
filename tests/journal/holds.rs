//! Mutes and silences in the journal: what they hold is not told, what outlasts them is, and nothing that is durable is
//! escaped by what was evaluated before.

mod schedules;

use super::notification::POLICY;
use super::silences::silence;
use super::{StateFolder, at, push_id};
use pointsman::evaluate::HoldBudget;
use pointsman::event::Severity;
use pointsman::gateway::journal::{
    AskedEvent, AskedRules, AskedVersion, ChannelPolicies, DeliveryId, EventArrival, EventCopy, FiringTransition,
    HoldAsker, HoldContext, HoldWork, JournalReader, JournalStore, MessageContent, NewDelivery, Push, PushHolds,
    RenderedMessage, SilenceChange, SilenceEndCause, SilenceList, StoreResult, Transaction, accept, add_silence,
    ask_everything, end_silence, tell, work_on_holds,
};
use pointsman::notification::holds::{AlertFacts, HoldCandidate, HoldProgress, MuteCandidate, SourceId, SourceRole};
use pointsman::notification::{AlertId, GroupId, MessageRecord};
use pointsman::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

over_each_store!(
    a_silence_holds_what_fires_and_what_outlasts_it_is_told,
    a_silence_goes_on_over_a_restart_and_ends_by_the_clock,
    a_silence_that_begins_holds_what_is_not_told_yet,
    a_push_that_was_asked_by_an_older_list_does_not_escape,
    a_silence_ends_once_nothing_fires_that_it_holds,
    the_end_of_what_was_told_passes_and_that_of_the_rest_is_not_told,
    a_mute_holds_while_its_source_fires_and_for_a_time_after,
    a_source_of_which_nothing_is_heard_holds_on_for_its_time_and_is_listed,
    a_source_that_comes_last_in_a_push_holds_the_others,
    rules_that_are_loaded_hold_and_release_what_fires,
    a_mute_with_a_schedule_begins_and_ends_to_the_moment,
    what_is_due_is_asked_before_it_is_told,
    a_copy_is_never_held,
    a_channel_that_gets_every_event_gets_what_outlasts_its_hold,
);

const START: i64 = 1_800_000_000_000;
const WARNING: Option<Severity> = Some(Severity::Warning);
const CRITICAL: Option<Severity> = Some(Severity::Critical);

/// So many seconds after the start.
fn after(count: i64) -> Timestamp {
    at(START + count * 1_000)
}

/// Rules with a mute: alerts whose key begins with `pod` are held while one whose key begins with `node` fires, and for 300 s
/// after. The condition of a silence is a list of keys.
#[derive(Clone, Copy)]
struct TestRules {
    generation: u64,
    has_mute: bool,
    /// Whether the schedule holds of another mute, which holds alerts whose key begins with `job`.
    is_night: bool,
}

fn alert(key: &str) -> AlertId {
    AlertId::of(Some("shop"), key)
}

impl HoldAsker for TestRules {
    fn rules(&self) -> AskedRules {
        AskedRules { generation: self.generation, have_mutes: self.has_mute }
    }

    fn ask(
        &self,
        silences: &SilenceList,
        _integration: &str,
        outcome: &str,
        index: u32,
        _budget: &mut HoldBudget,
    ) -> Option<AskedEvent> {
        let outcome: serde_json::Value = serde_json::from_str(outcome).ok()?;
        let event = &outcome["event"];
        let key = event["key"].as_str()?.to_owned();
        let severity = Severity::ALL.into_iter().find(|severity| event["severity"] == severity.name())?;
        let firing = (event["status"] == "Firing").then_some(severity);
        let mut facts = AlertFacts::default();
        let met = silences.silences.iter().filter(|one| one.condition.split(' ').any(|word| word == key));
        facts.candidates.extend(met.map(|silence| HoldCandidate::Silence(silence.id)));
        let source = SourceId::of("behind_node", ["a"]);
        if self.has_mute && key.starts_with("pod") {
            facts.candidates.push(HoldCandidate::Mute(MuteCandidate {
                mute: "behind_node".to_owned(),
                place: "a.rules:3".to_owned(),
                source: Some(source),
                channels: None,
                because: "its node is down".to_owned(),
            }));
        }
        if self.has_mute && self.is_night && key.starts_with("job") {
            facts.candidates.push(HoldCandidate::Mute(MuteCandidate {
                mute: "batch".to_owned(),
                place: "a.rules:5".to_owned(),
                source: None,
                channels: None,
                because: "as every night".to_owned(),
            }));
        }
        if self.has_mute && key.starts_with("node") {
            facts.roles.push(SourceRole { source, until_after: Duration::from_mins(5) });
        }
        Some(AskedEvent { index, alert: alert(&key), key, firing, facts })
    }
}

/// A journal of a store.
struct HoldWorld<'f> {
    folder: &'f StateFolder,
    store: Box<dyn JournalStore>,
    rules: TestRules,
    policies: Arc<ChannelPolicies>,
    pushes: u64,
}

impl<'f> HoldWorld<'f> {
    fn new(folder: &'f StateFolder) -> Self {
        let policies = [("chat".to_owned(), POLICY)].into_iter().collect();
        let store = folder.store(&folder.options());
        Self {
            folder,
            store,
            rules: TestRules { generation: 1, has_mute: false, is_night: false },
            policies: Arc::new(policies),
            pushes: 0,
        }
    }

    fn restart(self) -> Self {
        let Self { folder, store, rules, policies, pushes } = self;
        drop(store);
        Self { folder, store: folder.store(&folder.options()), rules, policies, pushes }
    }

    fn transact<T>(&mut self, work: impl FnMut(&mut dyn Transaction) -> StoreResult<T>) -> T {
        super::transact(&mut *self.store, work).unwrap()
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        self.store.reader(&Arc::default())
    }

    /// A push with these events for a channel, as it is evaluated now.
    fn push(&mut self, channel: &str, events: &[(&str, Option<Severity>)]) -> Push {
        self.pushes += 1;
        let outcome = |(key, severity): &(&str, Option<Severity>)| {
            let status = if severity.is_some() { "Firing" } else { "Resolved" };
            let severity = severity.unwrap_or(Severity::Warning).name();
            format!(r#"{{"outcome":"sent","event":{{"key":"{key}","severity":"{severity}","status":"{status}"}}}}"#)
        };
        let outcomes: Vec<String> = events.iter().map(outcome).collect();
        let silences = self.reader().open_silences();
        let asked = AskedVersion { rules: self.rules.rules(), silences: silences.number };
        let mut budget = HoldBudget::default();
        let ask = |(index, outcome): (u32, &String)| self.rules.ask(&silences, "shop", outcome, index, &mut budget);
        let asked_events = if asked.is_nothing() { Vec::new() } else { (0..).zip(&outcomes).filter_map(ask).collect() };
        let holds = PushHolds { asked, events: asked_events, copies: Vec::new() };
        let numbered = || (0_u32..).zip(events);
        let gathers = self.policies.get(channel).is_some();
        let arrival = |(index, (key, firing)): (u32, &(&str, Option<Severity>))| EventArrival {
            index,
            channel: channel.to_owned(),
            alert: alert(key),
            group: GroupId::of_alert(alert(key)),
            values: Vec::new(),
            firing: *firing,
        };
        let delivery = |(index, (key, firing)): (u32, &(&str, Option<Severity>))| NewDelivery {
            index,
            channel: channel.to_owned(),
            kind: "webhook",
            key: (*key).to_owned(),
            body: Some(format!("{key} {}", firing.map_or("Resolved", Severity::name)).into_bytes()),
            notes: Vec::new(),
            urgency: None,
        };
        let transition = |(index, (key, severity)): (u32, &(&str, Option<Severity>))| {
            let key = (*key).to_owned();
            match severity {
                Some(severity) => {
                    FiringTransition::Opened { key, channels: vec![channel.to_owned()], severity: *severity, index }
                }
                None => FiringTransition::Closed { key, removed_channels: Vec::new(), index },
            }
        };
        Push {
            id: push_id(self.pushes),
            outcomes: format!("[{}]", outcomes.join(",")).into(),
            deliveries: if gathers { Vec::new() } else { numbered().map(delivery).collect() },
            transitions: numbered().map(transition).collect(),
            arrivals: if gathers { numbered().map(arrival).collect() } else { Vec::new() },
            policies: Arc::clone(&self.policies),
            holds: Some(holds),
            received: after(0),
            ..super::push(self.pushes, channel, "a", None)
        }
    }

    fn accept(&mut self, now: i64, push: &Push) {
        let rules = self.rules;
        self.transact(|transaction| accept(transaction, push, after(now), &rules).map(drop));
    }

    fn arrive(&mut self, now: i64, events: &[(&str, Option<Severity>)]) {
        let push = self.push("chat", events);
        self.accept(now, &push);
    }

    fn with_context<T>(
        &mut self,
        now: i64,
        work: impl Fn(&mut dyn Transaction, HoldContext<'_>) -> StoreResult<T>,
    ) -> T {
        let (rules, policies) = (self.rules, Arc::clone(&self.policies));
        let context = HoldContext { asker: &rules, policies: &policies, now: after(now) };
        self.transact(|transaction| work(transaction, context))
    }

    /// What the notifier does about holds, until nothing is left; when it has to look again.
    fn work(&mut self, now: i64) -> Option<Timestamp> {
        for _ in 0..20 {
            let HoldWork { progress, next } = self.with_context(now, work_on_holds);
            if progress == HoldProgress::Done {
                return next;
            }
        }
        panic!("the work does not end");
    }

    /// What is told: why, and of which alerts.
    fn tell(&mut self, now: i64) -> Vec<String> {
        let told = self.with_context(now, |transaction, context| {
            let told = std::cell::RefCell::new(Vec::new());
            let render = |message: &MessageRecord, content: &MessageContent| {
                let keys = content.alerts.iter().map(|alert| {
                    let outcome: serde_json::Value = serde_json::from_str(&alert.outcome).unwrap();
                    outcome["event"]["key"].as_str().unwrap().to_owned()
                });
                let mut keys: Vec<String> = keys.collect();
                keys.sort();
                told.borrow_mut().push((message.id, format!("{}: {}", message.reason.name(), keys.join(" "))));
                Some(RenderedMessage {
                    kind: "stdout",
                    key: "a".to_owned(),
                    title: String::new(),
                    body: None,
                    notes: Vec::new(),
                })
            };
            tell(transaction, "chat", POLICY, context, &render)?;
            Ok(told.into_inner())
        });
        let mut told: Vec<String> = told.into_iter().map(|(_, text)| text).collect();
        told.sort();
        told
    }

    fn silence(&mut self, number: u64, keys: &str, from: i64, until: i64) {
        let silence = silence(number, keys, after(from), after(until));
        let added = self.transact(|transaction| add_silence(transaction, &silence, after(from.min(until))));
        assert!(matches!(added, SilenceChange::Done(_)), "{added:?}");
    }

    fn end_silence(&mut self, number: u64, now: i64) {
        let ended =
            self.transact(|transaction| end_silence(transaction, super::silences::id(number), "mia", after(now)));
        assert!(matches!(ended, SilenceChange::Done(_)), "{ended:?}");
    }

    /// The bodies that wait for a channel.
    fn sent(&self, channel: &str) -> Vec<String> {
        let reader = self.reader();
        let pending = reader.pending(channel, DeliveryId::NONE, 100).unwrap();
        let body = |id| match reader.body(id, usize::MAX).unwrap() {
            pointsman::gateway::journal::StoredBody::Intact(body) => String::from_utf8(body).unwrap(),
            other => panic!("{other:?}"),
        };
        pending.into_iter().map(|found| body(found.id)).collect()
    }
}

fn a_silence_holds_what_fires_and_what_outlasts_it_is_told(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.silence(1, "a b", 0, 600);
    world.arrive(10, &[("a", WARNING), ("b", CRITICAL), ("c", WARNING)]);
    assert_eq!(world.tell(10), ["new: c"]);
    world.arrive(20, &[("b", None)]);
    world.work(20);
    assert_eq!(world.tell(20), [""; 0]);
    let held = world.reader().held_counts().unwrap();
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!((held[0].channel.as_str(), held[0].mute.as_deref(), held[0].alerts), ("chat", None, 1));
    assert_eq!(world.reader().silenced_alerts(super::silences::id(1)), Ok(1));
    world.end_silence(1, 30);
    world.work(30);
    assert_eq!(world.tell(30), ["unmuted: a"]);
    assert_eq!(world.reader().held_counts().unwrap(), []);
}

fn a_silence_goes_on_over_a_restart_and_ends_by_the_clock(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.silence(1, "a", 0, 600);
    world.arrive(10, &[("a", WARNING)]);
    assert_eq!(world.work(10), Some(after(600)));
    let mut world = world.restart();
    assert_eq!(world.tell(599), [""; 0]);
    assert_eq!(world.work(599), Some(after(600)));
    // Telling looks at the clock by itself: what ended comes before what is due.
    assert_eq!(world.tell(600), ["unmuted: a"]);
    assert_eq!(world.work(600), None);
    let silence = world.reader().silence(super::silences::id(1)).unwrap().unwrap();
    let end = silence.ended.unwrap();
    assert_eq!((end.at, end.cause, end.by), (after(600), SilenceEndCause::Time, None));
    assert!(world.reader().open_silences().silences.is_empty());
}

fn a_silence_that_begins_holds_what_is_not_told_yet(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.arrive(0, &[("a", WARNING), ("b", WARNING)]);
    world.silence(1, "a", 1, 600);
    assert_eq!(world.tell(1), ["new: b"], "nobody was told of it before");
    world.silence(2, "c", 2, 600);
    let mut late = silence(3, "c", after(100), after(200));
    late.created = after(2);
    world.transact(|transaction| add_silence(transaction, &late, after(2)));
    world.end_silence(2, 3);
    world.arrive(4, &[("c", WARNING)]);
    assert_eq!(world.tell(4), ["new: c"], "the other one begins later");
    assert_eq!(world.work(4), Some(after(100)));
}

fn a_push_that_was_asked_by_an_older_list_does_not_escape(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    let before = world.push("chat", &[("a", CRITICAL)]);
    assert!(before.holds.as_ref().unwrap().events.is_empty());
    world.silence(1, "a", 1, 600);
    world.accept(2, &before);
    assert_eq!(world.tell(2), [""; 0], "it was asked again when it was stored");
    // A silence that ended meanwhile holds nothing.
    let before = world.push("chat", &[("a", CRITICAL), ("b", WARNING)]);
    world.end_silence(1, 3);
    world.accept(4, &before);
    let mut told = world.tell(4);
    world.work(4);
    told.extend(world.tell(4));
    told.sort();
    assert_eq!(told, ["new: b", "unmuted: a"]);
}

fn a_silence_ends_once_nothing_fires_that_it_holds(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    let mut until_resolved = silence(1, "a b", after(0), after(10_000));
    until_resolved.until_resolved = true;
    world.transact(|transaction| add_silence(transaction, &until_resolved, after(0)));
    world.arrive(10, &[("a", WARNING), ("b", WARNING)]);
    world.arrive(20, &[("a", None)]);
    assert_eq!(world.work(20), Some(after(10_000)));
    world.arrive(100, &[("b", None)]);
    assert_eq!(world.work(100), Some(after(400)), "5 minutes after the last");
    world.arrive(399, &[("a", WARNING)]);
    assert_eq!(world.work(399), Some(after(10_000)));
    world.arrive(500, &[("a", None)]);
    world.work(800);
    let end = world.reader().silence(super::silences::id(1)).unwrap().unwrap().ended.unwrap();
    assert_eq!((end.at, end.cause), (after(800), SilenceEndCause::Resolved));
    assert_eq!(world.tell(800), [""; 0]);
    world.arrive(900, &[("a", WARNING)]);
    assert_eq!(world.tell(900), ["new: a"]);
}

fn the_end_of_what_was_told_passes_and_that_of_the_rest_is_not_told(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.arrive(0, &[("a", WARNING)]);
    assert_eq!(world.tell(0), ["new: a"]);
    world.silence(1, "a b", 1, 600);
    world.work(1);
    world.arrive(10, &[("a", CRITICAL), ("b", WARNING)]);
    assert_eq!(world.tell(10), [""; 0], "worse is held too");
    world.arrive(20, &[("a", None), ("b", None)]);
    assert_eq!(world.tell(20), ["resolved: a"]);
}

fn a_mute_holds_while_its_source_fires_and_for_a_time_after(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.rules.has_mute = true;
    world.arrive(0, &[("pod-1", WARNING)]);
    assert_eq!(world.tell(0), ["new: pod-1"]);
    world.arrive(10, &[("node", CRITICAL)]);
    world.arrive(20, &[("pod-2", WARNING), ("other", WARNING)]);
    world.work(20);
    assert_eq!(world.tell(20), ["new: node", "new: other"]);
    let held = world.reader().held_counts().unwrap();
    assert_eq!((held[0].mute.as_deref(), held[0].alerts), (Some("behind_node"), 2), "{held:?}");
    world.arrive(100, &[("node", None)]);
    assert_eq!(world.work(100), Some(after(400)), "until 300 s after");
    assert_eq!(world.tell(100), ["resolved: node"]);
    let mut world = world.restart();
    assert_eq!(world.tell(399), [""; 0]);
    assert_eq!(world.tell(400), ["unmuted: pod-2"]);
    world.arrive(500, &[("pod-1", None), ("pod-2", None)]);
    assert_eq!(world.tell(500), ["resolved: pod-1", "resolved: pod-2"]);
}

fn a_source_of_which_nothing_is_heard_holds_on_for_its_time_and_is_listed(folder: &StateFolder) {
    const DAY: i64 = 86_400;
    let mut world = HoldWorld::new(folder);
    world.rules.has_mute = true;
    world.arrive(0, &[("node", CRITICAL), ("pod-1", WARNING)]);
    assert_eq!(world.tell(0), ["new: node"]);
    // A source is written again once an hour, so it counts for up to so much longer.
    let expired = world.work(0).unwrap();
    let late = expired.epoch_milliseconds() / 1_000 - START / 1_000;
    assert!((DAY..=DAY + 3_600).contains(&late), "{late}");
    assert_eq!(world.work(late), Some(after(late + 300)), "until 300 s after");
    assert_eq!(world.tell(late + 299), ["repeat: node"], "the pod is held");
    assert_eq!(world.reader().expired_sources(10), Ok(Vec::new()));
    let mut world = world.restart();
    world.work(late + 300);
    assert_eq!(world.tell(late + 300), ["unmuted: pod-1"]);
    let listed = world.reader().expired_sources(10).unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!((listed[0].key.as_str(), listed[0].since, listed[0].expired), ("node", after(0), after(late)));
    assert_eq!(listed[0].event.map(|event| event.index), Some(0));
    // It counts again once it is heard of, and is over once it ends.
    world.arrive(late + 400, &[("node", CRITICAL), ("pod-2", WARNING)]);
    assert_eq!(world.tell(late + 400), [""; 0]);
    assert_eq!(world.reader().expired_sources(10), Ok(Vec::new()));
}

fn a_source_that_comes_last_in_a_push_holds_the_others(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.rules.has_mute = true;
    world.arrive(0, &[("pod-1", WARNING), ("pod-2", CRITICAL), ("node", CRITICAL)]);
    assert_eq!(world.tell(0), ["new: node"]);
    // A push with the end of the source holds on.
    world.arrive(10, &[("node", None), ("pod-3", WARNING)]);
    assert_eq!(world.tell(10), ["resolved: node"]);
    world.work(310);
    assert_eq!(world.tell(310), ["unmuted: pod-1", "unmuted: pod-2", "unmuted: pod-3"]);
}

fn rules_that_are_loaded_hold_and_release_what_fires(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.rules.has_mute = true;
    world.arrive(0, &[("node", CRITICAL), ("pod-1", WARNING)]);
    assert_eq!(world.tell(0), ["new: node"]);
    // A push of the rules before is asked again by those in force.
    let before = world.push("chat", &[("pod-2", WARNING)]);
    world.rules = TestRules { generation: 2, has_mute: false, is_night: false };
    world.with_context(1, |transaction, context| ask_everything(transaction, context.asker));
    world.accept(1, &before);
    world.work(1);
    assert_eq!(world.tell(1), ["new: pod-2", "unmuted: pod-1"]);
    world.rules = TestRules { generation: 3, has_mute: true, is_night: false };
    world.with_context(2, |transaction, context| ask_everything(transaction, context.asker));
    world.work(2);
    world.arrive(3, &[("pod-1", CRITICAL)]);
    assert_eq!(world.tell(3), [""; 0], "the node fires since before the load");
}

fn a_mute_with_a_schedule_begins_and_ends_to_the_moment(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.rules.has_mute = true;
    world.arrive(0, &[("job-1", WARNING)]);
    assert_eq!(world.tell(0), ["new: job-1"]);
    // The night begins: what was told stays, what is new or worse is held.
    world.rules.is_night = true;
    world.with_context(10, |transaction, context| ask_everything(transaction, context.asker));
    world.work(10);
    world.arrive(10, &[("job-1", CRITICAL), ("job-2", WARNING), ("job-3", WARNING)]);
    assert_eq!(world.tell(10), [""; 0]);
    let held = world.reader().held_counts().unwrap();
    assert_eq!((held[0].mute.as_deref(), held[0].alerts), (Some("batch"), 3), "{held:?}");
    world.arrive(20, &[("job-3", None)]);
    assert_eq!(world.tell(99), [""; 0]);
    let mut world = world.restart();
    // It ends: what outlasts it is told, over a restart too.
    world.rules.is_night = false;
    world.with_context(100, |transaction, context| ask_everything(transaction, context.asker));
    world.work(100);
    assert_eq!(world.tell(100), ["unmuted: job-1", "unmuted: job-2"]);
    assert_eq!(world.reader().held_counts().unwrap(), []);
}

fn what_is_due_is_asked_before_it_is_told(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.arrive(0, &[("node", CRITICAL)]);
    assert_eq!(world.tell(0), ["new: node"]);
    world.arrive(1, &[("pod-1", WARNING), ("other", WARNING)]);
    world.rules = TestRules { generation: 2, has_mute: true, is_night: false };
    world.with_context(2, |transaction, context| ask_everything(transaction, context.asker));
    // The node, which holds the pod, may not be asked yet: nothing is told before.
    assert_eq!(world.tell(2), [""; 0]);
    world.work(2);
    assert_eq!(world.tell(2), ["new: other"]);
    // What no other alert may hold is told as soon as it was asked.
    world.arrive(3, &[("third", WARNING)]);
    world.with_context(3, |transaction, context| ask_everything(transaction, context.asker));
    assert_eq!(world.tell(3), ["new: third"]);
}

fn a_copy_is_never_held(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    world.silence(1, "a b", 0, 600);
    let mut push = world.push("chat", &[("a", WARNING), ("b", WARNING)]);
    push.holds.as_mut().unwrap().copies = vec![EventCopy { index: 0, channel: "chat".to_owned() }];
    world.accept(1, &push);
    world.work(1);
    assert_eq!(world.tell(1), ["new: a"]);
    world.with_context(2, |transaction, context| ask_everything(transaction, context.asker));
    world.work(2);
    world.arrive(3, &[("a", None)]);
    assert_eq!(world.tell(3), ["resolved: a"]);
}

fn a_channel_that_gets_every_event_gets_what_outlasts_its_hold(folder: &StateFolder) {
    let mut world = HoldWorld::new(folder);
    let push = |world: &mut HoldWorld<'_>, now, events: &[(&str, Option<Severity>)]| {
        let push = world.push("page", events);
        world.accept(now, &push);
    };
    push(&mut world, 0, &[("told", WARNING)]);
    world.silence(1, "told new over", 1, 600);
    push(&mut world, 10, &[("told", WARNING), ("new", WARNING), ("over", WARNING), ("other", WARNING)]);
    push(&mut world, 20, &[("new", CRITICAL), ("over", None)]);
    let mut world = world.restart();
    push(&mut world, 30, &[("told", None)]);
    assert_eq!(world.sent("page"), ["told Warning", "other Warning", "told Resolved"]);
    world.end_silence(1, 40);
    world.work(40);
    assert_eq!(world.sent("page")[3..], ["new Critical"], "the last event goes out, and nothing of what is over");
    push(&mut world, 50, &[("new", None)]);
    assert_eq!(world.sent("page")[4..], ["new Resolved"]);
}
