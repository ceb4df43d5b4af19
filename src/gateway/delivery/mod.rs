//! Delivery: from the journal to the channels, at least once, in order for each alert key, each channel by itself.
//!
//! Each channel has a worker of its own, with its own queue, breaker, connections and settings; only the limits
//! of one chat robot are shared between the channels that ask it. What is undelivered is in the journal; here is a bounded
//! window on it, so memory does not depend on the backlog, and a crash at any point costs at most a repetition.

mod address_policy;
mod backoff;
mod circuit_breaker;
mod client;
mod clock;
mod delivery_store;
mod job;
mod line_file;
mod line_sink;
mod once;
mod queue;
mod rate_limiter;
mod transport;
mod worker;

pub use delivery_store::DeliveryStore;
pub use once::send_once;

use super::journal::Journal;
use super::metrics::{ChannelLabels, Metrics};
use super::served_rules::{ServedChannel, ServedRules};
use crate::channel::DeliveryVerdict;
use crate::reload::RuleSetVersion;
use backoff::Backoff;
use circuit_breaker::{BreakerPauses, BreakerState};
use clock::{Clock, milliseconds};
use rate_limiter::RateLimiters;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::runtime::Handle as Runtime;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use transport::TransportResources;
use worker::{ChannelWorker, ChannelWorkerStatus, DeliveryContext, MailboxMessage};

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
}

impl OutboundConfig {
    /// Whether they can be used.
    ///
    /// # Errors
    /// What is wrong, in words: the proxy's address or the certificates.
    pub fn check(&self) -> Result<(), String> {
        TransportResources::new(self.clone()).config_error().map_or(Ok(()), |fault| Err(fault.to_owned()))
    }

    /// Whether what was written by hand, `allow` and `proxy`, can be meant.
    ///
    /// # Errors
    /// The first that cannot, in words; the proxy's address, which may hold a password, is not repeated.
    pub fn check_spelling(&self) -> Result<(), String> {
        if let Some(wrong) = self.allow.iter().find(|entry| !address_policy::is_allow_entry(entry)) {
            return Err(format!(
                "`{wrong}` is no network and no host: expected something like 10.0.0.0/8, 10.1.2.3 or hooks.internal"
            ));
        }
        self.proxy.as_deref().map_or(Ok(()), |proxy| client::parse_proxy(proxy).map(drop))
    }
}

/// The times that delivery keeps; the defaults are what is documented, and tests are in more of a hurry.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryTimings {
    backoff: Backoff,
    pauses: BreakerPauses,
    /// How often the journal is asked which channels have something pending.
    survey_interval: Duration,
    /// How long a channel must be gone before its deliveries are given up: a push may have been decided by rules that are
    /// in force, but not taken over here yet.
    removal_grace: Duration,
    /// How often the journal is read from the beginning, for what an operator revived.
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
    /// All pauses a thousandth of what they are.
    #[must_use]
    pub fn shortened() -> Self {
        let Self { backoff, pauses, survey_interval: survey, removal_grace: grace, sweep_interval: sweep } =
            Self::default();
        Self {
            backoff: Backoff { base: backoff.base / 1_000, cap: backoff.cap / 1_000 },
            pauses: BreakerPauses { first: pauses.first / 1_000, longest: pauses.longest / 1_000 },
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

/// How a channel fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
}

/// One exchange with a channel, for `pointsman send`. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Method, address and headers with every secret replaced, and the body.
    pub request: String,
    /// Status, headers and body of the answer, or why there was none.
    pub answer: String,
    /// What it means.
    pub verdict: DeliveryVerdict,
}

/// A worker from outside.
struct WorkerHandle {
    mailbox: UnboundedSender<MailboxMessage>,
    /// Whether a waking lies in the mailbox already.
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
    clock: Clock,
    stopping: AtomicBool,
}

impl DeliveryService {
    /// Starts delivering; to be called within a tokio runtime.
    #[must_use]
    pub fn start(
        journal: Journal,
        served: &Arc<RuleSetVersion<ServedRules>>,
        options: OutboundConfig,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self::start_with(journal, &served.value.channels, options, metrics, DeliveryTimings::default())
    }

    /// As [`DeliveryService::start`], on any ledger, for these channels, at that pace.
    #[must_use]
    pub fn start_with<L: DeliveryStore>(
        ledger: L,
        channels: &[ServedChannel],
        options: OutboundConfig,
        metrics: Arc<Metrics>,
        pace: DeliveryTimings,
    ) -> Self {
        let clock = Clock::new();
        let ground = TransportResources::new(options);
        if let Some(fault) = ground.config_error() {
            tracing::error!(fault, "nothing can be delivered over HTTP");
        }
        let common = DeliveryContext {
            store: ledger,
            resources: ground,
            rates: RateLimiters::default(),
            metrics,
            timings: pace,
            clock: clock.clone(),
        };
        let (common, runtime) = (Arc::new(common), Runtime::current());
        let office = Arc::new(WorkerPool {
            workers: Mutex::default(),
            spawn: Box::new(worker_spawner(Arc::clone(&common), runtime.clone())),
            clock,
            stopping: AtomicBool::new(false),
        });
        let deliveries = Self { pool: office };
        deliveries.set_channels(channels);
        runtime.spawn(survey_pending(Arc::downgrade(&deliveries.pool), common));
        deliveries
    }

    /// Tells a channel that there is something for it. Cheap, and may be called from any thread.
    pub fn wake(&self, channel: &str) {
        // What is for a channel that nobody knows yet is found by the next survey.
        if let Some(post) = self.pool.workers().get(channel)
            && !post.wake_queued.swap(true, Ordering::AcqRel)
        {
            post.send(MailboxMessage::Wake);
        }
    }

