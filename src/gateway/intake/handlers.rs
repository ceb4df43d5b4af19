//! What a listener does with a request: find the integration, read and verify the body, accept the payload, answer in the
//! words of the protocol.

#![expect(clippy::disallowed_methods, reason = "how long a push takes is measured")]

use super::alertmanager::{self, AlertCache, ExpiredBatch, ParsedAlerts};
use super::backend::IntakeBackend;
use super::body::{self, BodyBudget, BodyFormat, BodyReservation, ReceivedBody};
use super::decide::IncomingPush;
use super::prepared_version::{MAX_BODY, PreparedIntegration, PreparedVersion};
use super::refusal::Refusal;
use super::{Receipt, accept, flashduty, form};
use crate::gateway::journal::PushOrigin;
use crate::gateway::metrics::PushLabels;
use crate::gateway::problem::{self, Problem};
use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use std::borrow::Cow;
use std::sync::{Arc, MutexGuard};
use std::time::Instant;

/// What the handlers share.
pub(super) struct HandlerState<H> {
    pub(super) backend: Arc<H>,
    pub(super) body_budget: BodyBudget,
}

/// The protocol of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PushProtocol {
    /// JSON or a form; the path names the integration.
    Pointsman,
    /// Flashduty's standard alert; the key alone names the integration.
    Flashduty,
    /// Alertmanager's v2 API; the key alone names the integration.
    Alertmanager,
}

impl PushProtocol {
    /// The route, for the log.
    fn route(self) -> &'static str {
        match self {
            Self::Pointsman => "/push/{integration}",
            Self::Flashduty => "/event/push/alert/standard",
            Self::Alertmanager => "/api/v2/alerts",
        }
    }

    /// The integration that the path names.
    fn integration(self, parts: &Parts) -> Option<&str> {
        match self {
            Self::Pointsman => Some(parts.uri.path().strip_prefix("/push/").unwrap_or_default()),
            Self::Flashduty | Self::Alertmanager => None,
        }
    }

    /// Where the path names the integration, an unknown one and a wrong key are the same 404. Where the key alone names it,
    /// a wrong key is 401, which tells nothing about names.
    fn unknown_sender(self) -> Refusal {
        match self {
            Self::Pointsman => Refusal::UnknownIntegration,
            Self::Flashduty | Self::Alertmanager => Refusal::UnknownKey,
        }
    }
}

/// Who pushes, as far as that is known.
struct PushSender {
    prepared: Arc<PreparedVersion>,
    /// The integration that the path or the key names.
    integration: Option<Arc<PreparedIntegration>>,
    has_key: bool,
    /// Whether a key or a signature shows that the sender may push to the integration.
    is_verified: bool,
}

impl PushSender {
    fn new(prepared: Arc<PreparedVersion>, parts: &Parts, name: Option<&str>) -> Self {
        let key = key(parts);
        let integration = match (&key, name) {
            (Some(key), None) => prepared.integration_by_key(key),
            (Some(key), Some(name)) => prepared.integration_by_key(key).filter(|found| *found.name == *name),
            (None, Some(name)) => prepared.integration_by_name(name).filter(|found| found.verifier.is_some()),
            (None, None) => None,
        }
        .cloned();
        let has_key = key.is_some();
        Self { is_verified: has_key && integration.is_some(), prepared, integration, has_key }
    }

    /// What the sender learns of a refusal: everything where it is verified, else only that it is not.
    fn problem(&self, refusal: &Refusal, protocol: PushProtocol) -> Problem {
        let problem = refusal.problem();
        if self.is_verified || *refusal == Refusal::Stopping {
            return problem;
        }
        Problem { close: problem.close, ..protocol.unknown_sender().problem() }
    }
}

/// A payload that may be evaluated: its sender holds a key or signed it, and it is within the limits.
struct AdmittedPush<'s> {
    sender: &'s PushSender,
    integration: Arc<PreparedIntegration>,
    payload: Vec<u8>,
    format: BodyFormat,
    /// When the last byte arrived.
    began: Instant,
    /// The memory that the body takes until the answer is made.
    _reservation: BodyReservation,
}

impl<H: IntakeBackend> HandlerState<H> {
    /// Answers a push.
    pub(super) async fn answer(&self, protocol: PushProtocol, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let prepared = self.backend.intake().prepared_version(&*self.backend);
        let mut sender = PushSender::new(prepared, &parts, protocol.integration(&parts));
        match self.receive(protocol, &mut sender, &parts, body).await {
            Ok(answer) => answer,
            Err(refusal) => {
                if let Refusal::NotDurable(error) = &refusal {
                    tracing::warn!(%error, "cannot make a push durable");
                }
                let problem = sender.problem(&refusal, protocol);
                self.record_refusal(protocol, &sender, &problem);
                match protocol {
                    PushProtocol::Pointsman => problem.to_response(),
                    PushProtocol::Flashduty => flashduty::refused(&problem, self.backend.intake().next_id()),
                    // Alertmanager's errors are JSON strings.
                    PushProtocol::Alertmanager => {
                        let text = serde_json::Value::from(problem.detail.as_ref()).to_string();
                        problem.to_response_with("application/json", text)
                    }
                }
            }
        }
    }

