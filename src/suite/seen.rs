//! What an evaluation came to, freed from the payload that it borrowed from.

use super::shown::{Shown, quoted};
use super::snapshot;
use crate::event::{Decision, Outcome, Reason, Result};

/// An outcome as expectations look at it.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) kind: Kind,
    /// The mapping that read it.
    pub(super) mapping: Option<String>,
    /// The element of `each`.
    pub(super) index: Option<usize>,
    /// The event, where there is one.
    pub(super) event: Option<Shown>,
    /// Where it is sent.
    pub(super) channels: Vec<String>,
    /// The routes that decided, and the arm of a `match` route.
    pub(super) routes: Vec<(String, Option<usize>)>,
    /// The reasons of a drop, of every `nothing`, of every mapping that does not accept: words and place.
    pub(super) reasons: Vec<(String, String)>,
    /// Whether a recovery went where its firing went.
    pub(super) followed: bool,
    /// Its line in a snapshot.
    pub(super) wire: String,
}

/// What an outcome is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Event,
    Routed,
    Dropped,
    Empty,
    Unaccepted,
    Invalid,
}

impl Seen {
    /// The outcome, as a test in that folder sees it.
    pub(super) fn new(outcome: &Outcome<'_>, folder: &str) -> Self {
        let decision = outcome.decision();
        Self {
            kind: kind(&outcome.result),
            mapping: outcome.mapping.map(str::to_owned),
            index: outcome.index,
            event: outcome.event().map(Shown::from),
            channels: decision.map(channels).unwrap_or_default(),
            routes: decision.map(routes).unwrap_or_default(),
            reasons: reasons(&outcome.result),
            followed: decision.is_some_and(|decision| decision.followed),
            wire: snapshot::wire(outcome, folder),
        }
    }
}

fn kind(result: &Result) -> Kind {
    match result {
        Result::Event(_) => Kind::Event,
        Result::Routed(..) => Kind::Routed,
        Result::Dropped(_) => Kind::Dropped,
        Result::Empty => Kind::Empty,
        Result::Unaccepted(_) => Kind::Unaccepted,
        Result::Invalid { .. } => Kind::Invalid,
    }
}

fn channels(decision: &Decision) -> Vec<String> {
    decision.channels.iter().map(|channel| (*channel).to_owned()).collect()
}

fn routes(decision: &Decision) -> Vec<(String, Option<usize>)> {
    decision.routes.iter().map(|route| (route.path.to_owned(), route.arm)).collect()
}

fn reasons(result: &Result) -> Vec<(String, String)> {
    let pair = |reason: &Reason| (reason.reason.to_string(), reason.at.to_owned());
    match result {
        Result::Routed(_, decision) => decision.reasons.iter().map(pair).collect(),
        Result::Dropped(reason) => vec![pair(reason)],
        Result::Unaccepted(refusals) => {
            let words = |refusal: &crate::event::Refusal| format!("{}: {}", refusal.mapping, refusal.reason);
            refusals.iter().map(|refusal| (words(refusal), refusal.at.to_owned())).collect()
        }
        Result::Invalid { line, column, message } => {
            vec![(format!("line {line}, column {column}: {message}"), String::new())]
        }
        Result::Event(_) | Result::Empty => Vec::new(),
    }
}

impl Seen {
    /// Whether nobody gets it, by a mapping's `drop` or a routing that sent it nowhere.
    pub(super) fn is_dropped(&self) -> bool {
        match self.kind {
            Kind::Dropped => true,
            Kind::Routed => self.channels.is_empty(),
            Kind::Event | Kind::Empty | Kind::Unaccepted | Kind::Invalid => false,
        }
    }

    /// Whether one of its reasons has these words.
    pub(super) fn has_reason(&self, words: &str) -> bool {
        self.reasons.iter().any(|(reason, _)| reason == words)
    }

    /// In a few words, in the notation of tests.
    pub(super) fn words(&self) -> String {
        match self.kind {
            Kind::Event => format!("an event {}", self.gist()),
            Kind::Routed if self.channels.is_empty() => format!("dropped{}", self.because()),
            Kind::Routed => format!("sent [{}]{}", self.channels.join(", "), self.because()),
            Kind::Dropped => format!("dropped{}", self.because()),
            Kind::Empty => "empty".to_owned(),
            Kind::Unaccepted => format!("unaccepted{}", self.because()),
            Kind::Invalid => format!("invalid{}", self.because()),
        }
    }

    /// The fields that tell an event from its neighbours.
    fn gist(&self) -> String {
        let event = self.event.as_ref().unwrap_or(&Shown::Missing);
        let fields = ["severity", "status", "title"].map(|name| (name.into(), event.member(name).clone()));
        Shown::Object(fields.into()).to_string()
    }

    /// Reasons with their places.
    fn because(&self) -> String {
        let words = self.reasons.iter().map(|(words, at)| match at.as_str() {
            "" => format!(" ({words})"),
            at => format!(" {} ({at})", quoted(words)),
        });
        words.collect()
    }
}

/// All outcomes, numbered.
pub(super) fn listed(seen: &[Seen]) -> String {
    match seen {
        [] => "no outcome".to_owned(),
        [one] => one.words(),
        many => {
            let lines = many.iter().take(20).enumerate();
            lines
                .map(|(number, one)| format!("outcome {number}: {}", one.words()))
                .collect::<Vec<_>>()
                .join("\n")
        }
    }
}
