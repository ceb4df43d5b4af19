//! What must hold so that some formulas hold.

use crate::prove::formula::{Formula, FormulaAtom, FormulaNode, Formulas};
use foldhash::HashMap;

/// How often all clauses are looked at. What is not found then is left to the search.
const MAX_PASSES: usize = 12;

/// The atoms that must hold or not hold, and what is left open.
#[derive(Debug, Default)]
pub(super) struct Assignment {
    known: HashMap<usize, bool>,
    atoms: Vec<(FormulaAtom, bool)>,
    /// Formulas that hold if one of their parts does: negated conjunctions.
    pub(super) pending: Vec<Formula>,
}

impl Assignment {
    /// Takes formulas apart. None if they contradict each other.
    pub(super) fn of(formulas: &Formulas, assertions: &[Formula]) -> Option<Self> {
        let mut assignment = Self::default();
        for assertion in assertions {
            assignment.assert(formulas, *assertion)?;
        }
        for _ in 0..MAX_PASSES {
            if !assignment.propagate(formulas)? {
                break;
            }
        }
        Some(assignment)
    }

    /// The atoms, each once, in their order.
    pub(super) fn literals(&self) -> Vec<(FormulaAtom, bool)> {
        let mut literals = self.atoms.clone();
        literals.sort_unstable();
        literals
    }

    fn assert(&mut self, formulas: &Formulas, assertion: Formula) -> Option<()> {
        let mut waiting = vec![assertion];
        while let Some(formula) = waiting.pop() {
            let holds = !formula.is_negated();
            if let Some(known) = self.known.insert(formula.node(), holds) {
                if known != holds {
                    return None;
                }
                continue;
            }
            match formulas.node(formula) {
                FormulaNode::True if holds => {}
                FormulaNode::True => return None,
                FormulaNode::Atom(atom) => self.atoms.push((*atom, holds)),
                FormulaNode::And(parts) if holds => waiting.extend_from_slice(parts),
                FormulaNode::And(_) => self.pending.push(formula),
            }
        }
        Some(())
    }

    /// Looks at every clause once. Says whether something was found.
    fn propagate(&mut self, formulas: &Formulas) -> Option<bool> {
        let mut is_changed = false;
        for clause in std::mem::take(&mut self.pending) {
            let FormulaNode::And(parts) = formulas.node(clause) else { continue };
            let mut open = Vec::new();
            let mut is_met = false;
            for part in parts {
                match self.value(formulas, *part) {
                    Some(true) => {}
                    Some(false) => {
                        is_met = true;
                        break;
                    }
                    None => open.push(*part),
                }
            }
            match *open {
                _ if is_met => {}
                [] => return None,
                [one] => {
                    is_changed = true;
                    self.assert(formulas, one.not())?;
                }
                [..] => self.pending.push(clause),
            }
        }
        Some(is_changed)
    }

    fn value(&self, formulas: &Formulas, formula: Formula) -> Option<bool> {
        if let Some(known) = self.known.get(&formula.node()) {
            return Some(*known != formula.is_negated());
        }
        match formulas.node(formula) {
            FormulaNode::True => Some(!formula.is_negated()),
            FormulaNode::Atom(_) => None,
            FormulaNode::And(parts) => {
                let mut all = Some(true);
                for part in parts {
                    match self.value(formulas, *part) {
                        Some(true) => {}
                        Some(false) => {
                            all = Some(false);
                            break;
                        }
                        None => all = None,
                    }
                }
                all.map(|all| all != formula.is_negated())
            }
        }
    }
}
