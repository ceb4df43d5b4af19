//! A channel of a timeline: its state machine, and what is made and not delivered yet.

mod passed_on;

use super::budget::{TimelineBudget, TimelineLimit};
use super::channel_rules::{group_values, policy};
use super::stored_event::StoredEvent;
use crate::channel::{NotificationPolicy, RepeatPolicy};
use crate::event::{AlertStatus, Event, Severity};
use crate::json::Arena;
use crate::notification::{
    AlertEntry, AlertId, AlertInMessage, AlertState, Arrival, ChannelNotifier, ChannelStore as _, EveryEventRecord,
    GroupId, HoldState, MemoryStore, MessageBuilder, MessageEnd, MessageEvent, MessageId, MessageNews, MessageReason,
    MessageRecord, NamedValue, NewsKind, group_key,
};
use crate::ruleset::RuleSet;
use crate::time::Timestamp;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

/// The longest pause between two messages of a storm.
const LONGEST_STORM_PAUSE: Duration = Duration::from_mins(5);

/// A message that a channel took.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveredMessage {
    /// The channel.
    pub channel: String,
    /// When it was delivered.
    pub at: Timestamp,
    /// When it was made.
    pub made: Timestamp,
    /// Why it was made.
    pub reason: MessageReason,
    /// The groups that it tells of; more than one in a storm. An event that goes out as it comes is a group by itself.
    pub groups: Vec<GroupId>,
    /// The values of `group_by` that all its groups share.
    pub values: Vec<NamedValue>,
    /// What it tells; nothing where it is a repetition.
    pub news: Vec<MessageNews>,
    /// What it says.
    pub message: MessageEvent,
    /// About how much memory it takes.
    pub(super) bytes: usize,
}

/// What a channel knows of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FiringState {
    /// What it knows, and what comes next.
    pub state: AlertState,
    /// Whether the channel is paused.
    pub is_paused: bool,
    /// What else is true of the alert there.
    pub progress: FiringProgress,
}

/// What is true of an alert in a channel besides its [`AlertState`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FiringProgress {
    /// Nothing else.
    Plain,
    /// A message that tells of it, or an event of it, is made and not delivered.
    Undelivered,
    /// What changed since it was told was over before that was told.
    Lapsed,
    /// The channel gets every event: each was sent as it came.
    Sent,
    /// The alert is over.
    Over,
}

/// The events of alerts by their ids.
pub(super) type LastEvents<'e> = dyn Fn(AlertId) -> Option<&'e StoredEvent> + 'e;

#[derive(Debug)]
pub(super) struct TimelineChannel {
    name: String,
    policy: NotificationPolicy,
    store: MemoryStore,
    /// The values of `group_by` of groups that have them.
    values: BTreeMap<GroupId, Vec<NamedValue>>,
    /// The alerts of a channel that gets every event.
    passed_on: BTreeMap<AlertId, EveryEventRecord>,
    /// The channel that is told instead.
    fallback: Option<String>,
    /// The severity at which it was told of an alert, by a channel that gets every event.
    fallback_told: BTreeMap<AlertId, Severity>,
    undelivered: Vec<UndeliveredEvent>,
    /// How many of them, the first, were undelivered for too long when they were looked at last.
    overdue: usize,
    down_until: Option<Timestamp>,
    is_paused: bool,
}

/// A message that was made and is not delivered.
#[derive(Debug)]
struct UndeliveredEvent {
    /// Its id, unless the channel gets every event.
    id: Option<MessageId>,
    /// The alert, where the channel gets every event.
    alert: Option<AlertId>,
    /// The worst of its news that fires; the severity of an event that goes out as it comes.
    worst: Option<Severity>,
    /// As it will be delivered, but for the time.
    delivered: DeliveredMessage,
}

/// An event that arrives, and whether a mute or silence holds its alert.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChannelArrival<'e> {
    pub(super) event: &'e Event<'e>,
    pub(super) hold: HoldState,
}

/// A message as its alerts make it.
struct RenderedEvent {
    values: Vec<NamedValue>,
    message: MessageEvent,
}

