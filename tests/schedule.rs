//! Timestamps, zones and schedules: what is read, what is refused, and when a schedule is open.

use expect_test::expect_file;
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, date};
use pointsman::diagnostic::{DiagnosticFormat, render};
use pointsman::ruleset::{LoadedRules, RuleSet};
use pointsman::source::Sources;
use pointsman::time::{
    Day, DayInterval, DaySpan, MinuteRange, ScheduleEffect, ScheduleEntry, ScheduleError, ScheduleHours,
    ScheduleWindows, Timestamp, Zone, minutes,
};
use proptest::prelude::*;
use std::fmt::Write;

fn at(text: &str) -> Timestamp {
    Timestamp::read(text).unwrap()
}

#[test]
fn timestamps_are_read_as_systems_write_them() {
    let mut listed = String::new();
    for text in include_str!("cases/time/instants.txt").lines() {
        let read = Timestamp::read(text).map_or("no time".to_owned(), |instant| instant.to_string());
        writeln!(listed, "{text:42} {read}").unwrap();
    }
    expect_file!["cases/time/instants.expected.txt"].assert_eq(&listed);
}

#[test]
fn numbers_are_read_by_their_size() {
    let read = |number: f64| Timestamp::from_epoch(number).map(|instant| instant.to_string());
    assert_eq!(read(1_614_000_000.0).as_deref(), Some("2021-02-22T13:20:00Z"));
    assert_eq!(read(1_614_000_000.25).as_deref(), Some("2021-02-22T13:20:00.25Z"));
    assert_eq!(read(1_614_000_000_123.0).as_deref(), Some("2021-02-22T13:20:00.123Z"));
    for number in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MAX, 2e10, 1e300, f64::MIN_POSITIVE] {
        assert_eq!(read(number), None, "{number}");
    }
    assert_eq!(
        Timestamp::from_whole_epoch(1_614_000_000_000_000_001).unwrap().to_string(),
        "2021-02-22T13:20:00.000000001Z"
    );
    assert_eq!(Timestamp::from_whole_epoch(u64::MAX), None);
}

#[test]
fn refusals_give_the_reason() {
    let mut listed = String::new();
    for line in include_str!("cases/time/refused.txt").lines() {
        let (kind, text) = line.split_once(' ').unwrap();
        let refused: Result<(), ScheduleError> = match kind {
            "zone" => Zone::new(text).map(drop),
            "day" => Day::new(text).map(drop),
            "minutes" => minutes(text).map(drop),
            _ => panic!("{kind}"),
        };
        let invalid = refused.expect_err(line);
        writeln!(listed, "{line}\n  {}\n  help: {}", invalid.message, invalid.help.unwrap_or_default()).unwrap();
    }
    expect_file!["cases/time/refused.expected.txt"].assert_eq(&listed);
}

fn rules(declarations: &str) -> RuleSet {
    let mut sources = Sources::default();
    sources.add("it.rules", &format!("edition 1\n{declarations}"));
    let LoadedRules { sources, diagnostics, rules, .. } =
        RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
    rules.unwrap_or_else(|| panic!("{}", render(DiagnosticFormat::Human, &diagnostics, &sources)))
}

/// Each file is a schedule as rules write it, and below `---` what it is at some times: `open`, `closed`, or `over`, which
/// is closed for ever.
#[test]
fn schedules_are_open_closed_or_over() {
    for file in [
        "dates",
        "daylight_saving",
        "everything_but",
        "night",
        "noon",
        "office",
        "spans",
        "spans_daylight_saving",
        "upgrade",
        "weekend",
    ] {
        let file = format!("tests/cases/time/schedules/{file}.txt");
        let text = std::fs::read_to_string(&file).unwrap();
        let (schedules, times) = text.split_once("---\n").unwrap();
        let rules = rules(schedules);
        for line in times.lines() {
            let [name, time, expected] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let schedules = &rules.program.schedules;
            let (_, windows) = schedules.iter().find(|(other, _)| **other == *name).expect(line);
            let found = match (windows.holds(at(time)), windows.is_over(at(time))) {
                (true, false) => "open",
                (false, false) => "closed",
                (false, true) => "over",
                (true, true) => "open though it is over",
            };
            assert_eq!(found, expected, "{file}: {line}");
        }
    }
}

