//! The event that a routing or channel test gives, with fixed values for what it leaves out.

use super::shown::Shown;
use crate::event::{Event, Labels, Severity, Status};
use crate::json::Arena;
use crate::time::Instant;

/// The title of an event that a test gives none.
pub const TITLE: &str = "a test alert";
/// The key of an event that a test gives none.
pub const KEY: &str = "test-alert";
/// The source of an event that a test gives none.
pub const SOURCE: &str = "test";
/// The time of evaluation where a test gives none: a Thursday, in UTC.
pub const AT: &str = "2026-01-01T00:00:00Z";

/// The event that a test writes: Warning, Firing, [`TITLE`], [`KEY`] and [`SOURCE`] unless it says otherwise; no
/// labels, times, link or integration.
pub(super) fn event<'a>(written: &Shown, arena: &'a Arena) -> Result<&'a Event<'a>, String> {
    let text = |field| text(written, field, arena);
    Ok(arena.keep(Event {
        severity: constant(written, "severity", Severity::Warning, &Severity::ALL, Severity::name)?,
        status: constant(written, "status", Status::Firing, &Status::ALL, Status::name)?,
        title: text("title")?.unwrap_or(TITLE),
        key: text("key")?.unwrap_or(KEY),
        description: text("description")?,
        labels: labels(written.member("labels"), arena)?,
        starts_at: time(written, "starts_at")?,
        ends_at: time(written, "ends_at")?,
        link: text("link")?,
        source: text("source")?.unwrap_or(SOURCE),
        integration: text("integration")?,
        notes: notes(written.member("notes"), arena)?,
    }))
}

fn constant<C: Copy>(
    written: &Shown,
    field: &str,
    default: C,
    all: &[C],
    name: fn(C) -> &'static str,
) -> Result<C, String> {
    let word = match written.member(field) {
        Shown::Missing | Shown::Null => return Ok(default),
        // The rows of a file have no bare words.
        Shown::Name(word) | Shown::Text(word) => word,
        other @ (Shown::Boolean(_) | Shown::Number(_) | Shown::List(_) | Shown::Object(_)) => {
            return Err(format!("`{field}` cannot be {other}"));
        }
    };
    let names = || all.iter().map(|constant| name(*constant)).collect::<Vec<_>>().join(", ");
    let found = all.iter().copied().find(|constant| name(*constant) == &**word);
    found.ok_or_else(|| format!("`{field}` cannot be `{word}`; it is one of {}", names()))
}

fn text<'a>(written: &Shown, field: &str, arena: &'a Arena) -> Result<Option<&'a str>, String> {
    scalar(written.member(field), arena)
        .map_err(|other| format!("`{field}` is a string and cannot be {other}"))
}

/// A scalar as its JSON text.
fn scalar<'a, 's>(value: &'s Shown, arena: &'a Arena) -> Result<Option<&'a str>, &'s Shown> {
    match value {
        Shown::Missing | Shown::Null => Ok(None),
        Shown::Text(text) | Shown::Number(text) => Ok(Some(arena.text(text))),
        Shown::Boolean(value) => Ok(Some(if *value { "true" } else { "false" })),
        Shown::Name(_) | Shown::List(_) | Shown::Object(_) => Err(value),
    }
}

fn labels<'a>(written: &Shown, arena: &'a Arena) -> Result<Labels<'a>, String> {
    let mut labels = Vec::new();
    for (name, value) in written.members() {
        let value = scalar(value, arena)
            .map_err(|other| format!("the label `{name}` is a string and cannot be {other}"))?;
        labels.extend(value.map(|value| (arena.text(name), value)));
    }
    Ok(Labels::of(labels, arena))
}

fn time(written: &Shown, field: &str) -> Result<Option<Instant>, String> {
    let arena = Arena::new();
    let Some(text) = text(written, field, &arena)? else { return Ok(None) };
    Instant::read(text).map(Some).ok_or_else(|| format!("`{field}` is a time and cannot be `{text}`"))
}

fn notes<'a>(written: &Shown, arena: &'a Arena) -> Result<&'a [&'a str], String> {
    let Shown::List(items) = written else { return Ok(&[]) };
    let note = |item| scalar(item, arena).map_err(|other| format!("a note cannot be {other}"));
    let notes = items.iter().map(note).collect::<Result<Vec<_>, _>>()?;
    Ok(arena.slice(&notes.into_iter().flatten().collect::<Vec<_>>()))
}
