//! `--effort`: how many steps proofs may take.

use crate::prove::ProofEffort;
use clap::Args;
use std::num::NonZeroU32;

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct EffortArguments {
    /// Let the proofs of the rules take so many times as many steps before they leave something undecided
    #[arg(long, value_name = "N", default_value_t = NonZeroU32::MIN)]
    effort: NonZeroU32,
}

impl EffortArguments {
    pub(super) fn effort(self) -> ProofEffort {
        ProofEffort::times(self.effort)
    }
}
