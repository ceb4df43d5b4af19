//! Channels that gather messages, in a transaction: events arrive, and messages are made of what is due. How they are settled is
//! in `settle`.
//!
//! The state machine is `crate::notification`; here it works on the records of a store, together with what else the
//! transaction writes. So a push is answered once what it means for each channel is durable, and a message counts as told once
//! its delivery is stored.

use super::channel_policies::LAST_WORDS;
use super::fallback_event::PassedOnEvent;
use super::hold_work::{HoldContext, TellReadiness, prepare_telling};
use super::holds::{LastEvent, StoredHoldReason};
use super::message_content::{GivenUpMessage, MessageAlert, MessageContent, RenderedMessage, ToldAlert};
use super::regroup::{GroupingProgress, GroupingState, regroup};
use super::{DeliveryId, EventId, OperatorDrop, StoreError, StoreResult, Transaction};
use crate::channel::NotificationPolicy;
use crate::event::Severity;
use crate::notification::{
    AlertId, ArrivalResult, ChannelNotifier, ChannelStore, GroupId, MessageEnd, MessageId, MessageReason,
    MessageRecord, NamedValue,
};
use crate::time::Timestamp;

/// The alerts of a message whose events are read at most.
const MAX_MESSAGE_ALERTS: usize = 5_000;

/// How many records follow a message at once that told of more.
const FOLD_STEP: usize = 1_000;

/// An event that arrives at a channel that gathers messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventArrival {
    /// The position of its outcome.
    pub index: u32,
    /// The channel.
    pub channel: String,
    /// Its alert.
    pub alert: AlertId,
    /// The group by its values.
    pub group: GroupId,
    /// The values; none where it stands alone.
    pub values: Vec<NamedValue>,
    /// Its severity; nothing where it is a recovery.
    pub firing: Option<Severity>,
}

/// What an event was for a channel when it came, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredFate {
    /// News.
    News,
    /// A mute or silence held it.
    Held,
    /// It agreed with what the channel was told.
    Unchanged,
    /// The end of what was not told.
    OverUntold,
    /// The end of what was not open.
    NothingOpen,
    /// A mute, a silence or an operator kept it from a channel that gets every event.
    KeptBack,
    /// An operator had dropped its alert.
    Dropped,
}

/// How the news of an alert ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewsEnd {
    /// A message told it.
    Told,
    /// The alert was over before.
    OverUntold,
    /// A later firing was routed elsewhere.
    Elsewhere,
    /// The fallback of the channel was told; the channel may still tell it.
    PassedOn,
    /// An operator dropped it.
    Dropped,
}

/// An event that was applied to a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedArrival {
    /// The event.
    pub event: EventId,
    /// Its alert.
    pub alert: AlertId,
    /// What it was for the channel.
    pub result: ArrivalResult,
    /// What kept it from being told, or who dropped it.
    pub hold: Option<StoredHoldReason>,
    /// When it was applied.
    pub at: Timestamp,
    /// Whether the event's push says that the channel gathers it: then an unchanged one needs no note.
    pub is_listed: bool,
}

/// The delivery of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageDelivery {
    /// The message of its channel.
    pub message: MessageId,
    /// An event of the message.
    pub event: EventId,
    /// The worst severity that it tells of.
    pub urgency: Option<Severity>,
    /// When it was made.
    pub at: Timestamp,
    /// What is sent.
    pub rendered: RenderedMessage,
}

/// A message whose delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedMessage {
    /// The channel.
    pub channel: String,
    /// The message.
    pub message: MessageId,
}

/// Events of a channel that gets every event, of which its fallback is to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverdueEvents {
    /// The events.
    pub events: Vec<LastEvent>,
    /// Since when the first of the others is pending.
    pub next: Option<Timestamp>,
}

/// What a store keeps of a channel besides the records of the state machine.
#[expect(clippy::missing_errors_doc, reason = "every method fails where the store does, and only then")]
pub trait ChannelRecords: ChannelStore<Error = StoreError> {
    /// Notes what events were for the channel, and the last event of each alert that it knows.
    fn note_arrivals(&mut self, arrivals: &[AppliedArrival]) -> StoreResult<()>;

    /// Notes how long the news of events that ended it untold would have waited; they were noted before.
    fn note_waits(&mut self, arrivals: &[AppliedArrival]) -> StoreResult<()>;

    /// Notes that the news of an alert ended by the event of a push, and what kept it from being told.
    fn note_end(
        &mut self,
        alert: AlertId,
        event: EventId,
        end: NewsEnd,
        hold: Option<&StoredHoldReason>,
        at: Timestamp,
    ) -> StoreResult<()>;

    /// Notes whether the channel gets an alert that it knows as a copy.
    fn note_copy(&mut self, alert: AlertId, is_copy: bool) -> StoreResult<()>;

    /// Whether the channel gets an alert as a copy.
    fn is_copy(&self, alert: AlertId) -> StoreResult<bool>;

