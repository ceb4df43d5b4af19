//! Reading of the store in memory.

use super::channel::NotifiedChannel;
use super::{Delivery, MemoryDisk, State, is_push_meant};
use pointsman::event::Severity;
use pointsman::gateway::journal::{
    AcceptedPush, AttemptRecord, ChannelCounts, ChannelFate, ChannelPause, ChannelPolicies, ClaimOwner, ClaimResult,
    DeadLetterRecord, DeliveryClaims, DeliveryId, DeliveryReader, DeliveryRecord, DeliveryState, EventId, EventPage,
    EventReader, EventRecord, EventState, GroupPlace, GroupSummary, IntegrationCounts, JournalReader,
    MAX_PUSH_PAGE_BYTES, MAX_PUSHES_OF_PAGE, MessageFilter, MessageReader, MessageSummary, MessageUlid, PausedChannel,
    PendingCount, PendingDelivery, Push, PushFilter, PushId, PushPage, PushReader, PushRecord, QuarantineCounts,
    ReadResult, RecordFilter, RecordReader, RefusedPayload, RefusedSummary, SenderStatus, SettledFilter, StoredBody,
    StoredFiring, ToldAlertPage,
};
use pointsman::notification::ClockRecord;
use pointsman::notification::heartbeat::BeatStore as _;
use pointsman::reload::{PastGeneration, RuleSetHash};
use pointsman::time::Timestamp;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The reading side.
pub(super) struct MemoryReader {
    pub(super) disk: MemoryDisk,
    pub(super) claims: Arc<Mutex<HashMap<DeliveryId, (ClaimOwner, Instant)>>>,
}

impl DeliveryClaims for MemoryReader {
    fn claim(&self, delivery: DeliveryId, owner: ClaimOwner, lease: Duration) -> ReadResult<ClaimResult> {
        let (mut claims, now) = (self.claims.lock().unwrap(), Instant::now());
        let state = self.disk.with(|state| state.deliveries.get(&delivery).map(|row| row.state))?;
        if state != Some(DeliveryState::Pending) {
            return Ok(ClaimResult::Settled);
        }
        if claims.get(&delivery).is_some_and(|(holder, until)| *holder != owner && *until > now) {
            return Ok(ClaimResult::Held);
        }
        claims.insert(delivery, (owner, now + lease));
        Ok(ClaimResult::Claimed)
    }
}

impl DeliveryReader for MemoryReader {
    fn pending(&self, channel: &str, after: DeliveryId, limit: usize) -> ReadResult<Vec<PendingDelivery>> {
        self.disk.with(|state| {
            let rows = state
                .deliveries
                .values()
                .filter(|row| row.channel == channel && row.state == DeliveryState::Pending && row.pending.id > after);
            rows.take(limit).map(|row| row.pending.clone()).collect()
        })
    }

    fn pending_of_key(&self, channel: &str, key: &str, after: DeliveryId) -> ReadResult<Option<PendingDelivery>> {
        let pending = self.pending(channel, after, usize::MAX)?;
        Ok(pending.into_iter().find(|found| found.key == key))
    }

    fn body(&self, delivery: DeliveryId, max_bytes: usize) -> ReadResult<StoredBody> {
        let body = self.disk.with(|state| state.deliveries.get(&delivery).and_then(|row| row.body.clone()))?;
        Ok(match body {
            Some(body) if body.len() > max_bytes => StoredBody::TooLarge(body.len()),
            Some(body) => StoredBody::Intact(body),
            None => StoredBody::Missing,
        })
    }

    fn channels(&self) -> ReadResult<Vec<ChannelCounts>> {
        self.disk.with(|state| state.channels.values().cloned().collect())
    }

    fn pauses(&self) -> ReadResult<Vec<PausedChannel>> {
        self.disk.with(|state| {
            let paused = |(channel, pause): (&String, &ChannelPause)| PausedChannel {
                channel: channel.clone(),
                pause: pause.clone(),
            };
            state.pauses.iter().map(paused).collect()
        })
    }
}

