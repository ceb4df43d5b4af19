//! Delivery: from the journal to the channels, at least once, in order for each alert key, each channel by itself.
//!
//! Each channel has a worker of its own, with its own queue, breaker, connections and settings; only the limits
//! of one chat robot are shared between the channels that ask it. What is undelivered is in the journal; here is a bounded
//! window on it, so memory does not depend on the backlog, and a crash at any point costs at most a repetition.

mod addresses;
mod backoff;
mod breaker;
mod client;
mod clock;
mod job;
mod ledger;
mod lines;
mod masked;
mod once;
mod queue;
mod rate;
mod way;
mod worker;
mod writer;

pub use ledger::Ledger;
pub use once::send_once;

use super::journal::Journal;
use super::metrics::{ChannelLabels, Metrics};
use super::served::{Channel, Served};
use crate::channel::Verdict;
use crate::reload::Version;
use backoff::Backoff;
use breaker::{Pauses, State};
use clock::{Clock, milliseconds};
use rate::Rates;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::runtime::Handle as Runtime;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use way::Ground;
use worker::{Common, Message, Showing, Worker};

/// How deliveries are made.
#[derive(Debug, Clone, Default)]
pub struct Options {
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

impl Options {
    /// Whether they can be used.
    ///
    /// # Errors
    /// What is wrong, in words: the proxy's address or the certificates.
    pub fn check(&self) -> Result<(), String> {
        Ground::new(self.clone()).fault().map_or(Ok(()), |fault| Err(fault.to_owned()))
    }

    /// Whether what was written by hand, `allow` and `proxy`, can be meant.
    ///
    /// # Errors
    /// The first that cannot, in words; the proxy's address, which may hold a password, is not repeated.
    pub fn check_spelling(&self) -> Result<(), String> {
        if let Some(wrong) = self.allow.iter().find(|entry| !addresses::is_entry(entry)) {
            return Err(format!(
                "`{wrong}` is no network and no host: expected something like 10.0.0.0/8, 10.1.2.3 or hooks.internal"
            ));
        }
        self.proxy.as_deref().map_or(Ok(()), |proxy| client::read_proxy(proxy).map(drop))
    }
}

/// The times that delivery keeps; the defaults are what is documented, and tests are in more of a hurry.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    backoff: Backoff,
    pauses: Pauses,
    /// How often the journal is asked which channels have something pending.
    survey: Duration,
    /// How long a channel must be gone before its deliveries are given up: a push may have been decided by rules that are
    /// in force, but not taken over here yet.
    grace: Duration,
    /// How often the journal is read from the beginning, for what an operator revived.
    sweep: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            backoff: Backoff::default(),
            pauses: Pauses::default(),
            survey: Duration::from_secs(15),
            grace: Duration::from_secs(5),
            sweep: Duration::from_mins(2),
        }
    }
}

impl Pace {
    /// All pauses a thousandth of what they are.
    #[must_use]
    pub fn hurried() -> Self {
        let Self { backoff, pauses, survey, grace, sweep } = Self::default();
        Self {
            backoff: Backoff { base: backoff.base / 1_000, cap: backoff.cap / 1_000 },
            pauses: Pauses { first: pauses.first / 1_000, longest: pauses.longest / 1_000 },
            survey: survey / 1_000,
            grace: grace / 1_000,
            sweep: sweep / 1_000,
        }
    }
}

/// A handle on the deliveries; clones share it.
#[derive(Clone)]
pub struct Deliveries {
    office: Arc<Office>,
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
    pub verdict: Verdict,
}

/// A worker from outside.
struct Post {
    mailbox: UnboundedSender<Message>,
    /// Whether a waking lies in the mailbox already.
    woken: Arc<AtomicBool>,
    showing: Arc<Mutex<Showing>>,
    /// Nothing where the channel is gone.
    kind: Option<&'static str>,
    task: JoinHandle<()>,
}

type Hire = dyn Fn(&str, Option<Channel>) -> Post + Send + Sync;

/// All workers.
struct Office {
    posts: Mutex<BTreeMap<String, Post>>,
    hire: Box<Hire>,
    clock: Clock,
    stopping: AtomicBool,
}

impl Deliveries {
    /// Starts delivering; to be called within a tokio runtime.
    #[must_use]
    pub fn start(
        journal: Journal,
        served: &Arc<Version<Served>>,
        options: Options,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self::start_on(journal, &served.value.channels, options, metrics, Pace::default())
    }

    /// As [`Deliveries::start`], on any ledger, for these channels, at that pace.
    #[must_use]
    pub fn start_on<L: Ledger>(
        ledger: L,
        channels: &[Channel],
        options: Options,
        metrics: Arc<Metrics>,
        pace: Pace,
    ) -> Self {
        let clock = Clock::new();
        let ground = Ground::new(options);
        if let Some(fault) = ground.fault() {
            tracing::error!(fault, "nothing can be delivered over HTTP");
        }
        let common = Common { ledger, ground, rates: Rates::default(), metrics, pace, clock: clock.clone() };
        let (common, runtime) = (Arc::new(common), Runtime::current());
        let office = Arc::new(Office {
            posts: Mutex::default(),
            hire: Box::new(hire(Arc::clone(&common), runtime.clone())),
            clock,
            stopping: AtomicBool::new(false),
        });
        let deliveries = Self { office };
        deliveries.take_over(channels);
        runtime.spawn(survey(Arc::downgrade(&deliveries.office), common));
        deliveries
    }

