//! Asks the theories for values of all variables together.

use super::label_count::{LabelCount, MOST_LABELS, count_labels};
use super::{AtomLiterals, Solution, Solver};
use crate::prove::formula::{Constraint, FormulaAtom, Formulas, VariableId};
use crate::prove::theory::{ConstraintLiteral, TheoryAnswer, VariableValue};
use crate::prove::undecided::UndecidedReason;
use std::collections::{BTreeMap, BTreeSet};

/// What the theories find.
pub(super) enum Checked {
    /// Values that meet all constraints.
    Solution(Solution),
    /// Sets of atoms that no values meet.
    Conflict(Vec<AtomLiterals>),
    /// Nothing is known about these atoms.
    Undecided(UndecidedReason, AtomLiterals),
}

impl Solver {
    /// Values for atoms, which are sorted and without repetitions.
    pub(super) fn check(&mut self, formulas: &Formulas, literals: &[(FormulaAtom, bool)]) -> Checked {
        let groups = Groups::of(formulas, literals);
        let mut solution = Solution::default();
        let mut conflicts = Vec::new();
        let mut undecided = None;
        for group in groups.all.values() {
            let (constraints, owners) = group.constraints(formulas);
            let Some(first) = group.variables.first().copied() else { continue };
            let variable = group.strictest(formulas).unwrap_or(first);
            match self.theories.decide(formulas, variable, constraints) {
                TheoryAnswer::Value(value) => {
                    solution.values.extend(group.variables.iter().map(|variable| (*variable, value.clone())));
                }
                TheoryAnswer::Conflict(positions) => {
                    let mut conflict: AtomLiterals =
                        positions.iter().filter_map(|position| owners.get(*position)).flatten().copied().collect();
                    conflict.extend_from_slice(&group.joins);
                    conflicts.push(conflict);
                }
                TheoryAnswer::Undecided(reason) => {
                    undecided = undecided.or_else(|| Some((reason, group.literals.clone())));
                }
            }
        }
        if conflicts.is_empty() {
            match count_labels(formulas, literals, &solution) {
                LabelCount::Further(labels) => solution.further_labels = labels,
                LabelCount::Conflict(conflict) => conflicts.push(conflict),
                LabelCount::Undecided(literals) => {
                    undecided = undecided.or(Some((UndecidedReason::ManyLabels(MOST_LABELS), literals)));
                }
            }
        }
        if !conflicts.is_empty() {
            return Checked::Conflict(conflicts);
        }
        if let Some((reason, literals)) = undecided {
            return Checked::Undecided(reason, literals);
        }
        self.keep_apart(formulas, literals, &groups, solution)
    }

    /// Changes values that must differ and do not.
    fn keep_apart(
        &mut self,
        formulas: &Formulas,
        literals: &[(FormulaAtom, bool)],
        groups: &Groups,
        mut solution: Solution,
    ) -> Checked {
        let pairs: Vec<(VariableId, VariableId, (FormulaAtom, bool))> = literals
            .iter()
            .filter(|(_, holds)| !holds)
            .filter_map(|literal| match formulas.constraint(literal.0.constraint) {
                Some(Constraint::Same(other)) => Some((literal.0.variable, *other, *literal)),
                _ => None,
            })
            .collect();
        for (one, two, literal) in &pairs {
            if groups.leader(*one) == groups.leader(*two) && one != two {
                let joins = groups.all.get(&groups.leader(*one)).map(|group| group.joins.clone()).unwrap_or_default();
                return Checked::Conflict(vec![joins.into_iter().chain([*literal]).collect()]);
            }
        }
        // A change may bring two other values together, so all pairs are looked at again.
        for _ in 0..=pairs.len() {
            let Some((one, two, _)) = pairs.iter().find(|(one, two, _)| solution.are_equal(*one, *two)) else {
                return Checked::Solution(solution);
            };
            if !self.change(formulas, groups, *one, &mut solution)
                && !self.change(formulas, groups, *two, &mut solution)
            {
                break;
            }
        }
        if pairs.iter().any(|(one, two, _)| solution.are_equal(*one, *two)) {
            return Checked::Undecided(UndecidedReason::FewTexts, literals.to_vec());
        }
        Checked::Solution(solution)
    }

