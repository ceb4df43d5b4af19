//! A mapping reads a payload: `accept`, `each`, then for each element its lets, its drops, its fields.

use super::comparison::is_nothing;
use super::machine::{Machine, TEXT_LIMIT};
use super::observer::Observer;
use super::text::written;
use super::work::PER_NODE;
use super::{Context, Pipeline};
use crate::check::model::Field;
use crate::event::{Event, Labels, Reason, Refusal, Severity, Status};
use crate::function;
use crate::json::{self, Document};
use crate::path::Budget;
use crate::pattern::Glob;
use crate::program::{LabelEntry, Mapping, Node, NodeId, Program, Subject};
use crate::time::Instant;
use crate::value::Value;
use std::borrow::Cow;

/// How many elements of one payload an integration reads: what they become is stored and sent in one piece, and three
/// bytes may ask for an element. Nothing bounds who maps without an integration, such as `pointsman run --mapping`.
pub const ELEMENTS_LIMIT: usize = 10_000;

/// What a mapping made of a payload.
pub(super) enum Mapped<'a> {
    /// It does not accept it.
    Refused(Refusal<'a>),
    /// What became of each element; none where `each` chose nothing.
    Elements(Vec<Element<'a>>),
}

/// What became of one element.
pub(super) enum Element<'a> {
    /// An event.
    Event(Box<Event<'a>>),
    /// A drop.
    Dropped(Reason<'a>),
}

/// Reads a payload.
pub(super) fn map<'a, O: Observer>(
    program: &'a Program,
    mapping: &'a Mapping,
    pipeline: Pipeline<'a>,
    document: &'a Document<'a>,
    context: &Context<'_>,
    observer: &mut O,
) -> Mapped<'a> {
    observer.mapping(&mapping.name);
    let mut machine = Machine::new(program, context, observer);
    machine.payload = Some((&document.root, &document.root));
    if let Some(refusal) = machine.refusal(mapping) {
        return Mapped::Refused(refusal);
    }
    let chosen = chosen(mapping, document);
    if pipeline.integration.is_some() && chosen.len() > ELEMENTS_LIMIT {
        return Mapped::Refused(too_many(mapping, chosen.len()));
    }
    let mut elements = Vec::with_capacity(chosen.len());
    for (index, element) in chosen.into_iter().enumerate() {
        machine.observer.element(index);
        machine.begin(document, element);
        elements.push(machine.element(mapping, pipeline));
    }
    Mapped::Elements(elements)
}

fn too_many(mapping: &Mapping, count: usize) -> Refusal<'_> {
    let reason = format!(
        "`each` chooses {count} elements, and an integration reads at most {ELEMENTS_LIMIT} of one payload: send fewer \
         alerts at once"
    );
    Refusal { mapping: &mapping.name, reason: reason.into(), at: "" }
}

/// The elements of `each`; without it, the payload. The path is one that check lets through, so its work is bounded by the
/// size of the body alone.
fn chosen<'a>(mapping: &'a Mapping, document: &'a Document<'a>) -> Vec<&'a json::Value<'a>> {
    let mut unbounded = Budget { visits: usize::MAX, kept: usize::MAX };
    match &mapping.each {
        None => vec![&document.root],
        Some(path) => path.find(&document.root, &document.root, &mut unbounded).unwrap_or_default(),
    }
}

