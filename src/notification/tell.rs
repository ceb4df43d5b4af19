//! Messages are made of what is due: the worst news first, one message for a group, or for all of them in a storm.

use super::due::{DueCause, GroupDue, class_due, timing};
use super::message::{MessageNews, MessageReason, MessageRecord};
use super::notifier::ChannelNotifier;
use super::record::{
    AlertEntry, AlertId, AlertRecord, ChannelRecord, GroupId, GroupRecord, MessageId, NewsKind, NewsOrigin, NewsRecord,
    UndeliveredMessage,
};
use super::store::ChannelStore;
use super::storm::{RATE_WINDOW, StormLoad, TellingMode, most_counted, telling_mode};
use super::timing::TimingReason;
use crate::channel::{NotificationPolicy, RepeatPolicy};
use crate::event::{AlertStatus, Severity};
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// How many messages of a channel are undelivered at most, and how many where one more holds Critical news: an outage leaves
/// no queue of messages that are old when they arrive.
const MOST_UNDELIVERED: usize = 3;
const MOST_WITH_CRITICAL: usize = 4;

/// How many messages of the last minute are remembered at most.
const MOST_REMEMBERED: usize = 600;

/// A group that is due, with its news.
struct DueGroup {
    id: GroupId,
    group: GroupRecord,
    due: GroupDue,
    news: Vec<(AlertId, AlertRecord)>,
}

/// What a channel does next.
enum NextStep {
    /// It makes a message of these groups.
    Tell(Vec<GroupId>, ChannelRecord),
    /// It makes none before that time, unless something changes.
    NotBefore(Timestamp),
    /// It makes none until something changes.
    Nothing,
}

