//! Routings and integrations.

use super::{Expression, Identifier, Match, NamedArgument, Template};
use crate::source::Span;

/// `routing name { … }`
#[derive(Debug, Clone)]
pub struct Routing {
    /// Its name.
    pub name: Identifier,
    /// Its lines.
    pub block: Block,
}

/// `{ lines }`
#[derive(Debug, Clone)]
pub struct Block {
    /// The lines in order.
    pub lines: Vec<Line>,
    /// Braces included.
    pub span: Span,
}

/// A line of a block.
#[derive(Debug, Clone)]
pub struct Line {
    /// How it counts.
    pub kind: LineKind,
    /// Its name; none for `else`.
    pub name: Option<Identifier>,
    /// `when c`
    pub when: Option<Expression>,
    /// What follows.
    pub body: LineBody,
    /// `route payments when …`: from the first word to the end of the condition.
    pub head: Span,
    /// The whole line.
    pub span: Span,
}

/// How a line counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// `route`: a hit ends the block.
    Route,
    /// `also route`: a hit counts, the search goes on.
    AlsoRoute,
    /// `always`: adds channels, never counts.
    Always,
    /// `else`: where nothing hit.
    Else,
}

/// What follows a line's head.
#[derive(Debug, Clone)]
pub enum LineBody {
    /// `{ lines }`
    Block(Block),
    /// `match value { arms }`
    Match(Box<Match<Target>>),
    /// `=> …`
    Target(Target),
}

/// What stands after `=>` in a routing.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its form.
    pub kind: TargetKind,
    /// Its place.
    pub span: Span,
}

/// The forms of a target.
#[derive(Debug, Clone)]
pub enum TargetKind {
    /// Channels and routings.
    Destinations(Vec<Destination>),
    /// `nothing because "…"`
    Nothing(Template),
    /// `decline`
    Decline,
}

/// A channel, or `routing name`.
#[derive(Debug, Clone)]
pub enum Destination {
    /// A channel.
    Channel(Identifier),
    /// `routing name`; the span is of both words.
    Routing(Identifier, Span),
    /// `family[value]`: the member of a family of channels that a value names.
    Member(MemberReference),
}

impl Destination {
    /// Its place.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Channel(name) => name.span,
            Self::Routing(_, span) => *span,
            Self::Member(reference) => reference.span,
        }
    }
}

/// `family[value]`
#[derive(Debug, Clone)]
pub struct MemberReference {
    /// The name of the family.
    pub family: Identifier,
    /// What stands in the brackets.
    pub value: Expression,
    /// The whole.
    pub span: Span,
}

/// `integration name { … }`
#[derive(Debug, Clone)]
pub struct Integration {
    /// Its name.
    pub name: Identifier,
    /// `keys = […]` and the like.
    pub parameters: Vec<NamedArgument>,
    /// `mapping, mapping => destination`: only one is allowed, which check reports.
    pub routes: Vec<IntegrationRoute>,
}

/// `mapping, mapping => destination, …`
#[derive(Debug, Clone)]
pub struct IntegrationRoute {
    /// The mappings; the first that accepts reads the payload.
    pub mappings: Vec<Identifier>,
    /// Where events go.
    pub destinations: Vec<Destination>,
    /// The whole line.
    pub span: Span,
}
