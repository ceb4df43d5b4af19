//! What intake and delivery ask of a journal, so that each can be tried without one.

#![expect(clippy::missing_errors_doc, reason = "every method fails where the journal does, and only then")]

use super::{
    AcceptResult, DeliveryClaims, DeliveryId, DeliveryReader, JournalError, Push, RefusedPayload, Settlement,
    SilenceList, StoredBody, StoredHold,
};
use crate::reload::RuleSetHash;
use crate::time::Timestamp;
use std::future::Future;
use std::sync::Arc;

/// Where pushes become durable.
pub trait PushStore: Clone + Send + Sync + 'static {
    /// Keeps the files of a rule set; to be called before the first push that it decided. Does nothing where they are kept.
    fn keep_rules(&self, hash: RuleSetHash, archive: &[u8]) -> Result<(), JournalError>;

    /// Stores a push; durable when this returns. The work goes on where the future is dropped.
    fn accept(&self, push: Push) -> impl Future<Output = Result<AcceptResult, JournalError>> + Send;

    /// Keeps a refused payload; durable when this returns. Where there are too many, the oldest of the integration with the
    /// most go.
    fn quarantine(&self, refused: RefusedPayload) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// The channels in which the firing of a key is open at a time: those of its firings within the 30 days before.
    fn open_channels(&self, integration: &str, key: &str, at: Timestamp) -> Vec<String>;

    /// The silences that did not end.
    fn open_silences(&self) -> Arc<SilenceList> {
        Arc::default()
    }
}

/// Where deliveries wait, and where their results are stored. Reading may block.
pub trait DeliveryStore: Clone + Send + Sync + 'static {
    /// What is read, and where deliveries are claimed.
    type Reader: DeliveryReader + DeliveryClaims + ?Sized;

    /// What can be read, unless the store is closed.
    fn read(&self) -> Result<&Self::Reader, JournalError>;

    /// The rendered body of a delivery, if it has at most so many bytes. A damaged one makes the delivery a dead letter.
    fn body(&self, delivery: DeliveryId, max_bytes: usize) -> Result<StoredBody, JournalError>;

    /// Stores the result of an attempt. Done when it is durable.
    fn settle(&self, settlement: Settlement) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Stores a wait of a channel's receiver, unless a longer one of the same receiver is stored. Done when it is durable.
    fn hold(&self, channel: String, hold: StoredHold) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Ends the process in order: what the gateway cannot do without has panicked.
    fn request_shutdown(&self);
}
