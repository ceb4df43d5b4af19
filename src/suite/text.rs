//! Texts as reports show them.

use crate::diagnostic::push_visible;
use crate::text::{self, shorten};

/// The text with its control characters made visible, so that values of payloads and rules cannot control a terminal.
pub(super) fn visible_text(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        push_visible(&mut shown, character);
        shown
    })
}

/// The text of a rule on one line, cut where it is long.
pub(super) fn one_line(text: &str) -> String {
    shorten(&text::one_line(text), 120)
}
