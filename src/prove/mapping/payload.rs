//! Payloads that show that a finding is true.

use super::ElementPlace;
use crate::diagnostic::visible_json;
use crate::path::{SampleStep, SingularStep};
use crate::prove::defaults::default_time;
use crate::prove::formula::{Formulas, NodeKinds, PayloadOrigin, PayloadStep, Variable};
use crate::prove::solver::Solution;
use crate::prove::theory::VariableValue;
use crate::time::Timestamp;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// No array of a payload is made longer than this.
const MAX_ITEMS: usize = 1_000;

/// What a push holds, and the time of its evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct PayloadWitness {
    /// The payload.
    pub payload: Value,
    /// Headers of the request, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The path behind the integration's name.
    pub path_suffix: Option<String>,
    /// The time of evaluation, if something asks for it.
    pub at: Option<Timestamp>,
}

impl PayloadWitness {
    /// The payload of a solution.
    pub(in crate::prove) fn new(formulas: &Formulas, solution: &Solution, element: Option<&ElementPlace>) -> Self {
        let names = member_names(formulas);
        let (mut payload, mut inner) = (Tree::default(), Tree::default());
        let mut witness = Self { payload: Value::Null, headers: BTreeMap::new(), path_suffix: None, at: None };
        for (variable, value) in &solution.values {
            match (formulas.variable(*variable), value) {
                (Some(Variable::Node(place)), value) => {
                    let tree = if place.origin == PayloadOrigin::Payload { &mut payload } else { &mut inner };
                    tree.at(&place.steps).value = Some(node_value(value));
                }
                (Some(Variable::Header(name)), VariableValue::Text(text)) => {
                    witness.headers.insert(name.to_string(), text.clone());
                }
                (Some(Variable::PathSuffix), VariableValue::Text(text)) => witness.path_suffix = Some(text.clone()),
                (Some(Variable::Now), VariableValue::Time(time)) => witness.at = Some(*time),
                _ => {}
            }
        }
        if let Some(element) = element {
            if inner.json(&names).is_none() {
                inner.value = Some(NodeValue::Whole(Value::Object(Map::new())));
            }
            payload.at(&element.start.steps).graft(&element.steps, inner, &names);
        }
        witness.payload = payload.json(&names).unwrap_or_else(|| Value::Object(Map::new()));
        witness
    }

    /// The time of evaluation.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.at.unwrap_or_else(default_time)
    }
}

/// The payload in the notation of tests, and what the request says besides.
impl fmt::Display for PayloadWitness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        write_json(&self.payload, &mut text);
        f.write_str(&text)?;
        for (name, value) in &self.headers {
            write!(f, " with the header {name}: {}", visible_json(&Value::from(value.as_str()).to_string()))?;
        }
        if let Some(suffix) = &self.path_suffix {
            write!(f, " at the path {}", visible_json(&Value::from(suffix.as_str()).to_string()))?;
        }
        Ok(())
    }
}

/// The names of members that rules read.
fn member_names(formulas: &Formulas) -> BTreeSet<&str> {
    let places = formulas.variables().filter_map(|variable| match variable {
        Variable::Node(place) => Some(&place.steps),
        Variable::Field(_)
        | Variable::Label(_)
        | Variable::Now
        | Variable::OpaqueText(_)
        | Variable::Statement(_)
        | Variable::Written(..)
        | Variable::Header(_)
        | Variable::PathSuffix => None,
    });
    let steps = places.flat_map(|steps| steps.iter());
    steps.filter_map(|step| if let PayloadStep::Member(name) = step { Some(&**name) } else { None }).collect()
}

/// A value of the payload that a solution asks for.
#[derive(Debug, Clone, PartialEq)]
enum NodeValue {
    Missing,
    Whole(Value),
    /// An object with members; these besides those that are asked for by their places.
    Members(Map<String, Value>),
    /// An array with items; these besides those that are asked for by their places.
    Items(Vec<Value>),
}

fn node_value(value: &VariableValue) -> NodeValue {
    match value {
        VariableValue::Number(number) => {
            NodeValue::Whole(serde_json::from_str(&number.to_string()).unwrap_or(Value::Null))
        }
        VariableValue::Structure(NodeKinds::EMPTY_ARRAY, _) => NodeValue::Whole(Value::Array(Vec::new())),
        VariableValue::Structure(NodeKinds::EMPTY_OBJECT, _) => NodeValue::Whole(Value::Object(Map::new())),
        VariableValue::Structure(kind, text) => {
            let written = text.as_ref().and_then(|text| serde_json::from_str(text).ok());
            match written {
                Some(Value::Array(items)) => NodeValue::Items(items),
                Some(Value::Object(members)) => NodeValue::Members(members),
                _ if *kind == NodeKinds::ITEMS => NodeValue::Items(Vec::new()),
                _ => NodeValue::Members(Map::new()),
            }
        }
        VariableValue::Null => NodeValue::Whole(Value::Null),
        VariableValue::Boolean(boolean) => NodeValue::Whole(Value::Bool(*boolean)),
        VariableValue::Text(text) => NodeValue::Whole(Value::from(text.as_str())),
        VariableValue::Missing | VariableValue::Constant(_) | VariableValue::Time(_) | VariableValue::Free => {
            NodeValue::Missing
        }
    }
}

/// A payload that grows.
#[derive(Debug, Clone, Default)]
struct Tree {
    value: Option<NodeValue>,
    parts: BTreeMap<PayloadStep, Tree>,
}

impl Tree {
    fn at(&mut self, steps: &[PayloadStep]) -> &mut Self {
        steps.iter().fold(self, |tree, step| tree.parts.entry(step.clone()).or_default())
    }

