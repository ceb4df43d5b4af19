//! Events in the notation of expectations: times in any spelling, constants, and fields that the subject of a test
//! implies.

use super::compare;
use super::observed_outcome::ObservedOutcome;
use super::test_value::TestValue;
use crate::time::Timestamp;

/// The expected event in the notation of actual ones: times in one spelling, constants as constants.
pub(super) fn expected(written: &TestValue) -> TestValue {
    let field = |(name, value): &(Box<str>, TestValue)| {
        let value = match (&**name, value) {
            ("starts_at" | "ends_at" | "since", TestValue::Text(text)) => {
                TestValue::Text(Timestamp::read(text).map_or_else(|| text.clone(), |time| time.to_string().into()))
            }
            ("severity" | "status" | "event_status", TestValue::Text(text)) => TestValue::Name(text.clone()),
            (_, value) => value.clone(),
        };
        (name.clone(), value)
    };
    let TestValue::Object(members) = written else { return written.clone() };
    TestValue::Object(members.iter().map(field).collect())
}

/// The actual event without implied fields that the test does not write. The subject of a test implies `event_status`,
/// `integration`, the name of the mapping as `source`, empty labels, and empty notes.
pub(super) fn without_implied_fields(expected: &TestValue, event: &TestValue, outcome: &ObservedOutcome) -> TestValue {
    let implied = |name: &str, value: &TestValue| match name {
        "event_status" | "integration" => true,
        "source" => {
            matches!((value, &outcome.mapping), (TestValue::Text(source), Some(mapping)) if **source == **mapping)
        }
        "labels" => value.members().is_empty(),
        "notes" => matches!(value, TestValue::List(items) if items.is_empty()),
        _ => false,
    };
    let written = |name: &str| expected.members().iter().any(|(field, _)| &**field == name);
    let kept = event.members().iter().filter(|(name, value)| written(name) || !implied(name, value));
    TestValue::Object(kept.cloned().collect())
}

/// The fields in which two events differ.
pub(super) fn differing(expected: &TestValue, actual: &TestValue) -> Vec<Box<str>> {
    let not_expected = |(name, _): &&(Box<str>, TestValue)| matches!(expected.member(name), TestValue::Missing);
    let unexpected = actual.members().iter().filter(not_expected).map(|(name, _)| (name, &TestValue::Missing));
    let expected_members = expected.members().iter().filter(|(_, value)| !matches!(value, TestValue::Missing));
    let pairs = expected_members.map(|(name, value)| (name, value)).chain(unexpected);
    let wrong = pairs.filter(|(name, value)| {
        !compare::holds(value, actual.member(name)) || !compare::holds(actual.member(name), value)
    });
    wrong.map(|(name, _)| name.clone()).collect()
}

/// The expected body. A body is JSON, so its constants are strings.
pub(super) fn unquoted(written: &TestValue) -> TestValue {
    match written {
        TestValue::Name(name) => TestValue::Text(name.clone()),
        TestValue::List(items) => TestValue::List(items.iter().map(unquoted).collect()),
        TestValue::Object(members) => {
            TestValue::Object(members.iter().map(|(name, value)| (name.clone(), unquoted(value))).collect())
        }
        TestValue::Missing | TestValue::Null | TestValue::Boolean(_) | TestValue::Number(_) | TestValue::Text(_) => {
            written.clone()
        }
    }
}
