//! The time of evaluation: the value of `--at`, or now.

use crate::ruleset::SystemClock;
use crate::time::{Clock as _, Timestamp};

/// The given time, or now.
pub(super) fn at(asked: Option<Timestamp>) -> Timestamp {
    asked.unwrap_or_else(|| SystemClock.now())
}

/// Reads the value of `--at`: a time, or a date for its midnight in UTC.
pub(super) fn parse(text: &str) -> Result<Timestamp, String> {
    let is_date = text.len() == 10 && text.bytes().filter(|byte| *byte == b'-').count() == 2;
    let midnight = is_date.then(|| format!("{text}T00:00:00Z"));
    Timestamp::read(midnight.as_deref().unwrap_or(text))
        .ok_or_else(|| "expected a time such as 2026-03-07T02:00:00+08:00, or a date such as 2026-03-07".to_owned())
}
