//! Which payloads the lines of a mapping take, and which arms they choose.
//!
//! A payload that meets what leads to an arm is solved and mapped for real. That nothing leads to a line is claimed only
//! where no payload meets what holds for every payload that gets there: the conditions of `accept`, what the `drop` lines
//! before leave, and the arms before.

mod arms;
mod conditions;
mod element;
mod payload;
mod report;
mod walk;

pub(super) use element::{ElementPlace, has_element};
pub use payload::PayloadWitness;

use super::effort::ProofEffort;
use super::formula::{Formula, FormulaBuilder, Term, variables};
use super::solver::{ProofStatistics, SolveResult, Solver};
use super::undecided::UndecidedReason;
use crate::diagnostic::Diagnostic;
use crate::event::AlertStatus;
use crate::model::{EventField, Literal, Mapping, MappingId, Model};
use crate::pattern::language::SearchLimits;
use crate::source::Span;

/// What the evaluator does with a payload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PayloadOutcome {
    /// Whether the mapping accepts it.
    pub is_accepted: bool,
    /// The `drop` that drops an element.
    pub dropped: Option<Span>,
    /// The conditions of `accept` and `drop` that hold.
    pub held: Vec<Span>,
    /// The arms that are chosen.
    pub arms: Vec<Span>,
}

/// The evaluator: maps a payload. Firings of all keys are open, so all that may be evaluated is.
pub type EvaluatePayload<'e> = dyn Fn(&PayloadWitness, MappingId) -> PayloadOutcome + 'e;

/// What is known about a part of a mapping: a condition of `accept`, a `drop`, or an arm.
#[derive(Debug, Clone)]
pub enum PartProof {
    /// This payload meets it.
    Met(Box<PayloadWitness>),
    /// None does.
    Never,
    /// It is not known.
    Undecided(UndecidedReason),
}

/// What is known about all mappings.
#[derive(Debug, Default)]
pub struct MappingProofs {
    /// For each part its place.
    pub parts: Vec<(Span, PartProof)>,
    /// The findings.
    pub findings: Vec<Diagnostic>,
    /// What the proofs took.
    pub statistics: ProofStatistics,
}

impl MappingProofs {
    /// The parts of which it is not known, in the order of the text.
    #[must_use]
    pub fn undecided(&self) -> Vec<(Span, UndecidedReason)> {
        let undecided = |(span, proof): &(Span, PartProof)| match proof {
            PartProof::Undecided(reason) => Some((*span, reason.clone())),
            PartProof::Met(_) | PartProof::Never => None,
        };
        let mut all: Vec<_> = self.parts.iter().filter_map(undecided).collect();
        all.sort_by_key(|(span, _)| (span.file, span.start));
        all
    }
}

/// Decides which parts of mappings payloads meet.
#[must_use]
pub fn prove_mappings(model: &Model, evaluate: &EvaluatePayload<'_>, effort: ProofEffort) -> MappingProofs {
    let mut prover = MappingProver {
        builder: FormulaBuilder::new(model),
        solver: Solver::new(SearchLimits::default(), effort),
        evaluate,
        proofs: MappingProofs::default(),
    };
    for (id, mapping) in model.mappings.iter().enumerate() {
        prover.mapping(id, mapping);
    }
    prover.proofs.statistics = prover.solver.statistics;
    prover.proofs
}

struct MappingProver<'m, 'e> {
    builder: FormulaBuilder<'m>,
    solver: Solver,
    evaluate: &'e EvaluatePayload<'e>,
    proofs: MappingProofs,
}

/// Something that holds for every payload that gets to a part of a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Guard {
    formula: Formula,
    span: Span,
    role: GuardRole,
}

/// What asks for a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GuardRole {
    /// An `accept` that holds.
    Accepted,
    /// A `drop` that does not hold.
    NotDropped,
    /// What is around an expression: an arm, or a value before it that is missing.
    Around,
    /// An arm before that does not fit.
    ArmBefore,
    /// A part itself.
    Own,
    /// It holds for every payload.
    Always,
}

impl Guard {
    fn new(role: GuardRole, formula: Formula, span: Span) -> Self {
        Self { formula, span, role }
    }
}

/// A mapping that is looked at.
#[derive(Debug)]
struct MappingView<'m> {
    id: MappingId,
    mapping: &'m Mapping,
    /// The conditions of `accept`, in order, with the position of the line of each.
    accepts: Vec<(usize, Guard)>,
    /// For each `drop`, that it drops an element.
    drops: Vec<Formula>,
    /// What is true where there is an element.
    has_element: Option<Guard>,
    element: Option<ElementPlace>,
}

