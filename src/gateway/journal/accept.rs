//! What happens to an accepted push in its transaction.

use super::channel_policies::LAST_WORDS;
use super::fallback::arrive_unrouted;
use super::hold_push::{ReportedPush, report_push};
use super::hold_work::HoldContext;
use super::holds::{HoldAsker, StoredHoldReason};
use super::notification::{AppliedArrival, ChannelRecords, EventArrival, NewsEnd};
use super::{EventId, FiringTransition, LONGEST_OPEN, Push, PushId, StoreError, StoredFiring, Transaction, heard};
use crate::event::Severity;
use crate::notification::{
    AlertId, AlertRecord, Arrival, ArrivalResult, ChannelNotifier, GroupId, HoldState, ListeningTime, NamedValue,
};
use crate::time::Timestamp;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// How old the time of an open firing may become before a repetition writes it again.
const REFRESH_AFTER: Duration = Duration::from_hours(1);

/// What happened to a push that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptResult {
    /// It is stored.
    Stored,
    /// That push brought the same body, within the integration's `deduplicate_for`.
    Duplicate(PushId),
    /// It is a push of the clock, and what it was made of is no longer so: nothing of it is stored.
    Outdated,
}

/// When a push is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptMoment {
    /// The time of timers.
    pub steady: Timestamp,
    /// How long events could be heard until then.
    pub listened: ListeningTime,
}

impl From<Timestamp> for AcceptMoment {
    /// At a time at which nothing that is watched is looked at.
    fn from(steady: Timestamp) -> Self {
        Self { steady, listened: ListeningTime::default() }
    }
}

/// Stores a push, unless it repeats one, changes the firings that it opens and closes, and applies its events to the channels
/// that gather messages, but for what mutes and silences hold. `moment` is when that happens.
///
/// # Errors
/// Where the store failed.
pub fn accept(
    transaction: &mut dyn Transaction,
    push: &Push,
    moment: impl Into<AcceptMoment>,
    asker: &dyn HoldAsker,
) -> Result<AcceptResult, StoreError> {
    let AcceptMoment { steady: now, listened } = moment.into();
    if let Some(own) = &push.own
        && !heard::is_due(transaction, own)?
    {
        return Ok(AcceptResult::Outdated);
    }
    if let Some(first) = transaction.find_duplicate(push)?.filter(|first| *first != push.id) {
        heard::hear(transaction, push, false, listened)?;
        return Ok(AcceptResult::Duplicate(first));
    }
    let context = HoldContext { asker, policies: &push.policies, now };
    let reported = report_push(transaction, push, context)?;
    let stored = reported.as_ref().map_or(Cow::Borrowed(push), |reported| reported.stored(push));
    if !transaction.insert_push(&stored)? {
        return Ok(AcceptResult::Stored);
    }
    drop(stored);
    if let Some(own) = &push.own {
        heard::apply(transaction, push, own)?;
    }
    heard::hear(transaction, push, true, listened)?;
    let were_open = apply_transitions(transaction, push)?;
    if !push.policies.is_empty() {
        apply_arrivals(transaction, push, &were_open, reported.as_ref(), now)?;
        // What arrived before says nothing of where its alerts go now.
        if push.holds.is_some() {
            unroute(transaction, push, &were_open, reported.as_ref(), now)?;
        }
    }
    if let Some(reported) = reported {
        reported.conclude(transaction, push, context)?;
    }
    Ok(AcceptResult::Stored)
}

/// Opens and closes the firings of a push; what they were before.
fn apply_transitions<'p>(transaction: &mut dyn Transaction, push: &'p Push) -> Result<OpenBefore<'p>, StoreError> {
    let mut were_open = OpenBefore::default();
    for transition in &push.transitions {
        match transition {
            FiringTransition::Opened { key, channels, severity, index } => {
                let mut open = |known: Option<StoredFiring>| {
                    were_open.note(push, key, *index, known.as_ref());
                    opened(known, push.received, channels, *severity)
                };
                transaction.update_firing(&push.integration, key, &mut open)?;
            }
            FiringTransition::Closed { key, removed_channels, index } => {
                for channel in removed_channels {
                    let mut records = transaction.channel_records(channel)?;
                    let alert = AlertId::of(Some(&push.integration), key);
                    ChannelNotifier::new(&mut *records, LAST_WORDS).forget_alert(alert)?;
                }
                let closed = StoredFiring { since: push.received, channels: Vec::new(), severity: None };
                if push.policies.is_empty() {
                    transaction.set_firing(&push.integration, key, &closed)?;
                } else {
                    let mut close = |known: Option<StoredFiring>| {
                        were_open.note(push, key, *index, known.as_ref());
                        Some(closed.clone())
                    };
                    transaction.update_firing(&push.integration, key, &mut close)?;
                }
            }
        }
    }
    Ok(were_open)
}

