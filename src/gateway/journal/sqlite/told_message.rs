//! Messages of channels that gather them, as rows: what they told, their deliveries, and what events were for the channel.

use super::accept::json_unless_empty;
use super::message_rows::read_news;
use super::record_cache::SqliteChannel;
use super::record_rows::NotedEvent;
use super::{SqliteResult, SqliteTransaction, StoreResult, checksum, size};
use crate::event::Severity;
use crate::gateway::journal::{
    AppliedArrival, ChannelRecords, DeliveryState, EventId, GivenUpMessage, GroupingState, MessageAlert,
    MessageContent, MessageDelivery, MessageUlid, NewsEnd, OperatorDrop, PassedOnEvent, PushId, StoredFate,
    StoredHoldReason, ToldAlert,
};
use crate::notification::{
    AlertId, ArrivalResult, ChannelStore as _, GroupId, MessageEnd, MessageId, MessageReason, MessageRecord, NamedValue,
};
use crate::time::Timestamp;
use rusqlite::{OptionalExtension as _, Row};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// How old the noted event of an alert may become before an unchanged one takes its place.
const REFRESH_AFTER: Duration = Duration::from_hours(1);

impl ChannelRecords for SqliteChannel<'_> {
    fn note_arrivals(&mut self, arrivals: &[AppliedArrival]) -> StoreResult<()> {
        for arrival in arrivals {
            let (fate, after) = match arrival.result {
                ArrivalResult::News => (StoredFate::News, None),
                ArrivalResult::Held => (StoredFate::Held, None),
                ArrivalResult::Unchanged => (StoredFate::Unchanged, None),
                ArrivalResult::Dropped => (StoredFate::Dropped, None),
                ArrivalResult::OverUntold { after, .. } => (StoredFate::OverUntold, Some(after)),
                ArrivalResult::NothingOpen => (StoredFate::NothingOpen, None),
            };
            let EventId { push, index } = arrival.event;
            let Some(push) = self.push_row(push)? else { continue };
            let after = after.map(|after| i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
            let (record, event) = {
                let alert = self.cached_alert(arrival.alert)?;
                (alert.record, alert.event)
            };
            if fate != StoredFate::Unchanged || !arrival.is_listed {
                let sql = "INSERT OR REPLACE INTO fate (push, position, channel, result, message, after, hold) \
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
                let told_in = record.and_then(|record| record.told_in);
                let hold = arrival.hold.as_ref().and_then(|hold| serde_json::to_string(hold).ok());
                self.connection.prepare_cached(sql)?.execute((
                    push,
                    index,
                    self.channel,
                    fate,
                    told_in,
                    after,
                    hold,
                ))?;
            }
            let at = arrival.at;
            let is_quiet = matches!(fate, StoredFate::Unchanged | StoredFate::Dropped);
            let before = if is_quiet { at.saturating_sub(REFRESH_AFTER) } else { at };
            if record.is_some() && event.is_none_or(|event| event.heard <= before) {
                self.note_event(arrival.alert, NotedEvent { push, position: index, heard: at })?;
            }
            if fate == StoredFate::OverUntold {
                let hold = arrival.hold.as_ref();
                self.note_end(arrival.alert, arrival.event, NewsEnd::OverUntold, hold, at)?;
            }
        }
        Ok(())
    }

    fn note_waits(&mut self, arrivals: &[AppliedArrival]) -> StoreResult<()> {
        for arrival in arrivals {
            let ArrivalResult::OverUntold { after, wait, .. } = arrival.result else { continue };
            let [after, wait] = [after, wait].map(|each| i64::try_from(each.as_millis()).unwrap_or(i64::MAX));
            let EventId { push, index } = arrival.event;
            let sql = "UPDATE fate SET wait = ?4 WHERE push = (SELECT id FROM push WHERE ulid = ?1) AND position = ?2 \
                       AND channel = ?3";
            self.connection.prepare_cached(sql)?.execute((push, index, self.channel, wait))?;
            let sql = "UPDATE told_change SET after = ?4, wait = ?5 WHERE channel = ?1 AND alert = ?2 \
                       AND push = (SELECT id FROM push WHERE ulid = ?3) AND result = ?6";
            let values = (self.channel, arrival.alert, push, after, wait, NewsEnd::OverUntold);
            self.connection.prepare_cached(sql)?.execute(values)?;
        }
        Ok(())
    }

    fn note_end(
        &mut self,
        alert: AlertId,
        event: EventId,
        end: NewsEnd,
        hold: Option<&StoredHoldReason>,
        at: Timestamp,
    ) -> StoreResult<()> {
        let sql = "INSERT INTO told_change (channel, alert, push, result, at, hold) SELECT ?1, ?2, id, ?4, ?5, ?6 FROM push \
                   WHERE ulid = ?3";
        let hold = hold.and_then(|hold| serde_json::to_string(hold).ok());
        self.connection.prepare_cached(sql)?.execute((self.channel, alert, event.push, end, at, hold))?;
        Ok(())
    }

    fn note_copy(&mut self, alert: AlertId, is_copy: bool) -> StoreResult<()> {
        let known = self.cached_alert(alert)?;
        let is_changed = known.record.is_some() && known.is_copy != is_copy;
        drop(known);
        if is_changed { self.set_copy(alert, is_copy) } else { Ok(()) }
    }

    fn is_copy(&self, alert: AlertId) -> StoreResult<bool> {
        Ok(self.cached_alert(alert)?.is_copy)
    }

    fn note_holder(&mut self, alert: AlertId, mute: Option<&str>) -> StoreResult<()> {
        self.write_records()?;
        for sql in [
            "UPDATE told_alert SET held_by = ?3 WHERE channel = ?1 AND alert = ?2",
            "UPDATE held_event SET held_by = ?3 WHERE channel = ?1 AND alert = ?2",
        ] {
            self.connection.prepare_cached(sql)?.execute((self.channel, alert, mute))?;
        }
        Ok(())
    }

    fn note_kept_back(&mut self, event: EventId, hold: &StoredHoldReason) -> StoreResult<()> {
        let sql = "INSERT OR REPLACE INTO fate (push, position, channel, result, hold) SELECT id, ?2, ?3, ?4, ?5 FROM push \
                   WHERE ulid = ?1";
        let hold = serde_json::to_string(hold).ok();
        let values = (event.push, event.index, self.channel, StoredFate::KeptBack, hold);
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn note_passed_on(&mut self, passed: &PassedOnEvent<'_>, at: Timestamp) -> StoreResult<()> {
        let sql = "INSERT INTO told_change (channel, alert, push, result, at, fallback, waited) \
                   SELECT ?1, ?2, id, ?4, ?5, ?6, ?7 FROM push WHERE ulid = ?3";
        let waited = passed.after.map(|after| i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
        let values = (self.channel, passed.alert, passed.event.push, NewsEnd::PassedOn, at, passed.fallback, waited);
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn note_told(&mut self, message: &MessageRecord) -> StoreResult<()> {
        for of_group in message.news.chunk_by(|one, next| one.group == next.group) {
            let Some(first) = of_group.first() else { continue };
            if self.is_told_at_once(first.group, message.id)? {
                continue;
            }
            for news in of_group {
                let event = self.cached_alert(news.alert)?.event;
                if let Some(event) = event {
                    self.insert_told(news.alert, event, message.id)?;
                }
            }
        }
        Ok(())
    }

    fn note_dropped(&mut self, alert: AlertId, drop: &OperatorDrop) -> StoreResult<()> {
        let Some(event) = self.cached_alert(alert)?.event else { return Ok(()) };
        let sql = "INSERT INTO told_change (channel, alert, push, result, at, hold) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let reason = serde_json::to_string(&StoredHoldReason::from(drop)).ok();
        let values = (self.channel, alert, event.push, NewsEnd::Dropped, drop.at, reason);
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn note_dropped_message(
        &mut self,
        message: MessageId,
        returned: &[AlertId],
        drop: &OperatorDrop,
    ) -> StoreResult<()> {
        let sql = "DELETE FROM told_change WHERE channel = ?1 AND message = ?2 AND alert = ?3";
        for alert in returned {
            self.connection.prepare_cached(sql)?.execute((self.channel, message, alert))?;
        }
        let sql = "UPDATE told_change SET result = ?3, at = ?4, hold = ?5 WHERE channel = ?1 AND message = ?2";
        let reason = serde_json::to_string(&StoredHoldReason::from(drop)).ok();
        let values = (self.channel, message, NewsEnd::Dropped, drop.at, reason);
        self.connection.prepare_cached(sql)?.execute(values)?;
        let sql = "UPDATE told_message SET dropped = ?3 WHERE channel = ?1 AND number = ?2";
        let dropped = serde_json::to_string(drop).ok();
        self.connection.prepare_cached(sql)?.execute((self.channel, message, dropped))?;
        Ok(())
    }

    fn dropped_by(&self, alert: AlertId) -> StoreResult<Option<StoredHoldReason>> {
        let sql =
            "SELECT hold FROM told_change WHERE channel = ?1 AND alert = ?2 AND result = ?3 ORDER BY id DESC LIMIT 1";
        let values = (self.channel, alert, NewsEnd::Dropped);
        let found = self.connection.prepare_cached(sql)?.query_row(values, |row| row.get::<_, Option<String>>(0));
        Ok(found.optional()?.flatten().and_then(|text| serde_json::from_str(&text).ok()))
    }

    fn note_message_end(&mut self, message: MessageId, end: MessageEnd) -> StoreResult<()> {
        let sql = "UPDATE told_message SET ended = ?3, news = iif(?4, news, NULL) \
                   WHERE channel = ?1 AND number = ?2 AND ended IS NULL";
        let is_kept = matches!(end, MessageEnd::Refused | MessageEnd::Removed);
        self.connection.prepare_cached(sql)?.execute((self.channel, message, end, is_kept))?;
        Ok(())
    }

    fn given_up(&self, message: MessageId) -> StoreResult<Option<GivenUpMessage>> {
        let sql =
            "SELECT ended, status, news FROM told_message WHERE channel = ?1 AND number = ?2 AND ended IS NOT NULL";
        let row = |row: &Row<'_>| {
            let news = row.get_ref(2)?.as_blob_or_null()?.unwrap_or_default();
            let alerts = news.as_chunks().0.iter().filter_map(read_news).map(|news| news.alert).collect();
            Ok(GivenUpMessage { end: row.get(0)?, status: row.get(1)?, alerts })
        };
        Ok(self.connection.prepare_cached(sql)?.query_row((self.channel, message), row).optional()?)
    }

    fn note_values(&mut self, group: GroupId, values: &[NamedValue]) -> StoreResult<()> {
        let pairs = || values.iter().map(|value| (&*value.name, &*value.value)).collect::<Vec<(&str, &str)>>();
        self.set_values(group, || json_unless_empty(&pairs()))
    }

    fn message_content(&self, message: &MessageRecord, most: usize) -> StoreResult<MessageContent> {
        let mut alerts = ToldAlert::of_message(message, most);
        if message.reason == MessageReason::Repeat || message.reason == MessageReason::Better || alerts.is_empty() {
            let known: HashSet<AlertId> = alerts.iter().map(|told| told.alert).collect();
            for group in &message.groups {
                let left = most.saturating_sub(alerts.len());
                let firing = self.told_alerts(*group, left)?;
                alerts.extend(firing.into_iter().filter(|told| !known.contains(&told.alert)));
            }
        }
        let id = MessageUlid::of(self.channel, message.id, message.at);
        let mut content = MessageContent { id, alerts: self.last_events(&alerts)?, values: Vec::new() };
        content.alerts.sort_by_key(|alert| alert.alert);
        for (position, group) in message.groups.iter().enumerate() {
            let values = self.group_values(*group)?;
            if position == 0 {
                content.values = values;
            } else {
                content.values.retain(|value| values.contains(value));
            }
            if content.values.is_empty() {
                break;
            }
        }
        Ok(content)
    }

    fn last_events(&self, alerts: &[ToldAlert]) -> StoreResult<Vec<MessageAlert>> {
        // The outcomes of a push are read once.
        let mut by_push: BTreeMap<i64, Vec<(u32, Timestamp, &ToldAlert)>> = BTreeMap::new();
        for told in alerts {
            if let Some(NotedEvent { push, position, heard }) = self.noted_event(told.alert)? {
                by_push.entry(push).or_default().push((position, heard, told));
            }
        }
        let sql = "SELECT ulid, text, outcomes FROM push JOIN name ON name.id = push.integration WHERE push.id = ?1";
        let mut events = Vec::with_capacity(alerts.len());
        for (push, noted) in by_push {
            let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            let found = self.connection.prepare_cached(sql)?.query_row([push], row).optional()?;
            let Some((push, integration, outcomes)): Option<(PushId, String, String)> = found else { continue };
            let outcomes: Vec<&RawValue> = serde_json::from_str(&outcomes).unwrap_or_default();
            for (index, at, told) in noted {
                let Some(outcome) = usize::try_from(index).ok().and_then(|index| outcomes.get(index)) else { continue };
                events.push(MessageAlert {
                    alert: told.alert,
                    news: told.news,
                    severity: told.severity,
                    event: EventId { push, index },
                    at,
                    integration: integration.clone(),
                    outcome: outcome.get().to_owned(),
                });
            }
        }
        Ok(events)
    }

    fn fold_told(&mut self, most: usize) -> StoreResult<()> {
        match self.folding_group()? {
            Some(group) => self.fold(group, most),
            None => Ok(()),
        }
    }

    fn is_folding(&self) -> StoreResult<bool> {
        Ok(self.folding_group()?.is_some())
    }

    fn grouping(&self) -> StoreResult<GroupingState> {
        let sql = "SELECT generation, grouped_until FROM told_channel WHERE channel = ?1";
        let row =
            |row: &Row<'_>| Ok(GroupingState { generation: row.get::<_, i64>(0)?.cast_unsigned(), after: row.get(1)? });
        let found = self.connection.prepare_cached(sql)?.query_row([self.channel], row).optional()?;
        Ok(found.unwrap_or_default())
    }

    fn set_grouping(&mut self, grouping: GroupingState) -> StoreResult<()> {
        let channel = self.channel()?;
        self.set_channel(&channel)?;
        let sql = "UPDATE told_channel SET generation = ?2, grouped_until = ?3 WHERE channel = ?1";
        let values = (self.channel, grouping.generation.cast_signed(), grouping.after);
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn untold_alerts(&self, after: Option<AlertId>, most: usize) -> StoreResult<Vec<(AlertId, Severity)>> {
        self.write_records()?;
        let sql = "SELECT alert, firing FROM told_alert WHERE channel = ?1 AND (?2 IS NULL OR alert > ?2) \
                   AND told IS NULL AND firing IS NOT NULL AND NOT (tellable AND mark <> (SELECT watermark FROM told_group \
                   WHERE told_group.channel = told_alert.channel AND id = grp)) ORDER BY alert LIMIT ?3";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map((self.channel, after, most), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<SqliteResult<_>>()?)
    }

    fn replace_policy(&mut self, policy: &str) -> StoreResult<Option<String>> {
        let sql = "SELECT policy FROM told_channel WHERE channel = ?1";
        let before = self.connection.prepare_cached(sql)?.query_row([self.channel], |row| row.get::<_, String>(0));
        let before = before.optional()?.unwrap_or_default();
        if before == policy {
            return Ok(None);
        }
        let channel = self.channel()?;
        self.set_channel(&channel)?;
        let sql = "UPDATE told_channel SET policy = ?2 WHERE channel = ?1";
        self.connection.prepare_cached(sql)?.execute((self.channel, policy))?;
        Ok(Some(before))
    }

    fn forget_all(&mut self) -> StoreResult<()> {
        self.records.borrow_mut().forget(self.channel);
        for sql in ["DELETE FROM told_alert WHERE channel = ?1", "DELETE FROM told_group WHERE channel = ?1"] {
            self.connection.prepare_cached(sql)?.execute([self.channel])?;
        }
        let sql = "UPDATE told_channel SET policy = '' WHERE channel = ?1";
        self.connection.prepare_cached(sql)?.execute([self.channel])?;
        Ok(())
    }
}

impl SqliteChannel<'_> {
    /// The values of a group.
    fn group_values(&self, group: GroupId) -> StoreResult<Vec<NamedValue>> {
        Ok(read_values(self.stored_values(group)?))
    }

    /// The last event of an alert. An alert that is not known is not kept: a message may tell of many.
    fn noted_event(&self, alert: AlertId) -> StoreResult<Option<NotedEvent>> {
        if let Some(known) = self.records.borrow().alerts.get(&(self.channel, alert)) {
            return Ok(known.event);
        }
        let sql = "SELECT push, position, heard FROM told_alert WHERE channel = ?1 AND alert = ?2 AND push IS NOT NULL";
        let row = |row: &Row<'_>| Ok(NotedEvent { push: row.get(0)?, position: row.get(1)?, heard: row.get(2)? });
        Ok(self.connection.prepare_cached(sql)?.query_row((self.channel, alert), row).optional()?)
    }

    pub(super) fn stored_values(&self, group: GroupId) -> StoreResult<Option<String>> {
        Ok(self.cached_group(group)?.values.clone())
    }

    /// Alerts of a group that were told and fire, the worst first.
    fn told_alerts(&self, group: GroupId, most: usize) -> StoreResult<Vec<ToldAlert>> {
        let sql = "SELECT alert, told FROM told_alert INDEXED BY told_alert_told WHERE channel = ?1 AND grp = ?2 \
                   AND told IS NOT NULL AND firing IS NOT NULL ORDER BY told DESC, alert LIMIT ?3";
        self.fold_all(group)?;
        self.write_records()?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(sql)?;
        let row = |row: &Row<'_>| Ok(ToldAlert { alert: row.get(0)?, severity: row.get(1)?, news: None });
        let rows = statement.query_map((self.channel, group, most), row)?;
        Ok(rows.collect::<SqliteResult<_>>()?)
    }
}

impl SqliteTransaction<'_> {
    /// Stores the delivery of a message. It belongs to the push of one of its events.
    pub(super) fn insert_message(&mut self, channel_name: &str, delivery: &MessageDelivery) -> StoreResult<()> {
        let MessageDelivery { message, event, urgency, at, rendered } = delivery;
        let Some(body) = &rendered.body else { return Ok(()) };
        let channel = self.name_id(channel_name)?;
        let sql = "SELECT id, integration FROM push WHERE ulid = ?1";
        let source = self.connection.prepare_cached(sql)?.query_row([event.push], |row| row.try_into());
        let (push, integration): (i64, i64) = source?;
        let (id, size) = (self.next_delivery_id(), size(body));
        let sql = "INSERT INTO delivery (id, push, position, integration, channel, kind, key, due, since, size, notes, \
                   state, message, urgency) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?10, ?11, ?12, ?13)";
        self.connection.prepare_cached(sql)?.execute((
            id,
            push,
            event.index,
            integration,
            channel,
            rendered.kind,
            &rendered.key,
            at,
            size,
            json_unless_empty(&rendered.notes),
            DeliveryState::Pending,
            message,
            urgency,
        ))?;
        let sql = "INSERT INTO body (id, checksum, bytes) VALUES (?1, ?2, ?3)";
        self.connection.prepare_cached(sql)?.execute((id, checksum(body), body))?;
        let sql = "UPDATE told_message SET title = ?3 WHERE channel = ?1 AND number = ?2";
        self.connection.prepare_cached(sql)?.execute((channel, message, &rendered.title))?;
        self.counts.pending(integration, channel_name, channel, 1, size);
        Ok(())
    }
}

/// The values of a group as they are stored.
pub(super) fn read_values(stored: Option<String>) -> Vec<NamedValue> {
    let values: Vec<(String, String)> =
        stored.and_then(|stored| serde_json::from_str(&stored).ok()).unwrap_or_default();
    values.into_iter().map(|(name, value)| NamedValue { name, value }).collect()
}
