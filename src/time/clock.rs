//! What tells the time. The clock of the system is `ruleset::SystemClock`; tests bring their own.

use super::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time, to the millisecond.
    fn now(&self) -> Timestamp;
}
