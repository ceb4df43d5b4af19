//! A payload becomes a durable push, or is refused and kept in the quarantine. Every protocol and every replay ends here.

#![expect(clippy::disallowed_methods, reason = "how long an evaluation takes is measured")]

use super::backend::IntakeBackend;
use super::decide::{IncomingPush, PushCounts, decide};
use super::prepared_version::PreparedVersion;
use super::refusal::Refusal;
use super::render::{RenderedPush, render};
use crate::gateway::journal::{
    AcceptResult, Deduplication, JournalError, Push, PushId, PushOrigin, PushStore, RefusedPayload,
};
use crate::gateway::served_rules::ServedRules;
use crate::json::Arena;
use crate::mutant::Mutant;
use crate::reload::RuleSetVersion;
use axum::http::StatusCode;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Bodies above this size are evaluated on a thread of their own, so that they delay no connection.
const LARGE_BODY: usize = 64 << 10;

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
}

/// Evaluates a payload that is replayed by the rules in force, and makes it durable.
///
/// # Errors
/// Where the payload is not accepted.
pub async fn accept_replay<H: IntakeBackend>(
    backend: &Arc<H>,
    integration: &str,
    payload: Vec<u8>,
    replay_of: PushId,
) -> Result<Receipt, Refusal> {
    let prepared = backend.intake().prepared_version(&**backend);
    let incoming = backend.intake().incoming(integration, PushOrigin::Replay, payload);
    accept(backend, prepared, IncomingPush { replay_of: Some(replay_of), ..incoming }).await
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
    keep_rules(backend.store(), &prepared).await?;
    let (incoming, evaluated) = if incoming.payload.len() > LARGE_BODY {
        evaluate_apart(backend, &prepared, incoming).await?
    } else {
        let evaluated = evaluate(&**backend, &prepared, &incoming);
        (incoming, evaluated)
    };
    match evaluated {
        Ok(evaluated) => {
            let integration = incoming.integration.clone();
            let (push, counts) = new_push(&prepared, incoming, evaluated);
            let receipt = make_durable(backend.store(), push).await?;
            if !receipt.duplicate {
                counts.count(&integration, &prepared, &backend.intake().metrics);
            }
            Ok(receipt)
        }
        Err(refusal) => {
            // A payload that is replayed stays where it came from.
            if incoming.replay_of.is_none() {
                quarantine(&**backend, &prepared, incoming, &refusal).await?;
            }
            Err(refusal)
        }
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
    let push = Push {
        id: incoming.id,
        integration: incoming.integration,
        origin: incoming.origin,
        received: incoming.now,
        generation: prepared.version.generation,
        rules: prepared.version.hash,
        deduplicate: window
            .map(|window_ms| Deduplication { body_hash: Sha256::digest(&incoming.payload).into(), window_ms }),
        payload: incoming.payload,
        outcomes: rendered.outcomes,
        sent: rendered.counts.sent,
        dropped: rendered.counts.dropped,
        deliveries: rendered.deliveries,
        transitions: rendered.transitions,
        open: rendered.open,
        replay_of: incoming.replay_of,
    };
    (push, rendered.counts)
}

/// Evaluates a large payload on a thread that may take its time; only a few at once, as a large body takes many times its
/// size while it is evaluated.
async fn evaluate_apart<H: IntakeBackend>(
    backend: &Arc<H>,
    prepared: &Arc<PreparedVersion>,
    incoming: IncomingPush,
) -> Result<(IncomingPush, Result<RenderedPush, Refusal>), Refusal> {
    // The permit belongs to the evaluation, which goes on where its client disconnects.
    let permit = Arc::clone(&backend.intake().large_evaluations).acquire_owned().await;
    let permit = permit.map_err(|_| Refusal::NotDurable(JournalError::Closed))?;
    let (backend, prepared) = (Arc::clone(backend), Arc::clone(prepared));
    let evaluation = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let evaluated = evaluate(&*backend, &prepared, &incoming);
        (incoming, evaluated)
    });
    evaluation.await.map_err(|_| Refusal::NotDurable(JournalError::Failed("the evaluation was interrupted".to_owned())))
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
    let evaluated = decide(prepared, incoming, &open, arena)
        .and_then(|decided| render(&rendering_version(backend, prepared).value, decided, incoming, text));
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

async fn make_durable<S: PushStore>(store: &S, push: Push) -> Result<Receipt, Refusal> {
    let (id, outcomes) = (push.id, Arc::clone(&push.outcomes));
    match store.accept(push).await.map_err(Refusal::NotDurable)? {
        AcceptResult::Stored => Ok(Receipt { id, duplicate: false, outcomes }),
        AcceptResult::Duplicate(first) => Ok(Receipt { id: first, duplicate: true, outcomes: Arc::from("[]") }),
    }
}