    /// Tells a channel that there is something for it. Cheap, and may be called from any thread.
    pub fn wake(&self, channel: &str) {
        // What is for a channel that nobody knows yet is found by the next survey.
        if let Some(post) = self.office.posts().get(channel)
            && !post.woken.swap(true, Ordering::AcqRel)
        {
            post.tell(Message::Wake);
        }
    }

    /// Takes over a new version: changed settings hold for the next attempt, the deliveries of a removed channel become
    /// dead letters, unchanged channels notice nothing.
    pub fn reconfigure(&self, served: &Arc<Version<Served>>) {
        self.take_over(&served.value.channels);
    }

    /// As [`Deliveries::reconfigure`], for these channels.
    pub fn take_over(&self, channels: &[Channel]) {
        let mut posts = self.office.posts();
        if self.office.stopping.load(Ordering::Acquire) {
            return;
        }
        for (name, post) in posts.iter_mut() {
            if !channels.iter().any(|channel| channel.name == *name) {
                post.kind = None;
                post.tell(Message::Configure(None));
            }
        }
        for channel in channels {
            if let Some(post) = posts.get_mut(&channel.name) {
                post.kind = Some(channel.kind.name);
                post.tell(Message::Configure(Some(Box::new(channel.clone()))));
            } else {
                posts.insert(channel.name.clone(), (self.office.hire)(&channel.name, Some(channel.clone())));
            }
        }
    }

    /// How the channels fare, by name.
    #[must_use]
    pub fn status(&self) -> Vec<ChannelStatus> {
        let (clock, now) = (clock::wall(), self.office.clock.now());
        let posts = self.office.posts();
        let status = |(name, post): (&String, &Post)| {
            let showing = *post.showing.lock().unwrap_or_else(PoisonError::into_inner);
            let breaker = match showing.breaker {
                State::Closed => "closed".to_owned(),
                State::Probing => "half-open".to_owned(),
                State::Open(until) => {
                    let until = clock.saturating_add_unsigned(until.saturating_sub(now));
                    format!(
                        "open until {}",
                        clock::time(until).map(|time| time.to_string()).unwrap_or_default()
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
            let mut posts = self.office.posts();
            self.office.stopping.store(true, Ordering::Release);
            std::mem::take(&mut *posts)
        };
        for post in posts.values() {
            post.tell(Message::Stop);
        }
        let until = self.office.clock.moment(self.office.clock.now().saturating_add(milliseconds(patience)));
        for (_, mut post) in posts {
            if tokio::time::timeout_at(until, &mut post.task).await.is_err() {
                post.task.abort();
            }
        }
    }
}

impl Post {
    fn tell(&self, message: Message) {
        // A worker that has ended hears nothing, and has nothing left to do.
        let _ = self.mailbox.send(message);
    }
}

impl Office {
    fn posts(&self) -> MutexGuard<'_, BTreeMap<String, Post>> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.posts().values().for_each(|post| post.task.abort());
    }
}

/// What starts a worker.
fn hire<L: Ledger>(
    common: Arc<Common<L>>,
    runtime: Runtime,
) -> impl Fn(&str, Option<Channel>) -> Post + Send + Sync {
    move |name, channel| {
        let (mailbox, inbox) = unbounded_channel();
        let woken = Arc::new(AtomicBool::new(false));
        let showing = Showing { under_way: 0, retrying: 0, breaker: State::Closed };
        let showing = Arc::new(Mutex::new(showing));
        let kind = channel.as_ref().map(|channel| channel.kind.name);
        let shared = (mailbox.clone(), Arc::clone(&showing));
        let worker = Worker::new(Arc::clone(&common), name.to_owned(), channel, shared.0, shared.1);
        let task = runtime.spawn(worker.run(inbox, Arc::clone(&woken)));
        Post { mailbox, woken, showing, kind, task }
    }
}

/// Counts what is pending from time to time, and finds what is pending for channels that nobody knows.
async fn survey<L: Ledger>(office: Weak<Office>, common: Arc<Common<L>>) {
    let _vital = ledger::Vital(common.ledger.clone());
    let mut counted: Vec<String> = Vec::new();
    loop {
        let ledger = common.ledger.clone();
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
            let mut posts = office.posts();
            if office.stopping.load(Ordering::Acquire) {
                return;
            }
            for channel in &counted {
                posts.entry(channel.clone()).or_insert_with(|| (office.hire)(channel, None));
            }
        }
        drop(office);
        tokio::time::sleep(common.pace.survey).await;
    }
}
