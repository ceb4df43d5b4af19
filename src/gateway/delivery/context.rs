//! What all workers share.

use super::DeliveryTimings;
use super::clock::DeliveryClock;
use super::rate_limiter::RateLimiters;
use super::transport::TransportResources;
use crate::gateway::journal::ClaimOwner;
use crate::gateway::metrics::Metrics;
use std::sync::Arc;

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
}
