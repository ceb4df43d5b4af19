//! Alerts of which nothing more is heard: after the `resolve_timeout` of their integration they are over.

use super::listening::ListeningTime;
use std::time::Duration;

/// The note of the event that ends such an alert.
pub const NOTHING_MORE: &str = "nothing more was heard of it";

/// The longest time for which it is not written that an alert was heard.
const LONGEST_UNWRITTEN: Duration = Duration::from_hours(1);

/// For how long it is not written again that an alert was heard: a quarter of the timeout, an hour at most. So an unchanged
/// firing costs nothing more, and an alert is over at most so much later.
#[must_use]
pub fn written_again_after(timeout: Duration) -> Duration {
    (timeout / 4).min(LONGEST_UNWRITTEN)
}

/// Whether it has to be written that an alert was heard, by what is written of it.
#[must_use]
pub fn is_written(known: Option<ListeningTime>, now: ListeningTime, timeout: Duration) -> bool {
    known.is_none_or(|known| now.saturating_since(known) >= written_again_after(timeout))
}

/// When an alert is over of which it is written that it was heard then: once nothing can have been heard of it for `timeout`.
#[must_use]
pub fn over_at(written: ListeningTime, timeout: Duration) -> ListeningTime {
    written.saturating_add(timeout).saturating_add(written_again_after(timeout))
}
