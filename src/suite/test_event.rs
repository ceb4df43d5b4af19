//! The event of a routing or channel test, with fixed defaults.

use super::test_value::TestValue;
use crate::event::{AlertStatus, Event, GroupFacts, Labels, MessageGroup, Severity};
use crate::json::Arena;
use crate::time::Timestamp;

/// The default title of an event.
pub const DEFAULT_TITLE: &str = crate::prove::DEFAULT_TITLE;
/// The default key of an event.
pub const DEFAULT_KEY: &str = crate::prove::DEFAULT_KEY;
/// The default source of an event.
pub const DEFAULT_SOURCE: &str = crate::prove::DEFAULT_SOURCE;
/// The default time of evaluation: a Thursday, in UTC.
pub const DEFAULT_TIME: &str = "2026-01-01T00:00:00Z";

/// The event of a routing or channel test. The defaults are Warning, Firing, [`DEFAULT_TITLE`], [`DEFAULT_KEY`] and [`DEFAULT_SOURCE`]; no labels,
/// times, link or integration.
pub(super) fn event<'a>(written: &TestValue, arena: &'a Arena) -> Result<&'a Event<'a>, String> {
    let text = |field| text(written, field, arena);
    Ok(arena.alloc(Event {
        severity: constant(written, "severity", Severity::Warning, &Severity::ALL, Severity::name)?,
        status: constant(written, "status", AlertStatus::Firing, &AlertStatus::ALL, AlertStatus::name)?,
        title: text("title")?.unwrap_or(DEFAULT_TITLE),
        key: text("key")?.unwrap_or(DEFAULT_KEY),
        description: text("description")?,
        labels: labels(written.member("labels"), arena)?,
        starts_at: time(written, "starts_at")?,
        ends_at: time(written, "ends_at")?,
        link: text("link")?,
        source: text("source")?.unwrap_or(DEFAULT_SOURCE),
        integration: text("integration")?,
        notes: notes(written.member("notes"), arena)?,
    }))
}

/// What the message of a channel test says of its group: that of the event, with what `group` says otherwise.
pub(super) fn group(written: &TestValue, event: &Event<'_>) -> Result<GroupFacts, String> {
    let group = written.member("group");
    let mut facts = MessageGroup::SingleEvent.facts(event);
    let arena = Arena::new();
    if let Some(reason) = text(group, "reason", &arena)? {
        let known = GroupFacts::REASONS.into_iter().find(|known| *known == reason);
        facts.reason = known.ok_or_else(|| format!("`{reason}` is not a reason of a message"))?;
    }
    for (name, count) in [
        ("firing", &mut facts.firing),
        ("critical", &mut facts.critical),
        ("resolved", &mut facts.resolved),
        ("muted", &mut facts.muted),
        ("news", &mut facts.news),
        ("changes", &mut facts.changes),
    ] {
        if let Some(written) = text(group, name, &arena)? {
            *count = written.parse().map_err(|_| format!("`{name}` is a number up to 4294967295, not {written}"))?;
        }
    }
    facts.since = time(group, "since")?.or(facts.since);
    if let TestValue::List(alerts) = group.member("alerts") {
        let alert = |alert: &TestValue| serde_json::from_str(&alert.to_json()?).ok();
        facts.alerts = alerts.iter().filter_map(alert).collect();
    }
    Ok(facts)
}

fn constant<C: Copy>(
    written: &TestValue,
    field: &str,
    default: C,
    all: &[C],
    name: fn(C) -> &'static str,
) -> Result<C, String> {
    let word = match written.member(field) {
        TestValue::Missing | TestValue::Null => return Ok(default),
        // In the rows of a file, constants are strings.
        TestValue::Name(word) | TestValue::Text(word) => word,
        other @ (TestValue::Boolean(_) | TestValue::Number(_) | TestValue::List(_) | TestValue::Object(_)) => {
            return Err(format!("`{field}` cannot be {other}"));
        }
    };
    let names = || all.iter().map(|constant| name(*constant)).collect::<Vec<_>>().join(", ");
    let found = all.iter().copied().find(|constant| name(*constant) == &**word);
    found.ok_or_else(|| format!("`{field}` cannot be `{word}`; it is one of {}", names()))
}

fn text<'a>(written: &TestValue, field: &str, arena: &'a Arena) -> Result<Option<&'a str>, String> {
    scalar(written.member(field), arena).map_err(|other| format!("`{field}` is a string and cannot be {other}"))
}

/// A scalar as its JSON text.
fn scalar<'a, 's>(value: &'s TestValue, arena: &'a Arena) -> Result<Option<&'a str>, &'s TestValue> {
    match value {
        TestValue::Missing | TestValue::Null => Ok(None),
        TestValue::Text(text) | TestValue::Number(text) => Ok(Some(arena.text(text))),
        TestValue::Boolean(value) => Ok(Some(if *value { "true" } else { "false" })),
        TestValue::Name(_) | TestValue::List(_) | TestValue::Object(_) => Err(value),
    }
}

fn labels<'a>(written: &TestValue, arena: &'a Arena) -> Result<Labels<'a>, String> {
    let mut labels = Vec::new();
    for (name, value) in written.members() {
        let value =
            scalar(value, arena).map_err(|other| format!("the label `{name}` is a string and cannot be {other}"))?;
        labels.extend(value.map(|value| (arena.text(name), value)));
    }
    Ok(Labels::of(labels, arena))
}

fn time(written: &TestValue, field: &str) -> Result<Option<Timestamp>, String> {
    let arena = Arena::new();
    let Some(text) = text(written, field, &arena)? else { return Ok(None) };
    Timestamp::read(text).map(Some).ok_or_else(|| format!("`{field}` is a time and cannot be `{text}`"))
}

fn notes<'a>(written: &TestValue, arena: &'a Arena) -> Result<&'a [&'a str], String> {
    let TestValue::List(items) = written else { return Ok(&[]) };
    let note = |item| scalar(item, arena).map_err(|other| format!("a note cannot be {other}"));
    let notes = items.iter().map(note).collect::<Result<Vec<_>, _>>()?;
    Ok(arena.slice(&notes.into_iter().flatten().collect::<Vec<_>>()))
}
