//! Why the journal does not take something.

use super::{DiskShortage, StoreError};

/// Why the journal does not take something now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Too much waits for delivery.
    #[error("too much waits for delivery")]
    Full,
    /// The disk has no room.
    #[error("the disk of the state directory is full")]
    NoSpace,
    /// The disk has less room than has to be left free.
    #[error("{0}")]
    LowSpace(DiskShortage),
    /// The store failed; what was asked for is not durable.
    #[error("the journal failed: {0}")]
    Failed(String),
    /// The journal is closed.
    #[error("the journal is closed")]
    Closed,
}

impl From<StoreError> for JournalError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSpace => Self::NoSpace,
            StoreError::Damaged(message) | StoreError::Broken(message) => Self::Failed(message),
        }
    }
}
