//! The evaluator of expressions: one exhaustive match over nodes.

use super::EvaluationContext;
use super::budget::{FREE_BYTES, RemainingBudget};
use super::message_group::GroupTexts;
use super::observer::Observer;
use super::request::RequestTexts;
use super::text::{ConversionLoss, conversion_loss};
use crate::event::{Event, MessageGroup};
use crate::json::{self, Arena, MemberName};
use crate::model::{EventField, Literal};
use crate::path::{CompiledPath, PathBudget, SingularStep};
use crate::program::{LabelId, Node, NodeId, NodesPath, Program, TemplatePart};
use crate::value::RuntimeValue;
use smallvec::SmallVec;

/// The cost of a text besides its bytes.
const PER_TEXT: usize = 64;

/// Positions of a label that was not looked up yet, and of one that the event does not have.
const UNKNOWN: u32 = u32::MAX;
const ABSENT: u32 = u32::MAX - 1;

/// The most notes that an event carries.
pub const MAX_NOTES: usize = 100;

/// Everything that expressions may read, and what evaluation collects.
///
/// `'p` is the lifetime of the program, `'v` that of the payload or event.
pub(super) struct Interpreter<'p, 'v, 'm, O> {
    pub(super) program: &'p Program,
    pub(super) context: &'m EvaluationContext<'m>,
    pub(super) observer: &'m mut O,
    /// Holds the values that evaluation makes.
    pub(super) arena: &'v Arena,
    /// The payload and the element, within a mapping.
    pub(super) payload: Option<(&'v json::Value<'v>, &'v json::Value<'v>)>,
    /// The text of the payload.
    pub(super) payload_bytes: &'v [u8],
    /// The event, after a mapping; [`Interpreter::set_event`] sets it.
    pub(super) event: Option<&'v Event<'v>>,
    labels: &'v [(MemberName<'v>, &'v str)],
    /// The positions of its labels, as far as they were looked up, by their ids.
    label_positions: &'v mut [u32],
    /// What the request says besides the payload, once an expression has read it.
    pub(super) request: Option<RequestTexts<'v>>,
    /// What a message says of its group, within the parameters of a channel.
    pub(super) group: Option<MessageGroup<'m>>,
    /// The same as values, once an expression has read it.
    pub(super) group_texts: Option<GroupTexts<'v>>,
    /// The values of the mapping's lets, by position.
    pub(super) lets: Vec<RuntimeValue<'v>>,
    /// The defines that are evaluated for the event: each is evaluated once, however often it is used.
    pub(super) defines: Vec<Option<RuntimeValue<'v>>>,
    /// The arguments of the table that is looked up.
    pub(super) parameters: SmallVec<[RuntimeValue<'v>; 4]>,
    /// The remaining budget of paths.
    pub(super) path_budget: PathBudget,
    /// How much may still be made and read.
    pub(super) remaining: RemainingBudget,
    /// Notes about the event.
    pub(super) notes: Vec<&'v str>,
    /// Notes about the payload, which each of its events carries.
    pub(super) payload_notes: Vec<&'v str>,
}

