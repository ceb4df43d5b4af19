//! One delivery under way: claim it, read its body, try once, decide what follows, and store the result before the next
//! delivery of its key begins.

use super::DeliveryLog;
use super::address_policy::AddressAccess;
use super::backoff::FailedAttempt;
use super::body_room::SMALL_BODY;
use super::circuit_breaker::{AttemptKind, HealthSignal};
use super::clock::{self, milliseconds};
use super::context::DeliveryContext;
use super::queue::{HeadResult, QueueHead};
use super::transport::{AttemptReport, ChannelTransport};
use crate::channel::{DeliveryVerdict, RequestContext};
use crate::gateway::journal::{
    ClaimResult, DeliveryClaims as _, DeliveryStore, EventId, GiveUpCause, JournalError, ReceiverDigest, Settlement,
    SettlementResult, StoredBody, StoredHold,
};
use crate::gateway::metrics::{AttemptLabels, ChannelLabels};
use crate::notification::MessageId;
use crate::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// How long a claim outlasts the attempt: in that time the body is read and the result is stored.
const LEASE_MARGIN: Duration = Duration::from_mins(1);

/// Through how many deliveries of gateways an event may come. More are a loop.
const MAX_HOPS: u32 = 8;

/// How the reason of a delivery begins that was given up for that.
pub const STOPPED_LOOP: &str = "stopped a loop: the event came here through";

/// The longest pause between two tries to store a result.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What a worker keeps of a delivery besides its place in the queue.
#[derive(Debug, Clone)]
pub(super) struct DeliveryDetails {
    pub(super) event: EventId,
    /// The message of its channel that it is; nothing where it is an event.
    pub(super) message: Option<MessageId>,
    /// The channel's kind when it was rendered.
    pub(super) channel_kind: String,
    /// Attempts so far.
    pub(super) attempts: u32,
    pub(super) replay: bool,
    /// Through how many deliveries of gateways its push came.
    pub(super) hops: u32,
    /// Whether it waits because the receiver asked for that.
    pub(super) wait_requested: bool,
    /// How many other attempts of the channel were answered when it last failed.
    pub(super) failed_at: Option<u64>,
    /// Whether it failed although others were answered.
    pub(super) fails_alone: bool,
}

/// The result of a job.
#[derive(Debug)]
pub(super) struct FinishedJob {
    pub(super) key: String,
    pub(super) result: HeadResult<DeliveryDetails>,
    pub(super) health: HealthSignal,
    pub(super) kind: AttemptKind,
    /// Who was asked, where the channel has an address or a key.
    pub(super) receiver: Option<ReceiverDigest>,
    /// How long the receiver asks to wait with everything.
    pub(super) throttled: Option<Duration>,
    /// What the attempt shows about the receiver's address.
    pub(super) access: AddressAccess,
    /// Why an attempt failed.
    pub(super) reason: Option<String>,
}

/// What a job does with its delivery.
pub(super) enum JobAction {
    /// Tries it.
    Attempt(Arc<ChannelTransport>),
    /// Gives it up for this reason.
    GiveUp(String, GiveUpCause),
}

/// The result of a claim.
enum DeliveryClaim {
    /// The delivery belongs to the job, with its body if there is one to send.
    Claimed(Option<Vec<u8>>),
    /// So does this one, whose body has so many bytes that it needs room before it is read.
    LargeBody(usize),
    /// It is settled, or gone.
    Settled,
    /// It belongs to another, or the store cannot say.
    Unavailable,
}

/// A delivery under way.
pub(super) struct DeliveryJob<L> {
    pub(super) context: Arc<DeliveryContext<L>>,
    pub(super) channel: String,
    pub(super) head: QueueHead<DeliveryDetails>,
    pub(super) action: JobAction,
    pub(super) kind: AttemptKind,
}

impl<L: DeliveryStore> DeliveryJob<L> {
    /// Claims the delivery, then tries it or gives it up.
    pub(super) async fn run(self) -> FinishedJob {
        let mut claimed = self.claim(SMALL_BODY).await;
        let mut room = None;
        if let (DeliveryClaim::LargeBody(bytes), JobAction::Attempt(transport)) = (&claimed, &self.action) {
            room = Some(transport.take_room(*bytes).await);
            // While it waited for room, its claim may have ended.
            claimed = self.claim(usize::MAX).await;
        }
        let finished = match claimed {
            DeliveryClaim::Claimed(body) => self.act(body).await,
            DeliveryClaim::Settled => FinishedJob::without_attempt(&self.head, HeadResult::Settled, self.kind),
            DeliveryClaim::LargeBody(_) | DeliveryClaim::Unavailable => self.postpone(),
        };
        drop(room);
        finished
    }

