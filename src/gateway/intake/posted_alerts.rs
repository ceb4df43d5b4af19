//! Alerts that are posted as to an Alertmanager: the new ones among them are accepted, and those that are no longer posted
//! are resolved.

use super::accept::{self, EvaluatedPush, PushDecision};
use super::alert_cache::{ExpiredBatch, SelectedAlerts};
use super::alertmanager::{self, AlertmanagerAlert, ParsedAlerts, UnreadableAlerts};
use super::backend::IntakeBackend;
use super::decide::{ArrivalMode, IncomingPush};
use super::prepared_version::PreparedVersion;
use super::refusal::Refusal;
use crate::gateway::journal::{PushId, PushOrigin};
use crate::time::Timestamp;
use std::sync::Arc;

/// Accepts the new ones among posted alerts.
///
/// # Errors
/// Where some of the alerts cannot be read, or the new ones are not accepted.
pub(super) async fn accept<H: IntakeBackend>(
    backend: &Arc<H>,
    prepared: Arc<PreparedVersion>,
    posted: IncomingPush,
) -> Result<(), Refusal> {
    let (intake, integration) = (backend.intake(), posted.integration.clone());
    let body = PostedBody { posted, id: intake.next_id() };
    let decision = PushDecision::begin(backend, Arc::clone(&prepared)).await?;
    let (bytes, for_work) = (body.posted.payload.len(), Arc::clone(backend));
    let work = move |evaluate: &dyn Fn(IncomingPush) -> EvaluatedPush| body.read(&*for_work, evaluate);
    let (ReadAlerts { new, repeated, evaluated, refused }, slot) = decision.decide(bytes, work).await?;
    if let Some(evaluated) = evaluated {
        let held = new.iter().map(AlertmanagerAlert::size).sum();
        let now = evaluated.received();
        decision.conclude((evaluated, slot), held).await?;
        intake.alert_cache().insert_all(&integration, new, now);
    } else {
        drop(slot);
    }
    if !repeated.is_empty() && hears_repetitions(&prepared, &integration) {
        accept_repeated(&decision, backend, &integration, &repeated).await?;
    }
    let Some((posted, refusal)) = refused else { return Ok(()) };
    accept::quarantine(&**backend, &prepared, posted, &refusal).await?;
    Err(refusal)
}

/// Whether somebody wants to know that an alert fires still. Otherwise a repetition changes nothing.
fn hears_repetitions(prepared: &PreparedVersion, integration: &str) -> bool {
    let rules = &prepared.version.value.rules;
    !prepared.policies.is_empty()
        || !rules.program.heartbeats.is_empty()
        || rules.resolve_timeout(integration).is_some()
}

