//! Channels that are told instead of others, in a transaction.
//!
//! Which alerts a channel passes on, its records say (`crate::notification`). Here they are opened in the fallback, with the last
//! event of each, in the same transaction: no crash loses an alert between the two.

use super::fallback_event::{FallbackEvent, FallbackForm, PassedOnEvent};
use super::hold_work::{HoldContext, hold_in, reason};
use super::holds::{HeldEvent, StoredHoldReason};
use super::message_content::{MessageAlert, ToldAlert};
use super::notification::{AppliedArrival, ChannelRecords, OverdueEvents, RenderMessage, TellResult, tell, tell_last};
use super::{DeliveryId, EventId, StoreResult, StoredFiring, Transaction};
use crate::channel::NotificationPolicy;
use crate::event::Severity;
use crate::notification::{
    AlertEntry, AlertId, Arrival, ArrivalResult, ChannelNotifier, EveryEventRecord, EveryEventResult, HoldState,
    NewsKind, PassCause,
};
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// How many events are passed on at a time.
const MOST_EVENTS: usize = 500;

/// An alert that is passed on, with its last event.
struct PassedEvent {
    alert: AlertId,
    firing: Severity,
    /// The severity at which the fallback was told of it before.
    before: Option<Severity>,
    event: EventId,
    integration: String,
    key: String,
    form: FallbackForm,
}

/// Tells what is due in a channel, and passes on to its fallback what it cannot tell, a step.
///
/// # Errors
/// Where the store failed.
pub fn tell_or_pass_on(
    transaction: &mut dyn Transaction,
    channel: &str,
    policy: NotificationPolicy,
    context: HoldContext<'_>,
    render: &RenderMessage<'_>,
) -> StoreResult<TellResult> {
    let mut result = tell(transaction, channel, policy, context, render)?;
    if result.messages.is_empty() && result.next == Some(context.now) {
        // Mutes and silences are still to be asked.
        return Ok(result);
    }
    if pass_on(transaction, channel, policy, context)? {
        result.messages.extend(tell(transaction, channel, policy, context, render)?.messages);
        // There may be more, which the next step passes on.
        result.next = Some(context.now);
    }
    Ok(result)
}

/// Tells what a channel gathered that sends every event now, and passes on to its fallback events that it did not deliver. Before
/// `fallback_from`, those are left out for which the channel had no such time yet.
///
/// # Errors
/// Where the store failed.
pub fn tell_last_or_pass_on(
    transaction: &mut dyn Transaction,
    channel: &str,
    fallback_from: Timestamp,
    context: HoldContext<'_>,
    render: &RenderMessage<'_>,
) -> StoreResult<TellResult> {
    let mut result = tell_last(transaction, channel, context, render)?;
    let overdue = pass_on_events(transaction, channel, fallback_from, context)?;
    result.next = result.next.into_iter().chain(overdue).min();
    Ok(result)
}

/// Passes on alerts that a channel did not tell, a step; whether there were any.
fn pass_on(
    transaction: &mut dyn Transaction,
    channel: &str,
    policy: NotificationPolicy,
    context: HoldContext<'_>,
) -> StoreResult<bool> {
    if policy.fallback_after.is_none() {
        return Ok(false);
    }
    let Some(fallback) = context.asker.fallback(channel) else { return Ok(false) };
    let mut records = transaction.channel_records(channel)?;
    let passed = ChannelNotifier::new(&mut *records, policy).pass_on(context.now)?;
    if passed.is_empty() {
        return Ok(false);
    }
    let told = passed.iter().map(|one| ToldAlert { alert: one.alert, severity: one.firing, news: Some(NewsKind::New) });
    let events = records.last_events(&told.collect::<Vec<_>>())?;
    let causes: BTreeMap<AlertId, PassCause> = passed.iter().map(|one| (one.alert, one.cause)).collect();
    for one in &events {
        let is_overdue = causes.get(&one.alert) == Some(&PassCause::Overdue);
        let after = policy.fallback_after.filter(|_| is_overdue);
        let passed = PassedOnEvent { alert: one.alert, event: one.event, fallback: &fallback, after };
        records.note_passed_on(&passed, context.now)?;
    }
    drop(records);
    let before: BTreeMap<AlertId, Severity> = passed.iter().filter_map(|one| Some((one.alert, one.before?))).collect();
    take_over(transaction, &fallback, &events, &before, context)?;
    Ok(true)
}

/// A fallback is told of alerts. An event that it cannot get by the rules in force is left out.
fn take_over(
    transaction: &mut dyn Transaction,
    fallback: &str,
    alerts: &[MessageAlert],
    told: &BTreeMap<AlertId, Severity>,
    context: HoldContext<'_>,
) -> StoreResult<()> {
    let mut gathered = Vec::new();
    for alert in alerts {
        let read = context.asker.event_in(fallback, &alert.integration, &alert.outcome);
        let Some(FallbackEvent { key, form, .. }) = read else { continue };
        let (id, firing, event) = (alert.alert, alert.severity, alert.event);
        let (before, integration) = (told.get(&id).copied(), alert.integration.clone());
        let passed = PassedEvent { alert: id, firing, before, event, integration, key, form };
        arrive(transaction, fallback, passed, &mut gathered, context)?;
    }
    gather(transaction, fallback, &gathered, context)
}

