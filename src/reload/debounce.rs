//! Decides when a load is due, purely from given times.
//!
//! Times are those of a monotonic clock, from any origin.

use std::time::Duration;

/// Signs of change, until a load takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Debounce {
    quiet: Duration,
    max_delay: Duration,
    changes: Option<ChangeWindow>,
    requested: bool,
    poll_at: Option<Duration>,
    idle: Option<IdleLoad>,
}

/// What triggered a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoadCause {
    /// Somebody asked for it.
    Request,
    /// Signs of a change.
    Change,
    /// The poll.
    Poll,
}

/// The last load that signs of a change triggered and that found nothing new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct IdleLoad {
    ended: Duration,
    /// Signs of a change trigger no load before.
    rest_until: Duration,
}

/// The times of the first and the last sign since a load took them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ChangeWindow {
    first: Duration,
    last: Duration,
}

impl Debounce {
    pub(super) fn new(quiet: Duration, max_delay: Duration) -> Self {
        Self { quiet, max_delay, changes: None, requested: false, poll_at: None, idle: None }
    }

    /// Notes that something may have changed.
    pub(super) fn note_change(&mut self, now: Duration) {
        let first = self.first_change(now);
        self.changes = Some(ChangeWindow { first, last: now });
    }

    /// Requests a load at once.
    pub(super) fn request(&mut self) {
        self.requested = true;
    }

    /// Sets the time of the next poll.
    pub(super) fn poll_at(&mut self, at: Duration) {
        self.poll_at = Some(at);
    }

    /// How long to wait for the next load: zero if it is due, nothing if none is expected.
    pub(super) fn wait(&self, now: Duration) -> Option<Duration> {
        if self.requested {
            return Some(Duration::ZERO);
        }
        let rest_until = self.idle.map_or(Duration::ZERO, |idle| idle.rest_until);
        let settled = self.changes.map(|ChangeWindow { first, last }| {
            (last + self.quiet).min(first.saturating_add(self.max_delay)).max(rest_until)
        });
        // A poll during a change could read half of it, and the load after the change reads everything.
        let next = settled.or(self.poll_at)?;
        Some(next.saturating_sub(now))
    }

    /// Takes all signs; later ones are for the next load. Returns what triggered the load.
    pub(super) fn take(&mut self) -> LoadCause {
        let cause = match (self.requested, self.changes) {
            (true, _) => LoadCause::Request,
            (false, Some(_)) => LoadCause::Change,
            (false, None) => LoadCause::Poll,
        };
        (self.changes, self.requested, self.poll_at) = (None, false, None);
        cause
    }

    /// Notes the end of a load that signs of a change triggered and that found nothing new. From the second in a row on,
    /// the next such load waits for the maximum delay: something writes beside the rules all the time. The first is
    /// free, because the sign may have been the beginning of a save.
    pub(super) fn note_idle(&mut self, now: Duration) {
        let in_a_row = self.idle.is_some_and(|idle| now < idle.ended.saturating_add(self.max_delay.saturating_mul(2)));
        let rest_until = if in_a_row { now.saturating_add(self.max_delay) } else { now };
        self.idle = Some(IdleLoad { ended: now, rest_until });
    }

    /// Notes that a load found something new.
    pub(super) fn note_news(&mut self) {
        self.idle = None;
    }

    /// Until when further signs may extend the load that is due: not at all if it was requested, and never beyond the
    /// maximum delay after the first sign.
    pub(super) fn settle_deadline(&self, now: Duration) -> Duration {
        if self.requested {
            return now;
        }
        self.first_change(now).saturating_add(self.max_delay)
    }

    fn first_change(&self, now: Duration) -> Duration {
        self.changes.map_or(now, |changes| changes.first)
    }

