//! Senders of heartbeats in memory, for tests of rules and for what is played through again.

use super::heartbeat::{BeatRecord, BeatStore, Sender};
use super::listening::ListeningTime;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

/// The senders of heartbeats, with the indexes that a database would have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryBeats {
    heartbeats: BTreeMap<String, HeartbeatSenders>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct HeartbeatSenders {
    records: BTreeMap<Sender, BeatRecord>,
    /// Those that are not absent, by when they were heard.
    present: BTreeSet<(ListeningTime, Sender)>,
    returned: BTreeSet<Sender>,
}

impl HeartbeatSenders {
    fn remove(&mut self, sender: &Sender) {
        let Some(before) = self.records.remove(sender) else { return };
        self.present.remove(&(before.heard, sender.clone()));
        self.returned.remove(sender);
    }

    fn insert(&mut self, sender: &Sender, record: BeatRecord) {
        if record.absence.is_none() {
            self.present.insert((record.heard, sender.clone()));
        }
        if record.has_returned() {
            self.returned.insert(sender.clone());
        }
        self.records.insert(sender.clone(), record);
    }

    fn of<'s>(&self, senders: impl Iterator<Item = &'s Sender>) -> Vec<(Sender, BeatRecord)> {
        senders.filter_map(|sender| Some((sender.clone(), *self.records.get(sender)?))).collect()
    }
}

impl BeatStore for MemoryBeats {
    type Error = Infallible;

    fn beat(&self, sender: &Sender) -> Result<Option<BeatRecord>, Infallible> {
        Ok(self.heartbeats.get(&sender.heartbeat).and_then(|known| known.records.get(sender)).copied())
    }

    fn set_beat(&mut self, sender: &Sender, record: Option<&BeatRecord>) -> Result<(), Infallible> {
        let known = self.heartbeats.entry(sender.heartbeat.clone()).or_default();
        known.remove(sender);
        if let Some(record) = record {
            known.insert(sender, *record);
        } else if known.records.is_empty() {
            self.heartbeats.remove(&sender.heartbeat);
        }
        Ok(())
    }

    fn heartbeats(&self) -> Result<Vec<String>, Infallible> {
        Ok(self.heartbeats.keys().cloned().collect())
    }

    fn senders(&self, heartbeat: &str) -> Result<Vec<(Sender, BeatRecord)>, Infallible> {
        let known = self.heartbeats.get(heartbeat);
        let all = known.into_iter().flat_map(|known| &known.records);
        Ok(all.map(|(sender, record)| (sender.clone(), *record)).collect())
    }

    fn count(&self, heartbeat: &str) -> Result<usize, Infallible> {
        Ok(self.heartbeats.get(heartbeat).map_or(0, |known| known.records.len()))
    }

    fn silent(
        &self,
        heartbeat: &str,
        until: ListeningTime,
        most: usize,
    ) -> Result<Vec<(Sender, BeatRecord)>, Infallible> {
        let Some(known) = self.heartbeats.get(heartbeat) else { return Ok(Vec::new()) };
        let silent = known.present.iter().take_while(|(heard, _)| *heard <= until).take(most);
        Ok(known.of(silent.map(|(_, sender)| sender)))
    }

    fn returned(&self, heartbeat: &str, most: usize) -> Result<Vec<(Sender, BeatRecord)>, Infallible> {
        let Some(known) = self.heartbeats.get(heartbeat) else { return Ok(Vec::new()) };
        Ok(known.of(known.returned.iter().take(most)))
    }

    fn longest_silent(&self, heartbeat: &str) -> Result<Option<ListeningTime>, Infallible> {
        let known = self.heartbeats.get(heartbeat);
        Ok(known.and_then(|known| known.present.first()).map(|(heard, _)| *heard))
    }
}
