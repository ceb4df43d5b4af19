//! Looks for a payload of which two rule sets do not make the same: the payloads of tests as they are, then each with
//! one
//! value changed. What is found is made as small as it can be.

use super::samples::{MappedOutcome, PayloadSample};
use crate::model::{Expression, ExpressionKind, Literal, Mapping, Model, ReachedNode};
use crate::path::{CompiledPath, PathRoot, SingularStep};
use crate::ruleset::RuleSet;
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
    let found = found.or_else(|| {
        let model = &original.model;
        let mapping = model.mappings.iter().find(|each| *each.name == *mapping)?;
        search_changed(&own, &ReadPlaces::of(model, mapping), &interesting_values(model, mapping), &differs)
    })?;
    let sample = smallest(found, &differs);
    let (original, changed) = (sample.outcomes(original), sample.outcomes(changed));
    Some(DifferentPayload { sample, original, changed })
}

/// Changes one value of a payload, small payloads first.
fn search_changed(
    samples: &[&PayloadSample],
    places: &ReadPlaces,
    values: &[Option<Value>],
    differs: &dyn Fn(&PayloadSample) -> bool,
) -> Option<PayloadSample> {
    let mut trials = 0;
    let mut known: BTreeSet<Vec<PayloadPath>> = BTreeSet::new();
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

/// The places that a mapping reads.
struct ReadPlaces {
    /// Those below the payload.
    of_payload: Vec<PayloadPath>,
    /// Those below an element.
    of_element: Vec<PayloadPath>,
    /// Where the elements stand; nothing if the payload is the element.
    elements: Option<PayloadPath>,
}

impl ReadPlaces {
    fn of(model: &Model, mapping: &Mapping) -> Self {
        let each = mapping.each.as_ref();
        let elements = each.and_then(|each| {
            let list = each.path.text().strip_suffix("[*]").filter(|_| each.start.is_none())?;
            CompiledPath::parse(list).ok().and_then(|list| singular(&list))
        });
        let mut places = Self { of_payload: Vec::new(), of_element: Vec::new(), elements };
        let mut see = |node: ReachedNode<'_>| {
            if let ReachedNode::Expression(Expression { kind: ExpressionKind::Path(path), .. }) = node
                && let Some(steps) = singular(path)
            {
                let is_below_element = path.root() == PathRoot::Element && each.is_some();
                let of = if is_below_element { &mut places.of_element } else { &mut places.of_payload };
                if !of.contains(&steps) {
                    of.push(steps);
                }
            }
        };
        mapping.each_accept(&mut |part| model.each_reached(part, &mut see));
        mapping.each_value(&mut |part| model.each_reached(part, &mut see));
        places
    }

    fn in_payload(&self, payload: &Value) -> Vec<PayloadPath> {
        let below = |start: PayloadPath| {
            self.of_element.iter().map(move |path| start.iter().chain(path).cloned().collect::<PayloadPath>())
        };
        let elements = self.elements.as_ref().filter(|list| value_at(payload, list).is_some_and(Value::is_array));
        let first = elements.map(|list| list.iter().cloned().chain([PayloadStep::Item(0)]).collect::<PayloadPath>());
        first.into_iter().flat_map(below).chain(self.of_payload.iter().cloned()).collect()
    }
}

/// The steps of a path of names and places from the beginning.
fn singular(path: &CompiledPath) -> Option<PayloadPath> {
    let step = |step: &SingularStep| match step {
        SingularStep::Name(name) => Some(PayloadStep::Member(name.name().text().to_owned())),
        SingularStep::Index(at) => usize::try_from(*at).ok().map(PayloadStep::Item),
    };
    if path.is_singular() { path.steps().iter().map(step).collect() } else { None }
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
            ReachedNode::Expression(expression) => match &expression.kind {
                ExpressionKind::Literal(literal) => vec![literal],
                ExpressionKind::Template(_)
                | ExpressionKind::Path(_)
                | ExpressionKind::Nodes(_)
                | ExpressionKind::Regex(_)
                | ExpressionKind::Let(_)
                | ExpressionKind::Field(_)
                | ExpressionKind::Label(_)
                | ExpressionKind::Parameter(_)
                | ExpressionKind::Request(_)
                | ExpressionKind::Group(_)
                | ExpressionKind::Define(_)
                | ExpressionKind::Navigate(..)
                | ExpressionKind::Call(..)
                | ExpressionKind::Lookup(..)
                | ExpressionKind::Coalesce(_)
                | ExpressionKind::Match(_)
                | ExpressionKind::Or(_)
                | ExpressionKind::And(_)
                | ExpressionKind::Not(_)
                | ExpressionKind::Compare(_)
                | ExpressionKind::List(_)
                | ExpressionKind::Object(_) => Vec::new(),
            },
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
    let is_kept = value.is_some();
    let outer = outer.iter().try_fold(payload, |value, step| match step {
        PayloadStep::Member(name) => {
            // Objects on the way are made where there is nothing.
            if is_kept && value.is_null() {
                *value = Value::Object(Map::new());
            }
            let members = value.as_object_mut()?;
            if is_kept && !members.contains_key(name) {
                members.insert(name.clone(), Value::Object(Map::new()));
            }
            members.get_mut(name)
        }
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
