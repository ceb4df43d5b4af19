//! Whether changed rules are the same as the original ones, or what tells them apart.

use super::payload_search;
use super::reach::ChangeUsers;
use super::simplify::simplify;
use super::suggestion;
use crate::model::Model;
use crate::prove::{
    ComparedModel, DeclarationKind, MappingComparison, RoutingComparison, WitnessOutcome, changed_declarations,
};
use crate::ruleset::RuleSet;
use crate::suite::payload_sample::PayloadSample;
use std::collections::BTreeSet;

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

/// What changed rules are compared with.
pub(super) struct OriginalRules<'o> {
    pub(super) rules: &'o RuleSet,
    /// The same rules by the form of [`simplify`].
    pub(super) simplified: Model,
    pub(super) samples: Vec<PayloadSample>,
}

/// Compares changed rules with the original ones. `name` is that of the test that tells them apart. The model of the
/// changed rules is simplified.
pub(super) fn compare(
    original: &OriginalRules<'_>,
    changed: &mut RuleSet,
    users: &ChangeUsers,
    name: &str,
) -> SurvivorComparison {
    let mut unknown = None;
    match original.rules.compare_routings(changed) {
        RoutingComparison::Differs(event) => {
            return SurvivorComparison::Different(suggestion::of_event(name, &event));
        }
        RoutingComparison::Undecided(reason) => {
            unknown = Some(format!("whether it changes something is undecided: {reason}"));
        }
        RoutingComparison::Equal => {}
    }
    let mappings: Vec<(&str, MappingComparison)> = users
        .mappings
        .iter()
        .filter_map(|name| Some((&**name, compare_mapping(original.rules, changed, name)?)))
        .collect();
    simplify(&mut changed.model);
    let declarations = changed_declarations(unused(&original.simplified), unused(&changed.model));
    let kinds: BTreeSet<DeclarationKind> = declarations.iter().map(|declaration| declaration.kind).collect();
    if kinds.contains(&DeclarationKind::Mapping) {
        for (mapping, comparison) in mappings {
            if matches!(comparison, MappingComparison::Equal) {
                continue;
            }
            let found = payload_search::search(original.rules, changed, mapping, &original.samples);
            if let Some(found) = found.or_else(|| payload_search::proven(original.rules, changed, mapping, &comparison))
            {
                return SurvivorComparison::Different(suggestion::of_payload(name, &found));
            }
            unknown.get_or_insert_with(|| why_unknown(&comparison));
        }
    }
    let other = declarations.iter().find(|declaration| is_compared_otherwise(declaration.kind));
    if let Some(other) = other {
        let (kind, name) = (other.kind.name(), &other.name);
        unknown.get_or_insert_with(|| format!("it changes the {kind} `{name}`, which is not compared"));
    }
    unknown.map_or(SurvivorComparison::Equivalent, SurvivorComparison::Unknown)
}

/// A model whose evaluator is not asked.
fn unused(model: &Model) -> ComparedModel<'_, 'static> {
    ComparedModel { model, evaluate: &|_, _| WitnessOutcome::default() }
}

/// Compares what a mapping makes of payloads. None if one of the rule sets does not have it.
fn compare_mapping(original: &RuleSet, changed: &RuleSet, name: &str) -> Option<MappingComparison> {
    let place = |rules: &RuleSet| rules.model.mappings.iter().position(|mapping| *mapping.name == *name);
    Some(original.compare_mappings(place(original)?, changed, place(changed)?))
}

fn why_unknown(comparison: &MappingComparison) -> String {
    match comparison {
        MappingComparison::Undecided(reason) => format!("no payload was found that tells it apart: {reason}"),
        MappingComparison::Differs(changed) if changed.while_open => {
            format!("it changes what becomes of `{}` while its firing is open", changed.payload)
        }
        MappingComparison::Equal | MappingComparison::Differs(_) => {
            "no payload was found that tells it apart".to_owned()
        }
    }
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
