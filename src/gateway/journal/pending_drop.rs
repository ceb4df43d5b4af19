//! What waits for channels or is to be delivered to them, and what operators drop of it.
//!
//! A channel that gathers messages forgets nothing by that: its alerts are dropped (`crate::notification`). Of a channel that gets
//! every event, queued deliveries are dropped, and of each alert it is kept what the channel was sent of it. What is being
//! delivered at the moment stays, as nobody knows whether it arrives: a delivery that is to be dropped is claimed before.

use super::channel_policies::LAST_WORDS;
use super::holds::{HeldEvent, StoredHoldReason};
use super::write::WriteSource;
use super::{
    ChannelPolicies, ClaimOwner, ClaimResult, DeliveryId, DeliveryStore as _, EventId, Journal, JournalError,
    JournalReader, PendingDelivery, StoreResult, Transaction,
};
use crate::channel::NotificationPolicy;
use crate::event::Severity;
use crate::notification::{
    AlertId, ChannelNotifier, DropScope, DropStep, EveryEventRecord, GroupId, MessageEnd, MessageId,
};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many deliveries are read at once.
const PAGE: usize = 500;
/// How many alert keys one write changes, and how many deliveries of each of them.
const KEYS_PER_WRITE: usize = 100;
const DELIVERIES_OF_KEY: usize = 1_000;
/// How many alerts one write drops.
const ALERTS_PER_WRITE: usize = 1_000;
/// For how long a delivery is claimed at most.
const LEASE: Duration = Duration::from_secs(30);
/// Roughly how many bytes of the queue a write takes for each key.
const BYTES_PER_KEY: usize = 512;

/// Who dropped what was pending, when, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorDrop {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Why.
    pub because: String,
}

impl OperatorDrop {
    /// It in words; `moment` writes a time.
    #[must_use]
    pub fn text(&self, moment: &dyn Fn(Timestamp) -> String) -> String {
        StoredHoldReason::from(self).text(moment)
    }

    /// Why a delivery was not made.
    fn reason(&self) -> String {
        format!("dropped by {}: {}", self.by, self.because)
    }
}

/// What is pending of a severity in a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingCount {
    /// The channel.
    pub channel: String,
    /// The severity of what fires; nothing of ends.
    pub severity: Option<Severity>,
    /// Alerts with news that waits.
    pub waiting: u64,
    /// Alerts that undelivered messages tell of; a repetition, which tells of none, counts as one.
    pub in_messages: u64,
    /// Events that are queued.
    pub events: u64,
    /// Since when the oldest of them is pending.
    pub oldest: Timestamp,
}

/// How many were dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DropCounts {
    /// Alerts and events that fire, by severity: Info, Warning, Critical.
    pub firing: [u64; 3],
    /// Queued ends of alerts of which nothing was sent.
    pub ends: u64,
    /// Deliveries that were under way, and stay.
    pub under_way: u64,
}

impl DropCounts {
    /// Alerts and events of a severity that fire.
    #[must_use]
    pub fn of(&self, severity: Severity) -> u64 {
        self.firing.get(severity as usize).copied().unwrap_or(0)
    }

    fn add(&mut self, severity: Severity) {
        if let Some(count) = self.firing.get_mut(severity as usize) {
            *count += 1;
        }
    }

    fn join(&mut self, other: Self) {
        self.firing.iter_mut().zip(other.firing).for_each(|(count, more)| *count += more);
        self.ends += other.ends;
        self.under_way += other.under_way;
    }
}

/// A queued delivery, as dropping sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedEvent {
    /// The delivery.
    pub id: DeliveryId,
    /// Its event.
    pub event: EventId,
    /// The integration.
    pub integration: String,
    /// The channel's kind when it was rendered.
    pub kind: String,
    /// The severity of a firing; nothing of a recovery.
    pub urgency: Option<Severity>,
    /// Whether an operator requested it again.
    pub replay: bool,
}

/// An alert key of a channel that gets every event, of which queued deliveries are dropped.
struct ClaimedKey {
    key: String,
    /// Those that are claimed.
    claimed: BTreeSet<DeliveryId>,
    /// The severity of the last firing that was delivered, or may be.
    sent: Option<Severity>,
}

/// What is dropped, by whom.
#[derive(Clone)]
struct DropOrder {
    channel: String,
    scope: DropScope,
    drop: OperatorDrop,
}

impl Journal {
    /// Drops what is pending in a channel and fires, as far as the scope takes it; how much.
    ///
    /// # Errors
    /// Where it is not durable. What was dropped before that stays dropped.
    pub fn drop_pending(
        &self,
        channel: &str,
        scope: DropScope,
        drop: OperatorDrop,
    ) -> Result<DropCounts, JournalError> {
        let order = DropOrder { channel: channel.to_owned(), scope, drop };
        let mut counts = self.drop_deliveries(&order)?;
        let mut after = None;
        loop {
            let (work, policy) = (order.clone(), self.policies().get(channel).unwrap_or(LAST_WORDS));
            let step = self.write(WriteSource::Record, BYTES_PER_KEY, move |transaction| {
                drop_news(transaction, &work, policy, after)
            })?;
            step.dropped.iter().for_each(|alert| counts.add(alert.severity));
            after = step.next;
            if after.is_none() {
                return Ok(counts);
            }
        }
    }

