//! How many lines of the other rule set have events of a change.

use super::edits::Edit;
use super::rule_sets::{RuleSets, Side};
use super::search::{ChangedEvent, ChannelChange, EditQuestion};
use crate::model::{Destination, LineKind, Target};
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
    edit: Edit,
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
            if seen.contains(&(side, line)) || !is_other_line(sets, edit, side, line) {
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
    let is_other = |(side, line): &&(Side, LineId)| is_other_line(sets, edit, *side, *line);
    LineCount { count: seen.iter().filter(is_other).count(), has_more }
}

/// Whether a line decides by itself where events go, and is not of the edit.
fn is_other_line(sets: &RuleSets<'_, '_>, edit: Edit, side: Side, line: LineId) -> bool {
    let map = sets.map(side);
    let is_of_edit = edit.sides().any(|(of, edited)| of == side && map.with_ancestors(line).any(|each| each == edited));
    let Some(entry) = map.line(line).map(|entry| entry.line) else { return false };
    let calls_only = |target: &&Target| {
        let all = target.destinations();
        !all.is_empty() && all.iter().all(|one| matches!(one, Destination::Routing(_)))
    };
    let targets = entry.body.own_targets();
    !is_of_edit && entry.kind != LineKind::Always && !targets.iter().all(calls_only)
}

fn see(sets: &RuleSets<'_, '_>, side: Side, event: &ChangedEvent, seen: &mut BTreeSet<(Side, LineId)>) {
    let outcome = if side == Side::Old { &event.old } else { &event.new };
    let lines = outcome.routes.iter().filter_map(|(path, _)| sets.map(side).by_path(path));
    seen.extend(lines.map(|line| (side, line)));
}
