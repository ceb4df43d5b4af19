//! What an event of a test has that does not say otherwise.

use crate::time::Timestamp;

/// The title of an event that does not say otherwise.
pub const DEFAULT_TITLE: &str = "a test alert";
/// The key of an event that does not say otherwise.
pub const DEFAULT_KEY: &str = "test-alert";
/// The source of an event that does not say otherwise.
pub const DEFAULT_SOURCE: &str = "test";

/// The time of evaluation where nothing asks for another: the beginning of 2026 in UTC.
#[must_use]
pub fn default_time() -> Timestamp {
    Timestamp::from_epoch_milliseconds(1_767_225_600_000)
}
