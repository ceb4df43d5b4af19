//! Whether a destination is asked at all: a breaker that opens where it fails, and probes it from time to time. Pure:
//! moments are milliseconds of a monotonic clock.
//!
//! An answer that refuses one delivery shows that the destination lives, so it counts as a success here.

use std::collections::VecDeque;
use std::time::Duration;

/// Failures in a row that open it.
const CONSECUTIVE_FAILURES: u32 = 10;
/// Results within [`WINDOW`] from which on their share counts.
const LEAST_RESULTS: u64 = 20;
/// Milliseconds over which results are counted.
const WINDOW: u64 = 60_000;
/// Milliseconds that are counted together.
const SLICE: u64 = 1_000;

/// How long a breaker stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BreakerPauses {
    /// Before the first probe.
    pub(super) first: Duration,
    /// The longest; each pause is twice the one before.
    pub(super) longest: Duration,
}

impl Default for BreakerPauses {
    fn default() -> Self {
        Self { first: Duration::from_secs(30), longest: Duration::from_mins(10) }
    }
}

/// What an attempt says of the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HealthSignal {
    /// It answers.
    Healthy,
    /// It does not, or says that it cannot.
    Failing,
    /// Nothing.
    Unknown,
}

/// Whether an attempt may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttemptPermit {
    /// Yes.
    Allowed,
    /// Yes, one, to see how the destination fares.
    Probe,
    /// Not before this moment; none where a probe is under way.
    Wait(Option<u64>),
}

/// How a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BreakerState {
    /// Attempts are made.
    Closed,
    /// No attempt before this moment.
    Open(u64),
    /// A probe is under way.
    HalfOpen,
}

/// The breaker of one channel.
#[derive(Debug)]
pub(super) struct CircuitBreaker {
    state: BreakerState,
    pauses: BreakerPauses,
    pause: Duration,
    consecutive: u32,
    /// Moment, results and failures of each slice.
    slices: VecDeque<(u64, u64, u64)>,
}

impl CircuitBreaker {
    /// A closed one.
    pub(super) fn new(pauses: BreakerPauses) -> Self {
        Self {
            state: BreakerState::Closed,
            pauses,
            pause: pauses.first,
            consecutive: 0,
            slices: VecDeque::new(),
        }
    }

    /// How it stands.
    pub(super) fn state(&self) -> BreakerState {
        self.state
    }

    /// Whether an attempt may be made now; nothing changes before [`CircuitBreaker::begin`].
    pub(super) fn permit(&self, now: u64) -> AttemptPermit {
        match self.state {
            BreakerState::Closed => AttemptPermit::Allowed,
            BreakerState::Open(until) if until <= now => AttemptPermit::Probe,
            BreakerState::Open(until) => AttemptPermit::Wait(Some(until)),
            BreakerState::HalfOpen => AttemptPermit::Wait(None),
        }
    }

    /// An attempt was begun with this permit.
    pub(super) fn begin(&mut self, permit: AttemptPermit) {
        if permit == AttemptPermit::Probe {
            self.state = BreakerState::HalfOpen;
        }
    }

    /// Takes the result of an attempt; answers whether the breaker closed with it.
    pub(super) fn record(&mut self, now: u64, probe: bool, sign: HealthSignal) -> bool {
        match (self.state, sign) {
            (BreakerState::Closed, HealthSignal::Healthy | HealthSignal::Failing) => {
                self.count(now, sign == HealthSignal::Failing);
                if self.is_failing() {
                    self.open(now);
                }
                false
            }
            (BreakerState::HalfOpen, HealthSignal::Healthy) if probe => {
                *self = Self::new(self.pauses);
                true
            }
            (BreakerState::HalfOpen, HealthSignal::Failing) if probe => {
                self.pause = self.pause.saturating_mul(2).min(self.pauses.longest);
                self.open(now);
                false
            }
            (BreakerState::HalfOpen, HealthSignal::Unknown) if probe => {
                // The probe said nothing: the next one may say more.
                self.state = BreakerState::Open(now);
                false
            }
            // What was begun before it opened comes too late to say anything.
            (BreakerState::Open(_) | BreakerState::HalfOpen, _)
            | (BreakerState::Closed, HealthSignal::Unknown) => false,
        }
    }

