//! The lines of two rule sets that are not the same.
//!
//! Blocks with the same head are compared line by line. Lines that say the same and keep their order are not edited;
//! all others are. An event that reaches no edited line goes to the same channels: by induction, the lines that are not
//! edited hit the same, in the same order, as long as no edited line hits.

use super::common::common_entries;
use super::rule_sets::{RuleSets, Side};
use crate::prove::formula::MeaningId;
use crate::prove::routing::LineId;
use std::collections::BTreeSet;

/// What was done to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditKind {
    /// The line is new.
    Added,
    /// The line is gone.
    Removed,
    /// The line says something else.
    Changed,
    /// The line says the same in another place of its block.
    Moved,
}

/// A line that is not the same in both rule sets: at least one of the two is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) kind: EditKind,
    /// The line in the old and in the new rule set.
    pub(super) lines: [Option<LineId>; 2],
}

impl Edit {
    /// The lines, each with its rule set.
    pub(super) fn sides(self) -> impl Iterator<Item = (Side, LineId)> {
        Side::BOTH.into_iter().zip(self.lines).filter_map(|(side, line)| Some((side, line?)))
    }
}

/// A line of a block, for comparison.
struct ComparedLine {
    line: LineId,
    /// What it says without its block.
    head: MeaningId,
    /// All that it says.
    whole: MeaningId,
    name: Box<str>,
}

/// The edits of all routings that both rule sets have, in the order of the old text. A line that is new stands behind
/// the line that was before it.
pub(super) fn edits(sets: &mut RuleSets<'_, '_>) -> Vec<Edit> {
    let mut found = Vec::new();
    for name in sets.routing_names(Side::Old) {
        let old = sets.routing_lines(Side::Old, &name);
        let new = sets.routing_lines(Side::New, &name);
        if let (Some(old), Some(new)) = (old, new) {
            found.extend(block_edits(sets, &old, &new));
        }
    }
    found
}

fn block_edits(sets: &mut RuleSets<'_, '_>, old: &[LineId], new: &[LineId]) -> Vec<Edit> {
    let (old, new) = (compared(sets, Side::Old, old), compared(sets, Side::New, new));
    let heads = |lines: &[ComparedLine]| lines.iter().map(|line| line.head).collect::<Vec<_>>();
    let kept = common_entries(&heads(&old), &heads(&new));
    // Each with the position of the old line that it belongs to; lines that are new come behind it.
    let mut found: Vec<(usize, Edit)> = Vec::new();
    for (one, two) in &kept {
        if let (Some(one_line), Some(two_line)) = (old.get(*one), new.get(*two))
            && one_line.whole != two_line.whole
        {
            let inner = sets.inner_lines(Side::Old, one_line.line);
            let inner = block_edits(sets, &inner, &sets.inner_lines(Side::New, two_line.line));
            found.extend(inner.into_iter().map(|edit| (one + 1, edit)));
        }
    }
    let (kept_old, kept_new): (BTreeSet<usize>, BTreeSet<usize>) = kept.iter().copied().unzip();
    let gone: Vec<(usize, &ComparedLine)> = old.iter().enumerate().filter(|(at, _)| !kept_old.contains(at)).collect();
    let mut more: Vec<(usize, &ComparedLine)> =
        new.iter().enumerate().filter(|(at, _)| !kept_new.contains(at)).collect();
    let same_whole = |one: &ComparedLine, two: &ComparedLine| one.whole == two.whole;
    let same_name = |one: &ComparedLine, two: &ComparedLine| one.name == two.name;
    let moved = take_pairs(gone, &mut more, EditKind::Moved, same_whole, &mut found);
    let removed = take_pairs(moved, &mut more, EditKind::Changed, same_name, &mut found);
    let edit = |kind, old, new| Edit { kind, lines: [old, new] };
    found.extend(removed.into_iter().map(|(at, line)| (at + 1, edit(EditKind::Removed, Some(line.line), None))));
    for (at, line) in more {
        let before = kept.iter().rev().find(|(_, two)| *two < at).map_or(0, |(one, _)| one + 1);
        found.push((before, edit(EditKind::Added, None, Some(line.line))));
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, edit)| edit).collect()
}

/// Makes edits of lines that belong together, and returns the old lines that are left.
fn take_pairs<'l>(
    gone: Vec<(usize, &'l ComparedLine)>,
    more: &mut Vec<(usize, &'l ComparedLine)>,
    kind: EditKind,
    belong: impl Fn(&ComparedLine, &ComparedLine) -> bool,
    found: &mut Vec<(usize, Edit)>,
) -> Vec<(usize, &'l ComparedLine)> {
    let mut left = Vec::new();
    for (at, line) in gone {
        match more.iter().position(|(_, other)| belong(line, other)) {
            Some(partner) => {
                let (_, other) = more.remove(partner);
                found.push((at + 1, Edit { kind, lines: [Some(line.line), Some(other.line)] }));
            }
            None => left.push((at, line)),
        }
    }
    left
}

fn compared(sets: &mut RuleSets<'_, '_>, side: Side, lines: &[LineId]) -> Vec<ComparedLine> {
    let compare = |line: &LineId| {
        let (map, builder) = sets.of(side);
        let entry = map.line(*line)?;
        let name = entry.line.path.rsplit('.').next().unwrap_or_default().into();
        let (head, whole) = (builder.head_meaning(entry.line), builder.line_meaning(entry.line));
        Some(ComparedLine { line: *line, head, whole, name })
    };
    lines.iter().filter_map(compare).collect()
}
