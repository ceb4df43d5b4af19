//! Which channels the address policy would refuse, before anything is sent.

use super::OutboundConfig;
use super::transport::{ChannelTransport, TransportResources};
use crate::channel::Transport;
use crate::gateway::served_rules::ServedChannel;
use crate::time::Clock;
use std::sync::Arc;
use tokio::task::JoinSet;

/// A channel whose receiver may not be reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockedChannel {
    /// The channel.
    pub channel: String,
    /// Why, with the option that allows it. It holds no secret.
    pub reason: String,
}

/// The channels whose addresses, or whose names as they resolve now, the options do not allow; by name. Names that cannot
/// be resolved are left out. To be called within a tokio runtime.
pub async fn blocked_channels(
    channels: &[ServedChannel],
    options: &OutboundConfig,
    clock: Arc<dyn Clock>,
) -> Vec<BlockedChannel> {
    let resources = TransportResources::new(options.clone(), clock);
    let mut checks = JoinSet::new();
    for channel in channels.iter().filter(|channel| matches!(channel.kind.transport, Transport::Http(_))) {
        let transport = ChannelTransport::new(channel.clone(), &resources);
        checks.spawn(async move {
            let reason = transport.blocked_reason().await?;
            Some(BlockedChannel { channel: transport.channel.name.clone(), reason })
        });
    }
    let mut blocked: Vec<BlockedChannel> = checks.join_all().await.into_iter().flatten().collect();
    blocked.sort();
    blocked
}
