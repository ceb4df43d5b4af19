//! The parameters of a channel that are expressions over the event: its body as JSON, its texts.

use super::EvaluationContext;
use super::interpreter::Interpreter;
use super::message_group::GroupTexts;
use super::observer::Observer;
use crate::channel::{BODY, MESSAGE, TextOrigin, TextSegment};
use crate::event::{Event, GroupField, MessageGroup};
use crate::function::{self, LinePart};
use crate::json::{self, Arena, Number, ToJson as _};
use crate::program::{GroupValue, Node, NodeId, Program, TemplatePart};
use crate::value::RuntimeValue;
use serde_json::Value as Json;

/// The values of a channel's parameters for an event.
#[derive(Debug, Default)]
pub struct EvaluatedParameters<'p> {
    /// The body, if the channel has one.
    pub body: Option<Json>,
    /// The texts by name; one whose value is missing is left out.
    pub texts: Vec<(&'p str, String)>,
    /// The parts of the message of a chat.
    pub message: Option<Vec<TextSegment>>,
    /// Notes about conversions.
    pub notes: Vec<String>,
}

/// Evaluates the expressions among a channel's parameters.
pub(super) fn parameters<'p, O: Observer>(
    program: &'p Program,
    channel: usize,
    event: &Event<'_>,
    group: MessageGroup<'_>,
    context: &EvaluationContext<'_>,
    observer: &mut O,
) -> EvaluatedParameters<'p> {
    let arena = Arena::new();
    let mut evaluated = EvaluatedParameters::default();
    let Some(channel) = program.channels.get(channel).filter(|channel| !channel.parameters.is_empty()) else {
        return evaluated;
    };
    let mut interpreter = Interpreter::new(program, context, &arena, observer);
    interpreter.set_event(event);
    interpreter.group = Some(group);
    let column = |cell: &'p Option<Box<str>>| cell.as_deref().map_or(RuntimeValue::Missing, RuntimeValue::Text);
    interpreter.parameters = channel.columns.iter().map(column).collect();
    for (name, value) in &channel.parameters {
        if &**name == BODY.name {
            evaluated.body = Some(interpreter.json(*value).unwrap_or(Json::Null));
        } else if let Some(text) = interpreter.value(*value).to_text(&arena) {
            evaluated.texts.push((name, text.to_owned()));
            if &**name == MESSAGE.name {
                let mut segments = Vec::new();
                interpreter.segments(*value, &mut segments);
                evaluated.message = Some(segments);
            }
        }
    }
    evaluated.notes = interpreter.notes.into_iter().map(str::to_owned).collect();
    evaluated
}

/// The values by which a channel groups an event, with their names; a missing one has no text.
pub(super) fn group_values<'p, O: Observer>(
    program: &'p Program,
    channel: usize,
    event: &Event<'_>,
    context: &EvaluationContext<'_>,
    observer: &mut O,
) -> Vec<(&'p str, Option<String>)> {
    let Some(channel) = program.channels.get(channel).filter(|channel| !channel.group_values.is_empty()) else {
        return Vec::new();
    };
    let arena = Arena::new();
    let mut interpreter = Interpreter::new(program, context, &arena, observer);
    interpreter.set_event(event);
    let values = channel.group_values.iter().map(|GroupValue { name, value }| {
        let text = interpreter.value(*value).to_text(&arena);
        (&**name, text.map(str::to_owned))
    });
    values.collect()
}

