//! The search for what propagation leaves open: a SAT solver proposes atoms, and the theories check them.

use super::check::Checked;
use super::{AtomLiterals, SolveResult, Solver};
use crate::prove::formula::{Formula, FormulaAtom, FormulaNode, Formulas};
use crate::prove::undecided::UndecidedReason;
use batsat::{Callbacks, ClauseKind, Lit, SolverInterface, SolverOpts, lbool};
use foldhash::HashMap;
use std::collections::BTreeMap;

/// How often the theories refuse what the SAT solver proposes, for one question.
const MAX_ROUNDS: usize = 10_000;

/// How many steps a round, and a conflict of a SAT solver, count for.
const ROUND_STEPS: usize = 1_000;

/// How many conflicts a SAT solver may have, for one question.
const MAX_CONFLICTS: usize = 10_000;

impl Solver {
    pub(super) fn search(&mut self, formulas: &Formulas, assertions: &[Formula]) -> SolveResult {
        self.statistics.searches += 1;
        let mut encoding = Encoding::new(formulas);
        for assertion in assertions {
            encoding.assert(*assertion);
        }
        let mut undecided = None;
        for _ in 0..MAX_ROUNDS {
            self.statistics.rounds += 1;
            let before = encoding.solver.cb().conflicts;
            let found = encoding.solver.solve_limited(&[]);
            self.spend(ROUND_STEPS * (1 + encoding.solver.cb().conflicts.saturating_sub(before)));
            if let Some(reason) = self.is_spent() {
                return SolveResult::Undecided(reason);
            }
            if found == lbool::FALSE {
                return undecided.map_or(SolveResult::None, SolveResult::Undecided);
            }
            if found != lbool::TRUE {
                return SolveResult::Undecided(UndecidedReason::Conflicts(MAX_CONFLICTS));
            }
            let literals = encoding.needed(assertions);
            match self.check(formulas, &literals) {
                Checked::Solution(solution) => return SolveResult::Solution(solution),
                Checked::Conflict(conflicts) => conflicts.iter().for_each(|conflict| encoding.exclude(conflict)),
                Checked::Undecided(reason, literals) => {
                    encoding.exclude(&literals);
                    undecided = undecided.or(Some(reason));
                }
            }
        }
        SolveResult::Undecided(UndecidedReason::Conflicts(MAX_ROUNDS))
    }
}

/// Stops a SAT solver after [`MAX_CONFLICTS`].
#[derive(Default)]
struct ConflictLimit {
    conflicts: usize,
}

impl Callbacks for ConflictLimit {
    fn on_new_clause(&mut self, _: &[Lit], _: ClauseKind) {
        self.conflicts += 1;
    }

    fn stop(&self) -> bool {
        self.conflicts > MAX_CONFLICTS
    }
}

/// Formulas as clauses.
struct Encoding<'f> {
    formulas: &'f Formulas,
    solver: batsat::Solver<ConflictLimit>,
    nodes: HashMap<usize, Lit>,
    atoms: BTreeMap<FormulaAtom, Lit>,
}

impl<'f> Encoding<'f> {
    fn new(formulas: &'f Formulas) -> Self {
        let solver = batsat::Solver::new(SolverOpts::default(), ConflictLimit::default());
        Self { formulas, solver, nodes: HashMap::default(), atoms: BTreeMap::new() }
    }

    /// The formula holds.
    fn assert(&mut self, formula: Formula) {
        if let (FormulaNode::And(parts), false) = (self.formulas.node(formula), formula.is_negated()) {
            parts.iter().for_each(|part| self.assert(*part));
            return;
        }
        if let (FormulaNode::And(parts), true) = (self.formulas.node(formula), formula.is_negated()) {
            let mut clause: Vec<Lit> = parts.iter().map(|part| !self.literal(*part)).collect();
            self.solver.add_clause_reuse(&mut clause);
            return;
        }
        let literal = self.literal(formula);
        self.solver.add_clause_reuse(&mut vec![literal]);
    }

    /// A literal that stands for a formula.
    fn literal(&mut self, formula: Formula) -> Lit {
        let node = match self.nodes.get(&formula.node()) {
            Some(known) => *known,
            None => self.add(formula),
        };
        if formula.is_negated() { !node } else { node }
    }

    fn add(&mut self, formula: Formula) -> Lit {
        let literal = Lit::new(self.solver.new_var_default(), true);
        self.nodes.insert(formula.node(), literal);
        match self.formulas.node(formula) {
            FormulaNode::True => _ = self.solver.add_clause_reuse(&mut vec![literal]),
            FormulaNode::Atom(atom) => _ = self.atoms.insert(*atom, literal),
            FormulaNode::And(parts) => {
                let parts: Vec<Lit> = parts.iter().map(|part| self.literal(*part)).collect();
                for part in &parts {
                    self.solver.add_clause_reuse(&mut vec![!literal, *part]);
                }
                let mut clause: Vec<Lit> = parts.iter().map(|part| !*part).collect();
                clause.push(literal);
                self.solver.add_clause_reuse(&mut clause);
            }
        }
        literal
    }

    /// Not all of these hold.
    fn exclude(&mut self, literals: &AtomLiterals) {
        let mut clause: Vec<Lit> = literals
            .iter()
            .filter_map(|(atom, holds)| self.atoms.get(atom).map(|literal| if *holds { !*literal } else { *literal }))
            .collect();
        self.solver.add_clause_reuse(&mut clause);
    }

    /// Atoms of the solver's model that are enough for the formulas, sorted.
    fn needed(&self, assertions: &[Formula]) -> AtomLiterals {
        let mut chosen = BTreeMap::new();
        let mut waiting: Vec<Formula> = assertions.iter().rev().copied().collect();
        let mut choices = Vec::new();
        loop {
            while let Some(formula) = waiting.pop() {
                match self.formulas.node(formula) {
                    FormulaNode::True => {}
                    FormulaNode::Atom(atom) => _ = chosen.insert(*atom, !formula.is_negated()),
                    FormulaNode::And(parts) if !formula.is_negated() => waiting.extend(parts.iter().rev()),
                    FormulaNode::And(parts) => choices.push(parts),
                }
            }
            // What must hold comes first, so that choices can use it.
            let Some(parts) = choices.pop() else { break };
            let is_chosen = |part: &Formula| {
                self.formulas.as_atom(*part).is_some_and(|(atom, negated)| chosen.get(&atom) == Some(&negated))
            };
            if parts.iter().any(is_chosen) {
                continue;
            }
            let mut possible = parts.iter().filter(|part| self.is_false(**part));
            let first = possible.clone().next();
            let absent = possible.find(|part| self.formulas.as_atom(**part).is_some_and(|(_, negated)| !negated));
            waiting.extend(absent.or(first).map(|part| part.not()));
        }
        chosen.into_iter().collect()
    }

    fn is_false(&self, formula: Formula) -> bool {
        let Some(literal) = self.nodes.get(&formula.node()) else { return false };
        let value = self.solver.value_lit(if formula.is_negated() { !*literal } else { *literal });
        value == lbool::FALSE
    }
}
