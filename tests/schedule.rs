//! Timestamps, zones and schedules: which texts they accept, their errors, and which moments a schedule contains.

use expect_test::expect_file;
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, date};
use pointsman::diagnostic::{DiagnosticFormat, render};
use pointsman::ruleset::{LoadedRules, RuleSet};
use pointsman::source::Sources;
use pointsman::time::{
    Day, DayInterval, MinuteRange, ScheduleEffect, ScheduleEntry, ScheduleError, ScheduleWindows, Timestamp,
    Zone, minutes,
};
use proptest::prelude::*;
use std::fmt::Write;

fn at(text: &str) -> Timestamp {
    Timestamp::read(text).unwrap()
}

#[test]
fn timestamps_are_read_in_the_formats_of_senders() {
    let mut report = String::new();
    for text in include_str!("cases/time/instants.txt").lines() {
        let read = Timestamp::read(text).map_or("no time".to_owned(), |instant| instant.to_string());
        writeln!(report, "{text:42} {read}").unwrap();
    }
    expect_file!["cases/time/instants.expected.txt"].assert_eq(&report);
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
fn errors_have_a_message_and_help() {
    let mut report = String::new();
    for line in include_str!("cases/time/refused.txt").lines() {
        let (kind, text) = line.split_once(' ').unwrap();
        let refused: Result<(), ScheduleError> = match kind {
            "zone" => Zone::new(text).map(drop),
            "day" => Day::new(text).map(drop),
            "minutes" => minutes(text).map(drop),
            _ => panic!("{kind}"),
        };
        let invalid = refused.expect_err(line);
        writeln!(report, "{line}\n  {}\n  help: {}", invalid.message, invalid.help.unwrap_or_default())
            .unwrap();
    }
    expect_file!["cases/time/refused.expected.txt"].assert_eq(&report);
}

/// Reads a schedule with one entry per line, as in rules: `except 2026-10-01..2026-10-07`.
fn schedule(zone: &str, text: &str) -> ScheduleWindows {
    ScheduleWindows::new(
        Zone::new(zone).unwrap(),
        text.lines().filter(|line| !line.trim().is_empty()).map(line).collect(),
    )
}

fn line(text: &str) -> ScheduleEntry {
    let text = text.trim();
    let (effect, text) = match text.split_once(' ') {
        Some(("except", rest)) => (ScheduleEffect::Except, rest),
        Some(("also", rest)) => (ScheduleEffect::Also, rest),
        _ => (ScheduleEffect::Window, text),
    };
    let mut line = ScheduleEntry { effect, days: Vec::new(), times: Vec::new() };
    for part in text.split([',', ' ']).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once("..").unwrap_or((part, part));
        match Day::new(first) {
            Ok(first) => line.days.push(DayInterval::new(first, Day::new(last).unwrap()).unwrap()),
            Err(_) => {
                line.times.push(MinuteRange { start: minutes(first).unwrap(), end: minutes(last).unwrap() })
            }
        }
    }
}

#[test]
fn the_office_is_open_when_people_work() {
    let office = office();
    for (time, open) in [
        ("2026-03-06T09:00:00+08:00", true),
        ("2026-03-06T08:59:59.999999999+08:00", false),
        ("2026-03-06T11:59:59.999999999+08:00", true),
        ("2026-03-06T12:00:00+08:00", false),
        ("2026-03-06T13:30:00+08:00", true),
        ("2026-03-06T18:30:00+08:00", false),
        ("2026-03-07T10:00:00+08:00", false),
        ("2026-03-06T01:00:00Z", true),
        ("2026-09-30T10:00:00+08:00", true),
        ("2026-10-01T10:00:00+08:00", false),
        ("2026-10-07T18:00:00+08:00", false),
        ("2026-10-08T10:00:00+08:00", true),
        ("2026-10-10T12:30:00+08:00", true),
        ("2026-10-10T18:00:00+08:00", false),
    ] {
        assert_eq!(office.holds(at(time)), open, "{time}");
    }
    assert!(!office.is_over(at("2099-01-01T00:00:00Z")));
}

