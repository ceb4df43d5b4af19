//! Delivery from the journal to the channels: at least once, in order for each alert key, each channel by itself.
//!
//! Each channel has its own worker, with its own queue, breaker, connections and settings. Only rate limits are shared, by
//! the channels of one chat robot. What is undelivered is in the journal; workers hold a bounded window on it, so memory does
//! not depend on the backlog, and a crash at any point costs at most a repetition.

mod address_policy;
mod backoff;
mod blocked;
mod body_room;
mod circuit_breaker;
mod client;
mod clock;
mod context;
mod due_order;
mod health;
mod job;
mod line_file;
mod line_sink;
mod name_lookup;
mod once;
mod queue;
mod rate_limiter;
mod receiver;
mod shutdown_on_panic;
mod transport;
mod window;
mod worker;

pub use blocked::{BlockedChannel, blocked_channels};
pub(super) use client::{parse_proxy, root_cause, tls_config};
pub use job::STOPPED_LOOP;
pub use once::send_once;

use super::journal::{ClaimOwner, DeliveryReader, DeliveryStore};
use super::metrics::{ChannelLabels, Metrics};
use super::served_rules::ServedChannel;
use crate::channel::DeliveryVerdict;
use crate::reload::FingerprintKey;
use crate::time::{Clock, Timestamp};
use backoff::Backoff;
use circuit_breaker::{BreakerPauses, BreakerState};
use client::ClientFactory;
use clock::{DeliveryClock, milliseconds};
use context::{ClaimSlots, DeliveryContext, PausedChannels};
use rate_limiter::RateLimiters;
use shutdown_on_panic::ShutdownOnPanic;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::runtime::Handle as Runtime;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use transport::TransportResources;
use worker::{ChannelWorker, ChannelWorkerStatus, MailboxMessage};

/// How deliveries are made.
#[derive(Debug, Clone, Default)]
pub struct OutboundConfig {
    /// Where `file` channels write.
    pub directory: PathBuf,
    /// Networks and hosts besides the public internet that may be reached: `10.0.0.0/8`, `hooks.internal`.
    pub allow: Vec<String>,
    /// Whether anything at all may be reached (for tests and closed networks).
    pub allow_private: bool,
    /// A proxy for all requests, as `http://host:port`; none is taken from the environment.
    pub proxy: Option<String>,
    /// A file of certificates in PEM that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Headers of every request besides those of its channel, which win: names and values.
    pub headers: Vec<(String, String)>,
    /// Which deliveries are logged.
    pub log: DeliveryLog,
    /// The key of the digests that stand for receivers in the journal. With another key, stored waits hold nothing.
    pub receiver_key: FingerprintKey,
}

/// Which deliveries are logged. Failures always are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeliveryLog {
    /// Every delivery that succeeded has a line at `info`.
    #[default]
    All,
    /// Only failures.
    Failures,
}

impl OutboundConfig {
    /// Checks that the options can be used.
    ///
    /// # Errors
    /// What is wrong with the proxy's address or the certificates.
    pub fn check(&self) -> Result<(), String> {
        ClientFactory::new(self).map(drop)
    }

    /// Checks the spelling of `allow`, `headers` and `proxy`, which people write.
    ///
    /// # Errors
    /// The first mistake. The proxy's address is not repeated, as it may hold a password.
    pub fn check_spelling(&self) -> Result<(), String> {
        self.allow.iter().try_for_each(|entry| address_policy::check_allow_entry(entry))?;
        client::header_map(&self.headers)?;
        self.proxy.as_deref().map_or(Ok(()), |proxy| client::parse_proxy(proxy).map(drop))
    }
}

/// The pauses of delivery. The defaults are documented; tests use shorter ones.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryTimings {
    backoff: Backoff,
    pauses: BreakerPauses,
    /// How often the journal is asked which channels have something pending.
    survey_interval: Duration,
    /// How long a channel must be gone before its deliveries are given up. Rules may be in force that delivery does not
    /// know yet, and a push may have been decided by them.
    removal_grace: Duration,
    /// How often the journal is read from the beginning, for what an operator requeued.
    sweep_interval: Duration,
}

