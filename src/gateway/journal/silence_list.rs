//! The silences that did not end, with their conditions, as every push asks them.
//!
//! Conditions are costly to read, and there is another list whenever a silence begins or ends. So conditions are read in groups,
//! which lists share: a silence that is added is a group of its own, and groups of like size become one. Each condition is
//! read again a few times at most (the logarithm of the number of silences), a group by whoever asks it first.

use super::{Silence, SilenceId};
use crate::evaluate::HoldBudget;
use crate::event::Event;
use crate::ruleset::SilenceSet;
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// The silences that did not end, in the order of their ids.
#[derive(Debug, Clone)]
pub struct SilenceList {
    /// Differs from that of every list of this process with other silences; those with other times or extensions share it, as
    /// their conditions are the same.
    pub number: u64,
    /// The silences.
    pub silences: Vec<Arc<Silence>>,
    /// The one that begins or ends first by the clock.
    pub first_due: Option<(Timestamp, SilenceId)>,
    /// The bytes of their conditions.
    pub condition_bytes: usize,
    groups: Vec<Arc<SilenceGroup>>,
}

/// Silences whose conditions are read together.
#[derive(Debug, Default)]
struct SilenceGroup {
    silences: Vec<Arc<Silence>>,
    conditions: OnceLock<SilenceSet>,
}

/// The number of the last list. The first list, without silences, has the number 0.
static LAST_LIST: AtomicU64 = AtomicU64::new(0);

impl SilenceList {
    /// A list with a number of its own.
    #[must_use]
    pub fn new(silences: Vec<Silence>) -> Self {
        let silences: Vec<Arc<Silence>> = silences.into_iter().map(Arc::new).collect();
        let group = SilenceGroup::new(silences.clone());
        Self::of(silences, vec![Arc::new(group)])
    }

    fn of(mut silences: Vec<Arc<Silence>>, groups: Vec<Arc<SilenceGroup>>) -> Self {
        silences.sort_by_key(|silence| silence.id);
        let number = if silences.is_empty() { 0 } else { LAST_LIST.fetch_add(1, Ordering::Relaxed) + 1 };
        let first_due = silences.iter().filter_map(|silence| Some((silence.due()?, silence.id))).min();
        let condition_bytes = silences.iter().map(|silence| silence.condition.len()).sum();
        Self { number, silences, first_due, condition_bytes, groups }
    }

    /// A list with these silences in it, or in the place of those with their ids; without those that ended.
    #[must_use]
    pub fn with(&self, changed: impl IntoIterator<Item = Silence>) -> Self {
        let changed: BTreeMap<SilenceId, Arc<Silence>> =
            changed.into_iter().map(|silence| (silence.id, Arc::new(silence))).collect();
        let is_same = |silence: &&Arc<Silence>| self.has_condition(silence) && silence.ended.is_none();
        let added: Vec<Arc<Silence>> =
            changed.values().filter(|silence| !is_same(silence) && silence.ended.is_none()).cloned().collect();
        let are_same = changed.values().all(|silence| is_same(&silence));
        let kept = self.silences.iter().filter(|silence| !changed.contains_key(&silence.id));
        let silences = kept.chain(changed.values().filter(|silence| silence.ended.is_none())).cloned().collect();
        let mut list = Self::of(silences, self.groups.clone());
        if are_same {
            // What events were asked stays true.
            list.number = self.number;
        } else {
            list.regroup(added);
        }
        list
    }

    /// Adds a group, after those of like size were joined with it, and drops what left the list once it is half of a group.
    fn regroup(&mut self, mut added: Vec<Arc<Silence>>) {
        let mut groups = std::mem::take(&mut self.groups);
        while let Some(last) = groups.last()
            && !added.is_empty()
            && last.silences.len() <= added.len()
        {
            added.extend(last.silences.iter().filter(|silence| self.has_condition(silence)).cloned());
            groups.pop();
        }
        if !added.is_empty() {
            groups.push(Arc::new(SilenceGroup::new(added)));
        }
        for group in &mut groups {
            let kept: Vec<Arc<Silence>> =
                group.silences.iter().filter(|silence| self.has_condition(silence)).cloned().collect();
            if kept.len() * 2 <= group.silences.len() {
                *group = Arc::new(SilenceGroup::new(kept));
            }
        }
        groups.retain(|group| !group.silences.is_empty());
        self.groups = groups;
    }

    /// A silence.
    #[must_use]
    pub fn get(&self, id: SilenceId) -> Option<&Silence> {
        let position = self.silences.binary_search_by_key(&id, |silence| silence.id).ok()?;
        self.silences.get(position).map(|silence| &**silence)
    }

    /// The silences that begin or end by that time, the earliest first; at most so many.
    #[must_use]
    pub fn due(&self, now: Timestamp, most: usize) -> Vec<(Timestamp, SilenceId)> {
        if self.first_due.is_none_or(|(due, _)| due > now) {
            return Vec::new();
        }
        let due = |silence: &Arc<Silence>| Some((silence.due().filter(|due| *due <= now)?, silence.id));
        let mut due: Vec<(Timestamp, SilenceId)> = self.silences.iter().filter_map(due).collect();
        due.sort_unstable();
        due.truncate(most);
        due
    }

    /// The silences whose condition holds of an event, in the order of their ids; none once the budget is spent.
    #[must_use]
    pub fn matching(&self, event: &Event<'_>, budget: &mut HoldBudget) -> Vec<SilenceId> {
        let mut found = Vec::new();
        for group in &self.groups {
            let met = group.conditions().matches(event, budget).into_iter().filter_map(|met| group.silences.get(met));
            found.extend(met.filter(|silence| self.has_condition(silence)).map(|silence| silence.id));
        }
        if budget.is_spent() {
            return Vec::new();
        }
        found.sort_unstable();
        found
    }

