//! Schedules: their zones, days and times.

use crate::check::code;
use crate::check::context::LoweringContext;
use crate::diagnostic::{Diagnostic, DiagnosticCode};
use crate::model;
use crate::source::Span;
use crate::syntax::tree::{self, DayRange, ScheduleLineKind, TimeRange};
use crate::time::{self, Day, DayInterval, MinuteRange, ScheduleEffect, ScheduleEntry, Zone};
use std::sync::Arc;

/// A schedule of the model. A broken zone is read as UTC, so that the name stays known.
pub(super) fn lower(schedule: &tree::Schedule, cx: &mut LoweringContext<'_>) -> Option<model::Schedule> {
    let zone = match Zone::new(&schedule.zone.value) {
        Ok(zone) => zone,
        Err(invalid) => {
            refuse(&code::BAD_ZONE, schedule.zone.span, invalid, cx);
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
    let days = line.days.iter().filter_map(|range| days(range, cx)).collect();
    let times = line.times.iter().filter_map(|range| times(range, cx)).collect();
    ScheduleEntry { effect, days, times }
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
    Day::new(&name.text).map_err(|invalid| refuse(&code::BAD_DAY, name.span, invalid, cx)).ok()
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
    time::minutes(&name.text).map_err(|invalid| refuse(&code::BAD_TIME_OF_DAY, name.span, invalid, cx)).ok()
}

fn refuse(code: &'static DiagnosticCode, place: Span, invalid: time::ScheduleError, cx: &mut LoweringContext<'_>) {
    let diagnostic = Diagnostic::new(code, place, invalid.message);
    cx.report(match (invalid.help, invalid.replacement) {
        (Some(help), Some(corrected)) => diagnostic.suggest(help, place, corrected),
        (Some(help), None) => diagnostic.help(help),
        (None, _) => diagnostic,
    });
}
