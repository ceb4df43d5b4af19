//! What changes in a channel: events that arrive, alerts that are routed elsewhere, mutes and silences that begin and end.

use super::notifier::ChannelNotifier;
use super::record::{
    AlertEntry, AlertId, AlertRecord, FallbackState, GroupId, GroupRecord, HoldState, LapsedNews, NewsKind, NewsOrigin,
    NewsRecord, RoutingState,
};
use super::store::ChannelStore;
use crate::channel::RecoveryPolicy;
use crate::event::Severity;
use crate::mutant::Mutant;
use crate::time::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

/// An event that arrives at a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Its alert.
    pub alert: AlertId,
    /// The group by its values. An alert that has a group stays in it.
    pub group: GroupId,
    /// Its severity; nothing where it is a recovery.
    pub firing: Option<Severity>,
    /// Whether a mute or silence holds the alert once the push is applied.
    pub hold: HoldState,
}

/// What an arrival was for its channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArrivalResult {
    /// The channel has something to hear, now or later.
    News,
    /// A mute or silence holds it.
    Held,
    /// It agrees with what the channel was told.
    Unchanged,
    /// An operator dropped its alert, and it is no worse, or is over and was not told.
    Dropped,
    /// The end of what was not told.
    OverUntold {
        /// For how long it had been news.
        after: Duration,
        /// How long it would have waited.
        wait: Duration,
        /// What kept it from being told.
        hold: HoldState,
    },
    /// The end of what was not open.
    NothingOpen,
}

