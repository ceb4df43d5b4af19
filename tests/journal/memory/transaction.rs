//! Transactions of the store in memory.

use super::channel::MemoryChannel;
use super::{Delivery, Seen, State, whole};
use pointsman::gateway::journal::{
    AttemptRecord, ChannelError, ChannelPause, ChannelRecords, DeliveryId, DeliveryState, DeliveryTransaction,
    EndedMessage, EventId, FallbackGrace, FiringTransition, FiringUpdate, LastEvent, MessageDelivery,
    NotificationTransaction, OverdueEvents, PendingDelivery, Push, PushId, PushOrigin, PushTransaction, QueuedEvent,
    RefusedPayload, Settlement, SettlementResult, StoreError, StoreResult, StoredFiring, StoredHold,
};
use pointsman::reload::{PastGeneration, RuleSetHash};
use pointsman::time::Timestamp;
use std::collections::BTreeSet;

/// A transaction: a copy of the state, which takes its place at the commit.
pub(super) struct MemoryTransaction {
    pub(super) state: State,
    pub(super) wake: BTreeSet<String>,
    pub(super) settled: Vec<DeliveryId>,
}

impl PushTransaction for MemoryTransaction {
    fn keep_rules(&mut self, hash: RuleSetHash, archive: &[u8]) -> StoreResult<()> {
        let State { rules, remembered, .. } = &mut self.state;
        remembered.retain(|(known, _)| *known != hash);
        remembered.push((hash, archive.to_vec()));
        let over = remembered.len().saturating_sub(8);
        remembered.drain(..over);
        rules.entry(hash).or_insert_with(|| archive.to_vec());
        let recent: Vec<RuleSetHash> = remembered.iter().map(|(hash, _)| *hash).collect();
        self.state.retain_rules(&recent);
        Ok(())
    }

    fn find_duplicate(&mut self, push: &Push) -> StoreResult<Option<PushId>> {
        let Some(own) = push.deduplicate else { return Ok(None) };
        let received = push.received.epoch_milliseconds();
        let body = (push.integration.clone(), own.body_hash);
        if let Some(seen) = self.state.seen.get(&body).filter(|seen| seen.until > received) {
            return Ok(Some(seen.push));
        }
        self.state.seen.insert(body, Seen { until: received + own.window_ms, push: push.id });
        Ok(None)
    }

    fn insert_push(&mut self, push: &Push) -> StoreResult<bool> {
        if self.state.push(push.id).is_some() {
            return Ok(false);
        }
        let State { rules, remembered, .. } = &mut self.state;
        if let Some((hash, archive)) = remembered.iter().find(|(hash, _)| *hash == push.rules) {
            rules.entry(*hash).or_insert_with(|| archive.clone());
        }
        self.note_generation(PastGeneration { generation: push.generation, rules: push.rules })?;
        let received = whole(push.received);
        self.state.pushes.push(Push { received, ..push.clone() });
        if push.origin != PushOrigin::Clock {
            let counts = self.state.integration(&push.integration);
            counts.accepted += 1;
            counts.sent += u64::from(push.sent);
            counts.dropped += u64::from(push.dropped);
            counts.latest = counts.latest.max(received);
        }
        for new in &push.deliveries {
            let counts = self.state.channel(&new.channel);
            match &new.body {
                None => {
                    counts.delivered += 1;
                    counts.latest = counts.latest.max(Some(received));
                }
                Some(body) => {
                    counts.pending += 1;
                    self.wake.insert(new.channel.clone());
                    let (kind, body) = (new.kind, Some(body.clone()));
                    let id = self.insert(push, &new.channel, kind, &new.key, new.index, body);
                    self.state.deliveries.get_mut(&id).unwrap().pending.urgency = new.urgency;
                }
            }
        }
        for transition in &push.transitions {
            let FiringTransition::Closed { key, removed_channels, index } = transition else { continue };
            for channel in removed_channels {
                let reason = format!("channel `{channel}` no longer exists");
                self.state.died(channel, received, &reason);
                let id = self.insert(push, channel, "", key, *index, None);
                let delivery = self.state.deliveries.get_mut(&id).unwrap();
                (delivery.state, delivery.ended) = (DeliveryState::Dead, Some(received));
                delivery.reason = Some(reason);
            }
        }
        Ok(true)
    }

