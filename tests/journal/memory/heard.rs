//! Who was heard, in the store in memory.

use super::State;
use super::transaction::MemoryTransaction;
use pointsman::gateway::journal::{EventId, HeardTransaction, SilentAlert, StoreError, StoreResult};
use pointsman::notification::heartbeat::BeatStore;
use pointsman::notification::{AlertId, BeatRecord, ClockRecord, ListeningTime, MemoryBeats, Sender};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What is kept of senders and alerts.
#[derive(Clone, Default)]
pub(super) struct Heard {
    pub(super) beats: MemoryBeats,
    pub(super) absences: BTreeMap<Sender, EventId>,
    pub(super) alerts: BTreeMap<AlertId, HeardRow>,
    pub(super) clock: ClockRecord,
}

#[derive(Clone)]
pub(super) struct HeardRow {
    integration: String,
    pub(super) heard: ListeningTime,
    pub(super) event: EventId,
}

impl State {
    fn outcome(&self, event: EventId) -> Option<String> {
        let outcomes: Vec<&RawValue> = serde_json::from_str(&self.push(event.push)?.outcomes).unwrap();
        outcomes.get(event.index as usize).map(|outcome| outcome.get().to_owned())
    }
}

impl HeardTransaction for MemoryTransaction {
    fn beats(&mut self) -> Box<dyn BeatStore<Error = StoreError> + '_> {
        Box::new(Beats(&mut self.state.heard))
    }

    fn note_absence(&mut self, sender: &Sender, event: EventId) -> StoreResult<()> {
        self.state.heard.absences.insert(sender.clone(), event);
        Ok(())
    }

    fn absence_outcome(&mut self, sender: &Sender) -> StoreResult<Option<String>> {
        Ok(self.state.heard.absences.get(sender).and_then(|event| self.state.outcome(*event)))
    }

    fn heard_alert(&self, alert: AlertId) -> StoreResult<Option<ListeningTime>> {
        Ok(self.state.heard.alerts.get(&alert).map(|row| row.heard))
    }

    fn hear_alert(
        &mut self,
        integration: &str,
        alert: AlertId,
        heard: ListeningTime,
        event: Option<EventId>,
    ) -> StoreResult<()> {
        let known = self.state.heard.alerts.get(&alert).map(|row| row.event);
        if let Some(event) = event.or(known) {
            let integration = integration.to_owned();
            self.state.heard.alerts.insert(alert, HeardRow { integration, heard, event });
        }
        Ok(())
    }

    fn forget_heard_alert(&mut self, alert: AlertId) -> StoreResult<()> {
        self.state.heard.alerts.remove(&alert);
        Ok(())
    }

    fn silent_alerts(&mut self, integration: &str, until: ListeningTime, most: usize) -> StoreResult<Vec<SilentAlert>> {
        let rows =
            self.state.heard.alerts.iter().filter(|(_, row)| row.integration == integration && row.heard <= until);
        let mut silent: Vec<SilentAlert> = rows
            .filter_map(|(alert, row)| {
                let outcome = self.state.outcome(row.event)?;
                Some(SilentAlert { alert: *alert, heard: row.heard, outcome })
            })
            .collect();
        silent.sort_by_key(|row| (row.heard, row.alert));
        silent.truncate(most);
        Ok(silent)
    }

    fn longest_silent_alert(&mut self, integration: &str) -> StoreResult<Option<ListeningTime>> {
        let rows = self.state.heard.alerts.values().filter(|row| row.integration == integration);
        Ok(rows.map(|row| row.heard).min())
    }

    fn note_clock(&mut self, clock: ClockRecord) -> StoreResult<()> {
        self.state.heard.clock = clock;
        Ok(())
    }
}

/// The senders, whose store does not fail here.
struct Beats<'s>(&'s mut Heard);

#[expect(clippy::unnecessary_wraps, reason = "the methods of the store have this type")]
fn sure<T>(result: Result<T, std::convert::Infallible>) -> StoreResult<T> {
    let Ok(value) = result;
    Ok(value)
}

impl BeatStore for Beats<'_> {
    type Error = StoreError;

    fn beat(&self, sender: &Sender) -> StoreResult<Option<BeatRecord>> {
        sure(self.0.beats.beat(sender))
    }

    fn set_beat(&mut self, sender: &Sender, record: Option<&BeatRecord>) -> StoreResult<()> {
        if record.is_none_or(|record| record.absence.is_none()) {
            self.0.absences.remove(sender);
        }
        sure(self.0.beats.set_beat(sender, record))
    }

    fn heartbeats(&self) -> StoreResult<Vec<String>> {
        sure(self.0.beats.heartbeats())
    }

    fn senders(&self, heartbeat: &str) -> StoreResult<Vec<(Sender, BeatRecord)>> {
        sure(self.0.beats.senders(heartbeat))
    }

    fn count(&self, heartbeat: &str) -> StoreResult<usize> {
        sure(self.0.beats.count(heartbeat))
    }

    fn silent(&self, heartbeat: &str, until: ListeningTime, most: usize) -> StoreResult<Vec<(Sender, BeatRecord)>> {
        sure(self.0.beats.silent(heartbeat, until, most))
    }

    fn returned(&self, heartbeat: &str, most: usize) -> StoreResult<Vec<(Sender, BeatRecord)>> {
        sure(self.0.beats.returned(heartbeat, most))
    }

    fn longest_silent(&self, heartbeat: &str) -> StoreResult<Option<ListeningTime>> {
        sure(self.0.beats.longest_silent(heartbeat))
    }
}