/// An alert arrives at a fallback at once, or later with others.
fn arrive(
    transaction: &mut dyn Transaction,
    fallback: &str,
    passed: PassedEvent,
    gathered: &mut Vec<PassedEvent>,
    context: HoldContext<'_>,
) -> StoreResult<()> {
    match passed.form {
        FallbackForm::Gathered { .. } => gathered.push(passed),
        FallbackForm::Sent { .. } => send(transaction, fallback, &passed, context)?,
    }
    Ok(())
}

/// Passes on events that a channel which gets every event did not deliver, a step; when there are more.
fn pass_on_events(
    transaction: &mut dyn Transaction,
    channel: &str,
    fallback_from: Timestamp,
    context: HoldContext<'_>,
) -> StoreResult<Option<Timestamp>> {
    let (now, after) = (context.now, context.policies.fallback_after(channel));
    let Some((after, fallback)) = after.zip(context.asker.fallback(channel)) else { return Ok(None) };
    let since = now.saturating_sub(after);
    let grace = if now < fallback_from { Some(transaction.fallback_grace(channel)?) } else { None };
    let up_to = grace.map(|grace| if grace.until <= now { grace.last } else { DeliveryId::NONE });
    let OverdueEvents { events, next } = transaction.take_overdue(channel, since, up_to, MOST_EVENTS)?;
    let next = next.map(|next| next.saturating_add(after));
    let next = match grace {
        // Those that are due are left to the channel.
        Some(grace) if next.is_some_and(|next| next <= now) && events.len() < MOST_EVENTS => {
            if grace.until <= now {
                transaction.begin_fallback_grace(channel, fallback_from)?;
                Some(fallback_from)
            } else {
                Some(grace.until.min(fallback_from))
            }
        }
        Some(_) | None => next,
    };
    let mut gathered = Vec::new();
    for last in events {
        let read = context.asker.event_in(&fallback, &last.integration, &last.outcome);
        let Some(FallbackEvent { alert, key, firing: Some(firing), form }) = read else { continue };
        let (event, integration) = (last.event, last.integration);
        let passed = PassedEvent { alert, firing, before: None, event, integration, key, form };
        let is_open =
            self::firing(transaction, &passed)?.is_some_and(|open| open.channels.iter().any(|one| one == channel));
        if is_open {
            arrive(transaction, &fallback, passed, &mut gathered, context)?;
        }
    }
    gather(transaction, &fallback, &gathered, context)?;
    Ok(next)
}

/// The alerts arrive at a fallback that gathers messages.
fn gather(
    transaction: &mut dyn Transaction,
    fallback: &str,
    passed: &[PassedEvent],
    context: HoldContext<'_>,
) -> StoreResult<()> {
    let Some(policy) = context.policies.get(fallback).filter(|_| !passed.is_empty()) else { return Ok(()) };
    let mut arrivals = Vec::with_capacity(passed.len());
    let mut reasons = Vec::with_capacity(passed.len());
    for one in passed {
        let FallbackForm::Gathered { group, .. } = &one.form else { continue };
        let (hold, reason) = hold_of(transaction, one.alert, fallback)?;
        arrivals.push(Arrival { alert: one.alert, group: *group, firing: Some(one.firing), hold });
        reasons.push(reason);
    }
    let mut records = transaction.channel_records(fallback)?;
    let results = ChannelNotifier::new(&mut *records, policy).take_over(context.now, &arrivals)?;
    let applied = passed.iter().zip(results).zip(reasons).map(|((one, result), hold)| AppliedArrival {
        event: one.event,
        alert: one.alert,
        result,
        hold,
        at: context.now,
        is_listed: false,
    });
    note_arrivals(&mut *records, &applied.collect::<Vec<_>>())?;
    for one in passed {
        if let FallbackForm::Gathered { group, values } = &one.form
            && !values.is_empty()
        {
            records.note_values(*group, values)?;
        }
    }
    drop(records);
    for one in passed {
        open(transaction, fallback, one, context)?;
    }
    transaction.wake_notifier(fallback);
    Ok(())
}

/// Whether mutes and silences hold an alert in a channel, and what does.
fn hold_of(
    transaction: &mut dyn Transaction,
    alert: AlertId,
    channel: &str,
) -> StoreResult<(HoldState, Option<StoredHoldReason>)> {
    if !transaction.has_holds()? {
        return Ok((HoldState::Free, None));
    }
    match hold_in(transaction, alert, channel)? {
        HoldState::Free => Ok((HoldState::Free, None)),
        HoldState::Held => Ok((HoldState::Held, reason(transaction, alert, channel)?)),
    }
}

