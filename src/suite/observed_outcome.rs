//! The outcomes of an evaluation, as owned values.

use super::snapshot_line::snapshot_line;
use super::test_value::TestValue;
use super::timeline::AlertHold;
use crate::event::{MappingRejection, MatchedRoute, Outcome, OutcomeKind, RoutingDecision, RuleReason};
use crate::text::quoted;

/// An outcome, as expectations see it.
#[derive(Debug)]
pub(super) struct ObservedOutcome {
    pub(super) kind: ObservedOutcomeKind,
    /// The mapping that read it.
    pub(super) mapping: Option<String>,
    /// The element of `each`.
    pub(super) index: Option<usize>,
    /// The event, where there is one.
    pub(super) event: Option<TestValue>,
    /// The channels that get it.
    pub(super) channels: Vec<String>,
    /// Whether mutes and silences hold it in each channel; of a test over time, that is asked where it is expected.
    pub(super) holds: Vec<AlertHold>,
    /// The routes that decided.
    pub(super) routes: Vec<DecidedRoute>,
    /// The reasons of a drop, of every `nothing`, and of every mapping that does not accept.
    pub(super) reasons: Vec<ReasonAt>,
    /// Whether a recovery followed its firing.
    pub(super) followed: bool,
    /// Its line in a snapshot.
    pub(super) snapshot_line: String,
}

/// A route that decided.
#[derive(Debug)]
pub(super) struct DecidedRoute {
    pub(super) path: String,
    /// The arm of a `match` route.
    pub(super) arm: Option<usize>,
}

/// A reason, and its place; empty where it has none.
#[derive(Debug)]
pub(super) struct ReasonAt {
    pub(super) reason: String,
    pub(super) at: String,
}

/// The kind of an outcome.
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
    /// The outcome for a test in that folder.
    pub(super) fn new(outcome: &Outcome<'_>, folder: &str) -> Self {
        let decision = outcome.decision();
        Self {
            kind: kind(&outcome.kind),
            mapping: outcome.mapping.map(str::to_owned),
            index: outcome.index,
            event: outcome.event().map(TestValue::from),
            channels: decision.map(channels).unwrap_or_default(),
            holds: Vec::new(),
            routes: decision.map(routes).unwrap_or_default(),
            reasons: reasons(&outcome.kind),
            followed: decision.is_some_and(|decision| decision.followed),
            snapshot_line: snapshot_line(outcome, folder),
        }
    }
}

impl ObservedOutcome {
    /// Nothing came of it.
    pub(super) fn none() -> Self {
        Self {
            kind: ObservedOutcomeKind::Empty,
            mapping: None,
            index: None,
            event: None,
            channels: Vec::new(),
            holds: Vec::new(),
            routes: Vec::new(),
            reasons: Vec::new(),
            followed: false,
            snapshot_line: String::new(),
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

fn routes(decision: &RoutingDecision) -> Vec<DecidedRoute> {
    let route = |route: &MatchedRoute| DecidedRoute { path: route.path.to_owned(), arm: route.arm };
    decision.routes.iter().map(route).collect()
}

fn reasons(result: &OutcomeKind) -> Vec<ReasonAt> {
    let of = |reason: String, at: &str| ReasonAt { reason, at: at.to_owned() };
    let of_rule = |reason: &RuleReason| of(reason.reason.to_owned(), reason.at);
    match result {
        OutcomeKind::Routed(_, decision) => decision.reasons.iter().map(of_rule).collect(),
        OutcomeKind::Dropped(reason) => vec![of_rule(reason)],
        OutcomeKind::Unaccepted(refusals) => {
            let rejection =
                |rejection: &MappingRejection| of(format!("{}: {}", rejection.mapping, rejection.reason), rejection.at);
            refusals.iter().map(rejection).collect()
        }
        OutcomeKind::Invalid { line, column, message } => {
            vec![of(format!("line {line}, column {column}: {message}"), "")]
        }
        OutcomeKind::Event(_) | OutcomeKind::Empty => Vec::new(),
    }
}

impl ObservedOutcome {
    /// Whether no channel gets it, because of a `drop` or of a routing.
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

    /// Whether one of its reasons has this text.
    pub(super) fn has_reason(&self, text: &str) -> bool {
        self.reasons.iter().any(|reason| reason.reason == text)
    }

    /// A short description, in the notation of tests.
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

    /// The fields that distinguish events.
    fn event_summary(&self) -> String {
        let event = self.event.as_ref().unwrap_or(&TestValue::Missing);
        let fields = ["severity", "status", "title"].map(|name| (name.into(), event.member(name).clone()));
        TestValue::Object(fields.into()).to_string()
    }

    /// Reasons with their places.
    fn reasons_text(&self) -> String {
        let text = |ReasonAt { reason, at }: &ReasonAt| match at.as_str() {
            "" => format!(" ({reason})"),
            at => format!(" {} ({at})", quoted(reason)),
        };
        self.reasons.iter().map(text).collect()
    }
}

/// All outcomes, numbered.
pub(super) fn numbered_list(outcomes: &[ObservedOutcome]) -> String {
    match outcomes {
        [] => "no outcome".to_owned(),
        [one] => one.describe(),
        many => {
            let lines = many.iter().take(20).enumerate();
            lines.map(|(number, one)| format!("outcome {number}: {}", one.describe())).collect::<Vec<_>>().join("\n")
        }
    }
}
