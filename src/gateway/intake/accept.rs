//! A payload becomes a durable push, or is refused and kept in the quarantine. Every protocol and every replay ends here.

#![expect(clippy::disallowed_methods, reason = "how long an evaluation takes is measured")]

use super::backend::IntakeBackend;
use super::body_work::{LARGE_BODY, WorkSlot};
use super::decide::{ArrivalMode, IncomingPush, PushCounts, decide};
use super::decide_own::decide_own;
use super::memory::ByteReservation;
use super::prepared_version::PreparedVersion;
use super::refusal::Refusal;
use super::render::{RenderedPush, render};
use crate::evaluate::{PushAnswer, RequestMetadata};
use crate::gateway::journal::{
    AcceptResult, Deduplication, JournalError, Push, PushId, PushOrigin, PushStore, RefusedPayload,
};
use crate::gateway::served_rules::ServedRules;
use crate::json::Arena;
use crate::mutant::Mutant;
use crate::reload::RuleSetVersion;
use crate::time::Timestamp;
use axum::http::StatusCode;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What the sender of an accepted push gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The push's id.
    pub id: PushId,
    /// Whether the same body was accepted before and nothing was done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
    /// The outcomes as one JSON array, each in the JSON of `event::Outcome`.
    #[serde(skip)]
    pub outcomes: Arc<str>,
    /// The key of the first event, for the protocol that answers with it.
    #[serde(skip)]
    pub first_key: Option<String>,
    /// What the sender gets instead of this, whether or not the push repeats another.
    #[serde(skip)]
    pub answer: Option<PushAnswer>,
}

/// A payload that is replayed, by the id that it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayedPayload {
    /// It was accepted before: its events go out by themselves, and change nothing of what channels were told.
    Accepted(PushId),
    /// It was refused before: it arrives for the first time.
    Refused(PushId),
}

/// Evaluates a payload that is replayed by the rules in force, and makes it durable.
///
/// # Errors
/// Where the payload is not accepted.
pub async fn accept_replay<H: IntakeBackend>(
    backend: &Arc<H>,
    integration: &str,
    payload: Vec<u8>,
    request: RequestMetadata,
    replayed: ReplayedPayload,
) -> Result<Receipt, Refusal> {
    let prepared = backend.intake().prepared_version(&**backend);
    let incoming = backend.intake().incoming(integration, PushOrigin::Replay, payload);
    let (replay_of, arrival) = match replayed {
        ReplayedPayload::Accepted(id) => (Some(id), ArrivalMode::Again),
        ReplayedPayload::Refused(id) => (Some(id), ArrivalMode::First),
    };
    accept(backend, prepared, IncomingPush { request, replay_of, arrival, ..incoming }).await
}

/// Evaluates a payload and makes it durable.
///
/// # Errors
/// Where the payload is not accepted.
pub(super) async fn accept<H: IntakeBackend>(
    backend: &Arc<H>,
    prepared: Arc<PreparedVersion>,
    incoming: IncomingPush,
) -> Result<Receipt, Refusal> {
    let decision = PushDecision::begin(backend, prepared).await?;
    let decided = decision.decide(incoming.payload.len(), move |evaluate| evaluate(incoming)).await?;
    decision.conclude(decided, 0).await
}

/// A push on its way from its payload to the journal.
pub(super) struct PushDecision<'b, H> {
    backend: &'b Arc<H>,
    prepared: Arc<PreparedVersion>,
}

/// A push that was evaluated, and the result.
pub(super) struct EvaluatedPush {
    incoming: IncomingPush,
    result: Result<RenderedPush, Refusal>,
}

impl EvaluatedPush {
    /// When its payload was received.
    pub(super) fn received(&self) -> Timestamp {
        self.incoming.now
    }

    /// Whether it becomes too many bytes.
    pub(super) fn is_too_large(&self) -> bool {
        matches!(self.result, Err(Refusal::TooManyBytes { .. }))
    }
}

impl<'b, H: IntakeBackend> PushDecision<'b, H> {
    /// Begins with the rules that decide.
    ///
    /// # Errors
    /// Where the journal cannot archive them.
    pub(super) async fn begin(backend: &'b Arc<H>, prepared: Arc<PreparedVersion>) -> Result<Self, Refusal> {
        keep_rules(backend.store(), &prepared).await?;
        Ok(Self { backend, prepared })
    }

