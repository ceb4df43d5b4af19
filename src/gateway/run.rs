//! The life of a gateway: its parts are opened, serve, and are closed in order.
//!
//! Whatever cannot work ends the start before anything listens. At the end, no new push is accepted, open requests are
//! answered, running deliveries are waited for, and the journal is closed. A kill at any moment of this loses nothing.

use super::admin::{self, state_files};
use super::config::GatewayConfig;
use super::delivery::{self, BlockedChannel, DeliveryService, DeliveryTimings};
use super::intake::{self, IntakeState};
use super::journal::{DeliveryStore as _, Journal, JournalError, PushStore as _, RecordReader};
use super::metrics::{Metrics, StageLabels};
use super::notifier::{Notifier, NotifierHandle};
use super::own_events::OwnEvents;
use super::own_events_handle::OwnEventsHandle;
use super::served_rules::ServedRules;
use super::tls::ReloadableCertificate;
use super::{Gateway, core_dumps, logs, maintenance, pauses};
use crate::reload::{LoadRejection, PastGeneration, ReloadOutcome, Reloader, RuleSetVersion};
use crate::ruleset::SystemClock;
use crate::time::Clock;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long open requests may take once no new one is accepted: a little longer than the listener itself waits.
const REQUEST_GRACE: Duration = Duration::from_secs(6);
/// How long running deliveries are waited for.
const DELIVERY_GRACE: Duration = Duration::from_secs(20);

/// How long open requests of the admin listener may take at the end, so that the end takes less than 30 seconds.
const ADMIN_GRACE: Duration = Duration::from_secs(2);

/// Why a gateway did not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The rules cannot be served.
    #[error("the rules cannot be served: {}", .0.message)]
    Rules(Box<LoadRejection>),
    /// The state directory cannot be used.
    #[error("the state directory cannot be used: {0}")]
    State(String),
    /// An address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The certificate cannot be served.
    #[error("TLS cannot be served: {0}")]
    Tls(String),
    /// A secret of the gateway cannot be read or made, or the address of the admin listener cannot be written.
    #[error("{0}")]
    Admin(String),
    /// The system has no resources for a gateway.
    #[error("the system lacks resources for a gateway: {0}")]
    System(std::io::Error),
    /// The journal's disk failed repeatedly, or a part that the gateway needs panicked.
    #[error("a part that the gateway needs has failed; accepted pushes are safe, restart the gateway")]
    Unrecoverable,
    /// The push listener ended without being asked.
    #[error("the push listener ended unexpectedly")]
    ListenerEnded,
}

/// Runs a gateway until a signal ends it. Logs go to the standard error from here on.
///
/// # Errors
/// Where it cannot start or continue.
pub fn run(config: GatewayConfig) -> Result<(), GatewayError> {
    let _logs = logs::start(config.logs);
    core_dumps::forbid();
    // Another part of the program may have chosen the provider, which is the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(GatewayError::System)?;
    let outcome = runtime.block_on(run_until_stopped(config));
    // Threads that still wait for a disk or a name server do not delay the end.
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

/// The rules as they would be served. Nothing is opened.
///
/// # Errors
/// Where they cannot be served.
pub fn check(config: &GatewayConfig) -> Result<Arc<RuleSetVersion<ServedRules>>, Box<LoadRejection>> {
    let mut options = config.reload.clone();
    options.last_good = None;
    options.start_with_last_good = false;
    options.watch_method = crate::reload::WatchMethod::Poll;
    options.fingerprint_key =
        state_files::known_fingerprint_key(&config.journal.directory).unwrap_or(options.fingerprint_key);
    let rule_tests = config.rule_tests;
    let build = Box::new(move |snapshot: &_| ServedRules::build(snapshot, rule_tests, SystemClock.now()));
    let rules = Reloader::start(options, Arc::new(SystemClock), build, Box::new(|_| {}));
    rules.map(|rules| rules.current()).map_err(Box::new)
}

/// The channels of these rules that the options do not allow to be reached, as far as that is known now.
///
/// # Errors
/// The system has no resources to ask.
pub fn blocked_channels(config: &GatewayConfig, rules: &ServedRules) -> Result<Vec<BlockedChannel>, GatewayError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(GatewayError::System)?;
    let blocked = delivery::blocked_channels(&rules.channels, &config.delivery, Arc::new(SystemClock));
    let blocked = runtime.block_on(blocked);
    // A name server that does not answer delays nothing.
    runtime.shutdown_background();
    Ok(blocked)
}

