//! The two clocks of delivery, and random numbers.
//!
//! Pauses are measured by the monotonic clock, so that a jump of the wall clock changes none of them. Times in the store
//! are those of the wall clock; a jump forwards makes none of them older.

#![expect(clippy::disallowed_methods, reason = "delivery waits and signs by the clock")]

use crate::time::{Clock, Timestamp};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// By how much the wall clock may deviate from the monotonic one before that is a jump.
const TOLERATED: Duration = Duration::from_secs(10);
/// How many jumps are remembered.
const REMEMBERED: usize = 16;

/// Reads the clocks; clones share what they saw.
#[derive(Clone)]
pub(super) struct DeliveryClock {
    wall: Arc<dyn Clock>,
    start: Instant,
    jumps: Arc<Mutex<ClockJumps>>,
}

impl DeliveryClock {
    /// Counts from now, beside that wall clock.
    pub(super) fn new(wall: Arc<dyn Clock>) -> Self {
        let clock = Self { wall, start: Instant::now(), jumps: Arc::default() };
        clock.detect_jumps();
        clock
    }

    /// Milliseconds since the clock was made.
    pub(super) fn now(&self) -> u64 {
        milliseconds(self.start.elapsed())
    }

    /// The time of the wall clock.
    pub(super) fn wall(&self) -> Timestamp {
        self.wall.now()
    }

    /// Compares the two clocks and answers the wall clock's time. To be called often, so that a jump is found soon.
    pub(super) fn detect_jumps(&self) -> Timestamp {
        let (wall, monotonic) = (self.wall(), self.start.elapsed());
        self.jumps().observe(wall, monotonic);
        wall
    }

    /// How long ago a time of the wall clock was, without jumps.
    pub(super) fn age(&self, since: Timestamp) -> Duration {
        let wall = self.detect_jumps();
        self.jumps().age(wall, since)
    }

    /// The latest time of the wall clock that is so long ago, without jumps.
    pub(super) fn cutoff(&self, age: Duration) -> Timestamp {
        let wall = self.detect_jumps();
        self.jumps().cutoff(wall, age)
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
    before: Timestamp,
    /// By how much the clock jumped.
    by: Duration,
}

/// The jumps of the wall clock that this process saw. A time from before a jump forwards does not become older by it. A jump
/// backwards undoes one forwards, and otherwise lets deliveries live longer.
#[derive(Debug, Default)]
struct ClockJumps {
    /// What the wall clock showed when the monotonic one was zero.
    offset: Option<Timestamp>,
    recorded: VecDeque<ClockJump>,
}

impl ClockJumps {
    fn observe(&mut self, wall: Timestamp, monotonic: Duration) {
        let offset = wall.saturating_sub(monotonic);
        let known = *self.offset.get_or_insert(offset);
        let (by, mut back) = (offset.saturating_duration_since(known), known.saturating_duration_since(offset));
        if by.max(back) < TOLERATED {
            return;
        }
        self.offset = Some(offset);
        if !by.is_zero() {
            self.recorded.push_back(ClockJump { before: known.saturating_add(monotonic), by });
            if self.recorded.len() > REMEMBERED {
                self.recorded.pop_front();
            }
        }
        while !back.is_zero()
            && let Some(last) = self.recorded.back_mut()
        {
            let taken = back.min(last.by);
            back -= taken;
            last.by -= taken;
            if last.by.is_zero() {
                self.recorded.pop_back();
            }
        }
    }

    fn age(&self, wall: Timestamp, since: Timestamp) -> Duration {
        let jumped = self.recorded.iter().filter(|jump| jump.before >= since).map(|jump| jump.by).sum();
        wall.saturating_duration_since(since).saturating_sub(jumped)
    }

    fn cutoff(&self, wall: Timestamp, age: Duration) -> Timestamp {
        let jumps = self.recorded.iter().rev();
        jumps.fold(wall.saturating_sub(age), |limit, jump| {
            if limit < jump.before.saturating_add(jump.by) { limit.saturating_sub(jump.by) } else { limit }
        })
    }
}

/// A time of the wall clock, unless it is the beginning of 1970: that clock was never set, and nothing is signed by it.
pub(super) fn usable(wall: Timestamp) -> Option<Timestamp> {
    (wall > Timestamp::default()).then_some(wall)
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
    use super::{ClockJumps, Duration, Timestamp};

    const DAY: i64 = 86_400_000;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_epoch_milliseconds(1_772_820_000_000 + milliseconds)
    }

    fn ms(milliseconds: i64) -> Duration {
        Duration::from_millis(milliseconds.unsigned_abs())
    }

    #[test]
    fn a_jump_forwards_makes_nothing_older_and_what_comes_later_ages_as_ever() {
        let mut jumps = ClockJumps::default();
        jumps.observe(at(0), ms(0));
        jumps.observe(at(60_000), ms(60_000));
        jumps.observe(at(DAY + 61_000), ms(61_000));
        let wall = at(DAY + 61_000);
        assert_eq!(jumps.age(wall, at(0)), ms(61_000));
        assert_eq!(jumps.age(at(DAY + 66_000), wall), ms(5_000));
        assert_eq!(jumps.cutoff(wall, ms(61_000)), at(0));
        assert_eq!(jumps.cutoff(at(DAY + 151_000), ms(80_000)), at(DAY + 71_000));
        for age in [0, 1_000, 61_000, DAY / 2, DAY, 2 * DAY].map(ms) {
            let limit = jumps.cutoff(wall, age);
            assert!(jumps.age(wall, limit) >= age, "{age:?}");
        }
    }

    #[test]
    fn a_jump_that_is_taken_back_leaves_nothing_behind() {
        let mut jumps = ClockJumps::default();
        jumps.observe(at(0), ms(0));
        jumps.observe(at(DAY), ms(1_000));
        jumps.observe(at(2_000), ms(2_000));
        assert_eq!(jumps.age(at(2_000), at(0)), ms(2_000));
        jumps.observe(at(3_000 - DAY), ms(3_000));
        assert_eq!(jumps.age(at(3_000 - DAY), at(0)), ms(0), "what lies ahead has no age");
    }

    #[test]
    fn a_clock_that_deviates_does_not_jump() {
        let mut jumps = ClockJumps::default();
        (0..100).for_each(|step| jumps.observe(at(step * 1_010), ms(step * 1_000)));
        assert_eq!(jumps.age(at(99 * 1_010), at(0)), ms(99 * 1_010));
    }
}
