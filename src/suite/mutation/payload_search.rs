//! Looks for a payload of which two rule sets do not make the same: the payloads of tests as they are, then each with one
//! value changed. What is found is made as small as it can be.

use super::samples::{MappedOutcome, PayloadSample};
use crate::model::{ExpressionKind, Literal, Model, ReachedNode};
use crate::ruleset::RuleSet;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// How many payloads are tried for one change.
const MAX_TRIALS: usize = 6_000;

/// How many times a payload that was found is made smaller.
const MAX_REDUCTIONS: usize = 2_000;

/// A payload of which the two rule sets do not make the same.
#[derive(Debug)]
pub(super) struct DifferentPayload {
    pub(super) sample: PayloadSample,
    /// What the original rules make of it.
    pub(super) original: Vec<MappedOutcome>,
    /// What the changed rules make of it.
    pub(super) changed: Vec<MappedOutcome>,
}

/// A step into a payload.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum PayloadStep {
    Member(String),
    Item(usize),
}

type PayloadPath = Vec<PayloadStep>;

/// Looks for a payload of a mapping.
pub(super) fn search(
    original: &RuleSet,
    changed: &RuleSet,
    mapping: &str,
    samples: &[PayloadSample],
) -> Option<DifferentPayload> {
    let own: Vec<&PayloadSample> = samples.iter().filter(|sample| *sample.mapping == *mapping).collect();
    let differs = |sample: &PayloadSample| sample.outcomes(original) != sample.outcomes(changed);
    let found = own.iter().find(|sample| differs(sample)).map(|sample| (*sample).clone());
    let found = found.or_else(|| search_changed(&own, &interesting_values(&original.model, mapping), &differs))?;
    let sample = smallest(found, &differs);
    let (original, changed) = (sample.outcomes(original), sample.outcomes(changed));
    Some(DifferentPayload { sample, original, changed })
}

/// Changes one value of a payload. The same value at the same place is tried in one payload only.
fn search_changed(
    samples: &[&PayloadSample],
    values: &[Option<Value>],
    differs: &dyn Fn(&PayloadSample) -> bool,
) -> Option<PayloadSample> {
    let mut trials = 0;
    let mut known: BTreeSet<PayloadPath> = BTreeSet::new();
    for sample in samples {
        for path in paths(&sample.payload) {
            if path.is_empty() || !known.insert(path.clone()) {
                continue;
            }
            for value in values {
                trials += 1;
                if trials > MAX_TRIALS {
                    return None;
                }
                let mut changed = (*sample).clone();
                replace(&mut changed.payload, &path, value.clone());
                if differs(&changed) {
                    return Some(changed);
                }
            }
        }
    }
    None
}

/// Values that rules tell apart: those that the mapping names, and one of each kind; nothing stands for leaving it out.
fn interesting_values(model: &Model, mapping: &str) -> Vec<Option<Value>> {
    let mut values = vec![None, Some(Value::Null), Some("a".into()), Some("".into()), Some(" ".into())];
    let mut add = |value: Value| {
        if !values.contains(&Some(value.clone())) {
            values.push(Some(value));
        }
    };
    let mut see = |node: ReachedNode<'_>| {
        let literals: Vec<&Literal> = match node {
            ReachedNode::Expression(expression) => match &expression.kind {
                ExpressionKind::Literal(literal) => vec![literal],
                _ => Vec::new(),
            },
            ReachedNode::Test(test, _) => {
                test.operands().iter().filter_map(|operand| operand.literal()).collect()
            }
        };
        for literal in literals {
            match literal {
                Literal::Text(text) => {
                    add((**text).into());
                    add(text.to_uppercase().into());
                    add(text.to_lowercase().into());
                }
                Literal::Number(number) => _ = serde_json::from_str(&number.to_string()).map(&mut add),
                _ => {}
            }
        }
    };
    if let Some(mapping) = model.mappings.iter().find(|each| *each.name == *mapping) {
        mapping.each_accept(&mut |part| model.each_reached(part, &mut see));
        mapping.each_value(&mut |part| model.each_reached(part, &mut see));
    }
    [Value::Bool(true), 0.into(), Value::Array(Vec::new()), Value::Object(Map::new())].into_iter().for_each(add);
    values
}

/// The places in a payload, the outer ones first.
fn paths(payload: &Value) -> Vec<PayloadPath> {
    let mut found: Vec<PayloadPath> = vec![Vec::new()];
    let mut at = 0;
    while let Some(path) = found.get(at).cloned() {
        let steps: Vec<PayloadStep> = match value_at(payload, &path) {
            Some(Value::Object(members)) => members.keys().cloned().map(PayloadStep::Member).collect(),
            Some(Value::Array(items)) => (0..items.len()).map(PayloadStep::Item).collect(),
            _ => Vec::new(),
        };
        found.extend(steps.into_iter().map(|step| path.iter().cloned().chain([step]).collect()));
        at += 1;
    }
    found
}

fn value_at<'v>(payload: &'v Value, path: &[PayloadStep]) -> Option<&'v Value> {
    path.iter().try_fold(payload, |value, step| match step {
        PayloadStep::Member(name) => value.get(name),
        PayloadStep::Item(at) => value.get(at),
    })
}

fn replace(payload: &mut Value, path: &[PayloadStep], value: Option<Value>) {
    let Some((last, outer)) = path.split_last() else { return };
    let outer = outer.iter().try_fold(payload, |value, step| match step {
        PayloadStep::Member(name) => value.get_mut(name),
        PayloadStep::Item(at) => value.get_mut(at),
    });
    match (outer, last, value) {
        (Some(Value::Object(members)), PayloadStep::Member(name), Some(value)) => {
            members.insert(name.clone(), value);
        }
        (Some(Value::Object(members)), PayloadStep::Member(name), None) => _ = members.remove(name),
        (Some(Value::Array(items)), PayloadStep::Item(at), Some(value)) => {
            items.get_mut(*at).into_iter().for_each(|item| *item = value.clone());
        }
        (Some(Value::Array(items)), PayloadStep::Item(at), None) if *at < items.len() => _ = items.remove(*at),
        _ => {}
    }
}

/// Leaves out what the difference does not need.
fn smallest(found: PayloadSample, differs: &dyn Fn(&PayloadSample) -> bool) -> PayloadSample {
    let mut best = found;
    let mut trials = 0;
    let mut left = paths(&best.payload);
    left.reverse();
    // The largest parts first.
    while let Some(path) = left.pop() {
        trials += 1;
        if trials > MAX_REDUCTIONS {
            break;
        }
        let mut smaller = best.clone();
        replace(&mut smaller.payload, &path, None);
        if smaller.payload != best.payload && differs(&smaller) {
            best = smaller;
            left = paths(&best.payload);
            left.reverse();
        }
    }
    best
}