impl EventReader for MemoryReader {
    fn events_page(&self, filter: &RecordFilter) -> ReadResult<EventPage> {
        self.disk.with(|state| {
            let mut pushes: Vec<(usize, &Push)> = state.pushes.iter().enumerate().collect();
            pushes.sort_by_key(|(place, push)| (push.received, *place));
            let last = filter.before.and_then(|id| pushes.iter().position(|(_, push)| push.id == id));
            pushes.truncate(last.unwrap_or(if filter.before.is_some() { 0 } else { usize::MAX }));
            let mut page = EventPage::default();
            for (_, push) in pushes.into_iter().rev().filter(|(_, push)| is_push_meant(push, filter)) {
                page.events.extend(events_of(state, push, filter));
                if filter.limit > 0 && page.events.len() >= filter.limit {
                    page.next = Some(push.id);
                    break;
                }
            }
            page
        })
    }
}

fn events_of(state: &State, push: &Push, filter: &RecordFilter) -> Vec<EventRecord> {
    let record = |(index, outcome): (u32, String)| {
        let discarded = push.deliveries.iter().filter(|new| new.body.is_none() && new.index == index);
        let discarded = discarded.map(|new| DeliveryRecord {
            channel: new.channel.clone(),
            state: DeliveryState::Delivered,
            attempts: 0,
            reason: None,
            dropped: None,
        });
        let id = EventId { push: push.id, index };
        let rows = state.deliveries.values().filter(|row| row.pending.event == id);
        let rows = rows.map(|row| DeliveryRecord {
            channel: row.channel.clone(),
            state: row.state,
            attempts: row.pending.attempts,
            reason: row.reason.clone(),
            dropped: row.ended.filter(|_| row.state == DeliveryState::Dropped),
        });
        let deliveries: Vec<DeliveryRecord> = discarded.chain(rows).collect();
        EventRecord {
            id,
            state: (!deliveries.is_empty()).then_some(EventState::Sent),
            integration: push.integration.clone(),
            received: push.received,
            origin: push.origin,
            generation: push.generation,
            rules: push.rules,
            outcome,
            deliveries,
        }
    };
    let is_meant = |event: &EventRecord| {
        let value: serde_json::Value = serde_json::from_str(&event.outcome).unwrap();
        filter.index.is_none_or(|index| index == event.id.index)
            && filter.key.as_deref().is_none_or(|key| value["event"]["key"] == *key)
            && filter
                .channel
                .as_ref()
                .is_none_or(|channel| event.deliveries.iter().any(|delivery| delivery.channel == *channel))
    };
    (0..).zip(outcomes(push)).map(record).filter(is_meant).collect()
}

/// It keeps what channels were told, and no list of it.
impl MessageReader for MemoryReader {
    fn messages(&self, _: &MessageFilter) -> ReadResult<Vec<MessageSummary>> {
        Ok(Vec::new())
    }

    fn told_alerts(&self, _: MessageUlid, _: i64, _: usize) -> ReadResult<ToldAlertPage> {
        Ok(ToldAlertPage::default())
    }

    fn group_page(
        &self,
        _: Option<&str>,
        _: Option<GroupPlace>,
        _: usize,
        _: &ChannelPolicies,
    ) -> ReadResult<Vec<GroupSummary>> {
        Ok(Vec::new())
    }
}

impl PushReader for MemoryReader {
    fn pushes(&self, filter: &PushFilter) -> ReadResult<PushPage> {
        self.disk.with(|state| {
            let mut page = PushPage { oldest: state.pushes.first().map(|push| push.received), ..PushPage::default() };
            let (mut bytes, mut last) = (0, None);
            for (place, push) in (0..).zip(&state.pushes).filter(|(place, push)| {
                filter.after.is_none_or(|after| *place > after)
                    && filter.since.is_none_or(|since| push.received >= since)
                    && filter.until.is_none_or(|until| push.received < until)
                    && filter.integration.as_ref().is_none_or(|name| *name == push.integration)
            }) {
                if page.pushes.len() >= MAX_PUSHES_OF_PAGE || bytes >= MAX_PUSH_PAGE_BYTES {
                    page.next = last;
                    break;
                }
                (bytes, last) = (bytes + push.payload.len(), Some(place));
                page.pushes.push(AcceptedPush {
                    integration: push.integration.clone(),
                    origin: push.origin,
                    received: push.received,
                    payload: push.payload.clone(),
                    request: push.request.clone(),
                    is_replay: push.replay_of.is_some_and(|first| state.push(first).is_some()),
                });
            }
            page
        })
    }
}

