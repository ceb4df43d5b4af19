//! What became of a payload's elements, and the one JSON form of it.

use super::Event;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::borrow::Cow;

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
    Event(Box<Event<'a>>),
    /// An event and the channels that get it; with no channel at all the event counts as dropped.
    Routed(Box<Event<'a>>, Decision<'a>),
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The channels, in order of first mention.
    pub channels: Vec<&'a str>,
    /// The routes that decided, in the order in which they hit.
    pub routes: Vec<Decided<'a>>,
    /// The reasons of every `nothing` on the way.
    pub reasons: Vec<Reason<'a>>,
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
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Reason<'a> {
    /// The rule's own words.
    pub reason: Cow<'a, str>,
    /// Where the rule stands, `arms.rules:37`.
    pub at: &'a str,
}

/// Why one mapping does not accept a payload.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Refusal<'a> {
    /// The mapping.
    pub mapping: &'a str,
    /// Its words: the condition that was false.
    pub reason: Cow<'a, str>,
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
    pub fn event(&self) -> Option<&Event<'a>> {
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

impl Serialize for Outcome<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("outcome", self.name())?;
        optional(&mut map, "integration", self.integration)?;
        optional(&mut map, "mapping", self.mapping)?;
        optional(&mut map, "index", self.index)?;
        match &self.result {
            Result::Event(event) => map.serialize_entry("event", event)?,
            Result::Routed(event, decision) => {
                map.serialize_entry("event", event)?;
                decision.entries(&mut map)?;
            }
            Result::Dropped(reason) => map.serialize_entry("reasons", &[reason])?,
            Result::Empty => {}
            Result::Unaccepted(refusals) => map.serialize_entry("reasons", refusals)?,
            Result::Invalid { line, column, message } => {
                map.serialize_entry("line", line)?;
                map.serialize_entry("column", column)?;
                map.serialize_entry("reason", message)?;
            }
        }
        map.end()
    }
}

impl Decision<'_> {
    fn entries<M: SerializeMap>(&self, map: &mut M) -> std::result::Result<(), M::Error> {
        let paths: Vec<&str> = self.routes.iter().map(|route| route.path).collect();
        map.serialize_entry("channels", &self.channels)?;
        map.serialize_entry("routes", &paths)?;
        if self.routes.iter().any(|route| route.arm.is_some()) {
            map.serialize_entry("arms", &Arms(&self.routes))?;
        }
        map.serialize_entry("reasons", &self.reasons)?;
        if self.followed {
            map.serialize_entry("followed", &true)?;
        }
        Ok(())
    }
}

/// The arms that were chosen, by route path.
struct Arms<'d, 'a>(&'d [Decided<'a>]);

impl Serialize for Arms<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().filter_map(|route| Some((route.path, route.arm?))))
    }
}

impl Serialize for Event<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("severity", &self.severity)?;
        map.serialize_entry("status", &self.status)?;
        map.serialize_entry("event_status", self.event_status())?;
        map.serialize_entry("title", &self.title)?;
        map.serialize_entry("key", &self.key)?;
        optional(&mut map, "description", self.description.as_deref())?;
        map.serialize_entry("labels", &self.labels)?;
        optional(&mut map, "starts_at", self.starts_at)?;
        optional(&mut map, "ends_at", self.ends_at)?;
        optional(&mut map, "link", self.link.as_deref())?;
        map.serialize_entry("source", &self.source)?;
        optional(&mut map, "integration", self.integration.as_deref())?;
        map.serialize_entry("notes", &self.notes)?;
        map.end()
    }
}

/// An absent field is left out.
fn optional<M: SerializeMap>(
    map: &mut M,
    name: &'static str,
    value: Option<impl Serialize>,
) -> std::result::Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(name, &value))
}
