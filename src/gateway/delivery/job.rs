//! One delivery under way: fetch its body, try once, decide what follows, and note it durably before anybody else may
//! touch its key.

use super::DeliveryTimings;
use super::backoff::FailedAttempt;
use super::circuit_breaker::HealthSignal;
use super::clock::{self, milliseconds};
use super::delivery_store::DeliveryStore;
use super::queue::{HeadResult, QueueHead};
use super::transport::{AttemptReport, ChannelTransport};
use crate::channel::{DeliveryVerdict, RequestContext};
use crate::gateway::journal::{EventId, JournalError, Settlement, SettlementResult};
use crate::gateway::metrics::{AttemptLabels, ChannelLabels, Metrics};
use std::sync::Arc;
use std::time::Duration;

/// The longest pause between two tries to note something.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What a worker remembers of a delivery besides its place.
#[derive(Debug, Clone)]
pub(super) struct DeliveryDetails {
    pub(super) event: EventId,
    /// The channel's kind when it was rendered.
    pub(super) kind: String,
    /// Attempts so far.
    pub(super) attempts: u32,
    pub(super) replay: bool,
    /// Whether it waits because the destination asked for it.
    pub(super) wait_requested: bool,
}

/// What a job came to.
#[derive(Debug)]
pub(super) struct FinishedJob {
    pub(super) key: String,
    pub(super) result: HeadResult<DeliveryDetails>,
    pub(super) health: HealthSignal,
    pub(super) probe: bool,
    /// How long the whole channel has to wait.
    pub(super) throttled: Option<Duration>,
    /// Why an attempt failed.
    pub(super) reason: Option<String>,
}

/// What is to be done with a delivery.
pub(super) enum JobAction {
    /// Tried.
    Attempt(Arc<ChannelTransport>),
    /// Given up, for this reason.
    GiveUp(String),
}

/// A delivery under way.
pub(super) struct DeliveryJob<L> {
    pub(super) store: L,
    pub(super) metrics: Arc<Metrics>,
    pub(super) timings: DeliveryTimings,
    pub(super) clock: clock::Clock,
    pub(super) channel: String,
    pub(super) head: QueueHead<DeliveryDetails>,
    pub(super) action: JobAction,
    pub(super) probe: bool,
}

impl<L: DeliveryStore> DeliveryJob<L> {
    /// Does it.
    pub(super) async fn run(self) -> FinishedJob {
        match &self.action {
            JobAction::GiveUp(reason) => {
                let result = SettlementResult::Dead { reason: reason.clone() };
                self.settle(result, None, 0, None).await
            }
            JobAction::Attempt(way) if way.channel.kind.name != self.head.details.kind => {
                let (was, is) = (&self.head.details.kind, way.channel.kind.name);
                let reason = format!("its kind changed from `{was}` to `{is}`");
                self.settle(SettlementResult::Dead { reason }, None, 0, None).await
            }
            JobAction::Attempt(way) => self.attempt(way).await,
        }
    }

    async fn attempt(&self, way: &ChannelTransport) -> FinishedJob {
        let (ledger, id) = (self.store.clone(), self.head.id);
        let body = match tokio::task::spawn_blocking(move || ledger.body(id)).await {
            Ok(Ok(Some(body))) => body,
            Ok(Ok(None)) => {
                let reason = "its stored body is gone or damaged".to_owned();
                return self.settle(SettlementResult::Dead { reason }, None, 0, None).await;
            }
            Ok(Err(_)) | Err(_) => return self.postpone(),
        };
        let Some(at) = clock::timestamp(clock::wall_clock()) else { return self.postpone() };
        let idempotency_key = format!("{}-{}", self.head.details.event, self.channel);
        let attempt = RequestContext {
            body: &body,
            idempotency_key: &idempotency_key,
            at,
            replay: self.head.details.replay,
        };
        let begun = self.clock.now();
        let came = way.attempt(attempt, || clock::timestamp(clock::wall_clock())).await;
        let took = u32::try_from(self.clock.now().saturating_sub(begun)).unwrap_or(u32::MAX);
        let (result, due) = self.decide_next(&came, way.retry_for());
        self.settle(result, due, took, Some(came)).await
    }