    async fn receive(
        &self,
        protocol: PushProtocol,
        sender: &mut PushSender,
        parts: &Parts,
        body: Body,
    ) -> Result<Response<Body>, Refusal> {
        let mut admitted = self.admit(protocol, sender, parts, body).await?;
        let answer = match protocol {
            PushProtocol::Pointsman => {
                let origin = match admitted.format {
                    BodyFormat::Json => PushOrigin::Push,
                    BodyFormat::UrlEncoded => PushOrigin::Form,
                };
                let payload = std::mem::take(&mut admitted.payload);
                let receipt = self.accept(&admitted, origin, payload).await?;
                problem::response(StatusCode::ACCEPTED, "application/json", receipt_json(&receipt))
            }
            PushProtocol::Flashduty => {
                let payload = std::mem::take(&mut admitted.payload);
                let receipt = self.accept(&admitted, PushOrigin::Flashduty, payload).await?;
                problem::json(&flashduty::accepted(&receipt))
            }
            PushProtocol::Alertmanager => {
                self.accept_new_alerts(&admitted).await?;
                Response::new(Body::empty())
            }
        };
        admitted.integration.accepted.inc();
        self.backend.intake().metrics.push_seconds.observe(admitted.began.elapsed().as_secs_f64());
        tracing::debug!(integration = %admitted.integration.name, "push accepted");
        Ok(answer)
    }

    /// Reads the body and verifies the sender.
    ///
    /// With a key, the body is read only if the key is the integration's. Without one, a signature may take its place at a
    /// path that names the integration; the body is then read whether the integration exists or not, so that the two look
    /// the same from outside.
    async fn admit<'s>(
        &self,
        protocol: PushProtocol,
        sender: &'s mut PushSender,
        parts: &Parts,
        body: Body,
    ) -> Result<AdmittedPush<'s>, Refusal> {
        if self.backend.is_stopping() {
            return Err(Refusal::Stopping);
        }
        let found = sender.integration.clone();
        if found.is_none() && (sender.has_key || protocol.integration(parts).is_none()) {
            return Err(protocol.unknown_sender());
        }
        if let Some(integration) = found.as_ref().filter(|_| sender.has_key) {
            check_rate(integration)?;
        }
        let max_size = found.as_ref().map_or(MAX_BODY, |integration| integration.max_body);
        let patience = self.backend.intake().limits.body_time;
        let ReceivedBody { bytes, mut reservation } =
            body::read(&parts.headers, body, max_size, patience, &self.body_budget).await?;
        let integration = found.ok_or_else(|| protocol.unknown_sender())?;
        let began = Instant::now();
        if let Some(verifier) = &integration.verifier {
            let seconds = self.backend.intake().clock.now().epoch_milliseconds() / 1000;
            if !verifier.verify(&parts.headers, &bytes, seconds) {
                return Err(Refusal::InvalidSignature);
            }
        }
        sender.is_verified = true;
        if !sender.has_key {
            check_rate(&integration)?;
        }
        let format = body::body_format(&parts.headers)?;
        let unpacked = body::unpack(&parts.headers, bytes, max_size, &mut reservation)?;
        let payload = match format {
            BodyFormat::Json => unpacked,
            BodyFormat::UrlEncoded => form::to_json(&unpacked)?,
        };
        Ok(AdmittedPush { sender, integration, payload, format, began, _reservation: reservation })
    }

    async fn accept(
        &self,
        admitted: &AdmittedPush<'_>,
        origin: PushOrigin,
        payload: Vec<u8>,
    ) -> Result<Receipt, Refusal> {
        let incoming = self.backend.intake().incoming(&admitted.integration.name, origin, payload);
        accept::accept(&self.backend, Arc::clone(&admitted.sender.prepared), incoming).await
    }

    /// Accepts the new ones among posted alerts.
    async fn accept_new_alerts(&self, admitted: &AdmittedPush<'_>) -> Result<(), Refusal> {
        let (intake, name) = (self.backend.intake(), &*admitted.integration.name);
        if crate::json::parse(&admitted.payload, &crate::json::Arena::new()).is_err() {
            // Refused with the place and the reason, and kept in the quarantine, as by the other protocols.
            return self.accept(admitted, PushOrigin::Alertmanager, admitted.payload.clone()).await.map(drop);
        }
        let posted = intake.incoming(name, PushOrigin::Alertmanager, Vec::new());
        let now = posted.now;
        let reason = match alertmanager::read(&admitted.payload, now) {
            Ok(ParsedAlerts { alerts, errors }) => {
                let select = |mut cache: MutexGuard<'_, AlertCache>| cache.select_new(name, alerts, now);
                let new = intake.alert_cache.lock().map(select).unwrap_or_default();
                if !new.is_empty() {
                    let payload = alertmanager::webhook(name, &new);
                    self.accept(admitted, PushOrigin::Alertmanager, payload).await?;
                    if let Ok(mut cache) = intake.alert_cache.lock() {
                        cache.insert_all(name, new, now);
                    }
                }
                if errors.is_empty() {
                    return Ok(());
                }
                errors.join("; ")
            }
            Err(reason) => reason,
        };
        // The whole body is kept as it came.
        let refusal = Refusal::NotAlerts { id: posted.id, reason };
        let posted = IncomingPush { payload: admitted.payload.clone(), ..posted };
        accept::quarantine(&*self.backend, &admitted.sender.prepared, posted, &refusal).await?;
        Err(refusal)
    }

    /// Counts and logs a refusal; neither ever holds a URL, a key or a header.
    fn record_refusal(&self, protocol: PushProtocol, sender: &PushSender, problem: &Problem) {
        let integration = sender.integration.as_ref().filter(|_| sender.is_verified);
        let integration = integration.map_or("", |integration| &integration.name);
        let (route, status) = (protocol.route(), problem.status.as_u16());
        let labels = PushLabels { integration: integration.to_owned(), status };
        self.backend.intake().metrics.pushes.get_or_create(&labels).inc();
        let id = problem.quarantined.map(|id| id.to_string());
        if integration.is_empty() {
            tracing::debug!(route, status, "push refused");
        } else {
            tracing::info!(route, integration, status, id, "push refused");
        }
    }
}

