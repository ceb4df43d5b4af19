//! The push listener: connections, limits, keys and signatures, and the doors by which pushes come.
//!
//! A push is answered when it is durable and not before. It takes the rules in force once. Whoever has no key learns
//! nothing: an unknown integration and a wrong key have the same answer.

#![expect(
    clippy::disallowed_methods,
    reason = "pushes are received at a time, and how long they take is measured"
)]

mod alertmanager;
mod body;
mod connections;
mod decide;
mod doors;
mod flashduty;
mod form;
mod host;
mod keys;
mod patience;
mod problem;
mod rate;
mod reception;
mod router;
mod seats;
mod signature;

pub use host::{Host, Store};

use super::Gateway;
use super::journal::{Accepted, Door, Fault, Push, Refused};
use super::metrics::Metrics;
use super::served::Served;
use crate::mutant::Mutant;
use crate::reload::Version;
use crate::time::Instant;
use decide::{Arrival, Counted, Rules, decide};
use keys::Pepper;
use reception::Reception;
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
pub enum Refusal {
    /// It is no JSON: line, column and reason. It is in the quarantine under that id.
    Invalid(Ulid, String),
    /// No mapping accepts it. It is in the quarantine under that id.
    Unaccepted(Ulid, String),
    /// What would be stored and sent of it is too much for one push. It is in the quarantine under that id.
    TooMuch(Ulid, String),
    /// The rules in force hold no such integration.
    Unknown,
    /// It cannot be made durable now.
    Fault(Fault),
}

/// What the listener keeps while the gateway runs: what it made ready for the rules in force, the last id that it gave, and
/// what it told of alerts that come again and again.
pub struct Intake {
    pepper: Option<Pepper>,
    reception: RwLock<Option<Arc<Reception>>>,
    ids: Mutex<Generator>,
    memory: Mutex<alertmanager::Memory>,
    /// Places for the evaluation of large bodies.
    evaluations: Arc<Semaphore>,
}

impl Default for Intake {
    fn default() -> Self {
        Self {
            pepper: Pepper::random(),
            reception: RwLock::default(),
            ids: Mutex::new(Generator::new()),
            memory: Mutex::default(),
            evaluations: Arc::new(Semaphore::new(MOST_LARGE)),
        }
    }
}

impl Intake {
    /// An id that is greater than all before it.
    fn id(&self) -> Ulid {
        let Ok(mut ids) = self.ids.lock() else { return Ulid::generate() };
        match ids.generate() {
            Ok(id) => id,
            Err(overflow) => overflow.commit_overflow_increment(),
        }
    }

    /// The rules in force, ready for pushes.
    fn reception(&self, host: &impl Host) -> Arc<Reception> {
        let version = host.current();
        let fits = |known: &Option<Arc<Reception>>| {
            known.as_ref().filter(|known| known.version.generation >= version.generation).cloned()
        };
        let known = self.reception.read().ok().and_then(|known| fits(&known));
        if let Some(known) = known {
            return known;
        }
        let Ok(mut known) = self.reception.write() else {
            return Arc::new(Reception::new(version, self.pepper.clone(), host.metrics(), None));
        };
        if let Some(newer) = fits(&known) {
            return newer;
        }
        let made = Arc::new(Reception::new(version, self.pepper.clone(), host.metrics(), known.as_deref()));
        *known = Some(Arc::clone(&made));
        made
    }
}

/// Evaluates a payload for an integration by the rules in force and makes it durable. Every door, and every replay, ends
/// here.
///
/// # Errors
/// Where the payload is not accepted.
pub async fn accept<H: Host>(
    host: &H,
    integration: &str,
    door: Door,
    payload: Vec<u8>,
    replay_of: Option<Ulid>,
) -> Result<Receipt, Refusal> {
    let reception = host.intake().reception(host);
    take(host, reception, integration, door, payload, replay_of).await
}

/// Bodies above this size are evaluated where they hold up no connection.
const LARGE: usize = 64 << 10;
/// How many of them at once: a large body takes many times its size while it is evaluated.
const MOST_LARGE: usize = 4;

