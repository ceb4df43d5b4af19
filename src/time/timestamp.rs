//! Timestamps, and the formats in which monitoring systems send them.

use super::Zone;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;
use std::time::Duration;

/// A moment, with a precision of one nanosecond. The default is the beginning of 1970 in UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// Reads RFC 3339, or a number of seconds or milliseconds since 1970 in digits. Returns none for `0001-01-01…`, for a
    /// time without an offset, and for any other text.
    ///
    /// A blank is accepted instead of the `T` and before the offset. Seconds and the offset's colon are optional. A zone
    /// abbreviation may follow the offset, as in the output of Go's `Time.String`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return read_epoch(text);
        }
        let reading = read_calendar(&mut TimestampScanner { rest: text.as_bytes() })?;
        reading.offset?.to_timestamp(reading.local).ok().map(Self)
    }

    /// [`Timestamp::read`] that reads a time without an offset as a local time of the zone.
    ///
    /// A local time that the clock repeats is the first of the two, and one that it skips is as much later as the clock
    /// was set forward.
    #[must_use]
    pub fn read_in(text: &str, zone: &Zone) -> Option<Self> {
        Self::read(text).or_else(|| {
            let reading = read_calendar(&mut TimestampScanner { rest: text.trim().as_bytes() })?;
            let is_local = reading.offset.is_none();
            zone.moment(reading.local).filter(|_| is_local).map(Self)
        })
    }

    /// Reads seconds, milliseconds, microseconds or nanoseconds since 1970. The size of the number decides the unit.
    ///
    /// Returns none for times from 2286 on, for numbers between the ranges (such as `20260307020000`), for negative
    /// numbers, and for zero, which systems send for "not set".
    #[must_use]
    pub fn from_epoch(number: f64) -> Option<Self> {
        // The shortest decimal that reads back as the same number is what the sender wrote.
        if number.is_finite() && number > 0.0 { read_epoch(&number.to_string()) } else { None }
    }

    /// [`Timestamp::from_epoch`] for a whole number, without rounding.
    #[must_use]
    pub fn from_whole_epoch(number: u64) -> Option<Self> {
        let unit = nanoseconds_in_unit(number)?;
        jiff::Timestamp::from_nanosecond(i128::from(number) * i128::from(unit)).ok().map(Self)
    }

    /// The first moment of the calendar.
    pub const MIN: Self = Self(jiff::Timestamp::MIN);

    /// The last moment of the calendar.
    pub const MAX: Self = Self(jiff::Timestamp::MAX);

    /// The moment that many milliseconds after the beginning of 1970; a negative number is before it. Out of the range of
    /// the calendar, the nearest moment within it.
    #[must_use]
    pub fn from_epoch_milliseconds(milliseconds: i64) -> Self {
        let nearest = if milliseconds < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        Self(jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(nearest))
    }

    /// Milliseconds since the beginning of 1970, as webhooks sign and send them.
    #[must_use]
    pub fn epoch_milliseconds(self) -> i64 {
        self.0.as_millisecond()
    }

    /// The moment so much later; at most the last one of the calendar.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.checked_add(duration).unwrap_or(jiff::Timestamp::MAX))
    }

    /// The moment so much earlier; at least the first one of the calendar.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.checked_sub(duration).unwrap_or(jiff::Timestamp::MIN))
    }

    /// How long after another moment this one is; zero where it is before it.
    #[must_use]
    pub fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0.duration_since(earlier.0)).unwrap_or_default()
    }

    /// The moment as a timestamp of `jiff`.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        self.0
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self(timestamp)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with a fraction of a second only if it is not zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| D::Error::custom(format_args!("`{text}` is not a time")))
    }
}

/// The unit of a number since 1970, in nanoseconds. In each unit, the range covers 1973 (in seconds 1970) to 2286, and no
/// two ranges overlap.
fn nanoseconds_in_unit(number: u64) -> Option<u32> {
    match number {
        1..10_000_000_000 => Some(1_000_000_000),
        100_000_000_000..10_000_000_000_000 => Some(1_000_000),
        100_000_000_000_000..10_000_000_000_000_000 => Some(1_000),
        100_000_000_000_000_000..10_000_000_000_000_000_000 => Some(1),
        _ => None,
    }
}

fn read_epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let whole: u64 = whole.parse().ok()?;
    let unit = nanoseconds_in_unit(whole)?;
    let fraction = i128::from(nanoseconds(fraction.as_bytes())?) * i128::from(unit) / 1_000_000_000;
    jiff::Timestamp::from_nanosecond(i128::from(whole) * i128::from(unit) + fraction).ok().map(Timestamp)
}

