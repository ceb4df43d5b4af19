//! How much of a payload the rules may read. A value that is shared by all elements, such as a long text beside a long
//! array, would otherwise be read once for each of them.

use super::machine::Machine;
use super::observer::Observer;
use crate::json;
use crate::value::Value;

/// How many bytes the expressions of one payload may read, and how many its functions may make, together: 128 MiB.
/// What goes beyond counts as missing, with a note.
pub const WORK_LIMIT: usize = 128 << 20;

/// What is no larger costs nothing: looking at it is no more work than the expression that does, and so a title goes on being
/// one where the rules have read too much elsewhere.
pub(super) const FREE: usize = 256;

/// What a node of an array or an object costs besides its text.
pub(super) const PER_NODE: usize = 16;

impl<'p: 'v, 'v, O: Observer> Machine<'p, 'v, '_, O> {
    /// Takes work off what is left for the payload. Where that is too little, nothing is left, and a note says so.
    pub(super) fn may_spend(&mut self, work: usize) -> bool {
        if work <= FREE {
            return true;
        }
        if let Some(left) = self.left.work.checked_sub(work) {
            self.left.work = left;
            return true;
        }
        self.left.work = 0;
        self.note("the rules read more than 128 MiB for this payload; what goes beyond counts as missing");
        false
    }

    /// The same for reading a value whole. What is not afforded is not walked through either.
    pub(super) fn may_read(&mut self, value: &Value<'_>) -> bool {
        let most = self.left.work.max(FREE);
        let size = match value {
            Value::Text(text) => text.len(),
            Value::Json(node) => size(node, most),
            Value::List(items) => items.iter().fold(0, |sum, item| match item {
                Value::Json(node) => size(node, most.saturating_sub(sum)).saturating_add(sum),
                Value::Text(text) => sum + PER_NODE + text.len(),
                Value::Missing
                | Value::Null
                | Value::Boolean(_)
                | Value::Number(_)
                | Value::List(_)
                | Value::Severity(_)
                | Value::Status(_)
                | Value::Time(_)
                | Value::Labels(_)
                | Value::Regex(_) => sum + PER_NODE,
            }),
            Value::Labels(labels) => {
                labels.iter().map(|(name, text)| PER_NODE + name.len() + text.len()).sum()
            }
            Value::Missing
            | Value::Null
            | Value::Boolean(_)
            | Value::Number(_)
            | Value::Severity(_)
            | Value::Status(_)
            | Value::Time(_)
            | Value::Regex(_) => return true,
        };
        self.may_spend(size)
    }
}

/// What reading a node whole costs; more than `most` where it costs more. Payloads nest 127 deep at most.
pub(super) fn size(node: &json::Value<'_>, most: usize) -> usize {
    match node {
        json::Value::Null | json::Value::Boolean(_) | json::Value::Number(_) => PER_NODE,
        json::Value::Text(text) => PER_NODE + text.len(),
        json::Value::Array(items) => sum(items.iter().map(|item| (0, item)), most),
        json::Value::Object(object) => sum(object.iter().map(|(name, value)| (name.len(), value)), most),
    }
}

fn sum<'n, 'v: 'n>(parts: impl Iterator<Item = (usize, &'n json::Value<'v>)>, most: usize) -> usize {
    let mut whole = PER_NODE;
    for (name, value) in parts {
        if whole > most {
            break;
        }
        whole += name + size(value, most.saturating_sub(whole));
    }
    whole
}
