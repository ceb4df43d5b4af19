//! Arms of a `match` that are not there yet.

use super::cursor::Cursor;
use super::subject::{constants, label_before};
use super::{Completion, CompletionKind};
use crate::ruleset::editor::description::WordContext;
use crate::ruleset::editor::view::EditorView;

/// How many values of a label are offered as arms.
const MAX_ARMS: usize = 20;

impl EditorView<'_> {
    /// Arms for values that the arms above do not name: constants of the subject, known values of a label, `else`.
    pub(super) fn patterns(&self, cursor: &Cursor<'_>) -> Vec<Completion> {
        let Some(choice) = MatchHead::around(cursor) else { return Vec::new() };
        let is_named = |text: &str| (choice.open..cursor.count()).any(|index| cursor.word(index) == text);
        let result = if cursor.context() == WordContext::Routing { "${1:decline}" } else { "$1" };
        let subject = choice.subject(cursor);
        let mut found = Vec::new();
        for constant in constants(cursor, subject).into_iter().filter(|each| !is_named(&each.label)) {
            let gaps = format!("{} => {result}", constant.label);
            found.push(Completion { kind: CompletionKind::Snippet, ..constant }.gaps(gaps).rank(1));
        }
        let label = label_before(cursor, choice.open);
        let values = label.map(|label| self.label_values(&label)).unwrap_or_default();
        for (value, count) in values.into_iter().take(MAX_ARMS) {
            let written = format!("\"{value}\"");
            if !is_named(&written) && !value.contains(['"', '\\', '$', '{', '}']) {
                let arm = Completion::new(&written, CompletionKind::Snippet, cursor.span());
                let arm =
                    arm.detail(if count > 0 { format!("value, {count} ×") } else { "value of samples".to_owned() });
                found.push(arm.gaps(format!("{written} => {result}")).rank(2));
            }
        }
        if !is_named("else") {
            let arm = Completion::new("else", CompletionKind::Snippet, cursor.span());
            found.push(arm.gaps(format!("else => {result}")).rank(2));
        }
        found
    }
}

/// The label that the `match` around the place chooses by.
pub(super) fn subject_label(cursor: &Cursor<'_>) -> Option<String> {
    label_before(cursor, MatchHead::around(cursor)?.open)
}

/// The `match` whose arms the place is among.
struct MatchHead {
    /// Its `match`.
    start: usize,
    /// Its opening brace.
    open: usize,
}

impl MatchHead {
    fn around(cursor: &Cursor<'_>) -> Option<Self> {
        let open = *cursor.openers().last().filter(|open| cursor.word(**open) == "{")?;
        let words = (0..open).rev().take_while(|index| !matches!(cursor.word(*index), "{" | "}" | "=>"));
        let start = words.into_iter().find(|index| cursor.word(*index) == "match")?;
        Some(Self { start, open })
    }

    /// Its subject, if that is one word.
    fn subject<'t>(&self, cursor: &Cursor<'t>) -> &'t str {
        if self.open == self.start + 2 { cursor.word(self.start + 1) } else { "" }
    }
}
