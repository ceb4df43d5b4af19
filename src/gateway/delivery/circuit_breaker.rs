//! A circuit breaker: it opens where a destination fails, and probes it from time to time. Pure: moments are milliseconds of
//! a monotonic clock.
//!
//! An answer that refuses one delivery shows that the destination works, so it counts as a success here.

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

/// What an attempt says about the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HealthSignal {
    /// It answers.
    Healthy,
    /// It does not answer, or says that it cannot.
    Failing,
    /// Nothing.
    Unknown,
}

/// Why an attempt is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttemptKind {
    /// The breaker is closed.
    Regular,
    /// The breaker is open: one attempt, to see whether the destination answers again.
    Probe,
}

/// Whether an attempt may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttemptPermit {
    /// It may.
    Allowed(AttemptKind),
    /// Not before this moment; none where a probe is under way.
    Wait(Option<u64>),
}

/// A change that the result of an attempt made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BreakerTransition {
    /// The breaker was closed and is open.
    Opened,
    /// A probe closed it.
    Closed,
}

/// The state of a breaker.
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
    slices: VecDeque<ResultSlice>,
}

/// The results of a second.
#[derive(Debug)]
struct ResultSlice {
    begin: u64,
    results: u64,
    failures: u64,
}

impl CircuitBreaker {
    /// A closed one.
    pub(super) fn new(pauses: BreakerPauses) -> Self {
        Self { state: BreakerState::Closed, pauses, pause: pauses.first, consecutive: 0, slices: VecDeque::new() }
    }

    /// Its state.
    pub(super) fn state(&self) -> BreakerState {
        self.state
    }

    /// Whether an attempt may be made now; nothing changes before [`CircuitBreaker::begin`].
    pub(super) fn permit(&self, now: u64) -> AttemptPermit {
        match self.state {
            BreakerState::Closed => AttemptPermit::Allowed(AttemptKind::Regular),
            BreakerState::Open(until) if until <= now => AttemptPermit::Allowed(AttemptKind::Probe),
            BreakerState::Open(until) => AttemptPermit::Wait(Some(until)),
            BreakerState::HalfOpen => AttemptPermit::Wait(None),
        }
    }

    /// An attempt of a permitted kind was begun.
    pub(super) fn begin(&mut self, kind: AttemptKind) {
        if kind == AttemptKind::Probe {
            self.state = BreakerState::HalfOpen;
        }
    }

    /// Takes the result of an attempt.
    pub(super) fn record(&mut self, now: u64, kind: AttemptKind, health: HealthSignal) -> Option<BreakerTransition> {
        match (self.state, kind, health) {
            (BreakerState::Closed, _, HealthSignal::Healthy | HealthSignal::Failing) => {
                self.count(now, health);
                if self.is_failing() {
                    self.open(now);
                    return Some(BreakerTransition::Opened);
                }
            }
            (BreakerState::HalfOpen, AttemptKind::Probe, HealthSignal::Healthy) => {
                *self = Self::new(self.pauses);
                return Some(BreakerTransition::Closed);
            }
            (BreakerState::HalfOpen, AttemptKind::Probe, HealthSignal::Failing) => {
                self.pause = self.pause.saturating_mul(2).min(self.pauses.longest);
                self.open(now);
            }
            // The probe said nothing: the next one may say more.
            (BreakerState::HalfOpen, AttemptKind::Probe, HealthSignal::Unknown) => {
                self.state = BreakerState::Open(now);
            }
            // The result of an attempt from before it opened says nothing any more.
            (BreakerState::Open(_), _, _)
            | (BreakerState::HalfOpen, AttemptKind::Regular, _)
            | (BreakerState::Closed, _, HealthSignal::Unknown) => {}
        }
        None
    }

    fn open(&mut self, now: u64) {
        let pause = u64::try_from(self.pause.as_millis()).unwrap_or(u64::MAX);
        self.state = BreakerState::Open(now.saturating_add(pause));
        self.consecutive = 0;
        self.slices.clear();
    }