#[test]
fn a_schedule_of_many_dates_knows_each() {
    let dates = (0..2000).map(|at| date(2026, 1, 1).checked_add(SignedDuration::from_hours(48 * at)).unwrap());
    let lines: Vec<String> = dates.map(|date| format!("  {date} 10:00..11:00\n")).collect();
    let lines = lines.concat();
    let rules = rules(&format!("schedule crowd in \"UTC\" {{\n{lines}}}\n"));
    let crowd = &rules.program.schedules[0].1;
    assert!(crowd.holds(at("2026-01-03T10:30:00Z")) && !crowd.holds(at("2026-01-04T10:30:00Z")));
    let empty = ScheduleWindows::new(Zone::new("UTC").unwrap(), Vec::new());
    assert!(!empty.holds(at("2026-10-03T10:30:00Z")));
}

#[test]
fn the_next_change_of_a_schedule_may_be_far_away_or_never_come() {
    let rules = rules(
        "schedule moved in \"Europe/Berlin\" { 2030-12-12 22:00..2030-12-14 06:00 }
schedule working in \"Asia/Shanghai\" { mon..fri 09:00..18:00  except 2026-10-01..2026-10-08 }
schedule ever in \"UTC\" { mon..sun }
schedule never in \"UTC\" { mon 09:00..10:00  except mon..sun }
schedule skipped in \"Europe/Berlin\" { sun 02:10..02:20 }
",
    );
    let next = |name: &str, after: &str| {
        let (_, windows) = rules.program.schedules.iter().find(|(other, _)| **other == *name).unwrap();
        windows.next_change(at(after)).map(|moment| moment.to_string())
    };
    assert_eq!(next("moved", "2026-03-07T02:00:00Z").as_deref(), Some("2030-12-12T21:00:00Z"));
    assert_eq!(next("moved", "2030-12-12T21:00:00Z").as_deref(), Some("2030-12-14T05:00:00Z"));
    assert_eq!(next("moved", "2030-12-14T05:00:00Z"), None);
    assert_eq!(next("working", "2026-09-30T18:00:00+08:00").as_deref(), Some("2026-10-09T01:00:00Z"));
    assert_eq!(next("ever", "2026-03-07T02:00:00Z"), None);
    assert_eq!(next("never", "2026-03-07T02:00:00Z"), None);
    // The clock skips the window on 2026-03-29.
    assert_eq!(next("skipped", "2026-03-23T00:00:00Z").as_deref(), Some("2026-04-05T00:10:00Z"));
}

#[test]
fn the_next_change_is_found_in_bounded_time() {
    let times: Vec<String> = (0..24 * 60)
        .map(|at| format!("{:02}:{:02}..{:02}:{:02}", at / 60, at % 60, (at + 1) / 60, (at + 1) % 60))
        .collect();
    let dates: Vec<String> = (0..2000)
        .map(|at| format!("  except {}\n", date(2026, 1, 1).checked_add(SignedDuration::from_hours(72 * at)).unwrap()))
        .collect();
    let rules = rules(&format!(
        "schedule crowd in \"Europe/Berlin\" {{\n  mon..sun {}\n{}  also mon..sun\n}}\n",
        times.join(", "),
        dates.concat()
    ));
    let crowd = &rules.program.schedules[0].1;
    // It never changes, which would take long to know.
    let after = at("2026-01-01T00:00:00Z");
    assert!(crowd.next_change(after).is_some_and(|moment| moment > after && crowd.holds(moment)));
}

