//! A gateway's life: everything is opened, serves, and is closed in order.
//!
//! At the start whatever cannot work ends the process before anything listens. At the end no new push is accepted, those
//! under way are answered, deliveries under way are waited for, and the journal is closed; a kill at any moment of this
//! loses nothing.

use super::admin::{self, token};
use super::config::Config;
use super::delivery::Deliveries;
use super::journal::{Fault, Journal};
use super::metrics::{Metrics, StageLabels};
use super::served::Served;
use super::tls::Certificate;
use super::{Gateway, intake, logs, rounds};
use crate::reload::{Attempt, Rejection, Reloader, Version};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long requests under way may take once no new one is accepted, a little longer than the listener itself gives them.
const LAST_REQUESTS: Duration = Duration::from_secs(6);
/// How long deliveries under way are waited for.
const LAST_DELIVERIES: Duration = Duration::from_secs(20);

/// Why a gateway did not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The rules cannot be served.
    #[error("the rules cannot be served: {}", .0.message)]
    Rules(Box<Rejection>),
    /// The state directory cannot be used.
    #[error("the state directory cannot be used: {0}")]
    State(String),
    /// An address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The certificate cannot be served.
    #[error("TLS cannot be spoken: {0}")]
    Tls(String),
    /// A secret of the gateway's own cannot be read or made, or the admin listener cannot be announced.
    #[error("{0}")]
    Admin(String),
    /// The system denies what every program may have.
    #[error("the system denies what a gateway needs: {0}")]
    System(std::io::Error),
    /// The journal's disk failed again and again, or what nothing goes on without panicked.
    #[error(
        "the gateway cannot go on without a part that failed; what was acknowledged is safe, and a new start tries again"
    )]
    Doomed,
    /// A listener ended although nobody asked it to.
    #[error("the push listener ended by itself")]
    Lost,
}