async fn run_until_stopped(config: GatewayConfig) -> Result<(), GatewayError> {
    // Signals are handled from the beginning, so that one during the start is not lost.
    let mut signals = ProcessSignals::new().map_err(GatewayError::System)?;
    let running = RunningGateway::start(config).await?;
    let mut pushes = running.pushes;
    let outcome = tokio::select! {
        biased;
        () = pushes.wait() => Err(GatewayError::ListenerEnded),
        name = signals.wait_for_shutdown(&running.gateway) => {
            tracing::info!(signal = name, "shutting down");
            Ok(())
        }
        () = running.gateway.journal.shutdown_requested() => Err(GatewayError::Unrecoverable),
    };
    if let Err(failure) = &outcome {
        tracing::error!("{failure}");
    }
    tokio::select! {
        biased;
        () = close(&running.gateway, &mut pushes, running.admin) => {}
        name = signals.wait_for_shutdown(&running.gateway) => tracing::warn!(
            signal = name,
            "stopping at once; pending deliveries continue after the next start"
        ),
    }
    let journal = running.gateway.journal.clone();
    // Closing waits for the disk.
    drop(tokio::task::spawn_blocking(move || journal.close()).await);
    state_files::remove_address(&running.gateway.config.journal.directory);
    tracing::info!("stopped");
    outcome
}

/// Stops pushes first, then deliveries, then the admin listener.
async fn close(gateway: &Gateway, pushes: &mut ListenerTask, mut admin: ListenerTask) {
    gateway.stopping.store(true, Ordering::SeqCst);
    pushes.stop(REQUEST_GRACE).await;
    gateway.deliveries.shut_down(DELIVERY_GRACE).await;
    admin.stop(ADMIN_GRACE).await;
}

/// A listener's task.
struct ListenerTask {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl ListenerTask {
    fn spawn<F: Future<Output = ()> + Send + 'static>(serve: impl FnOnce(watch::Receiver<bool>) -> F) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self { stop, task: tokio::spawn(serve(stopped)) }
    }

    /// Waits until it ends without being asked, as by a panic.
    async fn wait(&mut self) {
        drop((&mut self.task).await);
    }

    async fn stop(&mut self, patience: Duration) {
        self.stop.send_replace(true);
        if !self.task.is_finished() {
            drop(tokio::time::timeout(patience, &mut self.task).await);
        }
    }
}

/// A gateway and its listeners.
struct RunningGateway {
    gateway: Arc<Gateway>,
    pushes: ListenerTask,
    admin: ListenerTask,
}

impl RunningGateway {
    async fn start(mut config: GatewayConfig) -> Result<Self, GatewayError> {
        let certificate = certificate(&config)?;
        let tls =
            certificate.as_ref().map(ReloadableCertificate::server_config).transpose().map_err(GatewayError::Tls)?;
        let (gateway, listeners) = open(&mut config, certificate).await?;
        log_ready(&gateway);
        tokio::spawn(maintenance::run(Arc::downgrade(&gateway)));
        tokio::spawn(pauses::run(Arc::downgrade(&gateway)));
        let (pushes, admin) = listeners;
        let (for_pushes, for_admin) = (Arc::clone(&gateway), Arc::clone(&gateway));
        Ok(Self {
            gateway,
            pushes: ListenerTask::spawn(|stop| intake::serve(for_pushes, pushes, tls, stop)),
            admin: ListenerTask::spawn(|stop| admin::serve(for_admin, admin, stop)),
        })
    }
}

fn certificate(config: &GatewayConfig) -> Result<Option<Arc<ReloadableCertificate>>, GatewayError> {
    config.tls.clone().map(ReloadableCertificate::load).transpose().map_err(GatewayError::Tls)
}

/// Opens the journal, which locks the state directory, then the rules, then the listeners. After a failure, nothing is left
/// that a sender could push to.
async fn open(
    config: &mut GatewayConfig,
    certificate: Option<Arc<ReloadableCertificate>>,
) -> Result<(Arc<Gateway>, (TcpListener, TcpListener)), GatewayError> {
    let metrics = Arc::new(Metrics::default());
    let deliveries: Arc<OnceLock<DeliveryService>> = Arc::default();
    let (for_wake, notifier) = (Arc::clone(&deliveries), NotifierHandle::default());
    let notifier_for_wake = notifier.clone();
    let wake = move |channel: &str| {
        if let Some(deliveries) = for_wake.get() {
            deliveries.wake(channel);
        }
        notifier_for_wake.wake(channel);
    };
    let state = config.journal.directory.clone();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let journal = Journal::open(&config.journal, Arc::clone(&clock), Arc::clone(&metrics), Arc::new(wake))
        .map_err(|error| GatewayError::State(unusable_reason(&state, error)))?;
    let tasks = TaskHandles { notifier, own_events: OwnEventsHandle::default() };
    let gateway = open_with_journal(config, clock, journal.clone(), metrics, deliveries, tasks, certificate).await;
    if gateway.is_err() {
        journal.close();
        state_files::remove_address(&state);
    }
    gateway
}

