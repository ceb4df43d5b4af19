//! Time in which events can be heard: it stands still while the gateway does not listen, so that its own absence is nobody
//! else's.

use crate::mutant::Mutant;
use crate::time::Timestamp;
use std::time::Duration;

/// For how long events could be heard, since the state began. To the millisecond.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListeningTime(pub u64);

impl ListeningTime {
    /// So much later.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(milliseconds(duration)))
    }

    /// So much earlier, but not before the beginning.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(milliseconds(duration)))
    }

    /// From an earlier one to this one.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What is kept of the clock while nothing listens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockRecord {
    /// The steady time at which it was noted.
    pub steady: Timestamp,
    /// The listening time then.
    pub listened: ListeningTime,
}

/// Listening time, counted by steady time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListeningClock {
    record: ClockRecord,
}

impl ListeningClock {
    /// Listens from that steady time on. What lies between the record and it does not count.
    #[must_use]
    pub fn after(record: ClockRecord, steady: Timestamp) -> Self {
        let away = steady.saturating_duration_since(record.steady);
        let listened =
            if Mutant::BeatWhileAway.is_on() { record.listened.saturating_add(away) } else { record.listened };
        Self { record: ClockRecord { steady, listened } }
    }

    /// The listening time at a steady time.
    #[must_use]
    pub fn at(&self, steady: Timestamp) -> ListeningTime {
        self.record.listened.saturating_add(steady.saturating_duration_since(self.record.steady))
    }

    /// What is kept of it at a steady time.
    #[must_use]
    pub fn record(&self, steady: Timestamp) -> ClockRecord {
        ClockRecord { steady, listened: self.at(steady) }
    }

    /// The steady time at which so much is listened, if nothing stops it.
    #[must_use]
    pub fn moment(&self, listened: ListeningTime) -> Timestamp {
        self.record.steady.saturating_add(listened.saturating_since(self.record.listened))
    }
}
