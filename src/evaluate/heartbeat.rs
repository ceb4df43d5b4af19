//! Heartbeats: of which senders an event is a beat, and the events of absences.

use super::EvaluationContext;
use super::interpreter::Interpreter;
use super::observer::Observer;
use crate::event::{AlertStatus, Event, Labels};
use crate::function::key_of_texts;
use crate::json::Arena;
use crate::model::EventField;
use crate::program::{GroupValue, Heartbeat, Node, Program};
use crate::time::Timestamp;
use crate::value::RuntimeValue;

/// A beat: an event that shows that a sender is heard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Beat {
    /// The heartbeat, by its position in the program.
    pub heartbeat: usize,
    /// The values of `by`, which tell the sender.
    pub values: Vec<String>,
}

/// A sender of which nothing is heard, or is heard again.
#[derive(Debug, Clone, Copy)]
pub struct Absence<'v> {
    /// The heartbeat, by its position in the program.
    pub heartbeat: usize,
    /// The values of `by`.
    pub values: &'v [&'v str],
    /// When it was heard last before.
    pub since: Timestamp,
    /// When it was heard again; nothing while it is absent.
    pub ended: Option<Timestamp>,
}

/// The heartbeats of which an event is a beat, in the order of the program. An event in which a value of `by` is missing is not
/// a beat.
pub(super) fn beats<O: Observer>(
    program: &Program,
    event: &Event<'_>,
    context: &EvaluationContext<'_>,
    observer: &mut O,
) -> Vec<Beat> {
    if program.heartbeats.is_empty() {
        return Vec::new();
    }
    let arena = Arena::new();
    let mut interpreter = Interpreter::new(program, context, &arena, observer);
    interpreter.set_event(event);
    let mut beats = Vec::new();
    for (position, heartbeat) in program.heartbeats.iter().enumerate() {
        if !interpreter.holds(heartbeat.when) {
            continue;
        }
        let values = heartbeat.by.iter().map(|GroupValue { value, .. }| {
            let value = interpreter.value(*value);
            if value.is_nothing() { None } else { value.to_text(&arena).map(str::to_owned) }
        });
        beats.extend(values.collect::<Option<Vec<String>>>().map(|values| Beat { heartbeat: position, values }));
    }
    beats
}

/// The event of an absence, or of its end; nothing if the program has no such heartbeat, or one with other values.
pub(super) fn absence<'a, O: Observer>(
    program: &'a Program,
    absence: Absence<'a>,
    context: &EvaluationContext<'_>,
    arena: &'a Arena,
    observer: &mut O,
) -> Option<Event<'a>> {
    let heartbeat = program.heartbeats.get(absence.heartbeat)?;
    if heartbeat.by.len() != absence.values.len() {
        return None;
    }
    let event = Event {
        severity: heartbeat.severity,
        status: if absence.ended.is_some() { AlertStatus::Resolved } else { AlertStatus::Firing },
        title: &heartbeat.source,
        key: absence_key(heartbeat, absence.values, arena),
        description: None,
        labels: Labels::default(),
        starts_at: Some(absence.since),
        ends_at: absence.ended,
        link: None,
        source: &heartbeat.source,
        integration: Some(&heartbeat.source),
        notes: &[],
    };
    let seen = arena.alloc(seen(program, heartbeat, absence.values, event, arena));
    let mut interpreter = Interpreter::new(program, context, arena, observer);
    interpreter.set_event(seen);
    for (GroupValue { value, .. }, text) in heartbeat.by.iter().zip(absence.values) {
        if let Node::Define(position) = program.node(*value) {
            interpreter.cache(*position, RuntimeValue::Text(text));
        }
    }
    let title = interpreter.value(heartbeat.title).to_text(arena).filter(|title| !title.is_empty());
    let own = heartbeat.labels.iter().filter_map(|(name, value)| {
        let value = interpreter.value(*value).to_text(arena)?;
        Some((&**name, value))
    });
    let own: Vec<(&str, &str)> = own.collect();
    let by = heartbeat.by.iter().zip(absence.values).map(|(value, text)| (&*value.name, *text));
    Some(Event { title: title.unwrap_or(event.title), labels: Labels::of(by.chain(own), arena), ..event })
}

/// What the title and the labels of an absence see: the values of `by` in their places.
fn seen<'a>(
    program: &Program,
    heartbeat: &'a Heartbeat,
    values: &'a [&'a str],
    mut event: Event<'a>,
    arena: &'a Arena,
) -> Event<'a> {
    let mut labels: Vec<(&str, &str)> = Vec::new();
    for (GroupValue { name, value }, text) in heartbeat.by.iter().zip(values) {
        // A define gets its value apart.
        if let Node::Label(_) = program.node(*value) {
            labels.push((name, text));
        } else if let Node::Field(field) = program.node(*value) {
            match field {
                EventField::Title => event.title = text,
                EventField::Key => event.key = text,
                EventField::Description => event.description = Some(text),
                EventField::Link => event.link = Some(text),
                EventField::Source => event.source = text,
                EventField::Integration => event.integration = Some(text),
                // They tell no senders apart, so check lets them not stand here.
                EventField::Severity
                | EventField::Status
                | EventField::Labels
                | EventField::StartsAt
                | EventField::EndsAt
                | EventField::Notes => {}
            }
        }
    }
    event.labels = Labels::of(labels, arena);
    event
}

/// The key of an absence: the heartbeat, and what tells its senders apart.
fn absence_key<'a>(heartbeat: &'a Heartbeat, values: &[&str], arena: &'a Arena) -> &'a str {
    if values.is_empty() {
        return &heartbeat.source;
    }
    arena.text(&key_of_texts(&heartbeat.source, values))
}