    /// Claims the delivery, and reads its body for an attempt if it has at most so many bytes.
    async fn claim(&self, max_bytes: usize) -> DeliveryClaim {
        let (store, id, owner) = (self.context.store.clone(), self.head.id, self.context.owner);
        let attempted = match &self.action {
            JobAction::Attempt(transport) => Some(transport.timeout()),
            JobAction::GiveUp(..) => None,
        };
        let claim = move || {
            let lease = attempted.unwrap_or_default() + LEASE_MARGIN;
            Ok(match store.read()?.claim(id, owner, lease)? {
                ClaimResult::Held => DeliveryClaim::Unavailable,
                ClaimResult::Settled => DeliveryClaim::Settled,
                ClaimResult::Claimed if attempted.is_none() => DeliveryClaim::Claimed(None),
                ClaimResult::Claimed => match store.body(id, max_bytes)? {
                    StoredBody::Intact(body) => DeliveryClaim::Claimed(Some(body)),
                    StoredBody::TooLarge(bytes) => DeliveryClaim::LargeBody(bytes),
                    StoredBody::Damaged | StoredBody::Missing => DeliveryClaim::Claimed(None),
                },
            })
        };
        let slot = self.context.claims.take().await;
        let claimed: Result<Result<_, JournalError>, _> = tokio::task::spawn_blocking(claim).await;
        drop(slot);
        claimed.unwrap_or(Ok(DeliveryClaim::Unavailable)).unwrap_or(DeliveryClaim::Unavailable)
    }

    async fn act(&self, body: Option<Vec<u8>>) -> FinishedJob {
        match (&self.action, body) {
            (JobAction::GiveUp(reason, cause), _) => self.give_up(reason.clone(), *cause).await,
            (JobAction::Attempt(transport), _) if transport.channel.kind.name != self.head.details.channel_kind => {
                let (was, is) = (&self.head.details.channel_kind, transport.channel.kind.name);
                self.give_up(format!("its kind changed from `{was}` to `{is}`"), GiveUpCause::Expired).await
            }
            (JobAction::Attempt(transport), _) if transport.is_remote() && self.head.details.hops >= MAX_HOPS => {
                let does = "does a channel lead to a push URL?";
                let reason = format!("{STOPPED_LOOP} {MAX_HOPS} deliveries of gateways; {does}");
                self.give_up(reason, GiveUpCause::Refused).await
            }
            (JobAction::Attempt(_), None) => {
                self.give_up("its stored body is gone or damaged".to_owned(), GiveUpCause::Expired).await
            }
            (JobAction::Attempt(transport), Some(body)) => self.attempt(transport, &body).await,
        }
    }

    async fn give_up(&self, reason: String, cause: GiveUpCause) -> FinishedJob {
        self.settle(SettlementResult::Dead { reason, cause }, None, 0, None).await
    }

    async fn attempt(&self, transport: &ChannelTransport, body: &[u8]) -> FinishedJob {
        let Some(at) = clock::usable(self.context.clock.wall()) else { return self.postpone() };
        let event = format!("{}-{}", self.head.details.event, self.channel);
        let idempotency_key = match self.head.details.message {
            Some(message) => format!("{event}-{}", message.0),
            None => event,
        };
        let DeliveryDetails { replay, hops, .. } = self.head.details;
        let attempt =
            RequestContext { body, idempotency_key: &idempotency_key, at, replay, hops: hops.saturating_add(1) };
        let begun = self.context.clock.now();
        let report = transport.attempt(attempt).await;
        let took = u32::try_from(self.context.clock.now().saturating_sub(begun)).unwrap_or(u32::MAX);
        let (result, due) = self.decide_next(&report, transport.retry_for());
        self.settle(result, due, took, Some(report)).await
    }

    /// Decides what follows a verdict, and after which pause.
    fn decide_next(&self, report: &AttemptReport, retry_for: Duration) -> (SettlementResult, Option<Duration>) {
        match &report.verdict {
            DeliveryVerdict::Delivered => (SettlementResult::Delivered, None),
            DeliveryVerdict::Refused { reason } => {
                (SettlementResult::Dead { reason: reason.clone(), cause: GiveUpCause::Refused }, None)
            }
            DeliveryVerdict::Retry { reason, after } => {
                let attempts = self.head.details.attempts.saturating_add(1);
                let age = self.context.clock.age(self.head.since);
                let failed = FailedAttempt { attempts, age, retry_after: *after, random: clock::random() };
                let Some(pause) = self.context.timings.backoff.next(failed, retry_for) else {
                    let reason = give_up_reason(retry_for, reason);
                    return (SettlementResult::Dead { reason, cause: GiveUpCause::Expired }, None);
                };
                let due = self.context.clock.wall().saturating_add(pause);
                (SettlementResult::Retry { due, reason: reason.clone() }, Some(pause))
            }
        }
    }

