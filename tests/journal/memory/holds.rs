//! The records of holds of the store in memory.

use super::transaction::MemoryTransaction;
use super::{State, whole};
use pointsman::gateway::journal::{
    EventId, ExpiredSource, HeldEvent, HoldRecords, HoldTransaction, LastEvent, Push, Silence, StoreError, StoreResult,
};
use pointsman::notification::AlertId;
use pointsman::notification::holds::{
    CircleMemory, FiringAlert, HoldStore, HolderId, LinkClass, LinkRank, MemoryHolds, RecheckPosition, RecheckScope,
    SilenceId, SilenceRecord, SourceId, SourceKind, SourceRecord, SourceState,
};
use pointsman::time::Timestamp;
use serde_json::value::RawValue;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

/// What is kept of holds.
#[derive(Clone, Default)]
pub(super) struct MemoryHoldState {
    records: MemoryHolds,
    events: BTreeMap<AlertId, EventId>,
    held: BTreeMap<(AlertId, String), HeldEvent>,
}

impl MemoryHoldState {
    /// How many alerts have a candidate of that holder.
    pub(super) fn candidates(&self, holder: HolderId) -> u64 {
        sure(self.records.candidates(holder, None, usize::MAX)).len() as u64
    }

    /// Sources that fire and count no more, those that ended last first.
    pub(super) fn expired(&self, most: usize) -> Vec<ExpiredSource> {
        let mut found: BTreeMap<AlertId, ExpiredSource> = BTreeMap::new();
        for (_, alert, record) in self.records.sources() {
            let SourceState::Expired { at } = record.state else { continue };
            let event = self.events.get(&alert).copied();
            let one = ExpiredSource { key: record.key.clone(), event, since: record.since, expired: at };
            found.entry(alert).and_modify(|known| known.expired = known.expired.max(at)).or_insert(one);
        }
        let mut found: Vec<ExpiredSource> = found.into_values().collect();
        found.sort_by_key(|source| std::cmp::Reverse(source.expired));
        found.truncate(most);
        found
    }

    /// Whether the last event of an alert, or a held one, is of that push.
    pub(super) fn keeps(&self, push: &Push) -> bool {
        let held = self.held.values().map(|held| held.event);
        self.events.values().copied().chain(held).any(|event| event.push == push.id)
    }
}

/// The records in a transaction.
struct MemoryHoldRecords<'t> {
    state: &'t mut State,
}

fn sure<T>(result: Result<T, Infallible>) -> T {
    result.unwrap_or_else(|never| match never {})
}

impl HoldStore for MemoryHoldRecords<'_> {
    type Error = StoreError;

    fn firing(&self, id: AlertId) -> StoreResult<Option<FiringAlert>> {
        Ok(sure(self.state.holds.records.firing(id)))
    }

    fn set_firing(&mut self, id: AlertId, alert: Option<&FiringAlert>) -> StoreResult<()> {
        let alert = alert.filter(|alert| !alert.facts.is_empty());
        if alert.is_none() {
            self.state.holds.events.remove(&id);
        }
        sure(self.state.holds.records.set_firing(id, alert));
        Ok(())
    }

    fn open_alerts(&self, after: Option<AlertId>, most: usize) -> StoreResult<Vec<AlertId>> {
        let told = self.state.notified.values().flat_map(|channel| channel.records.alerts());
        let told = told.filter(|(_, alert)| alert.firing.is_some()).map(|(id, _)| id);
        let known = sure(self.state.holds.records.open_alerts(after, usize::MAX));
        let open: BTreeSet<AlertId> = told.filter(|id| after.is_none_or(|after| *id > after)).chain(known).collect();
        Ok(open.into_iter().take(most).collect())
    }

    fn candidates(&self, holder: HolderId, after: Option<AlertId>, most: usize) -> StoreResult<Vec<AlertId>> {
        Ok(sure(self.state.holds.records.candidates(holder, after, most)))
    }

    fn source(&self, source: SourceId, alert: AlertId) -> StoreResult<Option<SourceRecord>> {
        Ok(sure(self.state.holds.records.source(source, alert)))
    }

    fn set_source(&mut self, source: SourceId, alert: AlertId, record: Option<&SourceRecord>) -> StoreResult<()> {
        sure(self.state.holds.records.set_source(source, alert, record));
        Ok(())
    }

    fn counting(&self, source: SourceId, kind: SourceKind, most: usize) -> StoreResult<Vec<(AlertId, SourceRecord)>> {
        Ok(sure(self.state.holds.records.counting(source, kind, most)))
    }

    fn link_classes(&self, source: SourceId, most: usize) -> StoreResult<Vec<(LinkClass, LinkRank)>> {
        Ok(sure(self.state.holds.records.link_classes(source, most)))
    }

    fn first_link(&self, source: SourceId, class: Option<LinkClass>) -> StoreResult<Option<LinkRank>> {
        Ok(sure(self.state.holds.records.first_link(source, class)))
    }

    fn circles(&self) -> &RefCell<CircleMemory> {
        self.state.holds.records.circles()
    }

    fn sources_due(&self, now: Timestamp, most: usize) -> StoreResult<Vec<(Timestamp, SourceId, AlertId)>> {
        Ok(sure(self.state.holds.records.sources_due(now, most)))
    }

    fn first_source_due(&self) -> StoreResult<Option<(Timestamp, SourceId, AlertId)>> {
        Ok(sure(self.state.holds.records.first_source_due()))
    }

    fn silence(&self, id: SilenceId) -> StoreResult<Option<SilenceRecord>> {
        Ok(self.state.silences.open.get(id).map(Silence::record))
    }

    fn set_silences(&mut self, records: &[(SilenceId, SilenceRecord)]) -> StoreResult<()> {
        for (id, record) in records {
            let Some(mut silence) = self.state.silences.open.get(*id).cloned() else { continue };
            silence.apply(record);
            self.state.silences.put(&silence);
        }
        Ok(())
    }

    fn silences_due(&self, now: Timestamp, most: usize) -> StoreResult<Vec<(Timestamp, SilenceId)>> {
        Ok(self.state.silences.open.due(now, most))
    }

    fn first_silence_due(&self) -> StoreResult<Option<(Timestamp, SilenceId)>> {
        Ok(self.state.silences.open.first_due)
    }

    fn recheck(&self, scope: RecheckScope) -> StoreResult<RecheckPosition> {
        Ok(sure(self.state.holds.records.recheck(scope)))
    }

    fn set_recheck(&mut self, scope: RecheckScope, position: RecheckPosition) -> StoreResult<()> {
        sure(self.state.holds.records.set_recheck(scope, position));
        Ok(())
    }

    fn next_recheck(&self) -> StoreResult<Option<(RecheckScope, RecheckPosition)>> {
        Ok(sure(self.state.holds.records.next_recheck()))
    }
}

