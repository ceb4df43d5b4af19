//! Which path is handled by which handler.

use super::backend::IntakeBackend;
use super::body::BodyBudget;
use super::handlers::{HandlerState, PushProtocol};
use super::memory::MemoryBudget;
use super::{Refusal, flashduty};
use crate::gateway::problem::Problem;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Response, StatusCode};
use axum::routing::{get, post};
use std::sync::Arc;

/// The answer to other methods at a push URL.
const ONLY_POST: &str = "this path accepts POST only";

/// All routes.
pub(super) fn router<H: IntakeBackend>(backend: Arc<H>) -> Router {
    let limits = &backend.intake().limits;
    let (body_budget, answer_budget) = (BodyBudget::new(limits), MemoryBudget::new(limits.answer_bytes));
    let by_post = |protocol| {
        post(move |State(state): State<Arc<HandlerState<H>>>, request: Request<Body>| async move {
            state.answer(protocol, request).await
        })
    };
    Router::new()
        .route("/push/{integration}", by_post(PushProtocol::Pointsman).fallback(only_post))
        .route("/push/{integration}/{*suffix}", by_post(PushProtocol::Pointsman).fallback(only_post))
        .route("/event/push/alert/standard", by_post(PushProtocol::Flashduty).fallback(flashduty_takes_post::<H>))
        .route("/api/v2/alerts", by_post(PushProtocol::Alertmanager).fallback(only_post))
        .route("/-/healthy", get(healthy).fallback(only_get))
        .route("/-/ready", get(ready::<H>).fallback(only_get))
        .fallback(not_found)
        .with_state(Arc::new(HandlerState { backend, body_budget, answer_budget }))
}

async fn healthy() -> &'static str {
    "OK"
}

async fn ready<H: IntakeBackend>(State(state): State<Arc<HandlerState<H>>>) -> Response<Body> {
    if state.backend.is_stopping() {
        Refusal::Stopping.problem().to_response()
    } else {
        Response::new(Body::from("OK"))
    }
}

async fn not_found() -> Response<Body> {
    Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path")
        .help("push URLs are `/push/{integration}`; Flashduty's is `/event/push/alert/standard`, Alertmanager's `/api/v2/alerts`")
        .to_response()
}

async fn only_post() -> Response<Body> {
    not_allowed("POST", ONLY_POST).to_response()
}

async fn only_get() -> Response<Body> {
    not_allowed("GET, HEAD", "this path accepts GET and HEAD only").to_response()
}

async fn flashduty_takes_post<H: IntakeBackend>(State(state): State<Arc<HandlerState<H>>>) -> Response<Body> {
    flashduty::refused(&not_allowed("POST", ONLY_POST), state.backend.intake().next_id())
}

fn not_allowed(allow: &'static str, detail: &'static str) -> Problem {
    Problem { allow: Some(allow), ..Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail) }
}
