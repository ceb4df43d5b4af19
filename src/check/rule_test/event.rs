//! The fields of events in `event`, `expect` and the rows of `cases`: their names, and what each can be.

use super::{TestChecker, code};
use crate::diagnostic::{Diagnostic, nearest};
use crate::event::{AlertStatus, Severity};
use crate::model::EventField;
use crate::source::Span;
use crate::syntax::tree::{StringLiteral, TestJson, TestJsonKind, TestSubject};
use crate::text::backticked_list;
use crate::time::Timestamp;

/// Whether a test gives a value or expects it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventRole {
    Given,
    Expected,
}

const SEVERITIES: [&str; 3] = ["Critical", "Warning", "Info"];
const STATUSES: [&str; 2] = ["Firing", "Resolved"];
const QUOTE_STRUCTURES: &str = "objects and arrays become their JSON text: write that text in quotes";
const EVENT_STATUSES: [&str; 4] = ["Critical", "Warning", "Info", "Ok"];

impl TestChecker<'_, '_> {
    /// A payload is plain JSON: constants have no place in it.
    pub(super) fn payload(&mut self, json: &TestJson) {
        if let TestJsonKind::Constant(name) = &json.kind {
            self.quote(json.span, format!("`{name}` is a constant, and a payload is JSON"), name);
        }
        json.parts().for_each(|part| self.payload(part));
    }

    /// An event, given or expected.
    pub(super) fn event(&mut self, json: &TestJson, side: EventRole) {
        let Some(members) = json.members() else {
            return self.refuse(json, "an event is an object", "write its fields in braces: `{ severity: Critical }`");
        };
        self.event_members(members, side);
    }

    /// The event that is given to a channel: it may say what a message says of its group.
    pub(super) fn channel_event(&mut self, json: &TestJson) {
        match json.members() {
            Some(members) => self.event_and_group(members, EventRole::Given),
            None => self.event(json, EventRole::Given),
        }
    }

