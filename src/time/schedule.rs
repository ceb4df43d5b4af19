//! Schedules: windows of local time.
//!
//! A schedule tests the local date and time of a moment, never the span between two moments. So daylight saving needs no
//! special rule: an hour that the clock skips is in no window, and an hour that it repeats is in its window twice.
//!
//! A moment is in the schedule if an `also` line contains it, or if a window contains it and no `except` line removes it.
//! A window belongs to the day on which it starts. So an `except` line without times removes a whole night that starts on
//! its day, and keeps the morning of a night that started the day before. If no line adds a window but an `except` line
//! is there, it is removed from all time. A window over several days belongs to each of its days: an `except` line
//! without times cuts it at midnight.

use super::boundaries::ScheduleBoundaries;
use super::day::MINUTES_PER_DAY;
use super::span::SpanSet;
use super::{Day, DaySpan, Timestamp, Zone};
use jiff::civil::{Date, DateTime, Time};
use std::collections::BTreeMap;

/// The effect of a line of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleEffect {
    /// Adds windows.
    Window,
    /// Removes windows: all that start on a day, or hours of them.
    Except,
    /// Adds windows that `Except` does not remove.
    Also,
}

/// A line of a schedule.
#[derive(Debug, Clone)]
pub struct ScheduleEntry {
    /// Its effect.
    pub effect: ScheduleEffect,
    /// Its windows.
    pub hours: ScheduleHours,
}

/// The windows of a line.
#[derive(Debug, Clone)]
pub enum ScheduleHours {
    /// The same times on some days.
    OnDays {
        /// Days; an empty list means every day.
        days: Vec<DayInterval>,
        /// Times of the day; an empty list means the whole day.
        times: Vec<MinuteRange>,
    },
    /// Windows over several days.
    Spans(Vec<DaySpan>),
}

impl ScheduleHours {
    const ALWAYS: Self = Self::OnDays { days: Vec::new(), times: Vec::new() };

    /// Whether the line means whole days.
    fn is_of_whole_days(&self) -> bool {
        match self {
            Self::OnDays { times, .. } => times.is_empty(),
            Self::Spans(_) => false,
        }
    }
}

/// Some days in a row, the first and the last included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayInterval {
    /// Weekdays, 0 is Monday. If the last is before the first, the interval continues over the end of the week.
    Weekdays {
        /// The first.
        first: u8,
        /// The last.
        last: u8,
    },
    /// Dates; none if the last is before the first.
    Dates {
        /// The first.
        first: Date,
        /// The last.
        last: Date,
    },
}

impl DayInterval {
    /// The days from the first to the last, or none if one is a weekday and the other a date.
    #[must_use]
    pub fn new(first: Day, last: Day) -> Option<Self> {
        match (first, last) {
            (Day::Weekday(first), Day::Weekday(last)) => Some(Self::Weekdays { first, last }),
            (Day::Date(first), Day::Date(last)) => Some(Self::Dates { first, last }),
            (Day::Weekday(_), Day::Date(_)) | (Day::Date(_), Day::Weekday(_)) => None,
        }
    }
}

/// Minutes of a day, the end excluded. An end that is not after the start lies on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MinuteRange {
    /// The first minute, counted from midnight.
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
    /// The local time at which the last window ends; none if windows recur for ever.
    end: Option<DateTime>,
}

impl ScheduleWindows {
    /// A schedule from its lines.
    #[must_use]
    pub fn new(zone: Zone, mut lines: Vec<ScheduleEntry>) -> Self {
        let adds = lines.iter().any(|line| line.effect == ScheduleEffect::Window);
        if !adds && lines.iter().any(|line| line.effect == ScheduleEffect::Except) {
            lines.push(ScheduleEntry { effect: ScheduleEffect::Window, hours: ScheduleHours::ALWAYS });
        }
        let of = |effect: ScheduleEffect| lines.iter().filter(move |line| line.effect == effect);
        let (days, hours): (Vec<_>, Vec<_>) =
            of(ScheduleEffect::Except).partition(|line| line.hours.is_of_whole_days());
        Self {
            zone,
            windows: WindowSet::new(of(ScheduleEffect::Window)),
            closed: DaySet::new(days),
            breaks: WindowSet::new(hours),
            also: WindowSet::new(of(ScheduleEffect::Also)),
            end: end_of_all(&lines),
        }
    }

    /// Whether the schedule contains a moment.
    #[must_use]
    pub fn holds(&self, instant: Timestamp) -> bool {
        let moment = self.zone.wall_clock(instant);
        self.also.hold(moment, &DaySet::default())
            || (self.windows.hold(moment, &self.closed) && !self.breaks.hold(moment, &DaySet::default()))
    }

    /// Its windows in words for machines: schedules with equal ones hold at the same moments.
    #[must_use]
    pub fn identity(&self) -> String {
        // The end follows from the windows.
        let Self { zone, windows, closed, breaks, also, end: _ } = self;
        format!("{} {windows:?} {closed:?} {breaks:?} {also:?}", zone.name())
    }

