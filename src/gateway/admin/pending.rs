//! The endpoints for what is pending, and for what is paused.

use super::records::{GatewayState, answer_blocking, read};
use crate::gateway::Gateway;
use crate::gateway::operations::{self, PendingDropRequest, PendingSelection};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use axum::routing::{get, post};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(gateway: Arc<Gateway>) -> Router<Arc<Gateway>> {
    Router::new()
        .route("/api/v1/pending", get(pending))
        .route("/api/v1/pending/drop", post(drop_pending))
        .route("/api/v1/channels/pauses", get(pauses))
        .with_state(gateway)
}

async fn pending(State(gateway): GatewayState, uri: Uri) -> Response {
    answer_blocking(move || {
        let selection = PendingSelection::from_query(uri.query().unwrap_or_default())?;
        let rules = gateway.rules.current();
        operations::pending(&gateway.journal, Some(&rules.value), &selection, gateway.clock.now())
    })
    .await
}

async fn pauses(State(gateway): GatewayState) -> Response {
    answer_blocking(move || operations::pauses(&gateway.journal)).await
}

async fn drop_pending(State(gateway): GatewayState, body: Bytes) -> Response {
    answer_blocking(move || {
        let (request, now) = (read::<PendingDropRequest>(&body)?, gateway.clock.now());
        let rules = gateway.rules.current();
        let dropped = operations::drop_pending(&gateway.journal, Some(&rules.value), &gateway.metrics, &request, now);
        // What was dropped before a failure is dropped, too.
        gateway.deliveries.read_anew(&request.channel);
        dropped
    })
    .await
}