/// Runs a gateway until a signal ends it. Logs go to the standard error from here on.
///
/// # Errors
/// Where it cannot start, or cannot go on.
pub fn run(config: Config) -> Result<(), Failure> {
    let _logs = logs::start(config.logs);
    // Another part of the program may have chosen the provider, which is the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::System)?;
    let ended = runtime.block_on(live(config));
    // What still waits for a disk or a name server keeps nobody.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

/// The rules as they would be served; nothing is opened and nobody is told.
///
/// # Errors
/// Where they cannot be served.
pub fn check(config: &Config) -> Result<Arc<Version<Served>>, Box<Rejection>> {
    let mut options = config.reload.clone();
    options.last_good = None;
    options.start_with_last_good = false;
    options.poll_only = true;
    options.fingerprints =
        token::known_fingerprint_key(&config.journal.directory).unwrap_or(options.fingerprints);
    let run_tests = config.run_tests;
    let build = Box::new(move |snapshot: &_| Served::build(snapshot, run_tests));
    Reloader::start(options, build, Box::new(|_| {})).map(|rules| rules.current()).map_err(Box::new)
}

async fn live(config: Config) -> Result<(), Failure> {
    // Signals are heard from the first moment, so that one during the start is not lost.
    let mut signals = Signals::new().map_err(Failure::System)?;
    let running = Running::start(config).await?;
    let mut pushes = running.pushes;
    let outcome = tokio::select! {
        biased;
        () = pushes.end() => Err(Failure::Lost),
        name = signals.end(&running.gateway) => {
            tracing::info!(signal = name, "shutting down");
            Ok(())
        }
        () = running.gateway.journal.doomed() => Err(Failure::Doomed),
    };
    if let Err(failure) = &outcome {
        tracing::error!("{failure}");
    }
    tokio::select! {
        biased;
        () = close(&running.gateway, &mut pushes, running.admin) => {}
        name = signals.end(&running.gateway) => tracing::warn!(
            signal = name,
            "ending at once; what is not delivered yet is delivered after the next start"
        ),
    }
    let journal = running.gateway.journal.clone();
    // The journal waits for its disk.
    drop(tokio::task::spawn_blocking(move || journal.close()).await);
    token::withdraw(&running.gateway.config.journal.directory);
    tracing::info!("ended");
    outcome
}

/// No new push, then no new delivery, then nobody to ask.
async fn close(gateway: &Gateway, pushes: &mut Listening, mut admin: Listening) {
    gateway.stopping.store(true, Ordering::SeqCst);
    pushes.stop(LAST_REQUESTS).await;
    gateway.deliveries.shut_down(LAST_DELIVERIES).await;
    admin.stop(LAST_REQUESTS).await;
}

/// A listener's task.
struct Listening {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Listening {
    fn spawn<F: Future<Output = ()> + Send + 'static>(
        serve: impl FnOnce(watch::Receiver<bool>) -> F,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self { stop, task: tokio::spawn(serve(stopped)) }
    }

    /// Waits until it ends by itself, as by a panic.
    async fn end(&mut self) {
        drop((&mut self.task).await);
    }

    async fn stop(&mut self, patience: Duration) {
        self.stop.send_replace(true);
        if !self.task.is_finished() {
            drop(tokio::time::timeout(patience, &mut self.task).await);
        }
    }
}

/// What has to be told apart until the end.
struct Running {
    gateway: Arc<Gateway>,
    pushes: Listening,
    admin: Listening,
}

impl Running {
    async fn start(mut config: Config) -> Result<Self, Failure> {
        let certificate = certificate(&config)?;
        let tls = certificate.as_ref().map(Certificate::server).transpose().map_err(Failure::Tls)?;
        let (gateway, listeners) = open(&mut config).await?;
        say(&gateway);
        tokio::spawn(rounds::go(Arc::downgrade(&gateway), certificate));
        let (pushes, admin) = listeners;
        let (of_pushes, of_admin) = (Arc::clone(&gateway), Arc::clone(&gateway));
        Ok(Self {
            gateway,
            pushes: Listening::spawn(|stop| intake::serve(of_pushes, pushes, tls, stop)),
            admin: Listening::spawn(|stop| admin::serve(of_admin, admin, stop)),
        })
    }
}

fn certificate(config: &Config) -> Result<Option<Arc<Certificate>>, Failure> {
    let Some((chain, key)) = &config.tls else { return Ok(None) };
    Certificate::load(chain, key).map(Some).map_err(Failure::Tls)
}

/// The journal, which holds the lock of the state directory, then the rules, then the addresses: what fails leaves
/// nothing behind that anybody could push to.
async fn open(config: &mut Config) -> Result<(Arc<Gateway>, (TcpListener, TcpListener)), Failure> {
    let metrics = Arc::new(Metrics::default());
    let deliveries: Arc<OnceLock<Deliveries>> = Arc::default();
    let woken = Arc::clone(&deliveries);
    let wake = move |channel: &str| {
        if let Some(deliveries) = woken.get() {
            deliveries.wake(channel);
        }
    };
    let state = config.journal.directory.clone();
    let journal = Journal::open(config.journal.clone(), Arc::clone(&metrics), Arc::new(wake))
        .map_err(|fault| Failure::State(unusable(&state, fault)))?;
    let gateway = open_rest(config, journal.clone(), metrics, deliveries).await;
    if gateway.is_err() {
        journal.close();
        token::withdraw(&state);
    }
    gateway
}

/// Why a state directory cannot be used. Most reasons name it already.
fn unusable(state: &Path, fault: Fault) -> String {
    let reason = match fault {
        Fault::Failed(reason) => reason,
        Fault::Full | Fault::NoSpace | Fault::Closed => fault.to_string(),
    };
    let state = format!("`{}`", state.display());
    if reason.contains(&state) { reason } else { format!("{state}: {reason}") }
}

async fn open_rest(
    config: &mut Config,
    journal: Journal,
    metrics: Arc<Metrics>,
    deliveries: Arc<OnceLock<Deliveries>>,
) -> Result<(Arc<Gateway>, (TcpListener, TcpListener)), Failure> {
    let state = config.journal.directory.clone();
    config.reload.fingerprints = token::fingerprint_key(&state).map_err(Failure::Admin)?;
    let hearer = Hearer {
        journal: journal.clone(),
        metrics: Arc::clone(&metrics),
        deliveries: Arc::clone(&deliveries),
        runtime: tokio::runtime::Handle::current(),
        may_stand_in: config.reload.start_with_last_good,
    };
    let rules =
        start_rules(config, &metrics, hearer).map_err(|rejection| Failure::Rules(Box::new(rejection)))?;
    let listeners = (listen(config.listen).await?, listen(config.admin).await?);
    // Port 0 is whatever the system gave.
    config.listen = listeners.0.local_addr().map_err(Failure::System)?;
    config.admin = listeners.1.local_addr().map_err(Failure::System)?;
    if config.admin_token.is_none() {
        config.admin_token = Some(token::token(&state).map_err(Failure::Admin)?);
    }
    token::announce(&state, config.admin).map_err(Failure::Admin)?;
    let current = rules.current();
    let started = Deliveries::start(journal.clone(), &current, config.delivery.clone(), Arc::clone(&metrics));
    // Nobody else sets it.
    let _ = deliveries.set(started.clone());
    // A version that was published meanwhile found nobody to tell.
    started.reconfigure(&rules.current());
    let config = config.clone();
    let stopping = AtomicBool::new(false);
    let gateway = Gateway {
        rules,
        journal,
        intake: super::intake::Intake::default(),
        deliveries: started,
        metrics,
        config,
        stopping,
    };
    Ok((Arc::new(gateway), listeners))
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| Failure::Listen(address, error))
}

