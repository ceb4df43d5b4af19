//! A write that waits for the writer: a decision that reads and writes in a transaction, and who waits for its result.

use super::{JournalError, StoreError, Transaction};

/// Where a write comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WriteSource {
    /// A push of that integration. It is refused where too much waits for delivery.
    Push(String),
    /// Another request that can be made again later.
    Request,
    /// What was done already, and must not be forgotten.
    Record,
}

/// A write that waits.
pub(super) struct PendingWrite {
    pub(super) source: WriteSource,
    /// Roughly how many bytes it holds.
    pub(super) size: usize,
    decision: Box<dyn Decide>,
}

impl PendingWrite {
    /// A write; `notify` is called once it is durable or has failed.
    pub(super) fn new<T: Send + 'static>(
        source: WriteSource,
        size: usize,
        work: impl FnMut(&mut dyn Transaction) -> Result<T, StoreError> + Send + 'static,
        notify: impl FnOnce(Result<T, JournalError>) + Send + 'static,
    ) -> Self {
        Self { source, size, decision: Box::new(Decision { work, result: None, notify }) }
    }

    /// Whether it comes from a sender, who can retry.
    pub(super) fn is_refusable(&self) -> bool {
        match self.source {
            WriteSource::Push(_) | WriteSource::Request => true,
            WriteSource::Record => false,
        }
    }

    /// Does it in a transaction, perhaps not for the first time.
    pub(super) fn run(&mut self, transaction: &mut dyn Transaction) -> Result<(), StoreError> {
        self.decision.run(transaction)
    }

    /// Tells the caller, if it still waits, whether the transaction is durable.
    pub(super) fn finish(self, outcome: Result<(), JournalError>) {
        self.decision.finish(outcome);
    }
}

/// A decision whose type of result is forgotten.
trait Decide: Send {
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<(), StoreError>;

    fn finish(self: Box<Self>, outcome: Result<(), JournalError>);
}

struct Decision<T, W, N> {
    work: W,
    result: Option<T>,
    notify: N,
}

impl<T, W, N> Decide for Decision<T, W, N>
where
    T: Send,
    W: FnMut(&mut dyn Transaction) -> Result<T, StoreError> + Send,
    N: FnOnce(Result<T, JournalError>) + Send,
{
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<(), StoreError> {
        self.result = Some((self.work)(transaction)?);
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), JournalError>) {
        let Self { result, notify, .. } = *self;
        notify(outcome.and_then(|()| result.ok_or(JournalError::Closed)));
    }
}