/// Marks every minute of some weeks by walking through all lines day by day.
fn oracle(lines: &[ScheduleEntry], first: Date, count: usize) -> Vec<bool> {
    let walk = |line: &ScheduleEntry, mark: &mut dyn FnMut(usize, usize, Date)| {
        let (days, times) = match &line.hours {
            ScheduleHours::OnDays { days, times } => (days, times),
            ScheduleHours::Spans(spans) => return walk_spans(spans, first, count, mark),
        };
        // One day before the first, whose night may reach into it.
        for (at, day) in (0..=count).zip(first.yesterday().unwrap().series(jiff::Span::new().days(1))) {
            let included = days.is_empty() || days.iter().any(|range| includes(*range, day));
            let whole = vec![MinuteRange { start: 0, end: 1440 }];
            for MinuteRange { start, end } in if times.is_empty() { &whole } else { times } {
                let length = if end > start { end - start } else { 1440 + end - start };
                if included {
                    mark(at * 1440 + usize::from(*start), length.into(), day);
                }
            }
        }
    };
    let mut open = vec![false; (count + 3) * 1440];
    let of = |effect: ScheduleEffect| lines.iter().filter(move |line| line.effect == effect);
    let closed = |line: &ScheduleEntry| match &line.hours {
        ScheduleHours::OnDays { days, times } if times.is_empty() => Some(days.clone()),
        ScheduleHours::OnDays { .. } | ScheduleHours::Spans(_) => None,
    };
    let closed: Vec<Vec<DayInterval>> = of(ScheduleEffect::Except).filter_map(closed).collect();
    let is_closed =
        |day: Date| closed.iter().any(|days| days.is_empty() || days.iter().any(|range| includes(*range, day)));
    let always =
        ScheduleEntry { effect: ScheduleEffect::Window, hours: ScheduleHours::OnDays { days: vec![], times: vec![] } };
    let base: Vec<&ScheduleEntry> = match (of(ScheduleEffect::Window).count(), of(ScheduleEffect::Except).count()) {
        (0, 1..) => vec![&always],
        _ => of(ScheduleEffect::Window).collect(),
    };
    for line in base {
        walk(line, &mut |start, length, day| {
            if !is_closed(day) {
                open[start..start + length].fill(true);
            }
        });
    }
    for line in of(ScheduleEffect::Except).filter(|line| !is_of_whole_days(line)) {
        walk(line, &mut |start, length, _| open[start..start + length].fill(false));
    }
    for line in of(ScheduleEffect::Also) {
        walk(line, &mut |start, length, _| open[start..start + length].fill(true));
    }
    open[1440..(count + 1) * 1440].to_vec()
}

fn is_of_whole_days(line: &ScheduleEntry) -> bool {
    matches!(&line.hours, ScheduleHours::OnDays { times, .. } if times.is_empty())
}

/// Marks the minutes of each span one by one, each with its own day.
fn walk_spans(spans: &[DaySpan], first: Date, count: usize, mark: &mut dyn FnMut(usize, usize, Date)) {
    let midnight = first.yesterday().unwrap().to_datetime(jiff::civil::Time::midnight());
    for minute in 0..(count + 2) * 1440 {
        let moment = midnight + SignedDuration::from_mins(i64::try_from(minute).unwrap());
        let day = moment.date();
        let is_in = spans.iter().any(|span| match *span {
            DaySpan::Weekly { start, length } => {
                let monday = day.weekday().to_monday_zero_offset().unsigned_abs();
                let of_week = usize::from(monday) * 1440 + minute % 1440;
                (0..2).any(|week| {
                    let start = usize::from(start);
                    (start..start + usize::from(length)).contains(&(of_week + week * 7 * 1440))
                })
            }
            DaySpan::Dates { start, end } => start <= moment && moment < end,
        });
        if is_in {
            mark(minute, 1, day);
        }
    }
}

fn includes(range: DayInterval, day: Date) -> bool {
    match range {
        DayInterval::Dates { first, last } => first <= day && day <= last,
        DayInterval::Weekdays { first, last } => {
            let weekday = day.weekday().to_monday_zero_offset().unsigned_abs();
            if first <= last { (first..=last).contains(&weekday) } else { weekday >= first || weekday <= last }
        }
    }
}