    fn update_firing(&mut self, integration: &str, key: &str, update: &mut FiringUpdate<'_>) -> StoreResult<()> {
        let known = self.state.firings.get(&(integration.to_owned(), key.to_owned())).cloned();
        update(known).map_or(Ok(()), |firing| self.set_firing(integration, key, &firing))
    }

    fn set_firing(&mut self, integration: &str, key: &str, firing: &StoredFiring) -> StoreResult<()> {
        let firing = StoredFiring { since: whole(firing.since), ..firing.clone() };
        self.state.firings.insert((integration.to_owned(), key.to_owned()), firing);
        Ok(())
    }

    fn refuse(&mut self, refused: &RefusedPayload) -> StoreResult<()> {
        if !self.state.quarantine.iter().any(|known| known.id == refused.id) {
            let received = whole(refused.received);
            self.state.quarantine.push(RefusedPayload { received, ..refused.clone() });
            let counts = self.state.integration(&refused.integration);
            counts.refused += 1;
            counts.latest = counts.latest.max(received);
        }
        Ok(())
    }

    fn release_quarantined(&mut self, id: PushId) -> StoreResult<u64> {
        let before = self.state.quarantine.len();
        self.state.quarantine.retain(|refused| refused.id != id);
        Ok((before - self.state.quarantine.len()) as u64)
    }

    fn note_generation(&mut self, noted: PastGeneration) -> StoreResult<()> {
        let past = &mut self.state.generation;
        if noted.generation > past.map_or(0, |past| past.generation) {
            *past = Some(noted);
        }
        Ok(())
    }
}

impl DeliveryTransaction for MemoryTransaction {
    fn settle(&mut self, settlement: &Settlement) -> StoreResult<Option<EndedMessage>> {
        let Settlement { delivery, took, status, result, .. } = settlement;
        let at = whole(settlement.at);
        let Some(row) = self.pending(*delivery) else { return Ok(None) };
        row.pending.attempts += 1;
        let (reason, due) = match result {
            SettlementResult::Delivered => (None, None),
            SettlementResult::Retry { due, reason } => (Some(reason.clone()), Some(whole(*due))),
            SettlementResult::Dead { reason, .. } => (Some(reason.clone()), None),
        };
        let (channel, status) = (row.channel.clone(), *status);
        let result = reason.clone().unwrap_or_else(|| "delivered".to_owned());
        row.attempts.push(AttemptRecord { channel, at, took: *took, status, result });
        let over = row.attempts.len().saturating_sub(20);
        row.attempts.drain(..over);
        if let Some(due) = due {
            row.pending.due = due;
            row.reason.clone_from(&reason);
            let channel = row.channel.clone();
            self.settled.push(*delivery);
            let counts = self.state.channel(&channel);
            counts.retried += 1;
            counts.last_error = reason.map(|reason| ChannelError { at, reason });
            return Ok(None);
        }
        Ok(self.end(*delivery, at, reason))
    }

    fn mark_damaged(&mut self, delivery: DeliveryId, at: Timestamp) -> StoreResult<Option<EndedMessage>> {
        if self.pending(delivery).is_none() {
            return Ok(None);
        }
        Ok(self.end(delivery, whole(at), Some("damaged record".to_owned())))
    }

    fn dead_message(&mut self, delivery: DeliveryId) -> StoreResult<Option<EndedMessage>> {
        let row = self.state.deliveries.get(&delivery).filter(|row| row.state == DeliveryState::Dead);
        Ok(row.and_then(|row| Some(EndedMessage { channel: row.channel.clone(), message: row.pending.message? })))
    }

