//! Mutes, and sets of conditions of which several may hold.

use super::{BlockIndex, GroupValue, NodeId, Program};
use crate::source::Span;
use crate::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Position of a mute in the text order of the rules.
pub type MuteId = usize;

/// The mutes of a rule set.
#[derive(Debug, Default)]
pub struct MuteTable {
    /// The mutes, in text order.
    pub all: Vec<Mute>,
    /// The `when` of each mute, by position.
    pub whens: ConditionSet,
    /// The `while` of each mute that has one.
    pub whiles: ConditionSet,
    /// For each condition of `whiles`, its mute.
    pub while_mutes: Box<[MuteId]>,
}

/// What is not told.
#[derive(Debug)]
pub struct Mute {
    /// Its name.
    pub name: Box<str>,
    /// `file:line`
    pub location: Box<str>,
    /// The place of its name.
    pub place: Span,
    /// The names of the channels in which it holds alerts; all where it names none.
    pub channels: Option<Arc<[Box<str>]>>,
    /// Which alerts it holds.
    pub when: NodeId,
    /// The schedules that `when` asks, by position.
    pub schedules: Box<[usize]>,
    /// The other alert that has to fire.
    pub source: Option<MuteSource>,
    /// Why, over the alert that is held.
    pub because: NodeId,
}

/// `while c same value, … until 5m after`
#[derive(Debug)]
pub struct MuteSource {
    /// Which alerts are a source. An alert that is one is not held.
    pub condition: NodeId,
    /// The values that have to be there and be equal in both alerts.
    pub same: Box<[GroupValue]>,
    /// How long the mute goes on after the last source ended.
    pub until_after: Duration,
}

impl Mute {
    /// Whether it holds alerts only as long as another one fires.
    #[must_use]
    pub fn has_while(&self) -> bool {
        self.source.is_some()
    }

    /// How long it goes on after the last source ended; nothing for a mute without `while`.
    #[must_use]
    pub fn until_after(&self) -> Duration {
        self.source.as_ref().map_or(Duration::ZERO, |source| source.until_after)
    }

    /// Whether its `when` depends on the time.
    #[must_use]
    pub fn asks_schedule(&self) -> bool {
        !self.schedules.is_empty()
    }

    /// Whether it holds alerts in the channel of that name.
    #[must_use]
    pub fn covers(&self, channel: &str) -> bool {
        self.channels.as_ref().is_none_or(|channels| channels.iter().any(|name| **name == *channel))
    }
}

/// Conditions over one event of which several may hold.
#[derive(Debug, Default)]
pub struct ConditionSet {
    /// The conditions.
    pub conditions: Box<[NodeId]>,
    /// Finds the conditions that may hold for an event; `None` for a small set.
    pub index: Option<Box<BlockIndex>>,
}

impl Program {
    /// The next moment after this one at which a schedule that a mute asks begins or ends; nothing where none ever does.
    /// Where it would take long to know, it is a moment before: nothing changes at it.
    #[must_use]
    pub fn next_hold_change(&self, after: Timestamp) -> Option<Timestamp> {
        let mut schedules: Vec<usize> = self.mutes.all.iter().flat_map(|mute| mute.schedules.iter().copied()).collect();
        schedules.sort_unstable();
        schedules.dedup();
        let schedules = schedules.into_iter().filter_map(|position| self.schedules.get(position));
        schedules.filter_map(|(_, windows)| windows.next_change(after)).min()
    }
}
