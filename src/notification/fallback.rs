//! The fallback of a channel: who is told instead where a message is given up, or where news is due and undelivered for too long.
//!
//! The channel says which alerts are passed on, and goes on as if nothing had happened: it tells them itself once it can. In the
//! fallback they are open as if routed there, until they are over. So each of the two hears the end of what it was told.

use super::arrive::{Arrival, ArrivalResult};
use super::due::{fallback_due, kept_due, message_due};
use super::message::MessageNews;
use super::notifier::ChannelNotifier;
use super::record::{
    AlertEntry, AlertId, AlertRecord, FallbackState, GroupId, GroupRecord, HoldState, MessageId, NewsKind, PassState,
    RoutingState,
};
use super::store::ChannelStore;
use crate::event::Severity;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How many groups are passed on at a time.
const MOST_GROUPS: usize = 1_000;

/// An alert of which the fallback is told instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PassedAlert {
    /// Which.
    pub alert: AlertId,
    /// Its severity.
    pub firing: Severity,
    /// The severity at which the fallback was told of it before.
    pub before: Option<Severity>,
    /// Why.
    pub cause: PassCause,
}

/// Why the fallback is told instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PassCause {
    /// A message was given up.
    GivenUp,
    /// The news was due and undelivered for too long.
    Overdue,
}

impl<S: ChannelStore + ?Sized> ChannelNotifier<'_, S> {
    /// The alerts of which the fallback has to be told now, by rising id; those of many groups at a time. Each is given once, and
    /// again where it becomes worse. Whoever calls this after [`Self::advance`] lets the fallback [`Self::take_over`] them, and
    /// then does both again until there are none.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn pass_on(&mut self, now: Timestamp) -> Result<Vec<PassedAlert>, S::Error> {
        let Some(after) = self.policy.fallback_after else { return Ok(Vec::new()) };
        let mut messages = UndeliveredNews::default();
        let mut passed = Vec::new();
        let groups = self.store.fallback_due(now, MOST_GROUPS)?;
        for id in &groups {
            let Some(mut group) = self.store.group(*id)? else { continue };
            let waits_too_long =
                kept_due(self.store, &self.policy, *id, &group)?.is_some_and(|due| due.saturating_add(after) <= now);
            let mut found: BTreeMap<AlertId, (AlertRecord, PassCause)> = BTreeMap::new();
            if waits_too_long || group.counts.given_up > 0 {
                for (alert_id, alert) in self.store.news(*id)? {
                    if alert.is_given_up() {
                        found.insert(alert_id, (alert, PassCause::GivenUp));
                    } else if waits_too_long && is_rising(&alert) && alert.pass_state() == PassState::Kept {
                        found.insert(alert_id, (alert, PassCause::Overdue));
                    }
                }
            }
            if message_due(&group, after).is_some_and(|due| due <= now) {
                group.owed_since = None;
                for alert_id in messages.alerts(self.store, *id, &group)? {
                    let Some(alert) = self.store.alert(alert_id)? else { continue };
                    if alert.message == group.undelivered && is_open(&alert) {
                        found.entry(alert_id).or_insert((alert, PassCause::Overdue));
                    }
                }
            }
            for (alert_id, (before, cause)) in found {
                let Some(firing) = before.firing else { continue };
                let alert = AlertRecord { fallback: FallbackState::PassedOn(firing), ..before };
                self.put(alert_id, Some(&before), &alert, &mut group)?;
                let known = match before.fallback {
                    FallbackState::PassedOn(known) => Some(known),
                    FallbackState::Untold | FallbackState::GivenUp => None,
                };
                passed.push(PassedAlert { alert: alert_id, firing, before: known, cause });
            }
            self.store.set_group(*id, Some(&group))?;
        }
        self.update_dues(&groups.into_iter().collect::<BTreeSet<_>>())?;
        passed.sort_unstable();
        Ok(passed)
    }

    /// Alerts that another channel passes on: they are open here as if routed here, until they are over. Their results, in the
    /// same order.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn take_over(&mut self, now: Timestamp, arrivals: &[Arrival]) -> Result<Vec<ArrivalResult>, S::Error> {
        self.arrive_by(now, arrivals, AlertEntry::Fallback)
    }

    /// Since when news of alerts that fire makes a group due of which the fallback was not told.
    pub(super) fn kept_due(&self, id: GroupId, group: &GroupRecord) -> Result<Option<Timestamp>, S::Error> {
        kept_due(self.store, &self.policy, id, group)
    }

    /// When the fallback has to be told of a group.
    pub(super) fn fallback_due(&self, id: GroupId, group: &GroupRecord) -> Result<Option<Timestamp>, S::Error> {
        fallback_due(self.store, &self.policy, id, group)
    }
}

/// The news of undelivered messages by group, each message read once: one of a storm tells of many groups.
#[derive(Default)]
struct UndeliveredNews {
    read: BTreeSet<MessageId>,
    alerts: BTreeMap<GroupId, Vec<AlertId>>,
}

impl UndeliveredNews {
    /// The alerts that the undelivered message of a group tells as new or worse.
    fn alerts<S: ChannelStore + ?Sized>(
        &mut self,
        store: &S,
        id: GroupId,
        group: &GroupRecord,
    ) -> Result<Vec<AlertId>, S::Error> {
        if let Some(message) = group.undelivered.filter(|message| self.read.insert(*message)) {
            for MessageNews { alert, group, kind, .. } in store.message(message)?.into_iter().flat_map(|it| it.news) {
                if matches!(kind, NewsKind::New | NewsKind::Worse) {
                    self.alerts.entry(group).or_default().push(alert);
                }
            }
        }
        Ok(self.alerts.remove(&id).unwrap_or_default())
    }
}

/// Whether its news is that it fires, or fires worse.
fn is_rising(alert: &AlertRecord) -> bool {
    matches!(alert.tellable(), Some(NewsKind::New | NewsKind::Worse))
}

/// Whether it fires, nothing keeps it back, and the fallback does not know.
fn is_open(alert: &AlertRecord) -> bool {
    alert.firing.is_some()
        && alert.hold == HoldState::Free
        && alert.routing == RoutingState::Here
        && !alert.is_dropped()
        && alert.pass_state() == PassState::Kept
}