    /// Stores a result, with as many tries as it takes. Until then no other delivery of the key begins.
    async fn settle(
        &self,
        result: SettlementResult,
        pause: Option<Duration>,
        took: u32,
        report: Option<AttemptReport>,
    ) -> FinishedJob {
        let status = report.as_ref().and_then(|report| report.status);
        let at = self.context.clock.wall();
        let settlement = Settlement { delivery: self.head.id, at, took, status, result: result.clone() };
        if let Some(pause) = report.as_ref().and_then(AttemptReport::throttled) {
            self.store_hold(at.saturating_add(pause), &result).await;
        }
        let mut wait = self.context.timings.backoff.base.min(LONGEST_PAUSE);
        while let Err(fault) = self.context.store.settle(settlement.clone()).await {
            if fault == JournalError::Closed {
                // The process ends. The delivery is still pending, and is tried again after the next start.
                return self.postpone();
            }
            tracing::warn!(channel = self.channel, %fault, "the result of a delivery could not be stored; trying again");
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2).min(LONGEST_PAUSE);
        }
        self.count(&result, at);
        self.log(&result);
        let reason = report.as_ref().and_then(|report| match &report.verdict {
            DeliveryVerdict::Delivered => None,
            DeliveryVerdict::Retry { reason, .. } | DeliveryVerdict::Refused { reason } => Some(reason.clone()),
        });
        let wait_requested =
            matches!(&report, Some(AttemptReport { verdict: DeliveryVerdict::Retry { after: Some(_), .. }, .. }));
        let end = pause.map_or(HeadResult::Settled, |pause| {
            let mut head = self.head.clone();
            head.due = self.context.clock.now().saturating_add(milliseconds(pause));
            head.details.attempts = head.details.attempts.saturating_add(1);
            head.details.wait_requested = wait_requested;
            HeadResult::Retry(head)
        });
        FinishedJob {
            key: self.head.key.clone(),
            result: end,
            health: report.as_ref().map_or(HealthSignal::Unknown, |report| report.health),
            kind: self.kind,
            receiver: self.receiver(),
            throttled: report.as_ref().and_then(AttemptReport::throttled),
            access: report.as_ref().map_or(AddressAccess::Unknown, |report| report.access),
            reason,
        }
    }

    fn receiver(&self) -> Option<ReceiverDigest> {
        match &self.action {
            JobAction::Attempt(transport) => transport.receiver,
            JobAction::GiveUp(..) => None,
        }
    }

    /// Stores that the receiver asks to wait, before the result of the attempt, so that no restart forgets it.
    async fn store_hold(&self, until: Timestamp, result: &SettlementResult) {
        let reason = match result {
            SettlementResult::Retry { reason, .. } | SettlementResult::Dead { reason, .. } => reason.clone(),
            SettlementResult::Delivered => return,
        };
        let Some(receiver) = self.receiver() else { return };
        let hold = StoredHold { receiver, until, reason };
        if let Err(fault) = self.context.store.hold(self.channel.clone(), hold).await {
            tracing::warn!(channel = self.channel, %fault, "the wait of a channel could not be stored");
        }
    }

    fn count(&self, result: &SettlementResult, at: Timestamp) {
        let word = match result {
            SettlementResult::Delivered => "delivered",
            SettlementResult::Retry { .. } => "retry",
            SettlementResult::Dead { .. } => "dead",
        };
        let channel = || self.channel.clone();
        self.context
            .metrics
            .attempts
            .get_or_create(&AttemptLabels { channel: channel(), result: word.to_owned() })
            .inc();
        if *result == SettlementResult::Delivered {
            let seconds = at.saturating_duration_since(self.head.since).as_secs_f64();
            self.context.metrics.delivery_seconds.get_or_create(&ChannelLabels { channel: channel() }).observe(seconds);
        }
    }

    fn log(&self, result: &SettlementResult) {
        let DeliveryDetails { event, attempts, .. } = &self.head.details;
        match result {
            SettlementResult::Delivered if self.context.resources.log() == DeliveryLog::All => {
                tracing::info!(channel = self.channel, %event, attempts = attempts.saturating_add(1), "delivered");
            }
            SettlementResult::Delivered | SettlementResult::Retry { .. } => {}
            SettlementResult::Dead { reason, .. } => {
                tracing::warn!(channel = self.channel, %event, reason, "a delivery was given up");
            }
        }
    }

    /// Nothing was tried, or the result could not be stored: the job is repeated later.
    fn postpone(&self) -> FinishedJob {
        postponed(&self.head, self.kind, self.context.clock.now())
    }
}

/// The result of a job that did not finish: it is repeated in a second.
pub(super) fn postponed(head: &QueueHead<DeliveryDetails>, kind: AttemptKind, now: u64) -> FinishedJob {
    let mut later = head.clone();
    later.due = now.saturating_add(1_000);
    FinishedJob::without_attempt(head, HeadResult::Retry(later), kind)
}

impl FinishedJob {
    /// The channel has another receiver by now. What the one that was asked answered says nothing about it, and a delivery
    /// that failed does not wait.
    pub(super) fn forget_receiver(&mut self, now: u64) {
        (self.health, self.access) = (HealthSignal::Unknown, AddressAccess::Unknown);
        (self.throttled, self.reason) = (None, None);
        if let HeadResult::Retry(head) = &mut self.result {
            head.due = now;
        }
    }

    fn without_attempt(
        head: &QueueHead<DeliveryDetails>,
        result: HeadResult<DeliveryDetails>,
        kind: AttemptKind,
    ) -> Self {
        let (key, health) = (head.key.clone(), HealthSignal::Unknown);
        let access = AddressAccess::Unknown;
        Self { key, result, health, kind, receiver: None, throttled: None, access, reason: None }
    }
}

/// The reason of a dead letter that became too old.
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
