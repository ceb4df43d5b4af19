//! Requirements of a line that are quickly tested.

use crate::event::{AlertStatus, Severity};

/// How many shared conditions a guard can name.
pub const MAX_SHARED: usize = 48;

/// A set of combinations of a severity and a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeverityStatusSet(u8);

impl SeverityStatusSet {
    /// How many there are.
    pub const COUNT: usize = Severity::ALL.len() * AlertStatus::ALL.len();
    /// All of them.
    pub const ALL: Self = Self((1 << Self::COUNT) - 1);

    /// The position of a combination, from 0.
    #[must_use]
    pub fn position(severity: Severity, status: AlertStatus) -> usize {
        severity as usize * AlertStatus::ALL.len() + status as usize
    }

    /// The combinations for which something holds.
    #[must_use]
    pub fn of(holds: impl Fn(Severity, AlertStatus) -> bool) -> Self {
        let mut set = Self(0);
        for severity in Severity::ALL {
            for status in AlertStatus::ALL {
                set.0 |= u8::from(holds(severity, status)) << Self::position(severity, status);
            }
        }
        set
    }

    /// Whether the combination at that position is among them.
    #[must_use]
    pub fn holds(self, position: usize) -> bool {
        self.0 >> position & 1 == 1
    }

    /// Those that are in both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are in one of the sets.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are not in the set.
    #[must_use]
    pub fn others(self) -> Self {
        Self(!self.0 & Self::ALL.0)
    }
}

/// Requirements of a line: combinations of severity and status, and shared conditions; and whether a line that the
/// index found has no further ones.
#[derive(Debug, Clone, Copy)]
pub struct LineGuard(u64);

impl LineGuard {
    const IS_COMPLETE: u64 = 1 << 63;

    /// A guard; `shared` has a bit for each shared condition, by its number below [`MAX_SHARED`].
    #[must_use]
    pub fn new(combinations: SeverityStatusSet, shared: u64) -> Self {
        Self(u64::from(combinations.0) | (shared & ((1 << MAX_SHARED) - 1)) << 8)
    }

    /// The guard of a line that requires nothing else.
    #[must_use]
    pub fn complete(self) -> Self {
        Self(self.0 | Self::IS_COMPLETE)
    }

    /// Whether it allows the combination at that position.
    #[must_use]
    pub fn allows(self, position: usize) -> bool {
        self.0 >> position & 1 == 1
    }

    /// The shared conditions that must hold, a bit for each.
    #[must_use]
    pub fn shared(self) -> u64 {
        self.0 << 1 >> 9
    }

    /// Whether a line that the index found and that passes requires nothing else.
    #[must_use]
    pub fn is_complete(self) -> bool {
        self.0 & Self::IS_COMPLETE != 0
    }
}

#[cfg(test)]
mod tests {
    use super::{LineGuard, MAX_SHARED, SeverityStatusSet};
    use crate::event::{AlertStatus, Severity};

    #[test]
    fn a_guard_gives_back_what_it_was_made_of() {
        let urgent =
            SeverityStatusSet::of(|severity, status| severity == Severity::Critical && status == AlertStatus::Firing);
        let position = SeverityStatusSet::position(Severity::Critical, AlertStatus::Firing);
        let shared = 1 << (MAX_SHARED - 1) | 1;
        let guard = LineGuard::new(urgent, shared).complete();
        assert!(guard.allows(position) && guard.is_complete());
        assert_eq!(guard.shared(), shared);
        assert_eq!((0..SeverityStatusSet::COUNT).filter(|position| guard.allows(*position)).count(), 1);
        let other = LineGuard::new(urgent.others(), 0);
        assert!(!other.allows(position) && !other.is_complete() && other.shared() == 0);
        assert_eq!(urgent.or(urgent.others()), SeverityStatusSet::ALL);
    }
}
