//! Times: those of the event, and the time of evaluation.

use super::{TheoryAnswer, VariableValue, minimal, needs_value};
use crate::pattern::language::StepCounter;
use crate::prove::defaults::default_time;
use crate::prove::formula::{Constraint, Formulas, WindowsId};
use crate::prove::undecided::UndecidedReason;
use crate::time::{ScheduleWindows, Timestamp, telling_moments};
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many moments are looked at for a question.
const MAX_MOMENTS: usize = 200_000;

/// How many moments are kept for one rule set.
const MAX_KEPT: usize = 2_000_000;

/// Schedules and constant times.
type MomentSources = (Vec<WindowsId>, Vec<Timestamp>);

/// The moments of sets of schedules and of constant times.
#[derive(Debug, Default)]
pub(super) struct MomentCache {
    known: BTreeMap<MomentSources, Option<Arc<[Timestamp]>>>,
    kept: usize,
}

/// A time that meets all constraints; none if that is possible.
pub(super) fn decide(
    literals: &[(&Constraint, bool)],
    may_be_missing: bool,
    formulas: &Formulas,
    cache: &mut MomentCache,
    counter: &StepCounter,
) -> TheoryAnswer {
    let present = literals.iter().position(|(constraint, holds)| needs_value(constraint, *holds));
    let missing = literals.iter().position(|(constraint, holds)| **constraint == Constraint::Missing && *holds);
    match (missing, present) {
        (Some(missing), Some(present)) => return TheoryAnswer::Conflict(vec![missing, present]),
        (Some(missing), None) if !may_be_missing => return TheoryAnswer::Conflict(vec![missing]),
        (Some(_), None) => return TheoryAnswer::Value(VariableValue::Missing),
        (None, None) if may_be_missing => return TheoryAnswer::Value(VariableValue::Missing),
        (None, _) => {}
    }
    let Some(moments) = cache.moments(literals, formulas) else {
        return TheoryAnswer::Undecided(UndecidedReason::Moments);
    };
    counter.add(moments.len() * literals.len());
    let holds_at = |literal: &(&Constraint, bool), moment: Timestamp| holds(literal.0, moment, formulas) == literal.1;
    let found = moments.iter().find(|moment| literals.iter().all(|literal| holds_at(literal, **moment)));
    if let Some(moment) = found {
        return TheoryAnswer::Value(VariableValue::Time(*moment));
    }
    let tables: Vec<Vec<bool>> =
        literals.iter().map(|literal| moments.iter().map(|moment| holds_at(literal, *moment)).collect()).collect();
    let mut kept = minimal(literals.len(), |kept| {
        let kept: Vec<&Vec<bool>> = kept.iter().filter_map(|position| tables.get(*position)).collect();
        (0..moments.len()).all(|moment| kept.iter().any(|table| table.get(moment) == Some(&false)))
    });
    // Without a value no moment is needed.
    if let Some(present) = present.filter(|_| may_be_missing)
        && !kept
            .iter()
            .filter_map(|position| literals.get(*position))
            .any(|(constraint, holds)| needs_value(constraint, *holds))
    {
        kept.push(present);
    }
    TheoryAnswer::Conflict(kept)
}

fn holds(constraint: &Constraint, moment: Timestamp, formulas: &Formulas) -> bool {
    match constraint {
        Constraint::During(schedule) => formulas.schedule(*schedule).is_some_and(|windows| windows.holds(moment)),
        Constraint::Order(relation, constant) => relation.holds(moment.cmp(constant)),
        Constraint::At(constant) => moment == *constant,
        Constraint::OneOf(_)
        | Constraint::Missing
        | Constraint::InSet(_)
        | Constraint::Number(..)
        | Constraint::Same(_)
        | Constraint::Kind(_)
        | Constraint::NodeNumber(_)
        | Constraint::Written(..)
        | Constraint::Holds => false,
    }
}

impl MomentCache {
    fn moments(&mut self, literals: &[(&Constraint, bool)], formulas: &Formulas) -> Option<Arc<[Timestamp]>> {
        let mut schedules = BTreeSet::new();
        let mut points = BTreeSet::new();
        for (constraint, _) in literals {
            match constraint {
                Constraint::During(schedule) => _ = schedules.insert(*schedule),
                Constraint::Order(_, time) | Constraint::At(time) => _ = points.insert(*time),
                Constraint::OneOf(_)
                | Constraint::Missing
                | Constraint::InSet(_)
                | Constraint::Number(..)
                | Constraint::Same(_)
                | Constraint::Kind(_)
                | Constraint::NodeNumber(_)
                | Constraint::Written(..)
                | Constraint::Holds => {}
            }
        }
        let key = (schedules.into_iter().collect::<Vec<_>>(), points.into_iter().collect::<Vec<_>>());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let windows: Vec<&ScheduleWindows> = key.0.iter().filter_map(|schedule| formulas.schedule(*schedule)).collect();
        let mut points = key.1.clone();
        if windows.is_empty() && points.is_empty() {
            points.push(default_time());
        }
        let room = MAX_MOMENTS.min(MAX_KEPT.saturating_sub(self.kept));
        let moments: Option<Arc<[Timestamp]>> = telling_moments(&windows, &points, room).map(Into::into);
        self.kept += moments.as_ref().map_or(0, |moments| moments.len());
        self.known.insert(key, moments.clone());
        moments
    }
}
