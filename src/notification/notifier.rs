//! The state machine of one channel, and what its parts share.

use super::due::{GroupDue, fallback_due, group_due, timing};
use super::record::{AlertId, AlertRecord, GroupId, GroupRecord, HoldState, MessageId, RoutingState};
use super::store::ChannelStore;
use super::timing::TimingReason;
use crate::channel::NotificationPolicy;
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// The state machine of one channel. It keeps nothing itself: all records are in the store.
#[derive(Debug)]
pub struct ChannelNotifier<'s, S: ?Sized> {
    pub(super) store: &'s mut S,
    pub(super) policy: NotificationPolicy,
    has_earlier_due: bool,
}

/// What a channel knows of an alert, and what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertState {
    /// It knows nothing of it: it never fired here, or its end is told.
    Unknown,
    /// It was told, and nothing changed since.
    Told {
        /// The message that told of it last.
        message: MessageId,
        /// When the group is told again if it fires still, unless something changes before.
        repeat: Option<Timestamp>,
    },
    /// News of it waits.
    Waits {
        /// When its group is told, as far as that is known: when it is due, or later in a storm.
        until: Timestamp,
        /// Why.
        timing: Option<TimingReason>,
    },
    /// News of it goes along with the next message of its group, or waits until that is delivered.
    GoesAlong,
    /// A mute or silence holds it.
    Held,
    /// An operator dropped it, and it is no worse since.
    Dropped,
    /// Its last firing was routed elsewhere; the channel still hears its end.
    Elsewhere,
    /// It was over before it was told.
    OverUntold,
}

impl<'s, S: ChannelStore + ?Sized> ChannelNotifier<'s, S> {
    /// The machine of a channel with that policy.
    pub fn new(store: &'s mut S, policy: NotificationPolicy) -> Self {
        Self { store, policy, has_earlier_due: false }
    }

    /// Whether it made a group due earlier than before, or brought news to one that is due now, so that whoever waits for
    /// [`Self::next_moment`] has to ask again.
    #[must_use]
    pub fn has_earlier_due(&self) -> bool {
        self.has_earlier_due
    }

