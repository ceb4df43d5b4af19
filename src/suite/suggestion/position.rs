//! Places within a payload at which a value can be changed.

use serde_json::Value;
use std::collections::BTreeSet;

/// How many places of one payload are tried.
const MAX_POSITIONS: usize = 500;

/// The way from the root of a payload to a value that is or could be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
}

impl Position {
    /// The payload with another value at this place, or without one.
    pub(super) fn with(&self, payload: &Value, value: Option<&Value>) -> Value {
        let mut changed = payload.clone();
        let Some((last, way)) = self.0.split_last() else { return value.cloned().unwrap_or(Value::Null) };
        let parent = way.iter().try_fold(&mut changed, |node, step| match step {
            Step::Member(name) => node.get_mut(name),
            Step::Element(index) => node.get_mut(index),
        });
        match (parent, last) {
            (Some(Value::Object(members)), Step::Member(name)) => {
                match value {
                    Some(value) => members.insert(name.clone(), value.clone()),
                    None => members.remove(name),
                };
            }
            (Some(Value::Array(elements)), Step::Element(index)) => {
                if let (Some(place), Some(value)) = (elements.get_mut(*index), value) {
                    *place = value.clone();
                }
            }
            _ => {}
        }
        changed
    }

    /// The places of a payload whose last member has one of the names: those that are there, and those that an object could
    /// have besides, the innermost first. Of arrays, only the first element is looked at.
    pub(super) fn all(payload: &Value, names: &BTreeSet<&str>) -> Vec<Self> {
        let mut found = Vec::new();
        collect(payload, names, &mut Vec::new(), &mut found);
        found.sort_by_key(|position| std::cmp::Reverse(position.0.len()));
        found
    }
}

fn collect(node: &Value, names: &BTreeSet<&str>, way: &mut Vec<Step>, found: &mut Vec<Position>) {
    if found.len() >= MAX_POSITIONS {
        return;
    }
    match node {
        Value::Object(members) => {
            for name in names {
                way.push(Step::Member((*name).to_owned()));
                found.push(Position(way.clone()));
                way.pop();
            }
            for (name, member) in members {
                way.push(Step::Member(name.clone()));
                collect(member, names, way, found);
                way.pop();
            }
        }
        Value::Array(elements) => {
            if let Some(first) = elements.first() {
                way.push(Step::Element(0));
                collect(first, names, way, found);
                way.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
