//! One channel's worker: a task that asks its queue what comes next, whether breaker and rate allow it, and begins jobs.
//!
//! A worker waits in one place only, for its mailbox or the next moment at which something can be done, and never for the
//! ledger or the network, which are asked by tasks of their own. Those end with the worker. So no channel waits for
//! another, and none can be wedged. The worker of a channel that is no longer in the rules gives up what waits for it.

use super::DeliveryTimings;
use super::circuit_breaker::{AttemptPermit, BreakerState, CircuitBreaker};
use super::clock::{self, Clock, milliseconds};
use super::delivery_store::{DeliveryStore, ShutdownOnPanic};
use super::job::{DeliveryDetails, DeliveryJob, FinishedJob, JobAction, give_up_reason, postponed};
use super::queue::{DeliveryQueue, MOST_KEYS, PageRequest, QueueHead};
use super::rate_limiter::{RateLimiters, SharedRateLimiter as SharedRate};
use super::transport::{ChannelTransport, TransportResources};
use crate::gateway::journal::{JournalError, PendingDelivery};
use crate::gateway::metrics::{ChannelLabels, Metrics};
use crate::gateway::served_rules::ServedChannel;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;

/// How long nothing is asked of a ledger that failed.
const STORE_PAUSE: u64 = 1_000;
/// How often a worker whose breaker is open looks for what has become too old.
const EXPIRY_PAUSE: u64 = 10_000;
/// How often what waits is counted.
const COUNT_PAUSE: u64 = 100;
/// Dead letters that are noted at once.
const MOST_GIVING_UP: usize = 64;
/// The longest that a delivery of the ledger waits by the wall clock of the time when it was noted.
const LONGEST_DUE: i64 = 60 * 60 * 1_000;

/// What a worker hears. The mailbox is bounded by what may be under way: one waking, one reading, and one end or fetch
/// for each job.
pub(super) enum MailboxMessage {
    Wake,
    Configure(Option<Box<ServedChannel>>),
    Page(PageRequest, Result<Vec<PendingDelivery>, JournalError>),
    Fetched(String, Box<Result<Option<PendingDelivery>, JournalError>>),
    Finished(Box<FinishedJob>),
    Stop,
}

/// What a worker shows of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChannelWorkerStatus {
    pub(super) under_way: usize,
    pub(super) retrying: usize,
    pub(super) breaker: BreakerState,
}

/// What all workers share.
pub(super) struct DeliveryContext<L> {
    pub(super) store: L,
    pub(super) resources: TransportResources,
    pub(super) rates: RateLimiters,
    pub(super) metrics: Arc<Metrics>,
    pub(super) timings: DeliveryTimings,
    pub(super) clock: Clock,
}

/// A channel's worker.
pub(super) struct ChannelWorker<L> {
    context: Arc<DeliveryContext<L>>,
    name: String,
    transport: Option<(Arc<ChannelTransport>, SharedRate)>,
    /// From when on the deliveries of a channel without a way are given up.
    give_up_from: u64,
    queue: DeliveryQueue<DeliveryDetails>,
    breaker: CircuitBreaker,
    under_way: usize,
    /// No attempt before this moment, as the destination asked.
    throttled_until: u64,
    store_from: u64,
    expiry_from: u64,
    sweep_at: u64,
    last_reason: String,
    retrying: usize,
    counted_from: u64,
    stopping: bool,
    tasks: JoinSet<()>,
    mailbox: UnboundedSender<MailboxMessage>,
    status: Arc<Mutex<ChannelWorkerStatus>>,
}

