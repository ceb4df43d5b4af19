//! An operator drops what a channel was not told: alerts that fire, whether they wait or a message of them is undelivered.
//!
//! What is dropped counts as told as far as nothing of it is told again, but nobody hears of its end: the channel never knew. An
//! alert that becomes worse than what was dropped is news. Ends of what was told cannot be dropped.

use super::message::{MessageNews, MessageRecord};
use super::notifier::ChannelNotifier;
use super::record::{
    AlertId, AlertRecord, FallbackState, GroupId, GroupRecord, MessageId, NewsKind, NewsOrigin, NewsRecord,
};
use super::store::ChannelStore;
use super::tell::news_since;
use crate::channel::RecoveryPolicy;
use crate::event::{AlertStatus, Severity};
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// How many groups a step looks at.
const MOST_GROUPS: usize = 5_000;

/// Severities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SeveritySet([bool; 3]);

impl SeveritySet {
    /// All of them.
    pub const ALL: Self = Self([true; 3]);

    /// Whether it has a severity.
    #[must_use]
    pub fn contains(self, severity: Severity) -> bool {
        self.0.get(severity as usize).copied().unwrap_or(false)
    }
}

impl FromIterator<Severity> for SeveritySet {
    fn from_iter<I: IntoIterator<Item = Severity>>(severities: I) -> Self {
        let mut set = Self::default();
        for severity in severities {
            if let Some(has) = set.0.get_mut(severity as usize) {
                *has = true;
            }
        }
        set
    }
}

/// What is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropScope {
    /// Alerts that fire at one of these severities.
    pub severities: SeveritySet,
    /// News that began at that time or before, and messages that were made by then.
    pub until: Timestamp,
}

/// An alert that was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DroppedAlert {
    /// Which.
    pub alert: AlertId,
    /// The severity that is not told.
    pub severity: Severity,
}

/// A step of dropping news.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DropStep {
    /// What was dropped, by group and rising id.
    pub dropped: Vec<DroppedAlert>,
    /// The last group that was looked at, where more follow.
    pub next: Option<GroupId>,
}

/// A message that was dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DroppedMessage {
    /// Its alerts that are not told.
    pub dropped: Vec<DroppedAlert>,
    /// Its other alerts: what it told of them is news again.
    pub returned: Vec<AlertId>,
}

impl DropScope {
    /// Whether a message that is undelivered is dropped: it was made by then, and tells that something of these severities
    /// fires.
    #[must_use]
    pub fn takes(&self, message: &MessageRecord) -> bool {
        let is_repetition = message.news.is_empty() && message.status == AlertStatus::Firing;
        let is_meant = message.news.iter().any(|news| self.takes_news(news).is_some())
            || (is_repetition && self.has(message.severity));
        message.at <= self.until && is_meant
    }

    fn has(&self, severity: Severity) -> bool {
        self.severities.contains(severity)
    }

    /// The severity of news in a message, where that is dropped with it.
    fn takes_news(&self, news: &MessageNews) -> Option<Severity> {
        match news.kind {
            NewsKind::New | NewsKind::Worse => news.now.filter(|severity| self.has(*severity)),
            NewsKind::Better | NewsKind::Over => None,
        }
    }

    /// The severity of an alert whose news waits, where it is dropped.
    fn takes_alert(&self, alert: &AlertRecord) -> Option<Severity> {
        match alert.tellable()? {
            NewsKind::New | NewsKind::Worse => {}
            NewsKind::Better | NewsKind::Over => return None,
        }
        let is_old = news_since(alert).is_some_and(|since| since <= self.until);
        alert.firing.filter(|severity| is_old && self.has(*severity))
    }
}

