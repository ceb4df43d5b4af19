//! Groups after rules changed: news that was not told goes by the new values of `group_by`. What was told stays in its group, and
//! ends there.

use super::notifier::ChannelNotifier;
use super::record::{AlertId, AlertRecord, GroupId, GroupRecord};
use super::store::ChannelStore;
use crate::time::Timestamp;
use std::collections::BTreeSet;

impl<S: ChannelStore + ?Sized> ChannelNotifier<'_, S> {
    /// Moves an alert that fires to a group, unless the channel was told of it, or an undelivered message tells of it; whether it
    /// was moved. Its news counts from when it began.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn regroup(&mut self, now: Timestamp, id: AlertId, group: GroupId) -> Result<bool, S::Error> {
        let known = self.store.alert(id)?.filter(|alert| alert.group != group && alert.firing.is_some());
        let Some(alert) = known.filter(is_untold) else { return Ok(false) };
        let record = self.group_from(group, now)?;
        self.move_alert(id, &alert, group, record)?;
        self.update_dues(&BTreeSet::from([alert.group, group]))?;
        Ok(true)
    }

    /// An alert that was over before it was told fires again: it goes to the group by its values of now.
    pub(super) fn enter_group(
        &mut self,
        now: Timestamp,
        id: AlertId,
        known: Option<AlertRecord>,
        group: GroupId,
        groups: &mut BTreeSet<GroupId>,
    ) -> Result<Option<AlertRecord>, S::Error> {
        let lapsed = known.filter(|alert| alert.group != group && alert.firing.is_none()).filter(is_untold);
        match lapsed {
            Some(alert) => {
                // Its old group had it before the push, and does not begin again within it.
                groups.insert(alert.group);
                let record = self.group_in_push(group, now, groups)?;
                self.move_alert(id, &alert, group, record).map(Some)
            }
            None => Ok(known),
        }
    }

    fn move_alert(
        &mut self,
        id: AlertId,
        alert: &AlertRecord,
        to: GroupId,
        mut group: GroupRecord,
    ) -> Result<AlertRecord, S::Error> {
        if let Some(mut left) = self.store.group(alert.group)? {
            left.counts.remove(alert);
            self.store.set_group(alert.group, Some(&left))?;
        }
        let moved = AlertRecord { group: to, ..*alert };
        group.since = alert.news.map_or(group.since, |news| group.since.min(news.since));
        group.counts.add(&moved);
        self.store.set_alert(id, Some(&moved))?;
        self.store.set_group(to, Some(&group))?;
        Ok(moved)
    }
}

/// Whether the channel does not know that it fired, and is not about to.
fn is_untold(alert: &AlertRecord) -> bool {
    alert.told.is_none() && alert.message.is_none()
}
