//! Events that no sender sends: the absence of a sender, and the end of an alert of which nothing more is heard.

use super::RuleSet;
use crate::evaluate::{self, Absence, EvaluationContext, Observer};
use crate::event::{AlertStatus, Event, Outcome, OutcomeKind, RoutingDecision};
use crate::json::Arena;
use crate::notification::silent_alert::NOTHING_MORE;
use crate::notification::{HeartbeatTerms, NamedValue, PendingChange, Sender, SenderChange};
use crate::program::{Destination, Heartbeat};
use std::time::Duration;

/// The note of the event that ends the absence of a sender that an operator forgot.
const FORGOTTEN: &str = "an operator ran `pointsman heartbeats forget`; nothing was heard again";

/// The note of the event that ends an absence whose heartbeat the rules no longer have.
const NO_HEARTBEAT: &str = "the rules no longer have this heartbeat; nothing was heard again";

impl RuleSet {
    /// What the rules say of each heartbeat, in text order.
    #[must_use]
    pub fn heartbeat_terms(&self) -> Vec<HeartbeatTerms> {
        let terms = |heartbeat: &Heartbeat| HeartbeatTerms {
            name: heartbeat.name.to_string(),
            by: heartbeat.by.iter().map(|value| value.name.to_string()).collect(),
            timeout: heartbeat.timeout,
        };
        self.program.heartbeats.iter().map(terms).collect()
    }

    /// The senders of which an event is a beat.
    #[must_use]
    pub fn beats<O: Observer>(
        &self,
        event: &Event<'_>,
        context: &EvaluationContext<'_>,
        observer: &mut O,
    ) -> Vec<Sender> {
        let beats = evaluate::beats(&self.program, event, context, observer);
        let sender = |beat: evaluate::Beat| {
            let heartbeat = self.program.heartbeats.get(beat.heartbeat)?;
            let values = heartbeat.by.iter().zip(beat.values);
            let values = values.map(|(by, value)| NamedValue { name: by.name.to_string(), value });
            Some(Sender { heartbeat: heartbeat.name.to_string(), values: values.collect() })
        };
        beats.into_iter().filter_map(sender).collect()
    }

    /// The event of a change of a sender, routed: its absence, or the end of it. `last` is the event of its absence, which ends
    /// one whose heartbeat the rules no longer have. Nothing where neither is known.
    pub fn sender_outcome<'a, O: Observer>(
        &'a self,
        pending: &'a PendingChange,
        last: Option<&'a Event<'a>>,
        context: &EvaluationContext<'_>,
        arena: &'a Arena,
        observer: &mut O,
    ) -> Option<Outcome<'a>> {
        let position = match pending.change {
            SenderChange::Absent | SenderChange::Returned => {
                self.program.heartbeats.iter().position(|known| *known.name == *pending.sender.heartbeat)?
            }
            SenderChange::Left => {
                let note = if pending.record.is_forgotten { FORGOTTEN } else { NO_HEARTBEAT };
                return Some(followed(last?, note, context, arena));
            }
        };
        let values: Vec<&str> = pending.sender.values.iter().map(|value| &*value.value).collect();
        let (since, ended) = match (pending.change, pending.record.absence) {
            (SenderChange::Returned, Some(absence)) => (absence.since, Some(pending.record.heard_at)),
            _ => (pending.record.heard_at, None),
        };
        let absence = Absence { heartbeat: position, values: arena.slice(&values), since, ended };
        let event = arena.alloc(evaluate::absence(&self.program, absence, context, arena, observer)?);
        let routing = self.program.heartbeats.get(position)?.routing;
        Some(self.routed(Destination::Routing(routing), event, context, arena, observer))
    }

    /// The end of an alert of which nothing more is heard, routed; `last` is its last event. Nothing where the rules no longer have
    /// its integration.
    pub fn silent_outcome<'a, O: Observer>(
        &'a self,
        last: &'a Event<'a>,
        context: &EvaluationContext<'_>,
        arena: &'a Arena,
        observer: &mut O,
    ) -> Option<Outcome<'a>> {
        let position = *self.program.names.integrations.get(last.integration?)?;
        let destination = self.program.integrations.get(position)?.destination;
        let event = arena.alloc(Event {
            status: AlertStatus::Resolved,
            ends_at: Some(context.now),
            notes: arena.slice(&[NOTHING_MORE]),
            ..*last
        });
        Some(self.routed(destination, event, context, arena, observer))
    }

    /// After which time an alert of an integration is over of which nothing more is heard; nothing where alerts are not watched.
    #[must_use]
    pub fn resolve_timeout(&self, integration: &str) -> Option<Duration> {
        let position = *self.program.names.integrations.get(integration)?;
        self.program.integrations.get(position)?.resolve_timeout
    }

    fn routed<'a, O: Observer>(
        &'a self,
        destination: Destination,
        event: &'a Event<'a>,
        context: &EvaluationContext<'_>,
        arena: &'a Arena,
        observer: &mut O,
    ) -> Outcome<'a> {
        observer.element(0);
        observer.routed(0);
        let decision = evaluate::route(&self.program, destination, event, context, arena, observer);
        outcome(event, decision)
    }
}

/// The recovery of an absence that no rule knows any more: it goes where the absence went.
fn followed<'a>(last: &'a Event<'a>, note: &'a str, context: &EvaluationContext<'_>, arena: &'a Arena) -> Outcome<'a> {
    let (ends_at, notes) = (Some(context.now), arena.slice(&[note]));
    let event = arena.alloc(Event { status: AlertStatus::Resolved, ends_at, notes, ..*last });
    let open: Vec<&str> = (context.open)(event.key).iter().map(|channel| arena.text(channel)).collect();
    let decision = RoutingDecision { channels: arena.slice(&open), followed: true, ..RoutingDecision::default() };
    outcome(event, decision)
}

fn outcome<'a>(event: &'a Event<'a>, decision: RoutingDecision<'a>) -> Outcome<'a> {
    Outcome { integration: event.integration, mapping: None, index: None, kind: OutcomeKind::Routed(event, decision) }
}
