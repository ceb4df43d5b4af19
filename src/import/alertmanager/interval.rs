//! Time intervals, and the schedules that they become.
//!
//! Schedules have weekdays, dates and times. Days of the month, months and years are written out as dates, for two years
//! where they come back every year.

use super::node_reader::NodeReader;
use super::value;
use crate::check::import_code;
use crate::diagnostic::Diagnostic;
use crate::import::yaml::YamlNode;
use crate::text::rule_string;
use std::fmt::Write;

/// A named interval: the union of its parts.
#[derive(Debug)]
pub(super) struct NamedInterval {
    pub(super) name: String,
    pub(super) parts: Vec<IntervalPart>,
}

/// Times that meet all of this; an empty list admits all.
#[derive(Debug, Default)]
pub(super) struct IntervalPart {
    zone: String,
    /// Minutes of the day, the end excluded.
    times: Vec<(u32, u32)>,
    /// From 0 for Sunday, the end included.
    weekdays: Vec<(i64, i64)>,
    /// From 1; -1 is the last day of the month.
    days: Vec<(i64, i64)>,
    months: Vec<(i64, i64)>,
    years: Vec<(i64, i64)>,
}

const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

pub(super) fn read(node: &YamlNode, reader: &mut NodeReader<'_>) -> Option<NamedInterval> {
    reader.keys(node, &["name", "time_intervals"], "named time interval");
    let name = node.get("name")?;
    let parts = reader.list(node, "time_intervals").iter().map(|part| self::part(part, reader)).collect();
    Some(NamedInterval { name: name.text().unwrap_or_default().to_owned(), parts })
}

fn part(node: &YamlNode, reader: &mut NodeReader<'_>) -> IntervalPart {
    let known = ["times", "weekdays", "days_of_month", "months", "years", "location"];
    reader.keys(node, &known, "time interval");
    let mut part = IntervalPart {
        zone: node.get("location").and_then(YamlNode::text).unwrap_or("UTC").to_owned(),
        weekdays: ranges(node, "weekdays", &DAYS, 0, reader),
        days: ranges(node, "days_of_month", &[], 0, reader),
        months: ranges(node, "months", &MONTHS, 1, reader),
        years: ranges(node, "years", &[], 0, reader),
        ..IntervalPart::default()
    };
    for times in reader.list(node, "times") {
        reader.keys(times, &["start_time", "end_time"], "range of times");
        let ends = ["start_time", "end_time"].map(|key| times.get(key).and_then(|time| minute(time, reader)));
        if let [Some(start), Some(end)] = ends {
            part.times.push((start, end));
        }
    }
    part
}

fn minute(node: &YamlNode, reader: &mut NodeReader<'_>) -> Option<u32> {
    let text = node.text().unwrap_or_default();
    let found = value::minutes(text);
    if found.is_none() {
        let finding = Diagnostic::new(&import_code::BAD_VALUE, node.span, "expected a time of day");
        // YAML 1.1 reads `18:00` as a number to the base of 60, and programs that write YAML again write that number.
        reader.report(match text.parse::<u32>().ok().filter(|minutes| *minutes <= 24 * 60) {
            Some(minutes) => {
                let time = format!("\"{}\"", value::clock(minutes));
                let explanation = format!("a program that reads YAML 1.1 makes `{text}` of {time} without quotes");
                finding.note(explanation).rewrite(node.span, time)
            }
            None => finding.help("write it as `\"18:00\"`"),
        });
    }
    found
}

fn ranges(node: &YamlNode, key: &str, names: &[&str], first: i64, reader: &mut NodeReader<'_>) -> Vec<(i64, i64)> {
    let mut ranges = Vec::new();
    for entry in reader.list(node, key) {
        let text = entry.text().unwrap_or_default().trim().to_ascii_lowercase();
        let number = |word: &str| {
            let word = word.trim();
            let by_name = names.iter().position(|name| *name == word).and_then(|at| i64::try_from(at).ok());
            by_name.map(|at| at + first).or_else(|| word.parse().ok().filter(|_| names.is_empty() || first == 1))
        };
        let (low, high) = text.split_once(':').unwrap_or((&text, &text));
        match (number(low), number(high)) {
            (Some(low), Some(high)) => ranges.push((low, high)),
            _ => reader.report(
                Diagnostic::new(&import_code::BAD_VALUE, entry.span, format!("expected a range for `{key}`"))
                    .help("write one value, or two with a colon between them: `monday:friday`, `1:15`"),
            ),
        }
    }
    ranges
}

