//! How much work and memory a timeline may use.

use std::fmt;

/// How many alerts and messages a timeline may look at: some seconds of work.
const MAX_WORK: usize = 5_000_000;
/// How many bytes of text it may keep at a time.
const MAX_BYTES: usize = 64 << 20;

/// What a timeline may still use. The timelines of one test share one; its limits are those of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimelineBudget {
    work: usize,
    bytes: usize,
    /// The most bytes.
    most: usize,
}

/// What a timeline used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimelineLimit {
    /// The work.
    Work,
    /// The memory.
    Memory,
}

impl Default for TimelineBudget {
    fn default() -> Self {
        Self { work: MAX_WORK, bytes: MAX_BYTES, most: MAX_BYTES }
    }
}

impl TimelineBudget {
    /// So many bytes of memory and any work, for what is played outside of tests.
    #[must_use]
    pub fn of_memory(bytes: usize) -> Self {
        Self { work: usize::MAX, bytes, most: bytes }
    }

    /// The same, with all of the memory: what another timeline kept is gone.
    #[must_use]
    pub fn renewed(self) -> Self {
        Self { bytes: self.most, ..self }
    }

    /// Uses work.
    pub(super) fn work(&mut self, units: usize) -> Result<(), TimelineLimit> {
        self.work = self.work.checked_sub(units).ok_or(TimelineLimit::Work)?;
        Ok(())
    }

    /// Uses memory.
    pub(super) fn keep(&mut self, bytes: usize) -> Result<(), TimelineLimit> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(TimelineLimit::Memory)?;
        Ok(())
    }

    /// Gives memory back.
    pub(super) fn free(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes).min(self.most);
    }
}

impl fmt::Display for TimelineLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Work => f.write_str("it takes more work than a test may use"),
            Self::Memory => write!(f, "its alerts and messages take more than {} MiB", MAX_BYTES >> 20),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, MAX_WORK, TimelineBudget, TimelineLimit};

    #[test]
    fn work_is_used_up_and_memory_comes_back() {
        let mut budget = TimelineBudget::default();
        assert_eq!(budget.work(MAX_WORK), Ok(()));
        assert_eq!(budget.work(1), Err(TimelineLimit::Work));
        assert_eq!(budget.keep(MAX_BYTES), Ok(()));
        assert_eq!(budget.keep(1), Err(TimelineLimit::Memory));
        budget.free(1);
        assert_eq!(budget.keep(1), Ok(()));
        assert_eq!(budget.renewed().keep(MAX_BYTES), Ok(()));
        assert_eq!(budget.renewed().work(1), Err(TimelineLimit::Work));
    }
}