/// The tasks that are woken by others.
struct TaskHandles {
    notifier: NotifierHandle,
    own_events: OwnEventsHandle,
}

/// Why a state directory cannot be used. Most reasons name it themselves.
fn unusable_reason(state: &Path, error: JournalError) -> String {
    let reason = match error {
        JournalError::Failed(reason) => reason,
        JournalError::Full | JournalError::NoSpace | JournalError::LowSpace(_) | JournalError::Closed => {
            error.to_string()
        }
    };
    let state = format!("`{}`", state.display());
    if reason.contains(&state) { reason } else { format!("{state}: {reason}") }
}

async fn open_with_journal(
    config: &mut GatewayConfig,
    clock: Arc<dyn Clock>,
    journal: Journal,
    metrics: Arc<Metrics>,
    deliveries: Arc<OnceLock<DeliveryService>>,
    TaskHandles { notifier, own_events }: TaskHandles,
    certificate: Option<Arc<ReloadableCertificate>>,
) -> Result<(Arc<Gateway>, (TcpListener, TcpListener)), GatewayError> {
    let state = config.journal.directory.clone();
    let key = state_files::fingerprint_key(&state).map_err(GatewayError::Admin)?;
    (config.reload.fingerprint_key, config.delivery.receiver_key) = (key, key);
    let unusable = |error| GatewayError::State(unusable_reason(&state, error));
    config.reload.past = journal.read().and_then(RecordReader::last_generation).map_err(unusable)?;
    let past_integrations = journal.read().and_then(RecordReader::integrations).map_err(unusable)?;
    let handler = ReloadHandler {
        journal: journal.clone(),
        metrics: Arc::clone(&metrics),
        deliveries: Arc::clone(&deliveries),
        notifier: notifier.clone(),
        own_events: own_events.clone(),
        runtime: tokio::runtime::Handle::current(),
        starts_with_last_good: config.reload.start_with_last_good,
        generation: AtomicU64::new(0),
    };
    let rules =
        start_rules(config, &clock, &metrics, handler).map_err(|rejection| GatewayError::Rules(Box::new(rejection)))?;
    let listeners = (listen(config.listen).await?, listen(config.admin).await?);
    // The system replaces port 0.
    config.listen = listeners.0.local_addr().map_err(GatewayError::System)?;
    config.admin = listeners.1.local_addr().map_err(GatewayError::System)?;
    if config.admin_token.is_none() {
        config.admin_token = Some(state_files::admin_token(&state).map_err(GatewayError::Admin)?);
    }
    state_files::write_address(&state, config.admin).map_err(GatewayError::Admin)?;
    let started = DeliveryService::start(
        journal.clone(),
        &rules.current().value.channels,
        config.delivery.clone(),
        Arc::clone(&clock),
        Arc::clone(&metrics),
        DeliveryTimings::default(),
    );
    // It is set here only.
    let _ = deliveries.set(started.clone());
    // A version that was published meanwhile found no deliveries to configure.
    started.set_channels(&rules.current().value.channels);
    let intake = IntakeState::new(Arc::clone(&clock), Arc::clone(&metrics), config.limits.clone())
        .with_own_events(own_events.clone())
        .with_past_integrations(past_integrations.into_iter().map(|counts| counts.name));
    // What fell due while no gateway ran is told before anything arrives.
    let mut notifier = Notifier::new(notifier, journal.clone(), Arc::clone(&metrics), Arc::clone(&clock));
    notifier.begin(&rules.current()).await;
    let (config, stopping) = (config.clone(), AtomicBool::new(false));
    let gateway =
        Gateway { clock, rules, journal, intake, deliveries: started, metrics, config, certificate, stopping };
    let gateway = Arc::new(gateway);
    tokio::spawn(notifier.run(Arc::downgrade(&gateway)));
    let own_events = OwnEvents::new(own_events, gateway.journal.clone());
    tokio::spawn(own_events.run(Arc::downgrade(&gateway)));
    Ok((gateway, listeners))
}

async fn listen(address: SocketAddr) -> Result<TcpListener, GatewayError> {
    TcpListener::bind(address).await.map_err(|error| GatewayError::Listen(address, error))
}

