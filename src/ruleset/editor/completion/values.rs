//! Values that may stand at a place: constants of the type of the other side, known values of a label, JSON of tests.

use super::cursor::Cursor;
use super::subject::{COMPARES, constants, label_before, other_side};
use super::{Completion, CompletionKind};
use crate::model::EventField;
use crate::ruleset::editor::description::WordContext;
use crate::ruleset::editor::name::NameKind;
use crate::ruleset::editor::view::EditorView;
use crate::syntax::TokenClass;

impl EditorView<'_> {
    /// What may stand where a value or a condition begins: constants alone, where the other side takes nothing else.
    pub(super) fn values(&self, cursor: &Cursor<'_>) -> Vec<Completion> {
        let constants = constants(cursor, other_side(cursor));
        let mut found = self.values_in_scope(cursor);
        if !constants.is_empty() && cursor.back(0) != "=" && cursor.back(0) != "=>" {
            return constants;
        }
        found.extend(constants);
        found
    }

    /// JSON of a test: the fields of an event, its labels, constants.
    pub(super) fn json(&self, cursor: &Cursor<'_>) -> Vec<Completion> {
        if cursor.context() != WordContext::Test {
            return self.values(cursor);
        }
        let openers = cursor.openers();
        let owner = |open: Option<&usize>| {
            let before = open.and_then(|open| open.checked_sub(1)).map_or("", |before| cursor.word(before));
            let named = open.and_then(|open| open.checked_sub(2)).map_or("", |before| cursor.word(before));
            if before == ":" { named } else { before }
        };
        let constants = constants(cursor, cursor.back(1));
        if cursor.back(0) == ":" {
            return constants;
        }
        if !matches!(cursor.back(0), "{" | ",") {
            return Vec::new();
        }
        match owner(openers.last()) {
            "labels" => self.label_names(cursor, "").into_iter().map(member).collect(),
            "event" | "expect" | "exactly" => EventField::ALL
                .into_iter()
                .map(|field| member(Completion::new(field.name(), CompletionKind::Field, cursor.span())))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// What may stand in a string: known values of the label on the other side, names where a name stands in quotes.
    pub(super) fn texts(&self, cursor: &Cursor<'_>, before: usize) -> Vec<Completion> {
        let value = |text: &str, detail: &str| {
            Completion::new(text, CompletionKind::Value, cursor.span()).detail(detail.to_owned())
        };
        if cursor.back(0) == "[" && cursor.back(1) == "labels" {
            return self.label_names(cursor, "[");
        }
        if cursor.back(0) == "in" && cursor.context() == WordContext::Schedule {
            let zones = ["UTC", "Asia/Shanghai", "Asia/Tokyo", "Europe/Berlin", "Europe/London", "America/New_York"];
            return zones.into_iter().map(|zone| value(zone, "time zone")).collect();
        }
        if cursor.back(0) == "[" && self.names.of_kind(NameKind::Channel).any(|(_, each)| *each.name == *cursor.back(1))
        {
            let members = self.names.of_kind(NameKind::Member);
            return members.map(|(_, each)| value(&each.name, "member")).collect();
        }
        if cursor.back(0) == "end" || cursor.back(0) == "silence" {
            return Vec::new();
        }
        let Some(label) = compared_label(cursor, before) else {
            return match other_side(cursor) {
                "source" => self.of_kind(cursor, NameKind::Mapping, CompletionKind::Value),
                "integration" => self.of_kind(cursor, NameKind::Integration, CompletionKind::Value),
                _ => Vec::new(),
            };
        };
        let values = self.label_values(&label).into_iter();
        let shown = |(text, count): (String, usize)| match count {
            0 => value(&text, "value of samples").rank(2),
            count => value(&text, &format!("value, {count} ×")).rank(1),
        };
        values.filter(|(text, _)| !text.contains(['"', '\\'])).map(shown).collect()
    }
}

fn member(completion: Completion) -> Completion {
    let text = format!("{}: ", completion.label);
    completion.plain(text).rank(2)
}

/// The label that a string is compared with: `labels.team == "…`, `labels["team"] in ["…`, `match labels.team { "…`.
pub(super) fn compared_label(cursor: &Cursor<'_>, before: usize) -> Option<String> {
    let mut index = before;
    while let Some(last) = index.checked_sub(1) {
        let word = cursor.word(last);
        let is_item = matches!(word, "," | "[" | "not") || cursor.class(last) == Some(TokenClass::String);
        if !is_item && !COMPARES.contains(&word) {
            break;
        }
        index = last;
    }
    label_before(cursor, index).or_else(|| super::patterns::subject_label(cursor)).or_else(|| event_label(cursor))
}

/// The label that an event of a test gives: `labels: { team: "…`.
fn event_label(cursor: &Cursor<'_>) -> Option<String> {
    let open = *cursor.openers().last()?;
    let is_labels = cursor.word(open.checked_sub(1)?) == ":" && cursor.word(open.checked_sub(2)?) == "labels";
    (is_labels && cursor.back(0) == ":").then(|| cursor.back(1).trim_matches('"').to_owned())
}