    fn requeue(&mut self, deliveries: &[DeliveryId], at: Timestamp) -> StoreResult<u64> {
        Ok(deliveries.iter().map(|id| u64::from(self.requeue_one(*id, at))).sum())
    }

    fn redeliver(&mut self, deliveries: &[DeliveryId], at: Timestamp) -> StoreResult<u64> {
        let mut repeated = 0;
        for id in deliveries {
            match self.state.deliveries.get(id).filter(|row| row.state == DeliveryState::Delivered) {
                None => repeated += u64::from(self.requeue_one(*id, at)),
                Some(row) => {
                    let mut copy = Delivery { attempts: Vec::new(), ..row.clone() };
                    (copy.pending.message, copy.pending.urgency) = (None, None);
                    self.make_pending(copy, at);
                    repeated += 1;
                }
            }
        }
        Ok(repeated)
    }

    fn drop_dead_letters(&mut self, deliveries: &[DeliveryId], at: Timestamp) -> StoreResult<u64> {
        let mut dropped = 0;
        for id in deliveries {
            let row = self.state.deliveries.get_mut(id).filter(|row| row.state == DeliveryState::Dead);
            let Some(row) = row else { continue };
            (row.state, row.ended, row.body) = (DeliveryState::Dropped, Some(whole(at)), None);
            let channel = row.channel.clone();
            self.state.channel(&channel).dead -= 1;
            dropped += 1;
        }
        Ok(dropped)
    }

    fn queued_of_key(&mut self, channel: &str, key: &str, most: usize) -> StoreResult<Vec<QueuedEvent>> {
        let rows = self.state.deliveries.values().filter(|row| {
            let is_event = row.state == DeliveryState::Pending && row.pending.message.is_none();
            is_event && row.channel == channel && row.pending.key == key
        });
        let queued = rows.take(most).map(|row| QueuedEvent {
            id: row.pending.id,
            event: row.pending.event,
            integration: row.integration.clone(),
            kind: row.pending.kind.clone(),
            urgency: row.pending.urgency,
            replay: row.pending.replay,
        });
        Ok(queued.collect())
    }

    fn drop_delivery(&mut self, delivery: DeliveryId, at: Timestamp, reason: &str) -> StoreResult<()> {
        let Some(row) = self.pending(delivery) else { return Ok(()) };
        (row.state, row.ended, row.body) = (DeliveryState::Dropped, Some(whole(at)), None);
        row.reason = Some(reason.to_owned());
        let channel = row.channel.clone();
        self.state.channel(&channel).pending -= 1;
        self.settled.push(delivery);
        Ok(())
    }

    fn release_claim(&mut self, delivery: DeliveryId) {
        self.settled.push(delivery);
    }

    fn pause_channel(&mut self, channel: &str, pause: &ChannelPause) -> StoreResult<ChannelPause> {
        let since = self.state.pauses.get(channel).map_or(whole(pause.since), |known| known.since);
        let pause = ChannelPause { since, until: whole(pause.until), ..pause.clone() };
        self.state.pauses.insert(channel.to_owned(), pause.clone());
        Ok(pause)
    }

    fn resume_channel(&mut self, channel: &str, at: Timestamp) -> StoreResult<Option<ChannelPause>> {
        let ended = self.state.pauses.remove(channel);
        if let Some(pause) = &ended {
            let rows = self.state.deliveries.values_mut();
            for row in rows.filter(|row| row.channel == channel && row.state == DeliveryState::Pending) {
                let paused = whole(at).saturating_duration_since(row.pending.since.max(pause.since));
                row.pending.since = row.pending.since.saturating_add(paused);
            }
            self.wake.insert(channel.to_owned());
        }
        Ok(ended)
    }

