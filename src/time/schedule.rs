//! Schedules: windows of time by the wall clock.
//!
//! A window is compared with the reading of the wall clock, never with a span between two timestamps. Therefore daylight
//! saving needs no rule of its own: an hour that the clock skips is in no window, and an hour that it shows twice is in its
//! window twice.
//!
//! A timestamp is in the schedule if an `also` line holds it, or if a window holds it and no `except` line removes it. A window
//! belongs to the day on which it starts. So `except` without times removes a night from the evening on, and leaves the
//! morning into which the night before extends. If no line adds windows and one removes some, they are removed from all time.

use super::day::MINUTES_PER_DAY;
use super::{Day, Timestamp, Zone};
use jiff::civil::{Date, DateTime, Time};
use std::collections::BTreeMap;

/// The effect of a line of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleEffect {
    /// Adds windows.
    Window,
    /// Removes windows: whole days (by the day on which a window starts), or hours.
    Except,
    /// Adds windows again that `except` removes.
    Also,
}

/// A line of a schedule.
#[derive(Debug, Clone)]
pub struct ScheduleEntry {
    /// Its effect.
    pub effect: ScheduleEffect,
    /// Days, inclusive ranges (of the same kind of day); none is every day.
    pub days: Vec<(Day, Day)>,
    /// Times of the day; none is the whole day.
    pub times: Vec<MinuteRange>,
}

/// Minutes of a day: from the start to before the end. An end that is not after the start lies on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MinuteRange {
    /// The first minute.
    pub start: u16,
    /// The minute after the last.
    pub end: u16,
}

impl MinuteRange {
    const WHOLE_DAY: Self = Self { start: 0, end: MINUTES_PER_DAY };

    fn ends_next_day(self) -> bool {
        self.end <= self.start
    }
}

/// Windows of time in a zone.
#[derive(Debug, Clone)]
pub struct ScheduleWindows {
    zone: Zone,
    windows: WindowSet,
    /// Days on which no window starts.
    closed: DaySet,
    /// Hours that are removed from windows.
    breaks: WindowSet,
    also: WindowSet,
    /// When the last window ends; none if they never end.
    end: Option<DateTime>,
}

impl ScheduleWindows {
    /// A schedule of these lines.
    #[must_use]
    pub fn new(zone: Zone, mut lines: Vec<ScheduleEntry>) -> Self {
        let adds = lines.iter().any(|line| line.effect == ScheduleEffect::Window);
        if !adds && lines.iter().any(|line| line.effect == ScheduleEffect::Except) {
            lines.push(ScheduleEntry { effect: ScheduleEffect::Window, days: Vec::new(), times: Vec::new() });
        }
        let of = |effect: ScheduleEffect| lines.iter().filter(move |line| line.effect == effect);
        let (days, hours): (Vec<_>, Vec<_>) =
            of(ScheduleEffect::Except).partition(|line| line.times.is_empty());
        Self {
            zone,
            windows: WindowSet::new(of(ScheduleEffect::Window)),
            closed: DaySet::new(days),
            breaks: WindowSet::new(hours),
            also: WindowSet::new(of(ScheduleEffect::Also)),
            end: end_of_all(&lines),
        }
    }

    /// Whether the timestamp is in a window.
    #[must_use]
    pub fn holds(&self, instant: Timestamp) -> bool {
        let moment = WallClockTime::new(self.zone.wall_clock(instant));
        self.also.hold(moment, &DaySet::default())
            || (self.windows.hold(moment, &self.closed) && !self.breaks.hold(moment, &DaySet::default()))
    }

    /// Whether every window has ended by that time: each line that adds one names only dates in the past.
    #[must_use]
    pub fn is_over(&self, instant: Timestamp) -> bool {
        self.end.is_some_and(|end| end <= self.zone.wall_clock(instant))
    }
}

impl ScheduleEntry {
    /// Whether the line names only dates, and all its windows have ended by that time.
    #[must_use]
    pub fn is_over(&self, zone: &Zone, instant: Timestamp) -> bool {
        self.end().is_some_and(|end| end <= zone.wall_clock(instant))
    }

    /// When its last window ends; none if it names no date, or a weekday.
    fn end(&self) -> Option<DateTime> {
        let dates = self.days.iter().map(|(_, last)| match last {
            Day::Date(date) => Some(*date),
            Day::Weekday(_) => None,
        });
        let last = dates.collect::<Option<Vec<Date>>>()?.into_iter().max()?;
        let whole = [MinuteRange::WHOLE_DAY];
        let times: &[MinuteRange] = if self.times.is_empty() { &whole } else { &self.times };
        let end = |range: &MinuteRange| range.end + if range.ends_next_day() { MINUTES_PER_DAY } else { 0 };
        let minutes = times.iter().map(end).max()?;
        last.to_datetime(Time::midnight()).checked_add(jiff::SignedDuration::from_mins(minutes.into())).ok()
    }
}

