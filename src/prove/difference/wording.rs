//! The condition of the events that an edit changes, in the words of the rules.

use super::changed_arms::{ChangedArm, changed_arms};
use super::condition_part::ConditionPart;
use super::edits::Edit;
use super::rule_sets::{RuleSets, Side};
use super::search::EditQuestion;
use crate::prove::formula::Formula;
use crate::prove::routing::{LineId, Requirement};
use crate::prove::solver::SolveResult;

/// The conditions of the events that change: one for each edited line whose events do.
pub(super) fn affected(sets: &mut RuleSets<'_, '_>, edit: Edit, questions: &[EditQuestion]) -> Vec<Vec<ConditionPart>> {
    let mut all: Vec<Vec<ConditionPart>> = Vec::new();
    let mut known: Vec<Vec<Formula>> = Vec::new();
    let arms = changed_arms(sets, edit);
    for (side, line) in edit.sides() {
        let of_line: Vec<&EditQuestion> = questions.iter().filter(|question| question.side == side).collect();
        if !of_line.iter().any(|question| question.has_change(sets, &[])) {
            continue;
        }
        let own = conditions(sets, side, line);
        let mut parts = needed(sets, &own, side);
        let mut formulas: Vec<Formula> = own.iter().map(|each| each.formula).collect();
        let partner = edit.sides().find(|(other, _)| *other != side);
        if let Some((other, partner)) = partner {
            let theirs = conditions(sets, other, partner);
            let only_theirs: Vec<Requirement> =
                theirs.into_iter().filter(|each| !formulas.contains(&each.formula)).collect();
            let hold: Vec<Formula> = only_theirs.iter().map(|each| each.formula).collect();
            // Only events that the other line does not want change.
            if !hold.is_empty() && !of_line.iter().any(|question| question.has_change(sets, &hold)) {
                let spans = only_theirs.iter().map(|each| each.span).collect();
                parts.push(ConditionPart { side: other, spans, subjects: Vec::new(), is_negated: true });
                formulas.extend(hold.iter().map(|formula| formula.not()));
            }
        }
        let mut add = |mut formulas: Vec<Formula>, parts: Vec<ConditionPart>| {
            formulas.sort_unstable();
            if !known.contains(&formulas) {
                known.push(formulas);
                all.push(parts);
            }
        };
        match arms.as_ref().filter(|arms| are_all(sets, &of_line, arms)) {
            None => add(formulas, parts),
            Some(arms) => {
                for arm in arms.iter().filter(|arm| arm.part.side == side) {
                    if of_line.iter().any(|question| question.has_change(sets, &[arm.chosen])) {
                        add([&*formulas, &[arm.chosen]].concat(), [&*parts, std::slice::from_ref(&arm.part)].concat());
                    }
                }
            }
        }
    }
    all
}

/// Whether only events that choose one of some arms change.
fn are_all(sets: &mut RuleSets<'_, '_>, questions: &[&EditQuestion], arms: &[ChangedArm]) -> bool {
    let others: Vec<Formula> = arms.iter().map(|arm| arm.chosen.not()).collect();
    !questions.iter().any(|question| question.has_change(sets, &others))
}

/// What a line and the lines around it ask for in conditions, the outermost first.
fn conditions(sets: &mut RuleSets<'_, '_>, side: Side, line: LineId) -> Vec<Requirement> {
    let (map, builder) = sets.of(side);
    let mut requirements = map.own_requirements(line, builder);
    let map = sets.map(side);
    requirements.retain(|each| map.line(each.line).is_some_and(|entry| entry.line.head != each.span));
    requirements.sort_by_key(|each| (map.with_ancestors(each.line).count(), each.span));
    requirements
}

/// The parts that do not follow from the others.
fn needed(sets: &mut RuleSets<'_, '_>, requirements: &[Requirement], side: Side) -> Vec<ConditionPart> {
    let mut kept = requirements.to_vec();
    for position in (0..kept.len()).rev() {
        let mut others: Vec<Formula> =
            kept.iter().enumerate().filter(|(at, _)| *at != position).map(|(_, each)| each.formula).collect();
        others.extend(kept.get(position).map(|each| each.formula.not()));
        if matches!(sets.solve(&others), SolveResult::None) {
            kept.remove(position);
        }
    }
    kept.into_iter()
        .map(|each| ConditionPart { side, spans: vec![each.span], subjects: Vec::new(), is_negated: false })
        .collect()
}
