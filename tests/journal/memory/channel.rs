//! What the store in memory keeps of channels that gather messages.

use pointsman::event::Severity;
use pointsman::gateway::journal::{
    AppliedArrival, ChannelRecords, EventId, GivenUpMessage, GroupingState, MessageAlert, MessageContent, MessageUlid,
    NewsEnd, OperatorDrop, PassedOnEvent, Push, StoreError, StoreResult, StoredHoldReason, ToldAlert,
};
use pointsman::notification::{
    AlertId, AlertRecord, ArrivalResult, ChannelRecord, ChannelStore, DueClass, GroupId, GroupRecord, MemoryStore,
    MessageEnd, MessageId, MessageReason, MessageRecord, NamedValue, PassState,
};
use pointsman::time::Timestamp;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::time::Duration;

/// A channel.
#[derive(Clone, Default)]
pub(super) struct NotifiedChannel {
    pub(super) records: MemoryStore,
    policy: String,
    grouping: GroupingState,
    /// The last event of each alert, and when it came.
    pub(super) events: BTreeMap<AlertId, (EventId, Timestamp)>,
    values: BTreeMap<GroupId, Vec<NamedValue>>,
    /// Messages that were settled.
    settled: BTreeMap<MessageId, MessageRecord>,
    given_up: BTreeMap<MessageId, GivenUpMessage>,
    copies: BTreeSet<AlertId>,
    dropped: BTreeMap<AlertId, StoredHoldReason>,
    /// The mute that held an alert last; nothing for a silence.
    pub(super) holders: BTreeMap<AlertId, Option<String>>,
}

impl NotifiedChannel {
    /// Whether it has alerts or undelivered messages.
    pub(super) fn is_used(&self) -> bool {
        !sure(self.records.groups()).is_empty() || !sure(self.records.channel()).undelivered.is_empty()
    }

    /// The last time in its records.
    pub(super) fn last(&self) -> Option<Timestamp> {
        let groups = sure(self.records.groups()).into_iter();
        groups.filter_map(|id| Some(sure(self.records.group(id))?.last_change)).max()
    }
}

/// Its records in a transaction.
pub(super) struct MemoryChannel<'t> {
    pub(super) channel: &'t mut NotifiedChannel,
    pub(super) pushes: &'t [Push],
}

fn sure<T>(result: Result<T, Infallible>) -> T {
    result.unwrap_or_else(|never| match never {})
}

impl ChannelStore for MemoryChannel<'_> {
    type Error = StoreError;

    fn channel(&self) -> StoreResult<ChannelRecord> {
        Ok(sure(self.channel.records.channel()))
    }

    fn set_channel(&mut self, channel: &ChannelRecord) -> StoreResult<()> {
        sure(self.channel.records.set_channel(channel));
        Ok(())
    }

    fn alert(&self, id: AlertId) -> StoreResult<Option<AlertRecord>> {
        Ok(sure(self.channel.records.alert(id)))
    }

    fn set_alert(&mut self, id: AlertId, alert: Option<&AlertRecord>) -> StoreResult<()> {
        if alert.is_none() {
            self.channel.events.remove(&id);
            self.channel.copies.remove(&id);
            self.channel.holders.remove(&id);
        }
        sure(self.channel.records.set_alert(id, alert));
        Ok(())
    }

    fn group(&self, id: GroupId) -> StoreResult<Option<GroupRecord>> {
        Ok(sure(self.channel.records.group(id)))
    }

    fn set_group(&mut self, id: GroupId, group: Option<&GroupRecord>) -> StoreResult<()> {
        if group.is_none() {
            self.channel.values.remove(&id);
        }
        sure(self.channel.records.set_group(id, group));
        Ok(())
    }

    fn news(&self, group: GroupId) -> StoreResult<Vec<(AlertId, AlertRecord)>> {
        Ok(sure(self.channel.records.news(group)))
    }

    fn tell_news(&mut self, group: GroupId, news: &[(AlertId, AlertRecord)], message: MessageId) -> StoreResult<()> {
        sure(self.channel.records.tell_news(group, news, message));
        Ok(())
    }

    fn earliest(&self, group: GroupId, class: DueClass, pass: PassState) -> StoreResult<Option<Timestamp>> {
        Ok(sure(self.channel.records.earliest(group, class, pass)))
    }

    fn due(&self, until: Timestamp, most: usize) -> StoreResult<Vec<GroupId>> {
        Ok(sure(self.channel.records.due(until, most)))
    }

    fn most_urgent(&self, until: Timestamp) -> StoreResult<Option<GroupId>> {
        Ok(sure(self.channel.records.most_urgent(until)))
    }

    fn first_due_after(&self, after: Timestamp) -> StoreResult<Option<Timestamp>> {
        Ok(sure(self.channel.records.first_due_after(after)))
    }

    fn fallback_due(&self, until: Timestamp, most: usize) -> StoreResult<Vec<GroupId>> {
        Ok(sure(self.channel.records.fallback_due(until, most)))
    }

    fn first_fallback_after(&self, after: Timestamp) -> StoreResult<Option<Timestamp>> {
        Ok(sure(self.channel.records.first_fallback_after(after)))
    }

    fn lapsed_before(&self, before: Timestamp, most: usize) -> StoreResult<Vec<AlertId>> {
        Ok(sure(self.channel.records.lapsed_before(before, most)))
    }

    fn idle_since(&self, since: Timestamp, most: usize) -> StoreResult<Vec<GroupId>> {
        Ok(sure(self.channel.records.idle_since(since, most)))
    }

    fn groups(&self) -> StoreResult<Vec<GroupId>> {
        Ok(sure(self.channel.records.groups()))
    }

    fn message(&self, id: MessageId) -> StoreResult<Option<MessageRecord>> {
        Ok(sure(self.channel.records.message(id)))
    }

    fn add_message(&mut self, message: &MessageRecord) -> StoreResult<()> {
        sure(self.channel.records.add_message(message));
        Ok(())
    }

    fn remove_message(&mut self, id: MessageId) -> StoreResult<()> {
        self.channel.settled.extend(sure(self.channel.records.message(id)).map(|message| (id, message)));
        sure(self.channel.records.remove_message(id));
        Ok(())
    }

    fn forget_over(&mut self, message: &MessageRecord) -> StoreResult<BTreeMap<GroupId, u32>> {
        let forgotten = sure(self.channel.records.forget_over(message));
        for news in &message.news {
            if self.alert(news.alert)?.is_none() {
                self.set_alert(news.alert, None)?;
            }
        }
        Ok(forgotten)
    }
}

