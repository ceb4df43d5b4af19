//! The endpoints for what the journal holds: each reads its request, carries out one operation, and writes its answer.
//!
//! Whoever nests these routes asks for the token.

#![expect(clippy::disallowed_methods, reason = "durations in requests count back from the clock")]

use crate::gateway::Gateway;
use crate::gateway::operations::{self, OperationError, RecordSelection, ReplayRequest};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The routes.
pub fn routes(gateway: Arc<Gateway>) -> Router<Arc<Gateway>> {
    Router::new()
        .route("/api/v1/events", get(events))
        .route("/api/v1/events/{id}", get(event))
        .route("/api/v1/events/{id}/decision", get(decision))
        .route("/api/v1/dead", get(dead))
        .route("/api/v1/dead/retry", post(retry_dead))
        .route("/api/v1/dead/drop", post(drop_dead))
        .route("/api/v1/quarantine", get(quarantine))
        .route("/api/v1/quarantine/plan", get(plan_quarantine))
        .route("/api/v1/quarantine/replay", post(replay_quarantined))
        .route("/api/v1/quarantine/{id}", get(quarantined))
        .route("/api/v1/replay", get(plan).post(replay))
        .with_state(gateway)
}

type GatewayState = State<Arc<Gateway>>;

async fn events(State(gateway): GatewayState, uri: Uri) -> Response {
    run_blocking(move || operations::events(&gateway.journal, &selection(&uri)?, now())).await
}

async fn event(State(gateway): GatewayState, Path(id): Path<String>) -> Response {
    run_blocking(move || operations::event(&gateway.journal, &id)).await
}

async fn decision(State(gateway): GatewayState, Path(id): Path<String>) -> Response {
    run_blocking(move || operations::decision(&gateway.journal, &id)).await
}

async fn dead(State(gateway): GatewayState, uri: Uri) -> Response {
    run_blocking(move || operations::dead(&gateway.journal, &selection(&uri)?, now())).await
}

async fn retry_dead(State(gateway): GatewayState, body: Bytes) -> Response {
    run_blocking(move || operations::retry_dead(&gateway.journal, &read(&body)?, now())).await
}

async fn drop_dead(State(gateway): GatewayState, body: Bytes) -> Response {
    run_blocking(move || operations::drop_dead(&gateway.journal, &read(&body)?, now())).await
}

async fn quarantine(State(gateway): GatewayState, uri: Uri) -> Response {
    run_blocking(move || operations::quarantined(&gateway.journal, &selection(&uri)?, now())).await
}

async fn quarantined(State(gateway): GatewayState, Path(id): Path<String>) -> Response {
    run_blocking(move || operations::quarantined_one(&gateway.journal, &id)).await
}

async fn plan_quarantine(State(gateway): GatewayState, uri: Uri) -> Response {
    run_blocking(move || operations::plan_quarantine(&gateway.journal, &selection(&uri)?, now())).await
}

async fn replay_quarantined(State(gateway): GatewayState, body: Bytes) -> Response {
    match read::<ReplayRequest>(&body) {
        Ok(request) => answer(operations::replay_quarantined(&*gateway, &request).await),
        Err(trouble) => problem(&trouble),
    }
}

async fn plan(State(gateway): GatewayState, uri: Uri) -> Response {
    run_blocking(move || operations::plan(&gateway.journal, &selection(&uri)?, now())).await
}

async fn replay(State(gateway): GatewayState, body: Bytes) -> Response {
    match read::<ReplayRequest>(&body) {
        Ok(request) if request.stored => {
            run_blocking(move || {
                operations::replay_stored(&gateway.journal, &request, now(), &std::thread::sleep)
            })
            .await
        }
        Ok(request) => answer(operations::replay(&*gateway, &request).await),
        Err(trouble) => problem(&trouble),
    }
}

fn selection(uri: &Uri) -> Result<RecordSelection, OperationError> {
    RecordSelection::from_query(uri.query().unwrap_or_default()).map_err(OperationError::InvalidRequest)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, OperationError> {
    serde_json::from_slice(body)
        .map_err(|error| OperationError::InvalidRequest(format!("the request cannot be read: {error}")))
}

/// Carries out what waits for the disk, away from the threads that must not.
async fn run_blocking<T: Serialize + Send + 'static>(
    task: impl FnOnce() -> Result<T, OperationError> + Send + 'static,
) -> Response {
    match tokio::task::spawn_blocking(task).await {
        Ok(done) => answer(done),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn answer<T: Serialize>(done: Result<T, OperationError>) -> Response {
    match done {
        Ok(done) => json(StatusCode::OK, "application/json", &done),
        Err(trouble) => problem(&trouble),
    }
}

fn problem(trouble: &OperationError) -> Response {
    let status = match trouble {
        OperationError::NotFound(_) => StatusCode::NOT_FOUND,
        OperationError::InvalidRequest(_) => StatusCode::BAD_REQUEST,
        OperationError::Journal(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let title = status.canonical_reason().unwrap_or_default();
    let body = serde_json::json!({"title": title, "status": status.as_u16(), "detail": trouble.to_string()});
    json(status, "application/problem+json", &body)
}

fn json<T: Serialize>(status: StatusCode, kind: &'static str, body: &T) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => (status, [(header::CONTENT_TYPE, kind)], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