fn end_of_all(lines: &[ScheduleEntry]) -> Option<DateTime> {
    let adding = lines.iter().filter(|line| line.effect != ScheduleEffect::Except);
    adding
        .map(ScheduleEntry::end)
        .collect::<Option<Vec<_>>>()
        .map(|ends| ends.into_iter().max().unwrap_or(DateTime::MIN))
}

/// A reading of the wall clock, to the minute.
#[derive(Debug, Clone, Copy)]
struct WallClockTime {
    today: Date,
    minute: u16,
}

impl WallClockTime {
    fn new(reading: DateTime) -> Self {
        let minute = i16::from(reading.hour()) * 60 + i16::from(reading.minute());
        Self { today: reading.date(), minute: minute.unsigned_abs() }
    }
}

/// Windows, grouped by their times.
#[derive(Debug, Clone)]
struct WindowSet(Vec<(MinuteRanges, DaySet)>);

type MinuteRanges = Vec<MinuteRange>;

impl WindowSet {
    fn new<'l>(lines: impl IntoIterator<Item = &'l ScheduleEntry>) -> Self {
        let mut alike: BTreeMap<MinuteRanges, Vec<&ScheduleEntry>> = BTreeMap::new();
        for line in lines {
            let times = if line.times.is_empty() { vec![MinuteRange::WHOLE_DAY] } else { line.times.clone() };
            alike.entry(times).or_default().push(line);
        }
        Self(alike.into_iter().map(|(times, lines)| (times, DaySet::new(lines))).collect())
    }

    /// Whether a window holds the time and does not start on a day of `closed`.
    fn hold(&self, moment: WallClockTime, closed: &DaySet) -> bool {
        let WallClockTime { today, minute } = moment;
        self.0.iter().any(|(times, days)| {
            let starts = |day: Date| days.hold(day) && !closed.hold(day);
            let from_today =
                |range: &MinuteRange| range.start <= minute && (minute < range.end || range.ends_next_day());
            let from_yesterday = |range: &MinuteRange| range.ends_next_day() && minute < range.end;
            (times.iter().any(from_today) && starts(today))
                || (times.iter().any(from_yesterday) && today.yesterday().is_ok_and(starts))
        })
    }
}

/// A set of days.
#[derive(Debug, Clone, Default)]
struct DaySet {
    /// One bit a weekday, the lowest is Monday.
    weekdays: u8,
    /// Inclusive ranges, in order and without overlap once they are merged.
    dates: Vec<(Date, Date)>,
}

impl DaySet {
    /// The days of all lines. A line that names no day means every day.
    fn new<'l>(lines: impl IntoIterator<Item = &'l ScheduleEntry>) -> Self {
        let mut days = Self::default();
        for line in lines {
            if line.days.is_empty() {
                days.weekdays = 0b111_1111;
            }
            for range in &line.days {
                days.add(*range);
            }
        }
        days.sort();
        days
    }

    fn add(&mut self, range: (Day, Day)) {
        match range {
            (Day::Weekday(first), Day::Weekday(last)) => self.weekdays |= weekdays(first, last),
            (Day::Date(first), Day::Date(last)) => self.dates.push((first, last)),
            // `check` refuses a range from a weekday to a date. It holds nothing.
            (Day::Weekday(_), Day::Date(_)) | (Day::Date(_), Day::Weekday(_)) => {}
        }
    }

    /// Sorts the dates and merges ranges that overlap.
    fn sort(&mut self) {
        self.dates.retain(|(first, last)| first <= last);
        self.dates.sort_unstable();
        self.dates.dedup_by(|next, kept| {
            let meet = next.0 <= kept.1;
            if meet {
                kept.1 = kept.1.max(next.1);
            }
            meet
        });
    }

    fn hold(&self, day: Date) -> bool {
        let weekday = day.weekday().to_monday_zero_offset().unsigned_abs();
        if self.weekdays & (1 << weekday) != 0 {
            return true;
        }
        let behind = self.dates.partition_point(|(first, _)| *first <= day);
        behind.checked_sub(1).and_then(|at| self.dates.get(at)).is_some_and(|(_, last)| day <= *last)
    }
}

/// The weekdays from the first to the last, across the end of the week if need be.
fn weekdays(first: u8, last: u8) -> u8 {
    let count = (last % 7 + 7 - first % 7) % 7;
    (0..=count).fold(0, |set, offset| set | 1 << ((first + offset) % 7))
}
