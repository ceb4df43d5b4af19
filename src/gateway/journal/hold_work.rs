//! What mutes and silences do in a transaction besides what a push brings: alerts are held and released in steps, and what was
//! not asked yet is asked before it is told.

use super::channel_policies::{ChannelPolicies, LAST_WORDS};
use super::holds::{HeldEvent, HoldAsker, HoldRecords, StoredHoldReason, holding};
use super::{HOLDS, PushId, Silence, SilenceId, StoreResult, Transaction};
use crate::channel::NotificationPolicy;
use crate::evaluate::HoldBudget;
use crate::notification::holds::{
    AlertReport, HoldCandidate, HoldProgress, HoldTracker, RecheckPosition, RecheckScope,
};
use crate::notification::{AlertId, ChannelNotifier, HoldState};
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// How much is done at once: alerts that are held or released, or asked anew.
pub(super) const STEP: usize = 1_000;

/// How much longer a source counts than it should at most, unless a quarter of its time is less.
pub(super) const HEARD_PRECISION: Duration = Duration::from_hours(1);

/// What a transaction needs to know besides its records.
#[derive(Clone, Copy)]
pub struct HoldContext<'c> {
    /// Asks the mutes of the rules in force.
    pub asker: &'c dyn HoldAsker,
    /// How the channels of the rules in force gather messages.
    pub policies: &'c ChannelPolicies,
    /// Steady time.
    pub now: Timestamp,
}

impl HoldContext<'_> {
    fn policy(&self, channel: &str) -> NotificationPolicy {
        self.policies.get(channel).unwrap_or(LAST_WORDS)
    }
}

/// The alerts whose holds an input may have changed. More than so many, where they are in the store, follow in steps.
pub(super) fn take_input(
    tracker: &mut HoldTracker<'_, dyn HoldRecords + '_>,
    most: usize,
) -> StoreResult<Vec<AlertId>> {
    let mut changed = Vec::new();
    while changed.len() < most || tracker.has_found() {
        let more = tracker.take_changed(STEP)?;
        if more.is_empty() {
            break;
        }
        changed.extend(more);
    }
    Ok(changed)
}

/// Whether an alert is held in a channel that does not get it as a copy.
pub(super) fn hold_in(transaction: &mut dyn Transaction, alert: AlertId, channel: &str) -> StoreResult<HoldState> {
    let mut records = transaction.holds()?;
    HoldTracker::new(&mut *records).hold_in(alert, channel)
}

/// What holds an alert in a channel.
pub(super) fn reason(
    transaction: &mut dyn Transaction,
    alert: AlertId,
    channel: &str,
) -> StoreResult<Option<StoredHoldReason>> {
    let silences = transaction.silences()?;
    let mut records = transaction.holds()?;
    let explained = HoldTracker::new(&mut *records).explain(alert, channel)?;
    let author = |id: SilenceId| silences.get(id).map(|silence: &Silence| silence.author.clone()).unwrap_or_default();
    holding(&explained).map(|reason| StoredHoldReason::of(reason, &*records, author)).transpose()
}

/// Holds or releases an alert in every channel that knows it.
pub(super) fn apply_hold(
    transaction: &mut dyn Transaction,
    alert: AlertId,
    context: HoldContext<'_>,
) -> StoreResult<()> {
    for channel in transaction.channels_of(alert)? {
        let hold = hold_in(transaction, alert, &channel)?;
        let reason = if hold == HoldState::Held { reason(transaction, alert, &channel)? } else { None };
        let mut records = transaction.channel_records(&channel)?;
        if records.is_copy(alert)? {
            continue;
        }
        if let Some(reason) = &reason {
            records.note_holder(alert, reason.mute())?;
        }
        let mut notifier = ChannelNotifier::new(&mut *records, context.policy(&channel));
        notifier.set_hold(context.now, alert, hold)?;
        let is_woken = notifier.has_earlier_due();
        drop(records);
        if is_woken {
            transaction.wake_notifier(&channel);
        }
    }
    for held in transaction.held_events(alert)? {
        let hold = hold_in(transaction, alert, &held.channel)?;
        let (record, reason) = held.record.set_hold(hold);
        if reason.is_some() {
            transaction.deliver_held(&held, context.now)?;
        }
        if record.is_plain() {
            transaction.remove_held_event(alert, &held.channel)?;
        } else if record != held.record {
            transaction.set_held_event(alert, &HeldEvent { record, ..held })?;
        }
    }
    Ok(())
}

