//! Channels, routings and integrations, checked.

use super::{ChannelId, Expression, LineKind, Literal, MappingId, Match, RoutingId};
use crate::channel;
use crate::source::Span;
use std::sync::Arc;

/// A channel.
#[derive(Debug)]
pub struct Channel {
    /// Its name.
    pub name: Box<str>,
    /// The place of the name.
    pub span: Span,
    /// Its kind.
    pub kind: &'static channel::ChannelKind,
    /// Its parameters, each known to the kind and of the right type.
    pub parameters: Vec<(Box<str>, ParameterValue)>,
}

/// The value of a channel's or integration's parameter.
#[derive(Debug, Clone)]
pub enum ParameterValue {
    /// A constant.
    Literal(Literal),
    /// A secret.
    Secret(SecretReference),
    /// Several values.
    List(Vec<ParameterValue>),
    /// Named values (headers).
    Object(Vec<(Box<str>, ParameterValue)>),
    /// An expression over the event: a body, a template.
    Expression(Expression),
}

/// A secret is named, never read, below the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SecretReference {
    /// `env("NAME")`
    Environment(Box<str>),
    /// `secret_file("path")`
    File(Box<str>),
}

/// A routing.
#[derive(Debug)]
pub struct Routing {
    /// Its name.
    pub name: Box<str>,
    /// The place of the name.
    pub span: Span,
    /// Its lines.
    pub block: RoutingBlock,
}

/// A block of lines.
#[derive(Debug)]
pub struct RoutingBlock {
    /// The lines in order.
    pub lines: Box<[RoutingLine]>,
    /// Braces included.
    pub span: Span,
}

/// A line of a block.
#[derive(Debug)]
pub struct RoutingLine {
    /// How it counts.
    pub kind: LineKind,
    /// Its path: `main.payments.page`, `main.else`.
    pub path: Arc<str>,
    /// Its condition.
    pub when: Option<Expression>,
    /// What follows.
    pub body: RoutingLineBody,
    /// The head's place.
    pub head: Span,
    /// The whole line.
    pub span: Span,
}

/// What follows a line's head.
#[derive(Debug)]
pub enum RoutingLineBody {
    /// A block.
    Block(RoutingBlock),
    /// A match.
    Match(Box<Match<Target>>),
    /// A target.
    Target(Target),
}

/// What stands after `=>` in a routing.
#[derive(Debug, Clone)]
pub enum Target {
    /// Channels and routings in order.
    Destinations(Box<[Destination]>),
    /// `nothing because "…"`, with its place
    Nothing(Box<Expression>, Span),
    /// `decline`
    Decline,
}

/// A channel or a routing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Destination {
    /// A channel.
    Channel(ChannelId),
    /// Another routing.
    Routing(RoutingId),
}

/// An integration.
#[derive(Debug)]
pub struct Integration {
    /// Its name.
    pub name: Box<str>,
    /// The place of the name.
    pub span: Span,
    /// Its parameters.
    pub parameters: Vec<(Box<str>, ParameterValue)>,
    /// The mappings; the first that accepts reads the payload.
    pub mappings: Vec<MappingId>,
    /// Shared: a routing. Dedicated: a channel.
    pub destination: Destination,
}
