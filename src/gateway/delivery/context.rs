//! What all workers share.

use super::DeliveryTimings;
use super::clock::DeliveryClock;
use super::rate_limiter::RateLimiters;
use super::transport::TransportResources;
use super::window::WindowSize;
use crate::gateway::journal::ClaimOwner;
use crate::gateway::metrics::Metrics;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many jobs read their delivery at once: twice the connections of the journal that read. Each read takes a thread, and
/// more of them would only wait for a connection, each with memory of its own.
const MAX_CLAIMS: usize = 8;

/// What all workers share.
pub(super) struct DeliveryContext<L> {
    pub(super) store: L,
    /// Who claims deliveries.
    pub(super) owner: ClaimOwner,
    pub(super) resources: TransportResources,
    pub(super) rates: RateLimiters,
    pub(super) metrics: Arc<Metrics>,
    pub(super) timings: DeliveryTimings,
    pub(super) clock: DeliveryClock,
    /// The slots of jobs that read their delivery.
    pub(super) claims: ClaimSlots,
    /// The channels that operators paused.
    pub(super) paused: PausedChannels,
    /// How many channels have a worker.
    pub(super) channels: AtomicUsize,
}

/// The channels that operators paused; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct PausedChannels(Arc<Mutex<BTreeSet<String>>>);

impl PausedChannels {
    pub(super) fn contains(&self, channel: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(channel)
    }

    /// Pauses a channel, or goes on with it; whether that changed something.
    pub(super) fn set(&self, channel: &str, is_paused: bool) -> bool {
        let mut paused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_paused { paused.insert(channel.to_owned()) } else { paused.remove(channel) }
    }
}

impl<L> DeliveryContext<L> {
    /// The size of the window on the deliveries of one channel.
    pub(super) fn window_size(&self) -> WindowSize {
        WindowSize::of_one(self.channels.load(Ordering::Relaxed))
    }
}

/// Slots for jobs that read their delivery.
#[derive(Debug)]
pub(super) struct ClaimSlots(Semaphore);

impl ClaimSlots {
    /// All slots free.
    pub(super) fn new() -> Self {
        Self(Semaphore::new(MAX_CLAIMS))
    }

    /// A slot, as soon as one is free.
    pub(super) async fn take(&self) -> Option<SemaphorePermit<'_>> {
        // They are never closed.
        self.0.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{ClaimSlots, MAX_CLAIMS};
    use std::time::Duration;

    #[tokio::test]
    async fn few_jobs_read_at_once() {
        let slots = ClaimSlots::new();
        let mut held = Vec::new();
        while let Ok(slot) = tokio::time::timeout(Duration::ZERO, slots.take()).await {
            held.push(slot.expect("they are open"));
        }
        assert_eq!(held.len(), MAX_CLAIMS);
        held.pop();
        assert!(slots.take().await.is_some());
    }
}
