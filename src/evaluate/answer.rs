//! The answer of an integration to an accepted payload, within its limit: no payload makes it large.

use super::EvaluationContext;
use super::channel_parameters::to_json;
use super::interpreter::Interpreter;
use super::observer::Observer;
use crate::channel::integration::LONGEST_ANSWER;
use crate::json::{self, Document};
use crate::program::{AnswerContent, AnswerPlan, Node, NodeId, Program};
use crate::value::RuntimeValue;
use serde_json::Value as Json;

/// What a sender gets for an accepted push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushAnswer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: AnswerBody,
}

/// The body of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerBody {
    /// The id and the outcomes.
    Receipt,
    /// Nothing.
    Empty,
    /// Nothing, as the body would be too large.
    TooLarge,
    /// A text.
    Text(String),
    /// JSON.
    Json(Json),
}

/// Evaluates the answer to a payload.
pub(super) fn answer<'a, O: Observer>(
    program: &'a Program,
    plan: &AnswerPlan,
    document: &Document<'a>,
    context: &EvaluationContext<'_>,
    observer: &mut O,
) -> PushAnswer {
    let body = match &plan.body {
        AnswerContent::Receipt => AnswerBody::Receipt,
        AnswerContent::Empty => AnswerBody::Empty,
        AnswerContent::Text(text) => AnswerBody::Text(text.to_string()),
        AnswerContent::Json(value) => {
            let mut interpreter = Interpreter::new(program, context, document.arena, observer);
            interpreter.payload = Some((document.root, document.root));
            interpreter.payload_bytes = document.source;
            let json = interpreter.answer_json(*value, &mut AnswerBudget { bytes: LONGEST_ANSWER });
            match json {
                Ok(json) => within_limit(json.unwrap_or(Json::Null)),
                Err(TooLarge) => AnswerBody::TooLarge,
            }
        }
    };
    PushAnswer { status: plan.status, body }
}

fn within_limit(json: Json) -> AnswerBody {
    if json.to_string().len() > LONGEST_ANSWER { AnswerBody::TooLarge } else { AnswerBody::Json(json) }
}

struct TooLarge;

/// How many bytes may still be written, at least: a value that surely takes more is not copied.
struct AnswerBudget {
    bytes: usize,
}

impl AnswerBudget {
    fn take(&mut self, bytes: usize) -> Result<(), TooLarge> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(TooLarge)?;
        Ok(())
    }

    fn take_value(&mut self, value: &RuntimeValue<'_>) -> Result<(), TooLarge> {
        match value {
            RuntimeValue::Text(text) => self.take(text.len()),
            RuntimeValue::Json(node) => self.take_node(node),
            RuntimeValue::List(items) => items.iter().try_for_each(|item| {
                self.take(1)?;
                self.take_value(item)
            }),
            RuntimeValue::Missing
            | RuntimeValue::Null
            | RuntimeValue::Boolean(_)
            | RuntimeValue::Number(_)
            | RuntimeValue::Labels(_)
            | RuntimeValue::Severity(_)
            | RuntimeValue::Status(_)
            | RuntimeValue::Time(_)
            | RuntimeValue::Regex(_) => self.take(1),
        }
    }

    fn take_node(&mut self, node: &json::Value<'_>) -> Result<(), TooLarge> {
        self.take(1)?;
        match node {
            json::Value::Null | json::Value::Boolean(_) | json::Value::Number(_) => Ok(()),
            json::Value::Text(text) => self.take(text.len()),
            json::Value::Array(items) => items.iter().try_for_each(|item| self.take_node(item)),
            json::Value::Object(object) => object.iter().try_for_each(|(name, value)| {
                self.take(name.len())?;
                self.take_node(value)
            }),
        }
    }
}

impl<'p: 'v, 'v, O: Observer> Interpreter<'p, 'v, '_, O> {
    /// A value as JSON; nothing for a missing one, so that its member is left out.
    fn answer_json(&mut self, id: NodeId, budget: &mut AnswerBudget) -> Result<Option<Json>, TooLarge> {
        if let Node::Object(members) = self.program.node(id) {
            let mut written = serde_json::Map::new();
            for (name, value) in members {
                if let Some(value) = self.answer_json(*value, budget)? {
                    written.insert(name.to_string(), value);
                }
            }
            return Ok(Some(Json::Object(written)));
        }
        if let Node::List(items) = self.program.node(id) {
            let items = items.iter().map(|item| Ok(self.answer_json(*item, budget)?.unwrap_or(Json::Null)));
            return Ok(Some(Json::Array(items.collect::<Result<_, _>>()?)));
        }
        let value = self.value(id);
        budget.take_value(&value)?;
        Ok(to_json(&value))
    }
}