    fn change(&self, formulas: &Formulas, groups: &Groups, variable: VariableId, solution: &mut Solution) -> bool {
        let leader = groups.leader(variable);
        let Some(VariableValue::Text(text)) = solution.values.get(&variable).cloned() else { return false };
        let (constraints, variables) = match groups.all.get(&leader) {
            Some(group) => (group.constraints(formulas).0, group.variables.clone()),
            None => (Vec::new(), vec![variable]),
        };
        let Some(other) = self.theories.another_text(formulas, &constraints, &text) else { return false };
        for variable in variables {
            solution.values.insert(variable, VariableValue::Text(other.clone()));
        }
        true
    }
}

impl Solution {
    fn are_equal(&self, one: VariableId, two: VariableId) -> bool {
        match (self.values.get(&one), self.values.get(&two)) {
            (Some(VariableValue::Text(one)), Some(VariableValue::Text(two))) => one == two,
            _ => false,
        }
    }
}

/// Variables that have the same value, with what is said of them.
#[derive(Debug, Default)]
struct Group {
    variables: Vec<VariableId>,
    literals: AtomLiterals,
    /// What joins them.
    joins: AtomLiterals,
}

impl Group {
    /// The constraints in order, and the atoms that each comes from.
    fn constraints(&self, _: &Formulas) -> (Vec<ConstraintLiteral>, Vec<AtomLiterals>) {
        let mut all: BTreeMap<ConstraintLiteral, AtomLiterals> = BTreeMap::new();
        for literal in &self.literals {
            let constraint = ConstraintLiteral { constraint: literal.0.constraint, holds: literal.1 };
            all.entry(constraint).or_default().push(*literal);
        }
        all.into_iter().unzip()
    }

    /// A variable that is never missing, if there is one.
    fn strictest(&self, formulas: &Formulas) -> Option<VariableId> {
        self.variables
            .iter()
            .copied()
            .find(|variable| formulas.variable(*variable).is_some_and(|variable| !variable.may_be_missing()))
    }
}

/// All variables, in groups.
#[derive(Debug, Default)]
struct Groups {
    all: BTreeMap<VariableId, Group>,
    leaders: BTreeMap<VariableId, VariableId>,
}

impl Groups {
    fn of(formulas: &Formulas, literals: &[(FormulaAtom, bool)]) -> Self {
        let mut groups = Self::default();
        let mut joins = Vec::new();
        for literal in literals {
            if let Some(Constraint::Same(other)) = formulas.constraint(literal.0.constraint) {
                groups.join(literal.0.variable, *other, literal.1);
                joins.push((*literal, *other));
            }
        }
        for literal in literals {
            let leader = groups.leader(literal.0.variable);
            let group = groups.all.entry(leader).or_default();
            group.literals.push(*literal);
            group.variables.push(literal.0.variable);
        }
        for (literal, other) in joins {
            // The other of two that differ has a value only if something else asks for one.
            if literal.1 {
                let leader = groups.leader(other);
                let group = groups.all.entry(leader).or_default();
                group.variables.push(other);
                group.joins.push(literal);
            }
        }
        for group in groups.all.values_mut() {
            group.variables = BTreeSet::from_iter(std::mem::take(&mut group.variables)).into_iter().collect();
        }
        groups
    }

    fn leader(&self, variable: VariableId) -> VariableId {
        let mut leader = variable;
        while let Some(next) = self.leaders.get(&leader) {
            leader = *next;
        }
        leader
    }

    fn join(&mut self, one: VariableId, two: VariableId, holds: bool) {
        let (one, two) = (self.leader(one), self.leader(two));
        if holds && one != two {
            self.leaders.insert(one.max(two), one.min(two));
        }
    }
}
