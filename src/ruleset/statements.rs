//! The evaluator, as statements to prove ask it.

use super::RuleSet;
use crate::check;
use crate::diagnostic::Diagnostic;
use crate::evaluate::{self, EvaluationContext, HoldBudget, SilentObserver};
use crate::event::AlertStatus;
use crate::json::Arena;
use crate::program::Destination;
use crate::prove::{ObservedRouting, StatementId, StatementProver, Witness};

impl RuleSet {
    /// Decides the statements of the rule set.
    #[must_use]
    pub fn statement_prover(&self) -> StatementProver<'_> {
        StatementProver::new(&self.model, Box::new(|event, statement| self.observe(event, statement)), self.effort)
    }

    /// The findings about statements that no `allow` silences: those that are about no event.
    #[must_use]
    pub fn statement_findings(&self) -> Vec<Diagnostic> {
        let mut found = self.statement_prover().findings();
        // Whether an `allow` is idle is known where all proofs ran.
        let _ = check::silence_proofs(&self.model.later_allows, &mut found);
        for finding in &mut found {
            finding.align(&self.sources);
        }
        found
    }

    /// What becomes of an event that enters the routing of a statement, with no firing open.
    #[must_use]
    pub fn observe(&self, witness: &Witness, statement: StatementId) -> ObservedRouting {
        let Some(entry) = self.model.statements.get(statement).map(|statement| statement.routing) else {
            return ObservedRouting::default();
        };
        let arena = Arena::new();
        let event = witness.event(&arena);
        let context = EvaluationContext::at(witness.time());
        let when = self.program.statements.get(statement).copied().flatten();
        let destination = Destination::Routing(entry);
        let decision = evaluate::route(&self.program, destination, &event, &context, &arena, &mut SilentObserver);
        let ids =
            |names: &[&str]| names.iter().filter_map(|name| self.program.names.channels.get(*name).copied()).collect();
        let mutes = if event.status == AlertStatus::Firing {
            let mut budget = HoldBudget::default();
            evaluate::hold_facts(&self.program, &event, &context, &mut budget, &mut SilentObserver).mutes
        } else {
            Vec::new()
        };
        ObservedRouting {
            meets: when.is_none_or(|when| evaluate::holds(&self.program, when, &event, &context)),
            routes: decision.routes.iter().map(|route| route.path.into()).collect(),
            channels: ids(decision.channels),
            copies: ids(decision.copies),
            mutes: mutes.iter().filter(|held| held.same.is_none()).map(|held| held.mute).collect(),
        }
    }
}
