//! How the deliveries of a channel fare: since when they fail, which of them fail alone, and what is worth a line in the log.
//! Pure: moments are milliseconds of a monotonic clock.

use super::circuit_breaker::HealthSignal;
use super::job::DeliveryDetails;
use crate::time::Timestamp;

/// From this failed attempt on, a channel counts as failing.
const REPORTED_FAILURES: u32 = 2;
/// The shortest time between two reports, in milliseconds, so that a receiver that answers now and then fills no log.
const REPORT_PAUSE: u64 = 60_000;

/// For how long after an answer a delivery that failed alone still does, where nothing else was answered since. A receiver
/// that answered nothing for longer may be down.
const ALONE_MEMORY: u64 = 300_000;

/// What is worth a line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HealthReport {
    /// The channel fails.
    Failing,
    /// The channel, which was reported, works again.
    Recovered,
    /// A delivery failed again although others were answered since.
    FailsAlone {
        /// How many other deliveries did since the last such report.
        more: u64,
    },
}

/// How the deliveries of a channel fare.
#[derive(Debug, Default)]
pub(super) struct ChannelHealth {
    failing_since: Option<Timestamp>,
    failures: u32,
    is_reported: bool,
    reported_at: Option<u64>,
    /// How many attempts were answered.
    answers: u64,
    /// When the last of them was.
    answered_at: Option<u64>,
    /// When a delivery that fails alone was last reported.
    alone_reported_at: Option<u64>,
    /// How many were not reported since.
    alone_unreported: u64,
}

impl ChannelHealth {
    /// When the first attempt failed since the last that was answered.
    pub(super) fn failing_since(&self) -> Option<Timestamp> {
        self.failing_since
    }

    /// Notes in a delivery that an attempt of it failed. Where others were answered since it failed before, the failure is
    /// its own, and not the receiver's.
    pub(super) fn note_failure(&mut self, now: u64, delivery: &mut DeliveryDetails) -> Option<HealthReport> {
        let was_alone = delivery.fails_alone;
        let is_recent = self.answered_at.is_some_and(|at| now < at.saturating_add(ALONE_MEMORY));
        let answered_since = delivery.failed_at.is_some_and(|answers| answers < self.answers);
        delivery.fails_alone = answered_since || (was_alone && is_recent);
        delivery.failed_at = Some(self.answers);
        if !delivery.fails_alone || was_alone {
            return None;
        }
        if self.alone_reported_at.is_some_and(|at| now < at.saturating_add(REPORT_PAUSE)) {
            self.alone_unreported += 1;
            return None;
        }
        self.alone_reported_at = Some(now);
        Some(HealthReport::FailsAlone { more: std::mem::take(&mut self.alone_unreported) })
    }

    /// Takes the result of an attempt.
    pub(super) fn record(&mut self, now: u64, wall: Timestamp, signal: HealthSignal) -> Option<HealthReport> {
        match signal {
            HealthSignal::Unknown => None,
            HealthSignal::Healthy => {
                self.answers += 1;
                self.answered_at = Some(now);
                (self.failing_since, self.failures) = (None, 0);
                std::mem::take(&mut self.is_reported).then_some(HealthReport::Recovered)
            }
            HealthSignal::Failing => {
                self.failing_since.get_or_insert(wall);
                self.failures = self.failures.saturating_add(1);
                let is_recent = self.reported_at.is_some_and(|at| now < at.saturating_add(REPORT_PAUSE));
                if self.is_reported || is_recent || self.failures < REPORTED_FAILURES {
                    return None;
                }
                self.set_reported(now);
                Some(HealthReport::Failing)
            }
        }
    }

    /// The log says that the channel fails.
    pub(super) fn set_reported(&mut self, now: u64) {
        self.is_reported = true;
        self.reported_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::super::circuit_breaker::HealthSignal::{Failing, Healthy, Unknown};
    use super::super::job::DeliveryDetails;
    use super::{ChannelHealth, HealthReport};
    use crate::gateway::journal::{EventId, PushId};
    use crate::time::Timestamp;

    #[test]
    fn the_second_failure_is_reported_once_and_so_is_the_recovery() {
        let mut health = ChannelHealth::default();
        let at = Timestamp::from_epoch_milliseconds;
        let results = [Failing, Unknown, Failing, Failing, Healthy, Healthy];
        let reports: Vec<_> =
            (0_u32..).zip(results).map(|(now, signal)| health.record(now.into(), at(now.into()), signal)).collect();
        let (failing, recovered) = (Some(HealthReport::Failing), Some(HealthReport::Recovered));
        assert_eq!(reports, [None, None, failing, None, recovered, None]);
        assert_eq!(health.failing_since(), None);
        assert_eq!(
            [10, 20, 59_000].map(|now| health.record(now, at(7), Failing)),
            [None; 3],
            "it was said a moment ago"
        );
        assert_eq!(health.failing_since(), Some(at(7)));
        assert_eq!(health.record(61_000, at(9), Failing), failing);
        assert_eq!(health.failing_since(), Some(at(7)));
    }

    #[test]
    fn a_delivery_fails_alone_where_others_were_answered_since_its_last_failure() {
        let mut health = ChannelHealth::default();
        let mut delivery = delivery();
        assert_eq!(health.note_failure(0, &mut delivery), None);
        assert_eq!(health.note_failure(0, &mut delivery), None);
        health.record(0, Timestamp::default(), Healthy);
        assert_eq!(health.note_failure(1, &mut delivery), Some(HealthReport::FailsAlone { more: 0 }));
        assert_eq!(health.note_failure(299_999, &mut delivery), None, "it is said once");
        assert!(delivery.fails_alone);
        health.note_failure(300_000, &mut delivery);
        assert!(!delivery.fails_alone, "a receiver that answered nothing for minutes may be down");
    }

    #[test]
    fn deliveries_that_fail_alone_are_reported_once_a_minute_with_their_number() {
        let mut health = ChannelHealth::default();
        let mut deliveries: Vec<DeliveryDetails> = (0..40).map(|_| delivery()).collect();
        let mut reports = Vec::new();
        // A receiver that answers now and then: each time all fail again.
        for (round, now) in [0, 10_000, 50_000, 70_000, 110_000].into_iter().enumerate() {
            let come = round * 10;
            for delivery in deliveries.iter_mut().take(come) {
                reports.extend(health.note_failure(now, delivery).map(|report| (now, report)));
            }
            health.record(now, Timestamp::default(), Healthy);
        }
        let alone = |more| HealthReport::FailsAlone { more };
        assert_eq!(reports, [(50_000, alone(0)), (110_000, alone(19))]);
    }

    fn delivery() -> DeliveryDetails {
        DeliveryDetails {
            event: EventId { push: PushId(ulid::Ulid::nil()), index: 0 },
            message: None,
            channel_kind: String::new(),
            attempts: 0,
            replay: false,
            hops: 0,
            wait_requested: false,
            failed_at: None,
            fails_alone: false,
        }
    }
}