/// Whether more is to be done about holds, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldWork {
    /// Whether something is left to do now.
    pub progress: HoldProgress,
    /// When something begins or ends by the clock.
    pub next: Option<Timestamp>,
}

/// Does a step of what is to be done about holds: what the clock brings, alerts to hold or release, alerts to ask anew.
///
/// # Errors
/// Where the store failed.
pub fn work_on_holds(transaction: &mut dyn Transaction, context: HoldContext<'_>) -> StoreResult<HoldWork> {
    let mut records = transaction.holds()?;
    let mut tracker = HoldTracker::new(&mut *records);
    let progress = tracker.advance(context.now, STEP)?;
    let changed = take_input(&mut tracker, STEP)?;
    drop(records);
    let is_asking = is_asking(transaction)?;
    let is_left = progress == HoldProgress::More || changed.len() >= STEP || is_asking;
    if is_asking && changed.is_empty() {
        ask_page(transaction, context)?;
    }
    for alert in changed {
        apply_hold(transaction, alert, context)?;
    }
    if !is_left {
        transaction.refresh_holds()?;
    }
    let mut records = transaction.holds()?;
    let next = HoldTracker::new(&mut *records).next_moment()?;
    Ok(HoldWork { progress: if is_left { HoldProgress::More } else { HoldProgress::Done }, next })
}

/// Whether alerts are still to be asked anew.
fn is_asking(transaction: &mut dyn Transaction) -> StoreResult<bool> {
    Ok(transaction.holds()?.recheck(RecheckScope::Everything)? != RecheckPosition::Done)
}

/// Asks about the next alerts. Once all are asked, their holds are looked at.
fn ask_page(transaction: &mut dyn Transaction, context: HoldContext<'_>) -> StoreResult<()> {
    let mut records = transaction.holds()?;
    let page = HoldTracker::new(&mut *records).next_asked(STEP)?;
    drop(records);
    ask(transaction, &page, context)?;
    let mut records = transaction.holds()?;
    HoldTracker::new(&mut *records).finish_page(&page)
}

/// Asks the mutes and silences of now about alerts.
fn ask(transaction: &mut dyn Transaction, alerts: &[AlertId], context: HoldContext<'_>) -> StoreResult<()> {
    let silences = transaction.silences()?;
    let mut records = transaction.holds()?;
    let (mut events, mut reports) = (Vec::with_capacity(alerts.len()), Vec::with_capacity(alerts.len()));
    let mut budgets: BTreeMap<PushId, HoldBudget> = BTreeMap::new();
    for (alert, last) in records.last_events(alerts)? {
        let budget = budgets.entry(last.event.push).or_default();
        let event = context.asker.ask(&silences, &last.integration, &last.outcome, last.event.index, budget);
        let Some(event) = event.filter(|event| event.alert == alert && event.firing.is_some()) else { continue };
        if event.facts.is_empty() && records.firing(alert)?.is_none() {
            continue;
        }
        let (key, since, facts) = (event.key, last.received, event.facts);
        events.push((alert, last.event));
        reports.push(AlertReport::Firing { alert, key, since, heard: since, facts });
    }
    let mut tracker = HoldTracker::new(&mut *records).with_heard_precision(HEARD_PRECISION);
    tracker.renew(context.now, &reports)?;
    for (alert, event) in events {
        if records.firing(alert)?.is_some() {
            records.note_event(alert, event)?;
        }
    }
    Ok(())
}

