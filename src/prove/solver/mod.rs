//! Solves formulas: finds values of the variables of an event, or shows that there are none.
//!
//! Most questions need no search: the formulas are taken apart, what must hold is passed on, and the theories are asked for
//! values. What is left goes to a SAT solver, whose answers the theories check.

mod assignment;
mod check;
mod label_count;
mod search;

use super::effort::ProofEffort;
use super::formula::{Formula, FormulaAtom, Formulas, Variable, VariableId};
use super::theory::{Theories, VariableValue, meets};
use super::undecided::UndecidedReason;
use crate::model::EventField;
use crate::pattern::language::{SearchLimits, StepCounter};
use assignment::Assignment;
use check::Checked;
use std::collections::BTreeMap;

/// Atoms that hold or do not hold.
type AtomLiterals = Vec<(FormulaAtom, bool)>;

/// The result of a question.
#[derive(Debug)]
pub(super) enum SolveResult {
    /// Values that meet all formulas.
    Solution(Solution),
    /// There are none.
    None,
    /// It is not known.
    Undecided(UndecidedReason),
}

/// Values of variables. A variable without a value has its default.
#[derive(Debug, Clone, Default)]
pub(super) struct Solution {
    pub(super) values: BTreeMap<VariableId, VariableValue>,
    /// How many labels the event needs that no condition names.
    pub(super) further_labels: usize,
}

/// What the questions of a rule set took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProofStatistics {
    /// Questions to the solver.
    pub questions: usize,
    /// Questions for which a SAT solver was needed.
    pub searches: usize,
    /// Rounds between the SAT solver and the theories.
    pub rounds: usize,
    /// Questions to the theories.
    pub theory_questions: usize,
    /// Those of them that were not asked before.
    pub theory_searches: usize,
    /// Events that were evaluated.
    pub evaluations: usize,
    /// Steps of all of that, which [`ProofEffort`] limits.
    pub steps: u64,
}

/// How many steps a question counts for, besides those for each formula and each search.
const QUESTION_STEPS: usize = 100;

/// The solver of a rule set.
#[derive(Debug)]
pub(super) struct Solver {
    pub(super) theories: Theories,
    pub(super) statistics: ProofStatistics,
    effort: ProofEffort,
}

impl Solver {
    pub(super) fn new(limits: SearchLimits, effort: ProofEffort) -> Self {
        Self { theories: Theories::new(limits), statistics: ProofStatistics::default(), effort }
    }

    /// Counts steps of what is not solved.
    pub(super) fn spend(&mut self, steps: usize) {
        self.counter().add(steps);
        self.statistics.steps = self.counter().steps();
    }

    /// Why nothing more is asked, if all steps are used up.
    pub(super) fn is_spent(&self) -> Option<UndecidedReason> {
        (self.counter().steps() > self.effort.steps()).then_some(UndecidedReason::Effort(self.effort))
    }

    fn counter(&self) -> &StepCounter {
        &self.theories.limits.counter
    }

    /// Solves formulas that must all hold. Nothing is decided once all steps are used up.
    pub(super) fn solve(&mut self, formulas: &Formulas, assertions: &[Formula]) -> SolveResult {
        if let Some(reason) = self.is_spent() {
            return SolveResult::Undecided(reason);
        }
        self.statistics.questions += 1;
        self.spend(QUESTION_STEPS + assertions.len());
        let Some(mut assignment) = Assignment::of(formulas, assertions) else { return SolveResult::None };
        let result = self.solve_assignment(formulas, assertions, &mut assignment);
        self.statistics.theory_questions = self.theories.asked;
        self.statistics.theory_searches = self.theories.searched;
        self.statistics.steps = self.counter().steps();
        result
    }

    /// Solves formulas that have nothing to do with those of other questions: no answer is kept for them.
    pub(super) fn solve_apart(&mut self, formulas: &Formulas, assertions: &[Formula]) -> SolveResult {
        let limits = self.theories.limits.clone();
        let kept = std::mem::replace(&mut self.theories, Theories::new(limits));
        let result = self.solve(formulas, assertions);
        self.theories = kept;
        result
    }

    fn solve_assignment(
        &mut self,
        formulas: &Formulas,
        assertions: &[Formula],
        assignment: &mut Assignment,
    ) -> SolveResult {
        match self.check(formulas, &assignment.literals()) {
            Checked::Conflict(_) => SolveResult::None,
            Checked::Undecided(reason, _) => SolveResult::Undecided(reason),
            Checked::Solution(solution) => {
                let view = SolutionView { formulas, limits: &self.theories.limits, solution: &solution };
                assignment.pending.retain(|clause| view.holds(*clause) != Some(true));
                if assignment.pending.is_empty() {
                    SolveResult::Solution(solution)
                } else {
                    self.search(formulas, assertions)
                }
            }
        }
    }
}

/// The event of a solution: what it leaves open has its default.
struct SolutionView<'v> {
    formulas: &'v Formulas,
    limits: &'v SearchLimits,
    solution: &'v Solution,
}

impl SolutionView<'_> {
    /// Whether a formula holds. None if that is not known.
    fn holds(&self, formula: Formula) -> Option<bool> {
        use super::formula::FormulaNode;
        let holds = match self.formulas.node(formula) {
            FormulaNode::True => Some(true),
            FormulaNode::Atom(atom) => self.atom_holds(*atom),
            FormulaNode::And(parts) => {
                let mut all = Some(true);
                for part in parts {
                    match self.holds(*part) {
                        Some(true) => {}
                        Some(false) => {
                            all = Some(false);
                            break;
                        }
                        None => all = None,
                    }
                }
                all
            }
        };
        holds.map(|holds| holds != formula.is_negated())
    }

    fn atom_holds(&self, atom: FormulaAtom) -> Option<bool> {
        let default;
        let value = if let Some(value) = self.solution.values.get(&atom.variable) {
            value
        } else {
            default = default_value(self.formulas.variable(atom.variable)?)?;
            &default
        };
        meets(value, self.formulas.constraint(atom.constraint)?, self.formulas, self.limits)
    }
}

/// What an event has where nothing is said. None where that is not known.
pub(super) fn default_value(variable: &Variable) -> Option<VariableValue> {
    match variable {
        Variable::Label(_) | Variable::Header(_) | Variable::PathSuffix => Some(VariableValue::Missing),
        Variable::Node(place) => (!place.steps.is_empty()).then_some(VariableValue::Missing),
        Variable::Now => Some(VariableValue::Time(super::defaults::default_time())),
        Variable::OpaqueText(_) | Variable::Statement(_) | Variable::Written(..) => None,
        Variable::Field(field) => match field {
            EventField::Severity => Some(VariableValue::Constant(1)),
            EventField::Status => Some(VariableValue::Constant(0)),
            EventField::Title => Some(VariableValue::Text(super::defaults::DEFAULT_TITLE.to_owned())),
            EventField::Key => Some(VariableValue::Text(super::defaults::DEFAULT_KEY.to_owned())),
            EventField::Source => Some(VariableValue::Text(super::defaults::DEFAULT_SOURCE.to_owned())),
            EventField::Description
            | EventField::Link
            | EventField::Integration
            | EventField::StartsAt
            | EventField::EndsAt => Some(VariableValue::Missing),
            EventField::Labels | EventField::Notes => None,
        },
    }
}
