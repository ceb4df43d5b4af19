//! The compiled form of a rule set: plain data addressed by ids, `Send + Sync`, without lifetimes.
//!
//! Expressions are nodes of one flat list, so a program is a handful of vectors. Everything that does not depend on a
//! payload is computed in advance: places as text, paths of routes, folded literals, tables by key.

mod expression;
mod heartbeat;
mod index;
mod labels;
mod mute;
mod request;
mod table;

pub use expression::{
    ArmIndex, Comparison, ComparisonSubject, Match, MatchArm, Node, NodeId, NodesPath, Predicate, TemplatePart,
    TextPredicate,
};
pub use heartbeat::Heartbeat;
pub use index::{
    BlockIndex, CasedTextSource, LineGuard, MAX_SHARED, NumberBound, NumberIndex, RegexIndex, SeverityStatusSet,
    SourceIndex, SubstringIndex, TextIndex, TextPairIndex, TextSource,
};
pub use labels::{LabelId, LabelNames};
pub use mute::{ConditionSet, Mute, MuteId, MuteSource, MuteTable};
pub use request::RequestReads;
pub use table::{CsvIndex, KeyCells, Table};

use crate::channel::NotificationPolicy;
use crate::json::{OwnedMemberName, Projection};
use crate::model::{EventField, Literal};
use crate::pattern::Glob;
use crate::source::{Sources, Span};
use crate::syntax::tree::LineKind;
use crate::time::ScheduleWindows;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// A compiled rule set.
#[derive(Debug, Default)]
pub struct Program {
    /// The files that it came from: places in messages, the words of conditions.
    pub sources: Sources,
    /// Every expression.
    pub nodes: Vec<Node>,
    /// The place of every expression.
    pub places: Vec<Span>,
    /// The names of the labels that expressions look at.
    pub labels: LabelNames,
    /// Mappings.
    pub mappings: Vec<Mapping>,
    /// Tables.
    pub tables: Vec<Table>,
    /// The value of every define.
    pub defines: Vec<NodeId>,
    /// Schedules, with their names.
    pub schedules: Vec<(Box<str>, Arc<ScheduleWindows>)>,
    /// Channels.
    pub channels: Vec<Channel>,
    /// Families of channels.
    pub families: Vec<ChannelFamily>,
    /// Routings.
    pub routings: Vec<Routing>,
    /// Mutes.
    pub mutes: MuteTable,
    /// The `when` of each statement to prove.
    pub statements: Box<[Option<NodeId>]>,
    /// Heartbeats.
    pub heartbeats: Vec<Heartbeat>,
    /// Integrations.
    pub integrations: Vec<Integration>,
    /// Positions by name.
    pub names: NameIndex,
}

/// Positions by name. The names are those of the rules, so senders of alerts cannot make them collide.
pub type PositionsByName = HashMap<Box<str>, usize, RandomState>;

/// Positions by name, for everything that a caller may ask for.
#[derive(Debug, Default)]
pub struct NameIndex {
    /// In [`Program::mappings`].
    pub mappings: PositionsByName,
    /// In [`Program::channels`].
    pub channels: PositionsByName,
    /// In [`Program::routings`].
    pub routings: PositionsByName,
    /// In [`Program::integrations`].
    pub integrations: PositionsByName,
}

/// A compiled mapping.
#[derive(Debug)]
pub struct Mapping {
    /// Its name.
    pub name: Box<str>,
    /// What is evaluated once for a payload, in text order, before `each`.
    pub opening: Vec<OpeningStep>,
    /// The path that chooses the elements.
    pub each: Option<NodesPath>,
    /// The names and values of its lets.
    pub lets: Vec<(Box<str>, NodeId)>,
    /// The positions of the lets that are evaluated for each element.
    pub element_lets: Vec<usize>,
    /// Drops in order: a condition, its place, the reason.
    pub drops: Vec<(LocatedCondition, NodeId)>,
    /// The expression of each field that is set, but for labels; in the order of [`EventField::ALL`].
    pub fields: [Option<NodeId>; EventField::ALL.len()],
    /// Entries of `labels` in order.
    pub labels: Vec<LabelEntry>,
    /// The parts of a payload that it reads.
    pub reach: Projection,
    /// What it reads of a request besides.
    pub reads: RequestReads,
}

