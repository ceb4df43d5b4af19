//! When a delivery is tried again, and when it is given up. Pure: times and random numbers are arguments.

use std::time::Duration;

/// The longest wait that a destination may ask for.
pub(super) const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// Pauses that grow: the first is drawn from 0 to `base`, each bound twice the one before, up to `cap`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Backoff {
    /// The bound of the first pause.
    pub(super) base: Duration,
    /// The greatest bound.
    pub(super) cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { base: Duration::from_secs(1), cap: Duration::from_mins(10) }
    }
}

impl Backoff {
    /// The pause after so many attempts; `chance` is evenly distributed. Full jitter: anything from zero to the bound, so that
    /// what failed together is not tried again together.
    pub(super) fn pause(self, attempts: u32, chance: u32) -> Duration {
        let doublings = attempts.saturating_sub(1).min(31);
        let bound = self.base.saturating_mul(1 << doublings).min(self.cap);
        bound.mul_f64(f64::from(chance) / f64::from(u32::MAX))
    }

    /// Milliseconds until the next attempt; nothing where the delivery is given up.
    ///
    /// The last attempt is made when the age limit is reached, not at the last pause before it.
    pub(super) fn next(self, failed: FailedAttempt, retry_for: Duration) -> Option<Duration> {
        if retry_for.is_zero() || failed.age >= retry_for {
            return None;
        }
        let pause = self.pause(failed.attempts, failed.random).min(retry_for.saturating_sub(failed.age));
        Some(pause.max(failed.retry_after.unwrap_or_default().min(LONGEST_ASKED)))
    }
}

/// A failed attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct FailedAttempt {
    /// Attempts so far, this one included.
    pub(super) attempts: u32,
    /// How long ago the age limit began.
    pub(super) age: Duration,
    /// How long the destination asks to wait.
    pub(super) retry_after: Option<Duration>,
    /// A random number.
    pub(super) random: u32,
}

#[cfg(test)]
mod tests {
    use super::{Backoff, FailedAttempt, LONGEST_ASKED};
    use std::time::Duration;

    const RETRY_FOR: Duration = Duration::from_hours(24);

    const FAILED: FailedAttempt =
        FailedAttempt { attempts: 1, age: Duration::ZERO, retry_after: None, random: u32::MAX };

    #[test]
    fn pauses_double_up_to_ten_minutes() {
        let backoff = Backoff::default();
        let bounds = [1, 2, 3, 4, 10, 11, 40, u32::MAX].map(|n| backoff.pause(n, u32::MAX).as_secs());
        assert_eq!(bounds, [1, 2, 4, 8, 512, 600, 600, 600]);
        assert_eq!(backoff.pause(9, 0), Duration::ZERO);
        assert_eq!(backoff.pause(1, u32::MAX / 2).as_millis(), 500);
    }

    #[test]
    fn what_the_destination_asks_for_is_kept_up_to_an_hour() {
        let asked = |seconds| FailedAttempt { retry_after: Some(Duration::from_secs(seconds)), ..FAILED };
        let next = |failed| Backoff::default().next(failed, RETRY_FOR);
        assert_eq!(next(asked(90)), Some(Duration::from_secs(90)));
        assert_eq!(next(asked(0)), Some(Duration::from_secs(1)));
        assert_eq!(next(asked(86_400)), Some(LONGEST_ASKED));
    }

    #[test]
    fn it_is_given_up_at_the_age_limit_and_tried_once_more_there() {
        let aged = |hours| FailedAttempt { attempts: 200, age: Duration::from_hours(hours), ..FAILED };
        let backoff = Backoff::default();
        assert_eq!(backoff.next(aged(24), RETRY_FOR), None);
        assert_eq!(backoff.next(aged(23), RETRY_FOR), Some(Duration::from_mins(10)));
        let nearly = FailedAttempt { age: Duration::from_secs(24 * 3_600 - 3), ..aged(0) };
        assert_eq!(backoff.next(nearly, RETRY_FOR), Some(Duration::from_secs(3)));
        assert_eq!(backoff.next(FAILED, Duration::ZERO), None, "a single attempt");
    }
}