/// The firing with these channels added. One that gains none is written again only when its time is old.
fn opened(
    known: Option<StoredFiring>,
    received: Timestamp,
    channels: &[String],
    severity: Severity,
) -> Option<StoredFiring> {
    let is_fresh = known.as_ref().is_some_and(|firing| {
        received < firing.since.saturating_add(REFRESH_AFTER) && firing.severity == Some(severity)
    });
    let mut all = known.map(|firing| firing.channels).unwrap_or_default();
    let before = all.len();
    for channel in channels {
        if !all.contains(channel) {
            all.push(channel.clone());
        }
    }
    let is_kept = all.is_empty() || (all.len() == before && is_fresh);
    (!is_kept).then_some(StoredFiring { since: received, channels: all, severity: Some(severity) })
}

/// The firings of the keys of a push as they were before it.
#[derive(Default)]
struct OpenBefore<'p> {
    by_key: HashMap<&'p str, Option<StoredFiring>>,
    by_index: HashMap<u32, &'p str>,
}

impl<'p> OpenBefore<'p> {
    /// Notes the firing of a key, unless the push changed it already. Only channels that gather messages ask for it.
    fn note(&mut self, push: &Push, key: &'p str, index: u32, known: Option<&StoredFiring>) {
        if push.policies.is_empty() {
            return;
        }
        self.by_index.insert(index, key);
        let oldest = push.received.saturating_sub(LONGEST_OPEN);
        self.by_key.entry(key).or_insert_with(|| known.filter(|firing| firing.since >= oldest).cloned());
    }

    /// The severity at which a channel was told of the event's alert, where it was told before its records were kept.
    fn told(&self, arrival: &EventArrival) -> Option<Severity> {
        let firing = self.by_key.get(self.by_index.get(&arrival.index)?)?.as_ref()?;
        let is_open = firing.channels.contains(&arrival.channel);
        is_open.then(|| firing.severity.unwrap_or(Severity::Critical))
    }
}

/// Applies the events of a push to the channels that gather messages.
fn apply_arrivals(
    transaction: &mut dyn Transaction,
    push: &Push,
    were_open: &OpenBefore<'_>,
    reported: Option<&ReportedPush<'_>>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut by_channel: BTreeMap<&str, Vec<&EventArrival>> = BTreeMap::new();
    for arrival in &push.arrivals {
        by_channel.entry(&arrival.channel).or_default().push(arrival);
    }
    for (channel, arrived) in by_channel {
        let Some(policy) = push.policies.get(channel) else { continue };
        let mut holds = vec![HoldState::Free; arrived.len()];
        if let Some(reported) = reported {
            for (arrival, hold) in arrived.iter().zip(&mut holds) {
                *hold = reported.hold(transaction, arrival.index, arrival.alert, channel)?;
            }
        }
        let mut records = transaction.channel_records(channel)?;
        let mut notifier = ChannelNotifier::new(&mut *records, policy);
        for arrival in &arrived {
            if let Some(severity) = were_open.told(arrival) {
                notifier.assume_told(now, arrival.alert, arrival.group, severity)?;
            }
        }
        let events = arrived.iter().zip(holds).map(|(arrival, hold)| Arrival {
            alert: arrival.alert,
            group: arrival.group,
            firing: arrival.firing,
            hold,
        });
        let results = notifier.arrive(now, &events.collect::<Vec<_>>())?;
        let is_woken = notifier.has_earlier_due();
        drop(records);
        let applied = applied_arrivals(transaction, push, &arrived, &results, reported, now)?;
        let mut records = transaction.channel_records(channel)?;
        note_applied(&mut *records, push, &arrived, &applied)?;
        let mut groups: BTreeMap<GroupId, &[NamedValue]> = BTreeMap::new();
        groups.extend(arrived.iter().map(|arrival| (arrival.group, arrival.values.as_slice())));
        for (group, values) in groups.into_iter().filter(|(_, values)| !values.is_empty()) {
            records.note_values(group, values)?;
        }
        drop(records);
        if is_woken {
            transaction.wake_notifier(channel);
        }
    }
    Ok(())
}

/// What events were for a channel, with what held them.
fn applied_arrivals(
    transaction: &mut dyn Transaction,
    push: &Push,
    arrived: &[&EventArrival],
    results: &[ArrivalResult],
    reported: Option<&ReportedPush<'_>>,
    now: Timestamp,
) -> Result<Vec<AppliedArrival>, StoreError> {
    let mut applied = Vec::with_capacity(arrived.len());
    for (arrival, &result) in arrived.iter().zip(results) {
        let hold = match reported {
            _ if result == ArrivalResult::Dropped => {
                transaction.channel_records(&arrival.channel)?.dropped_by(arrival.alert)?
            }
            Some(reported) if is_held(result) => reported.reason(transaction, arrival.alert, &arrival.channel)?,
            Some(_) | None => None,
        };
        let event = EventId { push: push.id, index: arrival.index };
        applied.push(AppliedArrival { event, alert: arrival.alert, result, hold, at: now, is_listed: true });
    }
    Ok(applied)
}

