//! The worker of a channel: a task that takes the next delivery from its queue, where breaker and rate limit allow it, and
//! starts a job for it.
//!
//! A worker waits in one place only: for a message, or for the next moment at which it can do something. It never waits for
//! the store or the network; other tasks ask them, and end with the worker. So no channel waits for another, and none can
//! get stuck. The worker of a channel that is no longer in the rules gives up its deliveries.

mod choice;
mod reading;
mod results;

use super::circuit_breaker::{AttemptKind, AttemptPermit, BreakerState, CircuitBreaker};
use super::clock::{DeliveryClock, milliseconds};
use super::context::DeliveryContext;
use super::health::ChannelHealth;
use super::job::{DeliveryDetails, DeliveryJob, FinishedJob, JobAction, give_up_reason, postponed};
use super::queue::{DeliveryQueue, PageRequest, QueueHead};
use super::rate_limiter::{RateLimiter, ReceiverHold, RetryAt, SharedRateLimiter};
use super::shutdown_on_panic::ShutdownOnPanic;
use super::transport::ChannelTransport;
use super::window::{WindowPreference, WindowSize};
use crate::gateway::journal::{DeliveryStore, GiveUpCause, JournalError, PendingDelivery, ReceiverDigest};
use crate::gateway::metrics::ChannelLabels;
use crate::gateway::served_rules::ServedChannel;
use crate::time::Timestamp;
use reading::{StoredWaits, StoredWaitsState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;

/// How long a store that failed is not asked.
const STORE_PAUSE: u64 = 1_000;
/// How often a worker whose breaker is open looks for deliveries that became too old.
const EXPIRY_PAUSE: u64 = 10_000;
/// How often waiting deliveries are counted.
const COUNT_PAUSE: u64 = 100;
/// How many deliveries are given up at once.
const MAX_GIVING_UP: usize = 64;

/// A message to a worker. The mailbox is bounded: one wake-up, one page, and one result or fetch for each job.
pub(super) enum MailboxMessage {
    Wake,
    Configure(Option<Box<ServedChannel>>),
    /// An operator paused the channel, or went on with it.
    PauseChanged,
    /// Much of the queue was settled by others.
    ReadAnew,
    Page(PageRequest, Result<Vec<PendingDelivery>, JournalError>),
    Fetched(String, Box<Result<Option<PendingDelivery>, JournalError>>),
    Finished(Box<FinishedJob>),
    /// The waits that are stored, as they concern that receiver.
    StoredWaits(ReceiverDigest, Result<StoredWaits, JournalError>),
    /// Why the address policy refuses the receiver of that transport.
    AddressChecked(Arc<ChannelTransport>, Option<String>),
    Stop,
}

/// The status of a worker; moments are those of its clock.
#[derive(Debug, Clone, Default)]
pub(super) struct ChannelWorkerStatus {
    pub(super) under_way: usize,
    pub(super) retrying: usize,
    pub(super) breaker: BreakerState,
    pub(super) held: Option<ReceiverHold>,
    pub(super) blocked: Option<Arc<str>>,
    pub(super) failing_since: Option<Timestamp>,
    pub(super) next_attempt: Option<u64>,
}

/// A channel's worker.
pub(super) struct ChannelWorker<L> {
    context: Arc<DeliveryContext<L>>,
    name: String,
    transport: Option<(Arc<ChannelTransport>, SharedRateLimiter)>,
    /// From this moment on, deliveries of a channel without a transport are given up.
    give_up_from: u64,
    queue: DeliveryQueue<DeliveryDetails>,
    breaker: CircuitBreaker,
    health: ChannelHealth,
    /// Why the address policy refuses the receiver.
    blocked: Option<Arc<str>>,
    under_way: usize,
    /// Whether the store said if the receiver asked for a wait before.
    stored_waits: StoredWaitsState,
    /// Until when stored deliveries wait because a receiver that the channel no longer has asked for that, or because the
    /// address was not allowed before the start.
    void_until: Option<Timestamp>,
    /// While the breaker is open, which delivery may probe is looked for from this moment on.
    probe_from: u64,
    store_from: u64,
    expiry_from: u64,
    sweep_at: u64,
    last_reason: String,
    /// Until then, new deliveries come first by turns.
    failed_until: u64,
    turn: WindowPreference,
    retrying: usize,
    counted_from: u64,
    /// Whether the channel was paused since its queue was read, or the queue is to be read anew.
    was_paused: bool,
    stopping: bool,
    tasks: JoinSet<()>,
    mailbox: UnboundedSender<MailboxMessage>,
    status: Arc<Mutex<ChannelWorkerStatus>>,
}

impl<L: DeliveryStore> ChannelWorker<L> {
    /// A worker that does not run yet.
    pub(super) fn new(
        context: Arc<DeliveryContext<L>>,
        name: String,
        channel: Option<ServedChannel>,
        mailbox: UnboundedSender<MailboxMessage>,
        status: Arc<Mutex<ChannelWorkerStatus>>,
    ) -> Self {
        let now = context.clock.now();
        let (give_up_from, sweep_at) =
            (now + milliseconds(context.timings.removal_grace), now + milliseconds(context.timings.sweep_interval));
        let breaker = CircuitBreaker::new(context.timings.pauses);
        let transport = channel.map(|channel| open_transport(&context, channel));
        Self {
            context,
            name,
            transport,
            give_up_from,
            queue: DeliveryQueue::new(WindowSize::of_one(1)),
            breaker,
            health: ChannelHealth::default(),
            blocked: None,
            under_way: 0,
            stored_waits: StoredWaitsState::Unread,
            void_until: None,
            probe_from: 0,
            store_from: 0,
            expiry_from: 0,
            sweep_at,
            last_reason: "it was never reached".to_owned(),
            failed_until: 0,
            turn: WindowPreference::Newest,
            retrying: 0,
            counted_from: 0,
            was_paused: false,
            stopping: false,
            tasks: JoinSet::new(),
            mailbox,
            status,
        }
    }

    /// Runs until it is stopped and nothing is under way.
    pub(super) async fn run(mut self, mut inbox: UnboundedReceiver<MailboxMessage>, wake_queued: Arc<AtomicBool>) {
        let _vital = ShutdownOnPanic(self.context.store.clone());
        self.check_address();
        loop {
            let until = self.run_due_work();
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
                Some(Some(message)) => self.handle(message, &wake_queued),
            }
            while let Ok(message) = inbox.try_recv() {
                self.handle(message, &wake_queued);
            }
            while self.tasks.try_join_next().is_some() {}
        }
    }

    fn handle(&mut self, message: MailboxMessage, wake_queued: &AtomicBool) {
        let now = self.context.clock.now();
        match message {
            MailboxMessage::Wake => {
                // Before the store is read, so that what comes after that wakes the worker again.
                wake_queued.store(false, Ordering::Release);
                self.queue.mark_unread();
            }
            MailboxMessage::PauseChanged => {}
            MailboxMessage::ReadAnew => self.was_paused = true,
            MailboxMessage::Configure(channel) => self.configure(channel.map(|channel| *channel), now),
            MailboxMessage::Page(request, Ok(page)) => {
                let heads = page.into_iter().map(|pending| self.queue_head(pending, now)).collect();
                self.queue.add_page(request, heads, now);
            }
            MailboxMessage::Page(request, Err(fault)) => {
                self.queue.read_failed(request);
                self.store_failed(&fault, now);
            }
            MailboxMessage::Fetched(key, fetched) => match *fetched {
                Ok(pending) => {
                    let head = pending.map(|pending| self.queue_head(pending, now));
                    self.queue.add_fetched(&key, head);
                }
                Err(fault) => {
                    self.queue.fetch_failed(key);
                    self.store_failed(&fault, now);
                }
            },
            MailboxMessage::Finished(finished) => self.finish_job(*finished, now),
            MailboxMessage::StoredWaits(receiver, waits) => {
                if self.receiver() == Some(receiver) {
                    self.take_stored_waits(waits, now);
                }
            }
            MailboxMessage::AddressChecked(checked, blocked) => {
                if self.transport.as_ref().is_some_and(|(transport, _)| Arc::ptr_eq(transport, &checked)) {
                    self.set_blocked(blocked);
                }
            }
            MailboxMessage::Stop => self.stopping = true,
        }
    }

    fn configure(&mut self, channel: Option<ServedChannel>, now: u64) {
        let same = match (&self.transport, &channel) {
            (Some((transport, _)), Some(channel)) => transport.channel == *channel,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if same {
            return;
        }
        // The old transport is dropped first, so that its rate limits do not outlive it. What the same receiver asked for
        // counts further.
        let (receiver, old) = (self.receiver(), self.transport.take());
        let kept = old.and_then(|(_, rate)| self::rate(&rate).held(now).cloned());
        self.transport = channel.map(|channel| open_transport(&self.context, channel));
        if self.receiver() != receiver {
            self.stored_waits = StoredWaitsState::Unread;
        } else if let (Some(hold), Some((_, rate))) = (kept, &self.transport) {
            self::rate(rate).hold(now, hold);
        }
        self.blocked = None;
        self.check_address();
        self.give_up_from = now.saturating_add(milliseconds(self.context.timings.removal_grace));
        // Failures with the old settings say nothing about the new ones.
        self.breaker = CircuitBreaker::new(self.context.timings.pauses);
        self.failed_until = 0;
        self.queue.make_due(now, |_| false);
    }

    fn receiver(&self) -> Option<ReceiverDigest> {
        self.transport.as_ref().and_then(|(transport, _)| transport.receiver)
    }

    fn store_failed(&mut self, fault: &JournalError, now: u64) {
        tracing::warn!(channel = self.name, %fault, "pending deliveries could not be read; trying again");
        self.store_from = now.saturating_add(STORE_PAUSE);
    }

    /// Starts what can be started; answers when more can be done, unless a message comes first.
    fn run_due_work(&mut self) -> Option<u64> {
        if self.stopping {
            self.publish_status(None);
            return None;
        }
        let now = self.context.clock.now();
        self.context.clock.detect_jumps();
        if self.sweep_at <= now {
            self.sweep_at = now.saturating_add(milliseconds(self.context.timings.sweep_interval));
            self.queue.sweep();
            self.queue.mark_unread();
        }
        if self.is_paused() {
            self.publish_status(None);
            return None;
        }
        let store = self.read_store(now);
        let next = match self.transport.clone() {
            None => self.give_up_all(now),
            Some((transport, rate)) => self.start_jobs(&transport, &rate, now),
        };
        self.publish_status(next);
        [Some(self.sweep_at), store, next].into_iter().flatten().min()
    }

    /// Whether an operator paused the channel. When it goes on, its queue is read anew, as what waited is younger now; not before
    /// what was under way or being read has ended.
    fn is_paused(&mut self) -> bool {
        if self.context.paused.contains(&self.name) {
            self.was_paused = true;
        } else if self.was_paused && self.under_way == 0 && !self.queue.is_reading {
            self.was_paused = false;
            self.queue = DeliveryQueue::new(self.context.window_size());
        }
        self.was_paused
    }

    /// Gives up deliveries of a channel that was removed.
    fn give_up_all(&mut self, now: u64) -> Option<u64> {
        if self.give_up_from > now {
            return Some(self.give_up_from);
        }
        while self.under_way < MAX_GIVING_UP {
            let head = self.queue.take(u64::MAX)?;
            let reason = format!("channel `{}` was removed from the rules", self.name);
            self.spawn(head, JobAction::GiveUp(reason, GiveUpCause::Removed), AttemptKind::Regular);
        }
        None
    }

    fn start_jobs(&mut self, transport: &Arc<ChannelTransport>, rate: &SharedRateLimiter, now: u64) -> Option<u64> {
        if self.stored_waits != StoredWaitsState::Known {
            return None;
        }
        if self.breaker.state() != BreakerState::Closed {
            self.give_up_expired(transport.retry_for(), now);
        }
        while self.under_way < transport.concurrency() {
            let due = self.queue.next_due()?;
            let due = self::rate(rate).held(now).map_or(due, |hold| due.max(hold.until));
            if due > now {
                return Some(due);
            }
            let (kind, history) = match self.permit(now) {
                (AttemptPermit::Allowed(kind), history) => (kind, history),
                (AttemptPermit::Wait(until), _) => return until,
            };
            if let Err(RetryAt(until)) = self::rate(rate).take(now) {
                return Some(until);
            }
            let head = self.take_next(now, kind, history)?;
            self.breaker.begin(kind);
            self.spawn(head, JobAction::Attempt(Arc::clone(transport)), kind);
        }
        None
    }

    /// Gives up deliveries that became too old while the breaker was open.
    fn give_up_expired(&mut self, retry_for: Duration, now: u64) {
        if self.expiry_from > now || retry_for.is_zero() {
            return;
        }
        let limit = self.context.clock.cutoff(retry_for);
        while self.under_way < MAX_GIVING_UP {
            let Some(head) = self.queue.take_older(limit) else {
                self.expiry_from = now.saturating_add(EXPIRY_PAUSE);
                return;
            };
            let reason = give_up_reason(retry_for, &self.last_reason);
            self.spawn(head, JobAction::GiveUp(reason, GiveUpCause::Expired), AttemptKind::Regular);
        }
    }

    fn spawn(&mut self, head: QueueHead<DeliveryDetails>, action: JobAction, kind: AttemptKind) {
        let context = &self.context;
        let mut guard = JobGuard {
            mailbox: self.mailbox.clone(),
            clock: context.clock.clone(),
            unfinished: Some((head.clone(), kind)),
        };
        let job = DeliveryJob { context: Arc::clone(context), channel: self.name.clone(), head, action, kind };
        self.under_way += 1;
        self.tasks.spawn(async move {
            let finished = job.run().await;
            guard.unfinished = None;
            // A worker that has ended needs no result.
            let _ = guard.mailbox.send(MailboxMessage::Finished(Box::new(finished)));
        });
    }

    fn publish_status(&mut self, next_attempt: Option<u64>) {
        let (now, breaker) = (self.context.clock.now(), self.breaker.state());
        // Counting looks at every waiting key, so it is not done at each message.
        if self.counted_from <= now || self.queue.next_due().is_none() {
            self.counted_from = now.saturating_add(COUNT_PAUSE);
            self.retrying = self.queue.waiting(now);
        }
        let held = self.transport.as_ref().and_then(|(_, rate)| self::rate(rate).held(now).cloned());
        let label = ChannelLabels { channel: self.name.clone() };
        let metrics = &self.context.metrics;
        metrics.breaker_open.get_or_create(&label).set(i64::from(breaker != BreakerState::Closed));
        metrics.held.get_or_create(&label).set(i64::from(held.is_some()));
        metrics.paused.get_or_create(&label).set(i64::from(self.was_paused));
        metrics.blocked.get_or_create(&label).set(i64::from(self.blocked.is_some()));
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = ChannelWorkerStatus {
            under_way: self.under_way,
            retrying: self.retrying,
            breaker,
            held,
            blocked: self.blocked.clone(),
            failing_since: self.health.failing_since(),
            next_attempt,
        };
    }
}

/// The limits of a receiver, for a moment.
fn rate(shared: &SharedRateLimiter) -> MutexGuard<'_, RateLimiter> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells the worker about a job that ended without a result, so that its key can go on.
struct JobGuard {
    mailbox: UnboundedSender<MailboxMessage>,
    clock: DeliveryClock,
    unfinished: Option<(QueueHead<DeliveryDetails>, AttemptKind)>,
}

impl Drop for JobGuard {
    fn drop(&mut self) {
        if let Some((head, kind)) = self.unfinished.take() {
            let finished = postponed(&head, kind, self.clock.now());
            let _ = self.mailbox.send(MailboxMessage::Finished(Box::new(finished)));
        }
    }
}

fn open_transport<L>(
    context: &DeliveryContext<L>,
    channel: ServedChannel,
) -> (Arc<ChannelTransport>, SharedRateLimiter) {
    let transport = ChannelTransport::new(channel, &context.resources);
    let rate = context.rates.join(transport.channel.kind, &transport.channel.settings, transport.receiver);
    (Arc::new(transport), rate)
}
