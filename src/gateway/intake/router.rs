//! Which path is which door.

use super::doors;
use super::flashduty;
use super::host::Host;
use super::problem::Problem;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use std::sync::Arc;

/// What the doors share.
pub(super) struct Front<H> {
    pub(super) host: Arc<H>,
    pub(super) room: super::body::Room,
}

/// All doors.
pub(super) fn router<H: Host>(host: Arc<H>) -> Router {
    let room = super::body::Room::new(host.limits().body_bytes);
    Router::new()
        .route("/push/{integration}", post(doors::push::<H>).fallback(only_post))
        .route("/event/push/alert/standard", post(doors::flashduty::<H>).fallback(flashduty_takes_post::<H>))
        .route("/api/v2/alerts", post(doors::alertmanager::<H>).fallback(only_post))
        .route("/-/healthy", get(healthy).fallback(only_get))
        .route("/-/ready", get(ready::<H>).fallback(only_get))
        .fallback(nowhere)
        .with_state(Arc::new(Front { host, room }))
}

async fn healthy() -> &'static str {
    "OK"
}

async fn ready<H: Host>(State(front): State<Arc<Front<H>>>) -> Response<Body> {
    if front.host.is_stopping() { Problem::stopping().answer() } else { Response::new(Body::from("OK")) }
}

async fn nowhere() -> Response<Body> {
    Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path")
        .help("push URLs are `/push/{integration}`; Flashduty's is `/event/push/alert/standard`, Alertmanager's `/api/v2/alerts`")
        .answer()
}

async fn only_post() -> Response<Body> {
    not_allowed("POST", "send it with POST").answer()
}

async fn only_get() -> Response<Body> {
    not_allowed("GET, HEAD", "ask with GET").answer()
}

async fn flashduty_takes_post<H: Host>(State(front): State<Arc<Front<H>>>) -> Response<Body> {
    flashduty::refused(&not_allowed("POST", "send it with POST"), front.host.intake().id())
}

fn not_allowed(allow: &'static str, help: &'static str) -> Problem {
    let problem =
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "the method is not one of those that this path takes");
    Problem { allow: Some(allow), ..problem }.help(help)
}