    /// Drops made messages and queued events.
    fn drop_deliveries(&self, order: &DropOrder) -> Result<DropCounts, JournalError> {
        let (reader, owner) = (self.read()?, ClaimOwner::generate());
        let mut counts = DropCounts::default();
        let mut sent: Option<BTreeMap<String, Severity>> = None;
        let mut after = DeliveryId::NONE;
        loop {
            let page = reader.pending(&order.channel, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(counts) };
            after = last.id;
            let mut keys = BTreeSet::new();
            for pending in page {
                match pending.message {
                    Some(message) => counts.join(self.drop_message(order, &pending, message, owner)?),
                    None if order.takes(&pending) => drop(keys.insert(pending.key)),
                    None => {}
                }
            }
            if keys.is_empty() {
                continue;
            }
            if sent.is_none() {
                sent = Some(reader.sent_firings(&order.channel)?);
            }
            let keys: Vec<String> = keys.into_iter().collect();
            for keys in keys.chunks(KEYS_PER_WRITE) {
                let mut claimed = Vec::with_capacity(keys.len());
                for key in keys {
                    let sent = sent.as_ref().and_then(|sent| sent.get(key)).copied();
                    claimed.push(claim_key(reader, order, key, sent, owner, &mut counts)?);
                }
                let (work, size) = (order.clone(), claimed.len() * BYTES_PER_KEY);
                counts.join(
                    self.write(WriteSource::Record, size, move |transaction| {
                        drop_events(transaction, &work, &claimed)
                    })?,
                );
            }
        }
    }

    fn drop_message(
        &self,
        order: &DropOrder,
        pending: &PendingDelivery,
        message: MessageId,
        owner: ClaimOwner,
    ) -> Result<DropCounts, JournalError> {
        if self.read()?.claim(pending.id, owner, LEASE)? != ClaimResult::Claimed {
            return Ok(DropCounts { under_way: 1, ..DropCounts::default() });
        }
        let (work, policies, delivery) = (order.clone(), self.policies(), pending.id);
        self.write(WriteSource::Record, BYTES_PER_KEY, move |transaction| {
            drop_message(transaction, &work, &policies, message, delivery)
        })
    }
}

impl DropOrder {
    /// Whether a queued event that fires is meant.
    fn takes(&self, pending: &PendingDelivery) -> bool {
        let is_meant = pending.urgency.is_some_and(|severity| self.scope.severities.contains(severity));
        is_meant && pending.since <= self.scope.until
    }
}

/// Claims the queued deliveries of a key.
fn claim_key(
    reader: &dyn JournalReader,
    order: &DropOrder,
    key: &str,
    sent: Option<Severity>,
    owner: ClaimOwner,
    counts: &mut DropCounts,
) -> Result<ClaimedKey, JournalError> {
    let mut found = ClaimedKey { key: key.to_owned(), claimed: BTreeSet::new(), sent };
    let mut after = DeliveryId::NONE;
    for _ in 0..DELIVERIES_OF_KEY {
        let Some(pending) = reader.pending_of_key(&order.channel, key, after)? else { break };
        after = pending.id;
        if pending.message.is_some() || (pending.urgency.is_some() && !order.takes(&pending)) {
            continue;
        }
        match reader.claim(pending.id, owner, LEASE)? {
            ClaimResult::Claimed => drop(found.claimed.insert(pending.id)),
            // It may arrive.
            ClaimResult::Held | ClaimResult::Settled => {
                counts.under_way += 1;
                found.sent = pending.urgency.or(found.sent);
            }
        }
    }
    Ok(found)
}

/// Drops the news of a channel, a step.
fn drop_news(
    transaction: &mut dyn Transaction,
    order: &DropOrder,
    policy: NotificationPolicy,
    after: Option<GroupId>,
) -> StoreResult<DropStep> {
    let mut records = transaction.channel_records(&order.channel)?;
    let step = ChannelNotifier::new(&mut *records, policy).drop_news(order.scope, after, ALERTS_PER_WRITE)?;
    for dropped in &step.dropped {
        records.note_dropped(dropped.alert, &order.drop)?;
    }
    Ok(step)
}

/// Drops an undelivered message, where it is meant.
fn drop_message(
    transaction: &mut dyn Transaction,
    order: &DropOrder,
    policies: &ChannelPolicies,
    message: MessageId,
    delivery: DeliveryId,
) -> StoreResult<DropCounts> {
    let policy = policies.get(&order.channel).unwrap_or(LAST_WORDS);
    let mut records = transaction.channel_records(&order.channel)?;
    let repetition = records.message(message)?.filter(|message| message.news.is_empty());
    let Some(dropped) = ChannelNotifier::new(&mut *records, policy).drop_message(order.scope, message)? else {
        drop(records);
        transaction.release_claim(delivery);
        return Ok(DropCounts::default());
    };
    records.note_message_end(message, MessageEnd::Dropped)?;
    records.note_dropped_message(message, &dropped.returned, &order.drop)?;
    drop(records);
    transaction.drop_delivery(delivery, order.drop.at, &order.drop.reason())?;
    transaction.wake_notifier(&order.channel);
    let mut counts = DropCounts::default();
    for alert in &dropped.dropped {
        counts.add(alert.severity);
    }
    if let Some(message) = &repetition {
        counts.add(message.severity);
    }
    Ok(counts)
}

