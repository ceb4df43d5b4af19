//! What becomes of a payload that a proof asks about.

use super::RuleSet;
use crate::evaluate::{self, EvaluationContext, EvaluationPlan, Observer, RequestMetadata};
use crate::event::OutcomeKind;
use crate::json::{self, Arena};
use crate::model::MappingId;
use crate::program::Destination;
use crate::prove::{PayloadOutcome, PayloadWitness};
use crate::source::Span;
use crate::value::RuntimeValue;

impl RuleSet {
    /// What a mapping makes of a payload. Firings of all keys are open, so that all is evaluated that may be: also the fields
    /// of a recovery that a `drop` would keep back.
    #[must_use]
    pub fn payload_outcome(&self, witness: &PayloadWitness, mapping: MappingId) -> PayloadOutcome {
        let text = witness.payload.to_string();
        let arena = Arena::new();
        let Ok(document) = json::parse(text.as_bytes(), &arena) else { return PayloadOutcome::default() };
        let mut request = RequestMetadata::default();
        for (name, value) in &witness.headers {
            request.set_header(name, value.clone());
        }
        if let Some(suffix) = &witness.path_suffix {
            request.set_path_suffix(suffix.clone());
        }
        let channels: Vec<String> =
            self.model.channels.first().map(|channel| channel.name.to_string()).into_iter().collect();
        let open = |_: &str| channels.clone();
        let context = EvaluationContext { now: witness.time(), open: &open, request: &request };
        let destination = (!self.model.channels.is_empty()).then_some(Destination::Channel(0));
        let plan = EvaluationPlan { integration: None, mappings: &[mapping], destination };
        let mut observer = PartObserver::default();
        let outcomes = evaluate::evaluate(&self.program, plan, &document, &context, &mut observer);
        let is_accepted = !outcomes.iter().any(|outcome| matches!(outcome.kind, OutcomeKind::Unaccepted(_)));
        let drops: Vec<Span> =
            self.model.mappings.get(mapping).iter().flat_map(|mapping| &mapping.drops).map(|drop| drop.span).collect();
        let dropped = observer.held.iter().copied().find(|span| drops.contains(span));
        PayloadOutcome { is_accepted, dropped, held: observer.held, arms: observer.arms }
    }
}

/// Notes which conditions hold, and which arms are chosen.
#[derive(Default)]
struct PartObserver {
    held: Vec<Span>,
    arms: Vec<Span>,
}

impl Observer for PartObserver {
    const LISTENS: bool = true;

    fn arm(&mut self, arm: Span, _: &[RuntimeValue<'_>]) {
        self.arms.push(arm);
    }

    fn condition(&mut self, place: Span, holds: bool) {
        if holds {
            self.held.push(place);
        }
    }
}
