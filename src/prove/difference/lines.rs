//! How many lines of the other rule set have events of a change.

use super::rule_sets::{RuleSets, Side};
use super::search::{ChangedEvent, ChannelChange, EditQuestion};
use crate::prove::routing::LineId;
use crate::prove::solver::SolveResult;
use crate::prove::witness::Witness;
use std::collections::BTreeSet;

/// How many lines are looked at for one change.
const MAX_LINES: usize = 64;

/// A number of lines.
pub(super) struct LineCount {
    pub(super) count: usize,
    pub(super) has_more: bool,
}

/// The lines to which the other rule set sends events of a change. Each is counted once an event was seen there.
pub(super) fn lines_with_change(
    sets: &mut RuleSets<'_, '_>,
    questions: &[EditQuestion],
    example: &ChangedEvent,
) -> LineCount {
    let change = example.change();
    let mut seen: BTreeSet<(Side, LineId)> = BTreeSet::new();
    let (mut asked, mut has_more) = (0, false);
    for question in questions {
        let side = question.side.other();
        see(sets, side, example, &mut seen);
        let changes = question.changes_so(sets, &change);
        for (line, reached) in question.leaves(sets, side) {
            if seen.contains(&(side, line)) {
                continue;
            }
            asked += 1;
            if asked > MAX_LINES {
                has_more = true;
                break;
            }
            let assertions: Vec<_> = question.relevant.base.iter().copied().chain([changes, reached]).collect();
            let SolveResult::Solution(solution) = sets.solve(&assertions) else { continue };
            let event = Witness::new(sets.formulas(), &solution);
            let [old, new] = sets.evaluate(&event, &question.entry);
            if ChannelChange::between(&old, &new) == change {
                see(sets, side, &ChangedEvent { event, entry: question.entry.clone(), old, new }, &mut seen);
            }
        }
    }
    LineCount { count: seen.len(), has_more }
}

fn see(sets: &RuleSets<'_, '_>, side: Side, event: &ChangedEvent, seen: &mut BTreeSet<(Side, LineId)>) {
    let outcome = if side == Side::Old { &event.old } else { &event.new };
    let lines = outcome.routes.iter().filter_map(|(path, _)| sets.map(side).by_path(path));
    seen.extend(lines.map(|line| (side, line)));
}
