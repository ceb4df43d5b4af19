//! The doors: a request becomes a payload of an integration, and a receipt or refusal an answer in the door's own words.

#![expect(clippy::disallowed_methods, reason = "how long a push takes is measured")]

use super::alertmanager as alerts;
use super::backend::IntakeBackend;
use super::body::{self, BodyFormat, BodyReservation};
use super::flashduty as words;
use super::form;
use super::prepared_version::{MAX_BODY, PreparedIntegration, PreparedVersion};
use super::problem::HttpProblem;
use super::router::HandlerState;
use super::{PushRefusal, Receipt, now, process_push, since_1970};
use crate::gateway::journal::{self, JournalError, PushOrigin};
use crate::gateway::metrics::PushLabels;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A payload that may be evaluated: its sender holds a key or signed it, and the limits hold.
struct AdmittedRequest {
    prepared: Arc<PreparedVersion>,
    integration: Arc<PreparedIntegration>,
    payload: Vec<u8>,
    format: BodyFormat,
    /// When the last byte came.
    began: Instant,
    /// The room that the body takes until the answer is made.
    _reservation: BodyReservation,
}

/// A refusal, and whose it is where that is known.
struct RefusedRequest(Box<HttpProblem>, Option<Arc<PreparedIntegration>>);

/// `POST /push/{integration}`
pub(super) async fn push<H: IntakeBackend>(
    State(front): State<Arc<HandlerState<H>>>,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let name = parts.uri.path().strip_prefix("/push/").unwrap_or_default().to_owned();
    let mut admitted = match admit(&front, &parts, body, Some(&name)).await {
        Ok(admitted) => admitted,
        Err(refused) => return front.record_refusal("/push/{integration}", &refused).to_response(),
    };
    let door = match admitted.format {
        BodyFormat::Json => PushOrigin::Push,
        BodyFormat::UrlEncoded => PushOrigin::Form,
    };
    let payload = std::mem::take(&mut admitted.payload);
    match front.accept(&admitted, door, payload).await {
        Ok(receipt) => {
            front.count(&admitted);
            json(StatusCode::ACCEPTED, receipt_json(&receipt))
        }
        Err(refusal) => {
            let refused = RefusedRequest(Box::new(problem(refusal)), Some(Arc::clone(&admitted.integration)));
            front.record_refusal("/push/{integration}", &refused).to_response()
        }
    }
}

/// `POST /event/push/alert/standard`: the key alone names the integration.
pub(super) async fn flashduty<H: IntakeBackend>(
    State(front): State<Arc<HandlerState<H>>>,
    request: Request<Body>,
) -> Response<Body> {
    const ROUTE: &str = "/event/push/alert/standard";
    let (parts, body) = request.into_parts();
    let refuse = |refused: &RefusedRequest| {
        words::refused(&front.record_refusal(ROUTE, refused), front.backend.intake().next_id())
    };
    let mut admitted = match admit(&front, &parts, body, None).await {
        Ok(admitted) => admitted,
        Err(refused) => return refuse(&refused),
    };
    let payload = std::mem::take(&mut admitted.payload);
    match front.accept(&admitted, PushOrigin::Flashduty, payload).await {
        Ok(receipt) => {
            front.count(&admitted);
            json(StatusCode::OK, words::accepted(&receipt))
        }
        Err(refusal) => {
            refuse(&RefusedRequest(Box::new(problem(refusal)), Some(Arc::clone(&admitted.integration))))
        }
    }
}

/// `POST /api/v2/alerts`: the key alone names the integration.
pub(super) async fn alertmanager<H: IntakeBackend>(
    State(front): State<Arc<HandlerState<H>>>,
    request: Request<Body>,
) -> Response<Body> {
    const ROUTE: &str = "/api/v2/alerts";
    let (parts, body) = request.into_parts();
    let in_words = |refused: &RefusedRequest| {
        let problem = front.record_refusal(ROUTE, refused);
        // Alertmanager's errors are JSON strings.
        problem.to_response_with(
            "application/json",
            serde_json::Value::from(problem.detail.as_ref()).to_string(),
        )
    };
    let admitted = match admit(&front, &parts, body, None).await {
        Ok(admitted) => admitted,
        Err(refused) => return in_words(&refused),
    };
    match front.accept_new_alerts(&admitted).await {
        Ok(()) => {
            front.count(&admitted);
            Response::new(Body::empty())
        }
        Err(problem) => in_words(&RefusedRequest(Box::new(problem), Some(Arc::clone(&admitted.integration)))),
    }
}