impl<S: ChannelStore + ?Sized> ChannelNotifier<'_, S> {
    /// Drops news of alerts that fire, a step: of groups after that one, until at least so many are dropped.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn drop_news(&mut self, scope: DropScope, after: Option<GroupId>, most: usize) -> Result<DropStep, S::Error> {
        let mut step = DropStep::default();
        let mut changed = BTreeSet::new();
        let groups = self.store.groups()?;
        let last = groups.last().copied();
        let begin = after.map_or(0, |after| groups.partition_point(|id| *id <= after));
        for (looked_at, id) in groups.into_iter().skip(begin).enumerate() {
            if step.dropped.len() >= most || looked_at >= MOST_GROUPS {
                break;
            }
            step.next = Some(id);
            let Some(mut group) = self.store.group(id)?.filter(|group| group.counts.worst_news().is_some()) else {
                continue;
            };
            for (alert, before) in self.store.news(id)? {
                let Some(severity) = scope.takes_alert(&before) else { continue };
                self.put(alert, Some(&before), &dropped(&before, severity), &mut group)?;
                step.dropped.push(DroppedAlert { alert, severity });
                changed.insert(id);
            }
            if changed.contains(&id) {
                self.store.set_group(id, Some(&group))?;
            }
        }
        step.next = step.next.filter(|next| Some(*next) != last);
        self.update_dues(&changed)?;
        Ok(step)
    }

    /// Drops an undelivered message, where it tells of what is meant ([`DropScope::takes`]); nothing where it does not, or is
    /// settled. What else it told is news as before, so that ends of what was told are told.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn drop_message(&mut self, scope: DropScope, id: MessageId) -> Result<Option<DroppedMessage>, S::Error> {
        let Some(message) = self.store.message(id)?.filter(|message| scope.takes(message)) else { return Ok(None) };
        let mut result = DroppedMessage::default();
        for news in &message.news {
            match scope.takes_news(news) {
                Some(severity) => result.dropped.push(DroppedAlert { alert: news.alert, severity }),
                None => result.returned.push(news.alert),
            }
            if let Some(before) = self.store.alert(news.alert)?.filter(|alert| alert.message == Some(id))
                && let Some(mut group) = self.store.group(before.group)?
            {
                self.untell(news, &before, scope, &mut group)?;
                self.store.set_group(before.group, Some(&group))?;
            }
        }
        self.remove_message(id)?;
        self.release_groups(&message.groups)?;
        Ok(Some(result))
    }

    /// What an undelivered message told of an alert was not told.
    fn untell(
        &mut self,
        news: &MessageNews,
        before: &AlertRecord,
        scope: DropScope,
        group: &mut GroupRecord,
    ) -> Result<(), S::Error> {
        let mut alert = AlertRecord { message: None, told: news.before, ..*before };
        match (alert.firing, scope.takes_news(news)) {
            (Some(_), Some(severity)) => alert.dropped = alert.dropped.max(Some(severity)),
            // Its end is told only where the channel knew of it before.
            (None, _) if self.policy.recoveries == RecoveryPolicy::Never => alert.told = None,
            (Some(_) | None, _) => {}
        }
        alert.news = alert.tellable().map(|_| {
            let is_critical = alert.firing == Some(Severity::Critical);
            let known = before.news.filter(|_| alert.firing != news.now);
            let critical_since = known.map_or(news.since, |known| known.critical_since.unwrap_or(known.since));
            NewsRecord {
                since: news.since,
                critical_since: is_critical.then_some(critical_since),
                origin: NewsOrigin::Event,
            }
        });
        self.put(news.alert, Some(before), &alert, group)
    }
}

/// An alert of which the operator drops that it fires at a severity.
fn dropped(alert: &AlertRecord, severity: Severity) -> AlertRecord {
    let fallback = match alert.fallback {
        FallbackState::GivenUp => FallbackState::Untold,
        FallbackState::Untold | FallbackState::PassedOn(_) => alert.fallback,
    };
    AlertRecord { dropped: alert.dropped.max(Some(severity)), news: None, lapsed: None, fallback, ..*alert }
}
