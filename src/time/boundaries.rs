//! The times and dates at which a schedule may begin or end.

use super::day::MINUTES_PER_DAY;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// The times of the day and the dates at which a schedule may begin or end.
#[derive(Debug, Default)]
pub(super) struct ScheduleBoundaries {
    /// Minutes after midnight.
    pub(super) minutes: BTreeSet<u16>,
    /// The dates on which something begins, or the day before ended something.
    pub(super) dates: BTreeSet<Date>,
}

impl ScheduleBoundaries {
    /// Adds a time of the day, or of the next day.
    pub(super) fn add_minute(&mut self, minute: u16) {
        self.minutes.insert(minute % MINUTES_PER_DAY);
    }
}