fn any_line() -> impl Strategy<Value = ScheduleEntry> {
    let first = date(2026, 3, 23);
    let one_date = move |offset: i64| first.checked_add(SignedDuration::from_hours(24 * offset)).unwrap();
    let range = prop_oneof![
        (0_u8..7, 0_u8..7).prop_map(|(first, last)| DayInterval::Weekdays { first, last }),
        (0_i64..14, 0_i64..4)
            .prop_map(move |(at, more)| DayInterval::Dates { first: one_date(at), last: one_date(at + more) }),
    ];
    let time = (0_u16..24, 0_u16..=24).prop_filter_map("an empty window", |(start, end)| {
        let end = (end * 60 + 30).min(1440);
        (start * 60 != end).then_some((start * 60, end))
    });
    let effect = prop_oneof![Just(ScheduleEffect::Window), Just(ScheduleEffect::Except), Just(ScheduleEffect::Also)];
    let minute = move |offset: i64| first.at(0, 0, 0, 0) + SignedDuration::from_mins(offset);
    let span = prop_oneof![
        (0_u16..10_080, 1_u16..=10_080).prop_map(|(start, length)| DaySpan::Weekly { start, length }),
        (0_i64..20_000, 1_i64..6_000)
            .prop_map(move |(at, more)| DaySpan::Dates { start: minute(at), end: minute(at + more) }),
    ];
    let on_days = (prop::collection::vec(range, 0..3), prop::collection::vec(time, 0..3)).prop_map(|(days, times)| {
        let times = times.into_iter().map(|(start, end)| MinuteRange { start, end }).collect();
        ScheduleHours::OnDays { days, times }
    });
    let hours = prop_oneof![3 => on_days, 1 => prop::collection::vec(span, 1..3).prop_map(ScheduleHours::Spans)];
    (effect, hours).prop_map(|(effect, hours)| ScheduleEntry { effect, hours })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn schedules_hold_what_walking_through_them_holds(lines in prop::collection::vec(any_line(), 0..5), berlin: bool) {
        let (first, count) = (date(2026, 3, 25), 8);
        let expected = oracle(&lines, first, count);
        let zone = if berlin { "Europe/Berlin" } else { "UTC" };
        let schedule = ScheduleWindows::new(Zone::new(zone).unwrap(), lines);
        let midnight: jiff::Timestamp = first.in_tz("UTC").unwrap().timestamp();
        for quarter in 0..(count * 96) {
            let instant = midnight + SignedDuration::from_mins(15 * i64::try_from(quarter).unwrap());
            let reading: DateTime = Zone::new(zone).unwrap().wall_clock(instant.into());
            let minute = reading.duration_since(first.to_datetime(jiff::civil::Time::midnight())).as_mins();
            if let Some(open) = usize::try_from(minute).ok().and_then(|minute| expected.get(minute)) {
                prop_assert_eq!(schedule.holds(instant.into()), *open, "{}", reading);
            }
        }
    }

    #[test]
    fn the_next_change_is_the_one_that_every_minute_shows(
        lines in prop::collection::vec(any_line(), 0..5),
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/Havana", "Asia/Shanghai"]),
        start in 0_i64..30_000,
    ) {
        let schedule = ScheduleWindows::new(Zone::new(zone).unwrap(), lines);
        // Clocks are set on 2026-03-08 in Havana, at midnight, and on 2026-03-29 in Berlin.
        let first: jiff::Timestamp = date(2026, 3, 7).in_tz("UTC").unwrap().timestamp();
        let moment = |minute: i64| Timestamp::from(first + SignedDuration::from_mins(minute));
        let holds = schedule.holds(moment(start));
        let end = start + 30 * 1440;
        let shown = (start + 1..end).find(|minute| schedule.holds(moment(*minute)) != holds).map(moment);
        let found = schedule.next_change(moment(start));
        match shown {
            Some(shown) => prop_assert_eq!(found, Some(shown)),
            None => prop_assert!(found.is_none_or(|found| found >= moment(end) && schedule.holds(found) != holds)),
        }
    }

    #[test]
    fn reading_never_panics(text in "\\PC{0,30}", digits in "[0-9:TtZz +.-]{0,30}") {
        for text in [&text, &digits] {
            let _ = Timestamp::read(text);
            let _ = Zone::new(text);
            let _ = Day::new(text);
            let _ = minutes(text);
        }
    }

    #[test]
    fn what_is_written_is_read_again(seconds in -62_000_000_000_i64..250_000_000_000, nanoseconds in 0_i32..1_000_000_000) {
        let instant = Timestamp::from(jiff::Timestamp::new(seconds, nanoseconds).unwrap());
        prop_assert_eq!(Timestamp::read(&instant.to_string()), Some(instant));
    }
}