impl TimelineChannel {
    pub(super) fn new(rules: &RuleSet, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            policy: policy(rules, name),
            store: MemoryStore::default(),
            values: BTreeMap::new(),
            passed_on: BTreeMap::new(),
            fallback: rules.fallback(name).ok().flatten().map(str::to_owned),
            fallback_told: BTreeMap::new(),
            undelivered: Vec::new(),
            overdue: 0,
            down_until: None,
            is_paused: false,
        }
    }

    fn notifier(&mut self) -> ChannelNotifier<'_, MemoryStore> {
        ChannelNotifier::new(&mut self.store, self.policy)
    }

    /// How long it may take until something that is news is told.
    pub(super) fn longest_wait(&self) -> Duration {
        let storm = if self.policy.gathers_storms { LONGEST_STORM_PAUSE } else { Duration::ZERO };
        let fallback = self.policy.fallback_after.unwrap_or_default();
        self.policy.wait.high.max(self.policy.wait_critical).max(storm).max(fallback)
    }

    /// From here on nothing is told again that did not change.
    pub(super) fn stop_repeating(&mut self) {
        if let RepeatPolicy::After(_) = self.policy.repeat {
            self.policy.repeat = RepeatPolicy::Never;
            let Ok(()) = self.notifier().apply_policy();
        }
    }

    /// The next moment after `now` at which something begins, ends or is due.
    pub(super) fn next_moment(&mut self, now: Timestamp) -> Option<Timestamp> {
        let Ok(due) = self.notifier().next_moment(now);
        due.into_iter().chain(self.down_until).chain(self.next_overdue()).filter(|next| *next > now).min()
    }

    /// When the next event has been undelivered for too long, in a channel that gets every event.
    fn next_overdue(&self) -> Option<Timestamp> {
        let after = self.policy.fallback_after.filter(|_| self.gets_every_event())?;
        Some(self.undelivered.get(self.overdue)?.delivered.made.saturating_add(after))
    }

    pub(super) fn gets_every_event(&self) -> bool {
        self.policy.repeat == RepeatPolicy::EveryEvent
    }

    /// The channel that is told instead.
    pub(super) fn fallback(&self) -> Option<&str> {
        self.fallback.as_deref()
    }

    /// The alerts of which the fallback has to be told now.
    pub(super) fn overdue_alerts(&mut self, now: Timestamp) -> Vec<AlertId> {
        let mut overdue = Vec::new();
        if !self.gets_every_event() {
            loop {
                let Ok(more) = self.notifier().pass_on(now);
                if more.is_empty() {
                    return overdue;
                }
                overdue.extend(more.iter().map(|one| one.alert));
            }
        }
        while self.next_overdue().is_some_and(|due| due <= now) {
            let alert = self.undelivered.get(self.overdue).and_then(|event| event.alert);
            self.overdue += 1;
            let sent = alert.and_then(|id| Some((id, self.passed_on.get(&id)?.told?)));
            if let Some((id, severity)) = sent
                && self.fallback_told.get(&id).is_none_or(|known| severity > *known)
            {
                self.fallback_told.insert(id, severity);
                overdue.push(id);
            }
        }
        overdue
    }

    pub(super) fn down_until(&self) -> Option<Timestamp> {
        self.down_until
    }

    /// It takes nothing until that time, or until a later one that is known.
    pub(super) fn take_down(&mut self, until: Timestamp) {
        self.down_until = self.down_until.max(Some(until));
    }

    /// It takes messages again, if it is time.
    pub(super) fn come_up(&mut self, now: Timestamp) {
        self.down_until = self.down_until.filter(|until| *until > now);
    }

    pub(super) fn pause(&mut self) {
        self.is_paused = true;
        let Ok(()) = self.notifier().pause();
    }

    pub(super) fn resume(&mut self) {
        self.is_paused = false;
        let Ok(()) = self.notifier().resume();
    }

    /// Whether it has to hear of an alert, or may have to.
    pub(super) fn knows(&self, id: AlertId) -> bool {
        let Ok(alert) = self.store.alert(id);
        alert.is_some()
    }

    fn is_firing(&self, id: AlertId) -> bool {
        let Ok(alert) = self.store.alert(id);
        alert.is_some_and(|alert| alert.firing.is_some())
    }

    /// Forgets what it kept of groups and alerts that are over.
    pub(super) fn forget(&mut self, is_kept: impl Fn(AlertId) -> bool) {
        let store = &self.store;
        self.values.retain(|group, _| matches!(store.group(*group), Ok(Some(_))));
        self.passed_on.retain(|alert, _| is_kept(*alert));
        self.fallback_told.retain(|alert, _| is_kept(*alert));
    }

    pub(super) fn state(&mut self, id: AlertId) -> FiringState {
        let Ok(state) = self.notifier().state(id);
        FiringState { state, is_paused: self.is_paused, progress: self.progress(id) }
    }

    fn progress(&self, id: AlertId) -> FiringProgress {
        if self.gets_every_event() {
            let is_undelivered = self.undelivered.iter().any(|event| event.alert == Some(id));
            return if is_undelivered { FiringProgress::Undelivered } else { FiringProgress::Sent };
        }
        let Ok(alert) = self.store.alert(id);
        match alert {
            Some(alert) if alert.message.is_some() => FiringProgress::Undelivered,
            Some(alert) if alert.told.is_some() && alert.lapsed.is_some() => FiringProgress::Lapsed,
            Some(_) | None => FiringProgress::Plain,
        }
    }

    pub(super) fn unroute(&mut self, now: Timestamp, id: AlertId, hold: HoldState) {
        let Ok(()) = self.notifier().unroute(now, id, hold);
    }

    /// Events of one push arrive.
    pub(super) fn arrive(
        &mut self,
        now: Timestamp,
        events: &[ChannelArrival<'_>],
        rules: &RuleSet,
        budget: &mut TimelineBudget,
    ) -> Result<(), TimelineLimit> {
        if self.gets_every_event() {
            return events.iter().try_for_each(|arrival| self.pass_on(now, *arrival, AlertEntry::Routed, budget));
        }
        let arrivals: Vec<Arrival> = events.iter().map(|arrival| self.arrival(now, *arrival, rules)).collect();
        let Ok(_) = self.notifier().arrive(now, &arrivals);
        Ok(())
    }

    /// An alert that another channel could not tell.
    pub(super) fn take_over(
        &mut self,
        now: Timestamp,
        arrival: ChannelArrival<'_>,
        rules: &RuleSet,
        budget: &mut TimelineBudget,
    ) -> Result<(), TimelineLimit> {
        if self.gets_every_event() {
            let event = arrival.event;
            let known = self.passed_on.get(&AlertId::of(event.integration, event.key)).and_then(|known| known.told);
            if known.is_some_and(|told| told >= event.severity) {
                return Ok(());
            }
            return self.pass_on(now, arrival, AlertEntry::Fallback, budget);
        }
        let arrival = self.arrival(now, arrival, rules);
        let Ok(_) = self.notifier().take_over(now, &[arrival]);
        Ok(())
    }

    fn arrival(&mut self, now: Timestamp, arrival: ChannelArrival<'_>, rules: &RuleSet) -> Arrival {
        let ChannelArrival { event, hold } = arrival;
        let alert = AlertId::of(event.integration, event.key);
        let is_firing = event.status == AlertStatus::Firing;
        // What fires stays in its group.
        let enters_group = is_firing && !self.is_firing(alert);
        let values = if enters_group { group_values(rules, &self.name, event, now) } else { None };
        let group = match values {
            Some(values) => {
                let group = GroupId::of_values(&values);
                self.values.insert(group, values);
                group
            }
            None => GroupId::of_alert(alert),
        };
        Arrival { alert, group, firing: is_firing.then_some(event.severity), hold }
    }

    fn queue(&mut self, mut event: UndeliveredEvent, budget: &mut TimelineBudget) -> Result<(), TimelineLimit> {
        let delivered = &mut event.delivered;
        delivered.bytes = delivered.message.bytes() + delivered.news.len() * size_of::<MessageNews>();
        budget.keep(delivered.bytes)?;
        self.undelivered.push(event);
        Ok(())
    }

    /// Makes what is due, and delivers what can be delivered.
    pub(super) fn tell(
        &mut self,
        now: Timestamp,
        last_events: &LastEvents<'_>,
        budget: &mut TimelineBudget,
    ) -> Result<Vec<DeliveredMessage>, TimelineLimit> {
        let mut delivered = self.deliver(now);
        loop {
            budget.work(1)?;
            let Ok(made) = self.notifier().advance(now);
            for record in &made {
                budget.work(record.groups.len())?;
                let RenderedEvent { values, message } = self.render(record, last_events, budget)?;
                let delivered = DeliveredMessage {
                    channel: self.name.clone(),
                    at: now,
                    made: now,
                    reason: record.reason,
                    groups: record.groups.clone(),
                    values,
                    news: record.news.clone(),
                    message,
                    bytes: 0,
                };
                let (id, worst) = (Some(record.id), record.worst_news());
                self.queue(UndeliveredEvent { id, alert: None, worst, delivered }, budget)?;
            }
            let taken = self.deliver(now);
            if taken.is_empty() {
                return Ok(delivered);
            }
            delivered.extend(taken);
        }
    }

    /// Delivers what is undelivered, the worst news first, in the order in which it was made for each key.
    fn deliver(&mut self, now: Timestamp) -> Vec<DeliveredMessage> {
        if self.is_paused || self.down_until.is_some() {
            return Vec::new();
        }
        let mut waiting = std::mem::take(&mut self.undelivered);
        self.overdue = 0;
        let mut worst_of_key: BTreeMap<String, Option<Severity>> = BTreeMap::new();
        let mut ranks: Vec<Option<Severity>> = waiting
            .iter()
            .rev()
            .map(|each| {
                let worst = worst_of_key.entry(each.delivered.message.event.key.clone()).or_default();
                *worst = (*worst).max(each.worst);
                *worst
            })
            .collect();
        ranks.reverse();
        let mut ranked: Vec<_> = ranks.into_iter().zip(waiting.drain(..)).collect();
        ranked.sort_by_key(|(rank, _)| Reverse(*rank));
        ranked.into_iter().map(|(_, each)| self.deliver_one(now, each)).collect()
    }

    fn deliver_one(&mut self, now: Timestamp, waiting: UndeliveredEvent) -> DeliveredMessage {
        let UndeliveredEvent { id, delivered, .. } = waiting;
        if let Some(id) = id {
            let Ok(()) = self.notifier().settle(now, id, MessageEnd::Delivered);
        }
        DeliveredMessage { at: now, ..delivered }
    }

    fn render(
        &mut self,
        record: &MessageRecord,
        last_events: &LastEvents<'_>,
        budget: &mut TimelineBudget,
    ) -> Result<RenderedEvent, TimelineLimit> {
        let alerts = self.alerts_of(record);
        budget.work(alerts.len())?;
        let mut builder = MessageBuilder::default();
        let mut own_key = None;
        for TellingAlert { id, news, severity } in &alerts {
            let Some(stored) = last_events(*id) else { continue };
            let arena = Arena::new();
            let event = stored.event.event(&arena);
            builder.add(&AlertInMessage { event: &event, news: *news, severity: *severity, at: stored.at });
            own_key.get_or_insert_with(|| stored.event.key.clone());
        }
        let values = self.shared_values(&record.groups);
        let key = match record.groups.as_slice() {
            [group] if self.values.contains_key(group) => group_key(*group),
            [_] => own_key.unwrap_or_default(),
            _ => format!("storm:{}", record.id.0),
        };
        let message = builder.finish(record, key, &values, None);
        Ok(RenderedEvent { values, message })
    }

    /// The alerts of a message: its news, and in a repetition all that was told and fires, by their ids.
    fn alerts_of(&self, record: &MessageRecord) -> Vec<TellingAlert> {
        let is_repetition = matches!(record.reason, MessageReason::Repeat | MessageReason::Better);
        let mut alerts: BTreeMap<AlertId, TellingAlert> = BTreeMap::new();
        for group in record.groups.iter().filter(|_| is_repetition) {
            for (id, alert) in self.store.members(*group) {
                let severity = alert.told.filter(|_| alert.firing.is_some());
                alerts.extend(severity.map(|severity| (id, TellingAlert { id, news: None, severity })));
            }
        }
        for news in &record.news {
            let severity = news.now.or(news.before).unwrap_or(Severity::Info);
            alerts.insert(news.alert, TellingAlert { id: news.alert, news: Some(news.kind), severity });
        }
        alerts.into_values().collect()
    }

    /// The values that all groups share.
    fn shared_values(&self, groups: &[GroupId]) -> Vec<NamedValue> {
        let mut all = groups.iter().map(|group| self.values.get(group).map_or(&[][..], Vec::as_slice));
        let mut shared = all.next().unwrap_or_default().to_vec();
        for values in all {
            shared.retain(|value| values.contains(value));
        }
        shared
    }
}

/// An alert that a message tells of.
#[derive(Debug, Clone, Copy)]
struct TellingAlert {
    id: AlertId,
    news: Option<NewsKind>,
    severity: Severity,
}