impl<L: DeliveryStore> ChannelWorker<L> {
    /// A worker that has not begun.
    pub(super) fn new(
        context: Arc<DeliveryContext<L>>,
        name: String,
        channel: Option<ServedChannel>,
        mailbox: UnboundedSender<MailboxMessage>,
        status: Arc<Mutex<ChannelWorkerStatus>>,
    ) -> Self {
        let now = context.clock.now();
        let (give_up_from, sweep_at) = (
            now + milliseconds(context.timings.removal_grace),
            now + milliseconds(context.timings.sweep_interval),
        );
        let breaker = CircuitBreaker::new(context.timings.pauses);
        let transport = channel.map(|channel| open_transport(&context, channel));
        Self {
            context,
            name,
            transport,
            give_up_from,
            queue: DeliveryQueue::new(MOST_KEYS),
            breaker,
            under_way: 0,
            throttled_until: 0,
            store_from: 0,
            expiry_from: 0,
            sweep_at,
            last_reason: "it was never reached".to_owned(),
            retrying: 0,
            counted_from: 0,
            stopping: false,
            tasks: JoinSet::new(),
            mailbox,
            status,
        }
    }

    /// Works until it is told to stop and nothing is under way.
    pub(super) async fn run(mut self, mut inbox: UnboundedReceiver<MailboxMessage>, woken: Arc<AtomicBool>) {
        let _vital = ShutdownOnPanic(self.context.store.clone());
        loop {
            let until = self.run_due_work();
            self.publish_status();
            if self.stopping && self.under_way == 0 {
                return;
            }
            let message = match until {
                Some(at) => tokio::time::timeout_at(self.context.clock.moment(at), inbox.recv()).await.ok(),
                None => Some(inbox.recv().await),
            };
            match message {
                None => {}
                Some(None) => return,
                Some(Some(message)) => self.handle(message, &woken),
            }
            while let Ok(message) = inbox.try_recv() {
                self.handle(message, &woken);
            }
            while self.tasks.try_join_next().is_some() {}
        }
    }

    fn handle(&mut self, message: MailboxMessage, woken: &AtomicBool) {
        let now = self.context.clock.now();
        match message {
            MailboxMessage::Wake => {
                // Before the reading, so that what comes after it wakes again.
                woken.store(false, Ordering::Release);
                self.queue.mark_unread();
            }
            MailboxMessage::Configure(channel) => self.configure(channel.map(|channel| *channel), now),
            MailboxMessage::Page(reading, Ok(page)) => {
                let heads = page.into_iter().map(|pending| queue_head(pending, now)).collect();
                self.queue.add_page(reading, heads);
            }
            MailboxMessage::Page(reading, Err(fault)) => {
                self.queue.read_failed(reading);
                self.store_failed(&fault, now);
            }
            MailboxMessage::Fetched(key, fetched) => match *fetched {
                Ok(pending) => self.queue.add_fetched(&key, pending.map(|pending| queue_head(pending, now))),
                Err(fault) => {
                    self.queue.fetch_failed(key);
                    self.store_failed(&fault, now);
                }
            },
            MailboxMessage::Finished(over) => self.finish_job(*over, now),
            MailboxMessage::Stop => self.stopping = true,
        }
    }

