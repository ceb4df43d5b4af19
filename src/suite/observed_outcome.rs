//! What an evaluation came to, freed from the payload that it borrowed from.

use super::snapshot_line::snapshot_line;
use super::test_value::TestValue;
use crate::event::{Outcome, OutcomeKind, RoutingDecision, RuleReason};
use crate::text::quoted;

/// An outcome as expectations look at it.
#[derive(Debug)]
pub(super) struct ObservedOutcome {
    pub(super) kind: ObservedOutcomeKind,
    /// The mapping that read it.
    pub(super) mapping: Option<String>,
    /// The element of `each`.
    pub(super) index: Option<usize>,
    /// The event, where there is one.
    pub(super) event: Option<TestValue>,
    /// Where it is sent.
    pub(super) channels: Vec<String>,
    /// The routes that decided, and the arm of a `match` route.
    pub(super) routes: Vec<(String, Option<usize>)>,
    /// The reasons of a drop, of every `nothing`, of every mapping that does not accept: words and place.
    pub(super) reasons: Vec<(String, String)>,
    /// Whether a recovery went where its firing went.
    pub(super) followed: bool,
    /// Its line in a snapshot.
    pub(super) snapshot_line: String,
}

/// What an outcome is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ObservedOutcomeKind {
    Event,
    Routed,
    Dropped,
    Empty,
    Unaccepted,
    Invalid,
}

impl ObservedOutcome {
    /// The outcome, as a test in that folder sees it.
    pub(super) fn new(outcome: &Outcome<'_>, folder: &str) -> Self {
        let decision = outcome.decision();
        Self {
            kind: kind(&outcome.kind),
            mapping: outcome.mapping.map(str::to_owned),
            index: outcome.index,
            event: outcome.event().map(TestValue::from),
            channels: decision.map(channels).unwrap_or_default(),
            routes: decision.map(routes).unwrap_or_default(),
            reasons: reasons(&outcome.kind),
            followed: decision.is_some_and(|decision| decision.followed),
            snapshot_line: snapshot_line(outcome, folder),
        }
    }
}

fn kind(result: &OutcomeKind) -> ObservedOutcomeKind {
    match result {
        OutcomeKind::Event(_) => ObservedOutcomeKind::Event,
        OutcomeKind::Routed(..) => ObservedOutcomeKind::Routed,
        OutcomeKind::Dropped(_) => ObservedOutcomeKind::Dropped,
        OutcomeKind::Empty => ObservedOutcomeKind::Empty,
        OutcomeKind::Unaccepted(_) => ObservedOutcomeKind::Unaccepted,
        OutcomeKind::Invalid { .. } => ObservedOutcomeKind::Invalid,
    }
}

fn channels(decision: &RoutingDecision) -> Vec<String> {
    decision.channels.iter().map(|channel| (*channel).to_owned()).collect()
}

fn routes(decision: &RoutingDecision) -> Vec<(String, Option<usize>)> {
    decision.routes.iter().map(|route| (route.path.to_owned(), route.arm)).collect()
}

fn reasons(result: &OutcomeKind) -> Vec<(String, String)> {
    let pair = |reason: &RuleReason| (reason.reason.to_string(), reason.at.to_owned());
    match result {
        OutcomeKind::Routed(_, decision) => decision.reasons.iter().map(pair).collect(),
        OutcomeKind::Dropped(reason) => vec![pair(reason)],
        OutcomeKind::Unaccepted(refusals) => {
            let words =
                |refusal: &crate::event::MappingRejection| format!("{}: {}", refusal.mapping, refusal.reason);
            refusals.iter().map(|refusal| (words(refusal), refusal.at.to_owned())).collect()
        }
        OutcomeKind::Invalid { line, column, message } => {
            vec![(format!("line {line}, column {column}: {message}"), String::new())]
        }
        OutcomeKind::Event(_) | OutcomeKind::Empty => Vec::new(),
    }
}

impl ObservedOutcome {
    /// Whether nobody gets it, by a mapping's `drop` or a routing that sent it nowhere.
    pub(super) fn is_dropped(&self) -> bool {
        match self.kind {
            ObservedOutcomeKind::Dropped => true,
            ObservedOutcomeKind::Routed => self.channels.is_empty(),
            ObservedOutcomeKind::Event
            | ObservedOutcomeKind::Empty
            | ObservedOutcomeKind::Unaccepted
            | ObservedOutcomeKind::Invalid => false,
        }
    }

    /// Whether one of its reasons has these words.
    pub(super) fn has_reason(&self, words: &str) -> bool {
        self.reasons.iter().any(|(reason, _)| reason == words)
    }

    /// In a few words, in the notation of tests.
    pub(super) fn describe(&self) -> String {
        match self.kind {
            ObservedOutcomeKind::Event => format!("an event {}", self.event_summary()),
            ObservedOutcomeKind::Routed if self.channels.is_empty() => {
                format!("dropped{}", self.reasons_text())
            }
            ObservedOutcomeKind::Routed => {
                format!("sent [{}]{}", self.channels.join(", "), self.reasons_text())
            }
            ObservedOutcomeKind::Dropped => format!("dropped{}", self.reasons_text()),
            ObservedOutcomeKind::Empty => "empty".to_owned(),
            ObservedOutcomeKind::Unaccepted => format!("unaccepted{}", self.reasons_text()),
            ObservedOutcomeKind::Invalid => format!("invalid{}", self.reasons_text()),
        }
    }

    /// The fields that tell an event from its neighbours.
    fn event_summary(&self) -> String {
        let event = self.event.as_ref().unwrap_or(&TestValue::Missing);
        let fields = ["severity", "status", "title"].map(|name| (name.into(), event.member(name).clone()));
        TestValue::Object(fields.into()).to_string()
    }

    /// Reasons with their places.
    fn reasons_text(&self) -> String {
        let words = self.reasons.iter().map(|(words, at)| match at.as_str() {
            "" => format!(" ({words})"),
            at => format!(" {} ({at})", quoted(words)),
        });
        words.collect()
    }
}

/// All outcomes, numbered.
pub(super) fn numbered_list(seen: &[ObservedOutcome]) -> String {
    match seen {
        [] => "no outcome".to_owned(),
        [one] => one.describe(),
        many => {
            let lines = many.iter().take(20).enumerate();
            lines
                .map(|(number, one)| format!("outcome {number}: {}", one.describe()))
                .collect::<Vec<_>>()
                .join("\n")
        }
    }
}