    fn open(&mut self, now: u64) {
        let pause = u64::try_from(self.pause.as_millis()).unwrap_or(u64::MAX);
        self.state = BreakerState::Open(now.saturating_add(pause));
        self.consecutive = 0;
        self.slices.clear();
    }

    fn count(&mut self, now: u64, failed: bool) {
        self.consecutive = if failed { self.consecutive.saturating_add(1) } else { 0 };
        while self.slices.front().is_some_and(|(at, _, _)| at.saturating_add(WINDOW) <= now) {
            self.slices.pop_front();
        }
        let failures = u64::from(failed);
        match self.slices.back_mut() {
            Some((at, results, failed)) if at.saturating_add(SLICE) > now => {
                *results += 1;
                *failed += failures;
            }
            Some(_) | None => self.slices.push_back((now, 1, failures)),
        }
    }

    fn is_failing(&self) -> bool {
        let sum = |of: fn(&(u64, u64, u64)) -> u64| self.slices.iter().map(of).sum::<u64>();
        let (results, failures) = (sum(|slice| slice.1), sum(|slice| slice.2));
        self.consecutive >= CONSECUTIVE_FAILURES || (results >= LEAST_RESULTS && failures * 2 >= results)
    }
}

#[cfg(test)]
mod tests {
    use super::{AttemptPermit, BreakerPauses, BreakerState, CircuitBreaker, HealthSignal};

    fn open_one() -> CircuitBreaker {
        let mut breaker = CircuitBreaker::new(BreakerPauses::default());
        (0..10).for_each(|_| assert!(!breaker.record(0, false, HealthSignal::Failing)));
        breaker
    }

    #[test]
    fn ten_failures_in_a_row_open_it_and_nine_do_not() {
        let mut breaker = CircuitBreaker::new(BreakerPauses::default());
        for round in 0..5 {
            let now = round * 61_000;
            (0..9).for_each(|_| _ = breaker.record(now, false, HealthSignal::Failing));
            assert_eq!(breaker.permit(now), AttemptPermit::Allowed);
            breaker.record(now, false, HealthSignal::Healthy);
        }
        assert_eq!(open_one().permit(0), AttemptPermit::Wait(Some(30_000)));
    }

    #[test]
    fn half_of_twenty_within_a_minute_open_it() {
        let mut breaker = CircuitBreaker::new(BreakerPauses::default());
        for each in 0..19 {
            breaker.record(
                each * 100,
                false,
                if each % 2 == 0 { HealthSignal::Failing } else { HealthSignal::Healthy },
            );
        }
        assert_eq!(breaker.permit(2_000), AttemptPermit::Allowed);
        breaker.record(2_000, false, HealthSignal::Failing);
        assert_eq!(breaker.state(), BreakerState::Open(32_000));
    }

    #[test]
    fn failures_older_than_a_minute_are_forgotten() {
        let mut breaker = CircuitBreaker::new(BreakerPauses::default());
        for each in 0..60 {
            breaker.record(
                each * 4_000,
                false,
                if each % 2 == 0 { HealthSignal::Failing } else { HealthSignal::Healthy },
            );
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn one_probe_at_a_time_and_pauses_double_to_ten_minutes() {
        let mut breaker = open_one();
        let mut now = 30_000;
        for pause in [60, 120, 240, 480, 600, 600] {
            assert_eq!(breaker.permit(now - 1), AttemptPermit::Wait(Some(now)));
            let permit = breaker.permit(now);
            assert_eq!(permit, AttemptPermit::Probe);
            breaker.begin(permit);
            assert_eq!(breaker.permit(now), AttemptPermit::Wait(None));
            assert!(!breaker.record(now, false, HealthSignal::Healthy), "an old answer is no probe's");
            assert!(!breaker.record(now, true, HealthSignal::Failing));
            now += pause * 1_000;
        }
        breaker.begin(breaker.permit(now));
        assert!(breaker.record(now, true, HealthSignal::Healthy));
        assert_eq!(breaker.permit(now), AttemptPermit::Allowed);
    }

    #[test]
    fn a_probe_that_says_nothing_leaves_room_for_another() {
        let mut breaker = open_one();
        breaker.begin(breaker.permit(30_000));
        breaker.record(31_000, true, HealthSignal::Unknown);
        assert_eq!(breaker.permit(31_000), AttemptPermit::Probe);
    }
}
