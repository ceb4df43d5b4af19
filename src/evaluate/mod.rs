//! Evaluation: from a program, a payload, a time and the open channels to outcomes.
//!
//! Pure and total: no clock, no I/O, no error. Problems with data are values in the outcome: a note on the event, a
//! rejection, a missing value. Work is bounded: paths have a budget for each payload, text is limited by
//! [`TEXT_LIMIT`], and defines and called routings are evaluated once for each event.

mod answer;
mod budget;
mod call;
mod candidates;
mod channel_parameters;
mod comparison;
mod decision_builder;
mod heartbeat;
mod holds;
mod interpreter;
mod mapping;
mod matching;
mod message_group;
mod observer;
mod request;
mod routing;
mod text;
mod work;

pub use answer::{AnswerBody, PushAnswer};
pub use budget::{PAYLOAD_TEXT_LIMIT, TEXT_LIMIT, WORK_LIMIT};
pub use channel_parameters::EvaluatedParameters;
pub use heartbeat::{Absence, Beat};
pub use holds::{HoldBudget, HoldFacts, MuteMatch, SameValues, SourceMatch};
pub use interpreter::MAX_NOTES;
pub use mapping::ELEMENTS_LIMIT;
pub use observer::{LineOutcome, Observer, SilentObserver};
pub use request::{HeaderText, RequestMetadata};
pub use text::{brief, written};

use crate::event::{AlertStatus, Event, MappingRejection, MessageGroup, Outcome, OutcomeKind, RoutingDecision};
use crate::json::{self, Arena, Document};
use crate::program::{ConditionSet, Destination, Mapping, NodeId, Program};
use crate::time::Timestamp;
use crate::value::RuntimeValue;
use interpreter::Interpreter;
use mapping::ElementOutcome;
use std::collections::{HashMap, HashSet};

/// The inputs of evaluation besides the payload.
pub struct EvaluationContext<'e> {
    /// The time of evaluation.
    pub now: Timestamp,
    /// Names of the channels in which the firing of a key is still open.
    pub open: &'e dyn Fn(&str) -> Vec<String>,
    /// What the request said besides the payload.
    pub request: &'e RequestMetadata,
}

impl EvaluationContext<'static> {
    /// An evaluation at a time, with no firing open, of a payload that came without a request.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { now, open: &|_| Vec::new(), request: RequestMetadata::none() }
    }
}

/// Which mappings read a payload, and where its events go.
#[derive(Debug, Clone, Copy)]
pub struct EvaluationPlan<'a> {
    /// The name of the integration, if one received the payload.
    pub integration: Option<&'a str>,
    /// The mappings that may read it, by position; the first that accepts does.
    pub mappings: &'a [usize],
    /// Where events go; without it, they are not routed.
    pub destination: Option<Destination>,
}

/// Maps a payload, and routes its events if the plan has a destination.
pub fn evaluate<'a, O: Observer>(
    program: &'a Program,
    plan: EvaluationPlan<'a>,
    document: &Document<'a>,
    context: &EvaluationContext<'_>,
    observer: &mut O,
) -> Vec<Outcome<'a>> {
    let mut interpreter = Interpreter::new(program, context, document.arena, observer);
    let mut refusals = Vec::new();
    for mapping in plan.mappings.iter().filter_map(|position| program.mappings.get(*position)) {
        match mapping::accept(&mut interpreter, mapping, plan, document) {
            Ok(elements) => return outcomes(&mut interpreter, mapping, plan, document, elements),
            Err(refusal) => refusals.push(refusal),
        }
    }
    vec![unaccepted(plan, refusals)]
}

/// An element of a payload, and the values of some expressions over it.
#[derive(Debug)]
pub struct ElementValues<'a> {
    /// The element.
    pub element: &'a json::Value<'a>,
    /// The values, in the order of the expressions.
    pub values: Vec<RuntimeValue<'a>>,
}

/// The elements of a payload, each with the values of expressions of a mapping, by its position; nothing if the mapping does not
/// accept the payload.
#[must_use]
pub fn element_values<'a>(
    program: &'a Program,
    mapping: usize,
    expressions: &[NodeId],
    document: &Document<'a>,
    context: &EvaluationContext<'_>,
) -> Option<Vec<ElementValues<'a>>> {
    let mapping = program.mappings.get(mapping)?;
    let mut observer = SilentObserver;
    let mut interpreter = Interpreter::new(program, context, document.arena, &mut observer);
    mapping::values(&mut interpreter, mapping, expressions, document)
}

/// The answer of an integration to a payload that it accepts, if it has one of its own.
pub fn answer<'a, O: Observer>(
    program: &'a Program,
    integration: usize,
    document: &Document<'a>,
    context: &EvaluationContext<'_>,
    observer: &mut O,
) -> Option<PushAnswer> {
    let plan = program.integrations.get(integration)?.answer.as_ref()?;
    Some(answer::answer(program, plan, document, context, observer))
}

/// Routes an event.
pub fn route<'a, O: Observer>(
    program: &'a Program,
    destination: Destination,
    event: &'a Event<'a>,
    context: &EvaluationContext<'_>,
    arena: &'a Arena,
    observer: &mut O,
) -> RoutingDecision<'a> {
    let mut interpreter = Interpreter::new(program, context, arena, observer);
    routing::decide(&mut interpreter, destination, event, context.open)
}

/// The values, for an event, of the channel parameters that are expressions; `group` is what `group.` reads.
#[must_use]
pub fn parameters<'p, O: Observer>(
    program: &'p Program,
    channel: usize,
    event: &Event<'_>,
    group: MessageGroup<'_>,
    context: &EvaluationContext<'_>,
    observer: &mut O,
) -> EvaluatedParameters<'p> {
    channel_parameters::parameters(program, channel, event, group, context, observer)
}