/// The digits after a decimal point, in billionths. Digits after the ninth are ignored.
fn nanoseconds(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let padded = digits.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    Some(padded.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
}

/// A date and a time of day as written, and the offset behind them.
struct CalendarReading {
    local: DateTime,
    offset: Option<Offset>,
}

fn read_calendar(text: &mut TimestampScanner<'_>) -> Option<CalendarReading> {
    let year = text.number(4)?;
    text.sign(b"-")?;
    let month = i8::try_from(text.number(2)?).ok()?;
    text.sign(b"-")?;
    let day = i8::try_from(text.number(2)?).ok()?;
    let date = Date::new(year, month, day).ok()?;
    if date == Date::constant(1, 1, 1) {
        return None;
    }
    text.sign(b"Tt ")?;
    let time = read_clock(text)?;
    let offset = if text.rest.is_empty() { None } else { Some(read_offset(text)?) };
    Some(CalendarReading { local: date.to_datetime(time), offset })
}

/// `HH:MM`, `HH:MM:SS`, `HH:MM:SS.fraction`; a leap second counts as the second before it.
fn read_clock(text: &mut TimestampScanner<'_>) -> Option<Time> {
    let hour = i8::try_from(text.number(2)?).ok()?;
    text.sign(b":")?;
    let minute = i8::try_from(text.number(2)?).ok()?;
    let mut second = 0;
    let mut fraction = 0;
    if text.sign(b":").is_some() {
        second = i8::try_from(text.number(2)?).ok()?;
        if text.sign(b".,").is_some() {
            fraction = i32::try_from(nanoseconds(text.digits())?).ok()?;
        }
    }
    Time::new(hour, minute, if second == 60 { 59 } else { second }, fraction).ok()
}

/// `Z`, `UTC`, `+08:00`, `+0800`, `+08`, each up to the end of the text.
fn read_offset(text: &mut TimestampScanner<'_>) -> Option<Offset> {
    let _ = text.sign(b" ");
    if matches!(text.rest, b"Z" | b"z" | b"UTC" | b"GMT") {
        return Some(Offset::UTC);
    }
    let sign = if text.sign(b"+-")? == b'-' { -1 } else { 1 };
    let hours = text.number(2)?;
    let colon = text.sign(b":").is_some();
    let minutes = if colon || text.rest.first().is_some_and(u8::is_ascii_digit) { text.number(2)? } else { 0 };
    let abbreviation = text.rest.strip_prefix(b" ").unwrap_or(text.rest);
    if hours > 23 || minutes > 59 || !abbreviation.iter().all(u8::is_ascii_uppercase) {
        return None;
    }
    Offset::from_seconds(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60)).ok()
}

/// The text that is not read yet.
struct TimestampScanner<'t> {
    rest: &'t [u8],
}

impl<'t> TimestampScanner<'t> {
    /// Reads a number of exactly that many digits.
    fn number(&mut self, digits: usize) -> Option<i16> {
        let (number, rest) = self.rest.split_at_checked(digits)?;
        if !number.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.rest = rest;
        Some(number.iter().fold(0, |sum, digit| sum * 10 + i16::from(digit - b'0')))
    }

    /// Reads one of these signs.
    fn sign(&mut self, signs: &[u8]) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        if !signs.contains(first) {
            return None;
        }
        self.rest = rest;
        Some(*first)
    }

    /// Reads all digits that follow.
    fn digits(&mut self) -> &'t [u8] {
        let count = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at_checked(count).unwrap_or_default();
        self.rest = rest;
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Timestamp};

    #[test]
    fn arithmetic_ends_where_the_calendar_does() {
        let [first, start, last] = [i64::MIN, 0, i64::MAX].map(Timestamp::from_epoch_milliseconds);
        let later = start.saturating_add(Duration::from_millis(1_500));
        assert_eq!(later.epoch_milliseconds(), 1_500);
        assert_eq!(later.saturating_sub(Duration::from_millis(1_500)), start);
        assert_eq!(later.saturating_duration_since(start), Duration::from_millis(1_500));
        assert_eq!(start.saturating_duration_since(later), Duration::ZERO);
        assert_eq!((start.saturating_sub(Duration::MAX), start.saturating_add(Duration::MAX)), (first, last));
    }
}