async fn take<H: Host>(
    host: &H,
    reception: Arc<Reception>,
    integration: &str,
    door: Door,
    payload: Vec<u8>,
    replay_of: Option<Ulid>,
) -> Result<Receipt, Refusal> {
    keep_rules(host.store(), &reception).await?;
    let (id, now) = (host.intake().id(), now());
    let is_large = payload.len() > LARGE;
    let arrival = Arrival { id, integration: integration.to_owned(), door, now, payload, replay_of };
    let routing = routing(host, &reception);
    let decided = if is_large {
        let (store, metrics) = (host.store().clone(), Arc::clone(host.metrics()));
        // The place goes with the evaluation, which goes on where its client leaves.
        let place = Arc::clone(&host.intake().evaluations).acquire_owned().await;
        let place = place.map_err(|_| Refusal::Fault(Fault::Closed))?;
        let reception = Arc::clone(&reception);
        let evaluation = tokio::task::spawn_blocking(move || {
            let _place = place;
            evaluate(&store, &metrics, &reception, &routing, arrival)
        });
        evaluation
            .await
            .map_err(|_| Refusal::Fault(Fault::Failed("the evaluation was broken off".to_owned())))?
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
        Err(decide::Refused::Unknown) => return Err(Refusal::Unknown),
        Err(decide::Refused::Invalid(payload, reason)) => (payload, reason, 400),
        Err(decide::Refused::Unaccepted(payload, reason)) => (payload, reason, 422),
        Err(decide::Refused::TooMuch(payload)) => (
            payload,
            format!("it becomes more than {} MiB of events and deliveries", decide::MOST_BYTES >> 20),
            413,
        ),
    };
    // What is replayed is kept where it came from.
    if replay_of.is_none() {
        let (integration, reason, received) =
            (integration.to_owned(), reason.clone(), now.epoch_milliseconds());
        set_aside(host, &reception, Refused { id, integration, door, received, payload, status, reason })
            .await?;
    }
    Err(match status {
        400 => Refusal::Invalid(id, reason),
        413 => Refusal::TooMuch(id, reason),
        _ => Refusal::Unaccepted(id, reason),
    })
}

/// Keeps a refused body; counted when it is durable.
async fn set_aside<H: Host>(host: &H, reception: &Reception, refused: Refused) -> Result<(), Refusal> {
    let desk = reception.named(&refused.integration);
    let status = refused.status;
    host.store().quarantine(refused).await.map_err(Refusal::Fault)?;
    if let Some(desk) = desk {
        if status == 400 { &desk.invalid } else { &desk.unaccepted }.inc();
    }
    Ok(())
}

fn evaluate<S: Store>(
    store: &S,
    metrics: &Metrics,
    reception: &Reception,
    routing: &Arc<Version<Served>>,
    arrival: Arrival,
) -> Result<(Push, Counted), decide::Refused> {
    let began = std::time::Instant::now();
    let name = arrival.integration.clone();
    let decided = decide(&Rules { reception, routing }, arrival, &|key| store.open_channels(&name, key));
    metrics.evaluate_seconds.observe(began.elapsed().as_secs_f64());
    decided
}

/// The rules that route: those that mapped, but for the mutant that takes the pointer twice.
fn routing(host: &impl Host, reception: &Reception) -> Arc<Version<Served>> {
    if Mutant::PointerTwice.is_on() {
        // Long enough for a reload in between to be likely in a campaign.
        std::thread::sleep(Duration::from_millis(5));
        return host.current();
    }
    Arc::clone(&reception.version)
}

/// Hands the files of a version to the journal before the first push that they decide.
async fn keep_rules<S: Store>(store: &S, reception: &Arc<Reception>) -> Result<(), Refusal> {
    if reception.kept.load(Ordering::Acquire) {
        return Ok(());
    }
    let (store, version) = (store.clone(), Arc::clone(&reception.version));
    let kept =
        tokio::task::spawn_blocking(move || store.keep_rules(version.hash, &version.value.archive)).await;
    kept.unwrap_or(Err(Fault::Closed)).map_err(Refusal::Fault)?;
    reception.kept.store(true, Ordering::Release);
    Ok(())
}

async fn make_durable<S: Store>(store: &S, push: Push) -> Result<Receipt, Refusal> {
    let id = push.id;
    let outcomes = Arc::clone(&push.outcomes);
    if Mutant::AnswerEarly.is_on() {
        let store = store.clone();
        drop(tokio::spawn(async move { store.accept(push).await }));
        return Ok(Receipt { id, duplicate: false, outcomes });
    }
    match store.accept(push).await {
        Ok(Accepted::Stored) => Ok(Receipt { id, duplicate: false, outcomes }),
        Ok(Accepted::Duplicate(first)) => {
            Ok(Receipt { id: first, duplicate: true, outcomes: Arc::from("[]") })
        }
        Err(fault) => Err(Refusal::Fault(fault)),
    }
}

/// Serves pushes on a listener until `stop` is told, then finishes what is under way for at most five seconds.
pub async fn serve(
    gateway: Arc<Gateway>,
    listener: tokio::net::TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    stop: tokio::sync::watch::Receiver<bool>,
) {
    serve_host(gateway, listener, tls, stop).await;
}

/// As [`serve`], for whatever a gateway's parts are.
pub async fn serve_host<H: Host>(
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
            tokio::time::sleep(TIDY).await;
            // Where no push comes, the version before the one in force would otherwise be held for ever.
            drop(host.intake().reception(&*host));
            doors::resolve_lapsed(&*host).await;
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
const TIDY: Duration = Duration::from_secs(5);

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The time, which for a clock before 1973 is that year.
fn now() -> Instant {
    const IN_1973: u64 = 100_000_000_000_000_000;
    let nanoseconds = u64::try_from(since_1970().as_nanos()).unwrap_or(IN_1973).max(IN_1973);
    Instant::from_whole_epoch(nanoseconds).unwrap_or_default()
}