impl HoldRecords for MemoryHoldRecords<'_> {
    fn note_event(&mut self, alert: AlertId, event: EventId) -> StoreResult<()> {
        if self.firing(alert)?.is_some() {
            self.state.holds.events.insert(alert, event);
        }
        Ok(())
    }

    fn last_event_id(&self, alert: AlertId) -> StoreResult<Option<EventId>> {
        let position = |event: &EventId| self.state.pushes.iter().position(|push| push.id == event.push);
        let told =
            self.state.notified.values().filter_map(|channel| channel.events.get(&alert).map(|(event, _)| *event));
        let known = self.state.holds.events.get(&alert).copied();
        let last = told.chain(known).filter_map(|event| Some((position(&event)?, event.index, event))).max();
        Ok(last.map(|(_, _, event)| event))
    }

    fn last_events(&self, alerts: &[AlertId]) -> StoreResult<Vec<(AlertId, LastEvent)>> {
        let mut events = Vec::new();
        for alert in alerts {
            let Some(event) = self.last_event_id(*alert)? else { continue };
            let push = self.state.pushes.iter().find(|push| push.id == event.push).unwrap();
            let outcomes: Vec<&RawValue> = serde_json::from_str(&push.outcomes).unwrap();
            let Some(outcome) = outcomes.get(event.index as usize) else { continue };
            let (integration, outcome) = (push.integration.clone(), outcome.get().to_owned());
            events.push((*alert, LastEvent { event, received: push.received, integration, outcome }));
        }
        events.sort_by_key(|(alert, _)| *alert);
        Ok(events)
    }
}

impl HoldTransaction for MemoryTransaction {
    fn has_holds(&mut self) -> StoreResult<bool> {
        // What an empty one says is asked for nothing.
        Ok(true)
    }

    fn refresh_holds(&mut self) -> StoreResult<()> {
        Ok(())
    }

    fn holds(&mut self) -> StoreResult<Box<dyn HoldRecords + '_>> {
        Ok(Box::new(MemoryHoldRecords { state: &mut self.state }))
    }

    fn channels_of(&mut self, alert: AlertId) -> StoreResult<Vec<String>> {
        let fires =
            |(id, record): (AlertId, &pointsman::notification::AlertRecord)| id == alert && record.firing.is_some();
        let known = self.state.notified.iter().filter(|(_, channel)| channel.records.alerts().any(fires));
        Ok(known.map(|(name, _)| name.clone()).collect())
    }

    fn held_events(&mut self, alert: AlertId) -> StoreResult<Vec<HeldEvent>> {
        let held = self.state.holds.held.iter().filter(|((id, _), _)| *id == alert);
        Ok(held.map(|(_, held)| held.clone()).collect())
    }

    fn set_held_event(&mut self, alert: AlertId, held: &HeldEvent) -> StoreResult<()> {
        self.state.holds.held.insert((alert, held.channel.clone()), held.clone());
        Ok(())
    }

    fn remove_held_event(&mut self, alert: AlertId, channel: &str) -> StoreResult<()> {
        self.state.holds.held.remove(&(alert, channel.to_owned()));
        Ok(())
    }

    fn deliver_held(&mut self, held: &HeldEvent, at: Timestamp) -> StoreResult<()> {
        if held.body.is_none() {
            return Ok(());
        }
        let Some(push) = self.state.push(held.event.push).cloned() else { return Ok(()) };
        let id = self.insert(&push, &held.channel, "webhook", &held.key, held.event.index, held.body.clone());
        let pending = self.state.deliveries.get_mut(&id).unwrap();
        pending.pending.urgency = Some(held.record.firing);
        pending.pending.kind.clone_from(&held.kind);
        (pending.pending.due, pending.pending.since) = (whole(at), whole(at));
        self.state.channel(&held.channel).pending += 1;
        self.wake.insert(held.channel.clone());
        Ok(())
    }
}