impl RecordReader for MemoryReader {
    fn firing(&self, integration: &str, key: &str) -> ReadResult<Option<StoredFiring>> {
        self.disk.with(|state| state.firings.get(&(integration.to_owned(), key.to_owned())).cloned())
    }

    fn find_push(&self, id: PushId) -> ReadResult<Option<PushRecord>> {
        self.disk.with(|state| {
            state.push(id).map(|push| PushRecord {
                id,
                integration: push.integration.clone(),
                origin: push.origin,
                received: push.received,
                generation: push.generation,
                rules: push.rules,
                payload: push.payload.clone(),
                request: push.request.clone(),
                outcomes: outcomes(push),
                open: push.open.clone(),
            })
        })
    }

    fn attempts(&self, event: EventId) -> ReadResult<Vec<AttemptRecord>> {
        self.disk.with(|state| {
            let rows = state.deliveries.values().filter(|row| row.pending.event == event);
            let mut attempts: Vec<AttemptRecord> = rows.flat_map(|row| row.attempts.clone()).collect();
            attempts.sort_by_key(|attempt| attempt.at);
            attempts
        })
    }

    fn dead_letters(&self, filter: &RecordFilter) -> ReadResult<Vec<DeadLetterRecord>> {
        self.disk.with(|state| {
            let record = |row: &Delivery| DeadLetterRecord {
                event: row.pending.event,
                channel: row.channel.clone(),
                key: row.pending.key.clone(),
                integration: row.integration.clone(),
                received: state.push(row.push).unwrap().received,
                died: row.ended.unwrap(),
                attempts: row.pending.attempts,
                reason: row.reason.clone().unwrap_or_default(),
            };
            state.settled(filter, SettledFilter::Dead).into_iter().map(record).collect()
        })
    }

    fn settled(&self, filter: &RecordFilter, which: SettledFilter) -> ReadResult<Vec<DeliveryId>> {
        self.disk.with(|state| {
            let found = state.settled(filter, which);
            let mut ids: Vec<DeliveryId> = found.into_iter().map(|row| row.pending.id).collect();
            ids.sort_unstable();
            ids
        })
    }

    fn quarantined(&self, filter: &RecordFilter) -> ReadResult<Vec<RefusedPayload>> {
        self.disk.with(|state| {
            let end = |id| state.quarantine.iter().position(|refused| refused.id == id).unwrap_or(0);
            let end = filter.before.map_or(state.quarantine.len(), end);
            let found = state.quarantine.iter().take(end).rev().filter(|refused| {
                filter.since.is_none_or(|since| refused.received >= since)
                    && filter.until.is_none_or(|until| refused.received < until)
                    && filter.integration.as_ref().is_none_or(|name| *name == refused.integration)
                    && filter.push.is_none_or(|id| id == refused.id)
            });
            let most = if filter.limit == 0 { usize::MAX } else { filter.limit };
            found.take(most).cloned().collect()
        })
    }

    fn refused(&self, filter: &RecordFilter) -> ReadResult<Vec<RefusedSummary>> {
        Ok(self.quarantined(filter)?.iter().map(RefusedPayload::summary).collect())
    }

    fn quarantine_counts(&self) -> ReadResult<Vec<QuarantineCounts>> {
        self.disk.with(|state| {
            let mut counts: Vec<QuarantineCounts> = Vec::new();
            for refused in &state.quarantine {
                let at = counts.iter().position(|known| known.integration == refused.integration);
                let before = at.map_or(0, |at| counts.remove(at).count);
                counts.push(QuarantineCounts {
                    integration: refused.integration.clone(),
                    count: before + 1,
                    latest: refused.received,
                    reason: refused.reason.clone(),
                });
            }
            counts.sort_by(|one, other| one.integration.cmp(&other.integration));
            counts
        })
    }

