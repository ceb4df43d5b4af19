//! Events as the journal keeps them: the JSON of their outcomes, read again.

use crate::event::{AlertStatus, Event, Labels, Severity};
use crate::json::{self, Arena, Value};
use crate::time::Timestamp;

/// The event of an outcome; nothing where the text holds none.
#[must_use]
pub(super) fn read_event<'a>(outcome: &'a str, integration: &'a str, arena: &'a Arena) -> Option<&'a Event<'a>> {
    let document = json::parse(outcome.as_bytes(), arena).ok()?;
    let event = document.root.as_object()?.get("event")?.as_object()?;
    let text = |name: &str| event.get(name).and_then(Value::as_text);
    let time = |name: &str| text(name).and_then(Timestamp::read);
    let labels = event.get("labels").and_then(Value::as_object);
    let labels = labels.into_iter().flat_map(json::Object::iter);
    let notes = event.get("notes").and_then(Value::as_array).unwrap_or_default();
    let notes: Vec<&str> = notes.iter().filter_map(Value::as_text).collect();
    let severity = text("severity")?;
    let status = text("status")?;
    Some(arena.alloc(Event {
        severity: Severity::ALL.into_iter().find(|known| known.name() == severity)?,
        status: AlertStatus::ALL.into_iter().find(|known| known.name() == status)?,
        title: text("title")?,
        key: text("key")?,
        description: text("description"),
        labels: Labels::of(labels.filter_map(|(name, value)| Some((name, value.as_text()?))), arena),
        starts_at: time("starts_at"),
        ends_at: time("ends_at"),
        link: text("link"),
        source: text("source").unwrap_or_default(),
        integration: Some(text("integration").unwrap_or(integration)),
        notes: arena.slice(&notes),
    }))
}

#[cfg(test)]
mod tests {
    use super::read_event;
    use crate::event::{AlertStatus, Event, Labels, Outcome, OutcomeKind, RoutingDecision, Severity};
    use crate::json::{Arena, ToJson as _};
    use crate::time::Timestamp;

    #[test]
    fn an_event_is_read_as_it_was_written() {
        let arena = Arena::new();
        let event = Event {
            severity: Severity::Warning,
            status: AlertStatus::Resolved,
            title: "disk \"full\"",
            key: "k",
            description: Some("two\nlines"),
            labels: Labels::of([("z", "1"), ("a", "")], &arena),
            starts_at: Timestamp::read("2026-03-07T02:00:00Z"),
            ends_at: None,
            link: None,
            source: "arms",
            integration: Some("shop"),
            notes: &["one note"],
        };
        let kind = OutcomeKind::Routed(&event, RoutingDecision::default());
        let outcome = Outcome { integration: Some("shop"), mapping: None, index: None, kind }.to_json();
        assert_eq!(read_event(&outcome, "shop", &arena), Some(&event));
        assert_eq!(read_event(r#"{"outcome":"empty"}"#, "shop", &arena), None);
    }
}
