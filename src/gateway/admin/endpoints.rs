//! Health, metrics, status and reload.

use super::{json, problem, run_blocking};
use crate::gateway::Gateway;
use crate::gateway::journal::JournalError;
use crate::gateway::metrics::{ChannelLabels, stage_name};
use crate::gateway::status::GatewayStatus;
use crate::gateway::{delivery, logs};
use crate::reload::LoadRejection;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const JSON: &str = "application/json";

/// Whether the process lives.
pub(super) async fn healthy() -> &'static str {
    "the gateway is alive\n"
}

/// Whether pushes are accepted.
pub(super) async fn ready(State(gateway): State<Arc<Gateway>>) -> Response {
    if gateway.stopping.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "the gateway shuts down\n").into_response();
    }
    "the gateway is ready\n".into_response()
}

/// What is counted.
pub(super) async fn metrics(State(gateway): State<Arc<Gateway>>) -> Response {
    let rendered = run_blocking(move || {
        refresh(&gateway);
        gateway.metrics.render()
    })
    .await;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    rendered.map_or_else(|failed| failed, |text| ([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// Brings up to date what is known elsewhere and only looked at here.
fn refresh(gateway: &Gateway) {
    if let Some(report) = gateway.rules.report() {
        gateway.metrics.observe(&report);
    }
    let of = |name: &str| ChannelLabels { channel: name.to_owned() };
    // Where the journal cannot be read, its own metrics say so.
    for counts in gateway.journal.channels().unwrap_or_default() {
        let pending = i64::try_from(counts.pending).unwrap_or(i64::MAX);
        gateway.metrics.pending.get_or_create(&of(&counts.name)).set(pending);
    }
    for status in gateway.deliveries.status() {
        gateway.metrics.breaker_open.get_or_create(&of(&status.name)).set(i64::from(is_open(&status)));
    }
}

fn is_open(status: &delivery::ChannelStatus) -> bool {
    status.breaker != "closed"
}

/// Everything about the gateway.
pub(super) async fn status(State(gateway): State<Arc<Gateway>>) -> Response {
    respond_with(gateway, |status| status).await
}

/// The integrations.
pub(super) async fn integrations(State(gateway): State<Arc<Gateway>>) -> Response {
    respond_with(gateway, |status| status.integrations).await
}

/// The channels.
pub(super) async fn channels(State(gateway): State<Arc<Gateway>>) -> Response {
    respond_with(gateway, |status| status.channels).await
}

/// The rules.
pub(super) async fn rules(State(gateway): State<Arc<Gateway>>) -> Response {
    respond_with(gateway, |status| status.rules).await
}

async fn respond_with<T: Serialize>(gateway: Arc<Gateway>, of: fn(GatewayStatus) -> T) -> Response {
    match run_blocking(move || GatewayStatus::of(&gateway)).await {
        Ok(Ok(status)) => json(StatusCode::OK, JSON, &of(status)),
        Ok(Err(fault)) => journal_unavailable(&fault),
        Err(failed) => failed,
    }
}

/// The answer where the journal does not answer.
fn journal_unavailable(fault: &JournalError) -> Response {
    problem(StatusCode::SERVICE_UNAVAILABLE, &fault.to_string())
}

/// Loads the rules, and answers when that is done: with the generation in force, or with what is wrong.
pub(super) async fn reload(State(gateway): State<Arc<Gateway>>) -> Response {
    let result = run_blocking(move || {
        let result = gateway.rules.reload();
        (result, gateway.rules.current().generation)
    })
    .await;
    match result {
        Ok((Ok(generation), _)) => {
            json(StatusCode::OK, JSON, &serde_json::json!({ "generation": generation }))
        }
        Ok((Err(rejection), kept)) => json(StatusCode::BAD_REQUEST, JSON, &rejection_json(&rejection, kept)),
        Err(failed) => failed,
    }
}

fn rejection_json(rejection: &LoadRejection, kept: u64) -> serde_json::Value {
    serde_json::json!({
        "generation": kept,
        "stage": stage_name(rejection.stage),
        "message": rejection.message,
        "errors": logs::findings(rejection),
    })
}

/// What there is not.
pub(super) async fn unknown() -> Response {
    problem(
        StatusCode::NOT_FOUND,
        "there is no such endpoint: this is the admin listener; pushes go to the other one",
    )
}
