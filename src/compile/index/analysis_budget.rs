//! How far the conditions of a line are analysed.

/// How deep a condition is analysed.
pub(super) const MAX_DEPTH: usize = 16;

/// How many conditions of a line are analysed: where defines use defines, few words stand for very many conditions.
const MAX_CONDITIONS: usize = 4096;

/// How many conditions of a line may still be analysed.
pub(super) struct AnalysisBudget(usize);

impl Default for AnalysisBudget {
    fn default() -> Self {
        Self(MAX_CONDITIONS)
    }
}

impl AnalysisBudget {
    /// Takes one off, if there is one left.
    pub(super) fn spend(&mut self) -> Option<()> {
        self.0 = self.0.checked_sub(1)?;
        Some(())
    }
}