    fn rules(&self, hash: RuleSetHash) -> ReadResult<Option<Vec<u8>>> {
        self.disk.with(|state| state.rules.get(&hash).cloned())
    }

    fn integrations(&self) -> ReadResult<Vec<IntegrationCounts>> {
        self.disk.with(|state| state.integrations.values().cloned().collect())
    }

    fn last_generation(&self) -> ReadResult<Option<PastGeneration>> {
        self.disk.with(|state| state.generation)
    }

    /// It keeps no history of events.
    fn fates(&self, _event: EventId, _policies: &ChannelPolicies) -> ReadResult<Vec<ChannelFate>> {
        Ok(Vec::new())
    }

    fn waiting_news(&self) -> ReadResult<Vec<(String, u64)>> {
        self.disk.with(|state| {
            let waiting = state.notified.iter().map(|(name, channel)| {
                let news = channel.records.alerts().filter(|(_, alert)| alert.tellable().is_some());
                (name.clone(), news.count() as u64)
            });
            waiting.filter(|(_, count)| *count > 0).collect()
        })
    }

    fn sent_firings(&self, channel: &str) -> ReadResult<BTreeMap<String, Severity>> {
        self.disk.with(|state| {
            let mut sent = BTreeMap::new();
            for row in state.deliveries.values().filter(|row| row.channel == channel) {
                if row.state == DeliveryState::Delivered && row.pending.message.is_none() && !row.pending.replay {
                    match row.pending.urgency {
                        Some(severity) => drop(sent.insert(row.pending.key.clone(), severity)),
                        None => drop(sent.remove(&row.pending.key)),
                    }
                }
            }
            sent
        })
    }

    /// It counts nothing.
    fn pending_counts(&self, _channel: Option<&str>) -> ReadResult<Vec<PendingCount>> {
        Ok(Vec::new())
    }

    fn notified_channels(&self) -> ReadResult<Vec<String>> {
        self.disk.with(|state| {
            let used = state.notified.iter().filter(|(_, channel)| channel.is_used());
            used.map(|(name, _)| name.clone()).collect()
        })
    }

    fn clock(&self) -> ReadResult<ClockRecord> {
        self.disk.with(|state| {
            let Ok(senders) = state.heard.beats.heartbeats();
            let senders = senders.iter().flat_map(|heartbeat| {
                let Ok(senders) = state.heard.beats.senders(heartbeat);
                senders
            });
            let heard = senders.map(|(_, record)| record.heard).chain(state.heard.alerts.values().map(|row| row.heard));
            let listened = heard.max().unwrap_or_default().max(state.heard.clock.listened);
            ClockRecord { listened, ..state.heard.clock }
        })
    }

    fn senders(&self) -> ReadResult<Vec<SenderStatus>> {
        self.disk.with(|state| {
            let Ok(heartbeats) = state.heard.beats.heartbeats();
            let all = heartbeats.iter().flat_map(|heartbeat| {
                let Ok(senders) = state.heard.beats.senders(heartbeat);
                senders
            });
            all.map(|(sender, record)| SenderStatus { sender, record }).collect()
        })
    }

    fn last_notification(&self) -> ReadResult<Option<Timestamp>> {
        self.disk.with(|state| {
            let steady = Some(state.heard.clock.steady).filter(|steady| *steady > Timestamp::default());
            state.notified.values().filter_map(NotifiedChannel::last).chain(steady).max()
        })
    }
}

impl JournalReader for MemoryReader {
    fn close(&self) {}
}

fn outcomes(push: &Push) -> Vec<String> {
    let texts: Vec<&RawValue> = serde_json::from_str(&push.outcomes).unwrap();
    texts.into_iter().map(|text| text.get().to_owned()).collect()
}
