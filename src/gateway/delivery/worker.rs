//! One channel's worker: a task that asks its queue what comes next, whether breaker and rate allow it, and begins jobs.
//!
//! A worker waits in one place only, for its mailbox or the next moment at which something can be done, and never for the
//! ledger or the network, which are asked by tasks of their own. Those end with the worker. So no channel waits for
//! another, and none can be wedged. The worker of a channel that is no longer in the rules gives up what waits for it.

use super::Pace;
use super::breaker::{Breaker, Permit, State};
use super::clock::{self, Clock, milliseconds};
use super::job::{Job, Over, Rest, Task, gave_up, put_off};
use super::ledger::{Ledger, Vital};
use super::queue::{Head, MOST_KEYS, Queue, Reading};
use super::rate::{Rates, Shared as SharedRate};
use super::way::{Ground, Way};
use crate::gateway::journal::{Fault, Pending};
use crate::gateway::metrics::{ChannelLabels, Metrics};
use crate::gateway::served::Channel;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;

/// How long nothing is asked of a ledger that failed.
const LEDGER_PAUSE: u64 = 1_000;
/// How often a worker whose breaker is open looks for what has become too old.
const AGED_PAUSE: u64 = 10_000;
/// How often what waits is counted.
const COUNT_PAUSE: u64 = 100;
/// Dead letters that are noted at once.
const BURIALS: usize = 64;
/// The longest that a delivery of the ledger waits by the wall clock of the time when it was noted.
const LONGEST_DUE: i64 = 60 * 60 * 1_000;

/// What a worker hears. The mailbox is bounded by what may be under way: one waking, one reading, and one end or fetch
/// for each job.
pub(super) enum Message {
    Wake,
    Configure(Option<Box<Channel>>),
    Page(Reading, Result<Vec<Pending>, Fault>),
    Fetched(String, Box<Result<Option<Pending>, Fault>>),
    Over(Box<Over>),
    Stop,
}

/// What a worker shows of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Showing {
    pub(super) under_way: usize,
    pub(super) retrying: usize,
    pub(super) breaker: State,
}

/// What all workers share.
pub(super) struct Common<L> {
    pub(super) ledger: L,
    pub(super) ground: Ground,
    pub(super) rates: Rates,
    pub(super) metrics: Arc<Metrics>,
    pub(super) pace: Pace,
    pub(super) clock: Clock,
}

/// A channel's worker.
pub(super) struct Worker<L> {
    common: Arc<Common<L>>,
    name: String,
    way: Option<(Arc<Way>, SharedRate)>,
    /// From when on the deliveries of a channel without a way are given up.
    bury_from: u64,
    queue: Queue<Rest>,
    breaker: Breaker,
    under_way: usize,
    /// No attempt before this moment, as the destination asked.
    throttled_until: u64,
    ledger_from: u64,
    aged_from: u64,
    sweep_at: u64,
    last_reason: String,
    retrying: usize,
    counted_from: u64,
    stopping: bool,
    tasks: JoinSet<()>,
    mailbox: UnboundedSender<Message>,
    showing: Arc<Mutex<Showing>>,
}

impl<L: Ledger> Worker<L> {
    /// A worker that has not begun.
    pub(super) fn new(
        common: Arc<Common<L>>,
        name: String,
        channel: Option<Channel>,
        mailbox: UnboundedSender<Message>,
        showing: Arc<Mutex<Showing>>,
    ) -> Self {
        let now = common.clock.now();
        let (bury_from, sweep_at) =
            (now + milliseconds(common.pace.grace), now + milliseconds(common.pace.sweep));
        let breaker = Breaker::new(common.pace.pauses);
        let way = channel.map(|channel| make_ready(&common, channel));
        Self {
            common,
            name,
            way,
            bury_from,
            queue: Queue::new(MOST_KEYS),
            breaker,
            under_way: 0,
            throttled_until: 0,
            ledger_from: 0,
            aged_from: 0,
            sweep_at,
            last_reason: "it was never reached".to_owned(),
            retrying: 0,
            counted_from: 0,
            stopping: false,
            tasks: JoinSet::new(),
            mailbox,
            showing,
        }
    }

    /// Works until it is told to stop and nothing is under way.
    pub(super) async fn run(mut self, mut inbox: UnboundedReceiver<Message>, woken: Arc<AtomicBool>) {
        let _vital = Vital(self.common.ledger.clone());
        loop {
            let until = self.act();
            self.show();
            if self.stopping && self.under_way == 0 {
                return;
            }
            let message = match until {
                Some(at) => tokio::time::timeout_at(self.common.clock.moment(at), inbox.recv()).await.ok(),
                None => Some(inbox.recv().await),
            };
            match message {
                None => {}
                Some(None) => return,
                Some(Some(message)) => self.hear(message, &woken),
            }
            while let Ok(message) = inbox.try_recv() {
                self.hear(message, &woken);
            }
            while self.tasks.try_join_next().is_some() {}
        }
    }

