//! The push listener: connections, limits, keys and signatures, and the doors by which pushes come.
//!
//! A push is answered when it is durable and not before. It takes the rules in force once. Whoever has no key learns
//! nothing: an unknown integration and a wrong key have the same answer.

#![expect(
    clippy::disallowed_methods,
    reason = "pushes are received at a time, and how long they take is measured"
)]

mod alertmanager;
mod backend;
mod body;
mod connection_limit;
mod connections;
mod decide;
mod flashduty;
mod form;
mod handlers;
mod integration_keys;
mod prepared_version;
mod problem;
mod router;
mod signature;
mod timeout_stream;
mod token_bucket;

pub use backend::{IntakeBackend, PushStore};

use super::Gateway;
use super::journal::{AcceptResult, JournalError, Push, PushOrigin, RefusedPayload};
use super::metrics::Metrics;
use super::served_rules::ServedRules;
use crate::mutant::Mutant;
use crate::reload::RuleSetVersion;
use crate::time::Timestamp;
use decide::{DecisionRules, IncomingPush, PushCounts, decide};
use integration_keys::KeyPepper;
use prepared_version::PreparedVersion;
use serde::Serialize;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Semaphore;
use ulid::{Generator, Ulid};

/// What a sender hears of an accepted push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The push's id.
    pub id: Ulid,
    /// Whether the same body was accepted before and nothing was done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
    /// The outcomes as one JSON array, each in the JSON of `event::Outcome`.
    #[serde(skip)]
    pub outcomes: Arc<str>,
}

/// Why a payload is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushRefusal {
    /// It is no JSON: line, column and reason. It is in the quarantine under that id.
    Invalid(Ulid, String),
    /// No mapping accepts it. It is in the quarantine under that id.
    Unaccepted(Ulid, String),
    /// What would be stored and sent of it is too much for one push. It is in the quarantine under that id.
    TooLarge(Ulid, String),
    /// The rules in force hold no such integration.
    UnknownIntegration,
    /// It cannot be made durable now.
    NotDurable(JournalError),
}

/// What the listener keeps while the gateway runs: what it made ready for the rules in force, the last id that it gave, and
/// what it told of alerts that come again and again.
pub struct IntakeState {
    pepper: Option<KeyPepper>,
    prepared: RwLock<Option<Arc<PreparedVersion>>>,
    ids: Mutex<Generator>,
    alert_cache: Mutex<alertmanager::AlertCache>,
    /// Places for the evaluation of large bodies.
    large_evaluations: Arc<Semaphore>,
}

impl Default for IntakeState {
    fn default() -> Self {
        Self {
            pepper: KeyPepper::random(),
            prepared: RwLock::default(),
            ids: Mutex::new(Generator::new()),
            alert_cache: Mutex::default(),
            large_evaluations: Arc::new(Semaphore::new(MOST_LARGE_EVALUATIONS)),
        }
    }
}

impl IntakeState {
    /// An id that is greater than all before it.
    fn next_id(&self) -> Ulid {
        let Ok(mut ids) = self.ids.lock() else { return Ulid::generate() };
        match ids.generate() {
            Ok(id) => id,
            Err(overflow) => overflow.commit_overflow_increment(),
        }
    }

    /// The rules in force, ready for pushes.
    fn prepared_version(&self, host: &impl IntakeBackend) -> Arc<PreparedVersion> {
        let version = host.current();
        let fits = |known: &Option<Arc<PreparedVersion>>| {
            known.as_ref().filter(|known| known.version.generation >= version.generation).cloned()
        };
        let known = self.prepared.read().ok().and_then(|known| fits(&known));
        if let Some(known) = known {
            return known;
        }
        let Ok(mut known) = self.prepared.write() else {
            return Arc::new(PreparedVersion::new(version, self.pepper.clone(), host.metrics(), None));
        };
        if let Some(newer) = fits(&known) {
            return newer;
        }
        let made =
            Arc::new(PreparedVersion::new(version, self.pepper.clone(), host.metrics(), known.as_deref()));
        *known = Some(Arc::clone(&made));
        made
    }
}

