//! Arms of matches that no payload chooses.

use super::walk::MatchPlace;
use super::{Guard, GuardRole, MappingProver, MappingView, PartProof, PayloadOutcome, PayloadWitness, report};
use crate::model::{Expression, Match, MatchArm, Pattern};
use crate::prove::formula::ValueCase;
use crate::prove::solver::SolveResult;
use crate::source::Span;

/// The arms of one match that are looked at.
const MAX_ARMS: usize = 500;

impl<'m> MappingProver<'m, '_> {
    /// Looks at the arms of all matches.
    pub(super) fn arms(&mut self, view: &MappingView<'m>) {
        for place in self.matches(view) {
            if place.choice.arms.len() <= MAX_ARMS {
                self.arms_of(view, &place);
            }
        }
    }

    fn arms_of(&mut self, view: &MappingView<'m>, place: &MatchPlace<'m>) {
        if self.is_never(&place.guards) {
            // The arm around it is the finding.
            return;
        }
        let subjects: Vec<Vec<ValueCase>> =
            place.choice.subjects.iter().map(|subject| self.builder.value(subject)).collect();
        let fits = self.builder.fitting_arms(place.choice, &subjects);
        let mut before: Vec<Guard> = Vec::new();
        for (position, (arm, fit)) in place.choice.arms.iter().zip(fits).enumerate() {
            let own = Guard::new(GuardRole::Own, fit, arm.span);
            let guards: Vec<Guard> = place.guards.iter().chain(&before).copied().chain([own]).collect();
            let span = arm.span;
            let proof = self.prove(view, &guards, &|outcome| outcome.arms.contains(&span));
            let is_never = matches!(proof, PartProof::Never);
            if !is_else(arm) {
                self.proofs.parts.push((span, proof));
            }
            if is_never && may_be_removed(place.choice, position) {
                let causes = self.few(guards);
                let shown = self.shown_by_arm(view, &place.guards, own);
                self.proofs.findings.push(report::dead_arm(arm.span, &causes, shown));
                continue;
            }
            before.push(Guard::new(GuardRole::ArmBefore, fit.not(), arm.span));
        }
    }

    /// A payload that an arm fits, and what becomes of it.
    fn shown_by_arm(&mut self, view: &MappingView<'m>, around: &[Guard], own: Guard) -> Option<String> {
        let with = |guards: &[Guard]| -> Vec<Guard> { guards.iter().copied().chain([own]).collect() };
        let element: Vec<Guard> = view.has_element.into_iter().collect();
        let asked = [with(around), with(&Self::accepted(view)), with(&element)];
        asked.iter().find_map(|guards| self.shown(view, guards, own.span))
    }

    /// A payload that fits a part, and what becomes of it. Where values are not followed, it may not fit, so there is none.
    pub(super) fn shown(&mut self, view: &MappingView<'m>, guards: &[Guard], part: Span) -> Option<String> {
        let own: Vec<Guard> = guards.iter().filter(|guard| guard.role == GuardRole::Own).copied().collect();
        if !self.is_followed(&own) {
            return None;
        }
        let SolveResult::Solution(solution) = self.solve(guards) else { return None };
        let witness = PayloadWitness::new(&self.builder.formulas, &solution, view.element.as_ref());
        let outcome: PayloadOutcome = self.evaluate(view, &witness);
        report::becomes(&witness, &outcome, part)
    }
}

/// Whether an arm takes all that is left.
fn is_else(arm: &MatchArm<Expression>) -> bool {
    arm.columns.iter().all(|column| column.iter().any(|pattern| matches!(pattern, Pattern::Any)))
}

/// Whether a match covers all values without an arm: a later one takes all that is left.
fn may_be_removed(choice: &Match<Expression>, position: usize) -> bool {
    choice.arms.get(position).is_some_and(|arm| !is_else(arm)) && choice.arms.iter().skip(position + 1).any(is_else)
}
