//! The two clocks of delivery, and chance: pauses are measured by the monotonic one, so that a jump of the wall clock
//! moves none of them; the ledger's times are the wall clock's.

#![expect(clippy::disallowed_methods, reason = "delivery waits and signs by the clock")]

use crate::time;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Reads the clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    /// Counts from now.
    pub(super) fn new() -> Self {
        Self { start: Instant::now() }
    }

    /// Milliseconds since the clock was made.
    pub(super) fn now(self) -> u64 {
        milliseconds(self.start.elapsed())
    }

    /// The moment that so many milliseconds mean.
    pub(super) fn moment(self, at: u64) -> tokio::time::Instant {
        let far = self.start + Duration::from_hours(24 * 365);
        self.start.checked_add(Duration::from_millis(at)).unwrap_or(far).into()
    }
}

/// Milliseconds since 1970.
pub(super) fn wall() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Milliseconds since 1970 as a time; nothing where the clock shows none that can be used.
pub(super) fn time(wall: i64) -> Option<time::Instant> {
    time::Instant::from_whole_epoch(u64::try_from(wall).ok()?)
}

/// A random number. Where the system has none, all pauses are of middle length.
pub(super) fn chance() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX / 2)
}

/// A duration in milliseconds.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