    /// Whether the list has that silence, with that condition.
    fn has_condition(&self, silence: &Silence) -> bool {
        self.get(silence.id).is_some_and(|known| known.condition == silence.condition)
    }
}

impl Default for SilenceList {
    fn default() -> Self {
        Self::of(Vec::new(), Vec::new())
    }
}

impl SilenceGroup {
    fn new(silences: Vec<Arc<Silence>>) -> Self {
        Self { silences, conditions: OnceLock::new() }
    }

    fn conditions(&self) -> &SilenceSet {
        self.conditions.get_or_init(|| {
            let set = SilenceSet::read(self.silences.iter().map(|silence| &*silence.condition));
            for silence in set.refused().iter().filter_map(|position| self.silences.get(*position)) {
                // It was read when it was added, so that another version of this program wrote it.
                tracing::error!(silence = %silence.id, "the condition of a silence cannot be read");
            }
            set
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Silence, SilenceList};
    use crate::evaluate::HoldBudget;
    use crate::event::{AlertStatus, Event, Labels, Severity};
    use crate::gateway::journal::{EndedSilence, SilenceEndCause, SilenceId};
    use crate::json::Arena;
    use crate::time::Timestamp;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_epoch_milliseconds(seconds * 1_000)
    }

    fn silence(number: u16, condition: &str) -> Silence {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&number.to_be_bytes());
        Silence {
            id: SilenceId(id),
            condition: condition.to_owned(),
            from: at(100),
            until: at(1_000 + i64::from(number)),
            until_resolved: false,
            channels: Vec::new(),
            because: "deploy 812".to_owned(),
            author: "ops".to_owned(),
            created: at(50),
            extensions: Vec::new(),
            ended: None,
            quiet_since: None,
            has_begun: true,
        }
    }

    fn ended(number: u16, condition: &str) -> Silence {
        let end = EndedSilence { at: at(1_000), cause: SilenceEndCause::Time, by: None };
        Silence { ended: Some(end), ..silence(number, condition) }
    }

    /// The numbers of the silences that hold a Warning with that key.
    fn matching(list: &SilenceList, key: &str) -> Vec<u16> {
        let arena = Arena::new();
        let event = Event {
            severity: Severity::Warning,
            status: AlertStatus::Firing,
            title: "t",
            key,
            description: None,
            labels: Labels::of([], &arena),
            starts_at: None,
            ends_at: None,
            link: None,
            source: "s",
            integration: None,
            notes: &[],
        };
        list.matching(&event, &mut HoldBudget::default())
            .iter()
            .map(|id| u16::from_be_bytes([id.0[0], id.0[1]]))
            .collect()
    }

    /// The conditions that are not read yet.
    fn unread(list: &SilenceList) -> usize {
        let groups = list.groups.iter().filter(|group| group.conditions.get().is_none());
        groups.map(|group| group.silences.len()).sum()
    }

    #[test]
    fn lists_of_other_conditions_have_other_numbers_and_no_silence_that_ended() {
        let condition = "severity < Critical";
        let empty = SilenceList::default();
        assert_eq!(empty.number, 0);
        let one = empty.with([silence(1, condition)]);
        let extended = one.with([Silence { until: at(2_000), ..silence(1, condition) }]);
        assert_eq!((extended.number, extended.silences[0].until), (one.number, at(2_000)));
        let other = one.with([silence(1, "severity == Info")]);
        assert_ne!(one.number, other.number);
        assert_ne!(one.number, empty.with([silence(1, condition)]).number);
        assert_eq!(one.get(silence(1, condition).id), Some(&silence(1, condition)));
        assert!(one.with([ended(1, condition)]).silences.is_empty());
        assert_eq!(one.with([ended(1, condition)]).number, 0);
        assert_eq!((matching(&one, "k"), matching(&extended, "k"), matching(&other, "k")), (vec![1], vec![1], vec![]));
    }

    #[test]
    fn a_condition_is_read_a_few_times_however_often_the_list_changes() {
        let mut list = SilenceList::default();
        let mut read = 0;
        for number in 1..=1_000 {
            list = list.with([silence(number, &format!("key == \"{}\"", number % 10))]);
            read += unread(&list);
            assert_eq!(matching(&list, &(number % 10).to_string()).last(), Some(&number));
        }
        assert!(read <= 11 * 1_000, "{read} conditions were read");
        // One by one they end.
        read = 0;
        for number in 1..=1_000 {
            list = list.with([ended(number, &format!("key == \"{}\"", number % 10))]);
            read += unread(&list);
            let left = matching(&list, "3");
            assert!(left.iter().all(|left| *left > number && left % 10 == 3), "{left:?}");
            assert_eq!(left.len(), (number + 1..=1_000).filter(|left| left % 10 == 3).count());
        }
        assert!(read <= 2_000, "{read} conditions were read");
        assert_eq!((list.number, list.condition_bytes, list.groups.len()), (0, 0, 0));
    }

    #[test]
    fn what_is_due_comes_in_its_order() {
        let list = SilenceList::new(vec![silence(3, "true"), silence(1, "true"), silence(2, "true")]);
        assert_eq!(list.first_due, Some((at(1_001), silence(1, "true").id)));
        assert!(list.due(at(1_000), 10).is_empty());
        let due: Vec<Timestamp> = list.due(at(1_002), 10).into_iter().map(|(due, _)| due).collect();
        assert_eq!(due, [at(1_001), at(1_002)]);
        assert_eq!(list.due(at(2_000), 1).len(), 1);
    }
}
