//! Mutes: what is not told, as a rule.

use super::{Destination, Expression, Identifier, Template};
use crate::source::Span;

/// `mute name in channel, … when c while c same value, … until 5m after because "…"`
#[derive(Debug, Clone)]
pub struct Mute {
    /// Its name.
    pub name: Identifier,
    /// The channels after `in`, and members of families; none means all.
    pub channels: Vec<Destination>,
    /// Which alerts it holds.
    pub when: Expression,
    /// `while …`: the other alert that has to fire.
    pub source: Option<MuteSource>,
    /// Why; it sees the alert that is held.
    pub because: Template,
}

/// `while c same value, … until 5m after`
#[derive(Debug, Clone)]
pub struct MuteSource {
    /// Which alerts are a source.
    pub condition: Expression,
    /// The values that have to be equal in both alerts.
    pub same: Vec<Expression>,
    /// How long the mute goes on after the last source ended.
    pub until_after: Option<Identifier>,
    /// The whole.
    pub span: Span,
}
