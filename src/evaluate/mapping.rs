//! Applies a mapping to a payload: `accept`, `each`, then for each element the lets, the drops and the fields.

use super::budget::{BYTES_PER_NODE, TEXT_LIMIT};
use super::interpreter::Interpreter;
use super::observer::Observer;
use super::text::written;
use super::{ElementValues, EvaluationPlan};
use crate::event::{AlertStatus, Event, Labels, LabelsBuilder, MappingRejection, RuleReason, Severity};
use crate::function;
use crate::json::{self, Arena, Document};
use crate::model::EventField;
use crate::path::PathBudget;
use crate::pattern::Glob;
use crate::program::{ComparisonSubject, LabelEntry, Mapping, Node, NodeId, OpeningStep};
use crate::text::shorten;
use crate::time::Timestamp;
use crate::value::RuntimeValue;

/// How many elements of one payload an integration reads. Their outcomes are stored in one piece, and an element may be
/// as short as three bytes. A mapping without an integration, as in `pointsman run --mapping`, has no such limit.
pub const ELEMENTS_LIMIT: usize = 10_000;

/// How many characters of a value stand in a message.
const MAX_SHOWN: usize = 80;

/// The outcome of one element.
pub(super) enum ElementOutcome<'a> {
    /// An event.
    Event(&'a Event<'a>),
    /// A drop.
    Dropped(RuleReason<'a>),
}

/// The elements of a payload that a mapping accepts; or why it does not.
pub(super) fn accept<'a, O: Observer>(
    interpreter: &mut Interpreter<'a, 'a, '_, O>,
    mapping: &'a Mapping,
    plan: EvaluationPlan<'a>,
    document: &Document<'a>,
) -> Result<&'a [&'a json::Value<'a>], MappingRejection<'a>> {
    interpreter.observer.mapping(&mapping.name);
    interpreter.payload = Some((document.root, document.root));
    interpreter.payload_bytes = document.source;
    interpreter.remaining.text = TEXT_LIMIT;
    if let Some(refusal) = interpreter.refusal(mapping) {
        return Err(refusal);
    }
    let chosen = interpreter.chosen(mapping, document);
    if plan.integration.is_some() && chosen.len() > ELEMENTS_LIMIT {
        return Err(too_many(mapping, chosen.len(), document.arena));
    }
    Ok(chosen)
}

/// Maps an element.
pub(super) fn map<'a, O: Observer>(
    interpreter: &mut Interpreter<'a, 'a, '_, O>,
    mapping: &'a Mapping,
    plan: EvaluationPlan<'a>,
    document: &Document<'a>,
    (index, element): (usize, &'a json::Value<'a>),
) -> ElementOutcome<'a> {
    interpreter.observer.element(index);
    interpreter.begin_element(document, element);
    interpreter.element(mapping, plan)
}

/// The elements of a payload, with the values of expressions; nothing if the mapping does not accept it.
pub(super) fn values<'a, O: Observer>(
    interpreter: &mut Interpreter<'a, 'a, '_, O>,
    mapping: &'a Mapping,
    expressions: &[NodeId],
    document: &Document<'a>,
) -> Option<Vec<ElementValues<'a>>> {
    let plan = EvaluationPlan { integration: None, mappings: &[], destination: None };
    let elements = accept(interpreter, mapping, plan, document).ok()?;
    let values = elements.iter().map(|element| {
        interpreter.begin_element(document, element);
        for position in &mapping.element_lets {
            interpreter.let_value(mapping, *position);
        }
        ElementValues { element, values: expressions.iter().map(|each| interpreter.value(*each)).collect() }
    });
    Some(values.collect())
}

fn too_many<'a>(mapping: &'a Mapping, count: usize, arena: &'a Arena) -> MappingRejection<'a> {
    let reason = format!(
        "`each` chooses {count} elements, and an integration reads at most {ELEMENTS_LIMIT} of one payload: send fewer \
         alerts at once"
    );
    MappingRejection { mapping: &mapping.name, reason: arena.text(&reason), at: "" }
}

