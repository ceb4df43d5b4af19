//! A program, a payload, a time and the open channels give outcomes.
//!
//! Pure and total: no clock, no I/O, no error. What goes wrong with data is a value in the outcome: a note on the event,
//! a refusal, a missing value. Work is bounded: paths by a budget for each payload, text by [`machine::TEXT_LIMIT`],
//! defines and called routings are evaluated once for each event.

mod body;
mod comparison;
mod machine;
mod mapping;
mod matching;
mod observer;
mod routing;
mod text;
mod work;

pub use body::Parameters;
pub use machine::{MOST_NOTES, PAYLOAD_TEXT_LIMIT, TEXT_LIMIT};
pub use mapping::ELEMENTS_LIMIT;
pub use observer::{LineEnd, Observer, Silent};
pub use text::{brief, written};
pub use work::WORK_LIMIT;

use crate::event::{Decision, Event, Outcome, Refusal, Result, Status};
use crate::json::Document;
use crate::program::{Destination, Mapping, Program};
use crate::time::Instant;
use mapping::{Element, Mapped};
use std::collections::HashMap;

/// What evaluation needs to know besides the payload.
pub struct Context<'e> {
    /// The time of evaluation.
    pub now: Instant,
    /// Names of the channels in which the firing of a key is still open.
    pub open: &'e dyn Fn(&str) -> Vec<String>,
}

impl Context<'static> {
    /// An evaluation at a time, with no firing open.
    #[must_use]
    pub fn at(now: Instant) -> Self {
        Self { now, open: &|_| Vec::new() }
    }
}

/// Who reads a payload, and where its events go.
#[derive(Debug, Clone, Copy)]
pub struct Pipeline<'a> {
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
    pipeline: Pipeline<'a>,
    document: &'a Document<'a>,
    context: &Context<'_>,
    observer: &mut O,
) -> Vec<Outcome<'a>> {
    let mut refusals = Vec::new();
    for mapping in pipeline.mappings.iter().filter_map(|position| program.mappings.get(*position)) {
        match mapping::map(program, mapping, pipeline, document, context, observer) {
            Mapped::Refused(refusal) => refusals.push(refusal),
            Mapped::Elements(elements) => {
                return finish(program, pipeline, mapping, elements, context, observer);
            }
        }
    }
    vec![unaccepted(pipeline, refusals)]
}

/// Routes an event.
pub fn route<'a, O: Observer>(
    program: &'a Program,
    destination: Destination,
    event: &Event<'_>,
    context: &Context<'_>,
    observer: &mut O,
) -> Decision<'a> {
    routing::decide(program, destination, event, context, observer)
}

/// What the parameters of a channel that are expressions come to for an event.
#[must_use]
pub fn parameters<'p>(
    program: &'p Program,
    channel: usize,
    event: &Event<'_>,
    context: &Context<'_>,
) -> Parameters<'p> {
    body::parameters(program, channel, event, context)
}

fn finish<'a, O: Observer>(
    program: &'a Program,
    pipeline: Pipeline<'a>,
    mapping: &'a Mapping,
    elements: Vec<Element<'a>>,
    context: &Context<'_>,
    observer: &mut O,
) -> Vec<Outcome<'a>> {
    let outcome = |index, result| Outcome {
        integration: pipeline.integration,
        mapping: Some(&*mapping.name),
        index,
        result,
    };
    if elements.is_empty() {
        return vec![outcome(None, Result::Empty)];
    }
    let mut opened = Opened::of(&elements);
    let mut outcomes = Vec::with_capacity(elements.len());
    for (index, element) in elements.into_iter().enumerate() {
        let result = match element {
            Element::Dropped(reason) => Result::Dropped(reason),
            Element::Event(event) => match pipeline.destination {
                None => Result::Event(event),
                Some(destination) => {
                    observer.routed(index);
                    let decision = match &mut opened {
                        None => route(program, destination, &event, context, observer),
                        Some(opened) => opened.route(program, destination, &event, context, observer),
                    };
                    Result::Routed(event, decision)
                }
            },
        };
        outcomes.push(outcome(Some(index), result));
    }
    outcomes
}

/// Where the firings of one payload went, so that a recovery behind them in the same payload goes there too.
#[derive(Default)]
struct Opened<'a> {
    channels: HashMap<String, Vec<&'a str>>,
}

impl<'a> Opened<'a> {
    /// Nothing where no recovery stands behind a firing: most payloads need no such account.
    fn of(elements: &[Element<'_>]) -> Option<Self> {
        let statuses = || {
            elements.iter().filter_map(|element| match element {
                Element::Event(event) => Some(event.status),
                Element::Dropped(_) => None,
            })
        };
        let behind_firing = statuses().skip_while(|status| *status != Status::Firing);
        let mut resolved = behind_firing.filter(|status| *status == Status::Resolved);
        resolved.next().map(|_| Self::default())
    }

    fn route<O: Observer>(
        &mut self,
        program: &'a Program,
        destination: Destination,
        event: &Event<'_>,
        context: &Context<'_>,
        observer: &mut O,
    ) -> Decision<'a> {
        match event.status {
            Status::Firing => {
                let decision = route(program, destination, event, context, observer);
                if !decision.channels.is_empty() {
                    let known = self.channels.entry(event.key.to_string()).or_default();
                    let new: Vec<&str> =
                        decision.channels.iter().copied().filter(|one| !known.contains(one)).collect();
                    known.extend(new);
                }
                decision
            }
            Status::Resolved => {
                let here = self.channels.remove(&*event.key).unwrap_or_default();
                let open = |key: &str| {
                    let before = (context.open)(key);
                    before.into_iter().chain(here.iter().map(|&channel| channel.to_owned())).collect()
                };
                let context = Context { now: context.now, open: &open };
                route(program, destination, event, &context, observer)
            }
        }
    }
}

fn unaccepted<'a>(pipeline: Pipeline<'a>, refusals: Vec<Refusal<'a>>) -> Outcome<'a> {
    let result = Result::Unaccepted(refusals);
    Outcome { integration: pipeline.integration, mapping: None, index: None, result }
}
