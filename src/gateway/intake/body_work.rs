//! Where work on bodies is done: that on small ones at once, that on large ones on threads of their own, a few at a time.
//!
//! A large body takes many times its size while it is unpacked, read and evaluated. So its work holds a slot until what it
//! made has its own place in a budget, and delays no connection.

use super::refusal::Refusal;
use crate::gateway::journal::JournalError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The work on larger bodies is done on threads of their own.
pub(super) const LARGE_BODY: usize = 64 << 10;
/// The work on larger bodies is done alone.
const HUGE_BODY: usize = 2 << 20;
/// How many large bodies are worked on at once.
const SLOTS: u32 = 2;
/// How long a large body waits for a slot, and then for its place in the budget.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The slots for the work on large bodies.
pub(super) struct BodyWork {
    slots: Arc<Semaphore>,
}

/// The slot of work that was done; none is needed for a small body.
pub(super) struct WorkSlot(Option<OwnedSemaphorePermit>);

impl WorkSlot {
    /// That of work on a small body.
    pub(super) const NONE: Self = Self(None);

    /// Whether the work needed a slot.
    pub(super) fn is_held(&self) -> bool {
        self.0.is_some()
    }
}

impl BodyWork {
    /// All slots free.
    #[must_use]
    pub(super) fn new() -> Self {
        Self { slots: Arc::new(Semaphore::new(SLOTS as usize)) }
    }

    /// Does the work on a body of so many bytes.
    ///
    /// # Errors
    /// Where no slot was free in time, or the work was interrupted.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(T, WorkSlot), Refusal> {
        if bytes <= LARGE_BODY {
            return Ok((work(), WorkSlot::NONE));
        }
        let slots = if bytes > HUGE_BODY { SLOTS } else { 1 };
        let waiting = tokio::time::timeout(PATIENCE, Arc::clone(&self.slots).acquire_many_owned(slots));
        let slot = waiting.await.map_err(|_| Refusal::Overloaded)?;
        let slot = WorkSlot(Some(slot.map_err(|_| Refusal::NotDurable(JournalError::Closed))?));
        // The slot belongs to the work, which goes on where its client disconnects.
        let done = tokio::task::spawn_blocking(move || (work(), slot)).await;
        done.map_err(|_| Refusal::NotDurable(JournalError::Failed("the evaluation was interrupted".to_owned())))
    }
}