impl<'p: 'v, 'v, O: Observer> Interpreter<'p, 'v, '_, O> {
    /// A fact of the group; missing outside of the parameters of a channel.
    pub(super) fn group_value(&mut self, field: GroupField) -> RuntimeValue<'v> {
        if self.group_texts.is_none()
            && let (Some(group), Some(event)) = (self.group, self.event)
        {
            self.group_texts = Some(GroupTexts::new(&group.facts(event), self.arena));
        }
        self.group_texts.as_ref().map_or(RuntimeValue::Missing, |texts| texts.get(field))
    }

    /// The parts of a text: what the rules write is theirs, and values of the event are those of the payload.
    fn segments(&mut self, id: NodeId, segments: &mut Vec<TextSegment>) {
        match self.program.node(id) {
            Node::Template(parts) => {
                for part in parts {
                    match part {
                        TemplatePart::Text(text) => push(segments, text, TextOrigin::Rules),
                        TemplatePart::Value(value) => self.segments(*value, segments),
                    }
                }
            }
            Node::Match(arms) => {
                if let Some(result) = self.choose(arms) {
                    self.segments(*result, segments);
                }
            }
            Node::Coalesce(parts) => {
                let chosen = parts.iter().find(|part| !self.value(**part).is_nothing());
                if let Some(chosen) = chosen.or(parts.last()) {
                    self.segments(*chosen, segments);
                }
            }
            Node::Define(position) => {
                if let Some(define) = self.program.defines.get(*position) {
                    self.segments(*define, segments);
                }
            }
            Node::Call(called, arguments) if called.name == function::LABEL_LINES => {
                let values: Vec<RuntimeValue<'v>> = arguments.iter().map(|argument| self.value(*argument)).collect();
                for part in function::label_line_parts(&values, self.arena).unwrap_or_default() {
                    match part {
                        LinePart::Form(text) => push(segments, &text, TextOrigin::Rules),
                        LinePart::Label(text) => push(segments, &text, TextOrigin::Payload),
                    }
                }
            }
            // A table belongs to the rules, as do the columns of a family: the parameters of a table stand within it.
            Node::Literal(_) | Node::Lookup(..) | Node::Parameter(_) => self.segment(id, TextOrigin::Rules, segments),
            Node::Path(_)
            | Node::Nodes(_)
            | Node::Regex(_)
            | Node::Let(_)
            | Node::Field(_)
            | Node::Label(_)
            | Node::Request(_)
            | Node::Group(_)
            | Node::Navigate(..)
            | Node::Call(..)
            | Node::Choose(_)
            | Node::Or(_)
            | Node::And(_)
            | Node::Not(_)
            | Node::Compare(_)
            | Node::List(_)
            | Node::Object(_) => self.segment(id, TextOrigin::Payload, segments),
        }
    }

    fn segment(&mut self, id: NodeId, origin: TextOrigin, segments: &mut Vec<TextSegment>) {
        let (value, program) = (self.value(id), self.program);
        if let Some(text) = self.text(value, || program.source_text(id)) {
            push(segments, text, origin);
        }
    }

    /// A value as JSON; `None` for a missing one, so that its member is left out.
    fn json(&mut self, id: NodeId) -> Option<Json> {
        if let Node::Object(members) = self.program.node(id) {
            let members = members.iter().filter_map(|(name, value)| Some((name.to_string(), self.json(*value)?)));
            return Some(Json::Object(members.collect()));
        }
        if let Node::List(items) = self.program.node(id) {
            return Some(Json::Array(items.iter().map(|item| self.json(*item).unwrap_or(Json::Null)).collect()));
        }
        to_json(&self.value(id))
    }
}

fn push(segments: &mut Vec<TextSegment>, text: &str, origin: TextOrigin) {
    segments.push(TextSegment { text: text.to_owned(), origin });
}

pub(super) fn to_json(value: &RuntimeValue<'_>) -> Option<Json> {
    match value {
        RuntimeValue::Missing => None,
        RuntimeValue::Null => Some(Json::Null),
        RuntimeValue::Boolean(boolean) => Some(Json::Bool(*boolean)),
        RuntimeValue::Number(number) => Some(number_to_json(*number)),
        RuntimeValue::Text(text) => Some(Json::String((*text).to_owned())),
        RuntimeValue::Json(node) => Some(node_to_json(node)),
        RuntimeValue::List(items) => {
            Some(Json::Array(items.iter().map(|item| to_json(item).unwrap_or(Json::Null)).collect()))
        }
        RuntimeValue::Labels(labels) => Some(labels.to_value()),
        RuntimeValue::Severity(_) | RuntimeValue::Status(_) | RuntimeValue::Time(_) | RuntimeValue::Regex(_) => {
            value.to_text(&Arena::new()).map(|text| Json::String(text.to_owned()))
        }
    }
}

fn number_to_json(number: Number) -> Json {
    match number {
        Number::Negative(integer) => integer.into(),
        Number::Natural(integer) => integer.into(),
        Number::Float(float) => float.into(),
    }
}

fn node_to_json(node: &json::Value<'_>) -> Json {
    match node {
        json::Value::Null => Json::Null,
        json::Value::Boolean(boolean) => Json::Bool(*boolean),
        json::Value::Number(number) => number_to_json(*number),
        json::Value::Text(text) => Json::String((*text).to_owned()),
        json::Value::Array(items) => Json::Array(items.iter().map(node_to_json).collect()),
        json::Value::Object(object) => {
            Json::Object(object.iter().map(|(name, value)| (name.to_owned(), node_to_json(value))).collect())
        }
    }
}