    /// Puts an element where `each` finds it.
    fn graft(&mut self, steps: &[SampleStep], element: Self, names: &BTreeSet<&str>) {
        let Some((first, rest)) = steps.split_first() else {
            *self = element;
            return;
        };
        let step = match first {
            SampleStep::Only(step) | SampleStep::Among(step) => PayloadStep::of(step),
            SampleStep::Any | SampleStep::Below(None) => self.free_step(names),
            SampleStep::Below(Some(step)) => {
                let step = PayloadStep::of(step);
                let is_items = matches!(self.value, Some(NodeValue::Items(_)));
                let fits = is_items == matches!(step, PayloadStep::Item(_));
                if !fits || self.parts.contains_key(&step) {
                    let free = self.free_step(names);
                    let mut between = Self::default();
                    between.parts.entry(step).or_default().graft(rest, element, names);
                    self.parts.insert(free, between);
                    return;
                }
                step
            }
        };
        self.parts.entry(step).or_default().graft(rest, element, names);
    }

    /// A step to a part about which nothing is said.
    fn free_step(&self, names: &BTreeSet<&str>) -> PayloadStep {
        if matches!(self.value, Some(NodeValue::Members(_)) | None) && !self.has_items() {
            return PayloadStep::Member(self.free_name(names));
        }
        let mut index = 0;
        while self.parts.contains_key(&PayloadStep::Item(index)) {
            index += 1;
        }
        PayloadStep::Item(index)
    }

    fn has_items(&self) -> bool {
        self.value.is_none() && !self.parts.keys().any(|step| matches!(step, PayloadStep::Member(_)))
    }

    /// A name of a member that nothing reads.
    fn free_name(&self, names: &BTreeSet<&str>) -> Box<str> {
        let mut name = "a".to_owned();
        while names.contains(name.as_str()) || self.parts.contains_key(&PayloadStep::Member(name.as_str().into())) {
            name.push('a');
        }
        name.into()
    }

    /// Nothing if it is missing.
    fn json(&self, names: &BTreeSet<&str>) -> Option<Value> {
        if let Some(NodeValue::Whole(value)) = &self.value {
            return Some(value.clone());
        }
        let mut members =
            if let Some(NodeValue::Members(members)) = &self.value { members.clone() } else { Map::new() };
        let mut items = BTreeMap::new();
        for (step, part) in &self.parts {
            match (step, part.json(names)) {
                (PayloadStep::Member(name), Some(part)) => _ = members.insert(name.to_string(), part),
                (PayloadStep::Member(name), None) => _ = members.remove(&**name),
                (PayloadStep::Item(index), part) => _ = items.insert(*index, part),
            }
        }
        let has_items = items.values().any(Option::is_some);
        match &self.value {
            Some(NodeValue::Items(more)) => Some(array(&items, more)),
            Some(NodeValue::Members(_)) if members.is_empty() => {
                Some(Value::Object(Map::from_iter([(self.free_name(names).into(), Value::from("a"))])))
            }
            Some(NodeValue::Members(_)) => Some(Value::Object(members)),
            None if !members.is_empty() => Some(Value::Object(members)),
            None if has_items => Some(array(&items, &[])),
            Some(NodeValue::Missing | NodeValue::Whole(_)) | None => None,
        }
    }
}

/// An array with items at some places, of which negative ones count from the end, and with none at others.
///
/// What is asked for from the front and from the end stands apart, unless the array would have an item too many.
fn array(items: &BTreeMap<i64, Option<Value>>, more: &[Value]) -> Value {
    if items.values().all(Option::is_none) && !more.is_empty() {
        return Value::Array(more.to_vec());
    }
    let needed = |index: i64| match usize::try_from(index) {
        Ok(place) => place.saturating_add(1),
        Err(_) => usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX),
    };
    let longest = |is_wanted: &dyn Fn(i64) -> bool| {
        let present = items.iter().filter(|(index, item)| item.is_some() && is_wanted(**index));
        present.map(|(index, _)| needed(*index)).max().unwrap_or(0)
    };
    let (front, end) = (longest(&|index| index >= 0).saturating_add(more.len()), longest(&|index| index < 0));
    let most = items.iter().filter(|(_, item)| item.is_none()).map(|(index, _)| needed(*index) - 1).min();
    let length = front.saturating_add(end).min(most.unwrap_or(MAX_ITEMS)).max(longest(&|_| true)).clamp(1, MAX_ITEMS);
    let mut all: Vec<Option<Value>> = vec![None; length];
    for (index, item) in items {
        let place = usize::try_from(*index).unwrap_or_else(|_| length.saturating_sub(needed(*index)));
        if let (Some(slot), Some(item)) = (all.get_mut(place), item) {
            *slot = Some(item.clone());
        }
    }
    // An item about which nothing is said is not one of those that rules mostly look for.
    let mut more = more.iter().cloned();
    let items = all.into_iter().map(|item| item.or_else(|| more.next()).unwrap_or_else(|| Value::from("a")));
    Value::Array(items.collect())
}

fn write_json(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            text.push_str("{ ");
            for (position, (name, member)) in members.iter().enumerate() {
                if position > 0 {
                    text.push_str(", ");
                }
                text.push_str(&visible_json(&Value::from(name.as_str()).to_string()));
                text.push_str(": ");
                write_json(member, text);
            }
            text.push_str(" }");
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    text.push_str(", ");
                }
                write_json(item, text);
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            text.push_str(&visible_json(&value.to_string()));
        }
    }
}

/// The steps of a path that leads to one node.
pub(super) fn only_steps(steps: &[SampleStep]) -> impl Iterator<Item = &SingularStep> {
    steps.iter().map_while(|step| if let SampleStep::Only(step) = step { Some(step) } else { None })
}
