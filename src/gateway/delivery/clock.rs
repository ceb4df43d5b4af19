//! The two clocks of delivery, and random numbers.
//!
//! Pauses are measured by the monotonic clock, so that a jump of the wall clock changes none of them. Times in the store
//! are those of the wall clock; a jump forwards makes none of them older.

#![expect(clippy::disallowed_methods, reason = "delivery waits and signs by the clock")]

use crate::ruleset::SystemClock;
use crate::time::{self, Clock as _};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// By how many milliseconds the wall clock may deviate from the monotonic one before that is a jump.
const TOLERATED: i64 = 10_000;
/// How many jumps are remembered.
const REMEMBERED: usize = 16;

/// Reads the clocks; clones share what they saw.
#[derive(Debug, Clone)]
pub(super) struct DeliveryClock {
    start: Instant,
    jumps: Arc<Mutex<ClockJumps>>,
}

impl DeliveryClock {
    /// Counts from now.
    pub(super) fn new() -> Self {
        let clock = Self { start: Instant::now(), jumps: Arc::default() };
        clock.detect_jumps();
        clock
    }

    /// Milliseconds since the clock was made.
    pub(super) fn now(&self) -> u64 {
        milliseconds(self.start.elapsed())
    }

    /// Compares the two clocks and answers the wall clock's time. To be called often, so that a jump is found soon.
    pub(super) fn detect_jumps(&self) -> i64 {
        let (wall, monotonic) = (wall_clock(), i64::try_from(self.now()).unwrap_or(i64::MAX));
        self.jumps().observe(wall, monotonic);
        wall
    }

    /// How long ago a time of the wall clock was, without jumps.
    pub(super) fn age(&self, since: i64) -> Duration {
        let wall = self.detect_jumps();
        Duration::from_millis(self.jumps().age(wall, since))
    }

    /// The latest time of the wall clock that is so long ago, without jumps.
    pub(super) fn cutoff(&self, age: Duration) -> i64 {
        let wall = self.detect_jumps();
        self.jumps().cutoff(wall, i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
    }

    fn jumps(&self) -> std::sync::MutexGuard<'_, ClockJumps> {
        self.jumps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The moment so many milliseconds after the clock was made.
    pub(super) fn moment(&self, at: u64) -> tokio::time::Instant {
        let far = self.start + Duration::from_hours(24 * 365);
        self.start.checked_add(Duration::from_millis(at)).unwrap_or(far).into()
    }
}

/// A jump forwards.
#[derive(Debug)]
struct ClockJump {
    /// The last time of the wall clock before it.
    before: i64,
    /// By how many milliseconds the clock jumped.
    by: i64,
}

/// The jumps of the wall clock that this process saw. A time from before a jump forwards does not become older by it. A jump
/// backwards undoes one forwards, and otherwise lets deliveries live longer.
#[derive(Debug, Default)]
struct ClockJumps {
    /// What the wall clock showed when the monotonic one was zero.
    offset: Option<i64>,
    recorded: VecDeque<ClockJump>,
}

impl ClockJumps {
    fn observe(&mut self, wall: i64, monotonic: i64) {
        let offset = wall.saturating_sub(monotonic);
        let known = *self.offset.get_or_insert(offset);
        let by = offset.saturating_sub(known);
        if by.saturating_abs() < TOLERATED {
            return;
        }
        self.offset = Some(offset);
        if by > 0 {
            self.recorded.push_back(ClockJump { before: known.saturating_add(monotonic), by });
            if self.recorded.len() > REMEMBERED {
                self.recorded.pop_front();
            }
            return;
        }
        let mut back = -by;
        while back > 0
            && let Some(last) = self.recorded.back_mut()
        {
            let taken = back.min(last.by);
            back -= taken;
            last.by -= taken;
            if last.by == 0 {
                self.recorded.pop_back();
            }
        }
    }

    fn age(&self, wall: i64, since: i64) -> u64 {
        let jumped: i64 = self.recorded.iter().filter(|jump| jump.before >= since).map(|jump| jump.by).sum();
        u64::try_from(wall.saturating_sub(since).saturating_sub(jumped)).unwrap_or(0)
    }

    fn cutoff(&self, wall: i64, age: i64) -> i64 {
        let jumps = self.recorded.iter().rev();
        jumps.fold(wall.saturating_sub(age), |limit, jump| {
            if limit < jump.before.saturating_add(jump.by) { limit.saturating_sub(jump.by) } else { limit }
        })
    }
}

/// Milliseconds since 1970.
pub(super) fn wall_clock() -> i64 {
    SystemClock.now().epoch_milliseconds()
}

/// Milliseconds since 1970 as a time; nothing where the clock shows none that can be used.
pub(super) fn timestamp(wall: i64) -> Option<time::Timestamp> {
    time::Timestamp::from_whole_epoch(u64::try_from(wall).ok()?)
}

/// A random number. Where the system has none, all pauses are of middle length.
pub(super) fn random() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX / 2)
}

/// A duration in milliseconds.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::ClockJumps;

    const DAY: i64 = 86_400_000;
    const NOW: i64 = 1_772_820_000_000;

    #[test]
    fn a_jump_forwards_makes_nothing_older_and_what_comes_later_ages_as_ever() {
        let mut jumps = ClockJumps::default();
        jumps.observe(NOW, 0);
        jumps.observe(NOW + 60_000, 60_000);
        jumps.observe(NOW + DAY + 61_000, 61_000);
        let wall = NOW + DAY + 61_000;
        assert_eq!(jumps.age(wall, NOW), 61_000);
        assert_eq!(jumps.age(wall + 5_000, wall), 5_000);
        assert_eq!(jumps.cutoff(wall, 61_000), NOW);
        assert_eq!(jumps.cutoff(wall + 90_000, 80_000), wall + 10_000);
        for age in [0, 1_000, 61_000, DAY / 2, DAY, 2 * DAY] {
            let limit = jumps.cutoff(wall, age);
            assert!(jumps.age(wall, limit) >= age.unsigned_abs(), "{age}");
        }
    }

    #[test]
    fn a_jump_that_is_taken_back_leaves_nothing_behind() {
        let mut jumps = ClockJumps::default();
        jumps.observe(NOW, 0);
        jumps.observe(NOW + DAY, 1_000);
        jumps.observe(NOW + 2_000, 2_000);
        assert_eq!(jumps.age(NOW + 2_000, NOW), 2_000);
        jumps.observe(NOW + 3_000 - DAY, 3_000);
        assert_eq!(jumps.age(NOW + 3_000 - DAY, NOW), 0, "what lies ahead has no age");
    }

    #[test]
    fn a_clock_that_deviates_does_not_jump() {
        let mut jumps = ClockJumps::default();
        (0..100).for_each(|step| jumps.observe(NOW + step * 1_010, step * 1_000));
        assert_eq!(jumps.age(NOW + 99 * 1_010, NOW), 99 * 1_010);
    }
}