/// What a channel is sent of an alert, if its queued deliveries are looked at in their order.
#[derive(Default)]
struct QueuedAlert {
    sent: Option<Severity>,
    dropped: Option<Severity>,
    /// The last firing, with its severity.
    last: Option<(QueuedEvent, Severity)>,
}

/// Drops queued events of keys.
fn drop_events(transaction: &mut dyn Transaction, order: &DropOrder, keys: &[ClaimedKey]) -> StoreResult<DropCounts> {
    let mut counts = DropCounts::default();
    for key in keys {
        let queued = transaction.queued_of_key(&order.channel, &key.key, DELIVERIES_OF_KEY)?;
        let mut alerts: BTreeMap<String, QueuedAlert> = BTreeMap::new();
        for event in queued {
            if !alerts.contains_key(&event.integration) {
                let known = known_event(transaction, order, &event.integration, &key.key)?;
                let record = known.map(|known| known.record).filter(|record| record.dropped.is_some());
                let sent = record.map_or(key.sent, |record| record.told);
                let alert = QueuedAlert { sent, dropped: record.and_then(|record| record.dropped), last: None };
                alerts.insert(event.integration.clone(), alert);
            }
            if let Some(alert) = alerts.get_mut(&event.integration) {
                drop_event(transaction, order, key, event, alert, &mut counts)?;
            }
        }
        for (integration, alert) in alerts {
            keep_dropped(transaction, order, &integration, &key.key, alert)?;
        }
        key.claimed.iter().for_each(|id| transaction.release_claim(*id));
    }
    Ok(counts)
}

/// Drops a queued event, where it is meant: a firing, or the end of an alert of which nothing is sent.
fn drop_event(
    transaction: &mut dyn Transaction,
    order: &DropOrder,
    key: &ClaimedKey,
    event: QueuedEvent,
    alert: &mut QueuedAlert,
    counts: &mut DropCounts,
) -> StoreResult<()> {
    let (is_claimed, reason) = (key.claimed.contains(&event.id), order.drop.reason());
    match event.urgency {
        Some(severity) if is_claimed => {
            transaction.drop_delivery(event.id, order.drop.at, &reason)?;
            counts.add(severity);
            // A replay changes nothing of what is known.
            if !event.replay {
                alert.dropped = alert.dropped.max(Some(severity));
                alert.last = Some((event, severity));
            }
        }
        _ if event.replay => {}
        Some(severity) => {
            alert.sent = Some(severity);
            alert.dropped = alert.dropped.filter(|dropped| severity <= *dropped);
        }
        None => {
            if is_claimed && alert.sent.is_none() && alert.dropped.is_some() {
                transaction.drop_delivery(event.id, order.drop.at, &reason)?;
                counts.ends += 1;
            }
            *alert = QueuedAlert::default();
        }
    }
    Ok(())
}

/// What a channel that gets every event knows of an alert of which it does not get all.
fn known_event(
    transaction: &mut dyn Transaction,
    order: &DropOrder,
    integration: &str,
    key: &str,
) -> StoreResult<Option<HeldEvent>> {
    let held = transaction.held_events(AlertId::of(Some(integration), key))?;
    Ok(held.into_iter().find(|held| held.channel == order.channel))
}

/// Keeps what was dropped of an alert that fires still.
fn keep_dropped(
    transaction: &mut dyn Transaction,
    order: &DropOrder,
    integration: &str,
    key: &str,
    alert: QueuedAlert,
) -> StoreResult<()> {
    let QueuedAlert { sent, dropped: Some(dropped), last: Some((last, severity)) } = alert else { return Ok(()) };
    let known = known_event(transaction, order, integration, key)?;
    let record = EveryEventRecord::drop_events(known.as_ref().map(|known| known.record), sent, severity, dropped);
    let held = known.unwrap_or_else(|| HeldEvent {
        channel: order.channel.clone(),
        record,
        event: last.event,
        kind: last.kind,
        key: key.to_owned(),
        body: None,
        notes: Vec::new(),
        dropped: None,
    });
    let held = HeldEvent { record, dropped: Some(order.drop.clone()), ..held };
    transaction.set_held_event(AlertId::of(Some(integration), key), &held)
}

impl From<&OperatorDrop> for StoredHoldReason {
    fn from(drop: &OperatorDrop) -> Self {
        let OperatorDrop { at, by, because } = drop.clone();
        Self::Operator { author: by, because, at }
    }
}
