//! Forms of times: what `strptime` reads, for senders that write times as nobody else does.
//!
//! A form is checked before it is used: a time that it writes must be the time that it reads again. So a directive that
//! can only be written, a form without a year, and an hour without its half of the day are found in the rules, and never
//! as times that are missing or wrong.

use super::{ScheduleError, Timestamp, Zone};
use jiff::Zoned;
use jiff::civil::{DateTime, date};
use jiff::fmt::strtime::{self, BrokenDownTime};

/// The most bytes of a form.
const LONGEST: usize = 256;

impl Timestamp {
    /// Reads a time in a form of `strptime`. The zone is that of a time that names neither an offset nor a zone.
    ///
    /// A local time that the clock repeats is the first of the two, and one that it skips is as much later as the clock
    /// was set forward.
    #[must_use]
    pub fn read_form(text: &str, zone: &Zone, form: &str) -> Option<Self> {
        moment(&BrokenDownTime::parse(form.trim(), text.trim()).ok()?, zone).map(Self::from)
    }
}

/// Checks a form of times.
///
/// # Errors
/// If it has a directive that cannot be read, or does not lead to one time.
pub fn check_form(form: &str) -> Result<(), ScheduleError> {
    let form = form.trim();
    if form.len() > LONGEST {
        return Err(ScheduleError::new(format!("a form of times has at most {LONGEST} bytes, found {}", form.len())));
    }
    // Hours after noon, so that a form must say which half of the day it means, and days that are not months.
    let samples = [sample(date(2026, 11, 23).at(17, 38, 59, 0))?, sample(date(1999, 3, 30).at(23, 5, 7, 0))?];
    if let Some(directive) = directives(form).find(|directive| !is_readable(form, *directive, &samples)) {
        return Err(unreadable(directive.text(form)));
    }
    let zone = Zone::new("UTC")?;
    let holds = |sample: &Zoned| {
        let read = strtime::format(form, sample).ok().and_then(|text| Timestamp::read_form(&text, &zone, form));
        read.is_some_and(|read| is_cut(sample.datetime(), zone.wall_clock(read)))
    };
    if samples.iter().all(holds) { Ok(()) } else { Err(incomplete(form)) }
}

fn sample(reading: DateTime) -> Result<Zoned, ScheduleError> {
    reading.in_tz("UTC").map_err(|_| ScheduleError::new("the calendar has no such time"))
}

fn moment(read: &BrokenDownTime, zone: &Zone) -> Option<jiff::Timestamp> {
    if let Some(timestamp) = read.timestamp() {
        return Some(timestamp);
    }
    let reading = read.to_datetime().ok().filter(|reading| reading.date() != date(1, 1, 1))?;
    if let Some(offset) = read.offset() {
        return offset.to_timestamp(reading).ok();
    }
    match read.iana_time_zone() {
        Some(name) => Zone::new(name).ok()?.moment(reading),
        None => zone.moment(reading),
    }
}

/// Whether a local time is another without its seconds, its minutes or its time of day.
fn is_cut(whole: DateTime, cut: DateTime) -> bool {
    let day = whole.date();
    [
        day.at(whole.hour(), whole.minute(), whole.second(), 0),
        day.at(whole.hour(), whole.minute(), 0, 0),
        day.at(whole.hour(), 0, 0, 0),
        day.at(0, 0, 0, 0),
    ]
    .contains(&cut)
}

/// A directive of a form: `%d`, `%-I`, `%.3f`, `%:z`.
#[derive(Debug, Clone, Copy)]
struct FormDirective {
    start: usize,
    end: usize,
}

impl FormDirective {
    fn text(self, form: &str) -> &str {
        form.get(self.start..self.end).unwrap_or_default()
    }
}

fn directives(form: &str) -> impl Iterator<Item = FormDirective> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + form.get(from..)?.find('%')?;
        let behind = form.get(start + 1..)?;
        let settings = behind.find(|sign: char| !sign.is_ascii_digit() && !"_-^#.:".contains(sign));
        let letter = settings.and_then(|at| behind.get(at..)?.chars().next()).map_or(0, char::len_utf8);
        from = start + 1 + settings.unwrap_or(behind.len()) + letter;
        Some(FormDirective { start, end: from })
    })
}

/// Whether what the form writes up to this directive can be read again.
fn is_readable(form: &str, directive: FormDirective, samples: &[Zoned]) -> bool {
    let prefix = form.get(..directive.end).unwrap_or_default();
    samples.iter().all(|sample| {
        strtime::format(prefix, sample).is_ok_and(|text| BrokenDownTime::parse(prefix, text.trim_start()).is_ok())
    })
}

fn unreadable(directive: &str) -> ScheduleError {
    let invalid = ScheduleError::new(format!("`{directive}` cannot be read in a form of times"));
    match directive {
        "%Z" => invalid.help("an abbreviation such as `CST` names several zones; `%z` reads an offset such as `+0800`"),
        "%c" => invalid.help("write it out, as in `%a %b %e %H:%M:%S %Y`"),
        "%r" => invalid.help("write it out, as in `%I:%M:%S %p`"),
        "%L" | "%SSS" => invalid.help("fractions of a second are `%f`, or `%.f` with their dot"),
        _ => invalid
            .help("as in `strptime`: `%Y-%m-%d %H:%M:%S`, `%d %b %Y %I:%M:%S %p`, `%.f`, `%z`; `%%` is a percent sign"),
    }
}

fn incomplete(form: &str) -> ScheduleError {
    let letters: Vec<char> = directives(form).filter_map(|directive| directive.text(form).chars().last()).collect();
    let has = |any: &str| letters.iter().any(|letter| any.contains(*letter));
    if letters.is_empty() {
        return ScheduleError::new(format!("the form of times `{form}` has no directive"))
            .help("as in `strptime`: `%Y-%m-%d %H:%M:%S`, `%d %b %Y %I:%M:%S %p`");
    }
    if !has("YyGgDFs") {
        return ScheduleError::new(format!("the form of times `{form}` reads no year"))
            .help("`%Y` reads a year; a time without one cannot be read");
    }
    if has("Il") && !has("pP") {
        return ScheduleError::new(format!("the form of times `{form}` reads no half of the day"))
            .help("add `%p`, or read an hour from 0 to 23 with `%H`");
    }
    ScheduleError::new(format!("the form of times `{form}` does not lead to one time"))
        .help("it needs a year, a month and a day: `%Y-%m-%d %H:%M:%S`, `%d %b %Y %I:%M:%S %p`")
}
