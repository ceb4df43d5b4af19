//! The endpoints for what the journal holds: each reads its request, carries out one operation, and writes its answer.
//!
//! The router around these routes asks for the token.

#![expect(clippy::disallowed_methods, reason = "a replay waits between two records")]

use super::run_blocking;
use crate::gateway::Gateway;
use crate::gateway::delivery::{ActiveHold, ChannelStatus};
use crate::gateway::operations::{
    self, BulkRequest, HeldChannel, OperationError, PauseRequest, PushSelection, RecordSelection, ReplayRequest,
    ReplaySource, ResumeRequest, RulesRecord,
};
use crate::gateway::problem::{Problem, json};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The routes.
pub(super) fn routes(gateway: Arc<Gateway>) -> Router<Arc<Gateway>> {
    Router::new()
        .route("/api/v1/events", get(events))
        .route("/api/v1/events/count", get(count_events))
        .route("/api/v1/events/{id}", get(event))
        .route("/api/v1/events/{id}/decision", get(decision))
        .route("/api/v1/messages", get(messages))
        .route("/api/v1/messages/{id}", get(message))
        .route("/api/v1/groups", get(groups))
        .route("/api/v1/channels/pause", post(pause_channel))
        .route("/api/v1/channels/resume", post(resume_channel))
        .route("/api/v1/dead", get(dead))
        .route("/api/v1/dead/count", get(count_dead))
        .route("/api/v1/dead/retry", post(retry_dead))
        .route("/api/v1/dead/drop", post(drop_dead))
        .route("/api/v1/quarantine", get(quarantine))
        .route("/api/v1/quarantine/count", get(count_quarantined))
        .route("/api/v1/quarantine/plan", get(plan_quarantine))
        .route("/api/v1/quarantine/replay", post(replay_quarantined))
        .route("/api/v1/quarantine/{id}", get(quarantined))
        .route("/api/v1/pushes", get(pushes))
        .route("/api/v1/heartbeats", get(heartbeats))
        .route("/api/v1/heartbeats/forget", post(forget_sender))
        .route("/api/v1/replay", get(plan).post(replay))
        .route("/api/v1/rules/archive", get(rules_archive))
        .with_state(gateway)
}

pub(super) type GatewayState = State<Arc<Gateway>>;

async fn events(State(gateway): GatewayState, uri: Uri) -> Response {
    answer_blocking(move || operations::events(&gateway.journal, &selection(&gateway, &uri)?, gateway.clock.now()))
        .await
}

async fn event(State(gateway): GatewayState, Path(id): Path<String>) -> Response {
    let held = |status: ChannelStatus| {
        let ActiveHold { until, reason } = status.held?;
        Some(HeldChannel { channel: status.name, until, reason })
    };
    let held = gateway.deliveries.status().into_iter().filter_map(held).collect();
    answer_blocking(move || operations::event(&gateway.journal, &id, held)).await
}

async fn decision(State(gateway): GatewayState, Path(id): Path<String>) -> Response {
    answer_blocking(move || operations::decision(&gateway.journal, &id)).await
}

async fn messages(State(gateway): GatewayState, uri: Uri) -> Response {
    answer_blocking(move || operations::messages(&gateway.journal, &selection(&gateway, &uri)?, gateway.clock.now()))
        .await
}

async fn message(State(gateway): GatewayState, Path(id): Path<String>, uri: Uri) -> Response {
    answer_blocking(move || {
        let query = uri.query().unwrap_or_default();
        let mut parameters = url::form_urlencoded::parse(query.as_bytes());
        let after = parameters.find(|(name, _)| name == "after").map(|(_, value)| value.into_owned());
        operations::message(&gateway.journal, &id, after.as_deref())
    })
    .await
}

async fn groups(State(gateway): GatewayState, uri: Uri) -> Response {
    answer_blocking(move || operations::groups(&gateway.journal, &selection(&gateway, &uri)?, gateway.clock.now()))
        .await
}

async fn pause_channel(State(gateway): GatewayState, body: Bytes) -> Response {
    answer_blocking(move || {
        let (request, now) = (read::<PauseRequest>(&body)?, gateway.clock.now());
        let rules = gateway.rules.current();
        let paused = operations::pause_channel(&gateway.journal, Some(&rules.value), &request, now)?;
        gateway.deliveries.set_paused(&paused.channel, true);
        Ok(paused)
    })
    .await
}

async fn resume_channel(State(gateway): GatewayState, body: Bytes) -> Response {
    answer_blocking(move || {
        let (request, now) = (read::<ResumeRequest>(&body)?, gateway.clock.now());
        let rules = gateway.rules.current();
        let resumed = operations::resume_channel(&gateway.journal, Some(&rules.value), &request, now)?;
        gateway.deliveries.set_paused(&resumed.channel, false);
        Ok(resumed)
    })
    .await
}

async fn dead(State(gateway): GatewayState, uri: Uri) -> Response {
    answer_blocking(move || operations::dead(&gateway.journal, &selection(&gateway, &uri)?, gateway.clock.now())).await
}

