//! The outcomes of a payload.

use super::Event;

/// The outcome of one element of a payload, or of the payload as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome<'a> {
    /// The integration that received the payload.
    pub integration: Option<&'a str>,
    /// The mapping that read the payload.
    pub mapping: Option<&'a str>,
    /// The element of `each`, from 0; none for an outcome of the whole payload.
    pub index: Option<usize>,
    /// The kind of outcome, with its content.
    pub kind: OutcomeKind<'a>,
}

/// The kind of an outcome.
#[derive(Debug, Clone, PartialEq)]
pub enum OutcomeKind<'a> {
    /// An event; no routing was evaluated.
    Event(&'a Event<'a>),
    /// An event and its routing decision. Without a channel, the event counts as dropped.
    Routed(&'a Event<'a>, RoutingDecision<'a>),
    /// The mapping dropped the element.
    Dropped(RuleReason<'a>),
    /// `each` selected nothing, or the document contains no payload.
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
    /// Those of the channels that an `always` line gives, whatever else gives them: no mute or silence holds these copies.
    pub copies: &'a [&'a str],
    /// The routes that matched, in order.
    pub routes: &'a [MatchedRoute<'a>],
    /// The reason of every `nothing` that was reached.
    pub reasons: &'a [RuleReason<'a>],
    /// Whether a recovery follows its firing: it goes to the same channels.
    pub followed: bool,
}

/// A route that matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MatchedRoute<'a> {
    /// The route's path, such as `main.payments.page`.
    pub path: &'a str,
    /// The arm of a `match` route that was chosen, from 0.
    pub arm: Option<usize>,
}

/// Why something was dropped or sent nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RuleReason<'a> {
    /// The reason that the rule states.
    pub reason: &'a str,
    /// The file and line of the rule, such as `arms.rules:37`.
    pub at: &'a str,
}

/// Why one mapping does not accept a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MappingRejection<'a> {
    /// The mapping.
    pub mapping: &'a str,
    /// The text of the condition that was false.
    pub reason: &'a str,
    /// The file and line of the condition.
    pub at: &'a str,
}

impl Outcome<'_> {
    /// The outcome's name in JSON.
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
            OutcomeKind::Dropped(_) | OutcomeKind::Empty | OutcomeKind::Unaccepted(_) | OutcomeKind::Invalid { .. } => {
                None
            }
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
