//! What delivery needs of the journal, and no more.

use crate::gateway::journal::{Journal, JournalError, PendingDelivery, Settlement};
use std::future::Future;

/// Where deliveries wait, and where it is noted what became of them. Reading may block.
pub trait DeliveryStore: Clone + Send + Sync + 'static {
    /// Deliveries of a channel that are not settled, by rising id, after that id.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    fn pending(&self, channel: &str, after: i64, limit: usize) -> Result<Vec<PendingDelivery>, JournalError>;

    /// The first delivery of a channel and key that is not settled, after that id.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    fn pending_of_key(
        &self,
        channel: &str,
        key: &str,
        after: i64,
    ) -> Result<Option<PendingDelivery>, JournalError>;

    /// The rendered body of a delivery; nothing where it is gone or damaged.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    fn body(&self, delivery: i64) -> Result<Option<Vec<u8>>, JournalError>;

    /// The channels that have unsettled deliveries, with how many.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    fn channels_pending(&self) -> Result<Vec<(String, u64)>, JournalError>;

    /// Notes what became of an attempt. Done when it is durable.
    ///
    /// # Errors
    /// Where it is not.
    fn settle(&self, settlement: Settlement) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Says that deliveries cannot go on, and that the process has to be started anew.
    fn request_shutdown(&self);
}

/// Held by what nothing goes on without: where that panics, it is better to start anew than to stand still unseen.
pub(super) struct ShutdownOnPanic<L: DeliveryStore>(pub(super) L);

impl<L: DeliveryStore> Drop for ShutdownOnPanic<L> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.request_shutdown();
        }
    }
}

impl DeliveryStore for Journal {
    fn pending(&self, channel: &str, after: i64, limit: usize) -> Result<Vec<PendingDelivery>, JournalError> {
        Self::pending(self, channel, after, limit)
    }

    fn pending_of_key(
        &self,
        channel: &str,
        key: &str,
        after: i64,
    ) -> Result<Option<PendingDelivery>, JournalError> {
        Self::pending_of_key(self, channel, key, after)
    }

    fn body(&self, delivery: i64) -> Result<Option<Vec<u8>>, JournalError> {
        Self::body(self, delivery)
    }

    fn channels_pending(&self) -> Result<Vec<(String, u64)>, JournalError> {
        Self::channels_pending(self)
    }

    async fn settle(&self, settlement: Settlement) -> Result<(), JournalError> {
        Self::settle(self, settlement).await
    }

    fn request_shutdown(&self) {
        Self::request_shutdown(self);
    }
}