fn start_rules(
    config: &Config,
    metrics: &Arc<Metrics>,
    hearer: Hearer,
) -> Result<Reloader<Served>, Rejection> {
    let run_tests = config.run_tests;
    let clock = Arc::clone(metrics);
    let build = move |snapshot: &_| {
        let begun = tokio::time::Instant::now();
        let built = Served::build(snapshot, run_tests);
        clock.reload_seconds.observe(begun.elapsed().as_secs_f64());
        built
    };
    Reloader::start(config.reload.clone(), Box::new(build), Box::new(move |attempt| hearer.hear(attempt)))
}

/// Who is told of loads. It lives in the reloader's thread.
struct Hearer {
    journal: Journal,
    metrics: Arc<Metrics>,
    deliveries: Arc<OnceLock<Deliveries>>,
    runtime: tokio::runtime::Handle,
    may_stand_in: bool,
}

impl Hearer {
    fn hear(&self, attempt: &Attempt<'_, Served>) {
        match attempt {
            Attempt::Published(version) => {
                keep(&self.journal, version);
                let (generation, sha256) = (version.generation, version.hash);
                tracing::info!(generation, %sha256, "the rules are in force");
                for warning in &version.value.warnings {
                    tracing::warn!("{warning}");
                }
                let _entered = self.runtime.enter();
                if let Some(deliveries) = self.deliveries.get() {
                    deliveries.reconfigure(version);
                }
            }
            Attempt::Unchanged => tracing::debug!("the rules did not change"),
            Attempt::Rejected(rejection) => {
                self.metrics.reload_failures.get_or_create(&StageLabels::of(rejection.stage)).inc();
                // At the start whoever started the gateway is told, unless it starts all the same.
                if self.may_stand_in || self.deliveries.get().is_some() {
                    logs::rejection(rejection);
                }
            }
        }
    }
}

/// Keeps the files of a version with what they will decide, the first one's too. The listener does so again before the first
/// push that they decide, for a push may be faster; where that fails, pushes fail as well, and say so.
fn keep(journal: &Journal, version: &Version<Served>) {
    if let Err(fault) = journal.keep_rules(version.hash, &version.value.archive) {
        tracing::error!(
            generation = version.generation,
            "the rules could not be kept for later questions: {fault}"
        );
    }
}

/// Says what is served and where.
fn say(gateway: &Gateway) {
    let (config, served) = (&gateway.config, gateway.rules.current());
    for integration in &served.value.integrations {
        let url = config.push_url(config.listen, &integration.name);
        let (name, to) = (&integration.name, &integration.destination);
        tracing::info!(integration = name, to, "pushes come in at {url}");
    }
    if !config.listen.ip().is_loopback() && config.tls.is_none() {
        tracing::warn!(
            "pushes come in without TLS: put a proxy that speaks it in front, or give --tls-cert and --tls-key"
        );
    }
    if !config.admin.ip().is_loopback() {
        tracing::warn!(
            "the admin listener is reachable from elsewhere, without TLS: its token can be read on the way"
        );
    }
    let (listen, admin) = (config.listen, config.admin);
    let state = config.journal.directory.display();
    tracing::info!(%listen, %admin, %state, generation = served.generation, "the gateway is ready");
}

/// The signals that a gateway heeds.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one that ends the gateway; one that asks for a load is heeded meanwhile.
    async fn end(&mut self, gateway: &Gateway) -> &'static str {
        loop {
            tokio::select! {
                biased;
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.hangup.recv() => gateway.rules.trigger(),
            }
        }
    }
}
