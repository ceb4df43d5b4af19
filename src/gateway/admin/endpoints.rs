//! Health, metrics, status and reload.

use super::run_blocking;
use crate::gateway::Gateway;
use crate::gateway::journal::{DeliveryReader, DeliveryStore as _};
use crate::gateway::metrics::{ChannelLabels, stage_name};
use crate::gateway::problem::{Problem, json, response};
use crate::gateway::status::GatewayStatus;
use crate::gateway::{delivery, logs};
use crate::reload::LoadRejection;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Whether the process is alive.
pub(super) async fn healthy() -> &'static str {
    "the gateway is alive\n"
}

/// Whether pushes are accepted.
pub(super) async fn ready(State(gateway): State<Arc<Gateway>>) -> Response {
    if gateway.stopping.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "the gateway is shutting down\n").into_response();
    }
    "the gateway is ready\n".into_response()
}

/// The metrics.
pub(super) async fn metrics(State(gateway): State<Arc<Gateway>>) -> Response {
    let rendered = run_blocking(move || {
        refresh(&gateway);
        gateway.metrics.render()
    })
    .await;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    rendered.map_or_else(|failed| failed, |text| ([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// Updates the metrics that other parts know and that are read here only.
fn refresh(gateway: &Gateway) {
    if let Some(report) = gateway.rules.report() {
        gateway.metrics.observe(&report);
    }
    let rules = gateway.rules.current();
    rules.value.integrations.iter().for_each(|integration| gateway.metrics.begin_integration(&integration.name));
    gateway.metrics.begin_removed_integrations();
    rules.value.channels.iter().for_each(|channel| gateway.metrics.begin_channel(&channel.name));
    let of = |name: &str| ChannelLabels { channel: name.to_owned() };
    // Where the journal cannot be read, its own metrics say so.
    for counts in gateway.journal.read().and_then(DeliveryReader::channels).unwrap_or_default() {
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

/// The whole status.
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
        Ok(Ok(status)) => json(&of(status)),
        Ok(Err(error)) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()).to_response(),
        Err(failed) => failed,
    }
}

/// Loads the rules, and answers when that is done: with the generation in force, or with what is wrong.
pub(super) async fn reload(State(gateway): State<Arc<Gateway>>) -> Response {
    let result = run_blocking(move || {
        let result = gateway.rules.reload();
        (result, gateway.rules.current().generation)
    })
    .await;
    match result {
        Ok((Ok(generation), _)) => json(&serde_json::json!({ "generation": generation })),
        Ok((Err(rejection), kept)) => {
            let body = rejection_json(&rejection, kept).to_string();
            response(StatusCode::BAD_REQUEST, "application/json", body)
        }
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

/// The answer for every other path.
pub(super) async fn unknown() -> Response {
    let detail = "there is no such endpoint: this is the admin listener; pushes go to the other one";
    Problem::new(StatusCode::NOT_FOUND, detail).to_response()
}