    fn hold_channel(&mut self, channel: &str, hold: &StoredHold) -> StoreResult<()> {
        let stored = &mut self.state.channel(channel).held;
        let is_longer = |known: &StoredHold| known.receiver == hold.receiver && known.until >= hold.until;
        if !stored.as_ref().is_some_and(is_longer) {
            *stored = Some(StoredHold { until: whole(hold.until), ..hold.clone() });
        }
        Ok(())
    }
}

impl NotificationTransaction for MemoryTransaction {
    fn channel_records(&mut self, channel: &str) -> StoreResult<Box<dyn ChannelRecords + '_>> {
        let State { notified, pushes, .. } = &mut self.state;
        Ok(Box::new(MemoryChannel { channel: notified.entry(channel.to_owned()).or_default(), pushes }))
    }

    fn deliver_message(&mut self, channel: &str, delivery: &MessageDelivery) -> StoreResult<()> {
        let MessageDelivery { message, event, urgency, at, rendered } = delivery;
        let push = self.state.push(event.push).cloned();
        let push = push.ok_or_else(|| StoreError::Damaged("the push of a message is gone".to_owned()))?;
        let id = self.insert(&push, channel, rendered.kind, &rendered.key, event.index, rendered.body.clone());
        let pending = self.pending(id).unwrap();
        (pending.pending.message, pending.pending.urgency) = (Some(*message), *urgency);
        (pending.pending.due, pending.pending.since) = (whole(*at), whole(*at));
        self.state.channel(channel).pending += 1;
        self.wake.insert(channel.to_owned());
        Ok(())
    }

    fn fallback_grace(&mut self, channel: &str) -> StoreResult<FallbackGrace> {
        Ok(self.state.graces.get(channel).copied().unwrap_or_default())
    }

    fn begin_fallback_grace(&mut self, channel: &str, until: Timestamp) -> StoreResult<()> {
        let pending = self.state.deliveries.iter();
        let pending = pending.filter(|(_, row)| row.channel == channel && row.state == DeliveryState::Pending);
        let last = pending.map(|(id, _)| *id).max().unwrap_or(DeliveryId::NONE);
        self.state.graces.insert(channel.to_owned(), FallbackGrace { last, until });
        Ok(())
    }

    fn take_overdue(
        &mut self,
        channel: &str,
        since: Timestamp,
        up_to: Option<DeliveryId>,
        most: usize,
    ) -> StoreResult<OverdueEvents> {
        let State { deliveries, owed, passed_until, pushes, .. } = &mut self.state;
        let is_own = |id: &DeliveryId| deliveries.get(id).is_some_and(|row| row.channel == channel);
        let mut taken: Vec<DeliveryId> = owed.iter().filter(|id| is_own(id)).take(most).copied().collect();
        owed.retain(|id| !taken.contains(id));
        let known = passed_until.get(channel).copied().unwrap_or(DeliveryId::NONE);
        let mut next = None;
        let pending = deliveries
            .iter()
            .filter(|(id, row)| **id > known && row.channel == channel && row.state == DeliveryState::Pending);
        for (id, row) in pending.take(most) {
            if row.pending.since > since || up_to.is_some_and(|last| *id > last) {
                next = Some(row.pending.since);
                break;
            }
            passed_until.insert(channel.to_owned(), *id);
            taken.push(*id);
        }
        let events = taken.iter().filter_map(|id| {
            let row = deliveries.get(id)?;
            if row.pending.message.is_some() || row.pending.replay {
                return None;
            }
            let push = pushes.iter().find(|push| push.id == row.push)?;
            let outcomes: Vec<&serde_json::value::RawValue> = serde_json::from_str(&push.outcomes).ok()?;
            let outcome = outcomes.get(row.pending.event.index as usize)?.get().to_owned();
            let (event, received) = (row.pending.event, row.pending.since);
            Some(LastEvent { event, received, integration: row.integration.clone(), outcome })
        });
        Ok(OverdueEvents { events: events.collect(), next })
    }

    fn note_given_up(
        &mut self,
        delivery: DeliveryId,
        has_fallback: &dyn Fn(&str) -> bool,
    ) -> StoreResult<Option<String>> {
        let State { deliveries, owed, passed_until, .. } = &mut self.state;
        let row = deliveries.get(&delivery).filter(|row| {
            let is_event = row.pending.message.is_none() && !row.pending.replay;
            let known = passed_until.get(&row.channel).copied().unwrap_or(DeliveryId::NONE);
            row.state == DeliveryState::Dead && is_event && delivery > known && has_fallback(&row.channel)
        });
        Ok(row.map(|row| {
            owed.insert(delivery);
            row.channel.clone()
        }))
    }

    fn wake_notifier(&mut self, channel: &str) {
        self.wake.insert(channel.to_owned());
    }
}