impl<'p: 'v, 'v, 'm, O: Observer> Interpreter<'p, 'v, 'm, O> {
    pub(super) fn new(
        program: &'p Program,
        context: &'m EvaluationContext<'m>,
        arena: &'v Arena,
        observer: &'m mut O,
    ) -> Self {
        Self {
            program,
            context,
            observer,
            arena,
            payload: None,
            payload_bytes: &[],
            event: None,
            labels: &[],
            label_positions: &mut [],
            request: None,
            group: None,
            group_texts: None,
            lets: Vec::new(),
            defines: Vec::new(),
            parameters: SmallVec::new(),
            path_budget: PathBudget::default(),
            remaining: RemainingBudget::default(),
            notes: Vec::new(),
            payload_notes: Vec::new(),
        }
    }

    /// The value of an expression.
    pub(super) fn value(&mut self, id: NodeId) -> RuntimeValue<'v> {
        match self.program.node(id) {
            Node::Literal(literal) => constant(literal),
            Node::Template(parts) => self.template(parts),
            Node::Path(path) => self.get(path),
            Node::Nodes(nodes) => self.find(nodes).map_or(RuntimeValue::Missing, RuntimeValue::List),
            Node::Regex(regex) => RuntimeValue::Regex(regex),
            Node::Let(position) => self.lets.get(*position).copied().unwrap_or(RuntimeValue::Missing),
            Node::Parameter(position) => self.parameters.get(*position).copied().unwrap_or(RuntimeValue::Missing),
            Node::Request(part) => self.request(part),
            Node::Group(field) => self.group_value(*field),
            Node::Field(field) => {
                self.event.map_or(RuntimeValue::Missing, |event| field_value(event, *field, self.arena))
            }
            Node::Label(id) => self.label(*id).map_or(RuntimeValue::Missing, RuntimeValue::Text),
            Node::Define(position) => self.define(*position),
            Node::Navigate(base, path) => {
                let base = self.value(*base);
                navigate(base, path.steps())
            }
            Node::Call(function, arguments) => self.call(id, function, arguments),
            Node::Lookup(table, arguments) => self.lookup(id, *table, arguments),
            Node::Coalesce(parts) => self.coalesce(parts),
            Node::Match(arms) => self.choose(arms).map_or(RuntimeValue::Missing, |result| self.value(*result)),
            Node::List(parts) => self.list(parts),
            Node::Or(_) | Node::And(_) | Node::Not(_) | Node::Compare(_) => RuntimeValue::Boolean(self.holds(id)),
            Node::Choose(_) | Node::Object(_) => RuntimeValue::Missing,
        }
    }

    /// Whether a condition holds. Most are comparisons, or conjunctions of them.
    #[inline]
    pub(super) fn holds(&mut self, id: NodeId) -> bool {
        let node = self.program.node(id);
        if let Node::Compare(comparison) = node { self.compare(comparison, id) } else { self.composite_holds(node, id) }
    }

    /// Whether a conjunction holds whose first part holds.
    pub(super) fn rest_holds(&mut self, id: NodeId) -> bool {
        if let Node::And(parts) = self.program.node(id) {
            parts.iter().skip(1).all(|part| self.holds(*part))
        } else {
            self.holds(id)
        }
    }

    /// Whether a composite condition holds.
    fn composite_holds(&mut self, node: &'p Node, id: NodeId) -> bool {
        match node {
            Node::Or(parts) => parts.iter().any(|part| self.holds(*part)),
            Node::And(parts) if O::LISTENS => self.holds_as_written(parts),
            Node::And(parts) => parts.iter().all(|part| self.holds(*part)),
            Node::Not(part) => !self.holds(*part),
            Node::Compare(comparison) => self.compare(comparison, id),
            Node::Define(position) if !self.is_cached(*position) => {
                let holds = self.program.defines.get(*position).is_some_and(|define| self.holds(*define));
                self.cache(*position, RuntimeValue::Boolean(holds));
                holds
            }
            Node::Literal(_)
            | Node::Template(_)
            | Node::Path(_)
            | Node::Nodes(_)
            | Node::Regex(_)
            | Node::Let(_)
            | Node::Field(_)
            | Node::Label(_)
            | Node::Parameter(_)
            | Node::Request(_)
            | Node::Group(_)
            | Node::Define(_)
            | Node::Navigate(..)
            | Node::Call(..)
            | Node::Lookup(..)
            | Node::Coalesce(_)
            | Node::Match(_)
            | Node::Choose(_)
            | Node::List(_)
            | Node::Object(_) => self.truth(id),
        }
    }

    /// Whether all hold, tried in the order of the source text.
    fn holds_as_written(&mut self, parts: &[NodeId]) -> bool {
        let mut parts = parts.to_vec();
        parts.sort_by_key(|part| self.program.place(*part).map(|place| place.start));
        parts.into_iter().all(|part| self.holds(part))
    }

    /// A value as a condition: it has to be `true`.
    fn truth(&mut self, id: NodeId) -> bool {
        let value = self.value(id);
        let holds = matches!(value, RuntimeValue::Boolean(true));
        if O::LISTENS
            && let Some(place) = self.program.place(id)
        {
            if !matches!(value, RuntimeValue::Boolean(_)) {
                self.observer.mismatch(place);
            }
            self.observer.comparison(place, &value, None, holds);
        }
        holds
    }

    /// Adds a note once, and not more than [`MAX_NOTES`].
    pub(super) fn note(&mut self, note: &'v str) {
        if self.notes.len() > MAX_NOTES {
            return;
        }
        let full = self.notes.len() == MAX_NOTES;
        let note = if full { "more notes were left out" } else { note };
        self.observer.noted(note);
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// A value as a string, for the place called `name`; `None` if it is missing. Lossy conversions are noted.
    pub(super) fn text<'n>(&mut self, value: RuntimeValue<'v>, name: impl FnOnce() -> &'n str) -> Option<&'v str> {
        if let RuntimeValue::Text(text) = value
            && text.len() <= FREE_BYTES
        {
            return self.charge_payload_text(text.len()).then_some(text);
        }
        self.any_text(value, name)
    }

    fn any_text<'n>(&mut self, value: RuntimeValue<'v>, name: impl FnOnce() -> &'n str) -> Option<&'v str> {
        if !self.may_read(&value) {
            return None;
        }
        let text = value.to_text(self.arena)?;
        match conversion_loss(&value) {
            None => {}
            Some(ConversionLoss::Structure(kind)) => {
                self.note_formatted(format_args!("`{}` is {kind}; its JSON text is used", name()));
            }
            Some(ConversionLoss::Digits) => self.note_formatted(format_args!(
                "`{}` is a number beyond 64 bits; {text} is as near as it can be read",
                name()
            )),
        }
        self.charge_payload_text(text.len()).then_some(text)
    }

    /// Adds a formatted note.
    pub(super) fn note_formatted(&mut self, note: std::fmt::Arguments<'_>) {
        let note = self.arena.text(&note.to_string());
        self.note(note);
    }

    fn charge_payload_text(&mut self, bytes: usize) -> bool {
        if let Some(left) = self.remaining.payload_text.checked_sub(bytes + PER_TEXT) {
            self.remaining.payload_text = left;
            return true;
        }
        self.remaining.payload_text = 0;
        self.note("the events of this payload hold more than 32 MiB of text; what goes beyond is missing");
        false
    }

    /// All nodes of a path as values. If the budget runs out, the path is missing, with a note: an empty list
    /// would be a wrong answer.
    pub(super) fn find(&mut self, nodes: &'p NodesPath) -> Option<&'v [RuntimeValue<'v>]> {
        let path = &nodes.path;
        let found = match (nodes.start, self.payload) {
            (None, None) => return Some(&[]),
            (None, Some((payload, element))) => path.find(payload, element, &mut self.path_budget),
            (Some(start), payload) => {
                let Some(start) = self.start(start) else { return Some(&[]) };
                // Outside a mapping no filter reads the payload.
                let payload = payload.map_or(start, |(payload, _)| payload);
                path.find_from(start, payload, &mut self.path_budget)
            }
        };
        if let Ok(nodes) = found {
            return Some(self.arena.collect(nodes.into_iter().map(RuntimeValue::of_json)));
        }
        self.note_formatted(format_args!("`{}` chose too much of the payload; it counts as missing", path.text()));
        None
    }

    /// The array or object that a path starts from; no other value has parts.
    pub(super) fn start(&mut self, start: NodeId) -> Option<&'v json::Value<'v>> {
        match self.value(start) {
            RuntimeValue::Json(node) => Some(node),
            value @ RuntimeValue::List(items) => {
                if !self.may_read(&value) || !self.may_spend(std::mem::size_of_val(items)) {
                    return None;
                }
                Some(self.arena.alloc(value.to_json(self.arena)))
            }
            RuntimeValue::Missing
            | RuntimeValue::Null
            | RuntimeValue::Boolean(_)
            | RuntimeValue::Number(_)
            | RuntimeValue::Text(_)
            | RuntimeValue::Severity(_)
            | RuntimeValue::Status(_)
            | RuntimeValue::Time(_)
            | RuntimeValue::Labels(_)
            | RuntimeValue::Regex(_) => None,
        }
    }

    fn get(&self, path: &'p CompiledPath) -> RuntimeValue<'v> {
        let node = self.payload.and_then(|(payload, element)| path.get(payload, element));
        node.map_or(RuntimeValue::Missing, RuntimeValue::of_json)
    }

    /// A label of the event.
    #[inline]
    pub(super) fn label(&mut self, id: LabelId) -> Option<&'v str> {
        let place = self.label_positions.get_mut(id.0 as usize)?;
        if *place == UNKNOWN {
            let found = self.event?.labels.index_of(self.program.labels.name(id));
            *place = found.unwrap_or(ABSENT);
        }
        self.labels.get(*place as usize).map(|(_, value)| *value)
    }

    /// Evaluates expressions over this event from now on.
    pub(super) fn set_event(&mut self, event: &'v Event<'v>) {
        self.event = Some(event);
        self.defines.clear();
        self.labels = event.labels.entries();
        if self.label_positions.is_empty() {
            self.label_positions = self.arena.default_slice(self.program.labels.len());
        }
        self.label_positions.fill(UNKNOWN);
    }

    fn is_cached(&self, define: usize) -> bool {
        matches!(self.defines.get(define), Some(Some(_)))
    }

    pub(super) fn cache(&mut self, define: usize, value: RuntimeValue<'v>) {
        if self.defines.len() < self.program.defines.len() {
            self.defines.resize(self.program.defines.len(), None);
        }
        if let Some(slot) = self.defines.get_mut(define) {
            *slot = Some(value);
        }
    }

    fn define(&mut self, position: usize) -> RuntimeValue<'v> {
        if let Some(Some(known)) = self.defines.get(position) {
            return *known;
        }
        let value = self.program.defines.get(position).map_or(RuntimeValue::Missing, |node| self.value(*node));
        self.cache(position, value);
        value
    }

    fn coalesce(&mut self, parts: &'p [NodeId]) -> RuntimeValue<'v> {
        let mut value = RuntimeValue::Missing;
        for part in parts {
            value = self.value(*part);
            if !value.is_nothing() {
                break;
            }
        }
        value
    }

    fn list(&mut self, parts: &'p [NodeId]) -> RuntimeValue<'v> {
        let values: SmallVec<[RuntimeValue<'v>; 8]> = parts.iter().map(|part| self.value(*part)).collect();
        RuntimeValue::List(self.arena.slice(&values))
    }

    fn template(&mut self, parts: &'p [TemplatePart]) -> RuntimeValue<'v> {
        let mut texts = SmallVec::<[&str; 8]>::new();
        let mut length = 0;
        for part in parts {
            match part {
                TemplatePart::Text(text) => texts.push(text),
                TemplatePart::Value(node) => {
                    let value = self.value(*node);
                    let program = self.program;
                    texts.push(self.text(value, || program.source_text(*node)).unwrap_or_default());
                }
            }
            length += texts.last().map_or(0, |text| text.len());
            if length > self.remaining.text {
                break;
            }
        }
        // Once the budget is spent, text that would need an allocation is skipped.
        if self.remaining.work == 0 && !self.may_spend(length) {
            return RuntimeValue::Text("");
        }
        RuntimeValue::Text(self.charge(self.arena.concat(&texts)))
    }

    /// Charges text to the budget of the element, and cuts the part that exceeds it.
    pub(super) fn charge(&mut self, mut text: &'v str) -> &'v str {
        if text.len() > self.remaining.text {
            text = text.get(..text.floor_char_boundary(self.remaining.text)).unwrap_or_default();
            self.note("the rules made more than 1 MiB of text for this alert; the rest was cut");
        }
        self.remaining.text -= text.len();
        if self.may_spend(text.len()) { text } else { "" }
    }
}

pub(super) fn constant(literal: &Literal) -> RuntimeValue<'_> {
    match literal {
        Literal::Missing => RuntimeValue::Missing,
        Literal::Null => RuntimeValue::Null,
        Literal::Boolean(boolean) => RuntimeValue::Boolean(*boolean),
        Literal::Number(number) => RuntimeValue::Number(*number),
        Literal::Text(text) => RuntimeValue::Text(text),
        Literal::Severity(severity) => RuntimeValue::Severity(*severity),
        Literal::Status(status) => RuntimeValue::Status(*status),
        Literal::Time(time) => RuntimeValue::Time(*time),
    }
}

fn field_value<'v>(event: &'v Event<'v>, field: EventField, arena: &'v Arena) -> RuntimeValue<'v> {
    let optional = |value: Option<&'v str>| value.map_or(RuntimeValue::Missing, RuntimeValue::Text);
    match field {
        EventField::Severity => RuntimeValue::Severity(event.severity),
        EventField::Status => RuntimeValue::Status(event.status),
        EventField::Title => RuntimeValue::Text(event.title),
        EventField::Key => RuntimeValue::Text(event.key),
        EventField::Description => optional(event.description),
        EventField::Labels => RuntimeValue::Labels(&event.labels),
        EventField::StartsAt => event.starts_at.map_or(RuntimeValue::Missing, RuntimeValue::Time),
        EventField::EndsAt => event.ends_at.map_or(RuntimeValue::Missing, RuntimeValue::Time),
        EventField::Link => optional(event.link),
        EventField::Source => RuntimeValue::Text(event.source),
        EventField::Integration => optional(event.integration),
        EventField::Notes => RuntimeValue::List(arena.collect(event.notes.iter().copied().map(RuntimeValue::Text))),
    }
}

/// The value that the steps lead to.
fn navigate<'v>(base: RuntimeValue<'v>, steps: &[SingularStep]) -> RuntimeValue<'v> {
    if let RuntimeValue::Json(node) = base {
        let found = steps.iter().try_fold(node, |node, step| step.child(node));
        return found.map_or(RuntimeValue::Missing, RuntimeValue::of_json);
    }
    match (base, steps.split_first()) {
        (base, None) => base,
        (RuntimeValue::List(items), Some((step, rest))) => {
            step.item(items).map_or(RuntimeValue::Missing, |item| navigate(*item, rest))
        }
        (_, Some(_)) => RuntimeValue::Missing,
    }
}
