//! The doors: a request becomes a payload of an integration, and a receipt or refusal an answer in the door's own words.

#![expect(clippy::disallowed_methods, reason = "how long a push takes is measured")]

use super::alertmanager as alerts;
use super::body::{self, Form, Taken};
use super::flashduty as words;
use super::form;
use super::host::Host;
use super::problem::Problem;
use super::reception::{Desk, MAX_BODY, Reception};
use super::router::Front;
use super::{Receipt, Refusal, now, since_1970, take};
use crate::gateway::journal::{self, Door, Fault};
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
struct Admitted {
    reception: Arc<Reception>,
    desk: Arc<Desk>,
    payload: Vec<u8>,
    form: Form,
    /// When the last byte came.
    began: Instant,
    /// The room that the body takes until the answer is made.
    _taken: Taken,
}

/// A refusal, and whose it is where that is known.
struct Refused(Box<Problem>, Option<Arc<Desk>>);

/// `POST /push/{integration}`
pub(super) async fn push<H: Host>(
    State(front): State<Arc<Front<H>>>,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let name = parts.uri.path().strip_prefix("/push/").unwrap_or_default().to_owned();
    let mut admitted = match admit(&front, &parts, body, Some(&name)).await {
        Ok(admitted) => admitted,
        Err(refused) => return front.refuse("/push/{integration}", &refused).answer(),
    };
    let door = match admitted.form {
        Form::Json => Door::Push,
        Form::UrlEncoded => Door::Form,
    };
    let payload = std::mem::take(&mut admitted.payload);
    match front.accept(&admitted, door, payload).await {
        Ok(receipt) => {
            front.count(&admitted);
            json(StatusCode::ACCEPTED, written(&receipt))
        }
        Err(refusal) => {
            let refused = Refused(Box::new(problem(refusal)), Some(Arc::clone(&admitted.desk)));
            front.refuse("/push/{integration}", &refused).answer()
        }
    }
}

/// `POST /event/push/alert/standard`: the key alone names the integration.
pub(super) async fn flashduty<H: Host>(
    State(front): State<Arc<Front<H>>>,
    request: Request<Body>,
) -> Response<Body> {
    const ROUTE: &str = "/event/push/alert/standard";
    let (parts, body) = request.into_parts();
    let refuse = |refused: &Refused| words::refused(&front.refuse(ROUTE, refused), front.host.intake().id());
    let mut admitted = match admit(&front, &parts, body, None).await {
        Ok(admitted) => admitted,
        Err(refused) => return refuse(&refused),
    };
    let payload = std::mem::take(&mut admitted.payload);
    match front.accept(&admitted, Door::Flashduty, payload).await {
        Ok(receipt) => {
            front.count(&admitted);
            json(StatusCode::OK, words::accepted(&receipt))
        }
        Err(refusal) => refuse(&Refused(Box::new(problem(refusal)), Some(Arc::clone(&admitted.desk)))),
    }
}

/// `POST /api/v2/alerts`: the key alone names the integration.
pub(super) async fn alertmanager<H: Host>(
    State(front): State<Arc<Front<H>>>,
    request: Request<Body>,
) -> Response<Body> {
    const ROUTE: &str = "/api/v2/alerts";
    let (parts, body) = request.into_parts();
    let in_words = |refused: &Refused| {
        let problem = front.refuse(ROUTE, refused);
        // Alertmanager's errors are JSON strings.
        problem.dress("application/json", serde_json::Value::from(problem.detail.as_ref()).to_string())
    };
    let admitted = match admit(&front, &parts, body, None).await {
        Ok(admitted) => admitted,
        Err(refused) => return in_words(&refused),
    };
    match front.tell(&admitted).await {
        Ok(()) => {
            front.count(&admitted);
            Response::new(Body::empty())
        }
        Err(problem) => in_words(&Refused(Box::new(problem), Some(Arc::clone(&admitted.desk)))),
    }
}

