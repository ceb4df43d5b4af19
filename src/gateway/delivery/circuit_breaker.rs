//! A circuit breaker: it opens where a receiver is down, and probes it from time to time. Pure: moments are milliseconds of
//! a monotonic clock.
//!
//! A receiver is down if it answered nothing for a while and [`DISTINCT_KEYS`] alert keys failed since. A receiver that
//! answers some events is not down, however many others it fails on: those back off alone, and are no evidence when they
//! fail again. An answer that refuses one delivery shows that the receiver works, so it counts as a success here.

use std::time::Duration;

/// How many keys must fail since the last answer.
const DISTINCT_KEYS: usize = 10;

/// The pauses of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BreakerPauses {
    /// How long nothing must have been answered before it opens.
    pub(super) silence: Duration,
    /// Before the first probe, and before any probe with a delivery that was never tried.
    pub(super) first: Duration,
    /// The longest; each pause is twice the one before.
    pub(super) longest: Duration,
}

impl Default for BreakerPauses {
    fn default() -> Self {
        Self { silence: Duration::from_secs(10), first: Duration::from_secs(30), longest: Duration::from_mins(10) }
    }
}

/// What an attempt says about the receiver.
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
    /// The breaker is open: one attempt, to see whether the receiver answers again.
    Probe,
}

/// Whether a delivery was tried before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeliveryHistory {
    /// It was never tried.
    New,
    /// It failed before.
    Tried,
}

/// Whether an attempt may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttemptPermit {
    /// It may.
    Allowed(AttemptKind),
    /// Not before this moment; none where a probe is under way.
    Wait(Option<u64>),
}

/// The result of an attempt, as evidence.
#[derive(Debug, Clone, Copy)]
pub(super) struct AttemptEvidence<'k> {
    /// Why it was made.
    pub(super) kind: AttemptKind,
    /// What it says.
    pub(super) health: HealthSignal,
    /// The alert key.
    pub(super) key: &'k str,
    /// Whether others were answered since this delivery failed before.
    pub(super) fails_alone: bool,
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum BreakerState {
    /// Attempts are made.
    #[default]
    Closed,
    /// No attempt before these moments.
    Open {
        /// Of a delivery that was never tried.
        new_from: u64,
        /// Of any other.
        until: u64,
    },
    /// A probe is under way.
    HalfOpen,
}

/// The breaker of one channel.
#[derive(Debug)]
pub(super) struct CircuitBreaker {
    state: BreakerState,
    pauses: BreakerPauses,
    pause: Duration,
    /// When the receiver last answered.
    answered: Option<u64>,
    /// The keys that failed since, as far as they matter.
    failing: Vec<String>,
}

impl CircuitBreaker {
    /// A closed one.
    pub(super) fn new(pauses: BreakerPauses) -> Self {
        Self { state: BreakerState::Closed, pauses, pause: pauses.first, answered: None, failing: Vec::new() }
    }

    /// Its state.
    pub(super) fn state(&self) -> BreakerState {
        self.state
    }

