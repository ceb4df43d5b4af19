//! A store in memory. It keeps the same promises as that in SQLite, so that the same tests show that they are the traits'
//! and not SQLite's.

mod channel;
mod heard;
mod holds;
mod reader;
mod silences;
mod transaction;

use channel::NotifiedChannel;
use heard::Heard;
use holds::MemoryHoldState;
use pointsman::gateway::journal::{
    AttemptRecord, Backlog, ChannelCounts, ChannelError, ChannelPause, CheckpointMode, ClaimOwner, CommittedChanges,
    DeliveryId, DeliveryState, FallbackGrace, IntegrationBacklog, IntegrationCounts, JournalConfig, JournalReader,
    JournalStore, LONGEST_OPEN, PendingDelivery, PruneProgress, Push, PushId, ReadResult, RecordFilter, RefusedPayload,
    SettledFilter, StoreResult, StoredFiring, TransactionWork,
};
use pointsman::gateway::metrics::Metrics;
use pointsman::reload::{PastGeneration, RuleSetHash};
use pointsman::time::Timestamp;
use reader::MemoryReader;
use silences::MemorySilences;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use transaction::MemoryTransaction;

/// What outlives a store, as a disk would.
#[derive(Clone, Default)]
pub(crate) struct MemoryDisk(Arc<Mutex<State>>);

#[derive(Clone, Default)]
struct State {
    pushes: Vec<Push>,
    deliveries: BTreeMap<DeliveryId, Delivery>,
    last_delivery: i64,
    firings: BTreeMap<(String, String), StoredFiring>,
    seen: HashMap<(String, [u8; 32]), Seen>,
    quarantine: Vec<RefusedPayload>,
    rules: HashMap<RuleSetHash, Vec<u8>>,
    /// The last that were handed in since the store was opened.
    remembered: Vec<(RuleSetHash, Vec<u8>)>,
    integrations: BTreeMap<String, IntegrationCounts>,
    channels: BTreeMap<String, ChannelCounts>,
    generation: Option<PastGeneration>,
    notified: BTreeMap<String, NotifiedChannel>,
    pauses: BTreeMap<String, ChannelPause>,
    /// Events that were given up and of which a fallback is to be told.
    owed: BTreeSet<DeliveryId>,
    /// The last overdue delivery of each channel.
    passed_until: BTreeMap<String, DeliveryId>,
    graces: BTreeMap<String, FallbackGrace>,
    silences: MemorySilences,
    holds: MemoryHoldState,
    heard: Heard,
}

#[derive(Clone)]
struct Seen {
    until: i64,
    push: PushId,
}

#[derive(Clone)]
struct Delivery {
    pending: PendingDelivery,
    push: PushId,
    integration: String,
    channel: String,
    state: DeliveryState,
    ended: Option<Timestamp>,
    reason: Option<String>,
    body: Option<Vec<u8>>,
    attempts: Vec<AttemptRecord>,
}

/// The writing side.
pub(crate) struct MemoryStore {
    disk: MemoryDisk,
    options: JournalConfig,
    claims: Arc<Mutex<HashMap<DeliveryId, (ClaimOwner, Instant)>>>,
}

/// A time as a store keeps it.
fn whole(time: Timestamp) -> Timestamp {
    Timestamp::from_epoch_milliseconds(time.epoch_milliseconds())
}

impl MemoryDisk {
    pub(crate) fn store(&self, options: &JournalConfig) -> MemoryStore {
        self.0.lock().unwrap().remembered.clear();
        MemoryStore { disk: self.clone(), options: options.clone(), claims: Arc::default() }
    }

    #[expect(clippy::unnecessary_wraps, reason = "the methods of a reader return a result")]
    fn with<T>(&self, read: impl FnOnce(&State) -> T) -> ReadResult<T> {
        Ok(read(&self.0.lock().unwrap()))
    }
}

impl State {
    fn push(&self, id: PushId) -> Option<&Push> {
        self.pushes.iter().find(|push| push.id == id)
    }

