//! Events as expectations write them: times in any spelling, constants, and what the subject of a test implies.

use super::compare;
use super::seen::Seen;
use super::shown::Shown;
use crate::time::Instant;

/// The expected event in the notation of actual ones: times in one spelling, constants as constants.
pub(super) fn expected(written: &Shown) -> Shown {
    let field = |(name, value): &(Box<str>, Shown)| {
        let value = match (&**name, value) {
            ("starts_at" | "ends_at", Shown::Text(text)) => {
                Shown::Text(Instant::read(text).map_or_else(|| text.clone(), |time| time.to_string().into()))
            }
            ("severity" | "status" | "event_status", Shown::Text(text)) => Shown::Name(text.clone()),
            (_, value) => value.clone(),
        };
        (name.clone(), value)
    };
    match written {
        Shown::Object(members) => Shown::Object(members.iter().map(field).collect()),
        Shown::Missing
        | Shown::Null
        | Shown::Boolean(_)
        | Shown::Number(_)
        | Shown::Text(_)
        | Shown::Name(_)
        | Shown::List(_) => written.clone(),
    }
}

/// The event as `expect exactly` compares it. What the test's subject implies need not be written: `event_status`,
/// `integration`, the mapping's name as `source`, no labels, no notes.
pub(super) fn written_out(expected: &Shown, event: &Shown, seen: &Seen) -> Shown {
    let implied = |name: &str, value: &Shown| match name {
        "event_status" | "integration" => true,
        "source" => {
            matches!((value, &seen.mapping), (Shown::Text(source), Some(mapping)) if **source == **mapping)
        }
        "labels" => value.members().is_empty(),
        "notes" => matches!(value, Shown::List(items) if items.is_empty()),
        _ => false,
    };
    let written = |name: &str| expected.members().iter().any(|(field, _)| &**field == name);
    let kept = event.members().iter().filter(|(name, value)| written(name) || !implied(name, value));
    Shown::Object(kept.cloned().collect())
}

/// The fields in which two events differ.
pub(super) fn differing(expected: &Shown, actual: &Shown) -> Vec<Box<str>> {
    let missing = |(name, _): &&(Box<str>, Shown)| matches!(expected.member(name), Shown::Missing);
    let unexpected = actual.members().iter().filter(missing).map(|(name, _)| (name, &Shown::Missing));
    let named = expected.members().iter().filter(|(_, value)| !matches!(value, Shown::Missing));
    let pairs = named.map(|(name, value)| (name, value)).chain(unexpected);
    let wrong = pairs.filter(|(name, value)| {
        !compare::holds(value, actual.member(name)) || !compare::holds(actual.member(name), value)
    });
    wrong.map(|(name, _)| name.clone()).collect()
}

/// A body is JSON: its constants are strings.
pub(super) fn unquoted(written: &Shown) -> Shown {
    match written {
        Shown::Name(name) => Shown::Text(name.clone()),
        Shown::List(items) => Shown::List(items.iter().map(unquoted).collect()),
        Shown::Object(members) => {
            Shown::Object(members.iter().map(|(name, value)| (name.clone(), unquoted(value))).collect())
        }
        Shown::Missing | Shown::Null | Shown::Boolean(_) | Shown::Number(_) | Shown::Text(_) => {
            written.clone()
        }
    }
}
