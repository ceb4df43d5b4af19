//! A journal with a mute and silences, and what it tells.

use super::after;
use crate::journal::notification::POLICY;
use crate::journal::silences::{id, silence};
use crate::journal::{StateFolder, push, push_id, transact};
use pointsman::evaluate::HoldBudget;
use pointsman::event::Severity;
use pointsman::gateway::journal::{
    AskedEvent, AskedRules, AskedVersion, ChannelPolicies, DeliveryId, EventArrival, FiringTransition, HoldAsker,
    HoldContext, HoldWork, JournalReader, JournalStore, MessageContent, NewDelivery, Push, PushHolds, RenderedMessage,
    SilenceChange, SilenceList, StoreResult, Transaction, accept, add_silence, end_silence, tell, work_on_holds,
};
use pointsman::notification::holds::{AlertFacts, HoldCandidate, HoldProgress, MuteCandidate, SourceId, SourceRole};
use pointsman::notification::{AlertId, GroupId, MessageRecord};
use pointsman::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Rules with a mute: alerts whose key begins with `pod` are held while one whose key begins with `node` fires, and for 300 s
/// after. The condition of a silence is a list of keys.
#[derive(Clone, Copy)]
pub(super) struct TestRules {
    pub(super) generation: u64,
    pub(super) has_mute: bool,
    /// Whether the schedule holds of another mute, which holds alerts whose key begins with `job`.
    pub(super) is_night: bool,
}

pub(super) fn alert(key: &str) -> AlertId {
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
pub(super) struct HoldWorld<'f> {
    pub(super) folder: &'f StateFolder,
    pub(super) store: Box<dyn JournalStore>,
    pub(super) rules: TestRules,
    pub(super) policies: Arc<ChannelPolicies>,
    pub(super) pushes: u64,
}

impl<'f> HoldWorld<'f> {
    pub(super) fn new(folder: &'f StateFolder) -> Self {
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

    pub(super) fn restart(self) -> Self {
        let Self { folder, store, rules, policies, pushes } = self;
        drop(store);
        Self { folder, store: folder.store(&folder.options()), rules, policies, pushes }
    }

    pub(super) fn transact<T>(&mut self, work: impl FnMut(&mut dyn Transaction) -> StoreResult<T>) -> T {
        transact(&mut *self.store, work).unwrap()
    }

    pub(super) fn reader(&self) -> Arc<dyn JournalReader> {
        self.store.reader(&Arc::default())
    }

    /// A push with these events for a channel, as it is evaluated now.
    pub(super) fn push(&mut self, channel: &str, events: &[(&str, Option<Severity>)]) -> Push {
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
            ..push(self.pushes, channel, "a", None)
        }
    }

    pub(super) fn accept(&mut self, now: i64, push: &Push) {
        let rules = self.rules;
        self.transact(|transaction| accept(transaction, push, after(now), &rules).map(drop));
    }

    pub(super) fn arrive(&mut self, now: i64, events: &[(&str, Option<Severity>)]) {
        let push = self.push("chat", events);
        self.accept(now, &push);
    }

    pub(super) fn with_context<T>(
        &mut self,
        now: i64,
        work: impl Fn(&mut dyn Transaction, HoldContext<'_>) -> StoreResult<T>,
    ) -> T {
        let (rules, policies) = (self.rules, Arc::clone(&self.policies));
        let context = HoldContext { asker: &rules, policies: &policies, now: after(now) };
        self.transact(|transaction| work(transaction, context))
    }

    /// What the notifier does about holds, until nothing is left; when it has to look again.
    pub(super) fn work(&mut self, now: i64) -> Option<Timestamp> {
        for _ in 0..20 {
            let HoldWork { progress, next } = self.with_context(now, work_on_holds);
            if progress == HoldProgress::Done {
                return next;
            }
        }
        panic!("the work does not end");
    }

    /// What is told: why, and of which alerts.
    pub(super) fn tell(&mut self, now: i64) -> Vec<String> {
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

    pub(super) fn silence(&mut self, number: u64, keys: &str, from: i64, until: i64) {
        let silence = silence(number, keys, after(from), after(until));
        let added = self.transact(|transaction| add_silence(transaction, &silence, after(from.min(until))));
        assert!(matches!(added, SilenceChange::Done(_)), "{added:?}");
    }

    pub(super) fn end_silence(&mut self, number: u64, now: i64) {
        let ended = self.transact(|transaction| end_silence(transaction, id(number), "mia", after(now)));
        assert!(matches!(ended, SilenceChange::Done(_)), "{ended:?}");
    }

    /// The bodies that wait for a channel.
    pub(super) fn sent(&self, channel: &str) -> Vec<String> {
        let reader = self.reader();
        let pending = reader.pending(channel, DeliveryId::NONE, 100).unwrap();
        let body = |id| match reader.body(id, usize::MAX).unwrap() {
            pointsman::gateway::journal::StoredBody::Intact(body) => String::from_utf8(body).unwrap(),
            other => panic!("{other:?}"),
        };
        pending.into_iter().map(|found| body(found.id)).collect()
    }
}
