//! A channel's records in memory, for tests of rules and for what is played through again.

use super::message::MessageRecord;
use super::record::{AlertId, AlertRecord, ChannelRecord, DueClass, GroupId, GroupRecord, MessageId, PassState};
use super::store::ChannelStore;
use crate::event::Severity;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::ops::RangeInclusive;

/// The ends of the order of groups, and of time.
const FIRST_GROUP: GroupId = GroupId([0; 16]);
const LAST_GROUP: GroupId = GroupId([u8::MAX; 16]);
const FIRST: Timestamp = Timestamp::MIN;
const LAST: Timestamp = Timestamp::MAX;

/// How urgent a group is, the most urgent first.
const URGENCIES: [Option<Severity>; 4] =
    [Some(Severity::Critical), Some(Severity::Warning), Some(Severity::Info), None];

/// The records of one channel in memory, with the indexes that a database would have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryStore {
    channel: ChannelRecord,
    alerts: BTreeMap<AlertId, AlertRecord>,
    members: BTreeSet<(GroupId, AlertId)>,
    groups: BTreeMap<GroupId, GroupRecord>,
    messages: BTreeMap<MessageId, MessageRecord>,
    news: BTreeSet<(GroupId, AlertId)>,
    classes: BTreeSet<(GroupId, DueClass, PassState, Timestamp, AlertId)>,
    lapsed: BTreeSet<(Timestamp, AlertId)>,
    /// The groups that are due, by how urgent they are and when.
    due: BTreeSet<(Option<Severity>, Timestamp, GroupId)>,
    /// The groups of which the fallback has to be told.
    fallback_due: BTreeSet<(Timestamp, GroupId)>,
    idle: BTreeSet<(Timestamp, GroupId)>,
}

impl MemoryStore {
    /// The alerts that the channel knows, by rising id.
    pub fn alerts(&self) -> impl Iterator<Item = (AlertId, &AlertRecord)> {
        self.alerts.iter().map(|(id, alert)| (*id, alert))
    }

    /// The alerts of a group that the channel knows, by rising id.
    pub fn members(&self, group: GroupId) -> impl Iterator<Item = (AlertId, &AlertRecord)> {
        let ids = self.members.range((group, AlertId([0; 16]))..=(group, AlertId([u8::MAX; 16])));
        ids.filter_map(|(_, id)| Some((*id, self.alerts.get(id)?)))
    }

    /// The undelivered messages, the oldest first.
    pub fn messages(&self) -> impl Iterator<Item = &MessageRecord> {
        self.messages.values()
    }
}

impl MemoryStore {
    /// The groups of an urgency that are due within a time, the first first.
    fn due_between(
        &self,
        urgency: Option<Severity>,
        time: RangeInclusive<Timestamp>,
    ) -> impl Iterator<Item = (Timestamp, GroupId)> {
        let (first, last) = ((urgency, *time.start(), FIRST_GROUP), (urgency, *time.end(), LAST_GROUP));
        self.due.range(first..=last).map(|(_, due, id)| (*due, *id))
    }
}

impl ChannelStore for MemoryStore {
    type Error = Infallible;

    fn channel(&self) -> Result<ChannelRecord, Infallible> {
        Ok(self.channel.clone())
    }

    fn set_channel(&mut self, channel: &ChannelRecord) -> Result<(), Infallible> {
        self.channel.clone_from(channel);
        Ok(())
    }

    fn alert(&self, id: AlertId) -> Result<Option<AlertRecord>, Infallible> {
        Ok(self.alerts.get(&id).copied())
    }

    fn set_alert(&mut self, id: AlertId, alert: Option<&AlertRecord>) -> Result<(), Infallible> {
        if let Some(before) = self.alerts.remove(&id) {
            self.members.remove(&(before.group, id));
            self.news.remove(&(before.group, id));
            for (class, since) in before.dues().iter() {
                self.classes.remove(&(before.group, class, before.pass_state(), since, id));
            }
            if let Some(lapsed) = before.lapsed {
                self.lapsed.remove(&(lapsed.until, id));
            }
        }
        if let Some(alert) = alert {
            self.members.insert((alert.group, id));
            if alert.tellable().is_some() {
                self.news.insert((alert.group, id));
            }
            let pass = alert.pass_state();
            self.classes.extend(alert.dues().iter().map(|(class, since)| (alert.group, class, pass, since, id)));
            self.lapsed.extend(alert.lapsed.map(|lapsed| (lapsed.until, id)));
            self.alerts.insert(id, *alert);
        }
        Ok(())
    }

    fn group(&self, id: GroupId) -> Result<Option<GroupRecord>, Infallible> {
        Ok(self.groups.get(&id).copied())
    }