impl MemoryTransaction {
    fn pending(&mut self, id: DeliveryId) -> Option<&mut Delivery> {
        self.state.deliveries.get_mut(&id).filter(|row| row.state == DeliveryState::Pending)
    }

    fn next_id(&mut self) -> DeliveryId {
        self.state.last_delivery += 1;
        DeliveryId(self.state.last_delivery)
    }

    pub(super) fn insert(
        &mut self,
        push: &Push,
        channel: &str,
        kind: &str,
        key: &str,
        index: u32,
        body: Option<Vec<u8>>,
    ) -> DeliveryId {
        let id = self.next_id();
        let (event, received) = (EventId { push: push.id, index }, whole(push.received));
        let (kind, key, hops) = (kind.to_owned(), key.to_owned(), push.hops);
        let pending = PendingDelivery {
            id,
            event,
            kind,
            key,
            attempts: 0,
            due: received,
            since: received,
            replay: false,
            hops,
            message: None,
            urgency: None,
        };
        let (integration, channel) = (push.integration.clone(), channel.to_owned());
        let (push, state, attempts) = (push.id, DeliveryState::Pending, Vec::new());
        let (ended, reason) = (None, None);
        let row = Delivery { pending, push, integration, channel, state, ended, reason, body, attempts };
        self.state.deliveries.insert(id, row);
        id
    }

    fn end(&mut self, id: DeliveryId, at: Timestamp, reason: Option<String>) -> Option<EndedMessage> {
        let row = self.state.deliveries.get_mut(&id).unwrap();
        row.state = if reason.is_some() { DeliveryState::Dead } else { DeliveryState::Delivered };
        row.ended = Some(at);
        row.reason.clone_from(&reason);
        let (channel, message) = (row.channel.clone(), row.pending.message);
        self.settled.push(id);
        let counts = self.state.channel(&channel);
        counts.pending -= 1;
        if let Some(reason) = reason {
            self.state.died(&channel, at, &reason);
        } else {
            counts.delivered += 1;
            counts.latest = counts.latest.max(Some(at));
        }
        Some(EndedMessage { channel, message: message? })
    }

    fn requeue_one(&mut self, id: DeliveryId, at: Timestamp) -> bool {
        let is_dead = |row: &&Delivery| row.state == DeliveryState::Dead && row.body.is_some();
        if self.state.deliveries.get(&id).as_ref().is_none_or(|x| !is_dead(x)) {
            return false;
        }
        let row = self.state.deliveries.remove(&id).unwrap();
        self.state.channel(&row.channel).dead -= 1;
        self.make_pending(row, at);
        true
    }

    /// Stores a row as a pending one under a new id.
    fn make_pending(&mut self, mut row: Delivery, at: Timestamp) {
        let (id, at) = (self.next_id(), whole(at));
        row.pending = PendingDelivery { id, attempts: 0, due: at, since: at, replay: true, ..row.pending };
        (row.state, row.ended) = (DeliveryState::Pending, None);
        self.state.channel(&row.channel).pending += 1;
        self.wake.insert(row.channel.clone());
        self.state.deliveries.insert(id, row);
    }
}