    /// How long until the last sign is old enough for the change to be over.
    pub(super) fn time_until_quiet(&self, now: Duration) -> Duration {
        self.changes.map_or(Duration::ZERO, |changes| (changes.last + self.quiet).saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::{Debounce, LoadCause};
    use std::time::Duration;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn debounce() -> Debounce {
        Debounce::new(ms(200), ms(2_000))
    }

    #[test]
    fn a_load_waits_until_changes_are_over() {
        let mut debounce = debounce();
        assert_eq!(debounce.wait(ms(0)), None);
        debounce.note_change(ms(1_000));
        assert_eq!(debounce.wait(ms(1_050)), Some(ms(150)));
        debounce.note_change(ms(1_100));
        assert_eq!(debounce.wait(ms(1_200)), Some(ms(100)));
        assert_eq!(debounce.wait(ms(1_300)), Some(ms(0)));
        assert_eq!(debounce.take(), LoadCause::Change);
        assert_eq!(debounce.wait(ms(1_300)), None);
    }

    #[test]
    fn endless_changes_delay_a_load_by_two_seconds_at_most() {
        let mut debounce = debounce();
        for step in 0..60 {
            debounce.note_change(ms(step * 50));
        }
        assert_eq!(debounce.wait(ms(1_990)), Some(ms(10)));
        assert_eq!(debounce.wait(ms(2_000)), Some(ms(0)));
    }

    #[test]
    fn a_request_does_not_wait() {
        let mut debounce = debounce();
        debounce.note_change(ms(0));
        debounce.request();
        assert_eq!(debounce.wait(ms(1)), Some(ms(0)));
    }

    #[test]
    fn the_poll_is_due_without_changes() {
        let mut debounce = debounce();
        debounce.poll_at(ms(100));
        assert_eq!(debounce.wait(ms(60)), Some(ms(40)));
        assert_eq!(debounce.wait(ms(100)), Some(ms(0)));
        assert_eq!(debounce.take(), LoadCause::Poll);
    }

    #[test]
    fn the_poll_does_not_read_during_a_change() {
        let mut debounce = debounce();
        debounce.poll_at(ms(100));
        debounce.note_change(ms(50));
        assert_eq!(debounce.wait(ms(60)), Some(ms(190)));
        assert_eq!(debounce.wait(ms(250)), Some(ms(0)));
        assert_eq!(debounce.take(), LoadCause::Change);
    }

    #[test]
    fn changes_extend_a_load_up_to_a_deadline() {
        let mut debounce = debounce();
        debounce.note_change(ms(1_000));
        assert_eq!(debounce.settle_deadline(ms(1_200)), ms(3_000));
        debounce.take();
        assert_eq!(debounce.time_until_quiet(ms(1_200)), ms(0));
        debounce.note_change(ms(1_250));
        assert_eq!(debounce.time_until_quiet(ms(1_300)), ms(150));
        assert_eq!(debounce.time_until_quiet(ms(1_500)), ms(0));
        debounce.request();
        assert_eq!(debounce.settle_deadline(ms(1_500)), ms(1_500));
    }

    #[test]
    fn loads_that_find_nothing_are_two_seconds_apart() {
        let mut debounce = debounce();
        let (mut now, mut loads) = (ms(0), 0);
        // Something writes beside the rules every 10 ms for a minute.
        while now < ms(60_000) {
            debounce.note_change(now);
            if debounce.wait(now) == Some(ms(0)) {
                assert_eq!(debounce.take(), LoadCause::Change);
                debounce.note_idle(now);
                loads += 1;
            }
            now += ms(10);
        }
        assert!((25..=31).contains(&loads), "{loads}");
        // A request does not wait, and news ends the rest.
        debounce.request();
        assert_eq!(debounce.wait(now), Some(ms(0)));
        assert_eq!(debounce.take(), LoadCause::Request);
        debounce.note_news();
        debounce.note_change(now);
        assert_eq!(debounce.wait(now), Some(ms(200)));
    }

    #[test]
    fn one_load_that_finds_nothing_delays_no_save() {
        let mut debounce = debounce();
        for at in [0, 5_000, 10_000] {
            debounce.note_change(ms(at));
            assert_eq!(debounce.take(), LoadCause::Change);
            debounce.note_idle(ms(at + 300));
            debounce.note_change(ms(at + 400));
            assert_eq!(debounce.wait(ms(at + 400)), Some(ms(200)));
            debounce.take();
            debounce.note_news();
        }
    }

    #[test]
    fn changes_during_a_load_are_for_the_next() {
        let mut debounce = debounce();
        debounce.note_change(ms(0));
        debounce.take();
        debounce.note_change(ms(10));
        assert_eq!(debounce.wait(ms(10)), Some(ms(200)));
    }
}
