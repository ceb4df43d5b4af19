//! Proofs of a rule set: which lines of its routings events can reach.
//!
//! Checks and tests ask for them. A gateway does not when it loads rules, so that a set which was served yesterday is served
//! after an upgrade.

use super::{LoadedRules, RuleSet, joined_findings};
use crate::check;
use crate::diagnostic::{Diagnostic, DiagnosticLevel, MAX_FINDINGS};
use crate::evaluate::{self, EvaluationContext, SilentObserver};
use crate::json::Arena;
use crate::model::RoutingId;
use crate::program::Destination;
use crate::prove::{
    KnownEvent, LineProofs, MappingProofs, ProofStatistics, UndecidedLine, UndecidedReason, Witness, WitnessOutcome,
    prove_lines, prove_mappings,
};
use crate::source::Span;
use std::collections::BTreeSet;

/// What proofs of a rule set found, for the proofs of its next version: an editor keeps it from one edit to the next.
///
/// It holds events: those of tests, and those that showed that lines are reachable. The new rules evaluate them all, and only
/// lines that none of them reaches are searched for: new lines, lines whose event goes elsewhere now, and unreachable or
/// undecided ones. So nothing that is reported rests on what was true before.
#[derive(Debug, Clone, Default)]
pub struct Proofs {
    events: Vec<KnownEvent>,
}

impl Proofs {
    /// Begins with events that may reach lines, as those of tests.
    #[must_use]
    pub fn knowing(events: Vec<KnownEvent>) -> Self {
        Self { events }
    }

    /// Adds events that may reach lines. Those that reach no line which another event does not reach are not kept for long.
    pub fn learn(&mut self, events: Vec<KnownEvent>) {
        self.events.extend(events);
    }

    /// How many events are kept.
    #[must_use]
    pub fn events(&self) -> usize {
        self.events.len()
    }
}

/// What the proofs of a rule set say, besides their findings.
#[derive(Debug, Clone)]
pub struct ProofSummary {
    /// How many lines of routings events can reach, or lead back to what follows: `else => decline`.
    pub reachable: usize,
    /// How many times nothing is left for an `else`, which is no mistake.
    pub needless_elses: usize,
    /// The lines of which that is not known.
    pub undecided: Vec<UndecidedLine>,
    /// The parts of mappings of which it is not known whether a payload meets them, and why.
    pub undecided_parts: Vec<(Span, UndecidedReason)>,
    /// What the proofs took.
    pub statistics: ProofStatistics,
}

impl LoadedRules {
    /// Adds the findings of proofs. A set with errors is not proved.
    pub fn prove(&mut self) -> Option<ProofSummary> {
        self.prove_with(&mut Proofs::default())
    }

    /// The same, with what is known already.
    pub fn prove_with(&mut self, proofs: &mut Proofs) -> Option<ProofSummary> {
        let (mut found, summary) = self.rules.as_ref()?.prove_with(proofs);
        joined_findings::join(&mut self.diagnostics, &mut found);
        for (added, finding) in found.into_iter().enumerate() {
            match finding.level() {
                _ if added < MAX_FINDINGS => self.diagnostics.push(finding),
                DiagnosticLevel::Error => self.left_out.errors += 1,
                DiagnosticLevel::Warning => self.left_out.warnings += 1,
            }
        }
        self.diagnostics.sort_by_key(|each| (each.span.file, each.span.start, each.span.end, each.code.id));
        Some(summary)
    }
}

impl RuleSet {
    /// The findings of proofs that no `allow` silences, and a summary.
    #[must_use]
    pub fn prove(&self) -> (Vec<Diagnostic>, ProofSummary) {
        self.prove_with(&mut Proofs::default())
    }

    /// The same, with what is known already, which then is what the next version of the rules needs.
    pub fn prove_with(&self, known: &mut Proofs) -> (Vec<Diagnostic>, ProofSummary) {
        let mut proofs = self.prove_lines_knowing(&known.events);
        known.events = std::mem::take(&mut proofs.events);
        let mappings = self.prove_mappings();
        let summary = ProofSummary {
            reachable: proofs.reachable(),
            needless_elses: proofs.needless_elses(),
            undecided: proofs.undecided(),
            undecided_parts: mappings.undecided(),
            statistics: proofs.statistics,
        };
        let mut found: Vec<Diagnostic> = proofs.findings();
        if !self.model.statements.is_empty() {
            found.extend(self.statement_prover().findings());
        }
        found.extend(mappings.findings);
        once_each(&mut found);
        let idle = check::silence_proofs(&self.model.later_allows, &mut found);
        found.extend(idle);
        for finding in &mut found {
            finding.align(&self.sources);
        }
        (found, summary)
    }

    /// Decides which lines of the routings events can reach.
    #[must_use]
    pub fn prove_lines(&self) -> LineProofs<'_> {
        self.prove_lines_knowing(&[])
    }

    fn prove_lines_knowing(&self, known: &[KnownEvent]) -> LineProofs<'_> {
        let evaluate = |witness: &Witness, routing| self.outcome(witness, routing);
        let prove = |known: &[KnownEvent]| prove_lines(&self.model, &evaluate, known, self.effort);
        let mut proofs = prove(known);
        let undecided = proofs.undecided();
        if known.is_empty() || undecided.is_empty() {
            return proofs;
        }
        // The search for one line may find an event for another whose own search finds none. What is known spares searches,
        // so the proofs begin anew, and what they find is added.
        let anew = prove(&[]);
        if anew.undecided().iter().filter(|line| undecided.contains(line)).count() == undecided.len() {
            return proofs;
        }
        let mut events = std::mem::take(&mut proofs.events);
        events.extend(anew.events);
        prove(&events)
    }

    /// Decides which parts of the mappings payloads meet.
    #[must_use]
    pub fn prove_mappings(&self) -> MappingProofs {
        prove_mappings(&self.model, &|witness, mapping| self.payload_outcome(witness, mapping), self.effort)
    }

    /// Where an event goes that enters a routing, with no firing open.
    #[must_use]
    pub fn outcome(&self, witness: &Witness, routing: RoutingId) -> WitnessOutcome {
        let arena = Arena::new();
        let event = witness.event(&arena);
        let context = EvaluationContext::at(witness.time());
        let destination = Destination::Routing(routing);
        let decision = evaluate::route(&self.program, destination, &event, &context, &arena, &mut SilentObserver);
        WitnessOutcome {
            routes: decision.routes.iter().map(|route| (route.path.into(), route.arm)).collect(),
            channels: decision.channels.iter().map(|channel| (*channel).into()).collect(),
        }
    }
}

/// Leaves the first of findings with one code at one place.
fn once_each(found: &mut Vec<Diagnostic>) {
    let mut seen = BTreeSet::new();
    found.retain(|finding| seen.insert((finding.code.id, finding.span)));
}
