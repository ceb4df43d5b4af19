//! A decided push as it is stored and sent: its outcomes as JSON, and the bodies of its deliveries, as the channels of the
//! rules render them.

use super::decide::{BYTES_PER_DELIVERY, DecidedPush, IncomingPush, MAX_PUSH_BYTES, PlannedDelivery, PushCounts};
use super::refusal::Refusal;
use crate::evaluate::{EvaluationContext, PushAnswer};
use crate::event::{AlertStatus, MessageGroup};
use crate::gateway::journal::{
    EventArrival, FiringTransition, HeardAlert, NewDelivery, OpenFiring, PushHolds, PushOrigin,
};
use crate::gateway::served_rules::ServedRules;
use crate::json::ToJson;
use crate::notification::Sender;
use std::sync::Arc;

/// A decided push with all that is stored of it.
pub(super) struct RenderedPush {
    /// The outcomes as one JSON array.
    pub(super) outcomes: Arc<str>,
    /// What goes to channels, in the order of outcomes and channels.
    pub(super) deliveries: Vec<NewDelivery>,
    /// What arrives at channels that gather messages, in the order of outcomes and channels.
    pub(super) arrivals: Vec<EventArrival>,
    /// What mutes and silences say of the events; nothing where they arrived before.
    pub(super) holds: Option<PushHolds>,
    /// The senders of which its events are beats.
    pub(super) beats: Vec<Sender>,
    /// The alerts of its events, where it is watched whether they are heard.
    pub(super) heard: Vec<HeardAlert>,
    /// What opens and what closes, in the order of outcomes.
    pub(super) transitions: Vec<FiringTransition>,
    /// Keys that were open, and their channels.
    pub(super) open: Vec<OpenFiring>,
    /// Counts to add to the metrics once the push is durable.
    pub(super) counts: PushCounts,
    /// The key of the first event, where the protocol answers with it.
    pub(super) first_key: Option<String>,
    /// What the sender gets instead of the receipt.
    pub(super) answer: Option<PushAnswer>,
}

impl RenderedPush {
    /// Roughly how many bytes it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        /// A list of channels and the texts in it, besides their lengths.
        const LIST: usize = 128;
        let channels = |channels: &[String]| channels.iter().map(|channel| channel.len() + 48).sum::<usize>() + LIST;
        let deliveries = self.deliveries.iter().map(|delivery| {
            let body = delivery.body.as_ref().map_or(0, Vec::capacity);
            let notes = delivery.notes.iter().map(|note| note.len() + 48).sum::<usize>();
            BYTES_PER_DELIVERY + delivery.key.len() + delivery.channel.len() + body + notes
        });
        let transitions = self.transitions.iter().map(|transition| match transition {
            FiringTransition::Opened { key, channels: all, .. }
            | FiringTransition::Closed { key, removed_channels: all, .. } => key.len() + channels(all),
        });
        let open = self.open.iter().map(|open| open.key.len() + channels(&open.channels));
        let arrivals = self.arrivals.iter().map(|arrival| {
            let values = arrival.values.iter().map(|value| value.name.len() + value.value.len() + 48).sum::<usize>();
            arrival.channel.len() + size_of::<EventArrival>() + values
        });
        let holds = self.holds.iter().map(PushHolds::bytes);
        let beats = self.beats.iter().map(|sender| {
            let values = sender.values.iter().map(|value| value.name.len() + value.value.len() + 48);
            sender.heartbeat.len() + LIST + values.sum::<usize>()
        });
        let heard = self.heard.len() * size_of::<HeardAlert>() + beats.sum::<usize>();
        heard
            + self.outcomes.len()
            + deliveries.chain(transitions).chain(open).chain(arrivals).chain(holds).sum::<usize>()
    }
}

/// Renders the outcomes and the deliveries of a decided push. `text` is memory for the outcomes.
///
/// # Errors
/// Where the push becomes larger than [`MAX_PUSH_BYTES`].
pub(super) fn render(
    rules: &ServedRules,
    decided: DecidedPush<'_>,
    incoming: &IncomingPush,
    text: &mut Vec<u8>,
) -> Result<RenderedPush, Refusal> {
    let too_many = || Refusal::TooManyBytes { id: incoming.id, limit: MAX_PUSH_BYTES };
    for (index, outcome) in decided.outcomes.iter().enumerate() {
        text.push(if index == 0 { b'[' } else { b',' });
        outcome.write(text);
        if text.len() + decided.deliveries.len() * BYTES_PER_DELIVERY > MAX_PUSH_BYTES {
            return Err(too_many());
        }
    }
    text.push(b']');
    let context = EvaluationContext::at(incoming.now);
    let mut deliveries = Vec::with_capacity(decided.deliveries.len());
    let mut bytes = text.len();
    let group = match incoming.origin {
        PushOrigin::Replay => MessageGroup::ReplayedEvent,
        PushOrigin::Push | PushOrigin::Form | PushOrigin::Flashduty | PushOrigin::Alertmanager | PushOrigin::Clock => {
            MessageGroup::SingleEvent
        }
    };
    for delivery in decided.deliveries.iter().filter_map(|planned| render_one(rules, planned, group, &context)) {
        bytes += delivery.body.as_ref().map_or(0, Vec::len) + BYTES_PER_DELIVERY;
        if bytes > MAX_PUSH_BYTES {
            return Err(too_many());
        }
        deliveries.push(delivery);
    }
    let outcomes = str::from_utf8(text).unwrap_or_default().into();
    let DecidedPush { arrivals, holds, beats, heard, transitions, open, counts, first_key, answer, .. } = decided;
    let first_key = first_key.filter(|_| incoming.origin == PushOrigin::Flashduty).map(str::to_owned);
    Ok(RenderedPush {
        outcomes,
        deliveries,
        arrivals,
        holds,
        beats,
        heard,
        transitions,
        open,
        counts,
        first_key,
        answer,
    })
}

fn render_one(
    served: &ServedRules,
    planned: &PlannedDelivery<'_>,
    group: MessageGroup<'_>,
    context: &EvaluationContext<'_>,
) -> Option<NewDelivery> {
    let PlannedDelivery { index, event, channel } = *planned;
    let position = *served.rules.program.names.channels.get(channel)?;
    let kind = served.channels.get(position)?.kind;
    let (body, notes) = served.render_body(position, event, group, context);
    let key = event.key.to_string();
    let urgency = (event.status == AlertStatus::Firing).then_some(event.severity);
    Some(NewDelivery { index, channel: channel.to_owned(), kind: kind.name, key, body, notes, urgency })
}