impl<S: ChannelStore + ?Sized> ChannelNotifier<'_, S> {
    /// Applies the events of one push, in their order; their results, in the same order.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn arrive(&mut self, now: Timestamp, arrivals: &[Arrival]) -> Result<Vec<ArrivalResult>, S::Error> {
        self.arrive_by(now, arrivals, AlertEntry::Routed)
    }

    /// Applies events that routing gives, or that another channel passes on.
    pub(super) fn arrive_by(
        &mut self,
        now: Timestamp,
        arrivals: &[Arrival],
        entry: AlertEntry,
    ) -> Result<Vec<ArrivalResult>, S::Error> {
        let mut groups = BTreeSet::new();
        let mut results = Vec::with_capacity(arrivals.len());
        for arrival in arrivals {
            results.push(self.arrive_one(now, arrival, entry, &mut groups)?);
        }
        self.update_dues(&groups)?;
        if results.contains(&ArrivalResult::News) {
            self.note_due(&groups, now)?;
        }
        Ok(results)
    }

    fn arrive_one(
        &mut self,
        now: Timestamp,
        arrival: &Arrival,
        entry: AlertEntry,
        groups: &mut BTreeSet<GroupId>,
    ) -> Result<ArrivalResult, S::Error> {
        let before = self.store.alert(arrival.alert)?;
        if arrival.firing.is_none() && before.is_none_or(|alert| alert.firing.is_none()) {
            return Ok(ArrivalResult::NothingOpen);
        }
        let before = match arrival.firing {
            Some(_) => self.enter_group(now, arrival.alert, before, arrival.group, groups)?,
            None => before,
        };
        let is_regrouped = Mutant::RegroupedEnd.is_on() && arrival.firing.is_none();
        let id = before.filter(|_| !is_regrouped).map_or(arrival.group, |alert| alert.group);
        let mut group = self.group_in_push(id, now, groups)?;
        let mut alert = before.unwrap_or_else(|| AlertRecord::new(id));
        (alert.firing, alert.group) = (arrival.firing, id);
        if alert.firing.is_some() {
            (alert.hold, alert.routing) = (arrival.hold, RoutingState::Here);
            if entry == AlertEntry::Fallback {
                alert.entry = entry;
            }
        } else {
            end(&mut alert, self.policy.recoveries);
        }
        let wait = self.wait_of(before.as_ref(), &group);
        self.renew(before.as_ref(), &mut alert, &mut group, now);
        let result = result_of(before.as_ref(), &alert, wait, now);
        if before != Some(alert) {
            self.put(arrival.alert, before.as_ref(), &alert, &mut group)?;
            self.store.set_group(id, Some(&group))?;
        }
        Ok(result)
    }

    /// The last firing of an alert was routed elsewhere, and is held in this channel or is not. What the channel was told stays
    /// told; what it was not is forgotten. An alert that another channel passed on counts as routed here until it is over.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn unroute(&mut self, now: Timestamp, id: AlertId, hold: HoldState) -> Result<(), S::Error> {
        self.change(now, id, |alert| {
            alert.hold = hold;
            if alert.entry == AlertEntry::Fallback {
                return;
            }
            alert.routing = RoutingState::Elsewhere;
            // Where routing gives the channel again, what was dropped is dropped still.
            if alert.told.is_none() && alert.dropped.is_none() {
                (alert.firing, alert.lapsed) = (None, None);
            }
        })
    }

    /// Forgets an alert, whatever the channel was told of it.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn forget_alert(&mut self, id: AlertId) -> Result<(), S::Error> {
        let Some(before) = self.store.alert(id)? else { return Ok(()) };
        let Some(mut group) = self.store.group(before.group)? else { return Ok(()) };
        self.put(id, Some(&before), &AlertRecord::new(before.group), &mut group)?;
        self.store.set_group(before.group, Some(&group))?;
        self.update_dues(&BTreeSet::from([before.group]))
    }

    /// The channel was told of an alert before its records were kept: it fires, and it was told so. An alert that is known
    /// stays as it is.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn assume_told(
        &mut self,
        now: Timestamp,
        id: AlertId,
        group_id: GroupId,
        severity: Severity,
    ) -> Result<(), S::Error> {
        if self.store.alert(id)?.is_some() {
            return Ok(());
        }
        let mut group = self.group_from(group_id, now)?;
        // Repetitions count from here.
        group.last_message.get_or_insert(now);
        let alert = AlertRecord { firing: Some(severity), told: Some(severity), ..AlertRecord::new(group_id) };
        self.put(id, None, &alert, &mut group)?;
        self.store.set_group(group_id, Some(&group))?;
        self.update_dues(&BTreeSet::from([group_id]))
    }

    /// A mute or silence begins to hold an alert, or does not hold it any more.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn set_hold(&mut self, now: Timestamp, id: AlertId, hold: HoldState) -> Result<(), S::Error> {
        self.change(now, id, |alert| alert.hold = hold)
    }

    fn change(&mut self, now: Timestamp, id: AlertId, change: impl FnOnce(&mut AlertRecord)) -> Result<(), S::Error> {
        let Some(before) = self.store.alert(id)? else { return Ok(()) };
        let mut group = self.group_from(before.group, now)?;
        let mut alert = before;
        change(&mut alert);
        if alert == before {
            return Ok(());
        }
        self.renew(Some(&before), &mut alert, &mut group, now);
        self.put(id, Some(&before), &alert, &mut group)?;
        self.store.set_group(before.group, Some(&group))?;
        self.update_dues(&BTreeSet::from([before.group]))
    }

    /// A group as it is, or as it begins. Where all its alerts were over before the push, it begins again, and its waits go
    /// on.
    pub(super) fn group_from(&self, id: GroupId, now: Timestamp) -> Result<GroupRecord, S::Error> {
        let known = self.store.group(id)?;
        Ok(match known {
            None => GroupRecord::new(now),
            Some(group) if group.counts.known == 0 => GroupRecord { since: now, last_end: None, ..group },
            Some(group) => group,
        })
    }

    /// A group as it is or as it begins, for an event of a push: what a push does within itself does not begin a group again.
    pub(super) fn group_in_push(
        &self,
        id: GroupId,
        now: Timestamp,
        groups: &mut BTreeSet<GroupId>,
    ) -> Result<GroupRecord, S::Error> {
        if groups.insert(id) {
            return self.group_from(id, now);
        }
        Ok(self.store.group(id)?.unwrap_or_else(|| GroupRecord::new(now)))
    }

    /// What is news of an alert that changed, since when, and what that means for its group.
    fn renew(&self, before: Option<&AlertRecord>, alert: &mut AlertRecord, group: &mut GroupRecord, now: Timestamp) {
        if alert.firing.is_none() {
            (alert.entry, alert.fallback, alert.dropped) = (AlertEntry::Routed, FallbackState::Untold, None);
        }
        if alert.fallback == FallbackState::GivenUp && alert.tellable().is_none() {
            alert.fallback = FallbackState::Untold;
        }
        let was_firing = before.and_then(|before| before.firing);
        let was_held = before.is_some_and(|before| before.hold == HoldState::Held);
        let is_released = was_held && alert.hold == HoldState::Free && was_firing.is_some() && alert.firing.is_some();
        if was_firing.is_none() && alert.firing.is_some() && alert.message.is_some() {
            // Its undelivered message says what is true again, but the fallback, where it was told, heard that it is over.
            group.owed_since.get_or_insert(now);
        }
        let is_change = was_firing != alert.firing && alert.routing == RoutingState::Here;
        // A change counts that the channel may hear of: not muted after the push, for an end before it, and not dropped.
        let is_kept_back = alert.hold == HoldState::Held
            || alert.is_dropped()
            || (alert.firing.is_none() && before.is_some_and(AlertRecord::is_dropped));
        let is_hidden = alert.told.is_none() && is_kept_back;
        let is_unmuted = is_released && alert.tellable().is_some();
        if (is_change || is_unmuted) && !is_hidden {
            self.note_change(group, now);
        }
        if was_firing.is_some() && alert.firing.is_none() && alert.told.is_some() {
            group.last_end = Some(now);
        }
        let news = before.and_then(|before| before.news);
        let was_rising = before.and_then(AlertRecord::tellable).is_some_and(is_rising);
        let is_rising_now = alert.tellable().is_some_and(is_rising);
        if was_rising && !is_rising_now && alert.hold == HoldState::Free && alert.routing == RoutingState::Here {
            alert.lapsed = news.and_then(|news| self.lapse(news, before, group, now));
        }
        let is_same = before.is_some_and(|before| before.firing == alert.firing);
        alert.news = match alert.tellable() {
            None => None,
            Some(_) if is_unmuted => {
                // It begins here, whatever was news before the hold.
                alert.lapsed = None;
                Some(NewsRecord { origin: NewsOrigin::Unmuting, ..begin(alert, now) })
            }
            Some(kind) if is_rising(kind) => {
                let continued = news.filter(|news| was_rising && (is_same || news.origin != NewsOrigin::Refusal));
                let lapsed = alert.lapsed.take().filter(|lapsed| now <= lapsed.until).map(|lapsed| lapsed.news);
                let news = continued.or(lapsed).unwrap_or_else(|| begin(alert, now));
                Some(NewsRecord { critical_since: news.critical_since.or(begin(alert, now).critical_since), ..news })
            }
            // The end, or a lower severity.
            kind if before.and_then(AlertRecord::tellable) == kind && news.is_some() => news,
            Some(_) => Some(begin(alert, now)),
        };
    }

    /// How long the news of a new alert waits.
    fn wait_of(&self, alert: Option<&AlertRecord>, group: &GroupRecord) -> Duration {
        let is_critical = alert.is_some_and(|alert| alert.firing == Some(Severity::Critical));
        if is_critical && group.counts.told_critical == 0 {
            self.policy.wait_critical
        } else {
            self.policy.wait.after(group.messages)
        }
    }

    /// Rising news that ended before it was told, remembered for its wait.
    fn lapse(
        &self,
        news: NewsRecord,
        before: Option<&AlertRecord>,
        group: &GroupRecord,
        now: Timestamp,
    ) -> Option<LapsedNews> {
        let wait = match before?.difference()? {
            NewsKind::New => self.policy.wait.after(group.messages),
            NewsKind::Worse | NewsKind::Better | NewsKind::Over => self.policy.wait.low,
        };
        let is_remembered = !wait.is_zero() && news.origin != NewsOrigin::Refusal;
        is_remembered.then(|| LapsedNews { news, until: now.saturating_add(wait) })
    }
}

