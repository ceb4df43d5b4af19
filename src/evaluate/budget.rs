//! The limits of the evaluation of one payload: how much text it may make, how many bytes it may read.

use crate::json;

/// How many bytes of text the templates and functions of one element may make. The rest is cut, with a note.
pub const TEXT_LIMIT: usize = 1 << 20;

/// How many bytes of text the events of one payload may hold together, 64 added for each text: 32 MiB. A payload
/// whose common labels are copied to each of very many elements would fill the memory otherwise. A value that would
/// exceed it counts as missing, with a note.
pub const PAYLOAD_TEXT_LIMIT: usize = 32 << 20;

/// How many bytes the expressions of one payload may read, and how many its functions may make, together: 128 MiB.
/// A value that would exceed it counts as missing, with a note.
pub const WORK_LIMIT: usize = 128 << 20;

/// Values up to this size are free: reading one is no more work than evaluating the expression. So titles are still
/// made after the rules have read too much elsewhere.
pub(super) const FREE_BYTES: usize = 256;

/// The cost of a node of an array or an object, besides its text.
pub(super) const BYTES_PER_NODE: usize = 16;

/// How much may still be made and read.
#[derive(Debug, Clone, Copy)]
pub(super) struct RemainingBudget {
    /// How many bytes of text the templates and functions of the element may make.
    pub(super) text: usize,
    /// How many bytes of text the events of the payload may hold.
    pub(super) payload_text: usize,
    /// How many bytes may be read and made.
    pub(super) work: usize,
    /// How many bytes indexes may read to find lines, besides.
    pub(super) index: usize,
}

impl Default for RemainingBudget {
    fn default() -> Self {
        Self { text: TEXT_LIMIT, payload_text: PAYLOAD_TEXT_LIMIT, work: WORK_LIMIT, index: WORK_LIMIT }
    }
}

/// The cost of reading a node as a whole; some number above `most` if it costs more. Payloads nest at most 127 deep.
pub(super) fn size(node: &json::Value<'_>, most: usize) -> usize {
    match node {
        json::Value::Null | json::Value::Boolean(_) | json::Value::Number(_) => BYTES_PER_NODE,
        json::Value::Text(text) => BYTES_PER_NODE + text.len(),
        json::Value::Array(items) => sum(items.iter().map(|item| (0, item)), most),
        json::Value::Object(object) => sum(object.iter().map(|(name, value)| (name.len(), value)), most),
    }
}

fn sum<'n, 'v: 'n>(parts: impl Iterator<Item = (usize, &'n json::Value<'v>)>, most: usize) -> usize {
    let mut total = BYTES_PER_NODE;
    for (name, value) in parts {
        if total > most {
            break;
        }
        total += name + size(value, most.saturating_sub(total));
    }
    total
}
