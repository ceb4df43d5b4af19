//! What stands between the journal's writer and whatever makes a batch durable.
//!
//! The trait is narrow so that another store can take the place of SQLite, and so that a test can drop a batch, fill the
//! disk, or fail any call. Reading is not part of it: it never waits for the writer.

use super::record::{Push, RefusedPayload, Settlement};
use crate::reload::RuleSetHash;
use ulid::Ulid;

/// One thing to be made durable.
#[derive(Debug, Clone)]
pub enum JournalWrite {
    /// The files of a rule set.
    Rules(RuleSetHash, Vec<u8>),
    /// An accepted push.
    Accept(Box<Push>),
    /// A refused body.
    Refuse(Box<RefusedPayload>),
    /// What became of an attempt.
    Settle(Settlement),
    /// A delivery whose record is damaged becomes a dead letter.
    MarkDamaged(i64, i64),
    /// Dead letters become pending again, from that time on.
    Requeue(Vec<i64>, i64),
    /// Settled deliveries are delivered once more, from that time on.
    Redeliver(Vec<i64>, i64),
    /// Dead letters are forgotten.
    DeleteDeadLetters(Vec<i64>),
    /// A body leaves the quarantine.
    ReleaseQuarantined(Ulid),
}

impl JournalWrite {
    /// Roughly how many bytes it holds.
    #[must_use]
    pub fn size(&self) -> usize {
        const ROW: usize = 256;
        ROW + match self {
            Self::Rules(_, archive) => archive.len(),
            Self::Accept(push) => {
                push.payload.len()
                    + push.outcomes.len()
                    + push
                        .deliveries
                        .iter()
                        .filter_map(|delivery| delivery.body.as_ref())
                        .map(Vec::len)
                        .sum::<usize>()
            }
            Self::Refuse(refused) => refused.payload.len(),
            Self::Settle(_) | Self::MarkDamaged(..) | Self::ReleaseQuarantined(_) => 0,
            Self::Requeue(ids, _) | Self::Redeliver(ids, _) | Self::DeleteDeadLetters(ids) => ids.len() * ROW,
        }
    }

    /// Whether it comes from a sender, who can be told to come back.
    #[must_use]
    pub fn is_refusable(&self) -> bool {
        match self {
            Self::Rules(..) | Self::Accept(_) | Self::Refuse(_) | Self::Redeliver(..) => true,
            Self::Settle(_)
            | Self::MarkDamaged(..)
            | Self::Requeue(..)
            | Self::DeleteDeadLetters(_)
            | Self::ReleaseQuarantined(_) => false,
        }
    }
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteResult {
    /// It is durable.
    Stored,
    /// The push repeats that one; nothing was written.
    Duplicate(Ulid),
    /// It changed so many records.
    Changed(u64),
}

/// How much waits for delivery, or by how much that changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries.
    pub count: i64,
    /// Bytes of their bodies.
    pub bytes: i64,
}

impl Backlog {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.bytes += other.bytes;
    }
}

/// A batch that is durable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommittedBatch {
    /// One for each write, in their order.
    pub results: Vec<WriteResult>,
    /// Channels that have something to deliver now.
    pub wake: Vec<String>,
    /// By how much what waits changed, by integration.
    pub backlogs: Vec<(String, Backlog)>,
}

/// Why a batch is not durable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// There is no room on the disk. Nothing of the batch is stored; the store can go on.
    #[error("the disk is full")]
    NoSpace,
    /// A record that a write touches is damaged. Nothing of the batch is stored; the store can go on without that write.
    #[error("a record is damaged: {0}")]
    Damaged(String),
    /// The disk failed. Whether the batch is stored is unknown; the store has to be opened anew.
    #[error("{0}")]
    Broken(String),
}

/// What makes batches durable.
pub trait BatchStore: Send {
    /// Makes all writes durable in one transaction, or none; returns after the disk has them.
    ///
    /// # Errors
    /// Where it did not.
    fn apply(&mut self, writes: &[JournalWrite]) -> Result<CommittedBatch, BatchError>;

    /// Removes what need not be kept any longer, a bounded step; whether there is more to do.
    ///
    /// # Errors
    /// Where that failed; nothing is lost.
    fn prune(&mut self, now: i64) -> Result<bool, BatchError>;

    /// Moves what was appended into its place; `fully` where nothing else is going on.
    ///
    /// # Errors
    /// Where that failed; nothing is lost.
    fn checkpoint(&mut self, fully: bool) -> Result<(), BatchError>;

    /// Drops the handle, opens a new one and verifies what it finds; how much waits for delivery, by integration.
    ///
    /// # Errors
    /// Where the store cannot be used.
    fn reopen(&mut self) -> Result<Vec<(String, Backlog)>, BatchError>;
}
