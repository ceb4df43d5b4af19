//! Events that show that a finding is true.

use super::defaults::{DEFAULT_KEY, DEFAULT_SOURCE, DEFAULT_TITLE, default_time};
use super::formula::{Formulas, Variable};
use super::solver::Solution;
use super::theory::VariableValue;
use crate::diagnostic::visible_json;
use crate::event::{AlertStatus, Event, Labels, Severity};
use crate::json::Arena;
use crate::model::EventField;
use crate::pattern::language::is_plain;
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::fmt;

/// An event, and the time of its evaluation. It has what it needs and no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The severity.
    pub severity: Severity,
    /// The status.
    pub status: AlertStatus,
    /// Fields that are texts, as far as they differ from an event of a test that says nothing.
    pub texts: BTreeMap<EventField, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// When the problem began.
    pub starts_at: Option<Timestamp>,
    /// When the problem ended.
    pub ends_at: Option<Timestamp>,
    /// The time of evaluation, if something asks for it.
    pub at: Option<Timestamp>,
}

impl Default for Witness {
    fn default() -> Self {
        Self {
            severity: Severity::Warning,
            status: AlertStatus::Firing,
            texts: BTreeMap::new(),
            labels: BTreeMap::new(),
            starts_at: None,
            ends_at: None,
            at: None,
        }
    }
}

impl Witness {
    /// An event that is evaluated at a time.
    #[must_use]
    pub fn of(event: &Event<'_>, at: Timestamp) -> Self {
        let texts = [
            (EventField::Title, Some(event.title).filter(|title| *title != DEFAULT_TITLE)),
            (EventField::Key, Some(event.key).filter(|key| *key != DEFAULT_KEY)),
            (EventField::Source, Some(event.source).filter(|source| *source != DEFAULT_SOURCE)),
            (EventField::Description, event.description),
            (EventField::Link, event.link),
            (EventField::Integration, event.integration),
        ];
        Self {
            severity: event.severity,
            status: event.status,
            texts: texts.into_iter().filter_map(|(field, text)| Some((field, text?.to_owned()))).collect(),
            labels: event.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            starts_at: event.starts_at,
            ends_at: event.ends_at,
            at: (at != default_time()).then_some(at),
        }
    }

    /// The event of a solution.
    pub(super) fn new(formulas: &Formulas, solution: &Solution) -> Self {
        let mut witness = Self::default();
        for (variable, value) in &solution.values {
            let Some(variable) = formulas.variable(*variable) else { continue };
            match (variable, value) {
                (Variable::Label(name), VariableValue::Text(text)) => {
                    witness.labels.insert(name.to_string(), text.clone());
                }
                (Variable::Now, VariableValue::Time(time)) => witness.at = Some(*time),
                (Variable::Field(field), value) => witness.set(*field, value),
                (
                    Variable::Label(_)
                    | Variable::Now
                    | Variable::OpaqueText(_)
                    | Variable::Statement(_)
                    | Variable::Node(_)
                    | Variable::Written(..)
                    | Variable::Header(_)
                    | Variable::PathSuffix,
                    _,
                ) => {}
            }
        }
        let names = (1..).map(|number| if number == 1 { "label".to_owned() } else { format!("label_{number}") });
        let unnamed = names.filter(|name| !formulas.labels().any(|known| known == name));
        witness.labels.extend(unnamed.take(solution.further_labels).map(|name| (name, "a".to_owned())));
        witness
    }

    fn set(&mut self, field: EventField, value: &VariableValue) {
        match (field, value) {
            (EventField::Severity, VariableValue::Constant(position)) => {
                self.severity = Severity::ALL.get(*position).copied().unwrap_or(self.severity);
            }
            (EventField::Status, VariableValue::Constant(position)) => {
                self.status = AlertStatus::ALL.get(*position).copied().unwrap_or(self.status);
            }
            (EventField::StartsAt, VariableValue::Time(time)) => self.starts_at = Some(*time),
            (EventField::EndsAt, VariableValue::Time(time)) => self.ends_at = Some(*time),
            (field, VariableValue::Text(text)) => _ = self.texts.insert(field, text.clone()),
            (
                _,
                VariableValue::Missing
                | VariableValue::Constant(_)
                | VariableValue::Time(_)
                | VariableValue::Null
                | VariableValue::Boolean(_)
                | VariableValue::Number(_)
                | VariableValue::Structure(..)
                | VariableValue::Free,
            ) => {}
        }
    }

    /// Whether its texts have no control characters.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.texts.values().chain(self.labels.values()).all(|text| is_plain(text))
    }

    /// The time of evaluation.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.at.unwrap_or_else(default_time)
    }

    /// The event.
    #[must_use]
    pub fn event<'a>(&'a self, arena: &'a Arena) -> Event<'a> {
        let text = |field: EventField| self.texts.get(&field).map(String::as_str);
        Event {
            severity: self.severity,
            status: self.status,
            title: text(EventField::Title).unwrap_or(DEFAULT_TITLE),
            key: text(EventField::Key).unwrap_or(DEFAULT_KEY),
            description: text(EventField::Description),
            labels: Labels::of(self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())), arena),
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            link: text(EventField::Link),
            source: text(EventField::Source).unwrap_or(DEFAULT_SOURCE),
            integration: text(EventField::Integration),
            notes: &[],
        }
    }
}

/// The event in the notation of tests, without what it has by default: `{ severity: Critical, labels: { team: "db" } }`.
impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut members = Vec::new();
        if self.severity != Severity::Warning {
            members.push(format!("severity: {}", self.severity));
        }
        if self.status != AlertStatus::Firing {
            members.push(format!("status: {}", self.status));
        }
        members.extend(self.texts.iter().map(|(field, text)| format!("{}: {}", field.name(), quoted(text))));
        let times = [(EventField::StartsAt, self.starts_at), (EventField::EndsAt, self.ends_at)];
        members.extend(times.into_iter().filter_map(|(field, time)| Some(format!("{}: \"{}\"", field.name(), time?))));
        if !self.labels.is_empty() {
            let labels: Vec<String> =
                self.labels.iter().map(|(name, text)| format!("{}: {}", member(name), quoted(text))).collect();
            members.push(format!("labels: {{ {} }}", labels.join(", ")));
        }
        if members.is_empty() { f.write_str("{ }") } else { write!(f, "{{ {} }}", members.join(", ")) }
    }
}

/// A text as JSON, with characters that cannot be seen as escapes.
fn quoted(text: &str) -> String {
    visible_json(&serde_json::Value::from(text).to_string()).into_owned()
}

/// The name of a member, in quotes where it needs them.
fn member(name: &str) -> String {
    let mut characters = name.chars();
    let is_word = characters.next().is_some_and(|first| first.is_ascii_lowercase() || first == '_')
        && characters.all(|character| character.is_ascii_alphanumeric() || character == '_');
    if is_word { name.to_owned() } else { quoted(name) }
}
