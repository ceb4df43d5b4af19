//! The records of holds in memory, for tests of rules and for what is played through again.

use super::circle_memory::CircleMemory;
use super::record::{
    FiringAlert, HolderId, LinkClass, LinkRank, SilenceId, SilenceRecord, SourceId, SourceKind, SourceRecord,
};
use super::store::{HoldStore, RecheckPosition, RecheckScope};
use crate::notification::AlertId;
use crate::time::Timestamp;
use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::ops::Bound;

/// The ends of the order of alerts.
const FIRST_ALERT: AlertId = AlertId([0; 16]);
const LAST_ALERT: AlertId = AlertId([u8::MAX; 16]);

/// The ends of the order of classes.
const FIRST_CLASS: LinkClass = LinkClass([0; 16]);
const LAST_CLASS: LinkClass = LinkClass([u8::MAX; 16]);

/// The records of holds in memory, with the indexes that a database would have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryHolds {
    firing: BTreeMap<AlertId, FiringAlert>,
    candidates: BTreeSet<(HolderId, AlertId)>,
    sources: BTreeMap<(SourceId, AlertId), SourceRecord>,
    /// Those that count.
    counting: BTreeSet<(SourceId, SourceKind, AlertId)>,
    /// Of those the links, by class, and all of them.
    classes: BTreeMap<(SourceId, LinkClass), BTreeSet<LinkRank>>,
    links: BTreeMap<SourceId, BTreeSet<LinkRank>>,
    circles: RefCell<CircleMemory>,
    source_dues: BTreeSet<(Timestamp, SourceId, AlertId)>,
    silences: BTreeMap<SilenceId, SilenceRecord>,
    silence_dues: BTreeSet<(Timestamp, SilenceId)>,
    /// The alerts up to this id were looked at.
    rechecks: BTreeMap<RecheckScope, Option<AlertId>>,
}

impl MemoryHolds {
    /// The alerts that fire, by rising id.
    pub fn firing_alerts(&self) -> impl Iterator<Item = (AlertId, &FiringAlert)> {
        self.firing.iter().map(|(id, alert)| (*id, alert))
    }

    /// The alerts in their roles, whether they count or not.
    pub fn sources(&self) -> impl Iterator<Item = (SourceId, AlertId, &SourceRecord)> {
        self.sources.iter().map(|((source, alert), record)| (*source, *alert, record))
    }

    fn add_link(&mut self, source: SourceId, alert: AlertId, record: &SourceRecord) {
        if let Some(class) = record.class {
            let rank = record.rank(alert);
            self.classes.entry((source, class)).or_default().insert(rank.clone());
            self.links.entry(source).or_default().insert(rank);
        }
    }

    fn remove_link(&mut self, source: SourceId, alert: AlertId, record: &SourceRecord) {
        if let Some(class) = record.class {
            let rank = record.rank(alert);
            remove_rank(&mut self.classes, (source, class), &rank);
            remove_rank(&mut self.links, source, &rank);
        }
    }

    /// The silences, those that are over too.
    pub fn silences(&self) -> impl Iterator<Item = (SilenceId, &SilenceRecord)> {
        self.silences.iter().map(|(id, silence)| (*id, silence))
    }
}

impl HoldStore for MemoryHolds {
    type Error = Infallible;

    fn firing(&self, id: AlertId) -> Result<Option<FiringAlert>, Infallible> {
        Ok(self.firing.get(&id).cloned())
    }

    fn set_firing(&mut self, id: AlertId, alert: Option<&FiringAlert>) -> Result<(), Infallible> {
        self.circles.take();
        if let Some(before) = self.firing.remove(&id) {
            for holder in before.facts.candidates.iter().filter_map(super::HoldCandidate::holder) {
                self.candidates.remove(&(holder, id));
            }
        }
        if let Some(alert) = alert {
            let holders = alert.facts.candidates.iter().filter_map(super::HoldCandidate::holder);
            self.candidates.extend(holders.map(|holder| (holder, id)));
            self.firing.insert(id, alert.clone());
        }
        Ok(())
    }

    fn open_alerts(&self, after: Option<AlertId>, most: usize) -> Result<Vec<AlertId>, Infallible> {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        Ok(self.firing.range((after, Bound::Unbounded)).take(most).map(|(id, _)| *id).collect())
    }

    fn candidates(&self, holder: HolderId, after: Option<AlertId>, most: usize) -> Result<Vec<AlertId>, Infallible> {
        let first = match after {
            Some(after) => Bound::Excluded((holder, after)),
            None => Bound::Included((holder, FIRST_ALERT)),
        };
        let found = self.candidates.range((first, Bound::Included((holder, LAST_ALERT))));
        Ok(found.take(most).map(|(_, alert)| *alert).collect())
    }

    fn source(&self, source: SourceId, alert: AlertId) -> Result<Option<SourceRecord>, Infallible> {
        Ok(self.sources.get(&(source, alert)).cloned())
    }