async fn count_events(State(gateway): GatewayState, uri: Uri) -> Response {
    answer_blocking(move || {
        operations::count_events(&gateway.journal, &selection(&gateway, &uri)?, gateway.clock.now())
    })
    .await
}

async fn count_dead(State(gateway): GatewayState, uri: Uri) -> Response {
    answer_blocking(move || operations::count_dead(&gateway.journal, &selection(&gateway, &uri)?, gateway.clock.now()))
        .await
}

async fn count_quarantined(State(gateway): GatewayState, uri: Uri) -> Response {
    answer_blocking(move || {
        operations::count_quarantined(&gateway.journal, &selection(&gateway, &uri)?, gateway.clock.now())
    })
    .await
}

async fn retry_dead(State(gateway): GatewayState, body: Bytes) -> Response {
    answer_blocking(move || operations::retry_dead(&gateway.journal, &bulk(&gateway, &body)?, gateway.clock.now()))
        .await
}

async fn drop_dead(State(gateway): GatewayState, body: Bytes) -> Response {
    answer_blocking(move || operations::drop_dead(&gateway.journal, &bulk(&gateway, &body)?, gateway.clock.now())).await
}

async fn quarantine(State(gateway): GatewayState, uri: Uri) -> Response {
    answer_blocking(move || operations::quarantined(&gateway.journal, &selection(&gateway, &uri)?, gateway.clock.now()))
        .await
}

async fn quarantined(State(gateway): GatewayState, Path(id): Path<String>) -> Response {
    answer_blocking(move || operations::quarantined_one(&gateway.journal, &id)).await
}

async fn plan_quarantine(State(gateway): GatewayState, uri: Uri) -> Response {
    answer_blocking(move || {
        operations::plan_quarantine(&gateway.journal, &selection(&gateway, &uri)?, gateway.clock.now())
    })
    .await
}

async fn replay_quarantined(State(gateway): GatewayState, body: Bytes) -> Response {
    match read::<ReplayRequest>(&body) {
        Ok(request) => answer(operations::replay(&gateway, ReplaySource::Quarantine, &request).await),
        Err(error) => answer::<()>(Err(error)),
    }
}

async fn heartbeats(State(gateway): GatewayState) -> Response {
    answer_blocking(move || operations::heartbeats(&gateway.journal, Some(&gateway.rules.current().value))).await
}

async fn forget_sender(State(gateway): GatewayState, body: Bytes) -> Response {
    answer_blocking(move || {
        let forgotten = operations::forget_sender(&gateway.journal, &read(&body)?)?;
        gateway.intake.wake_own_events();
        Ok(forgotten)
    })
    .await
}

async fn plan(State(gateway): GatewayState, uri: Uri) -> Response {
    answer_blocking(move || operations::plan(&gateway.journal, &selection(&gateway, &uri)?, gateway.clock.now())).await
}

async fn replay(State(gateway): GatewayState, body: Bytes) -> Response {
    match read::<ReplayRequest>(&body) {
        Ok(request) if request.stored => {
            let sleep = &std::thread::sleep;
            answer_blocking(move || operations::replay_stored(&gateway.journal, &request, gateway.clock.now(), sleep))
                .await
        }
        Ok(request) => answer(operations::replay(&gateway, ReplaySource::Pushes, &request).await),
        Err(error) => answer::<()>(Err(error)),
    }
}

async fn pushes(State(gateway): GatewayState, uri: Uri) -> Response {
    answer_blocking(move || {
        let selection = PushSelection::from_query(uri.query().unwrap_or_default())?;
        operations::check_names(&gateway.journal, Some(&gateway.rules.current().value), &selection.pushes)?;
        operations::stored_pushes(&gateway.journal, &selection, gateway.clock.now())
    })
    .await
}

async fn rules_archive(State(gateway): GatewayState) -> Response {
    let version = gateway.rules.current();
    json(&RulesRecord::new(version.generation, &version.hash.to_string(), &version.value.archive))
}

fn selection(gateway: &Gateway, uri: &Uri) -> Result<RecordSelection, OperationError> {
    let selection = RecordSelection::from_query(uri.query().unwrap_or_default())?;
    operations::check_names(&gateway.journal, Some(&gateway.rules.current().value), &selection)?;
    Ok(selection)
}

fn bulk(gateway: &Gateway, body: &[u8]) -> Result<BulkRequest, OperationError> {
    let bulk: BulkRequest = read(body)?;
    operations::check_names(&gateway.journal, Some(&gateway.rules.current().value), &bulk.selection)?;
    Ok(bulk)
}

pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, OperationError> {
    serde_json::from_slice(body)
        .map_err(|error| OperationError::InvalidRequest(format!("the request cannot be read: {error}")))
}

/// Answers with what an operation gives, which may wait for the disk.
pub(super) async fn answer_blocking<T: Serialize + Send + 'static>(
    operation: impl FnOnce() -> Result<T, OperationError> + Send + 'static,
) -> Response {
    run_blocking(operation).await.map_or_else(|failed| failed, answer)
}

fn answer<T: Serialize>(done: Result<T, OperationError>) -> Response {
    done.map_or_else(|error| Problem::new(error.status(), error.to_string()).to_response(), |done| json(&done))
}