    /// Members of an event: known fields, each with a value that it can have.
    pub(super) fn event_members<'j>(
        &mut self,
        members: impl IntoIterator<Item = &'j (StringLiteral, TestJson)>,
        side: EventRole,
    ) {
        for (name, value) in members {
            if known(&name.value, side) {
                self.field(&name.value, value, side);
            } else {
                self.unknown_field(&name.value, name.span, side);
            }
        }
    }

    /// Reports a value of another kind than its place takes. The values that fill a hole are checked in their rows.
    fn refuse(&mut self, value: &TestJson, message: impl Into<String>, help: impl Into<String>) {
        if !matches!(value.kind, TestJsonKind::Hole(_)) {
            self.report(Diagnostic::new(&code::VALUE, value.span, message).help(help));
        }
    }

    /// Reports a word that is not a field.
    pub(super) fn unknown_field(&mut self, word: &str, span: Span, side: EventRole) {
        let found = Diagnostic::new(&code::FIELD, span, format!("an event has no field `{word}`"));
        if word == "event_status" && side == EventRole::Given {
            self.report(found.help("`event_status` follows from `severity` and `status`: write those"));
            return;
        }
        let fields = EventField::ALL.map(EventField::name);
        self.report(match nearest(word, fields) {
            Some(near) => found.did_you_mean(span, near),
            None => found.help(format!(
                "if it is a label: `labels: {{ {word}: … }}`; the fields are {}",
                backticked_list(fields)
            )),
        });
    }

    /// What a field can be.
    pub(super) fn field(&mut self, field: &str, value: &TestJson, side: EventRole) {
        match field {
            "severity" => self.constant(field, value, &SEVERITIES, side),
            "status" => self.constant(field, value, &STATUSES, side),
            "event_status" => self.event_status(value),
            "labels" => self.labels(value, side),
            "notes" => self.notes(value),
            "starts_at" | "ends_at" => self.time_field(field, value),
            _ => self.string(field, value, side),
        }
    }

    fn constant(&mut self, field: &str, value: &TestJson, names: &[&'static str], side: EventRole) {
        let (word, message) = match &value.kind {
            TestJsonKind::Hole(_) => return,
            TestJsonKind::Missing if side == EventRole::Given => return,
            TestJsonKind::Constant(word) if names.contains(&&**word) => return,
            TestJsonKind::Missing => {
                let help = format!("every event has one: {}", backticked_list(names));
                return self.refuse(value, format!("`{field}` is never missing"), help);
            }
            TestJsonKind::Constant(word) => (&**word, format!("there is no {field} `{word}`")),
            TestJsonKind::Text(word) => (&**word, format!("`{field}` is a constant, and `{word:?}` is a string")),
            TestJsonKind::Null
            | TestJsonKind::Boolean(_)
            | TestJsonKind::Number(_)
            | TestJsonKind::Array(_)
            | TestJsonKind::Object(_) => ("", format!("`{field}` is one of {}", backticked_list(names))),
        };
        let is_quoted = matches!(value.kind, TestJsonKind::Text(_));
        let found = Diagnostic::new(&code::VALUE, value.span, message);
        self.report(match nearest_constant(word, names) {
            Some(near) if is_quoted => found.suggest(format!("write the constant: `{near}`"), value.span, near),
            Some(near) => found.did_you_mean(value.span, near),
            None => found.help(format!("write one of {}", backticked_list(names))),
        });
    }

    fn event_status(&mut self, value: &TestJson) {
        if let TestJsonKind::Constant(word) | TestJsonKind::Text(word) = &value.kind
            && EVENT_STATUSES.contains(&&**word)
        {
            return;
        }
        let message = "`event_status` is the severity while firing, and `Ok` when resolved";
        self.refuse(value, message, format!("write one of {}", backticked_list(EVENT_STATUSES)));
    }

    fn string(&mut self, field: &str, value: &TestJson, side: EventRole) {
        let optional = matches!(field, "description" | "link" | "integration");
        if matches!(value.kind, TestJsonKind::Missing) && !optional && side == EventRole::Expected {
            let help = format!("write what it should be: `{field}: \"…\"`");
            return self.refuse(value, format!("`{field}` is never missing"), help);
        }
        let advice = format!("write text in quotes: `{field}: \"…\"`");
        self.string_or_missing(&format!("`{field}`"), value, &advice);
    }

    fn labels(&mut self, value: &TestJson, side: EventRole) {
        if let Some(members) = value.members() {
            for (name, label) in members {
                self.label(&name.value, label);
            }
        } else if side == EventRole::Expected || !matches!(value.kind, TestJsonKind::Missing) {
            let help = "write names and values: `labels: { team: \"payments\" }`";
            self.refuse(value, "`labels` is an object of strings", help);
        }
    }

    /// A label is a string or missing.
    pub(super) fn label(&mut self, name: &str, value: &TestJson) {
        self.string_or_missing(&format!("the label `{name}`"), value, QUOTE_STRUCTURES);
    }

    /// `advice` is for arrays and objects.
    fn string_or_missing(&mut self, what: &str, value: &TestJson, advice: &str) {
        let message = format!("{what} is a string");
        match &value.kind {
            TestJsonKind::Hole(_) | TestJsonKind::Text(_) | TestJsonKind::Missing => {}
            TestJsonKind::Constant(word) | TestJsonKind::Number(word) => self.quote(value.span, message, word),
            TestJsonKind::Boolean(word) => self.quote(value.span, message, &word.to_string()),
            TestJsonKind::Null => {
                let found = Diagnostic::new(&code::VALUE, value.span, format!("{what} is never null"));
                self.report(found.suggest("write `missing` where nothing is there", value.span, "missing"));
            }
            TestJsonKind::Array(_) | TestJsonKind::Object(_) => self.refuse(value, message, advice),
        }
    }

    fn notes(&mut self, value: &TestJson) {
        if let TestJsonKind::Array(items) = &value.kind {
            for item in items {
                self.string_or_missing("a note", item, QUOTE_STRUCTURES);
            }
        } else if !matches!(value.kind, TestJsonKind::Missing) {
            let help = "for one note among others, write `expect note \"…\"`";
            self.refuse(value, "`notes` is a list of strings", help);
        }
    }

    fn time_field(&mut self, field: &str, value: &TestJson) {
        if !self.is_time_or_missing(value) {
            let help = format!("write it in quotes: `{field}: \"2026-03-07T02:00:00+08:00\"`");
            self.refuse(value, format!("`{field}` is a time"), help);
        }
    }

    /// Whether a value can be a time: a string, which is reported if it is not one, or missing.
    pub(super) fn is_time_or_missing(&mut self, value: &TestJson) -> bool {
        if let TestJsonKind::Text(text) = &value.kind {
            if Timestamp::read(text).is_none() {
                self.bad_time(value.span, text);
            }
            return true;
        }
        matches!(value.kind, TestJsonKind::Missing)
    }

    /// Reports a word that must be in quotes.
    pub(super) fn quote(&mut self, span: Span, message: String, word: &str) {
        let quoted = format!("{word:?}");
        let found = Diagnostic::new(&code::VALUE, span, message);
        self.report(found.suggest(format!("write a string: `{quoted}`"), span, quoted));
    }

    /// Reports a constant in a body, which is plain JSON.
    pub(super) fn body(&mut self, json: &TestJson) {
        if let TestJsonKind::Constant(word) = &json.kind {
            self.known_constant(word, json.span);
        }
        json.parts().for_each(|part| self.body(part));
    }

    fn known_constant(&mut self, word: &str, place: Span) {
        let names = || Severity::ALL.map(Severity::name).into_iter().chain(AlertStatus::ALL.map(AlertStatus::name));
        if names().any(|name| name == word) {
            return;
        }
        let found = Diagnostic::new(&code::VALUE, place, format!("there is no constant `{word}`"));
        self.report(match nearest(word, names()) {
            Some(near) => found.did_you_mean(place, near),
            None => found.suggest(format!("write a string: `{word:?}`"), place, format!("{word:?}")),
        });
    }

    /// The channels in a row of `cases … => sent`, where a bare word is not a hole.
    pub(super) fn channels(&mut self, json: &TestJson) {
        let TestJsonKind::Array(items) = &json.kind else {
            let found = Diagnostic::new(&code::VALUE, json.span, "what is sent is a list of channels");
            let help = "write them in brackets: `=> [audit, payments_page]`, or `=> []` for none";
            return self.report(found.help(help));
        };
        for item in items {
            self.channel(item);
        }
    }

    fn channel(&mut self, json: &TestJson) {
        match &json.kind {
            TestJsonKind::Hole(word) | TestJsonKind::Constant(word) => {
                self.check_reference(TestSubject::Channel, word, json.span);
            }
            TestJsonKind::Text(word) => {
                let found = Diagnostic::new(&code::VALUE, json.span, "a channel is a name, not a string");
                self.report(found.suggest(format!("write `{word}`"), json.span, &**word));
            }
            TestJsonKind::Null
            | TestJsonKind::Missing
            | TestJsonKind::Boolean(_)
            | TestJsonKind::Number(_)
            | TestJsonKind::Array(_)
            | TestJsonKind::Object(_) => self.refuse(json, "a channel is a name", "write `audit`"),
        }
    }
}

/// Whether a test may write the field.
pub(super) fn known(word: &str, side: EventRole) -> bool {
    EventField::ALL.iter().any(|field| field.name() == word) || (word == "event_status" && side == EventRole::Expected)
}

/// The constant of a field that a word means.
pub(super) fn meant(field: &str, word: &str) -> Option<&'static str> {
    match field {
        "severity" => nearest_constant(word, &SEVERITIES),
        "status" => nearest_constant(word, &STATUSES),
        _ => None,
    }
}

/// The constant that a word means: equal but for letter case, or the nearest.
fn nearest_constant(word: &str, names: &[&'static str]) -> Option<&'static str> {
    let same = names.iter().copied().find(|name| name.eq_ignore_ascii_case(word));
    same.or_else(|| nearest(word, names.iter().copied()))
}
