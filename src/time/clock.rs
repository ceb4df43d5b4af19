//! The source of the current time. `ruleset::SystemClock` reads the system's clock; tests use their own clocks.

use super::Timestamp;

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// The current time, with a precision of one millisecond.
    fn now(&self) -> Timestamp;
}
