//! Durations as rules write them: `30s`, `10m`, `1h30m`, `7d`.

use std::fmt;
use std::time::Duration;

const SECONDS_OF_DAY: u64 = 86_400;

/// The units, the longest first, and their seconds.
const UNITS: [(char, u64); 4] = [('d', SECONDS_OF_DAY), ('h', 3_600), ('m', 60), ('s', 1)];

/// A duration as rules write it: numbers with the units `d`, `h`, `m` and `s`, in this order, each at most once.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let mut units = UNITS.iter();
    let mut seconds = 0_u64;
    let mut rest = text;
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at_checked(digits)?;
        let (_, size) = units.find(|(unit, _)| after.starts_with(*unit))?;
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(*size)?)?;
        rest = after.get(1..)?;
        if rest.is_empty() {
            return Some(Duration::from_secs(seconds));
        }
    }
}

/// How rules write a duration that is written as elsewhere: `5min`, `30 seconds`, `1m30h`, `2w`. Nothing if it is not one,
/// or if it has a part of a second.
#[must_use]
pub fn corrected_duration(text: &str) -> Option<String> {
    let mut counts = [0_u64; UNITS.len()];
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (number, after) = split_while(rest, |letter| letter.is_ascii_digit());
        let (word, after) = split_while(after.trim_start(), |letter| letter.is_ascii_alphabetic());
        let ReadUnit { unit, times } = read_unit(word)?;
        let count = counts.iter_mut().zip(UNITS).find(|(_, (known, _))| *known == unit)?.0;
        *count = count.checked_add(number.parse::<u64>().ok()?.checked_mul(times)?)?;
        rest = after.trim_start();
    }
    let parts = counts.iter().zip(UNITS).filter(|(count, _)| **count > 0);
    let parts: Vec<String> = parts.map(|(count, (unit, _))| format!("{count}{unit}")).collect();
    let text = parts.concat();
    duration(&text).map(|_| text)
}

fn split_while(text: &str, goes_on: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|letter| !goes_on(letter)).unwrap_or(text.len()))
}

/// A unit, and how many of it a word means.
struct ReadUnit {
    unit: char,
    times: u64,
}

fn read_unit(word: &str) -> Option<ReadUnit> {
    let (unit, times) = match &*word.to_ascii_lowercase() {
        "s" | "sec" | "secs" | "second" | "seconds" => ('s', 1),
        "m" | "min" | "mins" | "minute" | "minutes" => ('m', 1),
        "h" | "hr" | "hrs" | "hour" | "hours" => ('h', 1),
        "d" | "day" | "days" => ('d', 1),
        "w" | "week" | "weeks" => ('d', 7),
        _ => return None,
    };
    Some(ReadUnit { unit, times })
}

/// A duration as rules write it, in whole seconds: `0s`, `90s` is `1m30s`, and days begin at two: `24h`, `36h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurationText(pub Duration);

impl fmt::Display for DurationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0.as_secs();
        if left == 0 {
            return f.write_str("0s");
        }
        let are_days = left >= 2 * SECONDS_OF_DAY && left.is_multiple_of(SECONDS_OF_DAY);
        for (unit, size) in UNITS.into_iter().filter(|(unit, _)| are_days || *unit != 'd') {
            if left >= size {
                write!(f, "{}{unit}", left / size)?;
                left %= size;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{DurationText, corrected_duration, duration};
    use std::time::Duration;

    #[test]
    fn units_fall_and_stand_once() {
        let seconds = |text| duration(text).map(|read| read.as_secs());
        for (text, expected) in [
            ("0s", 0),
            ("30s", 30),
            ("90m", 5_400),
            ("1h30m", 5_400),
            ("7d", 604_800),
            ("1d2h3m4s", 93_784),
            ("01h", 3_600),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in ["", "s", "30", "1m30h", "1m1m", "5min", "1h 30m", "-5s", "1.5h", "30s..10m", "５m", "1h30", "30S"]
        {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(seconds("99999999999999999999s"), None);
        assert_eq!(seconds("18446744073709551615d"), None);
        assert_eq!(seconds("18446744073709551615s"), Some(u64::MAX));
        assert_eq!(seconds("1h18446744073709551615s"), None);
    }

    #[test]
    fn what_is_written_as_elsewhere_is_corrected() {
        for (text, expected) in [
            ("5min", Some("5m")),
            ("30 s", Some("30s")),
            ("30 Seconds", Some("30s")),
            ("1m30h", Some("30h1m")),
            ("1 hour 30 minutes", Some("1h30m")),
            ("10s10s", Some("20s")),
            ("2w", Some("14d")),
            ("0min", None),
            ("500ms", None),
            ("1.5h", None),
            ("30", None),
            ("", None),
            ("18446744073709551615w", None),
            ("5分钟", None),
        ] {
            assert_eq!(corrected_duration(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn durations_are_shown_as_they_are_written() {
        let cases: [(u64, &str); 8] = [
            (0, "0s"),
            (30, "30s"),
            (90, "1m30s"),
            (5_400, "1h30m"),
            (86_400, "24h"),
            (129_600, "36h"),
            (604_800, "7d"),
            (180_000, "50h"),
        ];
        for (seconds, expected) in cases {
            let shown = DurationText(Duration::from_secs(seconds)).to_string();
            assert_eq!(shown, expected);
            assert_eq!(duration(&shown), Some(Duration::from_secs(seconds)));
        }
    }
}
