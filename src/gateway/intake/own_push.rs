//! Pushes that the gateway makes itself, through the door `clock`: senders that are absent or heard again, and alerts of which
//! nothing more is heard.

use super::accept::{PushDecision, Receipt};
use super::backend::IntakeBackend;
use super::decide::{DecidedPush, IncomingPush, OpenFirings, conclude};
use super::prepared_version::PreparedVersion;
use super::refusal::Refusal;
use crate::evaluate::{EvaluationContext, SilentObserver};
use crate::event::Outcome;
use crate::gateway::hold_asker::ReadSilences;
use crate::gateway::journal::{ChangedSender, OwnPush, PushOrigin, SilentAlert};
use crate::gateway::stored_event::read_event;
use crate::json::Arena;
use crate::model::heartbeat_source;
use crate::notification::SenderChange;
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::sync::Arc;

/// Evaluates what the clock found by the rules in force, and makes it durable, unless it is no longer so.
///
/// # Errors
/// Where it cannot be made durable now.
pub async fn accept_own<H: IntakeBackend>(backend: &Arc<H>, mut own: OwnPush) -> Result<Receipt, Refusal> {
    loop {
        let prepared = backend.intake().prepared_version(&**backend);
        let integration = match &own {
            OwnPush::Senders(heartbeat, _) => heartbeat_source(heartbeat),
            OwnPush::Alerts(integration, _) => integration.clone(),
        };
        let incoming = backend.intake().incoming(&integration, PushOrigin::Clock, payload(&own));
        let incoming = IncomingPush { own: Some(Arc::new(own.clone())), ..incoming };
        let decision = PushDecision::begin(backend, prepared).await?;
        let (evaluated, slot) = decision.decide(incoming.payload.len(), move |evaluate| evaluate(incoming)).await?;
        if evaluated.is_too_large() && own.len() > 1 {
            own.truncate(own.len() / 2);
            continue;
        }
        return decision.conclude((evaluated, slot), 0).await;
    }
}

/// What the push was made of, for those who look at it.
fn payload(own: &OwnPush) -> Vec<u8> {
    let document = match own {
        OwnPush::Senders(heartbeat, senders) => {
            let change = |ChangedSender { pending, .. }: &ChangedSender| {
                let values = pending.sender.values.iter();
                let values: Map<String, Value> =
                    values.map(|value| (value.name.clone(), Value::from(value.value.as_str()))).collect();
                let change = match pending.change {
                    SenderChange::Absent => "absent",
                    SenderChange::Returned => "returned",
                    SenderChange::Left => "left",
                };
                json!({ "change": change, "by": values })
            };
            json!({ "heartbeat": heartbeat, "senders": senders.iter().map(change).collect::<Vec<_>>() })
        }
        OwnPush::Alerts(integration, alerts) => json!({ "resolve_timeout": integration, "alerts": alerts.len() }),
    };
    document.to_string().into_bytes()
}

/// Decides about what the clock found. `open` says in which channels the firing of a key is open.
///
/// # Errors
/// Where the push would become too large in any case.
pub(super) fn decide_own<'a>(
    prepared: &'a PreparedVersion,
    incoming: &'a IncomingPush,
    own: &'a OwnPush,
    open: &dyn Fn(&str) -> Vec<String>,
    silences: &ReadSilences,
    arena: &'a Arena,
) -> Result<DecidedPush<'a>, Refusal> {
    let was_open = RefCell::new(OpenFirings::default());
    let ask = |key: &str| {
        let channels = open(key);
        was_open.borrow_mut().note(key, &channels);
        channels
    };
    let context = EvaluationContext { open: &ask, ..EvaluationContext::at(incoming.now) };
    let outcomes = match own {
        OwnPush::Senders(_, senders) => {
            senders.iter().map(|sender| sender_outcome(prepared, incoming, sender, &context, arena)).collect()
        }
        OwnPush::Alerts(_, alerts) => {
            alerts.iter().map(|alert| alert_outcome(prepared, incoming, alert, &context, arena)).collect()
        }
    };
    conclude(prepared, incoming, outcomes, was_open.into_inner(), silences)
}

/// An outcome for each change, as changes and outcomes have the same order; an empty one where no event can be made.
fn sender_outcome<'a>(
    prepared: &'a PreparedVersion,
    incoming: &'a IncomingPush,
    ChangedSender { pending, outcome }: &'a ChangedSender,
    context: &EvaluationContext<'_>,
    arena: &'a Arena,
) -> Outcome<'a> {
    let rules = &prepared.version.value.rules;
    let last = outcome.as_deref().and_then(|outcome| read_event(outcome, &incoming.integration, arena));
    let made = rules.sender_outcome(pending, last, context, arena, &mut SilentObserver);
    made.unwrap_or_else(|| nothing(incoming))
}

fn alert_outcome<'a>(
    prepared: &'a PreparedVersion,
    incoming: &'a IncomingPush,
    alert: &'a SilentAlert,
    context: &EvaluationContext<'_>,
    arena: &'a Arena,
) -> Outcome<'a> {
    let rules = &prepared.version.value.rules;
    let last = read_event(&alert.outcome, &incoming.integration, arena);
    let made = last.and_then(|last| rules.silent_outcome(last, context, arena, &mut SilentObserver));
    made.unwrap_or_else(|| nothing(incoming))
}

fn nothing(incoming: &IncomingPush) -> Outcome<'_> {
    let kind = crate::event::OutcomeKind::Empty;
    Outcome { integration: Some(&incoming.integration), mapping: None, index: None, kind }
}