    fn set_source(
        &mut self,
        source: SourceId,
        alert: AlertId,
        record: Option<&SourceRecord>,
    ) -> Result<(), Infallible> {
        self.circles.take();
        if let Some(before) = self.sources.remove(&(source, alert)) {
            self.counting.remove(&(source, before.kind(), alert));
            self.remove_link(source, alert, &before);
            if let Some(due) = before.due() {
                self.source_dues.remove(&(due, source, alert));
            }
        }
        if let Some(record) = record {
            if record.counts() {
                self.counting.insert((source, record.kind(), alert));
            }
            self.add_link(source, alert, record);
            self.source_dues.extend(record.due().map(|due| (due, source, alert)));
            self.sources.insert((source, alert), record.clone());
        }
        Ok(())
    }

    fn counting(
        &self,
        source: SourceId,
        kind: SourceKind,
        most: usize,
    ) -> Result<Vec<(AlertId, SourceRecord)>, Infallible> {
        let all = (source, kind, FIRST_ALERT)..=(source, kind, LAST_ALERT);
        let found = self.counting.range(all).take(most);
        Ok(found.filter_map(|(_, _, id)| Some((*id, self.sources.get(&(source, *id))?.clone()))).collect())
    }

    fn link_classes(&self, source: SourceId, most: usize) -> Result<Vec<(LinkClass, LinkRank)>, Infallible> {
        let found = self.classes.range((source, FIRST_CLASS)..=(source, LAST_CLASS)).take(most);
        Ok(found.filter_map(|((_, class), links)| Some((*class, links.first()?.clone()))).collect())
    }

    fn first_link(&self, source: SourceId, class: Option<LinkClass>) -> Result<Option<LinkRank>, Infallible> {
        let links = match class {
            Some(class) => self.classes.get(&(source, class)),
            None => self.links.get(&source),
        };
        Ok(links.and_then(|links| links.first().cloned()))
    }

    fn circles(&self) -> &RefCell<CircleMemory> {
        &self.circles
    }

    fn first_source_due(&self) -> Result<Option<(Timestamp, SourceId, AlertId)>, Infallible> {
        Ok(self.source_dues.first().copied())
    }

    fn sources_due(&self, now: Timestamp, most: usize) -> Result<Vec<(Timestamp, SourceId, AlertId)>, Infallible> {
        Ok(self.source_dues.iter().take_while(|(due, ..)| *due <= now).take(most).copied().collect())
    }

    fn silence(&self, id: SilenceId) -> Result<Option<SilenceRecord>, Infallible> {
        Ok(self.silences.get(&id).cloned())
    }

    fn set_silences(&mut self, silences: &[(SilenceId, SilenceRecord)]) -> Result<(), Infallible> {
        for (id, silence) in silences {
            if let Some(due) = self.silences.get(id).and_then(SilenceRecord::due) {
                self.silence_dues.remove(&(due, *id));
            }
            self.silence_dues.extend(silence.due().map(|due| (due, *id)));
            self.silences.insert(*id, silence.clone());
        }
        Ok(())
    }

    fn first_silence_due(&self) -> Result<Option<(Timestamp, SilenceId)>, Infallible> {
        Ok(self.silence_dues.first().copied())
    }

    fn silences_due(&self, now: Timestamp, most: usize) -> Result<Vec<(Timestamp, SilenceId)>, Infallible> {
        Ok(self.silence_dues.iter().take_while(|(due, _)| *due <= now).take(most).copied().collect())
    }

    fn recheck(&self, scope: RecheckScope) -> Result<RecheckPosition, Infallible> {
        Ok(self.rechecks.get(&scope).map_or(RecheckPosition::Done, |after| position(*after)))
    }

    fn set_recheck(&mut self, scope: RecheckScope, position: RecheckPosition) -> Result<(), Infallible> {
        match position {
            RecheckPosition::Start => drop(self.rechecks.insert(scope, None)),
            RecheckPosition::After(alert) => drop(self.rechecks.insert(scope, Some(alert))),
            RecheckPosition::Done => drop(self.rechecks.remove(&scope)),
        }
        Ok(())
    }

    fn next_recheck(&self) -> Result<Option<(RecheckScope, RecheckPosition)>, Infallible> {
        let mut rechecks = self.rechecks.iter().filter(|(scope, _)| **scope != RecheckScope::Everything);
        Ok(rechecks.next().map(|(scope, after)| (*scope, position(*after))))
    }
}

fn remove_rank<K: Ord>(ranks: &mut BTreeMap<K, BTreeSet<LinkRank>>, key: K, rank: &LinkRank) {
    if let Entry::Occupied(mut kept) = ranks.entry(key) {
        kept.get_mut().remove(rank);
        if kept.get().is_empty() {
            kept.remove();
        }
    }
}

fn position(after: Option<AlertId>) -> RecheckPosition {
    after.map_or(RecheckPosition::Start, RecheckPosition::After)
}
