//! What is due comes before what arrives: messages that are due are made before a push is applied, in its transaction. Otherwise
//! the end of an alert that comes just after its due moment, or together with its firing, would take back what had to be told.

use super::hold_work::HoldContext;
use super::notification::tell;
use super::{Journal, MessageContent, Push, RenderedMessage, StoreResult, Transaction};
use crate::gateway::metrics::MessageLabels;
use crate::notification::{ChannelNotifier, MessageReason, MessageRecord};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Renders a message of a channel by the rules in force; nothing where that is not possible.
pub type ChannelRenderer = dyn Fn(&str, &MessageRecord, &MessageContent) -> Option<RenderedMessage> + Send + Sync;

/// Why a message of a channel was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MadeMessage {
    channel: String,
    reason: MessageReason,
}

/// Makes the messages that are due in the channels to which events of a push go, where a group of these events is due. What is
/// due in other groups does not depend on the push.
pub(super) fn tell_due(
    transaction: &mut dyn Transaction,
    push: &Push,
    context: HoldContext<'_>,
    renderer: Option<&ChannelRenderer>,
) -> StoreResult<Vec<MadeMessage>> {
    let mut made = Vec::new();
    let Some(render) = renderer else { return Ok(made) };
    let mut due: BTreeSet<&str> = BTreeSet::new();
    for arrival in &push.arrivals {
        let records = transaction.channel_records(&arrival.channel)?;
        let group = records.alert(arrival.alert)?.map_or(arrival.group, |alert| alert.group);
        if records.group(group)?.and_then(|group| group.due).is_some_and(|due| due <= context.now) {
            due.insert(&arrival.channel);
        }
    }
    for channel in due {
        let Some(policy) = context.policies.get(channel) else { continue };
        let mut records = transaction.channel_records(channel)?;
        // What the channel does not take now waits as before.
        let next = ChannelNotifier::new(&mut *records, policy).next_moment(context.now)?;
        drop(records);
        if next != Some(context.now) {
            continue;
        }
        let told = tell(transaction, channel, policy, context, &|message, content| render(channel, message, content))?;
        made.extend(told.messages.into_iter().map(|reason| MadeMessage { channel: channel.to_owned(), reason }));
        transaction.wake_notifier(channel);
    }
    Ok(made)
}

impl Journal {
    /// Sets how messages are rendered that are due when a push comes. Without it, none is made then.
    pub fn set_renderer(&self, renderer: Arc<ChannelRenderer>) {
        self.inner.holds.set_renderer(renderer);
    }

    /// Counts messages that were made before a push was applied.
    pub(super) fn count_made(&self, made: &[MadeMessage]) {
        for MadeMessage { channel, reason } in made {
            let labels = MessageLabels { channel: channel.clone(), reason: reason.name().to_owned() };
            self.inner.shared.metrics.messages.get_or_create(&labels).inc();
        }
    }
}