#[test]
fn a_night_belongs_to_the_day_on_which_it_starts() {
    let nights = schedule("UTC", "fri 22:00..06:00\nexcept 2026-12-11\nexcept 2026-12-05 05:00..05:30");
    assert!(nights.holds(at("2026-12-04T22:00:00Z")) && nights.holds(at("2026-12-05T04:59:59Z")));
    assert!(!nights.holds(at("2026-12-05T05:00:00Z")) && nights.holds(at("2026-12-05T05:30:00Z")));
    assert!(!nights.holds(at("2026-12-05T06:00:00Z")) && !nights.holds(at("2026-12-04T05:00:00Z")));
    assert!(!nights.holds(at("2026-12-11T23:00:00Z")) && !nights.holds(at("2026-12-12T01:00:00Z")));

    let upgrade = schedule("UTC", "2026-12-05, 2026-12-12 22:00..02:00");
    assert!(upgrade.holds(at("2026-12-06T01:59:00Z")) && !upgrade.holds(at("2026-12-07T01:00:00Z")));
    assert!(!upgrade.is_over(at("2026-12-13T01:59:59Z")) && upgrade.is_over(at("2026-12-13T02:00:00Z")));
}

#[test]
fn daylight_saving_follows_the_wall_clock() {
    let small_hours = schedule("Europe/Berlin", "sun 02:00..03:00");
    // Spring: 02:00 to 03:00 does not exist.
    assert!(!small_hours.holds(at("2026-03-29T00:59:59Z")) && !small_hours.holds(at("2026-03-29T01:00:00Z")));
    // Autumn: it occurs twice.
    for time in ["2026-10-25T00:00:00Z", "2026-10-25T00:59:59Z", "2026-10-25T01:30:00Z"] {
        assert!(small_hours.holds(at(time)), "{time}");
    }
    assert!(!small_hours.holds(at("2026-10-25T02:00:00Z")));
    let night = schedule("Europe/Berlin", "sat 22:00..06:00");
    assert!(night.holds(at("2026-03-29T03:59:59Z")) && !night.holds(at("2026-03-29T04:00:00Z")));
    assert!(night.holds(at("2026-10-25T04:59:59Z")) && !night.holds(at("2026-10-25T05:00:00Z")));
}

#[test]
fn unusual_schedules_have_a_defined_meaning() {
    let weekend = schedule("UTC", "sat..mon 00:00..24:00");
    assert!(weekend.holds(at("2026-11-23T23:59:59Z")) && !weekend.holds(at("2026-11-24T00:00:00Z")));
    assert!(weekend.holds(at("2026-11-21T00:00:00Z")) && !weekend.holds(at("2026-11-20T23:59:59Z")));

    let not_holidays = schedule("UTC", "except 2026-10-01..2026-10-07\nalso 2026-10-03 10:00..11:00");
    assert!(
        not_holidays.holds(at("2026-09-30T23:59:59Z")) && !not_holidays.holds(at("2026-10-01T00:00:00Z"))
    );
    assert!(
        not_holidays.holds(at("2026-10-03T10:30:00Z")) && !not_holidays.is_over(at("2030-01-01T00:00:00Z"))
    );

    let once = schedule("UTC", "also 2026-10-03");
    assert!(once.holds(at("2026-10-03T10:30:00Z")) && !once.holds(at("2026-10-04T00:00:00Z")));
    assert!(once.is_over(at("2026-10-04T00:00:00Z")));

    assert!(!schedule("UTC", "").holds(at("2026-10-03T10:30:00Z")));
    let noon = schedule("UTC", "12:00..13:00");
    assert!(noon.holds(at("2026-10-03T12:30:00Z")));
    let crowd = (0..2000).map(|n| {
        format!(
            "{} 10:00..11:00\n",
            date(2026, 1, 1).checked_add(SignedDuration::from_hours(48 * n)).unwrap()
        )
    });
    let crowd = schedule("UTC", &crowd.collect::<String>());
    assert!(crowd.holds(at("2026-01-03T10:30:00Z")) && !crowd.holds(at("2026-01-04T10:30:00Z")));
    let empty = ScheduleWindows::new(Zone::new("UTC").unwrap(), Vec::new());
    assert!(!empty.holds(at("2026-10-03T10:30:00Z")));
}