fn start_rules(
    config: &GatewayConfig,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
    handler: ReloadHandler,
) -> Result<Reloader<ServedRules>, LoadRejection> {
    let rule_tests = config.rule_tests;
    let (metrics, build_clock) = (Arc::clone(metrics), Arc::clone(clock));
    let build = move |snapshot: &_| {
        let began = tokio::time::Instant::now();
        let built = ServedRules::build(snapshot, rule_tests, build_clock.now());
        metrics.reload_seconds.observe(began.elapsed().as_secs_f64());
        built
    };
    let (options, build) = (config.reload.clone(), Box::new(build));
    Reloader::start(options, Arc::clone(clock), build, Box::new(move |attempt| handler.handle(attempt)))
}

/// Handles the outcomes of loads, on the thread of the reloader.
struct ReloadHandler {
    journal: Journal,
    metrics: Arc<Metrics>,
    deliveries: Arc<OnceLock<DeliveryService>>,
    notifier: NotifierHandle,
    own_events: OwnEventsHandle,
    runtime: tokio::runtime::Handle,
    starts_with_last_good: bool,
    /// The generation in force; 0 before the first.
    generation: AtomicU64,
}

impl ReloadHandler {
    fn handle(&self, attempt: &ReloadOutcome<'_, ServedRules>) {
        match attempt {
            ReloadOutcome::Published(version) => {
                archive_rules(&self.journal, version);
                let (generation, sha256) = (version.generation, version.hash);
                self.generation.store(generation, Ordering::Relaxed);
                tracing::info!(generation, %sha256, "rules loaded");
                for warning in &version.value.warnings {
                    tracing::warn!("{warning}");
                }
                let _entered = self.runtime.enter();
                if let Some(deliveries) = self.deliveries.get() {
                    deliveries.set_channels(&version.value.channels);
                }
                self.notifier.reload();
                self.own_events.wake();
            }
            ReloadOutcome::Unchanged => {
                tracing::info!(generation = self.generation.load(Ordering::Relaxed), "rules unchanged");
            }
            ReloadOutcome::Restored => {
                let generation = self.generation.load(Ordering::Relaxed);
                tracing::info!(
                    generation,
                    "the files are those of generation {generation} again: the failed reload is over"
                );
            }
            ReloadOutcome::RejectedAgain(rejection) => {
                logs::log_rejection_again(rejection, self.generation.load(Ordering::Relaxed));
            }
            ReloadOutcome::Rejected(rejection) => {
                self.metrics.reload_failures.get_or_create(&StageLabels::of(rejection.stage)).inc();
                // A failed start reports the rejection itself.
                if self.starts_with_last_good || self.deliveries.get().is_some() {
                    logs::log_rejection(rejection, self.generation.load(Ordering::Relaxed));
                }
            }
        }
    }
}

/// Archives the files of a version in the journal. The listener does so again before the first push that they decide, as a
/// push may be faster; where that fails, the push fails as well.
fn archive_rules(journal: &Journal, version: &RuleSetVersion<ServedRules>) {
    if let Err(error) = journal.keep_rules(version.hash, &version.value.archive) {
        tracing::error!(generation = version.generation, "cannot archive the rules in the journal: {error}");
    }
    let noted = PastGeneration { generation: version.generation, rules: version.hash };
    if let Err(error) = journal.note_generation(noted) {
        tracing::error!(generation = version.generation, "cannot note the generation in the journal: {error}");
    }
}

/// Logs what is served and where.
fn log_ready(gateway: &Gateway) {
    let (config, served) = (&gateway.config, gateway.rules.current());
    for integration in &served.value.integrations {
        let url = config.push_url(config.listen, &integration.name);
        let (name, to) = (&integration.name, &integration.destination);
        tracing::info!(integration = name, to, "accepting pushes at {url}");
    }
    if !config.listen.ip().is_loopback() && config.tls.is_none() {
        tracing::warn!("pushes are accepted without TLS: put a TLS proxy in front, or set --tls-cert and --tls-key");
    }
    if !config.admin.ip().is_loopback() {
        tracing::warn!("the admin listener is reachable from other machines without TLS: its token can be intercepted");
    }
    let (listen, admin) = (config.listen, config.admin);
    let state = config.journal.directory.display();
    tracing::info!(%listen, %admin, %state, generation = served.generation, "the gateway is ready");
}

/// The signals that a gateway handles.
struct ProcessSignals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl ProcessSignals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one that ends the gateway; SIGHUP triggers a load meanwhile.
    async fn wait_for_shutdown(&mut self, gateway: &Gateway) -> &'static str {
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
