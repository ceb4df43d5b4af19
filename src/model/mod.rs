//! The checked rule set: every name resolved, every literal read, every expression typed.
//!
//! `check` makes it and `compile` lowers it. Declarations are addressed by their position in the lists of [`Model`].
//! Everything that can be refused is refused before one of these values exists, so later stages return no errors.

mod condition;
mod expression;
mod heartbeat;
mod mapping;
pub(crate) mod mention;
mod mute;
mod notification;
mod part;
mod reach;
mod request;
mod routing;
pub mod sequence;
pub mod silence;
mod statement;

pub use crate::syntax::tree::{LineKind, OrderRelation, Quantifier};
pub use condition::Condition;
pub use expression::{
    Comparator, Comparison, ComparisonSubject, EventField, Expression, ExpressionKind, Literal, Match, MatchArm,
    NodesPath, Pattern, RequestPart, TemplatePart, TextTest, ValueKind,
};
pub use heartbeat::{Heartbeat, heartbeat_source};
pub use mapping::{
    AcceptCondition, CsvCell, CsvRows, Define, DropCondition, LabelEntry, LetBinding, LetStage, Mapping, Schedule,
    Table, TableRows,
};
pub use mute::{Mute, MuteSource};
pub use notification::{GroupValue, NotificationParameters};
pub use reach::ReachedNode;
pub use request::RequestRead;
pub use routing::{
    Channel, ChannelFamily, Destination, Fallback, FamilyMember, Integration, MemberChoice, ParameterValue, Routing,
    RoutingBlock, RoutingLine, RoutingLineBody, SecretReference, SecretTextPart, Target,
};
pub use statement::{Statement, StatementExpectation, StatementExpectationKind};

use crate::source::Span;
use crate::syntax::tree;
use std::path::PathBuf;

/// A whole rule set.
#[derive(Debug, Default)]
pub struct Model {
    /// Mappings.
    pub mappings: Vec<Mapping>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Defines, each after those that it uses.
    pub defines: Vec<Define>,
    /// Schedules.
    pub schedules: Vec<Schedule>,
    /// Channels, those of families among them.
    pub channels: Vec<Channel>,
    /// Families of channels.
    pub families: Vec<ChannelFamily>,
    /// Routings, in text order.
    pub routings: Vec<Routing>,
    /// Mutes, in text order.
    pub mutes: Vec<Mute>,
    /// Heartbeats.
    pub heartbeats: Vec<Heartbeat>,
    /// Integrations.
    pub integrations: Vec<Integration>,
    /// Tests; what they name is resolved by name when they run.
    pub tests: Vec<Test>,
    /// Statements to prove, in text order.
    pub statements: Vec<Statement>,
    /// The places of all `prove` declarations, of those that are refused as well.
    pub statement_places: Vec<Span>,
    /// The places where findings of proofs and of samples are silenced.
    pub later_allows: Vec<tree::AllowDirective>,
}

/// Position in [`Model::mappings`].
pub type MappingId = usize;
/// Position in [`Model::tables`].
pub type TableId = usize;
/// Position in [`Model::defines`].
pub type DefineId = usize;
/// Position in [`Model::schedules`].
pub type ScheduleId = usize;
/// Position in [`Model::channels`].
pub type ChannelId = usize;
/// Position in [`Model::families`].
pub type FamilyId = usize;
/// Position in [`Model::routings`].
pub type RoutingId = usize;
/// Position in [`Model::mutes`].
pub type MuteId = usize;
/// Position in [`Model::heartbeats`].
pub type HeartbeatId = usize;
/// Position in [`Mapping::lets`].
pub type LetId = usize;

/// A test, its names and shapes checked.
#[derive(Debug, Clone)]
pub struct Test {
    /// The test as written.
    pub tree: tree::Test,
    /// The place of the declaration.
    pub span: Span,
    /// The folder that its files are relative to.
    pub folder: PathBuf,
}