/// Marks every minute of some weeks that the lines contain, day by day.
fn oracle(lines: &[ScheduleEntry], first: Date, count: usize) -> Vec<bool> {
    let walk = |line: &ScheduleEntry, mark: &mut dyn FnMut(usize, usize, Date)| {
        // Starts one day early, because the night before may end on the first day.
        for (at, day) in (0..=count).zip(first.yesterday().unwrap().series(jiff::Span::new().days(1))) {
            let included = line.days.is_empty() || line.days.iter().any(|days| includes(*days, day));
            let whole = vec![MinuteRange { start: 0, end: 1440 }];
            for MinuteRange { start, end } in if line.times.is_empty() { &whole } else { &line.times } {
                let length = if end > start { end - start } else { 1440 + end - start };
                if included {
                    mark(at * 1440 + usize::from(*start), length.into(), day);
                }
            }
        }
    };
    let mut open = vec![false; (count + 3) * 1440];
    let of = |effect: ScheduleEffect| lines.iter().filter(move |line| line.effect == effect);
    let closed: Vec<&ScheduleEntry> =
        of(ScheduleEffect::Except).filter(|line| line.times.is_empty()).collect();
    let is_closed = |day: Date| {
        closed.iter().any(|line| line.days.is_empty() || line.days.iter().any(|days| includes(*days, day)))
    };
    let always = ScheduleEntry { effect: ScheduleEffect::Window, days: vec![], times: vec![] };
    let base: Vec<&ScheduleEntry> =
        match (of(ScheduleEffect::Window).count(), of(ScheduleEffect::Except).count()) {
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
    for line in of(ScheduleEffect::Except).filter(|line| !line.times.is_empty()) {
        walk(line, &mut |start, length, _| open[start..start + length].fill(false));
    }
    for line in of(ScheduleEffect::Also) {
        walk(line, &mut |start, length, _| open[start..start + length].fill(true));
    }
    open[1440..(count + 1) * 1440].to_vec()
}

fn includes(interval: DayInterval, day: Date) -> bool {
    match interval {
        DayInterval::Dates { first, last } => first <= day && day <= last,
        DayInterval::Weekdays { first, last } => {
            let weekday = day.weekday().to_monday_zero_offset().unsigned_abs();
            if first <= last {
                (first..=last).contains(&weekday)
            } else {
                weekday >= first || weekday <= last
            }
        }
    }
}

fn any_line() -> impl Strategy<Value = ScheduleEntry> {
    let first = date(2026, 3, 23);
    let one_date = move |offset: i64| first.checked_add(SignedDuration::from_hours(24 * offset)).unwrap();
    let range = prop_oneof![
        (0_u8..7, 0_u8..7).prop_map(|(first, last)| DayInterval::Weekdays { first, last }),
        (0_i64..14, 0_i64..4).prop_map(move |(at, more)| DayInterval::Dates {
            first: one_date(at),
            last: one_date(at + more)
        }),
    ];
    let time = (0_u16..24, 0_u16..=24).prop_filter_map("an empty window", |(start, end)| {
        let end = (end * 60 + 30).min(1440);
        (start * 60 != end).then_some((start * 60, end))
    });
    let effect =
        prop_oneof![Just(ScheduleEffect::Window), Just(ScheduleEffect::Except), Just(ScheduleEffect::Also)];
    (effect, prop::collection::vec(range, 0..3), prop::collection::vec(time, 0..3)).prop_map(
        |(effect, days, times)| {
            let times = times.into_iter().map(|(start, end)| MinuteRange { start, end }).collect();
            ScheduleEntry { effect, days, times }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn schedules_contain_the_same_minutes_as_the_oracle(lines in prop::collection::vec(any_line(), 0..5), berlin: bool) {
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
    fn reading_never_panics(text in "\\PC{0,30}", digits in "[0-9:TtZz +.-]{0,30}") {
        for text in [&text, &digits] {
            let _ = Timestamp::read(text);
            let _ = Zone::new(text);
            let _ = Day::new(text);
            let _ = minutes(text);
        }
    }

    #[test]
    fn written_timestamps_are_read_back(seconds in -62_000_000_000_i64..250_000_000_000, nanoseconds in 0_i32..1_000_000_000) {
        let instant = Timestamp::from(jiff::Timestamp::new(seconds, nanoseconds).unwrap());
        prop_assert_eq!(Timestamp::read(&instant.to_string()), Some(instant));
    }
}
