//! What mutes and silences do to a push: it is reported before it is stored, and what it holds or releases follows.

use super::hold_work::{HEARD_PRECISION, HoldContext, STEP, apply_hold, hold_in, reason, take_input};
use super::holds::{AskedEvent, AskedVersion, HeldEvent, HoldRecords, PushHolds, StoredHoldReason};
use super::{EventId, HOLDS, NewDelivery, Push, StoreResult, StoredFiring, Transaction};
use crate::evaluate::HoldBudget;
use crate::notification::holds::{AlertReport, HoldProgress, HoldTracker};
use crate::notification::{AlertId, EveryEventRecord, EveryEventResult, HoldState};
use crate::time::Timestamp;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// How many alerts an input itself may hold or release; those of its sources are in the store and follow in steps.
const MOST_OF_INPUT: usize = 10_000;

/// A push that was reported.
pub(super) struct ReportedPush<'p> {
    events: Cow<'p, [AskedEvent]>,
    holds: &'p PushHolds,
    /// The alerts of the events of which something is known: nothing holds the others.
    known: BTreeSet<AlertId>,
    /// Other alerts whose holds may have changed.
    changed: Vec<AlertId>,
    /// What channels that get every event know afterwards of alerts that are held there, or were.
    held: BTreeMap<(AlertId, String), Option<HeldEvent>>,
    /// The deliveries that are kept back: the position of the event, and the channel.
    kept_back: BTreeSet<(u32, String)>,
    /// What held alerts that are over now, by channel.
    reasons: BTreeMap<(AlertId, String), StoredHoldReason>,
}

/// Reports the events of a push to the tracker; nothing where no mute and no silence says anything of them, and there are no
/// records of any.
pub(super) fn report_push<'p>(
    transaction: &mut dyn Transaction,
    push: &'p Push,
    context: HoldContext<'_>,
) -> StoreResult<Option<ReportedPush<'p>>> {
    let Some(holds) = &push.holds else { return Ok(None) };
    let silences = transaction.silences()?;
    let version = AskedVersion { rules: context.asker.rules(), silences: silences.number };
    let has_holds = transaction.has_holds()?;
    if version.is_nothing() && holds.asked.is_nothing() && !has_holds {
        return Ok(None);
    }
    // Rules are published before writes look them up: what newer ones said stands.
    let is_newer = holds.asked.rules.generation > version.rules.generation && holds.asked.silences == version.silences;
    let events = if (holds.asked == version || is_newer) && !holds.asked.is_nothing() {
        Cow::Borrowed(holds.events.as_slice())
    } else {
        let outcomes: Vec<&RawValue> = serde_json::from_str(&push.outcomes).unwrap_or_default();
        let mut budget = HoldBudget::default();
        let ask = |(index, outcome): (u32, &&RawValue)| {
            context.asker.ask(&silences, &push.integration, outcome.get(), index, &mut budget)
        };
        Cow::Owned((0..).zip(&outcomes).filter_map(ask).collect())
    };
    if !has_holds && events.iter().all(|event| event.facts.is_empty()) {
        return Ok(None);
    }
    let reasons = reasons_before(transaction, push, &events)?;
    let mut records = transaction.holds()?;
    let counts_for = events.first().map_or(HEARD_PRECISION, |event| event.facts.counts_for / 4);
    let mut tracker = HoldTracker::new(&mut *records).with_heard_precision(counts_for.min(HEARD_PRECISION));
    let progress = tracker.advance(context.now, STEP)?;
    let mut reports = Vec::with_capacity(events.len());
    let mut known = BTreeSet::new();
    for event in events.iter() {
        if let Some(report) = report(&tracker, event, context.now)? {
            known.insert(event.alert);
            reports.push(report);
        }
    }
    tracker.report(context.now, &reports)?;
    let changed = take_input(&mut tracker, MOST_OF_INPUT)?;
    drop(records);
    if !reports.is_empty() || progress == HoldProgress::More || !changed.is_empty() {
        transaction.wake_notifier(HOLDS);
    }
    let (held, kept_back) = (BTreeMap::new(), BTreeSet::new());
    let mut reported = ReportedPush { events, holds, known, changed, held, kept_back, reasons };
    reported.keep_back(transaction, push)?;
    Ok(Some(reported))
}

