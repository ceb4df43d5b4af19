//! How the deliveries of a channel fare: since when they fail, which of them fail alone, and what is worth a line in the log.
//! Pure: moments are milliseconds of a monotonic clock.

use super::circuit_breaker::HealthSignal;
use super::job::DeliveryDetails;
use crate::time::Timestamp;

/// From this failed attempt on, a channel counts as failing.
const REPORTED_FAILURES: u32 = 2;
/// The shortest time between two reports, in milliseconds, so that a receiver that answers now and then fills no log.
const REPORT_PAUSE: u64 = 60_000;

/// What is worth a line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HealthReport {
    /// The channel fails.
    Failing,
    /// The channel, which was reported, works again.
    Recovered,
    /// A delivery failed again although others were answered since.
    FailsAlone,
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
}

impl ChannelHealth {
    /// When the first attempt failed since the last that was answered.
    pub(super) fn failing_since(&self) -> Option<Timestamp> {
        self.failing_since
    }

    /// Notes in a delivery that an attempt of it failed. Where others were answered since it failed before, the failure is
    /// its own, and not the receiver's.
    pub(super) fn note_failure(&self, delivery: &mut DeliveryDetails) -> Option<HealthReport> {
        let was_alone = delivery.fails_alone;
        delivery.fails_alone |= delivery.failed_at.is_some_and(|answers| answers < self.answers);
        delivery.failed_at = Some(self.answers);
        (delivery.fails_alone && !was_alone).then_some(HealthReport::FailsAlone)
    }

    /// Takes the result of an attempt.
    pub(super) fn record(&mut self, now: u64, wall: Timestamp, signal: HealthSignal) -> Option<HealthReport> {
        match signal {
            HealthSignal::Unknown => None,
            HealthSignal::Healthy => {
                self.answers += 1;
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
        let event = EventId { push: PushId(ulid::Ulid::nil()), index: 0 };
        let mut delivery = DeliveryDetails {
            event,
            channel_kind: String::new(),
            attempts: 0,
            replay: false,
            hops: 0,
            wait_requested: false,
            failed_at: None,
            fails_alone: false,
        };
        assert_eq!(health.note_failure(&mut delivery), None);
        assert_eq!(health.note_failure(&mut delivery), None);
        health.record(0, Timestamp::default(), Healthy);
        assert_eq!(health.note_failure(&mut delivery), Some(HealthReport::FailsAlone));
        assert_eq!(health.note_failure(&mut delivery), None, "it is said once");
        assert!(delivery.fails_alone);
    }
}
