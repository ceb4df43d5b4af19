//! Conditions that several lines share, so that each is decided once.

use super::requirement::{Conjunct, LineRequirements};
use crate::program::{MAX_SHARED, NodeId};
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// The conditions that most lines share, by their source text, each with its number.
#[derive(Debug, Default)]
pub(super) struct SharedConditions<'p> {
    numbers: HashMap<&'p str, u8, RandomState>,
    pub(super) conditions: Vec<NodeId>,
}

impl<'p> SharedConditions<'p> {
    pub(super) fn of(needs: &[LineRequirements<'p>]) -> Self {
        let mut counts: HashMap<&str, (usize, NodeId), RandomState> = HashMap::default();
        for part in needs.iter().flat_map(|needs| &needs.conjuncts) {
            if let Some(condition) = part.condition {
                counts.entry(part.source_text).or_insert((0, condition)).0 += 1;
            }
        }
        let mut common: Vec<_> = counts.into_iter().filter(|(_, (count, _))| *count > 1).collect();
        common.sort_unstable_by_key(|(words, (count, _))| (std::cmp::Reverse(*count), *words));
        common.truncate(MAX_SHARED);
        let numbers = common.iter().map(|(words, _)| *words).zip(0..).collect();
        Self { numbers, conditions: common.into_iter().map(|(_, (_, condition))| condition).collect() }
    }

    /// The number of a shared part; a lower number is shared by more lines.
    pub(super) fn number(&self, part: &Conjunct<'p>) -> Option<u8> {
        part.condition.and_then(|_| self.numbers.get(part.source_text).copied())
    }
}