impl Default for DeliveryTimings {
    fn default() -> Self {
        Self {
            backoff: Backoff::default(),
            pauses: BreakerPauses::default(),
            survey_interval: Duration::from_secs(15),
            removal_grace: Duration::from_secs(5),
            sweep_interval: Duration::from_mins(2),
        }
    }
}

impl DeliveryTimings {
    /// All pauses divided by a thousand.
    #[must_use]
    pub fn shortened() -> Self {
        let Self { backoff, pauses, survey_interval: survey, removal_grace: grace, sweep_interval: sweep } =
            Self::default();
        Self {
            backoff: Backoff { base: backoff.base / 1_000, cap: backoff.cap / 1_000 },
            pauses: BreakerPauses {
                silence: pauses.silence / 1_000,
                first: pauses.first / 1_000,
                longest: pauses.longest / 1_000,
            },
            survey_interval: survey / 1_000,
            removal_grace: grace / 1_000,
            sweep_interval: sweep / 1_000,
        }
    }
}

/// A handle on the deliveries; clones share it.
#[derive(Clone)]
pub struct DeliveryService {
    pool: Arc<WorkerPool>,
}

/// The state of a channel's deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelStatus {
    /// The channel.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Requests under way.
    pub under_way: u64,
    /// `closed`, `open until …`, `half-open`.
    pub breaker: String,
    /// Keys whose next delivery waits for a retry.
    pub retrying: u64,
    /// The pause for which the receiver asked, of all deliveries to the channel.
    pub held: Option<ActiveHold>,
    /// Why the address policy refuses the receiver, with the option to add.
    pub blocked: Option<String>,
    /// When the first attempt failed since the last success.
    pub failing_since: Option<Timestamp>,
    /// When the next attempt is made, if deliveries wait for one.
    pub next_attempt: Option<Timestamp>,
}

/// A pause for which a receiver asked, and which is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveHold {
    /// Its end.
    pub until: Timestamp,
    /// What the receiver said.
    pub reason: String,
}

/// One exchange with a channel, for `pointsman send`. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Method, address and headers with every secret replaced, and the body.
    pub request: String,
    /// Status, headers and body of the answer, or why there was none.
    pub answer: String,
    /// The verdict on the answer.
    pub verdict: DeliveryVerdict,
}

/// A handle on a worker.
struct WorkerHandle {
    mailbox: UnboundedSender<MailboxMessage>,
    /// Whether a wake-up is in the mailbox already.
    wake_queued: Arc<AtomicBool>,
    status: Arc<Mutex<ChannelWorkerStatus>>,
    /// Nothing where the channel is gone.
    kind: Option<&'static str>,
    task: JoinHandle<()>,
}

type SpawnWorker = dyn Fn(&str, Option<ServedChannel>) -> WorkerHandle + Send + Sync;

/// All workers.
struct WorkerPool {
    workers: Mutex<BTreeMap<String, WorkerHandle>>,
    spawn: Box<SpawnWorker>,
    clock: DeliveryClock,
    paused: PausedChannels,
    stopping: AtomicBool,
}

impl DeliveryService {
    /// Starts delivering to these channels; to be called within a tokio runtime.
    #[must_use]
    pub fn start<L: DeliveryStore>(
        store: L,
        channels: &[ServedChannel],
        options: OutboundConfig,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        timings: DeliveryTimings,
    ) -> Self {
        let resources = TransportResources::new(options, Arc::clone(&clock));
        let clock = DeliveryClock::new(clock);
        if let Some(fault) = resources.config_error() {
            tracing::error!(fault, "nothing can be delivered over HTTP");
        }
        let context = DeliveryContext {
            owner: ClaimOwner::generate(),
            resources,
            rates: RateLimiters::default(),
            metrics,
            timings,
            clock: clock.clone(),
            claims: ClaimSlots::new(),
            paused: stored_pauses(&store),
            store,
            channels: AtomicUsize::new(0),
        };
        let (context, runtime) = (Arc::new(context), Runtime::current());
        let pool = Arc::new(WorkerPool {
            workers: Mutex::default(),
            spawn: Box::new(worker_spawner(Arc::clone(&context), runtime.clone())),
            clock,
            paused: context.paused.clone(),
            stopping: AtomicBool::new(false),
        });
        let deliveries = Self { pool };
        deliveries.set_channels(channels);
        runtime.spawn(survey_pending(Arc::downgrade(&deliveries.pool), context));
        deliveries
    }