    fn configure(&mut self, channel: Option<ServedChannel>, now: u64) {
        let same = match (&self.transport, &channel) {
            (Some((way, _)), Some(channel)) => way.channel == *channel,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if same {
            return;
        }
        // The share in the old limits goes first, so that nobody's are kept who has gone.
        self.transport = None;
        self.transport = channel.map(|channel| open_transport(&self.context, channel));
        self.give_up_from = now.saturating_add(milliseconds(self.context.timings.removal_grace));
        // What failed with the old settings says nothing of the new ones.
        self.breaker = CircuitBreaker::new(self.context.timings.pauses);
        self.throttled_until = 0;
        self.queue.make_due(now, |_| false);
    }

    fn store_failed(&mut self, fault: &JournalError, now: u64) {
        tracing::warn!(channel = self.name, %fault, "pending deliveries could not be read; they are tried again");
        self.store_from = now.saturating_add(STORE_PAUSE);
    }

    fn finish_job(&mut self, over: FinishedJob, now: u64) {
        self.under_way = self.under_way.saturating_sub(1);
        if let Some(reason) = over.reason {
            self.last_reason = reason;
        }
        if let Some(pause) = over.throttled {
            self.throttled_until = self.throttled_until.max(now.saturating_add(milliseconds(pause)));
        }
        self.queue.finish(&over.key, over.result);
        let before = self.breaker.state();
        if self.breaker.record(now, over.probe, over.health) {
            tracing::info!(channel = self.name, "the destination answers again");
            self.queue.make_due(now, |rest| rest.wait_requested);
        }
        if before == BreakerState::Closed && self.breaker.state() != BreakerState::Closed {
            let reason = self.last_reason.as_str();
            tracing::warn!(
                channel = self.name,
                reason,
                "the destination fails; it is left in peace for a while"
            );
        }
    }

    /// Begins what can be begun; answers when more can be done, unless a message comes first.
    fn run_due_work(&mut self) -> Option<u64> {
        if self.stopping {
            return None;
        }
        let now = self.context.clock.now();
        self.context.clock.detect_jumps();
        if self.sweep_at <= now {
            self.sweep_at = now.saturating_add(milliseconds(self.context.timings.sweep_interval));
            self.queue.sweep();
            self.queue.mark_unread();
        }
        let ledger = self.read_store(now);
        let next = match self.transport.clone() {
            None => self.give_up_all(now),
            Some((way, rate)) => self.start_jobs(&way, &rate, now),
        };
        [Some(self.sweep_at), ledger, next].into_iter().flatten().min()
    }

    fn read_store(&mut self, now: u64) -> Option<u64> {
        if self.store_from > now {
            return Some(self.store_from);
        }
        if let Some(reading) = self.queue.next_read() {
            let (common, name, mailbox) =
                (Arc::clone(&self.context), self.name.clone(), self.mailbox.clone());
            self.tasks.spawn_blocking(move || {
                let _vital = ShutdownOnPanic(common.store.clone());
                let page = common.store.pending(&name, reading.after, reading.limit);
                // A worker that has gone needs no page.
                let _ = mailbox.send(MailboxMessage::Page(reading, page));
            });
        }
        for key in self.queue.take_fetches() {
            let (common, name, mailbox) =
                (Arc::clone(&self.context), self.name.clone(), self.mailbox.clone());
            self.tasks.spawn_blocking(move || {
                let _vital = ShutdownOnPanic(common.store.clone());
                // From the beginning, as an older delivery of the key may have been revived.
                let fetched = Box::new(common.store.pending_of_key(&name, &key, 0));
                let _ = mailbox.send(MailboxMessage::Fetched(key, fetched));
            });
        }
        None
    }

    /// Gives up what waits for a channel that is gone.
    fn give_up_all(&mut self, now: u64) -> Option<u64> {
        if self.give_up_from > now {
            return Some(self.give_up_from);
        }
        while self.under_way < MOST_GIVING_UP {
            let head = self.queue.take(u64::MAX)?;
            let reason = format!("channel `{}` was removed from the rules", self.name);
            self.spawn(head, JobAction::GiveUp(reason), false);
        }
        None
    }

    fn start_jobs(&mut self, way: &Arc<ChannelTransport>, rate: &SharedRate, now: u64) -> Option<u64> {
        if self.breaker.state() != BreakerState::Closed {
            self.give_up_expired(way.retry_for(), now);
        }
        while self.under_way < way.concurrency() {
            let due = self.queue.next_due()?.max(self.throttled_until);
            if due > now {
                return Some(due);
            }
            let permit = self.breaker.permit(now);
            match permit {
                AttemptPermit::Allowed | AttemptPermit::Probe => {}
                AttemptPermit::Wait(until) => return until,
            }
            if let Err(until) = rate.lock().unwrap_or_else(PoisonError::into_inner).take(now) {
                return Some(until);
            }
            let head = self.queue.take(now)?;
            self.breaker.begin(permit);
            self.spawn(head, JobAction::Attempt(Arc::clone(way)), permit == AttemptPermit::Probe);
        }
        None
    }

    /// Gives up what has become too old while the destination was not asked at all.
    fn give_up_expired(&mut self, retry_for: Duration, now: u64) {
        if self.expiry_from > now || retry_for.is_zero() {
            return;
        }
        let limit = self.context.clock.cutoff(retry_for);
        while self.under_way < MOST_GIVING_UP {
            let Some(head) = self.queue.take_older(limit) else {
                self.expiry_from = now.saturating_add(EXPIRY_PAUSE);
                return;
            };
            let reason = give_up_reason(retry_for, &self.last_reason);
            self.spawn(head, JobAction::GiveUp(reason), false);
        }
    }

    fn spawn(&mut self, head: QueueHead<DeliveryDetails>, task: JobAction, probe: bool) {
        let common = &self.context;
        let mut report = JobGuard {
            mailbox: self.mailbox.clone(),
            clock: common.clock.clone(),
            head: Some((head.clone(), probe)),
        };
        let job = DeliveryJob {
            store: common.store.clone(),
            metrics: Arc::clone(&common.metrics),
            timings: common.timings,
            clock: common.clock.clone(),
            channel: self.name.clone(),
            head,
            action: task,
            probe,
        };
        self.under_way += 1;
        self.tasks.spawn(async move {
            let over = job.run().await;
            report.head = None;
            // A worker that has gone needs no report.
            let _ = report.mailbox.send(MailboxMessage::Finished(Box::new(over)));
        });
    }

    fn publish_status(&mut self) {
        let (now, breaker) = (self.context.clock.now(), self.breaker.state());
        // Counting takes as long as many keys wait, and nobody looks that often.
        if self.counted_from <= now || self.queue.next_due().is_none() {
            self.counted_from = now.saturating_add(COUNT_PAUSE);
            self.retrying = self.queue.waiting(now);
        }
        let showing = ChannelWorkerStatus { under_way: self.under_way, retrying: self.retrying, breaker };
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = showing;
        let label = ChannelLabels { channel: self.name.clone() };
        self.context
            .metrics
            .breaker_open
            .get_or_create(&label)
            .set(i64::from(breaker != BreakerState::Closed));
    }
}

/// Tells the worker of a job that ended without an answer, so that neither its key nor its place is lost.
struct JobGuard {
    mailbox: UnboundedSender<MailboxMessage>,
    clock: Clock,
    head: Option<(QueueHead<DeliveryDetails>, bool)>,
}

impl Drop for JobGuard {
    fn drop(&mut self) {
        if let Some((head, probe)) = self.head.take() {
            let over = postponed(&head, probe, self.clock.now());
            let _ = self.mailbox.send(MailboxMessage::Finished(Box::new(over)));
        }
    }
}

fn open_transport<L>(
    common: &DeliveryContext<L>,
    channel: ServedChannel,
) -> (Arc<ChannelTransport>, SharedRate) {
    let rate = common.rates.join(channel.kind, &channel.settings);
    (Arc::new(ChannelTransport::new(channel, &common.resources)), rate)
}

/// A delivery of the ledger. Its time was noted by the wall clock, which may have jumped since: what is new does not wait,
/// and nothing waits longer than the longest pause there is.
fn queue_head(pending: PendingDelivery, now: u64) -> QueueHead<DeliveryDetails> {
    let wait = if pending.attempts == 0 { 0 } else { pending.due.saturating_sub(clock::wall_clock()) };
    let wait = wait.clamp(0, LONGEST_DUE);
    QueueHead {
        id: pending.id,
        key: pending.key,
        due: now.saturating_add_signed(wait),
        since: pending.since,
        details: DeliveryDetails {
            event: pending.event,
            kind: pending.kind,
            attempts: pending.attempts,
            replay: pending.replay,
            wait_requested: false,
        },
    }
}
