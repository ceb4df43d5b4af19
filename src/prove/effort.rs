//! How many steps the proofs of a rule set may take.

use std::num::NonZeroU32;

/// The steps of all questions about one rule set. The largest sets of the benchmarks take a hundredth of it.
const STEPS: u64 = 10_000_000_000;

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
