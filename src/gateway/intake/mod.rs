//! The push listener: connections, limits, keys and signatures, and the doors by which pushes come.

use super::Gateway;
use super::journal::{Door, Fault};
use serde::Serialize;
use std::sync::Arc;
use ulid::Ulid;

/// What a sender hears of an accepted push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The push's id.
    pub id: Ulid,
    /// Whether the same body was accepted before and nothing was done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
    /// The outcomes, in the JSON of `event::Outcome`.
    #[serde(skip)]
    pub outcomes: Vec<String>,
}

/// Why a payload is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is no JSON: line, column and reason. It is in the quarantine under that id.
    Invalid(Ulid, String),
    /// No mapping accepts it. It is in the quarantine under that id.
    Unaccepted(Ulid, String),
    /// It cannot be made durable now.
    Fault(Fault),
}

/// Evaluates a payload for an integration by the rules in force and makes it durable. Every door, and every replay, ends
/// here.
///
/// # Errors
/// Where the payload is not accepted.
pub async fn accept(
    gateway: &Gateway,
    integration: &str,
    door: Door,
    payload: Vec<u8>,
    replay_of: Option<Ulid>,
) -> Result<Receipt, Refusal> {
    let _ = (gateway, integration, door, payload, replay_of);
    std::future::ready(Err(Refusal::Fault(Fault::Closed))).await
}

/// Serves pushes on a listener until `stop` is told, then finishes what is under way for at most five seconds.
pub async fn serve(
    gateway: Arc<Gateway>,
    listener: tokio::net::TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    stop: tokio::sync::watch::Receiver<bool>,
) {
    let _ = (gateway, listener, tls, stop);
    std::future::ready(()).await;
}
