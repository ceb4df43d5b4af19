//! Expensive paths: legal JSONPath whose work grows faster than the payload.

use super::selector::BracketShape;
use super::{PathParser, advised};
use std::ops::Range;

impl PathParser<'_> {
    /// Notes a second `..` on the way to a node, the last of which begins at `dots`.
    pub(super) fn note_descents(&mut self, dots: usize) {
        if self.descents > 1 {
            let message = "a second `..` visits the same nodes again and again";
            self.note(dots..dots + 2, message, "name the members on the way to the node");
        }
    }

    /// Notes brackets that select the same children several times over; `doubling` is how often so far.
    pub(super) fn note_doubling(&mut self, start: usize, doubling: usize, bracket: BracketShape) {
        if bracket.many > 1 && (bracket.wildcards > 0 || doubling > 2) {
            let message = "these brackets select the same nodes several times over";
            self.note(start..self.at, message, "one `*` or one filter selects each of them once");
        }
    }

    /// Notes a query within a filter that starts from the payload and selects many nodes.
    pub(super) fn note_payload_query(&mut self, start: usize) {
        let text = self.slice(start..self.at);
        let message = format!("the filter searches the whole payload by `{text}`");
        self.note(start..self.at, message, "a path from `$` in a filter names one node: names and indices only");
    }

    /// Notes a regex that the payload chooses.
    pub(super) fn note_document_regex(&mut self, range: Range<usize>) {
        let text = self.slice(range.clone());
        let message = format!("the regex `{text}` is chosen by whoever sends the payload");
        self.note(range, message, "write the regex as a string");
    }

    fn note(&mut self, range: Range<usize>, message: impl Into<String>, help: &str) {
        self.analysis.costly.get_or_insert_with(|| advised(range, message, help));
    }
}
