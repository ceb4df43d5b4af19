//! Tests that would have found a change: today's result for the event or payload that tells the rules apart.

use super::payload_search::DifferentPayload;
use crate::format::formatted;
use crate::prove::ChangedEvent;
use crate::suite::payload_sample::MappedOutcome;
use crate::suite::test_value::TestValue;
use crate::text::quoted;

/// A test of a routing.
pub(super) fn of_event(name: &str, changed: &ChangedEvent) -> String {
    let mut lines = vec![format!("routing {}", changed.entry), format!("event {}", changed.event)];
    lines.extend(changed.event.at.map(|at| format!("at {at}")));
    lines.push(if changed.old.channels.is_empty() {
        "expect nothing".to_owned()
    } else {
        format!("expect sent [{}]", changed.old.channels.join(", "))
    });
    test(name, &lines)
}

/// A test of a mapping.
pub(super) fn of_payload(name: &str, found: &DifferentPayload) -> String {
    let mut lines = vec![format!("mapping {}", found.sample.mapping)];
    lines.extend(found.sample.statements.iter().cloned());
    lines.push(format!("input {}", json(&found.sample.payload)));
    lines.push(format!("expect {}", expectation(&found.original, &found.changed)));
    test(name, &lines)
}

fn test(name: &str, lines: &[String]) -> String {
    let lines: String = lines.iter().flat_map(|line| ["  ", line.as_str(), "\n"]).collect();
    formatted(format!("test {} {{\n{lines}}}\n", quoted(name)))
}

/// What holds of the original outcomes, and not of the changed ones.
fn expectation(original: &[MappedOutcome], changed: &[MappedOutcome]) -> String {
    let differs = |at: &usize| original.get(*at) != changed.get(*at);
    let at = (0..original.len()).find(differs);
    let number = |at: usize| if original.len() == 1 { String::new() } else { format!("outcome {at} ") };
    let is_event = |outcome: &&MappedOutcome| matches!(outcome, MappedOutcome::Event(_));
    match at.and_then(|at| Some((at, original.get(at)?, changed.get(at)))) {
        Some((at, MappedOutcome::Event(event), other)) if original.len() == changed.len() => {
            let other = match other {
                Some(MappedOutcome::Event(other)) => other,
                _ => &TestValue::Missing,
            };
            format!("{}{}", number(at), different_members(event, other))
        }
        Some((at, MappedOutcome::Dropped(reason), _)) if original.len() == changed.len() => {
            format!("{}dropped {}", number(at), quoted(reason))
        }
        Some((_, MappedOutcome::Empty, _)) => "empty".to_owned(),
        Some((_, MappedOutcome::Unaccepted, _)) => "unaccepted".to_owned(),
        Some((_, MappedOutcome::Invalid, _)) => "invalid".to_owned(),
        Some((_, MappedOutcome::Event(_) | MappedOutcome::Dropped(_), _)) | None => {
            let events = original.iter().filter(is_event).count();
            let dropped = original.len() - events;
            let noun = if events == 1 { "event" } else { "events" };
            let more = if dropped > 0 { format!(", {dropped} dropped") } else { String::new() };
            format!("{events} {noun}{more}")
        }
    }
}

/// The members of an event that another has not, or has otherwise; those that only the other has are missing.
fn different_members(event: &TestValue, other: &TestValue) -> TestValue {
    let added = other.members().iter().filter(|(name, _)| matches!(event.member(name), TestValue::Missing));
    let names = event.members().iter().chain(added).map(|(name, _)| name);
    let different = names.filter(|name| &***name != "event_status" && event.member(name) != other.member(name));
    let member = |name: &str| {
        let (own, theirs) = (event.member(name), other.member(name));
        let is_inner = matches!((own, theirs), (TestValue::Object(_), TestValue::Object(_)));
        (Box::from(name), if is_inner { different_members(own, theirs) } else { own.clone() })
    };
    TestValue::Object(different.map(|name| member(name)).collect())
}

/// JSON in the notation of tests.
fn json(value: &serde_json::Value) -> String {
    TestValue::from(value).to_string()
}