    /// Notes what holds an alert in the channel: a mute, or nothing for a silence.
    fn note_holder(&mut self, alert: AlertId, mute: Option<&str>) -> StoreResult<()>;

    /// Notes what mutes, silences and operators keep from a channel that gets every event.
    fn note_kept_back(&mut self, event: EventId, hold: &StoredHoldReason) -> StoreResult<()>;

    /// Notes that a channel is told of the last event of an alert instead; after how long, unless a message was given up.
    fn note_passed_on(&mut self, passed: &PassedOnEvent<'_>, at: Timestamp) -> StoreResult<()>;

    /// Notes that a message told news.
    fn note_told(&mut self, message: &MessageRecord) -> StoreResult<()>;

    /// Notes that an operator dropped the news of an alert.
    fn note_dropped(&mut self, alert: AlertId, drop: &OperatorDrop) -> StoreResult<()>;

    /// Notes that an operator dropped a message, and with it its alerts, but for those that were returned.
    fn note_dropped_message(
        &mut self,
        message: MessageId,
        returned: &[AlertId],
        drop: &OperatorDrop,
    ) -> StoreResult<()>;

    /// Who dropped an alert last; nothing where that is not known any more.
    fn dropped_by(&self, alert: AlertId) -> StoreResult<Option<StoredHoldReason>>;

    /// Notes how a message ended.
    fn note_message_end(&mut self, message: MessageId, end: MessageEnd) -> StoreResult<()>;

    /// A message that was given up; nothing where that is not known any more.
    fn given_up(&self, message: MessageId) -> StoreResult<Option<GivenUpMessage>>;

    /// Notes the values of a group, unless they are known.
    fn note_values(&mut self, group: GroupId, values: &[NamedValue]) -> StoreResult<()>;

    /// The last events of alerts. Those that cannot be read are left out.
    fn last_events(&self, alerts: &[ToldAlert]) -> StoreResult<Vec<MessageAlert>>;

    /// What a message tells, of at most so many alerts: the worst, if there are more. Events that cannot be read are left out.
    fn message_content(&self, message: &MessageRecord, most: usize) -> StoreResult<MessageContent>;

    /// A message may count as having told many alerts before the record of each says so: brings records up to it, at most so
    /// many.
    fn fold_told(&mut self, most: usize) -> StoreResult<()>;

    /// Whether records are left for [`Self::fold_told`].
    fn is_folding(&self) -> StoreResult<bool>;

    /// By which rules its alerts are grouped.
    fn grouping(&self) -> StoreResult<GroupingState>;

    /// Notes that.
    fn set_grouping(&mut self, grouping: GroupingState) -> StoreResult<()>;

    /// Alerts that fire and that the channel was not told of, with their severities, by rising id after that one; at most so
    /// many.
    fn untold_alerts(&self, after: Option<AlertId>, most: usize) -> StoreResult<Vec<(AlertId, Severity)>>;

    /// Notes the policy by which dues are computed; the one before, where that is another one. It is empty at first.
    fn replace_policy(&mut self, policy: &str) -> StoreResult<Option<String>>;

    /// Forgets all alerts and groups. Undelivered messages stay.
    fn forget_all(&mut self) -> StoreResult<()>;
}

/// Events that are left to their channel for some time, although its fallback is to be told of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FallbackGrace {
    /// The last of them.
    pub last: DeliveryId,
    /// Until when.
    pub until: Timestamp,
}

impl Default for FallbackGrace {
    /// None are.
    fn default() -> Self {
        Self { last: DeliveryId::NONE, until: Timestamp::default() }
    }
}

/// What a transaction does with channels that gather messages.
#[expect(clippy::missing_errors_doc, reason = "every method fails where the store does, and only then")]
pub trait NotificationTransaction {
    /// The records of a channel.
    fn channel_records(&mut self, channel: &str) -> StoreResult<Box<dyn ChannelRecords + '_>>;

    /// Stores the delivery of a message.
    fn deliver_message(&mut self, channel: &str, delivery: &MessageDelivery) -> StoreResult<()>;

    /// Takes the events of a channel that gets every event, of which its fallback is to be told: those that are pending since
    /// that time or before, in the order in which they were queued, and those that were noted as given up; at most so many of
    /// each. With `up_to`, pending ones after that delivery are left. Replays are left out. None is taken twice.
    fn take_overdue(
        &mut self,
        channel: &str,
        since: Timestamp,
        up_to: Option<DeliveryId>,
        most: usize,
    ) -> StoreResult<OverdueEvents>;

    /// Until when the pending events of a channel are left to it before its fallback is told, as it was begun last.
    fn fallback_grace(&mut self, channel: &str) -> StoreResult<FallbackGrace>;

    /// Leaves the events of a channel that are pending now to it until that time.
    fn begin_fallback_grace(&mut self, channel: &str, until: Timestamp) -> StoreResult<()>;