impl Mapping {
    /// The expression of a field, if the mapping sets it.
    #[must_use]
    pub fn field(&self, field: EventField) -> Option<NodeId> {
        self.fields.get(field as usize).copied().flatten()
    }
}

/// A step before the elements of a payload are chosen.
#[derive(Debug)]
pub enum OpeningStep {
    /// A let gets its value, by position.
    Let(usize),
    /// A condition of `accept`, split at `and`, and the reason that its author gives.
    Accept(LocatedCondition, Option<NodeId>),
}

/// A condition and where it stands.
#[derive(Debug)]
pub struct LocatedCondition {
    /// The condition.
    pub when: NodeId,
    /// Its source text.
    pub source_text: Box<str>,
    /// Whether it reads a header or the path suffix.
    pub reads_request: bool,
    /// `file:line`
    pub location: Box<str>,
    /// The place of the statement.
    pub place: Span,
}

/// A line of `labels { … }`.
#[derive(Debug)]
pub enum LabelEntry {
    /// The members of an object, but for those whose name fits a glob.
    Spread(NodeId, Vec<Glob>),
    /// One label.
    Set(OwnedMemberName, NodeId),
}

/// A channel: its name, and the parameters that depend on the event.
#[derive(Debug)]
pub struct Channel {
    /// Its name.
    pub name: Box<str>,
    /// The parameters that are expressions over the event: `body`, `text`, `title`, `description`.
    pub parameters: Vec<(Box<str>, NodeId)>,
    /// The values of the columns of its family, which [`Node::Parameter`] reads.
    pub columns: Arc<[Option<Box<str>>]>,
    /// When and how often it tells people about alerts.
    pub policy: NotificationPolicy,
    /// The position of the channel that is told instead.
    pub fallback: Option<usize>,
    /// The values by which it groups alerts; none where every alert stands alone. The members of a family share them.
    pub group_values: Arc<[GroupValue]>,
}

/// A value by which a channel groups alerts.
#[derive(Debug, Clone)]
pub struct GroupValue {
    /// The name of its label, field or define.
    pub name: Box<str>,
    /// The value, over the event.
    pub value: NodeId,
}

/// A compiled family of channels.
#[derive(Debug)]
pub struct ChannelFamily {
    /// Its name.
    pub name: Box<str>,
    /// The channel of each member, by position.
    pub members: PositionsByName,
}

/// A compiled routing.
#[derive(Debug)]
pub struct Routing {
    /// Its name.
    pub name: Box<str>,
    /// Its lines.
    pub block: RoutingBlock,
}

/// A block of lines.
#[derive(Debug)]
pub struct RoutingBlock {
    /// The lines in order.
    pub lines: Box<[RoutingLine]>,
    /// Finds the lines that an event may hit; `None` for a small block.
    pub index: Option<Box<BlockIndex>>,
    /// For each line of a small block, the text that it requires of a label, if it requires one.
    pub labels: Box<[Option<LabelRequirement>]>,
    /// From this line on there is no `always`.
    pub always_until: u32,
}

/// A text that a line requires of a label.
#[derive(Debug)]
pub struct LabelRequirement {
    /// The label.
    pub id: LabelId,
    /// What it must be.
    pub text: Box<str>,
    /// Whether the line requires nothing else.
    pub is_all: bool,
}

/// A line of a block.
#[derive(Debug)]
pub struct RoutingLine {
    /// How it counts.
    pub kind: LineKind,
    /// `main.payments.page`
    pub path: Arc<str>,
    /// Its condition.
    pub when: Option<NodeId>,
    /// What follows.
    pub body: RoutingLineBody,
    /// The place of its head.
    pub place: Span,
}

/// What follows a line's head.
#[derive(Debug)]
pub enum RoutingLineBody {
    /// A block.
    Block(Box<RoutingBlock>),
    /// A match; the node's arms index these targets.
    Match(NodeId, Box<[Target]>),
    /// A target.
    Target(Target),
}