fn note_applied(
    records: &mut dyn ChannelRecords,
    push: &Push,
    arrived: &[&EventArrival],
    applied: &[AppliedArrival],
) -> Result<(), StoreError> {
    records.note_arrivals(applied)?;
    records.note_waits(applied)?;
    for held in applied.iter().filter(|applied| applied.result == ArrivalResult::Held) {
        records.note_holder(held.alert, held.hold.as_ref().and_then(StoredHoldReason::mute))?;
    }
    for arrival in arrived.iter().filter(|arrival| arrival.firing.is_some()) {
        let is_copy = push.holds.as_ref().is_some_and(|holds| holds.is_copy(arrival.index, &arrival.channel));
        records.note_copy(arrival.alert, is_copy)?;
    }
    Ok(())
}

/// Whether a mute or silence kept an event from being told.
fn is_held(result: ArrivalResult) -> bool {
    match result {
        ArrivalResult::Held => true,
        ArrivalResult::OverUntold { hold, .. } => hold == HoldState::Held,
        ArrivalResult::News | ArrivalResult::Unchanged | ArrivalResult::Dropped | ArrivalResult::NothingOpen => false,
    }
}

/// The end of an alert arrives where another channel passed it on after its event was decided.
fn end_in_fallbacks(
    transaction: &mut dyn Transaction,
    push: &Push,
    key: &str,
    earlier: &[String],
    index: u32,
    now: Timestamp,
) -> Result<(), StoreError> {
    let is_planned = |channel: &str| push.arrivals.iter().any(|one| one.index == index && one.channel == *channel);
    for channel in earlier.iter().filter(|channel| !is_planned(channel)) {
        if let Some(policy) = push.policies.get(channel) {
            let (alert, event) = (AlertId::of(Some(&push.integration), key), EventId { push: push.id, index });
            arrive_unrouted(transaction, channel, policy, alert, event, None, now)?;
        }
    }
    Ok(())
}

/// Tells channels that gather messages where an alert was routed before and is routed no more. A channel that forgets it is no
/// longer one in which its firing is open.
fn unroute(
    transaction: &mut dyn Transaction,
    push: &Push,
    were_open: &OpenBefore<'_>,
    reported: Option<&ReportedPush<'_>>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut last: BTreeMap<&str, &FiringTransition> = BTreeMap::new();
    for transition in &push.transitions {
        let (FiringTransition::Opened { key, .. } | FiringTransition::Closed { key, .. }) = transition;
        last.insert(key, transition);
    }
    for (key, transition) in last {
        let before = were_open.by_key.get(key).and_then(Option::as_ref);
        let earlier = before.map(|firing| firing.channels.as_slice()).unwrap_or_default();
        let (channels, severity, index) = match transition {
            FiringTransition::Opened { channels, severity, index, .. } => (channels, severity, index),
            FiringTransition::Closed { index, .. } => {
                end_in_fallbacks(transaction, push, key, earlier, *index, now)?;
                continue;
            }
        };
        let mut forgotten = Vec::new();
        for channel in earlier.iter().filter(|channel| !channels.contains(channel)) {
            // A channel that gathers no more may still have records.
            let policy = push.policies.get(channel).unwrap_or(LAST_WORDS);
            let alert = AlertId::of(Some(&push.integration), key);
            let event = EventId { push: push.id, index: *index };
            if arrive_unrouted(transaction, channel, policy, alert, event, Some(*severity), now)? {
                continue;
            }
            let hold = match reported {
                Some(reported) => reported.hold(transaction, *index, alert, channel)?,
                None => HoldState::Free,
            };
            let mut records: Box<dyn ChannelRecords + '_> = transaction.channel_records(channel)?;
            // What was dropped stays so where routing gives the channel again.
            let was_told = |alert: AlertRecord| alert.told.is_some() || alert.dropped.is_some();
            let was_told = records.alert(alert)?.is_none_or(was_told);
            ChannelNotifier::new(&mut *records, policy).unroute(now, alert, hold)?;
            if !was_told {
                records.note_end(alert, event, NewsEnd::Elsewhere, None, now)?;
                forgotten.push(channel);
            }
        }
        if !forgotten.is_empty() {
            let mut remove = |known: Option<StoredFiring>| {
                let all = known.map(|firing| firing.channels).unwrap_or_default();
                let left = all.into_iter().filter(|channel| !forgotten.contains(&channel)).collect();
                Some(StoredFiring { since: push.received, channels: left, severity: Some(*severity) })
            };
            transaction.update_firing(&push.integration, key, &mut remove)?;
        }
    }
    Ok(())
}
