//! Moments that show everything that some schedules can do together.

use super::schedule::ScheduleWindows;
use super::{Timestamp, Zone};
use jiff::civil::{Date, Time};
use std::collections::BTreeSet;
use std::time::Duration;

/// How many days after a date are looked through: schedules recur every week, and the clock may skip one of two windows.
const DAYS_AFTER: i32 = 15;

/// How many days before a date are looked through.
const DAYS_BEFORE: i32 = 2;

/// How many days are looked through before the first date where schedules are in different zones.
const DAYS_OF_ONE_YEAR: i32 = 366;

/// How many days are looked through after the last date where schedules are in different zones: in 28 years every date falls
/// on each weekday.
const DAYS_OF_MANY_YEARS: i32 = 10_228;

/// The first day where nothing has a date: a Monday.
const FIRST_DAY: Date = Date::constant(2026, 1, 5);

/// Moments at which some schedules may begin or end, with the `points` and the nanoseconds beside them, in ascending order.
/// If all schedules are in one zone, every combination of schedules that holds at some time, on one side of each point, holds
/// at one of the moments. In several zones that is so from one year before the first date to 28 years after the last.
/// None if there are more than `most`.
#[must_use]
pub fn telling_moments(schedules: &[&ScheduleWindows], points: &[Timestamp], most: usize) -> Option<Vec<Timestamp>> {
    let mut moments = BTreeSet::new();
    for point in points {
        let nanosecond = Duration::from_nanos(1);
        moments.extend([point.saturating_sub(nanosecond), *point, point.saturating_add(nanosecond)]);
    }
    let mut zones: Vec<&Zone> = schedules.iter().map(|schedule| schedule.zone()).collect();
    zones.sort_by_key(|zone| zone.name());
    zones.dedup_by_key(|zone| zone.name());
    let boundaries: Vec<_> = schedules.iter().map(|schedule| (schedule.zone(), schedule.boundaries())).collect();
    let mut dates: BTreeSet<Date> = boundaries.iter().flat_map(|(_, each)| each.dates.iter().copied()).collect();
    dates.extend(points.iter().flat_map(|point| zones.iter().map(|zone| zone.wall_clock(*point).date())));
    let days = days(&dates, zones.len() > 1, most)?;
    for day in days {
        for (zone, boundaries) in &boundaries {
            for minute in &boundaries.minutes {
                let reading = day.to_datetime(Time::midnight());
                if let Ok(reading) = reading.checked_add(jiff::SignedDuration::from_mins((*minute).into())) {
                    moments.extend(zone.moments(reading));
                }
            }
        }
        for zone in &zones {
            moments.extend(zone.transitions_of(day));
        }
        if moments.len() > most {
            return None;
        }
    }
    Some(moments.into_iter().collect())
}

fn days(dates: &BTreeSet<Date>, has_several_zones: bool, most: usize) -> Option<BTreeSet<Date>> {
    let first = dates.first().copied().unwrap_or(FIRST_DAY);
    let last = dates.last().copied().unwrap_or(FIRST_DAY);
    let mut days = BTreeSet::new();
    let mut add = |start: Date, before: i32, after: i32| {
        days.extend((-before..=after).filter_map(|offset| start.checked_add(jiff::Span::new().days(offset)).ok()));
    };
    // Days before all dates.
    add(first, DAYS_BEFORE + DAYS_AFTER, 0);
    for date in dates {
        add(*date, DAYS_BEFORE, DAYS_AFTER);
    }
    if dates.is_empty() {
        add(first, 0, DAYS_AFTER);
    }
    if has_several_zones {
        add(first, DAYS_OF_ONE_YEAR, 0);
        add(last, 0, DAYS_OF_MANY_YEARS);
        let mut day = first;
        while day < last {
            days.insert(day);
            if days.len() > most {
                return None;
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
    }
    Some(days)
}
