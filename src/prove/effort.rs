//! How many steps the proofs of a rule set may take.

use std::num::NonZeroU32;

/// The steps of all questions about one rule set. The largest sets of the benchmarks take a hundredth of it.
const STEPS: u64 = 1_000_000_000;

/// What proofs of a rule set may take before what is left stays undecided. One is enough for rules that people write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProofEffort(NonZeroU32);

impl ProofEffort {
    /// So many times as much as by default.
    #[must_use]
    pub fn times(factor: NonZeroU32) -> Self {
        Self(factor)
    }

    /// Twice as much.
    #[must_use]
    pub(super) fn twice(self) -> NonZeroU32 {
        self.0.saturating_add(self.0.get())
    }

    /// The largest number of steps.
    #[must_use]
    pub(super) fn steps(self) -> u64 {
        STEPS.saturating_mul(self.0.get().into())
    }
}

impl Default for ProofEffort {
    fn default() -> Self {
        Self(NonZeroU32::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::ProofEffort;
    use crate::pattern::language::SearchLimits;
    use crate::prove::formula::{Formula, Formulas};
    use crate::prove::solver::{SolveResult, Solver};
    use std::num::NonZeroU32;

    #[test]
    fn nothing_is_decided_once_all_steps_are_used_up() {
        let (formulas, limits) = (Formulas::default(), SearchLimits::default());
        let effort = ProofEffort::times(NonZeroU32::MIN.saturating_add(2));
        let mut solver = Solver::new(limits.clone(), effort);
        assert!(matches!(solver.solve(&formulas, &[Formula::TRUE]), SolveResult::Solution(_)));
        solver.spend(usize::MAX);
        let SolveResult::Undecided(reason) = solver.solve(&formulas, &[Formula::FALSE]) else {
            panic!("all steps are used up");
        };
        assert!(reason.to_string().ends_with("`--effort 6` allows twice as many"), "{reason}");
        // Copies of the limits count together.
        assert_eq!(limits.counter.steps(), u64::MAX);
        assert!(matches!(
            Solver::new(SearchLimits::default(), effort).solve(&formulas, &[Formula::FALSE]),
            SolveResult::None
        ));
    }
}