impl<'a, O: Observer> Interpreter<'a, 'a, '_, O> {
    /// The elements of `each`; without it, the payload. `check` accepts only paths whose work is bounded by the size of
    /// the body.
    fn chosen(&mut self, mapping: &'a Mapping, document: &Document<'a>) -> &'a [&'a json::Value<'a>] {
        let mut unbounded = PathBudget { visits: usize::MAX, kept: usize::MAX };
        let (root, arena) = (document.root, document.arena);
        let Some(each) = &mapping.each else { return arena.slice(&[root]) };
        let start = match each.start {
            None => Some(root),
            Some(start) => self.start(start),
        };
        let nodes = start.and_then(|start| each.path.find_from(start, root, &mut unbounded).ok());
        nodes.map_or(&[], |nodes| arena.slice(&nodes))
    }

    /// The rejection by the first condition of `accept` that is false. The lets that are evaluated once for the payload
    /// get their values, those above a condition before it is asked.
    fn refusal(&mut self, mapping: &'a Mapping) -> Option<MappingRejection<'a>> {
        self.lets.clear();
        self.lets.resize(mapping.lets.len(), RuntimeValue::Missing);
        self.payload_notes.clear();
        for step in &mapping.opening {
            let (rule, because) = match step {
                OpeningStep::Let(position) => {
                    self.payload_let(mapping, *position);
                    continue;
                }
                OpeningStep::Accept(rule, because) => (rule, because),
            };
            let holds = self.holds(rule.when);
            self.observer.condition(rule.place, holds);
            if !holds {
                // A sender gets the reason, and no header and no path is echoed.
                let found = if rule.reads_request { String::new() } else { self.actual_value(rule.when) };
                let because = because.map(|because| self.value(because));
                let because = because.and_then(|because| self.text(because, || "because"));
                let fact = format!("`{}` does not hold{found}", rule.source_text);
                let reason = because.map_or_else(|| fact.clone(), |because| format!("{because} ({fact})"));
                let reason = self.arena.text(&reason);
                return Some(MappingRejection { mapping: &mapping.name, reason, at: &rule.location });
            }
        }
        None
    }

    /// The value that a false comparison found, for the rejection.
    fn actual_value(&mut self, condition: NodeId) -> String {
        let Node::Compare(comparison) = self.program.node(condition) else { return String::new() };
        let ComparisonSubject::Value(subject) = comparison.subject else { return String::new() };
        let value = self.value(subject);
        let found = match value.as_json() {
            Some(node) => node.kind().to_owned(),
            None => shorten(&written(&value), MAX_SHOWN),
        };
        format!(": `{}` is {found}", self.program.source_text(subject))
    }

    fn begin_element(&mut self, document: &Document<'a>, element: &'a json::Value<'a>) {
        self.payload = Some((document.root, element));
        self.remaining.text = TEXT_LIMIT;
        self.notes.clone_from(&self.payload_notes);
        if let Some(name) = document.repeated {
            // Each element gets the note, so a long name is shortened.
            let name = shorten(name, MAX_SHOWN);
            self.note_formatted(format_args!(
                "the payload repeats the member `{name}` in an object; the last one counts"
            ));
        }
    }

    /// Evaluates a let once for the payload. Its notes are for every event of the payload.
    fn payload_let(&mut self, mapping: &'a Mapping, position: usize) {
        self.notes.clone_from(&self.payload_notes);
        self.let_value(mapping, position);
        std::mem::swap(&mut self.notes, &mut self.payload_notes);
    }

    fn let_value(&mut self, mapping: &'a Mapping, position: usize) {
        let Some((name, node)) = mapping.lets.get(position) else { return };
        let value = self.value(*node);
        self.assigned(name, *node, &value);
        if let Some(place) = self.lets.get_mut(position) {
            *place = value;
        }
    }

    fn element(&mut self, mapping: &'a Mapping, plan: EvaluationPlan<'a>) -> ElementOutcome<'a> {
        for position in &mapping.element_lets {
            self.let_value(mapping, *position);
        }
        let Some(reason) = self.drop_reason(mapping) else {
            let event = self.event(mapping, plan);
            return ElementOutcome::Event(self.arena.alloc(event));
        };
        if plan.destination.is_some() && self.closes_an_open_firing(mapping) {
            let event = self.event(mapping, plan);
            let note = self.arena.text(&followed_note(&reason));
            let notes = event.notes.iter().copied().chain([note]).collect::<Vec<_>>();
            return ElementOutcome::Event(self.arena.alloc(Event { notes: self.arena.slice(&notes), ..event }));
        }
        ElementOutcome::Dropped(reason)
    }

    fn drop_reason(&mut self, mapping: &'a Mapping) -> Option<RuleReason<'a>> {
        for (rule, because) in &mapping.drops {
            let holds = self.holds(rule.when);
            self.observer.condition(rule.place, holds);
            if holds {
                let reason = self.value(*because);
                let reason = self.text(reason, || "because").unwrap_or_default();
                return Some(RuleReason { reason, at: &rule.location });
            }
        }
        None
    }

    /// A dropped recovery is sent anyway if its firing was sent and is still open.
    fn closes_an_open_firing(&mut self, mapping: &'a Mapping) -> bool {
        if self.status(mapping) != AlertStatus::Resolved {
            return false;
        }
        let (_, key) = self.title_and_key(mapping);
        let open = (self.context.open)(key);
        open.iter().any(|channel| self.program.names.channels.contains_key(channel.as_str()))
    }

    fn event(&mut self, mapping: &'a Mapping, plan: EvaluationPlan<'a>) -> Event<'a> {
        let severity = self.severity(mapping);
        let status = self.status(mapping);
        let (title, key) = self.title_and_key(mapping);
        let source = self.field_text(mapping, EventField::Source).unwrap_or(&mapping.name);
        Event {
            severity,
            status,
            title,
            key,
            description: self.field_text(mapping, EventField::Description),
            labels: self.labels(mapping),
            starts_at: self.field_time(mapping, EventField::StartsAt),
            ends_at: self.field_time(mapping, EventField::EndsAt),
            link: self.field_text(mapping, EventField::Link),
            source,
            integration: plan.integration,
            notes: self.arena.slice(&self.notes),
        }
    }

    /// `check` has verified that the field is a severity; the fallback keeps evaluation total.
    fn severity(&mut self, mapping: &'a Mapping) -> Severity {
        let value = self.field(mapping, EventField::Severity);
        if let RuntimeValue::Severity(severity) = value { severity } else { Severity::Warning }
    }

    fn status(&mut self, mapping: &'a Mapping) -> AlertStatus {
        let value = self.field(mapping, EventField::Status);
        if let RuntimeValue::Status(status) = value { status } else { AlertStatus::Firing }
    }

    /// An empty title is noted. So is an empty key, which is replaced by one computed from values that identify the
    /// alert, and a key that is too long, which is replaced by its digest: no later stage sees a long key.
    fn title_and_key(&mut self, mapping: &'a Mapping) -> (&'a str, &'a str) {
        let title = self.field_text(mapping, EventField::Title).unwrap_or_default();
        if title.is_empty() {
            self.note("the title is empty");
        }
        let key = self.field_text(mapping, EventField::Key).unwrap_or_default();
        if let Some(digest) = function::key_digest(key) {
            self.note_formatted(format_args!(
                "the key has {} bytes, and a key has at most {}: its SHA-256 takes its place",
                key.len(),
                function::LONGEST_KEY
            ));
            return (title, self.arena.text(&digest));
        }
        if !key.is_empty() {
            return (title, key);
        }
        self.note("the key is empty; one was computed from the mapping, the title and the labels");
        let labels = self.labels(mapping);
        (title, computed_key(&mapping.name, title, self.arena.alloc(labels), self.arena))
    }

    fn field(&mut self, mapping: &'a Mapping, field: EventField) -> RuntimeValue<'a> {
        let Some(node) = mapping.field(field) else { return RuntimeValue::Missing };
        let value = self.value(node);
        self.assigned(field.name(), node, &value);
        value
    }

    fn field_text(&mut self, mapping: &'a Mapping, field: EventField) -> Option<&'a str> {
        let value = self.field(mapping, field);
        self.text(value, || field.name())
    }

    fn field_time(&mut self, mapping: &'a Mapping, field: EventField) -> Option<Timestamp> {
        if let RuntimeValue::Time(time) = self.field(mapping, field) { Some(time) } else { None }
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
        labels.finish(self.payload_bytes)
    }

    /// The members of an object, but for those whose name fits a glob.
    fn spread(&mut self, node: NodeId, except: &[Glob], labels: &mut LabelsBuilder<'a>) {
        let value = self.value(node);
        let Some(json::Value::Object(object)) = value.as_json() else { return self.no_members(node, &value) };
        if !self.may_spend(object.len() * BYTES_PER_NODE) {
            return;
        }
        let kept = object.members().filter(|(name, _)| !except.iter().any(|glob| glob.fits(name.text())));
        labels.extend(kept.filter_map(|(name, value)| {
            let text = self.text(RuntimeValue::of_json(value), || name.text())?;
            Some((name, text))
        }));
    }

    fn no_members(&mut self, node: NodeId, value: &RuntimeValue<'a>) {
        if !value.is_nothing() {
            let written_as = self.program.source_text(node);
            // A long value is not written out to be cut.
            let found = if self.may_read(value) { shorten(&written(value), MAX_SHOWN) } else { "…".to_owned() };
            self.note_formatted(format_args!("`{written_as}` is not an object, so it gives no labels: it is {found}"));
        }
    }

    fn assigned(&mut self, name: &str, node: NodeId, value: &RuntimeValue<'a>) {
        if O::LISTENS
            && let Some(place) = self.program.place(node)
        {
            self.observer.assigned(name, place, value);
        }
    }
}

fn followed_note(reason: &RuleReason<'_>) -> String {
    let RuleReason { reason, at } = reason;
    format!("this recovery would have been dropped ({reason}, {at}), but its firing was sent and is still open")
}

fn computed_key<'a>(mapping: &'a str, title: &'a str, labels: &'a Labels<'a>, arena: &'a Arena) -> &'a str {
    let parts = [RuntimeValue::Text(mapping), RuntimeValue::Text(title), RuntimeValue::Labels(labels)];
    match function::find("key").map(|key| (key.call)(&parts, arena)) {
        Some(RuntimeValue::Text(key)) => key,
        _ => mapping,
    }
}
