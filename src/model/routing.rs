//! Channels, routings and integrations, checked.

use super::{ChannelId, Expression, FamilyId, GroupValue, LineKind, Literal, MappingId, Match, RoutingId};
use crate::channel;
use crate::source::Span;
use std::sync::Arc;
use std::time::Duration;

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
    /// Its place in a family, if it is a member of one.
    pub member: Option<FamilyMember>,
    /// The channel that is told instead.
    pub fallback: Option<Fallback>,
}

/// The channel that is told instead of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fallback {
    /// The channel. No chain of fallbacks leads back to where it began.
    pub channel: ChannelId,
    /// Where it is named.
    pub place: Span,
}

/// A channel's place in a family.
#[derive(Debug, Clone)]
pub struct FamilyMember {
    /// The family.
    pub family: FamilyId,
    /// The values of the family's columns for this member; *missing* where a cell is empty. In the parameters,
    /// [`ExpressionKind::Parameter`](super::ExpressionKind::Parameter) is a position in this list.
    pub columns: Arc<[Option<Box<str>>]>,
    /// Where its row stands: `teams.csv:3`; of a list in the rules, nothing.
    pub row: Option<Box<str>>,
}

/// A family of channels: one for each value of a column.
#[derive(Debug)]
pub struct ChannelFamily {
    /// Its name.
    pub name: Box<str>,
    /// The place of the name.
    pub span: Span,
    /// The name of each member, and its channel, in the order of the rows.
    pub members: Vec<(Box<str>, ChannelId)>,
}

impl ChannelFamily {
    /// The channel of a member.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<ChannelId> {
        self.members.iter().find(|(known, _)| **known == *name).map(|(_, channel)| *channel)
    }
}

/// The value of a channel's or integration's parameter.
#[derive(Debug, Clone)]
pub enum ParameterValue {
    /// A constant.
    Literal(Literal),
    /// A duration.
    Duration(Duration),
    /// A duration, or a range of durations.
    Wait(channel::WaitRange),
    /// A secret.
    Secret(SecretReference),
    /// A string with secrets in it, which is a secret as a whole.
    SecretText(Arc<[SecretTextPart]>),
    /// Several values.
    List(Vec<ParameterValue>),
    /// Named values (headers).
    Object(Vec<(Box<str>, ParameterValue)>),
    /// An expression over the event: a body, a template. The members of a family share it.
    Expression(Arc<Expression>),
    /// The values that group alerts. The members of a family share them.
    GroupValues(Arc<[GroupValue]>),
    /// A channel; [`Channel::fallback`] says which.
    Channel,
}

/// A part of a string with secrets in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretTextPart {
    /// Words.
    Text(Box<str>),
    /// A secret.
    Secret(SecretReference),
}

/// A secret is named, never read, below the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SecretReference {
    /// `env("NAME")`
    Environment(Box<str>),
    /// `secret_file("path")`
    File(Box<str>),
}

impl std::fmt::Display for SecretReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "env(\"{name}\")"),
            Self::File(path) => write!(f, "secret_file(\"{path}\")"),
        }
    }
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
    /// The place of the head without its condition: `also route feed`.
    pub title: Span,
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

/// A channel or a routing, or a member of a family that a value chooses.
#[derive(Debug, Clone)]
pub enum Destination {
    /// A channel.
    Channel(ChannelId),
    /// Another routing.
    Routing(RoutingId),
    /// The member of a family that a value names.
    Member(Box<MemberChoice>),
}

/// `family[value]`
#[derive(Debug, Clone)]
pub struct MemberChoice {
    /// The family.
    pub family: FamilyId,
    /// The value.
    pub value: Expression,
    /// The whole.
    pub span: Span,
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
    /// After which time an alert is over of which nothing more is heard.
    pub resolve_timeout: Duration,
    /// Shared: a routing. Dedicated: a channel.
    pub destination: Destination,
}