    /// What follows a verdict, and after which pause.
    fn decide_next(&self, came: &AttemptReport, retry_for: Duration) -> (SettlementResult, Option<Duration>) {
        match &came.verdict {
            DeliveryVerdict::Delivered => (SettlementResult::Delivered, None),
            DeliveryVerdict::Refused { reason } => (SettlementResult::Dead { reason: reason.clone() }, None),
            DeliveryVerdict::Retry { reason, after } => {
                let now = clock::wall_clock();
                let attempts = self.head.details.attempts.saturating_add(1);
                let age = self.clock.age(self.head.since);
                let failed = FailedAttempt { attempts, age, retry_after: *after, random: clock::random() };
                match self.timings.backoff.next(failed, retry_for) {
                    Some(pause) => {
                        let due = now.saturating_add_unsigned(milliseconds(pause));
                        (SettlementResult::Retry { due, reason: reason.clone() }, Some(pause))
                    }
                    None => (SettlementResult::Dead { reason: give_up_reason(retry_for, reason) }, None),
                }
            }
        }
    }

    /// Notes a result, however often it takes: until then nothing of the key moves.
    async fn settle(
        &self,
        result: SettlementResult,
        pause: Option<Duration>,
        took: u32,
        came: Option<AttemptReport>,
    ) -> FinishedJob {
        let status = came.as_ref().and_then(|came| came.status);
        let at = clock::wall_clock();
        let settlement = Settlement { delivery: self.head.id, at, took, status, result: result.clone() };
        let mut wait = self.timings.backoff.base.min(LONGEST_PAUSE);
        while let Err(fault) = self.store.settle(settlement.clone()).await {
            if fault == JournalError::Closed {
                // The process is about to end; the delivery is still pending, and comes again after the next start.
                return self.postpone();
            }
            tracing::warn!(channel = self.channel, %fault, "a delivery could not be settled; it is tried again");
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2).min(LONGEST_PAUSE);
        }
        self.count(&result, at);
        if let SettlementResult::Dead { reason } = &result {
            tracing::warn!(channel = self.channel, event = %self.head.details.event, reason, "a delivery was given up");
        }
        let reason = came.as_ref().and_then(|came| match &came.verdict {
            DeliveryVerdict::Delivered => None,
            DeliveryVerdict::Retry { reason, .. } | DeliveryVerdict::Refused { reason } => {
                Some(reason.clone())
            }
        });
        let asked = matches!(
            &came,
            Some(AttemptReport { verdict: DeliveryVerdict::Retry { after: Some(_), .. }, .. })
        );
        let end = pause.map_or(HeadResult::Settled, |pause| {
            let mut head = self.head.clone();
            head.due = self.clock.now().saturating_add(milliseconds(pause));
            head.details.attempts = head.details.attempts.saturating_add(1);
            head.details.wait_requested = asked;
            HeadResult::Retry(head)
        });
        FinishedJob {
            key: self.head.key.clone(),
            result: end,
            health: came.as_ref().map_or(HealthSignal::Unknown, |came| came.health),
            probe: self.probe,
            throttled: came.as_ref().and_then(AttemptReport::throttled),
            reason,
        }
    }

    fn count(&self, result: &SettlementResult, at: i64) {
        let word = match result {
            SettlementResult::Delivered => "delivered",
            SettlementResult::Retry { .. } => "retry",
            SettlementResult::Dead { .. } => "dead",
        };
        let channel = || self.channel.clone();
        self.metrics
            .attempts
            .get_or_create(&AttemptLabels { channel: channel(), result: word.to_owned() })
            .inc();
        if *result == SettlementResult::Delivered {
            let took = u64::try_from(at.saturating_sub(self.head.since)).unwrap_or_default();
            let seconds = Duration::from_millis(took).as_secs_f64();
            self.metrics
                .delivery_seconds
                .get_or_create(&ChannelLabels { channel: channel() })
                .observe(seconds);
        }
    }

    /// Nothing was tried or nothing could be noted: the same again in a while.
    fn postpone(&self) -> FinishedJob {
        postponed(&self.head, self.probe, self.clock.now())
    }
}

/// The end of a job that never came to one.
pub(super) fn postponed(head: &QueueHead<DeliveryDetails>, probe: bool, now: u64) -> FinishedJob {
    let mut head = head.clone();
    head.due = now.saturating_add(1_000);
    let key = head.key.clone();
    FinishedJob {
        key,
        result: HeadResult::Retry(head),
        health: HealthSignal::Unknown,
        probe,
        throttled: None,
        reason: None,
    }
}

/// The reason of a dead letter whose time is over.
pub(super) fn give_up_reason(retry_for: Duration, last: &str) -> String {
    let seconds = retry_for.as_secs();
    let time = match (seconds % 3_600, seconds % 60) {
        _ if seconds == 0 => return format!("gave up after a single attempt: {last}"),
        (0, _) => format!("{}h", seconds / 3_600),
        (_, 0) => format!("{}m", seconds / 60),
        (_, _) => format!("{seconds}s"),
    };
    format!("gave up after {time}: {last}")
}
