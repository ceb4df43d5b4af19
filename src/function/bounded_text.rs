//! A string of limited length, because a payload must not make a function build an unlimited one.

use super::LONGEST;

/// At most [`LONGEST`] bytes of text.
#[derive(Debug, Default)]
pub(super) struct BoundedText {
    text: String,
}

impl BoundedText {
    /// Appends as many whole characters as fit. Returns whether all did.
    pub(super) fn push(&mut self, text: &str) -> bool {
        let room = LONGEST - self.text.len().min(LONGEST);
        let fitting = text.get(..text.floor_char_boundary(room)).unwrap_or_default();
        self.text.push_str(fitting);
        fitting.len() == text.len()
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}