    /// Takes over a new version: changed settings hold for the next attempt, the deliveries of a removed channel become
    /// dead letters, unchanged channels notice nothing.
    pub fn reconfigure(&self, served: &Arc<RuleSetVersion<ServedRules>>) {
        self.set_channels(&served.value.channels);
    }

    /// As [`DeliveryService::reconfigure`], for these channels.
    pub fn set_channels(&self, channels: &[ServedChannel]) {
        let mut posts = self.pool.workers();
        if self.pool.stopping.load(Ordering::Acquire) {
            return;
        }
        for (name, post) in posts.iter_mut() {
            if !channels.iter().any(|channel| channel.name == *name) {
                post.kind = None;
                post.send(MailboxMessage::Configure(None));
            }
        }
        for channel in channels {
            if let Some(post) = posts.get_mut(&channel.name) {
                post.kind = Some(channel.kind.name);
                post.send(MailboxMessage::Configure(Some(Box::new(channel.clone()))));
            } else {
                posts.insert(channel.name.clone(), (self.pool.spawn)(&channel.name, Some(channel.clone())));
            }
        }
    }

    /// How the channels fare, by name.
    #[must_use]
    pub fn status(&self) -> Vec<ChannelStatus> {
        let (clock, now) = (clock::wall_clock(), self.pool.clock.now());
        let posts = self.pool.workers();
        let status = |(name, post): (&String, &WorkerHandle)| {
            let showing = *post.status.lock().unwrap_or_else(PoisonError::into_inner);
            let breaker = match showing.breaker {
                BreakerState::Closed => "closed".to_owned(),
                BreakerState::HalfOpen => "half-open".to_owned(),
                BreakerState::Open(until) => {
                    let until = clock.saturating_add_unsigned(until.saturating_sub(now));
                    format!(
                        "open until {}",
                        clock::timestamp(until).map(|time| time.to_string()).unwrap_or_default()
                    )
                }
            };
            Some(ChannelStatus {
                name: name.clone(),
                kind: post.kind?.to_owned(),
                under_way: showing.under_way as u64,
                breaker,
                retrying: showing.retrying as u64,
            })
        };
        posts.iter().filter_map(status).collect()
    }

    /// Begins no new attempt, and waits for those under way. What is not settled by then stays pending.
    pub async fn shut_down(&self, patience: Duration) {
        let posts = {
            let mut posts = self.pool.workers();
            self.pool.stopping.store(true, Ordering::Release);
            std::mem::take(&mut *posts)
        };
        for post in posts.values() {
            post.send(MailboxMessage::Stop);
        }
        let until = self.pool.clock.moment(self.pool.clock.now().saturating_add(milliseconds(patience)));
        for (_, mut post) in posts {
            if tokio::time::timeout_at(until, &mut post.task).await.is_err() {
                post.task.abort();
            }
        }
    }
}

impl WorkerHandle {
    fn send(&self, message: MailboxMessage) {
        // A worker that has ended hears nothing, and has nothing left to do.
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
        self.workers().values().for_each(|post| post.task.abort());
    }
}

/// What starts a worker.
fn worker_spawner<L: DeliveryStore>(
    common: Arc<DeliveryContext<L>>,
    runtime: Runtime,
) -> impl Fn(&str, Option<ServedChannel>) -> WorkerHandle + Send + Sync {
    move |name, channel| {
        let (mailbox, inbox) = unbounded_channel();
        let woken = Arc::new(AtomicBool::new(false));
        let showing = ChannelWorkerStatus { under_way: 0, retrying: 0, breaker: BreakerState::Closed };
        let showing = Arc::new(Mutex::new(showing));
        let kind = channel.as_ref().map(|channel| channel.kind.name);
        let shared = (mailbox.clone(), Arc::clone(&showing));
        let worker = ChannelWorker::new(Arc::clone(&common), name.to_owned(), channel, shared.0, shared.1);
        let task = runtime.spawn(worker.run(inbox, Arc::clone(&woken)));
        WorkerHandle { mailbox, wake_queued: woken, status: showing, kind, task }
    }
}

/// Counts what is pending from time to time, and finds what is pending for channels that nobody knows.
async fn survey_pending<L: DeliveryStore>(office: Weak<WorkerPool>, common: Arc<DeliveryContext<L>>) {
    let _vital = delivery_store::ShutdownOnPanic(common.store.clone());
    let mut counted: Vec<String> = Vec::new();
    loop {
        let ledger = common.store.clone();
        let pending = tokio::task::spawn_blocking(move || ledger.channels_pending()).await;
        let Some(office) = office.upgrade() else { return };
        if let Ok(Ok(pending)) = pending {
            let gauge = |channel: &String, count| {
                let label = ChannelLabels { channel: channel.clone() };
                common.metrics.pending.get_or_create(&label).set(i64::try_from(count).unwrap_or(i64::MAX));
            };
            for channel in &counted {
                gauge(channel, 0);
            }
            for (channel, count) in &pending {
                gauge(channel, *count);
            }
            counted = pending.into_iter().map(|(channel, _)| channel).collect();
            let mut posts = office.workers();
            if office.stopping.load(Ordering::Acquire) {
                return;
            }
            for channel in &counted {
                posts.entry(channel.clone()).or_insert_with(|| (office.spawn)(channel, None));
            }
        }
        drop(office);
        tokio::time::sleep(common.timings.survey_interval).await;
    }
}
