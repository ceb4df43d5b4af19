//! The event that a routing or channel test gives, with fixed values for what it leaves out.

use super::shown::Shown;
use crate::event::{Event, Labels, Severity, Status};
use crate::time::Instant;
use std::borrow::Cow;

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
pub(super) fn event(written: &Shown) -> Result<Event<'static>, String> {
    Ok(Event {
        severity: constant(written, "severity", Severity::Warning, &Severity::ALL, Severity::name)?,
        status: constant(written, "status", Status::Firing, &Status::ALL, Status::name)?,
        title: text(written, "title")?.unwrap_or(Cow::Borrowed(TITLE)),
        key: text(written, "key")?.unwrap_or(Cow::Borrowed(KEY)),
        description: text(written, "description")?,
        labels: labels(written.member("labels"))?,
        starts_at: time(written, "starts_at")?,
        ends_at: time(written, "ends_at")?,
        link: text(written, "link")?,
        source: text(written, "source")?.unwrap_or(Cow::Borrowed(SOURCE)),
        integration: text(written, "integration")?,
        notes: notes(written.member("notes"))?,
    })
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

fn text(written: &Shown, field: &str) -> Result<Option<Cow<'static, str>>, String> {
    scalar(written.member(field)).map_err(|other| format!("`{field}` is a string and cannot be {other}"))
}

/// A scalar as its JSON text.
fn scalar(value: &Shown) -> Result<Option<Cow<'static, str>>, &Shown> {
    match value {
        Shown::Missing | Shown::Null => Ok(None),
        Shown::Text(text) | Shown::Number(text) => Ok(Some(Cow::Owned(text.to_string()))),
        Shown::Boolean(value) => Ok(Some(Cow::Owned(value.to_string()))),
        Shown::Name(_) | Shown::List(_) | Shown::Object(_) => Err(value),
    }
}

fn labels(written: &Shown) -> Result<Labels<'static>, String> {
    let mut labels = Labels::default();
    for (name, value) in written.members() {
        let value =
            scalar(value).map_err(|other| format!("the label `{name}` is a string and cannot be {other}"))?;
        if let Some(value) = value {
            labels.set(Cow::Owned(name.to_string()), value);
        }
    }
    Ok(labels)
}

fn time(written: &Shown, field: &str) -> Result<Option<Instant>, String> {
    let Some(text) = text(written, field)? else { return Ok(None) };
    Instant::read(&text).map(Some).ok_or_else(|| format!("`{field}` is a time and cannot be `{text}`"))
}

fn notes(written: &Shown) -> Result<Vec<Cow<'static, str>>, String> {
    let Shown::List(items) = written else { return Ok(Vec::new()) };
    let notes = items.iter().map(|item| scalar(item).map_err(|other| format!("a note cannot be {other}")));
    Ok(notes.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}
