//! Silences of the store in memory.

use super::reader::MemoryReader;
use super::transaction::MemoryTransaction;
use pointsman::gateway::journal::{
    ReadResult, Silence, SilenceFilter, SilenceId, SilenceList, SilenceReader, SilenceTransaction, StoreResult,
};
use pointsman::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The silences, and those of them that did not end.
#[derive(Clone, Default)]
pub(super) struct MemorySilences {
    all: BTreeMap<SilenceId, Silence>,
    open: Arc<SilenceList>,
}

impl MemorySilences {
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
        let silences = &mut self.state.silences;
        silences.all.insert(silence.id, silence.clone());
        silences.open = Arc::new(silences.open.with(silence));
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
}