    /// Notes that a dead letter is an event that was given up before it was taken as overdue, where its channel has a fallback;
    /// the channel. Messages and replays are left out.
    fn note_given_up(
        &mut self,
        delivery: DeliveryId,
        has_fallback: &dyn Fn(&str) -> bool,
    ) -> StoreResult<Option<String>>;

    /// Whoever makes the messages of a channel is told of it once the transaction is durable.
    fn wake_notifier(&mut self, channel: &str);
}

/// Renders a message; nothing where that is not possible.
pub type RenderMessage<'r> = dyn Fn(&MessageRecord, &MessageContent) -> Option<RenderedMessage> + 'r;

/// What telling did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TellResult {
    /// Why each message was made.
    pub messages: Vec<MessageReason>,
    /// When more can be told, if nothing arrives and nothing is settled.
    pub next: Option<Timestamp>,
}

/// Makes the messages of a channel that are due, and stores their deliveries.
///
/// # Errors
/// Where the store failed.
pub fn tell(
    transaction: &mut dyn Transaction,
    channel: &str,
    policy: NotificationPolicy,
    context: HoldContext<'_>,
    render: &RenderMessage<'_>,
) -> StoreResult<TellResult> {
    let now = context.now;
    let mut result = TellResult::default();
    if prepare_telling(transaction, channel, context)? == TellReadiness::Asking {
        return Ok(TellResult { next: Some(now), ..result });
    }
    if regroup(transaction, channel, policy, context)? == GroupingProgress::More {
        return Ok(TellResult { next: Some(now), ..result });
    }
    let mut records = transaction.channel_records(channel)?;
    records.fold_told(FOLD_STEP)?;
    if let Some(before) = records.replace_policy(&format!("{policy:?}"))? {
        let mut notifier = ChannelNotifier::new(&mut *records, policy);
        notifier.apply_policy()?;
        // What was given up because the channel was removed was never refused by a receiver.
        if before == format!("{LAST_WORDS:?}") {
            let refused = notifier.refused()?;
            notifier.tell_refused(&refused)?;
        }
    }
    loop {
        let made = ChannelNotifier::new(&mut *records, policy).advance(now)?;
        let mut unsent = Vec::new();
        for message in &made {
            records.note_told(message)?;
            let told = records.message_content(message, MAX_MESSAGE_ALERTS)?;
            let rendered = render(message, &told);
            result.messages.push(message.reason);
            let (Some(rendered), Some(first)) = (rendered, told.alerts.first()) else {
                unsent.push((message.id, MessageEnd::Refused));
                continue;
            };
            if rendered.body.is_none() {
                unsent.push((message.id, MessageEnd::Delivered));
                continue;
            }
            let (event, urgency) = (first.event, message.worst_news());
            let delivery = MessageDelivery { message: message.id, event, urgency, at: now, rendered };
            drop(records);
            transaction.deliver_message(channel, &delivery)?;
            records = transaction.channel_records(channel)?;
        }
        if unsent.is_empty() {
            break;
        }
        for (message, end) in unsent {
            ChannelNotifier::new(&mut *records, policy).settle(now, message, end)?;
            records.note_message_end(message, end)?;
        }
    }
    result.next =
        if records.is_folding()? { Some(now) } else { ChannelNotifier::new(&mut *records, policy).next_moment(now)? };
    Ok(result)
}

/// Tells what a channel gathered that sends every event now, and then forgets what it was told.
///
/// # Errors
/// Where the store failed.
pub fn tell_last(
    transaction: &mut dyn Transaction,
    channel: &str,
    context: HoldContext<'_>,
    render: &RenderMessage<'_>,
) -> StoreResult<TellResult> {
    let result = tell_removed(transaction, channel, context, render)?;
    if result.next.is_none() {
        let mut records = transaction.channel_records(channel)?;
        let channel = records.channel()?;
        if channel.undelivered.is_empty() && !channel.is_paused {
            records.forget_all()?;
        }
    }
    Ok(result)
}

/// Makes messages of what a channel that was removed had to tell, which become dead letters. What it was told stays: where it
/// comes back, what still fires and was not told is news.
///
/// # Errors
/// Where the store failed.
pub fn tell_removed(
    transaction: &mut dyn Transaction,
    channel: &str,
    context: HoldContext<'_>,
    render: &RenderMessage<'_>,
) -> StoreResult<TellResult> {
    let mut records = transaction.channel_records(channel)?;
    // Nothing of a paused channel is told or given up; it is looked at again when it goes on.
    if records.channel()?.is_paused {
        return Ok(TellResult::default());
    }
    if records.groups()?.is_empty() && records.channel()?.undelivered.is_empty() {
        return Ok(TellResult::default());
    }
    // A message may have been settled by the policy of before.
    ChannelNotifier::new(&mut *records, LAST_WORDS).apply_policy()?;
    drop(records);
    tell(transaction, channel, LAST_WORDS, context, render)
}