    /// Its zone.
    pub(super) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The times and dates at which it may begin or end.
    pub(super) fn boundaries(&self) -> ScheduleBoundaries {
        let mut boundaries = ScheduleBoundaries::default();
        boundaries.add_minute(0);
        for windows in [&self.windows, &self.breaks, &self.also] {
            windows.spans.add_boundaries(&mut boundaries);
            for (times, days) in &windows.daily {
                times
                    .iter()
                    .flat_map(|range| [range.start, range.end])
                    .for_each(|minute| boundaries.add_minute(minute));
                days.add_boundaries(&mut boundaries);
            }
        }
        self.closed.add_boundaries(&mut boundaries);
        boundaries
    }

    /// A moment as people read it, in the zone of the schedule: `Sat 2026-03-07 10:00 Asia/Shanghai`.
    #[must_use]
    pub fn local_time(&self, instant: Timestamp) -> String {
        let local = self.zone.wall_clock(instant);
        let format = if local.second() == 0 { "%a %Y-%m-%d %H:%M" } else { "%a %Y-%m-%d %H:%M:%S" };
        format!("{} {}", local.strftime(format), self.zone.name())
    }

    /// Whether every window has ended by a moment, because all lines that add windows have dates in the past.
    #[must_use]
    pub fn is_over(&self, instant: Timestamp) -> bool {
        self.end.is_some_and(|end| end <= self.zone.wall_clock(instant))
    }
}

impl ScheduleEntry {
    /// Whether all windows of the line have ended by a moment, because it has dates only, all in the past.
    #[must_use]
    pub fn is_over(&self, zone: &Zone, instant: Timestamp) -> bool {
        self.end().is_some_and(|end| end <= zone.wall_clock(instant))
    }

    /// The local time at which its last window ends; none if it has a weekday or no date.
    fn end(&self) -> Option<DateTime> {
        let (days, times) = match &self.hours {
            ScheduleHours::OnDays { days, times } => (days, times),
            ScheduleHours::Spans(spans) => {
                return spans.iter().map(|span| span.end()).collect::<Option<Vec<_>>>()?.into_iter().max();
            }
        };
        let dates = days.iter().map(|days| match days {
            DayInterval::Dates { last, .. } => Some(*last),
            DayInterval::Weekdays { .. } => None,
        });
        let last = dates.collect::<Option<Vec<Date>>>()?.into_iter().max()?;
        let whole = [MinuteRange::WHOLE_DAY];
        let times: &[MinuteRange] = if times.is_empty() { &whole } else { times };
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

/// A local date and time, without seconds.
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

/// Windows, those on days grouped by their times.
#[derive(Debug, Clone)]
struct WindowSet {
    daily: Vec<(MinuteRanges, DaySet)>,
    spans: SpanSet,
}

type MinuteRanges = Vec<MinuteRange>;

impl WindowSet {
    fn new<'l>(lines: impl IntoIterator<Item = &'l ScheduleEntry>) -> Self {
        let mut alike: BTreeMap<MinuteRanges, Vec<&ScheduleEntry>> = BTreeMap::new();
        let mut spans = Vec::new();
        for line in lines {
            match &line.hours {
                ScheduleHours::OnDays { times, .. } => {
                    let times = if times.is_empty() { vec![MinuteRange::WHOLE_DAY] } else { times.clone() };
                    alike.entry(times).or_default().push(line);
                }
                ScheduleHours::Spans(more) => spans.extend_from_slice(more),
            }
        }
        let daily = alike.into_iter().map(|(times, lines)| (times, DaySet::new(lines))).collect();
        Self { daily, spans: SpanSet::new(spans) }
    }

    /// Whether a window contains the moment. Windows that start on a day in `closed` do not count, and neither do the
    /// hours that a window over several days has on such a day.
    fn hold(&self, moment: DateTime, closed: &DaySet) -> bool {
        let WallClockTime { today, minute } = WallClockTime::new(moment);
        if self.spans.hold(moment, minute) && !closed.hold(today) {
            return true;
        }
        self.daily.iter().any(|(times, days)| {
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
    /// One bit for each weekday; the lowest is Monday.
    weekdays: u8,
    /// First and last dates, sorted and without overlaps after [`DaySet::sort`].
    dates: Vec<(Date, Date)>,
}

impl DaySet {
    /// The days of all lines. A line without days means every day.
    fn new<'l>(lines: impl IntoIterator<Item = &'l ScheduleEntry>) -> Self {
        let mut days = Self::default();
        for line in lines {
            let ScheduleHours::OnDays { days: intervals, .. } = &line.hours else { continue };
            if intervals.is_empty() {
                days.weekdays = 0b111_1111;
            }
            for interval in intervals {
                match *interval {
                    DayInterval::Weekdays { first, last } => days.weekdays |= weekdays(first, last),
                    DayInterval::Dates { first, last } => days.dates.push((first, last)),
                }
            }
        }
        days.sort();
        days
    }

    fn add_boundaries(&self, boundaries: &mut ScheduleBoundaries) {
        for (first, last) in &self.dates {
            boundaries.dates.insert(*first);
            boundaries.dates.insert(last.tomorrow().unwrap_or(*last));
        }
    }

    /// Sorts the dates and joins those that overlap.
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

/// The bits of the weekdays from the first to the last, over the end of the week if the last is before the first.
fn weekdays(first: u8, last: u8) -> u8 {
    let count = (last % 7 + 7 - first % 7) % 7;
    (0..=count).fold(0, |set, offset| set | 1 << ((first + offset) % 7))
}