/// Finds the integration, reads the body and verifies it.
///
/// Where the key is given, the body is read only if it is the integration's. Where none is given, a signature may stand for
/// it at a URL that names the integration; the body is then read whether there is such an integration or not, so that the
/// two look the same from outside.
async fn admit<H: IntakeBackend>(
    front: &HandlerState<H>,
    parts: &Parts,
    body: Body,
    name: Option<&str>,
) -> Result<AdmittedRequest, RefusedRequest> {
    let host = &*front.backend;
    if host.is_stopping() {
        return Err(RefusedRequest(Box::new(HttpProblem::stopping()), None));
    }
    let reception = host.intake().prepared_version(host);
    let key = key(parts);
    let desk = match (&key, name) {
        (Some(key), None) => reception.integration_by_key(key),
        (Some(key), Some(name)) => reception.integration_by_key(key).filter(|desk| *desk.name == *name),
        (None, Some(name)) => reception.integration_by_name(name).filter(|desk| desk.verifier.is_some()),
        (None, None) => None,
    };
    let desk = desk.cloned();
    let has_key = key.is_some();
    if desk.is_none() && (has_key || name.is_none()) {
        return Err(RefusedRequest(Box::new(no_such_integration(name)), None));
    }
    if let Some(desk) = desk.as_ref().filter(|_| has_key) {
        check_rate(desk)?;
    }
    let most = desk.as_ref().map_or(MAX_BODY, |desk| desk.max_body);
    let known = desk.clone().filter(|_| has_key);
    let read = body::read(&parts.headers, body, most, host.limits().body_time, &front.body_budget).await;
    let hide = |problem: HttpProblem| match &known {
        Some(desk) => RefusedRequest(Box::new(problem), Some(Arc::clone(desk))),
        None => {
            RefusedRequest(Box::new(HttpProblem { close: problem.close, ..no_such_integration(name) }), None)
        }
    };
    let (raw, mut taken) = read.map_err(hide)?;
    let Some(desk) = desk else { return Err(RefusedRequest(Box::new(no_such_integration(name)), None)) };
    let began = Instant::now();
    if let Some(verifier) = &desk.verifier {
        let seconds = i64::try_from(since_1970().as_secs()).unwrap_or(i64::MAX);
        if !verifier.verify(&parts.headers, &raw, seconds) {
            return Err(hide(invalid_signature()));
        }
    }
    if !has_key {
        check_rate(&desk)?;
    }
    let refuse = |problem| RefusedRequest(Box::new(problem), Some(Arc::clone(&desk)));
    let form = body::body_format(&parts.headers).map_err(refuse)?;
    let plain = body::unpack(&parts.headers, raw, most, &mut taken).map_err(refuse)?;
    let payload = match form {
        BodyFormat::Json => plain,
        BodyFormat::UrlEncoded => form::to_json(&plain)
            .map_err(|reason| refuse(HttpProblem::new(StatusCode::BAD_REQUEST, reason)))?,
    };
    Ok(AdmittedRequest {
        prepared: reception,
        integration: desk,
        payload,
        format: form,
        began,
        _reservation: taken,
    })
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

/// Where the URL names the integration, an unknown one and a wrong key are the same 404; where the key alone names it, a
/// wrong one is 401, which tells nothing about names.
fn no_such_integration(name: Option<&str>) -> HttpProblem {
    match name {
        Some(_) => HttpProblem::unknown_integration(),
        None => HttpProblem::new(StatusCode::UNAUTHORIZED, "the key opens no integration")
            .help("give the key as `?integration_key=…` or as `Authorization: Bearer …`"),
    }
}

fn invalid_signature() -> HttpProblem {
    HttpProblem::new(StatusCode::UNAUTHORIZED, "the push is not signed as its integration asks").help(
        "compare `signature`, `secret` and, where the scheme signs a time, the clocks of both sides; the bytes are \
         verified as they were sent, before unpacking",
    )
}

fn check_rate(desk: &Arc<PreparedIntegration>) -> Result<(), RefusedRequest> {
    let Some(bucket) = &desk.bucket else { return Ok(()) };
    bucket.take(Instant::now()).map_err(|wait| {
        let (most, plural) = (bucket.per_minute(), if bucket.per_minute() == 1 { "" } else { "es" });
        let detail = format!("the integration takes {most} push{plural} a minute");
        RefusedRequest(Box::new(HttpProblem::unavailable(detail, wait)), Some(Arc::clone(desk)))
    })
}

impl<H: IntakeBackend> HandlerState<H> {
    async fn accept(
        &self,
        admitted: &AdmittedRequest,
        door: PushOrigin,
        payload: Vec<u8>,
    ) -> Result<Receipt, PushRefusal> {
        let reception = Arc::clone(&admitted.prepared);
        process_push(&*self.backend, reception, &admitted.integration.name, door, payload, None).await
    }

    /// Tells what is new among posted alerts.
    async fn accept_new_alerts(&self, admitted: &AdmittedRequest) -> Result<(), HttpProblem> {
        let (name, now) = (&*admitted.integration.name, now().epoch_milliseconds());
        if crate::json::parse(&admitted.payload, &crate::json::Arena::new()).is_err() {
            // Refused with the place and the reason, and kept in the quarantine, as by every other door.
            let accepted = self.accept(admitted, PushOrigin::Alertmanager, admitted.payload.clone()).await;
            return accepted.map(drop).map_err(problem);
        }
        let (alerts, refused) = match alerts::read(&admitted.payload, now) {
            Ok(read) => read,
            Err(reason) => return Err(self.quarantine(admitted, now, reason).await),
        };
        let memory = || self.backend.intake().alert_cache.lock();
        let news = memory().map(|mut memory| memory.select_new(name, alerts, now)).unwrap_or_default();
        if !news.is_empty() {
            let payload = alerts::webhook(name, &news);
            self.accept(admitted, PushOrigin::Alertmanager, payload).await.map_err(problem)?;
            if let Ok(mut memory) = memory() {
                memory.insert_all(name, news, now);
            }
        }
        if refused.is_empty() {
            return Ok(());
        }
        Err(self.quarantine(admitted, now, refused.join("; ")).await)
    }

    /// Keeps a body of which something is no alert, as it came.
    async fn quarantine(&self, admitted: &AdmittedRequest, received: i64, reason: String) -> HttpProblem {
        let (id, payload) = (self.backend.intake().next_id(), admitted.payload.clone());
        let (integration, door) = (admitted.integration.name.to_string(), PushOrigin::Alertmanager);
        let kept = reason.clone();
        let refused = journal::RefusedPayload {
            id,
            integration,
            origin: door,
            received,
            payload,
            status: 400,
            reason: kept,
        };
        match super::quarantine(&*self.backend, &admitted.prepared, refused).await {
            Ok(()) => HttpProblem {
                quarantined: Some(id),
                ..HttpProblem::new(StatusCode::BAD_REQUEST, reason)
                    .help("post what Prometheus posts: an array of alerts with labels")
            },
            Err(refusal) => problem(refusal),
        }
    }

    fn count(&self, admitted: &AdmittedRequest) {
        admitted.integration.accepted.inc();
        self.backend.metrics().push_seconds.observe(admitted.began.elapsed().as_secs_f64());
        tracing::debug!(integration = %admitted.integration.name, "a push was accepted");
    }

    /// Counts and logs a refusal; neither ever holds a URL, a key or a header.
    fn record_refusal(&self, route: &'static str, refused: &RefusedRequest) -> HttpProblem {
        let RefusedRequest(problem, desk) = refused;
        let (status, integration) = (problem.status.as_u16(), desk.as_ref().map_or("", |desk| &desk.name));
        let labels = PushLabels { integration: integration.to_owned(), status };
        self.backend.metrics().pushes.get_or_create(&labels).inc();
        let id = problem.quarantined.map(|id| id.to_string());
        if integration.is_empty() {
            tracing::debug!(route, status, "a push was refused");
        } else {
            tracing::info!(route, integration, status, id, "a push was refused");
        }
        (**problem).clone()
    }
}

/// Resolves alerts that Prometheus stopped sending without a word.
pub(super) async fn resolve_expired<H: IntakeBackend>(host: &H) {
    let now = now().epoch_milliseconds();
    let memory = || host.intake().alert_cache.lock();
    let batches = memory().map(|mut memory| memory.expired(now)).unwrap_or_default();
    for (integration, mut alerts) in batches {
        if let Ok(memory) = memory() {
            alerts.retain(|alert| memory.is_expired(&integration, alert, now));
        }
        if alerts.is_empty() || host.is_stopping() {
            continue;
        }
        let payload = alerts::webhook(&integration, &alerts);
        let reception = host.intake().prepared_version(host);
        let accepted =
            process_push(host, reception, &integration, PushOrigin::Alertmanager, payload, None).await;
        let Ok(mut memory) = memory() else { continue };
        match accepted {
            Ok(_) => memory.insert_all(&integration, alerts, now),
            Err(
                PushRefusal::UnknownIntegration
                | PushRefusal::Invalid(..)
                | PushRefusal::Unaccepted(..)
                | PushRefusal::TooLarge(..),
            ) => {
                memory.remove_all(&integration, &alerts);
            }
            // The next round tries again.
            Err(PushRefusal::NotDurable(_)) => {}
        }
    }
}

/// A refusal as a problem.
fn problem(refusal: PushRefusal) -> HttpProblem {
    match refusal {
        PushRefusal::Invalid(id, reason) => HttpProblem {
            quarantined: Some(id),
            ..HttpProblem::new(StatusCode::BAD_REQUEST, reason)
                .help("the body is not JSON; it is kept in the quarantine under that id")
        },
        PushRefusal::Unaccepted(id, reason) => HttpProblem {
            quarantined: Some(id),
            ..HttpProblem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("no mapping accepts the payload: {reason}")).help(
                "mend the rules and run `pointsman quarantine replay` with that id, or mend what the sender sends",
            )
        },
        PushRefusal::TooLarge(id, reason) => HttpProblem {
            quarantined: Some(id),
            ..HttpProblem::new(StatusCode::PAYLOAD_TOO_LARGE, reason)
                .help("send fewer alerts at once, or have the rules send them to fewer channels")
        },
        PushRefusal::UnknownIntegration => HttpProblem::unknown_integration(),
        PushRefusal::NotDurable(fault) => {
            let wait = match &fault {
                JournalError::Full => Duration::from_secs(10),
                JournalError::NoSpace => Duration::from_mins(1),
                JournalError::Failed(_) | JournalError::Closed => Duration::from_secs(5),
            };
            tracing::warn!(%fault, "a push could not be made durable");
            let detail = match fault {
                JournalError::Full => "too much waits for delivery",
                JournalError::NoSpace => "there is no room to keep the push",
                JournalError::Failed(_) | JournalError::Closed => "the push could not be made durable",
            };
            HttpProblem::unavailable(detail, wait)
        }
    }
}

fn json(status: StatusCode, body: String) -> Response<Body> {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

fn receipt_json(receipt: &Receipt) -> String {
    let duplicate = if receipt.duplicate { ",\"duplicate\":true" } else { "" };
    let id = receipt.id.to_string();
    ["{\"id\":\"", &id, "\"", duplicate, ",\"outcomes\":", &receipt.outcomes, "}\n"].concat()
}
