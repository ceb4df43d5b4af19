//! Values that may stand at a place: constants of the type of the other side, known values of a label, JSON of tests.

use super::cursor::Cursor;
use super::{Completion, CompletionKind};
use crate::event::{AlertStatus, Severity};
use crate::model::EventField;
use crate::ruleset::editor::description::WordContext;
use crate::ruleset::editor::name::NameKind;
use crate::ruleset::editor::view::EditorView;
use crate::syntax::TokenClass;

/// Operators between a value and those that it is compared with.
const COMPARES: [&str; 12] = ["==", "!=", "<", "<=", ">", ">=", "in", "like", "contains", "with", "|", "=>"];

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
            "labels" => self.label_names(cursor, "").into_iter().map(|each| member(each)).collect(),
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

/// The constants that a field takes.
pub(super) fn constants(cursor: &Cursor<'_>, field: &str) -> Vec<Completion> {
    let names: Vec<&'static str> = match field {
        "severity" => Severity::ALL.into_iter().map(Severity::name).collect(),
        "status" => AlertStatus::ALL.into_iter().map(AlertStatus::name).collect(),
        _ => Vec::new(),
    };
    let completion =
        |name| Completion::new(name, CompletionKind::Constant, cursor.span()).detail(field.to_owned()).rank(1);
    names.into_iter().map(completion).collect()
}

/// The name on the other side of an operator, or the field that the value is for.
pub(super) fn other_side<'t>(cursor: &Cursor<'t>) -> &'t str {
    let mut index = cursor.count();
    // A list in brackets is compared as a whole.
    while let Some(last) = index.checked_sub(1) {
        let word = cursor.word(last);
        if COMPARES.contains(&word) || word == "=" {
            break;
        }
        let is_item = matches!(word, "," | "[" | "not") || cursor.class(last) == Some(TokenClass::Constant);
        if !is_item && cursor.class(last) != Some(TokenClass::String) {
            return "";
        }
        index = last;
    }
    let Some(operator) = index.checked_sub(1) else { return "" };
    match cursor.word(operator) {
        "=>" | "|" => result_of(cursor, operator),
        "in" if operator > 1 && cursor.word(operator - 1) == "not" => cursor.word(operator - 2),
        _ => operator.checked_sub(1).map_or("", |subject| cursor.word(subject)),
    }
}

/// The field that the arms around a token give.
fn result_of<'t>(cursor: &Cursor<'t>, operator: usize) -> &'t str {
    let set =
        (0..operator).rev().find(|index| cursor.word(*index) == "=" && cursor.begins_line(index.saturating_sub(1)));
    set.and_then(|equals| equals.checked_sub(1)).map_or("", |field| cursor.word(field))
}

/// The label that a string is compared with: `labels.team == "…`, `labels["team"] in ["…`, `match labels.team { "…`.
pub(super) fn compared_label(cursor: &Cursor<'_>, before: usize) -> Option<String> {
    let mut index = before;
    while let Some(last) = index.checked_sub(1) {
        let word = cursor.word(last);
        if cursor.class(last) == Some(TokenClass::String) || matches!(word, "," | "[") || COMPARES.contains(&word) {
            index = last;
        } else if word == "not" {
            index = last;
        } else {
            break;
        }
    }
    label_before(cursor, index).or_else(|| super::patterns::subject_label(cursor)).or_else(|| event_label(cursor))
}

/// The label whose name ends before a token.
pub(super) fn label_before(cursor: &Cursor<'_>, end: usize) -> Option<String> {
    let name = end.checked_sub(1)?;
    let labels = |index: Option<usize>| index.is_some_and(|index| cursor.word(index) == "labels");
    if cursor.word(name.checked_sub(1)?) == "." && labels(name.checked_sub(2)) {
        return Some(cursor.word(name).to_owned());
    }
    let is_bracket = cursor.word(name) == "]" && labels(name.checked_sub(3));
    is_bracket.then(|| cursor.word(name - 1).trim_matches('"').to_owned())
}

/// The label that an event of a test gives: `labels: { team: "…`.
fn event_label(cursor: &Cursor<'_>) -> Option<String> {
    let open = *cursor.openers().last()?;
    let is_labels = cursor.word(open.checked_sub(1)?) == ":" && cursor.word(open.checked_sub(2)?) == "labels";
    (is_labels && cursor.back(0) == ":").then(|| cursor.back(1).trim_matches('"').to_owned())
}