/// Accepts alerts that fire as they did before.
async fn accept_repeated<H: IntakeBackend>(
    decision: &PushDecision<'_, H>,
    backend: &Arc<H>,
    integration: &str,
    repeated: &[AlertmanagerAlert],
) -> Result<(), Refusal> {
    let payload = alertmanager::webhook(integration, repeated);
    let incoming = backend.intake().incoming(integration, PushOrigin::Alertmanager, payload);
    let incoming = IncomingPush { arrival: ArrivalMode::Repeated, ..incoming };
    let (bytes, work) =
        (incoming.payload.len(), move |evaluate: &dyn Fn(IncomingPush) -> EvaluatedPush| evaluate(incoming));
    let evaluated = decision.decide(bytes, work).await?;
    match decision.conclude(evaluated, 0).await {
        // Rules that were loaded since may refuse what others accepted: the sender has heard of it then.
        Err(refusal) if refusal.quarantine_id().is_none() => Err(refusal),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The body of a request to Alertmanager's endpoint.
struct PostedBody {
    /// The whole body, as it is kept if something is wrong with it.
    posted: IncomingPush,
    /// The id of the push of its new alerts.
    id: PushId,
}

/// What is in such a body.
#[derive(Default)]
struct ReadAlerts {
    /// The new alerts, which are cached once they are durable.
    new: Vec<AlertmanagerAlert>,
    /// Those that fire as they did before.
    repeated: Vec<AlertmanagerAlert>,
    /// The push of the new alerts, if there are any.
    evaluated: Option<EvaluatedPush>,
    /// The body, and what is wrong with it.
    refused: Option<(IncomingPush, Refusal)>,
}

impl PostedBody {
    fn read<H: IntakeBackend>(self, backend: &H, evaluate: &dyn Fn(IncomingPush) -> EvaluatedPush) -> ReadAlerts {
        let Self { posted, id } = self;
        let (name, now) = (&*posted.integration, posted.now);
        let ParsedAlerts { alerts, errors } = match alertmanager::read(&posted.payload, now) {
            Ok(parsed) => parsed,
            // Refused with the place and the reason, and kept in the quarantine, as by the other protocols.
            Err(UnreadableAlerts::NotJson) => {
                return ReadAlerts { evaluated: Some(evaluate(posted)), ..ReadAlerts::default() };
            }
            Err(UnreadableAlerts::NotAlerts(reason)) => {
                let refusal = Refusal::NotAlerts { id: posted.id, reason };
                return ReadAlerts { refused: Some((posted, refusal)), ..ReadAlerts::default() };
            }
        };
        let SelectedAlerts { new, repeated } = backend.intake().alert_cache().select(name, alerts, now);
        let push = |payload| IncomingPush { id, payload, ..posted.without_payload() };
        let evaluated = (!new.is_empty()).then(|| evaluate(push(alertmanager::webhook(name, &new))));
        let refusal = Refusal::NotAlerts { id: posted.id, reason: errors.join("; ") };
        ReadAlerts { new, repeated, evaluated, refused: (!errors.is_empty()).then_some((posted, refusal)) }
    }
}

/// Resolves alerts that Prometheus stopped sending.
pub(super) async fn resolve_expired<H: IntakeBackend>(backend: &Arc<H>) {
    let intake = backend.intake();
    loop {
        let now = intake.clock.now();
        let batches = intake.alert_cache().expired(now);
        if batches.is_empty() {
            return;
        }
        for batch in batches {
            // The next round tries again.
            if backend.is_stopping() || resolve(backend, batch, now).await.is_err() {
                return;
            }
        }
    }
}

/// Resolves a batch of alerts, unless they were sent again in the meantime. An alert is forgotten once its recovery is durable,
/// or is kept in the quarantine, or nobody would get it.
async fn resolve<H: IntakeBackend>(backend: &Arc<H>, batch: ExpiredBatch, now: Timestamp) -> Result<(), Refusal> {
    let (intake, integration) = (backend.intake(), batch.integration);
    let mut waiting = vec![batch.alerts];
    while let Some(mut alerts) = waiting.pop() {
        {
            let cache = intake.alert_cache();
            alerts.retain(|alert| cache.is_expired(&integration, alert, now));
        }
        if alerts.is_empty() {
            continue;
        }
        match resolve_at_once(backend, &integration, &alerts).await {
            Ok(()) => intake.alert_cache().insert_all(&integration, alerts, now),
            Err(Unresolved::TooManyAtOnce) => {
                let second = alerts.split_off(alerts.len() / 2);
                waiting.extend([second, alerts]);
            }
            Err(Unresolved::Refused(refusal)) => {
                if let Some(quarantined) = refusal.quarantine_id() {
                    let (integration, alerts) = (&*integration, alerts.len());
                    tracing::warn!(integration, alerts, %quarantined, "ended alerts are refused: {refusal}");
                } else if !matches!(refusal, Refusal::UnknownIntegration) {
                    return Err(refusal);
                }
                intake.alert_cache().remove_all(&integration, &alerts);
            }
        }
    }
    Ok(())
}

/// Why alerts are not resolved.
enum Unresolved {
    /// Together they become too large a push; fewer of them may not.
    TooManyAtOnce,
    /// They are refused.
    Refused(Refusal),
}

impl From<Refusal> for Unresolved {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Makes the recoveries of alerts durable in one push.
async fn resolve_at_once<H: IntakeBackend>(
    backend: &Arc<H>,
    integration: &str,
    alerts: &[AlertmanagerAlert],
) -> Result<(), Unresolved> {
    let intake = backend.intake();
    let payload = alertmanager::webhook(integration, alerts);
    let (bytes, incoming) = (payload.len(), intake.incoming(integration, PushOrigin::Alertmanager, payload));
    let decision = PushDecision::begin(backend, intake.prepared_version(&**backend)).await?;
    let work = move |evaluate: &dyn Fn(IncomingPush) -> EvaluatedPush| evaluate(incoming);
    let (evaluated, slot) = decision.decide(bytes, work).await?;
    if alerts.len() > 1 && evaluated.is_too_large() {
        return Err(Unresolved::TooManyAtOnce);
    }
    decision.conclude((evaluated, slot), 0).await?;
    Ok(())
}