    fn count(&mut self, now: u64, health: HealthSignal) {
        let failures = u64::from(health == HealthSignal::Failing);
        self.consecutive = if failures > 0 { self.consecutive.saturating_add(1) } else { 0 };
        while self.slices.front().is_some_and(|slice| slice.begin.saturating_add(WINDOW) <= now) {
            self.slices.pop_front();
        }
        match self.slices.back_mut() {
            Some(slice) if slice.begin.saturating_add(SLICE) > now => {
                slice.results += 1;
                slice.failures += failures;
            }
            Some(_) | None => self.slices.push_back(ResultSlice { begin: now, results: 1, failures }),
        }
    }

    fn is_failing(&self) -> bool {
        let results: u64 = self.slices.iter().map(|slice| slice.results).sum();
        let failures: u64 = self.slices.iter().map(|slice| slice.failures).sum();
        self.consecutive >= CONSECUTIVE_FAILURES || (results >= LEAST_RESULTS && failures * 2 >= results)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        AttemptKind, AttemptPermit, BreakerPauses, BreakerState, BreakerTransition, CircuitBreaker, HealthSignal,
    };

    const ALLOWED: AttemptPermit = AttemptPermit::Allowed(AttemptKind::Regular);
    const PROBE: AttemptPermit = AttemptPermit::Allowed(AttemptKind::Probe);

    fn open_one() -> CircuitBreaker {
        let mut breaker = CircuitBreaker::new(BreakerPauses::default());
        let results: Vec<_> = (0..10).map(|_| breaker.record(0, AttemptKind::Regular, HealthSignal::Failing)).collect();
        assert_eq!((results[8], results[9]), (None, Some(BreakerTransition::Opened)));
        breaker
    }

    #[test]
    fn ten_failures_in_a_row_open_it_and_nine_do_not() {
        let mut breaker = CircuitBreaker::new(BreakerPauses::default());
        for round in 0..5 {
            let now = round * 61_000;
            (0..9).for_each(|_| _ = breaker.record(now, AttemptKind::Regular, HealthSignal::Failing));
            assert_eq!(breaker.permit(now), ALLOWED);
            breaker.record(now, AttemptKind::Regular, HealthSignal::Healthy);
        }
        assert_eq!(open_one().permit(0), AttemptPermit::Wait(Some(30_000)));
    }

    #[test]
    fn half_of_twenty_within_a_minute_open_it() {
        let mut breaker = CircuitBreaker::new(BreakerPauses::default());
        for each in 0..19 {
            breaker.record(
                each * 100,
                AttemptKind::Regular,
                if each % 2 == 0 { HealthSignal::Failing } else { HealthSignal::Healthy },
            );
        }
        assert_eq!(breaker.permit(2_000), ALLOWED);
        breaker.record(2_000, AttemptKind::Regular, HealthSignal::Failing);
        assert_eq!(breaker.state(), BreakerState::Open(32_000));
    }

    #[test]
    fn failures_older_than_a_minute_are_forgotten() {
        let mut breaker = CircuitBreaker::new(BreakerPauses::default());
        for each in 0..60 {
            breaker.record(
                each * 4_000,
                AttemptKind::Regular,
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
            assert_eq!(permit, PROBE);
            breaker.begin(AttemptKind::Probe);
            assert_eq!(breaker.permit(now), AttemptPermit::Wait(None));
            let late = breaker.record(now, AttemptKind::Regular, HealthSignal::Healthy);
            assert_eq!(late, None, "an old answer is not the probe's");
            assert_eq!(breaker.record(now, AttemptKind::Probe, HealthSignal::Failing), None);
            now += pause * 1_000;
        }
        breaker.begin(AttemptKind::Probe);
        let closed = breaker.record(now, AttemptKind::Probe, HealthSignal::Healthy);
        assert_eq!(closed, Some(BreakerTransition::Closed));
        assert_eq!(breaker.permit(now), ALLOWED);
    }

    #[test]
    fn a_probe_that_says_nothing_leaves_room_for_another() {
        let mut breaker = open_one();
        breaker.begin(AttemptKind::Probe);
        breaker.record(31_000, AttemptKind::Probe, HealthSignal::Unknown);
        assert_eq!(breaker.permit(31_000), PROBE);
    }
}
