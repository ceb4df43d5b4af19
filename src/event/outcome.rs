//! The outcomes of a payload's elements.

use super::Event;

/// The outcome of one element of a payload, or of the whole payload.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome<'a> {
    /// The integration that got the payload.
    pub integration: Option<&'a str>,
    /// The mapping that read the payload.
    pub mapping: Option<&'a str>,
    /// The element of `each`, from 0; none for an outcome of the whole payload.
    pub index: Option<usize>,
    /// The result.
    pub kind: OutcomeKind<'a>,
}

/// The result for an element or a payload.
#[derive(Debug, Clone, PartialEq)]
pub enum OutcomeKind<'a> {
    /// An event that was not routed.
    Event(&'a Event<'a>),
    /// An event and the channels that get it. Without any channel the event counts as dropped.
    Routed(&'a Event<'a>, RoutingDecision<'a>),
    /// The mapping dropped the element.
    Dropped(RuleReason<'a>),
    /// `each` selected nothing, or the document held no payload.
    Empty,
    /// No mapping accepts the payload.
    Unaccepted(Vec<MappingRejection<'a>>),
    /// The bytes are not JSON.
    Invalid {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong, and how to fix it if that is known.
        message: String,
    },
}

/// Which channels get an event, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoutingDecision<'a> {
    /// The channels, in order of first mention.
    pub channels: &'a [&'a str],
    /// The routes that decided, in the order in which they matched.
    pub routes: &'a [MatchedRoute<'a>],
    /// The reasons of every `nothing` on the way.
    pub reasons: &'a [RuleReason<'a>],
    /// Whether a recovery went to the channels of its firing.
    pub followed: bool,
}

/// A route that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MatchedRoute<'a> {
    /// The route's path, `main.payments.page`.
    pub path: &'a str,
    /// The arm of a `match` route, from 0.
    pub arm: Option<usize>,
}

/// Why something was dropped or sent nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RuleReason<'a> {
    /// The text that the rule gives.
    pub reason: &'a str,
    /// The place of the rule, `arms.rules:37`.
    pub at: &'a str,
}

/// Why one mapping does not accept a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MappingRejection<'a> {
    /// The mapping.
    pub mapping: &'a str,
    /// The text of the condition that was false.
    pub reason: &'a str,
    /// The place of the condition.
    pub at: &'a str,
}

impl Outcome<'_> {
    /// The outcome's name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.kind {
            OutcomeKind::Event(_) => "event",
            OutcomeKind::Routed(_, decision) if decision.channels.is_empty() => "dropped",
            OutcomeKind::Routed(..) => "sent",
            OutcomeKind::Dropped(_) => "dropped",
            OutcomeKind::Empty => "empty",
            OutcomeKind::Unaccepted(_) => "unaccepted",
            OutcomeKind::Invalid { .. } => "invalid",
        }
    }
}

impl<'a> Outcome<'a> {
    /// The event, if there is one.
    #[must_use]
    pub fn event(&self) -> Option<&'a Event<'a>> {
        match &self.kind {
            OutcomeKind::Event(event) | OutcomeKind::Routed(event, _) => Some(event),
            OutcomeKind::Dropped(_)
            | OutcomeKind::Empty
            | OutcomeKind::Unaccepted(_)
            | OutcomeKind::Invalid { .. } => None,
        }
    }

    /// The routing decision, if there is one.
    #[must_use]
    pub fn decision(&self) -> Option<&RoutingDecision<'a>> {
        match &self.kind {
            OutcomeKind::Routed(_, decision) => Some(decision),
            OutcomeKind::Event(_)
            | OutcomeKind::Dropped(_)
            | OutcomeKind::Empty
            | OutcomeKind::Unaccepted(_)
            | OutcomeKind::Invalid { .. } => None,
        }
    }
}