/// What stands after `=>`.
#[derive(Debug)]
pub enum Target {
    /// One channel, by position: what most routes name.
    Channel(usize),
    /// Channels and routings in order.
    Destinations(Box<[Destination]>),
    /// The same, where a value chooses a member of a family: without such a member, the line declines.
    ChosenDestinations(Box<[Destination]>),
    /// Nothing is sent.
    Nothing(Box<NothingReason>),
    /// The line counts as if its condition were false.
    Decline,
}

/// Why nothing is sent.
#[derive(Debug)]
pub struct NothingReason {
    /// The reason.
    pub because: NodeId,
    /// `file:line`
    pub location: Box<str>,
}

/// A channel or a routing, by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// A channel.
    Channel(usize),
    /// A routing.
    Routing(usize),
    /// The member of a family that a value names.
    Member {
        /// The family, by position.
        family: usize,
        /// The value.
        value: NodeId,
    },
}

/// A compiled integration.
#[derive(Debug)]
pub struct Integration {
    /// Its name.
    pub name: Box<str>,
    /// The mappings; the first that accepts reads the payload.
    pub mappings: Vec<usize>,
    /// After which time an alert is over of which nothing more is heard; nothing where that is longer than any sender is silent.
    pub resolve_timeout: Option<Duration>,
    /// Shared: a routing. Dedicated: a channel.
    pub destination: Destination,
    /// The parts of a payload that its mappings read.
    pub reach: Projection,
    /// What its mappings read of a request besides.
    pub reads: RequestReads,
    /// What its senders get for an accepted push, if that is not the receipt with status 202.
    pub answer: Option<AnswerPlan>,
}

/// What an integration answers to an accepted push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerPlan {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: AnswerContent,
}

/// The body of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerContent {
    /// The id and the outcomes.
    Receipt,
    /// Nothing.
    Empty,
    /// A constant text.
    Text(Box<str>),
    /// JSON over the payload.
    Json(NodeId),
}

/// How much work a condition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConditionCost {
    /// A label is compared with a text.
    Least,
    /// Another test of a label.
    Label,
    /// A regex is tried on a label.
    Regex,
    /// Anything else.
    More,
}

impl Program {
    /// An expression. Ids come from this program, so the fallback is never used.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        const NONE: Node = Node::Literal(Literal::Missing);
        self.nodes.get(id.0 as usize).unwrap_or(&NONE)
    }

    /// When and how often the channel of that name tells people about alerts. No secret is needed to know.
    #[must_use]
    pub fn policy(&self, channel: &str) -> Option<NotificationPolicy> {
        let position = self.names.channels.get(channel)?;
        self.channels.get(*position).map(|channel| channel.policy)
    }

    /// The channel that is told instead of that one, if it has one.
    #[must_use]
    pub fn fallback(&self, channel: &str) -> Option<&str> {
        let position = self.names.channels.get(channel)?;
        let fallback = self.channels.get(*position)?.fallback?;
        self.channels.get(fallback).map(|channel| &*channel.name)
    }

    /// How much work a condition is, compared with others: an equality of a label is least.
    #[must_use]
    pub fn condition_cost(&self, condition: NodeId) -> ConditionCost {
        let Node::Compare(comparison) = self.node(condition) else { return ConditionCost::More };
        match (&comparison.test, comparison.label) {
            (Predicate::Text(TextPredicate::Equal(_)), Some(_)) => ConditionCost::Least,
            (Predicate::Text(TextPredicate::Regex(..)), Some(_)) => ConditionCost::Regex,
            (_, Some(_)) => ConditionCost::Label,
            (_, None) => ConditionCost::More,
        }
    }

    /// The place of an expression.
    #[must_use]
    pub fn place(&self, id: NodeId) -> Option<Span> {
        self.places.get(id.0 as usize).copied()
    }

    /// The source text of an expression.
    #[must_use]
    pub fn source_text(&self, id: NodeId) -> &str {
        self.place(id).map_or("", |place| self.sources.text(place))
    }
}
