//! What a listener does with a request: find the integration, read and verify the body, accept the payload, answer in the
//! words of the protocol.

#![expect(clippy::disallowed_methods, reason = "how long a push takes is measured")]

use super::backend::IntakeBackend;
use super::body::{self, BodyBudget, BodyFormat, BodyReservation, BodyType, ReceivedBody};
use super::body_work::LARGE_BODY;
use super::decide::IncomingPush;
use super::memory::MemoryBudget;
use super::prepared_version::{PreparedIntegration, PreparedVersion};
use super::refusal::Refusal;
use super::rejected_senders::{RejectedPush, RejectionReason};
use super::{Receipt, accept, answer, flashduty, posted_alerts, request_metadata};
use crate::channel::HOPS_HEADER;
use crate::evaluate::RequestMetadata;
use crate::gateway::journal::{JournalError, PushOrigin};
use crate::gateway::listener::PeerAddress;
use crate::gateway::metrics::PushLabels;
use crate::gateway::problem::{self, Problem};
use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

/// What the handlers share.
pub(super) struct HandlerState<H> {
    pub(super) backend: Arc<H>,
    pub(super) body_budget: BodyBudget,
    pub(super) answer_budget: MemoryBudget,
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
            Self::Pointsman => Some(push_path(parts).0),
            Self::Flashduty | Self::Alertmanager => None,
        }
    }

    /// The path behind the integration's name, as it was sent.
    fn path_suffix(self, parts: &Parts) -> Option<&str> {
        match self {
            Self::Pointsman => push_path(parts).1,
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

/// The name of the integration and what stands behind it in the path.
fn push_path(parts: &Parts) -> (&str, Option<&str>) {
    let path = parts.uri.path().strip_prefix("/push/").unwrap_or_default();
    path.split_once('/').map_or((path, None), |(name, suffix)| (name, Some(suffix)))
}

/// Who pushes, as far as that is known.
struct PushSender {
    prepared: Arc<PreparedVersion>,
    /// The integration that the path or the key names.
    integration: Option<Arc<PreparedIntegration>>,
    has_key: bool,
    peer: IpAddr,
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
        let peer = parts.extensions.get().map_or(Ipv4Addr::UNSPECIFIED.into(), |PeerAddress(peer)| *peer);
        Self { is_verified: has_key && integration.is_some(), prepared, integration, has_key, peer }
    }

    /// What the sender learns of a refusal: everything where it is verified, else only that it is not, or that it may try
    /// again.
    fn problem(&self, refusal: &Refusal, protocol: PushProtocol) -> Problem {
        let problem = refusal.problem();
        let is_for_all = matches!(refusal, Refusal::Stopping | Refusal::KeylessBusy | Refusal::BodyBudgetExhausted);
        if self.is_verified || is_for_all {
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
    /// What the request says besides, as far as mappings read it.
    request: RequestMetadata,
    format: BodyFormat,
    /// Through how many deliveries of gateways it came.
    hops: u32,
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
                // Where space is short, the detail of the refusal says as much.
                if let Refusal::NotDurable(error) = &refusal
                    && !matches!(error, JournalError::LowSpace(_))
                {
                    tracing::warn!(%error, "cannot make a push durable");
                }
                let problem = sender.problem(&refusal, protocol);
                self.record_refusal(protocol, &sender, &problem);
                if let Some(reason) = RejectionReason::of(&refusal) {
                    self.record_rejection(protocol, &sender, &parts, reason);
                }
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
                answer::accepted(&receipt, &self.answer_budget)
            }
            PushProtocol::Flashduty => {
                let payload = std::mem::take(&mut admitted.payload);
                let receipt = self.accept(&admitted, PushOrigin::Flashduty, payload).await?;
                problem::json(&flashduty::accepted(&receipt))
            }
            PushProtocol::Alertmanager => {
                let payload = std::mem::take(&mut admitted.payload);
                let prepared = Arc::clone(&admitted.sender.prepared);
                let posted =
                    self.backend.intake().incoming(&admitted.integration.name, PushOrigin::Alertmanager, payload);
                let posted = IncomingPush { hops: admitted.hops, ..posted };
                posted_alerts::accept(&self.backend, prepared, posted).await?;
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
    /// path that names the integration. Then the body is read and verified alike whether the integration exists or not, so
    /// that nobody can tell from outside; and it is not read at all where no integration asks for signatures.
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
        let received = if sender.has_key {
            let integration = sender.integration.as_ref().ok_or_else(|| protocol.unknown_sender())?;
            check_rate(integration)?;
            self.read(parts, body, integration.max_body, self.body_budget.with_key(&integration.name)?).await?
        } else {
            let is_possible = protocol.integration(parts).is_some();
            let max_size = sender.prepared.max_keyless_body().filter(|_| is_possible);
            let max_size = max_size.ok_or_else(|| protocol.unknown_sender())?;
            self.read(parts, body, max_size, self.body_budget.without_key(sender.peer)?).await?
        };
        let began = Instant::now();
        let integration = self.verify(protocol, sender, parts, &received)?;
        let request = request_metadata::read(&integration.reads, &parts.headers, protocol.path_suffix(parts))?;
        let mut body_type = BodyType::of(&parts.headers)?;
        if integration.verifier.is_some() {
            body_type = body_type.of_signed(&received.bytes);
        }
        let (payload, format, reservation) = self.open(body_type, received, integration.max_body).await?;
        let hops = hops(parts);
        Ok(AdmittedPush { sender, integration, payload, request, format, hops, began, _reservation: reservation })
    }

    async fn read(
        &self,
        parts: &Parts,
        body: Body,
        max_size: usize,
        reservation: BodyReservation,
    ) -> Result<ReceivedBody, Refusal> {
        let patience = self.backend.intake().limits.body_time;
        body::read(&parts.headers, body, max_size, patience, reservation).await
    }

    /// The integration that a body may be pushed to.
    fn verify(
        &self,
        protocol: PushProtocol,
        sender: &mut PushSender,
        parts: &Parts,
        received: &ReceivedBody,
    ) -> Result<Arc<PreparedIntegration>, Refusal> {
        let seconds = self.backend.intake().clock.now().epoch_milliseconds() / 1000;
        let name = protocol.integration(parts).unwrap_or_default();
        let verifier = match &sender.integration {
            Some(integration) => integration.verifier.as_ref(),
            // The work is the same for a name that does not exist; its result is not.
            None => sender.prepared.decoy_verifier(name),
        };
        let is_signed = verifier.is_none_or(|verifier| {
            self.backend.intake().metrics.signatures.inc();
            verifier.verify(&parts.headers, &received.bytes, seconds)
        });
        let integration = sender.integration.clone().ok_or_else(|| protocol.unknown_sender())?;
        if !is_signed {
            return Err(Refusal::InvalidSignature);
        }
        sender.is_verified = true;
        if !sender.has_key {
            check_rate(&integration)?;
            if received.bytes.len() > integration.max_body {
                return Err(Refusal::BodyTooLarge { limit: integration.max_body });
            }
        }
        Ok(integration)
    }

    /// Unpacks and reads a body; a large one apart from the connections.
    async fn open(
        &self,
        body_type: BodyType,
        mut received: ReceivedBody,
        max_size: usize,
    ) -> Result<(Vec<u8>, BodyFormat, BodyReservation), Refusal> {
        received.reservation.verify();
        let hint = body_type.size_hint(&received.bytes).min(max_size);
        if hint <= LARGE_BODY {
            let limit = max_size.min(LARGE_BODY);
            match body_type.read(&mut received, limit) {
                // It is larger than its packing says.
                Err(Refusal::BodyTooLarge { .. }) if limit < max_size => {}
                Err(refusal) => return Err(refusal),
                Ok((payload, format)) => return Ok((payload, format, received.reservation)),
            }
        }
        let work = move || body_type.read(&mut received, max_size).map(|read| (read, received.reservation));
        let (read, _slot) = self.backend.intake().body_work.run(hint.max(LARGE_BODY + 1), work).await?;
        read.map(|((payload, format), reservation)| (payload, format, reservation))
    }

    async fn accept(
        &self,
        admitted: &AdmittedPush<'_>,
        origin: PushOrigin,
        payload: Vec<u8>,
    ) -> Result<Receipt, Refusal> {
        let incoming = self.backend.intake().incoming(&admitted.integration.name, origin, payload);
        let incoming = IncomingPush { hops: admitted.hops, request: admitted.request.clone(), ..incoming };
        accept::accept(&self.backend, Arc::clone(&admitted.sender.prepared), incoming).await
    }

    /// Counts and tells that a sender was turned away.
    fn record_rejection(&self, protocol: PushProtocol, sender: &PushSender, parts: &Parts, reason: RejectionReason) {
        let intake = self.backend.intake();
        let integration = protocol.integration(parts);
        let push = RejectedPush { integration, reason, peer: sender.peer, route: protocol.route() };
        intake.metrics.rejections.get_or_create(&push.labels(&sender.prepared)).inc();
        intake.rejected_senders.record(&push, &sender.prepared, intake.clock.now());
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
            // A reason that the rules give may hold the path, which is never logged.
            let reads_path = sender.integration.as_ref().is_some_and(|integration| integration.reads.path_suffix);
            let detail = (!reads_path).then_some(problem.detail.as_ref());
            tracing::warn!(route, integration, status, id, detail, "push refused");
        }
    }
}

/// Through how many deliveries of gateways a request came; 0 where it does not say so.
fn hops(parts: &Parts) -> u32 {
    let value = parts.headers.get(HOPS_HEADER).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.parse().ok()).unwrap_or_default()
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
