//! The time of timers: it never goes back, neither at a restart nor where the wall clock is set.

#![expect(clippy::disallowed_methods, reason = "timers run on the monotonic clock")]

use crate::time::Timestamp;
use std::time::Instant;

/// The wall clock at the start, but never earlier than the last time that is stored; then the monotonic clock. To the
/// millisecond.
#[derive(Debug)]
pub(super) struct SteadyClock {
    start: Timestamp,
    began: Instant,
}

impl SteadyClock {
    /// Begins at the time of the wall clock, or at the last stored time where that is later.
    pub(super) fn new(wall: Timestamp, stored: Option<Timestamp>) -> Self {
        Self { start: stored.map_or(wall, |stored| stored.max(wall)), began: Instant::now() }
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        let now = self.start.saturating_add(self.began.elapsed());
        Timestamp::from_epoch_milliseconds(now.epoch_milliseconds())
    }
}

#[cfg(test)]
mod tests {
    use super::SteadyClock;
    use crate::time::Timestamp;

    #[test]
    fn time_does_not_go_back_at_a_restart() {
        let at = Timestamp::from_epoch_milliseconds;
        assert!(SteadyClock::new(at(5_000), Some(at(9_000))).now() >= at(9_000));
        assert!(SteadyClock::new(at(9_000), Some(at(5_000))).now() >= at(9_000));
        assert!(SteadyClock::new(at(9_000), None).now() < at(60_000));
    }
}
