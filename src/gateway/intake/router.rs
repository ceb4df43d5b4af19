//! Which path is which door.

use super::backend::IntakeBackend;
use super::flashduty;
use super::handlers;
use super::problem::HttpProblem;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use std::sync::Arc;

/// What the doors share.
pub(super) struct HandlerState<H> {
    pub(super) backend: Arc<H>,
    pub(super) body_budget: super::body::BodyBudget,
}

/// All doors.
pub(super) fn router<H: IntakeBackend>(host: Arc<H>) -> Router {
    let room = super::body::BodyBudget::new(host.limits().body_bytes);
    Router::new()
        .route("/push/{integration}", post(handlers::push::<H>).fallback(only_post))
        .route(
            "/event/push/alert/standard",
            post(handlers::flashduty::<H>).fallback(flashduty_takes_post::<H>),
        )
        .route("/api/v2/alerts", post(handlers::alertmanager::<H>).fallback(only_post))
        .route("/-/healthy", get(healthy).fallback(only_get))
        .route("/-/ready", get(ready::<H>).fallback(only_get))
        .fallback(not_found)
        .with_state(Arc::new(HandlerState { backend: host, body_budget: room }))
}

async fn healthy() -> &'static str {
    "OK"
}

async fn ready<H: IntakeBackend>(State(front): State<Arc<HandlerState<H>>>) -> Response<Body> {
    if front.backend.is_stopping() {
        HttpProblem::stopping().to_response()
    } else {
        Response::new(Body::from("OK"))
    }
}

async fn not_found() -> Response<Body> {
    HttpProblem::new(StatusCode::NOT_FOUND, "there is nothing at this path")
        .help("push URLs are `/push/{integration}`; Flashduty's is `/event/push/alert/standard`, Alertmanager's `/api/v2/alerts`")
        .to_response()
}

async fn only_post() -> Response<Body> {
    not_allowed("POST", "send it with POST").to_response()
}

async fn only_get() -> Response<Body> {
    not_allowed("GET, HEAD", "ask with GET").to_response()
}

async fn flashduty_takes_post<H: IntakeBackend>(State(front): State<Arc<HandlerState<H>>>) -> Response<Body> {
    flashduty::refused(&not_allowed("POST", "send it with POST"), front.backend.intake().next_id())
}

fn not_allowed(allow: &'static str, help: &'static str) -> HttpProblem {
    let problem = HttpProblem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "the method is not one of those that this path takes",
    );
    HttpProblem { allow: Some(allow), ..problem }.help(help)
}
