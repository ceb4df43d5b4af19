//! Events of a channel that gets every event, and what mutes and silences keep back of them.

use super::{ChannelArrival, DeliveredMessage, TimelineChannel, UndeliveredEvent};
use crate::event::{AlertStatus, Event, Severity};
use crate::json::Arena;
use crate::notification::{
    AlertEntry, AlertId, EveryEventRecord, EveryEventResult, GroupId, HoldState, MessageEvent, MessageNews,
    MessageReason, NewsKind,
};
use crate::suite::timeline::budget::{TimelineBudget, TimelineLimit};
use crate::suite::timeline::stored_event::StoredEvent;
use crate::time::Timestamp;

/// An event that goes out by itself, beside what was sent of its alert before.
#[derive(Debug, Clone, Copy)]
struct SentEvent {
    alert: AlertId,
    reason: MessageReason,
    before: Option<Severity>,
    firing: Option<Severity>,
}

impl TimelineChannel {
    /// An event of a channel that gets every event.
    pub(super) fn pass_on(
        &mut self,
        now: Timestamp,
        arrival: ChannelArrival<'_>,
        entry: AlertEntry,
        budget: &mut TimelineBudget,
    ) -> Result<(), TimelineLimit> {
        let ChannelArrival { event, hold } = arrival;
        let alert = AlertId::of(event.integration, event.key);
        let firing = (event.status == AlertStatus::Firing).then_some(event.severity);
        let before = self.passed_on.remove(&alert);
        let (after, result) = EveryEventRecord::arrive(before, firing, hold);
        self.passed_on.extend(after.map(|after| (alert, after)));
        if after.is_none() {
            self.fallback_told.remove(&alert);
        }
        match result {
            EveryEventResult::Sent(reason) => {
                let reason = if entry == AlertEntry::Fallback { MessageReason::Fallback } else { reason };
                let before = before.and_then(|before| before.told);
                self.send(now, event, SentEvent { alert, reason, before, firing }, budget)
            }
            EveryEventResult::Held | EveryEventResult::Dropped | EveryEventResult::OverUntold => Ok(()),
        }
    }

    /// A mute or silence begins or ends to hold an alert, whose last event is given.
    pub(in crate::suite::timeline) fn set_hold(
        &mut self,
        now: Timestamp,
        alert: AlertId,
        hold: HoldState,
        last: &StoredEvent,
        budget: &mut TimelineBudget,
    ) -> Result<(), TimelineLimit> {
        if !self.gets_every_event() {
            let Ok(()) = self.notifier().set_hold(now, alert, hold);
            return Ok(());
        }
        let Some(before) = self.passed_on.get(&alert).copied() else { return Ok(()) };
        let (after, sent) = before.set_hold(hold);
        self.passed_on.insert(alert, after);
        let Some(reason) = sent else { return Ok(()) };
        let arena = Arena::new();
        let sent = SentEvent { alert, reason, before: before.told, firing: Some(after.firing) };
        self.send(now, &last.event.event(&arena), sent, budget)
    }

    /// An event goes out by itself.
    fn send(
        &mut self,
        now: Timestamp,
        event: &Event<'_>,
        sent: SentEvent,
        budget: &mut TimelineBudget,
    ) -> Result<(), TimelineLimit> {
        let SentEvent { alert, reason, before, firing } = sent;
        let group = GroupId::of_alert(alert);
        let kind = match (before, firing) {
            (_, None) => Some(NewsKind::Over),
            (None, Some(_)) => Some(NewsKind::New),
            (Some(before), Some(severity)) if severity > before => Some(NewsKind::Worse),
            (Some(before), Some(severity)) if severity < before => Some(NewsKind::Better),
            (Some(_), Some(_)) => None,
        };
        let news = kind.map(|kind| MessageNews { alert, group, kind, before, now: firing, since: now });
        let delivered = DeliveredMessage {
            channel: self.name.clone(),
            at: now,
            made: now,
            reason,
            groups: vec![group],
            values: Vec::new(),
            news: news.into_iter().collect(),
            message: MessageEvent::of_event(event, reason),
            bytes: 0,
        };
        self.queue(UndeliveredEvent { id: None, alert: Some(alert), worst: firing, delivered }, budget)
    }
}
