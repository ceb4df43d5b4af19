//! What differs between two rule sets.

use super::RuleSet;
use crate::prove::{ComparedModel, RoutingComparison, compare_routings};

impl RuleSet {
    /// Compares where this rule set and a newer one send events, up to the first difference.
    #[must_use]
    pub fn compare_routings(&self, new: &Self) -> RoutingComparison {
        compare_routings(
            ComparedModel { model: &self.model, evaluate: &|witness, routing| self.outcome(witness, routing) },
            ComparedModel { model: &new.model, evaluate: &|witness, routing| new.outcome(witness, routing) },
        )
    }
}