    fn hear(&mut self, message: Message, woken: &AtomicBool) {
        let now = self.common.clock.now();
        match message {
            Message::Wake => {
                // Before the reading, so that what comes after it wakes again.
                woken.store(false, Ordering::Release);
                self.queue.woken();
            }
            Message::Configure(channel) => self.configure(channel.map(|channel| *channel), now),
            Message::Page(reading, Ok(page)) => {
                let heads = page.into_iter().map(|pending| head(pending, now)).collect();
                self.queue.page(reading, heads);
            }
            Message::Page(reading, Err(fault)) => {
                self.queue.unreadable(reading);
                self.ledger_failed(&fault, now);
            }
            Message::Fetched(key, fetched) => match *fetched {
                Ok(pending) => self.queue.fetched(&key, pending.map(|pending| head(pending, now))),
                Err(fault) => {
                    self.queue.unfetched(key);
                    self.ledger_failed(&fault, now);
                }
            },
            Message::Over(over) => self.over(*over, now),
            Message::Stop => self.stopping = true,
        }
    }

    fn configure(&mut self, channel: Option<Channel>, now: u64) {
        let same = match (&self.way, &channel) {
            (Some((way, _)), Some(channel)) => way.channel == *channel,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if same {
            return;
        }
        // The share in the old limits goes first, so that nobody's are kept who has gone.
        self.way = None;
        self.way = channel.map(|channel| make_ready(&self.common, channel));
        self.bury_from = now.saturating_add(milliseconds(self.common.pace.grace));
        // What failed with the old settings says nothing of the new ones.
        self.breaker = Breaker::new(self.common.pace.pauses);
        self.throttled_until = 0;
        self.queue.hasten(now, |_| false);
    }

    fn ledger_failed(&mut self, fault: &Fault, now: u64) {
        tracing::warn!(channel = self.name, %fault, "pending deliveries could not be read; they are tried again");
        self.ledger_from = now.saturating_add(LEDGER_PAUSE);
    }

    fn over(&mut self, over: Over, now: u64) {
        self.under_way = self.under_way.saturating_sub(1);
        if let Some(reason) = over.reason {
            self.last_reason = reason;
        }
        if let Some(pause) = over.throttled {
            self.throttled_until = self.throttled_until.max(now.saturating_add(milliseconds(pause)));
        }
        self.queue.end(&over.key, over.end);
        let before = self.breaker.state();
        if self.breaker.note(now, over.probe, over.sign) {
            tracing::info!(channel = self.name, "the destination answers again");
            self.queue.hasten(now, |rest| rest.asked);
        }
        if before == State::Closed && self.breaker.state() != State::Closed {
            let reason = self.last_reason.as_str();
            tracing::warn!(
                channel = self.name,
                reason,
                "the destination fails; it is left in peace for a while"
            );
        }
    }

    /// Begins what can be begun; answers when more can be done, unless a message comes first.
    fn act(&mut self) -> Option<u64> {
        if self.stopping {
            return None;
        }
        let now = self.common.clock.now();
        self.common.clock.look();
        if self.sweep_at <= now {
            self.sweep_at = now.saturating_add(milliseconds(self.common.pace.sweep));
            self.queue.sweep();
            self.queue.woken();
        }
        let ledger = self.ask_ledger(now);
        let next = match self.way.clone() {
            None => self.bury_all(now),
            Some((way, rate)) => self.begin(&way, &rate, now),
        };
        [Some(self.sweep_at), ledger, next].into_iter().flatten().min()
    }

    fn ask_ledger(&mut self, now: u64) -> Option<u64> {
        if self.ledger_from > now {
            return Some(self.ledger_from);
        }
        if let Some(reading) = self.queue.read() {
            let (common, name, mailbox) = (Arc::clone(&self.common), self.name.clone(), self.mailbox.clone());
            self.tasks.spawn_blocking(move || {
                let _vital = Vital(common.ledger.clone());
                let page = common.ledger.pending(&name, reading.after, reading.limit);
                // A worker that has gone needs no page.
                let _ = mailbox.send(Message::Page(reading, page));
            });
        }
        for key in self.queue.fetches() {
            let (common, name, mailbox) = (Arc::clone(&self.common), self.name.clone(), self.mailbox.clone());
            self.tasks.spawn_blocking(move || {
                let _vital = Vital(common.ledger.clone());
                // From the beginning, as an older delivery of the key may have been revived.
                let fetched = Box::new(common.ledger.pending_of_key(&name, &key, 0));
                let _ = mailbox.send(Message::Fetched(key, fetched));
            });
        }
        None
    }

    /// Gives up what waits for a channel that is gone.
    fn bury_all(&mut self, now: u64) -> Option<u64> {
        if self.bury_from > now {
            return Some(self.bury_from);
        }
        while self.under_way < BURIALS {
            let head = self.queue.take(u64::MAX)?;
            let reason = format!("channel `{}` was removed from the rules", self.name);
            self.spawn(head, Task::Bury(reason), false);
        }
        None
    }

    fn begin(&mut self, way: &Arc<Way>, rate: &SharedRate, now: u64) -> Option<u64> {
        if self.breaker.state() != State::Closed {
            self.bury_aged(way.retry_for(), now);
        }
        while self.under_way < way.concurrency() {
            let due = self.queue.next_due()?.max(self.throttled_until);
            if due > now {
                return Some(due);
            }
            let permit = self.breaker.permit(now);
            match permit {
                Permit::Free | Permit::Probe => {}
                Permit::Wait(until) => return until,
            }
            if let Err(until) = rate.lock().unwrap_or_else(PoisonError::into_inner).take(now) {
                return Some(until);
            }
            let head = self.queue.take(now)?;
            self.breaker.begin(permit);
            self.spawn(head, Task::Try(Arc::clone(way)), permit == Permit::Probe);
        }
        None
    }

    /// Gives up what has become too old while the destination was not asked at all.
    fn bury_aged(&mut self, retry_for: Duration, now: u64) {
        if self.aged_from > now || retry_for.is_zero() {
            return;
        }
        let limit = self.common.clock.before(retry_for);
        while self.under_way < BURIALS {
            let Some(head) = self.queue.take_older(limit) else {
                self.aged_from = now.saturating_add(AGED_PAUSE);
                return;
            };
            let reason = gave_up(retry_for, &self.last_reason);
            self.spawn(head, Task::Bury(reason), false);
        }
    }

    fn spawn(&mut self, head: Head<Rest>, task: Task, probe: bool) {
        let common = &self.common;
        let mut report = Report {
            mailbox: self.mailbox.clone(),
            clock: common.clock.clone(),
            head: Some((head.clone(), probe)),
        };
        let job = Job {
            ledger: common.ledger.clone(),
            metrics: Arc::clone(&common.metrics),
            pace: common.pace,
            clock: common.clock.clone(),
            channel: self.name.clone(),
            head,
            task,
            probe,
        };
        self.under_way += 1;
        self.tasks.spawn(async move {
            let over = job.run().await;
            report.head = None;
            // A worker that has gone needs no report.
            let _ = report.mailbox.send(Message::Over(Box::new(over)));
        });
    }

    fn show(&mut self) {
        let (now, breaker) = (self.common.clock.now(), self.breaker.state());
        // Counting takes as long as many keys wait, and nobody looks that often.
        if self.counted_from <= now || self.queue.next_due().is_none() {
            self.counted_from = now.saturating_add(COUNT_PAUSE);
            self.retrying = self.queue.waiting(now);
        }
        let showing = Showing { under_way: self.under_way, retrying: self.retrying, breaker };
        *self.showing.lock().unwrap_or_else(PoisonError::into_inner) = showing;
        let label = ChannelLabels { channel: self.name.clone() };
        self.common.metrics.breaker_open.get_or_create(&label).set(i64::from(breaker != State::Closed));
    }
}

/// Tells the worker of a job that ended without an answer, so that neither its key nor its place is lost.
struct Report {
    mailbox: UnboundedSender<Message>,
    clock: Clock,
    head: Option<(Head<Rest>, bool)>,
}

impl Drop for Report {
    fn drop(&mut self) {
        if let Some((head, probe)) = self.head.take() {
            let over = put_off(&head, probe, self.clock.now());
            let _ = self.mailbox.send(Message::Over(Box::new(over)));
        }
    }
}

fn make_ready<L>(common: &Common<L>, channel: Channel) -> (Arc<Way>, SharedRate) {
    let rate = common.rates.join(channel.kind, &channel.settings);
    (Arc::new(Way::new(channel, &common.ground)), rate)
}

/// A delivery of the ledger. Its time was noted by the wall clock, which may have jumped since: what is new does not wait,
/// and nothing waits longer than the longest pause there is.
fn head(pending: Pending, now: u64) -> Head<Rest> {
    let wait = if pending.attempts == 0 { 0 } else { pending.due.saturating_sub(clock::wall()) };
    let wait = wait.clamp(0, LONGEST_DUE);
    Head {
        id: pending.id,
        key: pending.key,
        due: now.saturating_add_signed(wait),
        since: pending.since,
        rest: Rest {
            event: pending.event,
            kind: pending.kind,
            attempts: pending.attempts,
            replay: pending.replay,
            asked: false,
        },
    }
}
