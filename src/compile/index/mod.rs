//! Builds the index of a block: each line is indexed under something that its condition requires.

mod analysis_budget;
mod builder;
mod combinations;
mod requirement;
mod shared_conditions;
mod strategy;
mod text_keys;

use crate::program::{BlockIndex, NodeId, Program, RoutingLine};
use builder::BlockIndexBuilder;
use requirement::LineRequirements;
use shared_conditions::SharedConditions;
use strategy::RequirementCounts;
use text_keys::TextKeys;

/// Blocks with fewer lines are tried line by line: that is as fast and needs no memory.
const FEWEST_LINES: usize = 16;

/// The index of a block; `None` for a small one.
pub(super) fn index(program: &Program, lines: &[RoutingLine]) -> Option<BlockIndex> {
    if lines.len() < FEWEST_LINES {
        return None;
    }
    let mut keys = TextKeys::default();
    let requirements: Vec<LineRequirements<'_>> =
        lines.iter().map(|line| LineRequirements::of(program, line, &mut keys)).collect();
    Some(build(&requirements, &keys))
}

/// The index of conditions of which several may hold, each a line by its position; `None` for a few of them.
pub(super) fn condition_index(program: &Program, conditions: &[NodeId]) -> Option<BlockIndex> {
    if conditions.len() < FEWEST_LINES {
        return None;
    }
    let mut keys = TextKeys::default();
    let requirements: Vec<LineRequirements<'_>> =
        conditions.iter().map(|condition| LineRequirements::of_condition(program, *condition, &mut keys)).collect();
    Some(build(&requirements, &keys))
}

fn build(requirements: &[LineRequirements<'_>], keys: &TextKeys<'_>) -> BlockIndex {
    let shared = SharedConditions::of(requirements);
    let counts = RequirementCounts::of(requirements, keys);
    let mut builder = BlockIndexBuilder::default();
    for (line, requirements) in (0..).zip(requirements) {
        builder.add_line(line, requirements, &counts.strategy(requirements, keys, &shared), &shared);
    }
    builder.finish(keys, &shared)
}