/// Evaluates a payload for an integration by the rules in force and makes it durable. Every door, and every replay, ends
/// here.
///
/// # Errors
/// Where the payload is not accepted.
pub async fn accept<H: IntakeBackend>(
    host: &H,
    integration: &str,
    door: PushOrigin,
    payload: Vec<u8>,
    replay_of: Option<Ulid>,
) -> Result<Receipt, PushRefusal> {
    let reception = host.intake().prepared_version(host);
    process_push(host, reception, integration, door, payload, replay_of).await
}

/// Bodies above this size are evaluated where they hold up no connection.
const LARGE_BODY: usize = 64 << 10;
/// How many of them at once: a large body takes many times its size while it is evaluated.
const MOST_LARGE_EVALUATIONS: usize = 4;

async fn process_push<H: IntakeBackend>(
    host: &H,
    reception: Arc<PreparedVersion>,
    integration: &str,
    door: PushOrigin,
    payload: Vec<u8>,
    replay_of: Option<Ulid>,
) -> Result<Receipt, PushRefusal> {
    keep_rules(host.store(), &reception).await?;
    let (id, now) = (host.intake().next_id(), now());
    let is_large = payload.len() > LARGE_BODY;
    let arrival =
        IncomingPush { id, integration: integration.to_owned(), origin: door, now, payload, replay_of };
    let routing = routing_version(host, &reception);
    let decided = if is_large {
        let (store, metrics) = (host.store().clone(), Arc::clone(host.metrics()));
        // The place goes with the evaluation, which goes on where its client leaves.
        let place = Arc::clone(&host.intake().large_evaluations).acquire_owned().await;
        let place = place.map_err(|_| PushRefusal::NotDurable(JournalError::Closed))?;
        let reception = Arc::clone(&reception);
        let evaluation = tokio::task::spawn_blocking(move || {
            let _place = place;
            evaluate(&store, &metrics, &reception, &routing, arrival)
        });
        evaluation.await.map_err(|_| {
            PushRefusal::NotDurable(JournalError::Failed("the evaluation was broken off".to_owned()))
        })?
    } else {
        evaluate(host.store(), host.metrics(), &reception, &routing, arrival)
    };
    let (payload, reason, status) = match decided {
        Ok((push, counted)) => {
            let receipt = make_durable(host.store(), push).await?;
            if !receipt.duplicate {
                counted.count(integration, &reception, host.metrics());
            }
            return Ok(receipt);
        }
        Err(decide::DecisionError::UnknownIntegration) => return Err(PushRefusal::UnknownIntegration),
        Err(decide::DecisionError::Invalid(payload, reason)) => (payload, reason, 400),
        Err(decide::DecisionError::Unaccepted(payload, reason)) => (payload, reason, 422),
        Err(decide::DecisionError::TooLarge(payload)) => (
            payload,
            format!("it becomes more than {} MiB of events and deliveries", decide::MOST_BYTES >> 20),
            413,
        ),
    };
    // What is replayed is kept where it came from.
    if replay_of.is_none() {
        let (integration, reason, received) =
            (integration.to_owned(), reason.clone(), now.epoch_milliseconds());
        quarantine(
            host,
            &reception,
            RefusedPayload { id, integration, origin: door, received, payload, status, reason },
        )
        .await?;
    }
    Err(match status {
        400 => PushRefusal::Invalid(id, reason),
        413 => PushRefusal::TooLarge(id, reason),
        _ => PushRefusal::Unaccepted(id, reason),
    })
}

/// Keeps a refused body; counted when it is durable.
async fn quarantine<H: IntakeBackend>(
    host: &H,
    reception: &PreparedVersion,
    refused: RefusedPayload,
) -> Result<(), PushRefusal> {
    let desk = reception.integration_by_name(&refused.integration);
    let status = refused.status;
    host.store().quarantine(refused).await.map_err(PushRefusal::NotDurable)?;
    if let Some(desk) = desk {
        if status == 400 { &desk.invalid } else { &desk.unaccepted }.inc();
    }
    Ok(())
}

