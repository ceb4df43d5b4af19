//! Findings, no more of them than memory and readers can take. A file of megabytes may hold a mistake in every word.

use super::{Diagnostic, DiagnosticLevel};
use crate::text::plural;
use std::fmt;

/// How many findings of one rule set are kept, errors first.
pub const MAX_FINDINGS: usize = 1_000;

/// How many warnings are kept for each finding that is kept in the end, because `allow` may still silence them.
const WARNINGS_BEFORE_ALLOW: usize = 16;

/// How many findings of each level there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FindingCounts {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
}

impl FindingCounts {
    /// The counts of these findings.
    #[must_use]
    pub fn of(diagnostics: &[Diagnostic]) -> Self {
        diagnostics.iter().fold(Self::default(), |counts, diagnostic| counts.and(diagnostic.level()))
    }

    /// With one more.
    fn and(mut self, level: DiagnosticLevel) -> Self {
        match level {
            DiagnosticLevel::Error => self.errors += 1,
            DiagnosticLevel::Warning => self.warnings += 1,
        }
        self
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self { errors: self.errors + more.errors, warnings: self.warnings + more.warnings }
    }

    /// How many there are.
    #[must_use]
    pub fn total(self) -> usize {
        self.errors + self.warnings
    }
}

/// `2 errors, 1 warning`.
impl fmt::Display for FindingCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.errors, self.warnings) {
            (0, 0) => f.write_str("no problems"),
            (0, warnings) => f.write_str(&plural(warnings, "warning")),
            (errors, 0) => f.write_str(&plural(errors, "error")),
            (errors, warnings) => write!(f, "{}, {}", plural(errors, "error"), plural(warnings, "warning")),
        }
    }
}

/// How many findings are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FindingLimit {
    /// The first [`MAX_FINDINGS`]; the rest is counted.
    #[default]
    First,
    /// All.
    All,
}

impl FindingLimit {
    fn most(self) -> usize {
        match self {
            Self::First => MAX_FINDINGS,
            Self::All => usize::MAX,
        }
    }
}

/// The findings so far.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    limit: FindingLimit,
    kept: Vec<Diagnostic>,
    counts: FindingCounts,
    left_out: FindingCounts,
}

impl Findings {
    /// None so far.
    #[must_use]
    pub fn new(limit: FindingLimit) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Adds a finding, or counts it.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let level = diagnostic.level();
        let most = self.limit.most();
        let is_kept = match level {
            DiagnosticLevel::Error => self.counts.errors < most,
            DiagnosticLevel::Warning => self.counts.warnings < most.saturating_mul(WARNINGS_BEFORE_ALLOW),
        };
        if is_kept {
            self.counts = self.counts.and(level);
            self.kept.push(diagnostic);
        } else {
            self.left_out = self.left_out.and(level);
        }
    }

    /// Lets a stage that reads back what it found add to the findings.
    pub fn add_with<T>(&mut self, find: impl FnOnce(&mut Vec<Diagnostic>) -> T) -> T {
        let before = self.kept.len();
        let result = find(&mut self.kept);
        let found = self.kept.split_off(before.min(self.kept.len()));
        self.extend(found);
        result
    }

    /// The findings that are kept.
    #[must_use]
    pub fn kept(&self) -> &[Diagnostic] {
        &self.kept
    }

    /// How many there are, with those that are left out.
    #[must_use]
    pub fn count(&self) -> usize {
        self.counts.plus(self.left_out).total()
    }

    /// Whether one is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.counts.errors > 0
    }

    /// Whether some are left out.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.left_out.total() > 0
    }

    /// Removes the findings that do not fit a condition.
    pub fn retain(&mut self, fits: impl FnMut(&Diagnostic) -> bool) {
        self.kept.retain(fits);
        self.counts = FindingCounts::of(&self.kept);
    }

    /// Sorts the findings by files and places, and removes duplicates.
    pub fn sort(&mut self) {
        let message = |a: &Diagnostic, b: &Diagnostic| a.message.cmp(&b.message);
        self.kept.sort_by(|a, b| (a.span, a.code.id).cmp(&(b.span, b.code.id)).then_with(|| message(a, b)));
        self.kept.dedup_by(|a, b| a.span == b.span && a.code == b.code && a.message == b.message);
        self.counts = FindingCounts::of(&self.kept);
    }

    /// The findings that are kept in the end, and the counts of the rest. Errors have precedence over warnings.
    #[must_use]
    pub fn finish(mut self) -> (Vec<Diagnostic>, FindingCounts) {
        let mut room = self.limit.most().saturating_sub(self.counts.errors);
        let mut left_out = self.left_out;
        self.kept.retain(|diagnostic| {
            let is_kept = diagnostic.level() == DiagnosticLevel::Error || room > 0;
            if diagnostic.level() == DiagnosticLevel::Warning {
                room = room.saturating_sub(1);
            }
            if !is_kept {
                left_out = left_out.and(diagnostic.level());
            }
            is_kept
        });
        (self.kept, left_out)
    }
}

impl Extend<Diagnostic> for Findings {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, more: I) {
        more.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }
}
