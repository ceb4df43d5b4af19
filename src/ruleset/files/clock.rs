//! The clock of the system, which is read here and nowhere else.

#![expect(clippy::disallowed_methods, reason = "the clock is read here")]

use crate::time::{Clock, Timestamp};
use std::time::{SystemTime, UNIX_EPOCH};

/// The wall clock of the system. A clock that is before 1970 says 1970.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_epoch_milliseconds(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}
