//! The rate limit of an integration: a token bucket. The time is handed in.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A bucket that holds the pushes of a minute and fills evenly.
#[derive(Debug)]
pub(super) struct TokenBucket {
    per_minute: u64,
    /// When the bucket would be full again if nothing else came.
    full_at: Mutex<Option<Instant>>,
}

impl TokenBucket {
    /// A full bucket for so many pushes a minute, at least one.
    #[must_use]
    pub(super) fn new(per_minute: u64) -> Self {
        Self { per_minute: per_minute.max(1), full_at: Mutex::new(None) }
    }

    /// Its rate.
    #[must_use]
    pub(super) fn per_minute(&self) -> u64 {
        self.per_minute
    }

    /// Takes a token.
    ///
    /// # Errors
    /// If there is none: how long until there is one.
    pub(super) fn take(&self, now: Instant) -> Result<(), Duration> {
        const MINUTE: Duration = Duration::from_mins(1);
        let token = Duration::from_nanos(60_000_000_000 / self.per_minute);
        let Ok(mut full_at) = self.full_at.lock() else { return Ok(()) };
        let from = full_at.filter(|full| *full > now).unwrap_or(now);
        let filled = from + token;
        let missing = filled.saturating_duration_since(now);
        if missing > MINUTE {
            return Err(missing.saturating_sub(MINUTE));
        }
        *full_at = Some(filled);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test needs some instant to begin from")]

    use super::TokenBucket;
    use std::time::{Duration, Instant};

    #[test]
    fn a_minute_holds_its_pushes_and_no_more() {
        let bucket = TokenBucket::new(6);
        let start = Instant::now();
        for _ in 0..6 {
            assert_eq!(bucket.take(start), Ok(()));
        }
        assert_eq!(bucket.take(start), Err(Duration::from_secs(10)));
        assert_eq!(bucket.take(start + Duration::from_secs(9)), Err(Duration::from_secs(1)));
        assert_eq!(bucket.take(start + Duration::from_secs(10)), Ok(()));
        assert!(bucket.take(start + Duration::from_secs(10)).is_err());
        assert_eq!(bucket.take(start + Duration::from_mins(10)), Ok(()));
    }
}