impl ChannelRecords for MemoryChannel<'_> {
    fn note_arrivals(&mut self, arrivals: &[AppliedArrival]) -> StoreResult<()> {
        for arrival in arrivals {
            if self.alert(arrival.alert)?.is_none() {
                continue;
            }
            let known = self.channel.events.get(&arrival.alert);
            let is_kept = arrival.result == ArrivalResult::Unchanged
                && known.is_some_and(|(_, at)| arrival.at < at.saturating_add(Duration::from_hours(1)));
            if !is_kept {
                self.channel.events.insert(arrival.alert, (arrival.event, arrival.at));
            }
        }
        Ok(())
    }

    fn note_waits(&mut self, _arrivals: &[AppliedArrival]) -> StoreResult<()> {
        Ok(())
    }

    fn note_end(
        &mut self,
        _alert: AlertId,
        _event: EventId,
        _end: NewsEnd,
        _hold: Option<&StoredHoldReason>,
        _at: Timestamp,
    ) -> StoreResult<()> {
        Ok(())
    }

    fn note_copy(&mut self, alert: AlertId, is_copy: bool) -> StoreResult<()> {
        if is_copy {
            self.channel.copies.insert(alert);
        } else {
            self.channel.copies.remove(&alert);
        }
        Ok(())
    }

    fn is_copy(&self, alert: AlertId) -> StoreResult<bool> {
        Ok(self.channel.copies.contains(&alert))
    }

    fn note_holder(&mut self, alert: AlertId, mute: Option<&str>) -> StoreResult<()> {
        self.channel.holders.insert(alert, mute.map(str::to_owned));
        Ok(())
    }

    fn note_kept_back(&mut self, _event: EventId, _hold: &StoredHoldReason) -> StoreResult<()> {
        Ok(())
    }

    fn note_passed_on(&mut self, _passed: &PassedOnEvent<'_>, _at: Timestamp) -> StoreResult<()> {
        Ok(())
    }

    fn note_told(&mut self, _message: &MessageRecord) -> StoreResult<()> {
        Ok(())
    }

    fn note_dropped(&mut self, alert: AlertId, drop: &OperatorDrop) -> StoreResult<()> {
        self.channel.dropped.insert(alert, drop.into());
        Ok(())
    }

    fn note_dropped_message(&mut self, _: MessageId, _: &[AlertId], _: &OperatorDrop) -> StoreResult<()> {
        Ok(())
    }

    fn dropped_by(&self, alert: AlertId) -> StoreResult<Option<StoredHoldReason>> {
        Ok(self.channel.dropped.get(&alert).cloned())
    }

    fn note_message_end(&mut self, message: MessageId, end: MessageEnd) -> StoreResult<()> {
        let Some(settled) = self.channel.settled.remove(&message) else { return Ok(()) };
        let alerts = settled
            .news
            .iter()
            .map(|news| news.alert)
            .filter(|_| matches!(end, MessageEnd::Refused | MessageEnd::Removed))
            .collect();
        self.channel.given_up.insert(message, GivenUpMessage { end, status: settled.status, alerts });
        Ok(())
    }

    fn given_up(&self, message: MessageId) -> StoreResult<Option<GivenUpMessage>> {
        Ok(self.channel.given_up.get(&message).cloned())
    }

    fn note_values(&mut self, group: GroupId, values: &[NamedValue]) -> StoreResult<()> {
        if self.group(group)?.is_some() {
            self.channel.values.entry(group).or_insert_with(|| values.to_vec());
        }
        Ok(())
    }

    fn last_events(&self, alerts: &[ToldAlert]) -> StoreResult<Vec<MessageAlert>> {
        let event = |told: &ToldAlert| {
            let ToldAlert { alert, severity, news } = *told;
            let (event, at) = *self.channel.events.get(&alert)?;
            let push = self.pushes.iter().find(|push| push.id == event.push)?;
            let outcomes: Vec<&RawValue> = serde_json::from_str(&push.outcomes).ok()?;
            let outcome = outcomes.get(usize::try_from(event.index).ok()?)?.get().to_owned();
            let integration = push.integration.clone();
            Some(MessageAlert { alert, news, severity, event, at, integration, outcome })
        };
        Ok(alerts.iter().filter_map(event).collect())
    }

    fn message_content(&self, message: &MessageRecord, most: usize) -> StoreResult<MessageContent> {
        let mut told = ToldAlert::of_message(message, most);
        if matches!(message.reason, MessageReason::Repeat | MessageReason::Better) || told.is_empty() {
            let firing = self.channel.records.alerts().filter(|(id, alert)| {
                let is_news = told.iter().any(|one| one.alert == *id);
                alert.is_told_firing() && message.groups.contains(&alert.group) && !is_news
            });
            let firing =
                firing.filter_map(|(id, alert)| Some(ToldAlert { alert: id, severity: alert.told?, news: None }));
            let more: Vec<_> = firing.take(most - told.len()).collect();
            told.extend(more);
        }
        told.sort_by_key(|one| one.alert);
        let values_of = |group: &GroupId| self.channel.values.get(group).cloned().unwrap_or_default();
        let mut groups = message.groups.iter().map(values_of);
        let mut values = groups.next().unwrap_or_default();
        groups.for_each(|other| values.retain(|value| other.contains(value)));
        let id = MessageUlid::of(0, message.id, message.at);
        Ok(MessageContent { id, alerts: self.last_events(&told)?, values })
    }

    fn fold_told(&mut self, _: usize) -> StoreResult<()> {
        Ok(())
    }

    fn is_folding(&self) -> StoreResult<bool> {
        Ok(false)
    }

    fn grouping(&self) -> StoreResult<GroupingState> {
        Ok(self.channel.grouping)
    }

    fn set_grouping(&mut self, grouping: GroupingState) -> StoreResult<()> {
        self.channel.grouping = grouping;
        Ok(())
    }

    fn untold_alerts(&self, after: Option<AlertId>, most: usize) -> StoreResult<Vec<(AlertId, Severity)>> {
        let later = self.channel.records.alerts().filter(|(id, _)| after.is_none_or(|after| *id > after));
        let untold = later.filter(|(_, alert)| alert.told.is_none());
        Ok(untold.filter_map(|(id, alert)| Some((id, alert.firing?))).take(most).collect())
    }

    fn replace_policy(&mut self, policy: &str) -> StoreResult<Option<String>> {
        let before = std::mem::replace(&mut self.channel.policy, policy.to_owned());
        Ok((before != policy).then_some(before))
    }

    fn forget_all(&mut self) -> StoreResult<()> {
        let mut records = MemoryStore::default();
        sure(records.set_channel(&sure(self.channel.records.channel())));
        for message in self.channel.records.messages() {
            sure(records.add_message(message));
        }
        let given_up = std::mem::take(&mut self.channel.given_up);
        *self.channel = NotifiedChannel { records, given_up, ..NotifiedChannel::default() };
        Ok(())
    }
}