    fn integration(&mut self, name: &str) -> &mut IntegrationCounts {
        let (name, latest) = (name.to_owned(), Timestamp::default());
        let new = IntegrationCounts { name: name.clone(), latest, accepted: 0, dropped: 0, refused: 0, sent: 0 };
        self.integrations.entry(name).or_insert(new)
    }

    fn channel(&mut self, name: &str) -> &mut ChannelCounts {
        let (delivered, retried, dead, pending) = (0, 0, 0, 0);
        let (name, latest, last_error, held) = (name.to_owned(), None, None, None);
        let new = ChannelCounts { name: name.clone(), delivered, retried, dead, pending, latest, last_error, held };
        self.channels.entry(name).or_insert(new)
    }

    fn died(&mut self, channel: &str, at: Timestamp, reason: &str) {
        let counts = self.channel(channel);
        counts.dead += 1;
        counts.last_error = Some(ChannelError { at, reason: reason.to_owned() });
    }

    fn backlogs(&self) -> BTreeMap<String, Backlog> {
        let mut backlogs: BTreeMap<String, Backlog> = BTreeMap::new();
        for delivery in self.deliveries.values().filter(|each| each.state == DeliveryState::Pending) {
            let bytes = delivery.body.as_ref().map_or(0, Vec::len);
            let one = Backlog { count: 1, bytes: i64::try_from(bytes).unwrap() };
            backlogs.entry(delivery.integration.clone()).or_default().add(one);
        }
        backlogs
    }

    /// Keeps the rule sets that decided a push that is there, and these.
    fn retain_rules(&mut self, others: &[RuleSetHash]) {
        let used: BTreeSet<[u8; 32]> =
            self.pushes.iter().map(|push| push.rules.0).chain(others.iter().map(|hash| hash.0)).collect();
        self.rules.retain(|hash, _| used.contains(&hash.0));
    }

    fn bound_quarantine(&mut self, most: u64) {
        while self.quarantine.len() as u64 > most {
            let mut shares: BTreeMap<&str, usize> = BTreeMap::new();
            self.quarantine.iter().for_each(|refused| *shares.entry(&refused.integration).or_default() += 1);
            let largest = shares.into_iter().max_by_key(|(_, count)| *count).unwrap().0.to_owned();
            let oldest = self.quarantine.iter().position(|refused| refused.integration == largest).unwrap();
            self.quarantine.remove(oldest);
        }
    }

    /// Deliveries that a filter means, the newest first.
    fn settled(&self, filter: &RecordFilter, which: SettledFilter) -> Vec<&Delivery> {
        let place = |id: PushId| self.pushes.iter().position(|push| push.id == id);
        let is_meant = |delivery: &&Delivery| {
            let push = self.push(delivery.push).unwrap();
            let is_settled = match which {
                SettledFilter::Dead => delivery.state == DeliveryState::Dead,
                SettledFilter::All => matches!(delivery.state, DeliveryState::Delivered | DeliveryState::Dead),
            };
            is_settled
                && is_push_meant(push, filter)
                && filter.channel.as_ref().is_none_or(|channel| *channel == delivery.channel)
                && filter.key.as_ref().is_none_or(|key| *key == delivery.pending.key)
                && filter.index.is_none_or(|index| index == delivery.pending.event.index)
                && filter.before.is_none_or(|id| place(push.id) < place(id))
        };
        let mut found: Vec<&Delivery> = self.deliveries.values().filter(is_meant).collect();
        found.sort_by_key(|delivery| {
            let event = delivery.pending.event;
            (std::cmp::Reverse(place(event.push)), event.index, delivery.pending.id)
        });
        found.truncate(if filter.limit == 0 { usize::MAX } else { filter.limit });
        found
    }
}

fn is_push_meant(push: &Push, filter: &RecordFilter) -> bool {
    filter.since.is_none_or(|since| push.received >= since)
        && filter.until.is_none_or(|until| push.received < until)
        && filter.integration.as_ref().is_none_or(|name| *name == push.integration)
        && filter.push.is_none_or(|id| id == push.id)
}