    fn set_group(&mut self, id: GroupId, group: Option<&GroupRecord>) -> Result<(), Infallible> {
        if let Some(before) = self.groups.remove(&id) {
            if let Some(due) = before.due {
                self.due.remove(&(before.counts.worst_news(), due, id));
            }
            if let Some(due) = before.fallback_due {
                self.fallback_due.remove(&(due, id));
            }
            self.idle.remove(&(before.last_change, id));
        }
        if let Some(group) = group {
            if let Some(due) = group.due {
                self.due.insert((group.counts.worst_news(), due, id));
            }
            self.fallback_due.extend(group.fallback_due.map(|due| (due, id)));
            if group.counts.known == 0 {
                self.idle.insert((group.last_change, id));
            }
            self.groups.insert(id, *group);
        }
        Ok(())
    }

    fn news(&self, group: GroupId) -> Result<Vec<(AlertId, AlertRecord)>, Infallible> {
        let ids = self.news.range((group, AlertId([0; 16]))..=(group, AlertId([u8::MAX; 16])));
        Ok(ids.filter_map(|(_, id)| Some((*id, *self.alerts.get(id)?))).collect())
    }

    fn tell_news(&mut self, _: GroupId, news: &[(AlertId, AlertRecord)], message: MessageId) -> Result<(), Infallible> {
        for (id, alert) in news {
            self.set_alert(*id, Some(&alert.told_by(message)))?;
        }
        Ok(())
    }

    fn earliest(&self, group: GroupId, class: DueClass, pass: PassState) -> Result<Option<Timestamp>, Infallible> {
        let found = self.classes.range((group, class, pass, FIRST, AlertId([0; 16]))..).next();
        Ok(found.filter(|one| (one.0, one.1, one.2) == (group, class, pass)).map(|one| one.3))
    }

    fn due(&self, until: Timestamp, most: usize) -> Result<Vec<GroupId>, Infallible> {
        let due = URGENCIES.into_iter().flat_map(|urgency| self.due_between(urgency, FIRST..=until));
        let mut groups: Vec<GroupId> = due.map(|(_, id)| id).take(most).collect();
        groups.sort_unstable();
        Ok(groups)
    }

    fn most_urgent(&self, until: Timestamp) -> Result<Option<GroupId>, Infallible> {
        let first = URGENCIES.into_iter().find_map(|urgency| self.due_between(urgency, FIRST..=until).next());
        Ok(first.map(|(_, id)| id))
    }

    fn first_due_after(&self, after: Timestamp) -> Result<Option<Timestamp>, Infallible> {
        let later = |urgency| self.due_between(urgency, after..=LAST).find(|(due, _)| *due > after);
        Ok(URGENCIES.into_iter().filter_map(later).map(|(due, _)| due).min())
    }

    fn fallback_due(&self, until: Timestamp, most: usize) -> Result<Vec<GroupId>, Infallible> {
        Ok(self.fallback_due.range(..=(until, LAST_GROUP)).take(most).map(|(_, id)| *id).collect())
    }

    fn first_fallback_after(&self, after: Timestamp) -> Result<Option<Timestamp>, Infallible> {
        let mut later = self.fallback_due.range((after, LAST_GROUP)..).filter(|(due, _)| *due > after);
        Ok(later.next().map(|(due, _)| *due))
    }

    fn lapsed_before(&self, before: Timestamp, most: usize) -> Result<Vec<AlertId>, Infallible> {
        Ok(self.lapsed.range(..(before, AlertId([0; 16]))).take(most).map(|(_, id)| *id).collect())
    }

    fn idle_since(&self, since: Timestamp, most: usize) -> Result<Vec<GroupId>, Infallible> {
        Ok(self.idle.range(..=(since, LAST_GROUP)).take(most).map(|(_, id)| *id).collect())
    }

    fn groups(&self) -> Result<Vec<GroupId>, Infallible> {
        Ok(self.groups.keys().copied().collect())
    }

    fn message(&self, id: MessageId) -> Result<Option<MessageRecord>, Infallible> {
        Ok(self.messages.get(&id).cloned())
    }

    fn add_message(&mut self, message: &MessageRecord) -> Result<(), Infallible> {
        self.messages.insert(message.id, message.clone());
        Ok(())
    }

    fn remove_message(&mut self, id: MessageId) -> Result<(), Infallible> {
        for news in self.messages.remove(&id).into_iter().flat_map(|message| message.news) {
            if let Some(alert) = self.alerts.get_mut(&news.alert).filter(|alert| alert.message == Some(id)) {
                alert.message = None;
            }
        }
        Ok(())
    }

    fn forget_over(&mut self, message: &MessageRecord) -> Result<BTreeMap<GroupId, u32>, Infallible> {
        let mut forgotten = BTreeMap::new();
        for news in &message.news {
            if let Some(alert) = self.alert(news.alert)?.filter(AlertRecord::is_forgotten) {
                *forgotten.entry(alert.group).or_default() += 1;
                self.set_alert(news.alert, None)?;
            }
        }
        Ok(forgotten)
    }
}