/// An alert ends.
fn end(alert: &mut AlertRecord, recoveries: RecoveryPolicy) {
    if Mutant::UntoldEnd.is_on() {
        alert.told = alert.told.or(Some(Severity::Info));
    }
    if recoveries == RecoveryPolicy::Never {
        alert.told = None;
    }
    if alert.told.is_none() && alert.hold == HoldState::Held {
        alert.lapsed = None;
    }
}

/// News that begins.
pub(super) fn begin(alert: &AlertRecord, now: Timestamp) -> NewsRecord {
    let is_critical = alert.firing == Some(Severity::Critical);
    NewsRecord { since: now, critical_since: is_critical.then_some(now), origin: NewsOrigin::Event }
}

fn is_rising(kind: NewsKind) -> bool {
    match kind {
        NewsKind::New | NewsKind::Worse => true,
        NewsKind::Better | NewsKind::Over => false,
    }
}

fn result_of(before: Option<&AlertRecord>, alert: &AlertRecord, wait: Duration, now: Timestamp) -> ArrivalResult {
    if alert.firing.is_none() && alert.told.is_none() {
        if before.is_some_and(AlertRecord::is_dropped) {
            return ArrivalResult::Dropped;
        }
        let since = before.and_then(|before| before.news).map_or(now, |news| news.since);
        let was_told = before.is_some_and(|before| before.told.is_some());
        return if was_told {
            ArrivalResult::Unchanged
        } else {
            ArrivalResult::OverUntold { after: now.saturating_duration_since(since), wait, hold: alert.hold }
        };
    }
    if alert.is_dropped() {
        ArrivalResult::Dropped
    } else if alert.tellable().is_some() {
        ArrivalResult::News
    } else if alert.hold == HoldState::Held && alert.difference().is_some() {
        ArrivalResult::Held
    } else {
        ArrivalResult::Unchanged
    }
}
