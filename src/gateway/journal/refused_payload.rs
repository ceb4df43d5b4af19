//! Payloads that were refused and are kept.

use super::{PushId, PushOrigin};
use crate::evaluate::RequestMetadata;
use crate::time::Timestamp;

/// A payload that was refused, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedSummary {
    /// Its id.
    pub id: PushId,
    /// The integration.
    pub integration: String,
    /// The protocol.
    pub origin: PushOrigin,
    /// When it was received.
    pub received: Timestamp,
    /// Bytes of the payload.
    pub bytes: u64,
    /// The HTTP status of the answer.
    pub status: u16,
    /// Why; at most a thousand characters.
    pub reason: String,
}

/// A payload that was refused.
#[derive(Debug, Clone)]
pub struct RefusedPayload {
    /// Its id.
    pub id: PushId,
    /// The integration.
    pub integration: String,
    /// The protocol.
    pub origin: PushOrigin,
    /// When it was received.
    pub received: Timestamp,
    /// The bytes.
    pub payload: Vec<u8>,
    /// What the request said besides, as far as mappings read it.
    pub request: RequestMetadata,
    /// The HTTP status of the answer.
    pub status: u16,
    /// Why.
    pub reason: String,
}

impl RefusedPayload {
    /// The same without its bytes.
    #[must_use]
    pub fn summary(&self) -> RefusedSummary {
        RefusedSummary {
            id: self.id,
            integration: self.integration.clone(),
            origin: self.origin,
            received: self.received,
            bytes: self.payload.len() as u64,
            status: self.status,
            reason: self.reason.clone(),
        }
    }
}
