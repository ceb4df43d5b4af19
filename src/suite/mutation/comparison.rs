//! Whether changed rules are the same as the original ones, or what tells them apart.

use super::payload_search;
use super::reach::ChangeUsers;
use super::samples::PayloadSample;
use super::suggestion;
use crate::prove::{ComparedModel, DeclarationKind, RoutingComparison, changed_declarations, compare_routings};
use crate::ruleset::RuleSet;

/// What is known about changed rules that pass all tests.
#[derive(Debug)]
pub(super) enum SurvivorComparison {
    /// They are the same for every payload and every event.
    Equivalent,
    /// This test passes with the original rules, and fails with the changed ones.
    Different(String),
    /// Nothing tells them apart, as far as was looked.
    Unknown(String),
}

/// Compares changed rules with the original ones. `name` is that of the test that tells them apart.
pub(super) fn compare(
    original: &RuleSet,
    changed: &RuleSet,
    users: &ChangeUsers,
    samples: &[PayloadSample],
    name: &str,
) -> SurvivorComparison {
    let evaluate_old = |witness: &_, routing| original.outcome(witness, routing);
    let evaluate_new = |witness: &_, routing| changed.outcome(witness, routing);
    let old = ComparedModel { model: &original.model, evaluate: &evaluate_old };
    let new = ComparedModel { model: &changed.model, evaluate: &evaluate_new };
    let mut unknown = None;
    match compare_routings(old, new) {
        RoutingComparison::Differs(event) => {
            return SurvivorComparison::Different(suggestion::of_event(name, &event));
        }
        RoutingComparison::Undecided(reason) => unknown = Some(format!("whether it changes something is undecided: {reason}")),
        RoutingComparison::Equal => {}
    }
    for mapping in &users.mappings {
        if let Some(found) = payload_search::search(original, changed, mapping, samples) {
            return SurvivorComparison::Different(suggestion::of_payload(name, &found));
        }
        unknown.get_or_insert_with(|| "no payload was found that tells it apart".to_owned());
    }
    let others = changed_declarations(old, new);
    let other = others.iter().find(|declaration| is_compared_otherwise(declaration.kind));
    if let Some(other) = other {
        let (kind, name) = (other.kind.name(), &other.name);
        unknown.get_or_insert_with(|| format!("it changes the {kind} `{name}`, which is not compared"));
    }
    unknown.map_or(SurvivorComparison::Equivalent, SurvivorComparison::Unknown)
}

/// Whether neither routings nor mappings show what a declaration does.
fn is_compared_otherwise(kind: DeclarationKind) -> bool {
    match kind {
        DeclarationKind::Mapping
        | DeclarationKind::Define
        | DeclarationKind::Table
        | DeclarationKind::Schedule
        | DeclarationKind::Routing => false,
        DeclarationKind::Integration
        | DeclarationKind::Channel
        | DeclarationKind::Family
        | DeclarationKind::Mute
        | DeclarationKind::Heartbeat => true,
    }
}
