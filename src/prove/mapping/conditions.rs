//! The conditions of `accept` and `drop`: those that no payload meets, and those that change nothing.

use super::report;
use super::{Guard, GuardRole, MappingProver, MappingView, PartProof, PayloadOutcome};
use crate::model::{Expression, ExpressionKind};
use crate::prove::conditions::is_presence;
use crate::prove::message::{constant_condition, redundant_condition};
use crate::source::Span;

impl<'m> MappingProver<'m, '_> {
    /// Looks at each condition of `accept`. Whether some payload may meet them all.
    pub(super) fn accepts(&mut self, view: &MappingView<'m>) -> bool {
        let mut before: Vec<Guard> = Vec::new();
        let conditions = view.mapping.accept.iter().flat_map(|accept| accept.when.conjuncts());
        for (condition, (_, guard)) in conditions.zip(&view.accepts) {
            let own = Guard { role: GuardRole::Own, ..*guard };
            let guards: Vec<Guard> = before.iter().copied().chain([own]).collect();
            let span = guard.span;
            let proof = self.prove(view, &guards, &|outcome| holds(condition, outcome));
            let is_never = matches!(proof, PartProof::Never);
            self.proofs.parts.push((span, proof));
            if is_never {
                let causes = self.few(guards);
                self.proofs.findings.push(report::never_accepted(view.mapping, span, &causes));
                return false;
            }
            self.redundancy(condition, own, &before);
            before.push(*guard);
        }
        true
    }

    /// Looks at each `drop`. Whether some element may be left.
    pub(super) fn drops(&mut self, view: &MappingView<'m>) -> bool {
        let mut before = Self::accepted(view);
        for (line, drop) in view.mapping.drops.iter().zip(&view.drops) {
            let own = Guard::new(GuardRole::Own, *drop, line.when.span);
            let guards: Vec<Guard> = before.iter().copied().chain([own]).collect();
            let span = line.span;
            let proof = self.prove(view, &guards, &|outcome| outcome.dropped == Some(span));
            let is_never = matches!(proof, PartProof::Never);
            self.proofs.parts.push((span, proof));
            if is_never {
                let causes = self.few(guards);
                let taken = self.taken(view, own, &causes);
                self.proofs.findings.push(report::never_dropped(line, &causes, taken));
                continue;
            }
            if !self.is_constant(own) {
                let left = Guard::new(GuardRole::NotDropped, drop.not(), line.when.span);
                let guards: Vec<Guard> = before.iter().copied().chain([left]).collect();
                if self.is_never(&guards) {
                    let causes = self.few(guards);
                    self.proofs.findings.push(report::drops_all(view.mapping, line, &causes));
                    return false;
                }
            }
            let accepted = Self::accepted(view);
            let mut others = accepted;
            for part in line.when.conjuncts() {
                let formula = self.builder.condition(part);
                let part_guard = Guard::new(GuardRole::Own, formula, part.span);
                self.redundancy(part, part_guard, &others);
                others.push(part_guard);
            }
            before.push(Guard::new(GuardRole::NotDropped, drop.not(), line.when.span));
        }
        true
    }

    /// Where a payload goes that meets a `drop` by itself.
    fn taken(&mut self, view: &MappingView<'m>, own: Guard, causes: &[Guard]) -> Option<String> {
        if !causes.iter().any(|cause| matches!(cause.role, GuardRole::NotDropped | GuardRole::Accepted)) {
            return None;
        }
        let accepted: Vec<Guard> = Self::accepted(view).into_iter().chain([own]).collect();
        let alone: Vec<Guard> = view.has_element.into_iter().chain([own]).collect();
        self.shown(view, &accepted, own.span).or_else(|| self.shown(view, &alone, own.span))
    }

    fn is_constant(&mut self, guard: Guard) -> bool {
        self.is_never(&[Guard { formula: guard.formula.not(), ..guard }])
    }

    /// A finding for a condition that always holds, or that follows from conditions before it.
    fn redundancy(&mut self, condition: &'m Expression, guard: Guard, before: &[Guard]) {
        let opposite = Guard { formula: guard.formula.not(), ..guard };
        if self.is_never(&[opposite]) {
            self.proofs.findings.push(constant_condition(condition, true));
            return;
        }
        if is_presence(condition) || is_value(condition) {
            return;
        }
        let guards: Vec<Guard> = before.iter().copied().chain([opposite]).collect();
        if guards.len() > 1 && self.is_never(&guards) {
            let causes: Vec<Span> = self.few(guards).iter().map(|cause| cause.span).collect();
            let causes: Vec<Span> = causes.into_iter().filter(|span| *span != guard.span).collect();
            if !causes.is_empty() {
                self.proofs.findings.push(redundant_condition(condition.span, &causes));
            }
        }
    }
}

/// Whether a condition was seen to hold. Of a conjunction, the evaluator may name only the parts.
fn holds(condition: &Expression, outcome: &PayloadOutcome) -> bool {
    let is_seen = outcome.held.contains(&condition.span);
    match &condition.kind {
        ExpressionKind::And(parts) => is_seen || parts.iter().all(|part| holds(part, outcome)),
        ExpressionKind::Literal(_)
        | ExpressionKind::Template(_)
        | ExpressionKind::Path(_)
        | ExpressionKind::Nodes(_)
        | ExpressionKind::Regex(_)
        | ExpressionKind::Let(_)
        | ExpressionKind::Field(_)
        | ExpressionKind::Label(_)
        | ExpressionKind::Parameter(_)
        | ExpressionKind::Request(_)
        | ExpressionKind::Group(_)
        | ExpressionKind::Define(_)
        | ExpressionKind::Navigate(..)
        | ExpressionKind::Call(..)
        | ExpressionKind::Lookup(..)
        | ExpressionKind::Coalesce(_)
        | ExpressionKind::Match(_)
        | ExpressionKind::Or(_)
        | ExpressionKind::Not(_)
        | ExpressionKind::Compare(_)
        | ExpressionKind::List(_)
        | ExpressionKind::Object(_) => is_seen,
    }
}

/// A constant as a condition is written on purpose.
fn is_value(condition: &Expression) -> bool {
    matches!(condition.kind, ExpressionKind::Literal(_))
}