impl<S: ChannelStore + ?Sized> ChannelNotifier<'_, S> {
    /// Makes the messages that are due, as far as the channel takes them; in the order in which they were made.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn advance(&mut self, now: Timestamp) -> Result<Vec<MessageRecord>, S::Error> {
        self.forget(now)?;
        let mut made = Vec::new();
        while let NextStep::Tell(groups, channel) = self.next_step(now)? {
            let groups = self.due_groups(groups, now)?;
            if !groups.is_empty() {
                made.push(self.tell(groups, channel, now)?);
            }
        }
        Ok(made)
    }

    /// The first moment after `now` at which [`Self::advance`] may make a message, or [`Self::pass_on`] may give an alert, if
    /// nothing arrives and nothing is settled.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn next_moment(&self, now: Timestamp) -> Result<Option<Timestamp>, S::Error> {
        let fallback = match self.policy.fallback_after {
            Some(_) => self.store.first_fallback_after(now)?,
            None => None,
        };
        let first = self.store.first_due_after(now)?.into_iter().chain(fallback).min();
        Ok(match self.next_step(now)? {
            NextStep::NotBefore(next) => Some(first.map_or(next, |first| first.min(next))),
            NextStep::Tell(..) => Some(now),
            NextStep::Nothing => first,
        })
    }

    fn next_step(&self, now: Timestamp) -> Result<NextStep, S::Error> {
        let mut channel = self.store.channel()?;
        let begin = now.saturating_sub(RATE_WINDOW);
        channel.recent.retain(|at| *at > begin);
        let is_full = channel.undelivered.len() >= MOST_WITH_CRITICAL;
        if channel.is_paused || is_full || self.policy.repeat == RepeatPolicy::EveryEvent {
            return Ok(NextStep::Nothing);
        }
        let Some(urgent) = self.store.most_urgent(now)? else { return Ok(NextStep::Nothing) };
        let worst = self.store.group(urgent)?.and_then(|group| group.counts.worst_news());
        let has_critical = worst == Some(Severity::Critical);
        if channel.undelivered.len() >= MOST_UNDELIVERED && !has_critical {
            return Ok(NextStep::Nothing);
        }
        if let Some(oldest) = spent_rate(&self.policy, &channel) {
            return Ok(NextStep::NotBefore(oldest.saturating_add(RATE_WINDOW)));
        }
        let groups = self.store.due(now, most_counted(&self.policy))?.len();
        let (mode, storm) = telling_mode(&self.policy, &channel, StormLoad { groups, has_critical }, now);
        channel.storm = storm;
        Ok(match mode {
            TellingMode::NotBefore(next) => NextStep::NotBefore(next),
            TellingMode::Together => NextStep::Tell(self.store.due(now, usize::MAX)?, channel),
            TellingMode::Single => NextStep::Tell(vec![urgent], channel),
        })
    }

    /// Those of the groups that are due by the policy of now. The others are due later, or not at all: they were noted as due by
    /// an earlier policy, of an event that was decided before a reload and stored after it.
    fn due_groups(&mut self, ids: Vec<GroupId>, now: Timestamp) -> Result<Vec<DueGroup>, S::Error> {
        let mut groups = Vec::with_capacity(ids.len());
        let mut later = BTreeSet::new();
        for id in ids {
            let Some(group) = self.store.group(id)? else { continue };
            match self.due_of(id, &group)?.filter(|due| due.at <= now) {
                Some(due) => groups.push(DueGroup { id, group, due, news: self.store.news(id)? }),
                None => drop(later.insert(id)),
            }
        }
        self.update_dues(&later)?;
        Ok(groups)
    }

    fn tell(
        &mut self,
        groups: Vec<DueGroup>,
        mut channel: ChannelRecord,
        now: Timestamp,
    ) -> Result<MessageRecord, S::Error> {
        channel.last_message += 1;
        let id = MessageId(channel.last_message);
        let mut message = MessageRecord {
            id,
            at: now,
            reason: if groups.len() > 1 { MessageReason::Storm } else { self.reason(&groups) },
            timing: self.timing(&groups),
            groups: groups.iter().map(|due| due.id).collect(),
            news: Vec::new(),
            status: AlertStatus::Resolved,
            severity: Severity::Info,
            firing: 0,
            critical: 0,
            resolved: 0,
            muted: 0,
            changes: 0,
            since: groups.iter().map(|due| due.group.since).min().unwrap_or(now),
        };
        let mut worst = None;
        for due in groups {
            worst = worst.max(self.tell_group(due, &mut message)?);
        }
        let ends = message.news.iter().filter(|news| news.kind == NewsKind::Over);
        message.resolved = u32::try_from(ends.count()).unwrap_or(u32::MAX);
        (message.status, message.severity) = match worst {
            Some(worst) => (AlertStatus::Firing, worst),
            None => (
                AlertStatus::Resolved,
                message.news.iter().filter_map(|news| news.before).max().unwrap_or(Severity::Info),
            ),
        };
        channel.recent.push(now);
        let surplus = channel.recent.len().saturating_sub(most_remembered(&self.policy));
        channel.recent.drain(..surplus);
        channel.undelivered.push(UndeliveredMessage { id, worst: message.worst_news() });
        self.store.set_channel(&channel)?;
        self.store.add_message(&message)?;
        Ok(message)
    }

    /// A message tells a group; the worst that the channel knows of it then.
    fn tell_group(&mut self, due: DueGroup, message: &mut MessageRecord) -> Result<Option<Severity>, S::Error> {
        let DueGroup { id, mut group, due, news } = due;
        group.owed_since = self.kept_due(id, &group)?;
        for (alert, before) in &news {
            let told = before.told_by(message.id);
            message.news.extend(before.tellable().map(|kind| MessageNews {
                alert: *alert,
                group: id,
                kind,
                before: before.told,
                now: told.told,
                since: news_since(before).unwrap_or(message.at),
            }));
            group.counts.remove(before);
            group.counts.add(&told);
        }
        self.store.tell_news(id, &news, message.id)?;
        message.changes = message.changes.saturating_add(group.changes);
        note_message(&mut group, due.cause, message.id, message.at);
        group.fallback_due = self.fallback_due(id, &group)?;
        message.firing += group.counts.told_firing();
        message.critical += group.counts.told.get(Severity::Critical as usize).copied().unwrap_or(0);
        message.muted += group.counts.held;
        self.store.set_group(id, Some(&group))?;
        Ok(group.counts.worst_told())
    }

    /// Why a message of these groups is made now.
    fn timing(&self, groups: &[DueGroup]) -> TimingReason {
        match groups {
            [DueGroup { group, due, .. }] => timing(&self.policy, group, *due),
            groups => TimingReason::Storm {
                groups: u32::try_from(groups.len()).unwrap_or(u32::MAX),
                singles: self.policy.calm_rate(),
            },
        }
    }

    /// Why a message of one group is made: what makes the group due.
    fn reason(&self, groups: &[DueGroup]) -> MessageReason {
        let Some(DueGroup { group, due, news, .. }) = groups.first() else { return MessageReason::Repeat };
        if due.cause == DueCause::Repetition {
            let is_better = news.iter().any(|(_, alert)| alert.tellable() == Some(NewsKind::Better));
            return if is_better { MessageReason::Better } else { MessageReason::Repeat };
        }
        let makes_due = |alert: &AlertRecord| {
            let mut dues =
                alert.dues().iter().filter_map(|(class, since)| class_due(&self.policy, group, class, since));
            dues.any(|one| one == *due)
        };
        let first =
            news.iter().map(|(_, alert)| alert).filter(|alert| makes_due(alert)).max_by_key(|alert| alert.firing);
        match first.and_then(AlertRecord::tellable) {
            Some(NewsKind::New | NewsKind::Worse) if first.and_then(|alert| alert.news).is_some_and(is_unmuted) => {
                MessageReason::Unmuted
            }
            Some(NewsKind::New) if first.is_some_and(|alert| alert.entry == AlertEntry::Fallback) => {
                MessageReason::Fallback
            }
            Some(NewsKind::New) => MessageReason::New,
            Some(NewsKind::Worse) => MessageReason::Worse,
            Some(NewsKind::Better) => MessageReason::Better,
            Some(NewsKind::Over) | None => MessageReason::Resolved,
        }
    }
}

