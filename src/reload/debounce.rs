//! When a load is due: pure, over times that are given.
//!
//! Times are those of a monotonic clock, counted from any origin.

use std::time::Duration;

/// Signs of change, until they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Debounce {
    quiet: Duration,
    max_delay: Duration,
    /// The first and the last sign since they were taken.
    changes: Option<(Duration, Duration)>,
    requested: bool,
    poll_at: Option<Duration>,
}

impl Debounce {
    pub(super) fn new(quiet: Duration, max_delay: Duration) -> Self {
        Self { quiet, max_delay, changes: None, requested: false, poll_at: None }
    }

    /// Something may have changed.
    pub(super) fn note_change(&mut self, now: Duration) {
        let first = self.changes.map_or(now, |(first, _)| first);
        self.changes = Some((first, now));
    }

    /// Somebody asks for a load at once.
    pub(super) fn request(&mut self) {
        self.requested = true;
    }

    /// Files are to be read at that time whatever happens.
    pub(super) fn poll_at(&mut self, at: Duration) {
        self.poll_at = Some(at);
    }

    /// How long to wait for the next load; zero where it is due; nothing where none is.
    pub(super) fn wait(&self, now: Duration) -> Option<Duration> {
        if self.requested {
            return Some(Duration::ZERO);
        }
        let calm =
            self.changes.map(|(first, last)| (last + self.quiet).min(first.saturating_add(self.max_delay)));
        // A poll in the midst of a change would read half of it; and what follows the signs reads all that it would.
        let next = calm.or(self.poll_at)?;
        Some(next.saturating_sub(now))
    }

    /// Takes all signs: what arrives from now on is for the next load. Says whether there was more than the poll.
    pub(super) fn take(&mut self) -> bool {
        let seen = self.requested || self.changes.is_some();
        (self.changes, self.requested, self.poll_at) = (None, false, None);
        seen
    }

    /// Until when the load that is due may be drawn out by further signs: not at all where somebody asked for it, and
    /// never beyond what the first sign allows.
    pub(super) fn settle_deadline(&self, now: Duration) -> Duration {
        if self.requested {
            return now;
        }
        self.changes.map_or(now, |(first, _)| first).saturating_add(self.max_delay)
    }

    /// How long it takes from now on until there was no sign for as long as a change needs to be over.
    pub(super) fn time_until_quiet(&self, now: Duration) -> Duration {
        self.changes.map_or(Duration::ZERO, |(_, last)| (last + self.quiet).saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::Debounce;
    use std::time::Duration;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn usual() -> Debounce {
        Debounce::new(ms(200), ms(2_000))
    }

    #[test]
    fn a_sign_is_followed_by_quiet() {
        let mut signs = usual();
        assert_eq!(signs.wait(ms(0)), None);
        signs.note_change(ms(1_000));
        assert_eq!(signs.wait(ms(1_050)), Some(ms(150)));
        signs.note_change(ms(1_100));
        assert_eq!(signs.wait(ms(1_200)), Some(ms(100)));
        assert_eq!(signs.wait(ms(1_300)), Some(ms(0)));
        assert!(signs.take());
        assert_eq!(signs.wait(ms(1_300)), None);
    }

    #[test]
    fn signs_without_end_are_waited_for_two_seconds() {
        let mut signs = usual();
        for step in 0..60 {
            signs.note_change(ms(step * 50));
        }
        assert_eq!(signs.wait(ms(1_990)), Some(ms(10)));
        assert_eq!(signs.wait(ms(2_000)), Some(ms(0)));
    }

    #[test]
    fn who_asks_does_not_wait() {
        let mut signs = usual();
        signs.note_change(ms(0));
        signs.request();
        assert_eq!(signs.wait(ms(1)), Some(ms(0)));
    }

    #[test]
    fn the_poll_comes_where_nothing_else_does() {
        let mut signs = usual();
        signs.poll_at(ms(100));
        assert_eq!(signs.wait(ms(60)), Some(ms(40)));
        assert_eq!(signs.wait(ms(100)), Some(ms(0)));
        assert!(!signs.take());
    }

    #[test]
    fn the_poll_does_not_read_in_the_midst_of_a_change() {
        let mut signs = usual();
        signs.poll_at(ms(100));
        signs.note_change(ms(50));
        assert_eq!(signs.wait(ms(60)), Some(ms(190)));
        assert_eq!(signs.wait(ms(250)), Some(ms(0)));
        assert!(signs.take());
    }

    #[test]
    fn a_load_is_drawn_out_by_signs_and_not_for_ever() {
        let mut signs = usual();
        signs.note_change(ms(1_000));
        assert_eq!(signs.settle_deadline(ms(1_200)), ms(3_000));
        signs.take();
        assert_eq!(signs.time_until_quiet(ms(1_200)), ms(0));
        signs.note_change(ms(1_250));
        assert_eq!(signs.time_until_quiet(ms(1_300)), ms(150));
        assert_eq!(signs.time_until_quiet(ms(1_500)), ms(0));
        signs.request();
        assert_eq!(signs.settle_deadline(ms(1_500)), ms(1_500));
    }

    #[test]
    fn what_comes_during_a_load_is_for_the_next() {
        let mut signs = usual();
        signs.note_change(ms(0));
        signs.take();
        signs.note_change(ms(10));
        assert_eq!(signs.wait(ms(10)), Some(ms(200)));
    }
}
