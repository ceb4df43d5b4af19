//! Mutes, checked.

use super::{ChannelId, Expression, GroupValue};
use crate::source::Span;
use std::time::Duration;

/// What is not told: alerts for which a condition holds.
#[derive(Debug)]
pub struct Mute {
    /// Its name.
    pub name: Box<str>,
    /// The place of the name.
    pub span: Span,
    /// The channels in which it holds alerts, each once; all where it names none.
    pub channels: Option<Vec<ChannelId>>,
    /// Which alerts it holds.
    pub when: Expression,
    /// The other alert that has to fire.
    pub source: Option<MuteSource>,
    /// Why, over the alert that is held.
    pub because: Expression,
}

/// `while c same value, … until 5m after`
#[derive(Debug)]
pub struct MuteSource {
    /// Which alerts are a source. An alert that is one is not held.
    pub condition: Expression,
    /// The values that have to be there and be equal in both alerts.
    pub same: Vec<GroupValue>,
    /// How long the mute goes on after the last source ended.
    pub until_after: Duration,
    /// The place of the whole.
    pub span: Span,
}

impl Mute {
    /// Shows its conditions, values and words.
    pub fn each_expression<'m>(&'m self, see: &mut dyn FnMut(&'m Expression)) {
        see(&self.when);
        if let Some(source) = &self.source {
            see(&source.condition);
            source.same.iter().for_each(|value| see(&value.value));
        }
        see(&self.because);
    }
}
