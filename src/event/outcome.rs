//! What became of a payload's elements.

use super::Event;

/// What became of one element of a payload, or of a payload as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome<'a> {
    /// The integration that was asked for.
    pub integration: Option<&'a str>,
    /// The mapping that read the payload.
    pub mapping: Option<&'a str>,
    /// The element of `each`, from 0; none for an outcome of the whole payload.
    pub index: Option<usize>,
    /// What it came to.
    pub result: Result<'a>,
}

/// What an element or a payload came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Result<'a> {
    /// An event; nobody asked for its routing.
    Event(&'a Event<'a>),
    /// An event and the channels that get it; with no channel at all the event counts as dropped.
    Routed(&'a Event<'a>, Decision<'a>),
    /// The mapping dropped the element.
    Dropped(Reason<'a>),
    /// `each` chose nothing, or the document held no payload.
    Empty,
    /// No mapping accepts the payload.
    Unaccepted(Vec<Refusal<'a>>),
    /// The bytes are not JSON.
    Invalid {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong, and how to mend it where that is known.
        message: String,
    },
}

/// Which channels get an event, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The channels, in order of first mention.
    pub channels: &'a [&'a str],
    /// The routes that decided, in the order in which they hit.
    pub routes: &'a [Decided<'a>],
    /// The reasons of every `nothing` on the way.
    pub reasons: &'a [Reason<'a>],
    /// Whether a recovery went where its firing went.
    pub followed: bool,
}

/// A route that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decided<'a> {
    /// The route's path, `main.payments.page`.
    pub path: &'a str,
    /// The arm of a `match` route, from 0.
    pub arm: Option<usize>,
}

/// Why something was dropped or sent nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reason<'a> {
    /// The rule's own words.
    pub reason: &'a str,
    /// Where the rule stands, `arms.rules:37`.
    pub at: &'a str,
}

/// Why one mapping does not accept a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// The mapping.
    pub mapping: &'a str,
    /// Its words: the condition that was false.
    pub reason: &'a str,
    /// Where the condition stands.
    pub at: &'a str,
}

impl Outcome<'_> {
    /// The outcome's name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.result {
            Result::Event(_) => "event",
            Result::Routed(_, decision) if decision.channels.is_empty() => "dropped",
            Result::Routed(..) => "sent",
            Result::Dropped(_) => "dropped",
            Result::Empty => "empty",
            Result::Unaccepted(_) => "unaccepted",
            Result::Invalid { .. } => "invalid",
        }
    }
}

impl<'a> Outcome<'a> {
    /// The event, where there is one.
    #[must_use]
    pub fn event(&self) -> Option<&'a Event<'a>> {
        match &self.result {
            Result::Event(event) | Result::Routed(event, _) => Some(event),
            Result::Dropped(_) | Result::Empty | Result::Unaccepted(_) | Result::Invalid { .. } => None,
        }
    }

    /// The routing decision, where there is one.
    #[must_use]
    pub fn decision(&self) -> Option<&Decision<'a>> {
        match &self.result {
            Result::Routed(_, decision) => Some(decision),
            Result::Event(_)
            | Result::Dropped(_)
            | Result::Empty
            | Result::Unaccepted(_)
            | Result::Invalid { .. } => None,
        }
    }
}
