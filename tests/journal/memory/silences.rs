//! Silences of the store in memory.

use super::reader::MemoryReader;
use super::transaction::MemoryTransaction;
use pointsman::event::Severity;
use pointsman::gateway::journal::{
    ExpiredSource, HeldCount, NotifiedAlert, ReadResult, Silence, SilenceFilter, SilenceId, SilenceList, SilenceReader,
    SilenceTransaction, StoreResult,
};
use pointsman::notification::holds::HolderId;
use pointsman::notification::{AlertId, HoldState};
use pointsman::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The silences, and those of them that did not end.
#[derive(Clone, Default)]
pub(super) struct MemorySilences {
    all: BTreeMap<SilenceId, Silence>,
    pub(super) open: Arc<SilenceList>,
}

impl MemorySilences {
    pub(super) fn put(&mut self, silence: &Silence) {
        self.all.insert(silence.id, silence.clone());
        self.open = Arc::new(self.open.with([silence.clone()]));
    }

    /// Forgets what ended before that time.
    pub(super) fn prune(&mut self, before: Timestamp) {
        self.all.retain(|_, silence| silence.ended.as_ref().is_none_or(|end| end.at >= before));
    }
}

impl SilenceTransaction for MemoryTransaction {
    fn silences(&mut self) -> StoreResult<Arc<SilenceList>> {
        Ok(Arc::clone(&self.state.silences.open))
    }

    fn find_silence(&mut self, id: SilenceId) -> StoreResult<Option<Silence>> {
        Ok(self.state.silences.all.get(&id).cloned())
    }

    fn put_silence(&mut self, silence: &Silence) -> StoreResult<()> {
        self.state.silences.put(silence);
        Ok(())
    }
}

impl SilenceReader for MemoryReader {
    fn open_silences(&self) -> Arc<SilenceList> {
        self.disk.with(|state| Arc::clone(&state.silences.open)).unwrap()
    }

    fn silences(&self, filter: &SilenceFilter) -> ReadResult<Vec<Silence>> {
        self.disk.with(|state| {
            let meant = |silence: &&Silence| {
                (filter.with_ended || silence.ended.is_none()) && filter.before.is_none_or(|before| silence.id < before)
            };
            let most = if filter.limit == 0 { usize::MAX } else { filter.limit };
            state.silences.all.values().rev().filter(meant).take(most).cloned().collect()
        })
    }

    fn silence(&self, id: SilenceId) -> ReadResult<Option<Silence>> {
        self.disk.with(|state| state.silences.all.get(&id).cloned())
    }

    fn silenced_alerts(&self, id: SilenceId) -> ReadResult<u64> {
        self.disk.with(|state| state.holds.candidates(HolderId::Silence(id)))
    }

    /// It keeps no history of messages.
    fn told_messages(&self, _channel: &str, _alert: AlertId, _since: Timestamp) -> ReadResult<Vec<(u64, Severity)>> {
        Ok(Vec::new())
    }

    fn notified_alerts(&self, _most: usize) -> ReadResult<Vec<NotifiedAlert>> {
        Ok(Vec::new())
    }

    fn held_counts(&self) -> ReadResult<Vec<HeldCount>> {
        self.disk.with(|state| {
            let mut counts: BTreeMap<(String, Option<String>), u64> = BTreeMap::new();
            for (name, channel) in &state.notified {
                let held = channel
                    .records
                    .alerts()
                    .filter(|(_, alert)| alert.hold == HoldState::Held && alert.firing.is_some());
                for (id, _) in held {
                    let mute = channel.holders.get(&id).cloned().flatten();
                    *counts.entry((name.clone(), mute)).or_default() += 1;
                }
            }
            let count = |((channel, mute), alerts)| HeldCount { channel, mute, alerts };
            counts.into_iter().map(count).collect()
        })
    }

    fn expired_sources(&self, most: usize) -> ReadResult<Vec<ExpiredSource>> {
        self.disk.with(|state| state.holds.expired(most))
    }
}
