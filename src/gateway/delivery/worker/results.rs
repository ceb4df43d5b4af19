//! What a worker learns from the results of its jobs: the receiver's health, the wait that it asked for, and whether its
//! address may be reached.

use super::choice::AFTER_FAILURE;
use super::{ChannelWorker, MailboxMessage};
use crate::gateway::delivery::address_policy::AddressAccess;
use crate::gateway::delivery::circuit_breaker::{AttemptEvidence, BreakerTransition, HealthSignal};
use crate::gateway::delivery::clock::milliseconds;
use crate::gateway::delivery::health::HealthReport;
use crate::gateway::delivery::job::FinishedJob;
use crate::gateway::delivery::queue::HeadResult;
use crate::gateway::delivery::rate_limiter::ReceiverHold;
use crate::gateway::journal::DeliveryStore;
use std::sync::Arc;
use std::time::Duration;

impl<L: DeliveryStore> ChannelWorker<L> {
    /// Takes the result of a job.
    pub(super) fn finish_job(&mut self, mut finished: FinishedJob, now: u64) {
        self.under_way = self.under_way.saturating_sub(1);
        if finished.receiver.is_some() && finished.receiver != self.receiver() {
            finished.forget_receiver(now);
        }
        if let (Some(pause), Some(reason)) = (finished.throttled, &finished.reason) {
            self.hold(now, pause, reason.clone());
        }
        match (finished.access, &finished.reason) {
            (AddressAccess::Blocked, reason) => self.set_blocked(reason.clone()),
            (AddressAccess::Allowed, _) => self.blocked = None,
            (AddressAccess::Unknown, _) => {}
        }
        if finished.health == HealthSignal::Failing {
            self.failed_until = now.saturating_add(milliseconds(AFTER_FAILURE));
        }
        let fails_alone = self.record_health(&mut finished, now);
        if let Some(reason) = finished.reason {
            self.last_reason = reason;
        }
        let key = finished.key.as_str();
        let evidence = AttemptEvidence { kind: finished.kind, health: finished.health, key, fails_alone };
        let transition = self.breaker.record(now, evidence);
        self.queue.finish(key, finished.result);
        match transition {
            Some(BreakerTransition::Closed) => {
                self.queue.make_due(now, |details| details.wait_requested);
            }
            Some(BreakerTransition::Opened) => {
                self.health.set_reported(now);
                let reason = self.last_reason.as_str();
                tracing::warn!(channel = self.name, reason, "channel failing, pausing deliveries");
            }
            None => {}
        }
    }

    /// Notes and logs what an attempt says about the channel; whether its delivery fails alone.
    fn record_health(&mut self, finished: &mut FinishedJob, now: u64) -> bool {
        let mut fails_alone = false;
        if let (HealthSignal::Failing, HeadResult::Retry(head)) = (finished.health, &mut finished.result) {
            if let Some(HealthReport::FailsAlone { more }) = self.health.note_failure(now, &mut head.details) {
                let (event, reason) = (&head.details.event, finished.reason.as_deref());
                let more = (more > 0).then(|| format!("{more} more since the last line"));
                tracing::warn!(
                    channel = self.name,
                    %event,
                    reason,
                    more,
                    "a delivery fails while others succeed, retrying it"
                );
            }
            fails_alone = head.details.fails_alone;
        }
        if !fails_alone {
            match self.health.record(now, self.context.clock.wall(), finished.health) {
                Some(HealthReport::Failing) => {
                    let reason = finished.reason.as_deref();
                    tracing::warn!(channel = self.name, reason, "channel failing, retrying");
                }
                Some(HealthReport::Recovered) => {
                    tracing::info!(channel = self.name, "channel recovered, resuming deliveries");
                }
                Some(HealthReport::FailsAlone { .. }) | None => {}
            }
        }
        fails_alone
    }

    /// Starts no attempt for a while, as the receiver asks.
    pub(super) fn hold(&self, now: u64, pause: Duration, reason: String) {
        let Some((_, rate)) = &self.transport else { return };
        if pause.is_zero() {
            return;
        }
        let until = self.context.clock.wall().saturating_add(pause);
        let hold = ReceiverHold { until: now.saturating_add(milliseconds(pause)), reason: reason.into() };
        if super::rate(rate).hold(now, hold.clone()) {
            tracing::warn!(channel = self.name, %until, reason = %hold.reason, "channel held: the receiver asks to wait");
        }
    }

    /// Asks whether the receiver's address may be reached, without waiting for the answer.
    pub(super) fn check_address(&mut self) {
        let Some((transport, _)) = &self.transport else { return };
        let (transport, mailbox) = (Arc::clone(transport), self.mailbox.clone());
        self.tasks.spawn(async move {
            let blocked = transport.blocked_reason().await;
            // A worker that has ended needs no answer.
            let _ = mailbox.send(MailboxMessage::AddressChecked(transport, blocked));
        });
    }

    /// Takes what is known about the receiver's address; once it is refused, the log says so.
    pub(super) fn set_blocked(&mut self, reason: Option<String>) {
        if let Some(reason) = reason.as_deref().filter(|_| self.blocked.is_none()) {
            tracing::warn!(channel = self.name, reason, "channel blocked: its address may not be reached");
            // What waits does so because of this start.
            self.void_until = None;
        }
        self.blocked = reason.map(Into::into);
    }
}
