//! A mapping reads a payload: `accept`, `each`, then for each element its lets, its drops, its fields.

use super::Pipeline;
use super::comparison::is_nothing;
use super::machine::{Machine, TEXT_LIMIT};
use super::observer::Observer;
use super::text::written;
use super::work::PER_NODE;
use crate::check::model::Field;
use crate::event::{Event, Labels, LabelsBuilder, Reason, Refusal, Severity, Status};
use crate::function;
use crate::json::{self, Arena, Document};
use crate::path::Budget;
use crate::pattern::Glob;
use crate::program::{LabelEntry, Mapping, Node, NodeId, Subject};
use crate::time::Instant;
use crate::value::Value;

/// How many elements of one payload an integration reads: what they become is stored and sent in one piece, and three
/// bytes may ask for an element. Nothing bounds who maps without an integration, such as `pointsman run --mapping`.
pub const ELEMENTS_LIMIT: usize = 10_000;

/// What became of one element.
pub(super) enum Element<'a> {
    /// An event.
    Event(&'a Event<'a>),
    /// A drop.
    Dropped(Reason<'a>),
}

/// The elements of a payload that a mapping accepts; or why it does not.
pub(super) fn accept<'a, O: Observer>(
    machine: &mut Machine<'a, 'a, '_, O>,
    mapping: &'a Mapping,
    pipeline: Pipeline<'a>,
    document: &Document<'a>,
) -> Result<&'a [&'a json::Value<'a>], Refusal<'a>> {
    machine.observer.mapping(&mapping.name);
    machine.payload = Some((document.root, document.root));
    machine.source = document.source;
    if let Some(refusal) = machine.refusal(mapping) {
        return Err(refusal);
    }
    let chosen = chosen(mapping, document);
    if pipeline.integration.is_some() && chosen.len() > ELEMENTS_LIMIT {
        return Err(too_many(mapping, chosen.len(), document.arena));
    }
    Ok(chosen)
}

/// What becomes of an element.
pub(super) fn map<'a, O: Observer>(
    machine: &mut Machine<'a, 'a, '_, O>,
    mapping: &'a Mapping,
    pipeline: Pipeline<'a>,
    document: &Document<'a>,
    (index, element): (usize, &'a json::Value<'a>),
) -> Element<'a> {
    machine.observer.element(index);
    machine.begin(document, element);
    machine.element(mapping, pipeline)
}

fn too_many<'a>(mapping: &'a Mapping, count: usize, arena: &'a Arena) -> Refusal<'a> {
    let reason = format!(
        "`each` chooses {count} elements, and an integration reads at most {ELEMENTS_LIMIT} of one payload: send fewer \
         alerts at once"
    );
    Refusal { mapping: &mapping.name, reason: arena.text(&reason), at: "" }
}