impl<'m> MappingProver<'m, '_> {
    fn mapping(&mut self, id: MappingId, mapping: &'m Mapping) {
        self.builder.enter(id, mapping);
        let view = self.view(id, mapping);
        let is_alive = self.accepts(&view) && self.drops(&view);
        if is_alive {
            self.arms(&view);
        }
        self.builder.leave();
    }

    fn view(&mut self, id: MappingId, mapping: &'m Mapping) -> MappingView<'m> {
        let mut accepts = Vec::new();
        for (line, accept) in mapping.accept.iter().enumerate() {
            for part in accept.when.conjuncts() {
                let formula = self.builder.condition(part);
                accepts.push((line, Guard::new(GuardRole::Accepted, formula, part.span)));
            }
        }
        let drops = mapping.drops.iter().map(|drop| self.builder.condition(&drop.when)).collect();
        let element = ElementPlace::of(&mut self.builder, mapping);
        let has_element = has_element(&mut self.builder, id, mapping, element.as_ref())
            .map(|(formula, span)| Guard::new(GuardRole::Always, formula, span));
        MappingView { id, mapping, accepts, drops, has_element, element }
    }

    /// What holds for every payload for which the status is evaluated, and the lets of elements.
    fn accepted(view: &MappingView<'m>) -> Vec<Guard> {
        view.accepts.iter().map(|(_, guard)| *guard).chain(view.has_element).collect()
    }

    /// What holds where fields are evaluated: an element is not dropped, or is a recovery.
    fn kept(&mut self, view: &MappingView<'m>) -> Vec<Guard> {
        let mut guards = Self::accepted(view);
        let recovers = self.recovers(view);
        for (drop, line) in view.drops.iter().zip(&view.mapping.drops) {
            let formula = self.builder.formulas.or([drop.not(), recovers]);
            guards.push(Guard::new(GuardRole::NotDropped, formula, line.when.span));
        }
        guards
    }

    /// The payloads whose status may be Resolved.
    fn recovers(&mut self, view: &MappingView<'m>) -> Formula {
        let status = view.mapping.fields.iter().find(|(field, _)| *field == EventField::Status);
        let Some((_, status)) = status else { return Formula::TRUE };
        let mut parts = Vec::new();
        for case in self.builder.value(status) {
            let fires =
                matches!(&case.term, Term::Constant(literal) if *literal != Literal::Status(AlertStatus::Resolved));
            if !fires {
                parts.push(case.when);
            }
        }
        self.builder.formulas.or(parts)
    }

    /// Solves what must hold, with what holds for all payloads.
    fn solve(&mut self, guards: &[Guard]) -> SolveResult {
        let mut assertions: Vec<Formula> = guards.iter().map(|guard| guard.formula).collect();
        let structure = self.builder.structure(&assertions);
        assertions.extend(structure);
        self.solver.solve(&self.builder.formulas, &assertions)
    }

    fn is_never(&mut self, guards: &[Guard]) -> bool {
        matches!(self.solve(guards), SolveResult::None)
    }

    /// Looks for a payload that meets a part, and has it mapped.
    fn prove(
        &mut self,
        view: &MappingView<'m>,
        guards: &[Guard],
        meets: &dyn Fn(&PayloadOutcome) -> bool,
    ) -> PartProof {
        let solution = match self.solve(guards) {
            SolveResult::None => return PartProof::Never,
            SolveResult::Undecided(reason) => return PartProof::Undecided(reason),
            SolveResult::Solution(solution) => solution,
        };
        let witness = PayloadWitness::new(&self.builder.formulas, &solution, view.element.as_ref());
        if meets(&self.evaluate(view, &witness)) {
            PartProof::Met(Box::new(witness))
        } else {
            PartProof::Undecided(self.why_not_met(guards))
        }
    }

    /// Why a payload that was solved does not meet a part.
    fn why_not_met(&self, guards: &[Guard]) -> UndecidedReason {
        if self.is_followed(guards) { UndecidedReason::Unmet } else { UndecidedReason::NotFollowed }
    }

    /// Whether all values that guards are about are followed.
    fn is_followed(&self, guards: &[Guard]) -> bool {
        let formulas = &self.builder.formulas;
        let asked: Vec<Formula> = guards.iter().map(|guard| guard.formula).collect();
        variables(formulas, &asked).iter().all(|id| formulas.variable(*id).is_some_and(|it| !it.is_free()))
    }

    fn evaluate(&mut self, view: &MappingView<'m>, witness: &PayloadWitness) -> PayloadOutcome {
        self.solver.statistics.evaluations += 1;
        (self.evaluate)(witness, view.id)
    }

    /// Guards without which a contradiction would be none, as few as leaving them out one by one finds.
    fn few(&mut self, mut kept: Vec<Guard>) -> Vec<Guard> {
        let mut position = kept.len();
        while position > 0 {
            position -= 1;
            // What the part itself asks for belongs to each explanation.
            let is_fixed = |guard: &Guard| matches!(guard.role, GuardRole::Always | GuardRole::Own);
            let is_needed = kept.get(position).is_some_and(is_fixed);
            if is_needed {
                continue;
            }
            let mut fewer = kept.clone();
            fewer.remove(position);
            if self.is_never(&fewer) {
                kept = fewer;
            }
        }
        kept.retain(|guard| guard.role != GuardRole::Always);
        kept
    }
}
