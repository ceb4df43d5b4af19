//! When a schedule begins or ends next.

use super::boundaries::ScheduleBoundaries;
use super::schedule::ScheduleWindows;
use super::{Timestamp, Zone};
use jiff::civil::{Date, Time};
use std::collections::BTreeSet;

/// How many days after a date without a boundary are looked through: schedules recur every week, and one window may be
/// within the hour that the clock skips.
const DAYS: u32 = 15;

/// How many moments are looked at.
const MAX_MOMENTS: usize = 20_000;

impl ScheduleWindows {
    /// The next moment after this one at which the schedule begins or ends; nothing where it never does. Where it would take
    /// long to know, it is a moment before: nothing changes at it.
    ///
    /// It can only change at one of its times of the day and where the clock is set: these moments are looked at on the days
    /// that follow, and on those around each of its dates.
    #[must_use]
    pub fn next_change(&self, after: Timestamp) -> Option<Timestamp> {
        let zone = self.zone();
        let today = zone.wall_clock(after).date();
        let boundaries = self.boundaries();
        let mut search =
            ChangeSearch { windows: self, after, holds: self.holds(after), looked_at: 0, moments: BTreeSet::new() };
        for day in days(today, &boundaries) {
            // Moments of a day may come after the first ones of the next day, where the clock is set back at midnight.
            if let Some(start) = zone.moment(day.to_datetime(Time::midnight()))
                && let Some(found) =
                    search.look(Some(Timestamp::from(start).saturating_sub(std::time::Duration::from_hours(3))))
            {
                return Some(found);
            }
            search.add(zone, day, &boundaries);
        }
        search.look(None)
    }
}

/// The days on which the schedule may change, in order.
fn days(today: Date, boundaries: &ScheduleBoundaries) -> impl Iterator<Item = Date> {
    let first = today.yesterday().unwrap_or(today);
    let dates = boundaries.dates.range(first..).copied();
    let mut starts: Vec<Date> = dates.map(|date| date.yesterday().unwrap_or(date)).collect();
    starts.push(first);
    starts.sort_unstable();
    let mut next = Some(first);
    starts.into_iter().flat_map(move |start| {
        let begin = next.map(|next| next.max(start));
        let end = start.checked_add(jiff::Span::new().days(DAYS)).unwrap_or(Date::MAX);
        let days: Vec<Date> =
            std::iter::successors(begin, |day| day.tomorrow().ok()).take_while(|day| *day <= end).collect();
        next = days.last().map_or(next, |last| last.tomorrow().ok());
        days
    })
}

/// A search through moments in order.
struct ChangeSearch<'w> {
    windows: &'w ScheduleWindows,
    after: Timestamp,
    /// Whether the schedule holds at the beginning.
    holds: bool,
    looked_at: usize,
    /// Moments that are not looked at yet.
    moments: BTreeSet<Timestamp>,
}

impl ChangeSearch<'_> {
    /// Adds the moments of a day at which the schedule may change.
    fn add(&mut self, zone: &Zone, day: Date, boundaries: &ScheduleBoundaries) {
        for minute in &boundaries.minutes {
            let time = day.to_datetime(Time::midnight()).checked_add(jiff::SignedDuration::from_mins((*minute).into()));
            if let Ok(reading) = time {
                self.moments.extend(zone.moments(reading));
            }
        }
        self.moments.extend(zone.transitions_of(day));
        let after = self.after;
        self.moments.retain(|moment| *moment > after);
    }

    /// Looks at the moments up to one; at all without it. Gives the first at which the schedule changes, or the last that
    /// could be looked at.
    fn look(&mut self, until: Option<Timestamp>) -> Option<Timestamp> {
        while let Some(moment) = self.moments.first().copied().filter(|first| until.is_none_or(|until| *first < until))
        {
            self.moments.remove(&moment);
            self.looked_at += 1;
            if self.windows.holds(moment) != self.holds || self.looked_at >= MAX_MOMENTS {
                return Some(moment);
            }
        }
        None
    }
}
