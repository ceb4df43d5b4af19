//! Ends pauses of channels when their time is over.

use super::Gateway;
use super::operations;
use std::sync::Weak;
use std::time::Duration;

/// How often pauses are looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// Ends pauses until the gateway is gone.
pub(super) async fn run(gateway: Weak<Gateway>) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        let Some(gateway) = gateway.upgrade() else { return };
        let end = move || match operations::end_pauses(&gateway.journal, gateway.clock.now()) {
            Ok(ended) => ended.iter().for_each(|channel| gateway.deliveries.set_paused(channel, false)),
            Err(fault) => tracing::warn!(%fault, "pauses of channels cannot be ended now; trying again"),
        };
        // The next round tries again.
        drop(tokio::task::spawn_blocking(end).await);
    }
}
