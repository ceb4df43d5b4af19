//! Reading events in the form in which outcomes carry them, for `--events`.
//!
//! The object is an event, or an outcome that contains one, so that the output of one run can be the input of the next.
//! Unknown members are errors, because a misspelled one would otherwise be lost silently.

use crate::diagnostic::nearest;
use crate::event::{AlertStatus, Event, Labels, Severity};
use crate::json::{Arena, Document, Object, Value};
use crate::time::Timestamp;

/// The members of an event. `event_status` is derived, and ignored.
const MEMBERS: [&str; 13] = [
    "severity",
    "status",
    "event_status",
    "title",
    "key",
    "description",
    "labels",
    "starts_at",
    "ends_at",
    "link",
    "source",
    "integration",
    "notes",
];

/// The maximum number of labels, far more than an alert has.
const MAX_LABELS: usize = 1_000;

/// The event, or why the document is not one.
pub(super) fn read<'d>(document: &Document<'d>) -> Result<&'d Event<'d>, String> {
    let Value::Object(object) = document.root else {
        return Err("expected an event, which is an object".to_owned());
    };
    let event = match object.get("event") {
        Some(Value::Object(event)) if object.get("outcome").is_some() => event_of(event, document.arena),
        Some(_) | None if object.get("outcome").is_some() => Err("the outcome contains no event".to_owned()),
        Some(_) | None => event_of(object, document.arena),
    };
    Ok(document.arena.alloc(event?))
}

fn event_of<'d>(object: &Object<'d>, arena: &'d Arena) -> Result<Event<'d>, String> {
    if let Some((name, _)) = object.iter().find(|(name, _)| !MEMBERS.contains(name)) {
        let near = nearest(name, MEMBERS).map(|near| format!("; did you mean `{near}`?"));
        return Err(format!("an event has no member `{name}`{}", near.unwrap_or_default()));
    }
    Ok(Event {
        severity: constant(object, "severity", Severity::ALL, Severity::name)?.ok_or_else(|| absent("severity"))?,
        status: constant(object, "status", AlertStatus::ALL, AlertStatus::name)?.unwrap_or(AlertStatus::Firing),
        title: text(object, "title")?.ok_or_else(|| absent("title"))?,
        key: text(object, "key")?.ok_or_else(|| absent("key"))?,
        description: text(object, "description")?,
        labels: labels(object, arena)?,
        starts_at: time(object, "starts_at")?,
        ends_at: time(object, "ends_at")?,
        link: text(object, "link")?,
        source: text(object, "source")?.unwrap_or("event"),
        integration: text(object, "integration")?,
        notes: notes(object, arena)?,
    })
}

fn absent(name: &str) -> String {
    format!("the event has no `{name}`")
}

fn wrong(name: &str, expected: &str) -> String {
    format!("`{name}` of the event: expected {expected}")
}

/// A member that is not null.
fn member<'d>(object: &Object<'d>, name: &str) -> Option<&'d Value<'d>> {
    object.get(name).filter(|value| !matches!(value, Value::Null))
}

fn text<'d>(object: &Object<'d>, name: &str) -> Result<Option<&'d str>, String> {
    match member(object, name) {
        None => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text)),
        Some(_) => Err(wrong(name, "a string")),
    }
}

fn constant<const N: usize, C: Copy>(
    object: &Object<'_>,
    name: &str,
    all: [C; N],
    spelling: fn(C) -> &'static str,
) -> Result<Option<C>, String> {
    let Some(text) = text(object, name)? else { return Ok(None) };
    let found = all.into_iter().find(|constant| spelling(*constant) == text);
    let spellings = || all.map(|constant| format!("\"{}\"", spelling(constant))).join(", ");
    found.map(Some).ok_or_else(|| wrong(name, &format!("one of {}", spellings())))
}

fn time(object: &Object<'_>, name: &str) -> Result<Option<Timestamp>, String> {
    let Some(text) = text(object, name)? else { return Ok(None) };
    Timestamp::read(text).map(Some).ok_or_else(|| wrong(name, "a time such as \"2026-03-07T02:00:00+08:00\""))
}

fn labels<'d>(object: &Object<'d>, arena: &'d Arena) -> Result<Labels<'d>, String> {
    match member(object, "labels") {
        None => Ok(Labels::default()),
        Some(Value::Object(members)) if members.len() > MAX_LABELS => {
            Err(wrong("labels", &format!("at most {MAX_LABELS} labels")))
        }
        Some(Value::Object(members)) => {
            let entry = |(name, value): (&'d str, &'d Value<'d>)| Some((name, value.as_text()?));
            let entries: Option<Vec<_>> = members.iter().map(entry).collect();
            let entries = entries.ok_or_else(|| wrong("labels", "an object of strings"))?;
            Ok(Labels::of(entries, arena))
        }
        Some(_) => Err(wrong("labels", "an object of strings")),
    }
}

fn notes<'d>(object: &Object<'d>, arena: &'d Arena) -> Result<&'d [&'d str], String> {
    match member(object, "notes") {
        None => Ok(&[]),
        Some(Value::Array(items)) => {
            let notes: Option<Vec<&str>> = items.iter().map(Value::as_text).collect();
            notes.map(|notes| arena.slice(&notes)).ok_or_else(|| wrong("notes", "a list of strings"))
        }
        Some(_) => Err(wrong("notes", "a list of strings")),
    }
}
