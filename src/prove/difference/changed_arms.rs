//! The arms of an edited match that only one of the rule sets has.

use super::condition_part::ConditionPart;
use super::edits::Edit;
use super::rule_sets::{RuleSets, Side};
use crate::model::{Match, RoutingLineBody, Target};
use crate::prove::formula::{Formula, MeaningId};
use crate::prove::routing::LineId;
use crate::source::Span;

/// With more arms that changed, they are not named.
const MAX_ARMS: usize = 8;

/// An arm that only one of the rule sets has.
pub(super) struct ChangedArm {
    pub(super) part: ConditionPart,
    /// The events that choose it.
    pub(super) chosen: Formula,
}

/// The arms of the match of a line that only one of the rule sets has. None if it is not a match in both.
pub(super) fn changed_arms<'m>(sets: &mut RuleSets<'m, '_>, edit: Edit) -> Option<Vec<ChangedArm>> {
    let mut sides = edit.sides();
    let (one, two) = (sides.next()?, sides.next()?);
    let pairs = [(one, two), (two, one)];
    let mut changed = Vec::new();
    for ((side, line), (other_side, other_line)) in pairs {
        let others = meanings(sets, other_side, other_line)?;
        let own = meanings(sets, side, line)?;
        let choice: &'m Match<Target> = choice(sets, side, line)?;
        let (chosen, _) = sets.of(side).1.arms(choice);
        let subjects: Vec<Span> = choice.subjects.iter().map(|subject| subject.span).collect();
        for ((arm, meaning), chosen) in choice.arms.iter().zip(own).zip(chosen) {
            if !others.contains(&meaning) {
                let part = ConditionPart { side, spans: vec![arm.span], subjects: subjects.clone(), is_negated: false };
                changed.push(ChangedArm { part, chosen });
            }
        }
    }
    (!changed.is_empty() && changed.len() <= MAX_ARMS).then_some(changed)
}

fn choice<'m>(sets: &RuleSets<'m, '_>, side: Side, line: LineId) -> Option<&'m Match<Target>> {
    match &sets.map(side).line(line)?.line.body {
        RoutingLineBody::Match(choice) => Some(choice),
        RoutingLineBody::Target(_) | RoutingLineBody::Block(_) => None,
    }
}

fn meanings(sets: &mut RuleSets<'_, '_>, side: Side, line: LineId) -> Option<Vec<MeaningId>> {
    let choice = choice(sets, side, line)?;
    Some(sets.of(side).1.arm_meanings(choice))
}