    /// Wakes a channel that has something to deliver. Cheap; may be called from any thread.
    pub fn wake(&self, channel: &str) {
        // The next survey finds deliveries of a channel that has no worker yet.
        if let Some(worker) = self.pool.workers().get(channel)
            && !worker.wake_queued.swap(true, Ordering::AcqRel)
        {
            worker.send(MailboxMessage::Wake);
        }
    }

    /// Sends nothing to a channel and gives up nothing of it, or goes on. To be called once that is durable.
    pub fn set_paused(&self, channel: &str, is_paused: bool) {
        if self.pool.paused.set(channel, is_paused)
            && let Some(worker) = self.pool.workers().get(channel)
        {
            worker.send(MailboxMessage::PauseChanged);
        }
    }

    /// Reads the queue of a channel anew, as much of it is settled otherwise than by deliveries. Until what is under way has
    /// ended, nothing else is sent.
    pub fn read_anew(&self, channel: &str) {
        if let Some(worker) = self.pool.workers().get(channel) {
            worker.send(MailboxMessage::ReadAnew);
        }
    }

    /// Uses the channels of a new version of the rules: changed settings hold from the next attempt on, deliveries of a
    /// removed channel become dead letters, and unchanged channels go on as before.
    pub fn set_channels(&self, channels: &[ServedChannel]) {
        let mut workers = self.pool.workers();
        if self.pool.stopping.load(Ordering::Acquire) {
            return;
        }
        for (name, worker) in workers.iter_mut() {
            if !channels.iter().any(|channel| channel.name == *name) {
                worker.kind = None;
                worker.send(MailboxMessage::Configure(None));
            }
        }
        for channel in channels {
            if let Some(worker) = workers.get_mut(&channel.name) {
                worker.kind = Some(channel.kind.name);
                worker.send(MailboxMessage::Configure(Some(Box::new(channel.clone()))));
            } else {
                workers.insert(channel.name.clone(), (self.pool.spawn)(&channel.name, Some(channel.clone())));
            }
        }
    }

    /// The state of each channel, by name.
    #[must_use]
    pub fn status(&self) -> Vec<ChannelStatus> {
        let (wall, now) = (self.pool.clock.wall(), self.pool.clock.now());
        let workers = self.pool.workers();
        let at = |moment: u64| wall.saturating_add(Duration::from_millis(moment.saturating_sub(now)));
        let status = |(name, worker): (&String, &WorkerHandle)| {
            let showing = worker.status.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let breaker = match showing.breaker {
                BreakerState::Closed => "closed".to_owned(),
                BreakerState::HalfOpen => "half-open".to_owned(),
                BreakerState::Open { until, .. } => format!("open until {}", at(until)),
            };
            let held = showing.held.filter(|hold| hold.until > now);
            Some(ChannelStatus {
                name: name.clone(),
                kind: worker.kind?.to_owned(),
                under_way: showing.under_way as u64,
                breaker,
                retrying: showing.retrying as u64,
                held: held.map(|hold| ActiveHold { until: at(hold.until), reason: hold.reason.to_string() }),
                blocked: showing.blocked.map(|reason| reason.to_string()),
                failing_since: showing.failing_since,
                next_attempt: showing.next_attempt.map(at),
            })
        };
        workers.iter().filter_map(status).collect()
    }

