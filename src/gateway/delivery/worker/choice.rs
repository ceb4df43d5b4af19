//! Which delivery a worker tries next.
//!
//! The worst that is due, and of these the one that has been due longest, as long as the receiver works. After a failure, every
//! second attempt is made with the newest of them that was never tried: many events that the receiver fails on, or that it
//! answers slowly, are then retried without keeping new ones waiting. A channel that gathers messages, or that has a limit for
//! a minute, keeps to the order of its queue.

use super::{COUNT_PAUSE, ChannelWorker};
use crate::gateway::delivery::circuit_breaker::{AttemptKind, AttemptPermit, DeliveryHistory};
use crate::gateway::delivery::clock;
use crate::gateway::delivery::job::DeliveryDetails;
use crate::gateway::delivery::queue::QueueHead;
use crate::gateway::delivery::window::WindowPreference;
use crate::gateway::journal::DeliveryStore;
use std::time::Duration;

/// How long after a failure new deliveries are preferred: as long as the longest pause before a retry.
pub(super) const AFTER_FAILURE: Duration = Duration::from_mins(10);

impl<L: DeliveryStore> ChannelWorker<L> {
    /// Whether new deliveries are never preferred: in a channel that gathers messages, and in one with a limit for a minute.
    fn keeps_order(&self) -> bool {
        self.transport.as_ref().is_some_and(|(transport, _)| transport.gathers() || transport.has_slow_rate())
    }

    /// Which deliveries come first.
    pub(super) fn preference(&self, now: u64) -> WindowPreference {
        if self.failed_until > now { WindowPreference::Newest } else { WindowPreference::Oldest }
    }

    /// Takes the delivery for an attempt; for a probe, one with so many attempts before.
    pub(super) fn take_next(
        &mut self,
        now: u64,
        kind: AttemptKind,
        attempts: u32,
    ) -> Option<QueueHead<DeliveryDetails>> {
        if self.keeps_order() && kind == AttemptKind::Regular {
            return self.queue.take(now);
        }
        let rank = |details: &DeliveryDetails| details.attempts;
        if self.preference(now) == WindowPreference::Newest {
            let turn = self.turn;
            self.turn = match turn {
                WindowPreference::Oldest => WindowPreference::Newest,
                WindowPreference::Newest => WindowPreference::Oldest,
            };
            if turn == WindowPreference::Newest
                && let Some(newest) = self.queue.take_newest(now, rank)
            {
                return Some(newest);
            }
        }
        match kind {
            AttemptKind::Regular => self.queue.take(now),
            AttemptKind::Probe => self.queue.take_ranked(now, attempts, rank, clock::random()),
        }
    }

    /// Whether an attempt may be made, and of a delivery with how many attempts. A probe is made with the fewest, as what
    /// failed before may fail for a reason of its own.
    pub(super) fn permit(&mut self, now: u64) -> (AttemptPermit, u32) {
        let newest = self.breaker.permit(now, DeliveryHistory::New);
        if newest != AttemptPermit::Allowed(AttemptKind::Probe) {
            return (newest, 0);
        }
        // Looking at every waiting key is not done at each message.
        if self.probe_from > now {
            return (AttemptPermit::Wait(Some(self.probe_from)), 0);
        }
        let Some(fewest) = self.queue.lowest_due_rank(now, |details| details.attempts) else {
            return (AttemptPermit::Wait(None), 0);
        };
        let history = if fewest == 0 { DeliveryHistory::New } else { DeliveryHistory::Tried };
        let permit = self.breaker.permit(now, history);
        if let AttemptPermit::Wait(_) = permit {
            self.probe_from = now.saturating_add(COUNT_PAUSE);
        }
        (permit, fewest)
    }
}
