//! Days and times of day, as a schedule writes them.

use super::ScheduleError;
use jiff::civil::Date;

/// A day of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// A weekday, from 0 (Monday) to 6.
    Weekday(u8),
    /// A date.
    Date(Date),
}

const WEEKDAYS: [(&str, &str); 7] = [
    ("mon", "monday"),
    ("tue", "tuesday"),
    ("wed", "wednesday"),
    ("thu", "thursday"),
    ("fri", "friday"),
    ("sat", "saturday"),
    ("sun", "sunday"),
];

/// The number of minutes in a day.
pub const MINUTES_PER_DAY: u16 = 24 * 60;

impl Day {
    /// Reads `mon` … `sun` or `2026-10-01`.
    ///
    /// # Errors
    /// If the text is neither, or there is no such date.
    pub fn new(text: &str) -> Result<Self, ScheduleError> {
        if let Some(weekday) = (0..).zip(WEEKDAYS).find_map(|(at, (short, _))| (short == text).then_some(at)) {
            return Ok(Self::Weekday(weekday));
        }
        match date_parts(text) {
            Some(parts) => date(text, parts).map(Self::Date),
            None => Err(no_day(text)),
        }
    }
}

/// Year, month and day, separated by hyphens, slashes or dots.
fn date_parts(text: &str) -> Option<(i16, i8, i8)> {
    let mut parts = text.split(['-', '/', '.']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let plain = |part: &str, most: usize| part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.next().is_some() || !plain(year, 4) || year.len() != 4 || !plain(month, 2) || !plain(day, 2) {
        return None;
    }
    Some((year.parse().ok()?, month.parse().ok()?, day.parse().ok()?))
}

fn date(text: &str, (year, month, day): (i16, i8, i8)) -> Result<Date, ScheduleError> {
    let Ok(date) = Date::new(year, month, day) else {
        let invalid = ScheduleError::new(format!("there is no date `{text}`"));
        return Err(match Date::new(year, month, 1) {
            Ok(first) => invalid.help(format!("the last day of that month is `{}`", first.last_of_month())),
            Err(_) => invalid.help("a date is a year, a month and a day: `2026-10-01`"),
        });
    };
    if date.to_string() != text {
        return Err(ScheduleError::new(format!("`{text}` is not how a date is written"))
            .help(format!("write `{date}`: year, month and day in digits, with hyphens"))
            .replacement(date.to_string()));
    }
    Ok(date)
}

fn no_day(text: &str) -> ScheduleError {
    let invalid = ScheduleError::new(format!("expected a day, found `{text}`"));
    let lower = text.to_lowercase();
    let known = |day: &str| WEEKDAYS.iter().any(|(short, _)| *short == day);
    if let Some((first, last)) = lower.split_once('-').filter(|(first, last)| known(first) && known(last)) {
        let range = format!("{first}..{last}");
        return invalid.help(format!("a range is written `{range}`")).replacement(range);
    }
    let meant = WEEKDAYS.iter().find(|(short, long)| {
        lower.len() >= 3 && lower.starts_with(short) && long.starts_with(lower.trim_end_matches(['.', 's']))
            || lower == *long
            || *short == "thu" && lower == "thur"
    });
    match meant {
        Some((short, _)) => invalid.help(format!("write `{short}`")).replacement(*short),
        None => invalid
            .help("write a weekday (`mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`) or a date such as `2026-10-01`"),
    }
}

/// Reads `HH:MM` as minutes since midnight, from 0 to 1,440 (`24:00`).
///
/// # Errors
/// If the text is not `HH:MM`, or is past `24:00`.
pub fn minutes(text: &str) -> Result<u16, ScheduleError> {
    let Some((hour, minute)) = clock_parts(text) else {
        return Err(ScheduleError::new(format!("expected a time of day, found `{text}`")).help(time_help(text)));
    };
    let written = format!("{hour:02}:{minute:02}");
    if minute > 59 || hour > 24 || (hour == 24 && minute > 0) {
        return Err(ScheduleError::new(format!("there is no time `{text}` in a day"))
            .help("times run from `00:00` to `24:00`; a window past midnight ends on the next day: `22:00..06:00`"));
    }
    if written != text {
        return Err(ScheduleError::new(format!("`{text}` is not how a time is written"))
            .help(format!("write `{written}`: two digits, a colon, two digits")));
    }
    Ok(hour * 60 + minute)
}

/// Hour and minute, if the text has the form of a time. One digit is enough: `9:00`.
fn clock_parts(text: &str) -> Option<(u16, u16)> {
    let (hour, minute) = text.split_once([':', '：'])?;
    let plain = |part: &str| matches!(part.len(), 1 | 2) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(hour) || !plain(minute) {
        return None;
    }
    Some((hour.parse().ok()?, minute.parse().ok()?))
}

/// Advice for a text that is not `HH:MM`, such as `9am` or `5:30 pm`.
fn time_help(text: &str) -> String {
    let lower = text.to_lowercase();
    let twelve = lower.strip_suffix("am").map(|rest| (rest, 0)).or(lower.strip_suffix("pm").map(|rest| (rest, 12)));
    let meant = twelve.and_then(|(rest, half)| {
        let (hour, minute) = clock_parts(rest.trim()).or_else(|| Some((rest.trim().parse().ok()?, 0)))?;
        (1..=12).contains(&hour).then(|| format!("{:02}:{minute:02}", hour % 12 + half))
    });
    match meant {
        Some(meant) => format!("write `{meant}`"),
        None => "write a time in 24-hour form: `09:00`, `18:30`".to_owned(),
    }
}
