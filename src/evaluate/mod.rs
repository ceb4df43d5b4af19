//! A program, a payload, a time and the open channels give outcomes.
//!
//! Pure and total: no clock, no I/O, no error. What goes wrong with data is a value in the outcome: a note on the event,
//! a refusal, a missing value. Work is bounded: paths by a budget for each payload, text by [`TEXT_LIMIT`],
//! defines and called routings are evaluated once for each event.

mod budget;
mod call;
mod candidates;
mod channel_parameters;
mod comparison;
mod decision_builder;
mod interpreter;
mod mapping;
mod matching;
mod observer;
mod routing;
mod text;
mod work;

pub use budget::{PAYLOAD_TEXT_LIMIT, TEXT_LIMIT, WORK_LIMIT};
pub use channel_parameters::EvaluatedParameters;
pub use interpreter::MOST_NOTES;
pub use mapping::ELEMENTS_LIMIT;
pub use observer::{LineOutcome, Observer, SilentObserver};
pub use text::{brief, written};

use crate::event::{AlertStatus, Event, MappingRejection, Outcome, OutcomeKind, RoutingDecision};
use crate::json::{self, Arena, Document};
use crate::program::{Destination, Mapping, Program};
use crate::time::Timestamp;
use interpreter::Interpreter;
use mapping::ElementOutcome;
use std::collections::{HashMap, HashSet};

/// What evaluation needs to know besides the payload.
pub struct EvaluationContext<'e> {
    /// The time of evaluation.
    pub now: Timestamp,
    /// Names of the channels in which the firing of a key is still open.
    pub open: &'e dyn Fn(&str) -> Vec<String>,
}

impl EvaluationContext<'static> {
    /// An evaluation at a time, with no firing open.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { now, open: &|_| Vec::new() }
    }
}

/// Who reads a payload, and where its events go.
#[derive(Debug, Clone, Copy)]
pub struct EvaluationPlan<'a> {
    /// The integration's name, where one received the payload.
    pub integration: Option<&'a str>,
    /// The mappings that may read it, by position; the first that accepts does.
    pub mappings: &'a [usize],
    /// Where events go; nowhere: they are not routed.
    pub destination: Option<Destination>,
}

/// Maps a payload, and routes its events where the pipeline says so.
pub fn evaluate<'a, O: Observer>(
    program: &'a Program,
    pipeline: EvaluationPlan<'a>,
    document: &Document<'a>,
    context: &EvaluationContext<'_>,
    observer: &mut O,
) -> Vec<Outcome<'a>> {
    let mut machine = Interpreter::new(program, context, document.arena, observer);
    let mut refusals = Vec::new();
    for mapping in pipeline.mappings.iter().filter_map(|position| program.mappings.get(*position)) {
        match mapping::accept(&mut machine, mapping, pipeline, document) {
            Ok(elements) => return outcomes(&mut machine, mapping, pipeline, document, elements),
            Err(refusal) => refusals.push(refusal),
        }
    }
    vec![unaccepted(pipeline, refusals)]
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
    let mut machine = Interpreter::new(program, context, arena, observer);
    routing::decide(&mut machine, destination, event, context.open)
}

/// What the parameters of a channel that are expressions come to for an event.
#[must_use]
pub fn parameters<'p>(
    program: &'p Program,
    channel: usize,
    event: &Event<'_>,
    context: &EvaluationContext<'_>,
) -> EvaluatedParameters<'p> {
    channel_parameters::parameters(program, channel, event, context)
}

fn outcomes<'a, O: Observer>(
    machine: &mut Interpreter<'a, 'a, '_, O>,
    mapping: &'a Mapping,
    pipeline: EvaluationPlan<'a>,
    document: &Document<'a>,
    elements: &[&'a json::Value<'a>],
) -> Vec<Outcome<'a>> {
    let outcome = |index, result| Outcome {
        integration: pipeline.integration,
        mapping: Some(&*mapping.name),
        index,
        kind: result,
    };
    if elements.is_empty() {
        return vec![outcome(None, OutcomeKind::Empty)];
    }
    let mut opened = PayloadFirings::default();
    let mut outcomes = Vec::with_capacity(elements.len());
    for (index, element) in elements.iter().enumerate() {
        let element = mapping::map(machine, mapping, pipeline, document, (index, element));
        let result = match (element, pipeline.destination) {
            (ElementOutcome::Dropped(reason), _) => OutcomeKind::Dropped(reason),
            (ElementOutcome::Event(event), None) => OutcomeKind::Event(event),
            (ElementOutcome::Event(event), Some(destination)) => {
                machine.observer.routed(index);
                OutcomeKind::Routed(event, opened.route(machine, destination, event))
            }
        };
        outcomes.push(outcome(Some(index), result));
    }
    outcomes
}

/// Where the firings of one payload went, so that a recovery behind them in the same payload goes there too.
#[derive(Default)]
struct PayloadFirings<'a> {
    /// What was opened, in order: most payloads hold no recovery behind a firing and never ask.
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
        machine: &mut Interpreter<'a, 'a, '_, O>,
        destination: Destination,
        event: &'a Event<'a>,
    ) -> RoutingDecision<'a> {
        let before = machine.context.open;
        match event.status {
            AlertStatus::Firing => {
                let decision = routing::decide(machine, destination, event, before);
                if !decision.channels.is_empty() {
                    self.opened.push((event.key, decision.channels));
                }
                decision
            }
            AlertStatus::Resolved => {
                let here = self.close(event.key);
                let open = |key: &str| {
                    before(key).into_iter().chain(here.iter().map(|&channel| channel.to_owned())).collect()
                };
                routing::decide(machine, destination, event, &open)
            }
        }
    }

    /// The channels that firings of the key opened in this payload, each once; they are closed then.
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

fn unaccepted<'a>(pipeline: EvaluationPlan<'a>, refusals: Vec<MappingRejection<'a>>) -> Outcome<'a> {
    let result = OutcomeKind::Unaccepted(refusals);
    Outcome { integration: pipeline.integration, mapping: None, index: None, kind: result }
}