    /// Does the work on a body of so many bytes, which evaluates a payload by the function that it is given.
    ///
    /// # Errors
    /// Where the work cannot be done now.
    pub(super) async fn decide<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce(&dyn Fn(IncomingPush) -> EvaluatedPush) -> T + Send + 'static,
    ) -> Result<(T, WorkSlot), Refusal> {
        let (backend, prepared) = (Arc::clone(self.backend), Arc::clone(&self.prepared));
        let evaluate = move |incoming| {
            let result = evaluate(&*backend, &prepared, &incoming);
            EvaluatedPush { incoming, result }
        };
        self.backend.intake().body_work.run(bytes, move || work(&evaluate)).await
    }

    /// Makes an evaluated push durable, or keeps its payload in the quarantine. The slot is held until the push has its place
    /// in the memory of what waits for the journal; `more` are bytes that its sender holds meanwhile.
    ///
    /// # Errors
    /// Where the payload is not accepted, there is no room for it, or it cannot be made durable.
    pub(super) async fn conclude(
        &self,
        (evaluated, slot): (EvaluatedPush, WorkSlot),
        more: usize,
    ) -> Result<Receipt, Refusal> {
        let EvaluatedPush { incoming, result } = evaluated;
        let mut rendered = match result {
            Ok(rendered) => rendered,
            Err(refusal) => {
                drop(slot);
                // A payload that is replayed stays where it came from, the clock tries again, and a repetition was accepted before.
                let is_kept = incoming.replay_of.is_some() || incoming.own.is_some();
                if !is_kept && incoming.arrival != ArrivalMode::Repeated {
                    quarantine(&**self.backend, &self.prepared, incoming, &refusal).await?;
                }
                return Err(refusal);
            }
        };
        let bytes = rendered.bytes() + incoming.payload.len() + incoming.request.size() + more;
        let room = self.backend.intake().decided.reserve(bytes, &slot).await.ok_or(Refusal::Overloaded)?;
        drop(slot);
        let integration = incoming.integration.clone();
        let has_beats = !rendered.beats.is_empty();
        let (first_key, answer) = (rendered.first_key.take(), rendered.answer.take());
        let (push, counts) = new_push(&self.prepared, incoming, rendered);
        let mut receipt = make_durable(self.backend.store(), push, room).await?;
        receipt.answer = answer;
        if has_beats {
            // One of them may end an absence.
            self.backend.intake().own_events.wake();
        }
        if !receipt.duplicate {
            receipt.first_key = first_key;
            counts.count(&integration, &self.prepared, &self.backend.intake().metrics);
        }
        Ok(receipt)
    }
}

/// Keeps the payload of a refusal that is about it; counted when it is durable.
pub(super) async fn quarantine<H: IntakeBackend>(
    backend: &H,
    prepared: &PreparedVersion,
    incoming: IncomingPush,
    refusal: &Refusal,
) -> Result<(), Refusal> {
    let Some(id) = refusal.quarantine_id() else { return Ok(()) };
    let counted = prepared.integration_by_name(&incoming.integration);
    let status = refusal.status();
    let refused = RefusedPayload {
        id,
        integration: incoming.integration,
        origin: incoming.origin,
        received: incoming.now,
        payload: incoming.payload,
        request: incoming.request,
        status: status.as_u16(),
        reason: refusal.to_string(),
    };
    backend.store().quarantine(refused).await.map_err(Refusal::NotDurable)?;
    if let Some(integration) = counted {
        let is_invalid = status == StatusCode::BAD_REQUEST;
        if is_invalid { &integration.invalid } else { &integration.unaccepted }.inc();
    }
    Ok(())
}

fn new_push(prepared: &PreparedVersion, incoming: IncomingPush, rendered: RenderedPush) -> (Push, PushCounts) {
    let integration = prepared.integration_by_name(&incoming.integration);
    let window = integration.and_then(|integration| integration.deduplicate_for);
    let window = window.filter(|_| incoming.replay_of.is_none());
    let deduplicate = window.map(|window_ms| Deduplication { body_hash: body_hash(&incoming), window_ms });
    let push = Push {
        id: incoming.id,
        integration: incoming.integration,
        origin: incoming.origin,
        received: incoming.now,
        generation: prepared.version.generation,
        rules: prepared.version.hash,
        deduplicate,
        payload: incoming.payload,
        request: incoming.request,
        outcomes: rendered.outcomes,
        sent: rendered.counts.sent,
        dropped: rendered.counts.dropped,
        deliveries: rendered.deliveries,
        beats: rendered.beats,
        heard: rendered.heard,
        own: incoming.own,
        transitions: rendered.transitions,
        open: rendered.open,
        arrivals: rendered.arrivals,
        policies: Arc::clone(&prepared.policies),
        holds: rendered.holds,
        replay_of: incoming.replay_of,
        hops: incoming.hops,
    };
    (push, rendered.counts)
}

