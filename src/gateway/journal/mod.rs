//! What is durable: pushes with their outcomes, deliveries and their attempts, dead letters, refused bodies, open firings,
//! and the rule sets that decided.
//!
//! Everything is written by one thread, which commits whatever waits in one transaction and only then answers. The
//! store behind it is a narrow trait.

mod record;

pub use record::{
    AttemptRecord, ChannelCounts, Dead, DeliveryState, Door, EventId, EventRecord, Filter, Firing,
    IntegrationCounts, NewDelivery, Pending, Push, Quarantined, Refused, Settled, Settlement, Stored,
};

use super::metrics::Metrics;
use crate::reload::Hash;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where the journal is and how much it keeps.
#[derive(Debug, Clone)]
pub struct Options {
    /// The state directory; made where it does not exist, locked while the journal is open.
    pub directory: PathBuf,
    /// How long settled pushes are kept; 7 days by default. What is not delivered yet is never removed.
    pub keep_for: Duration,
    /// How many bytes the journal may have before the oldest settled pushes go; 8 GiB by default.
    pub keep_bytes: u64,
    /// How many undelivered deliveries there may be before pushes are refused with 503; 2,000,000 by default.
    pub most_pending: u64,
    /// How many bytes of undelivered bodies; 4 GiB by default.
    pub most_pending_bytes: u64,
    /// How many refused bodies are kept; 10,000 by default, and at most 256 MiB.
    pub most_quarantined: u64,
    /// How much space must be free for pushes to be accepted; the larger of 1 GiB and 5 % by default.
    pub least_free: Option<u64>,
}

/// Why the journal does not take something now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Too much waits for delivery.
    #[error("too much waits for delivery")]
    Full,
    /// The disk has no room.
    #[error("the disk of the state directory is full")]
    NoSpace,
    /// The store failed; what was asked for is not durable.
    #[error("the journal failed: {0}")]
    Failed(String),
    /// The journal is closed.
    #[error("the journal is closed")]
    Closed,
}

/// Called with the name of a channel after a commit that left something for it to deliver.
pub type Wake = dyn Fn(&str) + Send + Sync;

/// A handle on the journal; clones share it.
#[derive(Clone)]
pub struct Journal {}

/// What became of a push that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It is stored.
    Stored,
    /// The same body was accepted before, within the integration's `deduplicate_for`: by that push.
    Duplicate(ulid::Ulid),
}

impl Journal {
    /// Opens the journal, making it where there is none, and takes its lock.
    ///
    /// # Errors
    /// Another process holds the lock, the directory cannot be used (a network file system, rights), or the store is
    /// damaged beyond reading.
    pub fn open(options: Options, metrics: Arc<Metrics>, wake: Arc<Wake>) -> Result<Self, Fault> {
        let _ = (options, metrics, wake);
        Err(Fault::Closed)
    }

    /// Keeps the files of a rule set; to be called before the first push that it decided. Does nothing where it is kept.
    ///
    /// # Errors
    /// Where it could not be made durable.
    pub fn keep_rules(&self, _hash: Hash, _archive: &[u8]) -> Result<(), Fault> {
        Ok(())
    }

    /// Stores a push; durable when this returns. The work goes on where the future is dropped.
    ///
    /// # Errors
    /// Where nothing was stored.
    pub async fn accept(&self, push: Push) -> Result<Accepted, Fault> {
        drop(push);
        std::future::ready(Err(Fault::Closed)).await
    }

    /// Keeps a refused body; durable when this returns. The oldest go where there are too many.
    ///
    /// # Errors
    /// Where nothing was stored.
    pub async fn quarantine(&self, refused: Refused) -> Result<(), Fault> {
        drop(refused);
        std::future::ready(Err(Fault::Closed)).await
    }

    /// The channels in which the firing of a key is open, and since when at most 30 days ago.
    #[must_use]
    pub fn open_channels(&self, _integration: &str, _key: &str) -> Vec<String> {
        Vec::new()
    }

    /// Deliveries of a channel that are not settled, by rising id, after that id; bodies left out.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn pending(&self, _channel: &str, _after: i64, _limit: usize) -> Result<Vec<Pending>, Fault> {
        Ok(Vec::new())
    }

    /// The first delivery of a channel and key that is not settled, after that id.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn pending_of_key(&self, _channel: &str, _key: &str, _after: i64) -> Result<Option<Pending>, Fault> {
        Ok(None)
    }

    /// The rendered body of a delivery; nothing where it is gone or damaged.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn body(&self, _delivery: i64) -> Result<Option<Vec<u8>>, Fault> {
        Ok(None)
    }

    /// The channels that have unsettled deliveries, with how many.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn channels_pending(&self) -> Result<Vec<(String, u64)>, Fault> {
        Ok(Vec::new())
    }

    /// Notes what became of an attempt. Returns when it is durable.
    ///
    /// # Errors
    /// Where it is not.
    pub async fn settle(&self, settlement: Settlement) -> Result<(), Fault> {
        drop(settlement);
        std::future::ready(Err(Fault::Closed)).await
    }

    /// What was counted for every integration that ever got a push.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn integrations(&self) -> Result<Vec<IntegrationCounts>, Fault> {
        Ok(Vec::new())
    }

    /// What was counted for every channel that ever got a delivery.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn channels(&self) -> Result<Vec<ChannelCounts>, Fault> {
        Ok(Vec::new())
    }

    /// Events, the newest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn events(&self, _filter: &Filter) -> Result<Vec<EventRecord>, Fault> {
        Ok(Vec::new())
    }

    /// A push as it was stored, whatever its events.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn push(&self, _id: ulid::Ulid) -> Result<Option<Stored>, Fault> {
        Ok(None)
    }

    /// The attempts of the deliveries of an event.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn attempts(&self, _event: EventId) -> Result<Vec<AttemptRecord>, Fault> {
        Ok(Vec::new())
    }

    /// Dead letters, the newest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn dead(&self, _filter: &Filter) -> Result<Vec<Dead>, Fault> {
        Ok(Vec::new())
    }

    /// Makes dead letters pending again, marked as replayed, with a new age limit from now; how many.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn revive(&self, _filter: &Filter, _now: i64) -> Result<u64, Fault> {
        Ok(0)
    }

    /// Forgets dead letters; how many.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn drop_dead(&self, _filter: &Filter) -> Result<u64, Fault> {
        Ok(0)
    }

    /// Delivers stored bodies of settled deliveries once more, marked as replayed; how many.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn deliver_again(&self, _filter: &Filter, _now: i64) -> Result<u64, Fault> {
        Ok(0)
    }

    /// Refused bodies, the newest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn quarantined(&self, _filter: &Filter) -> Result<Vec<Quarantined>, Fault> {
        Ok(Vec::new())
    }

    /// Takes a refused body out of the quarantine, after it was accepted.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn release(&self, _id: ulid::Ulid) -> Result<(), Fault> {
        Ok(())
    }

    /// The files of a rule set that decided something, as [`crate::reload::Snapshot::from_archive`] reads them.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn rules(&self, _hash: Hash) -> Result<Option<Vec<u8>>, Fault> {
        Ok(None)
    }

    /// Returns when the journal cannot go on (three failures of the disk in a row): the process has to end, so that its
    /// supervisor starts it anew.
    pub async fn doomed(&self) {
        std::future::pending::<()>().await;
    }

    /// Commits what waits, checkpoints and closes; later calls answer [`Fault::Closed`].
    pub fn close(&self) {}
}
