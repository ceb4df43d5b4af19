//! Instants and their spellings, time zones from the bundled database, schedules.

use serde::{Serialize, Serializer};

/// A moment, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(jiff::Timestamp);

impl Instant {
    /// Reads RFC 3339, `+0800` without the colon, epoch seconds and milliseconds in digits; `0001-01-01…` and what is no
    /// time are nothing.
    #[must_use]
    pub fn read(_text: &str) -> Option<Self> {
        todo!()
    }

    /// Reads epoch seconds or milliseconds, told apart by size.
    #[must_use]
    pub fn from_epoch(_number: f64) -> Option<Self> {
        todo!()
    }
}

impl std::fmt::Display for Instant {
    /// RFC 3339 in UTC.
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why a zone, day, time or window is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// A way to mend it, where one is known.
    pub help: Option<String>,
}

/// A time zone of the bundled IANA database.
#[derive(Debug, Clone)]
pub struct Zone {}

impl Zone {
    /// Finds a zone by its IANA name.
    ///
    /// # Errors
    /// Where there is none of that name; the help names the nearest.
    pub fn new(_name: &str) -> Result<Self, Invalid> {
        todo!()
    }
}

/// A day of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// A weekday, 0 is Monday.
    Weekday(u8),
    /// A date.
    Date(jiff::civil::Date),
}

impl Day {
    /// Reads `mon` … `sun` or `2026-10-01`.
    ///
    /// # Errors
    /// Where it is neither, or no such date exists.
    pub fn new(_text: &str) -> Result<Self, Invalid> {
        todo!()
    }
}

/// Minutes since midnight, from 0 to 1,440 (`24:00`).
///
/// # Errors
/// Where the text is not `HH:MM`, or past `24:00`.
pub fn minutes(_text: &str) -> Result<u16, Invalid> {
    todo!()
}

/// What a line of a schedule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Adds windows.
    Window,
    /// Takes windows away: whole days (by the day on which a window starts), or hours.
    Except,
    /// Brings windows back.
    Also,
}

/// A line of a schedule.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it does.
    pub effect: Effect,
    /// Days, inclusive ranges (of the same kind of day); none is every day.
    pub days: Vec<(Day, Day)>,
    /// Minutes of the day, half-open; where the end is not after the start, it lies on the next day; none is the whole day.
    pub times: Vec<(u16, u16)>,
}

/// Windows of time in a zone.
#[derive(Debug, Clone)]
pub struct Schedule {}

impl Schedule {
    /// A schedule of these lines.
    #[must_use]
    pub fn new(_zone: Zone, _lines: Vec<Line>) -> Self {
        todo!()
    }

    /// Whether the instant lies in a window.
    #[must_use]
    pub fn holds(&self, _instant: Instant) -> bool {
        todo!()
    }

    /// Whether no window begins at or after the instant: every line that adds one names dates that have passed.
    #[must_use]
    pub fn is_over(&self, _instant: Instant) -> bool {
        todo!()
    }
}