/// What holds the alerts that a push ends.
fn reasons_before(
    transaction: &mut dyn Transaction,
    push: &Push,
    events: &[AskedEvent],
) -> StoreResult<BTreeMap<(AlertId, String), StoredHoldReason>> {
    let mut reasons = BTreeMap::new();
    let arrivals = push.arrivals.iter().map(|arrival| (arrival.index, &arrival.channel));
    let deliveries = push.deliveries.iter().map(|delivery| (delivery.index, &delivery.channel));
    let ends: BTreeMap<u32, AlertId> =
        events.iter().filter(|event| event.firing.is_none()).map(|event| (event.index, event.alert)).collect();
    for (index, channel) in arrivals.chain(deliveries) {
        if let Some(alert) = ends.get(&index)
            && let Some(reason) = reason(transaction, *alert, channel)?
        {
            reasons.insert((*alert, channel.clone()), reason);
        }
    }
    Ok(reasons)
}

/// The report of an event; nothing where nothing is said of its alert, and nothing was before.
fn report(
    tracker: &HoldTracker<'_, dyn HoldRecords + '_>,
    event: &AskedEvent,
    now: Timestamp,
) -> StoreResult<Option<AlertReport>> {
    if event.facts.is_empty() && !tracker.knows(event.alert)? {
        return Ok(None);
    }
    Ok(Some(match event.firing {
        Some(_) => AlertReport::Firing {
            alert: event.alert,
            key: event.key.clone(),
            since: now,
            heard: now,
            facts: event.facts.clone(),
        },
        None => AlertReport::Over { alert: event.alert },
    }))
}

