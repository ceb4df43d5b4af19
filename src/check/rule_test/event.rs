//! The fields of events in `event`, `expect` and the rows of `cases`: their names, and what each can be.

use super::{ReferenceKind, TestChecker, code};
use crate::diagnostic::{Diagnostic, nearest};
use crate::event::{AlertStatus, Severity};
use crate::model::EventField;
use crate::source::Span;
use crate::syntax::tree::{StringLiteral, TestJson, TestJsonKind};
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

    /// The event that a test gives.
    pub(super) fn given_event(&mut self, json: &TestJson) {
        self.event(json, EventRole::Given);
    }

    /// An event, given or expected.
    pub(super) fn event(&mut self, json: &TestJson, side: EventRole) {
        match &json.kind {
            TestJsonKind::Object(members) => {
                for (name, value) in members {
                    self.member(name, value, side);
                }
            }
            TestJsonKind::Hole(_) => {}
            TestJsonKind::Null
            | TestJsonKind::Missing
            | TestJsonKind::Boolean(_)
            | TestJsonKind::Number(_)
            | TestJsonKind::Text(_)
            | TestJsonKind::Constant(_)
            | TestJsonKind::Array(_) => {
                let found = Diagnostic::new(&code::VALUE, json.span, "an event is an object");
                self.report(found.help("write its fields in braces: `{ severity: Critical }`"));
            }
        }
    }

    fn member(&mut self, name: &StringLiteral, value: &TestJson, side: EventRole) {
        if known(&name.value, side) {
            self.field(&name.value, value, side);
            return;
        }
        self.unknown_field(&name.value, name.span, side);
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
        let word = match &value.kind {
            TestJsonKind::Hole(_) => return,
            TestJsonKind::Missing if side == EventRole::Given => return,
            TestJsonKind::Constant(word) if names.contains(&&**word) => return,
            TestJsonKind::Missing => {
                let found = Diagnostic::new(&code::VALUE, value.span, format!("`{field}` is never missing"));
                self.report(found.help(format!("every event has one: {}", backticked_list(names))));
                return;
            }
            TestJsonKind::Constant(word) | TestJsonKind::Text(word) => word,
            TestJsonKind::Null
            | TestJsonKind::Boolean(_)
            | TestJsonKind::Number(_)
            | TestJsonKind::Array(_)
            | TestJsonKind::Object(_) => "",
        };
        let quoted = matches!(&value.kind, TestJsonKind::Text(_));
        let message = match (&value.kind, quoted) {
            (_, true) => format!("`{field}` is a constant, and `{word:?}` is a string"),
            (TestJsonKind::Constant(_), _) => format!("there is no {field} `{word}`"),
            _ => format!("`{field}` is one of {}", backticked_list(names)),
        };
        let found = Diagnostic::new(&code::VALUE, value.span, message);
        self.report(match nearest_constant(word, names) {
            Some(near) if quoted => found.suggest(format!("write the constant: `{near}`"), value.span, near),
            Some(near) => found.did_you_mean(value.span, near),
            None => found.help(format!("write one of {}", backticked_list(names))),
        });
    }

    fn event_status(&mut self, value: &TestJson) {
        match &value.kind {
            TestJsonKind::Hole(_) => {}
            TestJsonKind::Constant(word) | TestJsonKind::Text(word) if EVENT_STATUSES.contains(&&**word) => {}
            TestJsonKind::Constant(_)
            | TestJsonKind::Text(_)
            | TestJsonKind::Null
            | TestJsonKind::Missing
            | TestJsonKind::Boolean(_)
            | TestJsonKind::Number(_)
            | TestJsonKind::Array(_)
            | TestJsonKind::Object(_) => {
                let message = "`event_status` is the severity while firing, and `Ok` when resolved";
                let found = Diagnostic::new(&code::VALUE, value.span, message);
                self.report(found.help(format!("write one of {}", backticked_list(EVENT_STATUSES))));
            }
        }
    }

    fn string(&mut self, field: &str, value: &TestJson, side: EventRole) {
        let optional = matches!(field, "description" | "link" | "integration");
        if matches!(value.kind, TestJsonKind::Missing) && !optional && side == EventRole::Expected {
            let found = Diagnostic::new(&code::VALUE, value.span, format!("`{field}` is never missing"));
            self.report(found.help(format!("write what it should be: `{field}: \"…\"`")));
            return;
        }
        let advice = format!("write text in quotes: `{field}: \"…\"`");
        self.string_or_missing(&format!("`{field}`"), value, &advice);
    }

    fn labels(&mut self, value: &TestJson, side: EventRole) {
        match &value.kind {
            TestJsonKind::Hole(_) => {}
            TestJsonKind::Object(members) => {
                for (name, label) in members {
                    self.label(&name.value, label);
                }
            }
            TestJsonKind::Missing if side == EventRole::Given => {}
            TestJsonKind::Null
            | TestJsonKind::Missing
            | TestJsonKind::Boolean(_)
            | TestJsonKind::Number(_)
            | TestJsonKind::Text(_)
            | TestJsonKind::Constant(_)
            | TestJsonKind::Array(_) => {
                let found = Diagnostic::new(&code::VALUE, value.span, "`labels` is an object of strings");
                self.report(found.help("write names and values: `labels: { team: \"payments\" }`"));
            }
        }
    }

    /// A label is a string or missing.
    pub(super) fn label(&mut self, name: &str, value: &TestJson) {
        self.string_or_missing(&format!("the label `{name}`"), value, QUOTE_STRUCTURES);
    }

    /// `advice` is for arrays and objects.
    fn string_or_missing(&mut self, what: &str, value: &TestJson, advice: &str) {
        match &value.kind {
            TestJsonKind::Hole(_) | TestJsonKind::Text(_) | TestJsonKind::Missing => {}
            TestJsonKind::Constant(word) | TestJsonKind::Number(word) => {
                self.quote(value.span, format!("{what} is a string"), word);
            }
            TestJsonKind::Boolean(word) => {
                self.quote(value.span, format!("{what} is a string"), &word.to_string());
            }
            TestJsonKind::Null => {
                let found = Diagnostic::new(&code::VALUE, value.span, format!("{what} is never null"));
                self.report(found.suggest("write `missing` where nothing is there", value.span, "missing"));
            }
            TestJsonKind::Array(_) | TestJsonKind::Object(_) => {
                let found = Diagnostic::new(&code::VALUE, value.span, format!("{what} is a string"));
                self.report(found.help(advice));
            }
        }
    }

    fn notes(&mut self, value: &TestJson) {
        match &value.kind {
            TestJsonKind::Hole(_) | TestJsonKind::Missing => {}
            TestJsonKind::Array(items) => items.iter().for_each(|item| {
                self.string_or_missing("a note", item, QUOTE_STRUCTURES);
            }),
            TestJsonKind::Null
            | TestJsonKind::Boolean(_)
            | TestJsonKind::Number(_)
            | TestJsonKind::Text(_)
            | TestJsonKind::Constant(_)
            | TestJsonKind::Object(_) => {
                let found = Diagnostic::new(&code::VALUE, value.span, "`notes` is a list of strings");
                self.report(found.help("for one note among others, write `expect note \"…\"`"));
            }
        }
    }

    fn time_field(&mut self, field: &str, value: &TestJson) {
        match &value.kind {
            TestJsonKind::Hole(_) | TestJsonKind::Missing => {}
            TestJsonKind::Text(text) => {
                if Timestamp::read(text).is_none() {
                    self.bad_time(value.span, text);
                }
            }
            TestJsonKind::Null
            | TestJsonKind::Boolean(_)
            | TestJsonKind::Number(_)
            | TestJsonKind::Constant(_)
            | TestJsonKind::Array(_)
            | TestJsonKind::Object(_) => {
                let found = Diagnostic::new(&code::VALUE, value.span, format!("`{field}` is a time"));
                self.report(found.help(format!("write it in quotes: `{field}: \"2026-03-07T02:00:00+08:00\"`")));
            }
        }
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

    /// A channel among the rows of `cases … => sent`.
    pub(super) fn channels(&mut self, json: &TestJson) {
        match &json.kind {
            TestJsonKind::Array(items) => items.iter().for_each(|item| self.channel(item)),
            TestJsonKind::Null
            | TestJsonKind::Missing
            | TestJsonKind::Boolean(_)
            | TestJsonKind::Number(_)
            | TestJsonKind::Text(_)
            | TestJsonKind::Constant(_)
            | TestJsonKind::Hole(_)
            | TestJsonKind::Object(_) => {
                let found = Diagnostic::new(&code::VALUE, json.span, "what is sent is a list of channels");
                self.report(found.help("write them in brackets: `=> [audit, payments_page]`, or `=> []` for none"));
            }
        }
    }

    fn channel(&mut self, json: &TestJson) {
        match &json.kind {
            TestJsonKind::Hole(word) | TestJsonKind::Constant(word) => {
                self.check_reference_word(ReferenceKind::Channel, word, json.span);
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
            | TestJsonKind::Object(_) => {
                self.report(Diagnostic::new(&code::VALUE, json.span, "a channel is a name").help("write `audit`"));
            }
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
