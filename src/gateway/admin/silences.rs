//! The endpoints for silences: each reads its request, carries out one operation, and writes its answer.
//!
//! The router around these routes asks for the token.

use super::records::{GatewayState, answer_blocking, read};
use crate::gateway::Gateway;
use crate::gateway::operations::{self, SilenceSelection};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use axum::routing::{get, post};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(gateway: Arc<Gateway>) -> Router<Arc<Gateway>> {
    Router::new()
        .route("/api/v1/silences", get(list).post(add))
        .route("/api/v1/silences/preview", post(preview))
        .route("/api/v1/silences/{id}", get(show))
        .route("/api/v1/silences/{id}/end", post(end))
        .route("/api/v1/silences/{id}/extend", post(extend))
        .with_state(gateway)
}

async fn list(State(gateway): GatewayState, uri: Uri) -> Response {
    answer_blocking(move || {
        let selection = SilenceSelection::from_query(uri.query().unwrap_or_default())?;
        operations::silences(&gateway.journal, &selection)
    })
    .await
}

async fn show(State(gateway): GatewayState, Path(id): Path<String>) -> Response {
    answer_blocking(move || operations::silence(&gateway.journal, &id)).await
}

async fn preview(State(gateway): GatewayState, body: Bytes) -> Response {
    answer_blocking(move || {
        let served = gateway.rules.current();
        operations::preview_silence(&gateway.journal, Some(&served.value), &read(&body)?)
    })
    .await
}

async fn add(State(gateway): GatewayState, body: Bytes) -> Response {
    answer_blocking(move || {
        let served = gateway.rules.current();
        operations::add_silence(&gateway.journal, Some(&served.value), &read(&body)?)
    })
    .await
}

async fn extend(State(gateway): GatewayState, Path(id): Path<String>, body: Bytes) -> Response {
    answer_blocking(move || operations::extend_silence(&gateway.journal, &id, &read(&body)?)).await
}

async fn end(State(gateway): GatewayState, Path(id): Path<String>, body: Bytes) -> Response {
    answer_blocking(move || operations::end_silence(&gateway.journal, &id, &read(&body)?)).await
}
