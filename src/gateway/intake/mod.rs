//! The push listener: limits, keys and signatures, and the protocols by which pushes come.
//!
//! A push is answered when it is durable and not before. It takes the rules in force once. A sender without a key learns
//! nothing: an unknown integration and a wrong key get the same answer.

mod accept;
mod alert_cache;
mod alertmanager;
mod answer;
mod backend;
mod body;
mod body_work;
mod decide;
mod decide_own;
mod decided_memory;
mod flashduty;
mod form;
mod handlers;
mod integration_keys;
mod memory;
mod own_push;
mod posted_alerts;
mod prepared_version;
mod refusal;
mod rejected_senders;
mod render;
mod request_metadata;
mod router;
mod signature;
mod token_bucket;

pub use accept::{Receipt, ReplayedPayload, accept_replay};
pub use backend::IntakeBackend;
pub use own_push::accept_own;
pub use refusal::Refusal;
pub use rejected_senders::SenderRejections;

use super::config::ListenerLimits;
use super::journal::{PushId, PushOrigin};
use super::listener::{self, ListenerRouters};
use super::metrics::Metrics;
use super::own_events_handle::OwnEventsHandle;
use crate::evaluate::RequestMetadata;
use crate::time::Clock;
use alert_cache::AlertCache;
use body_work::BodyWork;
use decide::{ArrivalMode, IncomingPush};
use decided_memory::DecidedMemory;
use integration_keys::KeyPepper;
use prepared_version::PreparedVersion;
use rejected_senders::RejectedSenders;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use ulid::{Generator, Ulid};

/// How often expired alerts and old versions are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The state of the listener while the gateway runs: the rules in force ready for pushes, the last id, and the alerts that
/// senders repeat.
pub struct IntakeState {
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    limits: ListenerLimits,
    pepper: Option<KeyPepper>,
    /// Names of integrations that had pushes before the start.
    past_integrations: BTreeSet<Box<str>>,
    prepared: RwLock<Option<Arc<PreparedVersion>>>,
    ids: Mutex<Generator>,
    alert_cache: Mutex<AlertCache>,
    rejected_senders: RejectedSenders,
    own_events: OwnEventsHandle,
    body_work: BodyWork,
    /// The memory of what is decided and waits for the journal.
    decided: DecidedMemory,
}

impl IntakeState {
    /// The state of a new listener.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, metrics: Arc<Metrics>, limits: ListenerLimits) -> Self {
        Self {
            decided: DecidedMemory::new(limits.decided_bytes),
            clock,
            metrics,
            limits,
            pepper: KeyPepper::random(),
            past_integrations: BTreeSet::new(),
            prepared: RwLock::default(),
            ids: Mutex::new(Generator::new()),
            alert_cache: Mutex::default(),
            rejected_senders: RejectedSenders::default(),
            own_events: OwnEventsHandle::default(),
            body_work: BodyWork::new(),
        }
    }

    /// The same, which knows the names of integrations that had pushes before the start: the rules may no longer have them.
    #[must_use]
    pub fn with_past_integrations(self, names: impl IntoIterator<Item = String>) -> Self {
        Self { past_integrations: names.into_iter().map(String::into_boxed_str).collect(), ..self }
    }

    /// The same, which wakes whoever makes events of what is heard.
    #[must_use]
    pub fn with_own_events(self, own_events: OwnEventsHandle) -> Self {
        Self { own_events, ..self }
    }

    /// Wakes whoever makes events of what is heard.
    pub fn wake_own_events(&self) {
        self.own_events.wake();
    }

    /// An id that is greater than all before it.
    fn next_id(&self) -> PushId {
        let Ok(mut ids) = self.ids.lock() else { return PushId(Ulid::generate()) };
        PushId(match ids.generate() {
            Ok(id) => id,
            Err(overflow) => overflow.commit_overflow_increment(),
        })
    }

    /// The senders that were turned away since the start, the latest first.
    #[must_use]
    pub fn rejected_senders(&self) -> Vec<SenderRejections> {
        self.rejected_senders.counts()
    }

    /// The alerts that senders repeat. What a panic left of a change is better than to forget them.
    fn alert_cache(&self) -> MutexGuard<'_, AlertCache> {
        self.alert_cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A payload that comes in now.
    fn incoming(&self, integration: &str, origin: PushOrigin, payload: Vec<u8>) -> IncomingPush {
        let integration = integration.to_owned();
        IncomingPush {
            id: self.next_id(),
            integration,
            origin,
            now: self.clock.now(),
            payload,
            request: RequestMetadata::default(),
            replay_of: None,
            arrival: ArrivalMode::First,
            hops: 0,
            own: None,
        }
    }

    /// The rules in force, ready for pushes.
    fn prepared_version(&self, backend: &impl IntakeBackend) -> Arc<PreparedVersion> {
        let version = backend.current();
        let fits = |known: &Option<Arc<PreparedVersion>>| {
            known.as_ref().filter(|known| known.version.generation >= version.generation).cloned()
        };
        if let Some(known) = self.prepared.read().ok().and_then(|known| fits(&known)) {
            return known;
        }
        let prepare = |before: Option<&PreparedVersion>| {
            let (version, pepper) = (Arc::clone(&version), self.pepper.clone());
            Arc::new(PreparedVersion::new(version, pepper, &self.metrics, before, &self.past_integrations))
        };
        let Ok(mut known) = self.prepared.write() else { return prepare(None) };
        if let Some(newer) = fits(&known) {
            return newer;
        }
        let made = prepare(known.as_deref());
        *known = Some(Arc::clone(&made));
        made
    }
}

/// Serves pushes on a listener until `stop` is true, then finishes open requests for at most five seconds.
pub async fn serve<H: IntakeBackend>(
    backend: Arc<H>,
    listener: tokio::net::TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    stop: tokio::sync::watch::Receiver<bool>,
) {
    let routers = ListenerRouters { within: router::router(Arc::clone(&backend)), above: None };
    let metrics = listener::ConnectionMetrics::of(&backend.intake().metrics);
    let limits = backend.intake().limits.clone();
    let mut stopped = stop.clone();
    let sweeping = async move {
        loop {
            tokio::time::sleep(SWEEP_INTERVAL).await;
            // Without pushes, the version before the one in force would otherwise be held for ever.
            drop(backend.intake().prepared_version(&*backend));
            posted_alerts::resolve_expired(&backend).await;
        }
    };
    let serving = listener::serve(routers, listener, tls, limits, metrics, stop);
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => return,
        () = sweeping => {}
        _ = stopped.wait_for(|stop| *stop) => {}
    }
    serving.await;
}
