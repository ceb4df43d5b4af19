//! Schedules: their zones, days and times.

use crate::check::code;
use crate::check::context::LoweringContext;
use crate::diagnostic::Diagnostic;
use crate::model;
use crate::syntax::tree::{self, DayRange, LineWindows, ScheduleLineKind, SpanRange, TimeRange};
use crate::time::{
    self, Day, DayInterval, DaySpan, DaySpanError, DayTime, MinuteRange, ScheduleEffect, ScheduleEntry, ScheduleHours,
    Zone,
};
use std::sync::Arc;

/// A schedule of the model. A broken zone is read as UTC, so that the name stays known.
pub(super) fn lower(schedule: &tree::Schedule, cx: &mut LoweringContext<'_>) -> Option<model::Schedule> {
    let zone = match Zone::new(&schedule.zone.value) {
        Ok(zone) => zone,
        Err(invalid) => {
            cx.report_invalid(&code::BAD_ZONE, schedule.zone.span, invalid);
            Zone::new("UTC").ok()?
        }
    };
    let lines = schedule.lines.iter().map(|line| self::line(line, cx)).collect();
    Some(model::Schedule {
        name: schedule.name.text.clone(),
        span: schedule.name.span,
        windows: Arc::new(time::ScheduleWindows::new(zone, lines)),
    })
}

fn line(line: &tree::ScheduleLine, cx: &mut LoweringContext<'_>) -> ScheduleEntry {
    let effect = match line.kind {
        ScheduleLineKind::Window => ScheduleEffect::Window,
        ScheduleLineKind::Except => ScheduleEffect::Except,
        ScheduleLineKind::Also => ScheduleEffect::Also,
    };
    let hours = match &line.windows {
        LineWindows::OnDays { days, times } => ScheduleHours::OnDays {
            days: days.iter().filter_map(|range| self::days(range, cx)).collect(),
            times: times.iter().filter_map(|range| self::times(range, cx)).collect(),
        },
        LineWindows::Spans(spans) => ScheduleHours::Spans(spans.iter().filter_map(|range| span(range, cx)).collect()),
    };
    ScheduleEntry { effect, hours }
}

/// `fri 22:00..mon 06:00`
fn span(range: &SpanRange, cx: &mut LoweringContext<'_>) -> Option<DaySpan> {
    let first = day_time(&range.first_day, &range.first, cx);
    let last = day_time(&range.last_day, &range.last, cx);
    let (first, last) = (first?, last?);
    let place = range.first_day.span.to(range.last.span);
    if first.minute == time::MINUTES_PER_DAY {
        let finding = Diagnostic::new(&code::BAD_TIME_OF_DAY, place, "a window begins before its day is over");
        cx.report(finding.label("begins at the end of the day").help("begin on the next day, at `00:00`"));
        return None;
    }
    let invalid = match DaySpan::new(first, last) {
        Ok(span) => return Some(span),
        Err(invalid) => invalid,
    };
    let refused = |message: &str| Diagnostic::new(&code::BAD_DAY, place, message);
    cx.report(match (invalid, first.day) {
        (DaySpanError::Mixed, _) => {
            let finding = refused("a window goes from weekday to weekday or from date to date");
            finding.label("mixes the two").help("write `fri 22:00..mon 06:00` or `2026-12-12 22:00..2026-12-14 06:00`")
        }
        (DaySpanError::EndsTooEarly, Day::Date(_)) => {
            let [first, last] = [[&range.first_day, &range.first], [&range.last_day, &range.last]]
                .map(|[day, time]| format!("{} {}", day.text, time.text));
            let finding = refused("a window ends after it begins");
            if first == last {
                finding.label("holds no time").help("give it a later end")
            } else {
                finding.label("ends before it begins").suggest("turn it round", place, format!("{last}..{first}"))
            }
        }
        (DaySpanError::EndsTooEarly, Day::Weekday(_)) => {
            let night = format!("{} {}..{}", range.first_day.text, range.first.text, range.last.text);
            let finding = refused("a window within one weekday ends after it begins").label("ends before it begins");
            if range.first.text == range.last.text {
                finding.help("for the whole week, write `mon..sun`")
            } else {
                finding.suggest("for the night that follows, write", place, night)
            }
        }
    });
    None
}

fn day_time(name: &tree::Identifier, clock: &tree::Identifier, cx: &mut LoweringContext<'_>) -> Option<DayTime> {
    let (day, minute) = (day(name, cx), minutes(clock, cx));
    Some(DayTime { day: day?, minute: minute? })
}

fn days(range: &DayRange, cx: &mut LoweringContext<'_>) -> Option<DayInterval> {
    let first = day(&range.first, cx);
    let Some(last_name) = &range.last else { return first.and_then(|day| DayInterval::new(day, day)) };
    let last = day(last_name, cx);
    let (first, last) = (first?, last?);
    let place = range.first.span.to(last_name.span);
    match DayInterval::new(first, last) {
        Some(DayInterval::Dates { first, last }) if last < first => {
            let corrected = format!("{}..{}", last_name.text, range.first.text);
            cx.report(
                Diagnostic::new(&code::BAD_DAY, place, "a range of dates goes from the earlier to the later")
                    .label("ends before it begins")
                    .suggest("turn it round", place, corrected),
            );
            None
        }
        None => {
            let message = "a range goes from weekday to weekday or from date to date";
            cx.report(Diagnostic::new(&code::BAD_DAY, place, message).label("mixes the two"));
            None
        }
        Some(interval) => Some(interval),
    }
}

fn day(name: &tree::Identifier, cx: &mut LoweringContext<'_>) -> Option<Day> {
    Day::new(&name.text).map_err(|invalid| cx.report_invalid(&code::BAD_DAY, name.span, invalid)).ok()
}

fn times(range: &TimeRange, cx: &mut LoweringContext<'_>) -> Option<MinuteRange> {
    let start = minutes(&range.first, cx);
    let end = minutes(&range.last, cx);
    let (start, end) = (start?, end?);
    let place = range.first.span.to(range.last.span);
    let refused = |message: &str| Diagnostic::new(&code::BAD_TIME_OF_DAY, place, message);
    if start == time::MINUTES_PER_DAY {
        let finding = refused("a window begins before its day is over").label("begins at the end of the day");
        cx.report(finding.suggest("for the next day, write", place, format!("00:00..{}", range.last.text)));
        return None;
    }
    if start == end {
        let finding = refused("a window that ends when it begins holds no time").label("is empty");
        cx.report(finding.suggest("for the whole day, write", place, "00:00..24:00"));
        return None;
    }
    Some(MinuteRange { start, end })
}

fn minutes(name: &tree::Identifier, cx: &mut LoweringContext<'_>) -> Option<u16> {
    time::minutes(&name.text).map_err(|invalid| cx.report_invalid(&code::BAD_TIME_OF_DAY, name.span, invalid)).ok()
}