/// The oldest message of the last minute, where there were as many as the rate allows. A rate above [`MOST_REMEMBERED`] is
/// left to the deliveries, which keep to it too.
pub(super) fn spent_rate(policy: &NotificationPolicy, channel: &ChannelRecord) -> Option<Timestamp> {
    let rate = usize::try_from(policy.rate?.get()).unwrap_or(usize::MAX);
    channel.recent.first().copied().filter(|_| channel.recent.len() >= rate)
}

/// How many messages of the last minute are remembered: no more than their number can decide anything.
fn most_remembered(policy: &NotificationPolicy) -> usize {
    let rate = policy.rate.map_or(0, |rate| usize::try_from(rate.get()).unwrap_or(usize::MAX));
    let calm = if policy.gathers_storms { usize::try_from(policy.calm_rate()).unwrap_or(usize::MAX) } else { 0 };
    rate.max(calm).min(MOST_REMEMBERED)
}

/// Since when an alert is news as what it is.
pub(super) fn news_since(alert: &AlertRecord) -> Option<Timestamp> {
    let news = alert.news?;
    Some(news.critical_since.filter(|_| alert.firing == Some(Severity::Critical)).unwrap_or(news.since))
}

fn is_unmuted(news: NewsRecord) -> bool {
    news.origin == NewsOrigin::Unmuting
}

/// A group once a message has told of it.
fn note_message(group: &mut GroupRecord, cause: DueCause, id: MessageId, now: Timestamp) {
    match cause {
        DueCause::News(_) => group.messages = group.messages.saturating_add(1),
        DueCause::Critical | DueCause::Repetition => {}
    }
    group.last_message = Some(now);
    group.last_message_id = Some(id);
    group.changes = 0;
    group.undelivered = Some(id);
    (group.due, group.timing) = (None, None);
}

impl<S: ChannelStore + ?Sized> ChannelNotifier<'_, S> {
    /// Groups whose message is settled can be due again.
    pub(super) fn release_groups(&mut self, groups: &[GroupId]) -> Result<(), S::Error> {
        for id in groups {
            if let Some(mut group) = self.store.group(*id)? {
                (group.undelivered, group.owed_since) = (None, None);
                self.store.set_group(*id, Some(&group))?;
            }
        }
        self.update_dues(&groups.iter().copied().collect::<BTreeSet<_>>())
    }
}