impl ReportedPush<'_> {
    /// Whether an alert is held for a channel once the push is applied.
    pub(super) fn hold(
        &self,
        transaction: &mut dyn Transaction,
        index: u32,
        alert: AlertId,
        channel: &str,
    ) -> StoreResult<HoldState> {
        if !self.known.contains(&alert) || self.holds.is_copy(index, channel) {
            return Ok(HoldState::Free);
        }
        hold_in(transaction, alert, channel)
    }

    /// What holds an alert in a channel, or did so until the push ended it.
    pub(super) fn reason(
        &self,
        transaction: &mut dyn Transaction,
        alert: AlertId,
        channel: &str,
    ) -> StoreResult<Option<StoredHoldReason>> {
        match self.reasons.get(&(alert, channel.to_owned())) {
            Some(reason) => Ok(Some(reason.clone())),
            None => reason(transaction, alert, channel),
        }
    }

    /// What was asked of an event.
    fn event(&self, index: u32) -> Option<&AskedEvent> {
        let position = self.events.binary_search_by_key(&index, |event| event.index).ok()?;
        self.events.get(position)
    }

    /// The push without the deliveries that are kept back.
    pub(super) fn stored<'p>(&self, push: &'p Push) -> Cow<'p, Push> {
        if self.kept_back.is_empty() {
            return Cow::Borrowed(push);
        }
        let mut stored = push.clone();
        let is_sent = |delivery: &NewDelivery| !self.kept_back.contains(&(delivery.index, delivery.channel.clone()));
        stored.deliveries.retain(is_sent);
        Cow::Owned(stored)
    }

    /// Notes why events are kept from channels that get every event.
    fn note_kept_back(&self, transaction: &mut dyn Transaction, push: &Push) -> StoreResult<()> {
        for (index, channel) in &self.kept_back {
            let Some(event) = self.event(*index) else { continue };
            let reason = match self.reasons.get(&(event.alert, channel.clone())) {
                Some(reason) => Some(reason.clone()),
                None => reason(transaction, event.alert, channel)?,
            };
            if let Some(reason) = reason {
                let mut records = transaction.channel_records(channel)?;
                records.note_kept_back(EventId { push: push.id, index: *index }, &reason)?;
            }
        }
        Ok(())
    }

    /// Decides which deliveries to channels that get every event are kept back.
    fn keep_back(&mut self, transaction: &mut dyn Transaction, push: &Push) -> StoreResult<()> {
        for delivery in &push.deliveries {
            let Some(event) = self.event(delivery.index).cloned() else { continue };
            if self.holds.is_copy(delivery.index, &delivery.channel) {
                continue;
            }
            let hold = match event.firing {
                Some(_) if self.known.contains(&event.alert) => hold_in(transaction, event.alert, &delivery.channel)?,
                Some(_) | None => HoldState::Free,
            };
            let place = (event.alert, delivery.channel.clone());
            let known = match self.held.get(&place) {
                Some(known) => known.clone(),
                None => transaction.held_events(event.alert)?.into_iter().find(|held| held.channel == delivery.channel),
            };
            if hold == HoldState::Free && known.is_none() {
                continue;
            }
            let before = match &known {
                Some(known) => Some(known.record),
                None => sent_before(transaction, push, &event.key, &delivery.channel)?,
            };
            let (after, result) = EveryEventRecord::arrive(before, event.firing, hold);
            let dropped = known.and_then(|known| known.dropped);
            match result {
                EveryEventResult::Sent(_) => {}
                EveryEventResult::Dropped | EveryEventResult::OverUntold if dropped.is_some() => {
                    self.reasons.extend(dropped.as_ref().map(|dropped| (place.clone(), dropped.into())));
                    self.kept_back.insert((delivery.index, delivery.channel.clone()));
                }
                EveryEventResult::Held | EveryEventResult::Dropped | EveryEventResult::OverUntold => {
                    self.kept_back.insert((delivery.index, delivery.channel.clone()));
                }
            }
            let kept = after.filter(|record| !record.is_plain());
            let kept = kept.map(|record| HeldEvent { dropped, ..held_event(record, push, delivery) });
            self.held.insert(place, kept);
        }
        Ok(())
    }

    /// Writes what follows for others, once the push is stored.
    pub(super) fn conclude(
        self,
        transaction: &mut dyn Transaction,
        push: &Push,
        context: HoldContext<'_>,
    ) -> StoreResult<()> {
        let last: BTreeMap<AlertId, u32> = self.events.iter().map(|event| (event.alert, event.index)).collect();
        let mut records = transaction.holds()?;
        for (alert, index) in last.into_iter().filter(|(alert, _)| self.known.contains(alert)) {
            if records.firing(alert)?.is_some() {
                records.note_event(alert, EventId { push: push.id, index })?;
            }
        }
        drop(records);
        self.note_kept_back(transaction, push)?;
        for ((alert, channel), held) in &self.held {
            match held {
                Some(held) => transaction.set_held_event(*alert, held)?,
                None => transaction.remove_held_event(*alert, channel)?,
            }
        }
        for ((alert, channel), held) in &self.held {
            if held.as_ref().is_some_and(|held| held.record.hold == HoldState::Held)
                && let Some(reason) = reason(transaction, *alert, channel)?
            {
                transaction.channel_records(channel)?.note_holder(*alert, reason.mute())?;
            }
        }
        for alert in self.changed {
            apply_hold(transaction, alert, context)?;
        }
        Ok(())
    }
}

fn held_event(record: EveryEventRecord, push: &Push, delivery: &NewDelivery) -> HeldEvent {
    HeldEvent {
        channel: delivery.channel.clone(),
        record,
        event: EventId { push: push.id, index: delivery.index },
        kind: delivery.kind.to_owned(),
        key: delivery.key.clone(),
        body: delivery.body.clone(),
        notes: delivery.notes.clone(),
        dropped: None,
    }
}

/// What a channel knows of an alert that nothing held in it before; nothing where it is not open there.
fn sent_before(
    transaction: &mut dyn Transaction,
    push: &Push,
    key: &str,
    channel: &str,
) -> StoreResult<Option<EveryEventRecord>> {
    let mut found: Option<StoredFiring> = None;
    let mut read = |known: Option<StoredFiring>| {
        found = known;
        None
    };
    transaction.update_firing(&push.integration, key, &mut read)?;
    let open = found.filter(|firing| firing.channels.iter().any(|open| open == channel));
    Ok(open.and_then(|firing| firing.severity).map(EveryEventRecord::sent))
}