/// The values by which a channel, by its position, groups an event: for each value of `group_by` its name and its text, none
/// where it is missing. An event that lacks one of them stands alone, as does every event of a channel without `group_by`, which
/// has no values.
pub fn group_values<'p, O: Observer>(
    program: &'p Program,
    channel: usize,
    event: &Event<'_>,
    context: &EvaluationContext<'_>,
    observer: &mut O,
) -> Vec<(&'p str, Option<String>)> {
    channel_parameters::group_values(program, channel, event, context, observer)
}

/// Which mutes an event meets at the time of the context, and of which it is a source. What an observer is shown are the
/// conditions of the mutes.
pub fn hold_facts<'p, O: Observer>(
    program: &'p Program,
    event: &Event<'_>,
    context: &EvaluationContext<'_>,
    budget: &mut HoldBudget,
    observer: &mut O,
) -> HoldFacts<'p> {
    holds::hold_facts(program, event, context, budget, observer)
}

/// Whether a condition holds for an event.
#[must_use]
pub fn holds(program: &Program, condition: NodeId, event: &Event<'_>, context: &EvaluationContext<'_>) -> bool {
    holds::holds(program, condition, event, context)
}

/// The positions of the conditions of a set that hold for an event, in order. They ask no schedules.
#[must_use]
pub fn met_conditions(program: &Program, set: &ConditionSet, event: &Event<'_>, budget: &mut HoldBudget) -> Vec<usize> {
    holds::met_conditions(program, set, event, budget)
}

/// The heartbeats of which an event is a beat, with what tells their senders.
#[must_use]
pub fn beats<O: Observer>(
    program: &Program,
    event: &Event<'_>,
    context: &EvaluationContext<'_>,
    observer: &mut O,
) -> Vec<Beat> {
    heartbeat::beats(program, event, context, observer)
}

/// The event of an absence, or of its end; nothing if the program has no such heartbeat, or one with other values.
pub fn absence<'a, O: Observer>(
    program: &'a Program,
    absence: Absence<'a>,
    context: &EvaluationContext<'_>,
    arena: &'a Arena,
    observer: &mut O,
) -> Option<Event<'a>> {
    heartbeat::absence(program, absence, context, arena, observer)
}

fn outcomes<'a, O: Observer>(
    interpreter: &mut Interpreter<'a, 'a, '_, O>,
    mapping: &'a Mapping,
    plan: EvaluationPlan<'a>,
    document: &Document<'a>,
    elements: &[&'a json::Value<'a>],
) -> Vec<Outcome<'a>> {
    let outcome =
        |index, result| Outcome { integration: plan.integration, mapping: Some(&*mapping.name), index, kind: result };
    if elements.is_empty() {
        return vec![outcome(None, OutcomeKind::Empty)];
    }
    let mut opened = PayloadFirings::default();
    let mut outcomes = Vec::with_capacity(elements.len());
    for (index, element) in elements.iter().enumerate() {
        let element = mapping::map(interpreter, mapping, plan, document, (index, element));
        let result = match (element, plan.destination) {
            (ElementOutcome::Dropped(reason), _) => OutcomeKind::Dropped(reason),
            (ElementOutcome::Event(event), None) => OutcomeKind::Event(event),
            (ElementOutcome::Event(event), Some(destination)) => {
                interpreter.observer.routed(index);
                OutcomeKind::Routed(event, opened.route(interpreter, destination, event))
            }
        };
        outcomes.push(outcome(Some(index), result));
    }
    outcomes
}

/// Where the firings of one payload went, so that a later recovery in the same payload goes there too.
#[derive(Default)]
struct PayloadFirings<'a> {
    /// The opened channels in order. Most payloads have no recovery after a firing, and never need the map.
    opened: Vec<(&'a str, &'a [&'a str])>,
    /// The same by key, up to the last recovery.
    by_key: HashMap<&'a str, OrderedChannels<'a>>,
}

/// Channels, each once, in order.
#[derive(Default)]
struct OrderedChannels<'a> {
    ordered: Vec<&'a str>,
    known: HashSet<&'a str>,
}

impl<'a> PayloadFirings<'a> {
    fn route<O: Observer>(
        &mut self,
        interpreter: &mut Interpreter<'a, 'a, '_, O>,
        destination: Destination,
        event: &'a Event<'a>,
    ) -> RoutingDecision<'a> {
        let before = interpreter.context.open;
        match event.status {
            AlertStatus::Firing => {
                let decision = routing::decide(interpreter, destination, event, before);
                if !decision.channels.is_empty() {
                    self.opened.push((event.key, decision.channels));
                }
                decision
            }
            AlertStatus::Resolved => {
                let here = self.close(event.key);
                let open =
                    |key: &str| before(key).into_iter().chain(here.iter().map(|&channel| channel.to_owned())).collect();
                routing::decide(interpreter, destination, event, &open)
            }
        }
    }

    /// Removes and returns the channels that firings of the key opened in this payload, each once.
    fn close(&mut self, key: &str) -> Vec<&'a str> {
        for (key, channels) in self.opened.drain(..) {
            let known = self.by_key.entry(key).or_default();
            for channel in channels {
                if known.known.insert(channel) {
                    known.ordered.push(channel);
                }
            }
        }
        self.by_key.remove(key).unwrap_or_default().ordered
    }
}

fn unaccepted<'a>(plan: EvaluationPlan<'a>, refusals: Vec<MappingRejection<'a>>) -> Outcome<'a> {
    let result = OutcomeKind::Unaccepted(refusals);
    Outcome { integration: plan.integration, mapping: None, index: None, kind: result }
}
