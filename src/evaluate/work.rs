//! Charges the reading of values to the budget. Without a limit, a value that all elements share, such as a long text
//! beside a long array, would be read once for each element.

use super::budget::{BYTES_PER_NODE, FREE_BYTES, size};
use super::interpreter::Interpreter;
use super::observer::Observer;
use crate::value::RuntimeValue;

impl<'p: 'v, 'v, O: Observer> Interpreter<'p, 'v, '_, O> {
    /// Charges work to the budget of the payload. If too little is left, the budget becomes empty, with a note.
    pub(super) fn may_spend(&mut self, work: usize) -> bool {
        if work <= FREE_BYTES {
            return true;
        }
        if let Some(left) = self.remaining.work.checked_sub(work) {
            self.remaining.work = left;
            return true;
        }
        self.remaining.work = 0;
        self.note("the rules read more than 128 MiB for this payload; what goes beyond counts as missing");
        false
    }

    /// Charges reading a value as a whole. The value is not traversed further than the budget allows.
    pub(super) fn may_read(&mut self, value: &RuntimeValue<'_>) -> bool {
        let most = self.remaining.work.max(FREE_BYTES);
        let size = match value {
            RuntimeValue::Text(text) => text.len(),
            RuntimeValue::Json(node) => size(node, most),
            RuntimeValue::List(items) => items.iter().fold(0, |sum, item| match item.as_json() {
                Some(node) => size(node, most.saturating_sub(sum)).saturating_add(sum),
                None => sum + BYTES_PER_NODE + item.as_text().map_or(0, str::len),
            }),
            RuntimeValue::Labels(labels) => {
                labels.iter().map(|(name, text)| BYTES_PER_NODE + name.len() + text.len()).sum()
            }
            RuntimeValue::Missing
            | RuntimeValue::Null
            | RuntimeValue::Boolean(_)
            | RuntimeValue::Number(_)
            | RuntimeValue::Severity(_)
            | RuntimeValue::Status(_)
            | RuntimeValue::Time(_)
            | RuntimeValue::Regex(_) => return true,
        };
        self.may_spend(size)
    }
}