/// The key of a request: `integration_key` of its query, else its Bearer token, else `X-Integration-Key`.
fn key(parts: &Parts) -> Option<Cow<'_, [u8]>> {
    let query = parts.uri.query().unwrap_or_default();
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let in_query = pairs.into_iter().find(|(name, _)| name == "integration_key").map(|(_, value)| value);
    if let Some(value) = in_query {
        return Some(match value {
            Cow::Borrowed(value) => Cow::Borrowed(value.as_bytes()),
            Cow::Owned(value) => Cow::Owned(value.into_bytes()),
        });
    }
    let bearer = parts.headers.get(AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.as_bytes().split_at_checked("Bearer ".len())?;
        scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
    });
    let own = || parts.headers.get("x-integration-key").map(HeaderValue::as_bytes);
    bearer.or_else(own).map(Cow::Borrowed)
}

fn check_rate(integration: &PreparedIntegration) -> Result<(), Refusal> {
    let Some(bucket) = &integration.bucket else { return Ok(()) };
    let per_minute = bucket.per_minute();
    bucket.take(Instant::now()).map_err(|wait| Refusal::RateLimited { per_minute, wait })
}

fn receipt_json(receipt: &Receipt) -> String {
    let duplicate = if receipt.duplicate { ",\"duplicate\":true" } else { "" };
    let id = receipt.id.to_string();
    ["{\"id\":\"", &id, "\"", duplicate, ",\"outcomes\":", &receipt.outcomes, "}\n"].concat()
}

/// Resolves alerts that Prometheus stopped sending.
pub(super) async fn resolve_expired<H: IntakeBackend>(backend: &Arc<H>) {
    let intake = backend.intake();
    let now = intake.clock.now();
    let batches = intake.alert_cache.lock().map(|mut cache| cache.expired(now)).unwrap_or_default();
    for ExpiredBatch { integration, mut alerts } in batches {
        if let Ok(cache) = intake.alert_cache.lock() {
            alerts.retain(|alert| cache.is_expired(&integration, alert, now));
        }
        if alerts.is_empty() || backend.is_stopping() {
            continue;
        }
        let payload = alertmanager::webhook(&integration, &alerts);
        let incoming = intake.incoming(&integration, PushOrigin::Alertmanager, payload);
        let accepted = accept::accept(backend, intake.prepared_version(&**backend), incoming).await;
        let Ok(mut cache) = intake.alert_cache.lock() else { continue };
        match accepted {
            Ok(_) => cache.insert_all(&integration, alerts, now),
            // The next round tries again.
            Err(Refusal::NotDurable(_)) => {}
            Err(_) => cache.remove_all(&integration, &alerts),
        }
    }
}