/// The facts of all alerts that fire are to be asked anew: rules were loaded, or a schedule that a mute asks begins or ends.
///
/// # Errors
/// Where the store failed.
pub fn ask_everything(transaction: &mut dyn Transaction, asker: &dyn HoldAsker) -> StoreResult<()> {
    // Without mutes and silences, and without records of any, there is nothing to ask.
    if !asker.rules().have_mutes && transaction.silences()?.number == 0 && !transaction.has_holds()? {
        return Ok(());
    }
    let mut records = transaction.holds()?;
    HoldTracker::new(&mut *records).ask_everything()
}

/// Whether a channel can be told now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TellReadiness {
    /// It can.
    Ready,
    /// Too much of what is due was not asked yet.
    Asking,
}

/// Does what comes before telling: what began or ended by the clock, and the news of groups that are due and was not asked since
/// the rules or the silences changed.
pub(super) fn prepare_telling(
    transaction: &mut dyn Transaction,
    channel: &str,
    context: HoldContext<'_>,
) -> StoreResult<TellReadiness> {
    let in_use = transaction.has_holds()? || transaction.silences()?.number != 0;
    if !in_use {
        return Ok(TellReadiness::Ready);
    }
    let mut records = transaction.holds()?;
    let mut tracker = HoldTracker::new(&mut *records);
    if tracker.advance(context.now, STEP)? == HoldProgress::More {
        return Ok(TellReadiness::Asking);
    }
    let changed = take_input(&mut tracker, STEP)?;
    let is_left = changed.len() >= STEP;
    drop(records);
    let is_asking = is_asking(transaction)?;
    for alert in changed {
        apply_hold(transaction, alert, context)?;
    }
    if is_left || is_asking {
        transaction.wake_notifier(HOLDS);
        return ask_due_news(transaction, channel, context);
    }
    Ok(TellReadiness::Ready)
}

/// Asks about the news of groups that are due.
fn ask_due_news(
    transaction: &mut dyn Transaction,
    channel: &str,
    context: HoldContext<'_>,
) -> StoreResult<TellReadiness> {
    let records = transaction.channel_records(channel)?;
    let mut news = Vec::new();
    for group in records.due(context.now, STEP)? {
        news.extend(records.news(group)?.into_iter().filter(|(_, alert)| alert.firing.is_some()).map(|(id, _)| id));
        if news.len() > STEP {
            return Ok(TellReadiness::Asking);
        }
    }
    drop(records);
    let mut records = transaction.holds()?;
    let tracker = HoldTracker::new(&mut *records);
    let mut unasked = Vec::new();
    for alert in &news {
        if tracker.is_to_be_asked(*alert)? {
            unasked.push(*alert);
        }
    }
    drop(records);
    let is_asking = is_asking(transaction)?;
    ask(transaction, &unasked, context)?;
    for alert in news {
        // What may hold it may not be asked yet.
        if is_asking && may_be_held(transaction, alert, channel)? {
            return Ok(TellReadiness::Asking);
        }
        apply_hold(transaction, alert, context)?;
    }
    Ok(TellReadiness::Ready)
}

/// Whether a mute would hold an alert, which nothing holds, if another alert fired.
fn may_be_held(transaction: &mut dyn Transaction, alert: AlertId, channel: &str) -> StoreResult<bool> {
    let Some(firing) = transaction.holds()?.firing(alert)? else { return Ok(false) };
    let needs_source = |candidate: &HoldCandidate| match candidate {
        HoldCandidate::Mute(mute) => mute.source.is_some(),
        HoldCandidate::Silence(_) => false,
    };
    let may_be = firing.facts.candidates.iter().any(needs_source);
    Ok(may_be && hold_in(transaction, alert, channel)? == HoldState::Free)
}