    /// What the channel knows of an alert. When it is told depends on the policy, nothing else does.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn state(&self, id: AlertId) -> Result<AlertState, S::Error> {
        let Some(alert) = self.store.alert(id)? else { return Ok(AlertState::Unknown) };
        if alert.routing == RoutingState::Elsewhere && alert.firing.is_some() {
            return Ok(AlertState::Elsewhere);
        }
        if alert.is_dropped() {
            return Ok(AlertState::Dropped);
        }
        if alert.tellable().is_some() {
            let group = self.store.group(alert.group)?;
            let Some((due, timing)) = group.and_then(|group| Some((group.due?, group.timing))) else {
                return Ok(AlertState::GoesAlong);
            };
            let (until, delay) = self.telling_time(due)?;
            return Ok(AlertState::Waits { until, timing: delay.or(timing) });
        }
        if alert.hold == HoldState::Held && alert.firing.is_some() {
            return Ok(AlertState::Held);
        }
        Ok(match alert.told_in {
            Some(message) if alert.told.is_some() => {
                let group = self.store.group(alert.group)?;
                let is_repetition = |group: &GroupRecord| matches!(group.timing, Some(TimingReason::Repetition { .. }));
                let repeat = group.filter(is_repetition).and_then(|group| group.due);
                AlertState::Told { message, repeat }
            }
            Some(_) | None if alert.lapsed.is_some() => AlertState::OverUntold,
            Some(_) | None => AlertState::Unknown,
        })
    }

    /// Rules were loaded: every group is due by the policy of now.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn apply_policy(&mut self) -> Result<(), S::Error> {
        let groups: BTreeSet<GroupId> = self.store.groups()?.into_iter().collect();
        self.update_dues(&groups)
    }

    /// Stops the channel: nothing is made, and what was told stands. [`Self::resume`] goes on.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn pause(&mut self) -> Result<(), S::Error> {
        self.set_paused(true)
    }

    /// Goes on: what is due by now is told at the next [`Self::advance`].
    ///
    /// # Errors
    /// Where the store failed.
    pub fn resume(&mut self) -> Result<(), S::Error> {
        self.set_paused(false)
    }

    fn set_paused(&mut self, is_paused: bool) -> Result<(), S::Error> {
        let mut channel = self.store.channel()?;
        channel.is_paused = is_paused;
        self.store.set_channel(&channel)
    }

    /// Replaces an alert of a group, and counts it.
    pub(super) fn put(
        &mut self,
        id: AlertId,
        before: Option<&AlertRecord>,
        alert: &AlertRecord,
        group: &mut GroupRecord,
    ) -> Result<(), S::Error> {
        if let Some(before) = before {
            group.counts.remove(before);
        }
        if alert.is_forgotten() {
            return if before.is_some() { self.store.set_alert(id, None) } else { Ok(()) };
        }
        group.counts.add(alert);
        self.store.set_alert(id, Some(alert))
    }

    /// Something in the group changed.
    pub(super) fn note_change(&self, group: &mut GroupRecord, now: Timestamp) {
        if self.is_quiet(group, now) {
            group.messages = 0;
        }
        group.last_change = now;
        group.changes = group.changes.saturating_add(1);
    }

    /// Whether nothing changed in the group for its longest wait.
    fn is_quiet(&self, group: &GroupRecord, now: Timestamp) -> bool {
        now >= group.last_change.saturating_add(self.policy.wait.high)
    }

    /// Computes when groups are due.
    pub(super) fn update_dues(&mut self, groups: &BTreeSet<GroupId>) -> Result<(), S::Error> {
        for id in groups {
            let Some(mut group) = self.store.group(*id)? else { continue };
            let due = group_due(self.store, &self.policy, *id, &group)?;
            let why = due.map(|due| timing(&self.policy, &group, due));
            let due = due.map(|due| due.at);
            let fallback_due = fallback_due(self.store, &self.policy, *id, &group)?;
            if (due, why, fallback_due) != (group.due, group.timing, group.fallback_due) {
                self.has_earlier_due |= is_earlier(due, group.due) || is_earlier(fallback_due, group.fallback_due);
                (group.due, group.timing, group.fallback_due) = (due, why, fallback_due);
                self.store.set_group(*id, Some(&group))?;
            }
        }
        Ok(())
    }

    /// Notes whether one of the groups is due now.
    pub(super) fn note_due(&mut self, groups: &BTreeSet<GroupId>, now: Timestamp) -> Result<(), S::Error> {
        for id in groups {
            let due = self.store.group(*id)?.and_then(|group| group.due);
            self.has_earlier_due |= due.is_some_and(|due| due <= now);
        }
        Ok(())
    }

    /// When a group is due, and what calls for it.
    pub(super) fn due_of(&self, id: GroupId, group: &GroupRecord) -> Result<Option<GroupDue>, S::Error> {
        group_due(self.store, &self.policy, id, group)
    }

    /// Forgets news that lapsed before that time, and groups in which nothing changed for their longest wait.
    pub(super) fn forget(&mut self, now: Timestamp) -> Result<(), S::Error> {
        for id in self.store.lapsed_before(now, MOST_FORGOTTEN)? {
            let Some(before) = self.store.alert(id)? else { continue };
            let Some(mut group) = self.store.group(before.group)? else { continue };
            let alert = AlertRecord { lapsed: None, ..before };
            self.put(id, Some(&before), &alert, &mut group)?;
            self.store.set_group(before.group, Some(&group))?;
        }
        let quiet = now.saturating_sub(self.policy.wait.high);
        for id in self.store.idle_since(quiet, MOST_FORGOTTEN)? {
            self.store.set_group(id, None)?;
        }
        Ok(())
    }
}

/// Whether something is due earlier than before.
fn is_earlier(due: Option<Timestamp>, before: Option<Timestamp>) -> bool {
    due.is_some_and(|due| before.is_none_or(|before| due < before))
}

/// How much is forgotten at a time.
const MOST_FORGOTTEN: usize = 256;