/// The digest of what a repetition repeats: the body, and what mappings read of the request besides.
fn body_hash(incoming: &IncomingPush) -> [u8; 32] {
    let mut hash = Sha256::new();
    if !incoming.request.is_empty() {
        // A length of its own keeps the two parts apart.
        let request = serde_json::to_vec(&incoming.request).unwrap_or_default();
        hash.update(request.len().to_be_bytes());
        hash.update(request);
    }
    hash.update(&incoming.payload);
    hash.finalize().into()
}

thread_local! {
    /// Kept between pushes: what one needs is much like what the one before it needed.
    static BUFFERS: Cell<EvaluationBuffers> = Cell::default();
}

/// Memory for a payload and its outcomes while it is evaluated.
#[derive(Default)]
struct EvaluationBuffers {
    arena: Arena,
    /// The outcomes as they are written.
    text: Vec<u8>,
}

/// Decides about a payload and renders what is sent.
fn evaluate<H: IntakeBackend>(
    backend: &H,
    prepared: &PreparedVersion,
    incoming: &IncomingPush,
) -> Result<RenderedPush, Refusal> {
    const MAX_KEPT: usize = 1 << 20;
    let began = std::time::Instant::now();
    let mut buffers = BUFFERS.take();
    let EvaluationBuffers { arena, text } = &mut buffers;
    let open = |key: &str| backend.store().open_channels(&incoming.integration, key, incoming.now);
    let silences = backend.store().open_silences();
    let decided = match &incoming.own {
        None => decide(prepared, incoming, &open, &silences, arena),
        Some(own) => decide_own(prepared, incoming, own, &open, &silences, arena),
    };
    let evaluated =
        decided.and_then(|decided| render(&rendering_version(backend, prepared).value, decided, incoming, text));
    buffers.arena.clear();
    buffers.text.clear();
    buffers.text.shrink_to(MAX_KEPT);
    BUFFERS.set(buffers);
    backend.intake().metrics.evaluate_seconds.observe(began.elapsed().as_secs_f64());
    evaluated
}

/// The rules that render: those that decided.
fn rendering_version<H: IntakeBackend>(backend: &H, prepared: &PreparedVersion) -> Arc<RuleSetVersion<ServedRules>> {
    if Mutant::PointerTwice.is_on() {
        // Long enough for a reload in between to be likely in a campaign.
        std::thread::sleep(Duration::from_millis(5));
        return backend.current();
    }
    Arc::clone(&prepared.version)
}

/// Hands the files of a version to the journal before the first push that they decide.
async fn keep_rules<S: PushStore>(store: &S, prepared: &Arc<PreparedVersion>) -> Result<(), Refusal> {
    if prepared.is_archived.load(Ordering::Acquire) {
        return Ok(());
    }
    let (store, version) = (store.clone(), Arc::clone(&prepared.version));
    let kept = tokio::task::spawn_blocking(move || store.keep_rules(version.hash, &version.value.archive)).await;
    kept.unwrap_or(Err(JournalError::Closed)).map_err(Refusal::NotDurable)?;
    prepared.is_archived.store(true, Ordering::Release);
    Ok(())
}

/// Stores a push, which takes `room` in memory until it is stored.
async fn make_durable<S: PushStore>(store: &S, push: Push, room: ByteReservation) -> Result<Receipt, Refusal> {
    let (id, outcomes) = (push.id, Arc::clone(&push.outcomes));
    let accepted = if room.bytes() > LARGE_BODY {
        // The push waits for the journal even where its client disconnects, and takes its room until then.
        let store = store.clone();
        let storing = tokio::spawn(async move {
            let accepted = store.accept(push).await;
            drop(room);
            accepted
        });
        storing.await.unwrap_or(Err(JournalError::Closed))
    } else {
        store.accept(push).await
    };
    Ok(match accepted.map_err(Refusal::NotDurable)? {
        AcceptResult::Stored => Receipt { id, duplicate: false, outcomes, first_key: None, answer: None },
        AcceptResult::Outdated => {
            Receipt { id, duplicate: true, outcomes: Arc::from("[]"), first_key: None, answer: None }
        }
        AcceptResult::Duplicate(first) => {
            Receipt { id: first, duplicate: true, outcomes: Arc::from("[]"), first_key: None, answer: None }
        }
    })
}
