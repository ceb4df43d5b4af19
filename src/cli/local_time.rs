//! Times as people at this machine read them: in its zone, which `TZ` or `/etc/localtime` names.

use crate::diagnostic::visible_line;
use crate::gateway::status::duration;
use crate::time::{Timestamp, Zone};

/// The zone of this machine, and the moment.
pub(super) struct LocalTime {
    zone: Zone,
    now: Timestamp,
}

impl LocalTime {
    /// The zone of this machine.
    pub(super) fn at(now: Timestamp) -> Self {
        let zone = std::env::var("TZ").ok();
        let file = std::fs::read("/etc/localtime").unwrap_or_default();
        Self { zone: Zone::local(zone.as_deref(), &file), now }
    }

    /// A zone that a test names.
    #[cfg(test)]
    pub(super) fn in_zone(zone: &str, now: &str) -> Self {
        Self { zone: Zone::local(Some(zone), &[]), now: Timestamp::read(now).expect("a time") }
    }

    /// The offset of the zone now: `+08:00`.
    pub(super) fn offset(&self) -> String {
        self.zone.offset(self.now)
    }

    /// Whether a moment is not after now.
    pub(super) fn has_passed(&self, moment: Timestamp) -> bool {
        moment <= self.now
    }

    /// `18:24:36` today, `2026-03-06 18:24:36` on another day; what is not a time stays as it is.
    pub(super) fn clock(&self, time: &str) -> String {
        let Some(moment) = Timestamp::read(time) else { return visible_line(time) };
        let (local, today) = (self.zone.wall_clock(moment), self.zone.wall_clock(self.now));
        let format = if local.date() == today.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
        local.strftime(format).to_string()
    }

    /// [`LocalTime::clock`] with the offset, and how far away it is: `18:24:36 +08:00 (4 min ago)`.
    pub(super) fn moment(&self, time: &str) -> String {
        let Some(moment) = Timestamp::read(time) else { return visible_line(time) };
        let away = match moment.epoch_milliseconds() - self.now.epoch_milliseconds() {
            -999..=999 => "now".to_owned(),
            // A part of a second counts as one: what begins now and lasts 20 minutes ends in 20 minutes.
            milliseconds @ 1_000.. => format!("in {}", duration((milliseconds + 999) / 1_000)),
            _ => self.ago(Some(time)),
        };
        format!("{} {} ({away})", self.clock(time), self.zone.offset(moment))
    }

    /// How long ago a time was: `12 s ago`.
    pub(super) fn ago(&self, time: Option<&str>) -> String {
        self.age(time).map_or_else(|| "never".to_owned(), |age| format!("{age} ago"))
    }

    /// The age of a time: `12 s`; none where there is no time.
    pub(super) fn age(&self, time: Option<&str>) -> Option<String> {
        let time = time?;
        let Some(then) = Timestamp::read(time) else { return Some(visible_line(time)) };
        let seconds = (self.now.epoch_milliseconds() - then.epoch_milliseconds()).max(0) / 1_000;
        Some(duration(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::LocalTime;

    #[test]
    fn times_are_in_the_zone_of_the_machine() {
        let local = LocalTime::in_zone("Asia/Shanghai", "2026-03-07T02:00:00Z");
        assert_eq!(local.moment("2026-03-07T01:59:18Z"), "09:59:18 +08:00 (42 s ago)");
        assert_eq!(local.moment("2026-03-07T02:10:00.5Z"), "10:10:00 +08:00 (in 10 min)");
        assert_eq!(local.moment("2026-03-07T02:00:00.9Z"), "10:00:00 +08:00 (now)");
        assert_eq!(local.clock("2026-03-06T10:00:00Z"), "2026-03-06 18:00:00");
        assert_eq!(local.ago(None), "never");
        assert_eq!(local.clock("soon\u{1b}[2J"), "soon␛[2J");
    }

    #[test]
    fn a_zone_that_is_not_known_is_utc() {
        assert_eq!(LocalTime::in_zone("Nowhere/At_All", "2026-03-07T02:00:00Z").offset(), "+00:00");
        assert_eq!(LocalTime::in_zone(":Asia/Kolkata", "2026-03-07T02:00:00Z").offset(), "+05:30");
        assert_eq!(LocalTime::in_zone("CST-8", "2026-03-07T02:00:00Z").offset(), "+08:00");
    }
}
