//! Conditions that several lines of a block share, so that each is decided once for an event.
//!
//! Conditions of the same source text always have the same result for an event: within a routing, a text means the same
//! everywhere, and evaluation has no side effects.

use super::requirement::{Conjunct, LineRequirements};
use crate::program::{MAX_SHARED, NodeId};
use foldhash::fast::RandomState;
use std::cmp::Reverse;
use std::collections::HashMap;

/// The shared conditions of a block, the most used first. The number of a condition is its position.
#[derive(Debug, Default)]
pub(super) struct SharedConditions<'p> {
    pub(super) conditions: Vec<NodeId>,
    /// The numbers by source text.
    numbers: HashMap<&'p str, u8, RandomState>,
}

/// A condition, and how often its source text occurs.
struct ConditionUse {
    first: NodeId,
    count: usize,
}

impl<'p> SharedConditions<'p> {
    /// The conditions that occur more than once in these lines.
    pub(super) fn of(lines: &[LineRequirements<'p>]) -> Self {
        let mut uses: HashMap<&str, ConditionUse, RandomState> = HashMap::default();
        for conjunct in lines.iter().flat_map(|line| &line.conjuncts) {
            if let Some(first) = conjunct.condition {
                uses.entry(conjunct.source_text).or_insert(ConditionUse { first, count: 0 }).count += 1;
            }
        }
        let mut shared: Vec<_> = uses.into_iter().filter(|(_, condition)| condition.count > 1).collect();
        // A guard has a bit for each of a limited number of conditions, so the most used are kept. The text decides between
        // equals, because the order of a hash map would give another index for the same rules.
        shared.sort_unstable_by_key(|(source_text, condition)| (Reverse(condition.count), *source_text));
        shared.truncate(MAX_SHARED);
        let numbers = shared.iter().map(|(source_text, _)| *source_text).zip(0..).collect();
        Self { conditions: shared.into_iter().map(|(_, condition)| condition.first).collect(), numbers }
    }

    /// The number of a condition, if it is shared; what the body of a line requires is not a condition.
    pub(super) fn number(&self, conjunct: &Conjunct<'p>) -> Option<u8> {
        conjunct.condition?;
        self.numbers.get(conjunct.source_text).copied()
    }
}
