//! Payloads that show that a finding is true.

use crate::diagnostic::visible_json;
use crate::path::{SampleStep, SingularStep};
use crate::prove::defaults::default_time;
use crate::prove::formula::{Formulas, PayloadOrigin, PayloadPlace, PayloadStep, Variable, VariableId};
use crate::prove::solver::Solution;
use crate::prove::theory::VariableValue;
use crate::time::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
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

/// Where the elements of a mapping stand in its payload.
#[derive(Debug, Clone)]
pub(super) struct ElementPlace {
    /// The value that `each` starts from.
    pub(super) start: PayloadPlace,
    /// Steps to one of the elements.
    pub(super) steps: Vec<SampleStep>,
}

impl PayloadWitness {
    /// The payload of a solution.
    pub(super) fn new(formulas: &Formulas, solution: &Solution, element: Option<&ElementPlace>) -> Self {
        let (mut payload, mut inner) = (Tree::default(), Tree::default());
        let mut witness = Self { payload: Value::Null, headers: BTreeMap::new(), path_suffix: None, at: None };
        for (variable, value) in &solution.values {
            match (formulas.variable(*variable), value) {
                (Some(Variable::Node(place)), value) => {
                    let tree = if place.origin == PayloadOrigin::Payload { &mut payload } else { &mut inner };
                    tree.at(&place.steps).value = Some(node_value(formulas, solution, *variable, value));
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
            if inner.json().is_none() {
                inner.value = Some(NodeValue::Whole(Value::Object(Map::new())));
            }
            payload.at(&element.start.steps).graft(&element.steps, inner);
        }
        witness.payload = payload.json().unwrap_or_else(|| Value::Object(Map::new()));
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

/// A value of the payload that a solution asks for.
#[derive(Debug, Clone, PartialEq)]
enum NodeValue {
    Missing,
    Whole(Value),
    /// An object with members.
    Members,
    /// An array with items.
    Items,
}

fn node_value(formulas: &Formulas, solution: &Solution, variable: VariableId, value: &VariableValue) -> NodeValue {
    // Where its JSON was asked for, that is its JSON.
    let written = solution.values.iter().find_map(|(other, text)| match (formulas.variable(*other), text) {
        (Some(Variable::Written(of, _)), VariableValue::Text(text)) if *of == variable => {
            serde_json::from_str::<Value>(text).ok()
        }
        _ => None,
    });
    match value {
        VariableValue::Number(number) => {
            let number = written.filter(Value::is_number).or_else(|| serde_json::from_str(&number.to_string()).ok());
            NodeValue::Whole(number.unwrap_or(Value::Null))
        }
        VariableValue::Array { is_empty } => match written.filter(is_structure) {
            Some(structure) => NodeValue::Whole(structure),
            None if *is_empty => NodeValue::Whole(Value::Array(Vec::new())),
            None => NodeValue::Items,
        },
        VariableValue::Object { is_empty } => match written.filter(is_structure) {
            Some(structure) => NodeValue::Whole(structure),
            None if *is_empty => NodeValue::Whole(Value::Object(Map::new())),
            None => NodeValue::Members,
        },
        VariableValue::Null => NodeValue::Whole(Value::Null),
        VariableValue::Boolean(boolean) => NodeValue::Whole(Value::Bool(*boolean)),
        VariableValue::Text(text) => NodeValue::Whole(Value::from(text.as_str())),
        VariableValue::Missing | VariableValue::Constant(_) | VariableValue::Time(_) | VariableValue::Free => {
            NodeValue::Missing
        }
    }
}

fn is_structure(value: &Value) -> bool {
    value.is_array() || value.is_object()
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
    fn graft(&mut self, steps: &[SampleStep], element: Self) {
        let Some((first, rest)) = steps.split_first() else {
            *self = element;
            return;
        };
        let step = match first {
            SampleStep::Only(step) | SampleStep::Among(step) => PayloadStep::of(step),
            SampleStep::Any => self.free_step(),
        };
        self.parts.entry(step).or_default().graft(rest, element);
    }

    /// A step to a part about which nothing is said.
    fn free_step(&self) -> PayloadStep {
        if self.value == Some(NodeValue::Members) {
            return PayloadStep::Member(self.free_name());
        }
        let mut index = 0;
        while self.parts.contains_key(&PayloadStep::Item(index)) {
            index += 1;
        }
        PayloadStep::Item(index)
    }

    fn free_name(&self) -> Box<str> {
        let mut name = "a".to_owned();
        while self.parts.contains_key(&PayloadStep::Member(name.as_str().into())) {
            name.push('a');
        }
        name.into()
    }

    /// Nothing if it is missing.
    fn json(&self) -> Option<Value> {
        if let Some(NodeValue::Whole(value)) = &self.value {
            return Some(value.clone());
        }
        let (mut members, mut items) = (Map::new(), BTreeMap::new());
        for (step, part) in &self.parts {
            let Some(part) = part.json() else { continue };
            match step {
                PayloadStep::Member(name) => _ = members.insert(name.to_string(), part),
                PayloadStep::Item(index) => _ = items.insert(*index, part),
            }
        }
        match &self.value {
            Some(NodeValue::Missing | NodeValue::Whole(_)) => None,
            Some(NodeValue::Items) => Some(array(items)),
            Some(NodeValue::Members) if members.is_empty() => {
                Some(Value::Object(Map::from_iter([(self.free_name().into(), Value::from("a"))])))
            }
            Some(NodeValue::Members) => Some(Value::Object(members)),
            None if !members.is_empty() => Some(Value::Object(members)),
            None if !items.is_empty() => Some(array(items)),
            None => None,
        }
    }
}

/// An array with items at some places, of which negative ones count from the end.
fn array(items: BTreeMap<i64, Value>) -> Value {
    let places = |index: i64| match usize::try_from(index) {
        Ok(place) => place.saturating_add(1),
        Err(_) => usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX),
    };
    let length = items.keys().map(|index| places(*index)).max().unwrap_or(1).min(MAX_ITEMS);
    let mut all = vec![Value::Null; length];
    for (index, item) in items {
        let place = usize::try_from(index).unwrap_or_else(|_| length.saturating_sub(places(index)));
        if let Some(slot) = all.get_mut(place) {
            *slot = item;
        }
    }
    if all.iter().all(Value::is_null) && length == 1 {
        return Value::Array(vec![Value::from("a")]);
    }
    Value::Array(all)
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
        scalar => text.push_str(&visible_json(&scalar.to_string())),
    }
}

/// The steps of a path that leads to one node.
pub(super) fn only_steps(steps: &[SampleStep]) -> impl Iterator<Item = &SingularStep> {
    steps.iter().map_while(|step| if let SampleStep::Only(step) = step { Some(step) } else { None })
}
