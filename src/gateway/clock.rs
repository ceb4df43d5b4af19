//! What time it is.

#![expect(clippy::disallowed_methods, reason = "a gateway lives in time")]

use crate::time::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now. A clock that stands before 1970 says 1970.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_epoch_milliseconds(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