    /// Starts no new attempt, and waits for those under way. What is not settled by then stays pending.
    pub async fn shut_down(&self, patience: Duration) {
        let workers = {
            let mut workers = self.pool.workers();
            self.pool.stopping.store(true, Ordering::Release);
            std::mem::take(&mut *workers)
        };
        for worker in workers.values() {
            worker.send(MailboxMessage::Stop);
        }
        let until = self.pool.clock.moment(self.pool.clock.now().saturating_add(milliseconds(patience)));
        for (_, mut worker) in workers {
            if tokio::time::timeout_at(until, &mut worker.task).await.is_err() {
                worker.task.abort();
            }
        }
    }
}

impl WorkerHandle {
    fn send(&self, message: MailboxMessage) {
        // A worker that has ended has nothing left to do.
        let _ = self.mailbox.send(message);
    }
}

impl WorkerPool {
    fn workers(&self) -> MutexGuard<'_, BTreeMap<String, WorkerHandle>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for WorkerPool {
    fn drop(&mut self) {
        self.workers().values().for_each(|worker| worker.task.abort());
    }
}

/// The channels that are paused in the store.
fn stored_pauses<L: DeliveryStore>(store: &L) -> PausedChannels {
    let paused = PausedChannels::default();
    match store.read().and_then(DeliveryReader::pauses) {
        Ok(stored) => stored.iter().for_each(|one| {
            paused.set(&one.channel, true);
        }),
        Err(fault) => tracing::error!(%fault, "the journal does not say which channels are paused"),
    }
    paused
}

/// Makes the function that starts a worker.
fn worker_spawner<L: DeliveryStore>(
    context: Arc<DeliveryContext<L>>,
    runtime: Runtime,
) -> impl Fn(&str, Option<ServedChannel>) -> WorkerHandle + Send + Sync {
    move |name, channel| {
        context.channels.fetch_add(1, Ordering::Relaxed);
        let (mailbox, inbox) = unbounded_channel();
        let wake_queued = Arc::new(AtomicBool::new(false));
        let showing = Arc::new(Mutex::new(ChannelWorkerStatus::default()));
        let kind = channel.as_ref().map(|channel| channel.kind.name);
        let shared = (mailbox.clone(), Arc::clone(&showing));
        let worker = ChannelWorker::new(Arc::clone(&context), name.to_owned(), channel, shared.0, shared.1);
        let task = runtime.spawn(worker.run(inbox, Arc::clone(&wake_queued)));
        WorkerHandle { mailbox, wake_queued, status: showing, kind, task }
    }
}

/// Counts pending deliveries from time to time, and starts a worker for each channel that has some and no worker.
async fn survey_pending<L: DeliveryStore>(pool: Weak<WorkerPool>, context: Arc<DeliveryContext<L>>) {
    let _vital = ShutdownOnPanic(context.store.clone());
    let mut pending: Vec<String> = Vec::new();
    loop {
        let store = context.store.clone();
        let counts = tokio::task::spawn_blocking(move || store.read()?.channels()).await;
        let Some(pool) = pool.upgrade() else { return };
        if let Ok(Ok(counts)) = counts {
            let gauge = |channel: &String, count| {
                let label = ChannelLabels { channel: channel.clone() };
                context.metrics.pending.get_or_create(&label).set(i64::try_from(count).unwrap_or(i64::MAX));
            };
            for channel in std::mem::take(&mut pending) {
                gauge(&channel, 0);
            }
            for counts in counts.into_iter().filter(|counts| counts.pending > 0) {
                gauge(&counts.name, counts.pending);
                pending.push(counts.name);
            }
            let mut workers = pool.workers();
            if pool.stopping.load(Ordering::Acquire) {
                return;
            }
            for channel in &pending {
                workers.entry(channel.clone()).or_insert_with(|| (pool.spawn)(channel, None));
            }
        }
        drop(pool);
        tokio::time::sleep(context.timings.survey_interval).await;
    }
}