impl NamedInterval {
    /// The schedules that it becomes, one a zone: each name with its text. `year` is the first of the two years for which
    /// dates are written out.
    pub(super) fn schedules(&self, name: &str, year: i64) -> Vec<(String, String)> {
        let mut zones: Vec<&str> = Vec::new();
        for part in &self.parts {
            if !zones.contains(&&*part.zone) {
                zones.push(&part.zone);
            }
        }
        let mut schedules = Vec::new();
        for (at, zone) in zones.iter().enumerate() {
            let name = if at == 0 { name.to_owned() } else { format!("{name}-{}", at + 1) };
            let parts: Vec<&IntervalPart> = self.parts.iter().filter(|part| part.zone == *zone).collect();
            let mut text = String::new();
            if parts.iter().any(|part| part.is_yearly()) {
                let _ =
                    writeln!(text, "# Comes back every year; the dates are written out for {year} and {}.", year + 1);
            }
            let _ = writeln!(text, "schedule {name} in {} {{", rule_string(zone));
            for part in parts {
                let _ = writeln!(text, "  {}", part.line(year));
            }
            text.push_str("}\n");
            schedules.push((name, text));
        }
        schedules
    }
}

impl IntervalPart {
    fn has_dates(&self) -> bool {
        !(self.days.is_empty() && self.months.is_empty() && self.years.is_empty())
    }

    fn is_yearly(&self) -> bool {
        self.has_dates() && self.years.is_empty()
    }

    /// `mon..fri 09:00..18:00`
    fn line(&self, year: i64) -> String {
        let days: Vec<String> = if self.has_dates() {
            self.dates(year)
        } else {
            self.weekdays.iter().map(|(first, last)| weekdays(*first, *last)).collect()
        };
        let times: Vec<String> =
            self.times.iter().map(|(start, end)| format!("{}..{}", value::clock(*start), value::clock(*end))).collect();
        match (days.is_empty(), times.is_empty()) {
            (true, true) if self.has_dates() => "# no date".to_owned(),
            (true, true) => "mon..sun".to_owned(),
            (true, false) => times.join(", "),
            (false, true) => days.join(", "),
            (false, false) => format!("{} {}", days.join(", "), times.join(", ")),
        }
    }

    /// The dates as ranges.
    fn dates(&self, year: i64) -> Vec<String> {
        let years = if self.years.is_empty() { vec![(year, year + 1)] } else { self.years.clone() };
        let mut ranges: Vec<[(i64, i64, i64); 2]> = Vec::new();
        let mut is_next = false;
        for year in years.into_iter().flat_map(|(first, last)| first..=last.min(first + 20)) {
            for month in 1..=12 {
                let length = days_in(year, month);
                for day in 1..=length {
                    let date = (year, month, day);
                    if !self.admits(date, length) {
                        is_next = false;
                        continue;
                    }
                    match ranges.last_mut() {
                        Some([_, last]) if is_next => *last = date,
                        _ => ranges.push([date, date]),
                    }
                    is_next = true;
                }
            }
        }
        let written = |(year, month, day): (i64, i64, i64)| format!("{year:04}-{month:02}-{day:02}");
        ranges
            .into_iter()
            .map(
                |[first, last]| {
                    if first == last { written(first) } else { format!("{}..{}", written(first), written(last)) }
                },
            )
            .collect()
    }

    fn admits(&self, (year, month, day): (i64, i64, i64), length: i64) -> bool {
        let within = |ranges: &[(i64, i64)], value: i64| {
            ranges.is_empty() || ranges.iter().any(|(first, last)| (*first..=*last).contains(&value))
        };
        let from_end = |day: i64| if day < 0 { length + 1 + day } else { day };
        let days: Vec<(i64, i64)> = self.days.iter().map(|(first, last)| (from_end(*first), from_end(*last))).collect();
        within(&days, day) && within(&self.months, month) && within(&self.weekdays, weekday(year, month, day))
    }
}

fn weekdays(first: i64, last: i64) -> String {
    let name = |day: i64| {
        let name = usize::try_from(day.rem_euclid(7)).ok().and_then(|day| DAYS.get(day)).copied().unwrap_or_default();
        name.chars().take(3).collect::<String>()
    };
    if first == last { name(first) } else { format!("{}..{}", name(first), name(last)) }
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// From 0 for Sunday, by Zeller's congruence.
fn weekday(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month < 3 { (year - 1, month + 12) } else { (year, month) };
    (day + (13 * (month + 1)) / 5 + year + year / 4 - year / 100 + year / 400 + 6) % 7
}