fn evaluate<S: PushStore>(
    store: &S,
    metrics: &Metrics,
    reception: &PreparedVersion,
    routing: &Arc<RuleSetVersion<ServedRules>>,
    arrival: IncomingPush,
) -> Result<(Push, PushCounts), decide::DecisionError> {
    let began = std::time::Instant::now();
    let name = arrival.integration.clone();
    let decided = decide(&DecisionRules { prepared: reception, routing }, arrival, &|key| {
        store.open_channels(&name, key)
    });
    metrics.evaluate_seconds.observe(began.elapsed().as_secs_f64());
    decided
}

/// The rules that route: those that mapped, but for the mutant that takes the pointer twice.
fn routing_version(
    host: &impl IntakeBackend,
    reception: &PreparedVersion,
) -> Arc<RuleSetVersion<ServedRules>> {
    if Mutant::PointerTwice.is_on() {
        // Long enough for a reload in between to be likely in a campaign.
        std::thread::sleep(Duration::from_millis(5));
        return host.current();
    }
    Arc::clone(&reception.version)
}

/// Hands the files of a version to the journal before the first push that they decide.
async fn keep_rules<S: PushStore>(store: &S, reception: &Arc<PreparedVersion>) -> Result<(), PushRefusal> {
    if reception.is_archived.load(Ordering::Acquire) {
        return Ok(());
    }
    let (store, version) = (store.clone(), Arc::clone(&reception.version));
    let kept =
        tokio::task::spawn_blocking(move || store.keep_rules(version.hash, &version.value.archive)).await;
    kept.unwrap_or(Err(JournalError::Closed)).map_err(PushRefusal::NotDurable)?;
    reception.is_archived.store(true, Ordering::Release);
    Ok(())
}

async fn make_durable<S: PushStore>(store: &S, push: Push) -> Result<Receipt, PushRefusal> {
    let id = push.id;
    let outcomes = Arc::clone(&push.outcomes);
    if Mutant::AnswerEarly.is_on() {
        let store = store.clone();
        drop(tokio::spawn(async move { store.accept(push).await }));
        return Ok(Receipt { id, duplicate: false, outcomes });
    }
    match store.accept(push).await {
        Ok(AcceptResult::Stored) => Ok(Receipt { id, duplicate: false, outcomes }),
        Ok(AcceptResult::Duplicate(first)) => {
            Ok(Receipt { id: first, duplicate: true, outcomes: Arc::from("[]") })
        }
        Err(fault) => Err(PushRefusal::NotDurable(fault)),
    }
}

/// Serves pushes on a listener until `stop` is told, then finishes what is under way for at most five seconds.
pub async fn serve(
    gateway: Arc<Gateway>,
    listener: tokio::net::TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    stop: tokio::sync::watch::Receiver<bool>,
) {
    serve_backend(gateway, listener, tls, stop).await;
}

/// As [`serve`], for whatever a gateway's parts are.
pub async fn serve_backend<H: IntakeBackend>(
    host: Arc<H>,
    listener: tokio::net::TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    stop: tokio::sync::watch::Receiver<bool>,
) {
    let router = router::router(Arc::clone(&host));
    let (limits, metrics) = (host.limits().clone(), Arc::clone(host.metrics()));
    let mut over = stop.clone();
    let tidying = async move {
        loop {
            tokio::time::sleep(SWEEP_INTERVAL).await;
            // Where no push comes, the version before the one in force would otherwise be held for ever.
            drop(host.intake().prepared_version(&*host));
            handlers::resolve_expired(&*host).await;
        }
    };
    let serving = connections::serve(router, listener, tls, &limits, metrics, stop);
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => return,
        () = tidying => {}
        _ = over.wait_for(|stop| *stop) => {}
    }
    serving.await;
}

/// How often lapsed alerts and old versions are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The time, which for a clock before 1973 is that year.
fn now() -> Timestamp {
    const IN_1973: u64 = 100_000_000_000_000_000;
    let nanoseconds = u64::try_from(since_1970().as_nanos()).unwrap_or(IN_1973).max(IN_1973);
    Timestamp::from_whole_epoch(nanoseconds).unwrap_or_default()
}
