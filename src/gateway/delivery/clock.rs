//! The two clocks of delivery, and chance: pauses are measured by the monotonic one, so that a jump of the wall clock
//! moves none of them; the ledger's times are the wall clock's, and a jump forwards makes none of them older.

#![expect(clippy::disallowed_methods, reason = "delivery waits and signs by the clock")]

use crate::time;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// By how much the wall clock may stray from the monotonic one before that is a jump, in milliseconds.
const TOLERATED: i64 = 10_000;
/// How many jumps are remembered.
const REMEMBERED: usize = 16;

/// Reads the clocks; clones share what they saw.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    start: Instant,
    jumps: Arc<Mutex<ClockJumps>>,
}

impl Clock {
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

    /// Compares the two clocks; to be called now and then, so that a jump is noticed soon after it. The wall clock's time.
    pub(super) fn detect_jumps(&self) -> i64 {
        let (wall, monotonic) = (wall_clock(), i64::try_from(self.now()).unwrap_or(i64::MAX));
        self.jumps().observe(wall, monotonic);
        wall
    }

    /// How long ago a time of the wall clock was, jumps aside.
    pub(super) fn age(&self, since: i64) -> Duration {
        let wall = self.detect_jumps();
        Duration::from_millis(self.jumps().age(wall, since))
    }

    /// The latest time of the wall clock that is so long ago, jumps aside.
    pub(super) fn cutoff(&self, age: Duration) -> i64 {
        let wall = self.detect_jumps();
        self.jumps().cutoff(wall, i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
    }

    fn jumps(&self) -> std::sync::MutexGuard<'_, ClockJumps> {
        self.jumps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The moment that so many milliseconds mean.
    pub(super) fn moment(&self, at: u64) -> tokio::time::Instant {
        let far = self.start + Duration::from_hours(24 * 365);
        self.start.checked_add(Duration::from_millis(at)).unwrap_or(far).into()
    }
}

/// How far the wall clock jumped forwards, as far as this process saw it. What was noted before a jump is not older for it; a
/// jump backwards only lets things live longer, and takes back one forwards.
#[derive(Debug, Default)]
struct ClockJumps {
    /// What the wall clock showed when the monotonic one was zero.
    offset: Option<i64>,
    /// The last time before each jump, and by how much it went.
    recorded: VecDeque<(i64, i64)>,
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
            self.recorded.push_back((known.saturating_add(monotonic), by));
            if self.recorded.len() > REMEMBERED {
                self.recorded.pop_front();
            }
            return;
        }
        let mut back = -by;
        while back > 0
            && let Some((_, by)) = self.recorded.back_mut()
        {
            let taken = back.min(*by);
            back -= taken;
            *by -= taken;
            if *by == 0 {
                self.recorded.pop_back();
            }
        }
    }

    fn age(&self, wall: i64, since: i64) -> u64 {
        let jumped: i64 = self.recorded.iter().filter(|(before, _)| *before >= since).map(|(_, by)| by).sum();
        u64::try_from(wall.saturating_sub(since).saturating_sub(jumped)).unwrap_or(0)
    }

    fn cutoff(&self, wall: i64, age: i64) -> i64 {
        let jumps = self.recorded.iter().rev();
        jumps.fold(wall.saturating_sub(age), |limit, (before, by)| {
            if limit < before.saturating_add(*by) { limit.saturating_sub(*by) } else { limit }
        })
    }
}

/// Milliseconds since 1970.
pub(super) fn wall_clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
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
    fn a_clock_that_strays_does_not_jump() {
        let mut jumps = ClockJumps::default();
        (0..100).for_each(|step| jumps.observe(NOW + step * 1_010, step * 1_000));
        assert_eq!(jumps.age(NOW + 99 * 1_010, NOW), 99 * 1_010);
    }
}