fn note_arrivals(records: &mut (dyn ChannelRecords + '_), applied: &[AppliedArrival]) -> StoreResult<()> {
    records.note_arrivals(applied)?;
    for held in applied.iter().filter(|applied| applied.result == ArrivalResult::Held) {
        records.note_holder(held.alert, held.hold.as_ref().and_then(StoredHoldReason::mute))?;
    }
    Ok(())
}

/// The last event of an alert goes to a fallback that gets every event, unless it was sent there.
fn send(
    transaction: &mut dyn Transaction,
    fallback: &str,
    passed: &PassedEvent,
    context: HoldContext<'_>,
) -> StoreResult<()> {
    let FallbackForm::Sent { kind, body, notes } = &passed.form else { return Ok(()) };
    let hold = hold_of(transaction, passed.alert, fallback)?.0;
    let known = transaction.held_events(passed.alert)?.into_iter().find(|held| held.channel == fallback);
    let is_here = |firing: &StoredFiring| firing.channels.iter().any(|open| open == fallback);
    let open_here = firing(transaction, passed)?.filter(is_here);
    let before = match (&known, passed.before) {
        (Some(known), _) if open_here.is_some() || !known.record.is_plain() => Some(known.record),
        (_, Some(told)) => Some(EveryEventRecord::sent(told)),
        // Its events arrive here without being passed on, so the last one was sent.
        (_, None) => open_here.and_then(|firing| firing.severity).map(EveryEventRecord::sent),
    };
    if before.and_then(|before| before.told).is_some_and(|told| told >= passed.firing) {
        return open(transaction, fallback, passed, context);
    }
    let (record, result) = EveryEventRecord::arrive(before, Some(passed.firing), hold);
    let kept = record.map(|record| HeldEvent {
        channel: fallback.to_owned(),
        record,
        event: passed.event,
        kind: (*kind).to_owned(),
        key: passed.key.clone(),
        body: body.clone(),
        notes: notes.clone(),
        dropped: known.as_ref().and_then(|known| known.dropped.clone()),
    });
    if let Some(held) = kept {
        if let EveryEventResult::Sent(_) = result {
            transaction.deliver_held(&held, context.now)?;
        }
        // A channel that gets every event does not keep what its fallback was told.
        if !held.record.is_plain() || passed.before.is_none() {
            transaction.set_held_event(passed.alert, &held)?;
        } else if known.is_some() {
            transaction.remove_held_event(passed.alert, fallback)?;
        }
    }
    open(transaction, fallback, passed, context)
}

/// The firing of an alert that is passed on.
fn firing(transaction: &mut dyn Transaction, passed: &PassedEvent) -> StoreResult<Option<StoredFiring>> {
    let mut found = None;
    let mut read = |known: Option<StoredFiring>| {
        found = known;
        None
    };
    transaction.update_firing(&passed.integration, &passed.key, &mut read)?;
    Ok(found)
}

/// The firing is open in the fallback, so that its end arrives there.
fn open(
    transaction: &mut dyn Transaction,
    fallback: &str,
    passed: &PassedEvent,
    context: HoldContext<'_>,
) -> StoreResult<()> {
    let mut add = |known: Option<StoredFiring>| {
        let mut firing =
            known.unwrap_or(StoredFiring { since: context.now, channels: Vec::new(), severity: Some(passed.firing) });
        let is_known = firing.channels.iter().any(|open| open == fallback);
        firing.channels.push(fallback.to_owned());
        (!is_known).then_some(firing)
    };
    transaction.update_firing(&passed.integration, &passed.key, &mut add)
}

/// A firing that routing does not give to a channel, or the end of one: where another channel passed the alert on, it arrives
/// all the same. Whether it did.
pub(super) fn arrive_unrouted(
    transaction: &mut dyn Transaction,
    channel: &str,
    policy: NotificationPolicy,
    alert: AlertId,
    event: EventId,
    firing: Option<Severity>,
    now: Timestamp,
) -> StoreResult<bool> {
    let records = transaction.channel_records(channel)?;
    let known = records.alert(alert)?.filter(|known| known.entry == AlertEntry::Fallback && known.firing.is_some());
    let Some(known) = known else { return Ok(false) };
    drop(records);
    let (hold, reason) = match firing {
        Some(_) => hold_of(transaction, alert, channel)?,
        None => (known.hold, None),
    };
    let mut records = transaction.channel_records(channel)?;
    let arrival = Arrival { alert, group: known.group, firing, hold };
    let mut notifier = ChannelNotifier::new(&mut *records, policy);
    let results = notifier.arrive(now, &[arrival])?;
    let is_woken = notifier.has_earlier_due() || results.contains(&ArrivalResult::News);
    let applied = results.into_iter().map(|result| {
        let hold = reason.clone();
        AppliedArrival { event, alert, result, hold, at: now, is_listed: false }
    });
    note_arrivals(&mut *records, &applied.collect::<Vec<_>>())?;
    drop(records);
    if is_woken {
        transaction.wake_notifier(channel);
    }
    Ok(true)
}