impl<'a, O: Observer> Machine<'a, 'a, '_, O> {
    /// The first condition of `accept` that is false, in words.
    fn refusal(&mut self, mapping: &'a Mapping) -> Option<Refusal<'a>> {
        for (rule, because) in &mapping.accept {
            let holds = self.holds(rule.when);
            self.observer.condition(rule.place, holds);
            if !holds {
                let found = self.found(rule.when);
                let because = because.map(|because| self.value(because));
                let because = because.and_then(|because| self.text(because, || "because"));
                let fact = format!("`{}` does not hold{found}", rule.words);
                let reason = because.map_or_else(|| fact.clone(), |because| format!("{because} ({fact})"));
                let reason = reason.into();
                return Some(Refusal { mapping: &mapping.name, reason, at: &rule.at });
            }
        }
        None
    }

    /// What stands where a false comparison looked, for its refusal.
    fn found(&mut self, condition: NodeId) -> String {
        let Node::Compare(comparison) = self.program.node(condition) else { return String::new() };
        let Subject::Value(subject) = comparison.subject else { return String::new() };
        let value = self.value(subject);
        let words = self.program.words(subject);
        match value {
            Value::Missing => format!(": `{words}` is missing"),
            Value::Null => format!(": `{words}` is null"),
            Value::Json(node) => format!(": `{words}` is {}", node.kind()),
            Value::Boolean(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Parsed(_)
            | Value::List(_)
            | Value::Severity(_)
            | Value::Status(_)
            | Value::Time(_)
            | Value::Labels(_)
            | Value::Regex(_) => format!(": `{words}` is {}", shortened(written(&value))),
        }
    }

    fn begin(&mut self, document: &'a Document<'a>, element: &'a json::Value<'a>) {
        self.payload = Some((&document.root, element));
        self.text_left = TEXT_LIMIT;
        self.lets.clear();
        self.notes.clear();
        if let Some(name) = &document.repeated {
            self.note(format!("the payload repeats the member `{name}` in an object; the last one counts"));
        }
    }

    fn element(&mut self, mapping: &'a Mapping, pipeline: Pipeline<'a>) -> Element<'a> {
        for (name, node) in &mapping.lets {
            let value = self.value(*node);
            self.assigned(name, *node, &value);
            self.lets.push(value);
        }
        let Some(reason) = self.drop_reason(mapping) else {
            return Element::Event(Box::new(self.event(mapping, pipeline)));
        };
        if pipeline.destination.is_some() && self.closes_an_open_firing(mapping) {
            let mut event = self.event(mapping, pipeline);
            event.notes.push(followed_note(&reason));
            return Element::Event(Box::new(event));
        }
        Element::Dropped(reason)
    }

    fn drop_reason(&mut self, mapping: &'a Mapping) -> Option<Reason<'a>> {
        for (rule, because) in &mapping.drops {
            let holds = self.holds(rule.when);
            self.observer.condition(rule.place, holds);
            if holds {
                let reason = self.value(*because);
                let reason = self.text(reason, || "because").unwrap_or_default();
                return Some(Reason { reason, at: &rule.at });
            }
        }
        None
    }

    /// A dropped recovery is sent after all where its firing went out and is still open.
    fn closes_an_open_firing(&mut self, mapping: &'a Mapping) -> bool {
        if self.status(mapping) != Status::Resolved {
            return false;
        }
        let (_, key) = self.title_and_key(mapping);
        let open = (self.context.open)(&key);
        open.iter().any(|channel| self.program.names.channels.contains_key(channel.as_str()))
    }

    fn event(&mut self, mapping: &'a Mapping, pipeline: Pipeline<'a>) -> Event<'a> {
        let severity = self.severity(mapping);
        let status = self.status(mapping);
        let (title, key) = self.title_and_key(mapping);
        let source = self.field_text(mapping, Field::Source).unwrap_or(Cow::Borrowed(&*mapping.name));
        Event {
            severity,
            status,
            title,
            key,
            description: self.field_text(mapping, Field::Description),
            labels: self.labels(mapping),
            starts_at: self.field_time(mapping, Field::StartsAt),
            ends_at: self.field_time(mapping, Field::EndsAt),
            link: self.field_text(mapping, Field::Link),
            source,
            integration: pipeline.integration.map(Cow::Borrowed),
            notes: std::mem::take(&mut self.notes),
        }
    }

    /// Check made sure that the field is a severity; the fallback keeps evaluation total.
    fn severity(&mut self, mapping: &'a Mapping) -> Severity {
        let value = self.field(mapping, Field::Severity);
        if let Value::Severity(severity) = value { severity } else { Severity::Warning }
    }

    fn status(&mut self, mapping: &'a Mapping) -> Status {
        let value = self.field(mapping, Field::Status);
        if let Value::Status(status) = value { status } else { Status::Firing }
    }

    /// An empty title is noted; an empty key as well, and one is computed from what tells alerts apart.
    fn title_and_key(&mut self, mapping: &'a Mapping) -> (Cow<'a, str>, Cow<'a, str>) {
        let title = self.field_text(mapping, Field::Title).unwrap_or_default();
        if title.is_empty() {
            self.note("the title is empty");
        }
        let key = self.field_text(mapping, Field::Key).unwrap_or_default();
        if !key.is_empty() {
            return (title, key);
        }
        self.note("the key is empty; one was computed from the mapping, the title and the labels");
        let labels = self.labels(mapping);
        (title.clone(), Cow::Owned(computed_key(&mapping.name, &title, &labels)))
    }

    fn field(&mut self, mapping: &'a Mapping, field: Field) -> Value<'a> {
        let Some(node) = mapping.field(field) else { return Value::Missing };
        let value = self.value(node);
        self.assigned(field.name(), node, &value);
        value
    }

    fn field_text(&mut self, mapping: &'a Mapping, field: Field) -> Option<Cow<'a, str>> {
        let value = self.field(mapping, field);
        self.text(value, || field.name())
    }

    fn field_time(&mut self, mapping: &'a Mapping, field: Field) -> Option<Instant> {
        if let Value::Time(time) = self.field(mapping, field) { Some(time) } else { None }
    }

    /// Later entries win; a missing value leaves the earlier one.
    fn labels(&mut self, mapping: &'a Mapping) -> Labels<'a> {
        let mut labels = Labels::default();
        for entry in &mapping.labels {
            match entry {
                LabelEntry::Set(name, node) => {
                    let value = self.value(*node);
                    self.assigned(name, *node, &value);
                    if let Some(text) = self.text(value, || name) {
                        labels.set(Cow::Borrowed(name), text);
                    }
                }
                LabelEntry::Spread(node, except) => self.spread(*node, except, &mut labels),
            }
        }
        labels
    }

    /// The members of an object, but for those whose name fits a glob.
    fn spread(&mut self, node: NodeId, except: &[Glob], labels: &mut Labels<'a>) {
        let value = self.value(node);
        let Some(json::Value::Object(object)) = value.as_json() else { return self.no_members(node, &value) };
        if !self.may_spend(object.len() * PER_NODE) {
            return;
        }
        let kept = |name: &str| !except.iter().any(|glob| glob.fits(name));
        if let Value::Json(json::Value::Object(object)) = value {
            // The names of one object differ from each other.
            let are_new = labels.is_empty();
            labels.reserve(object.len());
            for (name, value) in object.iter().filter(|(name, _)| kept(name)) {
                let Some(text) = self.text(Value::borrowed(value), || name) else { continue };
                let name = Cow::Borrowed(&**name);
                if are_new { labels.push(name, text) } else { labels.set(name, text) }
            }
        } else if self.may_read(&value) {
            for (name, value) in object.iter().filter(|(name, _)| kept(name)) {
                if let Some(text) = self.text(Value::owned(value.clone().into_owned()), || name) {
                    labels.set(Cow::Owned(name.to_string()), text);
                }
            }
        } else {
            self.no_members(node, &value);
        }
    }

    fn no_members(&mut self, node: NodeId, value: &Value<'a>) {
        if !is_nothing(value) {
            let words = self.program.words(node);
            // A long value is not written out to be cut.
            let found = if self.may_read(value) { shortened(written(value)) } else { "…".to_owned() };
            self.note(format!("`{words}` is no object, so it gives no labels: it is {found}"));
        }
    }

    fn assigned(&mut self, name: &str, node: NodeId, value: &Value<'a>) {
        if O::LISTENS
            && let Some(place) = self.program.place(node)
        {
            self.observer.assigned(name, place, value);
        }
    }
}

fn followed_note(reason: &Reason<'_>) -> Cow<'static, str> {
    let Reason { reason, at } = reason;
    format!(
        "this recovery would have been dropped ({reason}, {at}), but its firing was sent and is still open"
    )
    .into()
}

fn computed_key(mapping: &str, title: &str, labels: &Labels<'_>) -> String {
    let parts =
        [Value::Text(Cow::Borrowed(mapping)), Value::Text(Cow::Borrowed(title)), Value::Labels(labels)];
    match function::find("key").map(|key| (key.call)(&parts)) {
        Some(Value::Text(key)) => key.into_owned(),
        _ => mapping.to_owned(),
    }
}

/// At most 80 characters of a value in a message.
fn shortened(text: String) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
