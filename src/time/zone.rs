//! Time zones by their IANA names, from the bundled database.

use super::{ScheduleError, Timestamp};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::sync::OnceLock;
use std::time::Duration;

/// A time zone of the bundled IANA database.
#[derive(Debug, Clone)]
pub struct Zone {
    zone: TimeZone,
}

/// Cities without a zone of their own that people write, and their zones.
const CITIES: [(&str, &str); 7] = [
    ("Beijing", "Asia/Shanghai"),
    ("Guangzhou", "Asia/Shanghai"),
    ("Hangzhou", "Asia/Shanghai"),
    ("Shenzhen", "Asia/Shanghai"),
    ("Mumbai", "Asia/Kolkata"),
    ("San_Francisco", "America/Los_Angeles"),
    ("Seattle", "America/Los_Angeles"),
];

impl Zone {
    /// Finds a zone by its IANA name.
    ///
    /// # Errors
    /// If there is no zone with that name. The help names the nearest one.
    pub fn new(name: &str) -> Result<Self, ScheduleError> {
        let zone = database().get(name).ok();
        let Some(zone) = zone.filter(|zone| zone.iana_name() == Some(name)) else {
            return Err(unknown(name));
        };
        Ok(Self { zone })
    }

    /// The zone of a machine, for what people read: the one that `TZ` names, or the rules in `/etc/localtime`. UTC where
    /// neither is known.
    #[must_use]
    pub fn local(variable: Option<&str>, localtime: &[u8]) -> Self {
        let named = variable.map(|name| name.strip_prefix(':').unwrap_or(name));
        let zone = match named {
            Some(name) => database().get(name).ok().or_else(|| TimeZone::posix(name).ok()),
            None => TimeZone::tzif("Local", localtime).ok(),
        };
        Self { zone: zone.unwrap_or(TimeZone::UTC) }
    }

    /// The offset from UTC at a moment: `+08:00`.
    #[must_use]
    pub fn offset(&self, instant: Timestamp) -> String {
        let seconds = self.zone.to_offset(instant.to_jiff()).seconds();
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.unsigned_abs() / 60;
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The moment of a local date and time. One that the clock repeats is the first of the two, and one that it skips is as
    /// much later as the clock was set forward.
    pub(super) fn moment(&self, reading: DateTime) -> Option<jiff::Timestamp> {
        self.zone.to_timestamp(reading).ok()
    }

    /// The moments of a local date and time: two of one that the clock repeats.
    pub(super) fn moments(&self, reading: DateTime) -> impl Iterator<Item = Timestamp> + use<> {
        let moment = self.zone.to_ambiguous_timestamp(reading);
        [moment.earlier(), moment.later()].into_iter().flatten().map(Timestamp::from)
    }

    /// The moments at which the clock is set on a day, or near it.
    pub(super) fn transitions_of(&self, day: Date) -> Vec<Timestamp> {
        let noon = self.zone.to_timestamp(day.to_datetime(Time::constant(12, 0, 0, 0))).ok();
        let Some(noon) = noon.map(Timestamp::from) else { return Vec::new() };
        let day = Duration::from_hours(24);
        let (from, to) = (noon.saturating_sub(day).to_jiff(), noon.saturating_add(day).to_jiff());
        let transitions = self.zone.following(from).map(|transition| transition.timestamp());
        transitions.take_while(|moment| *moment <= to).map(Timestamp::from).collect()
    }

    /// The local date and time in the zone at a moment.
    #[must_use]
    pub fn wall_clock(&self, instant: Timestamp) -> DateTime {
        self.zone.to_datetime(instant.to_jiff())
    }
}

fn database() -> &'static TimeZoneDatabase {
    static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
    DATABASE.get_or_init(TimeZoneDatabase::bundled)
}

fn unknown(name: &str) -> ScheduleError {
    let digits = name.bytes().any(|byte| byte.is_ascii_digit());
    if digits && name.contains(['+', '-']) {
        return ScheduleError::new(format!("`{name}` is an offset, not a time zone"))
            .help("name a place, whose daylight saving is known: `\"Asia/Shanghai\"`, `\"Europe/Berlin\"`, `\"UTC\"`");
    }
    let invalid = ScheduleError::new(match name {
        "" => "expected a time zone".to_owned(),
        _ => format!("unknown time zone `{name}`"),
    });
    match nearest(name) {
        Some(nearest) => invalid.help(format!("did you mean `\"{nearest}\"`?")).replacement(format!("\"{nearest}\"")),
        None => invalid.help("name a place, as in `\"Asia/Shanghai\"`, `\"Europe/Berlin\"` or `\"UTC\"`"),
    }
}

/// The zone whose name or city is nearest. At most a third of the letters may differ.
fn nearest(name: &str) -> Option<String> {
    // Abbreviations are ambiguous: `CST` is a zone of China and one of America.
    let abbreviated = name.len() < 5 && name.bytes().all(|byte| byte.is_ascii_uppercase());
    if name.len() > 64 || abbreviated {
        return None;
    }
    let wanted = name.trim().replace(' ', "_");
    let city = last_part(&wanted);
    if let Some((_, zone)) = CITIES.iter().find(|(known, _)| known.eq_ignore_ascii_case(city)) {
        return Some((*zone).to_owned());
    }
    let distance = |known: &str| {
        let whole = strsim::damerau_levenshtein(&known.to_lowercase(), &wanted.to_lowercase());
        let city = strsim::damerau_levenshtein(&last_part(known).to_lowercase(), &city.to_lowercase());
        // At equal distances the whole name decides, so that `Asia/` leads to a city in Asia.
        (whole.min(city), whole)
    };
    let known = database().available().map(|known| (distance(known.as_str()), known.as_str().to_owned()));
    let (best, known) = known.min()?;
    (best.0 <= city.chars().count() / 3).then_some(known)
}

fn last_part(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, last)| last)
}
