//! A message ends: it is delivered, or given up, and then its alerts go back to what the channel was told before.

use super::arrive::begin;
use super::message::{MessageEnd, MessageNews};
use super::notifier::ChannelNotifier;
use super::record::{AlertId, AlertRecord, FallbackState, MessageId, NewsKind, NewsOrigin, NewsRecord, PassState};
use super::store::ChannelStore;
use crate::channel::RecoveryPolicy;
use crate::time::Timestamp;
use std::collections::BTreeSet;

impl<S: ChannelStore + ?Sized> ChannelNotifier<'_, S> {
    /// Notes how a message ended. One that is settled already stays as it is.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn settle(&mut self, now: Timestamp, id: MessageId, end: MessageEnd) -> Result<(), S::Error> {
        let Some(message) = self.store.message(id)? else { return Ok(()) };
        if end != MessageEnd::Delivered {
            for news in &message.news {
                self.return_news(now, id, news, end)?;
            }
        }
        self.remove_message(id)?;
        if end == MessageEnd::Delivered {
            for (group_id, alerts) in self.store.forget_over(&message)? {
                let Some(mut group) = self.store.group(group_id)? else { continue };
                group.counts.known = group.counts.known.saturating_sub(alerts);
                self.store.set_group(group_id, Some(&group))?;
            }
        }
        self.release_groups(&message.groups)
    }

    /// A message is undelivered no more.
    pub(super) fn remove_message(&mut self, id: MessageId) -> Result<(), S::Error> {
        self.store.remove_message(id)?;
        let mut channel = self.store.channel()?;
        channel.undelivered.retain(|undelivered| undelivered.id != id);
        self.store.set_channel(&channel)
    }

    /// The alerts whose news was refused.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn refused(&self) -> Result<Vec<AlertId>, S::Error> {
        let mut refused = Vec::new();
        for group in self.store.groups()? {
            let is_refused = |alert: &AlertRecord| alert.news.is_some_and(|news| news.origin == NewsOrigin::Refusal);
            refused.extend(self.store.news(group)?.iter().filter(|(_, alert)| is_refused(alert)).map(|(id, _)| *id));
        }
        Ok(refused)
    }

    /// The receiver takes messages again, or the channel is back: what was refused of these alerts, and is true still, is news
    /// again.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn tell_refused(&mut self, alerts: &[AlertId]) -> Result<(), S::Error> {
        let mut groups = BTreeSet::new();
        for id in alerts {
            let Some(before) = self.store.alert(*id)? else { continue };
            let Some(refused) = before.news.filter(|news| news.origin == NewsOrigin::Refusal) else { continue };
            let Some(mut group) = self.store.group(before.group)? else { continue };
            let news = NewsRecord { origin: NewsOrigin::Event, ..refused };
            let alert = if before.firing.is_none() && self.policy.recoveries == RecoveryPolicy::Never {
                AlertRecord { told: None, news: None, ..before }
            } else {
                AlertRecord { news: Some(news), ..before }
            };
            self.put(*id, Some(&before), &alert, &mut group)?;
            self.store.set_group(before.group, Some(&group))?;
            groups.insert(before.group);
        }
        self.update_dues(&groups)
    }

    /// An alert goes back to what the channel was told before a message, unless a later one told of it.
    fn return_news(
        &mut self,
        now: Timestamp,
        id: MessageId,
        told: &MessageNews,
        end: MessageEnd,
    ) -> Result<(), S::Error> {
        let Some(before) = self.store.alert(told.alert)?.filter(|alert| alert.message == Some(id)) else {
            return Ok(());
        };
        let Some(mut group) = self.store.group(before.group)? else { return Ok(()) };
        let mut alert = AlertRecord { message: None, ..before };
        self.take_back(now, &mut alert, told, end);
        let is_passed_on = alert.pass_state() == PassState::PassedOn;
        let has_fallback = self.policy.fallback_after.is_some();
        if has_fallback && !is_passed_on && alert.firing.is_some() && alert.tellable().is_some() {
            alert.fallback = FallbackState::GivenUp;
        }
        if alert.difference() == Some(NewsKind::Over) {
            group.last_end = Some(now);
        }
        self.put(told.alert, Some(&before), &alert, &mut group)?;
        self.store.set_group(before.group, Some(&group))
    }

    /// The channel was told what it was told before the message. What died of age is news from now on; what was refused goes
    /// along with the next message, but for an end, which is over. Where the channel left the rules, an end waits too.
    fn take_back(&self, now: Timestamp, alert: &mut AlertRecord, told: &MessageNews, end: MessageEnd) {
        alert.told = told.before;
        let is_end = alert.firing.is_none() && told.now.is_none();
        if (is_end && end == MessageEnd::Refused)
            || (alert.firing.is_none() && self.policy.recoveries == RecoveryPolicy::Never)
        {
            alert.told = None;
        }
        let is_same = alert.firing == told.now;
        alert.news = alert.tellable().map(|_| match end {
            MessageEnd::Refused | MessageEnd::Removed if is_same => {
                NewsRecord { origin: NewsOrigin::Refusal, ..begin(alert, now) }
            }
            MessageEnd::Refused
            | MessageEnd::Removed
            | MessageEnd::Expired
            | MessageEnd::Delivered
            | MessageEnd::Dropped => begin(alert, now),
        });
        if alert.news.is_some() {
            // It begins here, whatever was news for a moment while the message was on its way.
            alert.lapsed = None;
        }
    }
}