impl JournalStore for MemoryStore {
    fn transact(&mut self, work: &mut TransactionWork<'_>) -> StoreResult<CommittedChanges> {
        let mut committed = self.disk.0.lock().unwrap();
        let mut transaction =
            MemoryTransaction { state: committed.clone(), wake: BTreeSet::new(), settled: Vec::new() };
        work(&mut transaction)?;
        transaction.state.bound_quarantine(self.options.most_quarantined);
        let (old, new) = (committed.backlogs(), transaction.state.backlogs());
        *committed = transaction.state;
        drop(committed);
        let mut claims = self.claims.lock().unwrap();
        transaction.settled.iter().for_each(|id| _ = claims.remove(id));
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let change = |name: &String| {
            let of = |all: &BTreeMap<String, Backlog>| all.get(name).copied().unwrap_or_default();
            let (old, new) = (of(&old), of(&new));
            let backlog = Backlog { count: new.count - old.count, bytes: new.bytes - old.bytes };
            IntegrationBacklog { integration: name.clone(), backlog }
        };
        let backlogs = names.into_iter().map(change).collect();
        Ok(CommittedChanges { wake: transaction.wake.into_iter().collect(), backlogs })
    }

    fn prune(&mut self, now: Timestamp) -> StoreResult<PruneProgress> {
        let mut state = self.disk.0.lock().unwrap();
        let oldest = now.saturating_sub(self.options.keep_for);
        let oldest_dead = now.saturating_sub(self.options.keep_dead_for);
        let is_old =
            |row: &Delivery| row.state == DeliveryState::Dead && row.ended.is_some_and(|ended| ended < oldest_dead);
        let dead: Vec<DeliveryId> = state.deliveries.iter().filter(|(_, row)| is_old(row)).map(|(id, _)| *id).collect();
        for id in dead {
            let row = state.deliveries.remove(&id).unwrap();
            state.channel(&row.channel).dead -= 1;
        }
        let State { pushes, deliveries, notified, holds, heard, .. } = &mut *state;
        let is_known = |push: &Push| {
            notified.values().any(|channel| channel.events.values().any(|(event, _)| event.push == push.id))
                || holds.keeps(push)
                || heard.alerts.values().any(|row| row.event.push == push.id)
                || heard.absences.values().any(|event| event.push == push.id)
        };
        pushes.retain(|push| {
            let mut own = deliveries.values().filter(|row| row.push == push.id);
            push.received >= oldest
                || own.any(|row| matches!(row.state, DeliveryState::Pending | DeliveryState::Dead))
                || is_known(push)
        });
        deliveries.retain(|_, row| pushes.iter().any(|push| push.id == row.push));
        state.seen.retain(|_, seen| seen.until >= now.epoch_milliseconds());
        state.firings.retain(|_, firing| firing.since >= now.saturating_sub(LONGEST_OPEN));
        state.bound_quarantine(self.options.most_quarantined);
        state.silences.prune(now.saturating_sub(self.options.keep_for));
        state.retain_rules(&[]);
        Ok(PruneProgress::Done)
    }

    fn limit_bytes(&mut self, _most: u64) {}

    fn reusable_bytes(&self) -> u64 {
        0
    }

    fn checkpoint(&mut self, _mode: CheckpointMode) -> StoreResult<()> {
        Ok(())
    }

    fn reopen(&mut self) -> StoreResult<()> {
        Ok(())
    }

    fn backlogs(&self) -> StoreResult<Vec<IntegrationBacklog>> {
        let backlogs = self.disk.0.lock().unwrap().backlogs();
        let named = |(integration, backlog)| IntegrationBacklog { integration, backlog };
        Ok(backlogs.into_iter().map(named).collect())
    }

    fn reader(&self, _metrics: &Arc<Metrics>) -> Arc<dyn JournalReader> {
        Arc::new(MemoryReader { disk: self.disk.clone(), claims: Arc::clone(&self.claims) })
    }

    fn files(&self) -> &'static [&'static str] {
        &[]
    }
}
