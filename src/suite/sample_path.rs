//! Places within payloads: those that a mapping reads, those that are there, and other values put there.

use crate::model::{Expression, ExpressionKind, Mapping, Model, ReachedNode};
use crate::path::{CompiledPath, PathRoot, SingularStep};
use serde_json::{Map, Value};

/// A step into a payload.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SamplePathStep {
    Member(String),
    Item(usize),
}

/// The way from a payload to a value that is or could be in it.
pub(super) type SamplePath = Vec<SamplePathStep>;

/// The places that a mapping reads.
pub(super) struct ReadPlaces {
    /// Those below the payload.
    of_payload: Vec<SamplePath>,
    /// Those below an element.
    of_element: Vec<SamplePath>,
    /// Where the elements stand; nothing if the payload is the element.
    elements: Option<SamplePath>,
}

impl ReadPlaces {
    pub(super) fn of(model: &Model, mapping: &Mapping) -> Self {
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

    /// The places in a payload: those below its first element, and those below itself.
    pub(super) fn in_payload(&self, payload: &Value) -> Vec<SamplePath> {
        let below = |start: SamplePath| {
            self.of_element.iter().map(move |path| start.iter().chain(path).cloned().collect::<SamplePath>())
        };
        let elements = self.elements.as_ref().filter(|list| value_at(payload, list).is_some_and(Value::is_array));
        let first = elements.map(|list| list.iter().cloned().chain([SamplePathStep::Item(0)]).collect::<SamplePath>());
        first.into_iter().flat_map(below).chain(self.of_payload.iter().cloned()).collect()
    }
}

/// The steps of a path of names and places from the beginning.
fn singular(path: &CompiledPath) -> Option<SamplePath> {
    let step = |step: &SingularStep| match step {
        SingularStep::Name(name) => Some(SamplePathStep::Member(name.name().text().to_owned())),
        SingularStep::Index(at) => usize::try_from(*at).ok().map(SamplePathStep::Item),
    };
    if path.is_singular() { path.steps().iter().map(step).collect() } else { None }
}

/// The places in a payload, the outer ones first.
pub(super) fn paths(payload: &Value) -> Vec<SamplePath> {
    let mut found: Vec<SamplePath> = vec![Vec::new()];
    let mut at = 0;
    while let Some(path) = found.get(at).cloned() {
        let steps: Vec<SamplePathStep> = match value_at(payload, &path) {
            Some(Value::Object(members)) => members.keys().cloned().map(SamplePathStep::Member).collect(),
            Some(Value::Array(items)) => (0..items.len()).map(SamplePathStep::Item).collect(),
            _ => Vec::new(),
        };
        found.extend(steps.into_iter().map(|step| path.iter().cloned().chain([step]).collect()));
        at += 1;
    }
    found
}

fn value_at<'v>(payload: &'v Value, path: &[SamplePathStep]) -> Option<&'v Value> {
    path.iter().try_fold(payload, |value, step| match step {
        SamplePathStep::Member(name) => value.get(name),
        SamplePathStep::Item(at) => value.get(at),
    })
}

/// Puts another value at a place, or takes the one that is there away. Objects on the way are made.
pub(super) fn replace(payload: &mut Value, path: &[SamplePathStep], value: Option<Value>) {
    let Some((last, outer)) = path.split_last() else { return };
    let is_kept = value.is_some();
    let outer = outer.iter().try_fold(payload, |value, step| match step {
        SamplePathStep::Member(name) => {
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
        SamplePathStep::Item(at) => value.get_mut(at),
    });
    match (outer, last, value) {
        (Some(Value::Object(members)), SamplePathStep::Member(name), Some(value)) => {
            members.insert(name.clone(), value);
        }
        (Some(Value::Object(members)), SamplePathStep::Member(name), None) => _ = members.remove(name),
        (Some(Value::Array(items)), SamplePathStep::Item(at), Some(value)) => {
            items.get_mut(*at).into_iter().for_each(|item| *item = value.clone());
        }
        (Some(Value::Array(items)), SamplePathStep::Item(at), None) if *at < items.len() => _ = items.remove(*at),
        _ => {}
    }
}
