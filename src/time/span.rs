//! Windows over several days: `fri 22:00..mon 06:00`, `2026-12-12 22:00..2026-12-14 06:00`.

use super::Day;
use super::boundaries::ScheduleBoundaries;
use super::day::MINUTES_PER_DAY;
use jiff::civil::{Date, DateTime, Time};

const MINUTES_PER_WEEK: u16 = 7 * MINUTES_PER_DAY;

/// A day with a time of day, as an end of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayTime {
    /// The day.
    pub day: Day,
    /// Minutes since midnight, up to those of a whole day.
    pub minute: u16,
}

/// A window over several days, the end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DaySpan {
    /// Every week.
    Weekly {
        /// The first minute, counted from the beginning of Monday.
        start: u16,
        /// The number of minutes, at most those of a week.
        length: u16,
    },
    /// Once.
    Dates {
        /// The first minute.
        start: DateTime,
        /// The minute after the last.
        end: DateTime,
    },
}

/// Why two days with times are not a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DaySpanError {
    /// One is a weekday and the other a date.
    Mixed,
    /// The window does not end after it begins.
    EndsTooEarly,
}

impl DaySpan {
    /// The window from one time of a day to another. Weekdays continue over the end of the week.
    ///
    /// # Errors
    /// If one end is a weekday and the other a date, or if the window would hold no time. That holds for two times of one
    /// weekday in the wrong order as well: the days between them would be a surprise.
    pub fn new(first: DayTime, last: DayTime) -> Result<Self, DaySpanError> {
        match (first.day, last.day) {
            (Day::Weekday(from), Day::Weekday(to)) => {
                let [start, end] = [(from, first.minute), (to, last.minute)]
                    .map(|(day, minute)| u16::from(day % 7) * MINUTES_PER_DAY + minute);
                let length = if from <= to { end.checked_sub(start) } else { Some(end + MINUTES_PER_WEEK - start) };
                let length = length.filter(|length| *length > 0).ok_or(DaySpanError::EndsTooEarly)?;
                Ok(Self::Weekly { start, length })
            }
            (Day::Date(from), Day::Date(to)) => {
                let (start, end) = (at(from, first.minute), at(to, last.minute));
                if start < end { Ok(Self::Dates { start, end }) } else { Err(DaySpanError::EndsTooEarly) }
            }
            (Day::Weekday(_), Day::Date(_)) | (Day::Date(_), Day::Weekday(_)) => Err(DaySpanError::Mixed),
        }
    }

    /// The local time at which it ends; none if it recurs.
    pub(super) fn end(self) -> Option<DateTime> {
        match self {
            Self::Weekly { .. } => None,
            Self::Dates { end, .. } => Some(end),
        }
    }
}

/// The local time so many minutes into a day; the last of the calendar where there is none.
fn at(day: Date, minute: u16) -> DateTime {
    let start = day.to_datetime(Time::midnight());
    start.checked_add(jiff::SignedDuration::from_mins(minute.into())).unwrap_or(DateTime::MAX)
}

/// Windows over several days.
#[derive(Debug, Clone, Default)]
pub(super) struct SpanSet {
    weekly: Vec<WeeklySpan>,
    /// Sorted and without overlaps.
    dates: Vec<(DateTime, DateTime)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct WeeklySpan {
    start: u16,
    length: u16,
}

impl SpanSet {
    pub(super) fn new(spans: Vec<DaySpan>) -> Self {
        let mut set = Self::default();
        for span in spans {
            match span {
                DaySpan::Weekly { start, length } => set.weekly.push(WeeklySpan { start, length }),
                DaySpan::Dates { start, end } => set.dates.push((start, end)),
            }
        }
        set.weekly.sort_unstable();
        set.weekly.dedup();
        set.dates.sort_unstable();
        set.dates.dedup_by(|next, kept| {
            let meet = next.0 <= kept.1;
            if meet {
                kept.1 = kept.1.max(next.1);
            }
            meet
        });
        set
    }

    pub(super) fn add_boundaries(&self, boundaries: &mut ScheduleBoundaries) {
        for span in &self.weekly {
            boundaries.add_minute(span.start);
            boundaries.add_minute((span.start + span.length) % MINUTES_PER_DAY);
        }
        for end in self.dates.iter().flat_map(|(start, end)| [start, end]) {
            boundaries.dates.insert(end.date());
            boundaries.add_minute(u16::try_from(i32::from(end.hour()) * 60 + i32::from(end.minute())).unwrap_or(0));
        }
    }

    /// Whether a window contains a local time, which is that many minutes after its midnight.
    pub(super) fn hold(&self, moment: DateTime, minute: u16) -> bool {
        if self.weekly.is_empty() && self.dates.is_empty() {
            return false;
        }
        let weekday = u16::from(moment.date().weekday().to_monday_zero_offset().unsigned_abs());
        let minute = weekday * MINUTES_PER_DAY + minute;
        let behind = self.dates.partition_point(|(start, _)| *start <= moment);
        self.weekly.iter().any(|span| (minute + MINUTES_PER_WEEK - span.start) % MINUTES_PER_WEEK < span.length)
            || behind.checked_sub(1).and_then(|at| self.dates.get(at)).is_some_and(|(_, end)| moment < *end)
    }
}
