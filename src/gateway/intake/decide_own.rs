//! What happens to a push that the gateway makes itself: the outcomes of what the clock found.

use super::decide::{DecidedPush, IncomingPush, conclude, noting};
use super::prepared_version::PreparedVersion;
use super::refusal::Refusal;
use crate::evaluate::{EvaluationContext, SilentObserver};
use crate::event::{Outcome, OutcomeKind};
use crate::gateway::journal::{ChangedSender, OwnPush, SilenceList, SilentAlert};
use crate::gateway::stored_event::read_event;
use crate::json::Arena;
use std::cell::RefCell;

/// Decides about what the clock found. `open` says in which channels the firing of a key is open.
///
/// # Errors
/// Where the push would become too large in any case.
pub(super) fn decide_own<'a>(
    prepared: &'a PreparedVersion,
    incoming: &'a IncomingPush,
    own: &'a OwnPush,
    open: &dyn Fn(&str) -> Vec<String>,
    silences: &SilenceList,
    arena: &'a Arena,
) -> Result<DecidedPush<'a>, Refusal> {
    let was_open = RefCell::default();
    let ask = noting(open, &was_open);
    let context = EvaluationContext { open: &ask, ..EvaluationContext::at(incoming.now) };
    let outcomes = match own {
        OwnPush::Senders(_, senders) => {
            senders.iter().map(|sender| sender_outcome(prepared, incoming, sender, &context, arena)).collect()
        }
        OwnPush::Alerts(_, alerts) => {
            alerts.iter().map(|alert| alert_outcome(prepared, incoming, alert, &context, arena)).collect()
        }
    };
    conclude(prepared, incoming, outcomes, was_open.take(), silences)
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
    let kind = OutcomeKind::Empty;
    Outcome { integration: Some(&incoming.integration), mapping: None, index: None, kind }
}