/// Finds the integration, reads the body and verifies it.
///
/// Where the key is given, the body is read only if it is the integration's. Where none is given, a signature may stand for
/// it at a URL that names the integration; the body is then read whether there is such an integration or not, so that the
/// two look the same from outside.
async fn admit<H: Host>(
    front: &Front<H>,
    parts: &Parts,
    body: Body,
    name: Option<&str>,
) -> Result<Admitted, Refused> {
    let host = &*front.host;
    if host.is_stopping() {
        return Err(Refused(Box::new(Problem::stopping()), None));
    }
    let reception = host.intake().reception(host);
    let key = key(parts);
    let desk = match (&key, name) {
        (Some(key), None) => reception.opened_by(key),
        (Some(key), Some(name)) => reception.opened_by(key).filter(|desk| *desk.name == *name),
        (None, Some(name)) => reception.named(name).filter(|desk| desk.verifier.is_some()),
        (None, None) => None,
    };
    let desk = desk.cloned();
    let has_key = key.is_some();
    if desk.is_none() && (has_key || name.is_none()) {
        return Err(Refused(Box::new(nobody(name)), None));
    }
    if let Some(desk) = desk.as_ref().filter(|_| has_key) {
        within_rate(desk)?;
    }
    let most = desk.as_ref().map_or(MAX_BODY, |desk| desk.max_body);
    let known = desk.clone().filter(|_| has_key);
    let read = body::read(&parts.headers, body, most, host.limits().body_time, &front.room).await;
    let hide = |problem: Problem| match &known {
        Some(desk) => Refused(Box::new(problem), Some(Arc::clone(desk))),
        None => Refused(Box::new(Problem { close: problem.close, ..nobody(name) }), None),
    };
    let (raw, mut taken) = read.map_err(hide)?;
    let Some(desk) = desk else { return Err(Refused(Box::new(nobody(name)), None)) };
    let began = Instant::now();
    if let Some(verifier) = &desk.verifier {
        let seconds = i64::try_from(since_1970().as_secs()).unwrap_or(i64::MAX);
        if !verifier.holds(&parts.headers, &raw, seconds) {
            return Err(hide(unsigned()));
        }
    }
    if !has_key {
        within_rate(&desk)?;
    }
    let refuse = |problem| Refused(Box::new(problem), Some(Arc::clone(&desk)));
    let form = body::form(&parts.headers).map_err(refuse)?;
    let plain = body::unpack(&parts.headers, raw, most, &mut taken).map_err(refuse)?;
    let payload = match form {
        Form::Json => plain,
        Form::UrlEncoded => {
            form::to_json(&plain).map_err(|reason| refuse(Problem::new(StatusCode::BAD_REQUEST, reason)))?
        }
    };
    Ok(Admitted { reception, desk, payload, form, began, _taken: taken })
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
fn nobody(name: Option<&str>) -> Problem {
    match name {
        Some(_) => Problem::unknown(),
        None => Problem::new(StatusCode::UNAUTHORIZED, "the key opens no integration")
            .help("give the key as `?integration_key=…` or as `Authorization: Bearer …`"),
    }
}

fn unsigned() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "the push is not signed as its integration asks").help(
        "compare `signature`, `secret` and, where the scheme signs a time, the clocks of both sides; the bytes are \
         verified as they were sent, before unpacking",
    )
}

fn within_rate(desk: &Arc<Desk>) -> Result<(), Refused> {
    let Some(bucket) = &desk.bucket else { return Ok(()) };
    bucket.take(Instant::now()).map_err(|wait| {
        let (most, plural) = (bucket.per_minute(), if bucket.per_minute() == 1 { "" } else { "es" });
        let detail = format!("the integration takes {most} push{plural} a minute");
        Refused(Box::new(Problem::unavailable(detail, wait)), Some(Arc::clone(desk)))
    })
}

impl<H: Host> Front<H> {
    async fn accept(&self, admitted: &Admitted, door: Door, payload: Vec<u8>) -> Result<Receipt, Refusal> {
        let reception = Arc::clone(&admitted.reception);
        take(&*self.host, reception, &admitted.desk.name, door, payload, None).await
    }

    /// Tells what is new among posted alerts.
    async fn tell(&self, admitted: &Admitted) -> Result<(), Problem> {
        let (name, now) = (&*admitted.desk.name, now().epoch_milliseconds());
        if crate::json::parse(&admitted.payload, &crate::json::Arena::new()).is_err() {
            // Refused with the place and the reason, and kept in the quarantine, as by every other door.
            let accepted = self.accept(admitted, Door::Alertmanager, admitted.payload.clone()).await;
            return accepted.map(drop).map_err(problem);
        }
        let (alerts, refused) = match alerts::read(&admitted.payload, now) {
            Ok(read) => read,
            Err(reason) => return Err(self.set_aside(admitted, now, reason).await),
        };
        let memory = || self.host.intake().memory.lock();
        let news = memory().map(|mut memory| memory.news(name, alerts, now)).unwrap_or_default();
        if !news.is_empty() {
            let payload = alerts::webhook(name, &news);
            self.accept(admitted, Door::Alertmanager, payload).await.map_err(problem)?;
            if let Ok(mut memory) = memory() {
                memory.keep(name, news, now);
            }
        }
        if refused.is_empty() {
            return Ok(());
        }
        Err(self.set_aside(admitted, now, refused.join("; ")).await)
    }