    /// Whether an attempt may be made now; nothing changes before [`CircuitBreaker::begin`].
    pub(super) fn permit(&self, now: u64, history: DeliveryHistory) -> AttemptPermit {
        match self.state {
            BreakerState::Closed => AttemptPermit::Allowed(AttemptKind::Regular),
            BreakerState::Open { new_from, until } => {
                let from = match history {
                    DeliveryHistory::New => new_from,
                    DeliveryHistory::Tried => until,
                };
                if from <= now { AttemptPermit::Allowed(AttemptKind::Probe) } else { AttemptPermit::Wait(Some(from)) }
            }
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
    pub(super) fn record(&mut self, now: u64, evidence: AttemptEvidence<'_>) -> Option<BreakerTransition> {
        match (self.state, evidence.kind, evidence.health) {
            (BreakerState::Closed, _, HealthSignal::Healthy) => {
                self.answered = Some(now);
                self.failing.clear();
            }
            (BreakerState::Closed, _, HealthSignal::Failing) => {
                self.add_failure(evidence);
                if self.is_failing(now) {
                    self.open(now);
                    return Some(BreakerTransition::Opened);
                }
            }
            (BreakerState::HalfOpen, AttemptKind::Probe, HealthSignal::Healthy) => {
                *self = Self { answered: Some(now), ..Self::new(self.pauses) };
                return Some(BreakerTransition::Closed);
            }
            (BreakerState::HalfOpen, AttemptKind::Probe, HealthSignal::Failing) => {
                self.pause = self.pause.saturating_mul(2).min(self.pauses.longest);
                self.open(now);
            }
            // The probe said nothing: the next one may say more.
            (BreakerState::HalfOpen, AttemptKind::Probe, HealthSignal::Unknown) => {
                self.state = BreakerState::Open { new_from: now, until: now };
            }
            // The result of an attempt from before it opened says nothing any more.
            (BreakerState::Open { .. }, _, _)
            | (BreakerState::HalfOpen, AttemptKind::Regular, _)
            | (BreakerState::Closed, _, HealthSignal::Unknown) => {}
        }
        None
    }

    fn open(&mut self, now: u64) {
        let after = |pause: Duration| now.saturating_add(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
        self.state = BreakerState::Open { new_from: after(self.pauses.first), until: after(self.pause) };
        self.failing.clear();
    }

    fn add_failure(&mut self, evidence: AttemptEvidence<'_>) {
        let is_new = self.failing.len() < DISTINCT_KEYS && !self.failing.iter().any(|key| key == evidence.key);
        if is_new && !evidence.fails_alone {
            self.failing.push(evidence.key.to_owned());
        }
    }

    fn is_failing(&self, now: u64) -> bool {
        let silence = self.answered.map(|at| Duration::from_millis(now.saturating_sub(at)));
        self.failing.len() >= DISTINCT_KEYS && silence.is_none_or(|silence| silence >= self.pauses.silence)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        AttemptEvidence, AttemptKind, AttemptPermit, BreakerPauses, BreakerState, BreakerTransition, CircuitBreaker,
        DeliveryHistory, HealthSignal,
    };

    const ALLOWED: AttemptPermit = AttemptPermit::Allowed(AttemptKind::Regular);
    const PROBE: AttemptPermit = AttemptPermit::Allowed(AttemptKind::Probe);

    fn evidence(key: &str, kind: AttemptKind, health: HealthSignal) -> AttemptEvidence<'_> {
        AttemptEvidence { kind, health, key, fails_alone: false }
    }

    fn fail(breaker: &mut CircuitBreaker, now: u64, key: &str) -> Option<BreakerTransition> {
        breaker.record(now, evidence(key, AttemptKind::Regular, HealthSignal::Failing))
    }

    fn answer(breaker: &mut CircuitBreaker, now: u64) {
        breaker.record(now, evidence("good", AttemptKind::Regular, HealthSignal::Healthy));
    }

    fn probe(breaker: &mut CircuitBreaker, now: u64, health: HealthSignal) -> Option<BreakerTransition> {
        breaker.begin(AttemptKind::Probe);
        breaker.record(now, evidence("probe", AttemptKind::Probe, health))
    }

    fn open_one() -> CircuitBreaker {
        let mut breaker = CircuitBreaker::new(BreakerPauses::default());
        let results: Vec<_> = (0..10).map(|key| fail(&mut breaker, 0, &key.to_string())).collect();
        assert_eq!((results[8], results[9]), (None, Some(BreakerTransition::Opened)));
        breaker
    }

    #[test]
    fn ten_keys_that_fail_open_it_and_nine_do_not_however_often() {
        let mut breaker = CircuitBreaker::new(BreakerPauses::default());
        for each in 0..900 {
            assert_eq!(fail(&mut breaker, each * 1_000, &(each % 9).to_string()), None);
        }
        assert_eq!(breaker.permit(900_000, DeliveryHistory::Tried), ALLOWED);
        assert_eq!(open_one().permit(0, DeliveryHistory::New), AttemptPermit::Wait(Some(30_000)));
    }

    #[test]
    fn a_receiver_that_answered_a_moment_ago_is_not_down() {
        let mut breaker = CircuitBreaker::new(BreakerPauses::default());
        answer(&mut breaker, 0);
        for key in 0..100 {
            assert_eq!(fail(&mut breaker, 9_999, &key.to_string()), None);
        }
        assert_eq!(fail(&mut breaker, 10_000, "another"), Some(BreakerTransition::Opened));
    }

    #[test]
    fn half_of_all_events_may_fail_while_the_others_are_answered() {
        let mut breaker = CircuitBreaker::new(BreakerPauses::default());
        for each in 0..600 {
            let now = each * 1_000;
            assert_eq!(fail(&mut breaker, now, &each.to_string()), None, "{each}");
            if each % 8 == 0 {
                answer(&mut breaker, now);
            }
        }
    }

    #[test]
    fn what_fails_while_others_are_answered_is_no_evidence() {
        let mut breaker = CircuitBreaker::new(BreakerPauses::default());
        answer(&mut breaker, 0);
        for each in 0..100 {
            let alone =
                AttemptEvidence { fails_alone: true, ..evidence("known", AttemptKind::Regular, HealthSignal::Failing) };
            assert_eq!(breaker.record(20_000 + each, AttemptEvidence { key: &each.to_string(), ..alone }), None);
        }
        assert_eq!(breaker.permit(30_000, DeliveryHistory::New), ALLOWED);
    }

    #[test]
    fn one_probe_at_a_time_and_pauses_double_to_ten_minutes() {
        let mut breaker = open_one();
        let mut now = 30_000;
        for pause in [60, 120, 240, 480, 600, 600] {
            assert_eq!(breaker.permit(now - 1, DeliveryHistory::Tried), AttemptPermit::Wait(Some(now)));
            let permit = breaker.permit(now, DeliveryHistory::Tried);
            assert_eq!(permit, PROBE);
            breaker.begin(AttemptKind::Probe);
            assert_eq!(breaker.permit(now, DeliveryHistory::New), AttemptPermit::Wait(None));
            let late = breaker.record(now, evidence("k", AttemptKind::Regular, HealthSignal::Healthy));
            assert_eq!(late, None, "an old answer is not the probe's");
            assert_eq!(breaker.record(now, evidence("k", AttemptKind::Probe, HealthSignal::Failing)), None);
            now += pause * 1_000;
        }
        assert_eq!(probe(&mut breaker, now, HealthSignal::Healthy), Some(BreakerTransition::Closed));
        assert_eq!(breaker.permit(now, DeliveryHistory::Tried), ALLOWED);
    }

    #[test]
    fn a_delivery_that_was_never_tried_does_not_wait_for_the_doubled_pause() {
        let mut breaker = open_one();
        probe(&mut breaker, 30_000, HealthSignal::Failing);
        probe(&mut breaker, 90_000, HealthSignal::Failing);
        assert_eq!(breaker.state(), BreakerState::Open { new_from: 120_000, until: 210_000 });
        assert_eq!(breaker.permit(120_000, DeliveryHistory::New), PROBE);
        assert_eq!(breaker.permit(120_000, DeliveryHistory::Tried), AttemptPermit::Wait(Some(210_000)));
    }

    #[test]
    fn a_probe_that_says_nothing_leaves_room_for_another() {
        let mut breaker = open_one();
        probe(&mut breaker, 31_000, HealthSignal::Unknown);
        assert_eq!(breaker.permit(31_000, DeliveryHistory::Tried), PROBE);
    }
}
