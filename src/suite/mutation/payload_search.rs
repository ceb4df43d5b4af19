//! Looks for a payload of which two rule sets do not make the same: the payloads of tests as they are, then each with one
//! value changed. What is found is made as small as it can be.

use crate::model::{Literal, Mapping, Model, ReachedNode};
use crate::prove::MappingComparison;
use crate::ruleset::RuleSet;
use crate::suite::payload_sample::{MappedOutcome, PayloadSample};
use crate::suite::sample_path::{ReadPlaces, SamplePath, paths, replace};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// How many payloads are tried for one change.
const MAX_TRIALS: usize = 4_000;

/// How many times a payload that was found is made smaller.
const MAX_REDUCTIONS: usize = 2_000;

/// Texts that functions and fields tell apart: a word, a link, a time, nothing.
const TEXTS: [&str; 5] = ["a", "https://example.com/a", "2026-01-01T00:00:00Z", "", " "];

/// A payload of which the two rule sets do not make the same.
#[derive(Debug)]
pub(super) struct DifferentPayload {
    pub(super) sample: PayloadSample,
    /// What the original rules make of it.
    pub(super) original: Vec<MappedOutcome>,
    /// What the changed rules make of it.
    pub(super) changed: Vec<MappedOutcome>,
}

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
    let found = found.or_else(|| {
        let model = &original.model;
        let mapping = model.mappings.iter().find(|each| *each.name == *mapping)?;
        search_changed(&own, &ReadPlaces::of(model, mapping), &interesting_values(model, mapping), &differs)
    })?;
    let sample = smallest(found, &differs);
    let (original, changed) = (sample.outcomes(original), sample.outcomes(changed));
    Some(DifferentPayload { sample, original, changed })
}

/// The payload that a comparison of two mappings found.
pub(super) fn proven(
    original: &RuleSet,
    changed: &RuleSet,
    mapping: &str,
    comparison: &MappingComparison,
) -> Option<DifferentPayload> {
    let MappingComparison::Differs(found) = comparison else { return None };
    let sample = PayloadSample::of_witness(mapping, &found.payload);
    let (original, changed) = (sample.outcomes(original), sample.outcomes(changed));
    (original != changed).then_some(DifferentPayload { sample, original, changed })
}

/// Changes one value of a payload, small payloads first.
fn search_changed(
    samples: &[&PayloadSample],
    places: &ReadPlaces,
    values: &[Option<Value>],
    differs: &dyn Fn(&PayloadSample) -> bool,
) -> Option<PayloadSample> {
    let mut trials = 0;
    let mut known: BTreeSet<Vec<SamplePath>> = BTreeSet::new();
    let mut by_size = samples.to_vec();
    by_size.sort_by_key(|sample| sample.payload.to_string().len());
    for sample in by_size {
        let inner = paths(&sample.payload);
        if !known.insert(inner.clone()) {
            continue;
        }
        for path in places.in_payload(&sample.payload).into_iter().chain(inner).filter(|path| !path.is_empty()) {
            for value in values {
                trials += 1;
                if trials > MAX_TRIALS {
                    return None;
                }
                let mut changed = (*sample).clone();
                replace(&mut changed.payload, &path, value.clone());
                if changed.payload != sample.payload && differs(&changed) {
                    return Some(changed);
                }
            }
        }
    }
    None
}

/// Values that rules tell apart: those that the mapping names, and one of each kind; nothing stands for leaving it out.
fn interesting_values(model: &Model, mapping: &Mapping) -> Vec<Option<Value>> {
    let mut values: Vec<Option<Value>> = vec![None, Some(Value::Null)];
    values.extend(TEXTS.map(|text| Some(text.into())));
    let mut add = |value: Value| {
        if !values.contains(&Some(value.clone())) {
            values.push(Some(value));
        }
    };
    let mut see = |node: ReachedNode<'_>| {
        let literals: Vec<&Literal> = match node {
            ReachedNode::Expression(expression) => expression.literal().into_iter().collect(),
            ReachedNode::Test(test, _) => test.operands().iter().filter_map(|operand| operand.literal()).collect(),
        };
        for literal in literals {
            match literal {
                Literal::Text(text) => {
                    add((**text).into());
                    add(text.to_uppercase().into());
                    add(text.to_lowercase().into());
                }
                Literal::Number(number) => _ = serde_json::from_str(&number.to_string()).map(&mut add),
                Literal::Missing
                | Literal::Null
                | Literal::Boolean(_)
                | Literal::Severity(_)
                | Literal::Status(_)
                | Literal::Time(_) => {}
            }
        }
    };
    mapping.each_accept(&mut |part| model.each_reached(part, &mut see));
    mapping.each_value(&mut |part| model.each_reached(part, &mut see));
    [Value::Bool(true), 0.into(), Value::Array(Vec::new()), Value::Object(Map::new())].into_iter().for_each(add);
    values
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
