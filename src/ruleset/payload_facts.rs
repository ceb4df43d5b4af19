//! What becomes of a payload that a proof asks about.

use super::RuleSet;
use crate::evaluate::{self, EvaluationContext, EvaluationPlan, Observer, RequestMetadata, SilentObserver};
use crate::event::{Outcome, OutcomeKind};
use crate::json::{self, Arena};
use crate::model::MappingId;
use crate::program::Destination;
use crate::prove::{MappedElement, MappedEvent, MappedPayload, PayloadOutcome, PayloadWitness};
use crate::source::Span;
use crate::value::RuntimeValue;

impl RuleSet {
    /// What a mapping makes of a payload. Firings of all keys are open, so that all is evaluated that may be: also the fields
    /// of a recovery that a `drop` would keep back.
    #[must_use]
    pub fn payload_outcome(&self, witness: &PayloadWitness, mapping: MappingId) -> PayloadOutcome {
        let arena = Arena::new();
        let mut observer = PartObserver::default();
        let outcomes = self.mapped(witness, mapping, true, &arena, &mut observer);
        let is_accepted = !outcomes.iter().any(|outcome| matches!(outcome.kind, OutcomeKind::Unaccepted(_)));
        let drops: Vec<Span> =
            self.model.mappings.get(mapping).iter().flat_map(|mapping| &mapping.drops).map(|drop| drop.span).collect();
        let dropped = observer.held.iter().copied().find(|span| drops.contains(span));
        PayloadOutcome { is_accepted, dropped, held: observer.held, arms: observer.arms }
    }

    /// What a mapping makes of a payload, with the firings of all keys open or with none.
    #[must_use]
    pub fn map_payload(&self, witness: &PayloadWitness, mapping: MappingId, while_open: bool) -> MappedPayload {
        let arena = Arena::new();
        let outcomes = self.mapped(witness, mapping, while_open, &arena, &mut SilentObserver);
        let is_accepted = !outcomes.iter().any(|outcome| matches!(outcome.kind, OutcomeKind::Unaccepted(_)));
        let element = |outcome: &Outcome<'_>| match &outcome.kind {
            OutcomeKind::Event(event) | OutcomeKind::Routed(event, _) => {
                Some(MappedElement::Event(Box::new(MappedEvent::of(event))))
            }
            OutcomeKind::Dropped(reason) => Some(MappedElement::Dropped(reason.reason.to_owned())),
            OutcomeKind::Empty | OutcomeKind::Unaccepted(_) | OutcomeKind::Invalid { .. } => None,
        };
        MappedPayload { is_accepted, elements: outcomes.iter().filter_map(element).collect() }
    }

    fn mapped<'a, O: Observer>(
        &'a self,
        witness: &PayloadWitness,
        mapping: MappingId,
        while_open: bool,
        arena: &'a Arena,
        observer: &mut O,
    ) -> Vec<Outcome<'a>> {
        let text = arena.text(&witness.payload.to_string());
        let Ok(document) = json::parse(text.as_bytes(), arena) else { return Vec::new() };
        let mut request = RequestMetadata::default();
        for (name, value) in &witness.headers {
            request.set_header(name, value.clone());
        }
        if let Some(suffix) = &witness.path_suffix {
            request.set_path_suffix(suffix.clone());
        }
        let first = self.model.channels.first().filter(|_| while_open);
        let channels: Vec<String> = first.map(|channel| channel.name.to_string()).into_iter().collect();
        let open = |_: &str| channels.clone();
        let context = EvaluationContext { now: witness.time(), open: &open, request: &request };
        let destination = (!self.model.channels.is_empty()).then_some(Destination::Channel(0));
        let mappings = arena.slice(&[mapping]);
        let plan = EvaluationPlan { integration: None, mappings, destination };
        evaluate::evaluate(&self.program, plan, &document, &context, observer)
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