    /// Keeps a body of which something is no alert, as it came.
    async fn set_aside(&self, admitted: &Admitted, received: i64, reason: String) -> Problem {
        let (id, payload) = (self.host.intake().id(), admitted.payload.clone());
        let (integration, door) = (admitted.desk.name.to_string(), Door::Alertmanager);
        let kept = reason.clone();
        let refused =
            journal::Refused { id, integration, door, received, payload, status: 400, reason: kept };
        match super::set_aside(&*self.host, &admitted.reception, refused).await {
            Ok(()) => Problem {
                quarantined: Some(id),
                ..Problem::new(StatusCode::BAD_REQUEST, reason)
                    .help("post what Prometheus posts: an array of alerts with labels")
            },
            Err(refusal) => problem(refusal),
        }
    }

    fn count(&self, admitted: &Admitted) {
        admitted.desk.accepted.inc();
        self.host.metrics().push_seconds.observe(admitted.began.elapsed().as_secs_f64());
        tracing::debug!(integration = %admitted.desk.name, "a push was accepted");
    }

    /// Counts and logs a refusal; neither ever holds a URL, a key or a header.
    fn refuse(&self, route: &'static str, refused: &Refused) -> Problem {
        let Refused(problem, desk) = refused;
        let (status, integration) = (problem.status.as_u16(), desk.as_ref().map_or("", |desk| &desk.name));
        let labels = PushLabels { integration: integration.to_owned(), status };
        self.host.metrics().pushes.get_or_create(&labels).inc();
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
pub(super) async fn resolve_lapsed<H: Host>(host: &H) {
    let now = now().epoch_milliseconds();
    let memory = || host.intake().memory.lock();
    let batches = memory().map(|mut memory| memory.lapsed(now)).unwrap_or_default();
    for (integration, mut alerts) in batches {
        if let Ok(memory) = memory() {
            alerts.retain(|alert| memory.is_lapsed(&integration, alert, now));
        }
        if alerts.is_empty() || host.is_stopping() {
            continue;
        }
        let payload = alerts::webhook(&integration, &alerts);
        let reception = host.intake().reception(host);
        let accepted = take(host, reception, &integration, Door::Alertmanager, payload, None).await;
        let Ok(mut memory) = memory() else { continue };
        match accepted {
            Ok(_) => memory.keep(&integration, alerts, now),
            Err(Refusal::Unknown | Refusal::Invalid(..) | Refusal::Unaccepted(..) | Refusal::TooMuch(..)) => {
                memory.lose(&integration, &alerts);
            }
            // The next round tries again.
            Err(Refusal::Fault(_)) => {}
        }
    }
}

/// A refusal as a problem.
fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Invalid(id, reason) => Problem {
            quarantined: Some(id),
            ..Problem::new(StatusCode::BAD_REQUEST, reason)
                .help("the body is not JSON; it is kept in the quarantine under that id")
        },
        Refusal::Unaccepted(id, reason) => Problem {
            quarantined: Some(id),
            ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("no mapping accepts the payload: {reason}")).help(
                "mend the rules and run `pointsman quarantine replay` with that id, or mend what the sender sends",
            )
        },
        Refusal::TooMuch(id, reason) => Problem {
            quarantined: Some(id),
            ..Problem::new(StatusCode::PAYLOAD_TOO_LARGE, reason)
                .help("send fewer alerts at once, or have the rules send them to fewer channels")
        },
        Refusal::Unknown => Problem::unknown(),
        Refusal::Fault(fault) => {
            let wait = match &fault {
                Fault::Full => Duration::from_secs(10),
                Fault::NoSpace => Duration::from_mins(1),
                Fault::Failed(_) | Fault::Closed => Duration::from_secs(5),
            };
            tracing::warn!(%fault, "a push could not be made durable");
            let detail = match fault {
                Fault::Full => "too much waits for delivery",
                Fault::NoSpace => "there is no room to keep the push",
                Fault::Failed(_) | Fault::Closed => "the push could not be made durable",
            };
            Problem::unavailable(detail, wait)
        }
    }
}

fn json(status: StatusCode, body: String) -> Response<Body> {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

fn written(receipt: &Receipt) -> String {
    let duplicate = if receipt.duplicate { ",\"duplicate\":true" } else { "" };
    let id = receipt.id.to_string();
    ["{\"id\":\"", &id, "\"", duplicate, ",\"outcomes\":", &receipt.outcomes, "}\n"].concat()
}