/// The elements of `each`; without it, the payload. The path is one that check lets through, so its work is bounded by the
/// size of the body alone.
fn chosen<'a>(mapping: &'a Mapping, document: &Document<'a>) -> &'a [&'a json::Value<'a>] {
    let mut unbounded = Budget { visits: usize::MAX, kept: usize::MAX };
    let (root, arena) = (document.root, document.arena);
    match &mapping.each {
        None => arena.slice(&[root]),
        Some(path) => path.find(root, root, &mut unbounded).map_or(&[], |nodes| arena.slice(&nodes)),
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
                let reason = self.arena.text(&reason);
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
            | Value::List(_)
            | Value::Severity(_)
            | Value::Status(_)
            | Value::Time(_)
            | Value::Labels(_)
            | Value::Regex(_) => format!(": `{words}` is {}", shortened(&written(&value))),
        }
    }

    fn begin(&mut self, document: &Document<'a>, element: &'a json::Value<'a>) {
        self.payload = Some((document.root, element));
        self.left.text = TEXT_LIMIT;
        self.lets.clear();
        self.notes.clear();
        if let Some(name) = document.repeated {
            // Each element gets the note, so a long name is not written out.
            let name = shortened(name);
            self.remark(format_args!(
                "the payload repeats the member `{name}` in an object; the last one counts"
            ));
        }
    }

    fn element(&mut self, mapping: &'a Mapping, pipeline: Pipeline<'a>) -> Element<'a> {
        for (name, node) in &mapping.lets {
            let value = self.value(*node);
            self.assigned(name, *node, &value);
            self.lets.push(value);
        }
        let Some(reason) = self.drop_reason(mapping) else {
            let event = self.event(mapping, pipeline);
            return Element::Event(self.arena.keep(event));
        };
        if pipeline.destination.is_some() && self.closes_an_open_firing(mapping) {
            let event = self.event(mapping, pipeline);
            let note = self.arena.text(&followed_note(&reason));
            let notes = event.notes.iter().copied().chain([note]).collect::<Vec<_>>();
            return Element::Event(self.arena.keep(Event { notes: self.arena.slice(&notes), ..event }));
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
        let open = (self.context.open)(key);
        open.iter().any(|channel| self.program.names.channels.contains_key(channel.as_str()))
    }

    fn event(&mut self, mapping: &'a Mapping, pipeline: Pipeline<'a>) -> Event<'a> {
        let severity = self.severity(mapping);
        let status = self.status(mapping);
        let (title, key) = self.title_and_key(mapping);
        let source = self.field_text(mapping, Field::Source).unwrap_or(&mapping.name);
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
            integration: pipeline.integration,
            notes: self.arena.slice(&self.notes),
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
    fn title_and_key(&mut self, mapping: &'a Mapping) -> (&'a str, &'a str) {
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
        (title, computed_key(&mapping.name, title, self.arena.keep(labels), self.arena))
    }

    fn field(&mut self, mapping: &'a Mapping, field: Field) -> Value<'a> {
        let Some(node) = mapping.field(field) else { return Value::Missing };
        let value = self.value(node);
        self.assigned(field.name(), node, &value);
        value
    }

    fn field_text(&mut self, mapping: &'a Mapping, field: Field) -> Option<&'a str> {
        let value = self.field(mapping, field);
        self.text(value, || field.name())
    }

    fn field_time(&mut self, mapping: &'a Mapping, field: Field) -> Option<Instant> {
        if let Value::Time(time) = self.field(mapping, field) { Some(time) } else { None }
    }

    /// Later entries win; a missing value leaves the earlier one.
    fn labels(&mut self, mapping: &'a Mapping) -> Labels<'a> {
        let mut labels = LabelsBuilder::new(self.arena);
        for entry in &mapping.labels {
            match entry {
                LabelEntry::Set(name, node) => {
                    let value = self.value(*node);
                    self.assigned(name.name().text(), *node, &value);
                    if let Some(text) = self.text(value, || name.name().text()) {
                        labels.set(name.name(), text);
                    }
                }
                LabelEntry::Spread(node, except) => self.spread(*node, except, &mut labels),
            }
        }
        labels.finish(self.source)
    }

    /// The members of an object, but for those whose name fits a glob.
    fn spread(&mut self, node: NodeId, except: &[Glob], labels: &mut LabelsBuilder<'a>) {
        let value = self.value(node);
        let Some(json::Value::Object(object)) = value.as_json() else { return self.no_members(node, &value) };
        if !self.may_spend(object.len() * PER_NODE) {
            return;
        }
        let kept = object.members().filter(|(name, _)| !except.iter().any(|glob| glob.fits(name.text())));
        labels.extend(kept.filter_map(|(name, value)| {
            let text = self.text(Value::of_json(value), || name.text())?;
            Some((name, text))
        }));
    }

    fn no_members(&mut self, node: NodeId, value: &Value<'a>) {
        if !is_nothing(value) {
            let words = self.program.words(node);
            // A long value is not written out to be cut.
            let found = if self.may_read(value) { shortened(&written(value)) } else { "…".to_owned() };
            self.remark(format_args!("`{words}` is no object, so it gives no labels: it is {found}"));
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

fn followed_note(reason: &Reason<'_>) -> String {
    let Reason { reason, at } = reason;
    format!(
        "this recovery would have been dropped ({reason}, {at}), but its firing was sent and is still open"
    )
}

fn computed_key<'a>(mapping: &'a str, title: &'a str, labels: &'a Labels<'a>, arena: &'a Arena) -> &'a str {
    let parts = [Value::Text(mapping), Value::Text(title), Value::Labels(labels)];
    match function::find("key").map(|key| (key.call)(&parts, arena)) {
        Some(Value::Text(key)) => key,
        _ => mapping,
    }
}

/// At most 80 characters of a value in a message.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
